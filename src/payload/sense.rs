//! Whether bytes make sense: the evidence that a decoding was right.

use bytes::Bytes;

use super::budget::Budget;
use super::walk::{Input, Opener};
use super::{bplist, bson, cbor, charset, image, jce, lz4, msgpack, protobuf, snappy, tar, thrift, xz, zip};

/// Text as programs write it: UTF-8 without control characters other than line ends
/// and tabs, and no letters beyond ASCII but Chinese, Japanese and Korean ones. Random
/// bytes pass with a probability of about (3/8)ⁿ.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_usual))
}

/// Text that has other letters and signs in it as well: a name with an accent, an emoji. It must be so long,
/// and so much of it usual, that random bytes are none: one in a hundred millions, or fewer.
fn is_other_text(bytes: &[u8]) -> bool {
    const SHORTEST: usize = 24;
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.len() >= SHORTEST) else { return false };
    let others = text.chars().filter(|c| !is_usual(*c)).count();
    others * 4 <= text.chars().count() && !text.chars().any(|c| !is_usual(c) && c.is_control())
}

/// The first bytes of a text, whose last character may be cut.
pub(super) fn begins_text(head: &[u8]) -> bool {
    whole_characters(head).is_some_and(is_text)
}

/// The same of a text of any script.
pub(super) fn begins_any_text(head: &[u8]) -> bool {
    whole_characters(head).is_some_and(|text| is_text(text) || is_other_text(text))
}

/// Without the last character, where that is cut; `None`: it is not UTF-8.
fn whole_characters(head: &[u8]) -> Option<&[u8]> {
    match std::str::from_utf8(head) {
        Ok(_) => Some(head),
        Err(error) if error.error_len().is_none() => head.get(..error.valid_up_to()),
        Err(_) => None,
    }
}

/// `head` may go on as [`has_head`] wants it.
pub(super) fn begins_head(head: &[u8]) -> bool {
    let fits = |known: &&[u8]| known.iter().zip(head).all(|(a, b)| a == b);
    HEADS.iter().any(fits) || is_zlib(head)
}

fn is_usual(c: char) -> bool {
    matches!(c, ' '..='~' | '\n' | '\r' | '\t' | '\u{2010}'..='\u{2026}' | '\u{3000}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff00}'..='\u{ffef}')
}

/// Head bytes of a compressed stream, an archive, a picture or a structure that decoders
/// here try, or a structure that is one by its content.
pub(super) fn is_compressed(bytes: &[u8]) -> bool {
    has_head(bytes) || image::is_image(bytes) || tar::is_tar(bytes) || is_structure(bytes)
}

/// The first bytes are those of a compressed stream or an archive.
pub(super) fn has_head(bytes: &[u8]) -> bool {
    HEADS.iter().any(|head| bytes.starts_with(head)) || is_zlib(bytes)
}

/// Bits that the first bytes say for a compressed stream or an archive: how unlikely random bytes begin so.
pub(super) fn head_bits(bytes: &[u8]) -> u32 {
    /// Some thirty of all pairs of bytes are a head of zlib.
    const ZLIB: u32 = 11;
    let head = HEADS.iter().find(|head| bytes.starts_with(head)).map(|head| head.len());
    let zlib = || if is_zlib(bytes) { ZLIB } else { 0 };
    head.map_or_else(zlib, |length| u32::try_from(length * 8).unwrap_or(0))
}

/// It is one of the binary structures, though nobody says so.
fn is_structure(bytes: &[u8]) -> bool {
    let bytes = Bytes::copy_from_slice(bytes);
    let input = Input::new(&bytes, None, false);
    STRUCTURES.iter().any(|opener| (opener.open)(&input, &mut Budget::default()).is_some())
}

const STRUCTURES: &[Opener] = &[
    bson::BSON,
    thrift::THRIFT,
    jce::JCE,
    msgpack::MSGPACK,
    cbor::CBOR,
    protobuf::PROTOBUF,
    jce::JCE_STRUCT,
    thrift::THRIFT_STRUCT,
];

const HEADS: &[&[u8]] = &[
    &[0x1f, 0x8b, 8],
    &[0x28, 0xb5, 0x2f, 0xfd],
    lz4::MAGIC,
    snappy::FRAMED,
    snappy::JAVA,
    xz::MAGIC,
    zip::MAGIC,
    bplist::MAGIC,
];

/// Whether the result of an encoding or a compression makes sense: it is text, or can be opened further.
pub(super) fn is_decoded(bytes: &[u8]) -> bool {
    is_text(bytes)
        || is_other_text(bytes)
        || is_compressed(bytes)
        || charset::is_utf_16(bytes)
        || charset::is_gb_text(bytes)
}

