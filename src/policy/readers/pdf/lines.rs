//! Glyphs to pieces of text, and pieces to lines.

use super::super::super::block::Link;
use super::super::super::fold::is_cjk;
use super::characters::typed;
use super::page::{Glyph, Page};

/// Base lines closer than this share of the font's size are one line: a raised number is
/// set by a third.
const SAME_LINE: f64 = 0.4;
/// A gap as wide, in sizes of the font, parts what is beside each other: a word's space is
/// a quarter to a third, and a justified line seldom stretches it to one.
const APART: f64 = 1.1;
/// A gap as wide parts an item's text from its bullet.
const ITEM_APART: f64 = 3.5;
/// A gap as wide between letters is a space that was not drawn.
const SPACE: f64 = 0.17;

/// Marks that no line begins with.
const CLOSING: &str = "，。；：、！？）》】」』”’,.;:!?)]%";

/// Text on one line without a gap.
#[derive(Clone, Debug, Default)]
pub struct Piece {
    /// Its words.
    pub text: String,
    /// Left and right end.
    pub x: (f64, f64),
    /// Base line.
    pub y: f64,
    /// Size of the font.
    pub size: f64,
    /// All of it is bold.
    pub bold: bool,
    /// A space was drawn after it.
    pub spaced: bool,
    /// Links in it; the address is the page's.
    pub links: Vec<Link>,
    /// Number of its line, from 1, in the document.
    pub line: u32,
}

impl Piece {
    /// Middle.
    pub fn middle(&self) -> f64 {
        (self.x.0 + self.x.1) / 2.0
    }
}

/// Pieces that stand beside each other, from the left.
pub type Line = Vec<Piece>;

/// The lines of a page from the top, not numbered.
pub fn read(page: &Page) -> Vec<Line> {
    let mut glyphs: Vec<&Glyph> = page.glyphs.iter().filter(|g| on_page(g, page)).collect();
    glyphs.sort_by(|a, b| a.y.total_cmp(&b.y));
    let mut rows: Vec<Vec<&Glyph>> = Vec::new();
    for glyph in glyphs {
        match rows.last_mut() {
            Some(row) if row.last().is_some_and(|last| glyph.y - last.y <= SAME_LINE * last.size.min(glyph.size)) => {
                row.push(glyph);
            }
            _ => rows.push(vec![glyph]),
        }
    }
    rows.into_iter().map(|row| pieces(row, page)).filter(|line| !line.is_empty()).collect()
}

/// Characters that fill a square, and between which no space is written.
fn is_wide(c: char) -> bool {
    is_cjk(c) || matches!(c, '\u{ff00}'..='\u{ff60}' | '“' | '”' | '‘' | '’')
}

