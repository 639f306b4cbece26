//! JCE, also called TARS: the encoding of Tencent's SDKs (github.com/TarsCloud/TarsTup, "Tars protocol").
//!
//! Accepts packets (`RequestPacket` or `ResponsePacket` after a length of four bytes, as
//! `UniPacket` writes them) and structs that parse from end to end with rising tags and
//! `EVIDENCE` in their texts. The buffer of a packet is a map from names to bytes that
//! are JCE again; each value has the name it stands under.
//!
//! The step's argument is the way in tags, `jce 0.3`; elements of a list are `3[0]`,
//! entries of a map with names `0.imei`. Limits: `budget::NESTING`, `budget::LEAVES`.

use super::budget::{self, Budget};
use super::clue::Clue;
use super::fields::{EVIDENCE, Fields, Number, Spot};
use super::sense;
use super::walk::{Input, Opener, Opening};
use crate::secure::codec::Reader;

/// A packet after its length, or what a packet holds.
pub(super) const JCE: Opener = Opener { name: "jce", clue: Clue::Binary, open: open_packet };
/// A struct without any head.
pub(super) const JCE_STRUCT: Opener = Opener { name: "jce", clue: Clue::Binary, open: open_struct };

/// What the buffer of a packet is called between the steps here: no one sends it.
const BUFFER: &str = "application/x-jce; of=packet";
/// What a value in that buffer is called.
const VALUE: &str = "application/x-jce";
/// Type that ends a struct.
const END: u8 = 11;
/// Bits that a field says for its struct when its tag is above the one before.
const RISING: u32 = 2;
/// Tag of the buffer in a `RequestPacket`, and in a `ResponsePacket`.
const BUFFER_TAGS: [u8; 2] = [7, 6];

/// What a list of bytes holds, as far as its container says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// Anything.
    Bytes,
    /// It is a packet: its buffer holds the attributes.
    Packet,
    /// It is the buffer of a packet: JCE values.
    Attributes,
}

fn open_packet(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    match input.declared {
        Some(BUFFER) => return open(input, input.bytes, Inside::Attributes, 0, budget),
        Some(VALUE) => return open(input, input.bytes, Inside::Bytes, 0, budget),
        _ => {}
    }
    let mut reader = Reader::new(input.bytes);
    let length = usize::try_from(reader.u32()?).ok()?;
    // Version 1 to 3 under tag 1 is how every packet begins: a byte, `TUP2`, `TUP3`, `TARS`.
    if length != input.bytes.len() || !matches!(reader.rest(), [0x10, 1..=3, ..]) {
        return None;
    }
    open(input, reader.rest(), Inside::Packet, EVIDENCE, budget)
}

fn open_struct(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let declared = input.declares(&["jce", "tars"]);
    if !declared && (input.is_text() || !is_struct(input.bytes)) {
        return None;
    }
    open(input, input.bytes, Inside::Bytes, if declared { 0 } else { EVIDENCE }, budget)
}

fn open(input: &Input<'_>, bytes: &[u8], inside: Inside, needed: u32, budget: &mut Budget) -> Option<Opening> {
    let mut fields = Fields::numbered(input.bytes);
    let mut reader = Reader::new(bytes);
    // What is only tried reaches no limit of the message.
    let mut trial = Budget::default();
    let limits = if needed == 0 { &mut *budget } else { &mut trial };
    structure(&mut fields, &mut reader, Spot::default(), inside, 0, limits)?;
    (reader.is_empty() && fields.evidence >= needed).then(|| fields.accept(budget)).flatten()
}

/// It parses from end to end: what is no struct shows it here, before anything is made of it.
fn is_struct(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    pass_fields(&mut reader, 0).is_some() && reader.is_empty()
}

/// Passes over what [`structure`] reads.
fn pass_fields(reader: &mut Reader<'_>, depth: usize) -> Option<()> {
    let deeper = (depth < budget::NESTING).then_some(depth + 1)?;
    let mut before = None;
    while !(reader.is_empty() && depth == 0) {
        let (tag, kind) = head(reader)?;
        if kind == END {
            return (depth > 0).then_some(());
        }
        if before.replace(tag).is_some_and(|before| tag <= before) {
            return None;
        }
        pass(kind, reader, deeper)?;
    }
    Some(())
}

/// Passes over what [`value`] reads.
fn pass(kind: u8, reader: &mut Reader<'_>, depth: usize) -> Option<()> {
    match kind {
        0..=3 | 12 => drop(integer(kind, reader)?),
        4 => drop(reader.take(4)?),
        5 => drop(reader.take(8)?),
        6 | 7 => drop(string(kind, reader)?),
        8 | 9 => {
            let deeper = (depth < budget::NESTING).then_some(depth + 1)?;
            let each = if kind == 8 { 2 } else { 1 };
            for _ in 0..size(reader)? {
                for _ in 0..each {
                    let (_, kind) = head(reader)?;
                    pass(kind, reader, deeper)?;
                }
            }
        }
        10 => pass_fields(reader, depth)?,
        13 => {
            (head(reader)? == (0, 0)).then_some(())?;
            let length = size(reader)?;
            reader.take(length)?;
        }
        _ => return None,
    }
    Some(())
}

