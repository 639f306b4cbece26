//! `types.toml`: the tree of data types, their class, and whether a wire can carry them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Origin;

/// How much harm a type can do (the class moves a finding's severity).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// One step down: model, screen, carrier …
    L,
    /// As the base says: resettable ids, coarse places …
    M,
    /// One step up: hardware ids, phone number, place, contacts …
    H,
}

/// A kind of personal information.
///
/// ```toml
/// [[type]]
/// id = "imei"
/// zh = "IMEI"
/// en = "IMEI"
/// class = "H"
/// within = ["device_id"]
/// source = "facts: identifiers, telephony hardware"
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataType {
    /// Stable id.
    pub id: String,
    /// Name to print, Chinese.
    pub zh: String,
    /// Name to print, English.
    pub en: String,
    /// See [`Class`].
    pub class: Class,
    /// Umbrella types that contain it directly; their umbrellas contain it too.
    #[serde(default)]
    pub within: Vec<String>,
    /// Types that a declaration of this one names as well: precise location covers coarse.
    #[serde(default)]
    pub implies: Vec<String>,
    /// Words of policies that name this type and are read as one of its umbrellas, because the ids for what policies
    /// declare have none for it. Letters and digits, lower case.
    #[serde(default)]
    pub words: Vec<String>,
    /// It is an umbrella: never sighted itself, only declared.
    #[serde(default)]
    pub umbrella: bool,
    /// A wire can carry it as such (a camera cannot).
    #[serde(default = "yes")]
    pub observable: bool,
    /// Where this was taken from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

fn yes() -> bool {
    true
}

/// All data types.
#[derive(Clone, Debug, Default)]
pub struct Types {
    by_id: BTreeMap<String, DataType>,
}

impl Types {
    /// Of a list of types; a later one with the same id replaces the earlier.
    pub fn new(types: impl IntoIterator<Item = DataType>) -> Self {
        Self { by_id: types.into_iter().map(|t| (t.id.clone(), t)).collect() }
    }

    /// The type with this id.
    pub fn get(&self, id: &str) -> Option<&DataType> {
        self.by_id.get(id)
    }

    /// All, by id.
    pub fn iter(&self) -> impl Iterator<Item = &DataType> {
        self.by_id.values()
    }

    /// All umbrellas over `id`, nearest first, each once; never `id` itself.
    pub fn umbrellas(&self, id: &str) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        let mut next: Vec<&str> =
            self.get(id).map(|t| t.within.iter().map(String::as_str).collect()).unwrap_or_default();
        while !next.is_empty() {
            let mut above = Vec::new();
            for umbrella in next {
                if umbrella != id && !found.contains(&umbrella) {
                    found.push(umbrella);
                    above.extend(self.get(umbrella).into_iter().flat_map(|t| t.within.iter().map(String::as_str)));
                }
            }
            next = above;
        }
        found
    }

    /// `words` name the type `id` itself, though they are read as one of its umbrellas.
    pub fn is_named_by(&self, id: &str, words: &str) -> bool {
        let named = self.get(id).map(|t| t.words.as_slice()).unwrap_or_default();
        let folded = || words.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
        !named.is_empty() && named.contains(&folded())
    }

    /// `umbrella` contains `id`, directly or through others.
    pub fn contains(&self, umbrella: &str, id: &str) -> bool {
        self.umbrellas(id).contains(&umbrella)
    }
}
