//! Snappy: the framing format (framing_format.txt), streams of snappy-java, blocks as Hadoop
//! writes them, and single blocks (format_description.txt).
//!
//! Framed and snappy-java's streams have a magic number. A block says first how long it will be;
//! it is taken where that is the very length of what it decompresses to and the result
//! makes sense. Hadoop's form has both lengths before each block. What is text is not tried.

use super::budget::{self, Budget};
use super::clue::Clue;
use super::inflate::read;
use super::walk::{Input, Opener, Opening};
use super::{leb128, sense};
use crate::secure::codec::Reader;

pub(super) const SNAPPY: Opener = Opener { name: "snappy", clue: Clue::Head(&[0xff, 0x82]), open };
pub(super) const SNAPPY_BLOCK: Opener = Opener { name: "snappy", clue: Clue::Binary, open: open_block };

/// Chunk type 0xff, length 6, `sNaPpY`.
pub(super) const FRAMED: &[u8] = b"\xff\x06\x00\x00sNaPpY";
/// `SnappyCodec.MAGIC_HEADER` of snappy-java; two versions of four bytes follow.
pub(super) const JAVA: &[u8] = b"\x82SNAPPY\x00";
/// A copy of 64 bytes takes three, so no block grows more than this.
const GROWTH: usize = 24;

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let out = if input.bytes.starts_with(FRAMED) {
        read(snap::read::FrameDecoder::new(&input.bytes[..]), input.bytes.len(), budget).usable()?
    } else {
        let mut reader = Reader::new(input.bytes.strip_prefix(JAVA)?);
        reader.take(8)?;
        let mut out = Vec::new();
        while !reader.is_empty() {
            let length = usize::try_from(reader.u32()?).ok()?;
            out.extend(block(reader.take(length)?, budget)?);
        }
        out
    };
    Some(Opening::compressed(input, out))
}

fn open_block(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    if !input.is_worth_a_try(budget) {
        return None;
    }
    let out = hadoop(input.bytes, budget).or_else(|| block(input.bytes, budget))?;
    sense::is_decoded(&out).then(|| Opening::compressed(input, out))
}

/// One block, if it is as long as it says.
pub(super) fn block(bytes: &[u8], budget: &mut Budget) -> Option<Vec<u8>> {
    let length = leb128::length(&mut Reader::new(bytes)).filter(|n| *n <= bytes.len().saturating_mul(GROWTH))?;
    if length > budget::DECODED_BYTES {
        budget.reach("bytes decoded in one message", budget::DECODED_BYTES);
        return None;
    }
    let mut out = vec![0; length];
    let whole = snap::raw::Decoder::new().decompress(bytes, &mut out).is_ok_and(|made| made == length);
    (whole && length > 0 && budget.bytes(length)).then_some(out)
}

/// Hadoop's `BlockCompressorStream`: the length of what follows decompressed, then blocks,
/// each after its length, until they come to that; and so on to the end.
fn hadoop(bytes: &[u8], budget: &mut Budget) -> Option<Vec<u8>> {
    let mut reader = Reader::new(bytes);
    let mut out = Vec::new();
    while !reader.is_empty() {
        let length = usize::try_from(reader.u32()?).ok().filter(|n| *n > 0)?;
        let target = length.checked_add(out.len())?;
        while out.len() < target {
            let length = usize::try_from(reader.u32()?).ok()?;
            out.extend(block(reader.take(length)?, budget)?);
        }
        (out.len() == target).then_some(())?;
    }
    (!out.is_empty()).then_some(out)
}
