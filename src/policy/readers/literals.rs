//! Program text and JSON that carry a policy in their strings.
//!
//! Not a parser: strings, names and brackets are enough. Objects in one list are
//! rows of a table, their keys the heads; two strings in one call (`label = "…",
//! value = "…"`) are a label and its value; every other string that holds words is
//! text or HTML. A place is the line its literal begins on, or, where the literal
//! goes over lines itself, the line in it.

use super::super::block::{Block, Cell, Kind, Row, Table};
use super::{columns, html, marks, text};

/// Brackets open at once; deeper ones are counted and not kept.
const MOST_OPEN: usize = 256;

/// Keys that the objects of one list have together; of more it is no table, but text.
const MOST_KEYS: usize = 64;

/// A value with its key and line.
#[derive(Clone)]
struct Field {
    key: Option<String>,
    value: String,
    line: u32,
    /// Its line breaks are those of the file.
    lined: bool,
    /// The strings of a list, where it is one; `value` has one a line.
    items: Vec<Field>,
}

/// Longest string that labels the one after it, in characters.
const LONGEST_LABEL: usize = 16;

/// An open bracket.
#[derive(Default)]
struct Open {
    bracket: char,
    fields: Vec<Field>,
    rows: Vec<Vec<Field>>,
    /// The name or string last seen, which a colon makes a key.
    last: Option<Field>,
    /// It was a string: without a colon after it, a value.
    is_string: bool,
    key: Option<String>,
    /// How many blocks there were before it.
    at: usize,
}

/// The blocks of a file.
pub fn read(source: &str) -> Vec<Block> {
    read_from(source, 1)
}

/// The blocks of a text whose first line has the number `first`.
pub fn read_from(source: &str, first: u32) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open = vec![Open::default()];
    let mut line = first;
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let mut next = after;
        match c {
            '\n' => line = line.saturating_add(1),
            '/' if after.starts_with('/') => next = after.get(after.find('\n').unwrap_or(after.len())..).unwrap_or(""),
            '/' if after.starts_with('*') => {
                let end = after.find("*/").map_or(after.len(), |at| at + 2);
                line = line.saturating_add(lines_in(after.get(..end).unwrap_or_default()));
                next = after.get(end..).unwrap_or_default();
            }
            '"' | '\'' | '`' => {
                let triple = [c, c].iter().collect::<String>();
                let (value, used, lined) = match after.strip_prefix(triple.as_str()).filter(|_| c != '`') {
                    Some(inner) => {
                        let end = inner.find([c, c, c].iter().collect::<String>().as_str());
                        let value = inner.get(..end.unwrap_or(inner.len())).unwrap_or_default();
                        (value.replace("\\n", "\n"), value.len() + 2 + end.map_or(0, |_| 3), true)
                    }
                    None => {
                        let (value, used) = string(after, c);
                        (value, used, c == '`')
                    }
                };
                if let Some(top) = open.last_mut() {
                    top.string(Field { key: None, value, line, lined, items: Vec::new() });
                }
                line = line.saturating_add(lines_in(after.get(..used).unwrap_or_default()));
                next = after.get(used..).unwrap_or_default();
            }
            '{' | '[' | '(' if open.len() < MOST_OPEN => {
                open.push(Open { bracket: c, at: blocks.len(), ..Open::default() });
            }
            '}' | ']' | ')' if open.len() > 1 => {
                if let Some(closed) = open.pop() {
                    close(closed, open.last_mut(), &mut blocks);
                }
            }
            ':' => {
                if let Some(top) = open.last_mut() {
                    top.key = top.last.take().map(|f| f.value);
                }
            }
            ',' | ';' => {
                if let Some(top) = open.last_mut() {
                    top.value();
                    top.key = None;
                }
            }
            _ if c.is_alphanumeric() || matches!(c, '_' | '$') => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '$')).unwrap_or(rest.len());
                let word = rest.get(..end).unwrap_or_default();
                if let Some(top) = open.last_mut() {
                    top.value();
                    let value = word.to_owned();
                    top.last = Some(Field { key: None, value, line, lined: false, items: Vec::new() });
                    top.is_string = false;
                }
                next = rest.get(end..).unwrap_or_default();
            }
            _ => {}
        }
        rest = next;
    }
    while let Some(closed) = open.pop() {
        close(closed, open.last_mut(), &mut blocks);
    }
    columns::named(blocks)
}

