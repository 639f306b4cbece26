//! Protocol Buffers without a schema (protobuf.dev, "Encoding").
//!
//! Accepts a body whose media type names it, and any value that parses from end to end
//! with low field numbers, one wire type for each number, and strings that are text:
//! `EVIDENCE` bits together. What is text is never tried without a declaration, nor
//! are groups taken then. A declared body that ends in the middle yields the fields
//! before, and is searched as a whole besides. So does one that is a row of messages,
//! each after its length.
//!
//! The step's argument is the way in field numbers, `protobuf 3.1.2`; the second field of
//! a number is `3[1]`. A message that is a name and a value (an entry of a map) gives the
//! value that name. The wire tells neither signs nor kinds, so the argument goes on with
//! the reading where it is not the plain one: `3.1 double`, `3.1 hex`.
//!
//! Limits: `budget::NESTING` messages inside each other, `budget::LEAVES` values.

use std::collections::BTreeMap;

use super::budget::{self, Budget};
use super::clue::Clue;
use super::fields::{EVIDENCE, Fields, Number, Spot, bits, is_usual};
use super::walk::{Input, Opener, Opening};
use super::{leb128, sense};
use crate::evidence::GapReason;
use crate::secure::codec::Reader;

pub(super) const PROTOBUF: Opener = Opener { name: "protobuf", clue: Clue::Binary, open };

/// Largest number that a field has in a message nobody declared. The format allows 2²⁹ − 1;
/// people number their fields from 1, and extensions from 1,000.
const LARGEST_NUMBER: u32 = 4_096;
/// Bits that a field says for its message when its number is above the one before. The same
/// number again says nothing: any two bytes repeated would be evidence.
const RISING: u32 = 2;
/// Bits of a double, and of a float, that someone may mean ([`is_usual`]).
const USUAL_DOUBLE: u32 = 5;
const USUAL_FLOAT: u32 = 3;

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    // `application/x-protobuf`, `application/vnd.google.protobuf`, `application/proto` (Connect) …
    let declared = input.declares(&["protobuf", "/proto", "+proto"]);
    if !declared && (input.is_text() || !is_evident(input.bytes)) {
        return None;
    }
    let mut fields = Fields::numbered(input.bytes);
    let whole = message(&mut fields, input.bytes, Spot::default(), 0, budget);
    if whole {
        return fields.accept(budget);
    }
    // Declared: a row of messages, or one that was cut.
    if let Some(messages) = delimited(input.bytes) {
        let mut fields = Fields::numbered(input.bytes);
        for (index, bytes) in messages.into_iter().enumerate() {
            let back = fields.enter_index(index);
            message(&mut fields, bytes, Spot::default(), 0, budget);
            fields.back(back);
        }
        return fields.accept(budget);
    }
    let opening = fields.accept(budget).filter(|o| !o.parts.is_empty())?;
    budget.close(GapReason::Undecodable, "a protobuf message that was cut or is damaged: read as far as it goes");
    Some(Opening { keep: true, ..opening })
}

/// Nobody says so, and it is one all the same.
pub(super) fn is_evident(bytes: &[u8]) -> bool {
    !sense::is_text(bytes) && evidence(bytes, 0).is_some_and(|bits| bits >= EVIDENCE)
}

/// A field as the wire has it.
#[derive(Clone, Copy, Debug)]
enum Wire<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Length(&'a [u8]),
    /// What stands between the tags of a group.
    Group(&'a [u8]),
    Fixed32([u8; 4]),
}

impl Wire<'_> {
    fn kind(self) -> u8 {
        match self {
            Self::Varint(_) => 0,
            Self::Fixed64(_) => 1,
            Self::Length(_) => 2,
            Self::Group(_) => 3,
            Self::Fixed32(_) => 5,
        }
    }
}

/// The next field; `None` at an error.
fn field<'a>(reader: &mut Reader<'a>) -> Option<(u32, Wire<'a>)> {
    let (number, kind) = tag(reader)?;
    let wire = match kind {
        0 => Wire::Varint(leb128::read(reader)?),
        1 => Wire::Fixed64(reader.array()?),
        2 => {
            let length = leb128::length(reader)?;
            Wire::Length(reader.take(length)?)
        }
        3 => Wire::Group(group(reader, number)?),
        5 => Wire::Fixed32(reader.array()?),
        _ => return None,
    };
    Some((number, wire))
}

