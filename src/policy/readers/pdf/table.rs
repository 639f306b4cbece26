//! A table as it is found on a page, however it was found, and on as many pages as it has.

use super::super::super::block::{Block, Cell, Kind, Row, Table};
use super::lines::{self, Line, Piece};

/// Sides of a column on two pages are one where they differ by less, in points.
const SAME_SIDE: f64 = 6.0;

/// A cell: the pieces in it.
#[derive(Clone, Debug, Default)]
pub struct Slot {
    /// Its text.
    pub pieces: Vec<Piece>,
    /// Where its lines end.
    pub right: f64,
    /// It stands here because it spans columns: it begins to the left.
    pub across: bool,
    /// It stands here because it spans rows: it begins above.
    pub down: bool,
}

/// A table of one page, later of several.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Left and right side of each column.
    pub columns: Vec<(f64, f64)>,
    /// Its rows.
    pub rows: Vec<Vec<Slot>>,
    /// Top and bottom.
    pub y: (f64, f64),
    /// It has no lines between its columns: it may be text that looks like a table.
    pub loose: bool,
    /// No line closes it below: its last row may go on.
    pub open: bool,
}

impl Found {
    /// Adds what stands on the next page, where that is the same table: the columns are
    /// the same. Heads that are repeated are left out; a row that the page's end cut goes on.
    pub fn append(&mut self, mut next: Self) -> Result<(), Box<Self>> {
        if !self.same_columns(&next) {
            return Err(Box::new(next));
        }
        let repeated = |row: &[Slot], upper: &[Slot]| {
            row.iter().any(|s| !s.pieces.is_empty())
                && row.len() == upper.len()
                && row.iter().zip(upper).all(|(a, b)| words(a) == words(b))
        };
        let mut heads = 0;
        while heads < 3
            && let (Some(row), Some(upper)) = (next.rows.get(heads), self.rows.get(heads))
            && repeated(row, upper)
        {
            heads += 1;
        }
        let mut rows = next.rows.drain(..).skip(heads);
        if let Some(first) = rows.next() {
            match self.rows.last_mut() {
                Some(last) if goes_on(last, &first, self.open) => {
                    for (slot, more) in last.iter_mut().zip(first) {
                        if !more.across && !slot.across {
                            slot.pieces.extend(more.pieces);
                        }
                    }
                }
                Some(last) => {
                    // A cell over several rows that the page's end cut stays empty below it.
                    let row = first.into_iter().enumerate().map(|(column, slot)| match last.get(column) {
                        Some(upper) if column == 0 && slot.pieces.is_empty() && !upper.pieces.is_empty() => {
                            Slot { down: true, ..upper.clone() }
                        }
                        _ => slot,
                    });
                    let row = row.collect();
                    self.rows.push(row);
                }
                None => self.rows.push(first),
            }
        }
        self.rows.extend(rows);
        self.open = next.open;
        Ok(())
    }

    /// The line says what the first row says: its heads, on a further page.
    pub fn begins_with(&self, line: &Line) -> bool {
        let of = |pieces: &mut dyn Iterator<Item = &Piece>| -> String {
            pieces.flat_map(|p| p.text.chars()).filter(|c| !c.is_whitespace()).collect()
        };
        let heads = self.rows.first().map(|row| of(&mut row.iter().flat_map(|s| &s.pieces)));
        line.len() >= 2 && heads == Some(of(&mut line.iter()))
    }

    /// Takes the first of `lines` that can only be the rest of the last row: every piece
    /// begins where a column does, and none in the first.
    pub fn take_rest(&mut self, lines: &mut Vec<Line>) {
        let column = |piece: &Piece| self.columns.iter().position(|c| (c.0 - piece.x.0).abs() < SAME_SIDE);
        let rest = |line: &Line| line.iter().all(|p| column(p).is_some_and(|c| c > 0));
        let count = lines.iter().take_while(|line| rest(line)).count();
        for piece in lines.drain(..count).flatten() {
            let at = self.columns.iter().position(|c| (c.0 - piece.x.0).abs() < SAME_SIDE);
            if let Some(slot) = at.and_then(|at| self.rows.last_mut().and_then(|row| row.get_mut(at))) {
                slot.pieces.push(piece);
            }
        }
    }

