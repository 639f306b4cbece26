//! How much of a document is read.
//!
//! Documents come from strangers, and a policy is a text that somebody is meant to read. What
//! lies beyond a limit is counted and said in a remark; the rest of the program sees only
//! what lies before it.

use super::block::{Block, Cell, Kind, Link, Row};
use super::entry::span;
use super::model::Remark;

/// Text read of one policy, in bytes. The longest of those seen has 0.1 MiB with its
/// markup; this is a book of a thousand pages.
const MOST_TEXT: usize = 2 << 20;
/// Bytes that a block or a cell counts at least, so that empty ones are limited too.
const LEAST: usize = 16;
/// Tags read of one page, opening and closing. The page with the most, of those seen, has
/// 1,710; a tree of as many elements takes some 200 MiB.
const MOST_TAGS: usize = 500_000;
/// Longest paragraph, in bytes: a longer one is a whole document without line breaks, and is
/// cut into several where a sentence ends.
const LONGEST_PARAGRAPH: usize = 32 << 10;
/// Longest cell, in bytes. It is as long as a paragraph may be.
const LONGEST_CELL: usize = 32 << 10;

/// What may still be read of a policy.
pub struct Budget {
    left: usize,
}

/// What of one document lies beyond the limits.
#[derive(Default)]
pub struct Beyond {
    /// Bytes of markup beyond [`MOST_TAGS`].
    markup: usize,
    /// Bytes of text, and blocks and rows that they stand in.
    text: usize,
    places: usize,
    /// Lines of the first and the last of those.
    lines: Option<(u32, u32)>,
    /// Bytes beyond [`LONGEST_CELL`].
    cells: usize,
    /// Bytes of text that were read.
    read: usize,
}

/// The part of a page that is read, and how many bytes are left after it.
pub fn tags(text: &str) -> (&str, usize) {
    let end = text.match_indices('<').nth(MOST_TAGS).map_or(text.len(), |(at, _)| at);
    (text.get(..end).unwrap_or(text), text.len() - end)
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MOST_TEXT }
    }
}

impl Budget {
    /// The blocks that are read, none of them longer than a paragraph may be. `markup` bytes
    /// were left out before they became blocks.
    pub fn within(&mut self, blocks: Vec<Block>, markup: usize) -> (Vec<Block>, Beyond) {
        let mut beyond = Beyond { markup, ..Beyond::default() };
        let mut out = Vec::with_capacity(blocks.len());
        for mut block in blocks {
            if let Kind::Table(table) = &mut block.kind {
                table.rows.retain_mut(|row| self.row(row, &mut beyond));
                if !table.rows.is_empty() {
                    out.push(block);
                }
                continue;
            }
            let mut pieces = Vec::new();
            cut(block, &mut pieces);
            for piece in pieces {
                if self.take(piece.text.len()) {
                    beyond.read += piece.text.len();
                    out.push(piece);
                } else {
                    beyond.note(piece.text.len(), piece.line, piece.end_line);
                }
            }
        }
        (out, beyond)
    }

    fn row(&mut self, row: &mut Row, beyond: &mut Beyond) -> bool {
        for cell in &mut row.cells {
            beyond.cells += shorten(cell);
        }
        let bytes = row.cells.iter().map(|c| c.text.len()).sum();
        if !self.take(row.cells.iter().map(|c| c.text.len().max(LEAST)).sum()) {
            beyond.note(bytes, row.line, row.end_line);
            return false;
        }
        beyond.read += bytes;
        true
    }

    /// The first one that does not fit ends the reading, so that what is read is a continuous beginning.
    fn take(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes.max(LEAST));
        self.left = left.unwrap_or(0);
        left.is_some()
    }
}

impl Beyond {
    fn note(&mut self, bytes: usize, line: u32, end_line: u32) {
        self.text += bytes;
        self.places += 1;
        let (first, last) = self.lines.unwrap_or((line, end_line));
        self.lines = Some((first.min(line), last.max(end_line)));
    }

