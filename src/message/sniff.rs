//! What the first bytes of a direction say about the protocol.
//!
//! The answer for a prefix never changes when more bytes come, so it does not
//! matter how the bytes were cut into packets.

use super::http2;
use crate::evidence::Direction;
use crate::secure::tls::{is_sslv2_hello, looks_like_tls};

/// Methods that alone, with the first byte of a target, are taken for HTTP; any other
/// must be followed by a whole request line (IANA's method registry, the common ones).
const METHODS: [&[u8]; 22] = [
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"PATCH",
    b"CONNECT",
    b"TRACE",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"REPORT",
    b"SEARCH",
    b"MERGE",
    b"PURGE",
    b"LINK",
    b"UNLINK",
];

/// Longest method that is considered; the longest registered one has 17 letters.
const METHOD_LIMIT: usize = 32;

/// Longest request line: RFC 9112 §3 asks for 8,000 at least.
pub(super) const REQUEST_LINE_LIMIT: usize = 16 << 10;

/// DNS over TCP (RFC 7766), and over TLS (RFC 7858 §3.1).
const DNS_PORTS: [u16; 2] = [53, 853];

/// A protocol that begins here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Tls,
    Http1,
    Http2,
    Dns,
    Mqtt,
    Socks,
}

/// What a prefix says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It depends on bytes that are not here yet.
    More,
    /// Nothing that is known.
    Unknown,
    /// This.
    Found(Found),
}

/// Sniffs `prefix`, the first bytes of a stream, or of a turn in one (then `first`
/// is false and only what cannot well be anything else is recognised).
pub(super) fn sniff(direction: Direction, prefix: &[u8], server_port: u16, first: bool) -> Verdict {
    let dns = if first && DNS_PORTS.contains(&server_port) { dns(prefix) } else { Verdict::Unknown };
    let http = match direction {
        Direction::Sent => [preface(prefix), frames(direction, prefix), request(prefix), mqtt(prefix, first)],
        Direction::Received => [status(prefix), frames(direction, prefix), Verdict::Unknown, Verdict::Unknown],
    };
    let mut more = false;
    let socks = match direction {
        Direction::Sent if first => verdict(super::socks::begins(prefix), Found::Socks),
        _ => Verdict::Unknown,
    };
    for verdict in [dns, tls(prefix, first), socks].into_iter().chain(http) {
        match verdict {
            Verdict::Found(_) if !more => return verdict,
            Verdict::Found(_) | Verdict::More => more = true,
            Verdict::Unknown => {}
        }
    }
    if more { Verdict::More } else { Verdict::Unknown }
}

/// A TLS record header and the first byte after it. After other bytes (a stream that
/// changes to TLS) only a ClientHello counts.
fn tls(prefix: &[u8], first: bool) -> Verdict {
    match is_sslv2_hello(prefix) {
        Some(true) if first => return Verdict::Found(Found::Tls),
        None if first && !prefix.is_empty() => return Verdict::More,
        _ => {}
    }
    let plausible = match prefix {
        [kind, ..] if !(20..=23).contains(kind) || (!first && *kind != 22) => false,
        [_, major, ..] if !matches!(major, 1 | 3) => false,
        // TLCP has one version, 1.1.
        [_, 1, minor, ..] if *minor != 1 => false,
        [_, _, minor, ..] if *minor > 4 => false,
        _ => true,
    };
    match prefix.get(..6) {
        _ if !plausible => Verdict::Unknown,
        None => Verdict::More,
        Some(header) if looks_like_tls(header) && (first || header.last() == Some(&1)) => Verdict::Found(Found::Tls),
        Some(_) => Verdict::Unknown,
    }
}

/// Frames of HTTP/2, of a connection that began earlier or of a server.
fn frames(direction: Direction, prefix: &[u8]) -> Verdict {
    verdict(http2::begins(direction, prefix), Found::Http2)
}

/// A client's CONNECT.
fn mqtt(prefix: &[u8], first: bool) -> Verdict {
    if first { verdict(super::mqtt::begins(prefix), Found::Mqtt) } else { Verdict::Unknown }
}

