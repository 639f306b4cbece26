//! HTTP/1.0 and HTTP/1.1 on one connection (RFC 9112).
//!
//! Takes both directions, hands on requests and responses, matched in order. A tunnel
//! (`CONNECT`) or an upgrade ends it: what follows goes to a layer of its own. It does
//! not undo content codings.

mod body;
mod exchange;
mod head;
mod side;

use self::exchange::{Pending, Pendings};
use self::side::{Side, State, Step};
use super::draft::{Context, Draft, Out, Visit};
use super::http2::{Http2, is_grpc};
use super::layer::Layer;
use super::raw::Turns;
use super::websocket::{Handshake, WebSocket};
use super::{Kind, Protocol, authority};
use crate::evidence::{Direction, Gap, GapReason};
use crate::net::Chunk;

pub(crate) use self::body::Framing;
#[cfg(feature = "proxy")]
pub(crate) use self::body::{Part, Progress};
#[cfg(feature = "proxy")]
pub(crate) use self::head::HEAD_LIMIT;
pub(crate) use self::head::{Head, Start, end as head_end, field, list, parse as parse_head};

/// A connection that speaks HTTP/1.
#[derive(Debug)]
pub(super) struct Http1 {
    sent: Side,
    received: Side,
    pendings: Pendings,
    /// An end reset the connection, which ends both directions (RFC 9293 §3.5.3).
    reset: bool,
    /// What the connection became.
    tunnel: Option<(Box<Layer>, Box<Context>)>,
}

/// What one direction learned that concerns both.
enum Turn {
    /// A proxy was told to connect to this host, and did.
    Tunnel(Option<String>),
    /// The connection speaks this protocol now, asked for by this request.
    Upgrade { name: String, asked: Option<Pending>, handshake: Handshake },
}

