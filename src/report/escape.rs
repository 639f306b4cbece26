//! Foreign text made harmless for eyes: what cannot be seen, or turns the order of
//! what can, is shown as an escape.
//!
//! Markup is the HTML template's business (it escapes everything); this is about
//! characters that a terminal obeys and a reader does not see.

use serde_json::Value;

use crate::audit::Report;

/// Bytes of one text that are shown: the longest quoted row of a policy is below this, and a
/// name of a megabyte would be a page of its own wherever it is named. report.json has all.
const LONGEST: usize = 8 << 10;

/// Bytes that say what was cut: a text that was cut once is not cut again.
const CUT: usize = 80;

/// `text` with control, format and bidirectional characters as `\u{202e}`, and the end of
/// what is longer than `LONGEST` bytes as its length and digest, so that two stay two.
pub fn visible(text: &str) -> String {
    let mut shown = seen(head(text, LONGEST + CUT));
    if text.len() > LONGEST + CUT || shown.len() > LONGEST + CUT {
        shown.truncate(head(&shown, LONGEST).len());
        let digest = crate::evidence::sha256_hex(text.as_bytes());
        shown.push_str(&format!("… [{} bytes, SHA-256 {}]", text.len(), digest.get(..16).unwrap_or_default()));
    }
    shown
}

/// `text` with what is markup in HTML and XML written as entities, for text and for values in quotes.
pub fn markup(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// At most so many bytes of it, whole characters.
fn head(text: &str, most: usize) -> &str {
    (0..=most.min(text.len())).rev().find_map(|end| text.get(..end)).unwrap_or_default()
}

fn seen(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\r' => shown.push(' '),
            c if hidden(c) => shown.extend(format!("\\u{{{:x}}}", u32::from(c)).chars()),
            c => shown.push(c),
        }
    }
    shown
}

/// Controls (C0, DEL, C1), separators that break lines, zero-width characters, and the
/// bidirectional controls of UAX #9 that can make `com.evil` read as something else.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The report with every string made visible, keys included.
///
/// It goes through JSON so that no field can be forgotten. The error is that of a
/// report that does not survive its own JSON, which a test rules out.
pub fn shown(report: &Report) -> Result<Report, serde_json::Error> {
    fn walk(value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(visible(&text)),
            Value::Array(items) => Value::Array(items.into_iter().map(walk).collect()),
            Value::Object(fields) => Value::Object(fields.into_iter().map(|(k, v)| (visible(&k), walk(v))).collect()),
            other => other,
        }
    }
    serde_json::from_value(walk(serde_json::to_value(report)?))
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(visible("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(visible("moc\u{202e}.live"), "moc\\u{202e}.live");
        assert_eq!(visible("a\u{200b}b\u{feff}"), "a\\u{200b}b\\u{feff}");
        assert_eq!(visible("one\r\ntwo\tthree"), "one  two three");
        assert_eq!(visible("设备信息 ✓ é"), "设备信息 ✓ é");
    }

    #[test]
    fn a_long_text_is_cut_and_stays_different_from_another() {
        let long = |end: &str| "é".repeat(1 << 19) + end;
        let (a, b) = (visible(&long("a")), visible(&long("b")));
        assert!(a.len() <= super::LONGEST + super::CUT && a.contains("… [1048577 bytes, SHA-256 "), "{}", &a[8000..]);
        assert_ne!(a, b);
        let hidden = visible(&"\u{202e}".repeat(3_000));
        assert!(hidden.len() <= super::LONGEST + super::CUT, "escapes are longer than what they stand for");
        assert_eq!([visible(&a), visible(&hidden)], [a, hidden], "what was made visible stays as it is");
        let whole = "é".repeat(super::LONGEST / 2);
        assert_eq!(visible(&whole), whole);
    }
}
