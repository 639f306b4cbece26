//! `keys.toml` and `placeholders.toml`: names that values travel under, and values that mean "none".

use std::sync::OnceLock;

use regex::RegexSet;
use serde::{Deserialize, Serialize};

use super::{Confidence, Origin};
use crate::observations::PlaceholderKind;

/// Names of one data type on the wire.
///
/// Compared without case, `_`, `-`, `.` and the prefixes `d`, `device`, `dev`, `x`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyName {
    /// Data type id.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Names.
    pub names: Vec<String>,
    /// The names mean other things as well (`cid`, `aid`, `mc`): a hint only for the
    /// products of `recipients`.
    #[serde(default)]
    pub ambiguous: bool,
    /// Products known to use these names so. Empty: any.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// Products that use these names for something else.
    #[serde(default)]
    pub except: Vec<String>,
    /// The names carry one half of the value: `latitude` or `longitude`, `area` or `cell`.
    #[serde(default)]
    pub part: Option<String>,
    /// How well this is known.
    #[serde(default)]
    pub confidence: Confidence,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

/// Words of field names: what kind of thing a field holds (`fields.toml`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldWords {
    /// What the words say.
    pub kind: FieldKind,
    /// Single words, in lower case.
    pub words: Vec<String>,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

/// What kind of thing a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// One thing among many.
    Identifier,
    /// A kind of thing, which many devices share.
    Property,
    /// When.
    Moment,
    /// Something that stands somewhere: coordinates, phone numbers and addresses in it are not the user's.
    Site,
    /// A point on a map: coordinates in it are not the device's.
    Spot,
    /// Parts of one device that have an address each.
    Interface,
}

/// Values that stand where an identifier would: the slot is there, the value withheld.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placeholder {
    /// Data types they stand for; empty: any.
    #[serde(default)]
    pub types: Vec<String>,
    /// Exact values, compared without case. Their MD5, SHA-1 and SHA-256 count as well.
    #[serde(default)]
    pub values: Vec<String>,
    /// Regular expressions over the whole value (`0+`, `__[A-Z0-9_]+__`).
    #[serde(default)]
    pub patterns: Vec<String>,
    /// How they say that there is no value.
    #[serde(default)]
    pub kind: PlaceholderKind,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
    /// The patterns, made ready when a value is compared with them.
    #[serde(skip)]
    pub(super) compiled: OnceLock<RegexSet>,
}

impl Placeholder {
    /// `value` means "none" for this data type. Digests of placeholders are not looked at here.
    pub fn stands_for(&self, data_type: &str, value: &str) -> bool {
        let concerned = self.types.is_empty() || self.types.iter().any(|t| t == data_type);
        concerned
            && (self.values.iter().any(|v| v.eq_ignore_ascii_case(value))
                || self.compiled.get_or_init(|| self.shapes()).is_match(value))
    }

    /// Those of its patterns that are regular expressions, each for all of a value.
    fn shapes(&self) -> RegexSet {
        let whole = self.patterns.iter().map(|p| format!("^(?i:{p})$")).filter(|p| regex_syntax::parse(p).is_ok());
        RegexSet::new(whole).unwrap_or_default()
    }
}
