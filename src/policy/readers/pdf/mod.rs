//! PDF: what stands where on its pages, to blocks.
//!
//! A PDF has no paragraphs and no tables, only characters at places and lines between
//! them. Lines of text are numbered from 1 through all pages; where each page begins is
//! handed on. What repeats at the edges of pages is left out, a table that goes on over
//! pages is put together.

mod characters;
mod columns;
mod flow;
mod lines;
mod page;
mod ruled;
mod table;

use super::super::block::Block;
use super::super::model::Part;
use super::Document;
use lines::{Line, Piece};
use table::Found;

/// Of the characters, one in as many may be unknown: a logo set in a font of its own.
const MOST_UNKNOWN: usize = 5;

/// What stands on a page, from the top.
enum Item {
    Line(Line),
    Table(Found),
}

impl Item {
    fn top(&self) -> f64 {
        match self {
            Self::Line(line) => line.first().map_or(0.0, |p| p.y),
            Self::Table(table) => table.y.0,
        }
    }
}

/// The document; the error is words for the user.
pub fn read(bytes: Vec<u8>) -> Result<Document, String> {
    let pages = page::read(bytes)?;
    let (glyphs, unknown) = pages.iter().fold((0, 0), |sum, p| (sum.0 + p.glyphs.len(), sum.1 + p.unknown));
    let pictures: usize = pages.iter().map(|p| p.pictures).sum();
    if unknown * MOST_UNKNOWN > glyphs + unknown {
        return Err(format!(
            "a PDF whose fonts do not say which characters they show ({unknown} of {} are unknown)",
            glyphs + unknown
        ));
    }
    let aslant: usize = pages.iter().map(|p| p.aslant).sum();
    if aslant > glyphs {
        return Err(format!("a PDF most of whose text does not run from left to right ({aslant} characters)"));
    }
    let mut texts: Vec<Vec<Line>> = pages.iter().map(lines::read).collect();
    flow::without_running_heads(&mut texts, &pages);
    if texts.iter().all(Vec::is_empty) {
        return Err(if pictures > 0 {
            format!("a scan: a PDF of {} pages with {pictures} pictures and no text", pages.len())
        } else {
            format!("a PDF of {} pages without text", pages.len())
        });
    }
    let mut number = 0u32;
    let mut parts = Vec::new();
    let mut items: Vec<Item> = Vec::new();
    for (index, (page, mut texts)) in pages.iter().zip(texts).enumerate() {
        parts.push(Part { name: (index + 1).to_string(), first_line: number.saturating_add(1) });
        for line in &mut texts {
            number = number.saturating_add(1);
            line.iter_mut().for_each(|piece| piece.line = number);
        }
        let above = match items.last_mut() {
            Some(Item::Table(table)) => Some(table),
            _ => None,
        };
        let of_page = items_of(page, texts, above);
        let mut of_page = of_page.into_iter();
        let first = of_page.next();
        // A table at the page's end may go on at the next one's top.
        let first = match (items.last_mut(), first) {
            (Some(Item::Table(open)), Some(Item::Table(next))) => {
                open.append(next).err().map(|next| Item::Table(*next))
            }
            (_, first) => first,
        };
        items.extend(first);
        items.extend(of_page);
    }
    let blocks: Vec<Block> = flow::blocks(&items);
    Ok(Document { blocks, parts, unread: 0 })
}

/// Tables and the lines between them.
fn items_of(page: &page::Page, texts: Vec<Line>, above: Option<&mut Found>) -> Vec<Item> {
    let pieces: Vec<Piece> = texts.iter().flatten().cloned().collect();
    let (tables, used) = ruled::find(&page.across, &page.down, &pieces);
    let mut items: Vec<Item> = tables.into_iter().map(Item::Table).collect();
    let mut number = 0;
    let mut free: Vec<Line> = Vec::new();
    for line in texts {
        let left: Line = line
            .into_iter()
            .filter(|_| {
                number += 1;
                used.get(number - 1) != Some(&true)
            })
            .collect();
        if !left.is_empty() {
            free.push(left);
        }
    }
    let edges: Vec<page::Rule> = page.edges.iter().chain(&page.across).copied().collect();
    let mut at = 0;
    let mut above = above.filter(|table| table.loose && items.is_empty());
    if let Some(table) = above.as_deref_mut().filter(|table| table.loose) {
        table.take_rest(&mut free);
    }
    for (range, found) in columns::find(&free, &edges, above.as_deref()) {
        items.extend(free.get(at..range.start).unwrap_or_default().iter().cloned().map(Item::Line));
        items.push(Item::Table(found));
        at = range.end;
    }
    items.extend(free.get(at..).unwrap_or_default().iter().cloned().map(Item::Line));
    items.sort_by(|a, b| a.top().total_cmp(&b.top()));
    items
}
