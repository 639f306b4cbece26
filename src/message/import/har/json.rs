//! The bytes of a HAR file, made fit for a JSON parser and counted.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Bytes that are looked at together.
const CHUNK: usize = 64 << 10;

/// The longest thing that is changed: two escapes, `\ud83d\ude00`.
const LONGEST: usize = 12;

/// First of the 128 code points (the end of private use plane 16) that stand for a byte
/// from 0x80 on, where [`Fit::marked`] says so.
const MARK: u32 = 0x10_ff80;

/// The byte that `character` stands for in a file with marks.
pub fn marked_byte(character: char) -> Option<u8> {
    (character as u32).checked_sub(MARK).and_then(|byte| u8::try_from(byte).ok()).map(|byte| byte | 0x80)
}

/// A reader that changes what JSON exporters write and JSON parsers refuse.
///
/// - The byte order mark at the start is left out (RFC 8259 §8.1 lets a reader ignore it).
/// - Python writes a byte that is no text as a lone surrogate, U+DC80 to U+DCFF for 0x80
///   to 0xFF (PEP 383), and `json.dumps` as its escape. RFC 8259 §8.2 allows the escape
///   and leaves open what a reader makes of it. Here it becomes a mark, from which
///   [`marked_byte`] gets the byte back.
/// - Any other lone surrogate becomes U+FFFD.
/// - A byte that is no UTF-8, which RFC 8259 §8.1 forbids and some write all the same,
///   becomes a mark as well.
pub struct Fit<R> {
    inner: R,
    raw: Vec<u8>,
    out: Vec<u8>,
    /// How much of `out` was handed on.
    passed: usize,
    started: bool,
    ended: bool,
    marked: Rc<Cell<bool>>,
}

impl<R: Read> Fit<R> {
    /// Sets `marked` when it first makes a mark.
    pub fn new(inner: R, marked: Rc<Cell<bool>>) -> Self {
        let (raw, out) = (Vec::with_capacity(CHUNK + LONGEST), Vec::with_capacity(CHUNK + LONGEST));
        Self { inner, raw, out, passed: 0, started: false, ended: false, marked }
    }

    /// Fills `out` again. Afterwards it is empty only at the end.
    fn fill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.passed = 0;
        while self.out.is_empty() && !self.ended {
            let before = self.raw.len();
            self.inner.by_ref().take(CHUNK as u64).read_to_end(&mut self.raw)?;
            self.ended = self.raw.len() == before;
            if !std::mem::replace(&mut self.started, true) && self.raw.starts_with(b"\xef\xbb\xbf") {
                self.raw.drain(..3);
            }
            let used = change(&self.raw, self.ended, &mut self.out, &self.marked);
            self.raw.drain(..used);
        }
        Ok(())
    }
}

impl<R: Read> Read for Fit<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.passed >= self.out.len() {
            self.fill()?;
        }
        let mut rest = self.out.get(self.passed..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.passed += count;
        Ok(count)
    }
}

/// Copies `raw` to `out`, changed. Returns how much of it was used: without `ended`, an
/// escape whose end is not there yet is left.
fn change(raw: &[u8], ended: bool, out: &mut Vec<u8>, marked: &Cell<bool>) -> usize {
    let mut used = 0;
    while let Some(rest) = raw.get(used..).filter(|rest| !rest.is_empty()) {
        let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        if plain > 0 {
            let all = ended || plain < rest.len();
            let copied = utf8(rest.get(..plain).unwrap_or_default(), all, out, marked);
            used += copied;
            if copied < plain {
                break;
            }
            continue;
        }
        if rest.len() < LONGEST && !ended {
            break;
        }
        let (length, instead): (usize, &[u8]) = match (escape(rest), rest.get(6..).and_then(escape)) {
            (None, _) => (2, b""),
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, b""),
            (Some(unit @ 0xdc80..=0xdcff), _) => {
                marked.set(true);
                out.extend_from_slice(format!("\\udbff\\udf{:02x}", unit & 0xff).as_bytes());
                used += 6;
                continue;
            }
            (Some(0xd800..=0xdfff), _) => (6, b"\\ufffd"),
            (Some(_), _) => (6, b""),
        };
        let length = length.min(rest.len());
        out.extend_from_slice(if instead.is_empty() { rest.get(..length).unwrap_or_default() } else { instead });
        used += length;
    }
    used
}

