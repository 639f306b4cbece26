//! Heads of HTTP/1 messages: start line and fields.

use bytes::Bytes;

/// Longest head. Servers take 8 KiB (nginx, Apache) to 64 KiB (IIS' and Tomcat's settings).
pub const HEAD_LIMIT: usize = 64 << 10;

/// Most fields of a head; Apache takes 100, nginx has no limit of its own.
pub const FIELDS_LIMIT: usize = 256;

/// Fields in order, names as sent.
pub type Fields = Vec<(String, Bytes)>;

/// A start line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Of a request.
    Request {
        /// As sent.
        method: String,
        /// As sent.
        target: String,
    },
    /// Of a response.
    Status(u16),
}

/// A head that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Start line.
    pub start: Start,
    /// HTTP/1.0 rather than 1.1 or later.
    pub is_10: bool,
    /// Fields.
    pub fields: Fields,
    /// There were more than [`FIELDS_LIMIT`].
    pub fields_cut: bool,
}

/// Where the head at the start of `bytes` ends, after its empty line. `from` is how
/// far an earlier call looked. Lines may end in LF alone (RFC 9112 §2.2).
pub fn end(bytes: &[u8], from: usize) -> Option<usize> {
    // The empty line may have begun up to three bytes before what was looked at.
    let from = from.saturating_sub(3);
    memchr::memchr_iter(b'\n', bytes.get(from..)?).find_map(|at| {
        let line_end = from + at + 1;
        match bytes.get(line_end..)? {
            [b'\n', ..] => Some(line_end + 1),
            [b'\r', b'\n', ..] => Some(line_end + 2),
            _ => None,
        }
    })
}

/// Reads a head. What a strict reader refuses (folded lines, a space in the target,
/// control characters in a value) is read line by line, because a server took it too.
pub fn parse(bytes: &[u8], request: bool) -> Option<Head> {
    if request { strict_request(bytes) } else { strict_response(bytes) }.or_else(|| lenient(bytes, request))
}

/// Reads of a head that is cut what is certain, and says how many bytes that is: its whole lines; of a start line
/// that is cut itself, the method and the target, or the status, which a space or the line's end ends.
pub fn parse_cut(bytes: &[u8], request: bool) -> Option<(Head, usize)> {
    let (lines, taken) = match memchr::memrchr(b'\n', bytes) {
        // A cut line is no evidence of what stood there.
        Some(last) => (bytes.get(..=last)?.to_vec(), last + 1),
        None => (completed(bytes, request)?, bytes.len()),
    };
    Some((parse(&[lines.as_slice(), b"\r\n"].concat(), request)?, taken))
}

/// A start line that is cut in what says the least: in the version behind a target, in the words behind a status.
fn completed(line: &[u8], request: bool) -> Option<Vec<u8>> {
    const VERSION: &[u8] = b"HTTP/1.1\r";
    if request {
        let space = memchr::memrchr(b' ', line)?;
        let (target, version) = line.split_at_checked(space)?;
        let version = version.trim_ascii_start();
        let is_version = VERSION.starts_with(version) || b"HTTP/1.0\r".starts_with(version);
        (is_version && target.contains(&b' ')).then(|| [target, b" ", VERSION, b"\n"].concat())
    } else {
        let [version @ .., b' ', a, b, c, b' ' | b'\r'] = line.get(..13)? else { return None };
        let digits = [a, b, c].iter().all(|digit| digit.is_ascii_digit());
        (digits && version.starts_with(b"HTTP/1.")).then(|| [line, b"\n"].concat())
    }
}

fn fields(parsed: &[httparse::Header<'_>]) -> Fields {
    parsed.iter().map(|field| (field.name.to_owned(), Bytes::copy_from_slice(field.value))).collect()
}

fn strict_request(bytes: &[u8]) -> Option<Head> {
    let mut slots = [httparse::EMPTY_HEADER; FIELDS_LIMIT];
    let mut request = httparse::Request::new(&mut slots);
    if !request.parse(bytes).ok()?.is_complete() {
        return None;
    }
    let start = Start::Request { method: request.method?.to_owned(), target: request.path?.to_owned() };
    Some(Head { start, is_10: request.version? == 0, fields: fields(request.headers), fields_cut: false })
}

fn strict_response(bytes: &[u8]) -> Option<Head> {
    let mut slots = [httparse::EMPTY_HEADER; FIELDS_LIMIT];
    let mut response = httparse::Response::new(&mut slots);
    if !response.parse(bytes).ok()?.is_complete() {
        return None;
    }
    let start = Start::Status(response.code?);
    Some(Head { start, is_10: response.version? == 0, fields: fields(response.headers), fields_cut: false })
}

fn lenient(bytes: &[u8], request: bool) -> Option<Head> {
    let mut lines = bytes.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let line = String::from_utf8_lossy(lines.next()?);
    let (start, version) = if request {
        let (method, rest) = line.split_once(' ')?;
        let (target, version) = rest.trim_end().rsplit_once(' ')?;
        (Start::Request { method: method.to_owned(), target: target.trim().to_owned() }, version.to_owned())
    } else {
        let (version, rest) = line.split_once(' ')?;
        (Start::Status(rest.trim_start().get(..3)?.parse().ok()?), version.to_owned())
    };
    let minor = version.strip_prefix("HTTP/1.")?;
    let (fields, fields_cut) = lenient_fields(lines);
    Some(Head { start, is_10: minor == "0", fields, fields_cut })
}

/// Reads fields line by line: `name: value`, continued by lines that begin with white space.
fn lenient_fields<'a>(lines: impl Iterator<Item = &'a [u8]>) -> (Fields, bool) {
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    let mut cut = false;
    for line in lines.filter(|line| !line.is_empty()) {
        if let ([b' ' | b'\t', ..], Some((_, value))) = (line, fields.last_mut()) {
            // A fold stands for one space (RFC 9112 §5.2).
            value.push(b' ');
            value.extend_from_slice(line.trim_ascii());
            continue;
        }
        if fields.len() >= FIELDS_LIMIT {
            cut = true;
            break;
        }
        let (name, value) = match line.iter().position(|&b| b == b':') {
            Some(colon) => line.split_at_checked(colon).unwrap_or((line, b"")),
            // Not a field; kept, because it was sent and may hold what is looked for.
            None => (b"".as_slice(), line),
        };
        let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
        fields.push((String::from_utf8_lossy(name.trim_ascii()).into_owned(), value.to_vec()));
    }
    (fields.into_iter().map(|(name, value)| (name, Bytes::from(value))).collect(), cut)
}

