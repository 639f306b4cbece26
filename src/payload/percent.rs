//! Percent-encoding (RFC 3986 §2.1): a value that still holds `%XX`.

use bytes::Bytes;
use percent_encoding::percent_decode;

use super::clue::{Ascii, Clue};
use super::walk::{Opener, Opening};
use super::{charset, headless, sense};

pub(super) const PERCENT: Opener = Opener {
    name: "percent",
    clue: Clue::Has(Ascii::of(b"%")),
    open: |input, budget| {
        let decoded = decode(input.bytes)?;
        // The result must be text, or what a text can hold of bytes that can be opened: `%` in binary
        // data means nothing.
        let sensible = std::str::from_utf8(&decoded).is_ok()
            || charset::is_encoded_gb(&decoded)
            || input.is_text() && (sense::is_compressed(&decoded) || headless::is_compressed(&decoded, budget));
        (sensible && budget.bytes(decoded.len())).then(|| Opening::one(decoded))
    },
};

/// `None` where nothing is encoded.
pub(super) fn decode(bytes: &[u8]) -> Option<Bytes> {
    let encoded =
        bytes.windows(3).any(|w| matches!(w, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()));
    encoded.then(|| Bytes::from(percent_decode(bytes).collect::<Vec<u8>>()))
}
