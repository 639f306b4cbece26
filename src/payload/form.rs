//! `application/x-www-form-urlencoded` (WHATWG URL §5): queries and forms.
//!
//! A value that nobody declared to be one must look like it from end to end.

use std::collections::BTreeMap;

use bytes::Bytes;
use percent_encoding::percent_decode;

use super::budget::{self, Budget};
use super::clue::{Ascii, Clue};
use super::walk::{Input, Inside, Opener, Opening};
use super::{packed, sense};

pub(super) const FORM: Opener = Opener { name: "form", clue: Clue::Has(Ascii::of(b"=")), open };

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let declared = input.is_declared("application/x-www-form-urlencoded");
    let looks = || {
        let pieces = || input.bytes.split(|b| *b == b'&').filter(|p| !p.is_empty());
        let pair = |piece: &[u8]| {
            piece.iter().position(|b| *b == b'=').is_some_and(|at| piece.get(..at).is_some_and(sense::is_name))
        };
        // One pair alone may be anything that ends in `=`, base64 for one, or several with other marks between.
        let packed = || std::str::from_utf8(input.bytes).is_ok_and(|text| packed::marks(text).is_some());
        let enough = pieces().count() >= 2 || input.body && !input.bytes.ends_with(b"=") && !packed();
        enough && pieces().all(pair) && sense::is_text(input.bytes)
    };
    let with_pair = input.bytes.contains(&b'=');
    (with_pair && (declared || looks())).then(|| Opening { parts: pairs(input.bytes, budget), keep: false })
}

/// Name and value of each pair, decoded. The second `id` is called `id[1]`, as a step says it.
pub(super) fn pairs(bytes: &Bytes, budget: &mut Budget) -> Vec<Inside> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut pairs = Vec::new();
    for piece in bytes.split(|b| *b == b'&').filter(|p| !p.is_empty()) {
        if pairs.len() >= budget::FIELDS {
            budget.reach("fields of one form", budget::FIELDS);
            break;
        }
        let at = piece.iter().position(|b| *b == b'=').unwrap_or(piece.len());
        let (name, value) = (piece.get(..at).unwrap_or_default(), piece.get(at + 1..).unwrap_or_default());
        let value = decode(bytes, value);
        let name = String::from_utf8_lossy(&decode(bytes, name)).into_owned();
        if !budget.bytes(name.len() + value.len()) {
            break;
        }
        let count = seen.entry(name.clone()).or_default();
        let argument = numbered(&name, *count);
        *count += 1;
        pairs.push(Inside { argument: Some(argument), key: Some(name), bytes: value, ..Inside::default() });
    }
    pairs
}

/// The name of the `count`th field of this name.
pub(super) fn numbered(name: &str, count: u32) -> String {
    match count {
        0 => name.to_owned(),
        n => format!("{name}[{n}]"),
    }
}

/// Without `%` and `+` a slice of the source.
fn decode(source: &Bytes, piece: &[u8]) -> Bytes {
    if !piece.iter().any(|b| matches!(b, b'%' | b'+')) {
        return source.slice_ref(piece);
    }
    let spaced: Vec<u8> = piece.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    Bytes::from(percent_decode(&spaced).collect::<Vec<u8>>())
}
