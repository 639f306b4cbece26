//! HTTP/2 (RFC 9113): frames to requests and responses.
//!
//! Takes the chunks of both directions, hands on a request and a response for each
//! stream when they end, under one exchange; interim responses (1xx), pushed requests
//! (as received ones) and trailers (behind the headers) included. A stream that a
//! `CONNECT` turned into a tunnel is read on by a layer of its own (RFC 8441: by
//! WebSocket); offsets in it count its own bytes. It does not undo content codings and
//! does not look into gRPC's messages.
//!
//! A connection that began before the capture, and one with a hole, is picked up at the
//! next row of frames. What was indexed before is then not known: see [`super::hpack`].
//! A request whose `:authority` is not known has no host, so that the server name of
//! its stream counts. A method, path or status that is not known is empty, or 0; a body
//! without a known head is [`Raw`](super::Kind::Raw).

mod frame;
mod head;
mod side;
mod stream;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::frame::{PREFACE, begins};

pub(super) use self::head::{Head, is_grpc};
pub(super) use self::side::join;
pub(super) use self::stream::{Half, Stream};

use self::side::{Concerned, Event, Side};
use super::Protocol;
use super::draft::{Context, Out, Visit};
use super::feed::Trail;
use crate::evidence::{Direction, Gap, GapReason};
use crate::net::Chunk;

/// Streams that are open at once. RFC 9113 §6.5.2 recommends to allow 100 at least,
/// which is what servers do (nginx 128, Apache 100, Envoy 1,024 by default in use).
const STREAMS_OPEN: usize = 1024;

/// Bytes of heads and bodies of all open streams that are kept: eight bodies at their
/// limit. Beyond it bodies are counted and hashed, not kept.
const KEPT_LIMIT: usize = 64 << 20;

/// Streams remembered as over, so that late frames do not open them anew.
const OVER_KEPT: usize = 4096;

/// A connection that speaks HTTP/2.
#[derive(Debug)]
pub(super) struct Http2 {
    sent: Side,
    received: Side,
    streams: BTreeMap<u32, Stream>,
    over: BTreeSet<u32>,
    /// Bytes of the open streams that lie in memory.
    kept: usize,
}

impl Http2 {
    /// Offsets are those of the first bytes in their directions; doubtful is a
    /// direction behind a gap.
    pub fn at(sent: (u64, bool), received: (u64, bool)) -> Self {
        Self {
            sent: Side::at(Direction::Sent, sent.0, sent.1),
            received: Side::at(Direction::Received, received.0, received.1),
            streams: BTreeMap::new(),
            over: BTreeSet::new(),
            kept: 0,
        }
    }

