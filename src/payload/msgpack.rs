//! MessagePack (github.com/msgpack/msgpack, spec.md).
//!
//! Accepts a body whose media type names it, and an undeclared value that is a map, or an
//! array with one inside, from end to end, with names for keys and `EVIDENCE` in its
//! texts. A row of values (Fluentd) has the path `$[0]`, `$[1]` … An extension's data is
//! a value of its own. Keys that are numbers stand in the path and name nothing.
//!
//! Limits: `budget::NESTING`, `budget::LEAVES`. Lengths are only believed as far as
//! there are bytes.

use super::budget::Budget;
use super::clue::Clue;
use super::fields::{self, EVIDENCE, Fields, Number, Spot};
use super::walk::{Input, Opener, Opening};
use crate::secure::codec::Reader;

pub(super) const MSGPACK: Opener = Opener { name: "msgpack", clue: Clue::Binary, open };

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let declared = input.declares(&["msgpack", "messagepack"]);
    // A map or an array, which no text begins with.
    if !declared && !matches!(input.bytes.first(), Some(0x80..=0x9f | 0xdc..=0xdf)) {
        return None;
    }
    let mut fields =
        fields::one_or_row(input.bytes, |fields, reader| value(fields, reader, Spot::default(), 0, budget))?;
    fields.evidence = if declared { EVIDENCE } else { fields.evidence };
    let evident = declared || fields.has_names();
    (evident && fields.evidence >= EVIDENCE).then(|| fields.accept(budget)).flatten()
}

fn value(
    fields: &mut Fields<'_>,
    reader: &mut Reader<'_>,
    spot: Spot<'_>,
    depth: usize,
    budget: &mut Budget,
) -> Option<()> {
    let size = |n: u32| usize::try_from(n).ok();
    match reader.u8()? {
        n @ 0..=0x7f => fields.number(spot, Number::Unsigned(n.into()), ""),
        n @ 0xe0..=0xff => fields.number(spot, Number::Int(n.cast_signed().into()), ""),
        n @ 0x80..=0x8f => map(fields, usize::from(n & 0x0f), reader, spot, depth, budget)?,
        0xde => map(fields, reader.u16()?.into(), reader, spot, depth, budget)?,
        0xdf => map(fields, size(reader.u32()?)?, reader, spot, depth, budget)?,
        n @ 0x90..=0x9f => array(fields, usize::from(n & 0x0f), reader, spot, depth, budget)?,
        0xdc => array(fields, reader.u16()?.into(), reader, spot, depth, budget)?,
        0xdd => array(fields, size(reader.u32()?)?, reader, spot, depth, budget)?,
        n @ 0xa0..=0xbf => fields.text(spot, reader.take(usize::from(n & 0x1f))?),
        0xd9 => fields.text(spot, reader.vec8()?.rest()),
        0xda => fields.text(spot, reader.vec16()?.rest()),
        0xdb => fields.text(spot, reader.u32().and_then(size).and_then(|n| reader.take(n))?),
        0xc4 => fields.bytes(spot, reader.vec8()?.rest()),
        0xc5 => fields.bytes(spot, reader.vec16()?.rest()),
        0xc6 => fields.bytes(spot, reader.u32().and_then(size).and_then(|n| reader.take(n))?),
        0xc0 => fields.word(spot, "null"),
        0xc2 => fields.word(spot, "false"),
        0xc3 => fields.word(spot, "true"),
        0xca => fields.number(spot, Number::Single(f32::from_be_bytes(reader.array()?)), ""),
        0xcb => fields.number(spot, Number::Double(f64::from_be_bytes(reader.array()?)), ""),
        0xcc => fields.number(spot, Number::Unsigned(reader.u8()?.into()), ""),
        0xcd => fields.number(spot, Number::Unsigned(reader.u16()?.into()), ""),
        0xce => fields.number(spot, Number::Unsigned(reader.u32()?.into()), ""),
        0xcf => fields.number(spot, Number::Unsigned(reader.u64()?), ""),
        0xd0 => fields.number(spot, Number::Int(i8::from_be_bytes(reader.array()?).into()), ""),
        0xd1 => fields.number(spot, Number::Int(i16::from_be_bytes(reader.array()?).into()), ""),
        0xd2 => fields.number(spot, Number::Int(i32::from_be_bytes(reader.array()?).into()), ""),
        0xd3 => fields.number(spot, Number::Int(i64::from_be_bytes(reader.array()?)), ""),
        n @ 0xd4..=0xd8 => extension(fields, 1 << (n - 0xd4), reader, spot)?,
        0xc7 => extension(fields, reader.u8()?.into(), reader, spot)?,
        0xc8 => extension(fields, reader.u16()?.into(), reader, spot)?,
        0xc9 => extension(fields, size(reader.u32()?)?, reader, spot)?,
        // 0xc1 is never used.
        _ => return None,
    }
    Some(())
}

fn extension(fields: &mut Fields<'_>, length: usize, reader: &mut Reader<'_>, spot: Spot<'_>) -> Option<()> {
    reader.u8()?;
    fields.bytes(spot, reader.take(length)?);
    Some(())
}

fn map(
    fields: &mut Fields<'_>,
    count: usize,
    reader: &mut Reader<'_>,
    outer: Spot<'_>,
    depth: usize,
    budget: &mut Budget,
) -> Option<()> {
    let depth = fields.deeper(depth, budget)?;
    let group = fields.group();
    for _ in 0..count {
        let key = key(reader)?;
        let (back, name) = match &key {
            Key::Name(name) => (fields.enter_name(name), Some(name.as_str())),
            Key::Number(number) => (fields.enter_name(&number.to_string()), outer.key),
        };
        value(fields, reader, Spot { key: name, group, element: false }, depth, budget)?;
        fields.back(back);
    }
    Some(())
}

/// What a value is filed under.
enum Key {
    Name(String),
    Number(i64),
}

/// Strings (old writers: the bytes of one) and integers; nothing else is in use as a key.
fn key(reader: &mut Reader<'_>) -> Option<Key> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(|t| Key::Name(t.to_owned()));
    match reader.u8()? {
        n @ 0xa0..=0xbf => text(reader.take(usize::from(n & 0x1f))?),
        0xd9 | 0xc4 => text(reader.vec8()?.rest()),
        0xda | 0xc5 => text(reader.vec16()?.rest()),
        n @ 0..=0x7f => Some(Key::Number(n.into())),
        n @ 0xe0..=0xff => Some(Key::Number(n.cast_signed().into())),
        0xcc => Some(Key::Number(reader.u8()?.into())),
        0xcd => Some(Key::Number(reader.u16()?.into())),
        0xce => Some(Key::Number(reader.u32()?.into())),
        0xcf => i64::try_from(reader.u64()?).ok().map(Key::Number),
        0xd0 => Some(Key::Number(i8::from_be_bytes(reader.array()?).into())),
        0xd1 => Some(Key::Number(i16::from_be_bytes(reader.array()?).into())),
        0xd2 => Some(Key::Number(i32::from_be_bytes(reader.array()?).into())),
        0xd3 => Some(Key::Number(i64::from_be_bytes(reader.array()?))),
        _ => None,
    }
}

fn array(
    fields: &mut Fields<'_>,
    count: usize,
    reader: &mut Reader<'_>,
    outer: Spot<'_>,
    depth: usize,
    budget: &mut Budget,
) -> Option<()> {
    let depth = fields.deeper(depth, budget)?;
    fields.list(outer, count, |fields, spot| value(fields, reader, spot, depth, budget))
}
