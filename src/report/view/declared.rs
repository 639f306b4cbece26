//! What the policy declares and the traffic did not show.

use std::collections::BTreeMap;

use super::{span_place, type_name, word};
use crate::audit::{DeclaredState, Report};
use crate::evidence::Span;
use crate::report::language::Language;

/// The types that are declared for one party and were not seen, by why not.
pub struct DeclaredGroup {
    /// The party, as the policy names it.
    pub party: String,
    /// Where the policy declares it; empty where no line is known.
    pub place: String,
    /// Each state in words, and the types in it.
    pub states: Vec<(String, String)>,
}

/// What to say where no declared type stayed unseen.
pub fn declared_none(report: &Report, language: Language) -> &'static str {
    let words = language.words();
    if report.declared.is_empty() { words.declared_nothing } else { words.declared_all_seen }
}

/// Parties with declared types that were not seen, in the policy's order.
pub fn declared(report: &Report, language: Language) -> Vec<DeclaredGroup> {
    let words = language.words();
    let mut groups: Vec<Declared<'_>> = Vec::new();
    for item in report.declared.iter().filter(|item| item.state != DeclaredState::Seen) {
        let place = groups.iter().position(|group| group.party == item.party).unwrap_or_else(|| {
            groups.push(Declared { party: &item.party, span: &item.span, states: BTreeMap::new() });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.states.entry(item.state).or_default().push(type_name(report, &item.data_type, language));
        }
    }
    let arrange = |group: Declared<'_>| DeclaredGroup {
        party: if group.party == "first-party" { words.first_party.to_owned() } else { group.party.to_owned() },
        place: if group.span.line > 0 { span_place(report, group.span, language) } else { String::new() },
        states: group
            .states
            .into_iter()
            .map(|(state, names)| (words.term(&word(&state)).to_owned(), names.join(words.and)))
            .collect(),
    };
    groups.into_iter().map(arrange).collect()
}

/// A party's declared types by state.
struct Declared<'a> {
    party: &'a str,
    span: &'a Span,
    states: BTreeMap<DeclaredState, Vec<String>>,
}
