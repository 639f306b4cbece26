//! Lines of `key: value`, nested by indentation: what YAML, log heads and configuration
//! files have in common. Not YAML itself: no anchors, flow style or block scalars.
//!
//! Tried on a text of two lines or more, each of which is `key: value`, `key:`, `- value`,
//! a comment, `---` or blank.

use super::budget::{self, Budget};
use super::clue::{Ascii, Clue};
use super::walk::{Input, Inside, Opener, Opening};
use super::{json, sense};
use crate::shape;

pub(super) const YAML: Opener = Opener { name: "yaml", clue: Clue::Has(Ascii::of(b"\n")), open };

/// A key whose value is what is indented below it.
struct Frame<'a> {
    indent: usize,
    key: &'a str,
    index: usize,
    group: u32,
    /// The way to it, and the group it stands in, while nothing is indented below it.
    empty: Option<(String, u32)>,
}

impl Frame<'_> {
    /// `imei:` with nothing after it and nothing below.
    fn slot(self) -> Option<Inside> {
        let (path, group) = self.empty?;
        Some(Inside { argument: Some(path), key: Some(self.key.to_owned()), group, ..Inside::default() })
    }
}

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let text = std::str::from_utf8(input.bytes).ok().filter(|t| t.contains(':') && t.contains('\n'))?;
    let mut parts = Vec::new();
    let mut stack: Vec<Frame<'_>> = Vec::new();
    let (mut lines, mut groups) = (0_usize, 0_u32);
    for line in text.lines() {
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') || matches!(content, "---" | "...") {
            continue;
        }
        lines += 1;
        if lines > budget::FIELDS {
            budget.reach("lines of one text", budget::FIELDS);
            return None;
        }
        let indent = line.len() - line.trim_start().len();
        let item = content.strip_prefix("- ").map(str::trim_start);
        // `- a` may stand as far to the left as the key that it belongs to.
        while stack.last().is_some_and(|f| f.indent > indent || f.indent == indent && item.is_none()) {
            parts.extend(stack.pop().and_then(Frame::slot));
        }
        if stack.len() >= budget::JSON_NESTING {
            budget.reach("keys inside each other", budget::JSON_NESTING);
            return None;
        }
        let pair = pair(item.unwrap_or(content));
        let mut path = String::from("$");
        for frame in &stack {
            json::push_name(&mut path, frame.key);
        }
        let mut parent = stack.last_mut();
        if let Some(parent) = &mut parent {
            parent.empty = None;
        }
        let (group, named) = parent.as_ref().map_or((0, None), |f| (f.group, Some(f.key)));
        if item.is_some() {
            let index = parent.map_or(0, |f| {
                f.index += 1;
                f.index - 1
            });
            path.push_str(&format!("[{index}]"));
        }
        let (key, value) = match (pair, item) {
            (Some((key, value)), _) => {
                json::push_name(&mut path, key);
                (Some(key), value)
            }
            (None, Some(item)) => (named, item),
            (None, None) => return None,
        };
        if value.is_empty() {
            groups += 1;
            stack.push(Frame { indent, key: key?, index: 0, group: groups, empty: Some((path, group)) });
            continue;
        }
        let quoted = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q));
        let value = quoted.unwrap_or(value);
        budget.bytes(path.len()).then_some(())?;
        parts.push(Inside {
            argument: Some(path),
            key: key.map(str::to_owned),
            bytes: input.bytes.slice_ref(value.as_bytes()),
            group,
            element: item.is_some() && pair.is_none(),
            ..Inside::default()
        });
    }
    parts.extend(stack.into_iter().rev().filter_map(Frame::slot));
    (lines >= 2 && parts.iter().any(|p| !p.element)).then_some(Opening { parts, keep: false })
}

/// `key: value` or `key:`. An address with colons is neither.
fn pair(text: &str) -> Option<(&str, &str)> {
    let (key, value) = match text.split_once(": ") {
        Some((key, value)) => (key, value.trim()),
        None => (text.strip_suffix(':')?, ""),
    };
    let key = key.trim();
    let key = ['"', '\''].iter().find_map(|q| key.strip_prefix(*q)?.strip_suffix(*q)).unwrap_or(key);
    (sense::is_name(key.as_bytes()) && shape::mac(text).is_none() && shape::ip(text).is_none()).then_some((key, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn read(text: &str) -> Option<Vec<(String, String)>> {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let input = Input::new(&bytes, None, true);
        let parts = open(&input, &mut Budget::default())?.parts;
        Some(parts.into_iter().map(|p| (p.argument.unwrap(), String::from_utf8_lossy(&p.bytes).into_owned())).collect())
    }

    #[test]
    fn nested_keys_and_lists() {
        let found =
            read("---\napp:\n  os: android  \n  ids:\n  - a\n  - \"b\"\n# note\nmac: '3c:5a:b4:01:02:0f'\n").unwrap();
        let expected =
            [("$.app.os", "android"), ("$.app.ids[0]", "a"), ("$.app.ids[1]", "b"), ("$.mac", "3c:5a:b4:01:02:0f")];
        assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        for text in ["a: 1", "a: 1\nsome words", "one\ntwo", "- a\n- b", "Dear all: hello\nbye", "http://x\nhttp://y"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
