//! One entry of a HAR file to messages.

use bytes::Bytes;
use serde_json::Value;

use super::body::{self, Reading, text};
use crate::evidence::{Direction, Gap, GapReason, Time};
use crate::message::import::emit::{self, Part, Shared, UNKNOWN, emit, seconds};
use crate::message::import::exchange::{Tunnel, address, app_id, tunnel};
use crate::message::{Item, Kind, Options, Protocol, Wire, authority};

/// Turns entries into messages.
pub struct Importer<'a> {
    input: u32,
    options: &'a Options,
    pub reading: Reading,
    /// App of all entries, where the file as a whole says so.
    pub app: Option<String>,
    /// Time of the last entry that had one.
    last: Time,
    /// Where the entries are in the file.
    entries: &'static str,
}

impl<'a> Importer<'a> {
    pub fn new(input: u32, options: &'a Options, app: Option<String>) -> Self {
        Self { input, options, reading: Reading::default(), app, last: Time::default(), entries: "/log/entries" }
    }

    /// Of a file whose lines are the entries.
    pub fn of_lines(input: u32, options: &'a Options) -> Self {
        Self { entries: "", ..Self::new(input, options, None) }
    }

    /// Hands on the messages of entry `number` and returns its time.
    pub fn entry(&mut self, number: u64, entry: &Value, sink: &mut dyn FnMut(Item)) -> Option<Time> {
        let entries = self.entries;
        let at = |part: &str| format!("{entries}/{number}{part}");
        let request = entry.get("request");
        let url = request.and_then(|request| text(request, "url")).unwrap_or_default();
        if is_tunnel(entry, url) {
            return self.tunnel(number, entry, url, sink);
        }
        let Some((scheme, authority, target)) = authority::split_absolute(url) else {
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
        if !was_sent(entry) {
            return self.refused(number, entry, (authority, port), sink);
        }
        let started = self.started(number, entry, sink);
        let server = text(entry, "serverIPAddress").and_then(address);
        if server.is_none() {
            let detail = "entries of a HAR file without the server's address";
            sink(Item::Gap(Gap::new(GapReason::LossyImport, at("/serverIPAddress"), detail)));
        }
        let shared = Shared {
            input: self.input,
            number,
            host: authority::host(authority),
            sni: None,
            certificate_names: Vec::new(),
            client: text(entry, "_clientAddress").and_then(address).unwrap_or(UNKNOWN),
            server: server.unwrap_or(UNKNOWN),
            port: authority::port(authority).unwrap_or(port),
            wire,
            app: app(entry).or_else(|| self.app.clone()),
        };
        let request = request.unwrap_or(&Value::Null);
        let mut target = target.split('#').next().unwrap_or_default().to_owned();
        let query = request.get("queryString").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if !target.contains('?') && !query.is_empty() {
            target = format!("{target}?{}", body::pairs(query));
            let detail = "queries that stand beside the url; put together again from their fields";
            sink(Item::Gap(Gap::new(GapReason::LossyImport, at("/request/queryString"), detail)));
        }
        // ProxyPin sends the two halves of an exchange one by one.
        if text(entry, "_phase") != Some("response") {
            self.request(&shared, request, started, target.clone(), sink);
        }
        self.response(&shared, request, entry, started, sink);
        self.websocket(&shared, entry, &target, started, sink);
        Some(started)
    }

    /// The time of entry `number`, or that of the one before.
    fn started(&mut self, number: u64, entry: &Value, sink: &mut dyn FnMut(Item)) -> Time {
        let started = text(entry, "startedDateTime").and_then(time);
        if started.is_none() {
            let detail = "entries of a HAR file without a time; that of the entry before is taken";
            let at = format!("{}/{number}/startedDateTime", self.entries);
            sink(Item::Gap(Gap::new(GapReason::LossyImport, at, detail)));
        }
        self.last = started.unwrap_or(self.last);
        self.last
    }

    /// A request that was not sent. Where the browser did not take the server's certificate it had spoken to the
    /// server: a stream that stayed closed.
    fn refused(
        &mut self,
        number: u64,
        entry: &Value,
        (authority, port): (&str, u16),
        sink: &mut dyn FnMut(Item),
    ) -> Option<Time> {
        response_error(entry).starts_with("net::ERR_CERT_").then_some(())?;
        let time = self.started(number, entry, sink);
        let shared = Shared {
            input: self.input,
            number,
            host: None,
            sni: authority::host(authority),
            certificate_names: Vec::new(),
            client: text(entry, "_clientAddress").and_then(address).unwrap_or(UNKNOWN),
            server: text(entry, "serverIPAddress").and_then(address).unwrap_or(UNKNOWN),
            port: authority::port(authority).unwrap_or(port),
            wire: Wire::Encrypted,
            app: app(entry).or_else(|| self.app.clone()),
        };
        let pointer = format!("{}/{number}/request", self.entries);
        let kind = Kind::Closed { reason: GapReason::Pinned };
        let mut part = Part::new(pointer, Direction::Sent, time, Protocol::Tls, kind);
        part.first = true;
        emit(&shared, part, self.options, sink);
        Some(time)
    }

    /// A tunnel that the proxy passed on: what went through it was not seen. Fiddler lists those that it
    /// opened as well, and says so where the response would be.
    fn tunnel(&mut self, number: u64, entry: &Value, url: &str, sink: &mut dyn FnMut(Item)) -> Option<Time> {
        let time = self.started(number, entry, sink);
        let content = entry.get("response").and_then(|response| response.get("content"));
        let said = content.and_then(|content| text(content, "text")).unwrap_or_default();
        if !said.contains("decrypted sessions running in this tunnel") {
            let closed = Tunnel {
                number,
                pointer: format!("{}/{number}/request", self.entries),
                time,
                authority: split_tunnel(url).0.to_owned(),
                client: text(entry, "_clientAddress").and_then(address).unwrap_or(UNKNOWN),
                server: text(entry, "serverIPAddress").and_then(address),
                app: app(entry).or_else(|| self.app.clone()),
                sent: 0,
                protocol: Protocol::Tls,
                reason: GapReason::NoKey,
            };
            tunnel(self.input, closed, self.options, sink);
        }
        Some(time)
    }

    /// Hands on what HTTP Toolkit notes of a client that did not take its certificate: a
    /// stream that stayed closed. `number` goes on after the entries.
    pub fn tls_error(&mut self, at: u64, number: u64, error: &Value, sink: &mut dyn FnMut(Item)) {
        let metadata = error.get("tlsMetadata").unwrap_or(&Value::Null);
        let address = |key| text(error, key).and_then(|ip| ip.parse().ok());
        let reason = match text(error, "cause") {
            // The client ended the handshake when it had seen the proxy's certificate.
            Some("cert-rejected" | "closed" | "reset") => GapReason::Pinned,
            Some("no-shared-cipher") => GapReason::UnsupportedCipher,
            _ => GapReason::NoKey,
        };
        let shared = Shared {
            input: self.input,
            number,
            host: None,
            sni: text(metadata, "sniHostname").or_else(|| text(error, "hostname")).and_then(authority::host),
            certificate_names: Vec::new(),
            client: address("clientIPAddress").or_else(|| address("remoteIpAddress")).unwrap_or(UNKNOWN),
            server: UNKNOWN,
            port: 443,
            wire: Wire::Encrypted,
            app: self.app.clone(),
        };
        let time = text(error, "startedDateTime").and_then(time).unwrap_or(self.last);
        let pointer = format!("/log/_tlsErrors/{at}");
        let mut part = Part::new(pointer, Direction::Sent, time, Protocol::Tls, Kind::Closed { reason });
        part.first = true;
        emit(&shared, part, self.options, sink);
    }

    fn request(&self, shared: &Shared, request: &Value, time: Time, target: String, sink: &mut dyn FnMut(Item)) {
        let kind = Kind::Request { method: text(request, "method").unwrap_or_default().to_owned(), target };
        let pointer = format!("{}/{}/request", self.entries, shared.number);
        let mut headers = headers(request, self.reading);
        let cookies = request.get("cookies").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if !cookies.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("cookie")) {
            let pair = |cookie: &Value| {
                format!("{}={}", text(cookie, "name").unwrap_or_default(), text(cookie, "value").unwrap_or_default())
            };
            let all = cookies.iter().map(pair).collect::<Vec<_>>().join("; ");
            headers.push(("Cookie".to_owned(), body::bytes_of(&all, self.reading).into()));
            let detail = "cookies that stand beside the head; put together again from their fields";
            sink(Item::Gap(Gap::new(GapReason::LossyImport, format!("{pointer}/cookies"), detail)));
        }
        let protocol = protocol(request, &headers);
        let body = body::of_request(request, &headers, self.reading);
        let part = Part { headers, body, ..Part::new(pointer, Direction::Sent, time, protocol, kind) };
        emit(shared, part, self.options, sink);
    }

