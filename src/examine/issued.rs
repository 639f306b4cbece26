//! Ids that products issued, and where they were sent. The two are matched at the end, because the
//! answer that teaches an id and the message that carries it may be in different shards.

use std::collections::{BTreeMap, HashSet};

use foldhash::fast::RandomState;

use super::SHARDS;
use super::lens::Lens;
use super::sighting::{AddedUp, At, Setting, SightingEntry, Sightings, WhatOf};
use crate::evidence::{Gap, GapReason, Gaps, Ground, GroundCode, Time};
use crate::message::Message;

/// Bytes of an answer that are looked through for ids: they come in structures of some kilobytes,
/// and nearly all that is received is pictures, pages and programs.
pub const ANSWER_KEPT: usize = 256 << 10;

/// Ids taught in a whole run; a shard keeps 1/64. A device has some dozen.
const MAX_ISSUED: usize = 16 * 1024;
/// Sent values that may turn out to be one, by place; a shard keeps 1/64, the first ones. Each takes about a
/// kilobyte. An id that an SDK issued is sent again and again, so it is among the first.
const MAX_CANDIDATES: usize = 16 * 1024;

/// What was taught, and what was sent that may be it.
#[derive(Default)]
pub(super) struct IssuedIds {
    /// Id to the product that issued it and the name it came under; the first by name.
    taught: BTreeMap<String, (String, String)>,
    candidates: Sightings,
    /// The values of those.
    sent: HashSet<Box<[u8]>, RandomState>,
    /// The candidates of other shards: put together only where something was taught.
    others: Vec<Sightings>,
    /// A limit was reached.
    full: bool,
}

impl IssuedIds {
    /// Learns from an answer.
    pub(super) fn received(&mut self, message: &Message, lens: &Lens<'_>, gaps: &mut Gaps) {
        if !message.opened || message.body.is_empty() {
            return;
        }
        let attribution = lens.attributor.attribute(message);
        let Some(product) = attribution.recipient.product.as_deref() else { return };
        if message.incomplete == Some(GapReason::Limit) && lens.identifier.is_issuer(product) {
            let detail = format!("answers may bring ids; of this one, {} KiB were looked through", ANSWER_KEPT >> 10);
            gaps.add(Gap::new(GapReason::Limit, product, detail).of_bytes(message.body_len));
        }
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

    /// Whether no more candidates may be kept and `value` is not one of them. It is asked before anything
    /// is made of a value, because in a long recording this is so for most.
    pub(super) fn is_beyond(&mut self, value: &[u8]) -> bool {
        let beyond = self.candidates.count() >= MAX_CANDIDATES / SHARDS && !self.sent.contains(value);
        self.full |= beyond;
        beyond
    }

    /// Keeps a value that was sent.
    pub(super) fn sent(
        &mut self,
        value: &str,
        setting: &Setting,
        what: WhatOf<'_>,
        at: (Time, At),
        new: impl FnOnce() -> SightingEntry,
    ) {
        if !self.candidates.add(setting, what, at, MAX_CANDIDATES / SHARDS, new) {
            self.full = true;
        } else if !self.sent.contains(value.as_bytes()) {
            self.sent.insert(value.as_bytes().into());
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (value, by) in other.taught {
            self.teach(value, by);
        }
        self.others.extend(other.others);
        self.others.push(other.candidates);
        self.full |= other.full;
    }

    /// The candidates that were taught, as sightings.
    pub(super) fn returned(mut self, gaps: &mut Gaps) -> Vec<AddedUp> {
        if self.taught.is_empty() {
            return Vec::new();
        }
        if self.full {
            let detail = "more values than are kept to look for ids that SDKs issued: not all of them were";
            gaps.add(Gap::new(GapReason::Limit, "-", detail));
        }
        self.others.into_iter().for_each(|other| self.candidates.merge(other));
        let taught = &self.taught;
        let named = |mut found: AddedUp| {
            let (key, entry) = &mut *found;
            let (product, name) = taught.get(&key.identity)?;
            entry.reason = Ground::new(GroundCode::Issued).with("product", product).with("key", name).into();
            Some(found)
        };
        self.candidates.into_entries(|value| taught.contains_key(value)).filter_map(named).collect()
    }
}
