//! `protocols.toml`: services that are recognised and not parsed, and resolvers that are
//! asked over HTTP in a form of their own.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Confidence, Expression, HostPattern, Origin, Signatures};
use crate::evidence::Transport;

/// Bytes of a payload that a pattern may look at: the longest greeting that is known has 32.
pub const PATTERN_LIMIT: usize = 64;

/// A protocol that nothing here parses, and how it is told.
///
/// ```toml
/// [[service]]
/// id = "ssh"
/// name = "SSH"
/// transport = "tcp"
/// begins = ["5353482d"]
/// confidence = "high"
/// source = "RFC 4253 §4.2"
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Stable id, as `messages` prints it.
    pub id: String,
    /// What a person calls it.
    pub name: String,
    /// `tcp`, `udp` or `any`.
    pub transport: String,
    /// First bytes of a stream's first payload, or of a datagram, in hex; `??` is any byte.
    /// Empty: the port alone says it.
    #[serde(default)]
    pub begins: Vec<String>,
    /// Told by a run of datagrams rather than by first bytes or a port.
    #[serde(default)]
    pub shape: Option<Shape>,
    /// Ports of the server. With `begins`, both must fit.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Only the operating system speaks it: no app sends what goes this way.
    #[serde(default)]
    pub system: bool,
    /// How well this is known.
    #[serde(default)]
    pub confidence: Confidence,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

/// How datagrams are told that have no first bytes of their own; the rules are the decoder's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// RFC 3550 §5.1.
    Rtp,
    /// RFC 3550 §6.
    Rtcp,
}

/// A resolver that is asked over HTTP.
///
/// ```toml
/// [[httpdns]]
/// id = "tencent-httpdns"
/// hosts = ["119.29.29.29"]
/// path = "^/d$"
/// query = "dn"
/// answer = "text"
/// confidence = "high"
/// source = "…"
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpDns {
    /// Stable id.
    pub id: String,
    /// Names (patterns) or addresses that are asked.
    pub hosts: Vec<String>,
    /// Regular expression over the path without query.
    pub path: String,
    /// Variable of the query, or of a form, that has the name asked for, or several
    /// between commas.
    pub query: String,
    /// What the answer is: `text` (addresses between semicolons, then a comma and the TTL in
    /// seconds), `json` (objects with `host`, `ips`, `ipsv6` and `ttl`, alone or in a list
    /// `dns`), `none` where its form is not known.
    pub answer: String,
    /// How well this is known.
    #[serde(default)]
    pub confidence: Confidence,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

/// Form of an answer of a resolver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// `1.2.3.4;5.6.7.8,600`
    Text,
    /// `{"host": …, "ips": […], "ttl": …}`
    Json,
    /// Not known.
    None,
}

impl HttpDns {
    /// The form of its answers; `None` for a word that names none.
    pub fn form(&self) -> Option<Answer> {
        Some(match self.answer.as_str() {
            "text" => Answer::Text,
            "json" => Answer::Json,
            "none" => Answer::None,
            _ => return None,
        })
    }
}

/// Both kinds of facts, ready to be asked. What does not parse is left out;
/// [`Signatures::check`] names it.
#[derive(Debug, Default)]
pub struct Protocols {
    services: Vec<Recognised>,
    resolvers: Vec<Resolver>,
}

#[derive(Debug)]
struct Recognised {
    id: Arc<str>,
    name: Arc<str>,
    transport: Option<Transport>,
    begins: Vec<Vec<Option<u8>>>,
    shape: Option<Shape>,
    ports: Vec<u16>,
}

impl Recognised {
    fn named(&self) -> ServiceName {
        ServiceName { id: Arc::clone(&self.id), name: Arc::clone(&self.name) }
    }
}

/// A resolver, ready to be asked.
#[derive(Debug)]
pub struct Resolver {
    names: Vec<HostPattern>,
    addresses: Vec<IpAddr>,
    path: Expression,
    /// See [`HttpDns::query`].
    pub query: String,
    /// See [`HttpDns::answer`].
    pub answer: Answer,
}

/// Id and name of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceName {
    /// As `messages` prints it.
    pub id: Arc<str>,
    /// For a person.
    pub name: Arc<str>,
}

impl Protocols {
    /// Of a set.
    pub fn new(signatures: &Signatures) -> Self {
        let services = signatures.services.values().filter_map(|service| {
            let begins = service.begins.iter().map(|pattern| bytes(pattern)).collect::<Option<_>>()?;
            Some(Recognised {
                id: service.id.as_str().into(),
                name: service.name.as_str().into(),
                transport: transport(&service.transport)?,
                begins,
                shape: service.shape,
                ports: service.ports.clone(),
            })
        });
        let resolvers = signatures.resolvers.values().filter_map(|resolver| {
            let (addresses, names): (Vec<_>, Vec<_>) =
                resolver.hosts.iter().map(|host| host.parse::<IpAddr>().map_err(|_| host)).partition(Result::is_ok);
            Some(Resolver {
                names: names.into_iter().filter_map(|name| Some(HostPattern(name.err()?.clone()))).collect(),
                addresses: addresses.into_iter().flatten().collect(),
                path: Expression::new(&resolver.path),
                query: resolver.query.clone(),
                answer: resolver.form()?,
            })
        });
        Self { services: services.collect(), resolvers: resolvers.collect() }
    }

