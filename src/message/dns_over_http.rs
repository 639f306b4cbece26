//! DNS over HTTPS: the DNS message in an HTTP one.
//!
//! Three forms: `application/dns-message` as a body (RFC 8484 §4.1), the same in the
//! variable `dns` of a GET, and the JSON that public resolvers answer a GET with
//! (`/resolve?name=…`; Google, Cloudflare and Alibaba write it alike).

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{Dns, Kind, Message, Protocol, content, dns};
use crate::evidence::{Direction, sha256_hex};

/// The media type of RFC 8484 §6.
const MESSAGE_TYPE: &str = "application/dns-message";

/// Ends of the paths that JSON resolvers are asked at (Google and Alibaba; Cloudflare).
const JSON_PATHS: [&str; 2] = ["/resolve", "/dns-query"];

/// Bytes of a body that is read as DNS: the wire form ends at 65,535 (RFC 8484 §6), and
/// its JSON is some four times as long.
const BODY_LIMIT: usize = 256 << 10;

/// Answers kept of a JSON response, as many as `dns` keeps of a message.
pub(super) const ANSWERS_KEPT: usize = 4096;

/// Longest name in text (RFC 1035 §2.3.4), escapes not counted.
pub(super) const NAME_LIMIT: usize = 255;

/// The DNS message that `message` carries. It has the frames and the exchange of the HTTP
/// message, which is handed on as well and alone counts the bytes on the wire.
pub(super) fn inside(message: &Message) -> Option<Message> {
    if message.incomplete.is_some() {
        return None;
    }
    let (dns, body) = match &message.kind {
        Kind::Request { method, target } if message.direction == Direction::Sent => request(message, method, target)?,
        Kind::Response { .. } => response(message)?,
        _ => return None,
    };
    Some(carried(message, dns, body))
}

/// A DNS message that lies in an HTTP message.
pub(super) fn carried(message: &Message, dns: Dns, body: Bytes) -> Message {
    Message {
        time: message.time,
        direction: message.direction,
        protocol: Protocol::Dns,
        kind: Kind::Dns(dns),
        host: message.host.clone(),
        sni: message.sni.clone(),
        alpn: None,
        first: false,
        certificate_names: message.certificate_names.clone(),
        client: message.client,
        server: message.server,
        port: message.port,
        authority: None,
        service: None,
        headers: Vec::new(),
        body_len: body.len() as u64,
        // Empty where hashes are not wanted.
        body_sha256: if message.body_sha256.is_empty() { String::new() } else { sha256_hex(&body) },
        body,
        incomplete: None,
        wire: message.wire,
        opened: true,
        doubtful: message.doubtful,
        app: message.app.clone(),
        exchange: message.exchange,
        wire_bytes: 0,
        lost_bytes: 0,
        place: message.place.clone(),
    }
}

fn request(message: &Message, method: &str, target: &str) -> Option<(Dns, Bytes)> {
    if has(message, "content-type", MESSAGE_TYPE) {
        return wire(message).filter(|(dns, _)| !dns.response);
    }
    if method != "GET" {
        return None;
    }
    let (path, query) = target.split_once('?')?;
    if let Some(coded) = variable(query, "dns") {
        // Padding is not allowed (RFC 8484 §6), and sent all the same.
        let bytes = Bytes::from(BASE64URL_NOPAD.decode(coded.trim_end_matches('=').as_bytes()).ok()?);
        let dns = dns::parse(&bytes).filter(|dns| !dns.response)?;
        return Some((dns, bytes));
    }
    let name = variable(query, "name").filter(|name| name.len() <= NAME_LIMIT)?;
    let asks_json = has(message, "accept", "application/dns-json") || JSON_PATHS.iter().any(|end| path.ends_with(end));
    let dns = Dns { names: vec![plain(&name)], answers: Vec::new(), response: false };
    (asks_json && is_host(&name)).then_some((dns, Bytes::new()))
}

fn response(message: &Message) -> Option<(Dns, Bytes)> {
    if has(message, "content-type", MESSAGE_TYPE) {
        return wire(message).filter(|(dns, _)| dns.response);
    }
    let named = has(message, "content-type", "application/dns-json");
    if !named && !has(message, "content-type", "application/json") {
        return None;
    }
    let body = body(message)?;
    // Other JSON is not worth parsing.
    memchr::memmem::find(&body, b"\"Question\"")?;
    Some((json(&serde_json::from_slice(&body).ok()?)?, body))
}

/// A body in wire form.
fn wire(message: &Message) -> Option<(Dns, Bytes)> {
    let body = body(message)?;
    Some((dns::parse(&body)?, body))
}

/// The body without its codings, where it is short enough to be DNS.
pub(super) fn body(message: &Message) -> Option<Bytes> {
    if message.body.len() > BODY_LIMIT {
        return None;
    }
    let decoded = content::decode(message);
    (decoded.gap.is_none() && decoded.bytes.len() <= BODY_LIMIT).then_some(decoded.bytes)
}

/// Whether a header begins with this media type.
fn has(message: &Message, name: &str, media_type: &str) -> bool {
    let mut values = message.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    values.any(|(_, value)| {
        let value = value.trim_ascii_start();
        value.get(..media_type.len()).is_some_and(|start| start.eq_ignore_ascii_case(media_type.as_bytes()))
    })
}

/// The first value of a query's variable, percent-decoded.
pub(super) fn variable(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    percent_decode_str(value).decode_utf8().ok().map(|value| value.into_owned())
}

/// Text that can be a host name.
pub(super) fn is_host(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) && !name.is_empty()
}

/// A name in lower case, without the last dot.
pub(super) fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// A response in JSON: `Status`, one `Question` or a list of them, and `Answer`.
fn json(value: &Value) -> Option<Dns> {
    value.get("Status")?.as_u64()?;
    let questions = match value.get("Question")? {
        Value::Array(questions) => questions.iter().collect(),
        question => vec![question],
    };
    let name = |value: &Value| Some(plain(value.get("name")?.as_str()?));
    let names: Vec<String> = questions.into_iter().filter_map(name).collect();
    if names.is_empty() {
        return None;
    }
    let answers = value.get("Answer").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let answer = |answer: &Value| {
        let data = answer.get("data")?.as_str()?;
        let ttl = answer.get("TTL").and_then(Value::as_u64).and_then(|ttl| u32::try_from(ttl).ok());
        // IANA's numbers of the types that say what a name is reached at.
        let (kind, data) = match answer.get("type")?.as_u64()? {
            1 => ("A", data.parse::<std::net::Ipv4Addr>().ok()?.to_string()),
            28 => ("AAAA", data.parse::<std::net::Ipv6Addr>().ok()?.to_string()),
            5 => ("CNAME", plain(data)),
            12 => ("PTR", plain(data)),
            _ => return None,
        };
        Some((name(answer)?, kind.to_owned(), data, ttl.unwrap_or_default()))
    };
    let answers = answers.iter().filter_map(answer).take(ANSWERS_KEPT).collect();
    Some(Dns { names, answers, response: true })
}

#[cfg(test)]
mod tests;
