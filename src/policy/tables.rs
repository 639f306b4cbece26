//! Tables of third parties: columns of any order, by the words of their heads.
//!
//! A row of heads may stand anywhere, also twice; a row of one cell is a title. A
//! table that names nobody (permissions, business functions) is the app's own.

use super::block::{Block, Cell, Row};
use super::entry::{Entry, span};
use super::fold::{fold, squeeze};
use super::lexicon::{Column, Lexicon};

/// Cells longer than this are no heads.
const LONGEST_HEAD: usize = 30;
/// The same of cells in English, whose words take more letters.
const LONGEST_HEAD_ENGLISH: usize = 40;

/// Places of a table that is turned, to each cell of it: one that is far from even has no
/// columns, and would grow to its longest row times its rows.
const MOST_PLACES: usize = 2;

/// What a table says.
#[derive(Default)]
pub struct Found {
    /// Its third parties.
    pub entries: Vec<Entry>,
    /// Rows about data that name nobody: their data, permissions and purposes.
    pub own: Vec<Entry>,
}

/// Reads one table. `above` is the name of the third party in the heading over it, for a
/// table that names none itself.
pub fn read(block: &Block, above: Option<&str>, lexicon: &Lexicon) -> Found {
    let mut found = rows_of(block, lexicon);
    let Some(above) = above else { return found };
    let named = |entry: &Entry| entry.get(Column::Product).is_some() || entry.get(Column::Party).is_some();
    if !found.entries.iter().any(named) {
        for entry in &mut found.entries {
            entry.values.insert(0, (Column::Product, above.to_owned()));
        }
        let own = std::mem::take(&mut found.own);
        found.entries.extend(own.into_iter().map(|mut entry| {
            entry.values.insert(0, (Column::Product, above.to_owned()));
            entry
        }));
    }
    found
}

fn rows_of(block: &Block, lexicon: &Lexicon) -> Found {
    let mut found = Found::default();
    let Some(table) = block.table() else { return found };
    for rows in records(&table.rows, lexicon) {
        match transposed(rows, lexicon) {
            Some(rows) => read_rows(block, &rows, lexicon, &mut found),
            None => read_rows(block, rows, lexicon, &mut found),
        }
    }
    found
}

/// A table of two columns that says `SDK name | …`, `data | …` again and again, one
/// third party after the other, at the rows where its first head comes back.
fn records<'a>(rows: &'a [Row], lexicon: &Lexicon) -> Vec<&'a [Row]> {
    let first = |row: &Row| row.cells.first().map(|c| fold(c.text.trim())).unwrap_or_default();
    let pairs = rows.iter().all(|r| r.cells.iter().filter(|c| !c.across).count() <= 2);
    let who =
        |head: &str| matches!(lexicon.labels().get(head), Some(Column::Product | Column::Party | Column::Company));
    let Some(begins) = rows.iter().map(first).find(|head| who(head)).filter(|_| pairs) else { return vec![rows] };
    let mut starts: Vec<usize> =
        rows.iter().enumerate().filter(|(_, row)| first(row) == begins).map(|(at, _)| at).collect();
    if starts.len() < 2 {
        return vec![rows];
    }
    starts.push(rows.len());
    starts.windows(2).filter_map(|pair| rows.get(*pair.first()?..*pair.last()?)).collect()
}

/// The table has a row of heads that the vocabulary knows.
pub fn has_heads(block: &Block, lexicon: &Lexicon) -> bool {
    block.table().is_some_and(|t| t.rows.iter().any(|row| head_row(row, lexicon, false).is_some()))
}

