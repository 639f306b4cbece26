//! What an office files the report under, and what was tested with.

use super::Fact;
use crate::audit::Report;
use crate::report::language::Language;

/// The case; empty where the session names none.
pub fn case(report: &Report, language: Language) -> Vec<Fact> {
    let words = language.words();
    let Some(case) = &report.session.case else { return Vec::new() };
    let one = |text: &Option<String>| text.iter().cloned().collect::<Vec<_>>();
    let facts = [
        (words.case_number, one(&case.number)),
        (words.case_examiner, one(&case.examiner)),
        (words.case_mandate, one(&case.mandate)),
        (words.case_custody, case.custody.clone()),
        (words.case_retain, case.retain_until.iter().map(ToString::to_string).collect()),
    ];
    let fact = |(name, values): (&str, Vec<String>)| Fact { name: name.to_owned(), values };
    facts.into_iter().filter(|(_, values)| !values.is_empty()).map(fact).collect()
}
