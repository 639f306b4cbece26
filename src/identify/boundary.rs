//! Whether a match stands by itself, or is part of a longer word or number.

use crate::shape;

/// What a match is made of, which decides what its neighbours may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stuff {
    /// Letters and digits.
    Word,
    /// Groups of hex digits with `:` or `-` between.
    Groups,
    /// Base64 of either alphabet.
    Base64,
    /// A mail address: a longer one is another mailbox.
    Address,
    /// A URL or a path: a longer one is another place.
    Url,
    /// A host name: a longer one is another host.
    Host,
}

/// How far on either side a match is looked at for a longer address (RFC 5321 §4.5.3.1: 64 octets
/// of a local part, 255 of a domain).
const ADDRESS: usize = 255;
/// A Chinese text of this many characters is a sentence, not a word that could be part of another.
const SENTENCE: usize = 8;
/// How far before a match is looked for bytes that are no text: in CBOR, the head of what a string stands
/// in is no further away than the names and texts of one structure.
const STRUCTURE: usize = 4096;
/// Longest group of hex digits with others beside it.
const GROUP: usize = 32;
/// Significant digits of a binary64 (IEEE 754): what has more is no number, but two with a point between.
const DIGITS: usize = 17;
/// Hex digits of the last group of a UUID, which is the MAC address in version 1 (RFC 9562 §5.1).
const NODE: usize = 12;

impl Stuff {
    pub(super) fn of(text: &str, base64: bool) -> Self {
        let grouped = || text.contains([':', '-']) && text.bytes().all(|b| b.is_ascii_hexdigit() || b":-".contains(&b));
        match base64 {
            true => Self::Base64,
            false if text.contains("://") || text.starts_with('/') => Self::Url,
            false if shape::email(text) => Self::Address,
            false if grouped() => Self::Groups,
            false if is_host(text) => Self::Host,
            false => Self::Word,
        }
    }
}

/// Labels with dots between, the last of letters only.
fn is_host(text: &str) -> bool {
    let label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let top = |label: &str| label.len() > 1 && label.bytes().all(|b| b.is_ascii_alphabetic());
    text.rsplit_once('.').is_some_and(|(rest, last)| top(last) && rest.split('.').all(label))
}

/// Whether `text[start..end]` is not part of a longer word or number.
pub(super) fn holds(text: &[u8], start: usize, end: usize, stuff: Stuff) -> bool {
    let (before, inside, after) = (
        text.get(..start).unwrap_or_default(),
        text.get(start..end).unwrap_or_default(),
        text.get(end..).unwrap_or_default(),
    );
    if has_length_before(before, inside.len()) {
        return true;
    }
    let (first, last) = (inside.first().copied().unwrap_or(0), inside.last().copied().unwrap_or(0));
    let url = stuff == Stuff::Url;
    let left = (first.is_ascii_alphanumeric() || url) && joins_left(before, inside, stuff);
    let right = (last.is_ascii_alphanumeric() || url) && joins_right(inside, after, stuff);
    let longer = match stuff {
        Stuff::Address => is_in_longer_address(text, start, end),
        Stuff::Word => is_group_of_uuid(text, start, end) || is_in_longer_word(before, inside, after),
        _ => false,
    };
    !left && !right && !longer
}

/// Whether what stands around a match makes it a longer, and so a different, address.
fn is_in_longer_address(text: &[u8], start: usize, end: usize) -> bool {
    let local = |b: &u8| b.is_ascii_alphanumeric() || b"._+-".contains(b);
    let domain = |b: &u8| b.is_ascii_alphanumeric() || b".-".contains(b);
    let (before, after) = (text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default());
    let left = match is_escape(before) {
        true => 0,
        false => before.iter().rev().take(ADDRESS).take_while(|b| local(b)).count(),
    };
    let right = after.iter().take(ADDRESS).take_while(|b| domain(b)).count();
    let longer = text.get(start - left..end + right).and_then(|longer| std::str::from_utf8(longer).ok());
    // `_bob@a.example`, `bob@a.example.` and `bob@a.example-17.log` are the address with something beside it.
    let longer = longer.map(|longer| longer.trim_matches(['.', '-', '_', '+'])).unwrap_or_default();
    longer.len() > end - start && shape::email(longer)
}

