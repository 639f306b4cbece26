//! Strings that pack several values: `k=v##k=v`, `a=b|c=d`, `k:v,k:v`.

use bytes::Bytes;

use super::budget::{self, Budget};
use super::clue::{Ascii, Clue};
use super::sense;
use super::walk::{Input, Inside, Opener, Opening};
use crate::shape;

/// Separators in the order they are tried; seen in Sensors, AMap, and log lines.
const SEPARATORS: &[&str] = &["##", "|", ";", "\n", "\t", ","];

pub(super) const PACKED: Opener = Opener { name: "packed", clue: Clue::Has(Ascii::of(b"=:")), open };

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let text = std::str::from_utf8(input.bytes).ok()?;
    let (separator, sign) = marks(text)?;
    let pieces = || text.split(separator).filter(|p| !p.trim().is_empty());
    let parts: Vec<Inside> = pieces()
        .take(budget::FIELDS)
        .filter_map(|piece| piece.split_once(sign))
        .map(|(name, value)| Inside {
            argument: Some(name.trim().to_owned()),
            key: Some(name.trim().to_owned()),
            bytes: slice(input.bytes, value.trim()),
            ..Inside::default()
        })
        .collect();
    // What stands behind the limit is searched with the whole.
    let keep = pieces().nth(budget::FIELDS).is_some();
    if keep {
        budget.reach("pieces of one text", budget::FIELDS);
    }
    budget.bytes(text.len()).then_some(Opening { parts, keep })
}

/// What separates the pieces of `text`, and what stands after the name in each.
pub(super) fn marks(text: &str) -> Option<(&'static str, char)> {
    if !text.contains(['=', ':']) || text.starts_with(['{', '[', '<']) {
        return None;
    }
    let all = SEPARATORS.iter().flat_map(|separator| [(*separator, '='), (*separator, ':')]);
    all.into_iter().find(|(separator, sign)| fits(text, separator, *sign))
}

/// Two pieces or more, all of them `name sign value`.
fn fits(text: &str, separator: &str, sign: char) -> bool {
    let mut count = 0;
    for piece in text.split(separator).map(str::trim).filter(|p| !p.is_empty()) {
        let Some((name, value)) = piece.split_once(sign) else { return false };
        // Alone or before other values, as in the lists of a scan: `3c:5a:…,-50,name|…`.
        let network = piece.get(..17).is_some_and(|head| shape::mac(head).is_some());
        let address = sign == ':' && (network || shape::ip(piece).is_some() || value.starts_with("//"));
        if !sense::is_name(name.trim().as_bytes()) || address {
            return false;
        }
        count += 1;
    }
    count >= 2
}

fn slice(source: &Bytes, text: &str) -> Bytes {
    source.slice_ref(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_the_limit_is_searched_with_the_whole() {
        let opened = |pieces: usize| {
            let mut budget = Budget::default();
            let bytes = Bytes::from("a=1##".repeat(pieces));
            let opening = open(&Input::new(&bytes, None, true), &mut budget).unwrap();
            (opening.parts.len(), opening.keep, budget.reached().count())
        };
        assert_eq!(opened(3), (3, false, 0));
        assert_eq!(opened(budget::FIELDS), (budget::FIELDS, false, 0));
        assert_eq!(opened(budget::FIELDS + 1), (budget::FIELDS, true, 1));
    }
}
