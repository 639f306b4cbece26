//! `multipart/*` bodies (RFC 2046 §5.1), form data (RFC 7578) above all.

use bytes::Bytes;
use memchr::memmem;

use super::budget::{self, Budget};
use super::clue::Clue;
use super::form::numbered;
use super::walk::{Input, Inside, Opener, Opening};
use super::{base64, quoted_printable, sense};

pub(super) const MULTIPART: Opener = Opener { name: "multipart", clue: Clue::Told, open };

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let declared = input.declared.filter(|d| d.trim_start().to_ascii_lowercase().starts_with("multipart/"));
    let boundary = match declared.and_then(|d| parameter(d, "boundary")) {
        Some(boundary) => boundary,
        // Undeclared: a body whose first line is a boundary and whose second a header.
        None => sniff(input)?,
    };
    let delimiter = format!("--{boundary}");
    let mut parts: Vec<Inside> = Vec::new();
    let mut names = std::collections::BTreeMap::<String, u32>::new();
    let mut rest = &input.bytes[..];
    rest = rest.get(memmem::find(rest, delimiter.as_bytes())? + delimiter.len()..)?;
    while !rest.starts_with(b"--") {
        if parts.len() >= budget::FIELDS {
            budget.reach("parts of one multipart body", budget::FIELDS);
            break;
        }
        let end = memmem::find(rest, format!("\n{delimiter}").as_bytes());
        let content = rest.get(..end.unwrap_or(rest.len()))?;
        if let Some(part) = part(input.bytes, content, &mut names, budget) {
            parts.push(part);
        }
        // A body that ends without its last delimiter is cut; its last part is what is left.
        let Some(end) = end else { break };
        rest = rest.get(end + 1 + delimiter.len()..)?;
    }
    (!parts.is_empty()).then_some(Opening { parts, keep: false })
}

/// Headers, an empty line, the content.
fn part(
    source: &Bytes,
    part: &[u8],
    names: &mut std::collections::BTreeMap<String, u32>,
    budget: &mut Budget,
) -> Option<Inside> {
    let (head, content) = [&b"\r\n\r\n"[..], b"\n\n"]
        .iter()
        .filter_map(|blank| memmem::find(part, blank).map(|at| (at, at + blank.len())))
        .min()
        .and_then(|(end, start)| Some((part.get(..end)?, part.get(start..)?)))?;
    let content = content.strip_suffix(b"\r").unwrap_or(content);
    let head = String::from_utf8_lossy(head);
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let name = header("content-disposition").and_then(|d| parameter(&d, "name"));
    let bytes = match header("content-transfer-encoding").map(|e| e.to_ascii_lowercase()).as_deref() {
        Some("base64") => base64::decode(content),
        Some("quoted-printable") => quoted_printable::decode(content),
        _ => None,
    };
    let bytes = bytes.filter(|d| budget.bytes(d.len())).map(Bytes::from);
    let argument = name.as_ref().map(|name| {
        let count = names.entry(name.clone()).or_default();
        *count += 1;
        numbered(name, *count - 1)
    });
    Some(Inside {
        argument,
        key: name,
        bytes: bytes.unwrap_or_else(|| source.slice_ref(content)),
        declared: header("content-type"),
        ..Inside::default()
    })
}

/// A parameter of a header value, quotes taken off.
fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        let value = value.trim();
        let value = value.strip_prefix('"').and_then(|v| v.split('"').next()).unwrap_or(value);
        (key.trim().eq_ignore_ascii_case(name) && !value.is_empty()).then(|| value.to_owned())
    })
}

fn sniff(input: &Input<'_>) -> Option<String> {
    /// RFC 2046 §5.1.1: a boundary has 70 characters at most.
    const BOUNDARY: usize = 70;
    if !input.body {
        return None;
    }
    let line = input.bytes.strip_prefix(b"--")?;
    let end = line.iter().take(BOUNDARY + 2).position(|b| *b == b'\n')?;
    let (boundary, rest) = (line.get(..end)?, line.get(end + 1..)?);
    let boundary = boundary.strip_suffix(b"\r").unwrap_or(boundary);
    let header = rest.get(..8).is_some_and(|h| h.eq_ignore_ascii_case(b"content-"));
    (header && !boundary.is_empty() && sense::is_text(boundary)).then(|| String::from_utf8_lossy(boundary).into_owned())
}