/// A bullet or a number alone.
fn is_marker(text: &str) -> bool {
    let text = text.trim();
    let number = text.trim_matches(|c: char| "()（）.、．".contains(c));
    text.chars().count() <= 5
        && (matches!(text, "•" | "●" | "○" | "■" | "◆" | "▪" | "‣" | "·" | "–" | "-" | "*")
            || number.len() < text.len() && !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

fn on_page(glyph: &Glyph, page: &Page) -> bool {
    let (width, height) = page.size;
    (-1.0..=width + 1.0).contains(&glyph.x.0) && (-1.0..=height + 1.0).contains(&glyph.y)
}

fn pieces(mut row: Vec<&Glyph>, page: &Page) -> Line {
    row.sort_by(|a, b| a.x.0.total_cmp(&b.x.0));
    let height = row.first().map_or(0.0, |g| g.y - 0.2 * g.size);
    let crossing = page.down.iter().filter(|rule| rule.ends.0 < height && rule.ends.1 > height);
    let bars: Vec<f64> = crossing.map(|rule| rule.at).collect();
    let mut line: Line = Vec::new();
    let mut last: Option<&Glyph> = None;
    let mut link: Option<usize> = None;
    for glyph in row {
        let text = typed(&glyph.text);
        // Letters drawn twice, a little aside, are bold ones.
        if let Some(before) = last
            && before.text == glyph.text
            && glyph.x.0 - before.x.0 < 0.25 * glyph.size.min(before.x.1 - before.x.0 + 0.5)
        {
            continue;
        }
        let gap = last.map_or(f64::INFINITY, |before| glyph.x.0 - before.x.1);
        let size = last.map_or(glyph.size, |before| before.size.max(glyph.size));
        // Cells may stand as near as words, with only a line between them.
        let barred = last.is_some_and(|l| bars.iter().any(|at| l.x.1 - 1.0 <= *at && *at <= glyph.x.0 + 1.0));
        // The text of an item stands apart from its bullet or number.
        let itemized = gap < ITEM_APART * size && line.len() == 1 && line.first().is_some_and(|p| is_marker(&p.text));
        if gap > APART * size && !itemized || barred || line.is_empty() {
            if text.trim().is_empty() {
                continue;
            }
            line.push(Piece { x: glyph.x, y: glyph.y, size: glyph.size, bold: true, ..Piece::default() });
            link = None;
        }
        let Some(piece) = line.last_mut() else { continue };
        let ends = piece.text.chars().next_back();
        let letters = ends.is_some_and(|c| !c.is_whitespace() && !is_wide(c)) && !text.starts_with(is_wide) || itemized;
        if gap > SPACE * size && letters && !text.starts_with(' ') && gap.is_finite() && !piece.text.is_empty() {
            piece.text.push(' ');
        }
        if glyph.link != link
            && let Some(address) = glyph.link.and_then(|at| page.links.get(at))
        {
            piece.links.push(Link { text: String::new(), href: address.clone() });
        }
        link = glyph.link;
        if let (Some(_), Some(open)) = (link, piece.links.last_mut()) {
            open.text.push_str(&text);
        }
        piece.bold &= glyph.bold || text.trim().is_empty();
        piece.text.push_str(&text);
        // Spaces at the end take no room: what follows may be a cell of its own.
        if text.trim().is_empty() {
            continue;
        }
        piece.x.1 = piece.x.1.max(glyph.x.1);
        piece.size = piece.size.max(glyph.size);
        last = Some(glyph);
    }
    for piece in &mut line {
        piece.spaced = piece.text.ends_with(' ');
        piece.text.truncate(piece.text.trim_end().len());
    }
    for (x, y) in &page.dots {
        bullet(&mut line, *x, *y);
    }
    line
}

/// A dot right before a line's first words is its bullet.
fn bullet(line: &mut Line, x: f64, y: f64) {
    let Some(first) = line.first_mut() else { return };
    let before = first.x.0 - x;
    let beside = first.y - y;
    if (0.0..2.5 * first.size).contains(&before)
        && (0.0..first.size).contains(&beside)
        && !first.text.starts_with(['•', '●', '○', '■'])
    {
        first.text.insert_str(0, "• ");
    }
}

/// Lines that belong together as one text: a cell, a paragraph.
///
/// `right` is where its lines end; a line that ends early, so early that the next line's
/// first word would have fitted, was ended by its author. `words_break`: a line that ends
/// without a space goes on without one.
pub fn join(pieces: &[&Piece], right: f64, words_break: bool) -> (String, Vec<Link>) {
    let mut text = String::new();
    let mut links: Vec<Link> = Vec::new();
    let mut last: Option<&Piece> = None;
    for (index, piece) in pieces.iter().enumerate() {
        // What stands alone because the next line's mark may not begin a line.
        let glued = piece.text.chars().count() <= 2
            && pieces.get(index + 1).is_some_and(|next| next.text.starts_with(|c| CLOSING.contains(c)));
        let mut goes_on = false;
        if let Some(before) = last {
            if (piece.y - before.y).abs() < SAME_LINE * piece.size {
                text.push(' ');
            } else if glued || wraps(before, piece, right) {
                goes_on = true;
                if before.spaced && !piece.text.starts_with(is_wide) && !text.ends_with(is_wide)
                    || needs_space(&text, &piece.text, words_break)
                {
                    text.push(' ');
                }
            } else {
                text.push('\n');
            }
        }
        text.push_str(&piece.text);
        for link in &piece.links {
            match links.last_mut() {
                Some(open) if goes_on && open.href == link.href => open.text.push_str(&link.text),
                _ => links.push(link.clone()),
            }
        }
        last = Some(piece);
    }
    (text, links)
}

/// The line ended because the next one's first word had no room in it.
pub fn wraps(before: &Piece, next: &Piece, right: f64) -> bool {
    let width = |part: usize| {
        let all = next.text.chars().map(room).sum::<f64>().max(0.1);
        (next.x.1 - next.x.0) * next.text.chars().take(part).map(room).sum::<f64>() / all
    };
    let mut first = 0;
    let mut chars = next.text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == ' ' {
            break;
        }
        first += 1;
        // A line does not begin with a closing mark: that goes with the word before. And
        // between a mark and letters not every program breaks.
        let goes_on = chars.peek().is_some_and(|after| {
            let mark = is_wide(c) && !c.is_alphanumeric();
            CLOSING.contains(*after) || (!is_wide(c) || mark) && !is_wide(*after)
        });
        if !goes_on {
            break;
        }
    }
    before.x.1 + width(first) + 0.15 * next.size > right
}

/// How wide a character is, in sizes of the font: whole for the East, half for others.
fn room(c: char) -> f64 {
    if is_wide(c) { 1.0 } else { 0.5 }
}

/// The line begins with the last letter of a word and the mark after it: programs that
/// break words anywhere do so because no line begins with a mark.
pub fn begins_inside(text: &str) -> bool {
    let mut chars = text.chars();
    let letter = chars.next().is_some_and(|c| c.is_ascii_alphanumeric());
    letter && chars.next().is_some_and(|c| is_wide(c) && CLOSING.contains(c))
}

/// Whether the break between two lines of a text stands for a space.
fn needs_space(before: &str, after: &str, words_break: bool) -> bool {
    let (Some(last), Some(first)) = (before.chars().next_back(), after.chars().next()) else { return false };
    if is_wide(last) || is_wide(first) || last.is_whitespace() || words_break && last.is_alphanumeric() {
        return false;
    }
    if begins_inside(after) {
        return false;
    }
    // An address goes on; so does what is joined by a mark of its own.
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let address = word.contains("://") || word.starts_with("www.");
    !(address || word.contains('.') && last == '.' && first.is_ascii_lowercase())
}
