//! Bytes of one direction that wait to be understood, and where each came from.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

use crate::evidence::{GapReason, Time};
use crate::net::Chunk;

/// Frame numbers kept of one message. A body kept in full (8 MiB) is some 6,000
/// frames of 1,400 bytes; ten times that leaves room for small segments, and bounds
/// what a response of hours can grow to.
pub(super) const FRAMES_KEPT: usize = 65_536;

/// Frames named of a stream that stays closed. Its hello is among the first few; the
/// rest shows only that it went on.
pub(super) const CLOSED_FRAMES: usize = 256;

/// What carried a message: when its first byte was captured, where that lies in its
/// direction, which frames, how many bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail {
    /// Time and offset of the first byte.
    pub first: Option<(Time, u64)>,
    /// Ascending, each once, at most [`FRAMES_KEPT`].
    pub frames: Vec<u64>,
    /// Bytes on the transport.
    pub length: u64,
    /// Some of them were captured twice with different content.
    pub conflict: bool,
}

impl Trail {
    fn note(&mut self, offset: u64, length: usize, time: Time, frames: &[u64], conflict: bool) {
        self.first.get_or_insert((time, offset));
        self.length = self.length.saturating_add(length as u64);
        self.conflict |= conflict;
        self.add_frames(frames);
    }

    /// Adds frame numbers, keeping the order.
    pub fn add_frames(&mut self, frames: &[u64]) {
        for &frame in frames {
            match self.frames.last() {
                Some(&last) if last >= frame => {
                    if let Err(position) = self.frames.binary_search(&frame)
                        && self.frames.len() < FRAMES_KEPT
                    {
                        self.frames.insert(position, frame);
                    }
                }
                _ if self.frames.len() < FRAMES_KEPT => self.frames.push(frame),
                _ => {}
            }
        }
    }
}

/// Where a stretch of the buffer came from.
#[derive(Debug)]
struct Mark {
    length: usize,
    time: Time,
    frames: Box<[u64]>,
    conflict: bool,
}

/// What a stretch costs, with the number of its frame.
const MARK_COST: usize = size_of::<Mark>() + size_of::<u64>();

/// A chunk of data that outlives the packet it came in.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub bytes: Bytes,
    pub time: Time,
    pub frames: Box<[u64]>,
    pub conflict: bool,
}

impl Held {
    /// As a layer takes it.
    pub fn chunk(&self) -> Chunk<'_> {
        Chunk::Data { bytes: &self.bytes, time: self.time, frames: &self.frames, conflict: self.conflict }
    }
}

/// What a step costs beyond its bytes.
const STEP_COST: usize = size_of::<Step>() + size_of::<u64>();

/// A step of a direction that outlives the packet it came in.
#[derive(Debug)]
pub(super) enum Step {
    Data(Held),
    Gap { length: u64, time: Time, reason: GapReason },
    End { reset: bool, time: Time, frame: u64 },
}

impl Step {
    /// A copy of `chunk`.
    pub fn of(chunk: Chunk<'_>) -> Self {
        match chunk {
            Chunk::Data { bytes, time, frames, conflict } => {
                Self::Data(Held { bytes: Bytes::copy_from_slice(bytes), time, frames: frames.into(), conflict })
            }
            Chunk::Gap { length, time, reason } => Self::Gap { length, time, reason },
            Chunk::End { reset, time, frame } => Self::End { reset, time, frame },
        }
    }

    /// As a layer takes it.
    pub fn chunk(&self) -> Chunk<'_> {
        match *self {
            Self::Data(ref held) => held.chunk(),
            Self::Gap { length, time, reason } => Chunk::Gap { length, time, reason },
            Self::End { reset, time, frame } => Chunk::End { reset, time, frame },
        }
    }

    /// Memory that it takes, about.
    pub fn cost(&self) -> usize {
        let bytes = match self {
            Self::Data(held) => held.bytes.len(),
            _ => 0,
        };
        bytes.saturating_add(STEP_COST)
    }
}

