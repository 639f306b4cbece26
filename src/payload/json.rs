//! JSON (RFC 8259), read without recursion and without a tree.
//!
//! Numbers stay as they are written (`31.230400` keeps its precision, an IMEI its
//! digits), a name that stands twice yields both values, and strings may hold bytes
//! that are not UTF-8 and raw line ends, because senders write them.

use std::fmt::Write;

use bytes::Bytes;

use super::budget::{self, Budget};
use super::clue::{Ascii, Clue};
use super::walk::{Input, Inside, Opener, Opening};

pub(super) const JSON: Opener = Opener { name: "json", clue: Clue::Has(Ascii::of(b"{[\"")), open };

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let head = input.bytes.iter().copied().find(|b| !b.is_ascii_whitespace());
    // A bare number or word is JSON too, and nothing is gained by saying so.
    if !matches!(head, Some(b'{' | b'[' | b'"')) {
        return None;
    }
    let parts = Parser { source: input.bytes, at: 0 }.read(budget)?;
    Some(Opening { parts, keep: false })
}

/// The value at `path`, as its raw bytes (a string without quotes and escapes); for recipes.
pub(super) fn at_path(source: &Bytes, path: &str, budget: &mut Budget) -> Option<Bytes> {
    let parts = Parser { source, at: 0 }.read(budget)?;
    parts.into_iter().find(|p| p.argument.as_deref() == Some(path)).map(|p| p.bytes)
}

/// It parses from end to end.
pub(super) fn is_json(source: &Bytes, budget: &mut Budget) -> bool {
    Parser { source, at: 0 }.read(budget).is_some()
}

/// An open object or array.
struct Frame {
    object: bool,
    /// Its number: what stands side by side in it.
    group: u32,
    /// Length of the path up to it.
    path: usize,
    /// The name that its elements bear, when it is an array.
    name: Option<String>,
    /// Index of the next element.
    index: usize,
}

struct Parser<'a> {
    source: &'a Bytes,
    at: usize,
}

