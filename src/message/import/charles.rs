//! What both forms of a Charles session have in common: the JSON of a transaction.
//!
//! Charles decodes bodies before it saves them and keeps the header that says how they were
//! coded. A host that it was not told to decrypt is one transaction, a tunnel. mitmproxy writes
//! the same JSON (`save.charles`, `mitmproxy/addons/savecharles.py`), and with it what WebSockets
//! carried: in what form Charles itself does is not known.

use std::net::IpAddr;

use bytes::Bytes;
use serde_json::Value;

use super::emit::{Body, UNKNOWN};
use super::exchange::{Exchange, Frame, Half, Tunnel, address, exchange, tunnel};
use super::har::body::{self, Reading, text};
use super::har::entry;
use crate::evidence::{Direction, Gap, GapReason, Time};
use crate::message::{Item, Options, Protocol, authority};

/// A transaction of a session.
pub struct Transaction<'t> {
    pub input: u32,
    pub number: u64,
    /// Where it lies in the input.
    pub pointer: String,
    pub value: &'t Value,
    pub reading: Reading,
    /// Of transactions that have none.
    pub last: Time,
}

/// The body of a half of a transaction by the half's name, and its length as told; what cannot
/// be read goes to the sink.
pub type BodyOf<'a> = dyn FnMut(&str, u64, &mut dyn FnMut(Item)) -> Option<Body> + 'a;

/// Hands on the messages of `transaction`, whose bodies `of` knows by the name of their half
/// (`None`: they stand in the JSON), and returns its time.
pub fn transaction(
    transaction: &Transaction<'_>,
    of: &mut BodyOf<'_>,
    options: &Options,
    sink: &mut dyn FnMut(Item),
) -> Option<Time> {
    let Transaction { input, number, pointer, value, reading, last } = transaction;
    let (Some(host), Some(method)) = (text(value, "host"), text(value, "method")) else {
        let detail = "transactions without a host or a method";
        sink(Item::Gap(Gap::new(GapReason::DamagedInput, pointer.clone(), detail)));
        return None;
    };
    let times = value.get("times").unwrap_or(&Value::Null);
    let started = time(times, "start").or_else(|| time(times, "requestBegin"));
    if started.is_none() {
        let detail = "transactions without a time; that of the one before is taken";
        sink(Item::Gap(Gap::new(GapReason::LossyImport, pointer.clone(), detail)));
    }
    let begun = started.unwrap_or(*last);
    let client: IpAddr = text(value, "clientAddress").and_then(address).unwrap_or(UNKNOWN);
    let server = text(value, "remoteAddress").and_then(address);
    let port = ["actualPort", "port"].iter().find_map(|key| value.get(key)?.as_u64()).map(|port| format!(":{port}"));
    // An IPv6 address as a host.
    let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    let to = format!("{host}{}", port.unwrap_or_default());
    if value.get("tunnel").and_then(Value::as_bool) == Some(true) || method.eq_ignore_ascii_case("CONNECT") {
        let refused = text(value, "errorMessage").is_some_and(|error| error.contains("with client"));
        let (number, pointer, protocol) = (*number, pointer.clone(), Protocol::Tls);
        let reason = if refused { GapReason::Pinned } else { GapReason::NoKey };
        let sent = size(value.get("request"));
        let closed =
            Tunnel { number, pointer, time: begun, authority: to, client, server, app: None, sent, protocol, reason };
        tunnel(*input, closed, options, sink);
        return started;
    }
    let frames = value.get("webSocketMessages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if value.get("webSocket").and_then(Value::as_bool) == Some(true) && frames.is_empty() {
        let detail = "WebSockets of which the messages are not read from a Charles session; its HAR has them";
        sink(Item::Gap(Gap::new(GapReason::LossyImport, pointer.clone(), detail)));
    }
    let version = text(value, "protocolVersion").unwrap_or_default().to_owned();
    let mut half = |name: &str, time: Time, sink: &mut dyn FnMut(Item)| {
        let half = value.get(name).filter(|half| half.is_object())?;
        let headers = headers(half, *reading);
        let announced = size(Some(half));
        let body = of(name, announced, sink).unwrap_or_else(|| in_json(half, announced, &headers, *reading));
        let pointer = format!("{pointer}/{name}");
        Some(Half { pointer, time, version: version.clone(), headers, body })
    };
    let response_time = time(times, "responseBegin").or_else(|| time(times, "end")).unwrap_or(begun);
    let request = half("request", begun, sink);
    let status = value.get("response").and_then(|response| response.get("status")).and_then(Value::as_u64);
    let status = status.and_then(|status| u16::try_from(status).ok()).filter(|status| *status > 0);
    let response = status.and_then(|status| Some((status, half("response", response_time, sink)?)));
    let request = request.unwrap_or_else(|| Half {
        pointer: format!("{pointer}/request"),
        time: begun,
        version: version.clone(),
        headers: Vec::new(),
        body: Body::none(),
    });
    let query = text(value, "query").filter(|query| !query.is_empty()).map(|query| format!("?{query}"));
    let path = text(value, "path").unwrap_or("/");
    let scheme = text(value, "scheme").unwrap_or_default();
    let url = format!("{scheme}://{to}{path}{}", query.unwrap_or_default());
    let (number, method) = (*number, method.to_owned());
    debug_assert!(authority::host(&to).is_some() || host.is_empty());
    let sockets: Vec<Frame> =
        frames.iter().enumerate().filter_map(|(at, frame)| socket(frame, at, transaction, begun, sink)).collect();
    let both = Exchange { number, method, url, wire: None, client, server, app: None, request, response, sockets };
    exchange(*input, both, options, sink);
    started
}