    /// The remark that something of the document `name`, which is source `source`, was not read.
    pub fn remark(&self, name: &str, source: u32) -> Option<Remark> {
        let (mut left, mut left_zh) = (Vec::new(), Vec::new());
        if self.places > 0 {
            left.push(format!("{} bytes of text in {} paragraphs and rows", self.text, self.places));
            left_zh.push(format!("{} 处段落与表格行中的 {} 字节文字", self.places, self.text));
        }
        if self.markup > 0 {
            left.push(format!("{} bytes of the page behind its first {MOST_TAGS} tags", self.markup));
            left_zh.push(format!("网页前 {MOST_TAGS} 个标签之后的 {} 字节", self.markup));
        }
        if self.cells > 0 {
            left.push(format!("{} bytes at the ends of cells that are longer than {LONGEST_CELL}", self.cells));
            left_zh.push(format!("超过 {LONGEST_CELL} 字节的单元格末尾的 {} 字节", self.cells));
        }
        (!left.is_empty()).then(|| Remark {
            code: "limit-reached".to_owned(),
            message: format!(
                "{name}: the first {} bytes of text were read, not {}: give the pages that are the policy",
                self.read,
                left.join(", nor ")
            ),
            message_zh: format!(
                "{name}：只读取了前 {} 字节文字，未读取{}；请只提供政策本身的页面",
                self.read,
                left_zh.join("、")
            ),
            spans: self.lines.map(|(first, last)| span(source, first, last, "")).into_iter().collect(),
        })
    }
}

/// Cuts a cell's words; how many bytes that were.
fn shorten(cell: &mut Cell) -> usize {
    let long = cell.text.len();
    cell.text.truncate(boundary(&cell.text, LONGEST_CELL));
    long - cell.text.len()
}

/// A paragraph as several, none longer than [`LONGEST_PARAGRAPH`], each with its links.
fn cut(block: Block, out: &mut Vec<Block>) {
    if block.text.len() <= LONGEST_PARAGRAPH {
        out.push(block);
        return;
    }
    let mut links = block.links.iter().cloned().peekable();
    let mut rest = block.text.as_str();
    while !rest.is_empty() {
        let (words, after) = rest.split_at(end(rest));
        let links = links_in(words, &mut links);
        out.push(Block { kind: block.kind.clone(), text: words.trim().to_owned(), links, ..empty(&block) });
        rest = after;
    }
}

fn empty(block: &Block) -> Block {
    Block { source: block.source, line: block.line, end_line: block.end_line, strong: block.strong, ..Block::default() }
}

/// The next of `links`, as far as they stand in `words`. One that a cut went through is left out.
fn links_in(words: &str, links: &mut std::iter::Peekable<impl Iterator<Item = Link> + Clone>) -> Vec<Link> {
    let mut found = Vec::new();
    let mut rest = words;
    loop {
        let mut ahead = links.clone();
        let Some((skip, (link, after))) = (0..2).find_map(|skip| {
            let link = ahead.next()?;
            let (_, after) = rest.split_once(link.text.as_str())?;
            Some((skip, (link, after)))
        }) else {
            return found;
        };
        rest = after;
        links.nth(skip);
        found.push(link);
    }
}

/// Where to cut `text`: after the last sentence that fits, else the last word.
fn end(text: &str) -> usize {
    let most = boundary(text, LONGEST_PARAGRAPH);
    let fits = text.get(..most).unwrap_or(text);
    if most == text.len() {
        return most;
    }
    let behind = |ends: &[char]| fits.char_indices().rfind(|(_, c)| ends.contains(c)).map(|(at, c)| at + c.len_utf8());
    behind(&['。', '\n', '；', '！', '？'])
        .or_else(|| fits.rfind(". ").map(|at| at + 1))
        .or_else(|| behind(&['，', '、', ',', ' ']))
        .filter(|at| *at > 0)
        .unwrap_or(most)
}

