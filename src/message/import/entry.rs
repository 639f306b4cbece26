//! One entry of a HAR file to messages.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use serde_json::Value;

use crate::evidence::{Direction, Gap, GapReason, Place, Time, sha256_hex};
use crate::message::draft::BODY_KEPT;
use crate::message::{Item, Kind, Message, Options, Protocol, Wire, authority};

/// Fields of one head that are read; the same bound as on the wire.
const FIELDS_LIMIT: usize = 256;

/// Turns entries into messages.
pub(super) struct Importer<'a> {
    input: u32,
    options: &'a Options,
    /// Time of the last entry that had one.
    last: Time,
}

/// A body as an exporter wrote it.
struct Body {
    bytes: Bytes,
    length: u64,
    incomplete: Option<GapReason>,
}

/// What both messages of an entry share.
struct Shared<'a> {
    number: u64,
    host: Option<String>,
    server: IpAddr,
    port: u16,
    wire: Wire,
    app: Option<String>,
    entry: &'a Value,
}

impl<'a> Importer<'a> {
    pub fn new(input: u32, options: &'a Options) -> Self {
        Self { input, options, last: Time::default() }
    }

    /// Hands on the messages of entry `number` and returns its time.
    pub fn entry(&mut self, number: u64, entry: &Value, sink: &mut dyn FnMut(Item)) -> Option<Time> {
        let at = |part: &str| format!("/log/entries/{number}{part}");
        let request = entry.get("request");
        let url = request.and_then(|request| text(request, "url")).unwrap_or_default();
        let Some((scheme, authority, target)) = authority::split_absolute(&url) else {
            let local = ["data:", "blob:", "about:", "javascript:"].iter().any(|scheme| url.starts_with(scheme));
            if !local {
                let detail = "entries of a HAR file without an absolute url";
                sink(Item::Gap(Gap::new(GapReason::DamagedInput, at("/request/url"), detail)));
            }
            return None;
        };
        let (wire, port) = match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" => (Wire::Clear, 80),
            "https" | "wss" => (Wire::Encrypted, 443),
            // What a browser loads from itself (`chrome-extension:`, `file:`) crosses no network.
            _ => return None,
        };
        let started = text(entry, "startedDateTime").and_then(|stamp| time(&stamp));
        if started.is_none() {
            let detail = "entries of a HAR file without a time; that of the entry before is taken";
            sink(Item::Gap(Gap::new(GapReason::LossyImport, at("/startedDateTime"), detail)));
        }
        let started = started.unwrap_or(self.last);
        self.last = started;
        let server = text(entry, "serverIPAddress").and_then(|ip| ip.trim_matches(['[', ']', ' ']).parse().ok());
        if server.is_none() {
            let detail = "entries of a HAR file without the server's address";
            sink(Item::Gap(Gap::new(GapReason::LossyImport, at("/serverIPAddress"), detail)));
        }
        let shared = Shared {
            number,
            host: authority::host(authority),
            server: server.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            port: authority::port(authority).unwrap_or(port),
            wire,
            app: app(entry),
            entry,
        };
        let request = request.unwrap_or(&Value::Null);
        let target = target.split('#').next().unwrap_or_default().to_owned();
        self.request(&shared, request, started, target.clone(), sink);
        self.response(&shared, request, started, sink);
        self.websocket(&shared, started, &target, sink);
        Some(started)
    }

    fn request(&self, shared: &Shared<'_>, request: &Value, time: Time, target: String, sink: &mut dyn FnMut(Item)) {
        let method = text(request, "method").unwrap_or_default().into_owned();
        let headers = headers(request);
        let body = request_body(request, &headers);
        let kind = Kind::Request { method, target };
        let protocol = protocol(request);
        self.emit(shared, "/request", Direction::Sent, time, protocol, kind, headers, body, sink);
    }

    fn response(&self, shared: &Shared<'_>, request: &Value, started: Time, sink: &mut dyn FnMut(Item)) {
        let Some(response) = shared.entry.get("response") else { return };
        // Status 0 is how exporters write that no response came.
        let status = response.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        let Some(status) = status.filter(|&status| status > 0) else { return };
        let milliseconds = shared.entry.get("time").and_then(Value::as_f64).filter(|time| *time > 0.0).unwrap_or(0.0);
        let time = Time(started.0.saturating_add((milliseconds * 1e6) as i64));
        let headers = headers(response);
        let body = response_body(response, &headers);
        let kind = Kind::Response { status, method: text(request, "method").map(Cow::into_owned) };
        let protocol = if text(response, "httpVersion").is_some() { protocol(response) } else { protocol(request) };
        self.emit(shared, "/response", Direction::Received, time, protocol, kind, headers, body, sink);
    }

    /// `_webSocketMessages`, as Chrome and mitmproxy write it: times in seconds since the epoch.
    fn websocket(&self, shared: &Shared<'_>, started: Time, target: &str, sink: &mut dyn FnMut(Item)) {
        let Some(frames) = shared.entry.get("_webSocketMessages").and_then(Value::as_array) else { return };
        for (at, frame) in frames.iter().enumerate() {
            let direction = match text(frame, "type").as_deref() {
                Some("send") => Direction::Sent,
                Some("receive") => Direction::Received,
                _ => continue,
            };
            let data = text(frame, "data").unwrap_or_default();
            let binary = frame.get("opcode").and_then(Value::as_u64) == Some(2);
            let body = if binary { encoded(&data, true) } else { encoded(&data, false) };
            let seconds = frame.get("time").and_then(Value::as_f64).filter(|seconds| *seconds > 0.0);
            let time = seconds.map_or(started, |seconds| Time((seconds * 1e9) as i64));
            let pointer = format!("/_webSocketMessages/{at}");
            let opcode = if binary { "binary" } else { "text" };
            let kind = Kind::WebSocket { opcode, target: Some(target.to_owned()) };
            self.emit(shared, &pointer, direction, time, Protocol::WebSocket, kind, Vec::new(), body, sink);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn emit(
        &self,
        shared: &Shared<'_>,
        pointer: &str,
        direction: Direction,
        time: Time,
        protocol: Protocol,
        kind: Kind,
        headers: Vec<(String, Bytes)>,
        body: Body,
        sink: &mut dyn FnMut(Item),
    ) {
        let pointer = format!("/log/entries/{}{pointer}", shared.number);
        if body.incomplete == Some(GapReason::LossyImport) {
            let missing = body.length.saturating_sub(body.bytes.len() as u64);
            let detail = "bodies that the exporter left out or altered";
            sink(Item::Gap(Gap::new(GapReason::LossyImport, pointer.clone(), detail).of_bytes(missing)));
        }
        let hash = if self.options.hash_bodies { sha256_hex(&body.bytes) } else { String::new() };
        let (mut kept, mut incomplete) = (body.bytes, body.incomplete);
        if kept.len() > BODY_KEPT {
            let detail = format!("of a body, {} MiB are kept", BODY_KEPT >> 20);
            let beyond = (kept.len() - BODY_KEPT) as u64;
            sink(Item::Gap(Gap::new(GapReason::Limit, pointer.clone(), detail).of_bytes(beyond)));
            kept.truncate(BODY_KEPT);
            incomplete = incomplete.or(Some(GapReason::Limit));
        }
        let start = match &kind {
            Kind::Request { method, target } => method.len() + target.len() + "  HTTP/1.1\r\n\r\n".len(),
            Kind::Response { .. } => "HTTP/1.1 200 OK\r\n\r\n".len(),
            _ => 0,
        };
        let fields: usize = headers.iter().map(|(name, value)| name.len() + value.len() + ": \r\n".len()).sum();
        sink(Item::Message(Box::new(Message {
            time,
            direction,
            protocol,
            kind,
            host: shared.host.clone(),
            sni: None,
            alpn: None,
            first: false,
            certificate_names: Vec::new(),
            client: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            server: shared.server,
            port: shared.port,
            headers,
            body: kept,
            body_len: body.length,
            body_sha256: hash,
            incomplete,
            wire: shared.wire,
            opened: true,
            doubtful: false,
            app: shared.app.clone(),
            exchange: u32::try_from(shared.number).ok(),
            // A HAR does not tell: what it would be in HTTP/1.1.
            wire_bytes: ((start + fields) as u64).saturating_add(body.length),
            place: Place::Entry { input: self.input, entry: shared.number, pointer },
        })));
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Option<Cow<'v, str>> {
    value.get(key)?.as_str().map(Cow::Borrowed)
}

/// RFC 3339; some exporters leave the offset out, and mean UTC.
fn time(stamp: &str) -> Option<Time> {
    Time::parse(stamp).or_else(|| Time::parse(&format!("{}Z", stamp.trim())))
}

fn protocol(part: &Value) -> Protocol {
    let version = text(part, "httpVersion").unwrap_or_default().to_ascii_lowercase();
    match version.trim_start_matches("http/") {
        "1.0" => Protocol::Http10,
        "2" | "2.0" | "h2" | "h2c" => Protocol::Http2,
        version if version.starts_with("h3") || version.starts_with('3') || version.contains("quic") => Protocol::Http3,
        // `HTTP/1.1`, and what exporters write that do not know it.
        _ => Protocol::Http11,
    }
}

fn headers(part: &Value) -> Vec<(String, Bytes)> {
    let Some(fields) = part.get("headers").and_then(Value::as_array) else { return Vec::new() };
    fields
        .iter()
        .take(FIELDS_LIMIT)
        .filter_map(|field| {
            let value = text(field, "value").unwrap_or_default();
            Some((text(field, "name")?.into_owned(), Bytes::copy_from_slice(value.as_bytes())))
        })
        .collect()
}

/// The package or bundle id that some proxies note with an entry (`_app`, an object with `id`, or a text).
fn app(entry: &Value) -> Option<String> {
    let fields = entry.as_object()?;
    let noted = fields.iter().filter(|(name, _)| name.starts_with("_app")).find_map(|(_, value)| match value {
        Value::String(id) => Some(id.as_str()),
        value => ["id", "packageName", "package", "bundleId"].iter().find_map(|key| value.get(key)?.as_str()),
    });
    noted.map(str::to_owned).filter(|id| !id.is_empty())
}

/// A size that an exporter states: -1 is how HAR writes "unknown".
fn size(part: &Value, key: &str) -> Option<u64> {
    part.get(key).and_then(Value::as_u64)
}

fn content_length(headers: &[(String, Bytes)]) -> Option<u64> {
    let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

/// Text as it is, or in base64. What is no base64 is taken as text, with a note.
fn encoded(text: &str, base64: bool) -> Body {
    let decoded = base64.then(|| {
        let compact: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        let standard = data_encoding::BASE64.decode(&compact);
        standard.or_else(|_| data_encoding::BASE64_NOPAD.decode(&compact))
    });
    match decoded {
        Some(Ok(bytes)) => Body { length: bytes.len() as u64, bytes: bytes.into(), incomplete: None },
        wrong => {
            // U+FFFD is what is left where binary was read as text.
            let lossy = wrong.is_some() || text.contains('\u{fffd}');
            Body {
                bytes: Bytes::copy_from_slice(text.as_bytes()),
                length: text.len() as u64,
                incomplete: lossy.then_some(GapReason::LossyImport),
            }
        }
    }
}

fn is_base64(part: &Value) -> bool {
    ["encoding", "_encoding"].iter().any(|key| text(part, key).is_some_and(|e| e.eq_ignore_ascii_case("base64")))
}

/// A body that is not in the file, though it was on the wire.
fn missing(length: u64) -> Body {
    Body { bytes: Bytes::new(), length, incomplete: (length > 0).then_some(GapReason::LossyImport) }
}

fn request_body(request: &Value, headers: &[(String, Bytes)]) -> Body {
    let announced = size(request, "bodySize").or_else(|| content_length(headers)).unwrap_or(0);
    let Some(post) = request.get("postData") else { return missing(announced) };
    if let Some(text) = text(post, "text").filter(|text| !text.is_empty()) {
        return encoded(&text, is_base64(post));
    }
    let parameters = post.get("params").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if parameters.is_empty() {
        return missing(announced);
    }
    // The pairs are there, the bytes that carried them are not.
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let pairs = parameters.iter().map(|pair| {
        let (name, value) = (text(pair, "name").unwrap_or_default(), text(pair, "value").unwrap_or_default());
        format!("{}={}", encode(&name), encode(&value))
    });
    let form = pairs.collect::<Vec<_>>().join("&");
    Body { length: form.len() as u64, bytes: form.into(), incomplete: Some(GapReason::LossyImport) }
}

fn response_body(response: &Value, headers: &[(String, Bytes)]) -> Body {
    let Some(content) = response.get("content") else {
        return missing(size(response, "bodySize").or_else(|| content_length(headers)).unwrap_or(0));
    };
    match text(content, "text") {
        Some(text) if !text.is_empty() => encoded(&text, is_base64(content)),
        _ => missing(size(content, "size").unwrap_or(0)),
    }
}
