//! The difference of two reports, as text and as Markdown.

use super::escape::visible;
use super::language::{Language, Words, fill};
use super::markdown;
use super::view::word;
use crate::audit::difference::{Change, Difference, FindingState, FlowState, Side};

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For the terminal.
    Text,
    /// For a summary or a note.
    Markdown,
}

impl Form {
    fn foreign(self, text: &str) -> String {
        match self {
            Self::Text => visible(text),
            Self::Markdown => markdown::escape(&visible(text)),
        }
    }

    fn heading(self, text: &str) -> String {
        match self {
            Self::Text => format!("\n{text}\n"),
            Self::Markdown => format!("\n### {text}\n\n"),
        }
    }

    fn item(self, text: &str) -> String {
        match self {
            Self::Text => format!("  {text}\n"),
            Self::Markdown => format!("- {text}\n"),
        }
    }
}

/// The text, with a last line feed.
pub fn render(difference: &Difference, language: Language, form: Form) -> String {
    let words = language.words();
    let mut text = match form {
        Form::Text => format!("{}\n", words.diff_title),
        Form::Markdown => format!("## {}\n\n", words.diff_title),
    };
    for (label, side) in [(words.diff_old, &difference.old), (words.diff_new, &difference.new)] {
        text.push_str(&form.item(&format!("{label}: {}", form.foreign(&of_side(side, words)))));
    }
    for remark in &difference.remarks {
        text.push_str(&form.item(language.of(remark)));
    }
    if difference.empty {
        text.push_str(&format!("\n{}\n", words.diff_none));
        return text;
    }
    if !difference.recipients.is_empty() {
        text.push_str(&form.heading(words.recipient));
        for change in &difference.recipients {
            let role = arrow(&change.role, |role| words.term(&word(role)).to_owned());
            let name = form.foreign(language.of(&change.names));
            text.push_str(&form.item(&format!("{} {name} ({}): {role}", sign(&change.role), form.foreign(&change.id))));
        }
    }
    if !difference.flows.is_empty() {
        text.push_str(&form.heading(words.data_types));
        for change in &difference.flows {
            let kind =
                difference.data_types.get(&change.data_type).map_or(change.data_type.as_str(), |name| match language {
                    Language::En => &name.en,
                    Language::Zh => &name.zh,
                });
            let flow = form.foreign(&fill(words.received_by, &[&kind, &language.of(&change.names)]));
            let state = arrow(&change.state, |state| of_flow(state, words));
            text.push_str(&form.item(&format!("{} {flow}: {state}", sign(&change.state))));
        }
    }
    if !difference.findings.is_empty() {
        text.push_str(&form.heading(words.findings));
        for change in &difference.findings {
            let state = arrow(&change.state, |state| of_finding(state, words));
            let worse = if change.worse && change.state.old.is_some() {
                format!(" ({})", words.term("worse"))
            } else {
                String::new()
            };
            text.push_str(&form.item(&format!(
                "{} {} {state}{worse} {}: {}",
                sign(&change.state),
                form.foreign(&change.code),
                form.foreign(&change.fingerprint),
                form.foreign(language.of(&change.message))
            )));
        }
    }
    if let Some(covered) = &difference.covered {
        text.push_str(&form.heading(words.coverage));
        let percent = |percent: &Option<u64>| percent.unwrap_or(0);
        text.push_str(&form.item(&format!("{} % → {} %", percent(&covered.old), percent(&covered.new))));
    }
    text
}

fn of_side(side: &Side, words: &Words) -> String {
    let app = [side.app.as_deref(), side.version.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let app = if app.is_empty() { words.app_unknown.to_owned() } else { app };
    fill(words.diff_side, &[&app, &side.covered.unwrap_or(0), &side.sha256])
}

fn of_flow(state: &FlowState, words: &Words) -> String {
    let verdict = state.verdict.map_or(words.matrix_listed.to_owned(), |v| words.term(&word(&v)).to_owned());
    let code = state.code.as_deref().filter(|code| *code != "clear").map(|code| format!(" {code}")).unwrap_or_default();
    format!("{verdict}{code} ({})", words.term(&word(&state.certainty)))
}

fn of_finding(state: &FindingState, words: &Words) -> String {
    let ignored = if state.ignored { format!(", {}", words.ignored) } else { String::new() };
    format!("{} ({}{ignored})", words.term(state.severity.as_str()), words.term(&word(&state.certainty)))
}

fn sign<T: PartialEq>(change: &Change<T>) -> char {
    match change.kind() {
        "new" => '+',
        "gone" => '−',
        _ => '±',
    }
}

/// `old → new`, or the one that is there.
fn arrow<T>(change: &Change<T>, words: impl Fn(&T) -> String) -> String {
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => format!("{} → {}", words(old), words(new)),
        (Some(one), None) | (None, Some(one)) => words(one),
        (None, None) => String::new(),
    }
}
