//! Text in another encoding than UTF-8: UTF-16, GB18030 (with GBK and GB2312 inside it),
//! what a declaration names, and UTF-8 after a byte order mark.
//!
//! Tried where the bytes are not UTF-8 text as they stand, on a byte order mark, a declared
//! `charset` or XML declaration, or bytes that make sense in one of the two that senders
//! use without saying so. Everything must decode. Not tried on UTF-8 text: there, every
//! byte has been read already.

use bytes::Bytes;
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::budget::Budget;
use super::clue::Clue;
use super::sense;
use super::walk::{Input, Inside, Opener, Opening};

pub(super) const CHARSET: Opener = Opener { name: "charset", clue: Clue::Binary, open };

/// Characters of an undeclared UTF-16 text: fewer may be a small number in two bytes.
const UTF_16_SHORTEST: usize = 6;
/// Chinese characters of an undeclared GB18030 text: three pairs that all fit are one of 5,000 random values.
const HAN_FEWEST: usize = 3;

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    if let Some(text) = input.bytes.strip_prefix(b"\xef\xbb\xbf") {
        return one(input, UTF_8.name(), input.bytes.slice_ref(text), budget);
    }
    if let Some(text) = utf_32(input.bytes) {
        let bytes = Bytes::from(text.into_bytes());
        return sense::is_text(&bytes).then(|| one(input, "UTF-32", bytes, budget)).flatten();
    }
    let encoding = match &input.bytes[..] {
        [0xff, 0xfe, rest @ ..] if !rest.is_empty() => UTF_16LE,
        [0xfe, 0xff, rest @ ..] if !rest.is_empty() => UTF_16BE,
        bytes => declared(input).filter(|e| needed(e, bytes)).or_else(|| undeclared(bytes))?,
    };
    // A mark decides over what was declared (WHATWG Encoding §6).
    let (text, _, broken) = encoding.decode(input.bytes);
    let sense = !broken && sense::is_text(text.as_bytes());
    sense.then(|| one(input, encoding.name(), Bytes::from(text.into_owned().into_bytes()), budget)).flatten()
}

fn one(input: &Input<'_>, encoding: &str, text: Bytes, budget: &mut Budget) -> Option<Opening> {
    if !budget.bytes(text.len()) {
        return None;
    }
    // The charset is dealt with; the media type still holds.
    let declared = input.declared.and_then(|d| d.split(';').next()).map(|d| d.trim().to_owned());
    let part = Inside { argument: Some(encoding.to_owned()), bytes: text, declared, ..Inside::default() };
    Some(Opening { parts: vec![part], keep: false })
}

/// Behind the byte order mark of UTF-32, which the standard of the web has no name for.
fn utf_32(bytes: &[u8]) -> Option<String> {
    let (units, rest) = bytes.as_chunks::<4>();
    let (mark, units) = units.split_first()?;
    let order = match mark {
        [0xff, 0xfe, 0, 0] => u32::from_le_bytes,
        [0, 0, 0xfe, 0xff] => u32::from_be_bytes,
        _ => return None,
    };
    let text: Option<String> = units.iter().map(|unit| char::from_u32(order(*unit))).collect();
    text.filter(|text| rest.is_empty() && !text.is_empty())
}

/// By `charset=` of the media type, or by an XML declaration.
fn declared(input: &Input<'_>) -> Option<&'static Encoding> {
    /// An XML declaration with its three attributes is shorter.
    const DECLARATION: usize = 128;
    let of_type = input.declared.and_then(|d| {
        d.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
        })
    });
    let of_xml = || {
        let head = input.bytes.get(..input.bytes.len().min(DECLARATION))?.strip_prefix(b"<?xml")?;
        let head = String::from_utf8_lossy(head.split(|b| *b == b'>').next()?).into_owned();
        let (_, value) = head.split_once("encoding=")?;
        value.trim_start_matches(['"', '\'']).split(['"', '\'', '?']).next().map(str::to_owned)
    };
    Encoding::for_label(of_type.or_else(of_xml)?.as_bytes())
}

/// The bytes read as UTF-8 are not what was declared.
fn needed(encoding: &Encoding, bytes: &[u8]) -> bool {
    let wide = encoding == UTF_16LE || encoding == UTF_16BE;
    encoding != UTF_8 && (std::str::from_utf8(bytes).is_err() || wide && bytes.contains(&0))
}

