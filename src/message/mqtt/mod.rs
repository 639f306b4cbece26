//! MQTT 3.1, 3.1.1 and 5 over any stream of bytes: TCP, TLS, WebSocket.
//!
//! Takes the chunks of both directions from the client's CONNECT on, hands on one
//! message for each control packet, as a [`Kind::Request`] in either direction: the
//! packet type is the method, the topic (or the first topic filter) is the target, the
//! application message is the body. What else has a name stands in the headers: of a
//! CONNECT `client-id`, `user-name`, `password`, `will-topic` (the will's message is
//! the body); `topic-filter` for each of several; `reason-code`; the textual properties
//! of MQTT 5, and its user properties under their own names. A packet and what answers
//! it share an exchange. There is no host: the server name of the stream is.
//!
//! The framing is too weak (two bytes) to be found again: behind a hole that does not
//! lie in one payload the direction is raw.

mod packet;

use std::collections::{BTreeMap, VecDeque};

use self::packet::{Packet, Reader};
use super::draft::{Context, Draft, Out, Visit};
use super::feed::{Feed, Trail};
use super::raw::TURN_LIMIT;
use super::{Kind, Protocol};
use crate::evidence::{Direction, Gap, GapReason};
use crate::net::Chunk;

/// Longest packet that is read whole. A CONNECT's five strings of 64 KiB and the
/// properties fit; a longer PUBLISH is read as it comes, its head being this long at most.
const PACKET_HELD: usize = 512 << 10;

/// Packets that wait for an answer. MQTT 5 §3.3.4 allows 65,535 in flight; clients have a few.
const WAITING_LIMIT: usize = 1024;

/// Bytes of aliased topics that are kept for each direction.
const ALIASES_KEPT: usize = 256 << 10;

/// Whether `bytes`, the first a client sends, are a CONNECT; `None` when more bytes must tell.
pub(super) fn begins(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [] => return None,
        [0x10, ..] => {}
        _ => return Some(false),
    }
    let Some(length) = packet::variable(bytes.get(1..).unwrap_or_default()) else { return Some(false) };
    let (length, size) = length?;
    let rest = bytes.get(1 + size..).unwrap_or_default();
    for name in [&b"\0\x04MQTT"[..], b"\0\x06MQIsdp"] {
        let seen = rest.len().min(name.len());
        if rest.get(..seen) == name.get(..seen) {
            let fits = length >= name.len() as u64 + 6;
            return if seen == name.len() || !fits { Some(fits) } else { None };
        }
    }
    Some(false)
}

/// A connection that speaks MQTT.
#[derive(Debug)]
pub(super) struct Mqtt {
    sent: Side,
    received: Side,
    /// As the CONNECT said; 3.1.1 where it was not seen.
    level: u8,
    exchanges: Exchanges,
}

#[derive(Debug)]
struct Side {
    direction: Direction,
    feed: Feed,
    state: State,
    doubtful: bool,
    aliases: BTreeMap<u16, String>,
    aliases_kept: usize,
}

#[derive(Debug)]
enum State {
    Packet,
    /// The payload of a long PUBLISH.
    Payload {
        draft: Box<Draft>,
        left: u64,
    },
    /// The rest of a packet that is not looked at.
    Skip(u64),
    Raw,
}

/// What a packet that waits for its answer costs.
const ID_COST: usize = 2 * size_of::<((Direction, u16), u32)>();

/// Which packets answer which.
#[derive(Debug, Default)]
struct Exchanges {
    connect: Option<u32>,
    pings: VecDeque<u32>,
    /// By who chose the identifier, and the identifier.
    by_id: BTreeMap<(Direction, u16), u32>,
}

impl Exchanges {
    fn of(&mut self, kind: u8, direction: Direction, id: Option<u16>, out: &mut Out<'_>) -> Option<u32> {
        let theirs = id.map(|id| (direction.reverse(), id));
        match kind {
            packet::CONNECT => {
                self.connect = Some(out.next_exchange());
                self.connect
            }
            packet::CONNACK => self.connect.take(),
            packet::PUBLISH | packet::SUBSCRIBE | packet::UNSUBSCRIBE => {
                let exchange = out.next_exchange();
                if let Some(id) = id {
                    if self.by_id.len() >= WAITING_LIMIT {
                        self.by_id.pop_first();
                    }
                    self.by_id.insert((direction, id), exchange);
                }
                Some(exchange)
            }
            packet::PUBREC => self.by_id.get(&theirs?).copied(),
            packet::PUBREL => self.by_id.get(&(direction, id?)).copied(),
            packet::PUBACK | packet::PUBCOMP | packet::SUBACK | packet::UNSUBACK => self.by_id.remove(&theirs?),
            packet::PINGREQ => {
                let exchange = out.next_exchange();
                if self.pings.len() < WAITING_LIMIT {
                    self.pings.push_back(exchange);
                }
                Some(exchange)
            }
            packet::PINGRESP => self.pings.pop_front(),
            _ => None,
        }
    }
}

