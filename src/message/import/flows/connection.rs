//! The two connections of a flow: the client's and the server's.

use std::net::{IpAddr, SocketAddr};

use crate::evidence::Time;
use crate::message::import::emit::{UNKNOWN, seconds};
use crate::message::import::tnetstring::Value;
use crate::message::{Wire, authority};
use crate::secure::certificate;

/// What a flow says about who talked to whom.
pub struct Connection {
    /// Of the client's connection; its start where it has no id (before version 5).
    pub id: Vec<u8>,
    pub client: SocketAddr,
    /// The address that the proxy connected to, or the unspecified one.
    pub server: SocketAddr,
    /// The name, or the address, that the client asked for.
    pub asked: Option<String>,
    /// Between the client and the proxy.
    pub encrypted: bool,
    pub sni: Option<String>,
    pub alpn: Option<String>,
    /// Of the server's certificate.
    pub certificate_names: Vec<String>,
    pub started: Option<Time>,
}

impl Connection {
    /// Of `flow`; `cache` holds the certificate that was read last, and its names.
    pub fn new(flow: Value<'_>, cache: &mut (Vec<u8>, Vec<String>)) -> Self {
        let null = Value::new(b'~', b"");
        let (client, server) = (flow.get("client_conn").unwrap_or(null), flow.get("server_conn").unwrap_or(null));
        let any = |of: Value<'_>, names: &[&str]| names.iter().any(|name| of.known(name).is_some());
        // The flag was there before the time was (version 0.11), and went after it came.
        let encrypted = any(client, &["timestamp_tls_setup", "timestamp_ssl_setup"])
            || ["tls_established", "ssl_established"]
                .iter()
                .any(|n| client.get(n).and_then(Value::boolean) == Some(true));
        let asked = server.known("address").and_then(address);
        let peer = ["peername", "ip_address", "peer_address"].iter().find_map(|name| address(server.known(name)?));
        let socket = |of: Option<(&str, u16)>| {
            let (host, port) = of.unwrap_or_default();
            // A link-local address may carry its zone, and a socket for both families maps
            // IPv4 (RFC 4291 §2.5.5.2).
            let host = host.split('%').next().unwrap_or_default();
            SocketAddr::new(host.parse::<IpAddr>().map_or(UNKNOWN, |ip| ip.to_canonical()), port)
        };
        let server_name = server.get("sni").and_then(Value::text);
        let sni = client.get("sni").and_then(Value::text).or(server_name).and_then(authority::host);
        let started = client.get("timestamp_start").and_then(Value::number);
        let caller = ["peername", "address"].iter().find_map(|name| address(client.known(name)?));
        let id = match client.get("id").and_then(Value::bytes) {
            Some(id) => id.to_vec(),
            None => format!("{started:?} {caller:?}").into_bytes(),
        };
        Self {
            id,
            client: socket(caller),
            server: socket(peer.or(asked)),
            asked: asked.and_then(|(host, _)| authority::host(host)),
            encrypted,
            sni: sni.filter(|_| encrypted),
            alpn: ["alpn", "alpn_proto_negotiated"]
                .iter()
                .find_map(|name| client.get(name).and_then(Value::text))
                .filter(|alpn| !alpn.is_empty())
                .map(str::to_owned),
            certificate_names: names(server, cache),
            started: started.and_then(seconds),
        }
    }

    pub fn wire(&self) -> Wire {
        if self.encrypted { Wire::Encrypted } else { Wire::Clear }
    }
}

/// `[host, port, …]`; before version 2.0 inside `{"address": …, "use_ipv6": …}`.
fn address(value: Value<'_>) -> Option<(&str, u16)> {
    let pair = if value.is_map() { value.get("address")? } else { value };
    let mut parts = pair.items();
    let host = parts.next()?.text()?;
    let port = parts.next().and_then(Value::integer).and_then(|port| u16::try_from(port).ok());
    Some((host, port.unwrap_or(0)))
}

/// Names of the server's own certificate, which stands in PEM.
fn names(server: Value<'_>, cache: &mut (Vec<u8>, Vec<String>)) -> Vec<String> {
    let listed = server.get("certificate_list").and_then(|list| list.items().next());
    let Some(pem) = listed.or_else(|| server.get("cert")).and_then(Value::bytes) else { return Vec::new() };
    if cache.0 != pem {
        let body: Vec<u8> = pem
            .split(|b| *b == b'\n')
            .skip_while(|line| !line.starts_with(b"-----BEGIN"))
            .skip(1)
            .take_while(|line| !line.starts_with(b"-----END"))
            .flat_map(|line| line.trim_ascii())
            .copied()
            .collect();
        let read = data_encoding::BASE64.decode(&body).ok().and_then(|der| certificate::names(&der));
        *cache = (pem.to_vec(), read.map(|names| names.names).unwrap_or_default());
    }
    cache.1.clone()
}
