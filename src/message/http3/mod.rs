//! HTTP/3 (RFC 9114): the streams of a QUIC connection to requests and responses.
//!
//! Takes the chunks of each stream, hands on a request and a response for each exchange
//! when they end, as [`super::http2`] does and with its rules: interim responses, pushed
//! requests (as received ones), trailers, tunnels of `CONNECT` (RFC 9220: WebSocket).
//! Offsets count the bytes of one stream. It does not undo content codings.
//!
//! Field sections refer to a table that another stream fills. A section that comes before
//! its entries waits for them, and its stream with it; where they cannot come any more, a
//! field out of the table is not known, and the message is doubtful: see [`super::qpack`].

mod exchange;
mod frame;
mod lane;
mod single;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use self::exchange::{Exchange, Key};
use self::frame::{Hole, Piece, WHOLE_LIMIT};
use self::lane::Section;
use self::single::{Peer, Single};
use super::draft::{Context, Out, Visit};
use super::feed::{Held, Step, Trail};
use super::http2::{Half, Head};
use super::layer::Layer;
use crate::evidence::{Direction, Gap, GapReason};
use crate::net::Chunk;

/// Streams that are open at once, and as many that go one way or are not HTTP's.
/// RFC 9114 §6.1 asks for 100 requests at least, which is what servers allow
/// (nginx and Chromium's server 100 to 128).
const STREAMS_OPEN: usize = 1024;

/// Bytes of heads and bodies of all open streams that are kept: eight bodies at their
/// limit. Beyond it bodies are counted and hashed, not kept.
const KEPT_LIMIT: usize = 64 << 20;

/// Bytes of sections and of what follows them that wait for entries of the table. They
/// come a round trip later at most: at 100 Mbit/s and a third of a second, 4 MiB.
const HELD_LIMIT: usize = 4 << 20;

/// Streams remembered as over, so that late frames do not open them anew.
const OVER_KEPT: usize = 4096;

/// A connection that speaks HTTP/3; the default is one before its first bytes.
#[derive(Debug, Default)]
pub(super) struct Http3 {
    sent: Peer,
    received: Peer,
    exchanges: BTreeMap<Key, Exchange>,
    singles: BTreeMap<u64, Single>,
    /// Streams that are not HTTP's.
    others: BTreeMap<u64, (Box<Layer>, Box<Context>)>,
    over: BTreeSet<Key>,
    /// Whose next section waits. By direction, sent before received.
    blocked: BTreeSet<(Key, bool)>,
    /// Bytes of the open streams that lie in memory.
    kept: usize,
    /// Bytes that wait behind sections.
    held: usize,
    /// Nothing waits any more.
    impatient: bool,
}

