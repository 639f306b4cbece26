//! `calls.toml`: what the methods of a system, and the tools that log them, call the data
//! that a call gives.

use serde::{Deserialize, Serialize};

use super::{Confidence, Origin};

/// Words that mean a data type where a log of calls has them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallWords {
    /// Data type id.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Names of methods, and words of descriptions. Case does not count; a word of ASCII letters
    /// and digits stands alone.
    pub words: Vec<String>,
    /// How well this is known.
    #[serde(default)]
    pub confidence: Confidence,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

impl CallWords {
    /// Whether `text`, in lower case, has one of the words.
    pub fn means(&self, text: &str) -> bool {
        self.words.iter().any(|word| stands_in(&word.to_lowercase(), text))
    }
}

fn stands_in(word: &str, text: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let ascii = (word.starts_with(|c: char| c.is_ascii()), word.ends_with(|c: char| c.is_ascii()));
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let behind = text.get(at + word.len()..).and_then(|behind| behind.chars().next());
        let glued = ascii.0 && inside(before) || ascii.1 && inside(behind);
        !glued
    })
}

#[cfg(test)]
mod tests {
    use super::stands_in;

    #[test]
    fn a_word_stands_alone() {
        assert!(stands_in("mac", "获取mac地址") && stands_in("imei", "获取imei"));
        assert!(!stands_in("mac", "machine") && !stands_in("oaid", "getoaids"));
        assert!(stands_in("getdeviceid", "telephonymanager getdeviceid(0)"));
    }
}
