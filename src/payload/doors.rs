//! A door for fuzzing to each decoder by itself. Nothing else uses it.

use bytes::Bytes;

use super::budget::Budget;
use super::walk::{Input, OPENERS};

/// Names of the decoders, in the order in which a value meets them.
pub fn decoders() -> impl Iterator<Item = &'static str> {
    OPENERS.iter().map(|opener| opener.name)
}

/// Offers `bytes` to one decoder; how many values it found inside, where it opened them.
/// `None` for a number that no decoder has, too.
pub fn decode(number: usize, bytes: &[u8], declared: Option<&str>) -> Option<usize> {
    let bytes = Bytes::copy_from_slice(bytes);
    let opening = (OPENERS.get(number)?.open)(&Input::new(&bytes, declared, true), &mut Budget::default())?;
    Some(opening.parts.len())
}
