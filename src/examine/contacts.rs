//! Who was sent something, how much, and when: one contact for each recipient and app.

use std::collections::{BTreeMap, BTreeSet};

use super::SHARDS;
use super::sighting::order;
use crate::evidence::{Gap, GapReason, Gaps};
use crate::message::{Kind, Message};
use crate::observations::{Contact, Phase};
use crate::party::Attribution;

/// Different contacts (recipients) of a whole run; a shard keeps 1/64. With what is said of each and
/// what went to it that is some kilobytes; an app has some dozens, a day in a browser some thousands.
const MAX_CONTACTS: usize = 16 * 1024;
/// Hosts, and addresses, named for one contact; of more, the smallest. A line with more of them says nothing.
const MAX_NAMES: usize = 64;

/// Id of a recipient, and the app that sent to it.
type Key = (String, Option<String>);

/// A message or stretch of a stream of which nothing could be read.
#[derive(Clone, Copy)]
pub(super) struct Unread {
    pub(super) reason: GapReason,
    /// Its stream was counted as closed already.
    pub(super) counted: bool,
}

/// The contacts, up to a limit.
#[derive(Default)]
pub(super) struct Contacts {
    by_key: BTreeMap<Key, Contact>,
    /// Those with more names than are listed.
    many_named: BTreeSet<Key>,
}

impl Contacts {
    /// Counts the message for its recipient; `false`: there are too many, and nothing of what goes to
    /// this one is listed.
    pub(super) fn add(
        &mut self,
        message: &Message,
        attribution: &Attribution,
        phase: &Phase,
        unread: Option<Unread>,
        gaps: &mut Gaps,
    ) -> bool {
        let recipient = &attribution.recipient.id;
        let key = (recipient.clone(), message.app.clone());
        if self.by_key.len() >= MAX_CONTACTS / SHARDS && !self.by_key.contains_key(&key) {
            let detail = format!("more than {MAX_CONTACTS} recipients: what goes to further ones is not listed");
            gaps.add(Gap::new(GapReason::Limit, recipient, detail));
            return false;
        }
        let contact = self.by_key.entry(key.clone()).or_insert_with(|| begun(recipient, message));
        let mut whole = add_name(&mut contact.hosts, &attribution.host);
        if let Some(remark) = &attribution.remark {
            whole &= add_named(&mut contact.remarks, remark);
        }
        whole &= add_name(&mut contact.addresses, &message.server.to_string());
        if !whole {
            self.many_named.insert(key);
        }
        match (unread, &message.kind) {
            (Some(Unread { counted: true, .. }), _) => {}
            (Some(Unread { reason, counted: false }), _) => {
                *contact.closed.entry(reason).or_default() += 1;
                count(&mut contact.unread_phases, phase);
            }
            // A request for a tunnel names a host to the proxy and sends nothing to it.
            (None, Kind::Request { method, .. }) if method == "CONNECT" => {}
            (None, _) => contact.messages += 1,
        }
        contact.sent_bytes += message.wire_bytes.saturating_add(message.lost_bytes);
        count(&mut contact.phases, phase);
        if phase.is_near_its_mark() {
            count(&mut contact.near_mark, phase);
        }
        contact.first = contact.first.min(message.time);
        contact.last = contact.last.max(message.time);
        if order(&message.place) < order(&contact.place) {
            contact.place = message.place.clone();
        }
        true
    }

    /// A payload that went to `recipient` stayed sealed.
    pub(super) fn seal(&mut self, message: &Message, recipient: &str, phase: &Phase) {
        if let Some(contact) = self.by_key.get_mut(&(recipient.to_owned(), message.app.clone())) {
            contact.sealed += 1;
            count(&mut contact.unread_phases, phase);
        }
    }

    /// What another shard saw.
    pub(super) fn merge(&mut self, other: Self) {
        for (key, contact) in other.by_key {
            match self.by_key.get_mut(&key) {
                None => drop(self.by_key.insert(key, contact)),
                Some(known) => {
                    if !merge(known, contact) {
                        self.many_named.insert(key);
                    }
                }
            }
        }
        self.many_named.extend(other.many_named);
    }

    /// All of it was sent by one app, or by apps that are not known.
    pub(super) fn is_of_one_app(&self) -> bool {
        let apps: BTreeSet<&Option<String>> = self.by_key.keys().map(|(_, app)| app).collect();
        apps.len() == 1
    }

    /// All of them, by recipient and app; names that are left out become gaps.
    pub(super) fn into_vec(self, gaps: &mut Gaps) -> Vec<Contact> {
        for (recipient, _) in &self.many_named {
            let detail = format!("of a recipient, {MAX_NAMES} hosts and {MAX_NAMES} addresses are named");
            gaps.add(Gap::new(GapReason::Limit, recipient, detail));
        }
        self.by_key.into_values().collect()
    }
}

/// A contact with nothing counted, which `message` is the first of.
fn begun(recipient: &str, message: &Message) -> Contact {
    Contact {
        recipient: recipient.to_owned(),
        app: message.app.clone(),
        hosts: Vec::new(),
        addresses: Vec::new(),
        networks: Vec::new(),
        noise: false,
        remarks: Vec::new(),
        messages: 0,
        closed: BTreeMap::new(),
        unread_phases: BTreeMap::new(),
        sealed: 0,
        sent_bytes: 0,
        phases: BTreeMap::new(),
        near_mark: BTreeMap::new(),
        first: message.time,
        last: message.time,
        place: message.place.clone(),
    }
}

fn count(phases: &mut BTreeMap<String, u64>, phase: &Phase) {
    match phases.get_mut(phase.group()) {
        Some(count) => *count += 1,
        None => drop(phases.insert(phase.group().to_owned(), 1)),
    }
}

/// Adds `name` where it is not there; `false`: one is left out.
fn add_name(names: &mut Vec<String>, name: &str) -> bool {
    names.binary_search_by(|known| known.as_str().cmp(name)).is_ok() || add_named(names, &name.to_owned())
}

fn add_named<T: Ord + Clone>(names: &mut Vec<T>, name: &T) -> bool {
    let Err(at) = names.binary_search(name) else { return true };
    if at >= MAX_NAMES {
        return false;
    }
    names.insert(at, name.clone());
    let whole = names.len() <= MAX_NAMES;
    // The smallest stay, whatever the order they came in.
    names.truncate(MAX_NAMES);
    whole
}

/// Adds what another shard saw; `false`: some name is left out.
fn merge(known: &mut Contact, other: Contact) -> bool {
    let mut whole = true;
    for host in &other.hosts {
        whole &= add_name(&mut known.hosts, host);
    }
    for remark in &other.remarks {
        whole &= add_named(&mut known.remarks, remark);
    }
    for address in &other.addresses {
        whole &= add_name(&mut known.addresses, address);
    }
    known.messages += other.messages;
    known.sealed += other.sealed;
    known.sent_bytes += other.sent_bytes;
    for (reason, count) in other.closed {
        *known.closed.entry(reason).or_default() += count;
    }
    for (into, from) in [
        (&mut known.phases, other.phases),
        (&mut known.near_mark, other.near_mark),
        (&mut known.unread_phases, other.unread_phases),
    ] {
        for (phase, count) in from {
            *into.entry(phase).or_default() += count;
        }
    }
    known.first = known.first.min(other.first);
    known.last = known.last.max(other.last);
    if order(&other.place) < order(&known.place) {
        known.place = other.place;
    }
    whole
}