/// Whether a name that anyone chooses (of a wireless network) may go on on either side: `Harbour_5G` in
/// `Harbour_5G_guest`. Spaces part words of one name and words of a sentence. They go for the former
/// where the value is `named`, and where it is a word that could stand in any sentence.
pub(super) fn may_be_longer_name(text: &[u8], start: usize, end: usize, named: bool) -> bool {
    let (before, inside, after) = (
        text.get(..start).unwrap_or_default(),
        text.get(start..end).unwrap_or_default(),
        text.get(end..).unwrap_or_default(),
    );
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || !b.is_ascii();
    let is_mark = |b: &u8| b"_-.".contains(b);
    let marked = matches!(before, [.., b, mark] if is_mark(mark) && is_part(b))
        || matches!(after, [mark, b, ..] if is_mark(mark) && is_part(b));
    let spaces = named || inside.iter().all(u8::is_ascii_alphabetic);
    let word = |b: &&u8| is_part(b) || is_mark(b);
    // `ssid=Harbour rssi=-50`: a word with a sign behind it is the next name.
    let behind = match after {
        [b' ', tail @ ..] => {
            let length = tail.iter().take_while(word).count();
            length > 0 && !matches!(tail.get(length), Some(b'=' | b':'))
        }
        _ => false,
    };
    let ahead = matches!(before, [.., b, b' '] if is_part(b));
    marked || spaces && (behind || ahead)
}

/// Whether the letters and digits beside a match are bytes that happen to look like some: it is long, a few of them
/// stand there with bytes that are no text behind, and they do not go on with what it is made of.
pub(super) fn stands_among_bytes(bytes: &[u8], start: usize, end: usize) -> bool {
    /// Digits of the shortest identifier that no chance writes.
    const LONG: usize = 14;
    /// A fourth letter in a row is one in three hundred times chance.
    const FEW: usize = 3;
    let inside = bytes.get(start..end).unwrap_or_default();
    let digits = inside.iter().all(u8::is_ascii_hexdigit);
    let alone = |run: &[u8], next: Option<&u8>| {
        let stray = run.is_empty() || !digits || run.iter().any(|b| !b.is_ascii_hexdigit());
        run.len() <= FEW && stray && next.is_none_or(|b| !b.is_ascii_graphic() && *b != b' ')
    };
    let (before, after) = (bytes.get(..start).unwrap_or_default(), bytes.get(end..).unwrap_or_default());
    let left = before.iter().rev().take(FEW + 1).take_while(|b| b.is_ascii_alphanumeric()).count();
    let right = after.iter().take(FEW + 1).take_while(|b| b.is_ascii_alphanumeric()).count();
    let (head, tail) = (before.len() - left, after.get(..right).unwrap_or_default());
    inside.len() >= LONG
        && alone(before.get(head..).unwrap_or_default(), head.checked_sub(1).and_then(|at| bytes.get(at)))
        && alone(tail, after.get(right))
}

/// Whether the match, of four or eight hex digits, is a group of a UUID.
fn is_group_of_uuid(text: &[u8], start: usize, end: usize) -> bool {
    /// Characters of a UUID.
    const UUID: usize = 36;
    let fits = |b: &u8| b.is_ascii_hexdigit() || *b == b'-';
    let (before, after) = (text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default());
    let left = before.iter().rev().take(UUID).take_while(|b| fits(b)).count();
    let right = after.iter().take(UUID).take_while(|b| fits(b)).count();
    end - start < NODE
        && left + (end - start) + right == UUID
        && text.get(start - left..end + right).and_then(|t| std::str::from_utf8(t).ok()).is_some_and(shape::uuid)
}

/// Whether a word of letters beyond ASCII has more letters beside it: Chinese writes no spaces.
fn is_in_longer_word(before: &[u8], inside: &[u8], after: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(inside) else { return false };
    let letter = |c: &char| !c.is_ascii() && c.is_alphanumeric();
    let (first, last) = (text.chars().next().filter(letter), text.chars().next_back().filter(letter));
    if text.chars().filter(letter).count() >= SENTENCE {
        return false;
    }
    let left = first.is_some() && !is_escape(before) && last_char(before).is_some_and(char::is_alphanumeric);
    let right = last.is_some() && first_char(after).is_some_and(char::is_alphanumeric);
    left || right
}

fn first_char(text: &[u8]) -> Option<char> {
    text.utf8_chunks().next()?.valid().chars().next()
}

fn last_char(text: &[u8]) -> Option<char> {
    /// Bytes of the longest character of UTF-8.
    const LONGEST: usize = 4;
    let tail = text.get(text.len().saturating_sub(LONGEST)..)?;
    tail.utf8_chunks().last().filter(|chunk| chunk.invalid().is_empty())?.valid().chars().next_back()
}

