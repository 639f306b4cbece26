//! Plain text: lines to paragraphs, list items, headings and pipe or tab tables.

use std::sync::LazyLock;

use regex::Regex;

use super::super::block::{Block, Cell, Kind, Link, Row, Table};
use super::super::sections::is_numbered;
use super::wrapped;

/// A pipe or tab table has at least this many columns; fewer are punctuation.
const LEAST_COLUMNS: usize = 3;

/// Longest cell, in characters, of the first of two columns that only spaces set apart.
const LONGEST_FIRST_OF_TWO: usize = 40;

static LINK: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\[([^\[\]]*)\]\(<?([^()\s<>]*(?:\([^()\s]*\)[^()\s<>]*)*)>?[^()]*\)").ok());
static ITEM: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^([ \t\u{3000}]*)(?:[-*+] |[•·・‧∙●○◎■□◆◇▪▫‣◦★☆▶►▸➤✓✔※] ?|(?:--?|=)> )").ok());

/// The blocks of `text`.
pub fn read(text: &str) -> Vec<Block> {
    let lines: Vec<(u32, &str)> = text.lines().enumerate().map(|(i, l)| (i as u32 + 1, l)).collect();
    let joined = wrapped::join(&lines);
    let lines: Vec<(u32, &str)> = joined.iter().map(|(number, line)| (*number, line.as_ref())).collect();
    read_lines(&lines)
}

/// The blocks of lines with their numbers.
pub fn read_lines(lines: &[(u32, &str)]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut at = 0;
    let mut blank = true;
    // A converter left the bullet of an item on a line of its own.
    let mut bullet = false;
    while let Some((number, line)) = lines.get(at).copied() {
        if let Some((block, used)) = table(lines.get(at..).unwrap_or_default()) {
            blocks.push(block);
            at += used;
            blank = true;
            continue;
        }
        at += 1;
        let trimmed = line.trim();
        if trimmed.is_empty() || is_rule(trimmed) {
            blank = true;
            continue;
        }
        if is_bullet_alone(trimmed) && lines.get(at).is_some_and(|(_, next)| !next.trim().is_empty()) {
            bullet = true;
            continue;
        }
        let (mut text, links) = inline(trimmed);
        let mut kind = if std::mem::take(&mut bullet) { Kind::Item(1) } else { Kind::Paragraph };
        let hashes = trimmed.bytes().take_while(|b| *b == b'#').count();
        if (1..=6).contains(&hashes) && trimmed.as_bytes().get(hashes) == Some(&b' ') {
            kind = Kind::Heading;
            text = text.trim_start_matches('#').trim().to_owned();
        } else if let Some(found) = ITEM.as_ref().and_then(|re| re.captures(line)) {
            let indent = found.get(1).map_or(0, |m| m.as_str().chars().map(|c| if c == '\t' { 4 } else { 1 }).sum());
            kind = Kind::Item(1 + (indent / 2).min(20) as u8);
            text = inline(line.get(found.get(0).map_or(0, |m| m.end())..).unwrap_or_default().trim()).0;
        }
        if !blank
            && matches!(kind, Kind::Paragraph)
            && let Some(last) = blocks.last_mut()
            && last.table().is_none()
            && !last.is_heading()
            && wrapped(&last.text, &text)
        {
            last.text.push(' ');
            last.text.push_str(&text);
            last.links.extend(links);
            last.end_line = number;
            continue;
        }
        blank = false;
        let strong = is_strong(trimmed);
        if strong {
            text = text.trim_matches('*').trim().to_owned();
        }
        blocks.push(Block { kind, text, links, strong, source: 0, line: number, end_line: number });
    }
    blocks
}

/// A line that goes on in the next: it does not end as a sentence does, is long
/// enough to have been wrapped, and the next begins in the middle of one. `b. Someone` begins anew.
fn wrapped(last: &str, next: &str) -> bool {
    let ends = last.trim_end().ends_with(['。', '.', '!', '?', '！', '？', ':', '：', ';', '；', '|']);
    // `android.permission.…` begins anew.
    let name = next.split_whitespace().next().is_some_and(|word| word.matches('.').count() >= 2);
    let begins = !name && next.chars().next().is_some_and(|c| c.is_lowercase() || c == '(');
    !ends && last.chars().nth(49).is_some() && begins && !is_numbered(next)
}

