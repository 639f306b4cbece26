//! The text that a page carries in its scripts: state that a program on the page would
//! show (`__NEXT_DATA__`, `window.__INITIAL_STATE__`), or the data of a template.

use super::super::block::{Block, Kind};
use super::literals;

/// A page's scripts are its text where they hold as many times more words than it shows:
/// a page rendered on the server has its text twice.
const MORE: usize = 4;
/// Shorter scripts hold no policy, in bytes.
const SHORTEST: usize = 100;

/// The blocks in the scripts of a page that shows `shown`.
pub fn beside(html: &str, first: u32, shown: &[Block]) -> Vec<Block> {
    let found = read(html, first);
    if length(&found) > MORE * length(shown) { found } else { Vec::new() }
}

/// The blocks in a page's scripts.
pub fn read(html: &str, first: u32) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut line = first;
    let mut rest = html;
    while let Some(at) = start(rest) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        line = line.saturating_add(lines_in(before));
        let open = from.find('>').map_or(from.len(), |end| end + 1);
        let (tag, content) = from.split_at_checked(open).unwrap_or((from, ""));
        line = line.saturating_add(lines_in(tag));
        let end = end(content);
        let (script, after) = content.split_at_checked(end).unwrap_or((content, ""));
        if script.len() >= SHORTEST {
            blocks.extend(literals::read_from(script, line));
        }
        line = line.saturating_add(lines_in(script));
        rest = after;
    }
    blocks
}

/// Where the next script begins.
fn start(html: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + html.get(from..)?.find('<')?;
        let name = html.get(at + 1..at + 7).unwrap_or_default();
        let after = html.as_bytes().get(at + 7).copied().unwrap_or(b'>');
        if name.eq_ignore_ascii_case("script") && (after.is_ascii_whitespace() || after == b'>') {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Where the script ends.
fn end(content: &str) -> usize {
    let mut from = 0;
    while let Some(at) = content.get(from..).and_then(|rest| rest.find("</")) {
        let at = from + at;
        if content.get(at + 2..at + 8).is_some_and(|name| name.eq_ignore_ascii_case("script")) {
            return at;
        }
        from = at + 2;
    }
    content.len()
}

fn lines_in(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

/// How many characters blocks hold.
fn length(blocks: &[Block]) -> usize {
    let of = |block: &Block| match &block.kind {
        Kind::Table(table) => table.rows.iter().flat_map(|row| &row.cells).map(|c| c.text.chars().count()).sum(),
        _ => block.text.chars().count(),
    };
    blocks.iter().map(of).sum()
}
