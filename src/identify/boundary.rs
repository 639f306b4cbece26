//! Whether a match stands for itself, or inside a longer word or number.

/// What a match is made of, as far as its neighbours are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stuff {
    /// Letters and digits.
    Word,
    /// Groups of hex digits with `:` or `-` between.
    Groups,
    /// Base64 of either alphabet.
    Base64,
}

impl Stuff {
    pub(super) fn of(text: &str, base64: bool) -> Self {
        let grouped = text.contains([':', '-']) && text.bytes().all(|b| b.is_ascii_hexdigit() || b":-".contains(&b));
        match (base64, grouped) {
            (true, _) => Self::Base64,
            (false, true) => Self::Groups,
            (false, false) => Self::Word,
        }
    }
}

/// `text[start..end]` is no part of a longer word or number.
pub(super) fn holds(text: &[u8], start: usize, end: usize, stuff: Stuff) -> bool {
    let (before, inside, after) = (
        text.get(..start).unwrap_or_default(),
        text.get(start..end).unwrap_or_default(),
        text.get(end..).unwrap_or_default(),
    );
    let (first, last) = (inside.first().copied().unwrap_or(0), inside.last().copied().unwrap_or(0));
    if has_length_before(before, inside.len()) {
        return true;
    }
    let left = first.is_ascii_alphanumeric() && joins_left(before, first, stuff);
    let right = last.is_ascii_alphanumeric() && joins_right(last, after, stuff);
    !left && !right
}

/// The length of the match stands before it, as protobuf, thrift, JCE and the like write
/// strings: what follows is then the next field, whatever letter its tag happens to be.
/// White space and what could be text is no length.
fn has_length_before(before: &[u8], length: usize) -> bool {
    let control = |b: u8| b < 0x20 && !b.is_ascii_whitespace();
    match before {
        [.., b] if usize::from(*b) != length => false,
        [.., b] if control(*b) => true,
        [.., tag, b] => b.is_ascii() && control(*tag),
        _ => false,
    }
}

fn joins_left(before: &[u8], first: u8, stuff: Stuff) -> bool {
    if is_escape(before) {
        return false;
    }
    match (before, stuff) {
        ([.., b], _) if b.is_ascii_alphanumeric() => true,
        ([.., b'+' | b'/'], Stuff::Base64) => true,
        ([.., b, b':' | b'-'], Stuff::Groups) => b.is_ascii_hexdigit() && !is_word_end(before),
        // The fraction of a number.
        ([.., b, b'.'], Stuff::Word) => b.is_ascii_digit() && first.is_ascii_digit(),
        _ => false,
    }
}

fn joins_right(last: u8, after: &[u8], stuff: Stuff) -> bool {
    match (after, stuff) {
        ([b, ..], _) if b.is_ascii_alphanumeric() => true,
        ([b'+' | b'/', ..], Stuff::Base64) => true,
        ([b':' | b'-', a, b, ..], Stuff::Groups) => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        ([b'.', b, ..], Stuff::Word) => b.is_ascii_digit() && last.is_ascii_digit(),
        _ => false,
    }
}

/// `mac:3c:5a…`, `id-3a5f…`: what stands before the mark is a word with a letter that
/// is no hex digit, or of an odd length, so it is a name and not one more group.
fn is_word_end(before: &[u8]) -> bool {
    let head = before.split_last().map_or(before, |(_, head)| head);
    let start = head.iter().rposition(|b| !b.is_ascii_alphanumeric()).map_or(0, |i| i + 1);
    let word = head.get(start..).unwrap_or_default();
    !word.iter().all(u8::is_ascii_hexdigit) || !word.len().is_multiple_of(2)
}

/// The letters before are the end of an escape that nobody undid: `\n`, `\u003d`, `%3D`.
fn is_escape(before: &[u8]) -> bool {
    match before {
        [.., b'%', a, b] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        [.., b'\\', b'u', a, b, c, d] => [a, b, c, d].iter().all(|x| x.is_ascii_hexdigit()),
        [.., b'\\', b'n' | b'r' | b't'] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(text: &str, value: &str) -> bool {
        let start = text.find(value).unwrap();
        holds(text.as_bytes(), start, start + value.len(), Stuff::of(value, false))
    }

    #[test]
    fn numbers_and_words() {
        let imei = "867530900000017";
        for text in [
            "867530900000017",
            "a=867530900000017&",
            "x_867530900000017_y",
            "\\n867530900000017",
            "%3D867530900000017",
            "867530900000017.",
            "设867530900000017备",
        ] {
            assert!(stands(text, imei), "{text}");
        }
        for text in
            ["1867530900000017", "8675309000000170", "a867530900000017", "0.867530900000017", "867530900000017.5"]
        {
            assert!(!stands(text, imei), "{text}");
        }
    }

    #[test]
    fn groups() {
        let mac = "3c:5a:b4:01:02:0f";
        assert!(stands("mac:3c:5a:b4:01:02:0f", mac) && stands("[3c:5a:b4:01:02:0f]", mac));
        assert!(!stands("00:3c:5a:b4:01:02:0f", mac) && !stands("3c:5a:b4:01:02:0f:11", mac));
    }
}
