//! Lines to paragraphs, headings and items.

use std::collections::BTreeMap;

use super::super::super::block::{Block, Kind};
use super::super::super::sections;
use super::super::text;
use super::Item;
use super::lines::{self, Line, Piece};
use super::page::Page;

/// Lines at the top and the bottom of a page that may be its running head or foot.
const EDGE_LINES: usize = 3;
/// A running head stands on as large a part of the pages: one page in three has its own.
const REPEATED: f64 = 0.5;
/// Larger than the body's font by this factor, a line is a heading.
const HEADING: f64 = 1.14;
/// Longest heading, in characters.
const LONGEST_HEADING: usize = 80;
/// Paragraphs stand apart where the distance is larger than between lines by this factor.
const PARAGRAPH_GAP: f64 = 1.32;

const BULLETS: [char; 10] = ['•', '●', '○', '■', '◆', '▪', '‣', '·', '–', '※'];

/// Takes away what repeats at the edges of pages, and page numbers.
pub fn without_running_heads(texts: &mut [Vec<Line>], pages: &[Page]) {
    let key = |line: &Line| -> (String, i64) {
        let words: String = line.iter().flat_map(|p| p.text.chars()).filter(|c| !c.is_whitespace()).collect();
        let bare: String = words.chars().filter(|c| !c.is_ascii_digit()).collect();
        (bare, line.first().map_or(0, |p| (p.y / 3.0) as i64))
    };
    let mut seen: BTreeMap<(String, i64), usize> = BTreeMap::new();
    for lines in texts.iter() {
        for line in edges(lines) {
            if let Some(line) = lines.get(line) {
                *seen.entry(key(line)).or_default() += 1;
            }
        }
    }
    let least = ((pages.len() as f64 * REPEATED).ceil() as usize).max(2);
    for (lines, page) in texts.iter_mut().zip(pages) {
        let height = page.size.1;
        let mut drop: Vec<usize> = edges(lines)
            .into_iter()
            .filter(|at| {
                lines.get(*at).is_some_and(|line| {
                    let (bare, y) = key(line);
                    let place = line.first().map_or(0.0, |p| p.y);
                    let outside = place < 0.12 * height || place > 0.88 * height;
                    let repeats = seen.get(&(bare.clone(), y)).is_some_and(|n| *n >= least);
                    let number = is_page_number(line) && (place < 0.08 * height || place > 0.92 * height);
                    outside && (repeats || number)
                })
            })
            .collect();
        drop.sort_unstable();
        drop.dedup();
        for at in drop.into_iter().rev() {
            lines.remove(at);
        }
    }
}

fn edges(lines: &[Line]) -> Vec<usize> {
    let end = lines.len();
    let mut all: Vec<usize> = (0..EDGE_LINES.min(end)).chain(end.saturating_sub(EDGE_LINES)..end).collect();
    all.dedup();
    all.sort_unstable();
    all.dedup();
    all
}

/// `3`, `- 3 -`, `3 / 7`, `第 3 页`, `Page 3 of 7`.
fn is_page_number(line: &Line) -> bool {
    let text: String = line.iter().flat_map(|p| p.text.chars()).filter(|c| !c.is_whitespace()).collect();
    let bare = text.to_lowercase().replace("page", "").replace("of", "");
    let bare = bare.trim_matches(|c| matches!(c, '第' | '页' | '頁' | '共' | '-' | '—' | '–' | '/' | '.'));
    text.chars().count() <= 14
        && !bare.is_empty()
        && bare.chars().all(|c| c.is_ascii_digit() || "/-—–页頁共第".contains(c))
}

/// What the pages' text looks like.
struct Body {
    size: f64,
    left: f64,
    right: f64,
    pitch: f64,
    /// The document draws the spaces that its lines end with.
    spaces: bool,
}

fn body(items: &[Item]) -> Body {
    let lines: Vec<&Line> = items.iter().filter_map(|i| if let Item::Line(l) = i { Some(l) } else { None }).collect();
    let pieces = || lines.iter().flat_map(|l| l.iter());
    let size = most(pieces().map(|p| (p.size, p.text.chars().count()))).unwrap_or(10.0);
    let of_size = || lines.iter().filter(move |l| l.iter().all(|p| (p.size - size).abs() < 0.08 * size));
    let left = of_size().filter_map(|l| l.first()).map(|p| p.x.0).fold(f64::INFINITY, f64::min);
    let right = of_size().filter_map(|l| l.last()).map(|p| p.x.1).fold(f64::NEG_INFINITY, f64::max);
    let pitch = most(lines.windows(2).filter_map(|pair| {
        let [a, b] = pair else { return None };
        let gap = b.first()?.y - a.first()?.y;
        (gap > 0.9 * size && gap < 4.0 * size).then_some((gap, 1))
    }));
    let spaces = items.iter().any(|item| match item {
        Item::Line(line) => line.last().is_some_and(|p| p.spaced),
        Item::Table(table) => table.rows.iter().flatten().flat_map(|s| &s.pieces).any(|p| p.spaced),
    });
    Body { size, left, right, pitch: pitch.unwrap_or(1.5 * size), spaces }
}

