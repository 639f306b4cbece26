//! Leaves of binary structures: numbers become text, each in the readings it may have.
//!
//! Formats that write a number as bytes hide an identifier from whoever searches text: an
//! IMEI as a varint, a MAC address as six bytes, a place as two doubles. So each number is
//! a leaf of its own, written as people write it. Where a format does not say how a
//! number is meant, the step names the reading: `protobuf 3.1 hex`.
//!
//! Own code, and not the crates `rmpv`, `ciborium` or `bson`: these build a tree of all
//! values first (some 32 bytes for each byte of a hostile array), give no paths, and
//! what follows needs neither.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::budget::{self, Budget};
use super::sense;
use super::walk::{Inside, Opening};
use crate::secure::codec::Reader;

/// Bits of evidence that a structure nobody declared must have: how unlikely random
/// bytes of its length pass its checks. One in sixteen millions.
pub(super) const EVIDENCE: u32 = 24;
/// Numbers from this size on may be an identifier that is usually written in hex (a MAC
/// address, an Android ID); smaller ones are counts and times in seconds.
const HEX_FROM: u64 = 1 << 32;
/// Above this an identifier in hex has sixteen digits, below it twelve.
const LONG_HEX_FROM: u64 = 1 << 48;
/// Lengths of binary identifiers and digests: MAC address, Android ID, UUID and MD5, SHA-1, SHA-256.
const BINARY_IDS: [usize; 5] = [6, 8, 16, 20, 32];

/// Where a value stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spot<'a> {
    /// The name it bears.
    pub(super) key: Option<&'a str>,
    /// Number of the structure it is in.
    pub(super) group: u32,
    /// It is an element of a list.
    pub(super) element: bool,
}

/// A number as the format has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// Signed, of any width.
    Int(i64),
    /// Unsigned.
    Unsigned(u64),
    /// Binary32.
    Single(f32),
    /// Binary64.
    Double(f64),
}

/// Which numbers go together as a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Integer,
    Single,
    Double,
}

impl Kind {
    fn of(number: Number) -> Self {
        match number {
            Number::Int(_) | Number::Unsigned(_) => Self::Integer,
            Number::Single(_) => Self::Single,
            Number::Double(_) => Self::Double,
        }
    }
}

/// Collects the leaves of one binary value while it is read.
pub(super) struct Fields<'s> {
    source: &'s Bytes,
    /// The path to the value that is read at the moment.
    pub(super) path: String,
    parts: Vec<Inside>,
    groups: u32,
    /// Bytes made, to be charged when the reading is accepted.
    made: usize,
    /// A limit was reached: leaves are missing.
    full: bool,
    /// Evidence for the reading, in bits.
    pub(super) evidence: u32,
    /// A field bears a name that programmers give.
    names: bool,
    /// Adjacent numbers of a structure without names may be a place: the last one of each
    /// structure, with its path. `None` where the format has names.
    last: Option<BTreeMap<(u32, Kind), (String, Number)>>,
}

impl<'s> Fields<'s> {
    /// For a format whose fields have names; the path is one of JSON.
    pub(super) fn named(source: &'s Bytes) -> Self {
        Self { path: "$".to_owned(), last: None, ..Self::numbered(source) }
    }

    /// For a format whose fields have numbers.
    pub(super) fn numbered(source: &'s Bytes) -> Self {
        Self {
            source,
            path: String::new(),
            parts: Vec::new(),
            groups: 0,
            made: 0,
            full: false,
            evidence: 0,
            names: false,
            last: Some(BTreeMap::new()),
        }
    }

    /// A number for a structure.
    pub(super) fn group(&mut self) -> u32 {
        self.groups = self.groups.saturating_add(1);
        self.groups
    }

    /// Goes to the field of this number, the `count`th one of it; yields what [`Self::back`] needs.
    pub(super) fn enter_number(&mut self, number: u64, count: u32) -> usize {
        let before = self.path.len();
        if before > 0 {
            self.path.push('.');
        }
        self.path.push_str(&super::form::numbered(&number.to_string(), count));
        before
    }

