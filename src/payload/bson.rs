//! BSON (bsonspec.org, version 1.1): documents as MongoDB's drivers and some SDKs write them.
//!
//! Accepts one document, or several in a row, whose lengths, types and closing zeros hold
//! from end to end; that is enough without a declaration. Binary data is a value of its own.
//!
//! Limits: `budget::NESTING`, `budget::LEAVES`.

use super::budget::Budget;
use super::clue::Clue;
use super::fields::{Fields, Number, Spot};
use super::walk::{Input, Opener, Opening};
use crate::secure::codec::Reader;

pub(super) const BSON: Opener = Opener { name: "bson", clue: Clue::Binary, open };

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let length = length(&mut Reader::new(input.bytes))?;
    if length > input.bytes.len() || input.bytes.last() != Some(&0) {
        return None;
    }
    let mut fields = Fields::named(input.bytes);
    let mut reader = Reader::new(input.bytes);
    let several = length < input.bytes.len();
    let mut index = 0;
    while !reader.is_empty() {
        let back = if several { fields.enter_index(index) } else { fields.path.len() };
        document(&mut fields, &mut reader, Spot::default(), false, 0, budget)?;
        fields.back(back);
        index += 1;
    }
    fields.has_names().then(|| fields.accept(budget)).flatten()
}

/// Lengths are signed and little-endian, and count themselves in documents.
fn length(reader: &mut Reader<'_>) -> Option<usize> {
    usize::try_from(i32::from_le_bytes(reader.array()?)).ok()
}

fn document(
    fields: &mut Fields<'_>,
    reader: &mut Reader<'_>,
    outer: Spot<'_>,
    array: bool,
    depth: usize,
    budget: &mut Budget,
) -> Option<()> {
    let depth = fields.deeper(depth, budget)?;
    let content = length(reader)?.checked_sub(4)?;
    let mut inner = reader.sub(content)?;
    let group = fields.group();
    let mut index = 0;
    loop {
        let kind = inner.u8()?;
        if kind == 0 {
            return inner.is_empty().then_some(());
        }
        let name = std::str::from_utf8(cstring(&mut inner)?).ok()?;
        let back = if array { fields.enter_index(index) } else { fields.enter_name(name) };
        let key = if array { outer.key } else { Some(name) };
        element(fields, &mut inner, kind, Spot { key, group, element: array }, depth, budget)?;
        fields.back(back);
        index += 1;
    }
}

/// Up to a zero, which is read.
fn cstring<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let end = memchr::memchr(0, reader.rest())?;
    let text = reader.take(end)?;
    reader.u8()?;
    Some(text)
}

/// Its length, with the zero that ends it.
fn string<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = length(reader)?;
    reader.take(length)?.strip_suffix(&[0])
}

fn element(
    fields: &mut Fields<'_>,
    reader: &mut Reader<'_>,
    kind: u8,
    spot: Spot<'_>,
    depth: usize,
    budget: &mut Budget,
) -> Option<()> {
    match kind {
        0x01 => fields.number(spot, Number::Double(f64::from_le_bytes(reader.array()?)), ""),
        // String, JavaScript code, symbol.
        0x02 | 0x0d | 0x0e => fields.text(spot, string(reader)?),
        0x03 => document(fields, reader, spot, false, depth, budget)?,
        0x04 => document(fields, reader, spot, true, depth, budget)?,
        0x05 => {
            let length = length(reader)?;
            reader.u8()?;
            fields.bytes(spot, reader.take(length)?);
        }
        // ObjectId, which is written in hex everywhere else.
        0x07 => fields.made(spot, data_encoding::HEXLOWER.encode(reader.take(12)?)),
        0x08 => fields.word(spot, if reader.u8()? == 0 { "false" } else { "true" }),
        // UTC milliseconds, timestamp, int64.
        0x09 | 0x11 | 0x12 => fields.number(spot, Number::Int(i64::from_le_bytes(reader.array()?)), ""),
        0x06 | 0x0a => fields.word(spot, "null"),
        0x0b => {
            fields.text(spot, cstring(reader)?);
            cstring(reader)?;
        }
        0x0c => {
            string(reader)?;
            reader.take(12)?;
        }
        0x0f => {
            reader.take(4)?;
            fields.text(spot, string(reader)?);
            document(fields, reader, spot, false, depth, budget)?;
        }
        0x10 => fields.number(spot, Number::Int(i32::from_le_bytes(reader.array()?).into()), ""),
        0x13 => fields.bytes(spot, reader.take(16)?),
        0x7f | 0xff => {}
        _ => return None,
    }
    Some(())
}