fn tag(reader: &mut Reader<'_>) -> Option<(u32, u64)> {
    let tag = leb128::read(reader)?;
    let number = u32::try_from(tag >> 3).ok().filter(|n| (1..1 << 29).contains(n))?;
    Some((number, tag & 7))
}

/// Up to the end tag of the group `number`, which is read.
fn group<'a>(reader: &mut Reader<'a>, number: u32) -> Option<&'a [u8]> {
    let start = reader.rest();
    let mut open = vec![number];
    while let Some(innermost) = open.last().copied() {
        let before = reader.left();
        let (number, kind) = tag(reader)?;
        match kind {
            0 => drop(leb128::read(reader)?),
            1 => drop(reader.take(8)?),
            2 => {
                let length = leb128::length(reader)?;
                reader.take(length)?;
            }
            3 if open.len() < budget::NESTING => open.push(number),
            4 if number == innermost => drop(open.pop()),
            5 => drop(reader.take(4)?),
            _ => return None,
        }
        if open.is_empty() {
            return start.get(..start.len() - before);
        }
    }
    None
}

/// What speaks for a message that nobody declared; `None` when it cannot be one.
fn evidence(bytes: &[u8], depth: usize) -> Option<u32> {
    if depth >= budget::NESTING {
        return None;
    }
    let mut reader = Reader::new(bytes);
    let mut sum: u32 = 0;
    let mut before = 0;
    let mut kinds: BTreeMap<u32, u8> = BTreeMap::new();
    while !reader.is_empty() {
        let (number, wire) = field(&mut reader).filter(|(number, _)| *number <= LARGEST_NUMBER)?;
        if *kinds.entry(number).or_insert(wire.kind()) != wire.kind() {
            return None;
        }
        sum = sum.saturating_add(if number > before { RISING } else { 0 });
        before = number;
        sum = sum.saturating_add(match wire {
            Wire::Group(_) => return None,
            Wire::Length(text) if sense::is_text(text) => bits(text.len()),
            Wire::Length(inner) => evidence(inner, depth + 1).unwrap_or(0).max(sense::head_bits(inner)),
            Wire::Fixed64(b) if is_usual(f64::from_le_bytes(b)) => USUAL_DOUBLE,
            Wire::Fixed32(b) if is_usual(f32::from_le_bytes(b).into()) => USUAL_FLOAT,
            Wire::Varint(_) | Wire::Fixed64(_) | Wire::Fixed32(_) => 0,
        });
    }
    (!bytes.is_empty()).then_some(sum)
}

/// A field of a known message holds a message: its own fields parse, with one wire type for
/// each number. Its inner ones are looked at when it is read.
fn is_message(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let mut kinds: BTreeMap<u32, u8> = BTreeMap::new();
    while !reader.is_empty() {
        match field(&mut reader) {
            Some((number, wire)) if number <= LARGEST_NUMBER => {
                if *kinds.entry(number).or_insert(wire.kind()) != wire.kind() {
                    return false;
                }
            }
            _ => return false,
        }
    }
    !bytes.is_empty()
}

/// Reads a message as far as it goes; it went to its end.
fn message(fields: &mut Fields<'_>, bytes: &[u8], outer: Spot<'_>, depth: usize, budget: &mut Budget) -> bool {
    let group = fields.group();
    let name = entry_name(bytes);
    let mut reader = Reader::new(bytes);
    let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
    while !reader.is_empty() {
        if fields.is_full() {
            return true;
        }
        let Some((number, wire)) = field(&mut reader) else { return false };
        let count = counts.entry(number).or_default();
        let back = fields.enter_number(number.into(), *count);
        *count += 1;
        let key = match name {
            Some(name) if number != 1 => Some(name),
            Some(_) => None,
            None => outer.key,
        };
        value(fields, wire, Spot { key, group, element: false }, depth, budget);
        fields.back(back);
    }
    true
}

/// The first of two fields is number 1 and a name: an entry of a map, a key with its value.
fn entry_name(bytes: &[u8]) -> Option<&str> {
    let mut reader = Reader::new(bytes);
    let (1, Wire::Length(name)) = field(&mut reader)? else { return None };
    let (2.., _) = field(&mut reader)? else { return None };
    (reader.is_empty() && sense::is_name(name)).then(|| std::str::from_utf8(name).ok()).flatten()
}

