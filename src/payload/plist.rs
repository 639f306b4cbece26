//! Property lists in XML (Apple's DTD PropertyList-1.0): keys and values as in JSON.
//!
//! Tried on XML with the root `plist`. `data` is base64 (RFC 2045) by the format.

use bytes::Bytes;

use super::budget::{self, Budget};
use super::clue::{Ascii, Clue};
use super::walk::{Input, Inside, Opener, Opening};
use super::xml::{self, Node};
use super::{base64, json};

pub(super) const PLIST: Opener = Opener { name: "plist", clue: Clue::Has(Ascii::of(b"<")), open };

/// An open `dict` or `array`.
struct Frame {
    dict: bool,
    group: u32,
    /// Length of the path up to it.
    path: usize,
    /// The key that stands before the next value, of an array the array's.
    key: Option<String>,
    index: usize,
}

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let text = xml::candidate(input).filter(|text| text.contains("<plist"))?;
    let mut parts: Vec<Inside> = Vec::new();
    let mut stack: Vec<Frame> = Vec::new();
    let mut elements: Vec<String> = Vec::new();
    let (mut path, mut groups) = (String::from("$"), 0_u32);
    // Text of a `key` or a value; an empty element has none.
    let mut words: Option<String> = None;
    xml::read(text, budget, |node, budget| {
        match node {
            Node::Open(name, _) => {
                if elements.is_empty() && name != "plist" {
                    return None;
                }
                words = None;
                if matches!(name.as_str(), "dict" | "array") {
                    let key = stack.last().and_then(|f: &Frame| f.key.clone());
                    let begin = path.len();
                    if let Some(frame) = stack.last().filter(|frame| frame.dict) {
                        parts.extend(frame.key.as_deref().and_then(Inside::heading));
                    }
                    step(&mut path, stack.last_mut());
                    groups += 1;
                    let dict = name == "dict";
                    stack.push(Frame { dict, group: groups, path: begin, key: key.filter(|_| !dict), index: 0 });
                }
                elements.push(name);
            }
            Node::Text(text) => words = Some(text),
            Node::Close => match elements.pop()?.as_str() {
                "plist" => {}
                "dict" | "array" => path.truncate(stack.pop()?.path),
                "key" => stack.last_mut()?.key = words.take(),
                kind => {
                    if parts.len() >= budget::LEAVES {
                        budget.reach("values in one message", budget::LEAVES);
                        return None;
                    }
                    let (begin, text) = (path.len(), words.take());
                    step(&mut path, stack.last_mut());
                    let bytes = match (kind, text) {
                        ("true" | "false", _) => Bytes::copy_from_slice(kind.as_bytes()),
                        ("data", Some(text)) => {
                            let compact: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
                            base64::decode(&compact).map_or_else(|| Bytes::from(text.into_bytes()), Bytes::from)
                        }
                        (_, text) => Bytes::from(text.unwrap_or_default().into_bytes()),
                    };
                    let frame = stack.last();
                    budget.bytes(path.len() + bytes.len()).then_some(())?;
                    parts.push(Inside {
                        argument: Some(path.clone()),
                        key: frame.and_then(|f| f.key.clone()),
                        bytes,
                        group: frame.map_or(0, |f| f.group),
                        element: frame.is_some_and(|f| !f.dict),
                        scalar: matches!(kind, "integer" | "real" | "true" | "false" | "date"),
                        ..Inside::default()
                    });
                    path.truncate(begin);
                }
            },
        }
        Some(())
    })?;
    parts.iter().any(|part| !part.heading).then_some(Opening { parts, keep: false })
}

/// One step down from `frame`: its key, or the next index.
fn step(path: &mut String, frame: Option<&mut Frame>) {
    match frame {
        Some(frame) if frame.dict => json::push_name(path, frame.key.as_deref().unwrap_or_default()),
        Some(frame) => {
            path.push_str(&format!("[{}]", frame.index));
            frame.index += 1;
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_paths() {
        // By Python's plistlib.dumps({"d": {"ids": ["a", "b"], "raw": b"xyz", "on": True}}), shortened.
        let text = "<?xml version=\"1.0\"?><!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
            <plist version=\"1.0\"><dict><key>d</key><dict><key>ids</key><array><string>a</string><string>b</string></array>
            <key>on</key><true/><key>raw</key><data>
            eHl6
            </data></dict></dict></plist>";
        let bytes = Bytes::from_static(text.as_bytes());
        let input = Input::new(&bytes, None, true);
        let parts = open(&input, &mut Budget::default()).unwrap().parts;
        let read: Vec<(String, String, &[u8])> =
            parts.iter().map(|p| (p.argument.clone().unwrap(), p.key.clone().unwrap(), &p.bytes[..])).collect();
        let row = |path: &str, key: &str, value: &'static str| (path.to_owned(), key.to_owned(), value.as_bytes());
        let expected = [
            row("$.d.ids[0]", "ids", "a"),
            row("$.d.ids[1]", "ids", "b"),
            row("$.d.on", "on", "true"),
            row("$.d.raw", "raw", "xyz"),
        ];
        assert_eq!(read, expected);
    }
}
