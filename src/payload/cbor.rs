//! CBOR (RFC 8949), with indefinite lengths, and CBOR sequences (RFC 8742).
//!
//! Accepts a body whose media type names it (`application/cbor`, `…+cbor`), and an undeclared
//! value that is a map, or an array with one inside, from end to end, with names for keys
//! and `EVIDENCE` in its texts; the tag 55799 in front says it as well. Tags are passed over;
//! a byte string under tag 24 is CBOR again.
//!
//! Limits: `budget::NESTING`, `budget::LEAVES`. Lengths are only believed as far as
//! there are bytes.

use super::budget::Budget;
use super::clue::Clue;
use super::fields::{self, EVIDENCE, Fields, Number, Spot};
use super::walk::{Input, Opener, Opening};
use crate::secure::codec::Reader;

pub(super) const CBOR: Opener = Opener { name: "cbor", clue: Clue::Binary, open };

/// Tag 55799, "self-described CBOR" (RFC 8949 §3.4.6).
const SELF_DESCRIBED: &[u8] = &[0xd9, 0xd9, 0xf7];

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let declared = input.declares(&["cbor"]) || input.bytes.starts_with(SELF_DESCRIBED);
    // A map or an array, which no text begins with.
    if !declared && !matches!(input.bytes.first(), Some(0x80..=0xbf)) {
        return None;
    }
    let fields = fields::one_or_row(input.bytes, |fields, reader| item(fields, reader, Spot::default(), 0, budget))?;
    let evident = declared || fields.has_names() && fields.evidence >= EVIDENCE;
    evident.then(|| fields.accept(budget)).flatten()
}

/// The head of an item (RFC 8949 §3): its major type, and its argument. `None` as the
/// argument is an indefinite length, or the end of one.
struct Head {
    major: u8,
    additional: u8,
    argument: Option<u64>,
}

fn head(reader: &mut Reader<'_>) -> Option<Head> {
    let first = reader.u8()?;
    let additional = first & 0x1f;
    let argument = match additional {
        n @ 0..=23 => Some(n.into()),
        24 => Some(reader.u8()?.into()),
        25 => Some(reader.u16()?.into()),
        26 => Some(reader.u32()?.into()),
        27 => Some(reader.u64()?),
        31 => None,
        _ => return None,
    };
    Some(Head { major: first >> 5, additional, argument })
}

fn item(
    fields: &mut Fields<'_>,
    reader: &mut Reader<'_>,
    spot: Spot<'_>,
    depth: usize,
    budget: &mut Budget,
) -> Option<()> {
    let mut embedded = false;
    let head = loop {
        let head = head(reader)?;
        if head.major != 6 {
            break head;
        }
        // RFC 8949 §3.4.5.1: encoded CBOR. Other tags say how a value is meant, which it shows itself.
        embedded = head.argument == Some(24);
    };
    match (head.major, head.argument) {
        (0, Some(n)) => fields.number(spot, Number::Unsigned(n), ""),
        (1, Some(n)) => fields.number(spot, Number::Int(i64::try_from(n).ok().map_or(i64::MIN, |n| -1 - n)), ""),
        (2, Some(n)) => {
            let bytes = reader.take(usize::try_from(n).ok()?)?;
            fields.declared(spot, bytes, embedded.then_some("application/cbor"));
        }
        (3, Some(n)) => fields.text(spot, reader.take(usize::try_from(n).ok()?)?),
        (2 | 3, None) => fields.made(spot, chunks(reader, head.major)?),
        (4, count) => array(fields, reader, count, spot, depth, budget)?,
        (5, count) => map(fields, reader, count, spot, depth, budget)?,
        (7, Some(n)) => match head.additional {
            20 => fields.word(spot, "false"),
            21 => fields.word(spot, "true"),
            22 | 23 => fields.word(spot, "null"),
            25 => fields.number(spot, Number::Single(half(u16::try_from(n).ok()?)), ""),
            26 => fields.number(spot, Number::Single(f32::from_bits(u32::try_from(n).ok()?)), ""),
            27 => fields.number(spot, Number::Double(f64::from_bits(n)), ""),
            _ => return None,
        },
        _ => return None,
    }
    Some(())
}

/// The pieces of a string of indefinite length, put together.
fn chunks(reader: &mut Reader<'_>, major: u8) -> Option<Vec<u8>> {
    let mut joined = Vec::new();
    while !ends(reader) {
        let head = head(reader).filter(|h| h.major == major)?;
        joined.extend_from_slice(reader.take(usize::try_from(head.argument?).ok()?)?);
    }
    Some(joined)
}

/// The "break" that ends an indefinite length is next, and is read.
fn ends(reader: &mut Reader<'_>) -> bool {
    let mut ahead = *reader;
    let end = ahead.u8() == Some(0xff);
    if end {
        *reader = ahead;
    }
    end
}

fn array(
    fields: &mut Fields<'_>,
    reader: &mut Reader<'_>,
    count: Option<u64>,
    outer: Spot<'_>,
    depth: usize,
    budget: &mut Budget,
) -> Option<()> {
    let depth = fields.deeper(depth, budget)?;
    let group = fields.group();
    let mut index = 0;
    while !at_end(reader, count, index) {
        let back = fields.enter_index(usize::try_from(index).ok()?);
        item(fields, reader, Spot { key: outer.key, group, element: true }, depth, budget)?;
        fields.back(back);
        index += 1;
    }
    Some(())
}

fn at_end(reader: &mut Reader<'_>, count: Option<u64>, index: u64) -> bool {
    match count {
        Some(count) => index >= count,
        None => ends(reader),
    }
}

fn map(
    fields: &mut Fields<'_>,
    reader: &mut Reader<'_>,
    count: Option<u64>,
    outer: Spot<'_>,
    depth: usize,
    budget: &mut Budget,
) -> Option<()> {
    let depth = fields.deeper(depth, budget)?;
    let group = fields.group();
    let mut index = 0;
    while !at_end(reader, count, index) {
        let head = head(reader)?;
        let (name, is_name) = match (head.major, head.argument) {
            (0, Some(n)) => (n.to_string(), false),
            (1, Some(n)) => (format!("-{}", n.saturating_add(1)), false),
            (2 | 3, Some(n)) => {
                let text = reader.take(usize::try_from(n).ok()?)?;
                (std::str::from_utf8(text).ok()?.to_owned(), true)
            }
            (3, None) => (String::from_utf8(chunks(reader, 3)?).ok()?, true),
            _ => return None,
        };
        let back = fields.enter_name(&name);
        let key = if is_name { Some(name.as_str()) } else { outer.key };
        item(fields, reader, Spot { key, group, element: false }, depth, budget)?;
        fields.back(back);
        index += 1;
    }
    Some(())
}

/// IEEE 754 binary16 (RFC 8949, appendix D).
fn half(bits: u16) -> f32 {
    let (sign, exponent, mantissa) = (bits >> 15, i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    let size = match exponent {
        0 => mantissa * 2_f32.powi(-24),
        31 if mantissa == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (mantissa + 1024.0) * 2_f32.powi(exponent - 25),
    };
    if sign == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8949, appendix A.
    #[test]
    fn half_precision() {
        for (bits, value) in
            [(0x3c00, 1.0), (0x3e00, 1.5), (0x7bff, 65_504.0), (0x0001, 5.960_464_5e-8), (0xc400, -4.0)]
        {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan() && half(0xfc00) == f32::NEG_INFINITY);
    }
}
