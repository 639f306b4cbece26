//! Leaves to hits: which of the values are personal information, and how sure that is.
//!
//! Takes the [`Leaf`]s of one message, the device profile and the product it went to;
//! hands on [`Hit`]s and the slots whose value was withheld. It does not know streams,
//! policies or what a hit is worth.
//!
//! *Confirmed* is a value of the device profile, or a digest of one, at a boundary.
//! *Probable* takes two of: a key name, a shape that has a structure, a recipient
//! known to use that key. *Possible* is the rest.

mod apps;
mod beside;
mod boundary;
mod digest;
mod embedded;
mod forms;
mod grouped;
mod in_text;
mod issued;
mod keyed;
mod keys;
mod nearby;
mod patterns;
mod place;
mod placeholders;
mod settle;
mod system;
mod tower;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

use crate::evidence::{Certainty, Reason, Time};
use crate::observations::{Form, PlaceholderKind};
use crate::payload::{Leaf, Part};
use crate::session::Profile;
use crate::signatures::Signatures;

pub(crate) use digest::all as digests;
pub use issued::{ISSUED, Issued};
pub(crate) use keys::words as key_words;
pub use placeholders::Placeholders;

/// A data type seen in a leaf.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Data type id.
    pub data_type: String,
    /// How the value was written.
    pub form: Form,
    /// How sure.
    pub certainty: Certainty,
    /// Why this type and this certainty, without the value.
    pub reason: Reason,
    /// The value itself, for labels: the profile's value where it is one, so that an IMEI and its
    /// MD5 get the same label; else the text as it stood there. Never to be printed.
    pub value: String,
    /// As it stood there, for masking.
    pub written: String,
    /// The name it stood under.
    pub key: Option<String>,
    /// Position of the leaf in the list given.
    pub leaf: usize,
    /// First byte in the leaf.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
}

/// A slot for an identifier with nothing in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Withheld {
    /// Data type id.
    pub data_type: String,
    /// Name of the slot.
    pub key: String,
    /// What stands in it.
    pub placeholder: PlaceholderKind,
    /// Position of the leaf.
    pub leaf: usize,
}

/// What was found in one message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// By leaf, offset, type.
    pub hits: Vec<Hit>,
    /// Slots that hold a placeholder, by type and key.
    pub withheld: Vec<Withheld>,
}

/// Finds the values of one device. Built once for a run; cheap to share between threads.
#[derive(Debug)]
pub struct Identifier {
    patterns: patterns::Patterns,
    keys: keys::Keys,
    placeholders: Placeholders,
    places: Vec<place::Known>,
    /// Packages that the profile says are installed.
    apps: std::collections::BTreeSet<String>,
    /// Types that the profile has values of.
    profiled: std::collections::BTreeSet<String>,
    recipes: BTreeMap<String, RecipeFields>,
}

/// What a recipe says about the leaves it leads to.
#[derive(Debug)]
struct RecipeFields {
    fields: BTreeMap<String, String>,
    experimental: bool,
}

/// A leaf as the searches below see it.
#[derive(Clone, Copy)]
struct Seen<'a> {
    index: usize,
    leaf: &'a Leaf,
    /// Its text, when it is UTF-8.
    text: Option<&'a str>,
    /// The name that it stands under, or in a path behind: `imei` of `/imei/86…`.
    name: Option<&'a str>,
    /// What that name says.
    named: keys::Named<'a>,
    product: Option<&'a str>,
}

impl Identifier {
    /// For the values of `profile`, which may be empty. Values that are placeholders are left out.
    pub fn new(signatures: &Signatures, profile: &Profile) -> Self {
        Self::for_app(signatures, profile, None)
    }

    /// The same, where the audited app is known: some products put its id into their digests.
    pub fn for_app(signatures: &Signatures, profile: &Profile, app: Option<&str>) -> Self {
        let placeholders = Placeholders::new(signatures);
        let recipes = signatures
            .recipes
            .values()
            .map(|r| (r.id.clone(), RecipeFields { fields: r.fields.clone(), experimental: r.experimental }))
            .collect();
        Self {
            patterns: patterns::Patterns::new(signatures, profile, app, &placeholders),
            keys: keys::Keys::new(signatures),
            places: place::known(profile),
            profiled: profile.ids.iter().filter(|(_, values)| !values.is_empty()).map(|(id, _)| id.clone()).collect(),
            apps: profile.ids.get("installed_apps").into_iter().flatten().map(|v| v.value.clone()).collect(),
            placeholders,
            recipes,
        }
    }

