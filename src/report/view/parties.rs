//! The third parties of the policy, as they were read.

use super::{span_place, type_name};
use crate::audit::Report;
use crate::report::language::Language;

/// A third party as it was read.
pub struct PartyRow {
    /// Its number among the rows, from 1.
    pub number: usize,
    /// Where it stands.
    pub place: String,
    /// The company, as written.
    pub company: String,
    /// The product, as written.
    pub product: String,
    /// The data types that were read.
    pub data: String,
    /// Ids of the products, or companies, that the names are known as.
    pub resolved: String,
    /// The reader asks for a second look.
    pub doubtful: bool,
    /// A person corrected it.
    pub corrected: bool,
}

/// Third parties as they were read.
pub fn parties(report: &Report, language: Language) -> Vec<PartyRow> {
    let words = language.words();
    let rows = report.declarations.third_parties.iter().enumerate();
    rows.map(|(index, row)| {
        let data: Vec<String> = row.data.iter().map(|id| type_name(report, id, language)).collect();
        let mut resolved: Vec<&str> = row.resolved.iter().map(|r| r.product.as_str()).collect();
        if row.company_only {
            resolved = row.resolved_companies.iter().map(String::as_str).collect();
        }
        PartyRow {
            number: index + 1,
            place: row.spans.first().map(|span| span_place(report, span, language)).unwrap_or_default(),
            company: row.company.clone().unwrap_or_default(),
            product: row.product.clone().unwrap_or_default(),
            data: if data.is_empty() { words.none_said.to_owned() } else { data.join(words.and) },
            resolved: resolved.join(", "),
            doubtful: row.doubtful,
            corrected: row.corrected,
        }
    })
    .collect()
}
