//! A request and its response: what HTTP/2 calls a stream, over the two directions of one
//! of QUIC, or over a promise and a push stream.

use bytes::Bytes;

use super::lane::Lane;
use crate::evidence::{Direction, GapReason};
use crate::message::Protocol;
use crate::message::draft::{Context, Draft, Out};
use crate::message::feed::Trail;
use crate::message::http2::{Half, Stream};

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// Stream of this id.
    Request(u64),
    /// Push of this id (RFC 9114 §4.6).
    Push(u64),
}

/// A request and its response.
#[derive(Debug)]
pub(super) struct Exchange {
    pub shared: Stream,
    /// Its request is a promise that did not come yet; the response waits for it.
    pub unpromised: bool,
    sent: Lane,
    received: Lane,
}

impl Exchange {
    pub fn new(number: u32, unpromised: bool) -> Self {
        Self { unpromised, shared: Stream::new(Protocol::Http3, number), sent: Lane::at(0), received: Lane::at(0) }
    }

    /// Memory of what waits in its two directions, about.
    pub fn waiting(&self) -> usize {
        self.sent.waiting().saturating_add(self.received.waiting())
    }

    /// Memory of the rest, beside its bodies, about.
    pub fn amplified(&self) -> usize {
        self.shared.waiting().saturating_add(size_of::<Self>())
    }

    pub fn lane(&mut self, direction: Direction) -> &mut Lane {
        match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        }
    }

    /// A section of this direction is not decoded yet, or the request that it answers is not here.
    pub fn is_blocked(&self, direction: Direction) -> bool {
        let of_response = direction == Direction::Received && (self.received.blocked.is_some() || self.unpromised);
        self.sent.blocked.is_some() || of_response
    }

    /// What comes in this direction is not read yet.
    pub fn waits(&self, direction: Direction) -> bool {
        let lane = if direction == Direction::Sent { &self.sent } else { &self.received };
        self.is_blocked(direction) || !lane.waiting.is_empty()
    }

    /// Bytes of it that lie in memory, those that wait apart.
    pub fn kept(&self) -> usize {
        self.shared.kept() + self.sent.frames.waiting() + self.received.frames.waiting()
    }

    /// Bytes that wait.
    pub fn held(&self) -> usize {
        self.sent.held().saturating_add(self.received.held())
    }

    /// A field section is missing: the head, or trailers.
    pub fn miss(&mut self, direction: Direction, context: &Context) {
        match self.shared.half(direction) {
            Half::Waiting => *self.shared.half(direction) = self.shared.headless(direction, context),
            Half::Open { draft, .. } => draft.doubtful = true,
            Half::Done => {}
        }
    }

    /// Hands on bytes that no frame can be made of.
    pub fn pass(
        &mut self,
        direction: Direction,
        (bytes, trail): (&Bytes, Trail),
        reason: GapReason,
        context: &mut Context,
        out: &mut Out<'_>,
    ) {
        let mut draft = Draft::raw(direction, context);
        draft.protocol = Protocol::Http3;
        draft.host = self.shared.host.clone();
        draft.exchange = Some(self.shared.exchange);
        draft.doubtful = true;
        draft.incomplete = Some(reason);
        draft.trail = trail;
        draft.body.add(bytes);
        draft.finish(context, out);
    }

    /// Nothing more comes in this direction: hands on what no frame could be made of.
    pub fn flush(&mut self, direction: Direction, reason: GapReason, context: &mut Context, out: &mut Out<'_>) {
        let feed = self.lane(direction).frames.feed();
        if !feed.is_empty() {
            let mut trail = Trail::default();
            let bytes = feed.take(feed.len(), &mut trail);
            self.pass(direction, (&bytes, trail), reason, context, out);
        }
    }

    /// Ends all of it.
    pub fn close(&mut self, reason: GapReason, context: &mut Context, out: &mut Out<'_>) {
        for direction in [Direction::Sent, Direction::Received] {
            self.flush(direction, reason, context, out);
        }
        self.shared.close(reason, context, out);
    }
}
