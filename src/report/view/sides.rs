//! Recipients against data types with both sides in each cell: what the policy names, and
//! what was seen. Columns come in groups that fit a sheet of paper.

use std::collections::{BTreeMap, BTreeSet};

use super::matrix::Cell;
use super::{Matrix, type_name, word};
use crate::audit::{DataLevel, DeclaredState, Disclosure, JudgedFlow, RecipientLevel, Report};
use crate::report::language::Language;
use crate::signatures::Class;

/// Columns of one group, at most.
const COLUMNS: usize = 6;

/// Some of the data types, and the recipients that have one of them.
pub struct Group {
    /// Names of the data types.
    pub columns: Vec<String>,
    /// Recipients that have a cell here.
    pub rows: Vec<GroupRow>,
}

/// One recipient.
pub struct GroupRow {
    /// Its name.
    pub recipient: String,
    /// Its role in words.
    pub role: String,
    /// One for each column.
    pub cells: Vec<Option<Sides>>,
}

/// Both sides of a cell.
pub struct Sides {
    /// Verdict as JSON writes it; `listed`; `declared` where nothing was seen.
    pub verdict: String,
    /// Its mark.
    pub symbol: char,
    /// Where the flow stands in the page: its number; none where nothing was seen.
    pub flow: Option<usize>,
    /// Verdict or state in words.
    pub words: String,
    /// What the policy says.
    pub declared: String,
    /// What was seen.
    pub observed: String,
    /// Conduct in words.
    pub conduct: Vec<String>,
}

/// `matrix` with what the policy says of its recipients, declared and not seen included.
pub fn sides(matrix: &Matrix, report: &Report, language: Language) -> Vec<Group> {
    let numbered = report.flows.iter().zip(1..);
    let flows: BTreeMap<(&str, &str), (&JudgedFlow, usize)> =
        numbered.map(|(f, n)| ((f.flow.recipient.as_str(), f.flow.data_type.as_str()), (f, n))).collect();
    let mut unseen: BTreeMap<(&str, &str), DeclaredState> = BTreeMap::new();
    for item in report.declared.iter().filter(|item| item.state != DeclaredState::Seen) {
        if let Some(recipient) = &item.recipient {
            unseen.entry((recipient, &item.data_type)).or_insert(item.state);
        }
    }
    let rows: BTreeSet<&str> = matrix.rows.iter().map(|row| row.id.as_str()).collect();
    let types: BTreeSet<&str> = flows
        .keys()
        .chain(unseen.keys().filter(|(recipient, _)| rows.contains(recipient)))
        .map(|(_, data_type)| *data_type)
        .collect();
    let class = |id: &str| report.data_types.get(id).map_or(Class::M, |known| known.class);
    let mut types: Vec<&str> = types.into_iter().collect();
    let seen: BTreeSet<&str> = flows.keys().map(|(_, data_type)| *data_type).collect();
    types.sort_by_key(|id| (!seen.contains(id), class(id), *id));
    let cell = |row: &super::matrix::MatrixRow, data_type: &str| {
        let key = (row.id.as_str(), data_type);
        match (flows.get(&key), unseen.get(&key)) {
            (Some((judged, number)), _) => Some(of_flow(judged, *number, row.cell(data_type), language)),
            (None, Some(state)) => Some(of_state(*state, language)),
            (None, None) => None,
        }
    };
    let group = |types: &[&str]| {
        let row = |row: &super::matrix::MatrixRow| {
            let cells: Vec<Option<Sides>> = types.iter().map(|data_type| cell(row, data_type)).collect();
            let (recipient, role) = (row.recipient.clone(), row.role.clone());
            cells.iter().any(Option::is_some).then_some(GroupRow { recipient, role, cells })
        };
        Group {
            columns: types.iter().map(|id| type_name(report, id, language)).collect(),
            rows: matrix.rows.iter().filter_map(row).collect(),
        }
    };
    // As wide as each other: a last group of one column would be a table of empty space.
    let groups = types.len().div_ceil(COLUMNS).max(1);
    types.chunks(types.len().div_ceil(groups).max(1)).map(group).collect()
}

fn of_flow(judged: &JudgedFlow, number: usize, cell: Option<&Cell>, language: Language) -> Sides {
    let words = language.words();
    let declared = match judged.verdict.as_ref() {
        None => "–",
        Some(verdict) => {
            let key = match (&verdict.cover, &verdict.denial) {
                (_, Some(_)) => "declared:denied",
                // Nobody knows whose it is: what covers it is what the app says of itself.
                (Some(_), None) if verdict.disclosure == Disclosure::Unsettled => "declared:first-party",
                (None, None) => "declared:none",
                (Some(cover), None) => match (cover.recipient, cover.data) {
                    (RecipientLevel::None, _) => "declared:none",
                    (RecipientLevel::Sibling, _) => "declared:sibling",
                    (RecipientLevel::CatchAll, _) => "declared:catch-all",
                    (_, DataLevel::None) => "declared:none",
                    (RecipientLevel::Category, _) => "declared:category",
                    (_, DataLevel::Umbrella) => "declared:umbrella",
                    (_, DataLevel::Exact) => "declared:exact",
                },
            };
            words.term(key)
        }
    };
    Sides {
        verdict: cell.map(|cell| cell.verdict.clone()).unwrap_or_default(),
        symbol: cell.map_or('·', |cell| cell.symbol),
        flow: Some(number),
        words: cell.map(|cell| cell.words.clone()).unwrap_or_default(),
        declared: declared.to_owned(),
        observed: format!("×{}", judged.flow.count),
        conduct: cell.map(|cell| cell.conduct.clone()).unwrap_or_default(),
    }
}

fn of_state(state: DeclaredState, language: Language) -> Sides {
    let words = language.words();
    Sides {
        verdict: "declared".to_owned(),
        symbol: '○',
        flow: None,
        words: words.matrix_declared.to_owned(),
        declared: words.term("declared:exact").to_owned(),
        observed: words.term(&format!("short:{}", word(&state))).to_owned(),
        conduct: Vec::new(),
    }
}
