//! Placeholders: values that are sent in place of an identifier and mean that there is none.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use data_encoding::HEXLOWER;
use foldhash::fast::RandomState;
use regex::RegexSet;

use super::digest;
use crate::observations::PlaceholderKind;
use crate::signatures::Signatures;

/// Distinguishes placeholders from values.
#[derive(Debug)]
pub struct Placeholders {
    /// Lower-case value, or hex digest of one, to what it is.
    values: HashMap<String, Meaning, RandomState>,
    /// All patterns at once, and what each is for.
    patterns: RegexSet,
    of_patterns: Vec<(Vec<String>, PlaceholderKind)>,
}

/// What a placeholder stands for.
#[derive(Debug)]
struct Meaning {
    /// None: any type.
    types: BTreeSet<String>,
    kind: PlaceholderKind,
}

impl Placeholders {
    /// Of `placeholders.toml`. A pattern that is no regular expression is left out.
    pub fn new(signatures: &Signatures) -> Self {
        let mut values: HashMap<String, Meaning, RandomState> = HashMap::default();
        let (mut patterns, mut of_patterns) = (Vec::new(), Vec::new());
        for entry in &signatures.placeholders {
            for value in &entry.values {
                let cased = [value.clone(), value.to_ascii_lowercase(), value.to_ascii_uppercase()];
                let digests = cased.iter().flat_map(|v| digest::all(v.as_bytes())).map(|d| HEXLOWER.encode(&d.bytes));
                let digests = digests.map(|text| (text, PlaceholderKind::Digest));
                for (text, kind) in digests.chain([(value.to_ascii_lowercase(), entry.kind)]) {
                    let known = values.entry(text).or_insert_with(|| Meaning { types: BTreeSet::new(), kind });
                    known.types.extend(entry.types.iter().cloned());
                }
            }
            for pattern in entry.patterns.iter().map(|pattern| format!("^(?i:{pattern})$")) {
                if regex_syntax::parse(&pattern).is_ok() {
                    patterns.push(pattern);
                    of_patterns.push((entry.types.clone(), entry.kind));
                }
            }
        }
        Self { values, patterns: RegexSet::new(patterns).unwrap_or_default(), of_patterns }
    }

    /// `value` means "none" where a `data_type` is expected.
    pub fn is(&self, data_type: &str, value: &str) -> bool {
        self.kind(data_type, value).is_some()
    }

    /// How `value` says that there is no `data_type`; `None` where it does not.
    pub fn kind(&self, data_type: &str, value: &str) -> Option<PlaceholderKind> {
        let value = value.trim().trim_matches('"');
        let value = match value.bytes().any(|b| b.is_ascii_uppercase()) {
            true => Cow::Owned(value.to_ascii_lowercase()),
            false => Cow::Borrowed(value),
        };
        let known = self.values.get(&*value).filter(|m| m.types.is_empty() || m.types.contains(data_type));
        let by_pattern = || {
            // Whether any pattern fits is cheaper to know than which, and hardly ever one does.
            if !self.patterns.is_match(&value) {
                return None;
            }
            let fitting = self.patterns.matches(&value);
            let mut of = fitting.iter().filter_map(|number| self.of_patterns.get(number));
            let (_, kind) = of.find(|(types, _)| types.is_empty() || types.iter().any(|t| t == data_type))?;
            Some(*kind)
        };
        known.map(|meaning| meaning.kind).or_else(by_pattern)
    }
}
