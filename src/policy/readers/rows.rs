//! Rows of cells in the making, spans undone (HTML standard, 4.9.12).

use super::super::block::{Block, Cell, Kind, Link, Row, Table};

/// Columns or rows that one cell may span: the HTML standard clamps `colspan` to
/// 1,000; policies have no more than a dozen columns and a hundred rows.
pub const MOST_SPAN: usize = 200;
/// Cells of one table, spans undone.
const MOST_CELLS: usize = 200_000;

/// A table that is open.
#[derive(Default)]
pub struct Grid {
    rows: Vec<Row>,
    /// Cells that reach down into coming rows: column, rows left, the cell.
    down: Vec<(usize, usize, Cell)>,
    cells: usize,
    /// Spans of the open cell: columns, rows.
    span: Option<(usize, usize)>,
    first: u32,
    /// It is made of other elements.
    pub loose: bool,
    /// What the cell around it held before it.
    pub around: (String, Vec<Link>),
    /// Words of tables in the open cell.
    inner: String,
    /// The same of closed cells: row, column, words.
    inners: Vec<(usize, usize, String)>,
}

impl Grid {
    /// Puts cells from above into the columns they reach, as long as they come next.
    fn fill_down(&mut self) {
        let Some(row) = self.rows.last_mut() else { return };
        while let Some(at) = self.down.iter().position(|(column, left, _)| *column == row.cells.len() && *left > 0) {
            // A span that begins in this very row waits for the next one.
            let Some((_, left, cell)) = self.down.get_mut(at) else { return };
            if self.cells >= MOST_CELLS {
                return;
            }
            self.cells += 1;
            *left -= 1;
            row.cells.push(cell.clone());
            if *left == 0 {
                self.down.swap_remove(at);
            }
        }
    }

    /// A table in a cell that held `around` before it.
    pub fn within(around: (String, Vec<Link>)) -> Self {
        Self { around, ..Self::default() }
    }

    /// A cell is open.
    pub fn in_cell(&self) -> bool {
        self.span.is_some()
    }

    /// A row begins.
    pub fn begin_row(&mut self) {
        // Cells from above to the right of the last row's own cells.
        self.fill_down();
        self.rows.push(Row::default());
        self.fill_down();
    }

    /// A cell begins that spans as many columns and rows.
    pub fn begin_cell(&mut self, spans: (usize, usize)) {
        if self.rows.is_empty() {
            self.rows.push(Row::default());
        }
        self.span = Some(spans);
    }

    /// The open cell ends; it holds `text` from line `first` to `line`.
    pub fn end_cell(&mut self, text: &str, links: Vec<Link>, first: u32, line: u32) {
        let Some((columns, rows)) = self.span.take() else { return };
        let inner = std::mem::take(&mut self.inner);
        let text = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n");
        if self.first == 0 {
            self.first = first;
        }
        let cell = Cell { text, links, across: false, down: false };
        let number = self.rows.len().saturating_sub(1);
        let Some(row) = self.rows.last_mut() else { return };
        if !inner.is_empty() {
            self.inners.push((number, row.cells.len(), inner));
        }
        if row.line == 0 || first < row.line {
            row.line = first;
        }
        row.end_line = row.end_line.max(line);
        for column in 0..columns {
            if self.cells >= MOST_CELLS {
                return;
            }
            self.cells += 1;
            let cell = Cell { across: column > 0, ..cell.clone() };
            if rows > 1 {
                self.down.push((row.cells.len(), rows - 1, Cell { down: true, ..cell.clone() }));
            }
            row.cells.push(cell);
        }
        self.fill_down();
    }

    /// The words of a table in the open cell.
    pub fn hold(&mut self, inner: &Self) {
        for row in &inner.rows {
            let words: Vec<&str> = row.cells.iter().filter(|c| !c.across).map(|c| c.text.as_str()).collect();
            self.inner.push_str(words.join(" ").trim());
            self.inner.push('\n');
        }
    }

    /// The table as a block; as blocks, where it only lays out a page.
    pub fn finish(mut self) -> Vec<Block> {
        self.fill_down();
        let mut rows = std::mem::take(&mut self.rows);
        let lays_out = rows.iter().all(|row| row.cells.len() <= 1);
        // Words of an inner table belong to the cell around it, unless that only lays out.
        for (row, column, words) in self.inners.iter().filter(|_| !lays_out) {
            if let Some(cell) = rows.get_mut(*row).and_then(|row| row.cells.get_mut(*column)) {
                cell.text = format!("{}\n{}", cell.text, words.trim()).trim().to_owned();
            }
        }
        rows.retain(|row| row.cells.iter().any(|c| !c.text.is_empty()));
        let Some(end_line) = rows.iter().map(|row| row.end_line).max() else { return Vec::new() };
        if lays_out {
            return rows.iter().flat_map(laid_out).collect();
        }
        let loose = self.loose.then_some("\n".into());
        let kind = Kind::Table(Table { rows, loose });
        vec![Block { kind, line: self.first, end_line, ..Block::default() }]
    }
}

/// The lines of a row that holds one cell.
fn laid_out(row: &Row) -> impl Iterator<Item = Block> {
    row.cells.iter().flat_map(|cell| {
        cell.text.lines().map(|line| Block {
            text: line.to_owned(),
            links: cell.links.iter().filter(|l| line.contains(&l.text)).cloned().collect(),
            line: row.line,
            end_line: row.end_line,
            ..Block::default()
        })
    })
}
