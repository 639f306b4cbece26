//! Base32 (RFC 4648 §6), either case, padded or not, of something readable.

use data_encoding::BASE32_NOPAD;

use super::clue::{Ascii, Clue};
use super::walk::{Opener, Opening};
use super::{hex, sense};

/// Shorter words are words. Ten random bytes are text one time in 18,000.
const SHORTEST: usize = 16;

pub(super) const BASE32: Opener = Opener {
    name: "base32",
    clue: Clue::Word(Ascii::DIGITS_AND_LETTERS.and(Ascii::of(b"=")), SHORTEST),
    open: |input, budget| {
        let end = input.bytes.iter().rposition(|b| *b != b'=').map_or(0, |at| at + 1);
        let (word, padding) = input.bytes.split_at_checked(end)?;
        let upper = word.iter().all(|b| b.is_ascii_uppercase() || matches!(b, b'2'..=b'7'));
        let lower = word.iter().all(|b| b.is_ascii_lowercase() || matches!(b, b'2'..=b'7'));
        // Padding fills a group of eight characters (RFC 4648 §6).
        let padded = padding.is_empty() || padding.len() <= 6 && input.bytes.len().is_multiple_of(8);
        if word.len() < SHORTEST || !(upper || lower) || !padded || hex::is_word(word) {
            return None;
        }
        let decoded = BASE32_NOPAD.decode(&word.to_ascii_uppercase()).ok()?;
        (sense::is_decoded(&decoded) && budget.bytes(decoded.len()))
            .then(|| Opening { keep: true, ..Opening::one(decoded) })
    },
};
