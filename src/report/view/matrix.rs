//! Recipients against data types: one cell a flow.

use std::collections::{BTreeMap, BTreeSet};

use super::{recipient_name, type_name, word};
use crate::audit::{Disclosure, Report, codes};
use crate::report::language::Language;
use crate::signatures::Class;

/// The table.
pub struct Matrix {
    /// Names of the data types, the worst class first.
    pub columns: Vec<String>,
    /// Recipients that have a flow, first party first, then by id.
    pub rows: Vec<MatrixRow>,
}

/// One recipient.
pub struct MatrixRow {
    /// Its name.
    pub recipient: String,
    /// Its role in words.
    pub role: String,
    /// One for each column.
    pub cells: Vec<Option<Cell>>,
}

/// One flow.
pub struct Cell {
    /// Verdict as JSON writes it; `listed`.
    pub verdict: String,
    /// Its mark.
    pub symbol: char,
    /// Verdict in words.
    pub words: String,
    /// Conduct in words, each with a plus.
    pub conduct: Vec<String>,
}

/// The mark of a verdict; one column wide in any terminal, but for `≠`.
fn symbol(disclosure: Disclosure) -> char {
    match disclosure {
        Disclosure::Clear => '✓',
        Disclosure::Vague => '~',
        Disclosure::Omitted => '✗',
        Disclosure::Incorrect => '!',
        Disclosure::Ambiguous => '≠',
        Disclosure::Unsettled => '?',
    }
}

/// Builds it.
pub fn matrix(report: &Report, language: Language) -> Matrix {
    let words = language.words();
    let class = |id: &str| report.data_types.get(id).map_or(Class::M, |t| t.class);
    let mut types: Vec<&str> =
        report.flows.iter().map(|f| f.flow.data_type.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    types.sort_by_key(|id| (class(id), *id));

    let mut conduct: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for finding in &report.findings {
        let is_conduct = codes::get(&finding.code).is_some_and(|c| c.family == codes::Family::Conduct);
        if let (true, Some(data_type)) = (is_conduct, &finding.data_type) {
            let short = words.term(&format!("short:{}", finding.code)).to_owned();
            let known = conduct.entry((&finding.recipient, data_type)).or_default();
            if !known.contains(&short) {
                known.push(short);
            }
        }
    }
    let mut recipients: Vec<&str> =
        report.flows.iter().map(|f| f.flow.recipient.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    recipients.sort_by_key(|id| (report.recipients.get(*id).map(|r| r.role), *id));

    let rows = recipients
        .iter()
        .map(|id| MatrixRow {
            recipient: recipient_name(report, id, language),
            role: report.recipients.get(*id).map_or_else(String::new, |r| words.term(&word(&r.role)).to_owned()),
            cells: types
                .iter()
                .map(|data_type| {
                    let flow =
                        report.flows.iter().find(|f| f.flow.recipient == *id && f.flow.data_type == *data_type)?;
                    let (verdict, symbol, said) = match &flow.verdict {
                        Some(v) => {
                            let verdict = word(&v.disclosure);
                            let said = words.term(&verdict).to_owned();
                            (verdict, symbol(v.disclosure), said)
                        }
                        None => ("listed".to_owned(), '·', words.matrix_listed.to_owned()),
                    };
                    let conduct = conduct.get(&(*id, *data_type)).cloned().unwrap_or_default();
                    Some(Cell { verdict, symbol, words: said, conduct })
                })
                .collect(),
        })
        .collect();
    Matrix { columns: types.iter().map(|id| type_name(report, id, language)).collect(), rows }
}
