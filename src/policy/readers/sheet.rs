//! XLSX and CSV: each sheet a table, places counted in rows, through all sheets.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, DataRef, Reader, Xlsx};

use super::super::block::{Block, Cell, Kind, Row, Table};
use super::super::model::Part;
use super::Document;

/// Cells of one document; a sheet may claim 2^34 of them.
const MOST_CELLS: usize = 200_000;
/// Columns read: tables of third parties have no more than a dozen.
const MOST_COLUMNS: u32 = 200;

/// The blocks of a workbook whose parts are known to unpack within limits; the error
/// is words for the user.
pub fn read_xlsx(bytes: &[u8]) -> Result<Document, String> {
    let broken = |e: calamine::XlsxError| format!("a workbook that cannot be read ({e})");
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    let mut document = Document::default();
    let mut left = MOST_CELLS;
    let mut above = 0u32;
    for name in book.sheet_names() {
        let merged = book.merge_cells_by_sheet_name(&name).unwrap_or_default();
        let mut cells: BTreeMap<(u32, u32), Cell> = BTreeMap::new();
        // A sheet of another kind (a chart) has no cells.
        let Ok(mut reader) = book.worksheet_cells_reader(&name) else { continue };
        while let Some(cell) = reader.next_cell().map_err(broken)? {
            let place = cell.get_position();
            let text = match cell.get_value() {
                DataRef::Empty => continue,
                other => Data::from(other.clone()).to_string(),
            };
            if place.1 >= MOST_COLUMNS || text.trim().is_empty() {
                continue;
            }
            left = left.checked_sub(1).ok_or_else(|| format!("a workbook of more than {MOST_CELLS} cells"))?;
            cells.insert(place, Cell { text: text.trim().to_owned(), ..Cell::default() });
        }
        for area in merged {
            let Some(first) = cells.get(&area.start).cloned() else { continue };
            for row in area.start.0..=area.end.0 {
                for column in area.start.1..=area.end.1.min(MOST_COLUMNS) {
                    let (across, down) = (column > area.start.1, row > area.start.0);
                    if !across && !down {
                        continue;
                    }
                    left = left.checked_sub(1).ok_or_else(|| format!("a workbook of more than {MOST_CELLS} cells"))?;
                    cells.insert((row, column), Cell { across, down, ..first.clone() });
                }
            }
        }
        document.parts.push(Part { name, first_line: above.saturating_add(1) });
        let last = cells.keys().map(|(row, _)| *row).max().unwrap_or_default();
        let width = cells.keys().map(|(_, column)| column + 1).max().unwrap_or_default();
        let mut rows: BTreeMap<u32, Row> = BTreeMap::new();
        for ((row, column), cell) in cells {
            let line = above.saturating_add(row).saturating_add(1);
            let row = rows.entry(row).or_insert_with(|| Row {
                cells: vec![Cell::default(); width as usize],
                line,
                end_line: line,
            });
            if let Some(slot) = row.cells.get_mut(column as usize) {
                *slot = cell;
            }
        }
        document.blocks.extend(table(rows.into_values().collect()));
        above = above.saturating_add(last).saturating_add(1);
    }
    Ok(document)
}

/// The blocks of comma-, semicolon- or tab-separated values.
pub fn read_csv(text: &str) -> Result<Vec<Block>, String> {
    let head = text.lines().next().unwrap_or_default();
    let count = |c: char| head.matches(c).count();
    let delimiter = [',', ';', '\t'].into_iter().max_by_key(|c| (count(*c), *c == ',')).unwrap_or(',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let mut rows = Vec::new();
    let mut left = MOST_CELLS;
    for record in reader.records() {
        let record = record.map_err(|e| format!("a CSV that cannot be read ({e})"))?;
        left = left.checked_sub(record.len()).ok_or_else(|| format!("a CSV of more than {MOST_CELLS} cells"))?;
        let line = record.position().map_or(0, |p| u32::try_from(p.line()).unwrap_or(u32::MAX));
        let cells: Vec<Cell> =
            record.iter().map(|text| Cell { text: text.trim().to_owned(), ..Cell::default() }).collect();
        let lines = record.iter().map(|t| t.matches('\n').count() as u32).max().unwrap_or_default();
        if cells.iter().any(|c| !c.text.is_empty()) {
            rows.push(Row { cells, line, end_line: line.saturating_add(lines) });
        }
    }
    Ok(table(rows).into_iter().collect())
}

/// One table; a sheet of one column is text.
fn table(rows: Vec<Row>) -> Vec<Block> {
    let filled = |row: &Row| row.cells.iter().filter(|c| !c.text.is_empty() && !c.across).count();
    if rows.iter().all(|row| filled(row) <= 1) {
        return rows
            .into_iter()
            .filter_map(|row| {
                let text = row.cells.into_iter().map(|c| c.text).find(|t| !t.is_empty())?;
                Some(Block { text, line: row.line, end_line: row.end_line, ..Block::default() })
            })
            .collect();
    }
    let (Some(line), Some(end_line)) = (rows.first().map(|r| r.line), rows.last().map(|r| r.end_line)) else {
        return Vec::new();
    };
    vec![Block { kind: Kind::Table(Table { rows, loose: None }), line, end_line, ..Block::default() }]
}
