//! Base stations: the number of a cell beside the number of its area.
//!
//! `cid` alone is a campaign as well, and `lac` alone says little. Both in one object, each within
//! the range that 3GPP TS 23.003 §4 gives it, are a cell that has a place on every map of cells.

use std::collections::{HashMap, HashSet};

use super::{Found, Hit, Identifier, Seen};
use crate::evidence::{Certainty, Ground, GroundCode, Reason};
use crate::observations::Form;

const CELL_ID: &str = "cell_id";
/// A tracking area of 5G has 24 bits, a location area of GSM 16.
const AREAS: std::ops::RangeInclusive<u64> = 1..=(1 << 24) - 1;
/// A cell of 5G has 36 bits, one of GSM 16.
const CELLS: std::ops::RangeInclusive<u64> = 1..=(1 << 36) - 1;

/// Makes one probable hit of each pair, in place of what its names alone have said.
pub(super) fn search(identifier: &Identifier, leaves: &[Seen<'_>], found: &mut Found) {
    let part = |wanted: &str, range: std::ops::RangeInclusive<u64>| {
        let wanted = wanted.to_owned();
        move |seen: &&Seen<'_>| {
            let mut hints = identifier.keys.hints_of(seen.named, seen.product);
            hints.any(|h| h.row.data_type == CELL_ID && h.row.part.as_deref() == Some(&wanted))
                && number(identifier, seen).is_some_and(|n| range.contains(&n))
        }
    };
    // Of each object the first: a list of cells is as long as its sender makes it.
    let mut areas: HashMap<u32, &Seen<'_>> = HashMap::new();
    for area in leaves.iter().filter(part("area", AREAS)).filter(|area| !area.leaf.element) {
        areas.entry(area.leaf.group).or_insert(area);
    }
    if areas.is_empty() {
        return;
    }
    let known = |hit: &Hit| hit.certainty == Certainty::Confirmed;
    let confirmed: HashSet<usize> = found.hits.iter().filter(|hit| known(hit)).map(|hit| hit.leaf).collect();
    let cells = leaves.iter().filter(part("cell", CELLS)).filter(|cell| !confirmed.contains(&cell.index));
    let pairs: Vec<_> = cells.filter_map(|cell| Some((cell, *areas.get(&cell.leaf.group)?, cell.text?))).collect();
    let parts: HashSet<usize> = pairs.iter().flat_map(|(cell, area, _)| [cell.index, area.index]).collect();
    found.hits.retain(|hit| known(hit) || hit.data_type != CELL_ID || !parts.contains(&hit.leaf));
    for (cell, area, text) in pairs {
        let differs = identifier.profiled.contains(CELL_ID);
        let why = [Some(GroundCode::TowerKeys), differs.then_some(GroundCode::NotOfProfile)];
        found.hits.push(Hit {
            data_type: CELL_ID.to_owned(),
            form: Form::plain(),
            certainty: if differs { Certainty::Possible } else { Certainty::Probable },
            reason: Reason::of(why.into_iter().flatten().map(Ground::new)),
            value: format!("{}-{text}", area.text.unwrap_or_default()),
            written: text.to_owned(),
            key: cell.name.map(str::to_owned),
            leaf: cell.index,
            start: 0,
            end: text.len(),
        });
    }
}

/// A number that stands for a cell or an area, and not for there being none.
fn number(identifier: &Identifier, seen: &Seen<'_>) -> Option<u64> {
    let text = seen.text.filter(|text| !identifier.placeholders.is(CELL_ID, text))?;
    text.parse().ok()
}