    /// Goes to a field by its name.
    pub(super) fn enter_name(&mut self, name: &str) -> usize {
        let before = self.path.len();
        super::json::push_name(&mut self.path, name);
        if sense::is_name(name.as_bytes()) {
            self.evidence = self.evidence.saturating_add(bits(name.len()));
            self.names = true;
        }
        if let Some(heading) = Inside::heading(name).filter(|_| self.parts.len() < budget::LEAVES) {
            self.made = self.made.saturating_add(name.len());
            self.parts.push(heading);
        }
        before
    }

    /// One level down; `None` at the limit.
    pub(super) fn deeper(&self, depth: usize, budget: &mut Budget) -> Option<usize> {
        if depth >= budget::NESTING {
            budget.reach("structures inside each other", budget::NESTING);
            return None;
        }
        Some(depth + 1)
    }

    /// Goes to an element of a list.
    pub(super) fn enter_index(&mut self, index: usize) -> usize {
        let before = self.path.len();
        self.path.push_str(&format!("[{index}]"));
        before
    }

    /// The `count` elements of the list at `outer`, of which `read` reads one after the other.
    pub(super) fn list(
        &mut self,
        outer: Spot<'_>,
        count: usize,
        mut read: impl FnMut(&mut Self, Spot<'_>) -> Option<()>,
    ) -> Option<()> {
        let group = self.group();
        for index in 0..count {
            let back = self.enter_index(index);
            read(self, Spot { key: outer.key, group, element: true })?;
            self.back(back);
        }
        Some(())
    }

    /// Goes back to where the path had this length.
    pub(super) fn back(&mut self, length: usize) {
        self.path.truncate(length);
    }

    /// At least one field bears a name.
    pub(super) fn has_names(&self) -> bool {
        self.names
    }

    /// No more leaves are taken.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// A string of the format, which may hold another encoding.
    pub(super) fn text(&mut self, spot: Spot<'_>, text: &[u8]) {
        if sense::is_text(text) {
            self.evidence = self.evidence.saturating_add(bits(text.len()));
        }
        let bytes = self.source.slice_ref(text);
        self.push(spot, "", bytes, false, None);
    }

    /// Bytes that the format does not call text.
    pub(super) fn bytes(&mut self, spot: Spot<'_>, bytes: &[u8]) {
        self.declared(spot, bytes, None);
    }

    /// Bytes of which the container says what they are.
    pub(super) fn declared(&mut self, spot: Spot<'_>, bytes: &[u8], media_type: Option<&str>) {
        let own = self.source.slice_ref(bytes);
        self.evidence = self.evidence.saturating_add(sense::head_bits(bytes));
        self.push(spot, "", own, false, media_type.map(str::to_owned));
        if BINARY_IDS.contains(&bytes.len()) && !sense::is_text(bytes) {
            let hex = data_encoding::HEXLOWER.encode(bytes);
            self.push(spot, "hex", hex.into(), true, None);
        }
    }

    /// A string that is not among the bytes as such: in UTF-16, in pieces, in hex elsewhere.
    pub(super) fn made(&mut self, spot: Spot<'_>, text: impl Into<Vec<u8>>) {
        let text = text.into();
        if sense::is_text(&text) {
            self.evidence = self.evidence.saturating_add(bits(text.len()));
        }
        self.made = self.made.saturating_add(text.len());
        self.push(spot, "", text.into(), false, None);
    }

    /// A truth value, or the absence of one, as JSON writes it.
    pub(super) fn word(&mut self, spot: Spot<'_>, word: &'static str) {
        self.push(spot, "", Bytes::from_static(word.as_bytes()), true, None);
    }

    /// A number; `reading` says how it was read where the format leaves that open.
    pub(super) fn number(&mut self, spot: Spot<'_>, number: Number, reading: &str) {
        self.push(spot, reading, written(number).into(), true, None);
        let unsigned = match number {
            Number::Int(n) => n.cast_unsigned(),
            Number::Unsigned(n) => n,
            Number::Single(_) | Number::Double(_) => 0,
        };
        if unsigned >= HEX_FROM && !matches!(number, Number::Int(n) if n > -(HEX_FROM.cast_signed()) && n < 0) {
            let hex = match unsigned < LONG_HEX_FROM {
                true => format!("{unsigned:012x}"),
                false => format!("{unsigned:016x}"),
            };
            self.push(spot, "hex", hex.into(), true, None);
        }
        self.pair(spot, number);
    }

    /// A further reading of a number, or an element of a list.
    pub(super) fn reading(&mut self, spot: Spot<'_>, number: Number, reading: &str) {
        self.push(spot, reading, written(number).into(), true, None);
    }

    /// Two numbers of a kind side by side that may be a place: one more leaf, with a comma
    /// between, so that they are compared as a point.
    fn pair(&mut self, spot: Spot<'_>, number: Number) {
        let Some(last) = &mut self.last else { return };
        let before = last.insert((spot.group, Kind::of(number)), (self.path.clone(), number));
        let Some((path, before)) = before else { return };
        for (reading, text) in places(before, number) {
            let argument = format!("{path},{} {reading}", self.path);
            self.add(spot, argument, text.into(), true, None);
        }
    }

    fn push(&mut self, spot: Spot<'_>, reading: &str, bytes: Bytes, scalar: bool, declared: Option<String>) {
        let argument = match reading {
            "" => self.path.clone(),
            reading => format!("{} {reading}", self.path),
        };
        self.add(spot, argument, bytes, scalar, declared);
    }

    fn add(&mut self, spot: Spot<'_>, argument: String, bytes: Bytes, scalar: bool, declared: Option<String>) {
        let cost = argument.len() + spot.key.map_or(0, str::len) + if scalar { bytes.len() } else { 0 };
        if self.parts.len() >= budget::LEAVES || self.made.saturating_add(cost) > budget::DECODED_BYTES {
            self.full = true;
            return;
        }
        self.made += cost;
        self.parts.push(Inside {
            argument: Some(argument).filter(|a| !a.is_empty()),
            key: spot.key.map(str::to_owned),
            bytes,
            group: spot.group,
            element: spot.element,
            scalar,
            declared,
            ..Inside::default()
        });
    }

    /// Accepts the reading. Where leaves are missing, the whole value is searched as well.
    pub(super) fn accept(self, budget: &mut Budget) -> Option<Opening> {
        if self.full {
            budget.reach("values in one message", budget::LEAVES);
        }
        budget.bytes(self.made).then_some(Opening { parts: self.parts, keep: self.full })
    }
}

/// The fields of one value that fills `source`, or of a row of values that do (`$[0]`, `$[1]` …). `value` reads
/// the next one. `None` where one does not parse.
pub(super) fn one_or_row<'s>(
    source: &'s Bytes,
    mut value: impl FnMut(&mut Fields<'s>, &mut Reader<'s>) -> Option<()>,
) -> Option<Fields<'s>> {
    let (mut fields, mut reader) = (Fields::named(source), Reader::new(source));
    value(&mut fields, &mut reader)?;
    if reader.is_empty() {
        return Some(fields);
    }
    // The paths of a row are others from the first value on.
    (fields, reader) = (Fields::named(source), Reader::new(source));
    let mut index = 0;
    while !reader.is_empty() {
        let back = fields.enter_index(index);
        value(&mut fields, &mut reader)?;
        fields.back(back);
        index += 1;
    }
    Some(fields)
}