    /// What the leaves of one message hold. `product` is the id of the product it went
    /// to, where that is known; `time` decides between profile values with a validity.
    pub fn find(&self, leaves: &[Leaf], product: Option<&str>, time: Time) -> Found {
        let mut found = Found::default();
        let mut names = HashMap::default();
        let mut seen = Vec::with_capacity(leaves.len());
        seen.extend((0..leaves.len()).filter_map(|index| self.seen(index, leaves, product, &mut names)));
        self.patterns.search(self, &seen, time, &mut found.hits);
        place::search(self, &seen, time, &mut found);
        apps::search(self, &seen, &mut found.hits);
        keyed::search(self, &seen, &mut found);
        system::settle(self, &seen, &mut found);
        beside::settle(&seen, &mut found.hits);
        tower::search(self, &seen, &mut found);
        nearby::search(self, &seen, &mut found);
        settle::settle(&mut found, |leaf| self.is_experimental(leaves.get(leaf)));
        found
    }

    /// `names` are those of the message that were looked up: lists of records repeat theirs.
    fn seen<'a>(
        &'a self,
        index: usize,
        leaves: &'a [Leaf],
        product: Option<&'a str>,
        names: &mut HashMap<&'a str, keys::Named<'a>, RandomState>,
    ) -> Option<Seen<'a>> {
        let leaf = leaves.get(index)?;
        let mut said = |name: &'a str| *names.entry(name).or_insert_with(|| self.keys.named(name));
        let name = match leaf.key.as_deref() {
            // `{"oaid": {"id": …}}`: what it is the id of says more.
            Some(key) if OF_ITS_PARENT.contains(&key) => {
                let around = leaf.path().and_then(parent).filter(|around| self.keys.is_unmistakable(said(around)));
                around.or(Some(key))
            }
            Some(key) => Some(key),
            // Most segments name nothing.
            None => segment_before(leaves, index).filter(|before| !said(before).is_empty()),
        };
        let named = name.map(said).unwrap_or_default();
        Some(Seen { index, leaf, text: std::str::from_utf8(&leaf.bytes).ok(), name, named, product })
    }

    fn is_experimental(&self, leaf: Option<&Leaf>) -> bool {
        leaf.and_then(|l| l.recipe.as_deref()).and_then(|id| self.recipes.get(id)).is_some_and(|r| r.experimental)
    }

    /// The type that the leaf's recipe gives it.
    fn recipe_type(&self, leaf: &Leaf) -> Option<&str> {
        let fields = &self.recipes.get(leaf.recipe.as_deref()?)?.fields;
        let by_path = leaf.path().and_then(|path| {
            // Entries of a list are one field, and how a number was read (`3.1 hex`) is no part of its path.
            let bare = without_entries(path.split(' ').next().unwrap_or(path));
            fields.get(path).or_else(|| fields.get(&bare)).or_else(|| {
                let any =
                    fields.iter().find(|(pattern, _)| pattern.strip_prefix('*').is_some_and(|end| bare.ends_with(end)));
                any.map(|(_, data_type)| data_type)
            })
        });
        by_path.or_else(|| leaf.key.as_ref().and_then(|key| fields.get(key))).map(String::as_str)
    }
}

/// Names of fields that hold what they stand in.
const OF_ITS_PARENT: &[&str] = &["id", "value", "val"];

/// The name of what a value of a JSON document stands in: `oaid` of `$.header.oaid.id`.
fn parent(path: &str) -> Option<&str> {
    let (around, _) = path.strip_prefix("$.")?.rsplit_once('.')?;
    let name = around.rsplit('.').next().unwrap_or(around);
    Some(name.split('[').next().unwrap_or(name))
}

/// The segment of a path that stands before the one at `index`.
fn segment_before(leaves: &[Leaf], index: usize) -> Option<&str> {
    let number = leaves.get(index)?.segment()?;
    let before = leaves.get(index.checked_sub(1)?)?;
    (before.segment()? + 1 == number).then(|| std::str::from_utf8(&before.bytes).ok()).flatten()
}

/// `$.events[3].id` as `$.events[].id`, `1[2].46` as `1.46`.
fn without_entries(path: &str) -> String {
    let json = path.starts_with('$');
    let mut out = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        inside = c != ']' && (inside || c == '[');
        if json && matches!(c, '[' | ']') || !inside && c != ']' {
            out.push(c);
        }
    }
    out
}

impl Seen<'_> {
    /// The header that tells every server which browser or library asks.
    fn is_user_agent(&self) -> bool {
        self.leaf.part == Part::Header
            && self.leaf.header().is_some_and(|h| h == "user-agent" || h.starts_with("sec-ch-ua"))
    }
}
