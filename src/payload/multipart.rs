//! `multipart/*` bodies (RFC 2046 §5.1), form data (RFC 7578) above all.

use bytes::Bytes;
use memchr::memmem;

use super::budget::{self, Budget};
use super::clue::Clue;
use super::form::numbered;
use super::walk::{Input, Inside, Opener, Opening, may_be_value};
use super::{base64, percent, quoted_printable, sense};

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
        parts.extend(part(input.bytes, content, &mut names, budget).unwrap_or_default());
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
) -> Option<Vec<Inside>> {
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
    let mut parts = said(&head, argument.as_deref().unwrap_or_default(), header("content-disposition").as_deref());
    parts.push(Inside {
        argument,
        key: name,
        bytes: bytes.unwrap_or_else(|| source.slice_ref(content)),
        declared: header("content-type"),
        ..Inside::default()
    });
    Some(parts)
}

/// What the head of a part says beside the name of its field: the name of its file, and headers
/// that a sender made up. Ordinary ones say nothing of anyone.
fn said(head: &str, field: &str, disposition: Option<&str>) -> Vec<Inside> {
    /// Headers of one part that are looked at.
    const HEADERS: usize = 16;
    let part = |what: &str, value: &str| Inside {
        argument: Some(format!("{field} {what}").trim().to_owned()),
        key: Some(what.to_owned()),
        bytes: Bytes::copy_from_slice(value.as_bytes()),
        ..Inside::default()
    };
    let file = disposition.and_then(|d| {
        // `filename*=UTF-8''%E6%AC%A7` (RFC 8187 §3.2) says more than the plain one beside it.
        let extended = parameter(d, "filename*").and_then(|value| {
            let encoded = value.splitn(3, '\'').nth(2)?.as_bytes().to_vec();
            String::from_utf8(percent::decode(&encoded).map_or(encoded, |d| d.to_vec())).ok()
        });
        extended.or_else(|| parameter(d, "filename"))
    });
    let file = file.filter(|name| may_be_value(name)).map(|name| part("filename", &name));
    let headers = head.lines().filter_map(|line| line.split_once(':')).take(HEADERS);
    let own = headers.filter(|(name, value)| {
        !name.trim().get(..8).is_some_and(|n| n.eq_ignore_ascii_case("content-")) && !value.trim().is_empty()
    });
    own.map(|(name, value)| part(&name.trim().to_ascii_lowercase(), value.trim())).chain(file).collect()
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
