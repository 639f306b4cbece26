//! tar archives (POSIX.1-1988 ustar, pax, GNU): each member is a layer by its name.
//!
//! Accepts bytes whose first header has the magic `ustar`, or its checksum, as archives older
//! than the magic have. Nothing is unpacked: a member is a slice of the archive. One that
//! was cut yields what is there.
//!
//! Limit: `budget::FIELDS` members.

use ::tar::{Archive, Header};

use super::budget::{self, Budget};
use super::clue::Clue;
use super::form::numbered;
use super::walk::{Input, Inside, Opener, Opening};
use crate::evidence::GapReason;

pub(super) const TAR: Opener = Opener { name: "tar", clue: Clue::Long(BLOCK), open };

/// Headers and contents are in blocks of this size.
const BLOCK: usize = 512;

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    if !is_tar(input.bytes) {
        return None;
    }
    let mut archive = Archive::new(&input.bytes[..]);
    let mut parts: Vec<Inside> = Vec::new();
    let mut names = std::collections::BTreeMap::<String, u32>::new();
    let mut cut = false;
    for entry in archive.entries().ok()? {
        let Ok(entry) = entry else {
            cut = true;
            break;
        };
        if parts.len() >= budget::FIELDS {
            budget.reach("members of one archive", budget::FIELDS);
            cut = true;
            break;
        }
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let start = usize::try_from(entry.raw_file_position()).ok()?;
        let length = usize::try_from(entry.size()).ok()?;
        let held = input.bytes.get(start.min(input.bytes.len())..)?;
        cut |= held.len() < length;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let count = names.entry(name.clone()).or_default();
        *count += 1;
        parts.extend(Inside::heading(&name));
        parts.push(Inside {
            argument: Some(numbered(&name, *count - 1)),
            group: u32::try_from(parts.len()).unwrap_or(u32::MAX),
            bytes: input.bytes.slice_ref(held.get(..length).unwrap_or(held)),
            ..Inside::default()
        });
    }
    if cut {
        budget.close(GapReason::Undecodable, "a tar archive that was cut or is damaged: read as far as it goes");
    }
    (!parts.is_empty()).then_some(Opening { parts, keep: cut })
}

/// The first block is a header: by its magic, or by its checksum.
pub(super) fn is_tar(bytes: &[u8]) -> bool {
    let Some(block) = bytes.first_chunk::<BLOCK>() else { return false };
    let mut header = Header::new_old();
    *header.as_mut_bytes() = *block;
    let Ok(stated) = header.cksum() else { return false };
    // The checksum's own field counts as blanks.
    let sum: u32 =
        block.iter().enumerate().map(|(i, b)| if (148..156).contains(&i) { 32 } else { u32::from(*b) }).sum();
    stated == sum && block.first() != Some(&0)
}
