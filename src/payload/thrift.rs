//! Apache Thrift: the binary and the compact protocol, with and without frames
//! (thrift.apache.org, "Thrift Binary Protocol", "Thrift Compact Protocol").
//!
//! Accepts a call whose head says so (version, kind, a method's name) and whose struct ends where
//! it does, framed by a length or not; undeclared too. A struct without a call is taken
//! where its media type names thrift, or where it parses from end to end with field ids
//! that rise and `EVIDENCE` in its texts.
//!
//! The step's argument is the way in field ids, `thrift 1.3`; elements of a list are
//! `3[0]`, entries of a map with names `3.imei`. Limits: `budget::NESTING`,
//! `budget::LEAVES`; counts are only believed as far as there are bytes.

use super::budget::Budget;
use super::clue::Clue;
use super::fields::{EVIDENCE, Fields, Number, Spot, bits};
use super::walk::{Input, Opener, Opening};
use super::{leb128, sense};
use crate::secure::codec::Reader;

/// Calls, which have a head.
pub(super) const THRIFT: Opener = Opener { name: "thrift", clue: Clue::Binary, open: open_call };
/// Structs alone, which have none.
pub(super) const THRIFT_STRUCT: Opener = Opener { name: "thrift", clue: Clue::Binary, open: open_struct };

/// Bits that a field says for its struct when its id is above the one before.
const RISING: u32 = 2;

/// Which of the two protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Binary,
    Compact,
}

/// The kinds of values; both protocols number them in their own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bool,
    /// The compact protocol has the value of a field in its kind.
    Truth(bool),
    Byte,
    Double,
    I16,
    I32,
    I64,
    String,
    Struct,
    Map,
    List,
}

fn open_call(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let bytes = &input.bytes[..];
    calls(input, bytes, budget).or_else(|| {
        // Framed: each after its length.
        let mut reader = Reader::new(bytes);
        let mut fields = Fields::numbered(input.bytes);
        let mut index = 0;
        while !reader.is_empty() {
            let length = usize::try_from(reader.u32()?).ok()?;
            let mut frame = reader.sub(length)?;
            let several = length + 4 < bytes.len();
            let back = if several { fields.enter_index(index) } else { fields.path.len() };
            call(&mut fields, &mut frame, budget)?;
            fields.back(back);
            index += 1;
            frame.is_empty().then_some(())?;
        }
        (index > 0).then(|| fields.accept(budget)).flatten()
    })
}

/// Calls one after the other, to the end.
fn calls(input: &Input<'_>, bytes: &[u8], budget: &mut Budget) -> Option<Opening> {
    let mut reader = Reader::new(bytes);
    let mut fields = Fields::numbered(input.bytes);
    call(&mut fields, &mut reader, budget)?;
    if !reader.is_empty() {
        reader = Reader::new(bytes);
        fields = Fields::numbered(input.bytes);
        let mut index = 0;
        while !reader.is_empty() {
            let back = fields.enter_index(index);
            call(&mut fields, &mut reader, budget)?;
            fields.back(back);
            index += 1;
        }
    }
    fields.accept(budget)
}

/// A head with a method's name, and the struct after it.
fn call(fields: &mut Fields<'_>, reader: &mut Reader<'_>, budget: &mut Budget) -> Option<()> {
    /// Call, reply, exception, one-way.
    const KINDS: std::ops::RangeInclusive<u8> = 1..=4;
    let is_method = |name: &[u8]| sense::is_name(name).then_some(());
    let start = *reader;
    let first = reader.u16()?;
    let protocol = if first == 0x8001 {
        reader.u8()?;
        KINDS.contains(&reader.u8()?).then_some(())?;
        let length = usize::try_from(reader.u32()?).ok()?;
        is_method(reader.take(length)?)?;
        reader.u32()?;
        Protocol::Binary
    } else if first >> 8 == 0x82 && first & 0x1f == 1 && KINDS.contains(&(first.to_be_bytes()[1] >> 5)) {
        leb128::read(reader)?;
        let length = leb128::length(reader)?;
        let name = reader.take(length)?;
        is_method(name)?;
        Protocol::Compact
    } else {
        // Before versions: a name after its length, and the kind.
        *reader = start;
        let length = usize::try_from(reader.u32()?).ok()?;
        is_method(reader.take(length)?)?;
        KINDS.contains(&reader.u8()?).then_some(())?;
        reader.u32()?;
        Protocol::Binary
    };
    structure(fields, protocol, reader, Spot::default(), 0, budget)
}

