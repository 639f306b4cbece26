//! Foreign text made harmless for eyes: what cannot be seen, or turns the order of
//! what can, is shown as an escape.
//!
//! Markup is the HTML template's business (it escapes everything); this is about
//! characters that a terminal obeys and a reader does not see.

use serde_json::Value;

use crate::audit::Report;

/// `text` with control, format and bidirectional characters as `\u{202e}`.
pub fn visible(text: &str) -> String {
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
}
