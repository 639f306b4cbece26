//! Adds up what was seen: contacts, sightings, sealed payloads, coverage.
//!
//! Equal sightings are one, with a count. Its evidence is the one at the smallest place, not
//! the first to arrive, so the collectors of shards can be merged in any order.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use crate::evidence::{Certainty, Direction, Gap, GapReason, Gaps, Transport};
use crate::identify::Hit;
use crate::message::{Dns, Item, Kind, Message, Protocol};
use crate::observations::{Coverage, Observations, Phase, Recipient, Sealed};
use crate::payload::Leaf;
use crate::signatures::Recipe;

use super::SHARDS;
use super::contacts::{Contacts, Unread};
use super::hide::Hidden;
use super::issued::IssuedIds;
use super::lens::{Lens, is_text};
use super::listed::listed;
use super::rhythm::Rhythms;
use super::sighting::{AddedUp, Setting, SightingEntry, Sightings, WhatOf, order};
use super::withheld::WithheldSlots;

/// Different sightings of a whole run; a shard keeps 1/64. Where what was collected becomes the report, each takes
/// some 2 kilobytes, all of them some 120 MB; an app has some hundreds, a day in a browser some thousands.
const MAX_SIGHTINGS: usize = 52 * 1024;

/// Bytes of a body that were sent and that the imported file left out. They count as not read.
fn left_out(message: &Message) -> u64 {
    match message.incomplete {
        Some(GapReason::LossyImport) => message.body_len.saturating_sub(message.body.len() as u64),
        _ => 0,
    }
}

/// What one shard saw, or several.
#[derive(Default)]
pub struct Collector {
    recipients: BTreeMap<String, Recipient>,
    contacts: Contacts,
    sightings: Sightings,
    issued: IssuedIds,
    rhythms: Rhythms,
    sealed: BTreeMap<(String, String), Sealed>,
    withheld: WithheldSlots,
    coverage: Coverage,
    /// Streams of no known protocol, each counted once. A stream is in one shard only.
    unknown: HashSet<(u32, Transport, u32)>,
    apps_unknown: u64,
    apps_known: u64,
    messages: u64,
    /// What could not be seen.
    pub gaps: Gaps,
}

impl Collector {
    /// Takes one item in.
    pub fn item(&mut self, item: Item, lens: &Lens<'_>) {
        match item {
            Item::Message(message) => self.message(&message, lens),
            Item::Gap(gap) => self.gaps.add(gap),
        }
    }

    /// Messages that were taken in, and different sightings in them, so far.
    pub fn so_far(&self) -> (u64, u64) {
        (self.messages, self.sightings.count() as u64)
    }

    /// Takes one message in.
    pub fn message(&mut self, message: &Message, lens: &Lens<'_>) {
        self.messages += 1;
        if message.direction == Direction::Received {
            self.issued.received(message, lens, &mut self.gaps);
            return;
        }
        let audited = match (&message.app, &lens.app) {
            (Some(app), Some(audited)) => lens.apps.is_audited(app, audited),
            (app, _) => app.as_ref().map(|_| true),
        };
        if audited == Some(false) {
            self.coverage.other_app_messages += 1;
            return;
        }
        if let Kind::Dns(dns) = &message.kind {
            self.question(message, dns, lens);
            return;
        }
        match audited {
            Some(_) => self.apps_known += 1,
            None => self.apps_unknown += 1,
        }
        let mut attribution = lens.attributor.attribute(message);
        if attribution.ignored.is_some() {
            return;
        }
        let unread = self.unread(message);
        self.cover(message, unread);
        let phase = lens.timeline.phase(message.time);
        let found = match message.opened {
            true => lens.look(message, &mut attribution, &mut self.gaps),
            false => lens.look_at_names(message, &mut attribution, &mut self.gaps),
        };
        let recipient = attribution.recipient.id.clone();
        if !self.contacts.add(message, &attribution, &phase, unread, &mut self.gaps) {
            return;
        }
        keep_stronger(&mut self.recipients, &attribution.recipient);
        for recipe in &found.sealed {
            self.seal(message, &recipient, recipe, &phase);
        }
        let setting = Setting::new(message, &attribution, &phase, found.hidden.as_ref());
        for (hit, leaf) in found.hits() {
            self.sighting(message, &setting, hit, leaf, found.hidden.as_ref());
        }
        for (slot, leaf) in found.withheld() {
            self.withheld.add(message, &recipient, slot, leaf, found.hidden.as_ref(), &mut self.gaps);
        }
        for (index, leaf) in found.candidates() {
            if self.issued.is_beyond(&leaf.bytes) {
                continue;
            }
            let Some(hit) = Hit::candidate(index, leaf) else { continue };
            // Its own value must not stand in its names either.
            let hidden = found.hidden.as_ref().map(|hidden| hidden.and(&hit.written));
            let setting = hidden.as_ref().map_or(Cow::Borrowed(&setting), |hidden| setting.hiding(hidden));
            let what = WhatOf::new(message, &hit, leaf, hidden.as_ref());
            let at = (order(&message.place), hit.leaf, hit.start);
            let new = || SightingEntry::new(message, at, &hit, leaf, hidden.as_ref());
            self.issued.sent(&hit.value, &setting, what, (message.time, at), new);
        }
        self.rhythms.add(message, &recipient, &phase, &found.hits);
    }