impl Http3 {
    fn peer(&mut self, direction: Direction) -> &mut Peer {
        match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        }
    }

    /// Takes the next step of a direction of stream `id`.
    pub fn push(&mut self, id: u64, direction: Direction, chunk: Chunk<'_>, context: &mut Context, out: &mut Out<'_>) {
        if self.others.contains_key(&id) {
            return self.other(id, direction, chunk, out);
        }
        // RFC 9000 §2.1: the low bits say who opened it, and whether it goes one way.
        match id & 3 {
            0 => self.message(Key::Request(id), direction, chunk, context, out),
            1 => {
                self.start_other(id, context, out);
                self.other(id, direction, chunk, out);
            }
            _ => self.single(id, direction, chunk, context, out),
        }
        if self.held > HELD_LIMIT && !self.impatient {
            let detail = format!("of HTTP/3 that waits for its header table, {} MiB are held", HELD_LIMIT >> 20);
            out.gap(Gap::new(GapReason::Limit, context.at(), detail));
            self.hurry(context, out);
        }
    }

    /// Shows every message that is still coming in.
    pub fn drafts(&mut self, context: &mut Context, visit: &mut Visit<'_>) {
        for exchange in self.exchanges.values_mut() {
            let before = exchange.kept();
            exchange.shared.drafts(context, visit);
            self.kept = self.kept.saturating_sub(before).saturating_add(exchange.kept());
        }
        for (layer, inner) in self.others.values_mut() {
            layer.drafts(inner, visit);
        }
    }

    /// Memory of what waits beside the messages that are still coming in, about.
    pub fn waiting(&self) -> usize {
        let lanes = self.exchanges.values().map(Exchange::waiting);
        let singles = self.singles.values().map(Single::waiting);
        let others = self.others.values().map(|(layer, _)| layer.waiting());
        lanes.chain(singles).chain(others).fold(self.amplified(), usize::saturating_add)
    }

    /// What of it a few bytes can make: see [`Layer::amplified`].
    pub fn amplified(&self) -> usize {
        let tables = self.sent.decoder.cost().saturating_add(self.received.decoder.cost());
        let exchanges = self.exchanges.values().map(Exchange::amplified);
        let others = self.others.len().saturating_mul(size_of::<Layer>() + size_of::<Context>());
        let over = self.over.len().saturating_mul(2 * size_of::<Key>());
        exchanges.fold(tables.saturating_add(others).saturating_add(over), usize::saturating_add)
    }

    /// The connection is over.
    pub fn finish(&mut self, context: &mut Context, out: &mut Out<'_>) {
        self.hurry(context, out);
        self.singles.clear();
        while let Some((_, mut exchange)) = self.exchanges.pop_first() {
            exchange.close(GapReason::LostPackets, context, out);
        }
        while let Some((_, (mut layer, mut inner))) = self.others.pop_first() {
            layer.finish(&mut inner, out);
        }
        (self.kept, self.held) = (0, 0);
        self.blocked.clear();
    }

    /// Opens `key` if it is not; `false` when it is over.
    fn open(&mut self, key: Key, context: &mut Context, out: &mut Out<'_>) -> bool {
        if self.over.contains(&key) {
            return false;
        }
        if self.exchanges.contains_key(&key) {
            return true;
        }
        if self.exchanges.len() >= STREAMS_OPEN || self.kept >= KEPT_LIMIT {
            let detail = format!("of an HTTP/3 connection, {STREAMS_OPEN} requests are followed at once");
            out.gap(Gap::new(GapReason::Limit, context.at(), detail));
            self.close_oldest(context, out);
        }
        let unpromised = matches!(key, Key::Push(_)) && !self.impatient;
        self.exchanges.insert(key, Exchange::new(out.next_exchange(), unpromised));
        true
    }

    fn close_oldest(&mut self, context: &mut Context, out: &mut Out<'_>) {
        if let Some((oldest, mut exchange)) = self.exchanges.pop_first() {
            self.kept = self.kept.saturating_sub(exchange.kept());
            exchange.close(GapReason::Limit, context, out);
            self.forget(oldest, &exchange);
        }
    }

    fn forget(&mut self, key: Key, exchange: &Exchange) {
        self.held = self.held.saturating_sub(exchange.held());
        self.blocked.remove(&(key, true));
        self.blocked.remove(&(key, false));
        self.over.insert(key);
        if self.over.len() > OVER_KEPT {
            self.over.pop_first();
        }
    }

    fn message(&mut self, key: Key, direction: Direction, chunk: Chunk<'_>, context: &mut Context, out: &mut Out<'_>) {
        if !self.open(key, context, out) {
            return;
        }
        let Some(exchange) = self.exchanges.get_mut(&key) else { return };
        if exchange.waits(direction) {
            let step = Step::of(chunk);
            self.held = self.held.saturating_add(step.cost());
            exchange.lane(direction).waiting.push_back(step);
        } else {
            self.step(key, direction, chunk, context, out);
        }
    }

    /// A step of a direction in which nothing waits.
    fn step(&mut self, key: Key, direction: Direction, chunk: Chunk<'_>, context: &mut Context, out: &mut Out<'_>) {
        let Some(exchange) = self.exchanges.get_mut(&key) else { return };
        let before = exchange.kept();
        match chunk {
            Chunk::Data { bytes, time, frames, conflict } => {
                exchange.lane(direction).frames.feed().push(bytes, time, frames, conflict);
                self.run(key, direction, context, out);
            }
            Chunk::Gap { length, .. } => Self::hole(exchange, direction, length, chunk, context, out),
            Chunk::End { reset, time, frame } => {
                let lane = exchange.lane(direction);
                // No frame says the end: it is that of the capture, or of the connection.
                let reason = match (reset, frame != 0 && lane.frames.is_even()) {
                    (true, _) => Some(GapReason::Cancelled),
                    (false, true) => None,
                    (false, false) => Some(GapReason::LostPackets),
                };
                exchange.flush(direction, reason.unwrap_or(GapReason::LostPackets), context, out);
                exchange.shared.end(direction, reason, context, out);
                let trail = Trail { first: Some((time, 0)), frames: vec![frame], ..Trail::default() };
                exchange.shared.hang_up(direction, reset, &trail, out);
            }
        }
        self.settle(key, before, context, out);
    }

    /// Closes the books on an exchange of which `before` bytes were kept.
    fn settle(&mut self, key: Key, before: usize, context: &mut Context, out: &mut Out<'_>) {
        let Some(exchange) = self.exchanges.get(&key) else { return };
        self.kept = self.kept.saturating_sub(before).saturating_add(exchange.kept());
        if exchange.shared.is_over()
            && let Some(exchange) = self.exchanges.remove(&key)
        {
            self.kept = self.kept.saturating_sub(exchange.kept());
            self.forget(key, &exchange);
        }
        // Bodies stop being kept at the limit; what still grows are frames not complete yet.
        while self.kept as u64 > KEPT_LIMIT as u64 + WHOLE_LIMIT && !self.exchanges.is_empty() {
            out.gap(Gap::new(GapReason::Limit, context.at(), kept_detail()));
            self.close_oldest(context, out);
        }
    }

    fn run(&mut self, key: Key, direction: Direction, context: &mut Context, out: &mut Out<'_>) {
        while let Some(exchange) = self.exchanges.get_mut(&key) {
            let lane = exchange.lane(direction);
            if lane.blocked.is_some() {
                return;
            }
            match lane.frames.next() {
                None => return,
                Some(Piece::Whole { kind, payload, trail }) => {
                    let promise = if kind == frame::PUSH_PROMISE { frame::integer(&payload) } else { Some((0, 0)) };
                    // Only a server promises, and only where it answers (§7.2.5). Were promises
                    // followed inside of what is promised, they could be nested without end.
                    let in_place = direction == Direction::Received && matches!(key, Key::Request(_));
                    let promise = promise.filter(|_| kind == frame::HEADERS || in_place);
                    // A promise that ends inside its number promises nothing.
                    let Some((id, length)) = promise else { continue };
                    let promised = (kind == frame::PUSH_PROMISE).then_some(id);
                    self.section(key, direction, promised, payload.slice(length..), trail, context, out);
                }
                Some(Piece::TooLong { kind }) => {
                    let detail = format!("of a field section of HTTP/3, {} KiB are read", WHOLE_LIMIT >> 10);
                    out.gap(Gap::new(GapReason::Limit, context.at(), detail));
                    if kind == frame::HEADERS {
                        exchange.miss(direction, context);
                    }
                }
                Some(Piece::Data { bytes, trail }) => self.body(key, direction, &bytes, trail, context, out),
                Some(Piece::Rest { bytes, trail }) => {
                    if let Key::Request(id) = key
                        && self.others.contains_key(&id)
                    {
                        let (time, _) = trail.first.unwrap_or_default();
                        let held = Held { bytes, time, frames: trail.frames.into(), conflict: trail.conflict };
                        self.other(id, direction, held.chunk(), out);
                    } else {
                        self.body(key, direction, &bytes, trail, context, out);
                    }
                }
                Some(Piece::Lost) => {
                    let detail = "the framing of a stream of HTTP/3 was lost";
                    out.gap(Gap::new(GapReason::Undecodable, context.at(), detail));
                    exchange.shared.end(direction, Some(GapReason::Undecodable), context, out);
                    *exchange.shared.half(direction) = exchange.shared.headless(direction, context);
                }
                Some(Piece::Session) => {
                    (exchange.shared.sent, exchange.shared.received) = (Half::Done, Half::Done);
                    if let Key::Request(id) = key {
                        self.start_other(id, context, out);
                    }
                }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one frame and where its message goes")]
    fn section(
        &mut self,
        key: Key,
        direction: Direction,
        promised: Option<u64>,
        bytes: Bytes,
        trail: Trail,
        context: &mut Context,
        out: &mut Out<'_>,
    ) {
        let mut required = self.peer(direction).decoder.required(&bytes);
        let Some(exchange) = self.exchanges.get_mut(&key) else { return };
        let lane = exchange.lane(direction);
        // Its bytes may have come long after they were sent, when the count that its
        // number is relative to was another one.
        if lane.holed {
            required = required.late();
        }
        let section = Section { promised, bytes, required, trail };
        if self.is_ready(direction, &section) {
            self.decode(key, direction, section, context, out);
        } else {
            self.held = self.held.saturating_add(section.bytes.len());
            self.blocked.insert((key, direction == Direction::Received));
            self.peer(direction).await_inserts(section.required);
            if let Some(exchange) = self.exchanges.get_mut(&key) {
                exchange.lane(direction).blocked = Some(section);
            }
        }
    }

    /// Whether a section waits for nothing that may still come.
    fn is_ready(&mut self, direction: Direction, section: &Section) -> bool {
        let setting_lost = self.peer(direction.reverse()).setting_lost;
        self.impatient || self.peer(direction).is_ready(section.required, setting_lost)
    }

    fn decode(&mut self, key: Key, direction: Direction, section: Section, context: &mut Context, out: &mut Out<'_>) {
        let Section { promised, bytes, required, trail } = section;
        let fields = self.peer(direction).decoder.decode(bytes, required);
        if fields.malformed.is_some() {
            out.gap(Gap::new(GapReason::Undecodable, context.at(), "a field section of HTTP/3 does not decode"));
        }
        if fields.cut {
            let detail = format!("of a field section of HTTP/3, {} KiB are read", WHOLE_LIMIT >> 10);
            out.gap(Gap::new(GapReason::Limit, context.at(), detail));
        }
        let head = Head::of(fields);
        let Some(exchange) = self.exchanges.get_mut(&key) else { return };
        let doubtful = exchange.lane(direction).holed;
        match promised {
            None => exchange.shared.fields(direction, head, doubtful, trail, context, out),
            Some(id) => {
                if self.open(Key::Push(id), context, out)
                    && let Some(push) = self.exchanges.get_mut(&Key::Push(id))
                {
                    push.shared.promise(head, doubtful, trail, context, out);
                    push.unpromised = false;
                    self.read_waiting(Key::Push(id), Direction::Received, context, out);
                }
            }
        }
    }

    fn body(
        &mut self,
        key: Key,
        direction: Direction,
        bytes: &Bytes,
        trail: Trail,
        context: &mut Context,
        out: &mut Out<'_>,
    ) {
        let full = self.kept >= KEPT_LIMIT;
        let Some(exchange) = self.exchanges.get_mut(&key) else { return };
        if exchange.shared.tunnel.is_some() {
            return exchange.shared.tunnelled(direction, bytes.clone(), trail, context, out);
        }
        exchange.shared.content(direction, bytes, full, &trail, context);
        if full {
            out.gap(Gap::new(GapReason::Limit, context.at(), kept_detail()));
        }
    }

    /// Bytes are missing. What follows them is a message of its own, so that nothing is
    /// read across.
    fn hole(
        exchange: &mut Exchange,
        direction: Direction,
        length: u64,
        chunk: Chunk<'_>,
        context: &mut Context,
        out: &mut Out<'_>,
    ) {
        let lane = exchange.lane(direction);
        lane.holed = true;
        let (waiting, hole) = lane.frames.hole(length);
        if let Some((bytes, trail)) = waiting {
            exchange.pass(direction, (&bytes, trail), GapReason::LostPackets, context, out);
        }
        match hole {
            Hole::Nothing => {}
            Hole::Whole => exchange.miss(direction, context),
            Hole::Data | Hole::Framing => {
                exchange.shared.end(direction, Some(GapReason::LostPackets), context, out);
                *exchange.shared.half(direction) = exchange.shared.headless(direction, context);
                exchange.shared.tell(direction, chunk, out);
            }
        }
    }

    /// Reads on wherever a section need not wait any longer.
    fn release(&mut self, context: &mut Context, out: &mut Out<'_>) {
        (self.sent.soonest, self.received.soonest) = (None, None);
        for (key, is_received) in self.blocked.clone() {
            let direction = if is_received { Direction::Received } else { Direction::Sent };
            let Some(exchange) = self.exchanges.get_mut(&key) else { continue };
            let before = exchange.kept();
            let Some(mut section) = exchange.lane(direction).blocked.take() else { continue };
            // The setting may have come meanwhile.
            section.required = self.peer(direction).again(&section);
            if !self.is_ready(direction, &section) {
                self.peer(direction).await_inserts(section.required);
                if let Some(exchange) = self.exchanges.get_mut(&key) {
                    exchange.lane(direction).blocked = Some(section);
                }
                continue;
            }
            self.blocked.remove(&(key, is_received));
            self.held = self.held.saturating_sub(section.bytes.len());
            self.decode(key, direction, section, context, out);
            self.run(key, direction, context, out);
            self.settle(key, before, context, out);
            for direction in [Direction::Sent, Direction::Received] {
                self.read_waiting(key, direction, context, out);
            }
        }
    }

    /// Gives up waiting for anything.
    fn hurry(&mut self, context: &mut Context, out: &mut Out<'_>) {
        self.impatient = true;
        self.release(context, out);
        let unpromised: Vec<Key> = self.exchanges.iter().filter(|(_, e)| e.unpromised).map(|(key, _)| *key).collect();
        for key in unpromised {
            if let Some(exchange) = self.exchanges.get_mut(&key) {
                exchange.unpromised = false;
            }
            self.read_waiting(key, Direction::Received, context, out);
        }
    }

    fn read_waiting(&mut self, key: Key, direction: Direction, context: &mut Context, out: &mut Out<'_>) {
        while let Some(exchange) = self.exchanges.get_mut(&key)
            && !exchange.is_blocked(direction)
            && let Some(step) = exchange.lane(direction).waiting.pop_front()
        {
            self.held = self.held.saturating_sub(step.cost());
            self.step(key, direction, step.chunk(), context, out);
        }
    }

    /// A stream that is not HTTP's begins, or what is left of one.
    fn start_other(&mut self, id: u64, context: &Context, out: &mut Out<'_>) {
        if self.others.len() >= STREAMS_OPEN {
            let detail = format!("of an HTTP/3 connection, {STREAMS_OPEN} other streams are followed");
            out.gap(Gap::new(GapReason::Limit, context.at(), detail));
            return;
        }
        let inner = Context { depth: context.depth + 1, alpn: None, hello: false, ..context.clone() };
        self.others.insert(id, (Box::new(Layer::sniffing(0, 0, &inner, out)), Box::new(inner)));
    }

    fn other(&mut self, id: u64, direction: Direction, chunk: Chunk<'_>, out: &mut Out<'_>) {
        if let Some((layer, inner)) = self.others.get_mut(&id) {
            layer.push(direction, chunk, inner, out);
        }
    }
}

fn kept_detail() -> String {
    format!("of the open streams of an HTTP/3 connection, {} MiB are kept", KEPT_LIMIT >> 20)
}

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;
