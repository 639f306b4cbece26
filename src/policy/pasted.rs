//! A table that was pasted as text, one cell a line: its heads, then row after row.

use super::block::{Block, Cell, Kind, Row, Table};
use super::entry::urls;
use super::fold::fold;
use super::lexicon::{Column, Lexicon};

/// Heads in a row that show that it is one: two lines that are labels occur by themselves.
const LEAST_HEADS: usize = 3;
/// Longest cell that says who, in characters; a longer line is a sentence.
const LONGEST_NAME: usize = 60;

/// The blocks, lines of cells put together to tables.
pub fn gather(blocks: Vec<Block>, lexicon: &Lexicon) -> Vec<Block> {
    let mut out = Vec::with_capacity(blocks.len());
    let mut rest = blocks.as_slice();
    while let Some((first, behind)) = rest.split_first() {
        match table(rest, lexicon) {
            Some((table, used)) => {
                out.push(table);
                rest = rest.get(used..).unwrap_or_default();
            }
            None => {
                out.push(first.clone());
                rest = behind;
            }
        }
    }
    out
}

/// The table that the blocks begin with, and how many of them it takes.
fn table(blocks: &[Block], lexicon: &Lexicon) -> Option<(Block, usize)> {
    let first = blocks.first()?;
    let line = |block: &&Block| matches!(block.kind, Kind::Paragraph) && !block.text.contains('\n');
    let column = |block: &Block| lexicon.labels().get(&fold(block.text.trim())).copied();
    let columns: Vec<Column> = blocks.iter().take_while(line).map_while(column).collect();
    let width = columns.len();
    let has = |wanted: &[Column]| columns.iter().position(|c| wanted.contains(c));
    let who = has(&[Column::Product, Column::Party, Column::Company])?;
    if width < LEAST_HEADS || has(&[Column::Data]).is_none() {
        return None;
    }
    let cells = blocks.get(width..)?;
    let lines = cells.iter().take_while(line).count();
    let link = has(&[Column::Link, Column::Website]);
    let fits = |row: &&[Block]| {
        let name =
            row.get(who).is_some_and(|b| b.text.chars().count() <= LONGEST_NAME && !b.text.contains(['。', '：', ':']));
        name && link.is_none_or(|at| row.get(at).is_some_and(|b| !urls(&b.text).is_empty()))
    };
    let rows: Vec<&[Block]> = cells.get(..lines)?.chunks_exact(width).take_while(fits).collect();
    // Without an address that ends each row, the lines have to come out even.
    if rows.is_empty() || link.is_none() && rows.len() * width != lines {
        return None;
    }
    let used = width * (rows.len() + 1);
    let row = |blocks: &[Block]| Row {
        cells: blocks
            .iter()
            .map(|b| Cell { text: b.text.clone(), links: b.links.clone(), ..Cell::default() })
            .collect(),
        line: blocks.first().map_or(first.line, |b| b.line),
        end_line: blocks.last().map_or(first.end_line, |b| b.end_line),
    };
    let end_line = blocks.get(used - 1).map_or(first.end_line, |b| b.end_line);
    let rows = std::iter::once(row(blocks.get(..width)?)).chain(rows.into_iter().map(row)).collect();
    let kind = Kind::Table(Table { rows, loose: None });
    Some((Block { kind, source: first.source, line: first.line, end_line, ..Block::default() }, used))
}
