//! Tables with a mark in each cell: a row a datum, a column somebody, or the other way round.
//!
//! ```text
//! Data       | Us | Some Ads | Some Push
//! IP address | ✔  | ✔        | ✘
//! ```
//!
//! A mark for "yes" declares, one for "no" denies; a blank says nothing.

use std::collections::BTreeSet;

use super::block::{Block, Cell, Row};
use super::entry::{Entry, span};
use super::fold::{fold, squeeze};
use super::lexicon::{Column, Lexicon};
use super::names::Names;
use super::prose::{is_name, names_nobody};
use super::tables::Found;
use super::terms;

/// Longest name of a column, in characters.
const LONGEST_NAME: usize = 48;

/// Rows and columns of names or data that make a matrix: fewer are a table of one fact.
const LEAST: usize = 2;

/// What a cell says.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Yes,
    No,
    Nothing,
}

/// Reads a matrix; `None` where the table is none.
pub fn read(block: &Block, rows: &[Row], lexicon: &Lexicon, names: &Names<'_>) -> Option<Found> {
    by_columns(block, rows, lexicon, names).or_else(|| by_columns(block, &turned(rows)?, lexicon, names))
}

/// A column somebody.
fn by_columns(block: &Block, rows: &[Row], lexicon: &Lexicon, names: &Names<'_>) -> Option<Found> {
    let (heads, rest) = rows.split_first()?;
    let parties = heads.cells.get(1..).filter(|cells| cells.len() >= LEAST)?;
    let is_app = |cell: &Cell| is_app(&cell.text, lexicon);
    let known = |cell: &Cell| !is_app(cell) && is_somebody(&cell.text, lexicon, names);
    if !parties.iter().all(|cell| is_app(cell) || known(cell)) || !parties.iter().any(known) {
        return None;
    }
    let of_data = |row: &&Row| !label(row).is_empty() && column(row, lexicon).is_none();
    let data: Vec<&Row> = rest.iter().filter(of_data).collect();
    let marks = |row: &Row| row.cells.iter().skip(1).filter_map(|cell| mark(cell, lexicon)).count();
    let marked: usize = data.iter().map(|row| marks(row)).sum();
    let cells: usize = data.iter().map(|row| row.cells.len().saturating_sub(1)).sum();
    let named = data.iter().filter(|row| !terms::read(lexicon, label(row)).is_empty()).count();
    if named < LEAST || named * 2 < data.len() || marked * 3 < cells * 2 {
        return None;
    }
    // Read once: there are as many rows as there are cells to a column.
    let types = |row: &&Row| terms::ids(&terms::read(lexicon, label(row)));
    let typed: Vec<(&Row, Vec<String>)> = data.iter().map(|row| (*row, types(row))).collect();
    let mut found = Found::default();
    for (index, party) in parties.iter().enumerate().map(|(index, party)| (index + 1, party)) {
        let marked = |wanted: Mark| {
            let says = move |(row, _): &&(&Row, Vec<String>)| {
                let mark = row.cells.get(index).map(|cell| mark(cell, lexicon).unwrap_or(Mark::Yes));
                mark.unwrap_or(Mark::Nothing) == wanted
            };
            typed.iter().filter(says).collect::<Vec<_>>()
        };
        let mut entry = Entry::default();
        let place = |row: &Row| span(block.source, row.line, row.end_line, &row_text(row, index));
        entry.spans.extend(data.iter().map(|row| place(row)));
        let (yes, mut no) = (marked(Mark::Yes), marked(Mark::No));
        // "Advertising ID: no, push token: yes": one type, which is then not denied.
        let declared: BTreeSet<&String> = yes.iter().flat_map(|(_, ids)| ids).collect();
        no.retain(|(_, ids)| ids.iter().all(|id| !declared.contains(id)));
        let words = |rows: &[&(&Row, Vec<String>)]| {
            rows.iter().map(|(row, _)| squeeze(label(row))).collect::<Vec<_>>().join("; ")
        };
        let (yes, no) = (words(&yes), words(&no));
        if is_app(party) {
            let own = |words: &str, denies: bool| {
                let mut entry = Entry { denies, ..entry.clone() };
                entry.put(Column::Data, "", words, &[]);
                entry
            };
            found.own.extend([own(&yes, false), own(&no, true)]);
            continue;
        }
        entry.put(Column::Party, "", &squeeze(&party.text), &party.links);
        for row in rest {
            if let (Some(column), Some(cell)) = (column(row, lexicon), row.cells.get(index)) {
                entry.put(column, label(row), &cell.text, &cell.links);
            }
        }
        for (column, words) in [(Column::Data, yes), (Column::Denied, no)] {
            if !words.is_empty() {
                entry.put(column, "", &words, &[]);
            }
        }
        found.entries.push(entry);
    }
    Some(found)
}

/// The words that a row begins with.
fn label(row: &Row) -> &str {
    row.cells.first().map(|cell| cell.text.trim()).unwrap_or_default()
}

/// What a row says about those in the columns, where its label is no datum: "Company", "Purpose".
fn column(row: &Row, lexicon: &Lexicon) -> Option<Column> {
    let label = label(row);
    lexicon.labels().get(&fold(label)).copied().filter(|_| terms::read(lexicon, label).is_empty())
}

fn row_text(row: &Row, index: usize) -> String {
    let mark = row.cells.get(index).map(|cell| cell.text.trim()).unwrap_or_default();
    format!("{} | {mark}", label(row))
}

/// `None`: the cell holds words, which say more than a mark does.
fn mark(cell: &Cell, lexicon: &Lexicon) -> Option<Mark> {
    let folded = fold(cell.text.trim());
    let says = |id: &str| lexicon.says(id, folded.trim());
    match () {
        () if says("marks-no") => Some(Mark::No),
        () if says("nothing-said") || says("says-none") => Some(Mark::Nothing),
        () if says("marks-yes") => Some(Mark::Yes),
        () => None,
    }
}

/// "Us", "Our servers", "The app".
fn is_app(text: &str, lexicon: &Lexicon) -> bool {
    let folded = fold(text.trim());
    let whole = lexicon.phrase("first-party", &folded).is_some_and(|(found, _)| found.as_str().len() == folded.len());
    whole || !folded.is_empty() && lexicon.says("nothing-said", &folded) && folded.contains(char::is_alphabetic)
}

/// A name, and no head that the vocabulary knows.
fn is_somebody(text: &str, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    let text = squeeze(text);
    let short = !text.is_empty() && text.chars().count() <= LONGEST_NAME;
    let called =
        names.is_known(&text) || !lexicon.labels().contains_key(&fold(&text)) && is_name(&text, lexicon, names);
    short && called && !names_nobody(&text, lexicon, names)
}

/// Rows as columns; `None` where they are of several lengths.
fn turned(rows: &[Row]) -> Option<Vec<Row>> {
    let width = rows.first()?.cells.len();
    if rows.iter().any(|row| row.cells.len() != width) {
        return None;
    }
    let (line, end_line) = (rows.first()?.line, rows.last()?.end_line);
    let column = |index: usize| {
        let cells = rows.iter().filter_map(|row| row.cells.get(index).cloned()).collect();
        Row { cells, line, end_line }
    };
    Some((0..width).map(column).collect())
}
