//! One stream of an HTTP/2 or HTTP/3 connection: a request, its response, or a tunnel.

use bytes::Bytes;

use super::head::{self, Head};
use super::side::join;
use crate::evidence::{Direction, GapReason, Time};
use crate::message::draft::{Context, Draft, Out, Visit};
use crate::message::feed::Trail;
use crate::message::layer::Layer;
use crate::message::websocket::{Handshake, WebSocket};
use crate::message::{Kind, Protocol};
use crate::net::Chunk;

/// Bytes held of a tunnel before its answer was seen; a client that does not wait
/// sends a TLS hello or one message. Of one that sends more, it is believed that it was answered.
const HELD_LIMIT: usize = 64 << 10;

/// What a piece that is held costs beyond its bytes, with the number of its frame.
const EARLY_COST: usize = size_of::<Early>() + size_of::<u64>();

/// Fields that trailers may add to a message, as many as its head may well have.
const TRAILERS_LIMIT: usize = 256;

/// One direction of a stream.
#[derive(Debug, Default)]
pub(in crate::message) enum Half {
    /// Its head did not come yet.
    #[default]
    Waiting,
    /// Its body comes. `suspect`: something may be missing of it, or not.
    Open { draft: Box<Draft>, suspect: bool, head_size: usize },
    /// It is over.
    Done,
}

impl Half {
    /// Bytes of it that lie in memory.
    pub fn kept(&self) -> usize {
        match self {
            Self::Open { draft, head_size, .. } => draft.body.kept() + head_size,
            _ => 0,
        }
    }
}

/// A stream that became a connection of its own (RFC 9113 §8.5, RFC 8441).
#[derive(Debug)]
pub(in crate::message) enum Tunnel {
    /// The server did not answer yet. `size`: memory of what is held, about.
    Asked { protocol: Option<String>, target: Option<String>, held: Vec<Early>, size: usize },
    /// It did. `ended`: sent, received.
    Open { layer: Box<Layer>, inner: Box<Context>, ended: (bool, bool) },
}

/// What a client sent into a tunnel before it was answered.
#[derive(Debug)]
pub(in crate::message) enum Early {
    Data(Bytes, Trail),
    Gap { length: u64, time: Time, reason: GapReason },
}

/// A stream.
#[derive(Debug)]
pub(in crate::message) struct Stream {
    /// What its messages are written in.
    pub version: Protocol,
    pub exchange: u32,
    pub sent: Half,
    pub received: Half,
    pub method: Option<String>,
    pub host: Option<String>,
    pub grpc: bool,
    pub tunnel: Option<Tunnel>,
}

impl Stream {
    /// One of which nothing came yet.
    pub fn new(version: Protocol, exchange: u32) -> Self {
        Self {
            version,
            exchange,
            sent: Half::Waiting,
            received: Half::Waiting,
            method: None,
            host: None,
            grpc: false,
            tunnel: None,
        }
    }

