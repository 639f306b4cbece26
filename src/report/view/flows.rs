//! Every flow with its verdict and its first places: also what is declared can be followed
//! to the bytes.

use super::evidence::{self, Evidence};
use super::findings::{Quote, quote};
use super::worst::mark;
use super::{Index, recipient_name, type_name, word};
use crate::audit::{JudgedFlow, Report};
use crate::report::language::{Language, fill};

/// A flow.
pub struct FlowRow {
    /// Recipient.
    pub recipient: String,
    /// Data type.
    pub data_type: String,
    /// As JSON writes it; `listed`.
    pub verdict: String,
    /// Its mark.
    pub symbol: char,
    /// In words.
    pub words: String,
    /// `×12, confirmed`.
    pub count: String,
    /// Why.
    pub reason: String,
    /// What covers it.
    pub quote: Option<Quote>,
    /// The first places.
    pub places: Vec<Evidence>,
    /// How many more there are, in words; empty where all are listed.
    pub more: String,
}

/// In the report's order, with so many places of each.
pub fn flows(report: &Report, index: &Index<'_>, places: usize, language: Language) -> Vec<FlowRow> {
    report.flows.iter().map(|judged| row(judged, report, index, places, language)).collect()
}

fn row(judged: &JudgedFlow, report: &Report, index: &Index<'_>, places: usize, language: Language) -> FlowRow {
    let words = language.words();
    let flow = &judged.flow;
    let verdict = judged.verdict.as_ref().map_or_else(|| "listed".to_owned(), |v| word(&v.disclosure));
    let (symbol, said) = mark(&verdict, words);
    let left = flow.sightings.len().saturating_sub(places);
    let places = index.sightings(&flow.sightings).take(places);
    FlowRow {
        recipient: recipient_name(report, &flow.recipient, language),
        data_type: type_name(report, &flow.data_type, language),
        symbol,
        words: said.to_owned(),
        count: format!("×{}{}{}", flow.count, language.comma(), words.term(&word(&flow.certainty))),
        reason: judged.verdict.as_ref().map(|v| language.of(&v.reason).to_owned()).unwrap_or_default(),
        quote: judged
            .verdict
            .as_ref()
            .and_then(|v| v.cover.as_ref().map(|c| &c.span).or(v.denial.as_ref()))
            .map(|span| quote(span, report, language)),
        places: places.map(|sighting| evidence::of_sighting(sighting, report, language)).collect(),
        more: if left > 0 { fill(words.flow_more, &[&left]) } else { String::new() },
        verdict,
    }
}