    /// A DNS question, or what a device tells the local link of itself. The name reaches whoever runs its zone,
    /// so a value of the device in it is a sighting. Otherwise it counts for nothing: a resolver is no contact of
    /// the app, and a question is no message to the zone.
    fn question(&mut self, message: &Message, dns: &Dns, lens: &Lens<'_>) {
        let named = match message.protocol {
            Protocol::Dns if !dns.response => {
                Message { host: dns.names.first().cloned(), sni: None, ..message.clone() }
            }
            // Whoever is on the local link hears it, as a question or as an answer (RFC 6762).
            Protocol::Udp if message.direction == Direction::Sent => message.clone(),
            _ => return,
        };
        let mut attribution = lens.attributor.attribute(&named);
        if attribution.ignored.is_some() {
            return;
        }
        let mut found = lens.look(&named, &mut attribution, &mut self.gaps);
        found.hits.retain(|hit| hit.certainty == Certainty::Confirmed);
        if found.hits.is_empty() {
            return;
        }
        let phase = lens.timeline.phase(message.time);
        keep_stronger(&mut self.recipients, &attribution.recipient);
        let setting = Setting::new(&named, &attribution, &phase, found.hidden.as_ref());
        for (hit, leaf) in found.hits() {
            self.sighting(&named, &setting, hit, leaf, found.hidden.as_ref());
        }
        self.rhythms.add(&named, &attribution.recipient.id, &phase, &found.hits);
    }

    /// Why nothing of a message could be read, and whether its stream is counted already.
    /// Bytes of an unknown protocol are searched too, but only if they are text can they be said to
    /// have been read.
    fn unread(&mut self, message: &Message) -> Option<Unread> {
        match message.kind {
            Kind::Closed { reason } => Some(Unread { reason, counted: false }),
            Kind::Raw if matches!(message.protocol, Protocol::Tcp | Protocol::Udp) && !is_text(&message.body) => {
                let counted = message.place.stream().is_some_and(|stream| !self.unknown.insert(stream));
                Some(Unread { reason: GapReason::UnknownProtocol, counted })
            }
            _ => None,
        }
    }

    /// Counts the message in the coverage of what was sent.
    fn cover(&mut self, message: &Message, unread: Option<Unread>) {
        self.coverage.total_bytes += message.wire_bytes.saturating_add(message.lost_bytes);
        match unread {
            None => {
                self.coverage.total_messages += 1;
                self.coverage.opened_bytes += message.wire_bytes.saturating_sub(left_out(message));
                self.coverage.opened_messages += 1;
            }
            Some(Unread { counted: true, .. }) => {}
            Some(Unread { reason, counted: false }) => {
                self.coverage.total_messages += 1;
                *self.coverage.closed.entry(reason).or_default() += 1;
            }
        }
    }

    fn seal(&mut self, message: &Message, recipient: &str, recipe: &Recipe, phase: &Phase) {
        let key = (recipient.to_owned(), recipe.id.clone());
        let entry = self.sealed.entry(key).or_insert_with(|| Sealed {
            recipient: recipient.to_owned(),
            recipe: recipe.id.clone(),
            may_contain: recipe.may_contain.clone(),
            reason: recipe.reason.clone().unwrap_or_default(),
            reason_zh: recipe.reason_zh.clone().unwrap_or_default(),
            count: 0,
            place: message.place.clone(),
        });
        entry.count += 1;
        if order(&message.place) < order(&entry.place) {
            entry.place = message.place.clone();
        }
        self.contacts.seal(message, recipient, phase);
        self.gaps.add(
            // Why is told where the sealed payloads are listed.
            Gap::new(GapReason::SealedPayload, recipient, &recipe.id).of_bytes(message.body_len),
        );
    }