/// The value that weighs most, to half a point.
fn most(values: impl Iterator<Item = (f64, usize)>) -> Option<f64> {
    let mut weights: BTreeMap<i64, (usize, f64)> = BTreeMap::new();
    for (value, weight) in values {
        let slot = weights.entry((value * 2.0).round() as i64).or_insert((0, value));
        slot.0 += weight;
    }
    weights.into_values().max_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1))).map(|(_, value)| value)
}

/// The document's blocks.
pub fn blocks(items: &[Item]) -> Vec<Block> {
    let body = body(items);
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Vec<Piece> = Vec::new();
    for item in items {
        match item {
            Item::Line(line) => {
                let Some(piece) = whole(line) else { continue };
                if !open.last().is_some_and(|last| continues(&open, last, &piece, &body)) {
                    blocks.extend(paragraph(std::mem::take(&mut open), &body));
                }
                open.push(piece);
            }
            Item::Table(table) => {
                blocks.extend(paragraph(std::mem::take(&mut open), &body));
                blocks.extend(table.block(body.spaces));
            }
        }
    }
    blocks.extend(paragraph(open, &body));
    piped(blocks)
}

/// A line as one piece, its gaps as wide spaces.
fn whole(line: &Line) -> Option<Piece> {
    let mut pieces = line.iter();
    let mut whole = pieces.next()?.clone();
    for piece in pieces {
        whole.text.push_str("  ");
        whole.text.push_str(&piece.text);
        whole.x.1 = piece.x.1;
        whole.bold &= piece.bold;
        whole.links.extend(piece.links.iter().cloned());
    }
    Some(whole)
}

fn is_item(text: &str) -> bool {
    text.starts_with(BULLETS) || sections::is_numbered(text)
}

/// The next line belongs to the open paragraph.
fn continues(open: &[Piece], last: &Piece, next: &Piece, body: &Body) -> bool {
    let same = (next.size - last.size).abs() < 0.08 * last.size;
    let first = open.first().map_or(last.x.0, |p| p.x.0);
    let item = open.first().is_some_and(|p| is_item(&p.text));
    let (indent, em) = (next.x.0 - last.x.0, last.size);
    // Across a page's end the distance says nothing.
    let gap = next.y - last.y;
    let close = gap < 0.0 || gap < PARAGRAPH_GAP * body.pitch * (last.size / body.size).max(1.0);
    let hangs = match open.len() {
        // A first line is set in by two characters, or an item's text after its bullet.
        1 => indent < 0.8 * em || item && indent < 3.0 * em,
        _ => indent.abs() < 0.8 * em,
    };
    let dedent = open.len() == 1 && first - next.x.0 < 3.5 * em || indent > -0.8 * em;
    same && close
        && hangs
        && dedent
        && next.bold == last.bold
        && !next.text.starts_with(BULLETS)
        && lines::wraps(last, next, body.right)
}

fn paragraph(pieces: Vec<Piece>, body: &Body) -> Option<Block> {
    let (first, last) = (pieces.first()?, pieces.last()?);
    let all: Vec<&Piece> = pieces.iter().collect();
    let (text, links) = lines::join(&all, body.right, body.spaces);
    let text = text.replace('\n', " ").trim().to_owned();
    if text.is_empty() {
        return None;
    }
    let short = text.chars().count() <= LONGEST_HEADING;
    let bold = pieces.iter().all(|p| p.bold);
    let large = first.size > HEADING * body.size;
    let depth = 1 + ((first.x.0 - body.left) / (2.0 * body.size)).clamp(0.0, 8.0) as u8;
    let (kind, text) = match text.strip_prefix(BULLETS) {
        Some(rest) => (Kind::Item(depth.max(1)), rest.trim().to_owned()),
        None if large && short => (Kind::Heading, text),
        None => (Kind::Paragraph, text),
    };
    Some(Block { kind, text, links, strong: bold, source: 0, line: first.line, end_line: last.line })
}

/// Paragraphs that are rows of a table in plain text, printed as they were.
fn piped(blocks: Vec<Block>) -> Vec<Block> {
    let is_row = |b: &Block| matches!(b.kind, Kind::Paragraph) && b.text.matches('|').count() >= 2;
    let mut out: Vec<Block> = Vec::new();
    let mut rows: Vec<Block> = Vec::new();
    for block in blocks.into_iter().map(Some).chain([None]) {
        match block {
            Some(block) if is_row(&block) => rows.push(block),
            other => {
                if rows.len() >= 2 {
                    let lines: Vec<(u32, &str)> = rows.iter().map(|b| (b.line, b.text.as_str())).collect();
                    out.extend(text::read_lines(&lines));
                    rows.clear();
                }
                out.append(&mut rows);
                out.extend(other);
            }
        }
    }
    out
}