impl Http1 {
    /// Offsets are those of the first bytes in their directions; doubtful is a
    /// direction behind a gap.
    pub fn at(sent: (u64, bool), received: (u64, bool)) -> Self {
        Self {
            sent: Side::at(Direction::Sent, sent.0, sent.1),
            received: Side::at(Direction::Received, received.0, received.1),
            pendings: Pendings::default(),
            reset: false,
            tunnel: None,
        }
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        }
    }

    pub fn push(&mut self, direction: Direction, chunk: Chunk<'_>, context: &mut Context, out: &mut Out<'_>) {
        if let Some((layer, inner)) = &mut self.tunnel {
            return layer.push(direction, chunk, inner, out);
        }
        match chunk {
            Chunk::Data { bytes, time, frames, conflict } => {
                if conflict && bytes.is_empty() {
                    self.side(direction).doubt();
                }
                if self.side(direction).take_inside(bytes, time, frames, conflict) {
                    return;
                }
                self.side(direction).feed.push(bytes, time, frames, conflict);
                self.run(direction, context, out);
                if self.tunnel.is_none() && self.side(direction).held_too_much() {
                    self.assume_tunnel(context, out);
                }
            }
            Chunk::Gap { length, reason, .. } => {
                if matches!(self.sent.state, State::Held) {
                    // The proxy's answer is lost, or what the client sent without waiting for it. What the
                    // client sends besides shows whether it connected.
                    self.assume_tunnel(context, out);
                    if let Some((layer, inner)) = &mut self.tunnel {
                        layer.push(direction, chunk, inner, out);
                    }
                    return;
                }
                let head = self.side(direction).cut(reason, context);
                self.partial(head, context, out);
                self.side(direction).gap(length, reason, context, out);
                self.run(direction, context, out);
            }
            // Frame 0: the capture ends, and what follows in it is not known.
            Chunk::End { frame: 0, .. } => self.end(direction, false, GapReason::LostPackets, context, out),
            // What the sender did not get to send before it closed or was reset is not lost: holes
            // before the end came as gaps.
            Chunk::End { reset, .. } => {
                self.reset |= reset;
                self.end(direction, !reset, GapReason::Cancelled, context, out);
            }
        }
    }

    /// Shows every message that is still coming in.
    pub fn drafts(&mut self, context: &mut Context, visit: &mut Visit<'_>) {
        if let Some((layer, inner)) = &mut self.tunnel {
            return layer.drafts(inner, visit);
        }
        for direction in [Direction::Sent, Direction::Received] {
            if let State::Body(draft, _) = &mut self.side(direction).state {
                visit(draft, context);
            }
        }
    }

    /// Memory of what waits beside the messages that are still coming in, about.
    pub fn waiting(&self) -> usize {
        let inner = self.tunnel.as_ref().map_or(0, |(layer, _)| layer.waiting().saturating_add(size_of::<Context>()));
        let feeds = self.sent.feed.cost().saturating_add(self.received.feed.cost());
        self.pendings.cost().saturating_add(feeds).saturating_add(inner)
    }

    /// What of it a few bytes can make: see [`Layer::amplified`].
    pub fn amplified(&self) -> usize {
        self.tunnel.as_ref().map_or(0, |(layer, _)| layer.amplified())
    }

    /// Both directions are over.
    pub fn finish(&mut self, context: &mut Context, out: &mut Out<'_>) {
        if self.tunnel.is_none() && matches!(self.sent.state, State::Held) && !self.sent.feed.is_empty() {
            self.assume_tunnel(context, out);
        }
        if let Some((layer, inner)) = &mut self.tunnel {
            return layer.finish(inner, out);
        }
        let reason = if self.reset { GapReason::Cancelled } else { GapReason::LostPackets };
        for direction in [Direction::Sent, Direction::Received] {
            self.end(direction, false, reason, context, out);
        }
    }

    /// `clean`: its sender closed it; otherwise it was reset, or the capture ends. `reason` is
    /// that of a message which is not whole.
    fn end(&mut self, direction: Direction, clean: bool, reason: GapReason, context: &mut Context, out: &mut Out<'_>) {
        let side = self.side(direction);
        side.run_out(clean, reason, context, out);
        let head = side.cut(reason, context);
        self.partial(head, context, out);
        self.side(direction).flush(context, out);
    }

    /// A head of which the end is missing: what is there of it is a message.
    fn partial(&mut self, head: Option<(Draft, Head)>, context: &mut Context, out: &mut Out<'_>) {
        let Some((mut draft, head)) = head else { return };
        draft.incomplete.get_or_insert(GapReason::LostPackets);
        match &head.start {
            Start::Request { .. } => self.begin_request(&mut draft, head, out),
            Start::Status(status) => {
                let pending = self.pendings.answer(*status, self.received.doubtful);
                Self::begin_response(&mut draft, head, pending);
            }
        }
        draft.finish(context, out);
    }

    fn run(&mut self, direction: Direction, context: &mut Context, out: &mut Out<'_>) {
        loop {
            match self.side(direction).step(context, out) {
                Step::More => return,
                Step::Again => {}
                Step::Head(read) => {
                    let (mut draft, head) = *read;
                    if head.fields_cut {
                        let detail = format!("of a head, {} fields are read", head::FIELDS_LIMIT);
                        out.gap(Gap::new(GapReason::Limit, context.at(), detail));
                    }
                    let turn = match head.start {
                        Start::Request { .. } => {
                            self.request(draft, head, context, out);
                            None
                        }
                        Start::Status(status) => {
                            let pending = self.pendings.answer(status, self.received.doubtful);
                            let turn = Self::turn(status, &head, pending.as_ref());
                            let method = pending.as_ref().map(|p| p.method.clone());
                            let framing = match turn {
                                Some(_) => None,
                                None => Framing::of_response(status, method.as_deref(), &head.fields),
                            };
                            if status >= 200 && pending.as_ref().is_some_and(|p| p.expects) {
                                self.sent.body_may_be_withheld();
                            }
                            Self::begin_response(&mut draft, head, pending);
                            self.received.begin(draft, framing, context, out);
                            if turn.is_none() && status >= 200 && matches!(self.sent.state, State::Held) {
                                // The proxy refused: the connection goes on as before.
                                self.sent.state = State::Start;
                                self.run(Direction::Sent, context, out);
                            }
                            turn
                        }
                    };
                    if let Some(turn) = turn {
                        return self.become_other(turn, context, out);
                    }
                }
            }
        }
    }

    fn request(&mut self, mut draft: Draft, head: Head, context: &mut Context, out: &mut Out<'_>) {
        let connects = matches!(&head.start, Start::Request { method, .. } if method == "CONNECT");
        let framing = if connects { None } else { Framing::of_request(&head.fields) };
        self.begin_request(&mut draft, head, out);
        self.sent.begin(draft, framing, context, out);
        if connects {
            self.sent.state = State::Held;
        }
    }

    fn begin_request(&mut self, draft: &mut Draft, head: Head, out: &mut Out<'_>) {
        let Start::Request { method, target } = head.start else { return };
        draft.protocol = protocol(head.is_10, &head.fields);
        let named = field(&head.fields, "host").and_then(|host| authority::host(&host));
        let direct = authority::split_absolute(&target).is_none();
        let (host, target) = if method == "CONNECT" {
            (authority::host(&target).or(named), target)
        } else {
            match authority::split_absolute(&target) {
                // RFC 9112 §3.2.2: the target's authority counts, not the field.
                Some((_, authority, path)) => (authority::host(authority).or(named), path),
                None => (named, target),
            }
        };
        self.sent.host = host.clone().filter(|_| method != "CONNECT" && direct);
        let exchange = out.next_exchange();
        draft.exchange = Some(exchange);
        draft.host = host.clone();
        draft.kind = Kind::Request { method: method.clone(), target: target.clone() };
        self.pendings.ask(Pending {
            method,
            target,
            host,
            exchange,
            expects: list(&head.fields, "expect").iter().any(|e| e == "100-continue"),
            upgrade: field(&head.fields, "upgrade").map(|upgrade| upgrade.into_owned()),
        });
        draft.headers = head.fields;
    }

    fn begin_response(draft: &mut Draft, head: Head, pending: Option<Pending>) {
        let Start::Status(status) = head.start else { return };
        draft.protocol = protocol(head.is_10, &head.fields);
        let (method, host, exchange) = match pending {
            Some(pending) => (Some(pending.method), pending.host, Some(pending.exchange)),
            None => (None, None, None),
        };
        draft.kind = Kind::Response { status, method };
        draft.host = host;
        draft.exchange = exchange;
        draft.headers = head.fields;
    }

    /// What the connection becomes with this response, if not more HTTP/1.
    fn turn(status: u16, head: &Head, pending: Option<&Pending>) -> Option<Turn> {
        match (status, pending) {
            (200..=299, Some(pending)) if pending.method == "CONNECT" => Some(Turn::Tunnel(pending.host.clone())),
            (101, _) => {
                let named = field(&head.fields, "upgrade").map(|upgrade| upgrade.into_owned());
                let offered = pending.and_then(|pending| pending.upgrade.clone());
                let handshake = Handshake {
                    target: pending.map(|pending| pending.target.clone()),
                    extensions: field(&head.fields, "sec-websocket-extensions").map(|value| value.into_owned()),
                    subprotocol: field(&head.fields, "sec-websocket-protocol").map(|value| value.into_owned()),
                };
                let name = named.or(offered).unwrap_or_else(|| "an unnamed protocol".to_owned());
                Some(Turn::Upgrade { name, asked: pending.cloned(), handshake })
            }
            _ => None,
        }
    }

    fn assume_tunnel(&mut self, context: &mut Context, out: &mut Out<'_>) {
        let host = self.pendings.connecting();
        self.become_other(Turn::Tunnel(host), context, out);
    }

    fn become_other(&mut self, turn: Turn, context: &mut Context, out: &mut Out<'_>) {
        for direction in [Direction::Sent, Direction::Received] {
            self.side(direction).interrupt(context, out);
        }
        let (sent, received) = (self.sent.feed.drain(), self.received.feed.drain());
        let behind = |offset: u64, held: &[super::feed::Held]| {
            offset - held.iter().map(|piece| piece.bytes.len() as u64).sum::<u64>().min(offset)
        };
        let offsets = (behind(self.sent.feed.offset(), &sent), behind(self.received.feed.offset(), &received));
        let mut inner = context.clone();
        let mut layer = match turn {
            Turn::Tunnel(host) => {
                inner.authority = host;
                inner.depth += 1;
                Layer::sniffing(offsets.0, offsets.1, &inner, out)
            }
            Turn::Upgrade { name, asked, handshake } => {
                // The name goes into a line that is added up: short, and what a token may hold (RFC 9110 §7.8).
                let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
                inner.authority = self.pendings.last_host().or(inner.authority);
                match (name.trim().to_ascii_lowercase().as_str(), asked) {
                    ("websocket", _) => Layer::WebSocket(Box::new(WebSocket::at(&handshake, offsets.0, offsets.1))),
                    ("h2c", Some(asked)) => {
                        let http2 = Http2::at((offsets.0, self.sent.doubtful), (offsets.1, self.received.doubtful));
                        Layer::Http2(Box::new(http2.upgraded(asked.exchange, Some(asked.method), asked.host)))
                    }
                    _ => Layer::Turns(Turns::unread(&format!("Upgrade: {name}"), offsets.0, offsets.1, &inner, out)),
                }
            }
        };
        let pieces = sent.into_iter().map(|piece| (Direction::Sent, piece));
        for (direction, piece) in pieces.chain(received.into_iter().map(|piece| (Direction::Received, piece))) {
            layer.push(direction, piece.chunk(), &mut inner, out);
        }
        self.tunnel = Some((Box::new(layer), Box::new(inner)));
    }
}

/// gRPC-Web is gRPC on HTTP/1.
fn protocol(is_10: bool, fields: &[(String, bytes::Bytes)]) -> Protocol {
    match is_10 {
        _ if is_grpc(fields) => Protocol::Grpc,
        true => Protocol::Http10,
        false => Protocol::Http11,
    }
}
