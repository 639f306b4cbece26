//! What a message is looked at with, and what is found in it.

use std::borrow::Cow;

use bytes::Bytes;

use crate::evidence::{Certainty, Gaps, GroundCode};
use crate::identify::{self, Hit, Identifier, Issued, Withheld};
use crate::message::Message;
use crate::party::{Attribution, Attributor};
use crate::payload::{Decoder, Leaf};
use crate::session::Timeline;
use crate::signatures::{Recipe, Signatures};

use super::apps::AppMap;
use super::hide::Hidden;

/// Fields of grounds that name hosts.
const HOSTS: &[&str] = &["host", "sni", "others", "alias", "certificate"];

/// What looking at a message needs to know. Shared by all shards, never changed.
pub struct Lens<'s> {
    /// The facts.
    pub signatures: &'s Signatures,
    /// Messages to recipients.
    pub attributor: Attributor<'s>,
    /// Messages to leaves.
    pub decoder: Decoder,
    /// Leaves to hits.
    pub identifier: Identifier,
    /// Times to phases.
    pub timeline: Timeline,
    /// Whose traffic it is.
    pub apps: AppMap,
    /// The audited app, where it is known.
    pub app: Option<String>,
    /// Only this app was recorded.
    pub isolated: bool,
    /// Show values as they are (`--show-values`).
    pub show_values: bool,
}

/// What was found in one message.
#[derive(Default)]
pub struct Found<'l> {
    /// The decoded leaves, which the fields below point into.
    leaves: Vec<Leaf>,
    /// Values, by the leaves they are in.
    pub hits: Vec<Hit>,
    /// Recipes of payloads that their SDKs sealed.
    pub sealed: Vec<&'l Recipe>,
    /// Leaves whose values may turn out to be ids that a product issued.
    candidates: Vec<usize>,
    /// Slots without a value.
    pub withheld: Vec<Withheld>,
    /// Values that a report must not print inside names. `None`: values are to be shown.
    pub hidden: Option<Hidden>,
}

impl Found<'_> {
    /// Hits and the leaves they are in.
    pub fn hits(&self) -> impl Iterator<Item = (&Hit, &Leaf)> {
        self.with_leaves(&self.hits, |hit| hit.leaf)
    }

    /// Values that may turn out to be ids that a product issued, by their leaves.
    pub fn candidates(&self) -> impl Iterator<Item = (usize, &Leaf)> {
        self.candidates.iter().filter_map(|index| Some((*index, self.leaves.get(*index)?)))
    }

    /// Slots and their leaves.
    pub fn withheld(&self) -> impl Iterator<Item = (&Withheld, &Leaf)> {
        self.with_leaves(&self.withheld, |slot| slot.leaf)
    }

    fn with_leaves<'f, T>(&'f self, all: &'f [T], leaf: fn(&T) -> usize) -> impl Iterator<Item = (&'f T, &'f Leaf)> {
        all.iter().filter_map(move |one| Some((one, self.leaves.get(leaf(one))?)))
    }
}

impl Lens<'_> {
    /// Whether the message is known to come from another app than the audited one.
    pub fn is_of_other_app(&self, message: &Message) -> bool {
        let apps = message.app.as_deref().zip(self.app.as_deref());
        apps.and_then(|(app, audited)| self.apps.is_audited(app, audited)) == Some(false)
    }

    /// Decodes a message and finds what is in it. Values that occur in the names of its
    /// recipient (a host, a subdomain) are replaced there.
    pub fn look<'l>(&'l self, message: &Message, attribution: &mut Attribution, gaps: &mut Gaps) -> Found<'l> {
        let recipient = &attribution.recipient;
        let product = recipient.product.clone().or_else(|| recipient.via.clone());
        let decoded = self.decoder.leaves(message, product.as_deref());
        for gap in decoded.gaps {
            gaps.add(gap);
        }
        let sealed = decoded.sealed.iter().filter_map(|(id, _)| self.signatures.recipes.get(id)).collect();
        let identify::Found { hits, withheld } =
            self.identifier.find(&decoded.leaves, product.as_deref(), message.time);
        let hidden = (!self.show_values).then(|| hidden_values(&hits, &decoded.leaves));
        if let Some(values) = &hidden {
            hide_in_names(values, attribution);
        }
        let candidates = self.identifier.candidates(&decoded.leaves, &hits);
        Found { leaves: decoded.leaves, hits, sealed, candidates, withheld, hidden }
    }

    /// Looks at a stream that stayed closed: only its server names are there to be searched.
    pub fn look_at_names<'l>(&'l self, message: &Message, attribution: &mut Attribution, gaps: &mut Gaps) -> Found<'l> {
        let named = Message { body: Bytes::new(), headers: Vec::new(), ..message.clone() };
        let found = self.look(&named, attribution, gaps);
        let hits = found.hits.into_iter().filter(|hit| hit.certainty == Certainty::Confirmed).collect();
        Found { leaves: found.leaves, hits, hidden: found.hidden, ..Found::default() }
    }

    /// The ids that a received message teaches, where its product issues ids.
    pub fn learn(&self, message: &Message, product: &str) -> Vec<Issued> {
        if !self.identifier.is_issuer(product) {
            return Vec::new();
        }
        self.identifier.issued(&self.decoder.leaves(message, Some(product)).leaves, product)
    }
}

