//! What all importers do with a message once they have its parts.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;

use crate::evidence::{Direction, Gap, GapReason, Place, Time, sha256_hex};
use crate::message::draft::BODY_KEPT;
use crate::message::http2::is_grpc;
use crate::message::{Item, Kind, Message, Options, Protocol, Wire, dns_over_http};

/// Fields of one head that are read; the same bound as on the wire.
const FIELDS_LIMIT: usize = 256;

/// An address that the file does not tell.
pub const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Seconds since the epoch, as Python and JavaScript write them, to the microsecond:
/// that is as far as a double reaches in this century.
pub fn seconds(seconds: f64) -> Option<Time> {
    // 2261, shortly before `Time` ends. The fraction apart, and half to even, so that the
    // result is that of Python's `datetime`.
    let micros = || seconds.trunc() as i64 * 1_000_000 + (seconds.fract() * 1e6).round_ties_even() as i64;
    (seconds > 0.0 && seconds < 9.2e9).then(|| Time(micros() * 1000))
}

/// From what an exporter calls the version, in lower case: `HTTP/1.1`, `http/2.0`, `h3`.
pub fn protocol(version: &str, headers: &[(String, Bytes)]) -> Protocol {
    match version.trim_start_matches("http/") {
        _ if is_grpc(headers) => Protocol::Grpc,
        "1.0" => Protocol::Http10,
        "2" | "2.0" | "h2" | "h2c" => Protocol::Http2,
        version if version.starts_with("h3") || version.starts_with('3') || version.contains("quic") => Protocol::Http3,
        // `HTTP/1.1`, and what exporters write that do not know it.
        _ => Protocol::Http11,
    }
}

/// A body as a file holds it.
pub struct Body {
    pub bytes: Bytes,
    /// Of the whole body, also where it is not in the file.
    pub length: u64,
    /// Why it is not as it was on the wire, in words of a small set.
    pub lossy: Option<&'static str>,
}

impl Body {
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { length: bytes.len() as u64, bytes, lossy: None }
    }

    pub fn none() -> Self {
        Self::whole(Bytes::new())
    }

    /// A body that is not in the file, though it was on the wire.
    pub fn missing(length: u64, why: &'static str) -> Self {
        Self { bytes: Bytes::new(), length, lossy: (length > 0).then_some(why) }
    }
}

/// What the messages of one entry share.
pub struct Shared {
    pub input: u32,
    /// Number of the entry, from 0.
    pub number: u64,
    pub host: Option<String>,
    pub sni: Option<String>,
    pub certificate_names: Vec<String>,
    pub client: IpAddr,
    pub server: IpAddr,
    pub port: u16,
    pub wire: Wire,
    pub app: Option<String>,
}

/// One message of an entry.
pub struct Part {
    /// RFC 6901, into the file.
    pub pointer: String,
    pub direction: Direction,
    pub time: Time,
    pub protocol: Protocol,
    pub kind: Kind,
    pub headers: Vec<(String, Bytes)>,
    pub body: Body,
    /// Negotiated protocol, on the first message of a stream that is known to be one.
    pub alpn: Option<String>,
    /// The first message of its TLS stream, where the file tells streams apart.
    pub first: bool,
}

impl Part {
    pub fn new(pointer: String, direction: Direction, time: Time, protocol: Protocol, kind: Kind) -> Self {
        let (headers, body) = (Vec::new(), Body::none());
        Self { pointer, direction, time, protocol, kind, headers, body, alpn: None, first: false }
    }
}

/// Hands on `part`, and gaps for what its head and its body lack.
pub fn emit(shared: &Shared, part: Part, options: &Options, sink: &mut dyn FnMut(Item)) {
    let Part { pointer, direction, time, protocol, kind, mut headers, body, alpn, first } = part;
    if headers.len() > FIELDS_LIMIT {
        headers.truncate(FIELDS_LIMIT);
        let detail = format!("of a head, {FIELDS_LIMIT} fields are read");
        sink(Item::Gap(Gap::new(GapReason::Limit, pointer.clone(), detail)));
    }
    if let Some(why) = body.lossy {
        let missing = body.length.saturating_sub(body.bytes.len() as u64);
        sink(Item::Gap(Gap::new(GapReason::LossyImport, pointer.clone(), why).of_bytes(missing)));
    }
    let hash = if options.hash_bodies { sha256_hex(&body.bytes) } else { String::new() };
    let (mut kept, mut incomplete) = (body.bytes, body.lossy.map(|_| GapReason::LossyImport));
    if kept.len() > BODY_KEPT {
        let detail = format!("of a body, {} MiB are kept", BODY_KEPT >> 20);
        let beyond = (kept.len() - BODY_KEPT) as u64;
        sink(Item::Gap(Gap::new(GapReason::Limit, pointer.clone(), detail).of_bytes(beyond)));
        // A copy, so that the entry it was cut from is not kept with it.
        kept = Bytes::copy_from_slice(kept.get(..BODY_KEPT).unwrap_or_default());
        incomplete = incomplete.or(Some(GapReason::Limit));
    }
    let start = match &kind {
        Kind::Request { method, target } => method.len() + target.len() + "  HTTP/1.1\r\n\r\n".len(),
        Kind::Response { .. } => "HTTP/1.1 200 OK\r\n\r\n".len(),
        _ => 0,
    };
    let fields: usize = headers.iter().map(|(name, value)| name.len() + value.len() + ": \r\n".len()).sum();
    let opened = !matches!(kind, Kind::Closed { .. });
    let message = Message {
        time,
        direction,
        protocol,
        kind,
        host: shared.host.clone(),
        sni: shared.sni.clone(),
        alpn,
        first,
        certificate_names: shared.certificate_names.clone(),
        client: shared.client,
        server: shared.server,
        port: shared.port,
        headers,
        body: kept,
        body_len: body.length,
        body_sha256: hash,
        incomplete,
        wire: shared.wire,
        opened,
        doubtful: false,
        app: shared.app.clone(),
        exchange: u32::try_from(shared.number).ok(),
        // The file does not tell: what it would be in HTTP/1.1.
        authority: None,
        service: None,
        wire_bytes: ((start + fields) as u64).saturating_add(body.length),
        lost_bytes: 0,
        place: Place::Entry { input: shared.input, entry: shared.number, pointer },
    };
    let inside = dns_over_http::inside(&message);
    sink(Item::Message(Box::new(message)));
    if let Some(dns) = inside {
        sink(Item::Message(Box::new(dns)));
    }
}
