//! A message that is still being read, and what its stream lends to it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};

use super::feed::{FRAMES_KEPT, Trail};
use super::legs::Legs;
use super::weights::{self, IN_ALL};
use super::{Item, Kind, Message, Options, Protocol, Wire, dns_over_http, httpdns};
use crate::evidence::{Direction, Gap, GapReason, Time, Transport};
use crate::net::{Endpoints, StreamId};
use crate::secure::KeyLog;
use crate::signatures::{Protocols, ServiceName};

/// Bytes of a body that are kept; the rest is counted and hashed. From DESIGN.md:
/// uploads of apps (logs, screenshots) are below it, downloads of media above.
pub const BODY_KEPT: usize = 8 << 20;

/// What the layers below a protocol know about the stream it runs in.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub stream: StreamId,
    pub endpoints: Endpoints,
    pub keys: Arc<KeyLog>,
    pub protocols: Arc<Protocols>,
    /// What a stream that nothing here parses is, as far as it is known.
    pub service: Option<ServiceName>,
    /// Names that resolvers were asked for over HTTP, by exchange.
    pub asked: httpdns::Asked,
    /// Compute `body_sha256`.
    pub hash_bodies: bool,
    pub answer_kept: Option<usize>,
    pub wire: Wire,
    pub sni: Option<String>,
    /// Handed to the first message, then gone.
    pub alpn: Option<String>,
    /// The next message is the first of an encrypted stream.
    pub hello: bool,
    pub certificate_names: Vec<String>,
    /// Whose stream it is, known at once or later to this context and all made from it.
    pub app: Arc<OnceLock<Arc<str>>>,
    /// Host that a proxy was asked to connect this tunnel to.
    pub authority: Option<String>,
    /// Bytes that the client sent to bring the stream up (a TLS handshake): the next sent
    /// message carries them, so that opened and closed streams are weighed alike.
    pub overhead: u64,
    /// Bytes that the client is known to have sent and that were not captured, until a sent
    /// message takes them; one count for this context and all made from it.
    pub lost: Arc<AtomicU64>,
    /// Tunnels and encryptions this one runs in.
    pub depth: usize,
}

impl Context {
    /// Of the transport itself.
    pub fn new(stream: StreamId, endpoints: Endpoints, options: &Options) -> Self {
        Self {
            stream,
            endpoints,
            keys: Arc::clone(&options.keys),
            protocols: Arc::clone(&options.protocols),
            service: None,
            asked: httpdns::Asked::default(),
            hash_bodies: options.hash_bodies,
            answer_kept: options.answer_kept,
            wire: if options.dumps.get(stream.input as usize) == Some(&true) { Wire::Unknown } else { Wire::Clear },
            sni: None,
            alpn: None,
            hello: false,
            certificate_names: Vec::new(),
            app: Arc::default(),
            authority: None,
            overhead: 0,
            lost: Arc::default(),
            depth: 0,
        }
    }

    /// `length` bytes of a direction were not captured. What a server sent is not weighed.
    pub fn lose(&self, direction: Direction, length: u64) {
        if direction == Direction::Sent {
            self.lost.fetch_add(length, Ordering::Relaxed);
        }
    }

    /// Whether bytes of the client are lost that no message has taken yet.
    pub fn has_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed) > 0
    }

    /// Looks what begins with `payload`, where nothing here parses it.
    pub fn recognise(&mut self, payload: &[u8]) {
        let (transport, port) = (self.stream.transport, self.endpoints.server.port());
        if let Some(service) = self.protocols.service(transport, port, payload) {
            self.service = Some(service);
        }
    }

    /// How gaps name the stream.
    pub fn at(&self) -> String {
        match self.stream.transport {
            Transport::Tcp => format!("tcp stream {}", self.stream.number),
            Transport::Udp => format!("udp stream {}", self.stream.number),
        }
    }
}

/// Where a layer hands on what it found.
pub(super) struct Out<'a> {
    pub sink: &'a mut dyn FnMut(Item),
    /// Number of the stream's next exchange: a tunnel counts on where its `CONNECT` left off.
    pub exchange: &'a mut u32,
    /// The captures that the stream lies in.
    pub legs: &'a Legs,
}

