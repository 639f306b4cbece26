//! Raw deflate (RFC 1951) and Brotli (RFC 7932) that nobody declared. Neither has a head.
//!
//! Tried on bytes that are no text and that nothing else opens, last of all, and taken where
//! all of them decompress to something that makes sense.

use std::io::{Cursor, Read};

use flate2::bufread::DeflateDecoder;

use super::budget::Budget;
use super::inflate::read;
use super::sense;
use super::walk::{Input, Opener, Opening};

pub(super) const DEFLATE: Opener = Opener { name: "deflate", open: |input, budget| open(input, budget, deflate) };
pub(super) const BROTLI: Opener = Opener { name: "br", open: |input, budget| open(input, budget, brotli) };

/// A shorter result that looks like text may be chance.
const SHORTEST: usize = 16;

fn open(input: &Input<'_>, budget: &mut Budget, undo: fn(&[u8], &mut Budget) -> Option<Vec<u8>>) -> Option<Opening> {
    if !input.is_worth_a_try(budget) {
        return None;
    }
    let out = undo(input.bytes, budget)?;
    (out.len() >= SHORTEST && sense::is_decoded(&out)).then(|| Opening::compressed(input, out))
}

/// `bytes`, which an encoding made, are a stream of raw deflate or of Brotli.
pub(super) fn is_compressed(bytes: &[u8], budget: &mut Budget) -> bool {
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    let input = Input::new(&bytes, None, false);
    open(&input, budget, deflate).or_else(|| open(&input, budget, brotli)).is_some()
}

/// The stream ends where the bytes do.
fn deflate(bytes: &[u8], budget: &mut Budget) -> Option<Vec<u8>> {
    let mut decoder = DeflateDecoder::new(bytes);
    let out = read(decoder.by_ref(), bytes.len(), budget).whole()?;
    (decoder.total_in() == bytes.len() as u64).then_some(out)
}

fn brotli(bytes: &[u8], budget: &mut Budget) -> Option<Vec<u8>> {
    /// The decoder reads a byte at a time, so that where it stops is where the stream ends.
    const AHEAD: usize = 1;
    let mut source = Cursor::new(bytes);
    let out = read(brotli_decompressor::Decompressor::new(&mut source, AHEAD), bytes.len(), budget).whole()?;
    (source.position() == bytes.len() as u64).then_some(out)
}