/// The two header bytes of zlib (RFC 1950 §2.2): deflate with a window up to 32 KiB, no
/// dictionary, and a check that divides by 31.
pub(super) fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [cmf, flg, ..] if cmf & 0x0f == 8 && cmf >> 4 <= 7 && flg & 0x20 == 0
        && (u16::from(*cmf) << 8 | u16::from(*flg)) % 31 == 0)
}

/// Whether it looks sealed: bytes that are no text, or one long word of an encoding's alphabet that is
/// the whole body or what a recipe `expected` here.
pub(super) fn is_opaque(bytes: &[u8], expected: bool) -> bool {
    /// Three blocks of AES in base64: shorter words may be tokens.
    const WORD: usize = 64;
    /// One block.
    const BLOCK: usize = 22;
    let least = if expected { BLOCK } else { WORD };
    !bytes.is_empty() && (!is_text(bytes) || bytes.len() >= least && bytes.iter().all(is_of_encoding))
}

/// Whether what begins with `head` may be opaque: it is no text with spaces or marks in it.
pub(super) fn begins_opaque(head: &[u8]) -> bool {
    !begins_text(head) || head.iter().all(is_of_encoding)
}

/// Of the alphabets of base64 and hex, with line ends.
fn is_of_encoding(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=-_\r\n".contains(byte)
}

/// Whether as many different bytes occur as in hex of something random, and more: padding and runs have few.
pub(super) fn is_varied(bytes: &[u8]) -> bool {
    const LEAST: usize = 14;
    let mut seen = [false; 256];
    let mut count = 0;
    for byte in bytes {
        if let Some(seen) = seen.get_mut(usize::from(*byte)).filter(|seen| !**seen) {
            *seen = true;
            count += 1;
            if count == LEAST {
                return true;
            }
        }
    }
    false
}

/// A name as fields have them: letters, digits and a few marks, not starting with a digit.
pub(super) fn is_name(bytes: &[u8]) -> bool {
    /// Longest field name taken as such.
    const LONGEST: usize = 96;
    bytes.len() <= LONGEST
        && bytes.first().is_some_and(|b| b.is_ascii_alphabetic() || b"_$#".contains(b))
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"_-.$#[]".contains(b))
}

/// The word that names what follows at `at`: before `=` or `:`, quotes and spaces.
/// `imei="86…`, `"imei": 86…`, `imei%3D86…`.
pub(crate) fn word_before(text: &[u8], at: usize) -> Option<&str> {
    let head = text.get(..at)?;
    let trim = |bytes: &[u8], marks: &[u8]| bytes.iter().rposition(|b| !marks.contains(b)).map_or(0, |i| i + 1);
    let head = head.get(..trim(head, b" \"'\\[({"))?;
    let head = match head {
        [rest @ .., b'=' | b':'] => rest,
        [rest @ .., b'%', b'3', b'D' | b'd' | b'A' | b'a'] => rest,
        _ => return None,
    };
    let head = head.get(..trim(head, b" \"'\\"))?;
    let name = |b: &u8| b.is_ascii_alphanumeric() || b"_-.$#".contains(b);
    let start = head.iter().rposition(|b| !name(b)).map_or(0, |i| i + 1);
    std::str::from_utf8(head.get(start..)?).ok().filter(|w| !w.is_empty() && w.len() <= 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_before_a_value() {
        for (text, at, word) in [
            ("imei=8675", 5, Some("imei")),
            ("{\"imei\": \"8675\"}", 10, Some("imei")),
            ("a&imei%3D8675", 9, Some("imei")),
            ("8675", 0, None),
            ("order 8675", 6, None),
        ] {
            assert_eq!(word_before(text.as_bytes(), at), word, "{text}");
        }
    }

    #[test]
    fn text_of_any_script_makes_sense_where_it_is_long_enough() {
        for text in ["{\"name\":\"Zoë\",\"model\":\"Pixel 7\"}", "{\"nick\":\"📱📱\",\"imei\":\"86\"}"] {
            assert!(is_decoded(text.as_bytes()), "{text}");
        }
        let control = "{\"name\":\"Zoë\u{1}\",\"model\":\"Pixel 7\"}";
        for text in ["Zoë", control, "ÄÖÜßéèêëàáâãÄÖÜßéèêëàáâã"] {
            assert!(!is_decoded(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn opaque_is_what_no_one_can_read() {
        assert!(is_opaque(&[0xff, 0, 3], false) && is_opaque(&[b'A'; 64], false));
        assert!(is_opaque(&[b'A'; 44], true) && !is_opaque(&[b'A'; 44], false));
        let readable = [&b"model=Pixel 7&os=13"[..], b"", "设备".as_bytes()];
        assert!(readable.iter().all(|text| !is_opaque(text, false) && !is_opaque(text, true)));
    }
}