/// A mark before an item; those of typed text, a dash or a star, need a space behind them.
pub fn is_bullet(mark: char) -> bool {
    "•·・‧∙●○◎■□◆◇▪▫‣◦★☆▶►▸➤✓✔※".contains(mark)
}

/// Nothing but the mark of an item.
fn is_bullet_alone(line: &str) -> bool {
    let mut marks = line.chars();
    marks.next().is_some_and(|mark| is_bullet(mark) || matches!(mark, '-' | '*')) && marks.next().is_none()
}

fn is_rule(line: &str) -> bool {
    line.len() >= 3 && line.chars().all(|c| matches!(c, '-' | '=' | '*' | '_' | '—' | '─'))
}

fn is_strong(line: &str) -> bool {
    line.len() > 4 && line.starts_with("**") && line.ends_with("**") && line.matches("**").count() == 2
}

/// Inline Markdown out of the text: links become their words.
pub fn inline(text: &str) -> (String, Vec<Link>) {
    let mut links = Vec::new();
    let mut out = String::with_capacity(text.len());
    let mut last = 0;
    for found in LINK.as_ref().into_iter().flat_map(|re| re.captures_iter(text)) {
        let (Some(all), Some(words), Some(href)) = (found.get(0), found.get(1), found.get(2)) else { continue };
        out.push_str(text.get(last..all.start()).unwrap_or_default());
        out.push_str(words.as_str());
        links.push(Link { text: words.as_str().to_owned(), href: href.as_str().to_owned() });
        last = all.end();
    }
    out.push_str(text.get(last..).unwrap_or_default());
    (out.replace("**", "").replace("<br>", "\n").replace("<br/>", "\n").replace("<br />", "\n"), links)
}

/// The table at the start of `lines`, and how many of them it takes.
fn table(lines: &[(u32, &str)]) -> Option<(Block, usize)> {
    if let Some(found) = loose_table(lines).or_else(|| spaced_table(lines)) {
        return Some(found);
    }
    let (first, _) = lines.first()?;
    let columns = columns(lines.first()?.1)?;
    let next = lines.iter().skip(1).find(|(_, l)| !l.trim().is_empty())?.1;
    let split: fn(&str) -> Vec<Cell> = if columns.1 == '|' { pipes } else { tabs };
    if !next.contains(columns.1) || self::columns(next).is_none() && !is_separator(next) {
        return None;
    }
    let mut rows: Vec<Row> = Vec::new();
    let mut used = 0;
    let mut end = *first;
    for (index, (number, line)) in lines.iter().enumerate() {
        if line.trim().is_empty() {
            // Converters put blank lines between rows; two of them end the table.
            if lines.get(index + 1).is_some_and(|(_, l)| self::columns(l).is_some_and(|c| c.1 == columns.1)) {
                continue;
            }
            break;
        }
        if is_separator(line) {
            used = index + 1;
            continue;
        }
        // `\t\t姓名、邮箱`: the first cells are blank, and the row goes on with the one above.
        let goes_on = columns.1 == '\t' && line.starts_with('\t') && tabs(line).len() > 1;
        if goes_on && rows.len() > 1 {
            rows.push(Row { cells: tabs(line), line: *number, end_line: *number });
        } else if self::columns(line).is_none() {
            // A hard-wrapped cell: the row above has fewer cells than the first, and
            // the line still has a separator, or the next line has.
            let short = rows.last().is_some_and(|r| r.cells.len() < rows.first().map_or(0, |f| f.cells.len()));
            let Some(row) = rows.last_mut().filter(|_| short) else { break };
            let mut cells = split(line).into_iter();
            if let (Some(last), Some(more)) = (row.cells.last_mut(), cells.next()) {
                last.text.push_str(&more.text);
                last.links.extend(more.links);
            }
            row.cells.extend(cells);
            row.end_line = *number;
        } else {
            let cells = split(line);
            let wanted = rows.first().map_or(0, |f| f.cells.len());
            match rows.last_mut() {
                Some(row) if row.cells.len() < wanted && row.cells.len() + cells.len() == wanted + 1 => {
                    let mut cells = cells.into_iter();
                    if let (Some(last), Some(more)) = (row.cells.last_mut(), cells.next()) {
                        last.text.push_str(&more.text);
                    }
                    row.cells.extend(cells);
                    row.end_line = *number;
                }
                _ => rows.push(Row { cells, line: *number, end_line: *number }),
            }
        }
        used = index + 1;
        end = *number;
    }
    (rows.len() >= 2).then(|| {
        (
            Block { kind: Kind::Table(Table { rows, loose: None }), line: *first, end_line: end, ..Block::default() },
            used,
        )
    })
}

