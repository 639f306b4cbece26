//! Objects of program text that hold a title and a text: parts of a document, not rows of a table.
//!
//! `{ title: "Who receives data", body: "…", items: ["…", "…"] }` becomes a heading and what stands below it.
//! Where the titles are names (`{ title: "Some Analytics", body: "Counts visits" }`), each object is an item of
//! a list.

use super::block::{Block, Cell, Kind, Row, Table};
use super::fold::fold;
use super::lexicon::Lexicon;
use super::names::Names;
use super::readers;

/// Before an item of a list, where the text has no mark of its own.
const BULLET: &str = "• ";

/// The blocks, with tables of such objects taken apart; `is_table` says which have heads that are known.
pub fn apart(
    blocks: Vec<Block>,
    is_table: impl Fn(&Block) -> bool,
    lexicon: &Lexicon,
    names: &Names<'_>,
) -> Vec<Block> {
    let mut out = Vec::with_capacity(blocks.len());
    for block in blocks {
        let table = block.table().filter(|table| table.loose.as_deref() == Some("\n"));
        match table.and_then(|table| Objects::of(table, lexicon)).filter(|_| !is_table(&block)) {
            Some(objects) => objects.read(block.source, lexicon, names, &mut out),
            None => out.push(block),
        }
    }
    out
}

/// The rows of a table whose heads are keys, and which of the keys is that of the title.
struct Objects<'t> {
    table: &'t Table,
    keys: Vec<String>,
    /// Where the title is; objects without one are paragraphs and lists (`{ type: "list", items: […] }`).
    title: Option<usize>,
}

impl<'t> Objects<'t> {
    fn of(table: &'t Table, lexicon: &Lexicon) -> Option<Self> {
        let keys: Vec<String> = table.rows.first()?.cells.iter().map(|cell| fold(cell.text.trim())).collect();
        let title = keys.iter().position(|key| lexicon.says("key-of-a-title", key));
        let says = |key: &String, ids: &[&str]| ids.iter().any(|id| lexicon.says(id, key));
        let texts = keys.iter().all(|key| says(key, &["key-of-a-text", "key-of-items", "key-of-no-words"]));
        (title.is_some() || texts).then_some(Self { table, keys, title })
    }

    fn read(&self, source: u32, lexicon: &Lexicon, names: &Names<'_>, out: &mut Vec<Block>) {
        let rows = || self.table.rows.iter().skip(1);
        let title_of = |row: &'t Row| self.title.and_then(|at| row.cells.get(at)).map(|cell| cell.text.trim());
        let titles = rows().filter_map(title_of);
        let known = titles.filter(|title| names.is_known(title)).count();
        let of_names = known > 1 && known * 2 >= rows().count();
        for row in rows() {
            let title = title_of(row).unwrap_or_default();
            let (line, end_line) = (row.line, row.end_line);
            let texts = row.cells.iter().zip(&self.keys).enumerate().filter(|(at, _)| Some(*at) != self.title);
            let texts = texts.filter_map(|(_, (cell, key))| text_of(cell, key, lexicon));
            if of_names {
                let words: Vec<String> = texts.map(|text| text.replace(BULLET, "").replace('\n', "; ")).collect();
                let text = format!("{title}: {}", words.join(" "));
                out.push(Block { kind: Kind::Item(1), text, source, line, end_line, ..Block::default() });
                continue;
            }
            if !title.is_empty() {
                let text = title.to_owned();
                out.push(Block { kind: Kind::Heading, text, source, line, end_line, ..Block::default() });
            }
            let read = texts.flat_map(|text| readers::of_a_string(&text));
            out.extend(read.map(|block| Block { source, line, end_line, ..block }));
        }
    }
}

/// The words of a value, one item a line where its key says that it holds a list.
fn text_of(cell: &Cell, key: &str, lexicon: &Lexicon) -> Option<String> {
    let text = cell.text.trim();
    if text.is_empty() || lexicon.says("key-of-no-words", key) {
        return None;
    }
    if !lexicon.says("key-of-items", key) {
        return Some(text.to_owned());
    }
    let items: Vec<String> = text.lines().map(|line| format!("{BULLET}{}", line.trim())).collect();
    Some(items.join("\n"))
}