/// Whether the length of the match stands right before it, as protobuf, thrift, JCE and the like
/// write strings. Then what follows is the next field, whatever letter its tag looks like.
/// White space and bytes that could be text are no length.
fn has_length_before(before: &[u8], length: usize) -> bool {
    let control = |b: u8| b < 0x20 && !b.is_ascii_whitespace();
    match before {
        // CBOR has type and length of a string in one octet (RFC 8949 §3), which looks like a letter:
        // it counts only among bytes that are no text.
        [rest @ .., b] if length < 24 && usize::from(*b) == 0x60 + length => {
            let near = rest.get(rest.len().saturating_sub(STRUCTURE)..).unwrap_or_default();
            // The first character may be cut.
            let start = near.iter().take(3).take_while(|b| matches!(b, 0x80..=0xbf)).count();
            let whole = if near.len() < rest.len() { near.get(start..).unwrap_or_default() } else { near };
            near.iter().any(|b| control(*b)) || std::str::from_utf8(whole).is_err()
        }
        [.., b] if usize::from(*b) != length => false,
        [.., b] if control(*b) => true,
        [.., tag, b] => b.is_ascii() && control(*tag),
        _ => false,
    }
}

fn joins_left(before: &[u8], inside: &[u8], stuff: Stuff) -> bool {
    if is_escape(before) {
        return false;
    }
    match (before, stuff) {
        ([.., b], _) if b.is_ascii_alphanumeric() => true,
        ([.., b'+' | b'/'], Stuff::Base64) => true,
        ([head @ .., mark @ (b':' | b'-')], Stuff::Groups) => {
            let length = head.iter().rev().take(GROUP + 1).take_while(|b| b.is_ascii_alphanumeric()).count();
            // A word of an odd length is a name, or an index.
            length.is_multiple_of(2)
                && is_one_more_group(inside, *mark, head.get(head.len() - length..).unwrap_or_default())
        }
        ([.., b, b'.' | b'-'], Stuff::Host) => b.is_ascii_alphanumeric(),
        // The fraction of a number.
        ([head @ .., b'.'], Stuff::Word) => is_number(head.iter().rev(), inside.iter()),
        _ => false,
    }
}

fn joins_right(inside: &[u8], after: &[u8], stuff: Stuff) -> bool {
    match (after, stuff) {
        ([b, ..], _) if b.is_ascii_alphanumeric() => true,
        ([b'+' | b'/', ..], Stuff::Base64) => true,
        ([mark @ (b':' | b'-'), tail @ ..], Stuff::Groups) => {
            let length = tail.iter().take(GROUP + 1).take_while(|b| b.is_ascii_alphanumeric()).count();
            is_one_more_group(inside, *mark, tail.get(..length).unwrap_or_default())
        }
        ([b'.' | b'-', b, ..], Stuff::Host) => b.is_ascii_alphanumeric(),
        ([b'/' | b'?' | b'#' | b'=' | b'-' | b'_' | b'~' | b'%' | b'@' | b':' | b'+', ..], Stuff::Url) => true,
        ([b'.', b, ..], Stuff::Url) => b.is_ascii_alphanumeric(),
        ([b'.', tail @ ..], Stuff::Word) => is_number(tail.iter(), inside.iter().rev()),
        _ => false,
    }
}

/// Whether `word`, which stands beside the groups `inside` with `mark` between, is one more of them.
///
/// It is not after a mark of another kind (`3c:5a:…-1772352001`), nor beside a UUID, which has all its
/// groups. `mac:3c:5a…`, `id-3a5f…`: a word with a letter that is no hex digit is a name.
fn is_one_more_group(inside: &[u8], mark: u8, word: &[u8]) -> bool {
    let whole = std::str::from_utf8(inside).is_ok_and(shape::uuid);
    let octets = inside.split(|b| *b == mark).all(|group| group.len() <= 2);
    let fits = (2..=if octets { 2 } else { GROUP }).contains(&word.len());
    inside.contains(&mark) && !whole && fits && word.iter().all(u8::is_ascii_hexdigit)
}

/// Digits on both sides of a point, those next to it first, that one number may have.
fn is_number<'a>(beside: impl Iterator<Item = &'a u8>, inside: impl Iterator<Item = &'a u8>) -> bool {
    let beside = beside.take(DIGITS + 1).take_while(|b| b.is_ascii_digit()).count();
    let inside = inside.take(DIGITS + 1).take_while(|b| b.is_ascii_digit()).count();
    beside > 0 && inside > 0 && beside + inside <= DIGITS
}