fn open_struct(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let declared = input.declares(&["thrift"]);
    // A struct ends with its stop, and text holds no zeros.
    if input.bytes.last() != Some(&0) || !declared && input.is_text() {
        return None;
    }
    [Protocol::Binary, Protocol::Compact].into_iter().find_map(|protocol| {
        let mut fields = Fields::numbered(input.bytes);
        let mut reader = Reader::new(input.bytes);
        // What is only tried reaches no limit of the message.
        let mut trial = Budget::default();
        let limits = if declared { &mut *budget } else { &mut trial };
        structure(&mut fields, protocol, &mut reader, Spot::default(), 0, limits)?;
        let whole = reader.is_empty() && (declared || fields.evidence >= EVIDENCE);
        whole.then(|| fields.accept(budget)).flatten()
    })
}

fn structure(
    fields: &mut Fields<'_>,
    protocol: Protocol,
    reader: &mut Reader<'_>,
    outer: Spot<'_>,
    depth: usize,
    budget: &mut Budget,
) -> Option<()> {
    let depth = fields.deeper(depth, budget)?;
    let group = fields.group();
    let mut before = 0_i16;
    while let Some((id, kind)) = field(protocol, reader, before)? {
        if id > before {
            fields.evidence = fields.evidence.saturating_add(RISING);
        }
        before = id;
        // Ids under zero exist: old compilers gave them to fields without one.
        let back = fields.enter_number(u64::from(id.unsigned_abs()), 0);
        value(fields, protocol, kind, reader, Spot { key: outer.key, group, element: false }, depth, budget)?;
        fields.back(back);
    }
    Some(())
}

/// The head of the next field; `Some(None)` at the stop.
fn field(protocol: Protocol, reader: &mut Reader<'_>, before: i16) -> Option<Option<(i16, Kind)>> {
    let head = reader.u8()?;
    if head == 0 {
        return Some(None);
    }
    let id = match (protocol, head >> 4) {
        (Protocol::Binary, _) => i16::from_be_bytes(reader.array()?),
        (Protocol::Compact, 0) => i16::try_from(leb128::unfold(leb128::read(reader)?)).ok()?,
        (Protocol::Compact, delta) => before.checked_add(delta.into())?,
    };
    let kind = match protocol {
        Protocol::Binary => kind(protocol, head)?,
        Protocol::Compact => match head & 0x0f {
            truth @ 1..=2 => Kind::Truth(truth == 1),
            other => kind(protocol, other)?,
        },
    };
    Some(Some((id, kind)))
}

fn kind(protocol: Protocol, number: u8) -> Option<Kind> {
    Some(match (protocol, number) {
        (Protocol::Binary, 2) | (Protocol::Compact, 1 | 2) => Kind::Bool,
        (_, 3) => Kind::Byte,
        (Protocol::Binary, 4) | (Protocol::Compact, 7) => Kind::Double,
        (Protocol::Binary, 6) | (Protocol::Compact, 4) => Kind::I16,
        (Protocol::Binary, 8) | (Protocol::Compact, 5) => Kind::I32,
        (Protocol::Binary, 10) | (Protocol::Compact, 6) => Kind::I64,
        (Protocol::Binary, 11) | (Protocol::Compact, 8) => Kind::String,
        (_, 12) => Kind::Struct,
        (Protocol::Binary, 13) | (Protocol::Compact, 11) => Kind::Map,
        // Sets are written like lists.
        (Protocol::Binary, 14 | 15) | (Protocol::Compact, 9 | 10) => Kind::List,
        _ => return None,
    })
}

fn value(
    fields: &mut Fields<'_>,
    protocol: Protocol,
    kind: Kind,
    reader: &mut Reader<'_>,
    spot: Spot<'_>,
    depth: usize,
    budget: &mut Budget,
) -> Option<()> {
    let word = |truth| if truth { "true" } else { "false" };
    match kind {
        Kind::Truth(truth) => fields.word(spot, word(truth)),
        Kind::Bool => fields.word(spot, word(reader.u8()? == 1)),
        Kind::Byte => fields.number(spot, Number::Int(reader.u8()?.cast_signed().into()), ""),
        Kind::Double => {
            let bytes = reader.array()?;
            let number = match protocol {
                Protocol::Binary => f64::from_be_bytes(bytes),
                Protocol::Compact => f64::from_le_bytes(bytes),
            };
            fields.number(spot, Number::Double(number), "");
        }
        Kind::I16 | Kind::I32 | Kind::I64 => fields.number(spot, Number::Int(integer(protocol, kind, reader)?), ""),
        Kind::String => string(fields, spot, bytes(protocol, reader)?),
        Kind::Struct => structure(fields, protocol, reader, spot, depth, budget)?,
        Kind::List => list(fields, protocol, reader, spot, depth, budget)?,
        Kind::Map => map(fields, protocol, reader, spot, depth, budget)?,
    }
    Some(())
}