/// Two and more lines of two cells with one bar between: `第三方名称 | 收集的个人信息`.
fn loose_table(lines: &[(u32, &str)]) -> Option<(Block, usize)> {
    let is_pair = |line: &str| {
        let sides = line.split_once('|').filter(|(_, right)| !right.contains('|'));
        sides.is_some_and(|(left, right)| !left.trim().is_empty() && !right.trim().is_empty())
    };
    let pairs = lines.iter().take_while(|(_, line)| is_pair(line));
    let used = pairs.clone().count();
    let rows: Vec<Row> = pairs
        .filter(|(_, line)| !is_separator(line))
        .map(|(number, line)| Row { cells: pipes(line), line: *number, end_line: *number })
        .collect();
    let (line, end_line) = (rows.first()?.line, rows.last()?.end_line);
    let kind = Kind::Table(Table { rows, loose: Some(" | ".into()) });
    (end_line > line).then(|| (Block { kind, line, end_line, ..Block::default() }, used))
}

/// Lines whose cells stand apart by two spaces and more, all of one number of cells.
fn spaced_table(lines: &[(u32, &str)]) -> Option<(Block, usize)> {
    let cells = |line: &str| -> Vec<Cell> {
        let wide = line.trim().replace('\u{3000}', "  ");
        wide.split("  ").map(str::trim).filter(|c| !c.is_empty()).map(cell).collect()
    };
    let wanted = Some(cells(lines.first()?.1).len()).filter(|n| *n >= 2)?;
    let rows: Vec<Row> = lines
        .iter()
        .map(|(number, line)| Row { cells: cells(line), line: *number, end_line: *number })
        .take_while(|row| row.cells.len() == wanted)
        .collect();
    let (line, end_line, used) = (rows.first()?.line, rows.last()?.end_line, rows.len());
    // Two columns may be sentences with two spaces between.
    let is_short = |row: &Row| {
        let first = row.cells.first().map(|c| c.text.trim()).unwrap_or_default();
        first.chars().count() <= LONGEST_FIRST_OF_TWO && !first.ends_with(['。', '.', ':', '：', ';', '；', ','])
    };
    if wanted < LEAST_COLUMNS && !(used >= LEAST_COLUMNS && rows.iter().all(is_short)) {
        return None;
    }
    let kind = Kind::Table(Table { rows, loose: Some("  ".into()) });
    (used >= 2).then(|| (Block { kind, line, end_line, ..Block::default() }, used))
}

fn is_separator(line: &str) -> bool {
    line.contains('-') && line.trim().chars().all(|c| matches!(c, '|' | '-' | ':' | '+' | ' ' | '='))
}

/// How many columns a line has, and what separates them; `None` for one that is no row.
fn columns(line: &str) -> Option<(usize, char)> {
    if is_separator(line) {
        return None;
    }
    let bars = line.matches('|').count();
    if bars >= 2 || (bars == 1 && line.trim().starts_with('|')) {
        return Some((bars, '|'));
    }
    let cells = line.trim().split('\t').filter(|c| !c.trim().is_empty()).count();
    (cells >= LEAST_COLUMNS).then_some((cells, '\t'))
}

fn pipes(line: &str) -> Vec<Cell> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let line = line.strip_suffix('|').unwrap_or(line);
    line.replace("\\|", "\u{1}").split('|').map(|cell| self::cell(&cell.replace('\u{1}', "|"))).collect()
}

fn tabs(line: &str) -> Vec<Cell> {
    line.trim_end().split('\t').map(cell).collect()
}

fn cell(text: &str) -> Cell {
    let (text, links) = inline(text.trim());
    Cell { text: text.trim().to_owned(), links, ..Cell::default() }
}
