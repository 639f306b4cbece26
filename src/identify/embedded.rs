//! Values inside bytes that nothing decoded: encodings that leave a value recognisable.
//!
//! Hex and UTF-16 write each byte by itself. Base64 writes three bytes as four
//! characters, so a value can look three ways, depending on how many bytes stand before it;
//! the characters that it shares with its neighbours are left out of the pattern.
//! What stands around a match is decoded, so that the boundary rule applies here too.

use data_encoding::{BASE64_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use memchr::memmem;

use super::boundary::{self, Stuff};
use crate::payload;

/// How a value is written inside other bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Embedding {
    /// Hex digits, either case.
    Hex,
    /// Standard alphabet; the pattern starts at this character of a group of four.
    Base64(usize),
    /// Two bytes a character, the low one first.
    Utf16Le,
    /// The high one first.
    Utf16Be,
    /// The raw bytes that the value, or a digest of it, is the hex text of. They have no boundary.
    Raw,
}

/// Bytes of text that are decoded on each side of a match: the boundary rule looks at six at most.
const AROUND: usize = 8;
/// Shorter patterns in base64 match by chance.
const SHORTEST: usize = 10;

/// The patterns of an ASCII `text`.
pub(super) fn patterns(text: &str) -> Vec<(Embedding, Vec<u8>)> {
    if !text.is_ascii() {
        return Vec::new();
    }
    let wide = |order: fn(u8) -> [u8; 2]| text.bytes().flat_map(order).collect::<Vec<u8>>();
    let mut patterns = vec![
        (Embedding::Hex, HEXLOWER.encode(text.as_bytes()).into_bytes()),
        (Embedding::Utf16Le, wide(|b| [b, 0])),
        (Embedding::Utf16Be, wide(|b| [0, b])),
    ];
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(text.as_bytes());
        let encoded = BASE64_NOPAD.encode(&bytes);
        // Characters with a bit of what stands before, and one with a bit of what follows.
        let (start, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        if let Some(own) = encoded.get(start..end).filter(|own| own.len() >= SHORTEST) {
            patterns.push((Embedding::Base64(start), own.as_bytes().to_vec()));
        }
    }
    patterns
}

impl Embedding {
    /// For the variant of a form: `as-is in base64`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Base64(_) => "base64",
            Self::Utf16Le | Self::Utf16Be => "utf-16",
            Self::Raw => "bytes",
        }
    }

    /// `bytes[start..end]`, which matched the pattern without case, is `value` at a boundary.
    pub(super) fn holds(self, bytes: &[u8], start: usize, end: usize, value: &str) -> bool {
        if self == Self::Raw {
            // A leaf that is only these bytes has a second leaf with their hex text.
            return end - start < bytes.len();
        }
        let Some((decoded, expected)) = self.around(bytes, start, end) else { return false };
        // In base64 the value's exact place is known to within its group.
        memmem::find_iter(&decoded, value.as_bytes())
            .filter(|at| at.abs_diff(expected) <= 3)
            .any(|at| boundary::holds(&decoded, at, at + value.len(), Stuff::of(value, false)))
    }

    /// The match and its neighbourhood, decoded, and where about the value lies in that.
    fn around(self, bytes: &[u8], start: usize, end: usize) -> Option<(Vec<u8>, usize)> {
        match self {
            Self::Hex => {
                let before = run_back(bytes, start, 2, |pair| pair.iter().all(u8::is_ascii_hexdigit));
                let after = run_on(bytes, end, 2, |pair| pair.iter().all(u8::is_ascii_hexdigit));
                let decoded = HEXLOWER_PERMISSIVE.decode(bytes.get(before..after)?).ok()?;
                Some((decoded, (start - before) / 2))
            }
            Self::Utf16Le | Self::Utf16Be => {
                let low = usize::from(self == Self::Utf16Be);
                let is_ascii = |unit: &[u8]| unit.get(1 - low) == Some(&0) && unit.get(low).is_some_and(u8::is_ascii);
                let before = run_back(bytes, start, 2, is_ascii);
                let after = run_on(bytes, end, 2, is_ascii);
                let decoded =
                    bytes.get(before..after)?.chunks_exact(2).filter_map(|unit| unit.get(low).copied()).collect();
                Some((decoded, (start - before) / 2))
            }
            Self::Raw => None,
            Self::Base64(index) => {
                let is_base64 = |group: &[u8]| group.iter().all(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(b));
                let group = start.checked_sub(index)?;
                if !is_base64(bytes.get(group..start)?) {
                    return None;
                }
                let before = run_back(bytes, group, 4, is_base64);
                let mut after = run_on(bytes, end, 1, is_base64);
                if (after - before) % 4 == 1 {
                    after -= 1;
                }
                let decoded = payload::decode_base64(bytes.get(before..after)?)?;
                Some((decoded, (group - before) / 4 * 3 + index.min(2)))
            }
        }
    }
}

/// Where a run of units that fit and end at `at` begins, within the neighbourhood.
fn run_back(bytes: &[u8], at: usize, unit: usize, fits: impl Fn(&[u8]) -> bool) -> usize {
    let mut start = at;
    for _ in 0..AROUND {
        match start.checked_sub(unit).and_then(|s| bytes.get(s..start)) {
            Some(before) if fits(before) => start -= unit,
            _ => break,
        }
    }
    start
}

/// Where a run of units that fit and begin at `at` ends, within the neighbourhood.
fn run_on(bytes: &[u8], at: usize, unit: usize, fits: impl Fn(&[u8]) -> bool) -> usize {
    let mut end = at;
    for _ in 0..AROUND {
        match bytes.get(end..end + unit) {
            Some(after) if fits(after) => end += unit,
            _ => break,
        }
    }
    end
}
