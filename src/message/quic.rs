//! A QUIC connection: opened, its streams are HTTP/3, or a layer each; closed, it is one
//! message that says why.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::datagrams::Datagram;
use super::dns::DnsStream;
use super::draft::{Context, Draft, Out, Visit};
use super::feed::{CLOSED_FRAMES, Held, Step, Trail};
use super::http3::Http3;
use super::layer::Layer;
use super::{Kind, Protocol, Wire};
use crate::evidence::{Direction, Gap, GapReason};
use crate::net::Chunk;
use crate::secure::quic::{Connection, ConnectionId, Item, Outcome};
use crate::secure::tls::Facts;

/// Streams that are read one by one, of a protocol that is not HTTP. DNS over QUIC opens one
/// for each query (RFC 9250 §4.2); servers allow about a hundred at a time.
const STREAMS_OPEN: usize = 1024;

/// Whether an application protocol is HTTP/3: `h3`, or one of its drafts (`h3-29`), which
/// differ in nothing that is read here.
fn is_http3(alpn: &str) -> bool {
    alpn == "h3" || alpn.starts_with("h3-")
}

/// Whether it is DNS over QUIC (RFC 9250 §4.1.1), or one of its drafts.
fn is_dns(alpn: &str) -> bool {
    alpn == "doq" || alpn.starts_with("doq-")
}

/// What the streams carry.
#[derive(Debug)]
enum Application {
    Http3(Box<Http3>),
    Streams {
        /// By id, and whether each direction has ended (sent, received).
        open: BTreeMap<u64, (Layer, (bool, bool))>,
        dns: bool,
    },
}

impl Application {
    /// What the server chose; in 0-RTT data, before it has, what the client offers.
    fn of(facts: &Facts) -> Self {
        let offered = || facts.alpn_offered.iter().map(String::as_str);
        let chosen = facts.alpn.as_deref().or_else(|| offered().find(|alpn| is_http3(alpn)));
        let chosen = chosen.or_else(|| offered().next()).unwrap_or_default();
        if is_http3(chosen) {
            return Self::Http3(Box::default());
        }
        Self::Streams { open: BTreeMap::new(), dns: is_dns(chosen) }
    }

    fn push(&mut self, id: u64, direction: Direction, chunk: Chunk<'_>, context: &mut Context, out: &mut Out<'_>) {
        match self {
            Self::Http3(http3) => http3.push(id, direction, chunk, context, out),
            Self::Streams { open, dns } => {
                if open.len() >= STREAMS_OPEN
                    && !open.contains_key(&id)
                    && let Some((_, (mut oldest, _))) = open.pop_first()
                {
                    let detail = format!("of a QUIC connection, {STREAMS_OPEN} streams are followed at once");
                    out.gap(Gap::new(GapReason::Limit, context.at(), detail));
                    oldest.finish(context, out);
                }
                let (layer, ended) = open.entry(id).or_insert_with(|| {
                    let layer = match dns {
                        true => Layer::Dns(DnsStream::at(0, 0)),
                        false => Layer::sniffing(0, 0, context, out),
                    };
                    // The other direction of a stream that goes one way (RFC 9000 §2.1).
                    (layer, (id & 3 == 3, id & 3 == 2))
                });
                layer.push(direction, chunk, context, out);
                if matches!(chunk, Chunk::End { .. }) {
                    match direction {
                        Direction::Sent => ended.0 = true,
                        Direction::Received => ended.1 = true,
                    }
                    if *ended == (true, true)
                        && let Some((mut layer, _)) = open.remove(&id)
                    {
                        layer.finish(context, out);
                    }
                }
            }
        }
    }

    fn drafts(&mut self, context: &mut Context, visit: &mut Visit<'_>) {
        match self {
            Self::Http3(http3) => http3.drafts(context, visit),
            Self::Streams { open, .. } => open.values_mut().for_each(|(layer, _)| layer.drafts(context, visit)),
        }
    }

