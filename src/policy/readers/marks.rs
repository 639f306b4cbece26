//! Line numbers carried through a parser that has none.
//!
//! The HTML tree keeps no positions. So each line's first visible character gets a
//! private-use character in front that stands for its number; the walk over the tree
//! takes them out again. A page that has such characters of its own loses them first.

/// First of the characters that stand for a line: planes 15 and 16, Private Use.
const FIRST: u32 = 0xf_0000;
/// As many lines as both planes have characters; later ones are shown as the last.
const MOST: u32 = 0x1_fffd;

/// The mark for `line` (from 1).
pub fn mark(line: u32) -> char {
    let code = FIRST + line.min(MOST);
    // Two code points at the end of plane 15 are noncharacters, but still `char`s.
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The line that `c` stands for.
pub fn line_of(c: char) -> Option<u32> {
    (u32::from(c) >= FIRST).then(|| u32::from(c) - FIRST)
}

/// Elements whose content is no markup until their own end tag (HTML standard, 13.1.2).
const RAW: [&str; 6] = ["script", "style", "textarea", "title", "noscript", "xmp"];

/// Elements in elements: the parser looks through all open ones at each tag, so a page
/// of nothing but `<div>` would take quadratic time. Real pages stay under 100.
const MOST_DEPTH: usize = 400;
/// Elements that only format, open at once; deeper ones are left out, their text stays. The
/// parser opens those that a paragraph left open again in each that follows (HTML standard,
/// 13.2.4.3), so that a page of them would grow by their number.
const MOST_FORMATTING: usize = 6;
/// Those elements; it closes a link before the next by itself.
const FORMATTING: [&str; 13] =
    ["b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
/// Elements that hold nothing, or that the next of their kind ends.
const NOT_NESTING: [&str; 30] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr", "p",
    "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup", "caption", "option", "optgroup", "rp",
    "rt",
];

/// Name of a tag, lower case, and whether it is an end tag.
fn tag_name(tag: &str) -> (String, bool) {
    let inner = tag.trim_start_matches('<');
    let name: String = inner
        .trim_start_matches('/')
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(32)
        .collect::<String>()
        .to_ascii_lowercase();
    (name, inner.starts_with('/'))
}

/// `html` with marks; `first` is the number of its first line.
pub fn annotate(html: &str, first: u32) -> String {
    let mut out = String::with_capacity(html.len() + html.len() / 16);
    let mut line = first;
    let mut marked = 0;
    let mut rest = html;
    let mut depth = 0usize;
    let mut formatting = 0usize;
    while let Some(c) = rest.chars().next() {
        if c == '<' {
            let len = tag_len(rest);
            if len > 1 {
                let (tag, after) = rest.split_at_checked(len).unwrap_or((rest, ""));
                let (name, ends) = tag_name(tag);
                let nests = !name.is_empty() && !NOT_NESTING.contains(&name.as_str()) && !tag.ends_with("/>");
                match (nests, ends) {
                    (true, true) => depth = depth.saturating_sub(1),
                    (true, false) => depth += 1,
                    _ => {}
                }
                let formats = FORMATTING.contains(&name.as_str());
                match (formats, ends) {
                    (true, true) => formatting = formatting.saturating_sub(1),
                    (true, false) => formatting += 1,
                    _ => {}
                }
                match (name.as_str(), ends) {
                    _ if formats && formatting > MOST_FORMATTING && !ends => {}
                    _ if depth > MOST_DEPTH && !ends => {}
                    // The tree leaves out what a template holds, and in a component that is
                    // the page.
                    ("template", false) => out.push_str("<div>"),
                    ("template", true) => out.push_str("</div>"),
                    _ => out.push_str(tag),
                }
                line += lines_in(tag);
                rest = after;
                if let Some(name) = raw_name(tag) {
                    let end = find_end(rest, name);
                    let (content, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                    out.push_str(content);
                    line += lines_in(content);
                    rest = after;
                }
                marked = 0;
                continue;
            }
        }
        if !c.is_whitespace() && marked != line {
            out.push(mark(line));
            marked = line;
        }
        if line_of(c).is_none() {
            out.push(c);
        }
        if c == '\n' {
            line += 1;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out
}

fn lines_in(text: &str) -> u32 {
    text.bytes().filter(|b| *b == b'\n').count() as u32
}

/// Length of the tag or comment at the start of `rest`; 1 where it is only a `<`.
fn tag_len(rest: &str) -> usize {
    if rest.starts_with("<!--") {
        return rest.find("-->").map_or(rest.len(), |at| at + 3);
    }
    let Some(second) = rest.as_bytes().get(1) else { return 1 };
    if !(second.is_ascii_alphabetic() || matches!(second, b'/' | b'!' | b'?')) {
        return 1;
    }
    let mut quote = None;
    for (at, b) in rest.bytes().enumerate().skip(2) {
        match (quote, b) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') if rest.as_bytes().get(at - 1) == Some(&b'=') => quote = Some(b),
            (Some(q), b) if q == b => quote = None,
            _ => {}
        }
    }
    rest.len()
}

fn raw_name(tag: &str) -> Option<&'static str> {
    let name = tag.strip_prefix('<')?;
    RAW.into_iter().find(|raw| {
        name.get(..raw.len()).is_some_and(|n| n.eq_ignore_ascii_case(raw))
            && name.as_bytes().get(raw.len()).is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'-')
    })
}

/// Where `</name` begins.
fn find_end(rest: &str, name: &str) -> usize {
    let mut from = 0;
    while let Some(at) = rest.get(from..).and_then(|r| r.find("</")) {
        let at = from + at;
        if rest.get(at + 2..at + 2 + name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name)) {
            return at;
        }
        from = at + 2;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_text_is_marked_once() {
        let out = annotate("<p\nclass='>'>a\nb</p><!-- \n --><script>\nif (a<b) x\n</script>c", 1);
        let lines: Vec<(u32, char)> =
            out.chars().zip(out.chars().skip(1)).filter_map(|(m, c)| line_of(m).map(|line| (line, c))).collect();
        assert_eq!(lines, [(2, 'a'), (3, 'b'), (6, 'c')]);
        assert_eq!(annotate("1 < 2", 7).chars().filter(|c| line_of(*c).is_none()).collect::<String>(), "1 < 2");
    }
}