fn value(fields: &mut Fields<'_>, wire: Wire<'_>, spot: Spot<'_>, depth: usize, budget: &mut Budget) {
    match wire {
        // Negative numbers of either kind have all ten bytes.
        Wire::Varint(n) if n >> 63 == 1 => {
            fields.number(spot, Number::Int(n.cast_signed()), "");
        }
        Wire::Varint(n) => {
            /// Only an identifier that was written as `sint64` is so big when folded.
            const FOLDED_FROM: u64 = 1 << 32;
            fields.number(spot, Number::Unsigned(n), "");
            if n >= FOLDED_FROM {
                fields.reading(spot, Number::Int(leb128::unfold(n)), "zigzag");
            }
        }
        Wire::Fixed64(b) => {
            let (double, integer) = (f64::from_le_bytes(b), u64::from_le_bytes(b));
            if is_usual(double) && integer != 0 {
                fields.number(spot, Number::Double(double), "double");
            }
            fields.number(spot, Number::Unsigned(integer), "fixed64");
        }
        Wire::Fixed32(b) => {
            let (single, integer) = (f32::from_le_bytes(b), i32::from_le_bytes(b));
            if is_usual(single.into()) && integer != 0 {
                fields.number(spot, Number::Single(single), "float");
            }
            fields.number(spot, Number::Int(integer.into()), "fixed32");
        }
        Wire::Group(inner) => nested(fields, inner, spot, depth, budget),
        Wire::Length(text) if is_string(text) => fields.text(spot, text),
        Wire::Length(inner) if is_message(inner) => nested(fields, inner, spot, depth, budget),
        Wire::Length(bytes) => {
            packed(fields, bytes, spot);
            fields.bytes(spot, bytes);
        }
    }
}

fn nested(fields: &mut Fields<'_>, inner: &[u8], spot: Spot<'_>, depth: usize, budget: &mut Budget) {
    if depth + 1 < budget::NESTING {
        message(fields, inner, spot, depth + 1, budget);
    } else {
        budget.reach("structures inside each other", budget::NESTING);
        fields.bytes(spot, inner);
    }
}

/// A string: UTF-8 of any script without control characters. Text that begins with a line
/// end or a tab and parses is a message: these are the tags of a first field.
fn is_string(bytes: &[u8]) -> bool {
    let usual = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(usual))
        && !(matches!(bytes, [b'\t' | b'\n' | b'\r', ..]) && is_message(bytes))
}

/// A packed list of numbers, as far as they may be identifiers or places: varints of which
/// one is big, doubles or floats that all are usual.
fn packed(fields: &mut Fields<'_>, bytes: &[u8], spot: Spot<'_>) {
    /// Smaller ones are enumerations, indexes and pixels.
    const BIG: u64 = 1 << 32;
    let group = fields.group();
    let spot = Spot { key: spot.key, group, element: true };
    let mut emit = |numbers: Vec<Number>, reading: &str| {
        for (index, number) in numbers.into_iter().enumerate() {
            let back = fields.enter_index(index);
            fields.reading(spot, number, reading);
            fields.back(back);
        }
    };
    if let Some(numbers) = varints(bytes).filter(|numbers| numbers.iter().any(|n| *n >= BIG)) {
        return emit(numbers.into_iter().map(Number::Unsigned).collect(), "varint");
    }
    let (eights, rest) = bytes.as_chunks::<8>();
    let doubles: Vec<f64> = eights.iter().map(|b| f64::from_le_bytes(*b)).collect();
    if rest.is_empty() && doubles.iter().all(|n| is_usual(*n)) {
        return emit(doubles.into_iter().map(Number::Double).collect(), "double");
    }
    let (fours, rest) = bytes.as_chunks::<4>();
    let singles: Vec<f32> = fours.iter().map(|b| f32::from_le_bytes(*b)).collect();
    if rest.is_empty() && singles.iter().all(|n| is_usual((*n).into())) {
        emit(singles.into_iter().map(Number::Single).collect(), "float");
    }
}

/// All of it, as varints.
fn varints(bytes: &[u8]) -> Option<Vec<u64>> {
    let mut reader = Reader::new(bytes);
    let mut numbers = Vec::new();
    while !reader.is_empty() && numbers.len() < budget::LEAVES {
        numbers.push(leb128::read(&mut reader)?);
    }
    Some(numbers)
}

/// Messages each after its length as a varint, to the end (`writeDelimitedTo`).
fn delimited(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut reader = Reader::new(bytes);
    let mut messages = Vec::new();
    while !reader.is_empty() {
        let length = leb128::length(&mut reader)?;
        let message = reader.take(length).filter(|m| m.is_empty() || is_message(m))?;
        if messages.len() < budget::FIELDS {
            messages.push(message);
        }
    }
    Some(messages)
}