    fn response(&self, shared: &Shared, request: &Value, entry: &Value, started: Time, sink: &mut dyn FnMut(Item)) {
        let Some(response) = entry.get("response") else { return };
        // Status 0 is how exporters write that no response came.
        let status = response.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        let Some(status) = status.filter(|&status| status > 0) else { return };
        let milliseconds = entry.get("time").and_then(Value::as_f64).filter(|time| *time > 0.0).unwrap_or(0.0);
        let time = Time(started.0.saturating_add((milliseconds * 1e6) as i64));
        let headers = headers(response, self.reading);
        let method = text(request, "method");
        let body = body::of_response(response, &headers, (method.unwrap_or_default(), status), self.reading);
        let kind = Kind::Response { status, method: method.map(str::to_owned) };
        let versioned = if text(response, "httpVersion").is_some_and(|v| !v.is_empty()) { response } else { request };
        let protocol = protocol(versioned, &headers);
        let pointer = format!("{}/{}/response", self.entries, shared.number);
        let part = Part { headers, body, ..Part::new(pointer, Direction::Received, time, protocol, kind) };
        emit(shared, part, self.options, sink);
    }

    /// `_webSocketMessages`, as Chrome, mitmproxy and HTTP Toolkit write it: times in
    /// seconds since the epoch.
    fn websocket(&self, shared: &Shared, entry: &Value, target: &str, started: Time, sink: &mut dyn FnMut(Item)) {
        let Some(frames) = entry.get("_webSocketMessages").and_then(Value::as_array) else { return };
        for (at, frame) in frames.iter().enumerate() {
            let pointer = format!("{}/{}/_webSocketMessages/{at}", self.entries, shared.number);
            let direction = match text(frame, "type").unwrap_or_default().to_ascii_lowercase().as_str() {
                "send" => Some(Direction::Sent),
                "receive" => Some(Direction::Received),
                // Chrome's word on a connection that broke.
                "error" => continue,
                _ => None,
            };
            let (Some(direction), Some(data)) = (direction, text(frame, "data")) else {
                let detail = "messages of WebSockets in a form that is not known";
                sink(Item::Gap(Gap::new(GapReason::LossyImport, pointer, detail)));
                continue;
            };
            let opcode = match frame.get("opcode").and_then(Value::as_f64).map(|code| code as i64) {
                None | Some(1) => "text",
                Some(8) => "close",
                Some(9) => "ping",
                Some(10) => "pong",
                Some(_) => "binary",
            };
            let time = frame.get("time").and_then(Value::as_f64).and_then(seconds).unwrap_or(started);
            // What is no text is written in base64, whatever it is.
            let body = body::of_frame(data, opcode != "text", self.reading);
            let kind = Kind::WebSocket { opcode, target: Some(target.to_owned()) };
            let part = Part { body, ..Part::new(pointer, direction, time, Protocol::WebSocket, kind) };
            emit(shared, part, self.options, sink);
        }
    }
}

