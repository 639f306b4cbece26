//! `vocabulary/*.toml`: the words of policies, Chinese and English.
//!
//! Terms for data, functional categories of recipients, table headers, and phrases
//! that change what a sentence says (denials, conditions, claims). All are matched
//! on folded text: NFKC, lower case, no spaces beside CJK.

use serde::{Deserialize, Serialize};

use super::{Origin, parts};

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
    /// Regular expressions over folded text; `{NAME}` in one stands for the patterns of the
    /// phrase `part:NAME` ([`Vocabulary::whole`]).
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

impl Vocabulary {
    /// A pattern with the phrases it is made of put in: `{not-zh}收集` has those of `part:not-zh`. What names no
    /// phrase stays as it is, and is no regular expression.
    pub fn whole(&self, pattern: &str) -> String {
        parts::whole(pattern, &|id| {
            self.phrases.iter().filter(|p| p.id == id).flat_map(|p| &p.patterns).map(String::as_str).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrase(id: &str, pattern: &str) -> Phrase {
        let patterns = vec![pattern.to_owned()];
        Phrase { id: id.to_owned(), patterns, value: None, source: "test".to_owned(), origin: Origin::default() }
    }

    #[test]
    fn parts_are_put_in() {
        let phrases =
            vec![phrase("part:not", "不|{late}"), phrase("part:late", "不再"), phrase("part:loop", "{loop}x")];
        let vocabulary = Vocabulary { phrases, ..Vocabulary::default() };
        assert_eq!(vocabulary.whole("{not}收{2,3}集"), "(?:不|(?:不再))收{2,3}集");
        assert_eq!(vocabulary.whole("{none}x"), "{none}x");
        assert!(vocabulary.whole("{loop}").len() < 100);
    }
}
