//! Tables of program text whose heads stand in a list of their own, as components for tables take them:
//! `columns = [{ title: "…", dataIndex: "name" }]` beside `data = [{ name: "…" }]`.

use std::collections::BTreeMap;

use super::super::block::{Block, Kind, Row, Table};
use super::super::fold::fold;

/// Keys of the words that are shown over a column.
const TITLES: [&str; 4] = ["title", "label", "header", "header name"];

/// Keys of the key that a column shows.
const INDICES: [&str; 6] = ["data index", "prop", "field", "accessor", "accessor key", "data key"];

/// Columns of a table that are found in a list of columns, which show that it is theirs.
const LEAST_SHARED: usize = 2;

/// The blocks, with tables under the heads that such a list gives them, and without the lists that were used.
pub fn named(mut blocks: Vec<Block>) -> Vec<Block> {
    let lists: Vec<(usize, BTreeMap<String, String>)> =
        blocks.iter().enumerate().filter_map(|(at, block)| Some((at, titles(block.table()?)?))).collect();
    let mut used = Vec::new();
    for (list, titles) in &lists {
        for (_, block) in blocks.iter_mut().enumerate().filter(|(at, _)| at != list) {
            if let Kind::Table(table) = &mut block.kind
                && rename(table, titles)
            {
                used.push(*list);
            }
        }
    }
    let mut at = 0;
    blocks.retain(|_| {
        at += 1;
        !used.contains(&(at - 1))
    });
    blocks
}

/// The title of each key, where the table is a list of columns.
fn titles(table: &Table) -> Option<BTreeMap<String, String>> {
    let heads: Vec<String> = table.rows.first()?.cells.iter().map(|cell| fold(&cell.text)).collect();
    let place = |keys: &[&str]| heads.iter().position(|head| keys.contains(&head.as_str()));
    let (index, title) = (place(&INDICES)?, place(&TITLES)?);
    let pair = |row: &Row| {
        let text = |at: usize| row.cells.get(at).map(|cell| cell.text.trim()).filter(|text| !text.is_empty());
        Some((key(text(index)?), text(title)?.to_owned()))
    };
    Some(table.rows.iter().skip(1).filter_map(pair).collect())
}

/// A key, however it was written or taken apart.
fn key(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Puts the titles over the columns; `false` where the table is not theirs.
fn rename(table: &mut Table, titles: &BTreeMap<String, String>) -> bool {
    let Some(heads) = table.rows.first_mut() else { return false };
    let shared = heads.cells.iter().filter(|cell| titles.contains_key(&key(&cell.text))).count();
    if shared < LEAST_SHARED {
        return false;
    }
    for cell in &mut heads.cells {
        // A key that no column shows (`key: "1"`) is a row's own.
        cell.text = titles.get(&key(&cell.text)).cloned().unwrap_or_default();
    }
    true
}