/// Authority and path of the url of a `CONNECT`: `https://host:443`, `host:443`, `//host:443/`.
fn split_tunnel(url: &str) -> (&str, &str) {
    let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
    rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""))
}

/// Whether an entry is a tunnel. With a path it is a WebSocket in HTTP/2 (RFC 8441 §4).
fn is_tunnel(entry: &Value, url: &str) -> bool {
    let method = entry.get("request").and_then(|request| text(request, "method")).unwrap_or_default();
    method.eq_ignore_ascii_case("CONNECT")
        && matches!(split_tunnel(url).1, "" | "/")
        && entry.get("_webSocketMessages").is_none_or(Value::is_null)
}

/// Whether an entry's request went out at all. Browsers also log what they answered from
/// a cache or never could send.
fn was_sent(entry: &Value) -> bool {
    // Chrome's `disk`, `memory`; Safari's `Memory Cache`, `Disk Cache`.
    let cached = entry.get("_fromCache").is_some_and(|from| from.is_string() || from == &Value::Bool(true))
        || text(entry, "_fetchType").is_some_and(|fetch| fetch.ends_with("Cache"));
    let error = response_error(entry);
    // Blocked before it was sent; a response is blocked after that.
    let blocked = error
        .strip_prefix("net::ERR_BLOCKED_BY_")
        .is_some_and(|by| !["RESPONSE", "ORB"].iter().any(|after| by.starts_with(after)));
    let refused = [
        "net::ERR_NAME_NOT_RESOLVED",
        "net::ERR_INTERNET_DISCONNECTED",
        "net::ERR_CONNECTION_REFUSED",
        "net::ERR_ADDRESS_UNREACHABLE",
        "net::ERR_CERT_",
    ];
    !cached && !blocked && !refused.iter().any(|start| error.starts_with(start))
}

