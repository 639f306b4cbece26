//! Tables without lines: pieces that stand below each other in columns.
//!
//! What is found is loose: where the vocabulary knows none of its heads it goes back to
//! lines of text.

use std::ops::Range;

use super::lines::Line;
use super::page::Rule;
use super::table::{Found, Slot};

/// Lines farther apart than this, in sizes of the font, are no rows of one table.
const FARTHEST: f64 = 6.0;
/// Rows stand apart where the distance is larger than between lines by this factor.
const ROW_GAP: f64 = 1.22;
/// With lines as far apart, in sizes of the font, each line is a row.
const WIDE_LINES: f64 = 1.75;

/// The tables among `lines` with the lines they take. `rules` are the horizontal lines and
/// the edges of coloured areas on the page: they part rows. `above` is the table that the
/// page before ends with: its heads may stand here again, above a rest of any length.
pub fn find(lines: &[Line], rules: &[Rule], above: Option<&Found>) -> Vec<(Range<usize>, Found)> {
    let mut found = Vec::new();
    let mut at = 0;
    let again = above.is_some_and(|table| lines.first().is_some_and(|line| table.begins_with(line)));
    while at < lines.len() {
        let least = if at == 0 && again { 1 } else { 2 };
        let table = lines.get(at..).and_then(|lines| grow(lines, least));
        match table {
            Some((taken, columns)) => {
                let own = lines.get(at..at + taken).unwrap_or_default();
                found.push((at..at + taken, table_of(own, columns, rules)));
                at += taken;
            }
            None => at += 1,
        }
    }
    found
}

/// How many lines from the first one on are a table, and its columns.
/// `least` of them have more than one piece.
fn grow(lines: &[Line], least: usize) -> Option<(usize, Vec<(f64, f64)>)> {
    let first = lines.first().filter(|line| line.len() >= 2)?;
    let mut columns: Vec<(f64, f64)> = first.iter().map(|p| p.x).collect();
    let mut taken = 1;
    let mut several = 1;
    for (index, pair) in lines.windows(2).enumerate() {
        let [before, line] = pair else { break };
        let (Some(above), Some(head)) = (before.first(), line.first()) else { break };
        let gap = head.y - above.y;
        if gap > FARTHEST * head.size {
            break;
        }
        // A lone piece in the first column, set apart, with no row after it, is text.
        let follows = lines.get(index + 2).is_some_and(|next| next.len() >= 2);
        let alone = line.len() == 1 && columns.first().is_some_and(|c| overlap(*c, head.x) > 0.0);
        if alone && !follows && gap > 1.7 * head.size {
            break;
        }
        let Some(wider) = fit(&columns, line) else { break };
        columns = wider;
        taken = index + 2;
        several += usize::from(line.len() >= 2);
    }
    (several >= least).then_some((taken, columns))
}

fn overlap(a: (f64, f64), b: (f64, f64)) -> f64 {
    a.1.min(b.1) - a.0.max(b.0)
}

/// The columns with a further line in them; `None` where it does not fit into them.
fn fit(columns: &[(f64, f64)], line: &Line) -> Option<Vec<(f64, f64)>> {
    let mut wider = columns.to_vec();
    for piece in line {
        let mut over = wider.iter_mut().filter(|c| overlap(**c, piece.x) > 0.0);
        match (over.next(), over.next()) {
            (Some(_), Some(_)) => return None,
            (Some(column), None) => *column = (column.0.min(piece.x.0), column.1.max(piece.x.1)),
            // Under an empty head, or under one that is set in the middle.
            (None, _) if line.len() >= 2 => wider.push(piece.x),
            (None, _) => return None,
        }
    }
    wider.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(wider)
}

fn table_of(lines: &[Line], columns: Vec<(f64, f64)>, rules: &[Rule]) -> Found {
    let column_of = |x: (f64, f64)| columns.iter().position(|c| overlap(*c, x) > 0.0).unwrap_or_default();
    let place = |line: &Line| line.first().map_or((0.0, 10.0), |p| (p.y, p.size));
    let (left, right) =
        (columns.first().map_or(0.0, |c| c.0), columns.iter().map(|c| c.1).fold(f64::NEG_INFINITY, f64::max));
    let ruled = |upper: f64, lower: f64| {
        rules.iter().any(|r| r.at > upper && r.at < lower && overlap(r.ends, (left, right)) > 0.5 * (right - left))
    };
    // The distance of lines in one cell is the smallest in any column.
    let mut distances: Vec<f64> = Vec::new();
    let mut lowest: Vec<Option<f64>> = vec![None; columns.len()];
    for piece in lines.iter().flatten() {
        if let Some(last) = lowest.get_mut(column_of(piece.x))
            && let Some(above) = last.replace(piece.y)
            && piece.y - above > 0.8 * piece.size
        {
            distances.push(piece.y - above);
        }
    }
    let pitch = distances.iter().copied().fold(f64::INFINITY, f64::min);
    let gaps: Vec<bool> = lines
        .windows(2)
        .map(|pair| {
            let [a, b] = pair else { return false };
            let ((upper, _), (lower, size)) = (place(a), place(b));
            ruled(upper, lower - 0.7 * size) || lower - upper > ROW_GAP * pitch
        })
        .collect();
    let size = lines.first().map_or(10.0, |l| place(l).1);
    let even = !gaps.iter().any(|gap| *gap) || pitch > WIDE_LINES * size;
    let mut rows: Vec<Vec<Slot>> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let first_column = line.iter().any(|p| column_of(p.x) == 0);
        let starts = match index.checked_sub(1).and_then(|i| gaps.get(i)) {
            None => true,
            Some(gap) if !even => *gap,
            Some(gap) => *gap || pitch > WIDE_LINES * size || first_column && line.len() * 2 >= columns.len(),
        };
        if starts || rows.is_empty() {
            rows.push(columns.iter().map(|c| Slot { right: c.1, ..Slot::default() }).collect());
        }
        let Some(row) = rows.last_mut() else { continue };
        for piece in line {
            if let Some(slot) = row.get_mut(column_of(piece.x)) {
                slot.pieces.push(piece.clone());
            }
        }
    }
    let y = (lines.first().map_or(0.0, |l| place(l).0 - place(l).1), lines.last().map_or(0.0, |l| place(l).0));
    Found { columns, rows, y, loose: true, open: true }
}