    fn same_columns(&self, next: &Self) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() < SAME_SIDE;
        let overlap = |a: &(f64, f64), b: &(f64, f64)| a.0.max(b.0) < a.1.min(b.1);
        self.columns.len() == next.columns.len()
            && self.loose == next.loose
            && self.columns.iter().zip(&next.columns).all(|(a, b)| {
                // Without lines a column is as wide as its words.
                if self.loose { overlap(a, b) } else { near(a.0, b.0) && near(a.1, b.1) }
            })
    }

    /// The table as a block; `None` for one without words. `spaces`: the document draws the
    /// spaces that its lines end with.
    pub fn block(&self, spaces: bool) -> Option<Block> {
        let words_break = spaces || self.breaks_words();
        let mut rows: Vec<Row> = Vec::new();
        for slots in &self.rows {
            let numbers = || slots.iter().filter(|s| !s.down).flat_map(|s| &s.pieces).map(|p| p.line);
            let Some(line) = numbers().min().or_else(|| slots.iter().flat_map(|s| &s.pieces).map(|p| p.line).min())
            else {
                continue;
            };
            let cells = slots.iter().map(|slot| {
                let pieces: Vec<&Piece> = slot.pieces.iter().collect();
                let (text, links) = lines::join(&pieces, slot.right, words_break);
                Cell { text, links, across: slot.across, down: slot.down }
            });
            rows.push(Row { cells: cells.collect(), line, end_line: numbers().max().unwrap_or(line) });
        }
        let (line, end_line) = (rows.first()?.line, rows.iter().map(|r| r.end_line).max()?);
        let loose = self.loose.then_some("  ".into());
        Some(Block { kind: Kind::Table(Table { rows, loose }), line, end_line, ..Block::default() })
    }

    /// Whether words are broken wherever a line is full (`word-break: break-all`): then no
    /// line ends with room for one more letter.
    fn breaks_words(&self) -> bool {
        let mut full = 0;
        for slot in self.rows.iter().flatten().filter(|s| !s.across && !s.down) {
            for pair in slot.pieces.windows(2) {
                let [before, after] = pair else { continue };
                let inside = before.text.ends_with(|c: char| c.is_ascii_alphanumeric())
                    && after.text.starts_with(|c: char| c.is_ascii_alphanumeric());
                if inside && lines::begins_inside(&after.text) {
                    full += 1;
                    continue;
                }
                if !inside || !lines::wraps(before, after, slot.right) {
                    continue;
                }
                if slot.right - before.x.1 > 0.8 * before.size {
                    return false;
                }
                full += 1;
            }
        }
        full >= 2
    }
}

fn words(slot: &Slot) -> String {
    slot.pieces.iter().flat_map(|p| p.text.chars()).filter(|c| !c.is_whitespace()).collect()
}

/// The first row of a page goes on with the last one of the page before: the cell that
/// names it is empty, and so is another, or nothing closed the row.
fn goes_on(last: &[Slot], first: &[Slot], open: bool) -> bool {
    let empty = |slot: &Slot| slot.pieces.is_empty();
    let lacks = |column: usize| first.get(column).is_some_and(empty) && last.get(column).is_some_and(|s| !empty(s));
    let missing = (0..first.len()).filter(|column| lacks(*column)).count();
    let filled = first.iter().filter(|s| !empty(s) && !s.across).count();
    if filled == 0 || first.iter().any(|s| s.across) {
        return false;
    }
    (lacks(0) || lacks(1)) && (missing >= 2 || first.len() == 2 || open)
}