impl Mqtt {
    /// From the client's CONNECT on; offsets are those of the first bytes (sent, received).
    pub fn at(sent: u64, received: u64) -> Self {
        let side = |direction, offset| Side {
            direction,
            feed: Feed::at(offset),
            state: State::Packet,
            doubtful: false,
            aliases: BTreeMap::new(),
            aliases_kept: 0,
        };
        Self {
            sent: side(Direction::Sent, sent),
            received: side(Direction::Received, received),
            level: 4,
            exchanges: Exchanges::default(),
        }
    }

    /// Takes one chunk.
    pub fn push(&mut self, direction: Direction, chunk: Chunk<'_>, context: &mut Context, out: &mut Out<'_>) {
        let side = match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        };
        match chunk {
            Chunk::Data { bytes, time, frames, conflict } => {
                side.feed.push(bytes, time, frames, conflict);
                side.run(&mut self.level, &mut self.exchanges, context, out);
            }
            Chunk::Gap { length, reason, .. } => side.gap(length, reason, context, out),
            Chunk::End { .. } => side.end(context, out),
        }
    }

    /// Shows every message that is still coming in.
    pub fn drafts(&mut self, context: &mut Context, visit: &mut Visit<'_>) {
        for side in [&mut self.sent, &mut self.received] {
            if let State::Payload { draft, .. } = &mut side.state {
                visit(draft, context);
            }
        }
    }

    /// Memory of what waits beside the messages that are still coming in, about.
    pub fn waiting(&self) -> usize {
        let sides = [&self.sent, &self.received].into_iter();
        let own: usize = sides.map(|side| side.feed.cost().saturating_add(side.aliases_kept)).sum();
        own.saturating_add(self.exchanges.by_id.len().saturating_mul(ID_COST))
    }

    /// Both directions are over.
    pub fn finish(&mut self, context: &mut Context, out: &mut Out<'_>) {
        self.sent.end(context, out);
        self.received.end(context, out);
    }
}

impl Side {
    fn run(&mut self, level: &mut u8, exchanges: &mut Exchanges, context: &mut Context, out: &mut Out<'_>) {
        loop {
            match &mut self.state {
                State::Raw => {
                    while self.feed.len() >= TURN_LIMIT {
                        self.pass_on(TURN_LIMIT, context, out);
                    }
                    return;
                }
                State::Skip(left) => {
                    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(self.feed.len());
                    self.feed.take(count, &mut Trail::default());
                    *left -= count as u64;
                    if *left > 0 {
                        return;
                    }
                    self.state = State::Packet;
                }
                State::Payload { draft, left } => {
                    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(self.feed.len());
                    let bytes = self.feed.take(count, &mut draft.trail);
                    draft.body.add(&bytes);
                    *left -= count as u64;
                    if *left > 0 {
                        return;
                    }
                    if let State::Payload { draft, .. } = std::mem::replace(&mut self.state, State::Packet) {
                        draft.finish(context, out);
                    }
                }
                State::Packet => {
                    if self.packet(level, exchanges, context, out).is_none() {
                        return;
                    }
                }
            }
        }
    }

    /// One packet; `None` when it is not all here.
    fn packet(
        &mut self,
        level: &mut u8,
        exchanges: &mut Exchanges,
        context: &mut Context,
        out: &mut Out<'_>,
    ) -> Option<()> {
        let (kind, flags, head, length) = match self.header() {
            Some(header) => header?,
            None => {
                out.gap(Gap::new(GapReason::Undecodable, context.at(), "the framing of an MQTT connection was lost"));
                self.lose();
                return Some(());
            }
        };
        let name = packet::name(kind).unwrap_or_default();
        let whole = usize::try_from(length).ok().filter(|&length| length <= PACKET_HELD);
        if let Some(length) = whole {
            if self.feed.len() < head + length {
                return None;
            }
            let mut draft = self.draft(name, context);
            self.feed.take(head, &mut draft.trail);
            let body = self.feed.take(length, &mut draft.trail);
            match Packet::read(kind, flags, *level, body.clone()) {
                Some(packet) => {
                    draft.body.add(&packet.payload);
                    *level = packet.level.unwrap_or(*level);
                    self.fill(&mut draft, name, kind, packet, exchanges, out);
                }
                None => {
                    // Its length is right and its inside is not: searched as it is.
                    draft.body.add(&body);
                    draft.incomplete = Some(GapReason::Undecodable);
                }
            }
            draft.finish(context, out);
            return Some(());
        }
        if kind != packet::PUBLISH {
            let detail = format!("of an MQTT packet without payload, {} KiB are read", PACKET_HELD >> 10);
            out.gap(Gap::new(GapReason::Limit, context.at(), detail).of_bytes(length));
            self.feed.take(head, &mut Trail::default());
            self.state = State::Skip(length);
            return Some(());
        }
        // Taken at once at a fixed length, so that it does not matter how the bytes came.
        if self.feed.len() < head + PACKET_HELD {
            return None;
        }
        let mut draft = self.draft(name, context);
        self.feed.take(head, &mut draft.trail);
        let start = self.feed.take(PACKET_HELD, &mut draft.trail);
        let mut reader = Reader::new(start.clone());
        match Packet::publish(flags, *level, &mut reader) {
            Some(packet) => {
                draft.body.add(&reader.left());
                self.fill(&mut draft, name, kind, packet, exchanges, out);
            }
            None => {
                draft.body.add(&start);
                draft.incomplete = Some(GapReason::Undecodable);
            }
        }
        self.state = State::Payload { draft: Box::new(draft), left: length - PACKET_HELD as u64 };
        Some(())
    }

