//! `vocabulary/*.toml`: the words of policies, Chinese and English.
//!
//! Terms for data, functional categories of recipients, table headers, and phrases
//! that change what a sentence says (denials, conditions, claims). All are matched
//! on folded text: NFKC, lower case, no spaces beside CJK.

use serde::{Deserialize, Serialize};

use super::Origin;

/// Words for one data type.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataTerm {
    /// Data type id; `none` for words that are no data though a shorter word in them is.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Words, both languages.
    pub words: Vec<String>,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

/// A functional category of recipients.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Stable id: `push`, `one-click-login`, `payment`, `map` …
    pub id: String,
    /// Name to print, Chinese.
    pub zh: String,
    /// Name to print, English.
    pub en: String,
    /// Words policies use for it (`通知`, `推送`, "push notification").
    pub words: Vec<String>,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

/// Words for a column of a third-party table, or a label of a block.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderTerm {
    /// `company`, `product`, `data`, `purpose`, `scenario`, `method`, `link`, `permissions`, `package` …
    pub column: String,
    /// Words, both languages.
    pub words: Vec<String>,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

/// Phrases with one meaning.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phrase {
    /// What it means: `denial`, `exception`, `nothing-said`, `says-none`,
    /// `catch-all`, `sdk-list`, `claim:transport_encryption` …
    pub id: String,
    /// Regular expressions over folded text.
    pub patterns: Vec<String>,
    /// Value the phrase gives, where it gives one (`CN`, `true`, `conditional`).
    #[serde(default)]
    pub value: Option<String>,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// `vocabulary/data.toml`.
    pub data: Vec<DataTerm>,
    /// `vocabulary/categories.toml`.
    pub categories: Vec<Category>,
    /// `vocabulary/headers.toml`.
    pub headers: Vec<HeaderTerm>,
    /// `vocabulary/phrases.toml`.
    pub phrases: Vec<Phrase>,
}
