//! What a command looked at, one line each: `session check`, `doctor`.

use std::fmt::Write;

use super::language::Language;
use crate::audit::Text;

/// How a thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be.
    Good,
    /// Worth knowing; nothing depends on it.
    Note,
    /// It works without, and something is then not told or not sure.
    Lacking,
    /// It cannot work so.
    Wrong,
}

impl State {
    /// The word at the head of its line, the same in both languages so that scripts can look for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::Lacking => "lacks",
            Self::Wrong => "wrong",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// How it stands.
    pub state: State,
    /// What: a file, a program, an interface.
    pub subject: String,
    /// What was found.
    pub found: Text,
    /// What it costs, or how to mend it; empty where there is nothing to do.
    pub then: Text,
}

impl Check {
    /// With nothing to do.
    pub fn found(state: State, subject: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { state, subject: subject.into(), found: Text::new(zh, en), then: Text::new("", "") }
    }

    /// And what it costs, or how to mend it.
    #[must_use]
    pub fn then(self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { then: Text::new(zh, en), ..self }
    }
}

/// A line for each, in their order; what there is to do stands below.
pub fn render(checks: &[Check], language: Language) -> String {
    let mut text = String::new();
    for check in checks {
        let subject = super::escape::visible(&check.subject);
        let found = super::escape::visible(language.of(&check.found));
        let _ = writeln!(text, "{:<6} {subject}: {found}", check.state.as_str());
        let then = super::escape::visible(language.of(&check.then));
        if !then.is_empty() {
            let _ = writeln!(text, "       {then}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_a_line_and_what_to_do_stands_below() {
        let good = Check::found(State::Good, "device.toml", "3 个值", "3 values");
        let lacking =
            Check::found(State::Lacking, "keys.log", "没有", "missing").then("TLS 打不开", "TLS stays closed");
        let text = render(&[good.clone(), lacking], Language::En);
        assert_eq!(text, "ok     device.toml: 3 values\nlacks  keys.log: missing\n       TLS stays closed\n");
        assert_eq!(render(&[good], Language::Zh), "ok     device.toml: 3 个值\n");
    }
}
