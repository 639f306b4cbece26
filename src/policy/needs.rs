//! Words that occur in every match of an expression, and a search for them.
//!
//! Most phrases of the vocabulary do not occur in a given sentence, and compiling an expression, or
//! searching with it, takes far longer than looking for a few words. Those of the embedded vocabulary were
//! read while building: to parse its expressions takes a fifth of a short audit.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::required::required;

/// Of each expression of the embedded vocabulary, ascending: lists of words, of each of which one occurs in every
/// match.
static AHEAD: &[(&str, &[&[&str]])] = include!(concat!(env!("OUT_DIR"), "/required.rs"));

/// Made in the least time: what it is searched in is short.
const KIND: AhoCorasickKind = AhoCorasickKind::NoncontiguousNFA;
/// Finds which of several expressions a text may match.
#[derive(Debug)]
pub(super) struct Needs {
    automaton: Option<AhoCorasick>,
    /// Of each word: the expression, and the bit of the requirement that it meets.
    meets: Vec<(usize, u32)>,
    /// Of each expression: the bits of its requirements.
    all: Vec<u32>,
}

impl Needs {
    /// Of expressions, in their order. One that is none matches nothing and needs nothing.
    pub(super) fn new<'p>(expressions: impl Iterator<Item = &'p str>) -> Self {
        let (mut words, mut meets, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for (index, expression) in expressions.enumerate() {
            let mut bits = 0;
            for (bit, requirement) in (0..).zip(read_ahead(expression)) {
                bits |= 1 << bit;
                meets.extend(requirement.iter().map(|_| (index, 1 << bit)));
                words.extend(requirement);
            }
            all.push(bits);
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(KIND))
            .prefilter(false)
            .build(words.iter().map(|word| word.as_bytes()))
            .ok();
        Self { automaton, meets, all }
    }

    /// The expressions that may match `text`.
    pub(super) fn met(&self, text: &str) -> impl Iterator<Item = usize> {
        let mut met = vec![0; self.all.len()];
        for hit in self.automaton.iter().flat_map(|automaton| automaton.find_overlapping_iter(text)) {
            if let Some((index, bit)) = self.meets.get(hit.pattern().as_usize())
                && let Some(met) = met.get_mut(*index)
            {
                *met |= bit;
            }
        }
        let unknown = self.automaton.is_none();
        let all = self.all.iter().zip(met).enumerate();
        all.filter(move |(_, (all, met))| unknown || **all == *met).map(|(index, _)| index)
    }
}

/// What `expression` requires; an overlay's is read here.
fn read_ahead(expression: &str) -> Vec<Vec<Cow<'static, str>>> {
    match AHEAD.binary_search_by_key(&expression, |(known, _)| known) {
        Ok(at) => AHEAD[at].1.iter().map(|words| words.iter().copied().map(Cow::Borrowed).collect()).collect(),
        Err(_) => required(expression).into_iter().map(|words| words.into_iter().map(Cow::Owned).collect()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(patterns: &[&str], text: &str) -> Vec<usize> {
        Needs::new(patterns.iter().copied()).met(text).collect()
    }

    #[test]
    fn all_that_is_required_has_to_be_there() {
        let patterns =
            [r"\b(?:not|never) (?P<x>[^.]{0,9}?)(?:collect|read)s?\b", "(?:读取|收集)?您的", "[^,]{2,9}(?:x|)"];
        assert_eq!(met(&patterns, "we never do, and collect it"), [0, 2]);
        assert_eq!(met(&patterns, "we collect it"), [2]);
        assert_eq!(met(&patterns, "您的"), [1, 2]);
        // A branch that may be empty requires nothing, and what is no expression is never met.
        assert_eq!(met(&["(?:abc|d*)ef"], "ef"), [0]);
        assert_eq!(met(&["(?:abc|d*)ef"], "abc"), [] as [usize; 0]);
        // A letter that may be left out ends the word before it; what is written as an escape is a letter.
        assert_eq!(met(&["abc?de", r"a\.bc", "(?:xy){0,2}cd", "(?:xy){2}cd"], "abde a.bc cd"), [0, 1, 2]);
        // Flags change what letters mean.
        assert_eq!(met(&["(?i)abc", "(?i:abc)d", "x(?i)"], ""), [0, 1, 2]);
    }

    #[test]
    fn all_embedded_phrases_were_read_while_building() {
        let vocabulary = crate::signatures::Signatures::embedded().unwrap().vocabulary;
        let patterns = vocabulary.phrases.iter().flat_map(|phrase| &phrase.patterns);
        let whole: Vec<String> = patterns.map(|pattern| vocabulary.whole(pattern)).collect();
        assert!(whole.len() > 500);
        for pattern in whole {
            let known = AHEAD.binary_search_by_key(&pattern.as_str(), |(known, _)| known);
            let words = AHEAD[known.unwrap_or_else(|_| panic!("{pattern}"))].1;
            assert!(words.iter().map(|words| words.to_vec()).eq(required(&pattern)), "{pattern}");
        }
    }
}
