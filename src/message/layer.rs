//! How protocols stack: what a stream speaks, found out from its bytes.

use super::dns::DnsStream;
use super::draft::{Context, Out, Visit};
use super::http1::Http1;
use super::http2::Http2;
use super::mqtt::Mqtt;
use super::raw::Turns;
use super::sniff::Found;
use super::socks::Socks;
use super::tls::Tls;
use super::websocket::WebSocket;
use crate::evidence::{Direction, Gap, GapReason};
use crate::net::Chunk;

/// Tunnels and encryptions inside each other that are followed. A proxy behind a proxy, each over
/// TLS, makes five.
const DEPTH_LIMIT: usize = 8;

/// One protocol on a stream, and what it carries.
#[derive(Debug)]
pub(super) enum Layer {
    /// Not known (yet).
    Turns(Turns),
    /// TLS.
    Tls(Box<Tls>),
    /// HTTP/1.
    Http1(Box<Http1>),
    /// DNS over TCP.
    Dns(DnsStream),
    /// HTTP/2.
    Http2(Box<Http2>),
    /// WebSocket.
    WebSocket(Box<WebSocket>),
    /// MQTT.
    Mqtt(Box<Mqtt>),
    /// SOCKS.
    Socks(Box<Socks>),
}

impl Layer {
    /// A transport stream of which nothing is known.
    pub fn start() -> Self {
        Self::Turns(Turns::sniffing(0, 0))
    }

    /// A stream of which nothing is known, beginning at these offsets (sent, received).
    pub fn sniffing(sent: u64, received: u64, context: &Context, out: &mut Out<'_>) -> Self {
        if context.depth > DEPTH_LIMIT {
            let detail = format!("nested tunnels and encryptions are followed {DEPTH_LIMIT} deep");
            out.gap(Gap::new(GapReason::Limit, context.at(), detail));
            return Self::Turns(Turns::unread("a stream nested too deep", sent, received, context, out));
        }
        Self::Turns(Turns::sniffing(sent, received))
    }

    /// Takes one chunk.
    pub fn push(&mut self, direction: Direction, chunk: Chunk<'_>, context: &mut Context, out: &mut Out<'_>) {
        match self {
            Self::Tls(tls) => tls.push(direction, chunk, context, out),
            Self::Http1(http1) => http1.push(direction, chunk, context, out),
            Self::Dns(dns) => dns.push(direction, chunk, context, out),
            Self::Http2(http2) => http2.push(direction, chunk, context, out),
            Self::WebSocket(websocket) => websocket.push(direction, chunk, context, out),
            Self::Mqtt(mqtt) => mqtt.push(direction, chunk, context, out),
            Self::Socks(socks) => socks.push(direction, chunk, context, out),
            Self::Turns(turns) => {
                let Some(found) = turns.push(direction, chunk, context, out) else { return };
                turns.close(context, out);
                let (held, sent, received) = turns.held();
                let doubtful = (turns.doubtful(Direction::Sent), turns.doubtful(Direction::Received));
                *self = match found {
                    Found::Tls => Self::Tls(Box::new(Tls::new(context))),
                    Found::Http1 => Self::Http1(Box::new(Http1::at((sent, doubtful.0), (received, doubtful.1)))),
                    Found::Http2 => Self::Http2(Box::new(Http2::at((sent, doubtful.0), (received, doubtful.1)))),
                    Found::Mqtt => Self::Mqtt(Box::new(Mqtt::at(sent, received))),
                    Found::Socks => Self::Socks(Box::new(Socks::at(sent, received))),
                    Found::Dns => Self::Dns(DnsStream::at(sent, received)),
                };
                for (direction, piece) in held {
                    self.push(direction, piece.chunk(), context, out);
                }
            }
        }
    }

    /// Shows every message that is still coming in.
    pub fn drafts(&mut self, context: &mut Context, visit: &mut Visit<'_>) {
        match self {
            // They hold a turn, an answer, or a handshake at most.
            Self::Turns(_) | Self::Dns(_) => {}
            Self::Tls(tls) => tls.drafts(visit),
            Self::Http1(http1) => http1.drafts(context, visit),
            Self::Http2(http2) => http2.drafts(context, visit),
            Self::WebSocket(websocket) => websocket.drafts(context, visit),
            Self::Mqtt(mqtt) => mqtt.drafts(context, visit),
            Self::Socks(socks) => socks.drafts(visit),
        }
    }

    /// Memory of what waits beside the messages that are still coming in, about: bytes that are not
    /// understood yet, requests without an answer, tables, open streams.
    pub fn waiting(&self) -> usize {
        match self {
            Self::Turns(turns) => turns.waiting(),
            Self::Tls(tls) => tls.waiting(),
            Self::Http1(http1) => http1.waiting(),
            Self::Dns(dns) => dns.waiting(),
            Self::Http2(http2) => http2.waiting(),
            Self::WebSocket(websocket) => websocket.waiting(),
            Self::Mqtt(mqtt) => mqtt.waiting(),
            Self::Socks(socks) => socks.waiting(),
        }
    }

    /// What of it a few bytes can make, and how much there is of it can so not be told by how much was read: open
    /// streams of HTTP/2 and HTTP/3, their heads and tables, windows of compressed messages.
    pub fn amplified(&self) -> usize {
        match self {
            Self::Turns(_) | Self::Dns(_) | Self::Mqtt(_) => 0,
            Self::Tls(tls) => tls.amplified(),
            Self::Http1(http1) => http1.amplified(),
            Self::Http2(http2) => http2.amplified(),
            Self::WebSocket(websocket) => websocket.amplified(),
            Self::Socks(socks) => socks.amplified(),
        }
    }

    /// Both directions are over.
    pub fn finish(&mut self, context: &mut Context, out: &mut Out<'_>) {
        match self {
            Self::Turns(turns) => turns.finish(context, out),
            Self::Tls(tls) => tls.finish(context, out),
            Self::Http1(http1) => http1.finish(context, out),
            Self::Dns(dns) => dns.finish(context, out),
            Self::Http2(http2) => http2.finish(context, out),
            Self::WebSocket(websocket) => websocket.finish(context, out),
            Self::Mqtt(mqtt) => mqtt.finish(context, out),
            Self::Socks(socks) => socks.finish(context, out),
        }
    }
}