impl Parser<'_> {
    fn read(mut self, budget: &mut Budget) -> Option<Vec<Inside>> {
        let mut parts = Vec::new();
        let mut stack: Vec<Frame> = Vec::new();
        let mut path = String::from("$");
        let mut name: Option<String> = None;
        let mut groups = 0;
        'value: loop {
            let opened = match self.peek()? {
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    if stack.len() >= budget::JSON_NESTING {
                        budget.reach("objects and arrays inside each other", budget::JSON_NESTING);
                        return None;
                    }
                    groups += 1;
                    if stack.last().is_some_and(|frame| frame.object) {
                        parts.extend(name.as_deref().and_then(Inside::heading));
                    }
                    stack.push(Frame {
                        object: open == b'{',
                        group: groups,
                        path: path.len(),
                        name: name.clone(),
                        index: 0,
                    });
                    true
                }
                head => {
                    let (bytes, scalar) = if head == b'"' { (self.string()?, false) } else { (self.literal()?, true) };
                    let (group, element) = stack.last().map_or((0, false), |f| (f.group, !f.object));
                    if parts.len() >= budget::LEAVES {
                        // The text stays whole and is searched as such.
                        budget.reach("values in one message", budget::LEAVES);
                        return None;
                    }
                    if !budget.bytes(path.len() + name.as_ref().map_or(0, String::len)) {
                        return None;
                    }
                    let integer = if scalar { integer(&bytes) } else { None };
                    let (argument, key) = (Some(path.clone()), name.clone());
                    parts.push(Inside { argument, key, bytes, group, element, scalar, ..Inside::default() });
                    if let Some(bytes) = integer {
                        let (argument, key) = (Some(format!("{path} integer")), name.clone());
                        parts.push(Inside { argument, key, bytes, group, element, scalar, ..Inside::default() });
                    }
                    false
                }
            };
            // Behind a value, or at the head of a container: the next name or element, or the end.
            let mut first = opened;
            loop {
                let Some(frame) = stack.last_mut() else {
                    return (self.peek().is_none() && self.at >= self.source.len()).then_some(parts);
                };
                let close = if frame.object { b'}' } else { b']' };
                match self.peek()? {
                    end if end == close => {
                        self.at += 1;
                        let (group, empty) = (frame.group.saturating_sub(1), first);
                        path.truncate(frame.path);
                        stack.pop();
                        // `"imei": []`: a name with nothing after it.
                        if let Some(bytes) =
                            empty.then(|| self.source.get(self.at.saturating_sub(2)..self.at)).flatten()
                            && let Some(name) = name.clone().filter(|_| parts.len() < budget::LEAVES)
                            && matches!(bytes, b"[]" | b"{}")
                        {
                            let (argument, bytes) = (Some(path.clone()), self.source.slice_ref(bytes));
                            let group = stack.last().map_or(group, |frame| frame.group);
                            parts.push(Inside {
                                argument,
                                key: Some(name),
                                bytes,
                                group,
                                scalar: true,
                                ..Inside::default()
                            });
                        }
                        first = false;
                        continue;
                    }
                    b',' if !first => self.at += 1,
                    _ if first => {}
                    _ => return None,
                }
                path.truncate(frame.path);
                if frame.object {
                    let key = match self.peek()? {
                        b'"' => String::from_utf8_lossy(&self.string()?).into_owned(),
                        _ => return None,
                    };
                    if self.peek()? != b':' {
                        return None;
                    }
                    self.at += 1;
                    push_name(&mut path, &key);
                    name = Some(key);
                } else {
                    _ = write!(path, "[{}]", frame.index);
                    frame.index += 1;
                    name.clone_from(&frame.name);
                }
                continue 'value;
            }
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.source.get(self.at..)?;
        self.at += rest.iter().position(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n')).unwrap_or(rest.len());
        self.source.get(self.at).copied()
    }

    /// A string, escapes undone; without escapes a slice of the source.
    fn string(&mut self) -> Option<Bytes> {
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            let rest = self.source.get(at..)?;
            at += rest.iter().position(|b| matches!(b, b'"' | b'\\'))?;
            match self.source.get(at)? {
                b'"' => break,
                _ => {
                    escaped = true;
                    at += 2;
                }
            }
        }
        self.at = at + 1;
        let raw = self.source.get(start..at)?;
        if escaped { unescape(raw).map(Bytes::from) } else { Some(self.source.slice_ref(raw)) }
    }

    /// A number or one of the three words.
    fn literal(&mut self) -> Option<Bytes> {
        let rest = self.source.get(self.at..)?;
        let end = rest.iter().position(|b| !(b.is_ascii_alphanumeric() || b"+-.".contains(b))).unwrap_or(rest.len());
        let literal = rest.get(..end)?;
        let number = || {
            literal.iter().any(u8::is_ascii_digit) && literal.iter().all(|b| b.is_ascii_digit() || b"+-.eE".contains(b))
        };
        if !matches!(literal, b"true" | b"false" | b"null") && !number() {
            return None;
        }
        let bytes = self.source.slice_ref(literal);
        self.at += end;
        Some(bytes)
    }
}

/// `3.52099001761481E14` and `352099001761481.0` as the integer that they are: senders
/// without a type for integers (Gson's maps, Lua) write long ones so.
fn integer(number: &[u8]) -> Option<Bytes> {
    /// Shorter ones are counts and coordinates.
    const FROM: f64 = 1e9;
    /// From 2⁵³ on a double holds not every integer (IEEE 754).
    const BELOW: f64 = 9_007_199_254_740_992.0;
    let text = std::str::from_utf8(number).ok().filter(|text| text.contains(['.', 'e', 'E']))?;
    let value: f64 = text.parse().ok()?;
    ((FROM..BELOW).contains(&value) && value.fract() == 0.0).then(|| Bytes::from(format!("{value:.0}")))
}

/// Puts the step to a member after a path: `.name`, or `['na.me']` where the name is not a
/// plain word (RFC 9535 §2.3.1).
pub(super) fn push_name(path: &mut String, name: &str) {
    let plain = name.chars().next().is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '$' | '#'))
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '#' | '-'));
    if plain {
        path.push('.');
        path.push_str(name);
    } else {
        path.push_str("['");
        path.push_str(&name.replace('\\', "\\\\").replace('\'', "\\'"));
        path.push_str("']");
    }
}

