//! Hex text of something readable.

use data_encoding::HEXLOWER_PERMISSIVE;

use super::sense;
use super::walk::{Opener, Opening};

/// Shorter ones are ids, colours and counters. Eight decoded bytes that happen to
/// be text are one random value in 2,500.
const SHORTEST: usize = 16;

pub(super) const HEX: Opener = Opener {
    name: "hex",
    open: |input, budget| {
        let digits = input.bytes.iter().all(u8::is_ascii_hexdigit);
        if input.bytes.len() < SHORTEST || !digits || !input.bytes.len().is_multiple_of(2) {
            return None;
        }
        let decoded = HEXLOWER_PERMISSIVE.decode(input.bytes).ok()?;
        let sense = sense::is_text(&decoded) || sense::is_compressed(&decoded);
        (sense && budget.bytes(decoded.len())).then(|| Opening { keep: true, ..Opening::one(decoded) })
    },
};

/// Hex digits of either case to bytes.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
}
