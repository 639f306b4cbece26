//! Values that stand where an identifier would and say that there is none.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use regex::Regex;

use super::digest;
use crate::signatures::Signatures;

/// Tells them from values.
#[derive(Debug)]
pub struct Placeholders {
    /// Lower-case value, or hex digest of one, to the types it stands for; none: any.
    values: BTreeMap<String, BTreeSet<String>>,
    patterns: Vec<(Regex, Vec<String>)>,
}

impl Placeholders {
    /// Of `placeholders.toml`. A pattern that is no regular expression is left out.
    pub fn new(signatures: &Signatures) -> Self {
        let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut patterns = Vec::new();
        for entry in &signatures.placeholders {
            for value in &entry.values {
                let cased = [value.clone(), value.to_ascii_lowercase(), value.to_ascii_uppercase()];
                let digests = cased.iter().flat_map(|v| digest::all(v.as_bytes())).map(|d| HEXLOWER.encode(&d.bytes));
                for text in digests.chain([value.to_ascii_lowercase()]) {
                    values.entry(text).or_default().extend(entry.types.iter().cloned());
                }
            }
            let anchored = entry.patterns.iter().filter_map(|p| Regex::new(&format!("^(?i:{p})$")).ok());
            patterns.extend(anchored.map(|regex| (regex, entry.types.clone())));
        }
        Self { values, patterns }
    }

    /// `value` means "none" where a `data_type` is expected.
    pub fn is(&self, data_type: &str, value: &str) -> bool {
        let value = value.trim().trim_matches('"').to_ascii_lowercase();
        let by_value = self.values.get(&value).is_some_and(|types| types.is_empty() || types.contains(data_type));
        let by_pattern = |(regex, types): &(Regex, Vec<String>)| {
            (types.is_empty() || types.iter().any(|t| t == data_type)) && regex.is_match(&value)
        };
        by_value || self.patterns.iter().any(by_pattern)
    }
}
