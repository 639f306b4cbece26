//! Values that no decoder opens, remembered.
//!
//! An app sends the same headers, names and ids over and over, and each time fifty decoders
//! would refuse them anew; a digest or a token among them costs as much as the rest of its
//! message, for it may be an encoding of nearly anything. Whether one opens is a matter of its
//! bytes alone, so what was refused once is refused again. Remembered for each thread: what is
//! found is the same with it and without.

use super::budget::{Budget, Mark};
use crate::memo::Memo;

/// Shorter values are looked at faster than they are looked up.
const SHORTEST: usize = 12;
/// Longer ones are bodies and texts, which seldom come twice.
const LONGEST: usize = 256;
/// Values remembered; some 300 KB at most. All are forgotten when there are more.
const REMEMBERED: usize = 1024;

thread_local! {
    /// Each with the tries that refusing it takes.
    static REFUSED: Memo<u32> = Memo::new(REMEMBERED);
}

/// `bytes`, of which nothing is declared, were refused before; pays what that costs again.
pub(super) fn before(bytes: &[u8], budget: &mut Budget) -> bool {
    (SHORTEST..=LONGEST).contains(&bytes.len())
        && REFUSED.with(|refused| refused.recall(bytes).is_some_and(|tries| budget.pay(tries)))
}

/// Every decoder has refused `bytes`, beginning with the budget as it was at `mark`.
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
        // A limit was reached: what else it may keep from being opened has to be asked.
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
