//! Tables that are drawn with lines.

use super::lines::Piece;
use super::page::Rule;
use super::table::{Found, Slot};

/// Lines nearer than this are one, in points: two cells draw their common side twice.
const ONE_LINE: f64 = 2.5;
/// Columns of a table that is read; a crossword is none.
const MOST_COLUMNS: usize = 40;
/// Rows of a table on one page.
const MOST_ROWS: usize = 400;
/// A side is drawn where lines cover as much of it.
const DRAWN: f64 = 0.6;

/// The tables of a page and which of `pieces` are in them.
pub fn find(across: &[Rule], down: &[Rule], pieces: &[Piece]) -> (Vec<Found>, Vec<bool>) {
    let (across, down) = (merged(across), merged(down));
    let mut used = vec![false; pieces.len()];
    let mut found = Vec::new();
    for (across, down) in connected(&across, &down) {
        found.extend(table(&across, &down, pieces, &mut used));
    }
    (found, used)
}

/// Lines in one line, joined.
fn merged(rules: &[Rule]) -> Vec<Rule> {
    let mut rules = rules.to_vec();
    rules.sort_by(|a, b| a.at.total_cmp(&b.at).then(a.ends.0.total_cmp(&b.ends.0)));
    // Lines that are one by their place, then along it.
    let mut groups: Vec<Vec<Rule>> = Vec::new();
    for rule in rules {
        match groups.last_mut() {
            Some(group) if group.last().is_some_and(|last| rule.at - last.at < 1.2) => group.push(rule),
            _ => groups.push(vec![rule]),
        }
    }
    let mut out: Vec<Rule> = Vec::new();
    for mut group in groups {
        group.sort_by(|a, b| a.ends.0.total_cmp(&b.ends.0));
        let mut open: Option<Rule> = None;
        for rule in group {
            match &mut open {
                Some(last) if rule.ends.0 <= last.ends.1 + ONE_LINE => last.ends.1 = last.ends.1.max(rule.ends.1),
                _ => out.extend(open.replace(rule)),
            }
        }
        out.extend(open);
    }
    out
}

/// Lines that touch, together.
fn connected(across: &[Rule], down: &[Rule]) -> Vec<(Vec<Rule>, Vec<Rule>)> {
    let within = |at: f64, ends: (f64, f64)| (ends.0 - ONE_LINE..=ends.1 + ONE_LINE).contains(&at);
    let touch = |a: &Rule, d: &Rule| within(d.at, a.ends) && within(a.at, d.ends);
    let mut group_across = vec![usize::MAX; across.len()];
    let mut group_down = vec![usize::MAX; down.len()];
    let mut groups: Vec<(Vec<Rule>, Vec<Rule>)> = Vec::new();
    for start in 0..across.len() {
        if group_across.get(start) != Some(&usize::MAX) {
            continue;
        }
        let number = groups.len();
        let mut group = (Vec::new(), Vec::new());
        let mut todo = vec![(true, start)];
        if let Some(slot) = group_across.get_mut(start) {
            *slot = number;
        }
        while let Some((is_across, at)) = todo.pop() {
            if is_across {
                let Some(rule) = across.get(at) else { continue };
                group.0.push(*rule);
                for (other, d) in down.iter().enumerate().filter(|(_, d)| touch(rule, d)) {
                    let _ = d;
                    if let Some(slot) = group_down.get_mut(other).filter(|slot| **slot == usize::MAX) {
                        *slot = number;
                        todo.push((false, other));
                    }
                }
            } else {
                let Some(rule) = down.get(at) else { continue };
                group.1.push(*rule);
                for (other, _) in across.iter().enumerate().filter(|(_, a)| touch(a, rule)) {
                    if let Some(slot) = group_across.get_mut(other).filter(|slot| **slot == usize::MAX) {
                        *slot = number;
                        todo.push((true, other));
                    }
                }
            }
        }
        groups.push(group);
    }
    groups
}

/// Places, those nearer than [`ONE_LINE`] as one.
fn places(all: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut all: Vec<f64> = all.collect();
    all.sort_by(f64::total_cmp);
    let mut out: Vec<f64> = Vec::new();
    for at in all {
        if out.last().is_none_or(|last| at - last > ONE_LINE) {
            out.push(at);
        }
    }
    out
}

