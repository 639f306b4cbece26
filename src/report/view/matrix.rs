//! Recipients against data types: one cell a flow.

use std::collections::{BTreeMap, BTreeSet};

use super::worst::mark;
use super::{recipient_name, type_name, word};
use crate::audit::{JudgedFlow, Report, codes};
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
    /// Its id.
    pub id: String,
    /// Its name.
    pub recipient: String,
    /// Its role in words.
    pub role: String,
    /// One for each column.
    pub cells: Vec<Option<Cell>>,
    /// Ids of the data types, one for each cell.
    types: Vec<String>,
}

impl MatrixRow {
    /// The flow of a data type.
    pub fn cell(&self, data_type: &str) -> Option<&Cell> {
        let cells = self.types.iter().zip(&self.cells);
        cells.filter(|(id, _)| *id == data_type).find_map(|(_, cell)| cell.as_ref())
    }
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

    let flows: BTreeMap<(&str, &str), &JudgedFlow> =
        report.flows.iter().map(|f| ((f.flow.recipient.as_str(), f.flow.data_type.as_str()), f)).collect();
    // The maker of the app is called by its role.
    let role = |id: &str, name: &str| {
        let role = report.recipients.get(id).map(|r| words.term(&word(&r.role)).to_owned());
        role.filter(|role| role != name).unwrap_or_default()
    };
    let rows = recipients
        .iter()
        .map(|id| (id, recipient_name(report, id, language)))
        .map(|(id, recipient)| MatrixRow {
            id: (*id).to_owned(),
            types: types.iter().map(|id| (*id).to_owned()).collect(),
            role: role(id, &recipient),
            recipient,
            cells: types
                .iter()
                .map(|data_type| {
                    let flow = flows.get(&(*id, *data_type))?;
                    let verdict = flow.verdict.as_ref().map_or_else(|| "listed".to_owned(), |v| word(&v.disclosure));
                    let (symbol, said) = mark(&verdict, words);
                    let said = said.to_owned();
                    let conduct = conduct.get(&(*id, *data_type)).cloned().unwrap_or_default();
                    Some(Cell { verdict, symbol, words: said, conduct })
                })
                .collect(),
        })
        .collect();
    Matrix { columns: types.iter().map(|id| type_name(report, id, language)).collect(), rows }
}