fn read_rows(block: &Block, rows: &[Row], lexicon: &Lexicon, found: &mut Found) {
    let mut heads: Option<(Vec<Option<Column>>, Vec<String>)> = None;
    let mut company_above: Option<String> = None;
    let mut above: Vec<Cell> = Vec::new();
    for row in rows {
        if let Some(columns) = head_row(row, lexicon, heads.is_some()) {
            heads = Some((columns, row.cells.iter().map(|c| c.text.clone()).collect()));
            company_above = None;
            above.clear();
            continue;
        }
        let Some((columns, labels)) = &heads else { continue };
        let cells = undittoed(row, &above, lexicon);
        let distinct = row.cells.iter().filter(|c| !c.across && !c.text.trim().is_empty()).count();
        if distinct == 0
            || distinct == 1
                && row.cells.len() > 1
                && row.cells.iter().skip(1).all(|c| c.across || c.text.is_empty())
                && row.cells.iter().any(|c| c.across)
        {
            continue;
        }
        let named = columns.iter().flatten().any(|c| matches!(c, Column::Product | Column::Company | Column::Party));
        let has = |wanted: &[Column]| columns.iter().flatten().any(|c| wanted.contains(c));
        let about =
            [Column::Data, Column::Purpose, Column::Scenario, Column::Method, Column::Link, Column::Permissions];
        // A company and its address is an imprint.
        if named && !has(&about) && !(has(&[Column::Product]) && has(&[Column::Company])) {
            continue;
        }
        // "Type | … | Purpose": the purpose is the second.
        let has_purpose = columns.iter().zip(labels).any(|(column, label)| {
            *column == Some(Column::Purpose) && !lexicon.says("head-of-kind", &fold(label.trim()))
        });
        let mut entry = Entry { denies: denies(&cells, labels, lexicon), ..Entry::default() };
        for (index, cell) in cells.iter().enumerate() {
            let Some(Some(column)) = columns.get(index) else { continue };
            if cell.across && columns.get(index.wrapping_sub(1)) == columns.get(index) {
                continue;
            }
            let label = labels.get(index).map(String::as_str).unwrap_or_default();
            if *column == Column::Purpose && lexicon.says("head-of-kind", &fold(label.trim())) && has_purpose {
                continue;
            }
            entry.put(*column, label, &cell.text, &cell.links);
        }
        above = cells;
        entry.spans.push(span(block.source, row.line, row.end_line, &row_text(row)));
        if !named {
            found.own.push(entry);
            continue;
        }
        let said = |column: Column| entry.get(column).is_some_and(|v| !lexicon.says("nothing-said", fold(v).trim()));
        let who = said(Column::Product) || said(Column::Party) || said(Column::Company);
        if !who {
            // A row that goes on: its words belong to the row above.
            if let Some(last) = found.entries.last_mut() {
                for (column, words) in entry.values.into_iter().filter(|(_, w)| !w.is_empty()) {
                    last.values.push((column, words));
                }
                last.links.extend(entry.links);
                last.spans.extend(entry.spans);
            }
            continue;
        }
        // A company written once for several products below it, as the first column.
        let first = columns.iter().flatten().next();
        if first == Some(&Column::Company) {
            match entry.get(Column::Company).map(str::to_owned) {
                Some(company) => company_above = Some(company),
                None => {
                    if let (Some(company), true) = (&company_above, said(Column::Product)) {
                        entry.values.insert(0, (Column::Company, company.clone()));
                    }
                }
            }
        }
        found.entries.push(entry);
    }
}

/// A cell under "Collected" says "No".
fn denies(cells: &[Cell], labels: &[String], lexicon: &Lexicon) -> bool {
    let says = |id: &str, text: &str| lexicon.says(id, fold(text).trim());
    cells.iter().zip(labels).any(|(cell, label)| says("head-collected", label) && says("not-collected", &cell.text))
}

/// The cells of a row, with the words of the cell above for each that says "the same".
fn undittoed(row: &Row, above: &[Cell], lexicon: &Lexicon) -> Vec<Cell> {
    let same = |cell: &Cell| {
        cell.text.chars().count() <= LONGEST_HEAD && lexicon.says("same-as-above", fold(&cell.text).trim())
    };
    let cell = |(index, cell): (usize, &Cell)| above.get(index).filter(|_| same(cell)).unwrap_or(cell).clone();
    row.cells.iter().enumerate().map(cell).collect()
}