    /// Type, flags, and length of the fixed header and of what follows; the inner `None`
    /// when it is not all here, the outer when it is none.
    fn header(&self) -> Option<Option<(u8, u8, usize, u64)>> {
        let Some((&first, rest)) = self.feed.bytes().split_first() else { return Some(None) };
        let (kind, flags) = (first >> 4, first & 0x0f);
        packet::name(kind)?;
        if kind == packet::PUBLISH && flags & 0x06 == 0x06 {
            return None;
        }
        Some(packet::variable(rest)?.map(|(length, size)| (kind, flags, 1 + size, length)))
    }

    fn draft(&self, name: &str, context: &Context) -> Draft {
        let mut draft = Draft::raw(self.direction, context);
        draft.protocol = Protocol::Mqtt;
        draft.kind = Kind::Request { method: name.to_owned(), target: String::new() };
        draft.doubtful = self.doubtful;
        draft
    }

    fn fill(
        &mut self,
        draft: &mut Draft,
        name: &str,
        kind: u8,
        packet: Packet,
        exchanges: &mut Exchanges,
        out: &mut Out<'_>,
    ) {
        let target = match packet.alias {
            Some(alias) if packet.topic.is_empty() => self.aliases.get(&alias).cloned().unwrap_or_default(),
            Some(alias) => {
                self.learn(alias, &packet.topic);
                packet.topic
            }
            None => packet.topic,
        };
        draft.kind = Kind::Request { method: name.to_owned(), target };
        draft.headers = packet.headers;
        draft.exchange = exchanges.of(kind, self.direction, packet.id, out);
    }

    fn learn(&mut self, alias: u16, topic: &str) {
        let old = self.aliases.remove(&alias).map_or(0, |old| old.len());
        self.aliases_kept = self.aliases_kept.saturating_sub(old);
        if self.aliases_kept + topic.len() <= ALIASES_KEPT {
            self.aliases_kept += topic.len();
            self.aliases.insert(alias, topic.to_owned());
        }
    }

    fn gap(&mut self, length: u64, reason: GapReason, context: &mut Context, out: &mut Out<'_>) {
        self.doubtful = true;
        // Aliases may have been set in the hole.
        self.aliases.clear();
        self.aliases_kept = 0;
        match std::mem::replace(&mut self.state, State::Raw) {
            State::Payload { mut draft, left } if length > 0 && length <= left => {
                // What follows the hole is a message of its own, so that nothing is read across it.
                let mut rest = self.draft("PUBLISH", context);
                rest.kind = draft.kind.clone();
                rest.exchange = draft.exchange;
                rest.incomplete = Some(reason);
                draft.incomplete = Some(reason);
                draft.finish(context, out);
                if length < left {
                    self.state = State::Payload { draft: Box::new(rest), left: left - length };
                } else {
                    self.state = State::Packet;
                }
            }
            State::Skip(left) if length > 0 && length <= left => self.state = State::Skip(left - length),
            state => {
                if let State::Payload { mut draft, .. } = state {
                    draft.incomplete = Some(reason);
                    draft.finish(context, out);
                }
                let detail = "an MQTT connection is not picked up behind a hole; its rest is searched as raw bytes";
                out.gap(Gap::new(reason, context.at(), detail));
                self.flush(context, out);
            }
        }
        self.feed.skip(length);
    }

    fn lose(&mut self) {
        self.doubtful = true;
        self.state = State::Raw;
    }

    fn end(&mut self, context: &mut Context, out: &mut Out<'_>) {
        if let State::Payload { mut draft, .. } = std::mem::replace(&mut self.state, State::Raw) {
            draft.incomplete = Some(GapReason::LostPackets);
            draft.finish(context, out);
        }
        self.flush(context, out);
    }

    fn flush(&mut self, context: &mut Context, out: &mut Out<'_>) {
        while !self.feed.is_empty() {
            self.pass_on(TURN_LIMIT, context, out);
        }
    }

    fn pass_on(&mut self, count: usize, context: &mut Context, out: &mut Out<'_>) {
        let mut draft = Draft::raw(self.direction, context);
        draft.doubtful = true;
        let bytes = self.feed.take(count, &mut draft.trail);
        draft.body.add(&bytes);
        draft.finish(context, out);
    }
}

#[cfg(test)]
mod tests;
