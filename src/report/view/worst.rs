//! The verdict that stands for a recipient where only one can be shown.

use super::word;
use crate::audit::{Disclosure, JudgedFlow};
use crate::report::language::Words;

/// Of the verdicts on flows the gravest: its id as JSON writes it; `listed` where none was judged.
pub fn worst<'a>(flows: impl Iterator<Item = &'a JudgedFlow>) -> String {
    let grave = |disclosure: Disclosure| match disclosure {
        Disclosure::Incorrect => 6,
        Disclosure::Omitted => 5,
        Disclosure::Ambiguous => 4,
        Disclosure::Vague => 3,
        Disclosure::Unsettled => 2,
        Disclosure::Clear => 1,
    };
    let verdicts = flows.filter_map(|judged| judged.verdict.as_ref()).map(|verdict| verdict.disclosure);
    verdicts.max_by_key(|verdict| grave(*verdict)).map_or_else(|| "listed".to_owned(), |verdict| word(&verdict))
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