/// What must not be printed inside names: each value that is more than possible, in all its writings.
fn hidden_values(hits: &[Hit], leaves: &[Leaf]) -> Hidden {
    let telling = hits.iter().filter(|hit| hit.certainty > Certainty::Possible);
    Hidden::new(telling.flat_map(|hit| {
        let leaf = leaves.get(hit.leaf);
        // The bytes as they were sent, the text they mean (they may be its hex), and the value itself.
        let raw = leaf.and_then(|leaf| std::str::from_utf8(leaf.bytes.get(hit.start..hit.end)?).ok());
        let all = [raw, Some(hit.written.as_str()), Some(hit.value.as_str())].into_iter().flatten();
        all.chain(leaf.map(Leaf::printed).into_iter().flatten())
    }))
}

/// Takes `values` out of everything that a report prints of an attribution, and tokens out of its hosts.
fn hide_in_names(values: &Hidden, attribution: &mut Attribution) {
    let recipient = &mut attribution.recipient;
    let names = [&mut recipient.id, &mut recipient.zh, &mut recipient.en, &mut recipient.domain];
    let remarked = attribution.remark.iter_mut().flat_map(|remark| remark.values_mut());
    let names = names.into_iter().chain(recipient.reason.values_mut()).chain([&mut attribution.host]).chain(remarked);
    replace_in(names, |name| values.out_of(name));
    // A host that a signature lists belongs to no session, whatever it looks like.
    if recipient.reason.0.iter().any(|ground| ground.code == GroundCode::MatchHost) {
        return;
    }
    let grounds = recipient.reason.0.iter_mut().chain(attribution.remark.iter_mut().flat_map(|r| &mut r.0));
    let told = grounds.flat_map(|ground| ground.fields.iter_mut()).filter(|(field, _)| HOSTS.contains(field));
    let mut hosts: Vec<&mut String> = told.map(|(_, host)| host).chain([&mut attribution.host]).collect();
    // A recipient that nothing knows is called by its host.
    if recipient.id.starts_with("host:") {
        hosts.extend([&mut recipient.id, &mut recipient.zh, &mut recipient.en]);
    }
    replace_in(hosts.into_iter(), |host| values.out_of_hosts(host));
}

/// Replaces each of `names` by what `shown` makes of it. Most are one host, said again and again.
fn replace_in<'n>(names: impl Iterator<Item = &'n mut String>, shown: impl for<'t> Fn(&'t str) -> Cow<'t, str>) {
    let mut plain = String::new();
    for name in names.filter(|name| !name.is_empty()) {
        if *name == plain {
            continue;
        }
        match shown(name) {
            Cow::Owned(shown) => *name = shown,
            Cow::Borrowed(_) => plain.clone_from(name),
        }
    }
}

/// Mostly printable UTF-8: lines, JSON, XML and the like over a bare socket.
pub fn is_text(bytes: &[u8]) -> bool {
    // The last character may be incomplete where the direction changed.
    let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    let text = bytes.get(..valid).unwrap_or_default();
    let odd = text.iter().filter(|b| b.is_ascii_control() && !b.is_ascii_whitespace()).count();
    !bytes.is_empty() && bytes.len() - valid < 4 && odd * 20 <= text.len()
}
