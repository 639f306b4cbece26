//! The promises of the policy, each with what came of it.

use super::findings::{Quote, quote};
use super::word;
use crate::audit::Report;
use crate::report::language::Language;

/// A promise, judged.
pub struct Claim {
    /// The promise, with its value where it has one.
    pub claim: String,
    /// Its state as JSON writes it.
    pub state: String,
    /// The state in words.
    pub state_words: String,
    /// Why it is in that state.
    pub reason: String,
    /// Where the policy makes it.
    pub quotes: Vec<Quote>,
    /// Fingerprints of the findings that break it.
    pub findings: Vec<String>,
}

/// Claims in the report's order.
pub fn claims(report: &Report, language: Language) -> Vec<Claim> {
    let words = language.words();
    report
        .claims
        .iter()
        .map(|claim| {
            let name = words.term(&claim.claim);
            let name = if claim.value == "true" {
                name.to_owned()
            } else {
                format!(
                    "{name}{}{}",
                    language.colon(),
                    words.term(&format!("value:{}", claim.value)).trim_start_matches("value:")
                )
            };
            let state = word(&claim.state);
            Claim {
                claim: name,
                state_words: words.term(&state).to_owned(),
                state,
                reason: language.of(&claim.reason).to_owned(),
                quotes: claim.lines.iter().map(|span| quote(span, report, language)).collect(),
                findings: claim.findings.clone(),
            }
        })
        .collect()
}