    /// The service whose payload begins with `payload`, on a stream to `port`. First bytes
    /// say more than a port.
    pub fn service(&self, transport: Transport, port: u16, payload: &[u8]) -> Option<ServiceName> {
        let on_port = |service: &&Recognised| service.ports.contains(&port);
        let candidates = || self.services.iter().filter(|s| s.transport.is_none_or(|known| known == transport));
        let by_bytes = candidates().find(|service| {
            let begins = service.begins.iter().any(|pattern| fits(pattern, payload));
            begins && (service.ports.is_empty() || on_port(service))
        });
        let found =
            by_bytes.or_else(|| candidates().filter(|s| s.begins.is_empty() && s.shape.is_none()).find(on_port))?;
        Some(found.named())
    }

    /// The service that datagrams of this shape are of.
    pub fn shaped(&self, shape: Shape) -> Option<ServiceName> {
        self.services.iter().find(|service| service.shape == Some(shape)).map(Recognised::named)
    }

    /// The resolver that a request for `path` goes to: of this name, or at this address.
    pub fn resolver(&self, host: Option<&str>, server: IpAddr, path: &str) -> Option<&Resolver> {
        let literal = host.and_then(|host| host.parse::<IpAddr>().ok());
        self.resolvers.iter().find(|resolver| {
            let named = host.is_some_and(|host| resolver.names.iter().any(|pattern| pattern.matches(host)));
            let at = [Some(server), literal].into_iter().flatten().any(|ip| resolver.addresses.contains(&ip));
            (named || at) && resolver.path.is_match(path)
        })
    }

    /// A resolver is asked at this address.
    pub fn resolves_at(&self, address: IpAddr) -> bool {
        self.resolvers.iter().any(|resolver| resolver.addresses.contains(&address))
    }
}

/// `Some(None)`: either.
pub(super) fn transport(word: &str) -> Option<Option<Transport>> {
    match word {
        "tcp" => Some(Some(Transport::Tcp)),
        "udp" => Some(Some(Transport::Udp)),
        "any" => Some(None),
        _ => None,
    }
}

/// Pairs of hex digits, or `??`.
pub(super) fn bytes(pattern: &str) -> Option<Vec<Option<u8>>> {
    let pairs = pattern.as_bytes().chunks(2).map(|pair| match pair {
        b"??" => Some(None),
        [_, _] => u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok().map(Some),
        _ => None,
    });
    let bytes: Vec<Option<u8>> = pairs.collect::<Option<_>>()?;
    (bytes.len() <= PATTERN_LIMIT && !bytes.is_empty()).then_some(bytes)
}

fn fits(pattern: &[Option<u8>], payload: &[u8]) -> bool {
    payload.len() >= pattern.len()
        && pattern.iter().zip(payload).all(|(wanted, byte)| wanted.is_none_or(|wanted| wanted == *byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_come_before_ports() {
        let signatures = Signatures::embedded().unwrap();
        let protocols = Protocols::new(&signatures);
        let id = |transport, port, payload: &[u8]| {
            protocols.service(transport, port, payload).map(|service| service.id.to_string())
        };
        for (transport, port, payload, expected) in [
            (Transport::Tcp, 2222, &b"SSH-2.0-OpenSSH_9.2\r\n"[..], Some("ssh")),
            (Transport::Tcp, 5222, b"<?xml version='1.0'?><stream:stream", Some("xmpp")),
            (Transport::Udp, 3478, b"\0\x01\0\0\x21\x12\xa4\x42abcdefghijkl", Some("stun")),
            (Transport::Udp, 40000, b"\0\x01\0\0\x21\x12\xa4\x42abcdefghijkl", Some("stun")),
            (Transport::Tcp, 1935, b"\x03\0\0\0\0\0\0\0\0", Some("rtmp")),
            (Transport::Tcp, 5060, b"REGISTER sip:example.com SIP/2.0\r\n", Some("sip")),
            (Transport::Tcp, 5672, b"AMQP\0\0\x09\x01", Some("amqp")),
            (Transport::Tcp, 6881, b"\x13BitTorrent protocol", Some("bittorrent")),
            (Transport::Udp, 123, &[0x23, 0, 6], Some("ntp")),
            (Transport::Udp, 124, &[0x23, 0, 6], None),
            (Transport::Tcp, 5224, b"\0\x01", Some("getui-push")),
            (Transport::Tcp, 7003, b"\0\x01", Some("jpush")),
            (Transport::Tcp, 9999, b"\0\x01", None),
            (Transport::Udp, 51820, b"\x01\0\0\0abcd", Some("wireguard")),
        ] {
            assert_eq!(id(transport, port, payload).as_deref(), expected, "{port} {payload:?}");
        }
    }

    #[test]
    fn patterns_that_say_nothing_are_none() {
        assert_eq!(bytes("16??"), Some(vec![Some(0x16), None]));
        for wrong in ["", "1", "zz", "1?", &"00".repeat(PATTERN_LIMIT + 1)] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
