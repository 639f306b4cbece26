//! XML 1.0: attributes, text and CDATA, each with the way to it (`/log/device[2]/@imei`).
//!
//! Tried on a text that begins with a tag; it must be well formed to its end. Entities are
//! never looked up but the five of XML, and a document type is passed over, so nothing is
//! expanded. What is not well formed (HTML mostly) stays text.

use std::collections::BTreeMap;

use bytes::Bytes;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::budget::{self, Budget};
use super::clue::{Ascii, Clue};
use super::walk::{Input, Inside, Opener, Opening};

pub(super) const XML: Opener = Opener { name: "xml", clue: Clue::Has(Ascii::of(b"<")), open };

/// What is read of a document, in order.
pub(super) enum Node {
    /// An element begins: local name and attributes.
    Open(String, Vec<(String, String)>),
    /// All text up to the next tag, entities and CDATA put in, not only white space.
    Text(String),
    /// The innermost element ends.
    Close,
}

/// The text, when it may be XML.
pub(super) fn candidate<'a>(input: &'a Input<'_>) -> Option<&'a str> {
    match input.bytes.trim_ascii_start() {
        [b'<', b'?' | b'!' | b'_' | b'a'..=b'z' | b'A'..=b'Z', ..] if input.bytes.trim_ascii_end().ends_with(b">") => {
            std::str::from_utf8(input.bytes).ok()
        }
        _ => None,
    }
}

/// Reads a document to its end; `None` when it is not well formed, or a limit was reached.
/// `see` returns `None` to stop.
pub(super) fn read(
    text: &str,
    budget: &mut Budget,
    mut see: impl FnMut(Node, &mut Budget) -> Option<()>,
) -> Option<()> {
    let mut reader = Reader::from_str(text);
    let (mut words, mut depth, mut roots) = (String::new(), 0_usize, 0_usize);
    loop {
        let event = reader.read_event().ok()?;
        if matches!(event, Event::Start(_) | Event::Empty(_) | Event::End(_) | Event::Eof) {
            let whole = std::mem::take(&mut words);
            if !whole.trim().is_empty() {
                // Text outside of the one root is no XML.
                if depth == 0 || !budget.bytes(whole.len()) {
                    return None;
                }
                see(Node::Text(whole.trim().to_owned()), budget)?;
            }
        }
        match event {
            Event::Start(element) => {
                roots += usize::from(depth == 0);
                depth += 1;
                if depth > budget::JSON_NESTING {
                    budget.reach("elements inside each other", budget::JSON_NESTING);
                    return None;
                }
                see(opened(&element, budget)?, budget)?;
            }
            Event::Empty(element) => {
                roots += usize::from(depth == 0);
                see(opened(&element, budget)?, budget)?;
                see(Node::Close, budget)?;
            }
            Event::End(_) => {
                depth = depth.checked_sub(1)?;
                see(Node::Close, budget)?;
            }
            Event::Text(text) => words.push_str(&text.xml10_content()),
            Event::CData(text) => words.push_str(&text.xml10_content()),
            Event::GeneralRef(name) => match name.resolve_char_ref() {
                Ok(Some(c)) => words.push(c),
                _ => words.push_str(match name.xml10_content().as_ref() {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    "apos" => "'",
                    _ => return None,
                }),
            },
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_) => {}
            Event::Eof => return (depth == 0 && roots == 1).then_some(()),
        }
    }
}

fn opened(element: &BytesStart<'_>, budget: &mut Budget) -> Option<Node> {
    let name = element.local_name().as_ref().to_owned();
    let mut attributes = Vec::new();
    for attribute in element.attributes() {
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned();
        if attributes.len() >= budget::FIELDS || !budget.bytes(value.len()) {
            return None;
        }
        attributes.push((attribute.key.local_name().as_ref().to_owned(), value));
    }
    Some(Node::Open(name, attributes))
}

