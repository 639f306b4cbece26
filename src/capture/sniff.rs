//! What kind of file it is, by content.

use std::fmt;

use crate::session::is_key_log;

/// Bytes of an input that are looked at.
pub(super) const LOOK: usize = 64 << 10;

/// How a ZIP archive begins.
pub(super) const ZIP: &[u8] = b"PK\x03\x04";

/// A kind of input that can be audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// The classic capture file, in any byte order and resolution.
    Pcap,
    /// The block-structured capture file.
    Pcapng,
    /// HTTP Archive.
    Har,
    /// mitmproxy flows (tnetstrings).
    Mitmproxy,
    /// A session of Charles as JSON (`.chlsj`).
    CharlesJson,
    /// A session of Charles as ZIP (`.chlz`).
    CharlesZip,
    /// A session of Fiddler (`.saz`, a ZIP).
    Fiddler,
    /// Records that HttpCanary saved: a folder, or a ZIP of it.
    HttpCanary,
    /// The history that ProxyPin keeps: HAR entries, one a line.
    ProxyPin,
}

impl Format {
    /// Its packets are read by this module.
    pub fn is_capture(self) -> bool {
        matches!(self, Self::Pcap | Self::Pcapng)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pcap => "pcap",
            Self::Pcapng => "pcapng",
            Self::Har => "har",
            Self::Mitmproxy => "mitmproxy",
            Self::CharlesJson => "chlsj",
            Self::CharlesZip => "chlz",
            Self::Fiddler => "saz",
            Self::HttpCanary => "httpcanary",
            Self::ProxyPin => "proxypin",
        })
    }
}

/// How the file as a whole is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Not at all.
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 1950 (mitmproxy's `.zhar`).
    Zlib,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// Its name, where there is one to tell.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            Self::Zlib => Some("zlib"),
            Self::Zstd => Some("zstd"),
        }
    }

    /// By the first bytes of the file.
    pub(super) fn sniff(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            // A skippable frame may come first.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            // CM 8, window 32 KiB, and the check bits of RFC 1950 §2.2.
            [0x78, flags, ..] if (0x7800 + u16::from(*flags)).is_multiple_of(31) => Self::Zlib,
            _ => Self::None,
        }
    }
}