/// RFC 8259 §7; half a surrogate pair becomes U+FFFD. `None` for an escape that does not exist.
fn unescape(raw: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let (escape, tail) = rest.split_first()?;
        rest = tail;
        match escape {
            b'"' | b'\\' | b'/' | b'\'' => out.push(*escape),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let (unit, tail) = unit(rest)?;
                rest = tail;
                let low = matches!(unit, 0xd800..=0xdbff)
                    .then(|| rest.strip_prefix(b"\\u").and_then(self::unit))
                    .flatten()
                    .filter(|(low, _)| matches!(low, 0xdc00..=0xdfff));
                let c = match low {
                    Some((low, tail)) => {
                        rest = tail;
                        char::from_u32(0x10000 + (unit - 0xd800) * 0x400 + (low - 0xdc00))
                    }
                    None => char::from_u32(unit),
                };
                let mut buffer = [0; 4];
                out.extend_from_slice(c.unwrap_or('\u{fffd}').encode_utf8(&mut buffer).as_bytes());
            }
            _ => return None,
        }
    }
    Some(out)
}

/// Four hex digits.
fn unit(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(4)?;
    let digits = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Path, name, text and group.
    type Read = (String, Option<String>, String, u32);

    fn read(text: &str) -> Option<Vec<Read>> {
        let parts = Parser { source: &Bytes::copy_from_slice(text.as_bytes()), at: 0 }.read(&mut Budget::default())?;
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        Some(parts.into_iter().map(|p| (p.argument.unwrap_or_default(), p.key, text(&p.bytes), p.group)).collect())
    }

    #[test]
    fn paths_names_and_neighbours() {
        let found =
            read(r#" {"device":{"ids":["a",{"x":1.50}], "m c":"\u5c0f\ud83d\ude00\n"},"device":null} "#).unwrap();
        let (device, array, inner) = (2, 3, 4);
        let key = |k: &str| Some(k.to_owned());
        assert_eq!(
            found,
            [
                ("$.device.ids[0]".to_owned(), key("ids"), "a".to_owned(), array),
                ("$.device.ids[1].x".to_owned(), key("x"), "1.50".to_owned(), inner),
                ("$.device['m c']".to_owned(), key("m c"), "小😀\n".to_owned(), device),
                ("$.device".to_owned(), key("device"), "null".to_owned(), 1),
            ]
        );
    }

    #[test]
    fn names_of_containers_are_handed_on_where_they_may_be_values() {
        let parts = |text: &str| {
            Parser { source: &Bytes::copy_from_slice(text.as_bytes()), at: 0 }.read(&mut Budget::default()).unwrap()
        };
        let headings =
            |text: &str| parts(text).into_iter().filter(|p| p.heading).filter_map(|p| p.key).collect::<Vec<_>>();
        assert_eq!(
            headings(r#"{"wifi":{"3c:5a:b4:01:02:0f":{"rssi":[1]}},"86753090":{}}"#),
            ["3c:5a:b4:01:02:0f", "86753090"]
        );
        assert!(headings(r#"{"devices":[{"a":1},[2]]}"#).is_empty());
    }

    #[test]
    fn long_integers_that_were_written_as_doubles() {
        for (text, read) in
            [("3.52099001761481E14", Some("352099001761481")), ("352099001761481.0", Some("352099001761481"))]
        {
            assert_eq!(integer(text.as_bytes()).as_deref(), read.map(str::as_bytes), "{text}");
        }
        for text in ["352099001761481", "1.5", "31.230416", "1e3", "1e300", "3520990017614.5"] {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn empty_containers_and_white_space() {
        assert_eq!(read("[]").unwrap(), []);
        assert_eq!(read("{ }").unwrap(), []);
        assert_eq!(read("[[],{}, 1 ]").unwrap().len(), 1);
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "{",
            "[1,]",
            "[,1]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "[1}",
            "[1] x",
            "\"abc",
            "[\"\\x\"]",
            "[\"\\u12\"]",
            "{\"a\":1,}",
            "[1 2]",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn deep_nesting_ends_at_the_limit() {
        let text = "[".repeat(100_000);
        let mut budget = Budget::default();
        assert!(Parser { source: &Bytes::from(text), at: 0 }.read(&mut budget).is_none());
        assert_eq!(budget.reached().count(), 1);
    }
}