/// Reads the trailer section after a chunked body, its last empty line included.
pub fn trailers(bytes: &[u8]) -> Fields {
    let lines = bytes.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lenient_fields(lines).0
}

/// The first value of a field, as text.
pub fn field<'a>(fields: &'a [(String, Bytes)], name: &str) -> Option<std::borrow::Cow<'a, str>> {
    fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| String::from_utf8_lossy(value))
}

/// All elements of a list field (RFC 9110 §5.6.1), lower case, without parameters.
pub fn list(fields: &[(String, Bytes)], name: &str) -> Vec<String> {
    fields
        .iter()
        .filter(|(known, _)| known.eq_ignore_ascii_case(name))
        .flat_map(|(_, value)| {
            let value = String::from_utf8_lossy(value);
            let elements =
                value.split(',').map(|e| e.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
            elements.filter(|e| !e.is_empty()).collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_end_at_an_empty_line_of_either_kind() {
        assert_eq!(end(b"GET / HTTP/1.1\r\n\r\nrest", 0), Some(18));
        assert_eq!(end(b"GET / HTTP/1.1\n\nrest", 0), Some(16));
        assert_eq!(end(b"GET / HTTP/1.1\r\n\r", 0), None);
        assert_eq!(end(b"GET / HTTP/1.1\r\n\r\nrest", 17), Some(18));
    }

    #[test]
    fn what_a_strict_reader_refuses_is_read_all_the_same() {
        let head = parse(b"GET /a b?c HTTP/1.0\nX: 1\n  2\n\tthree\nHost : h\nodd\n\n", true).unwrap();
        assert_eq!(head.start, Start::Request { method: "GET".into(), target: "/a b?c".into() });
        assert!(head.is_10);
        let fields: Vec<(&str, &[u8])> = head.fields.iter().map(|(n, v)| (n.as_str(), &v[..])).collect();
        assert_eq!(fields, [("X", &b"1 2 three"[..]), ("Host", b"h"), ("", b"odd")]);
        let empty = Start::Request { method: "GET".into(), target: String::new() };
        assert_eq!(parse(b"GET  HTTP/1.1\r\n\r\n", true).unwrap().start, empty);
        assert_eq!(parse(b"HTTP/1.1 200\r\n\r\n", false).unwrap().start, Start::Status(200));
        assert_eq!(parse(b"HTTP/1.1 OK\r\n\r\n", false), None);
    }

    #[test]
    fn of_a_cut_head_what_is_certain_is_read() {
        let read = |bytes: &[u8], request| {
            parse_cut(bytes, request).map(|(head, taken)| (head.start, head.fields.len(), taken))
        };
        let get = || Start::Request { method: "GET".into(), target: "/a?b=1".into() };
        assert_eq!(read(b"GET /a?b=1 HTTP/1.1\r\nHost: h\r\nAcc", true), Some((get(), 1, 30)));
        for cut in [&b"GET /a?b=1 "[..], b"GET /a?b=1 H", b"GET /a?b=1 HTTP/1.0", b"GET /a?b=1 HTTP/1.1\r"] {
            assert_eq!(read(cut, true), Some((get(), 0, cut.len())));
        }
        // How the target goes on, or whether the word behind it belongs to it, is not known.
        for cut in [&b"GET /a?b=1"[..], b"GET ", b"GET", b"GET /a?b=1 c", b""] {
            assert_eq!(read(cut, true), None);
        }
        for cut in [&b"HTTP/1.1 404 "[..], b"HTTP/1.1 404\r", b"HTTP/1.0 404 Not F"] {
            assert_eq!(read(cut, false), Some((Start::Status(404), 0, cut.len())));
        }
        for cut in [&b"HTTP/1.1 404"[..], b"HTTP/1.1 40", b"HTTP/1.1 4041", b"ICY 200 OK at al"] {
            assert_eq!(read(cut, false), None);
        }
    }

    #[test]
    fn the_number_of_fields_is_bounded() {
        let mut bytes = b"GET / HTTP/1.1\r\n".to_vec();
        (0..FIELDS_LIMIT + 5).for_each(|n| bytes.extend_from_slice(format!("a{n}: b\r\n").as_bytes()));
        bytes.extend_from_slice(b"\r\n");
        let head = parse(&bytes, true).unwrap();
        assert!(head.fields_cut);
        assert_eq!(head.fields.len(), FIELDS_LIMIT);
    }
}