fn lines_in(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

/// A string's value, and the bytes of it with its closing quote.
fn string(text: &str, quote: char) -> (String, usize) {
    let mut value = String::new();
    let mut high: Option<u32> = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == quote || c == '\n' && quote != '`' {
            return (value, at + 1);
        }
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some((_, 'n' | 'r')) => value.push('\n'),
            Some((_, 't')) => value.push('\t'),
            Some((from, 'u')) => {
                let digits = text.get(from + 1..from + 5).unwrap_or_default();
                let Ok(code) = u32::from_str_radix(digits, 16) else { continue };
                for _ in 0..digits.len() {
                    chars.next();
                }
                // Two halves of one character (ECMA-262 §11.8.4).
                match (high.take(), code) {
                    (None, 0xd800..=0xdbff) => high = Some(code),
                    (Some(first), 0xdc00..=0xdfff) => {
                        value.extend(char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (code - 0xdc00)));
                    }
                    _ => value.extend(char::from_u32(code)),
                }
            }
            Some((_, '\n')) | None => {}
            Some((_, other)) => value.push(other),
        }
    }
    (value, text.len())
}

impl Open {
    /// After a `+`, or with nothing between (C, Dart, Python), it goes on with the last.
    fn string(&mut self, field: Field) {
        if self.is_string
            && let Some(last) = &mut self.last
        {
            last.value.push_str(&field.value);
            last.lined = false;
            return;
        }
        self.value();
        self.last = Some(field);
        self.is_string = true;
    }

    /// The string last seen turned out to be a value.
    fn value(&mut self) {
        if let Some(last) = self.last.take()
            && self.is_string
        {
            self.fields.push(Field { key: self.key.take(), ..last });
        }
        self.is_string = false;
    }
}

/// What a bracket held: a row for the list around it, a table, or text.
fn close(mut closed: Open, parent: Option<&mut Open>, blocks: &mut Vec<Block>) {
    closed.value();
    let keyed = closed.fields.iter().filter(|f| f.key.is_some()).count();
    let nested = blocks.len() > closed.at;
    let mut parent = parent;
    if closed.bracket == '{'
        && keyed >= 2
        && !nested
        && let Some(parent) = &mut parent
        && parent.bracket == '['
    {
        parent.rows.push(closed.fields);
        return;
    }
    // `items: ["…", "…"]` in an object is a value of it.
    if closed.bracket == '['
        && keyed == 0
        && !nested
        && closed.rows.is_empty()
        && let Some(parent) = &mut parent
        && parent.bracket == '{'
        && parent.key.is_some()
        && let Some(first) = closed.fields.first()
    {
        let values: Vec<&str> = closed.fields.iter().map(|field| field.value.trim()).collect();
        let value = values.join("\n");
        let line = first.line;
        parent.fields.push(Field { key: parent.key.take(), value, line, lined: false, items: closed.fields });
        return;
    }
    // A title stands before what the lists in its object hold.
    if closed.bracket == '{' && keyed > 0 && nested && closed.rows.is_empty() {
        let below = blocks.split_off(closed.at);
        blocks.extend(table(&[closed.fields]));
        blocks.extend(below);
        return;
    }
    if !closed.rows.is_empty() {
        match table(&closed.rows) {
            Some(table) => blocks.push(table),
            None => closed.rows.iter().flatten().for_each(|field| words(field, blocks)),
        }
    }
    if closed.bracket == '('
        && let [label, value] = closed.fields.as_slice()
        && is_label(&label.value)
        && !value.value.trim().is_empty()
    {
        let text = format!("{}：{}", label.value.trim().trim_end_matches([':', '：']), value.value);
        words(&Field { value: text, lined: false, ..label.clone() }, blocks);
        return;
    }
    for field in closed.fields {
        words(&field, blocks);
    }
}

/// Short, words, no sentence.
fn is_label(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty()
        && text.chars().count() <= LONGEST_LABEL
        && text.chars().any(super::super::fold::is_cjk)
        && !text.contains(['。', '，', '\n'])
}