fn table(across: &[Rule], down: &[Rule], pieces: &[Piece], used: &mut [bool]) -> Option<Found> {
    let xs = places(down.iter().map(|d| d.at).chain(across.iter().flat_map(|a| [a.ends.0, a.ends.1])));
    let ys = places(across.iter().map(|a| a.at).chain(down.iter().flat_map(|d| [d.ends.0, d.ends.1])));
    let (columns, rows) = (xs.len().checked_sub(1)?, ys.len().checked_sub(1)?);
    let inner = xs.get(1..columns)?.iter().any(|x| down.iter().any(|d| (d.at - x).abs() <= ONE_LINE));
    if columns < 2 || rows < 1 || columns > MOST_COLUMNS || rows > MOST_ROWS || !inner {
        return None;
    }
    let drawn = |rules: &[Rule], at: f64, from: f64, to: f64| {
        let covered: f64 = rules
            .iter()
            .filter(|r| (r.at - at).abs() <= ONE_LINE)
            .map(|r| (r.ends.1.min(to) - r.ends.0.max(from)).max(0.0))
            .sum();
        covered >= DRAWN * (to - from)
    };
    let x = |at: usize| xs.get(at).copied().unwrap_or_default();
    let y = |at: usize| ys.get(at).copied().unwrap_or_default();
    // Which cell each field of the grid belongs to, by the field the cell begins with.
    let mut owner = vec![usize::MAX; columns * rows];
    for row in 0..rows {
        for column in 0..columns {
            if owner.get(row * columns + column) != Some(&usize::MAX) {
                continue;
            }
            let mut wide = 1;
            while column + wide < columns
                && owner.get(row * columns + column + wide) == Some(&usize::MAX)
                && !drawn(down, x(column + wide), y(row), y(row + 1))
            {
                wide += 1;
            }
            let mut high = 1;
            while row + high < rows
                && (column..column + wide).all(|c| !drawn(across, y(row + high), x(c), x(c + 1)))
                && (column + 1..column + wide).all(|c| !drawn(down, x(c), y(row + high), y(row + high + 1)))
            {
                high += 1;
            }
            for r in row..row + high {
                for c in column..column + wide {
                    if let Some(field) = owner.get_mut(r * columns + c) {
                        *field = row * columns + column;
                    }
                }
            }
        }
    }
    let mut cells: Vec<Vec<usize>> = vec![Vec::new(); columns * rows];
    let mut inside = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        let (middle, height) = (piece.middle(), piece.y - 0.3 * piece.size);
        let column = xs.partition_point(|x| *x <= middle).checked_sub(1).filter(|c| *c < columns);
        let row = ys.partition_point(|y| *y <= height).checked_sub(1).filter(|r| *r < rows);
        let (Some(column), Some(row)) = (column, row) else { continue };
        if let Some(cell) = owner.get(row * columns + column).and_then(|o| cells.get_mut(*o)) {
            cell.push(number);
            inside.push(number);
        }
    }
    let has_words = |field: usize| cells.get(field).is_some_and(|c| !c.is_empty());
    let owner_of = |row: usize, column: usize| owner.get(row * columns + column).copied().unwrap_or_default();
    // A column between two lines of a double one begins no cell that holds words.
    let kept: Vec<usize> = (0..columns)
        .filter(|c| (0..rows).any(|r| owner_of(r, *c) == r * columns + c && has_words(r * columns + c)))
        .collect();
    let kept_rows: Vec<usize> = (0..rows).filter(|r| (0..columns).any(|c| has_words(owner_of(*r, c)))).collect();
    if kept.len() < 2 || kept_rows.is_empty() {
        return None;
    }
    let mut out = Vec::new();
    for (index, row) in kept_rows.iter().enumerate() {
        let above = index.checked_sub(1).and_then(|i| kept_rows.get(i));
        let slots = kept.iter().enumerate().map(|(place, column)| {
            let field = owner_of(*row, *column);
            let left = place.checked_sub(1).and_then(|p| kept.get(p));
            let own = cells.get(field).into_iter().flatten().filter_map(|n| pieces.get(*n).cloned());
            let own: Vec<Piece> = own.collect();
            let last = (*column..columns).take_while(|c| owner_of(*row, *c) == field).last().unwrap_or(*column);
            let side = x(field % columns.max(1));
            let indent = own.iter().map(|p| p.x.0 - side).fold(f64::INFINITY, f64::min);
            let padding = if indent.is_finite() { indent.clamp(0.0, 8.0) } else { 2.0 };
            Slot {
                pieces: own,
                right: x(last + 1) - padding,
                across: left.is_some_and(|c| owner_of(*row, *c) == field),
                down: above.is_some_and(|r| owner_of(*r, *column) == field),
            }
        });
        out.push(slots.collect());
    }
    for number in inside {
        if let Some(used) = used.get_mut(number) {
            *used = true;
        }
    }
    let bottom = y(rows);
    Some(Found {
        columns: kept.iter().map(|c| (x(*c), x(c + 1))).collect(),
        rows: out,
        y: (y(0), bottom),
        loose: false,
        open: !drawn(across, bottom, x(0), x(columns)),
    })
}
