//! HTTP flows: a request, mostly a response, and the messages of a WebSocket after it.

use bytes::Bytes;

use super::connection::Connection;
use super::{HANDSHAKES, Importer};
use crate::evidence::{Direction, Gap, GapReason, Time};
use crate::message::import::emit::{self, Body, Part, emit, seconds};
use crate::message::import::tnetstring::Value;
use crate::message::{Item, Kind, Protocol, Wire, authority};

/// Bodies that the proxy passed on without keeping them.
const STREAMED: &str = "bodies that mitmproxy streamed and did not keep";

impl Importer<'_> {
    pub(super) fn http(&mut self, number: u64, flow: Value<'_>, connection: Connection, sink: &mut dyn FnMut(Item)) {
        let Some(request) = flow.known("request") else {
            let detail = "flows that cannot be read";
            sink(Item::Gap(Gap::new(GapReason::DamagedInput, format!("/{number}/request"), detail)));
            return;
        };
        let headers = fields(request);
        let protocol = protocol(request, &headers);
        let host = host(request, &headers, protocol).or_else(|| connection.asked.clone());
        let mut shared = self.shared(number, host, &connection);
        if let Some(port) = request.get("port").and_then(Value::integer).and_then(|port| u16::try_from(port).ok()) {
            shared.port = port;
        }
        // The proxy may be asked over a clear connection to fetch over an encrypted one.
        if text(request, "scheme").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")) {
            shared.wire = Wire::Encrypted;
        }
        let method = text(request, "method").unwrap_or_default();
        let first_of_stream = self.first_of(&connection);
        let started = time(request, "timestamp_start").unwrap_or(self.last);

        let target = target(request, &method);
        let kind = Kind::Request { method: method.clone(), target: target.clone() };
        let mut part = Part::new(format!("/{number}/request"), Direction::Sent, started, protocol, kind);
        part.body = body(request, &headers, false);
        part.headers = headers;
        if first_of_stream {
            (part.first, part.alpn) = (true, connection.alpn.clone());
        }
        emit(&shared, part, self.options, sink);

        let mut status = 0;
        if let Some(response) = flow.known("response") {
            let code = ["status_code", "code"].iter().find_map(|name| response.get(name)?.integer());
            status = code.and_then(|code| u16::try_from(code).ok()).unwrap_or(0);
            let headers = fields(response);
            let protocol = emit::protocol(&http_version(response), &headers);
            let bodiless = method == "HEAD" || method == "CONNECT" || matches!(status, 100..=199 | 204 | 304);
            let body = body(response, &headers, bodiless);
            let time = time(response, "timestamp_start").or_else(|| time(request, "timestamp_end")).unwrap_or(started);
            let pointer = format!("/{number}/response");
            let kind = Kind::Response { status, method: Some(method) };
            let part = Part { headers, body, ..Part::new(pointer, Direction::Received, time, protocol, kind) };
            emit(&shared, part, self.options, sink);
        }

        if let Some(websocket) = flow.known("websocket") {
            let at = format!("/{number}/websocket/messages");
            let messages = websocket.get("messages");
            self.frames(messages.into_iter().flat_map(Value::items), &at, &shared, (Some(&target), started), sink);
        }
        // Up to version 11 its messages are a flow of their own, which names this one.
        if status == 101
            && flow.get("websocket").is_none()
            && let Some(id) = flow.get("id").and_then(Value::bytes)
        {
            if self.handshakes.len() >= HANDSHAKES {
                self.handshakes.pop_first();
            }
            self.handshakes.insert(id.to_vec(), (shared, target));
        }
    }
}

/// Bytes or text, which many fields were before version 18 or after it.
fn text(of: Value<'_>, name: &str) -> Option<String> {
    let bytes = of.get(name)?.bytes()?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

fn time(of: Value<'_>, name: &str) -> Option<Time> {
    of.get(name)?.number().and_then(seconds)
}

/// `HTTP/1.1`; up to version 0.13 `[1, 1]`.
fn http_version(of: Value<'_>) -> String {
    if let Some(version) = text(of, "http_version") {
        return version.to_ascii_lowercase();
    }
    let parts = of.get("httpversion").into_iter().flat_map(Value::items).filter_map(Value::integer);
    parts.take(2).map(|part| part.to_string()).collect::<Vec<_>>().join(".")
}

fn protocol(of: Value<'_>, headers: &[(String, Bytes)]) -> Protocol {
    emit::protocol(&http_version(of), headers)
}

/// Header fields, and trailers after them.
fn fields(of: Value<'_>) -> Vec<(String, Bytes)> {
    let lists = ["headers", "trailers"].into_iter().filter_map(|name| of.known(name));
    let pairs = lists.flat_map(Value::items).filter_map(|field| {
        let mut parts = field.items();
        let (name, value) = (parts.next()?.bytes()?, parts.next()?.bytes()?);
        Some((String::from_utf8_lossy(name).into_owned(), Bytes::copy_from_slice(value)))
    });
    pairs.collect()
}

fn field<'h>(headers: &'h [(String, Bytes)], name: &str) -> Option<&'h str> {
    let (_, value) = headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(value).ok().map(str::trim).filter(|value| !value.is_empty())
}

/// `Host` in HTTP/1, `:authority` later, the other one where that is missing, and else
/// the name or address that the proxy was asked for.
fn host(request: Value<'_>, headers: &[(String, Bytes)], protocol: Protocol) -> Option<String> {
    let named = text(request, "authority").filter(|authority| !authority.is_empty());
    let field = field(headers, "host");
    let stated = match protocol {
        Protocol::Http10 | Protocol::Http11 => field.or(named.as_deref()),
        _ => named.as_deref().or(field),
    };
    let asked = text(request, "host");
    stated.and_then(authority::host).or_else(|| authority::host(&asked?))
}

fn target(request: Value<'_>, method: &str) -> String {
    if method == "CONNECT" {
        let (host, port) = (text(request, "host"), request.get("port").and_then(Value::integer));
        return format!("{}:{}", host.unwrap_or_default(), port.unwrap_or(443));
    }
    let path = text(request, "path").unwrap_or_default();
    if path.is_empty() { "/".to_owned() } else { path }
}

/// After the transfer coding, as it was on the wire. In version 0.14 and 0.15 it is under
/// a name of its own. A body that is null was not kept; one of no bytes is text of no bytes.
fn body(of: Value<'_>, headers: &[(String, Bytes)], bodiless: bool) -> Body {
    match ["content", "body"].iter().find_map(|name| of.known(name)?.bytes()) {
        Some(bytes) => Body::whole(bytes.to_vec()),
        None if bodiless => Body::none(),
        None => {
            let length = field(headers, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            Body { lossy: Some(STREAMED), ..Body::missing(length, STREAMED) }
        }
    }
}