    fn sighting(&mut self, message: &Message, setting: &Setting, hit: &Hit, leaf: &Leaf, hidden: Option<&Hidden>) {
        let at = (order(&message.place), hit.leaf, hit.start);
        let new = || SightingEntry::new(message, at, hit, leaf, hidden);
        let what = WhatOf::new(message, hit, leaf, hidden);
        if !self.sightings.add(setting, what, (message.time, at), MAX_SIGHTINGS / SHARDS, new) {
            let detail = format!("more than {MAX_SIGHTINGS} different sightings; further ones are not listed");
            self.gaps.add(Gap::new(GapReason::Limit, setting.recipient(), detail));
        }
    }

    /// Takes in what another collector has.
    pub fn merge(&mut self, other: Self) {
        for recipient in other.recipients.values() {
            keep_stronger(&mut self.recipients, recipient);
        }
        self.contacts.merge(other.contacts);
        self.sightings.merge(other.sightings);
        self.issued.merge(other.issued);
        self.rhythms.merge(other.rhythms);
        for (key, sealed) in other.sealed {
            match self.sealed.get_mut(&key) {
                None => drop(self.sealed.insert(key, sealed)),
                Some(known) => {
                    known.count += sealed.count;
                    if order(&sealed.place) < order(&known.place) {
                        known.place = sealed.place;
                    }
                }
            }
        }
        self.withheld.merge(other.withheld);
        let (ours, theirs) = (&mut self.coverage, other.coverage);
        ours.opened_bytes += theirs.opened_bytes;
        ours.total_bytes += theirs.total_bytes;
        ours.opened_messages += theirs.opened_messages;
        ours.total_messages += theirs.total_messages;
        ours.other_app_messages += theirs.other_app_messages;
        for (reason, count) in theirs.closed {
            *ours.closed.entry(reason).or_default() += count;
        }
        self.apps_unknown += other.apps_unknown;
        self.apps_known += other.apps_known;
        self.gaps.merge(other.gaps);
    }

    /// Sorts, labels and numbers everything.
    pub fn observations(self, lens: &Lens<'_>) -> Observations {
        // If no app to audit is given, the traffic counts as the app's, so it must be of one app only.
        let one_app = lens.app.is_some() || self.contacts.is_of_one_app();
        let mut gaps = self.gaps;
        let contacts = self.contacts.into_vec(&mut gaps);
        let mut entries: Vec<AddedUp> = self.sightings.into_entries(|_| true).collect();
        entries.extend(self.issued.returned(&mut gaps));
        entries.sort_by(|one, other| {
            let ((a, x), (b, y)) = (&**one, &**other);
            (x.at, &a.data_type, a).cmp(&(y.at, &b.data_type, b))
        });
        let (sightings, mut flows) = listed(entries);
        self.rhythms.put_into(&mut flows);
        let coverage = Coverage { unknown_app_messages: self.apps_unknown, ..self.coverage };
        Observations {
            app: lens.app.clone(),
            app_proven: lens.isolated || (one_app && self.apps_unknown == 0 && self.apps_known > 0),
            recipients: self.recipients,
            contacts,
            sightings,
            flows: flows.into_values().collect(),
            sealed: self.sealed.into_values().collect(),
            withheld: self.withheld.into_vec(),
            gaps: gaps.into_vec(),
            coverage,
            consent_judged: lens.timeline.consent_judged(),
            ..Observations::default()
        }
    }
}

/// The reason that is printed is the strongest; of equally strong ones the fullest (a
/// certificate that agrees is seen on some streams only), then the first by its order.
fn keep_stronger(recipients: &mut BTreeMap<String, Recipient>, recipient: &Recipient) {
    match recipients.get_mut(&recipient.id) {
        None => drop(recipients.insert(recipient.id.clone(), recipient.clone())),
        Some(known) => {
            let strength = |r: &Recipient| (r.certainty, r.reason.0.len());
            let (ours, theirs) = (strength(known), strength(recipient));
            if theirs > ours || theirs == ours && *recipient < *known {
                known.clone_from(recipient);
            }
        }
    }
}