/// An open element.
struct Frame {
    /// Length of the path up to it.
    path: usize,
    /// What its text is called: a `name` or `key` attribute, else its own name.
    key: String,
    /// Its children by name, for the index in the path.
    children: BTreeMap<String, u32>,
    group: u32,
    /// It has neither text nor attributes so far.
    empty: bool,
}

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let text = candidate(input)?;
    let mut parts: Vec<Inside> = Vec::new();
    let mut stack: Vec<Frame> = Vec::new();
    let (mut path, mut groups) = (String::new(), 0_u32);
    read(text, budget, |node, budget| {
        if parts.len() >= budget::LEAVES {
            budget.reach("values in one message", budget::LEAVES);
            return None;
        }
        match node {
            Node::Open(name, attributes) => {
                let count = stack.last_mut().map_or(1, |parent| {
                    let count = parent.children.entry(name.clone()).or_default();
                    *count += 1;
                    *count
                });
                groups += 1;
                if let Some(parent) = stack.last_mut() {
                    parent.empty = false;
                }
                parts.extend(Inside::heading(&name));
                let begin = path.len();
                path.push('/');
                path.push_str(&name);
                if count > 1 {
                    path.push_str(&format!("[{count}]"));
                }
                let naming = attributes.iter().find(|(name, _)| matches!(name.as_str(), "name" | "key"));
                let called = naming.map(|(_, value)| value.clone());
                for (attribute, value) in &attributes {
                    // `<item key="imei" value="…"/>`
                    let key = called.as_ref().filter(|_| attribute == "value").unwrap_or(attribute);
                    let argument = format!("{path}/@{attribute}");
                    budget.bytes(argument.len()).then_some(())?;
                    parts.push(value_of(argument, key, value, groups));
                }
                let empty = attributes.is_empty();
                stack.push(Frame {
                    empty,
                    path: begin,
                    key: called.unwrap_or(name),
                    children: BTreeMap::new(),
                    group: groups,
                });
            }
            Node::Text(words) => {
                stack.last_mut()?.empty = false;
                parts.push(text_of(&stack, &path, &words, budget)?);
            }
            Node::Close => {
                // `<imei/>`: a name with nothing after it.
                if stack.last().is_some_and(|frame| frame.empty) {
                    parts.push(text_of(&stack, &path, "", budget)?);
                }
                path.truncate(stack.pop()?.path);
            }
        }
        Some(())
    })?;
    parts.iter().any(|part| !part.heading).then_some(Opening { parts, keep: false })
}

/// The text of the innermost element.
fn text_of(stack: &[Frame], path: &str, words: &str, budget: &mut Budget) -> Option<Inside> {
    let frame = stack.last()?;
    // Texts of sister elements stand side by side.
    let group = stack.len().checked_sub(2).and_then(|parent| stack.get(parent)).map_or(frame.group, |p| p.group);
    budget.bytes(path.len()).then(|| value_of(path.to_owned(), &frame.key, words, group))
}

fn value_of(argument: String, key: &str, value: &str, group: u32) -> Inside {
    Inside {
        argument: Some(argument),
        key: Some(key.to_owned()),
        bytes: Bytes::copy_from_slice(value.as_bytes()),
        group,
        ..Inside::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<Vec<(String, String, String)>> {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let input = Input::new(&bytes, None, true);
        let parts = open(&input, &mut Budget::default())?.parts;
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        Some(
            parts
                .into_iter()
                .map(|p| (p.argument.unwrap_or_default(), p.key.unwrap_or_default(), text(&p.bytes)))
                .collect(),
        )
    }

    #[test]
    fn attributes_text_and_names() {
        let found = parts(
            "<?xml version='1.0'?><l><d a='1&amp;2'>x<![CDATA[<y>]]>&#x7a;</d><d/><m name='imei'>86</m><i key='k' value='v'/></l>",
        );
        let expected = [
            ("/l/d/@a", "a", "1&2"),
            ("/l/d", "d", "x<y>z"),
            ("/l/d[2]", "d", ""),
            ("/l/m/@name", "name", "imei"),
            ("/l/m", "imei", "86"),
            ("/l/i/@key", "key", "k"),
            ("/l/i/@value", "k", "v"),
        ];
        let owned = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(found.unwrap(), owned);
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for text in [
            "<a",
            "<a>",
            "<a></b>",
            "<a>&x;</a>",
            "<a/><b/>",
            "<a>1</a> text",
            "<a b=1/>",
            "< a/>",
            "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
        ] {
            assert!(parts(text).is_none(), "{text}");
        }
        assert!(parts(&"<a>".repeat(100_000)).is_none());
    }
}
