//! DOCX: paragraphs, lists and tables of the main document (ECMA-376 part 1, §17).
//!
//! A place is counted in paragraphs, as the format has no lines. Deleted text and
//! field codes are left out; of `mc:AlternateContent` the first choice is read. A
//! document type declaration is refused, so no entity is ever looked up.

use std::collections::BTreeMap;

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::super::block::{Block, Cell, Kind, Link, Row, Table};
use super::archive::Archive;

/// Cells of one document: as many as in a table of an HTML page.
const MOST_CELLS: usize = 200_000;
/// Columns that one cell may span.
const MOST_SPAN: usize = 63; // as Word allows columns

/// The blocks of a document; the error is words for the user.
pub fn read(archive: &mut Archive<'_>) -> Result<Vec<Block>, String> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| "its XML is not UTF-8".to_owned());
    let optional = |archive: &mut Archive<'_>, name: &str| -> Result<String, String> {
        if archive.names().iter().any(|n| n == name) { text(archive.read(name)?) } else { Ok(String::new()) }
    };
    let headings = headings(&optional(archive, "word/styles.xml")?)?;
    let addresses = addresses(&optional(archive, "word/_rels/document.xml.rels")?)?;
    let document = text(archive.read("word/document.xml")?)?;
    let mut walk = Walk { headings, addresses, ..Walk::default() };
    each(&document, |step| walk.step(step))?;
    walk.end_paragraph();
    Ok(walk.blocks)
}

