//! xz (xz-file-format.txt) and its predecessor lzma, by their heads.
//!
//! lzma's head is a byte of properties and the size of a dictionary, which is little: its usual
//! properties and a power of two are asked for, and a result that makes sense.

use lzma_rust2::{LzmaReader, XzReader};

use super::budget::Budget;
use super::clue::Clue;
use super::inflate::{Inflated, read};
use super::sense;
use super::walk::{Input, Opener, Opening};
use crate::evidence::GapReason;

pub(super) const XZ: Opener = Opener { name: "xz", clue: Clue::Head(&[0xfd]), open };
pub(super) const LZMA: Opener = Opener { name: "lzma", clue: Clue::Binary, open: open_lzma };

pub(super) const MAGIC: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];
/// Memory that a decompressor may take, in KiB. The default of `xz` needs nine MiB, `-7`
/// seventeen; more is not for phones.
const MEMORY_KIB: u32 = 18 << 10;

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    if !input.bytes.starts_with(MAGIC) {
        return None;
    }
    let inflated = xz(input.bytes, budget);
    if inflated == Inflated::Not {
        budget.close(GapReason::Undecodable, "data in xz that is damaged, or needs more memory than is given to it");
    }
    inflated.usable().map(|out| Opening::compressed(input, out))
}

pub(super) fn xz(bytes: &[u8], budget: &mut Budget) -> Inflated {
    read(XzReader::new_mem_limit(bytes, true, MEMORY_KIB), bytes.len(), budget)
}

fn open_lzma(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    /// lc = 3, lp = 0, pb = 2: what every encoder takes by default.
    const PROPERTIES: u8 = 0x5d;
    let [PROPERTIES, a, b, c, d, ..] = input.bytes[..] else { return None };
    if !u32::from_le_bytes([a, b, c, d]).is_power_of_two() || input.is_text() {
        return None;
    }
    let reader = LzmaReader::new_mem_limit(&input.bytes[..], MEMORY_KIB, None).ok()?;
    let out =
        read(reader, input.bytes.len(), budget).whole().filter(|out| !out.is_empty() && sense::is_decoded(out))?;
    Some(Opening::compressed(input, out))
}