    fn waiting(&self) -> usize {
        match self {
            Self::Http3(http3) => http3.waiting(),
            Self::Streams { open, .. } => {
                let stream =
                    |(layer, _): &(Layer, (bool, bool))| layer.waiting().saturating_add(2 * size_of::<Layer>());
                open.values().map(stream).fold(0, usize::saturating_add)
            }
        }
    }

    fn amplified(&self) -> usize {
        match self {
            Self::Http3(http3) => http3.amplified(),
            Self::Streams { open, .. } => {
                open.values().map(|(layer, _)| layer.amplified()).fold(0, usize::saturating_add)
            }
        }
    }

    fn finish(&mut self, context: &mut Context, out: &mut Out<'_>) {
        match self {
            Self::Http3(http3) => http3.finish(context, out),
            Self::Streams { open, .. } => {
                while let Some((_, (mut layer, _))) = open.pop_first() {
                    layer.finish(context, out);
                }
            }
        }
    }
}

/// What a datagram yielded, kept until the connection can be asked about it.
enum Opened {
    Stream { id: u64, direction: Direction, step: Step },
    Datagram { direction: Direction, held: Held },
    Restart,
}

impl Opened {
    fn of(item: Item<'_>) -> Self {
        match item {
            Item::Stream { id, direction, chunk } => Self::Stream { id, direction, step: Step::of(chunk) },
            Item::Datagram { direction, bytes, time, frames } => {
                let bytes = bytes::Bytes::copy_from_slice(bytes);
                Self::Datagram { direction, held: Held { bytes, time, frames: frames.into(), conflict: false } }
            }
            Item::Restart => Self::Restart,
        }
    }
}

/// A QUIC connection.
#[derive(Debug)]
pub(super) struct Quic {
    connection: Connection,
    /// What is inside, and what is known of it.
    inner: Option<(Application, Box<Context>)>,
    /// Both directions as they were captured; `length` counts what the client sent.
    outside: Trail,
    /// A message came out of it.
    told: bool,
    /// It may have begun between other ends.
    beside: bool,
}

impl Quic {
    /// A connection that begins with the next datagram; `beside` others, it may be one of them
    /// that moved here.
    pub fn new(context: &Context, beside: bool) -> Self {
        let connection = Connection::new(Arc::clone(&context.keys));
        Self { connection, inner: None, outside: Trail::default(), told: false, beside }
    }

    /// An Initial packet opened: it is known from its start.
    pub fn has_begun(&self) -> bool {
        self.connection.has_begun()
    }

    /// Connection ids that came up since this was last asked.
    pub fn take_ids(&mut self) -> Vec<ConnectionId> {
        self.connection.take_ids()
    }

    /// Takes the next datagram.
    pub fn push(&mut self, direction: Direction, datagram: Datagram<'_>, context: &Context, out: &mut Out<'_>) {
        let Datagram { bytes, missing, time, frames } = datagram;
        self.outside.first.get_or_insert((time, 0));
        if direction == Direction::Sent {
            self.outside.length = self.outside.length.saturating_add((bytes.len() as u64).saturating_add(missing));
        }
        if self.outside.frames.len() < CLOSED_FRAMES {
            self.outside.add_frames(frames);
            self.outside.frames.truncate(CLOSED_FRAMES);
        }
        let mut opened = Vec::new();
        self.connection.datagram(direction, bytes, time, frames, &mut |item| opened.push(Opened::of(item)));
        self.take(opened, context, out);
    }

