//! ZIP archives (PKWARE APPNOTE): each member is a layer by its name.
//!
//! Accepts bytes that begin with a local header. Members are read through the central
//! directory; of an archive that has none, because it was cut, as far as its local headers
//! go. A member that is encrypted, or compressed otherwise than with deflate, zstd or xz, is a gap,
//! and the archive is searched as bytes besides.
//!
//! Own code, and not the crate `zip`, which reads policies here: it keeps one member of each
//! name, so that a second `device.json` would hide the first, and it reads the whole
//! directory before it says how long that is.
//!
//! Limits: [`budget::FIELDS`] members, and what holds for every decompression.

use bytes::Bytes;
use flate2::bufread::DeflateDecoder;
use memchr::memmem;

use super::budget::{self, Budget};
use super::clue::Clue;
use super::form::numbered;
use super::inflate::{Inflated, read};
use super::walk::{Input, Inside, Opener, Opening};
use super::{xz, zstandard};
use crate::evidence::GapReason;
use crate::secure::codec::Reader;

pub(super) const ZIP: Opener = Opener { name: "zip", clue: Clue::Head(b"P"), open };

pub(super) const MAGIC: &[u8] = b"PK\x03\x04";
const DIRECTORY: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
/// In place of a length: it stands in the extra field (§4.5.3).
const IN_EXTRA: u32 = u32::MAX;

/// What a header says of a member.
struct Header<'a> {
    flags: u16,
    method: u16,
    compressed: u64,
    name: &'a [u8],
    /// Where its local header stands; in a local header 0.
    offset: u64,
}

impl Header<'_> {
    fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Lengths stand after the data, as writers of streams put them.
    fn is_streamed(&self) -> bool {
        self.flags & 8 != 0
    }
}

/// The members so far.
struct Members<'i> {
    source: &'i Bytes,
    parts: Vec<Inside>,
    names: std::collections::BTreeMap<String, u32>,
    /// Some stayed closed, or were not read to their end.
    closed: bool,
}

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    if !input.bytes.starts_with(MAGIC) {
        return None;
    }
    let mut members = Members { source: input.bytes, parts: Vec::new(), names: Default::default(), closed: false };
    match directory(input.bytes) {
        Some(mut directory) => {
            while let Some(header) = central(&mut directory) {
                let data = usize::try_from(header.offset).ok().and_then(|at| data(input.bytes, at, &header));
                if !members.add(&header, data, budget) {
                    break;
                }
            }
        }
        None => {
            budget.close(GapReason::Undecodable, "a ZIP archive without its directory: read as far as it goes");
            members.closed = true;
            members.without_directory(budget);
        }
    }
    (!members.parts.is_empty() || members.closed).then_some(Opening { parts: members.parts, keep: members.closed })
}

/// The central directory, by the record at the end (§4.3.16), after which a comment may stand.
fn directory(bytes: &[u8]) -> Option<Reader<'_>> {
    let at = memmem::rfind(bytes, END)?;
    let mut end = Reader::new(bytes.get(at + END.len()..)?);
    end.take(12)?;
    let offset = u32::from_le_bytes(end.array()?);
    let directory = bytes.get(usize::try_from(offset).ok()?..at)?;
    directory.starts_with(DIRECTORY).then(|| Reader::new(directory))
}

fn u16_of(reader: &mut Reader<'_>) -> Option<u16> {
    reader.array().map(u16::from_le_bytes)
}

fn u32_of(reader: &mut Reader<'_>) -> Option<u32> {
    reader.array().map(u32::from_le_bytes)
}

/// The next entry of the directory (§4.3.12).
fn central<'a>(reader: &mut Reader<'a>) -> Option<Header<'a>> {
    (reader.take(4)? == DIRECTORY).then_some(())?;
    reader.take(4)?;
    let (flags, method) = (u16_of(reader)?, u16_of(reader)?);
    reader.take(8)?;
    let (compressed, full) = (u32_of(reader)?, u32_of(reader)?);
    let (name, extra, comment) = (u16_of(reader)?, u16_of(reader)?, u16_of(reader)?);
    reader.take(8)?;
    let offset = u32_of(reader)?;
    let name = reader.take(name.into())?;
    let extra = reader.take(extra.into())?;
    reader.take(comment.into())?;
    let [_, compressed, offset] = lengths(extra, [full, compressed, offset])?;
    Some(Header { flags, method, compressed, name, offset })
}

