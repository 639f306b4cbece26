//! A phrase of the vocabulary, made ready when a text may hold it.
//!
//! To compile all phrases takes longer than to read a short policy with them, and most of
//! them are in no policy of a page. What a phrase begins with is known without that.

use std::sync::OnceLock;

use memchr::memmem;
use regex::Regex;
use regex_syntax::hir::literal::Extractor;

/// A regular expression over folded text, and the value that it gives.
#[derive(Debug)]
pub(super) struct Phrase {
    pattern: String,
    value: Option<String>,
    /// Every match begins with one of these. Empty: it may begin with anything.
    begins: Vec<Box<[u8]>>,
    compiled: OnceLock<Option<Regex>>,
}

impl Phrase {
    pub(super) fn new(pattern: &str, value: Option<&str>) -> Self {
        let begins = regex_syntax::parse(pattern).ok().and_then(|expression| {
            let literals = Extractor::new().extract(&expression).literals()?.to_vec();
            let bytes: Vec<Box<[u8]>> = literals.iter().map(|literal| literal.as_bytes().into()).collect();
            bytes.iter().all(|literal| !literal.is_empty()).then_some(bytes)
        });
        Self {
            pattern: pattern.to_owned(),
            value: value.map(str::to_owned),
            begins: begins.unwrap_or_default(),
            compiled: OnceLock::new(),
        }
    }

    /// The value that the phrase gives.
    pub(super) fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// The expression, where it may stand in `text`. A phrase that is no regular expression
    /// stands in none; the check of the signatures names it.
    pub(super) fn expression(&self, text: &str) -> Option<&Regex> {
        let begins = |literal: &[u8]| memmem::find(text.as_bytes(), literal).is_some();
        let may = self.compiled.get().is_some() || self.begins.is_empty() || self.begins.iter().any(|l| begins(l));
        may.then(|| self.compiled.get_or_init(|| Regex::new(&self.pattern).ok()).as_ref()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiled_where_it_may_match() {
        let phrase = Phrase::new(r"\b(collects?|不收集)[^.\n]{0,20}", Some("x"));
        assert!(phrase.expression("nothing of it").is_none() && phrase.compiled.get().is_none());
        assert!(phrase.expression("we collect it").is_some_and(|re| re.is_match("we collect it")));
        assert_eq!(phrase.value(), Some("x"));
        // A word that only begins like it, and what may begin with anything.
        assert!(Phrase::new(r"\bsdk\b", None).expression("sdks").is_some_and(|re| !re.is_match("sdks")));
        assert!(Phrase::new(r"[^,]{2,9}(会|将)", None).expression("").is_some());
        assert!(Phrase::new("(", None).expression("(").is_none());
    }

    #[test]
    fn what_matches_begins_as_was_said() {
        let signatures = crate::signatures::Signatures::embedded().unwrap();
        let phrases = signatures.vocabulary.phrases.iter().flat_map(|phrase| &phrase.patterns);
        let mut guarded = 0;
        for pattern in phrases {
            let pattern = &signatures.vocabulary.whole(pattern);
            let phrase = Phrase::new(pattern, None);
            guarded += usize::from(!phrase.begins.is_empty());
            let regex = Regex::new(pattern).unwrap();
            for text in [
                "",
                "我们不会收集您的位置信息,也不会共享",
                "we do not collect your location and share it with third parties.",
            ] {
                if let Some(found) = regex.find(text) {
                    assert!(phrase.expression(text).is_some(), "{pattern}");
                    let begins = |l: &[u8]| found.as_str().as_bytes().starts_with(l);
                    assert!(phrase.begins.is_empty() || phrase.begins.iter().any(|l| begins(l)), "{pattern}");
                }
            }
        }
        assert!(guarded > 60, "{guarded}");
    }
}