/// Tag and type (low four bits) of the next value.
fn head(reader: &mut Reader<'_>) -> Option<(u8, u8)> {
    let byte = reader.u8()?;
    let tag = match byte >> 4 {
        15 => reader.u8()?,
        tag => tag,
    };
    Some((tag, byte & 0x0f))
}

/// Fields until the end of the struct, or of the bytes.
fn structure(
    fields: &mut Fields<'_>,
    reader: &mut Reader<'_>,
    outer: Spot<'_>,
    inside: Inside,
    depth: usize,
    budget: &mut Budget,
) -> Option<()> {
    let deeper = fields.deeper(depth, budget)?;
    let group = fields.group();
    let mut before = None;
    while !(reader.is_empty() && depth == 0) {
        let (tag, kind) = head(reader)?;
        if kind == END {
            return (depth > 0).then_some(());
        }
        // Tags rise (writers go through the members in order); where they do not it is something else.
        if before.is_some_and(|before| tag <= before) {
            return None;
        }
        before = Some(tag);
        fields.evidence = fields.evidence.saturating_add(RISING);
        let back = fields.enter_number(tag.into(), 0);
        let held = match inside {
            Inside::Packet if !BUFFER_TAGS.contains(&tag) => Inside::Bytes,
            inside => inside,
        };
        value(fields, kind, reader, Spot { key: outer.key, group, element: false }, held, deeper, budget)?;
        fields.back(back);
    }
    Some(())
}

fn value(
    fields: &mut Fields<'_>,
    kind: u8,
    reader: &mut Reader<'_>,
    spot: Spot<'_>,
    inside: Inside,
    depth: usize,
    budget: &mut Budget,
) -> Option<()> {
    match kind {
        0..=3 | 12 => fields.number(spot, Number::Int(integer(kind, reader)?), ""),
        4 => fields.number(spot, Number::Single(f32::from_be_bytes(reader.array()?)), ""),
        5 => fields.number(spot, Number::Double(f64::from_be_bytes(reader.array()?)), ""),
        6 | 7 => match string(kind, reader)? {
            text if std::str::from_utf8(text).is_ok() => fields.text(spot, text),
            bytes => fields.bytes(spot, bytes),
        },
        8 => map(fields, reader, spot, inside, depth, budget)?,
        9 => {
            let depth = fields.deeper(depth, budget)?;
            fields.list(spot, size(reader)?, |fields, spot| {
                let (_, kind) = head(reader)?;
                value(fields, kind, reader, spot, inside, depth, budget)
            })?;
        }
        10 => structure(fields, reader, spot, Inside::Bytes, depth, budget)?,
        13 => {
            // A list of bytes: their type, their number, and they.
            (head(reader)? == (0, 0)).then_some(())?;
            let length = size(reader)?;
            let bytes = reader.take(length)?;
            match inside {
                Inside::Bytes => fields.bytes(spot, bytes),
                Inside::Packet => fields.declared(spot, bytes, Some(BUFFER)),
                Inside::Attributes => fields.declared(spot, bytes, Some(VALUE)),
            }
        }
        _ => return None,
    }
    Some(())
}

fn integer(kind: u8, reader: &mut Reader<'_>) -> Option<i64> {
    match kind {
        0 => reader.array().map(|b| i8::from_be_bytes(b).into()),
        1 => reader.array().map(|b| i16::from_be_bytes(b).into()),
        2 => reader.array().map(|b| i32::from_be_bytes(b).into()),
        3 => reader.array().map(i64::from_be_bytes),
        12 => Some(0),
        _ => None,
    }
}

/// A count, which is an integer under tag 0.
fn size(reader: &mut Reader<'_>) -> Option<usize> {
    let (_, kind) = head(reader)?;
    usize::try_from(integer(kind, reader)?).ok()
}

fn string<'a>(kind: u8, reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = if kind == 6 { reader.u8()?.into() } else { usize::try_from(reader.u32()?).ok()? };
    reader.take(length)
}

fn map(
    fields: &mut Fields<'_>,
    reader: &mut Reader<'_>,
    outer: Spot<'_>,
    inside: Inside,
    depth: usize,
    budget: &mut Budget,
) -> Option<()> {
    let depth = fields.deeper(depth, budget)?;
    let count = size(reader)?;
    let group = fields.group();
    for index in 0..count {
        let (_, key_kind) = head(reader)?;
        let (back, name) = match key_kind {
            6 | 7 => {
                let name = String::from_utf8_lossy(string(key_kind, reader)?).into_owned();
                (fields.enter_name(&name), sense::is_name(name.as_bytes()).then_some(name))
            }
            0..=3 | 12 => (fields.enter_name(&integer(key_kind, reader)?.to_string()), None),
            _ => {
                let back = fields.enter_index(index);
                let key = Spot { key: outer.key, group, element: true };
                value(fields, key_kind, reader, key, Inside::Bytes, depth, budget)?;
                (back, None)
            }
        };
        // Version 2 of the packet files a value under its name and then its type (`string`, `int64`).
        let typed = inside == Inside::Attributes && outer.key.is_some();
        let key = if typed { outer.key } else { name.as_deref().or(outer.key) };
        let (_, kind) = head(reader)?;
        value(fields, kind, reader, Spot { key, group, element: false }, inside, depth, budget)?;
        fields.back(back);
    }
    Some(())
}
