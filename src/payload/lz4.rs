//! LZ4: frames (lz4_Frame_format.md), and blocks where there is evidence.
//!
//! A frame has a magic number. A block has nothing, so it is taken only where the four
//! bytes before it are the very length that it decompresses to (as the bindings of
//! Python, Java and Rust write it), or where all of it decompresses to text; the result has
//! to make sense in any case. What is text itself is not tried.

use lz4_flex::block::decompress_into;
use lz4_flex::frame::FrameDecoder;

use super::budget::{self, Budget};
use super::clue::Clue;
use super::inflate::read;
use super::sense;
use super::walk::{Input, Opener, Opening};

pub(super) const LZ4: Opener = Opener {
    name: "lz4",
    clue: Clue::Head(&[0x04]),
    open: |input, budget| {
        let head = input.bytes.starts_with(MAGIC);
        let frame = || read(FrameDecoder::new(&input.bytes[..]), input.bytes.len(), budget).usable();
        head.then(frame).flatten().map(|out| Opening::compressed(input, out))
    },
};

pub(super) const LZ4_BLOCK: Opener = Opener { name: "lz4", clue: Clue::Binary, open: open_block };

pub(super) const MAGIC: &[u8] = &[0x04, 0x22, 0x4d, 0x18];

/// Text that a block without a length is tried for grows no more than this: LZ4 comes
/// to a tenth at best.
const GROWTH: usize = 32;
/// Bigger blocks carry their length.
const LONGEST: usize = 64 << 10;

fn open_block(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    if !input.is_worth_a_try(budget) {
        return None;
    }
    let out = sized(input.bytes, budget).or_else(|| bare(input.bytes))?;
    budget.bytes(out.len()).then(|| Opening::compressed(input, out))
}

fn sized(bytes: &[u8], budget: &mut Budget) -> Option<Vec<u8>> {
    let (length, block) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    // A byte of a block makes 255 at most; a length that cannot be is no length.
    if length < block.len() / 2 || length > block.len().saturating_mul(255).min(budget::DECODED_BYTES) {
        return None;
    }
    if length > block.len().saturating_mul(budget::INFLATE_RATIO).max(budget::RATIO_FREE) {
        budget.reach("decompressed bytes for each compressed one", budget::INFLATE_RATIO);
        return None;
    }
    let mut out = vec![0; length];
    let whole = decompress_into(block, &mut out).is_ok_and(|made| made == length);
    (whole && sense::is_decoded(&out)).then_some(out)
}

fn bare(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() > LONGEST {
        return None;
    }
    let mut out = vec![0; bytes.len() * GROWTH];
    let made = decompress_into(bytes, &mut out).ok()?;
    out.truncate(made);
    (out.len() >= bytes.len() && sense::is_text(&out)).then_some(out)
}