/// Bits of evidence in a text of this length: a random byte is one of text in 3 of 8 cases.
pub(super) fn bits(length: usize) -> u32 {
    u32::try_from(length.min(1 << 16)).unwrap_or(0) * 7 / 5
}

/// A double that someone may mean: not one of the many that are next to nothing or huge.
/// One random double in forty passes.
pub(super) fn is_usual(number: f64) -> bool {
    number == 0.0 || (1e-6..1e10).contains(&number.abs())
}

fn written(number: Number) -> String {
    match number {
        Number::Int(n) => n.to_string(),
        Number::Unsigned(n) => n.to_string(),
        Number::Single(n) if is_usual(f64::from(n)) => n.to_string(),
        Number::Double(n) if is_usual(n) => n.to_string(),
        // `{}` would write all of up to 308 digits.
        Number::Single(n) => format!("{n:e}"),
        Number::Double(n) => format!("{n:e}"),
    }
}

/// The ways two numbers can be coordinates: as they are, or integers of millionths (E6)
/// or ten-millionths (E7) of a degree, in the sign of two's complement or zigzag.
fn places(a: Number, b: Number) -> Vec<(&'static str, String)> {
    /// A scaled integer under this is a count: 0.1 degrees.
    const SMALLEST: i64 = 100_000;
    let degrees = |n: f64| n != 0.0 && n.abs() <= 180.0;
    let fraction = |n: f64| n.fract() != 0.0;
    match (a, b) {
        (Number::Double(x), Number::Double(y)) if degrees(x) && degrees(y) && fraction(x) && fraction(y) => {
            vec![("double", format!("{x},{y}"))]
        }
        (Number::Single(x), Number::Single(y)) => {
            let (wide_x, wide_y) = (f64::from(x), f64::from(y));
            let is_place = degrees(wide_x) && degrees(wide_y) && fraction(wide_x) && fraction(wide_y);
            is_place.then(|| ("float", format!("{x},{y}"))).into_iter().collect()
        }
        _ => {
            let (Some(x), Some(y)) = (integer(a), integer(b)) else { return Vec::new() };
            let zigzag = |n: i64| (n.cast_unsigned() >> 1).cast_signed() ^ -(n & 1);
            [("e7", 7_usize, false), ("e6", 6, false), ("zigzag e7", 7, true), ("zigzag e6", 6, true)]
                .into_iter()
                .filter_map(|(name, decimals, folded)| {
                    let (x, y) = if folded { (zigzag(x), zigzag(y)) } else { (x, y) };
                    let limit = 180 * 10_i64.pow(u32::try_from(decimals).unwrap_or(0));
                    let fits = |n: i64| (SMALLEST..=limit).contains(&n.saturating_abs());
                    (fits(x) && fits(y)).then(|| (name, format!("{},{}", scaled(x, decimals), scaled(y, decimals))))
                })
                .collect()
        }
    }
}

