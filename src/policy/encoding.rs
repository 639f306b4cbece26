//! Bytes of a document to text.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// How much of a document is searched for a `charset` (the HTML standard's prescan
/// reads 1,024 bytes; pages saved by office programs put more before it).
const PRESCAN: usize = 8 << 10;

/// The text and the name of the encoding.
///
/// A byte order mark beats a declared charset, which beats a guess; valid UTF-8 is
/// believed before a declaration that says otherwise, as converters forget to change it.
pub fn decode(bytes: &[u8]) -> (String, String) {
    if let Some((encoding, skip)) = Encoding::for_bom(bytes) {
        return with(encoding, bytes.get(skip..).unwrap_or_default());
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return with(encoding, bytes);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (text.to_owned(), UTF_8.name().to_owned());
    }
    if let Some(encoding) = declared(bytes) {
        let (text, _, broken) = encoding.decode(bytes);
        if !broken {
            return (text.into_owned(), encoding.name().to_owned());
        }
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    // No country is given: with China, Big5 would be read as GBK.
    with(detector.guess(None, Utf8Detection::Allow), bytes)
}

/// As [`decode`], where something around the bytes names their charset.
pub fn decode_as(charset: Option<&str>, bytes: &[u8]) -> (String, String) {
    let named = charset.and_then(|name| Encoding::for_label(name.trim().as_bytes()));
    match named.filter(|_| std::str::from_utf8(bytes).is_err()) {
        Some(encoding) => with(encoding, bytes),
        None => decode(bytes),
    }
}

/// How many characters of a text no text has (controls, what could not be decoded, code
/// points of private use), and how many it has.
pub fn unreadable(text: &str) -> (usize, usize) {
    let foreign = |c: &char| {
        c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}')
            || matches!(c, '\u{fffd}' | '\u{fffe}' | '\u{ffff}')
    };
    (text.chars().filter(foreign).count(), text.chars().count())
}

fn with(encoding: &'static Encoding, bytes: &[u8]) -> (String, String) {
    // GBK is read as its superset.
    let encoding = if encoding.name() == "GBK" { GB18030 } else { encoding };
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    (text.into_owned(), encoding.name().to_owned())
}

/// Every second byte of ASCII in UTF-16 is zero; text has no zero bytes otherwise.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..bytes.len().min(512))?;
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let half = head.len() / 2;
    match (zeros(0), zeros(1)) {
        (0, n) if half > 8 && n * 4 > half => Some(UTF_16LE),
        (n, 0) if half > 8 && n * 4 > half => Some(UTF_16BE),
        _ => None,
    }
}

/// `charset=` of a `meta` element or an XML declaration's `encoding=`.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(PRESCAN))?).to_ascii_lowercase();
    let at = head.find("charset=").map(|at| at + 8).or_else(|| head.find("encoding=").map(|at| at + 9))?;
    let label: String = head
        .get(at..)?
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    let encoding = Encoding::for_label(label.as_bytes())?;
    // A declaration that was readable as bytes cannot be true of UTF-16.
    let encoding = if encoding == UTF_16BE || encoding == UTF_16LE { UTF_8 } else { encoding };
    Some(if encoding.name() == "GBK" { GB18030 } else { encoding })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_found() {
        // "隐私" in GB18030 (python: "隐私".encode("gb18030").hex()).
        let gbk = b"<meta charset=gb2312>\xd2\xfe\xcb\xbd";
        assert_eq!(decode(gbk), ("<meta charset=gb2312>隐私".into(), "gb18030".into()));
        assert_eq!(decode(b"\xff\xfe\x90\x96\xc1\x79"), ("隐私".into(), "UTF-16LE".into()));
        assert_eq!(decode("\u{feff}隐私".as_bytes()).0, "隐私");
        let bare: Vec<u8> = "Privacy Policy of us".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&bare), ("Privacy Policy of us".into(), "UTF-16BE".into()));
    }
}