/// Chrome's name of what went wrong.
fn response_error(entry: &Value) -> &str {
    entry.get("response").and_then(|response| text(response, "_error")).unwrap_or_default()
}

/// RFC 3339; some exporters leave the offset out, and mean UTC.
pub fn time(stamp: &str) -> Option<Time> {
    Time::parse(stamp).or_else(|| Time::parse(&format!("{}Z", stamp.trim())))
}

fn protocol(part: &Value, headers: &[(String, Bytes)]) -> Protocol {
    let version = text(part, "httpVersion").unwrap_or_default().to_ascii_lowercase();
    emit::protocol(&version, headers)
}

fn headers(part: &Value, reading: Reading) -> Vec<(String, Bytes)> {
    let Some(fields) = part.get("headers").and_then(Value::as_array) else { return Vec::new() };
    fields
        .iter()
        // Chrome lists what HTTP/2 has in place of a request line (RFC 9113 §8.3) among the fields.
        .filter(|field| !text(field, "name").unwrap_or_default().starts_with(':'))
        .filter_map(|field| {
            let value = text(field, "value").unwrap_or_default();
            Some((text(field, "name")?.to_owned(), body::bytes_of(value, reading).into()))
        })
        .collect()
}

/// The package or bundle id that some proxies note with an entry: `_app`, an object with
/// `id` (ProxyPin), or a text under a name that starts so.
fn app(entry: &Value) -> Option<String> {
    let fields = entry.as_object()?;
    let noted = fields.iter().filter(|(name, _)| name.to_ascii_lowercase().starts_with("_app"));
    let mut ids = noted.filter_map(|(_, value)| match value {
        Value::String(id) => Some(id.as_str()).filter(|id| app_id(id).is_some()),
        value => {
            let keys = ["id", "packageName", "package", "bundleId", "bundleIdentifier", "identifier"];
            keys.iter().find_map(|key| text(value, key))
        }
    });
    ids.find(|id| !id.is_empty()).map(str::to_owned)
}
