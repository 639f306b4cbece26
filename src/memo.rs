//! A cache for answers that depend on a short text and on nothing else.
//!
//! An app sends the same names, hosts and values over and over, and some questions about them
//! (is it a token, does any decoder open it) cost more than all the rest of their message. A
//! cached answer is the same as a fresh one, so each thread may have a cache of its own.

use std::cell::RefCell;
use std::collections::HashMap;

use foldhash::fast::RandomState;

/// Texts and the answers to one question about them. When it is full, it is emptied: that needs no
/// order of use, and what comes often is soon in it again.
#[derive(Debug)]
pub(crate) struct Memo<V> {
    answers: RefCell<HashMap<Box<[u8]>, V, RandomState>>,
    most: usize,
}

impl<V: Copy> Memo<V> {
    /// Keeps at most `most` answers.
    pub(crate) fn new(most: usize) -> Self {
        Self { answers: RefCell::default(), most }
    }

    /// The answer for `text`, where it is remembered.
    pub(crate) fn recall(&self, text: &[u8]) -> Option<V> {
        self.answers.borrow().get(text).copied()
    }

    /// Remembers the answer for `text`.
    pub(crate) fn keep(&self, text: &[u8], answer: V) {
        let mut answers = self.answers.borrow_mut();
        if answers.len() >= self.most {
            answers.clear();
        }
        answers.insert(text.into(), answer);
    }

    /// The answer for `text`; `find_out` is called where it is not remembered.
    pub(crate) fn ask(&self, text: &[u8], find_out: impl FnOnce() -> V) -> V {
        self.recall(text).unwrap_or_else(|| {
            let answer = find_out();
            self.keep(text, answer);
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_answered_is_not_asked_again_until_there_is_too_much() {
        let memo = Memo::new(2);
        assert_eq!(memo.ask(b"a", || 1), 1);
        assert_eq!(memo.ask(b"a", || unreachable!()), 1);
        assert_eq!(memo.ask(b"b", || 2), 2);
        assert_eq!((memo.recall(b"a"), memo.recall(b"b")), (Some(1), Some(2)));
        assert_eq!(memo.ask(b"c", || 3), 3);
        assert_eq!((memo.recall(b"a"), memo.recall(b"c")), (None, Some(3)));
    }
}
