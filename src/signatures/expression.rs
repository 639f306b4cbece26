//! Regular expressions of facts, compiled when they are first asked: a run meets few of the hosts
//! whose facts have one.

use std::sync::OnceLock;

use regex::Regex;

/// A regular expression. One that is none matches nothing; [`Expression::check`] says so.
#[derive(Debug)]
pub struct Expression {
    pattern: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Expression {
    /// As a fact has it.
    pub fn new(pattern: &str) -> Self {
        Self { pattern: pattern.to_owned(), compiled: OnceLock::new() }
    }

    /// It occurs in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(&self.pattern).ok());
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    }

    /// An `Err` says why it is no regular expression.
    pub fn check(&self) -> Result<(), regex::Error> {
        Regex::new(&self.pattern).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiled_when_it_is_asked() {
        let path = Expression::new("^/d$");
        assert!(path.compiled.get().is_none() && path.check().is_ok());
        assert!(path.is_match("/d") && !path.is_match("/d/e"));
        assert!(path.compiled.get().is_some());
    }

    #[test]
    fn what_is_none_matches_nothing_and_says_so() {
        let none = Expression::new("(");
        assert!(!none.is_match("(") && none.check().unwrap_err().to_string().contains("unclosed group"));
    }
}