/// A message of a WebSocket, as mitmproxy writes it: `type` is `Send` or `Receive`, `opcode` that of RFC 6455 §11.8,
/// `data` text, or base64 where it is `binary`.
fn socket(
    frame: &Value,
    at: usize,
    transaction: &Transaction<'_>,
    begun: Time,
    sink: &mut dyn FnMut(Item),
) -> Option<Frame> {
    let pointer = format!("{}/webSocketMessages/{at}", transaction.pointer);
    let direction = match text(frame, "type").unwrap_or_default().to_ascii_lowercase().as_str() {
        "send" => Some(Direction::Sent),
        "receive" => Some(Direction::Received),
        _ => None,
    };
    let (Some(direction), Some(data)) = (direction, text(frame, "data")) else {
        let detail = "messages of WebSockets in a form that is not known";
        sink(Item::Gap(Gap::new(GapReason::LossyImport, pointer, detail)));
        return None;
    };
    let binary = frame.get("binary").and_then(Value::as_bool) == Some(true);
    let opcode = if binary { "binary" } else { "text" };
    let body = body::of_frame(data, binary, transaction.reading);
    Some(Frame { pointer, direction, time: time(frame, "time").unwrap_or(begun), opcode, body })
}

fn time(times: &Value, key: &str) -> Option<Time> {
    match times.get(key)? {
        Value::String(stamp) => entry::time(stamp),
        Value::Number(milliseconds) => super::emit::seconds(milliseconds.as_f64()? / 1000.0),
        _ => None,
    }
}

/// Bytes of a body as they crossed the wire.
fn size(half: Option<&Value>) -> u64 {
    half.and_then(|half| half.get("sizes")?.get("body")?.as_u64()).unwrap_or(0)
}

fn headers(half: &Value, reading: Reading) -> Vec<(String, Bytes)> {
    let fields = half.get("header").and_then(|header| header.get("headers")).and_then(Value::as_array);
    let fields = fields.map(Vec::as_slice).unwrap_or_default();
    fields
        .iter()
        .filter(|field| !text(field, "name").unwrap_or_default().starts_with(':'))
        .filter_map(|field| {
            let value = text(field, "value").unwrap_or_default();
            Some((text(field, "name")?.to_owned(), body::bytes_of(value, reading).into()))
        })
        .collect()
}

/// A body that stands in the JSON: as text, which Charles decoded with the charset that it
/// names, or in base64.
fn in_json(half: &Value, announced: u64, headers: &[(String, Bytes)], reading: Reading) -> Body {
    let body = half.get("body").unwrap_or(&Value::Null);
    if let Some(encoded) = text(body, "encoded").filter(|encoded| !encoded.is_empty()) {
        return body::of_frame(encoded, true, reading);
    }
    match text(body, "text") {
        Some(written) if !written.is_empty() => {
            // What crossed the wire is the proof of its form only where it was not coded.
            let coded = text(half, "contentEncoding").is_some_and(|coding| !coding.is_empty());
            let proof = Some(announced).filter(|length| !coded && *length > 0);
            let named = text(half, "charset").or_else(|| text(body, "charset"));
            body::of_text(written, named, proof, headers, reading)
        }
        // Chunks are a body, how long nobody says.
        _ => {
            let chunked = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("transfer-encoding"));
            body::elsewhere(announced, body::LEFT_OUT, chunked && body.is_null())
        }
    }
}
