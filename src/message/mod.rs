//! Streams to messages: what an application said to a server, and what came back.
//!
//! Takes the chunks of a stream, hands on [`Message`]s and gaps. It knows protocols
//! and their framing; it does not know companies, identifiers, or what a body means.

pub mod authority;
pub mod content;
mod conversation;
mod datagrams;
pub mod dns;
mod dns_over_http;
#[doc(hidden)]
pub mod doors;
mod draft;
mod dtls;
mod feed;
pub(crate) mod hpack;
pub(crate) mod http1;
mod http2;
mod http3;
mod httpdns;
pub mod import;
mod layer;
mod legs;
pub mod line;
mod mqtt;
mod proxied;
mod qpack;
mod quic;
mod raw;
mod sniff;
mod socks;
mod tls;
mod websocket;
mod weights;

#[cfg(test)]
mod recorded;

use std::net::IpAddr;

use bytes::Bytes;

use crate::evidence::{Direction, GapReason, Place, Time};

pub use conversation::{Conversation, Options};
pub use datagrams::{Datagram, Datagrams};
pub use draft::BODY_KEPT;
pub use weights::{IN_ALL, Weights};

/// What a stream or a message is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// RFC 1945.
    Http10,
    /// RFC 9112.
    Http11,
    /// RFC 9113.
    Http2,
    /// RFC 9114.
    Http3,
    /// gRPC over HTTP/2.
    Grpc,
    /// RFC 6455.
    WebSocket,
    /// RFC 1035, over UDP and TCP.
    Dns,
    /// MQTT 3.1, 3.1.1 and 5.
    Mqtt,
    /// A TLS stream, or one of DTLS over UDP, that stayed closed.
    Tls,
    /// A QUIC connection that stayed closed.
    Quic,
    /// Bytes of a TCP stream that nothing here reads.
    Tcp,
    /// A datagram that nothing here reads.
    Udp,
}

impl Protocol {
    /// As `messages` writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "http/1.0",
            Self::Http11 => "http/1.1",
            Self::Http2 => "http/2",
            Self::Http3 => "http/3",
            Self::Grpc => "grpc",
            Self::WebSocket => "websocket",
            Self::Dns => "dns",
            Self::Mqtt => "mqtt",
            Self::Tls => "tls",
            Self::Quic => "quic",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// How the bytes of a message crossed the wire.
pub use crate::observations::Wire;

/// What is special to one kind of message.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// An HTTP request.
    Request {
        /// As sent, `POST`.
        method: String,
        /// Request target as sent, in origin form where the proxy form could be split: `/v2/bind?x=1`.
        target: String,
    },
    /// An HTTP response.
    Response {
        /// Status code.
        status: u16,
        /// Method of the request it answers, where that was seen.
        method: Option<String>,
    },
    /// A DNS message.
    Dns(Dns),
    /// A WebSocket message.
    WebSocket {
        /// `text`, `binary`, `close`, `ping` or `pong`.
        opcode: &'static str,
        /// Target of the request that opened the connection, where it is known. It says
        /// what the connection is for and is not among the bytes of the message.
        target: Option<String>,
    },
    /// A stream that stayed closed, as one message (`tls`, `quic`), or a stretch of one.
    Closed {
        /// Why.
        reason: GapReason,
    },
    /// Bytes without a known structure (`tcp`, `udp`).
    Raw,
}

/// What a DNS message asked and answered (names in lower case, without the last dot).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dns {
    /// Names asked for.
    pub names: Vec<String>,
    /// `(owner, type, value, TTL in seconds)`: value is an address or a name.
    pub answers: Vec<(String, String, String, u32)>,
    /// It is a response (QR bit).
    pub response: bool,
}

/// One application-layer unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// When its first byte was captured.
    pub time: Time,
    /// Sent by the client or received by it.
    pub direction: Direction,
    /// See [`Protocol`].
    pub protocol: Protocol,
    /// What is special to its kind.
    pub kind: Kind,
    /// Host of `Host`, `:authority` or the absolute target, without port, lower case, as opened.
    pub host: Option<String>,
    /// `:authority` of an HTTP/2 or HTTP/3 request as sent, port and all; HTTP/1 has the like of
    /// it among its headers.
    pub authority: Option<String>,
    /// Server name of the TLS or QUIC hello of its stream.
    pub sni: Option<String>,
    /// On a stream's first message only: the negotiated protocol.
    pub alpn: Option<String>,
    /// The first message of its TLS or QUIC stream.
    pub first: bool,
    /// Names of the server's certificate (subject CN and DNS names), where it was seen.
    pub certificate_names: Vec<String>,
    /// Client's address.
    pub client: IpAddr,
    /// Server's address and port.
    pub server: IpAddr,
    /// See `server`.
    pub port: u16,
    /// What a payload that nothing here parses (`tcp`, `udp`) is, by first bytes or port: the id
    /// of a service in `signatures/protocols.toml`.
    pub service: Option<String>,
    /// Headers in order, names as sent; values as bytes.
    pub headers: Vec<(String, Bytes)>,
    /// After the transfer coding, before any content coding is undone. Kept up to
    /// the body limit; `body_len` counts on.
    pub body: Bytes,
    /// Length of the whole body.
    pub body_len: u64,
    /// SHA-256 of the whole body (also of the part that was not kept), lower-case hex. Empty
    /// where bytes of it are missing: a digest of the rest would pass for that of the body.
    pub body_sha256: String,
    /// The body is cut: by the limit, by a gap, or by the end of the stream.
    pub incomplete: Option<GapReason>,
    /// How it crossed the wire.
    pub wire: Wire,
    /// It could be read. `false` only with [`Kind::Closed`].
    pub opened: bool,
    /// Bytes of it were captured twice with different content, or follow a gap in
    /// its stream: what is found in it is at most probable.
    pub doubtful: bool,
    /// Package or bundle id, where the capture says so.
    pub app: Option<String>,
    /// Number of the exchange in its stream, from 0: a request and its response share it.
    pub exchange: Option<u32>,
    /// Payload bytes that the direction of this message carried on the transport
    /// for it (for [`Kind::Closed`], the ciphertext).
    pub wire_bytes: u64,
    /// Of a sent one: bytes in it or before it that the client is known to have sent, by the
    /// sequence numbers around them, and that were not captured.
    pub lost_bytes: u64,
    /// Where it lies.
    pub place: Place,
}

/// What a stage hands on.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A message.
    Message(Box<Message>),
    /// Something that could not be seen.
    Gap(crate::evidence::Gap),
}