fn verdict(begins: Option<bool>, found: Found) -> Verdict {
    match begins {
        Some(true) => Verdict::Found(found),
        Some(false) => Verdict::Unknown,
        None => Verdict::More,
    }
}

/// Client connection preface (RFC 9113 §3.4).
fn preface(prefix: &[u8]) -> Verdict {
    let seen = prefix.len().min(http2::PREFACE.len());
    if prefix.get(..seen) != http2::PREFACE.get(..seen) {
        Verdict::Unknown
    } else if seen == http2::PREFACE.len() {
        Verdict::Found(Found::Http2)
    } else {
        Verdict::More
    }
}

/// The start of an HTTP/1 request.
pub(super) fn request(prefix: &[u8]) -> Verdict {
    let method = prefix.iter().take_while(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_')).count();
    if method > METHOD_LIMIT {
        return Verdict::Unknown;
    }
    let (name, rest) = prefix.split_at(method);
    let [space, target @ ..] = rest else { return Verdict::More };
    if *space != b' ' || name.is_empty() {
        return Verdict::Unknown;
    }
    if METHODS.contains(&name) {
        match target.first() {
            None => return Verdict::More,
            Some(b'/' | b'*' | b'h' | b'H') => return Verdict::Found(Found::Http1),
            Some(c) if name == b"CONNECT" && (c.is_ascii_alphanumeric() || *c == b'[') => {
                return Verdict::Found(Found::Http1);
            }
            // No target that a client should send; a server may have answered it.
            Some(_) => {}
        }
    }
    match memchr::memchr(b'\n', target) {
        Some(end)
            if end <= REQUEST_LINE_LIMIT && is_request_line(prefix.get(..method + 1 + end).unwrap_or_default()) =>
        {
            Verdict::Found(Found::Http1)
        }
        Some(_) => Verdict::Unknown,
        None if target.len() > REQUEST_LINE_LIMIT => Verdict::Unknown,
        None => Verdict::More,
    }
}

/// Whether `line` (with or without its CR) ends in ` HTTP/1.x`.
pub(super) fn is_request_line(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line).trim_ascii_end();
    let Some((rest, version)) = line.len().checked_sub(9).map(|at| line.split_at(at)) else { return false };
    matches!(version, [b' ', b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0'..=b'9']) && rest.contains(&b' ')
}

/// The start of an HTTP/1 response: `HTTP/1.1 200`.
pub(super) fn status(prefix: &[u8]) -> Verdict {
    let fits = |(at, byte): (usize, &u8)| match at {
        0..=6 => b"HTTP/1.".get(at) == Some(byte),
        8 => *byte == b' ',
        _ => byte.is_ascii_digit(),
    };
    if !prefix.iter().take(12).enumerate().all(fits) {
        Verdict::Unknown
    } else if prefix.len() < 12 {
        Verdict::More
    } else {
        Verdict::Found(Found::Http1)
    }
}

/// Where in `bytes` a request line or status line begins that nothing before it
/// announced: for picking up a stream after a gap. Looks at `HTTP/1.` at or after
/// `from`, and takes no line that begins before `not_before`.
///
/// A body need not end in a line feed, so the line may begin anywhere; it must be whole.
pub(super) fn find_start(direction: Direction, bytes: &[u8], from: usize, not_before: usize) -> Option<usize> {
    match direction {
        Direction::Received => {
            memchr::memmem::find_iter(bytes.get(from..)?, b"HTTP/1.").map(|at| from + at).find(|&at| {
                at >= not_before && status(bytes.get(at..).unwrap_or_default()) == Verdict::Found(Found::Http1)
            })
        }
        Direction::Sent => memchr::memmem::find_iter(bytes.get(from..)?, b" HTTP/1.").find_map(|at| {
            let end = from + at + 9;
            if !matches!(bytes.get(end..)?, [b'\n', ..] | [b'\r', b'\n', ..]) {
                return None;
            }
            let line_start = bytes.get(..end)?.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
            let line_start = line_start.max(end.saturating_sub(REQUEST_LINE_LIMIT));
            let line = bytes.get(line_start..end)?;
            if !is_request_line(line) {
                return None;
            }
            let start = method_in(line)?;
            Some(line_start + start).filter(|&at| at >= not_before)
        }),
    }
}

/// Where the last method in `line` begins that stands before a target. One that is no part of a word
/// counts first; but a body may end in a letter, right before the next request.
fn method_in(line: &[u8]) -> Option<usize> {
    let places = METHODS.iter().flat_map(|method| {
        let begins = |at: &usize| request(line.get(*at..).unwrap_or_default()) == Verdict::Found(Found::Http1);
        memchr::memmem::rfind_iter(line, method).filter(begins).map(|at| {
            let before = at.checked_sub(1).and_then(|before| line.get(before));
            // Of methods that end at the same place (LINK, UNLINK), the longest.
            (before.is_none_or(|byte| !byte.is_ascii_alphanumeric()), at + method.len(), method.len())
        })
    });
    places.max().map(|(_, end, length)| end - length)
}

/// Two bytes of length and a DNS header that fits (RFC 1035 §4.2.2).
fn dns(prefix: &[u8]) -> Verdict {
    let Some((&[high, low], message)) = prefix.split_first_chunk::<2>() else { return Verdict::More };
    let length = usize::from(u16::from_be_bytes([high, low]));
    let Some(header) = message.get(..12) else { return if length < 12 { Verdict::Unknown } else { Verdict::More } };
    if length >= 12 && super::dns::plausible(header, length) { Verdict::Found(Found::Dns) } else { Verdict::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(prefix: &[u8]) -> Verdict {
        sniff(Direction::Sent, prefix, 80, true)
    }

    #[test]
    fn first_bytes_name_the_protocol() {
        assert_eq!(sent(b"GET /"), Verdict::Found(Found::Http1));
        assert_eq!(sent(b"GET"), Verdict::More);
        assert_eq!(sent(b"GET key\r\n"), Verdict::Unknown);
        assert_eq!(sent(b"GET ../etc/passwd HTTP/1.0\r\n"), Verdict::Found(Found::Http1));
        assert_eq!(sent(b"GET  HTTP/1.1\r\n"), Verdict::Found(Found::Http1));
        assert_eq!(sent(b"BREW /pot HTTP/1.1\r\n"), Verdict::Found(Found::Http1));
        assert_eq!(sent(b"DESCRIBE rtsp://h/ RTSP/1.0\r\n"), Verdict::Unknown);
        assert_eq!(sent(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Verdict::Found(Found::Http2));
        assert_eq!(sent(b"PRI * HTTP/2.0\r\n"), Verdict::More);
        assert_eq!(sent(&[22, 3, 1, 2, 0, 1]), Verdict::Found(Found::Tls));
        assert_eq!(sent(&[22, 3, 1]), Verdict::More);
        assert_eq!(sent(&[22, 3, 9]), Verdict::Unknown);
        assert_eq!(sniff(Direction::Received, b"HTTP/1.1 200", 80, true), Verdict::Found(Found::Http1));
        assert_eq!(sniff(Direction::Received, b"220 mail", 25, true), Verdict::Unknown);
    }

    #[test]
    fn a_request_line_is_found_behind_a_body_without_line_feed() {
        let bytes = b"\"a\":1}POST /next HTTP/1.1\r\nHost: a\r\n";
        assert_eq!(find_start(Direction::Sent, bytes, 0, 0), Some(6));
        // A form ends in a letter. Of two methods, the one that is no part of a word; else the whole one.
        assert_eq!(find_start(Direction::Sent, b"id=abcPOST /next HTTP/1.1\r\n", 0, 0), Some(6));
        assert_eq!(find_start(Direction::Sent, b"GET /x?forGET / HTTP/1.1\r\n", 0, 0), Some(0));
        assert_eq!(find_start(Direction::Sent, b"abcUNLINK /next HTTP/1.1\r\n", 0, 0), Some(3));
        assert_eq!(find_start(Direction::Received, b"xxHTTP/1.1 204 No", 0, 0), Some(2));
        assert_eq!(find_start(Direction::Sent, b"speaks HTTP/1.1\r\n", 0, 0), None);
    }
}
