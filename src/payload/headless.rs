//! Raw deflate (RFC 1951) and Brotli (RFC 7932) that nobody declared. Neither has a head.
//!
//! Tried on bytes that are no text and that nothing else opens, last of all, and taken where
//! all of them decompress to something that makes sense.

use std::cell::RefCell;
use std::io::{Cursor, Read};

use flate2::bufread::DeflateDecoder;
use flate2::{Decompress, FlushDecompress, Status};

use super::budget::Budget;
use super::clue::Clue;
use super::inflate::read;
use super::sense;
use super::walk::{Input, Opener, Opening};

pub(super) const DEFLATE: Opener =
    Opener { name: "deflate", clue: Clue::Binary, open: |input, budget| open(input, budget, deflate) };
pub(super) const BROTLI: Opener =
    Opener { name: "br", clue: Clue::Binary, open: |input, budget| open(input, budget, brotli) };

/// A shorter result that looks like text may be chance.
const SHORTEST: usize = 16;

fn open(input: &Input<'_>, budget: &mut Budget, undo: fn(&[u8], &mut Budget) -> Option<Vec<u8>>) -> Option<Opening> {
    if !input.is_worth_a_try(budget) {
        return None;
    }
    let out = undo(input.bytes, budget)?;
    (out.len() >= SHORTEST && sense::is_decoded(&out)).then(|| Opening::compressed(input, out))
}

/// Shorter bytes are ids: MAC addresses, Android IDs, UUIDs and MD5.
const LONGER_THAN_IDS: usize = 20;
/// Lengths of digests, SHA-1 to SHA-512.
const DIGESTS: [usize; 5] = [20, 28, 32, 48, 64];

/// `bytes`, which an encoding made, are a stream of raw deflate or of Brotli. What is as long as an id or a
/// digest is one: nearly every message has some, and setting up decoders for them took a third of all time.
pub(super) fn is_compressed(bytes: &[u8], budget: &mut Budget) -> bool {
    if bytes.len() < LONGER_THAN_IDS || DIGESTS.contains(&bytes.len()) {
        return false;
    }
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    let input = Input::new(&bytes, None, false);
    open(&input, budget, deflate).or_else(|| open(&input, budget, brotli)).is_some()
}

/// The stream ends where the bytes do.
fn deflate(bytes: &[u8], budget: &mut Budget) -> Option<Vec<u8>> {
    if !begins_stream(bytes) {
        return None;
    }
    let mut decoder = DeflateDecoder::new(bytes);
    let out = read(decoder.by_ref(), bytes.len(), budget).whole()?;
    (decoder.total_in() == bytes.len() as u64).then_some(out)
}

thread_local! {
    /// To set one up costs more than to run it over most values.
    static PROBE: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// The first bytes that it makes are whole: what is no stream of deflate nearly always shows it there.
fn begins_stream(bytes: &[u8]) -> bool {
    let mut made = [0; 64];
    PROBE.with_borrow_mut(|probe| {
        probe.reset(false);
        match probe.decompress(bytes, &mut made, FlushDecompress::None) {
            Ok(Status::StreamEnd) => probe.total_in() == bytes.len() as u64 && probe.total_out() >= SHORTEST as u64,
            Ok(Status::Ok | Status::BufError) => probe.total_out() == made.len() as u64,
            Err(_) => false,
        }
    })
}

fn brotli(bytes: &[u8], budget: &mut Budget) -> Option<Vec<u8>> {
    /// The decoder reads a byte at a time, so that where it stops is where the stream ends.
    const AHEAD: usize = 1;
    let mut source = Cursor::new(bytes);
    let out = read(brotli_decompressor::Decompressor::new(&mut source, AHEAD), bytes.len(), budget).whole()?;
    (source.position() == bytes.len() as u64).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_probe_refuses_is_no_stream() {
        let (mut refused, mut number) = (0, 0_u32);
        for round in 0..4_000 {
            let noise: Vec<u8> = std::iter::repeat_with(|| {
                number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (number >> 24) as u8
            })
            .take(round % 200)
            .collect();
            if !begins_stream(&noise) {
                let mut decoder = DeflateDecoder::new(&noise[..]);
                let whole = read(decoder.by_ref(), noise.len(), &mut Budget::default()).whole();
                let all = decoder.total_in() == noise.len() as u64;
                assert!(whole.is_none_or(|out| !all || out.len() < SHORTEST), "{noise:?}");
                refused += 1;
            }
        }
        assert!(refused > 3_000, "{refused}");
        let long = b"{\"imei\":\"490154203237518\"}".repeat(99);
        for (level, text) in [(0, &long[..]), (1, &long), (9, &long), (9, &long[..20])] {
            let mut packed = Vec::new();
            let mut encoder = flate2::read::DeflateEncoder::new(text, flate2::Compression::new(level));
            encoder.read_to_end(&mut packed).unwrap();
            assert_eq!(deflate(&packed, &mut Budget::default()).as_deref(), Some(text));
            assert!(!begins_stream(&packed[..packed.len() / 2]) || text.len() > 64);
        }
    }
}
