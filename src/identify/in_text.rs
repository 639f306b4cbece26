//! Values after their names in text that no decoder took apart: a line of a log, the text of a
//! Java map or a Kotlin data class, an object literal of JavaScript.
//!
//! `imei=86…`, `imei: "86…"`, `Device(imei=86…, os=android)`: a name that means one type, `=` or
//! `:`, and a value that has the structure of that type.

use super::keyed::{self, Said};
use super::{Found, Identifier, Seen};
use crate::payload;

/// Signs looked at in one text.
const SIGNS: usize = 256;
/// Bytes of a text that are looked at: what is longer is a document.
const LONGEST: usize = 64 << 10;
/// A value after a sign: a SHA-512 in hex.
const VALUE: usize = 128;

pub(super) fn search(identifier: &Identifier, seen: Seen<'_>, text: &str, found: &mut Found) {
    if text.len() > LONGEST {
        return;
    }
    let mut end = 0;
    for at in memchr::memchr2_iter(b'=', b':', text.as_bytes()).take(SIGNS) {
        let Some((start, value)) = (at >= end).then(|| value_behind(text, at + 1)).flatten() else { continue };
        let Some(name) = payload::word_before(text.as_bytes(), start) else { continue };
        let hints = identifier.keys.hints(name, seen.product);
        let said = hints.map(|hint| Said::of(&hint)).filter(|said| said.clear);
        let reading = said
            .filter(|said| !identifier.placeholders.is(said.data_type, value))
            .filter_map(|said| keyed::read(&said, value))
            .find(|reading| reading.shape);
        // Each value once in a text, and one of the profile's as what it is.
        let known =
            |found: &Found| found.hits.iter().any(|h| h.leaf == seen.index && h.written.eq_ignore_ascii_case(value));
        let decoded = seen.leaf.is_decoded(&(start..start + value.len()));
        if let Some(reading) = reading.filter(|_| !decoded && !known(found)) {
            let mut hit = keyed::hit(identifier, seen, &reading, start, value);
            hit.key = Some(name.to_owned());
            end = hit.end;
            found.hits.push(hit);
        }
    }
}

/// The word after a sign, quotes and spaces passed over, and where it starts.
fn value_behind(text: &str, at: usize) -> Option<(usize, &str)> {
    let tail = text.get(at..)?;
    let value = tail.trim_start_matches([' ', '"', '\'', '\\']);
    let start = at + (tail.len() - value.len());
    let part = |b: u8| b.is_ascii_alphanumeric() || b"-_.+@:".contains(&b);
    let length = value.bytes().take(VALUE + 1).take_while(|b| part(*b)).count();
    let value = value.get(..length)?.trim_end_matches(['.', ':', '-', '_']);
    (!value.is_empty() && length <= VALUE).then_some((start, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_behind_a_sign() {
        for (text, at, value) in [
            ("imei=86, os", 5, "86"),
            ("imei: \"86\"}", 5, "86"),
            ("a=3c:5a:b4.", 2, "3c:5a:b4"),
            ("a='b@c.example';", 2, "b@c.example"),
        ] {
            assert_eq!(value_behind(text, at).map(|(_, v)| v), Some(value), "{text}");
        }
        assert_eq!(value_behind("a=", 2), None);
        assert_eq!(value_behind("a=,b", 2), None);
    }
}