    pub fn half(&mut self, direction: Direction) -> &mut Half {
        match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        }
    }

    /// Nothing more is expected of it.
    pub fn is_over(&self) -> bool {
        matches!((&self.sent, &self.received, &self.tunnel), (Half::Done, Half::Done, None))
    }

    /// Bytes of it that lie in memory.
    pub fn kept(&self) -> usize {
        let held = match &self.tunnel {
            Some(Tunnel::Asked { size, .. }) => *size,
            _ => 0,
        };
        self.sent.kept() + self.received.kept() + held
    }

    /// Memory of it beside its bodies, about.
    pub fn waiting(&self) -> usize {
        let halves = [&self.sent, &self.received].into_iter();
        let draft = |half: &Half| match half {
            // A few bytes can name much of a table.
            Half::Open { head_size, .. } => head_size.saturating_add(size_of::<Draft>()),
            _ => 0,
        };
        let drafts = halves.map(draft).fold(0, usize::saturating_add);
        let tunnel = match &self.tunnel {
            Some(Tunnel::Asked { size, .. }) => *size,
            Some(Tunnel::Open { layer, .. }) => layer.waiting().saturating_add(size_of::<Context>()),
            None => 0,
        };
        let texts = self.method.as_ref().map_or(0, String::len) + self.host.as_ref().map_or(0, String::len);
        (2 * size_of::<Self>()).saturating_add(drafts).saturating_add(texts).saturating_add(tunnel)
    }

    /// Shows every message of it that is still coming in.
    pub fn drafts(&mut self, context: &mut Context, visit: &mut Visit<'_>) {
        for half in [&mut self.sent, &mut self.received] {
            if let Half::Open { draft, head_size, .. } = half {
                visit(draft, context);
                if draft.headers.is_empty() {
                    *head_size = 0;
                }
            }
        }
        if let Some(Tunnel::Open { layer, inner, .. }) = &mut self.tunnel {
            layer.drafts(inner, visit);
        }
    }

    fn draft(&self, direction: Direction, kind: Kind, doubtful: bool, trail: Trail, context: &Context) -> Draft {
        let mut draft = Draft::raw(direction, context);
        draft.protocol = self.version;
        draft.kind = kind;
        draft.host = self.host.clone();
        draft.exchange = Some(self.exchange);
        draft.doubtful = doubtful;
        draft.trail = trail;
        draft
    }

    /// A field list: a head, or trailers.
    pub fn fields(
        &mut self,
        direction: Direction,
        head: Head,
        doubtful: bool,
        trail: Trail,
        context: &mut Context,
        out: &mut Out<'_>,
    ) {
        match self.half(direction) {
            Half::Waiting if head.is_lost() => *self.half(direction) = self.headless(direction, context),
            Half::Waiting if direction == Direction::Sent => {
                let (draft, size) = self.request(head, doubtful, trail, direction, context);
                self.begin(direction, draft, size, context, out);
            }
            Half::Waiting => self.answer(head, doubtful, trail, context, out),
            Half::Open { .. } => self.trailers(direction, head, &trail),
            Half::Done => {}
        }
    }

    fn answer(&mut self, head: Head, doubtful: bool, trail: Trail, context: &mut Context, out: &mut Out<'_>) {
        let status = head.status.unwrap_or_default();
        let extensions = head.field("sec-websocket-extensions");
        let subprotocol = head.field("sec-websocket-protocol");
        let (draft, size) = self.response(head, doubtful, trail, context);
        if matches!(status, 100..=199) {
            draft.finish(context, out);
            return;
        }
        match (&self.tunnel, status) {
            (Some(Tunnel::Asked { .. }), 200..=299) => {
                draft.finish(context, out);
                self.received = Half::Done;
                self.connect((extensions, subprotocol), context, out);
            }
            (tunnel, _) => {
                if tunnel.is_some() {
                    self.refuse(context, out);
                }
                self.begin(Direction::Received, draft, size, context, out);
            }
        }
    }

    /// Bytes of a body. `full`: there is no room for them, so that they are counted only.
    pub fn content(&mut self, direction: Direction, bytes: &Bytes, full: bool, trail: &Trail, context: &Context) {
        if matches!(self.half(direction), Half::Waiting) {
            *self.half(direction) = self.headless(direction, context);
        }
        if let Half::Open { draft, .. } = self.half(direction) {
            join(&mut draft.trail, trail);
            // Once left out, always left out: what is kept of a body has no holes.
            if full || draft.incomplete == Some(GapReason::Limit) {
                draft.body.count(bytes);
                draft.incomplete = Some(GapReason::Limit);
            } else {
                draft.body.add(bytes);
            }
        }
    }

    /// The head of a request that the server expects the client would send (RFC 9113
    /// §8.4, RFC 9114 §4.6).
    pub fn promise(&mut self, head: Head, doubtful: bool, trail: Trail, context: &mut Context, out: &mut Out<'_>) {
        if matches!(self.sent, Half::Waiting) {
            let (draft, _) = self.request(head, doubtful, trail, Direction::Received, context);
            draft.finish(context, out);
            self.sent = Half::Done;
        }
    }

    /// The head of a request. `direction` is that of its bytes: a promised one was received.
    pub fn request(
        &mut self,
        head: Head,
        doubtful: bool,
        trail: Trail,
        direction: Direction,
        context: &Context,
    ) -> (Draft, usize) {
        self.host = head.host();
        self.method = head.method.clone();
        self.grpc = head::is_grpc(&head.headers);
        let authority = head.authority.clone();
        let plain_connect = head.path.is_none() && head.method.as_deref() == Some("CONNECT");
        let target = if plain_connect { head.authority } else { head.path };
        if self.method.as_deref() == Some("CONNECT") && direction == Direction::Sent {
            let (protocol, target) = (head.protocol.clone(), target.clone());
            self.tunnel = Some(Tunnel::Asked { protocol, target, held: Vec::new(), size: 0 });
        }
        let kind = Kind::Request { method: head.method.unwrap_or_default(), target: target.unwrap_or_default() };
        let mut draft = self.draft(direction, kind, doubtful || head.partly, trail, context);
        if self.grpc {
            draft.protocol = Protocol::Grpc;
        }
        draft.authority = authority;
        draft.headers = head.headers;
        (draft, head.size)
    }

    /// The head of a response.
    pub fn response(&self, head: Head, doubtful: bool, trail: Trail, context: &Context) -> (Draft, usize) {
        let kind = Kind::Response { status: head.status.unwrap_or_default(), method: self.method.clone() };
        let mut draft = self.draft(Direction::Received, kind, doubtful || head.partly, trail, context);
        if head::is_grpc(&head.headers) || self.grpc && head::field(&head.headers, "content-type").is_none() {
            draft.protocol = Protocol::Grpc;
        }
        draft.headers = head.headers;
        (draft, head.size)
    }

    /// The body of a message whose head was read; that of a `CONNECT` is a tunnel's.
    pub fn begin(
        &mut self,
        direction: Direction,
        draft: Draft,
        head_size: usize,
        context: &mut Context,
        out: &mut Out<'_>,
    ) {
        if self.tunnel.is_some() {
            *self.half(direction) = Half::Done;
            draft.finish(context, out);
        } else {
            *self.half(direction) = Half::Open { draft: Box::new(draft), suspect: false, head_size };
        }
    }

    /// A body of which the head was lost, or the part behind a hole.
    pub fn headless(&self, direction: Direction, context: &Context) -> Half {
        let draft = self.draft(direction, Kind::Raw, true, Trail::default(), context);
        Half::Open { draft: Box::new(draft), suspect: false, head_size: 0 }
    }

    /// Fields behind a body.
    pub fn trailers(&mut self, direction: Direction, head: Head, trail: &Trail) {
        if let Half::Open { draft, head_size, .. } = self.half(direction) {
            join(&mut draft.trail, trail);
            draft.doubtful |= head.partly;
            *head_size = head_size.saturating_add(head.size);
            draft.headers.extend(head.headers.into_iter().take(TRAILERS_LIMIT));
        }
    }

    /// Ends one direction: as its sender said, or for this reason.
    pub fn end(&mut self, direction: Direction, reason: Option<GapReason>, context: &mut Context, out: &mut Out<'_>) {
        if let Half::Open { mut draft, suspect, .. } = std::mem::replace(self.half(direction), Half::Done) {
            if suspect && reason.is_none() {
                let length =
                    head::field(&draft.headers, "content-length").and_then(|length| length.trim().parse().ok());
                // What was missing belonged to other streams.
                if length != Some(draft.body.length) {
                    draft.incomplete = Some(GapReason::LostPackets);
                }
            }
            draft.incomplete = match reason {
                // A hole before the end may have been in it.
                Some(GapReason::Cancelled) if suspect => Some(GapReason::LostPackets),
                reason => reason.or(draft.incomplete),
            };
            if draft.kind != Kind::Raw || draft.body.length > 0 || !draft.headers.is_empty() {
                draft.finish(context, out);
            }
        }
    }

    /// Bytes of a stream that is a tunnel.
    pub fn tunnelled(
        &mut self,
        direction: Direction,
        bytes: Bytes,
        trail: Trail,
        context: &Context,
        out: &mut Out<'_>,
    ) {
        if let Some(Tunnel::Asked { held, size, .. }) = &mut self.tunnel {
            let cost = bytes.len().saturating_add(EARLY_COST);
            if size.saturating_add(cost) <= HELD_LIMIT {
                *size += cost;
                held.push(Early::Data(bytes, trail));
                return;
            }
            self.connect((None, None), context, out);
        }
        if let Some(Tunnel::Open { layer, inner, .. }) = &mut self.tunnel {
            push(layer, inner, direction, &bytes, &trail, out);
        }
    }

    /// The server agreed, with these extensions and this subprotocol of a WebSocket, or is believed to
    /// have: what was held, and what follows, is read on its own.
    fn connect(
        &mut self,
        (extensions, subprotocol): (Option<String>, Option<String>),
        context: &Context,
        out: &mut Out<'_>,
    ) {
        let Some(Tunnel::Asked { protocol, target, held, .. }) = self.tunnel.take() else { return };
        let mut inner = context.clone();
        inner.authority = self.host.clone();
        inner.depth += 1;
        let mut layer = match protocol.as_deref() {
            Some("websocket") => {
                let handshake = Handshake { target, extensions, subprotocol };
                Layer::WebSocket(Box::new(WebSocket::at(&handshake, 0, 0)))
            }
            _ => Layer::sniffing(0, 0, &inner, out),
        };
        for early in held {
            match early {
                Early::Data(bytes, trail) => push(&mut layer, &mut inner, Direction::Sent, &bytes, &trail, out),
                Early::Gap { length, time, reason } => {
                    layer.push(Direction::Sent, Chunk::Gap { length, time, reason }, &mut inner, out);
                }
            }
        }
        self.tunnel = Some(Tunnel::Open { layer: Box::new(layer), inner: Box::new(inner), ended: (false, false) });
    }

    /// The server refused, or the connection ended: what was held is what it is. A tunnel that is open stays so.
    pub fn refuse(&mut self, context: &mut Context, out: &mut Out<'_>) {
        let Some(Tunnel::Asked { held, .. }) = &mut self.tunnel else { return };
        let held = std::mem::take(held);
        self.tunnel = None;
        let mut draft = self.draft(Direction::Sent, Kind::Raw, false, Trail::default(), context);
        for early in held {
            match early {
                Early::Data(bytes, trail) => {
                    draft.body.add(&bytes);
                    join(&mut draft.trail, &trail);
                }
                // What follows the hole is a message of its own, so that nothing is read across it.
                Early::Gap { reason, .. } => {
                    let behind = self.draft(Direction::Sent, Kind::Raw, true, Trail::default(), context);
                    let mut before = std::mem::replace(&mut draft, behind);
                    before.incomplete = Some(reason);
                    if before.body.length > 0 {
                        before.finish(context, out);
                    }
                }
            }
        }
        if draft.body.length > 0 {
            draft.finish(context, out);
        }
    }

    /// Says a gap or an end to what runs in the tunnel.
    pub fn tell(&mut self, direction: Direction, chunk: Chunk<'_>, out: &mut Out<'_>) {
        match (&mut self.tunnel, chunk) {
            (Some(Tunnel::Open { layer, inner, .. }), chunk) => layer.push(direction, chunk, inner, out),
            (Some(Tunnel::Asked { held, size, .. }), Chunk::Gap { length, time, reason })
                if direction == Direction::Sent =>
            {
                // One hole after the other costs nothing more: a hole is told to every stream.
                if let Some(Early::Gap { length: before, .. }) = held.last_mut() {
                    *before = if *before == 0 || length == 0 { 0 } else { before.saturating_add(length) };
                } else {
                    *size = size.saturating_add(EARLY_COST);
                    held.push(Early::Gap { length, time, reason });
                }
            }
            _ => {}
        }
    }

    /// A direction of the tunnel ended in these frames.
    pub fn hang_up(&mut self, direction: Direction, reset: bool, trail: &Trail, out: &mut Out<'_>) {
        let Some(Tunnel::Open { layer, inner, ended }) = &mut self.tunnel else { return };
        let ended_here = match direction {
            Direction::Sent => &mut ended.0,
            Direction::Received => &mut ended.1,
        };
        if !std::mem::replace(ended_here, true) {
            let time = trail.first.map_or(Time::default(), |(time, _)| time);
            let frame = trail.frames.last().copied().unwrap_or_default();
            layer.push(direction, Chunk::End { reset, time, frame }, inner, out);
        }
        if *ended == (true, true) {
            layer.finish(inner, out);
            self.tunnel = None;
        }
    }

    /// Ends all of it.
    pub fn close(&mut self, reason: GapReason, context: &mut Context, out: &mut Out<'_>) {
        for direction in [Direction::Sent, Direction::Received] {
            self.end(direction, Some(reason), context, out);
        }
        self.refuse(context, out);
        if let Some(Tunnel::Open { mut layer, mut inner, .. }) = self.tunnel.take() {
            layer.finish(&mut inner, out);
        }
    }
}

fn push(layer: &mut Layer, inner: &mut Context, direction: Direction, bytes: &[u8], trail: &Trail, out: &mut Out<'_>) {
    let time = trail.first.map_or(Time::default(), |(time, _)| time);
    let chunk = Chunk::Data { bytes, time, frames: &trail.frames, conflict: trail.conflict };
    layer.push(direction, chunk, inner, out);
}