impl Out<'_> {
    pub fn message(&mut self, message: Message, asked: &mut httpdns::Asked, protocols: &Protocols) {
        let inside = dns_over_http::inside(&message).or_else(|| httpdns::inside(&message, asked, protocols));
        (self.sink)(Item::Message(Box::new(message)));
        if let Some(dns) = inside {
            (self.sink)(Item::Message(Box::new(dns)));
        }
    }

    pub fn gap(&mut self, gap: Gap) {
        (self.sink)(Item::Gap(gap));
    }

    /// The number of a new exchange.
    pub fn next_exchange(&mut self) -> u32 {
        let number = *self.exchange;
        *self.exchange = number.saturating_add(1);
        number
    }
}

/// A body as it comes in: kept up to a limit, counted and hashed on.
#[derive(Clone, Debug)]
pub(super) struct Body {
    kept: BytesMut,
    /// Bytes that are kept.
    most: usize,
    pub length: u64,
    hash: Option<Sha256>,
}

impl Body {
    pub fn new(direction: Direction, context: &Context) -> Self {
        let most = context.answer_kept.filter(|_| direction == Direction::Received).unwrap_or(BODY_KEPT);
        Self { kept: BytesMut::new(), most, length: 0, hash: context.hash_bodies.then(Sha256::new) }
    }

    /// There was more than is kept.
    fn is_cut(&self) -> bool {
        self.kept.len() == self.most && self.length > self.most as u64
    }

    pub fn add(&mut self, bytes: &[u8]) {
        let room = self.most.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(bytes.get(..room).unwrap_or_default());
        self.length = self.length.saturating_add(bytes.len() as u64);
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
    }

    /// Counts and hashes `bytes` without keeping them. Nothing may be added after them.
    pub fn count(&mut self, bytes: &[u8]) {
        self.length = self.length.saturating_add(bytes.len() as u64);
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
    }

    /// Bytes of it that lie in memory.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }
}

/// What a layer shows each of its drafts to, with the context that it is finished in.
pub(super) type Visit<'a> = dyn FnMut(&mut Draft, &mut Context) + 'a;

/// A message that is still being read.
#[derive(Debug)]
pub(super) struct Draft {
    pub direction: Direction,
    pub protocol: Protocol,
    pub kind: Kind,
    pub host: Option<String>,
    pub authority: Option<String>,
    pub headers: Vec<(String, Bytes)>,
    pub body: Body,
    pub incomplete: Option<GapReason>,
    pub doubtful: bool,
    pub exchange: Option<u32>,
    pub trail: Trail,
}

impl Draft {
    /// An empty one.
    pub fn new(direction: Direction, protocol: Protocol, kind: Kind, context: &Context) -> Self {
        Self {
            direction,
            protocol,
            kind,
            host: None,
            authority: None,
            headers: Vec::new(),
            body: Body::new(direction, context),
            incomplete: None,
            doubtful: false,
            exchange: None,
            trail: Trail::default(),
        }
    }

    /// Bytes without a known structure.
    pub fn raw(direction: Direction, context: &Context) -> Self {
        let protocol = match context.stream.transport {
            Transport::Tcp => Protocol::Tcp,
            Transport::Udp => Protocol::Udp,
        };
        Self::new(direction, protocol, Kind::Raw, context)
    }

    /// Memory that it takes, about.
    pub fn held(&self) -> usize {
        weights::of_message(self.body.kept.capacity(), self.trail.frames.capacity(), self.headers.len())
    }

    /// Breaks it off where it weighs `least` or more.
    pub fn lighten(&mut self, least: usize, context: &mut Context, out: &mut Out<'_>) {
        if self.held() >= least {
            self.break_off(context, out);
        }
    }

