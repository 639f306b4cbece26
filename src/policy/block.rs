//! What readers hand on: blocks with the lines they stand on. Nothing after a
//! reader knows the format.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A piece of a document.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Block {
    /// What it is.
    pub kind: Kind,
    /// Its words. A newline is one the author made; white space is folded otherwise.
    pub text: String,
    /// Links in it, in order.
    pub links: Vec<Link>,
    /// All of it is bold.
    pub strong: bool,
    /// Position in the policy's sources.
    pub source: u32,
    /// First line in the source, from 1.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
}

/// Kinds of blocks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub enum Kind {
    /// `h1` to `h6`, `#`.
    Heading,
    /// Running text.
    #[default]
    Paragraph,
    /// An item of a list, and how deep the list stands (from 1).
    Item(u8),
    /// A table.
    Table(Table),
}

/// A link and its words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// The words.
    pub text: String,
    /// The address as written.
    pub href: String,
}

/// Rows of cells.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Table {
    /// Rows, spans undone: a cell over several rows or columns stands in each.
    pub rows: Vec<Row>,
    /// It only looks like a table, and is one if its heads are known; else its cells go
    /// back to text with this between them, a newline for blocks of their own.
    pub loose: Option<Cow<'static, str>>,
}

/// A row.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Row {
    /// Its cells.
    pub cells: Vec<Cell>,
    /// First line, from 1.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Its words, a newline where the author broke the line.
    pub text: String,
    /// Links in it.
    pub links: Vec<Link>,
    /// It stands here because of a column span: its text begins to the left.
    pub across: bool,
    /// It stands here because of a row span: its text begins above.
    pub down: bool,
}

impl Block {
    /// The table, where it is one.
    pub fn table(&self) -> Option<&Table> {
        match &self.kind {
            Kind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// A heading of the format.
    pub fn is_heading(&self) -> bool {
        matches!(self.kind, Kind::Heading)
    }
}

/// Loose tables whose heads nobody knows, back to their lines: `label：value` where the row is a label and its value.
pub fn loosen(blocks: Vec<Block>, known: impl Fn(&Block) -> bool, is_label: impl Fn(&str) -> bool) -> Vec<Block> {
    let mut out = Vec::with_capacity(blocks.len());
    for block in blocks {
        let table = block.table().and_then(|table| table.loose.as_ref().map(|between| (table, between)));
        let Some((table, between)) = table.filter(|_| !known(&block)) else {
            out.push(block);
            continue;
        };
        for row in &table.rows {
            let words: Vec<&str> = row.cells.iter().map(|c| c.text.as_str()).collect();
            let links: Vec<Link> = row.cells.iter().flat_map(|c| c.links.clone()).collect();
            let pair = words.len() == 2 && words.first().is_some_and(|label| is_label(label));
            let texts = words.join(if pair { "：" } else { between.as_ref() });
            out.extend(texts.split('\n').filter(|text| !text.trim().is_empty()).map(|text| Block {
                text: text.to_owned(),
                links: links.iter().filter(|l| text.contains(&l.text)).cloned().collect(),
                source: block.source,
                line: row.line,
                end_line: row.end_line,
                ..Block::default()
            }));
        }
    }
    out
}

/// Paragraphs that enumerate within themselves (`以下服务：（1）…；（2）…`), taken apart.
pub fn enumerate(blocks: Vec<Block>) -> Vec<Block> {
    let mut out = Vec::with_capacity(blocks.len());
    for block in blocks {
        let cuts = if block.table().is_some() { Vec::new() } else { cuts(&block.text) };
        let Some(first) = cuts.first() else {
            out.push(block);
            continue;
        };
        let part = |text: &str, kind: Kind| Block {
            kind,
            text: text.trim().to_owned(),
            links: block.links.iter().filter(|l| !l.text.is_empty() && text.contains(&l.text)).cloned().collect(),
            strong: false,
            ..block.clone()
        };
        out.push(part(block.text.get(..*first).unwrap_or_default(), block.kind.clone()));
        let depth = if let Kind::Item(depth) = block.kind { depth.saturating_add(1) } else { 1 };
        for (index, from) in cuts.iter().enumerate() {
            let to = cuts.get(index + 1).copied().unwrap_or(block.text.len());
            out.push(part(block.text.get(*from..to).unwrap_or_default(), Kind::Item(depth)));
        }
    }
    out
}

/// Where `（1）`, `（2）` … or `(a)`, `(b)` … begin, the first after a colon, each later one after
/// the end of the one before.
fn cuts(text: &str) -> Vec<usize> {
    let numbers = marks(text, (1..=99).map(|number: u32| number.to_string()));
    if numbers.is_empty() { marks(text, ('a'..='z').map(String::from)) } else { numbers }
}

fn marks(text: &str, names: impl Iterator<Item = String>) -> Vec<usize> {
    let mut cuts = Vec::new();
    for (index, number) in names.enumerate() {
        let from = cuts.last().map_or(0, |at| at + 1);
        let rest = text.get(from..).or_else(|| text.get(from + 2..)).unwrap_or_default();
        let base = text.len() - rest.len();
        let forms = [format!("（{number}）"), format!("({number})")];
        let found = forms.iter().filter_map(|f| rest.find(f.as_str())).min();
        let Some(at) = found.map(|at| base + at) else { break };
        let before = text.get(..at).unwrap_or_default().trim_end();
        let ends: &[char] = if index == 0 { &['：', ':'] } else { &['；', ';', '。', '，', ',', '.'] };
        if !before.ends_with(ends) {
            break;
        }
        cuts.push(at);
    }
    if cuts.len() < 2 { Vec::new() } else { cuts }
}
