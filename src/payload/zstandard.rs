//! Zstandard (RFC 8878), by declaration or by its magic number.

use super::budget::Budget;
use super::clue::Clue;
use super::inflate::{Inflated, read};
use super::walk::{Opener, Opening};

pub(super) const ZSTD: Opener = Opener {
    name: "zstd",
    clue: Clue::Head(&[0x28]),
    open: |input, budget| {
        let head = input.bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
        head.then(|| zstd(input.bytes, budget).usable()).flatten().map(|out| Opening::compressed(input, out))
    },
};

pub(super) fn zstd(bytes: &[u8], budget: &mut Budget) -> Inflated {
    /// Largest window taken, as a power of two: 8 MiB, what RFC 8878 §3.1.1.1.2 asks of every decoder.
    const WINDOW_LOG: u32 = 23;
    let Ok(mut decoder) = zstd::stream::read::Decoder::with_buffer(bytes) else { return Inflated::Not };
    if decoder.window_log_max(WINDOW_LOG).is_err() {
        return Inflated::Not;
    }
    read(decoder, bytes.len(), budget)
}
