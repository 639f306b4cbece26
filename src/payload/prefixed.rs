//! A compressed stream after a head of its sender's own: a length, a magic, a version.
//!
//! Tried on bytes that are no text and that nothing else opens. Taken where the head bytes of
//! gzip, zlib or Zstandard stand among the first `REACH`, what follows decompresses to the end
//! of its stream, and makes sense. The whole is searched as well.

use bytes::Bytes;

use super::budget::Budget;
use super::clue::Clue;
use super::inflate::{gzip, zlib};
use super::sense;
use super::walk::{Input, Inside, Opener, Opening};
use super::zstandard::zstd;

pub(super) const PREFIXED: Opener = Opener { name: "prefixed", clue: Clue::Binary, open };

/// Bytes of a head: the longest seen (a frame with a magic, lengths, a check sum and an
/// app key of 32 characters) has some fifty.
const REACH: usize = 64;
/// Places that are tried: two bytes look like a head of zlib in one place of a thousand.
const PLACES: usize = 4;
/// A shorter result that looks like text may be chance.
const SHORTEST: usize = 16;

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    if !input.is_worth_a_try(budget) {
        return None;
    }
    let starts = (1..=REACH).filter_map(|at| {
        let rest = input.bytes.get(at..)?;
        is_stream(rest).then(|| (at, input.bytes.slice_ref(rest)))
    });
    for (at, rest) in starts.take(PLACES) {
        let out = undo(&rest, budget).filter(|out| out.len() >= SHORTEST && sense::is_decoded(out));
        if out.is_some() {
            // The stream itself: the decoder of its kind opens it, and is named in the evidence.
            let part = Inside {
                argument: Some(at.to_string()),
                of: Some(at..input.bytes.len()),
                bytes: rest,
                ..Inside::default()
            };
            return Some(Opening { parts: vec![part], keep: true });
        }
    }
    None
}

fn is_stream(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b, 8]) || bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || sense::is_zlib(bytes)
}

fn undo(stream: &Bytes, budget: &mut Budget) -> Option<Vec<u8>> {
    match stream.first() {
        Some(0x1f) => gzip(stream, budget).usable(),
        Some(0x28) => zstd(stream, budget).whole(),
        _ => zlib(stream, budget).whole(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_length_and_not_in_noise() {
        let packed = {
            use std::io::Write;
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(b"{\"imei\":\"867530900000017\",\"m\":\"abcabcabc\"}").unwrap();
            encoder.finish().unwrap()
        };
        let bytes = Bytes::from([&[0, 0, 0, 41][..], &packed].concat());
        let opening = open(&Input::new(&bytes, None, true), &mut Budget::default()).unwrap();
        assert_eq!(opening.parts[0].bytes, packed);
        assert_eq!(opening.parts[0].of, Some(4..bytes.len()));
        let noise: Vec<u8> = (0..512_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        assert!(open(&Input::new(&Bytes::from(noise), None, true), &mut Budget::default()).is_none());
    }
}