/// The largest character boundary up to `most`.
fn boundary(text: &str, most: usize) -> usize {
    let most = most.min(text.len());
    (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::block::Table;
    use super::*;

    fn paragraph(text: &str, line: u32) -> Block {
        Block { text: text.to_owned(), line, end_line: line, ..Block::default() }
    }

    #[test]
    fn what_does_not_fit_is_counted_and_nothing_is_read_behind_it() {
        let mut budget = Budget { left: 100 };
        let row = |words: &str, line| Row {
            cells: vec![Cell { text: words.to_owned(), ..Cell::default() }],
            line,
            end_line: line,
        };
        let rows = vec![row("short", 2), row(&"x".repeat(60), 3)];
        let table = Block { kind: Kind::Table(Table { rows, loose: None }), line: 2, end_line: 3, ..Block::default() };
        let blocks = vec![paragraph(&"a".repeat(50), 1), table, paragraph("b", 4)];
        let (read, beyond) = budget.within(blocks, 0);
        assert_eq!(read.len(), 2);
        assert_eq!(read[1].table().map(|t| t.rows.len()), Some(1));
        assert_eq!((beyond.read, beyond.text, beyond.places, beyond.lines), (55, 61, 2, Some((3, 4))));
        let remark = beyond.remark("a.html", 0).expect("a remark");
        assert!(remark.message.contains("first 55 bytes of text were read, not 61 bytes of text in 2 paragraphs"));
        // The next document of the policy finds nothing left.
        assert_eq!(budget.within(vec![paragraph("c", 1)], 0).1.places, 1);
        assert!(Budget::default().within(vec![paragraph("c", 1)], 0).1.remark("b", 0).is_none());
    }

    #[test]
    fn a_long_paragraph_is_cut_behind_sentences_and_loses_nothing() {
        let sentence = "我们会收集您的设备型号、OAID。";
        let text = sentence.repeat(2 * LONGEST_PARAGRAPH / sentence.len());
        let link = |text: &str| Link { text: text.to_owned(), href: "https://a.example".to_owned() };
        let block = Block {
            links: vec![link("设备型号"), link("OAID"), link("nowhere"), link("OAID")],
            ..paragraph(&text, 7)
        };
        let (read, beyond) = Budget::default().within(vec![block], 0);
        assert!(read.len() > 1 && read.iter().all(|b| b.text.len() <= LONGEST_PARAGRAPH && b.line == 7));
        assert!(read.iter().all(|b| b.text.ends_with('。')));
        assert_eq!(read.iter().map(|b| b.text.as_str()).collect::<String>(), text);
        assert_eq!(read.iter().map(|b| b.links.len()).sum::<usize>(), 3);
        assert!(beyond.remark("a", 0).is_none());
        // One paragraph that is the whole of a document too long is read as far as it may be.
        let long = paragraph(&sentence.repeat(2 * MOST_TEXT / sentence.len()), 1);
        let (read, beyond) = Budget::default().within(vec![long], 0);
        assert!(!read.is_empty() && beyond.read > MOST_TEXT - LONGEST_PARAGRAPH && beyond.text > 0);
        // Without any sentence, word or space.
        let (read, _) = Budget::default().within(vec![paragraph(&"设".repeat(LONGEST_PARAGRAPH), 1)], 0);
        assert_eq!(read.iter().map(|b| b.text.len()).sum::<usize>(), 3 * LONGEST_PARAGRAPH);
    }

    #[test]
    fn tags_and_cells_have_an_end() {
        let page = "<p>x".repeat(MOST_TAGS + 10);
        let (read, left) = tags(&page);
        assert_eq!((read.matches('<').count(), left), (MOST_TAGS, 40));
        let mut cell = Cell { text: "设备".repeat(LONGEST_CELL), ..Cell::default() };
        assert_eq!(shorten(&mut cell) + cell.text.len(), 6 * LONGEST_CELL);
        assert!(cell.text.len() <= LONGEST_CELL);
    }
}
