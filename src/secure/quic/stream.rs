//! Streams of a connection (RFC 9000 §2): STREAM frames, in any order and over any
//! number of packets, put back in order.
//!
//! Bytes that were lost on the way are sent again, in another packet; bytes that only
//! the capture lost are not. Which of the two a hole is shows late or never, so it is
//! waited for until the limit of what is held is reached, or the connection is over.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::evidence::{Direction, GapReason, Time};
use crate::net::Chunk;

/// Bytes held out of order in one connection: what TCP reassembly holds back, for both
/// directions together.
const HELD_LIMIT: usize = 2 << 20;

/// What a held piece costs beyond its bytes.
const PIECE_COST: usize = size_of::<(u64, Piece)>() + size_of::<u64>();

/// Streams followed in one connection, ended ones included, which take a few bytes each.
/// Servers commonly allow a hundred at a time, and end a connection after some thousand.
const STREAM_LIMIT: usize = 65_536;

/// Takes what streams carry: id, direction, chunk.
pub type Deliver<'a> = &'a mut dyn FnMut(u64, Direction, Chunk<'_>);

/// Where and when a packet was captured.
#[derive(Clone, Debug)]
pub struct Origin {
    pub time: Time,
    pub frames: Arc<[u64]>,
}

impl Origin {
    fn chunk<'a>(&'a self, bytes: &'a [u8]) -> Chunk<'a> {
        Chunk::Data { bytes, time: self.time, frames: &self.frames, conflict: false }
    }
}

#[derive(Debug)]
struct Piece {
    bytes: Vec<u8>,
    origin: Origin,
}

impl Piece {
    fn cost(&self) -> usize {
        self.bytes.len() + PIECE_COST
    }
}

/// One direction of a stream.
#[derive(Debug)]
enum Half {
    Live(Box<Live>),
    Over,
}

#[derive(Debug, Default)]
struct Live {
    /// Offset of the next byte.
    next: u64,
    held: BTreeMap<u64, Piece>,
    /// Size of the stream, once its last bytes are announced, and the frame that did.
    size: Option<(u64, Time, u64)>,
    /// The receiver wanted no more: when it said so, and in which frame.
    stopped: Option<(Time, u64)>,
}

/// What a stream costs in each direction that is followed.
const HALF_COST: usize = 2 * size_of::<((u64, bool), Half)>() + size_of::<Live>();

/// All streams of a connection.
#[derive(Debug, Default)]
pub struct Streams {
    /// By id and whether the client sends.
    halves: BTreeMap<(u64, bool), Half>,
    held: usize,
}

impl Streams {
    /// Memory of them, about.
    pub fn cost(&self) -> usize {
        self.held.saturating_add(self.halves.len().saturating_mul(HALF_COST))
    }

    /// A STREAM frame. `false`: there are too many streams to follow this one, and nothing of it is handed on.
    pub fn push(
        &mut self,
        direction: Direction,
        (id, offset, fin): (u64, u64, bool),
        bytes: &[u8],
        origin: &Origin,
        deliver: Deliver<'_>,
    ) -> bool {
        let key = (id, direction == Direction::Sent);
        if self.halves.len() >= STREAM_LIMIT && !self.halves.contains_key(&key) {
            return false;
        }
        let half = self.halves.entry(key).or_insert_with(|| Half::Live(Box::default()));
        let Half::Live(live) = half else { return true };
        let end = offset.saturating_add(bytes.len() as u64);
        if fin {
            live.size = Some((end, origin.time, origin.frames.last().copied().unwrap_or(0)));
        }
        if offset <= live.next {
            live.deliver(offset, bytes, origin, &mut |chunk| deliver(id, direction, chunk));
        } else if live.held.get(&offset).is_none_or(|held| held.bytes.len() < bytes.len()) {
            let piece = Piece { bytes: bytes.to_vec(), origin: origin.clone() };
            self.held += piece.cost();
            self.held -= live.held.insert(offset, piece).map_or(0, |piece| piece.cost());
        }
        loop {
            self.held -= live.drain(&mut |chunk| deliver(id, direction, chunk));
            if self.held <= HELD_LIMIT || !live.pass_hole(&mut |chunk| deliver(id, direction, chunk)) {
                break;
            }
        }
        if let Some(end) = live.end() {
            deliver(id, direction, end);
            self.held -= live.held.values().map(Piece::cost).sum::<usize>();
            *half = Half::Over;
        }
        true
    }

    /// A RESET_STREAM frame: `size` bytes had been sent. What is held behind a hole is not
    /// sent again, so the hole stays.
    pub fn reset(&mut self, direction: Direction, (id, size): (u64, u64), origin: &Origin, deliver: Deliver<'_>) {
        let Some(half) = self.halves.get_mut(&(id, direction == Direction::Sent)) else { return };
        if let Half::Live(mut live) = std::mem::replace(half, Half::Over) {
            self.held -= live.held.values().map(Piece::cost).sum::<usize>();
            live.run_out(Some(size), origin.time, &mut |chunk| deliver(id, direction, chunk));
            let frame = origin.frames.last().copied().unwrap_or(0);
            deliver(id, direction, Chunk::End { reset: true, time: origin.time, frame });
        }
    }

    /// A STOP_SENDING frame about what `direction` sends.
    pub fn stop(&mut self, direction: Direction, id: u64, origin: &Origin) {
        if let Some(Half::Live(live)) = self.halves.get_mut(&(id, direction == Direction::Sent)) {
            live.stopped = Some((origin.time, origin.frames.last().copied().unwrap_or(0)));
        }
    }

    /// Nothing more comes: what is held is handed on, with the holes before it.
    pub fn finish(&mut self, time: Time, deliver: Deliver<'_>) {
        for ((id, is_sent), half) in std::mem::take(&mut self.halves) {
            let direction = if is_sent { Direction::Sent } else { Direction::Received };
            let Half::Live(mut live) = half else { continue };
            let mut deliver = |chunk: Chunk<'_>| deliver(id, direction, chunk);
            live.run_out(live.size.map(|(size, ..)| size), time, &mut deliver);
            match live.stopped {
                // The answer to it would have been a reset.
                Some((time, frame)) if live.size.is_none() => deliver(Chunk::End { reset: true, time, frame }),
                _ => deliver(Chunk::End { reset: false, time, frame: 0 }),
            }
        }
        self.held = 0;
    }
}

impl Live {
    /// Hands on what is held, with the holes before and behind it, up to `size`.
    fn run_out(&mut self, size: Option<u64>, time: Time, deliver: &mut dyn FnMut(Chunk<'_>)) {
        while self.pass_hole(deliver) {
            self.drain(deliver);
        }
        if let Some(size) = size.filter(|size| *size > self.next) {
            deliver(Chunk::Gap { length: size - self.next, time, reason: GapReason::LostPackets });
        }
    }

    /// Hands on what is new in bytes that start at or before the next one.
    fn deliver(&mut self, offset: u64, bytes: &[u8], origin: &Origin, deliver: &mut dyn FnMut(Chunk<'_>)) {
        let known = usize::try_from(self.next.saturating_sub(offset)).unwrap_or(usize::MAX);
        if let Some(fresh) = bytes.get(known..).filter(|fresh| !fresh.is_empty()) {
            self.next = self.next.saturating_add(fresh.len() as u64);
            deliver(origin.chunk(fresh));
        }
    }

    /// Hands on held pieces that are next. Returns what they cost.
    fn drain(&mut self, deliver: &mut dyn FnMut(Chunk<'_>)) -> usize {
        let mut freed = 0;
        while let Some(entry) = self.held.first_entry().filter(|entry| *entry.key() <= self.next) {
            let (offset, piece) = entry.remove_entry();
            freed += piece.cost();
            self.deliver(offset, &piece.bytes, &piece.origin, deliver);
        }
        freed
    }

    /// Gives up the hole before the first held piece, if there is one.
    fn pass_hole(&mut self, deliver: &mut dyn FnMut(Chunk<'_>)) -> bool {
        let Some((offset, piece)) = self.held.first_key_value() else { return false };
        let length = offset.saturating_sub(self.next);
        self.next = *offset;
        deliver(Chunk::Gap { length, time: piece.origin.time, reason: GapReason::LostPackets });
        true
    }

    fn end(&self) -> Option<Chunk<'static>> {
        let (size, time, frame) = self.size?;
        (self.next >= size).then_some(Chunk::End { reset: false, time, frame })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(frame: u64) -> Origin {
        Origin { time: Time(frame as i64), frames: Arc::new([frame]) }
    }

    #[derive(Default)]
    struct Got(Vec<String>);

    impl Got {
        fn take(&mut self, id: u64, direction: Direction, chunk: Chunk<'_>) {
            let sent = if direction == Direction::Sent { '>' } else { '<' };
            self.0.push(match chunk {
                Chunk::Data { bytes, frames, .. } => format!("{id}{sent}{} {frames:?}", String::from_utf8_lossy(bytes)),
                Chunk::Gap { length, .. } => format!("{id}{sent}gap {length}"),
                Chunk::End { reset, frame, .. } => format!("{id}{sent}end {reset} {frame}"),
            });
        }
    }

    fn push(streams: &mut Streams, got: &mut Got, id: u64, offset: u64, bytes: &[u8], fin: bool, frame: u64) {
        streams.push(Direction::Sent, (id, offset, fin), bytes, &origin(frame), &mut |id, direction, chunk| {
            got.take(id, direction, chunk);
        });
    }

    #[test]
    fn frames_in_any_order_and_twice() {
        let (mut streams, mut got) = (Streams::default(), Got::default());
        push(&mut streams, &mut got, 0, 6, b"world", true, 2);
        push(&mut streams, &mut got, 4, 0, b"other", false, 3);
        push(&mut streams, &mut got, 0, 3, b"lo w", false, 4);
        assert_eq!(got.0, ["4>other [3]"]);
        push(&mut streams, &mut got, 0, 0, b"hello", false, 5);
        push(&mut streams, &mut got, 0, 0, b"hello", false, 6);
        assert_eq!(got.0[1..], ["0>hello [5]", "0> w [4]", "0>orld [2]", "0>end false 2"]);
        assert_eq!(streams.held, 0);
    }

    #[test]
    fn holes_are_told_at_the_end_and_resets_at_once() {
        let (mut streams, mut got) = (Streams::default(), Got::default());
        push(&mut streams, &mut got, 0, 5, b"late", false, 1);
        push(&mut streams, &mut got, 0, 20, b"", true, 2);
        push(&mut streams, &mut got, 4, 0, b"given up", false, 3);
        streams.reset(Direction::Sent, (4, 8), &origin(4), &mut |id, direction, chunk| got.take(id, direction, chunk));
        push(&mut streams, &mut got, 4, 8, b"x", false, 5);
        streams.finish(Time(9), &mut |id, direction, chunk| got.take(id, direction, chunk));
        assert_eq!(got.0, ["4>given up [3]", "4>end true 4", "0>gap 5", "0>late [1]", "0>gap 11", "0>end false 0"]);
    }

    #[test]
    fn a_stream_that_is_given_up_tells_what_was_sent_of_it() {
        let (mut streams, mut got) = (Streams::default(), Got::default());
        let mut take = |id, direction, chunk: Chunk<'_>| got.take(id, direction, chunk);
        // RFC 9000 §4.5: the final size counts what was sent, so two bytes were not captured.
        streams.push(Direction::Sent, (0, 0, false), b"abc", &origin(1), &mut take);
        streams.push(Direction::Sent, (0, 4, false), b"e", &origin(2), &mut take);
        streams.reset(Direction::Sent, (0, 6), &origin(3), &mut take);
        // The receiver wanted no more, and the capture ends before the answer.
        streams.push(Direction::Received, (4, 0, false), b"page", &origin(4), &mut take);
        streams.stop(Direction::Received, 4, &origin(5));
        streams.finish(Time(9), &mut take);
        assert_eq!(got.0, ["0>abc [1]", "0>gap 1", "0>e [2]", "0>gap 1", "0>end true 3", "4<page [4]", "4<end true 5"]);
    }

    #[test]
    fn what_is_held_is_bounded_and_the_hole_is_passed() {
        let (mut streams, mut got) = (Streams::default(), Got::default());
        for piece in 0..3000 {
            push(&mut streams, &mut got, 0, 1 + piece * 1000, &[b'x'; 1000], false, piece);
            assert!(streams.held <= HELD_LIMIT);
        }
        assert_eq!(got.0[0], "0>gap 1");
        assert!(got.0.len() > 2900);
    }
}