/// It is text in UTF-16, though nobody says so.
pub(super) fn is_utf_16(bytes: &[u8]) -> bool {
    let wide = undeclared(bytes).filter(|encoding| *encoding != GB18030);
    wide.is_some_and(|encoding| {
        let (text, _, broken) = encoding.decode(bytes);
        !broken && sense::is_text(text.as_bytes())
    })
}

/// It is text in GB18030, though nobody says so, and long enough that random bytes are none.
pub(super) fn is_gb_text(bytes: &[u8]) -> bool {
    /// Bytes: of random values so long one in twenty thousand fits.
    const SHORTEST: usize = 16;
    bytes.len() >= SHORTEST && is_encoded_gb(bytes)
}

/// The same where an encoding of octets (`%D4%C6`) is evidence besides.
pub(super) fn is_encoded_gb(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err() && is_gb(bytes)
}

fn undeclared(bytes: &[u8]) -> Option<&'static Encoding> {
    if bytes.len().is_multiple_of(2) && bytes.len() / 2 >= UTF_16_SHORTEST {
        let (units, _) = bytes.as_chunks::<2>();
        let printable = |b: u8| matches!(b, b' '..=b'~' | b'\t' | b'\r' | b'\n');
        let ascii = |high: usize| units.iter().filter(|u| u[high] == 0 && printable(u[1 - high])).count();
        // Half of it ASCII, which random bytes are one time in 700 for each character.
        for (encoding, high) in [(UTF_16LE, 1), (UTF_16BE, 0)] {
            if ascii(high) * 2 > units.len() {
                return Some(encoding);
            }
        }
    }
    (std::str::from_utf8(bytes).is_err() && is_gb(bytes)).then_some(GB18030)
}

/// Printable ASCII, the characters of GB 2312 and full-width marks, most of the Chinese
/// ones among the 3,755 common ones (rows 16 to 55).
fn is_gb(bytes: &[u8]) -> bool {
    let (mut han, mut common, mut rest) = (0, 0, bytes);
    while let Some((first, tail)) = rest.split_first() {
        rest = match (first, tail) {
            (b' '..=b'~' | b'\t' | b'\r' | b'\n', _) => tail,
            (0xb0..=0xf7, [0xa1..=0xfe, tail @ ..]) => {
                han += 1;
                common += usize::from(*first <= 0xd7);
                tail
            }
            (0xa1..=0xa3, [0xa1..=0xfe, tail @ ..]) => tail,
            _ => return false,
        };
    }
    han >= HAN_FEWEST && common * 2 > han
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], declared: Option<&str>) -> Option<String> {
        let bytes = Bytes::copy_from_slice(bytes);
        let input = Input::new(&bytes, declared, true);
        let opening = open(&input, &mut Budget::default())?;
        opening.parts.first().map(|p| String::from_utf8_lossy(&p.bytes).into_owned())
    }

    #[test]
    fn marks_declarations_and_sense() {
        // Python: "云岫实验室五楼-5G".encode("gbk"), "a=1".encode("utf-16"), "中文abcd字".encode("utf-16-be").
        let gbk = data_encoding::HEXLOWER.decode(b"d4c6e1b6cab5d1e9cad2cee5c2a52d3547").unwrap();
        assert_eq!(read(&gbk, None).as_deref(), Some("云岫实验室五楼-5G"));
        assert_eq!(read(b"\xff\xfea\0=\x001\0", None).as_deref(), Some("a=1"));
        assert_eq!(read(b"\x4e\x2d\x65\x87\0a\0b\0c\0d\x5b\x57", None).as_deref(), Some("中文abcd字"));
        // Two characters alone are no evidence; a declaration is.
        assert_eq!(read(b"\xd6\xd0\xce\xc4", None), None);
        assert_eq!(read(b"\xd6\xd0\xce\xc4", Some("text/plain; charset=gb2312")).as_deref(), Some("中文"));
        assert_eq!(
            read(b"<?xml version='1.0' encoding='GBK'?><a>\xd6\xd0</a>", None).as_deref().map(str::len),
            Some(46)
        );
        assert_eq!(read("中文".as_bytes(), Some("text/plain; charset=gbk")), None, "it is UTF-8 whatever it says");
        assert_eq!(read(&[0x80, 0xff, 0xd6, 0xd0, 0xce, 0xc4, 0xd6, 0xd0], None), None);
    }
}