fn integer(number: Number) -> Option<i64> {
    match number {
        Number::Int(n) => Some(n),
        Number::Unsigned(n) => i64::try_from(n).ok(),
        Number::Single(_) | Number::Double(_) => None,
    }
}

/// 312304160 with seven decimals is `31.2304160`.
fn scaled(n: i64, decimals: usize) -> String {
    let digits = format!("{:0width$}", n.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at_checked(digits.len() - decimals).unwrap_or((&digits, ""));
    format!("{}{whole}.{fraction}", if n < 0 { "-" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_full() {
        assert_eq!(written(Number::Double(121.473701)), "121.473701");
        assert_eq!(written(Number::Double(f64::MIN_POSITIVE)), "2.2250738585072014e-308");
        assert_eq!(written(Number::Unsigned(u64::MAX)), "18446744073709551615");
        assert_eq!(scaled(-1_214_737_010, 7), "-121.4737010");
        assert_eq!(scaled(312, 6), "0.000312");
    }

    #[test]
    fn two_numbers_side_by_side_may_be_a_place() {
        let places = |a, b| places(a, b).into_iter().map(|(n, t)| format!("{n} {t}")).collect::<Vec<_>>();
        assert_eq!(places(Number::Double(31.230416), Number::Double(121.473701)), ["double 31.230416,121.473701"]);
        assert_eq!(places(Number::Double(1.0), Number::Double(121.473701)), Vec::<String>::new());
        let e7 = places(Number::Unsigned(312_304_160), Number::Unsigned(1_214_737_010));
        assert!(e7.contains(&"e7 31.2304160,121.4737010".to_owned()), "{e7:?}");
        assert_eq!(places(Number::Unsigned(3), Number::Unsigned(1)), Vec::<String>::new());
    }
}
