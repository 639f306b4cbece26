//! Values written in unusual groups: `3520 9900 1761 481`, `d4:1d:8c…`, `0x9f3c…`.
//!
//! Only a text that is nothing but the value is looked at: a piece of a longer text without its
//! spaces and dashes would be a value that nobody sent.

use std::collections::HashMap;

use foldhash::fast::RandomState;

/// Longest text looked at: a SHA-512 in octets with a mark after each, and some room.
const LONGEST: usize = 400;
/// Fewer letters and digits are dates, prices and parts of numbers.
const SHORTEST: usize = 10;

/// The texts that values may be found as.
#[derive(Debug, Default)]
pub(super) struct Grouped {
    /// In lower case, to the number of the pattern.
    numbers: HashMap<Vec<u8>, usize, RandomState>,
}

impl Grouped {
    /// Of texts in lower case, with their numbers.
    pub(super) fn new<'t>(texts: impl Iterator<Item = (&'t [u8], usize)>) -> Self {
        let word = |text: &[u8]| text.len() >= SHORTEST && text.iter().all(u8::is_ascii_alphanumeric);
        Self { numbers: texts.filter(|(text, _)| word(text)).map(|(text, number)| (text.to_vec(), number)).collect() }
    }

    /// The pattern that `text` equals once its groups are joined.
    pub(super) fn find(&self, text: &str) -> Option<usize> {
        self.numbers.get(bare(text)?.as_bytes()).copied()
    }
}

/// Letters and digits without what stands between them; `None` where nothing does, or something else.
fn bare(text: &str) -> Option<String> {
    // Most texts have no groups, or more than groups.
    let is_mark = |b: &u8| !b.is_ascii_alphanumeric();
    if !(SHORTEST..=LONGEST).contains(&text.len()) || !text.as_bytes().iter().any(is_mark) && !text.starts_with('0') {
        return None;
    }
    let text = text.trim();
    let abroad = text.starts_with('+');
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let mut grouped = digits.is_some();
    let mut bare = String::with_capacity(text.len());
    for c in digits.unwrap_or(text).chars() {
        match c {
            _ if c.is_ascii_alphanumeric() => bare.push(c.to_ascii_lowercase()),
            // Full-width digits, as Chinese keyboards write them.
            '\u{ff10}'..='\u{ff19}' => {
                grouped = true;
                bare.extend(char::from_digit(u32::from(c) - 0xff10, 10));
            }
            ' ' | '-' | ':' | '_' | '/' | '(' | ')' | '\u{a0}' => grouped = true,
            '+' if bare.is_empty() => grouped = true,
            // A point is one of a fraction, but in a number that begins with the country.
            '.' if abroad => grouped = true,
            _ => return None,
        }
    }
    (grouped && bare.len() >= SHORTEST).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_put_together() {
        let imei = "352099001761481";
        for text in ["3520 9900 1761 481", "352099/00/176148/1", "35209900-176148-1", "３５２０９９００１７６１４８１"]
        {
            assert_eq!(bare(text).as_deref(), Some(imei), "{text}");
        }
        assert_eq!(bare("(+86)139-1234-5678").as_deref(), Some("8613912345678"));
        assert_eq!(bare("+86.13912345678").as_deref(), Some("8613912345678"));
        assert_eq!(bare("0x9F3C21AB47de5608").as_deref(), Some("9f3c21ab47de5608"));
        for text in ["352099001761481", "13.912345678", "3520,9900,1761,481", "a b c", "设备 352099001761481"] {
            assert_eq!(bare(text), None, "{text}");
        }
    }
}