    fn take(&mut self, opened: Vec<Opened>, context: &Context, out: &mut Out<'_>) {
        for opened in opened {
            if matches!(opened, Opened::Restart) {
                if let Some((mut application, mut inner)) = self.inner.take() {
                    application.finish(&mut inner, out);
                }
                continue;
            }
            let facts = self.connection.facts();
            let (application, inner) = self.inner.get_or_insert_with(|| {
                let inner = Context { depth: context.depth + 1, ..about(context, facts) };
                (Application::of(facts), Box::new(inner))
            });
            // It may have moved since.
            inner.endpoints = context.endpoints;
            // A server's choice may come behind the first data.
            if inner.hello {
                inner.alpn.clone_from(&facts.alpn);
            }
            if inner.certificate_names.is_empty() {
                inner.certificate_names.clone_from(&facts.certificate_names);
            }
            match opened {
                Opened::Stream { id, direction, step } => {
                    if let Step::Gap { length, reason, .. } = step {
                        let detail = "packets missing from a QUIC stream";
                        out.gap(Gap::new(reason, context.at(), detail).of_bytes(length));
                        // What is missing may have been in packets that were captured and stayed
                        // closed, which are weighed as such.
                        if self.connection.sealed_bytes(direction) == 0 {
                            inner.lose(direction, length);
                        }
                    }
                    application.push(id, direction, step.chunk(), inner, out);
                }
                Opened::Datagram { direction, held } => {
                    let mut draft = Draft::raw(direction, inner);
                    draft.trail.first = Some((held.time, 0));
                    draft.trail.add_frames(&held.frames);
                    draft.trail.length = held.bytes.len() as u64;
                    draft.body.add(&held.bytes);
                    draft.finish(inner, out);
                }
                Opened::Restart => {}
            }
            self.told |= !inner.hello;
        }
    }

    /// Shows every message that is still coming in.
    pub fn drafts(&mut self, visit: &mut Visit<'_>) {
        if let Some((application, inner)) = &mut self.inner {
            application.drafts(inner, visit);
        }
    }

    /// Memory of what waits beside the messages that are still coming in, about.
    pub fn waiting(&self) -> usize {
        let inner = self.inner.as_ref().map_or(0, |(application, _)| application.waiting());
        self.connection.waiting().saturating_add(inner)
    }

    /// What of it a few bytes can make: see [`Layer::amplified`].
    pub fn amplified(&self) -> usize {
        self.inner.as_ref().map_or(0, |(application, _)| application.amplified())
    }

    /// No more datagrams.
    pub fn finish(mut self, context: &Context, out: &mut Out<'_>) {
        let mut opened = Vec::new();
        self.connection.finish(&mut |item| opened.push(Opened::of(item)));
        self.take(opened, context, out);
        if let Some((mut application, mut inner)) = self.inner.take() {
            application.finish(&mut inner, out);
            self.told |= !inner.hello;
        }
        let sealed = self.connection.sealed_bytes(Direction::Sent);
        let mut trail = self.outside;
        let kind = match self.connection.outcome() {
            // By ids that came up where no key opened them, it may have come from there.
            Outcome::Closed(GapReason::StartedBeforeCapture) if self.beside => {
                Kind::Closed { reason: GapReason::QuicNoKey }
            }
            Outcome::Closed(reason) => Kind::Closed { reason },
            // Hellos and no more: what would have followed could not have been read.
            Outcome::Handshaking => Kind::Closed { reason: GapReason::QuicNoKey },
            Outcome::Open => {
                let unread = self.connection.sealed_bytes(Direction::Received);
                if unread > 0 {
                    let detail = "packets that a server sent stayed closed in a QUIC connection that was opened";
                    out.gap(Gap::new(GapReason::LostPackets, context.at(), detail).of_bytes(unread));
                }
                match (sealed, self.told) {
                    (0, true) if !context.has_lost() => return,
                    // A handshake and nothing in it is a contact all the same.
                    (0, false) => Kind::Raw,
                    _ => {
                        trail.length = sealed;
                        Kind::Closed { reason: GapReason::LostPackets }
                    }
                }
            }
        };
        let mut stream = Context { hello: !self.told, ..about(context, self.connection.facts()) };
        if self.told {
            stream.alpn = None;
        }
        let mut draft = Draft::new(Direction::Sent, Protocol::Quic, kind, &stream);
        draft.trail = trail;
        draft.finish(&mut stream, out);
    }
}

/// What is known inside a connection.
fn about(context: &Context, facts: &Facts) -> Context {
    Context {
        wire: Wire::Encrypted,
        sni: facts.sni.clone(),
        alpn: facts.alpn.clone(),
        certificate_names: facts.certificate_names.clone(),
        hello: true,
        ..context.clone()
    }
}
