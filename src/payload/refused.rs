//! A cache of values that no decoder opens.
//!
//! An app sends the same headers, names and ids over and over, and each time fifty decoders
//! would refuse them anew. A digest or a token alone costs as much as the rest of its
//! message, because it may be an encoding of nearly anything. Whether a value opens depends on its
//! bytes only, so what was refused once is refused again. Each thread has its own cache; what is
//! found is the same with it and without.

use super::budget::{Budget, Mark};
use crate::memo::Memo;

/// Shorter values are looked at faster than they are looked up.
const SHORTEST: usize = 12;
/// Longer ones are bodies and texts, which seldom come twice.
const LONGEST: usize = 256;
/// Values in the cache, some 300 KB at most. When there are more, it is emptied.
const REMEMBERED: usize = 1024;

thread_local! {
    /// Each value, with the tries that refusing it takes from the budget.
    static REFUSED: Memo<u32> = Memo::new(REMEMBERED);
}

/// Whether `bytes`, of which nothing is declared, were refused before. If so, the budget pays again
/// what refusing them takes, so that a limit is reached at the same value as without the cache.
pub(super) fn before(bytes: &[u8], budget: &mut Budget) -> bool {
    (SHORTEST..=LONGEST).contains(&bytes.len())
        && REFUSED.with(|refused| refused.recall(bytes).is_some_and(|tries| budget.pay(tries)))
}

/// Keeps that every decoder has refused `bytes`; `mark` is the budget before they were asked.
pub(super) fn remember(bytes: &[u8], mark: Mark, budget: &Budget) {
    if !(SHORTEST..=LONGEST).contains(&bytes.len()) {
        return;
    }
    let Some(tries) = budget.only_tries_since(mark) else { return };
    REFUSED.with(|refused| refused.keep(bytes, tries));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_costs_its_tries_again_and_no_more_than_there_are() {
        let value = b"refused by all of them";
        let mut budget = Budget::default();
        let mark = budget.mark();
        assert!(!before(value, &mut budget));
        assert!(budget.attempt() && budget.attempt());
        remember(value, mark, &budget);
        assert!(before(value, &mut budget));
        let mut left = 0;
        while budget.attempt() {
            left += 1;
        }
        assert_eq!(left, super::super::budget::TRIES - 4);
        // A limit may have kept a decoder from opening them: they must be asked again.
        assert!(!before(value, &mut budget));
    }

    #[test]
    fn what_came_of_a_limit_or_made_something_is_not_remembered() {
        let (cut, made) = (b"refused at a limit", b"decoded, and refused");
        let mut budget = Budget::default();
        let mark = budget.mark();
        assert!(budget.bytes(40));
        remember(made, mark, &budget);
        budget.reach("something", 1);
        remember(cut, budget.mark(), &budget);
        let mut fresh = Budget::default();
        assert!(!before(made, &mut fresh) && !before(cut, &mut fresh));
    }
}
