//! JSX and TSX: elements inside a program. The elements are read as HTML, the program
//! around them as the literals it holds; each keeps its lines.

use super::super::block::Block;
use super::{html, literals};

/// Expressions in elements in expressions; deeper ones are left out.
const MOST_DEPTH: usize = 16;

/// The blocks of a file.
pub fn read(source: &str) -> Vec<Block> {
    let mut split = Split::default();
    split.code(source, 0);
    let mut blocks = html::read(&split.markup);
    blocks.extend(literals::read_from(&split.code, 1));
    blocks.sort_by_key(|block| block.line);
    blocks
}

/// Markup and program apart, each with the other's lines left blank.
#[derive(Default)]
struct Split {
    markup: String,
    code: String,
}

impl Split {
    fn put_code(&mut self, text: &str) {
        self.code.push_str(text);
        self.markup.extend(text.chars().filter(|c| *c == '\n'));
    }

    fn put_markup(&mut self, text: &str) {
        self.markup.push_str(text);
        self.code.extend(text.chars().filter(|c| *c == '\n'));
    }

    fn code(&mut self, source: &str, depth: usize) {
        let mut rest = source;
        let mut before = String::new();
        while let Some(c) = rest.chars().next() {
            let element = c == '<' && begins_element(rest, &before) && depth < MOST_DEPTH;
            let used = match c {
                _ if element => {
                    let used = self.element(rest, depth);
                    before = ")".to_owned();
                    rest = rest.get(used.max(1)..).unwrap_or_default();
                    continue;
                }
                '"' | '\'' | '`' => string_len(rest, c),
                '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
                '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
                _ => c.len_utf8(),
            };
            let (part, after) = rest.split_at_checked(used).unwrap_or((rest, ""));
            self.put_code(part);
            if !c.is_whitespace() {
                before = if c.is_alphanumeric() { before + part } else { part.to_owned() };
                if before.len() > 16 {
                    before = before.chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
                }
            } else if !before.ends_with(' ') && before.chars().all(char::is_alphanumeric) {
                // A word ended; the next one does not go on with it.
                before.push(' ');
            }
            rest = after;
        }
    }

    /// One element with what is in it; how many bytes it takes.
    fn element(&mut self, source: &str, depth: usize) -> usize {
        let mut open = 0usize;
        let mut at = 0;
        while let Some(rest) = source.get(at..).filter(|r| !r.is_empty()) {
            if rest.starts_with('<') {
                let (tag, len) = tag(rest);
                let stands_for = component(&tag, rest.get(..len).unwrap_or_default());
                self.put_markup(&stands_for.unwrap_or_else(|| tag.clone()));
                at += len;
                match () {
                    () if tag.starts_with("</") => open = open.saturating_sub(1),
                    () if tag.ends_with("/>") => {}
                    () => open += 1,
                }
                if open == 0 {
                    return at;
                }
            } else if rest.starts_with('{') {
                let len = braces_len(rest);
                let inner = rest.get(1..len.saturating_sub(1)).unwrap_or_default();
                let plain = inner.trim();
                match plain.chars().next() {
                    // A string is text.
                    Some(quote @ ('"' | '\'' | '`')) if string_len(plain, quote) == plain.len() => {
                        // A line ends where the program says so: `{'\n'}`.
                        self.put_markup(&plain.trim_matches(quote).replace("\\n", "<br>"));
                    }
                    _ => self.code(inner, depth + 1),
                }
                at += len.max(1);
            } else {
                let len = rest.find(['<', '{']).unwrap_or(rest.len());
                self.put_markup(rest.get(..len).unwrap_or_default());
                at += len;
            }
        }
        at
    }
}

/// A `<` that begins an element and compares nothing: no value stands before it.
fn begins_element(rest: &str, before: &str) -> bool {
    let next = rest.chars().nth(1).unwrap_or(' ');
    let word = before.trim_end();
    let operator = word.is_empty() || word.ends_with(['(', '=', '>', '?', ':', '&', '|', ',', '[', '{', '}', ';']);
    (next.is_ascii_alphabetic() || next == '>') && (operator || matches!(word, "return" | "default"))
}

/// What the tag of a component of the page's own stands for by its name: `<Section title="…">` opens a part with
/// that title, `<ListItem>` is an item. `source` is the tag as it was written.
fn component(tag: &str, source: &str) -> Option<String> {
    let name = tag.trim_start_matches(['<', '/']).split(|c: char| !c.is_alphanumeric()).next()?;
    if !name.starts_with(|c: char| c.is_ascii_uppercase()) || tag.ends_with("/>") {
        return None;
    }
    let ends = tag.starts_with("</");
    if name.ends_with("Item") || name == "Li" {
        return Some(if ends { "</li></ul>".to_owned() } else { "<ul><li>".to_owned() });
    }
    let title = title(source).filter(|_| !ends)?;
    Some(format!("{tag}<h3>{title}</h3>"))
}

/// A tag without the expressions in it, and its length in the source.
fn tag(rest: &str) -> (String, usize) {
    let mut out = String::new();
    let mut at = 0;
    while let Some(c) = rest.get(at..).and_then(|r| r.chars().next()) {
        let here = rest.get(at..).unwrap_or_default();
        let len = match c {
            '"' | '\'' => string_len(here, c),
            '{' => braces_len(here),
            _ => c.len_utf8(),
        };
        if c == '{' {
            out.extend(here.get(..len).unwrap_or_default().chars().filter(|c| *c == '\n'));
            out.push_str("\"\"");
        } else {
            out.push_str(here.get(..len).unwrap_or_default());
        }
        at += len;
        if c == '>' {
            break;
        }
    }
    (out, at)
}

/// Attributes by which a component is given its heading.
const TITLES: [&str; 3] = ["title", "heading", "header"];

/// The heading that a component is given.
fn title(source: &str) -> Option<&str> {
    let value = TITLES.iter().find_map(|name| {
        let after = source.match_indices(name).find_map(|(at, _)| {
            let own = source.get(..at).is_some_and(|before| before.ends_with(char::is_whitespace));
            source.get(at + name.len()..).and_then(|rest| rest.strip_prefix('=')).filter(|_| own)
        })?;
        let value = after.trim_start_matches('{').trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
        value.get(1..string_len(value, quote).checked_sub(1)?)
    })?;
    (!value.trim().is_empty() && !value.contains(['\n', '<', '$'])).then_some(value)
}

/// Length of a string with its quotes.
fn string_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            '\n' if quote != '`' => return at,
            _ => {}
        }
    }
    text.len()
}

/// Length of what stands in braces, with them.
fn braces_len(text: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|r| r.chars().next()) {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '"' | '\'' | '`' => {
                at += string_len(text.get(at..).unwrap_or_default(), c);
                continue;
            }
            _ => {}
        }
        at += c.len_utf8();
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_and_program_are_told_apart() {
        let mut split = Split::default();
        split.code("const a: Array<string> = ['x'];\nif (1 < b) {}\nreturn (\n <p className={c}>{'t'}{d && <b>u</b>}</p>\n);\n", 0);
        let markup: Vec<&str> = split.markup.split_whitespace().collect();
        assert_eq!(markup.join(" "), "<p className=\"\">t<b>u</b></p>");
        assert!(split.code.contains("if (1 < b) {}") && split.code.contains("d && "), "{}", split.code);
        assert_eq!(split.markup.matches('\n').count(), 5);
    }
}
