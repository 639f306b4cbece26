//! Hits that compete for the same bytes.

use std::collections::BTreeMap;

use super::{Found, Hit};
use crate::evidence::{Certainty, Ground, GroundCode};

/// Leaves one hit for each value: the more certain one wins, then the longer, then the type that
/// comes first. What an experimental recipe led to is possible at most, but for what the device profile confirms:
/// its value there proves that the recipe read rightly.
pub(super) fn settle(found: &mut Found, is_experimental: impl Fn(usize) -> bool) {
    let mut hits = std::mem::take(&mut found.hits);
    hits.sort_by(|a, b| {
        let rank = |h: &Hit| (h.leaf, std::cmp::Reverse((h.certainty, h.end - h.start)));
        rank(a).cmp(&rank(b)).then_with(|| (a.start, &a.data_type, &a.form).cmp(&(b.start, &b.data_type, &b.form)))
    });
    let mut kept: Vec<Hit> = Vec::new();
    // What is taken in the leaf at hand: start to end, never overlapping.
    let (mut leaf, mut taken) = (usize::MAX, BTreeMap::<usize, usize>::new());
    for hit in hits {
        if hit.leaf != leaf {
            leaf = hit.leaf;
            taken.clear();
        }
        // Of the disjoint stretches only the last that starts before the hit's end can reach into it.
        let free = taken.range(..hit.end).next_back().is_none_or(|(_, end)| *end <= hit.start);
        if free {
            taken.insert(hit.start, hit.end);
            kept.push(hit);
        }
    }
    for hit in &mut kept {
        if hit.certainty < Certainty::Confirmed && is_experimental(hit.leaf) {
            hit.certainty = Certainty::Possible;
            hit.reason.0.push(Ground::new(GroundCode::ExperimentalRecipe));
        }
    }
    kept.sort_by(|a, b| (a.leaf, a.start, &a.data_type).cmp(&(b.leaf, b.start, &b.data_type)));
    found.hits = kept;
    found.withheld.sort();
    found.withheld.dedup();
}