    /// Hands on what came of the message so far, as one that is not whole. What still comes of
    /// it is a message of its own, without a head, so that all of it is searched.
    fn break_off(&mut self, context: &mut Context, out: &mut Out<'_>) {
        let kind = match &self.kind {
            kind @ Kind::WebSocket { .. } => kind.clone(),
            _ => Kind::Raw,
        };
        let mut rest = Self::new(self.direction, self.protocol, kind, context);
        rest.host.clone_from(&self.host);
        rest.exchange = self.exchange;
        rest.doubtful = self.doubtful;
        let mut so_far = std::mem::replace(self, rest);
        so_far.incomplete.get_or_insert(GapReason::Limit);
        let length = so_far.body.length;
        so_far.finish(context, out);
        let detail = format!(
            "of messages that come in at the same time, {} MiB are kept in all: one was read in parts",
            IN_ALL >> 20
        );
        out.gap(Gap::new(GapReason::Limit, context.at(), detail).of_bytes(length));
    }

    /// Hands the message on, as it now is.
    pub fn finish(self, context: &mut Context, out: &mut Out<'_>) {
        let mut incomplete = self.incomplete;
        if self.body.is_cut() {
            incomplete = incomplete.or(Some(GapReason::Limit));
            if self.body.most == BODY_KEPT {
                let detail = format!("of a body, {} MiB are kept", BODY_KEPT >> 20);
                let beyond = self.body.length - BODY_KEPT as u64;
                out.gap(Gap::new(GapReason::Limit, context.at(), detail).of_bytes(beyond));
            }
        }
        let kept = self.body.kept.freeze();
        if self.trail.frames.len() >= FRAMES_KEPT {
            let detail = format!("of a message, {FRAMES_KEPT} frame numbers are kept");
            out.gap(Gap::new(GapReason::Limit, context.at(), detail));
        }
        // Of a body with a hole, or that was cut, there is no digest that anyone could repeat.
        let hashed = match incomplete {
            None | Some(GapReason::Cancelled) => true,
            // All of it came by, and not all was kept; else it was not read on.
            Some(GapReason::Limit) => self.body.length > kept.len() as u64,
            Some(_) => false,
        };
        let hash = self.body.hash.filter(|_| hashed);
        let opened = !matches!(self.kind, Kind::Closed { .. });
        let (time, offset) = self.trail.first.unwrap_or((Time::default(), 0));
        let (client, server): (IpAddr, IpAddr) = (context.endpoints.client.ip(), context.endpoints.server.ip());
        let (place, forgotten) = out.legs.place(self.trail.frames, offset);
        if forgotten > 0 {
            let detail = "frames of a message that goes on through more captures than are remembered";
            out.gap(Gap { count: forgotten as u64, ..Gap::new(GapReason::Limit, context.at(), detail) });
        }
        let (overhead, lost_bytes) = match self.direction {
            Direction::Sent => (std::mem::take(&mut context.overhead), context.lost.swap(0, Ordering::Relaxed)),
            Direction::Received => (0, 0),
        };
        let service = match (&self.kind, self.protocol) {
            (Kind::Raw, Protocol::Tcp | Protocol::Udp) => {
                context.service.as_ref().map(|service| service.id.to_string())
            }
            _ => None,
        };
        let message = Message {
            time,
            direction: self.direction,
            protocol: self.protocol,
            kind: self.kind,
            host: self.host.or_else(|| context.authority.clone()),
            sni: context.sni.clone(),
            alpn: context.alpn.take(),
            first: std::mem::take(&mut context.hello),
            certificate_names: context.certificate_names.clone(),
            client,
            server,
            port: context.endpoints.server.port(),
            service,
            authority: self.authority,
            headers: self.headers,
            body: kept,
            body_len: self.body.length,
            body_sha256: hash.map(|h| data_encoding::HEXLOWER.encode(&h.finalize())).unwrap_or_default(),
            incomplete,
            wire: context.wire,
            opened,
            doubtful: self.doubtful || self.trail.conflict,
            app: context.app.get().map(|app| app.to_string()),
            exchange: self.exchange,
            wire_bytes: self.trail.length.saturating_add(overhead),
            lost_bytes,
            place,
        };
        out.message(message, &mut context.asked, &context.protocols);
    }
}
