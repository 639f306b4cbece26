//! Ids that products issued, and where they were sent: brought together at the end, as the
//! answer that teaches an id and the message that carries it may lie in different shards.

use std::collections::BTreeMap;

use super::SHARDS;

use super::lens::Lens;
use super::sighting::{At, Setting, SightingEntry, SightingKey, Sightings, WhatOf};
use crate::evidence::{Gap, GapReason, Gaps, Ground, GroundCode, Time};
use crate::message::Message;

/// Ids taught in a whole run; a shard keeps 1/64. A device has some dozen.
const MAX_ISSUED: usize = 16 * 1024;
/// Values that may turn out to be one, by place; a shard keeps 1/64. Each is about a kilobyte, and
/// an id that an SDK issued is sent again and again, so it is among the first.
const MAX_CANDIDATES: usize = 32 * 1024;

/// What was taught, and what was sent that may be it.
#[derive(Default)]
pub(super) struct IssuedIds {
    /// Id to the product that issued it and the name it came under; the first by name.
    taught: BTreeMap<String, (String, String)>,
    candidates: Sightings,
    /// A limit was reached.
    full: bool,
}

impl IssuedIds {
    /// Learns from an answer.
    pub(super) fn received(&mut self, message: &Message, lens: &Lens<'_>) {
        if !message.opened || message.body.is_empty() {
            return;
        }
        let attribution = lens.attributor.attribute(message);
        let Some(product) = attribution.recipient.product.as_deref() else { return };
        for issued in lens.learn(message, product) {
            if self.taught.len() >= MAX_ISSUED / SHARDS && !self.taught.contains_key(&issued.value) {
                self.full = true;
                return;
            }
            self.teach(issued.value, (product.to_owned(), issued.key));
        }
    }

    fn teach(&mut self, value: String, by: (String, String)) {
        let known = self.taught.entry(value).or_insert_with(|| by.clone());
        if by < *known {
            *known = by;
        }
    }

    /// Keeps a value that was sent.
    pub(super) fn sent(
        &mut self,
        setting: &Setting,
        what: WhatOf<'_>,
        at: (Time, At),
        new: impl FnOnce() -> SightingEntry,
    ) {
        self.full |= !self.candidates.add(setting, what, at, MAX_CANDIDATES / SHARDS, new);
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (value, by) in other.taught {
            self.teach(value, by);
        }
        self.candidates.merge(other.candidates);
        self.full |= other.full;
    }

    /// The candidates that were taught, as sightings.
    pub(super) fn returned(self, gaps: &mut Gaps) -> Vec<(SightingKey, SightingEntry)> {
        if self.full && !self.taught.is_empty() {
            let detail = "more values than are kept to look for ids that SDKs issued: not all of them were";
            gaps.add(Gap::new(GapReason::Limit, "-", detail));
        }
        let taught = &self.taught;
        let named = |(key, mut entry): (SightingKey, SightingEntry)| {
            let (product, name) = taught.get(&key.identity)?;
            entry.reason = Ground::new(GroundCode::Issued).with("product", product).with("key", name).into();
            Some((key, entry))
        };
        self.candidates.into_entries(|value| taught.contains_key(value)).filter_map(named).collect()
    }
}