/// Objects of one list as a table under their keys.
fn table(objects: &[Vec<Field>]) -> Option<Block> {
    let mut keys: Vec<&str> = Vec::new();
    for key in objects.iter().flatten().filter_map(|f| f.key.as_deref()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
        if keys.len() > MOST_KEYS {
            return None;
        }
    }
    let line_of = |object: &[Field]| object.first().map_or(0, |f| f.line);
    let last_of = |object: &[Field]| object.last().map_or(0, |f| f.items.last().map_or(f.line, |item| item.line));
    let first = line_of(objects.first()?);
    let cell = |text: &str| Cell { text: text.trim().to_owned(), ..Cell::default() };
    let heads = keys.iter().map(|k| cell(&apart(k))).collect();
    let mut rows = vec![Row { cells: heads, line: first, end_line: first }];
    rows.extend(objects.iter().map(|object| {
        let value = |key: &&str| object.iter().find(|f| f.key.as_deref() == Some(*key)).map_or("", |f| &f.value);
        Row { cells: keys.iter().map(|k| cell(value(k))).collect(), line: line_of(object), end_line: last_of(object) }
    }));
    let end_line = last_of(objects.last()?);
    let kind = Kind::Table(Table { rows, loose: Some("\n".into()) });
    Some(Block { kind, line: first, end_line, ..Block::default() })
}

/// `sdkName` and `sdk_name` as words.
fn apart(key: &str) -> String {
    let mut out = String::new();
    for c in key.chars() {
        if c.is_ascii_uppercase() && out.ends_with(|l: char| l.is_ascii_lowercase()) {
            out.push(' ');
        }
        out.push(if matches!(c, '_' | '-') { ' ' } else { c });
    }
    out
}

/// JSON in a string of JSON: state that a server wrote into a page is often quoted twice.
fn is_json(value: &str) -> bool {
    value.len() > 40 && (value.starts_with("{\"") || value.starts_with("[{\"")) && value.ends_with(['}', ']'])
}

/// A string that holds words.
fn words(field: &Field, blocks: &mut Vec<Block>) {
    if !field.items.is_empty() {
        field.items.iter().for_each(|item| words(item, blocks));
        return;
    }
    let value = field.value.trim();
    if is_json(value) {
        // What it quotes is shorter than itself, so this ends.
        blocks.extend(read_from(value, field.line).into_iter().map(|block| at_line(block, field.line)));
        return;
    }
    // Markup that was escaped to stand in an attribute or in a field.
    let unescaped;
    let value = if value.contains("&lt;/") && !value.contains("</") {
        unescaped = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        unescaped.as_str()
    } else {
        value
    };
    let wordy = value.chars().any(super::super::fold::is_cjk) || value.split_whitespace().count() >= 3;
    if wordy {
        read_words(&Field { value: value.to_owned(), ..field.clone() }, blocks);
    }
}

/// The words of a string, whatever they are.
fn read_words(field: &Field, blocks: &mut Vec<Block>) {
    let value = field.value.as_str();
    let marked = ["</", "<br", "<p>", "<p "].iter().any(|tag| value.contains(tag));
    let found = if marked {
        html::read_marked(&marks::annotate(value, if field.lined { 1 } else { field.line }))
    } else {
        text::read(&field.value)
    };
    blocks.extend(found.into_iter().map(|mut block| {
        let place =
            |line: u32| if field.lined { field.line.saturating_add(line.saturating_sub(1)) } else { field.line };
        (block.line, block.end_line) = (place(block.line), place(block.end_line));
        if let Kind::Table(table) = &mut block.kind {
            for row in &mut table.rows {
                (row.line, row.end_line) = (place(row.line), place(row.end_line));
            }
        }
        block
    }));
}

/// The block, all of it on the line its string begins on.
fn at_line(mut block: Block, line: u32) -> Block {
    (block.line, block.end_line) = (line, line);
    if let Kind::Table(table) = &mut block.kind {
        for row in &mut table.rows {
            (row.line, row.end_line) = (line, line);
        }
    }
    block
}

/// The blocks of one string: text, or HTML.
pub fn of_a_string(value: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let field = Field { key: None, value: value.to_owned(), line: 1, lined: false, items: Vec::new() };
    read_words(&field, &mut blocks);
    blocks
}
