//! Brotli (RFC 7932): no head bytes, so only as a declared content coding.

use super::budget::Budget;
use super::inflate::{Inflated, read};

pub(super) fn brotli(bytes: &[u8], budget: &mut Budget) -> Inflated {
    /// Input buffer of the decoder, in bytes.
    const BUFFER: usize = 16 << 10;
    read(brotli_decompressor::Decompressor::new(bytes, BUFFER), bytes.len(), budget)
}
