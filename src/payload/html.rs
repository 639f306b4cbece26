//! Character references of HTML (WHATWG HTML §13.5): `&quot;`, `&#50;`, `&#x32;`.
//!
//! Tried on text in which every `&` begins one, so not on forms and queries. Of the 2,231
//! names only those are known that escaping functions write.

use super::clue::{Ascii, Clue};
use super::walk::{Opener, Opening};

pub(super) const HTML: Opener = Opener {
    name: "html",
    clue: Clue::Has(Ascii::of(b"&")),
    open: |input, budget| {
        let decoded = decode(std::str::from_utf8(input.bytes).ok()?)?;
        budget.bytes(decoded.len()).then(|| Opening::one(decoded.into_bytes()))
    },
};

const NAMES: &[(&str, &str)] = &[
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", "\u{a0}"),
    ("equals", "="),
    ("colon", ":"),
];

fn decode(text: &str) -> Option<String> {
    /// `#x10FFFF`, the longest of the references known here.
    const LONGEST: usize = 8;
    let (mut rest, mut out) = (text, String::new());
    while let Some((plain, tail)) = rest.split_once('&') {
        out.push_str(plain);
        let end = tail.bytes().take(LONGEST + 1).position(|b| b == b';')?;
        let name = tail.get(..end)?;
        match name.strip_prefix('#') {
            Some(number) => {
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16).ok()?,
                    None if number.bytes().all(|b| b.is_ascii_digit()) => number.parse().ok()?,
                    _ => return None,
                };
                out.push(char::from_u32(code)?);
            }
            None => out.push_str(NAMES.iter().find(|(known, _)| *known == name)?.1),
        }
        rest = tail.get(end + 1..)?;
    }
    out.push_str(rest);
    (rest.len() < text.len()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_nothing_else() {
        assert_eq!(decode("&lt;i id=&quot;86&quot;&#47;&#x3E;").as_deref(), Some("<i id=\"86\"/>"));
        for text in ["a=1&b=2", "a&amp", "&nosuch;", "plain", "&amp;a=1&b=2", "&#xD800;", "&#;"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
