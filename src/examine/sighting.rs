//! Sightings as they are added up: what makes two alike, and which one gives the evidence.

use std::borrow::Cow;
use std::ops::Range;

use foldhash::fast::RandomState;
use indexmap::{Equivalent, IndexMap};

use crate::evidence::{Certainty, Locator, Masked, Place, Reason, Time};
use crate::identify::Hit;
use crate::message::{Kind, Message};
use crate::observations::{Form, Phase, Wire};
use crate::party::Attribution;
use crate::payload::Leaf;

use super::hide::Hidden;
use super::template::path_template;

/// What makes two sightings like each other, in the order of reports.
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

/// What all sightings of one message have in common. Messages of one kind share it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Setting {
    recipient: String,
    host: String,
    via: Option<String>,
    app: Option<String>,
    path_template: String,
    wire: Wire,
    phase: Phase,
}

impl Setting {
    pub(super) fn new(message: &Message, attribution: &Attribution, phase: &Phase, hidden: Option<&Hidden>) -> Self {
        let path_template = match &message.kind {
            Kind::Request { method, target } => {
                let path = path_template(target);
                format!("{method} {}", hidden.map_or(Cow::Borrowed(path.as_str()), |hidden| hidden.out_of_path(&path)))
            }
            _ => message.protocol.as_str().to_owned(),
        };
        Self {
            recipient: attribution.recipient.id.clone(),
            host: attribution.host.clone(),
            via: attribution.recipient.via.clone(),
            app: message.app.clone(),
            path_template,
            wire: message.wire,
            phase: phase.clone(),
        }
    }

    /// Id of the recipient.
    pub(super) fn recipient(&self) -> &str {
        &self.recipient
    }

    /// The same where `hidden` holds one value more than it was made with.
    pub(super) fn hiding(&self, hidden: &Hidden) -> Cow<'_, Self> {
        match self.path_template.split_once(' ').map(|(method, path)| (method, hidden.out_of_path(path))) {
            Some((method, Cow::Owned(path))) => {
                Cow::Owned(Self { path_template: format!("{method} {path}"), ..self.clone() })
            }
            _ => Cow::Borrowed(self),
        }
    }
}

/// What tells the sightings of one setting apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct What {
    data_type: String,
    form: Form,
    certainty: Certainty,
    identity: String,
    key: Option<String>,
    published_key: bool,
}

/// The same, borrowed: most sightings are of a kind that was met before.
#[derive(Hash)]
pub(super) struct WhatOf<'a> {
    data_type: &'a str,
    form: &'a Form,
    certainty: Certainty,
    identity: &'a str,
    key: Option<Cow<'a, str>>,
    published_key: bool,
}

impl<'a> WhatOf<'a> {
    pub(super) fn new(message: &Message, hit: &'a Hit, leaf: &Leaf, hidden: Option<&Hidden>) -> Self {
        Self {
            data_type: &hit.data_type,
            form: &hit.form,
            certainty: if message.doubtful { hit.certainty.min(Certainty::Probable) } else { hit.certainty },
            identity: &hit.value,
            key: hit.key.as_deref().map(|key| hidden.map_or(Cow::Borrowed(key), |hidden| hidden.out_of_name(key))),
            published_key: leaf.published_key(),
        }
    }

    fn into_owned(self) -> What {
        What {
            data_type: self.data_type.to_owned(),
            form: self.form.clone(),
            certainty: self.certainty,
            identity: self.identity.to_owned(),
            key: self.key.map(Cow::into_owned),
            published_key: self.published_key,
        }
    }
}

impl Equivalent<What> for WhatOf<'_> {
    fn equivalent(&self, what: &What) -> bool {
        self.identity == what.identity
            && self.data_type == what.data_type
            && *self.form == what.form
            && self.certainty == what.certainty
            && self.key.as_deref() == what.key.as_deref()
            && self.published_key == what.published_key
    }
}

/// Like sightings, added up. Boxed, so that each makes room when it becomes part of the report.
pub(super) type AddedUp = Box<(SightingKey, SightingEntry)>;

/// Like sightings added up, up to a limit.
#[derive(Default)]
pub(super) struct Sightings {
    by_setting: IndexMap<Setting, IndexMap<What, Box<SightingEntry>, RandomState>, RandomState>,
    count: usize,
}

