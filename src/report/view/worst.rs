//! The verdict that stands for a recipient where only one can be shown.

use super::word;
use crate::audit::JudgedFlow;
use crate::report::language::Words;

/// Of the verdicts on flows the gravest: its id as JSON writes it; `listed` where none was judged.
pub fn worst<'a>(flows: impl Iterator<Item = &'a JudgedFlow>) -> String {
    let verdicts = flows.filter_map(|judged| judged.verdict.as_ref()).map(|verdict| word(&verdict.disclosure));
    verdicts.max_by_key(|verdict| grave(verdict)).unwrap_or_else(|| "listed".to_owned())
}

/// How grave a verdict is, by its id: the higher the worse.
pub fn grave(verdict: &str) -> u8 {
    match verdict {
        "incorrect" => 7,
        "omitted" => 6,
        "ambiguous" => 5,
        "vague" => 4,
        "unsettled" => 3,
        "clear" => 2,
        "listed" => 1,
        _ => 0,
    }
}

/// Its mark, and its words.
pub fn mark<'a>(verdict: &'a str, words: &Words) -> (char, &'a str) {
    let symbol = match verdict {
        "clear" => '✓',
        "vague" => '~',
        "omitted" => '✗',
        "incorrect" => '!',
        "ambiguous" => '≠',
        "unsettled" => '?',
        "unread" => '□',
        _ => '·',
    };
    let said = if verdict == "listed" { words.matrix_listed } else { words.term(verdict) };
    (symbol, said)
}
