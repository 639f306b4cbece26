//! A finding code explained: meaning, example, what to do, which clauses it touches.

use super::language::{Language, fill};
use crate::audit::codes::Code;
use crate::audit::explanations::Explanation;
use crate::signatures::Clause;

/// The text, with a last line feed. `clauses` are those that findings of the code cite.
pub fn render(code: &Code, entry: &Explanation, clauses: &[&Clause], language: Language) -> String {
    let words = language.words();
    let mut text = format!("{}\n{}\n", code.id, fill(words.base_severity, &[&words.term(code.base.as_str())]));
    let parts = [(words.meaning, &entry.meaning), (words.example, &entry.example), (words.mend, &entry.mend)];
    for (label, part) in parts {
        text.push_str(&format!("\n{label}\n  {}\n", language.of(part)));
    }
    text.push_str(&format!(
        "\n{}\n  {}\n  wirewitness ignore add SESSION --code {} --recipient ID --reason TEXT --owner NAME --expires DAY\n",
        words.ignore_how, words.ignore_rule, code.id
    ));
    if !clauses.is_empty() {
        text.push_str(&format!("\n{}\n  {}\n", words.clauses, words.clauses_note));
    }
    for clause in clauses {
        let summary = match language {
            Language::En => &clause.en,
            Language::Zh => &clause.zh,
        };
        text.push_str(&format!("  {}  {} {}\n    {summary}\n", clause.id, clause.title, clause.reference));
    }
    text
}
