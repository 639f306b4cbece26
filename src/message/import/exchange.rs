//! A request and its response as the sessions of proxies hold them, to messages.

use std::net::IpAddr;

use bytes::Bytes;

use super::emit::{self, Body, Part, Shared, emit};
use crate::evidence::{Direction, Gap, GapReason, Time};
use crate::message::{Item, Kind, Options, Protocol, Wire, authority};

/// A request or a response.
pub struct Half {
    /// RFC 6901, or the name of a file, into the input.
    pub pointer: String,
    pub time: Time,
    /// As the file says it.
    pub version: String,
    pub headers: Vec<(String, Bytes)>,
    pub body: Body,
}

/// A message of the WebSocket that an exchange opened.
pub struct Frame {
    pub pointer: String,
    pub direction: Direction,
    pub time: Time,
    /// By RFC 6455 §11.8, in words.
    pub opcode: &'static str,
    pub body: Body,
}

/// Both.
pub struct Exchange {
    /// From 0.
    pub number: u64,
    pub method: String,
    /// Absolute.
    pub url: String,
    /// How it travelled, where the scheme of `url` is not to be believed.
    pub wire: Option<Wire>,
    pub client: IpAddr,
    /// `None`: the file does not say.
    pub server: Option<IpAddr>,
    pub app: Option<String>,
    pub request: Half,
    /// With its status.
    pub response: Option<(u16, Half)>,
    /// What went over the WebSocket that it opened, in order.
    pub sockets: Vec<Frame>,
}

/// Hands on both messages of `exchange`, which is one of input number `input`.
pub fn exchange(input: u32, exchange: Exchange, options: &Options, sink: &mut dyn FnMut(Item)) {
    let Exchange { number, method, url, wire, client, server, app, request, response, sockets } = exchange;
    let Some((scheme, authority, target)) = authority::split_absolute(&url) else {
        let detail = "exchanges without an absolute url";
        return sink(Item::Gap(Gap::new(GapReason::DamagedInput, request.pointer, detail)));
    };
    let (by_scheme, port) = match scheme.to_ascii_lowercase().as_str() {
        "http" | "ws" => (Wire::Clear, 80),
        "https" | "wss" => (Wire::Encrypted, 443),
        _ => {
            let detail = "exchanges of a scheme that is not HTTP";
            return sink(Item::Gap(Gap::new(GapReason::UnknownProtocol, request.pointer, detail)));
        }
    };
    if server.is_none() {
        let detail = "exchanges without the server's address";
        sink(Item::Gap(Gap::new(GapReason::LossyImport, request.pointer.clone(), detail)));
    }
    let shared = Shared {
        input,
        number,
        host: authority::host(authority),
        sni: None,
        certificate_names: Vec::new(),
        client,
        server: server.unwrap_or(emit::UNKNOWN),
        port: authority::port(authority).unwrap_or(port),
        wire: wire.unwrap_or(by_scheme),
        app,
    };
    let target = target.split('#').next().unwrap_or_default().to_owned();
    let kind = Kind::Request { method: method.clone(), target: target.clone() };
    half(&shared, request, Direction::Sent, kind, options, sink);
    if let Some((status, response)) = response {
        let kind = Kind::Response { status, method: Some(method) };
        half(&shared, response, Direction::Received, kind, options, sink);
    }
    for Frame { pointer, direction, time, opcode, body } in sockets {
        let kind = Kind::WebSocket { opcode, target: Some(target.clone()) };
        let part = Part { body, ..Part::new(pointer, direction, time, Protocol::WebSocket, kind) };
        emit(&shared, part, options, sink);
    }
}

fn half(shared: &Shared, half: Half, direction: Direction, kind: Kind, options: &Options, sink: &mut dyn FnMut(Item)) {
    let Half { pointer, time, version, headers, body } = half;
    let protocol = emit::protocol(&version.to_ascii_lowercase(), &headers);
    emit(shared, Part { headers, body, ..Part::new(pointer, direction, time, protocol, kind) }, options, sink);
}

/// A connection that the proxy passed through and could not read.
pub struct Tunnel {
    pub number: u64,
    pub pointer: String,
    pub time: Time,
    /// `host:port`.
    pub authority: String,
    pub client: IpAddr,
    pub server: Option<IpAddr>,
    pub app: Option<String>,
    /// Bytes that the client sent through it.
    pub sent: u64,
    pub protocol: Protocol,
    pub reason: GapReason,
}

/// Hands on that `tunnel`, which is one of input number `input`, stayed closed.
pub fn tunnel(input: u32, tunnel: Tunnel, options: &Options, sink: &mut dyn FnMut(Item)) {
    let Tunnel { number, pointer, time, authority: to, client, server, app, sent, protocol, reason } = tunnel;
    let encrypted = protocol == Protocol::Tls;
    let shared = Shared {
        input,
        number,
        host: None,
        sni: authority::host(&to).filter(|_| encrypted),
        certificate_names: Vec::new(),
        client,
        server: server.or_else(|| authority::host(&to)?.parse().ok()).unwrap_or(emit::UNKNOWN),
        port: authority::port(&to).unwrap_or(443),
        wire: if encrypted { Wire::Encrypted } else { Wire::Unknown },
        app,
    };
    let mut part = Part::new(pointer, Direction::Sent, time, protocol, Kind::Closed { reason });
    part.body = Body { bytes: Bytes::new(), length: sent, lossy: None };
    part.first = encrypted;
    emit(&shared, part, options, sink);
}

/// An address as proxies write it: `192.0.2.1`, `[2001:db8::1]:443`, `host/192.0.2.1`,
/// `/192.0.2.1:50000`, `::ffff:192.0.2.1`.
pub fn address(text: &str) -> Option<IpAddr> {
    let text = text.rsplit('/').next().unwrap_or(text).trim();
    let bare = text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    bare.or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|end| end.ip())).map(|ip| ip.to_canonical())
}

/// The longest of the names and values that a proxy notes of an app.
const APP_LIMIT: usize = 255;

/// The id of an app as a proxy notes it; a name that a person reads is none: an app taken for
/// another is dropped.
pub fn app_id(text: &str) -> Option<String> {
    let fits = text.len() <= APP_LIMIT && text.contains('.');
    (fits && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')))
        .then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        let shown = |text: &str| address(text).map(|ip| ip.to_string());
        for text in ["192.0.2.1", "/192.0.2.1:50000", "api.example.com/192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1:443"]
        {
            assert_eq!(shown(text).as_deref(), Some("192.0.2.1"), "{text}");
        }
        assert_eq!(shown("[2001:db8::1]:443").as_deref(), Some("2001:db8::1"));
        assert_eq!(shown("api.example.com"), None);
        assert_eq!((app_id("com.example.app").as_deref(), app_id("Some App 1.0")), (Some("com.example.app"), None));
    }
}