impl Sightings {
    /// Different ones.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// One more at `at`, which `new` makes where it is the first of its kind or the smallest;
    /// `false`: there are `most` kinds already.
    pub(super) fn add(
        &mut self,
        setting: &Setting,
        what: WhatOf<'_>,
        (time, at): (Time, At),
        most: usize,
        new: impl FnOnce() -> SightingEntry,
    ) -> bool {
        let index = match self.by_setting.get_index_of(setting) {
            Some(index) => index,
            None if self.count >= most => return false,
            None => self.by_setting.insert_full(setting.clone(), IndexMap::default()).0,
        };
        let Some((_, entries)) = self.by_setting.get_index_mut(index) else { return false };
        match entries.get_mut(&what) {
            Some(entry) => entry.again(time, at, new),
            None if self.count >= most => return false,
            None => {
                self.count += 1;
                entries.insert(what.into_owned(), Box::new(new()));
            }
        }
        true
    }

    /// What another shard saw.
    pub(super) fn merge(&mut self, theirs: Self) {
        for (setting, entries) in theirs.by_setting {
            let ours = self.by_setting.entry(setting).or_default();
            for (what, mut entry) in entries {
                match ours.get_mut(&what) {
                    None => drop(ours.insert(what, entry)),
                    Some(known) => {
                        if entry.at < known.at {
                            std::mem::swap(known, &mut entry);
                        }
                        known.add(entry.count, entry.first, entry.last);
                    }
                }
            }
        }
    }

    /// Those whose value is `wanted`.
    pub(super) fn into_entries(self, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = AddedUp> {
        self.by_setting.into_iter().flat_map(move |(setting, entries)| {
            let wanted: Vec<_> = entries.into_iter().filter(|(what, _)| wanted(&what.identity)).collect();
            wanted.into_iter().map(move |(what, entry)| Box::new((key(&setting, what), *entry)))
        })
    }
}

fn key(setting: &Setting, what: What) -> SightingKey {
    let setting = setting.clone();
    SightingKey {
        recipient: setting.recipient,
        data_type: what.data_type,
        host: setting.host,
        via: setting.via,
        app: setting.app,
        form: what.form,
        certainty: what.certainty,
        identity: what.identity,
        key: what.key,
        path_template: setting.path_template,
        wire: setting.wire,
        published_key: what.published_key,
        phase: setting.phase,
    }
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
    pub(super) fn new(message: &Message, at: At, hit: &Hit, leaf: &Leaf, hidden: Option<&Hidden>) -> Self {
        Self {
            count: 1,
            first: message.time,
            last: message.time,
            at,
            locator: locator(message, leaf, hit.start..hit.end, hidden),
            masked: mask(hit, hidden.is_none()),
            reason: reason(hit, hidden),
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

/// What evidence is sorted by: input, first frame or entry, offset in the stream.
pub(super) fn order(place: &Place) -> (u32, u64, u64) {
    let offset = match place {
        Place::Frames { offset, .. } => *offset,
        Place::Entry { .. } => 0,
    };
    (place.input(), place.ordinal(), offset)
}

/// Where `range` of the leaf lies.
pub(super) fn locator(message: &Message, leaf: &Leaf, range: Range<usize>, hidden: Option<&Hidden>) -> Locator {
    let mut steps = if hidden.is_some() { leaf.masked_steps(range.len()) } else { leaf.steps() };
    if let Some(hidden) = hidden {
        for step in &mut steps {
            if let Some(Cow::Owned(argument)) = step.argument.as_deref().map(|argument| hidden.out_of_name(argument)) {
                step.argument = Some(argument);
            }
        }
    }
    Locator { place: message.place.clone(), steps, start: range.start as u64, end: range.end as u64 }
}

/// Why, without what the name of the field must not tell.
fn reason(hit: &Hit, hidden: Option<&Hidden>) -> Reason {
    let mut reason = hit.reason.clone();
    let Some(hidden) = hidden else { return reason };
    for name in reason.0.iter_mut().filter_map(|ground| ground.fields.get_mut("key")) {
        if let Cow::Owned(shown) = hidden.out_of_name(name) {
            *name = shown;
        }
    }
    reason
}

fn mask(hit: &Hit, show_values: bool) -> Masked {
    if show_values { Masked::shown(&hit.written) } else { Masked::of(&hit.written) }
}