fn integer(protocol: Protocol, kind: Kind, reader: &mut Reader<'_>) -> Option<i64> {
    match (protocol, kind) {
        (Protocol::Compact, _) => leb128::read(reader).map(leb128::unfold),
        (Protocol::Binary, Kind::I16) => reader.array().map(|b| i16::from_be_bytes(b).into()),
        (Protocol::Binary, Kind::I32) => reader.array().map(|b| i32::from_be_bytes(b).into()),
        (Protocol::Binary, _) => reader.array().map(i64::from_be_bytes),
    }
}

/// Strings and binary data are one kind.
fn bytes<'a>(protocol: Protocol, reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = match protocol {
        Protocol::Binary => usize::try_from(reader.u32()?).ok()?,
        Protocol::Compact => leb128::length(reader)?,
    };
    reader.take(length)
}

fn string(fields: &mut Fields<'_>, spot: Spot<'_>, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(_) => fields.text(spot, bytes),
        Err(_) => fields.bytes(spot, bytes),
    }
}

fn list(
    fields: &mut Fields<'_>,
    protocol: Protocol,
    reader: &mut Reader<'_>,
    outer: Spot<'_>,
    depth: usize,
    budget: &mut Budget,
) -> Option<()> {
    let depth = fields.deeper(depth, budget)?;
    let head = reader.u8()?;
    let (kind, count) = match protocol {
        Protocol::Binary => (kind(protocol, head)?, usize::try_from(reader.u32()?).ok()?),
        Protocol::Compact => {
            let count = match head >> 4 {
                15 => leb128::length(reader)?,
                short => usize::from(short),
            };
            (kind(protocol, head & 0x0f)?, count)
        }
    };
    fields.list(outer, count, |fields, spot| value(fields, protocol, kind, reader, spot, depth, budget))
}

fn map(
    fields: &mut Fields<'_>,
    protocol: Protocol,
    reader: &mut Reader<'_>,
    outer: Spot<'_>,
    depth: usize,
    budget: &mut Budget,
) -> Option<()> {
    let depth = fields.deeper(depth, budget)?;
    let (key_kind, value_kind, count) = match protocol {
        Protocol::Binary => {
            let (keys, values) = (kind(protocol, reader.u8()?), kind(protocol, reader.u8()?));
            match usize::try_from(reader.u32()?).ok()? {
                // Writers put any kinds before nothing.
                0 => return Some(()),
                count => (keys?, values?, count),
            }
        }
        Protocol::Compact => match leb128::length(reader)? {
            0 => return Some(()),
            count => {
                let kinds = reader.u8()?;
                (kind(protocol, kinds >> 4)?, kind(protocol, kinds & 0x0f)?, count)
            }
        },
    };
    let group = fields.group();
    for index in 0..count {
        let (back, name) = match key_kind {
            Kind::String => {
                let name = String::from_utf8_lossy(bytes(protocol, reader)?);
                fields.evidence =
                    fields.evidence.saturating_add(if sense::is_text(name.as_bytes()) { bits(name.len()) } else { 0 });
                (fields.enter_name(&name), sense::is_name(name.as_bytes()).then(|| name.into_owned()))
            }
            Kind::I16 | Kind::I32 | Kind::I64 => {
                (fields.enter_name(&integer(protocol, key_kind, reader)?.to_string()), None)
            }
            _ => {
                let back = fields.enter_index(index);
                value(
                    fields,
                    protocol,
                    key_kind,
                    reader,
                    Spot { key: outer.key, group, element: true },
                    depth,
                    budget,
                )?;
                (back, None)
            }
        };
        let key = name.as_deref().or(outer.key);
        value(fields, protocol, value_kind, reader, Spot { key, group, element: false }, depth, budget)?;
        fields.back(back);
    }
    Some(())
}