    /// The request that an HTTP/1 connection was upgraded with is stream 1 (RFC 7540 §3.2).
    pub fn upgraded(mut self, exchange: u32, method: Option<String>, host: Option<String>) -> Self {
        let stream = Stream { method, host, sent: Half::Done, ..Stream::new(Protocol::Http2, exchange) };
        self.streams.insert(1, stream);
        self
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        }
    }

    /// Takes one chunk.
    pub fn push(&mut self, direction: Direction, chunk: Chunk<'_>, context: &mut Context, out: &mut Out<'_>) {
        match chunk {
            Chunk::Data { bytes, time, frames, conflict } => {
                self.side(direction).data(bytes, time, frames, conflict);
                self.run(direction, false, context, out);
            }
            Chunk::Gap { length, time, reason } => {
                self.run(direction, true, context, out);
                match self.side(direction).gap(length, context, out) {
                    Concerned::All => self.hole(direction, Some(chunk), out),
                    Concerned::One { stream, ended } => {
                        self.hole_in(direction, stream, Chunk::Gap { length, time, reason }, ended, context, out);
                    }
                    Concerned::None => {}
                }
            }
            Chunk::End { .. } => {
                self.run(direction, true, context, out);
                self.side(direction).flush(context, out);
                let ids: Vec<u32> = self.streams.keys().copied().collect();
                for id in ids {
                    self.with(id, |stream| {
                        stream.end(direction, Some(GapReason::LostPackets), context, out);
                        stream.tell(direction, chunk, out);
                    });
                }
            }
        }
    }

    /// Shows every message that is still coming in.
    pub fn drafts(&mut self, context: &mut Context, visit: &mut Visit<'_>) {
        for stream in self.streams.values_mut() {
            let before = stream.kept();
            stream.drafts(context, visit);
            self.kept = self.kept.saturating_sub(before).saturating_add(stream.kept());
        }
    }

    /// Memory of what waits beside the messages that are still coming in, about.
    pub fn waiting(&self) -> usize {
        let sides = self.sent.waiting().saturating_add(self.received.waiting());
        sides.saturating_add(self.amplified())
    }

    /// What of it a few bytes can make: see [`Layer::amplified`].
    pub fn amplified(&self) -> usize {
        let tables = self.sent.table().saturating_add(self.received.table());
        let streams = self.streams.values().map(Stream::waiting).fold(tables, usize::saturating_add);
        streams.saturating_add(self.over.len().saturating_mul(2 * size_of::<u32>()))
    }

    /// Both directions are over.
    pub fn finish(&mut self, context: &mut Context, out: &mut Out<'_>) {
        for direction in [Direction::Sent, Direction::Received] {
            self.run(direction, true, context, out);
            self.side(direction).flush(context, out);
        }
        while let Some((_, mut stream)) = self.streams.pop_first() {
            stream.close(GapReason::LostPackets, context, out);
        }
        self.kept = 0;
    }

    fn run(&mut self, direction: Direction, last: bool, context: &mut Context, out: &mut Out<'_>) {
        while let Some(event) = self.side(direction).next(last, context, out) {
            match event {
                Event::Fields { stream, promised, fields, end, trail } => {
                    let head = Head::of(fields);
                    if let Some(promised) = promised {
                        self.promise(promised, head, trail, context, out);
                    } else {
                        self.head(direction, stream, head, end, trail, context, out);
                    }
                }
                Event::Data { stream, bytes, end, trail } => {
                    self.data(direction, stream, bytes, end, trail, context, out);
                }
                Event::Reset { stream, trail } => self.reset(direction, stream, &trail, context, out),
                Event::Hole => self.hole(direction, None, out),
            }
        }
    }

    /// Does something to an open stream, and closes the books on it.
    fn with(&mut self, id: u32, act: impl FnOnce(&mut Stream)) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        let before = stream.kept();
        act(stream);
        self.kept = self.kept.saturating_sub(before).saturating_add(stream.kept());
        if stream.is_over() {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: u32) {
        if let Some(stream) = self.streams.remove(&id) {
            self.kept = self.kept.saturating_sub(stream.kept());
        }
        self.over.insert(id);
        if self.over.len() > OVER_KEPT {
            self.over.pop_first();
        }
    }

    /// Opens stream `id` if it is not; `false` when it is over.
    fn open(&mut self, id: u32, context: &mut Context, out: &mut Out<'_>) -> bool {
        if self.over.contains(&id) {
            return false;
        }
        if self.streams.contains_key(&id) {
            return true;
        }
        if self.streams.len() >= STREAMS_OPEN || self.kept >= KEPT_LIMIT {
            let detail = format!("of an HTTP/2 connection, {STREAMS_OPEN} streams are followed at once");
            out.gap(Gap::new(GapReason::Limit, context.at(), detail));
            if let Some((oldest, mut stream)) = self.streams.pop_first() {
                self.kept = self.kept.saturating_sub(stream.kept());
                stream.close(GapReason::Limit, context, out);
                self.forget(oldest);
            }
        }
        self.streams.insert(id, Stream::new(Protocol::Http2, out.next_exchange()));
        true
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one event and where its messages go")]
    fn head(
        &mut self,
        direction: Direction,
        id: u32,
        head: Head,
        end: bool,
        trail: Trail,
        context: &mut Context,
        out: &mut Out<'_>,
    ) {
        if !self.open(id, context, out) {
            return;
        }
        let doubtful = self.side(direction).doubtful;
        self.with(id, |stream| {
            let last = stream.tunnel.is_some().then(|| trail.clone());
            stream.fields(direction, head, doubtful, trail, context, out);
            if end {
                stream.end(direction, None, context, out);
                stream.hang_up(direction, false, &last.unwrap_or_default(), out);
            }
        });
    }

    /// A request that the server expects the client would send (RFC 9113 §8.4).
    fn promise(&mut self, id: u32, head: Head, trail: Trail, context: &mut Context, out: &mut Out<'_>) {
        if !self.open(id, context, out) {
            return;
        }
        let doubtful = self.received.doubtful;
        self.with(id, |stream| stream.promise(head, doubtful, trail, context, out));
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one event and where its messages go")]
    fn data(
        &mut self,
        direction: Direction,
        id: u32,
        bytes: bytes::Bytes,
        end: bool,
        trail: Trail,
        context: &mut Context,
        out: &mut Out<'_>,
    ) {
        if !self.open(id, context, out) {
            return;
        }
        let full = self.kept >= KEPT_LIMIT;
        self.with(id, |stream| {
            if stream.tunnel.is_some() {
                let last = trail.clone();
                stream.tunnelled(direction, bytes, trail, context, out);
                if end {
                    stream.hang_up(direction, false, &last, out);
                }
                return;
            }
            stream.content(direction, &bytes, full, &trail, context);
            if end {
                stream.end(direction, None, context, out);
            }
        });
        if full {
            let detail = format!("of the open streams of an HTTP/2 connection, {} MiB are kept", KEPT_LIMIT >> 20);
            out.gap(Gap::new(GapReason::Limit, context.at(), detail));
        }
    }

    /// A client that gives up reads no response; a server that does may still be sent
    /// what was on its way, so the request goes on until it ends.
    fn reset(&mut self, direction: Direction, id: u32, trail: &Trail, context: &mut Context, out: &mut Out<'_>) {
        self.with(id, |stream| {
            let reason = Some(GapReason::Cancelled);
            if direction == Direction::Sent || matches!(stream.sent, Half::Waiting) {
                stream.end(Direction::Sent, reason, context, out);
            }
            stream.end(Direction::Received, reason, context, out);
            stream.refuse(context, out);
            for direction in [Direction::Sent, Direction::Received] {
                stream.hang_up(direction, true, trail, out);
            }
        });
    }

    /// Bytes of any stream may be missing.
    fn hole(&mut self, direction: Direction, chunk: Option<Chunk<'_>>, out: &mut Out<'_>) {
        for stream in self.streams.values_mut() {
            if let Half::Open { draft, suspect, .. } = stream.half(direction) {
                draft.doubtful = true;
                *suspect = true;
            }
            if let Some(Chunk::Gap { time, reason, .. }) = chunk {
                stream.tell(direction, Chunk::Gap { length: 0, time, reason }, out);
            }
        }
    }

    /// Bytes of this stream are missing. What follows the hole is a message of its own,
    /// so that nothing is read across it.
    fn hole_in(
        &mut self,
        direction: Direction,
        id: u32,
        chunk: Chunk<'_>,
        ended: bool,
        context: &mut Context,
        out: &mut Out<'_>,
    ) {
        let reason = if let Chunk::Gap { reason, .. } = chunk { reason } else { GapReason::LostPackets };
        self.with(id, |stream| {
            let open = matches!(stream.half(direction), Half::Open { .. });
            stream.end(direction, Some(reason), context, out);
            if open && !ended {
                *stream.half(direction) = stream.headless(direction, context);
            }
            stream.tell(direction, chunk, out);
        });
    }
}

#[cfg(test)]
mod tests;