/// What the content is: a format, or what it looks like instead and what to do then.
pub(super) fn format(head: &[u8]) -> Result<Format, (String, &'static str)> {
    match head {
        [0x0a, 0x0d, 0x0d, 0x0a, ..] => return Ok(Format::Pcapng),
        [0xa1, 0xb2, 0xc3, 0xd4, ..]
        | [0xd4, 0xc3, 0xb2, 0xa1, ..]
        | [0xa1, 0xb2, 0x3c, 0x4d, ..]
        | [0x4d, 0x3c, 0xb2, 0xa1, ..]
        | [0x34, 0xcd, 0xb2, 0xa1, ..] => return Ok(Format::Pcap),
        _ => {}
    }
    for (magic, looks, next) in MAGICS {
        if head.starts_with(magic) {
            return Err(((*looks).to_owned(), next));
        }
    }
    if is_key_log(head) {
        return Err(("a TLS key log".to_owned(), KEYS));
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if text.starts_with(b"{") {
        if is_history(text) {
            return Ok(Format::ProxyPin);
        }
        return if contains(text, b"\"log\"") || contains(text, b"\"entries\"") {
            Ok(Format::Har)
        } else {
            Err(("JSON without the \"log\" of a HAR".to_owned(), "export the traffic as HAR (HTTP Archive 1.2)"))
        };
    }
    if text.starts_with(b"[") && contains(text, b"\"protocolVersion\"") && contains(text, b"\"actualPort\"") {
        return Ok(Format::CharlesJson);
    }
    if is_tnetstring(head) {
        return Ok(Format::Mitmproxy);
    }
    Err(text_kind(text))
}

/// Magic numbers of files that people give by mistake.
const MAGICS: &[(&[u8], &str, &str)] = &[
    (b"PK\x05\x06", "an empty ZIP archive", CAPTURE),
    (b"\x04\x22\x4d\x18", "an LZ4 file", DECOMPRESS),
    (b"\xfd7zXZ\0", "an XZ file", DECOMPRESS),
    (b"BZh", "a bzip2 file", DECOMPRESS),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", DECOMPRESS),
    (b"Rar!", "a RAR archive", DECOMPRESS),
    (b"\x1f\x8b", "a gzip file in a compressed file", DECOMPRESS),
    (b"\x28\xb5\x2f\xfd", "a zstd file in a compressed file", DECOMPRESS),
    (b"snoop\0\0\0", "a snoop capture", CONVERT),
    (b"RTSS", "a Network Monitor 1 capture", CONVERT),
    (b"GMBU", "a Network Monitor 2 capture", CONVERT),
    (b"XCP\0", "a NetXray capture", CONVERT),
    (b"\x54\x52\x53\x4e\x49\x46\x46", "a Sniffer capture", CONVERT),
    (b"\x7fver", "a Peek capture", CONVERT),
    (b"btsnoop\0", "a Bluetooth HCI log", CAPTURE),
    (b"TAP\x01", "a friTap .tap file", "let friTap write a pcapng (-p) or a key log (-k)"),
    (b"%PDF", "a PDF document", "a policy is given with --policy"),
    (b"\x89PNG", "a PNG image", CAPTURE),
    (b"\xff\xd8\xff", "a JPEG image", CAPTURE),
    (b"SQLite format 3\0", "an SQLite database", CAPTURE),
    (b"\x7fELF", "a program", CAPTURE),
    (b"CLIENT_RANDOM ", "a TLS key log", KEYS),
    (b"-----BEGIN ", "PEM (a key or a certificate)", "give it with --keys"),
];
const CAPTURE: &str = "give a pcap, pcapng, HAR or mitmproxy flow file, or the session of a proxy";
const CONVERT: &str = "convert it: editcap -F pcapng IN OUT";
const DECOMPRESS: &str = "decompress it first (gzip and zstd are read as they are)";
const KEYS: &str = "give it with --keys, beside the capture";

/// What text, or else bytes, look like.
fn text_kind(text: &[u8]) -> (String, &'static str) {
    let start: Vec<u8> = text.iter().take(64).map(u8::to_ascii_lowercase).collect();
    if start.starts_with(b"<!doctype html") || start.starts_with(b"<html") || start.starts_with(b"<head") {
        return (
            "HTML".to_owned(),
            "a download may have returned a page instead of the file; a policy is given with --policy",
        );
    }
    if start.starts_with(b"<?xml") {
        return ("XML".to_owned(), CAPTURE);
    }
    // A section of TOML or INI has a name in brackets, an array of JSON no bare word.
    let inner = text.trim_ascii_start();
    let inner = inner.get(inner.iter().take_while(|b| **b == b'[' || b.is_ascii_whitespace()).count()..);
    let is_element = |b: &u8| matches!(b, b'{' | b'"' | b']' | b'-' | b'0'..=b'9');
    if start.starts_with(b"[") && inner.is_some_and(|inner| inner.first().is_none_or(is_element)) {
        return ("JSON without the \"log\" of a HAR".to_owned(), "export the traffic as HAR (HTTP Archive 1.2)");
    }
    let sample = text.get(..text.len().min(512)).unwrap_or_default();
    let printable = sample.iter().filter(|b| matches!(b, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..)).count();
    if !sample.is_empty() && printable == sample.len() && !sample.contains(&0) {
        return ("text".to_owned(), CAPTURE);
    }
    let magic: Vec<String> = text.iter().take(4).map(|b| format!("{b:02x}")).collect();
    (format!("no known format (it starts with {})", magic.join(" ")), CAPTURE)
}

/// `LENGTH:` and, inside, another tnetstring that is a name: a flow is a dictionary.
fn is_tnetstring(head: &[u8]) -> bool {
    // tnetstrings.org allows nine digits, mitmproxy twelve.
    let length = |bytes: &[u8]| {
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let number = bytes.get(..digits).filter(|_| (1..=12).contains(&digits) && bytes.get(digits) == Some(&b':'))?;
        Some((std::str::from_utf8(number).ok()?.parse::<usize>().ok()?, digits + 1))
    };
    let name = || {
        let (_, start) = length(head)?;
        let inside = head.get(start..)?;
        let (length, start) = length(inside)?;
        let (name, rest) = inside.get(start..)?.split_at_checked(length)?;
        let is_name = name.iter().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'0'..=b'9'));
        // Text since version 18, bytes before.
        (is_name && length > 0 && matches!(rest.first(), Some(b';' | b','))).then_some(())
    };
    name().is_some()
}

/// The first key of the object is one of an entry of HAR, which in a HAR stands deeper.
fn is_history(text: &[u8]) -> bool {
    let key = text.get(1..).unwrap_or_default().trim_ascii_start();
    let key = key.strip_prefix(b"\"").and_then(|key| key.split(|b| *b == b'"').next()).unwrap_or_default();
    matches!(key, b"startedDateTime" | b"time" | b"pageref" | b"_id" | b"_app" | b"request")
        && contains(text, b"\"request\"")
        && contains(text, b"\"startedDateTime\"")
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(haystack, needle).is_some()
}