/// Bytes of one direction in order, not yet consumed.
///
/// It has no limit of its own: who pushes into it consumes what it understands and
/// bounds what it waits for.
#[derive(Debug, Default)]
pub(super) struct Feed {
    buffer: BytesMut,
    marks: VecDeque<Mark>,
    offset: u64,
}

impl Feed {
    /// Empty, its next byte being number `offset` of the direction.
    pub fn at(offset: u64) -> Self {
        Self { offset, ..Self::default() }
    }

    /// Appends the bytes of a chunk. One without bytes tells of a conflict about what came before.
    pub fn push(&mut self, bytes: &[u8], time: Time, frames: &[u64], conflict: bool) {
        if bytes.is_empty() {
            if let Some(mark) = self.marks.back_mut() {
                mark.conflict |= conflict;
            }
            return;
        }
        self.buffer.extend_from_slice(bytes);
        self.marks.push_back(Mark { length: bytes.len(), time, frames: frames.into(), conflict });
    }

    /// What waits.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// How much of it.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Memory of it, about.
    pub fn cost(&self) -> usize {
        self.buffer.capacity().saturating_add(self.marks.len().saturating_mul(MARK_COST))
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Offset of the next byte in its direction.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes the next `count` bytes (or what there is) and notes in `trail` what carried them.
    pub fn take(&mut self, count: usize, trail: &mut Trail) -> Bytes {
        let count = count.min(self.buffer.len());
        let mut left = count;
        while left > 0 {
            let Some(mark) = self.marks.front_mut() else { break };
            let used = left.min(mark.length);
            trail.note(self.offset, used, mark.time, &mark.frames, mark.conflict);
            self.offset = self.offset.saturating_add(used as u64);
            left -= used;
            mark.length -= used;
            if mark.length == 0 {
                self.marks.pop_front();
            }
        }
        if count == self.buffer.len() {
            // Nothing is left, and no memory either: most streams wait for nothing most of the time.
            return std::mem::take(&mut self.buffer).freeze();
        }
        self.buffer.split_to(count).freeze()
    }

    /// Notes in `trail` what carried the next `length` bytes, which do not wait here: nothing does.
    pub fn pass(&mut self, length: usize, time: Time, frames: &[u64], conflict: bool, trail: &mut Trail) {
        trail.note(self.offset, length, time, frames, conflict);
        self.skip(length as u64);
    }

    /// Takes all that waits, in the pieces it came in.
    pub fn drain(&mut self) -> Vec<Held> {
        let mut bytes = self.buffer.split().freeze();
        self.offset = self.offset.saturating_add(bytes.len() as u64);
        let mut pieces = Vec::with_capacity(self.marks.len());
        for mark in self.marks.drain(..) {
            let piece = bytes.slice(..mark.length.min(bytes.len()));
            bytes.advance(piece.len());
            pieces.push(Held { bytes: piece, time: mark.time, frames: mark.frames, conflict: mark.conflict });
        }
        pieces
    }

    /// Moves over bytes that were never captured. What waited must have been taken before.
    pub fn skip(&mut self, length: u64) {
        self.offset = self.offset.saturating_add(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_knows_its_frames_and_offset() {
        let mut feed = Feed::at(100);
        feed.push(b"abc", Time(1), &[7], false);
        feed.push(b"defg", Time(2), &[9, 8], true);
        let mut first = Trail::default();
        assert_eq!(&feed.take(2, &mut first)[..], b"ab");
        assert_eq!(
            (first.first, first.frames, first.length, first.conflict),
            (Some((Time(1), 100)), vec![7], 2, false)
        );
        let mut second = Trail::default();
        assert_eq!(&feed.take(3, &mut second)[..], b"cde");
        assert_eq!(second.first, Some((Time(1), 102)));
        assert_eq!((second.frames, second.conflict), (vec![7, 8, 9], true));
        let rest = feed.drain();
        assert_eq!(rest.len(), 1);
        assert_eq!(&rest[0].bytes[..], b"fg");
        assert_eq!(feed.offset(), 107);
    }
}