/// Whether the letters before are the end of an escape that was not undone: `\n`, `\u003d`, `%3D`.
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
            "867530900000017.1772352001",
            "1772352001.867530900000017",
        ] {
            assert!(stands(text, imei), "{text}");
        }
        for text in
            ["1867530900000017", "8675309000000170", "a867530900000017", "0.867530900000017", "867530900000017.5"]
        {
            assert!(!stands(text, imei), "{text}");
        }
    }

    /// The octet before has type and length of CBOR's strings, and looks like a letter.
    #[test]
    fn a_length_among_bytes_that_are_no_text() {
        let imei = b"867530900000017";
        let holds = |before: &[u8]| {
            let text = [before, imei].concat();
            super::holds(&text, before.len(), text.len(), Stuff::Word)
        };
        assert!(holds(b"\xa1\x64imei\x6f") && !holds(b"no") && !holds("设备o".as_bytes()));
        // Whatever stands far before is another structure, and a character that is cut there is text.
        let text = "设".repeat(STRUCTURE);
        for cut in 0..3 {
            assert!(!holds(format!("\u{1}{text}{}o", "a".repeat(cut)).as_bytes()));
        }
    }

    #[test]
    fn addresses() {
        let mail = "bob@a.example";
        for text in [
            "bob@a.example",
            "<bob@a.example>",
            "mailto:bob@a.example?x",
            "mail bob@a.example.",
            "bob@a.example-1772352001",
            "%3Dbob@a.example",
            "写给bob@a.example的信",
        ] {
            assert!(stands(text, mail), "{text}");
        }
        for text in [
            "x.bob@a.example",
            "x-bob@a.example",
            "x_bob@a.example",
            "x+bob@a.example",
            "jbob@a.example",
            "bob@a.example.com",
            "bob@a.example-mail.com",
        ] {
            assert!(!stands(text, mail), "{text}");
        }
        let page = "https://a.example/p/";
        for text in ["https://a.example/p/", "see https://a.example/p/, please", "u=https://a.example/p/&v=1"] {
            assert!(stands(text, page), "{text}");
        }
        for text in ["https://a.example/p/7", "https://a.example/p/?q", "https://a.example/p/%20"] {
            assert!(!stands(text, page), "{text}");
        }
        assert!(stands("host=box.lab.test;", "box.lab.test") && !stands("x.box.lab.test", "box.lab.test"));
        assert!(!stands("box.lab.test.cn", "box.lab.test") && !stands("/mnt/sd/a.txt", "/sd/a.txt"));
    }

    #[test]
    fn words_of_letters_beyond_ascii() {
        let name = "云岫实验室";
        for text in ["云岫实验室", "网络：云岫实验室。", "a、云岫实验室、b", "\n云岫实验室", "\"云岫实验室\""]
        {
            assert!(stands(text, name), "{text}");
        }
        for text in ["云岫实验室使用手册", "新云岫实验室", "云岫实验室5G"] {
            assert!(!stands(text, name), "{text}");
        }
        // A sentence is a text of its own wherever it stands.
        assert!(stands("他说明天下午三点在老地方见面吧", "明天下午三点在老地方见面"));
    }

    #[test]
    fn groups_of_a_uuid() {
        assert!(!stands("ABCD1234-0000-4000-8000-123456789abc", "ABCD1234"));
        assert!(stands("ABCD1234-0000", "ABCD1234") && stands("id-ABCD1234-7", "ABCD1234"));
        // The node of version 1 is the address of a network card.
        assert!(stands("6ba7b810-9dad-11d1-80b4-3c5ab401020f", "3c5ab401020f"));
    }

    #[test]
    fn groups() {
        let mac = "3c:5a:b4:01:02:0f";
        assert!(stands("mac:3c:5a:b4:01:02:0f", mac) && stands("[3c:5a:b4:01:02:0f]", mac));
        assert!(!stands("00:3c:5a:b4:01:02:0f", mac) && !stands("3c:5a:b4:01:02:0f:11", mac));
        for text in
            ["3c:5a:b4:01:02:0f-1772352001", "1772352001-3c:5a:b4:01:02:0f", "3c:5a:b4:01:02:0f-867530900000017"]
        {
            assert!(stands(text, mac), "{text}");
        }
        let dashed = "3c-5a-b4-01-02-0f";
        assert!(stands("3c-5a-b4-01-02-0f-1772352001", dashed) && !stands("3c-5a-b4-01-02-0f-11-12", dashed));
        // A UUID has no further groups.
        let uuid = "3a5f2c1e-7b48-4d09-9e6a-1c2d3e4f5a6b";
        for text in ["-1772352001", ":1772352001", "-11111111-2222-4333-8444-555555555555"] {
            assert!(stands(&format!("{uuid}{text}"), uuid), "{text}");
        }
        assert!(stands("1772352001-3a5f2c1e-7b48-4d09-9e6a-1c2d3e4f5a6b", uuid));
        assert!(
            !stands("a3a5f2c1e-7b48-4d09-9e6a-1c2d3e4f5a6b", uuid)
                && !stands("3a5f2c1e-7b48-4d09-9e6a-1c2d3e4f5a6b7", uuid)
        );
    }
}
