//! What a command looked at, one line each: `session check`, `doctor`.

use std::fmt::Write;

use comfy_table::{ContentArrangement, Table, presets};

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

/// A line for each, in their order; what there is to do stands below. In a terminal of `width` columns lines that are
/// longer go on below their text; without one each stays a line, for scripts.
pub fn render(checks: &[Check], language: Language, width: Option<u16>) -> String {
    let mut text = String::new();
    let mut line = |head: &str, said: &str| {
        for (at, part) in wrapped(said, width).iter().enumerate() {
            let _ = writeln!(text, "{:<HEAD$}{part}", if at == 0 { head } else { "" });
        }
    };
    for check in checks {
        let subject = super::escape::visible(&check.subject);
        let found = super::escape::visible(language.of(&check.found));
        line(check.state.as_str(), &format!("{subject}{}{found}", language.colon()));
        let then = super::escape::visible(language.of(&check.then));
        if !then.is_empty() {
            line("", &then);
        }
    }
    text
}

/// Columns before the text.
const HEAD: usize = 7;
/// In a terminal that is narrower, it wraps as it does.
const NARROWEST: u16 = 40;

fn wrapped(text: &str, width: Option<u16>) -> Vec<String> {
    let Some(width) = width else { return vec![text.to_owned()] };
    let mut table = Table::new();
    let room = width.max(NARROWEST).saturating_sub(HEAD as u16);
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(room).add_row([super::wrap::wrap(text, room.into())]);
    table.column_iter_mut().for_each(|column| _ = column.set_padding((0, 0)));
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_a_line_and_what_to_do_stands_below() {
        let good = Check::found(State::Good, "device.toml", "3 个值", "3 values");
        let lacking =
            Check::found(State::Lacking, "keys.log", "没有", "missing").then("TLS 打不开", "TLS stays closed");
        let text = render(&[good.clone(), lacking.clone()], Language::En, None);
        assert_eq!(text, "ok     device.toml: 3 values\nlacks  keys.log: missing\n       TLS stays closed\n");
        assert_eq!(render(&[good], Language::Zh, None), "ok     device.toml：3 个值\n");
        let long = lacking.then("文".repeat(40), "a few words ".repeat(8));
        let text = render(std::slice::from_ref(&long), Language::En, Some(60));
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(
            text.lines().skip(1).all(|line| line.starts_with("       a") || line.starts_with("       w")),
            "{text}"
        );
        assert!(text.lines().all(|line| line.len() <= 60), "{text}");
        // Each takes two columns.
        let text = render(&[long], Language::Zh, Some(60));
        assert!(text.lines().all(|line| line.chars().count() <= 7 + 26), "{text}");
    }
}
