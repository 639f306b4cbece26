//! The PROXY protocol (HAProxy, "The PROXY protocol, versions 1 & 2"): a head in front of a connection, in which a
//! load balancer or a forwarder says whose connection it is. What follows is the connection.

/// Longest head of version 1 (§2.1), with its line end.
const LINE_LIMIT: usize = 107;
/// What version 2 begins with (§2.2).
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// What the first bytes of a client say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// There is no such head.
    None,
    /// It depends on bytes that are not here yet.
    More,
    /// A head of this many bytes.
    Whole(usize),
}

/// Looks for a head at the start of `prefix`.
pub(super) fn head(prefix: &[u8]) -> Head {
    match prefix.first() {
        Some(b'P') => line(prefix),
        Some(b'\r') => binary(prefix),
        _ => Head::None,
    }
}

/// `PROXY TCP4 192.0.2.7 203.0.113.5 51234 443`.
fn line(prefix: &[u8]) -> Head {
    const WORD: &[u8] = b"PROXY ";
    let seen = prefix.len().min(WORD.len());
    if prefix.get(..seen) != WORD.get(..seen) {
        return Head::None;
    }
    let within = prefix.get(..prefix.len().min(LINE_LIMIT)).unwrap_or_default();
    match memchr::memmem::find(within, b"\r\n") {
        Some(end) if is_line(prefix.get(WORD.len()..end).unwrap_or_default()) => Head::Whole(end + 2),
        None if within.len() < LINE_LIMIT => Head::More,
        _ => Head::None,
    }
}

/// A family, two addresses and two ports, or nothing that is known.
fn is_line(words: &[u8]) -> bool {
    let mut words = words.split(|b| *b == b' ');
    match words.next() {
        Some(b"UNKNOWN") => true,
        Some(b"TCP4" | b"TCP6") => words.count() == 4,
        _ => false,
    }
}

/// Signature, version and command, family, length, and so many bytes.
fn binary(prefix: &[u8]) -> Head {
    let seen = prefix.len().min(SIGNATURE.len());
    if prefix.get(..seen) != SIGNATURE.get(..seen) {
        return Head::None;
    }
    let Some(&[command, _, high, low]) = prefix.get(SIGNATURE.len()..).and_then(|rest| rest.first_chunk::<4>()) else {
        return Head::More;
    };
    let length = SIGNATURE.len() + 4 + usize::from(u16::from_be_bytes([high, low]));
    match command {
        0x20 | 0x21 if prefix.len() >= length => Head::Whole(length),
        0x20 | 0x21 => Head::More,
        _ => Head::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_both_versions() {
        let line = b"PROXY TCP4 192.0.2.7 203.0.113.5 51234 443\r\n";
        assert_eq!(head(line), Head::Whole(line.len()));
        assert_eq!(head(b"PROXY UNKNOWN\r\nGET /"), Head::Whole(15));
        let mut binary = SIGNATURE.to_vec();
        binary.extend([0x21, 0x11, 0, 12]);
        assert_eq!(head(&binary), Head::More);
        binary.extend([0; 12]);
        binary.extend(b"GET /");
        assert_eq!(head(&binary), Head::Whole(28));
        for prefix in [&b"PRO"[..], b"\r\n\r\n", b"PROXY TCP4 192.0.2.7"] {
            assert_eq!(head(prefix), Head::More);
        }
        for prefix in [&b"POST / HTTP/1.1\r\n"[..], b"PROXY /x HTTP/1.1\r\n", b"\r\n\r\nGET", b""] {
            assert_eq!(head(prefix), Head::None);
        }
    }
}
