//! Base stations: the number of a cell beside the number of its area.
//!
//! `cid` alone is a campaign as well, and `lac` alone says little. Both in one object, each within
//! the range that 3GPP TS 23.003 §4 gives it, are a cell that has a place on every map of cells.

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
    let areas: Vec<&Seen<'_>> = leaves.iter().filter(part("area", AREAS)).collect();
    if areas.is_empty() {
        return;
    }
    for cell in leaves.iter().filter(part("cell", CELLS)) {
        let beside = areas.iter().find(|area| area.leaf.group == cell.leaf.group && !area.leaf.element);
        let (Some(area), Some(text)) = (beside, cell.text) else { continue };
        let known = |hit: &Hit| hit.certainty == Certainty::Confirmed;
        if found.hits.iter().any(|hit| hit.leaf == cell.index && known(hit)) {
            continue;
        }
        let by_name = |hit: &Hit| hit.data_type == CELL_ID && [cell.index, area.index].contains(&hit.leaf);
        found.hits.retain(|hit| known(hit) || !by_name(hit));
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
