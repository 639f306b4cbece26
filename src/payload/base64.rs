//! Base64 (RFC 4648 §4 and §5): either alphabet, padded or not, with or without line ends.
//!
//! A `+` that its sender left bare in a form or a query arrives as a space. Servers know that and put it
//! back; so does this.

use std::borrow::Cow;
use std::sync::LazyLock;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding};

use super::clue::{Ascii, Clue};
use super::walk::{Opener, Opening};
use super::{headless, hex, sense};

/// Shorter words are words. Nine random bytes are text one time in 7,000.
const SHORTEST: usize = 12;
/// So are words beside others, but for those of so many letters and digits.
const SHORTEST_BESIDE: usize = 20;

pub(super) const BASE64: Opener = Opener {
    name: "base64",
    clue: Clue::Word(Ascii::DIGITS_AND_LETTERS.and(Ascii::of(b"+/-_=\r\n ")), SHORTEST),
    open: |input, budget| {
        if input.bytes.len() < SHORTEST || hex::is_word(input.bytes) {
            return None;
        }
        let decoded = decode(&with_pluses(input.bytes)?)?;
        let sensible = sense::is_decoded(&decoded) || headless::is_compressed(&decoded, budget);
        (sensible && budget.bytes(decoded.len())).then(|| Opening { keep: true, ..Opening::one(decoded) })
    },
};

/// `bytes` with a `+` for each space; `None` where they are words.
fn with_pluses(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !bytes.contains(&b' ') {
        return Some(bytes.into());
    }
    let long = bytes.split(|b| *b == b' ').any(|word| word.len() >= SHORTEST_BESIDE);
    (long && !bytes.contains(&b'+')).then(|| bytes.iter().map(|b| if *b == b' ' { b'+' } else { *b }).collect())
}

/// Decodes all of `bytes`, or nothing. Bits that pad the last character may be anything:
/// encoders exist that leave some set.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let word: Vec<u8> = bytes.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let end = word.iter().rposition(|b| *b != b'=').map_or(0, |i| i + 1);
    let (body, padding) = word.split_at_checked(end)?;
    if body.is_empty() || body.len() % 4 == 1 || padding.len() > 2 {
        return None;
    }
    let url = body.iter().any(|b| matches!(b, b'-' | b'_'));
    let encoding: &Encoding = if url { &URL } else { &STANDARD };
    encoding.decode(body).ok()
}

static STANDARD: LazyLock<Encoding> = LazyLock::new(|| lenient(&BASE64_NOPAD));
static URL: LazyLock<Encoding> = LazyLock::new(|| lenient(&BASE64URL_NOPAD));

fn lenient(encoding: &Encoding) -> Encoding {
    let mut specification = encoding.specification();
    specification.check_trailing_bits = false;
    specification.encoding().unwrap_or_else(|_| encoding.clone())
}