/// What the walk sees.
enum Step<'a> {
    /// An element begins.
    Open(&'a str, &'a BytesStart<'a>),
    /// It ends.
    Close(&'a str),
    /// Words.
    Words(&'a str),
}

/// Goes through the XML; local names, empty elements as begun and ended.
fn each(xml: &str, mut see: impl FnMut(Step<'_>)) -> Result<(), String> {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().map_err(|e| format!("its XML is broken ({e})"))? {
            Event::Start(element) => see(Step::Open(element.local_name().as_ref(), &element)),
            Event::Empty(element) => {
                see(Step::Open(element.local_name().as_ref(), &element));
                see(Step::Close(element.local_name().as_ref()));
            }
            Event::End(element) => see(Step::Close(element.local_name().as_ref())),
            Event::Text(words) => see(Step::Words(&words.xml10_content())),
            Event::CData(words) => see(Step::Words(&words.xml10_content())),
            Event::GeneralRef(name) => match name.resolve_char_ref() {
                Ok(Some(c)) => see(Step::Words(c.encode_utf8(&mut [0; 4]))),
                _ => see(Step::Words(match name.xml10_content().as_ref() {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    "apos" => "'",
                    other => return Err(format!("its XML uses the entity {other:?}, which is not looked up")),
                })),
            },
            Event::DocType(_) => return Err("its XML declares a document type, which is refused".to_owned()),
            Event::Eof => return Ok(()),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    element.attributes().flatten().find(|a| a.key.local_name().as_ref() == name).map(|a| a.value.into_owned())
}

/// Ids of the styles that are headings, by name: `heading 1`, `Title`, `标题 1`.
fn headings(styles: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut style = None;
    each(styles, |step| match step {
        Step::Open("style", element) => style = attribute(element, "styleId"),
        Step::Open("name", element) => {
            let name = attribute(element, "val").unwrap_or_default().to_lowercase();
            if ["heading", "title", "标题"].iter().any(|h| name.starts_with(h)) {
                found.extend(style.clone());
            }
        }
        _ => {}
    })?;
    Ok(found)
}

/// Addresses of links by the id of their relationship.
fn addresses(relationships: &str) -> Result<BTreeMap<String, String>, String> {
    let mut found = BTreeMap::new();
    each(relationships, |step| {
        if let Step::Open("Relationship", element) = step
            && attribute(element, "Type").is_some_and(|t| t.ends_with("/hyperlink"))
            && let (Some(id), Some(target)) = (attribute(element, "Id"), attribute(element, "Target"))
        {
            found.insert(id, target.replace("&amp;", "&"));
        }
    })?;
    Ok(found)
}

/// What is being put together.
#[derive(Default)]
struct Walk {
    headings: Vec<String>,
    addresses: BTreeMap<String, String>,
    blocks: Vec<Block>,
    /// Paragraphs begun.
    line: u32,
    text: String,
    links: Vec<Link>,
    /// Open links: where their words begin, and the address.
    open_links: Vec<(usize, String)>,
    heading: bool,
    list: Option<u8>,
    bold: bool,
    bold_characters: usize,
    /// Inside `w:t`.
    words: bool,
    /// Depth inside something left out.
    left_out: usize,
    /// Tables open; words of inner ones belong to the cell of the outermost.
    tables: usize,
    rows: Vec<Row>,
    cell: Cell,
    span: usize,
    /// The cell goes on with the one above.
    continues: bool,
    cells: usize,
}

impl Walk {
    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Open(name, _) if self.left_out > 0 || is_left_out(name) => self.left_out += 1,
            Step::Close(_) if self.left_out > 0 => self.left_out -= 1,
            Step::Open(name, element) => self.open(name, element),
            Step::Close(name) => self.close(name),
            Step::Words(words) if self.words && self.left_out == 0 => {
                self.text.push_str(words);
                if self.bold {
                    self.bold_characters += words.chars().filter(|c| !c.is_whitespace()).count();
                }
            }
            Step::Words(_) => {}
        }
    }

    fn open(&mut self, name: &str, element: &BytesStart<'_>) {
        let value = || attribute(element, "val");
        match name {
            "p" => {
                if self.tables == 0 {
                    self.end_paragraph();
                }
                self.line = self.line.saturating_add(1);
            }
            "pStyle" => self.heading = value().is_some_and(|id| self.headings.contains(&id)),
            "outlineLvl" => self.heading |= value().is_some_and(|level| level != "9"),
            "ilvl" => self.list = Some(1 + value().and_then(|l| l.parse().ok()).unwrap_or(0u8).min(8)),
            "r" => self.bold = false,
            "b" => self.bold = !value().is_some_and(|v| matches!(v.as_str(), "0" | "false" | "off")),
            "t" => self.words = true,
            "tab" => self.text.push('\t'),
            "br" | "cr" => self.text.push('\n'),
            "hyperlink" => {
                let address = attribute(element, "id").and_then(|id| self.addresses.get(&id).cloned());
                self.open_links.push((self.text.len(), address.unwrap_or_default()));
            }
            "tbl" => {
                if self.tables == 0 {
                    self.end_paragraph();
                    self.rows.clear();
                }
                self.tables += 1;
            }
            "tr" if self.tables == 1 => {
                let line = self.line.saturating_add(1);
                self.rows.push(Row { line, end_line: line, ..Row::default() });
            }
            "tc" if self.tables == 1 => {
                self.cell = Cell::default();
                self.span = 1;
                self.continues = false;
            }
            "gridSpan" if self.tables == 1 => {
                self.span = value().and_then(|v| v.parse().ok()).unwrap_or(1usize).clamp(1, MOST_SPAN);
            }
            "vMerge" if self.tables == 1 => self.continues = value().as_deref() != Some("restart"),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "t" => self.words = false,
            "hyperlink" => {
                if let Some((from, href)) = self.open_links.pop()
                    && !href.is_empty()
                {
                    let words = self.text.get(from..).unwrap_or_default().trim().to_owned();
                    self.links.push(Link { text: words, href });
                }
            }
            "p" => self.end_paragraph(),
            "tc" if self.tables == 1 => self.end_cell(),
            "tbl" => {
                self.tables = self.tables.saturating_sub(1);
                if self.tables == 0 {
                    self.end_table();
                }
            }
            _ => {}
        }
    }

    fn end_paragraph(&mut self) {
        let (text, mut links) = (std::mem::take(&mut self.text), std::mem::take(&mut self.links));
        let (heading, list) = (std::mem::take(&mut self.heading), self.list.take());
        let bold = std::mem::take(&mut self.bold_characters);
        self.open_links.clear();
        let text = text.trim().to_owned();
        if text.is_empty() {
            return;
        }
        if self.tables > 0 {
            if !self.cell.text.is_empty() {
                self.cell.text.push('\n');
            }
            self.cell.text.push_str(&text);
            self.cell.links.append(&mut links);
            if let Some(row) = self.rows.last_mut() {
                row.end_line = self.line;
            }
            return;
        }
        let kind = match list {
            _ if heading => Kind::Heading,
            Some(depth) => Kind::Item(depth),
            None => Kind::Paragraph,
        };
        let strong = bold > 0 && bold * 10 >= text.chars().filter(|c| !c.is_whitespace()).count() * 8;
        self.blocks.push(Block { kind, text, links, strong, source: 0, line: self.line, end_line: self.line });
    }

    fn end_cell(&mut self) {
        let mut cell = std::mem::take(&mut self.cell);
        let above = self.rows.len().checked_sub(2).and_then(|at| self.rows.get(at));
        let column = self.rows.last().map_or(0, |r| r.cells.len());
        if self.continues
            && let Some(upper) = above.and_then(|row| row.cells.get(column))
        {
            cell = Cell { down: true, across: false, ..upper.clone() };
        }
        let Some(row) = self.rows.last_mut() else { return };
        for part in 0..self.span.max(1) {
            if self.cells >= MOST_CELLS {
                return;
            }
            self.cells += 1;
            row.cells.push(Cell { across: part > 0, ..cell.clone() });
        }
    }

    fn end_table(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.retain(|row| row.cells.iter().any(|c| !c.text.is_empty()));
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return };
        let (line, end_line) = (first.line, last.end_line);
        if rows.iter().all(|row| row.cells.len() <= 1) {
            // A frame around text.
            for row in rows {
                let lines = row.cells.iter().flat_map(|c| c.text.lines());
                self.blocks.extend(lines.map(|text| Block {
                    text: text.to_owned(),
                    line: row.line,
                    end_line: row.end_line,
                    ..Block::default()
                }));
            }
            return;
        }
        self.blocks.push(Block { kind: Kind::Table(Table { rows, loose: None }), line, end_line, ..Block::default() });
    }
}

/// Deleted text, field codes, text boxes' second copy, and the old state of what changed.
fn is_left_out(name: &str) -> bool {
    matches!(name, "del" | "delText" | "instrText" | "Fallback" | "moveFrom" | "pPrChange" | "rPrChange" | "tabs")
}
