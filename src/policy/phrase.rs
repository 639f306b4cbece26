//! Phrases of the vocabulary, compiled only when a text may contain them.
//!
//! Compiling all phrases takes longer than reading a policy with them. So a phrase is compiled when
//! a text contains the words that every match of it has ([`Needs`]). As the sentences of a policy are
//! short, an NFA simulation is faster than a lazy DFA, which would have to be built for both
//! directions first, and takes a tenth of its memory.

use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::meta;
use regex_automata::util::captures;

use super::needs::Needs;

/// Compiled, a phrase takes at most as many bytes; the largest has a fifth.
const LARGEST: usize = 10 << 20;

/// The phrases of one meaning, in the order of the files.
#[derive(Debug, Default)]
pub(super) struct Phrases {
    patterns: Vec<(String, Option<String>)>,
    ready: OnceLock<Ready>,
}

#[derive(Debug)]
struct Ready {
    needs: Needs,
    /// A phrase that is no regular expression becomes `None`; the check of the signatures names it.
    compiled: Vec<OnceLock<Option<meta::Regex>>>,
}

/// Where a phrase stands in a text.
#[derive(Clone, Copy, Debug)]
pub struct Match<'t> {
    text: &'t str,
    start: usize,
    end: usize,
}

/// A match, and the groups of it.
#[derive(Debug)]
pub struct Captures<'t> {
    text: &'t str,
    groups: captures::Captures,
}

impl Phrases {
    /// Adds one: a regular expression over folded text, and the value that it gives.
    pub(super) fn put(&mut self, pattern: String, value: Option<String>) {
        self.patterns.push((pattern, value));
        self.ready = OnceLock::new();
    }

    /// Those that `text` may hold, each with its value.
    pub(super) fn in_text(&self, text: &str) -> impl Iterator<Item = (&meta::Regex, Option<&str>)> {
        let ready = self.ready.get_or_init(|| Ready::new(&self.patterns));
        ready.needs.met(text).filter_map(|index| {
            let (pattern, value) = self.patterns.get(index)?;
            let compiled = ready.compiled.get(index)?.get_or_init(|| compile(pattern)).as_ref()?;
            Some((compiled, value.as_deref()))
        })
    }
}

impl Ready {
    fn new(patterns: &[(String, Option<String>)]) -> Self {
        let compiled = patterns.iter().map(|_| OnceLock::new()).collect();
        Self { needs: Needs::new(patterns.iter().map(|(pattern, _)| pattern.as_str())), compiled }
    }
}

fn compile(pattern: &str) -> Option<meta::Regex> {
    let config = meta::Config::new().hybrid(false).dfa(false).onepass(false).nfa_size_limit(Some(LARGEST));
    meta::Builder::new().configure(config).build(pattern).ok()
}

/// The first match of an expression.
pub(super) fn find<'t>(expression: &meta::Regex, text: &'t str) -> Option<Match<'t>> {
    expression.find(text).map(|found| Match { text, start: found.start(), end: found.end() })
}

/// All matches of an expression with their groups.
pub(super) fn captures<'t>(expression: &meta::Regex, text: &'t str) -> impl Iterator<Item = Captures<'t>> {
    expression.captures_iter(text).map(move |groups| Captures { text, groups })
}

impl<'t> Match<'t> {
    /// Where it begins.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Where it ends.
    pub fn end(&self) -> usize {
        self.end
    }

    /// Its bytes.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Its words.
    pub fn as_str(&self) -> &'t str {
        self.text.get(self.range()).unwrap_or_default()
    }
}

impl<'t> Captures<'t> {
    /// All of it.
    pub fn whole(&self) -> Match<'t> {
        let found = self.groups.get_match().map(|m| m.range()).unwrap_or_default();
        Match { text: self.text, start: found.start, end: found.end }
    }

    /// A group by its name, where it took part.
    pub fn name(&self, name: &str) -> Option<Match<'t>> {
        let found = self.groups.get_group_by_name(name)?;
        Some(Match { text: self.text, start: found.start, end: found.end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(patterns: &[&str]) -> Phrases {
        let mut phrases = Phrases::default();
        patterns.iter().for_each(|pattern| phrases.put((*pattern).to_owned(), Some("x".to_owned())));
        phrases
    }

    #[test]
    fn compiled_where_it_may_match() {
        let compiled = |phrases: &Phrases| {
            let ready = phrases.ready.get();
            ready.is_some_and(|ready| ready.compiled.iter().any(|e| e.get().is_some()))
        };
        let one = phrases(&[r"\b(collects?|不收集)[^.\n]{0,20}"]);
        assert!(one.in_text("nothing of it").next().is_none() && !compiled(&one));
        let (expression, value) = one.in_text("we collect it").next().unwrap();
        assert!(find(expression, "we collect it").is_some_and(|m| m.as_str() == "collect it" && m.start() == 3));
        assert!(value == Some("x") && compiled(&one));
        // A word that only begins like it, what may begin with anything, and what is none.
        assert!(phrases(&[r"\bsdk\b"]).in_text("sdks").all(|(e, _)| find(e, "sdks").is_none()));
        assert!(phrases(&["[^,]{2,9}[会将]"]).in_text("").next().is_some());
        assert!(phrases(&["("]).in_text("(").next().is_none());
    }

    #[test]
    fn groups_have_their_names() {
        let one = phrases(&["(?P<names>[a-z]+)( and )?收集(?P<data>[^。]+)"]);
        let text = "ab收集cd。e收集f";
        let (expression, _) = one.in_text(text).next().unwrap();
        let found: Vec<_> = captures(expression, text).collect();
        let names: Vec<_> = found.iter().filter_map(|c| c.name("names")).map(|m| m.as_str()).collect();
        assert_eq!(names, ["ab", "e"]);
        assert!(found[1].whole().as_str() == "e收集f" && found[1].name("rest").is_none());
    }

    /// An expression that the words rule out has no match.
    #[test]
    fn no_match_is_missed() {
        let signatures = crate::signatures::Signatures::embedded().unwrap();
        let vocabulary = &signatures.vocabulary;
        let mut texts: Vec<String> = Vec::new();
        for entry in std::fs::read_dir("tests/policies").unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "txt") {
                let text = std::fs::read(path).unwrap();
                texts.extend(String::from_utf8_lossy(&text).lines().map(super::super::fold::fold));
            }
        }
        texts.truncate(300);
        let mut sorted_out = 0;
        for pattern in vocabulary.phrases.iter().flat_map(|phrase| &phrase.patterns) {
            let pattern = vocabulary.whole(pattern);
            let (regex, phrases) = (regex::Regex::new(&pattern).unwrap(), phrases(&[&pattern]));
            for text in &texts {
                let own = phrases.in_text(text).next().and_then(|(e, _)| find(e, text)).map(|m| m.range());
                sorted_out += usize::from(phrases.in_text(text).next().is_none());
                assert_eq!(own, regex.find(text).map(|m| m.range()), "{pattern}: {text}");
            }
        }
        assert!(sorted_out > 10_000, "{sorted_out}");
    }
}
