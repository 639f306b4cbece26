//! Binary property lists of Apple's platforms (`bplist00`; CoreFoundation, CFBinaryPList.c).
//!
//! Accepts bytes that begin with the magic and whose trailer, offsets and objects hold.
//! Archives of `NSKeyedArchiver` keep their values in one list, `$objects`, and their names
//! elsewhere: a value there has the name that its dictionary or its object gives it.
//!
//! Own code, and not the crate `plist`: objects may be used many times over, so that a
//! file of a kilobyte can stand for billions of values; the crate's tree has no limit.
//! Here each object that is read counts, and `budget::LEAVES` of them end it;
//! `budget::NESTING` bounds the depth.

use std::collections::BTreeMap;

use super::budget::{self, Budget};
use super::clue::Clue;
use super::fields::{Fields, Number, Spot};
use super::walk::{Input, Opener, Opening};
use crate::secure::codec::Reader;

pub(super) const BPLIST: Opener = Opener { name: "bplist", clue: Clue::Head(b"b"), open };

pub(super) const MAGIC: &[u8] = b"bplist0";

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let list = List::of(input.bytes)?;
    let names = list.archive_names().unwrap_or_default();
    let mut fields = Fields::named(input.bytes);
    let mut walk = Walk { list: &list, names, visits: 0 };
    walk.object(&mut fields, list.top, Spot::default(), 0, budget)?;
    fields.accept(budget)
}

/// The file: objects by number.
struct List<'a> {
    bytes: &'a [u8],
    /// Width of an offset, and where the first of them stands.
    offset_size: usize,
    offsets: usize,
    /// Width of a reference.
    reference_size: usize,
    count: usize,
    top: usize,
}

/// One object, its references not followed.
#[derive(Debug)]
enum Object<'a> {
    Null,
    Truth(bool),
    Int(i64),
    Real(f64),
    Data(&'a [u8]),
    Ascii(&'a [u8]),
    Utf16(&'a [u8]),
    Uid(usize),
    /// An array or a set.
    Array(&'a [u8]),
    /// References to names, then as many to values.
    Dictionary(&'a [u8], &'a [u8]),
}

/// A big-endian integer of up to eight bytes.
fn number(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |sum, b| sum << 8 | u64::from(*b)))
}

impl<'a> List<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        /// Six bytes of nothing, two widths, three numbers of eight.
        const TRAILER: usize = 32;
        let body = bytes.strip_prefix(MAGIC)?.len().checked_sub(TRAILER)?;
        let mut trailer = Reader::new(bytes.get(bytes.len() - TRAILER..)?);
        trailer.take(6)?;
        let (offset_size, reference_size) = (usize::from(trailer.u8()?), usize::from(trailer.u8()?));
        let mut size = || trailer.u64().and_then(|n| usize::try_from(n).ok());
        let (count, top, offsets) = (size()?, size()?, size()?);
        let fits = (1..=8).contains(&offset_size)
            && (1..=8).contains(&reference_size)
            && top < count
            && offsets.checked_add(count.checked_mul(offset_size)?)? <= body + MAGIC.len();
        fits.then_some(Self { bytes, offset_size, offsets, reference_size, count, top })
    }

    fn object(&self, index: usize) -> Option<Object<'a>> {
        if index >= self.count {
            return None;
        }
        let at = self.offsets.checked_add(index.checked_mul(self.offset_size)?)?;
        let offset = number(self.bytes.get(at..at.checked_add(self.offset_size)?)?)?;
        let mut reader = Reader::new(self.bytes.get(usize::try_from(offset).ok()?..)?);
        let marker = reader.u8()?;
        let low = usize::from(marker & 0x0f);
        Some(match marker >> 4 {
            0 => match low {
                8 => Object::Truth(false),
                9 => Object::Truth(true),
                _ => Object::Null,
            },
            1 => Object::Int(integer(&mut reader, low)?),
            2 if low == 2 => Object::Real(f32::from_be_bytes(reader.array()?).into()),
            // A date is a real: seconds since 2001.
            2 | 3 => Object::Real(f64::from_be_bytes(reader.array()?)),
            4 => Object::Data(counted(&mut reader, low, 1)?),
            5 => Object::Ascii(counted(&mut reader, low, 1)?),
            6 => Object::Utf16(counted(&mut reader, low, 2)?),
            8 => Object::Uid(usize::try_from(number(reader.take(low + 1)?)?).ok()?),
            0xa | 0xc => Object::Array(counted(&mut reader, low, self.reference_size)?),
            0xd => {
                let names = counted(&mut reader, low, self.reference_size)?;
                Object::Dictionary(names, reader.take(names.len())?)
            }
            _ => return None,
        })
    }

    fn references(&self, bytes: &'a [u8]) -> impl Iterator<Item = usize> + use<'a> {
        bytes.chunks_exact(self.reference_size).filter_map(number).filter_map(|n| usize::try_from(n).ok())
    }

    fn pairs(&self, names: &'a [u8], values: &'a [u8]) -> impl Iterator<Item = (usize, usize)> + use<'a> {
        self.references(names).zip(self.references(values))
    }

    fn text(&self, index: usize) -> Option<String> {
        match self.object(index)? {
            Object::Ascii(text) => Some(String::from_utf8_lossy(text).into_owned()),
            Object::Utf16(text) => Some(utf16(text)),
            _ => None,
        }
    }

    /// The value of `name` in a dictionary.
    fn member(&self, names: &'a [u8], values: &'a [u8], name: &str) -> Option<Object<'a>> {
        let found =
            self.pairs(names, values).take(budget::FIELDS).find(|(n, _)| self.text(*n).as_deref() == Some(name));
        self.object(found?.1)
    }

    /// In an archive of `NSKeyedArchiver`: the name of each entry of `$objects` that has one.
    /// A dictionary has its names and values under `NS.keys` and `NS.objects`, any other
    /// object its members under their names; all of them refer to entries of the list.
    fn archive_names(&self) -> Option<BTreeMap<usize, String>> {
        let Object::Dictionary(names, values) = self.object(self.top)? else { return None };
        self.member(names, values, "$archiver")?;
        let Object::Array(objects) = self.member(names, values, "$objects")? else { return None };
        let entries: Vec<usize> = self.references(objects).take(budget::FIELDS).collect();
        let mut found = BTreeMap::new();
        for entry in &entries {
            let Some(Object::Dictionary(names, values)) = self.object(*entry) else { continue };
            if let (Some(Object::Array(keys)), Some(Object::Array(held))) =
                (self.member(names, values, "NS.keys"), self.member(names, values, "NS.objects"))
            {
                for (key, value) in self.pairs(keys, held).take(budget::FIELDS) {
                    if let (Some(Object::Uid(key)), Some(Object::Uid(value))) = (self.object(key), self.object(value))
                        && let Some(name) = entries.get(key).and_then(|e| self.text(*e))
                    {
                        found.entry(value).or_insert(name);
                    }
                }
                continue;
            }
            for (key, value) in self.pairs(names, values).take(budget::FIELDS) {
                if let (Some(name), Some(Object::Uid(value))) = (self.text(key), self.object(value))
                    && !name.starts_with(['$'])
                    && !name.starts_with("NS.")
                {
                    found.entry(value).or_insert(name);
                }
            }
            if found.len() > budget::FIELDS {
                break;
            }
        }
        Some(found)
    }
}

