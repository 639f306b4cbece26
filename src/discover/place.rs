//! One run, as values at places: what a message of its kind says at one spot of it.
//!
//! A place is a recipient, a kind of message (method and path template) and the way to
//! the value. Whatever varies from run to run or from entry to entry (ids in paths,
//! indices of arrays) is not part of it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::value;
use crate::evidence::{Certainty, Place, Time};
use crate::examine::{Sent, path_template};
use crate::identify::Hit;
use crate::message::Kind;
use crate::observations::{Recipient, Role};
use crate::payload::Part;

/// Places of one run. An app that says a hundred things in each of a hundred kinds of
/// message has ten thousand.
const MAX_PLACES: usize = 131_072;
/// Different values at one place: more, and it is not a place of one constant.
const MAX_VALUES: usize = 16;
/// Different values of a run that are remembered, by hash, to see whether a value of one
/// run occurs anywhere in another.
const MAX_SEEN: usize = 4 << 20;
/// The last step of the way to a part of a longer text.
pub const PIECE: &str = "piece ";
/// Bytes that are no text and as few as this are a value in hex: a UUID has 16, a SHA-512 64.
const RAW: usize = 64;

/// What is the same in every run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// Product id, or the recipient's host, ids in it replaced.
    pub recipient: String,
    /// `POST /v2/user/{}/bind`, `mqtt`, `dns`.
    pub message: String,
    /// `body → gzip → json $.device.id`; `piece 2` for a part of a longer text.
    pub way: Vec<String>,
}

impl Spot {
    /// In the header that names programs with their versions.
    pub fn is_in_user_agent(&self) -> bool {
        self.way.iter().any(|step| step == "header user-agent")
    }
}

/// One value at one place.
#[derive(Clone, Debug)]
pub struct Value {
    /// As it was written.
    pub written: String,
    /// Messages that carried it here.
    pub messages: u64,
    /// The first of them.
    pub first: Place,
    /// Its time.
    pub time: Time,
    /// The type that the profile confirms, or that its field suggests.
    pub known: Option<(String, Certainty)>,
}

/// Everything at one place.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Messages with this place.
    pub messages: u64,
    /// By the value without case and marks.
    pub values: BTreeMap<String, Value>,
    /// There were more than are kept.
    pub many: bool,
    /// Name of the field.
    pub key: Option<String>,
    /// Hosts it was sent to.
    pub hosts: BTreeSet<String>,
}

/// One run.
#[derive(Debug, Default)]
pub struct Run {
    /// By place.
    pub spots: BTreeMap<Spot, Values>,
    /// Recipients by the name that stands in a place.
    pub recipients: BTreeMap<String, Recipient>,
    seen: HashSet<[u8; 16]>,
    /// Limits that were reached.
    pub limits: BTreeSet<String>,
}

impl Run {
    /// Takes a message in.
    pub fn take(&mut self, sent: &Sent<'_>) {
        let host = templated(&sent.attribution.host, '.');
        let recipient = &sent.attribution.recipient;
        let name = match (&recipient.product, recipient.role) {
            (Some(product), _) => product.clone(),
            (None, Role::FirstParty) => recipient.id.clone(),
            (None, _) => host.clone(),
        };
        self.recipients.entry(name.clone()).or_insert_with(|| recipient.clone());
        let kind = match &sent.message.kind {
            Kind::Request { method, target } => format!("{method} {}", templated(&path_template(target), '/')),
            Kind::WebSocket { target: Some(target), .. } => {
                format!("{} {}", sent.message.protocol.as_str(), templated(&path_template(target), '/'))
            }
            _ => sent.message.protocol.as_str().to_owned(),
        };
        let kind = kind.trim_end().to_owned();
        let spot = |way: Vec<String>| Spot { recipient: name.clone(), message: kind.clone(), way };
        let mut in_message: BTreeSet<(Spot, String)> = BTreeSet::new();
        if host != sent.attribution.host {
            self.text(&sent.attribution.host, (&spot(vec!["host".to_owned()]), None, &[]), sent, &mut in_message);
        }
        for (index, leaf) in sent.leaves.iter().enumerate() {
            // What a container was decoded to has leaves of its own; the host is taken above.
            let whole = leaf.is_decoded(&(0..leaf.bytes.len()));
            if whole || leaf.header().is_some_and(|h| matches!(h, "host" | ":authority" | "content-length")) {
                continue;
            }
            let way = leaf.way().into_iter().map(|(step, argument)| match argument {
                None => step.to_owned(),
                // The number of a path's segment counts from the front; its text is the value.
                Some(argument) if step == "path" => format!("path {argument}"),
                Some(argument) => format!("{step} {}", without_entries(argument)),
            });
            let way: Vec<String> = way.collect();
            let key = leaf.key.as_deref().filter(|_| leaf.part != Part::Path && leaf.part != Part::Name);
            let hits: Vec<&Hit> = sent.hits.iter().filter(|hit| hit.leaf == index).collect();
            let raw;
            let text = match std::str::from_utf8(&leaf.bytes) {
                Ok(text) => text.trim(),
                Err(_) if leaf.bytes.len() <= RAW => {
                    raw = data_encoding::HEXLOWER.encode(&leaf.bytes);
                    raw.as_str()
                }
                Err(_) => continue,
            };
            self.text(text, (&spot(way), key, &hits), sent, &mut in_message);
        }
        for spot in in_message.iter().map(|(spot, _)| spot).collect::<BTreeSet<_>>() {
            if let Some(values) = self.spots.get_mut(spot) {
                values.messages += 1;
            }
        }
    }