fn row_text(row: &Row) -> String {
    let cells: Vec<String> = row.cells.iter().filter(|c| !c.across).map(|c| squeeze(&c.text)).collect();
    cells.join(" | ")
}

/// The columns, where the row is a row of heads: two and more are known, and
/// they say more than one thing. Below other heads (`again`) only words of the
/// vocabulary count, as cells hold parts of them ("SDK本机采集", "一键登录功能").
fn head_row(row: &Row, lexicon: &Lexicon, again: bool) -> Option<Vec<Option<Column>>> {
    let mut columns: Vec<Option<Column>> = row.cells.iter().map(|cell| head(cell, lexicon)).collect();
    if again {
        let exact = |cell: &&Cell| lexicon.labels().contains_key(&fold(cell.text.trim()));
        let filled: Vec<&Cell> = row.cells.iter().filter(|c| !c.text.trim().is_empty()).collect();
        let hits = filled.iter().filter(|c| exact(c)).count();
        if hits < 2 || hits * 4 < filled.len() * 3 {
            return None;
        }
    }
    let filled = row.cells.iter().filter(|c| !c.text.trim().is_empty()).count();
    let known: Vec<Column> = columns.iter().flatten().copied().collect();
    let mut kinds: Vec<Column> = known.clone();
    kinds.sort_unstable();
    kinds.dedup();
    if known.len() < 2 || kinds.len() < 2 || known.len() * 2 < filled {
        return None;
    }
    // Where two columns may name a company or product, the open one takes what is missing.
    let has = |c: Column, columns: &[Option<Column>]| columns.contains(&Some(c));
    if has(Column::Party, &columns) {
        let other = if has(Column::Product, &columns) && !has(Column::Company, &columns) {
            Some(Column::Company)
        } else if has(Column::Company, &columns) && !has(Column::Product, &columns) {
            Some(Column::Product)
        } else {
            None
        };
        if let Some(other) = other
            && let Some(slot) = columns.iter_mut().find(|c| **c == Some(Column::Party))
        {
            *slot = Some(other);
        }
    }
    Some(columns)
}

fn head(cell: &Cell, lexicon: &Lexicon) -> Option<Column> {
    let text = squeeze(&cell.text);
    let most = if text.is_ascii() { LONGEST_HEAD_ENGLISH } else { LONGEST_HEAD };
    (text.chars().count() <= most).then(|| lexicon.column(&text)).flatten()
}

/// A table whose heads stand in the first column, one third party a column, turned.
fn transposed(rows: &[Row], lexicon: &Lexicon) -> Option<Vec<Row>> {
    let exact = |cell: &Cell| lexicon.labels().contains_key(&fold(cell.text.trim()));
    // The first row holds one head and then names.
    let first = rows.first()?;
    if first.cells.iter().skip(1).any(exact) || rows.iter().filter(|r| r.cells.first().is_some_and(exact)).count() < 3 {
        return None;
    }
    let cells: usize = rows.iter().map(|r| r.cells.len()).sum();
    let width = rows.iter().map(|r| r.cells.len()).max()?;
    if width.saturating_mul(rows.len()) > MOST_PLACES * cells {
        return None;
    }
    let column = |index: usize| -> Row {
        let cells = rows.iter().map(|r| r.cells.get(index).cloned().unwrap_or_default()).collect();
        let lines = || rows.iter().map(|r| (r.line, r.end_line));
        Row {
            cells,
            line: lines().map(|l| l.0).min().unwrap_or_default(),
            end_line: lines().map(|l| l.1).max().unwrap_or_default(),
        }
    };
    let heads = column(0);
    head_row(&heads, lexicon, false).filter(|columns| columns.iter().flatten().count() * 3 >= columns.len() * 2)?;
    Some((0..width).map(column).collect())
}
