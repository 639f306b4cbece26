//! Sightings as they are added up: what makes two alike, and which one gives the evidence.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::evidence::{Certainty, Locator, Masked, Place, Reason, Step, Time};
use crate::identify::Hit;
use crate::message::{Kind, Message};
use crate::observations::{Form, Phase, Wire};
use crate::party::Attribution;
use crate::payload::Leaf;

use super::hide::{hide, hide_segments};
use super::template::path_template;

/// What makes two sightings like each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SightingKey {
    pub(super) recipient: String,
    pub(super) data_type: String,
    pub(super) host: String,
    pub(super) via: Option<String>,
    pub(super) app: Option<String>,
    pub(super) form: Form,
    pub(super) certainty: Certainty,
    pub(super) identity: String,
    pub(super) key: Option<String>,
    pub(super) path_template: String,
    pub(super) wire: Wire,
    pub(super) published_key: bool,
    pub(super) phase: Phase,
}

/// What sightings are ordered by: place, leaf, offset in it.
pub(super) type At = ((u32, u64, u64), usize, usize);

/// Like sightings, and the smallest of them.
pub(super) struct SightingEntry {
    pub(super) count: u64,
    pub(super) first: Time,
    pub(super) last: Time,
    pub(super) at: At,
    pub(super) locator: Locator,
    pub(super) masked: Masked,
    pub(super) reason: Reason,
}

impl SightingEntry {
    pub(super) fn new(message: &Message, at: At, hit: &Hit, leaf: &Leaf, hidden: Option<&[String]>) -> Self {
        Self {
            count: 1,
            first: message.time,
            last: message.time,
            at,
            locator: locator(message, leaf, hit.start..hit.end, hidden),
            masked: mask(hit, hidden.is_none()),
            reason: hit.reason.clone(),
        }
    }

    /// One more, at `at`; `new` makes it where it becomes the smallest.
    pub(super) fn again(&mut self, time: Time, at: At, new: impl FnOnce() -> Self) {
        self.add(1, time, time);
        if at < self.at {
            let Self { at, locator, masked, reason, .. } = new();
            (self.at, self.locator, self.masked, self.reason) = (at, locator, masked, reason);
        }
    }

    fn add(&mut self, count: u64, first: Time, last: Time) {
        self.count += count;
        self.first = self.first.min(first);
        self.last = self.last.max(last);
    }
}

pub(super) fn merge_sightings(
    ours: &mut BTreeMap<SightingKey, SightingEntry>,
    theirs: BTreeMap<SightingKey, SightingEntry>,
) {
    for (key, mut entry) in theirs {
        match ours.get_mut(&key) {
            None => drop(ours.insert(key, entry)),
            Some(known) => {
                if entry.at < known.at {
                    std::mem::swap(known, &mut entry);
                }
                known.add(entry.count, entry.first, entry.last);
            }
        }
    }
}

pub(super) fn sighting_key(
    message: &Message,
    attribution: &Attribution,
    phase: &Phase,
    hit: &Hit,
    leaf: &Leaf,
    hidden: Option<&[String]>,
) -> SightingKey {
    let method = match &message.kind {
        Kind::Request { method, target } => {
            format!("{method} {}", hide_segments(&path_template(target), hidden.unwrap_or_default()))
        }
        _ => message.protocol.as_str().to_owned(),
    };
    SightingKey {
        recipient: attribution.recipient.id.clone(),
        data_type: hit.data_type.clone(),
        host: attribution.host.clone(),
        via: attribution.recipient.via.clone(),
        app: message.app.clone(),
        form: hit.form.clone(),
        certainty: if message.doubtful { hit.certainty.min(Certainty::Probable) } else { hit.certainty },
        identity: hit.value.clone(),
        key: hit.key.as_deref().map(|key| hide(key, hidden.unwrap_or_default())),
        path_template: method,
        wire: message.wire,
        published_key: leaf.published_key(),
        phase: phase.clone(),
    }
}

/// What evidence is sorted by: input, first frame or entry, offset in the stream.
pub(super) fn order(place: &Place) -> (u32, u64, u64) {
    let offset = match place {
        Place::Frames { offset, .. } => *offset,
        Place::Entry { .. } => 0,
    };
    (place.input(), place.ordinal(), offset)
}

/// Where `range` of the leaf lies.
pub(super) fn locator(message: &Message, leaf: &Leaf, range: Range<usize>, hidden: Option<&[String]>) -> Locator {
    let mut steps = leaf.steps();
    if let Some(values) = hidden {
        // Beside the value the last layer may hold as little as a whole one that is masked.
        let beside = leaf.bytes.len().saturating_sub(range.len()) as u64;
        if let Some(last) = steps.last_mut().filter(|_| beside < Step::TELLING) {
            last.sha256.clear();
        }
        let shown = |step: Step| Step { argument: step.argument.as_deref().map(|a| hide(a, values)), ..step.masked() };
        steps = steps.into_iter().map(shown).collect();
    }
    Locator { place: message.place.clone(), steps, start: range.start as u64, end: range.end as u64 }
}

fn mask(hit: &Hit, show_values: bool) -> Masked {
    if show_values { Masked::shown(&hit.written) } else { Masked::of(&hit.written) }
}