    /// Takes a text at a place: whole, and where it is no single value its pieces.
    fn text(
        &mut self,
        text: &str,
        (spot, key, hits): (&Spot, Option<&str>, &[&Hit]),
        sent: &Sent<'_>,
        in_message: &mut BTreeSet<(Spot, String)>,
    ) {
        if text.is_empty() {
            return;
        }
        // What is known of a stretch of the text holds for the pieces in it.
        let known = |part: &str| {
            let of_it = hits.iter().filter(|hit| hit.written.contains(part) || part.contains(&hit.written));
            of_it.max_by_key(|hit| hit.certainty).map(|hit| (hit.data_type.clone(), hit.certainty))
        };
        self.value(text, (spot.clone(), key, known(text)), sent, in_message);
        if value::form(text).is_err() {
            // A model of two words is one value, for what is a digest of it.
            for (name, field) in value::fields(text).into_iter().filter(|(_, field)| value::form(field).is_err()) {
                let mut spot = spot.clone();
                spot.way.push(format!("{PIECE}{} …", templated(name, '.')));
                self.value(field, (spot, Some(name), None), sent, in_message);
            }
            let signs = if spot.is_in_user_agent() { value::SIGNS_OF_PRODUCTS } else { value::SIGNS };
            for piece in value::pieces(text, signs) {
                let mut spot = spot.clone();
                spot.way.push(match piece.name {
                    Some(name) => format!("{PIECE}{}", templated(name, '.')),
                    None => format!("{PIECE}{}", piece.number),
                });
                self.value(piece.text, (spot, piece.name, known(piece.text)), sent, in_message);
            }
        }
    }

    fn value(
        &mut self,
        text: &str,
        (spot, key, known): (Spot, Option<&str>, Option<(String, Certainty)>),
        sent: &Sent<'_>,
        in_message: &mut BTreeSet<(Spot, String)>,
    ) {
        let identity = value::identity(text);
        match self.seen.len() < MAX_SEEN {
            true => drop(self.seen.insert(short_digest(&identity))),
            false => drop(self.limits.insert(format!("different values in one run: {MAX_SEEN}"))),
        }
        if !self.spots.contains_key(&spot) && self.spots.len() >= MAX_PLACES {
            self.limits.insert(format!("places in one run: {MAX_PLACES}"));
            return;
        }
        let values = self.spots.entry(spot.clone()).or_default();
        values.hosts.insert(sent.attribution.host.clone());
        if values.key.is_none() {
            values.key = key.map(str::to_owned);
        }
        let first_here = in_message.insert((spot, identity.clone()));
        if let Some(value) = values.values.get_mut(&identity) {
            value.messages += u64::from(first_here);
            if known.as_ref().map(|k| k.1) > value.known.as_ref().map(|k| k.1) {
                value.known = known;
            }
            return;
        }
        if values.values.len() >= MAX_VALUES {
            values.many = true;
            return;
        }
        let (first, time) = (sent.message.place.clone(), sent.message.time);
        values.values.insert(identity, Value { written: text.to_owned(), messages: 1, first, time, known });
    }

    /// The value occurs in this run, wherever.
    pub fn has(&self, identity: &str) -> bool {
        self.seen.contains(&short_digest(identity))
    }
}

fn short_digest(text: &str) -> [u8; 16] {
    let mut short = [0; 16];
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    short.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    short
}

/// `$.events[3].id` is one place with `$.events[0].id`; keys of a map that are ids are one as well.
fn without_entries(argument: &str) -> String {
    let mut out = String::with_capacity(argument.len());
    let mut index = false;
    for c in argument.chars() {
        match c {
            '[' => {
                index = true;
                out.push(c);
            }
            ']' => {
                index = false;
                out.push(c);
            }
            c if index && c.is_ascii_digit() => {}
            c => out.push(c),
        }
    }
    templated(&out, '.')
}

/// `text` with those of its parts between `mark`s replaced that have the form of an identifier.
pub(super) fn templated(text: &str, mark: char) -> String {
    let varies = |part: &str| value::form(part).is_ok_and(|form| form.strength > value::Strength::Weak);
    let parts: Vec<&str> = text.split(mark).map(|part| if varies(part) { "{}" } else { part }).collect();
    parts.join(&mark.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_is_no_part_of_a_place() {
        assert_eq!(without_entries("$.events[12].id"), "$.events[].id");
        assert_eq!(without_entries("$.seen.0b1d5c9e-6f3a-4b7d-9c21-7e8f9a0b1c2d.n"), "$.seen.{}.n");
        assert_eq!(templated("b7f3c2a19d8e4405.t3.tracker.example", '.'), "{}.t3.tracker.example");
        assert_eq!(templated("GET /v2/Yq3mT0xW9bLr5KcV2nZs7A/bind", '/'), "GET /v2/{}/bind");
    }
}