/// A local header (§4.3.7).
fn local<'a>(reader: &mut Reader<'a>) -> Option<Header<'a>> {
    (reader.take(4)? == MAGIC).then_some(())?;
    reader.take(2)?;
    let (flags, method) = (u16_of(reader)?, u16_of(reader)?);
    reader.take(8)?;
    let (compressed, full) = (u32_of(reader)?, u32_of(reader)?);
    let (name, extra) = (u16_of(reader)?, u16_of(reader)?);
    let name = reader.take(name.into())?;
    let extra = reader.take(extra.into())?;
    let [_, compressed, _] = lengths(extra, [full, compressed, 0])?;
    Some(Header { flags, method, compressed, name, offset: 0 })
}

/// Lengths that the Zip64 extra field replaces, in its order.
fn lengths(extra: &[u8], stated: [u32; 3]) -> Option<[u64; 3]> {
    const ZIP64: u16 = 1;
    let mut field = Reader::new(&[]);
    let mut reader = Reader::new(extra);
    while let (Some(id), Some(size)) = (u16_of(&mut reader), u16_of(&mut reader)) {
        let Some(content) = reader.sub(size.into()) else { break };
        if id == ZIP64 {
            field = content;
        }
    }
    let mut wide = |n: u32| match n {
        IN_EXTRA => field.array().map(u64::from_le_bytes),
        n => Some(n.into()),
    };
    let [a, b, c] = stated;
    Some([wide(a)?, wide(b)?, wide(c)?])
}

/// The data of a member whose local header is at `at`: as long as the directory says.
fn data<'a>(bytes: &'a [u8], at: usize, header: &Header<'_>) -> Option<&'a [u8]> {
    let mut reader = Reader::new(bytes.get(at..)?);
    local(&mut reader)?;
    reader.take(usize::try_from(header.compressed).ok()?)
}

/// The content of a member.
fn undo(source: &Bytes, method: u16, data: &[u8], budget: &mut Budget) -> Option<(Bytes, bool)> {
    let inflated = match method {
        0 => return Some((source.slice_ref(data), true)),
        8 => read(DeflateDecoder::new(data), data.len(), budget),
        93 => zstandard::zstd(data, budget),
        95 => xz::xz(data, budget),
        _ => Inflated::Not,
    };
    match inflated {
        Inflated::Whole(bytes) => Some((bytes.into(), true)),
        Inflated::Cut(bytes) => Some((bytes.into(), false)),
        Inflated::Not => None,
    }
}

impl Members<'_> {
    /// Takes a member; `false` when no more are taken. Without data it is damaged.
    fn add(&mut self, header: &Header<'_>, data: Option<&[u8]>, budget: &mut Budget) -> bool {
        if self.parts.len() >= budget::FIELDS {
            budget.reach("members of one archive", budget::FIELDS);
            self.closed = true;
            return false;
        }
        let name = String::from_utf8_lossy(header.name).into_owned();
        // A folder has no content.
        if name.ends_with('/') && header.compressed == 0 {
            return true;
        }
        if header.is_encrypted() {
            budget.close(GapReason::Undecodable, "an encrypted member of a ZIP archive");
            self.closed = true;
            return true;
        }
        match data.and_then(|data| undo(self.source, header.method, data, budget)) {
            Some((bytes, whole)) => {
                self.closed |= !whole;
                let count = self.names.entry(name.clone()).or_default();
                *count += 1;
                self.parts.extend(Inside::heading(&name));
                self.parts.push(Inside {
                    argument: Some(numbered(&name, *count - 1)),
                    group: u32::try_from(self.parts.len()).unwrap_or(u32::MAX),
                    bytes,
                    ..Inside::default()
                });
            }
            None => {
                let what = "a member of a ZIP archive that is damaged, or compressed in a way that is not undone";
                budget.close(GapReason::Undecodable, what);
                self.closed = true;
            }
        }
        true
    }

    /// Goes from one local header to the next, as long as each says, or its stream shows,
    /// where the data ends.
    fn without_directory(&mut self, budget: &mut Budget) {
        let bytes = self.source.clone();
        let mut reader = Reader::new(&bytes);
        while let Some(header) = local(&mut reader) {
            let length = match (header.is_streamed(), header.method) {
                (false, _) => usize::try_from(header.compressed).unwrap_or(usize::MAX),
                (true, 8) => {
                    let mut decoder = DeflateDecoder::new(reader.rest());
                    read(std::io::Read::by_ref(&mut decoder), reader.left(), budget);
                    usize::try_from(decoder.total_in()).unwrap_or(usize::MAX)
                }
                (true, _) => return,
            };
            let data = reader.take(length.min(reader.left()));
            if !self.add(&header, data, budget) {
                return;
            }
            if header.is_streamed() {
                // The lengths after the data, with a mark before them or not (§4.3.9).
                let Some(next) = memmem::find(reader.rest().get(..32).unwrap_or(reader.rest()), MAGIC) else { return };
                reader.take(next);
            }
        }
    }
}