/// An integer of `2^low` bytes; one of sixteen holds one of eight without a sign.
fn integer(reader: &mut Reader<'_>, low: usize) -> Option<i64> {
    let bytes = reader.take(1 << low.min(4))?;
    number(bytes.get(bytes.len().saturating_sub(8)..)?).map(u64::cast_signed)
}

/// Units of `width` bytes, as many as the low bits of the marker say, or the integer after it.
fn counted<'a>(reader: &mut Reader<'a>, low: usize, width: usize) -> Option<&'a [u8]> {
    let count = match low {
        15 => {
            let marker = reader.u8().filter(|m| m >> 4 == 1)?;
            usize::try_from(integer(reader, usize::from(marker & 0x0f))?).ok()?
        }
        low => low,
    };
    reader.take(count.checked_mul(width)?)
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit));
    char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
}

/// The walk through the objects.
struct Walk<'l, 'a> {
    list: &'l List<'a>,
    /// Names of entries of `$objects`.
    names: BTreeMap<usize, String>,
    visits: usize,
}

impl<'a> Walk<'_, 'a> {
    /// Reads an object; `None` when the file is no property list after all.
    fn object(
        &mut self,
        fields: &mut Fields<'_>,
        index: usize,
        spot: Spot<'_>,
        depth: usize,
        budget: &mut Budget,
    ) -> Option<()> {
        self.visits += 1;
        if self.visits > budget::LEAVES {
            budget.reach("values in one message", budget::LEAVES);
            return None;
        }
        match self.list.object(index)? {
            Object::Null => fields.word(spot, "null"),
            Object::Truth(truth) => fields.word(spot, if truth { "true" } else { "false" }),
            Object::Int(n) => fields.number(spot, Number::Int(n), ""),
            Object::Real(n) => fields.number(spot, Number::Double(n), ""),
            Object::Data(bytes) => fields.bytes(spot, bytes),
            Object::Ascii(text) => fields.text(spot, text),
            Object::Utf16(text) => fields.made(spot, utf16(text)),
            // The place of another value, which stands for itself.
            Object::Uid(_) => {}
            Object::Array(references) => {
                let depth = fields.deeper(depth, budget)?;
                let group = fields.group();
                let archived = depth == 2 && fields.path.ends_with(".$objects");
                for (at, reference) in self.list.references(references).enumerate() {
                    let back = fields.enter_index(at);
                    let name = if archived { self.names.get(&at).cloned() } else { None };
                    let key = name.as_deref().or(spot.key);
                    self.object(fields, reference, Spot { key, group, element: name.is_none() }, depth, budget)?;
                    fields.back(back);
                }
            }
            Object::Dictionary(names, values) => {
                let depth = fields.deeper(depth, budget)?;
                let group = fields.group();
                for (name, value) in self.list.pairs(names, values) {
                    let name = self.list.text(name)?;
                    let back = fields.enter_name(&name);
                    self.object(fields, value, Spot { key: Some(&name), group, element: false }, depth, budget)?;
                    fields.back(back);
                }
            }
        }
        Some(())
    }
}
