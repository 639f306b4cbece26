//! TCP reassembly: the segments of one stream, put back in order.

use crate::evidence::{Direction, Time};

use super::Chunk;
use super::half::Half;
use super::slicer::{Kind, Segment};

/// Where the sink of a stream gets its chunks.
type Sink<'s> = dyn FnMut(Direction, Chunk<'_>) + 's;

/// One TCP connection.
#[derive(Debug, Default)]
pub struct TcpStream {
    sent: Half,
    received: Half,
    last: Time,
    conflicts: u64,
}

impl TcpStream {
    /// A connection of which nothing was seen.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next captured segment, which `direction` sent, and hands to `sink` what
    /// that puts in order, of either direction.
    pub fn push(&mut self, direction: Direction, segment: &Segment<'_>, sink: &mut Sink<'_>) {
        let Kind::Tcp { seq, ack, flags, .. } = segment.kind else { return };
        if segment.quoted {
            return;
        }
        self.last = segment.time;
        let (own, other) = match direction {
            Direction::Sent => (&mut self.sent, &mut self.received),
            Direction::Received => (&mut self.received, &mut self.sent),
        };
        let time = segment.time;
        if flags.ack && !flags.rst {
            // An answer follows what it answers, so that is settled first.
            let answers = !segment.payload.is_empty() || segment.missing > 0;
            other.acknowledged(ack, flags, answers, time, &mut |chunk| sink(direction.reverse(), chunk));
        }
        own.receive(seq, flags, segment, &mut |chunk| sink(direction, chunk));
        self.conflicts += std::mem::take(&mut own.conflicts);
        for (direction, half) in [(Direction::Sent, &mut self.sent), (Direction::Received, &mut self.received)] {
            half.settle_late(time, &mut |chunk| sink(direction, chunk));
        }
    }

    /// Ends both directions, because the capture is over or another connection uses the same ends now:
    /// hands on what is kept, with gaps for what never came.
    pub fn finish(&mut self, sink: &mut Sink<'_>) {
        let time = self.last;
        for (direction, half) in [(Direction::Sent, &mut self.sent), (Direction::Received, &mut self.received)] {
            half.finish(time, &mut |chunk| sink(direction, chunk));
        }
    }

    /// The SYN of this direction was captured: its first chunk is its first bytes.
    pub fn saw_start(&self, direction: Direction) -> bool {
        match direction {
            Direction::Sent => self.sent.started,
            Direction::Received => self.received.started,
        }
    }

    /// Segments that repeated bytes with different content.
    pub fn conflicts(&self) -> u64 {
        self.conflicts
    }

    /// Both directions have ended: more segments change nothing.
    pub fn is_over(&self) -> bool {
        self.sent.ended && self.received.ended
    }

    /// Bytes of memory that segments take while they wait for earlier ones.
    pub fn ahead(&self) -> usize {
        self.sent.ahead_cost() + self.received.ahead_cost()
    }

    /// Bytes of memory that delivered bytes take, which are kept to compare repetitions with.
    pub fn compared(&self) -> usize {
        self.sent.compared() + self.received.compared()
    }

    /// Stops waiting for what is missing: hands on what is kept, with gaps for the rest.
    pub fn give_up(&mut self, sink: &mut Sink<'_>) {
        let time = self.last;
        for (direction, half) in [(Direction::Sent, &mut self.sent), (Direction::Received, &mut self.received)] {
            half.give_up(time, &mut |chunk| sink(direction, chunk));
        }
    }

    /// Drops the delivered bytes: repetitions of them are no longer compared.
    pub fn forget(&mut self) {
        self.sent.forget();
        self.received.forget();
    }
}