/// Copies text to `out` and returns how much: a character whose end may still come is left,
/// unless this is `all`.
fn utf8(text: &[u8], all: bool, out: &mut Vec<u8>, marked: &Cell<bool>) -> usize {
    let mut used = 0;
    while let Some(rest) = text.get(used..).filter(|rest| !rest.is_empty()) {
        let error = match std::str::from_utf8(rest) {
            Ok(whole) => {
                out.extend_from_slice(whole.as_bytes());
                return text.len();
            }
            Err(error) => error,
        };
        let (valid, broken) = rest.split_at_checked(error.valid_up_to()).unwrap_or_default();
        out.extend_from_slice(valid);
        used += valid.len();
        if error.error_len().is_none() && !all {
            break;
        }
        let Some(mark) = broken.first().and_then(|byte| char::from_u32(MARK - 0x80 + u32::from(*byte))) else { break };
        marked.set(true);
        out.extend_from_slice(mark.encode_utf8(&mut [0; 4]).as_bytes());
        used += 1;
    }
    used
}

/// JSON with marks, as a file has it that a reader would make the same marks of.
pub fn unmark(json: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(json.len()), json);
    while let Some(first) = rest.chars().next() {
        let marked =
            |text: &str| text.strip_prefix("\\udbff\\udf").and_then(|digits| digits.get(..2)).map(str::to_owned);
        let length = match (marked_byte(first), marked(rest)) {
            (Some(byte), _) => {
                out.push_str(&format!("\\udc{byte:02x}"));
                first.len_utf8()
            }
            (None, Some(digits)) if digits.as_str() >= "80" => {
                out.push_str(&format!("\\udc{digits}"));
                LONGEST
            }
            // An escaped backslash is one thing: what stands after it is no escape.
            _ => {
                let length = if first == '\\' {
                    1 + rest.get(1..).and_then(|r| r.chars().next()).map_or(0, char::len_utf8)
                } else {
                    first.len_utf8()
                };
                out.push_str(rest.get(..length).unwrap_or_default());
                length
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// The code unit of `\uXXXX` at the start of `text`.
fn escape(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// A reader that ends in an error when too much was read since the budget was last set.
pub struct Counted<R> {
    pub inner: R,
    pub budget: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.budget.get();
        if left == 0 {
            return Err(io::Error::other("an entry is too large"));
        }
        let count = self.inner.read(buffer)?;
        self.budget.set(left.saturating_sub(count as u64));
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out `step` bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let step = self.1.min(buffer.len()).min(self.0.len());
            (&self.0[..step]).read(&mut buffer[..step])?;
            self.0 = &self.0[step..];
            Ok(step)
        }
    }

    fn fit(json: &str, step: usize) -> (String, bool) {
        let marked = Rc::new(Cell::new(false));
        let mut text = String::new();
        Fit::new(Slow(json.as_bytes(), step), Rc::clone(&marked)).read_to_string(&mut text).unwrap();
        (text, marked.get())
    }

    #[test]
    fn bytes_that_are_no_text_are_marked() {
        for step in [1, 2, 3, 1000] {
            let marked = Rc::new(Cell::new(false));
            let mut text = String::new();
            let json = b"\"\xe6\xb0\xb4 \xe6\xb0 d\xe9j\xe0 \xf0\x9f\x98\x80\\n\xff\"";
            Fit::new(Slow(json, step), Rc::clone(&marked)).read_to_string(&mut text).unwrap();
            let bytes = |text: &str| text.chars().filter_map(marked_byte).collect::<Vec<u8>>();
            assert_eq!((bytes(&text), marked.get()), (b"\xe6\xb0\xe9\xe0\xff".to_vec(), true), "by {step}");
            assert!(text.starts_with("\"水 ") && text.contains(" 😀\\n"), "by {step}: {text}");
        }
    }

    #[test]
    fn lone_surrogates_become_what_a_parser_reads() {
        let cases = [
            (r#""\ud83d\ude00 \\ud83d \n""#, r#""\ud83d\ude00 \\ud83d \n""#, false),
            (r#""a\udcffb\udc80""#, r#""a\udbff\udfffb\udbff\udf80""#, true),
            (r#""\ud83dx \ude00 \ud83d\u0041""#, r#""\ufffdx \ufffd \ufffd\u0041""#, false),
            ("\u{feff}{}", "{}", false),
            (r#""\u00"#, r#""\u00"#, false),
            ("\\", "\\", false),
        ];
        for (json, expected, marked) in cases {
            for step in [1, 5, 1000] {
                assert_eq!(fit(json, step), (expected.to_owned(), marked), "{json} by {step}");
            }
        }
        for json in [r#""a\udcffb\udc80""#, r#""\\udbff\\udf80\n""#] {
            assert_eq!(unmark(&fit(json, 1000).0), json, "what was marked is unmarked");
        }
        let long = format!("\"{}\\udcfe\"", "x".repeat(CHUNK - 4));
        let (text, _) = fit(&long, CHUNK);
        let text: String = serde_json::from_str(&text).unwrap();
        assert_eq!(text.chars().last().and_then(marked_byte), Some(0xfe));
        assert_eq!((marked_byte('a'), marked_byte('\u{10ff7f}'), marked_byte('\u{10ff80}')), (None, None, Some(0x80)));
    }
}
