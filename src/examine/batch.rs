//! Segments on their way to a thread.

use std::net::SocketAddr;
use std::ops::Range;

use crate::evidence::Time;
use crate::net::{Kind, Segment};

use super::paths::Placed;
use super::relief::TooHeavy;

/// Payload bytes of a batch: large enough that the cost of the channel does not show, small
/// enough that all queues stay within some megabytes.
const BATCH_BYTES: usize = 256 << 10;
/// Segments of a batch, for captures of many small ones.
const BATCH_SEGMENTS: usize = 256;
/// Copies of segments, their payloads in one piece of memory, and what is to be done behind them.
#[derive(Default)]
pub struct Batch {
    bytes: Vec<u8>,
    frames: Vec<u64>,
    segments: Vec<Held>,
    /// A step of the [`super::relief::Relief`]: what every shard has to let go of after the same segment.
    pub step: Option<TooHeavy>,
    /// After the step: a series is over.
    pub series_over: bool,
}

/// A segment whose payload lies in its batch.
struct Held {
    placed: Placed,
    input: u32,
    frame: u64,
    time: Time,
    src: SocketAddr,
    dst: SocketAddr,
    kind: Kind,
    missing: u32,
    app: Option<u32>,
    conflict: bool,
    quoted: bool,
    payload: Range<usize>,
    frames: Range<usize>,
}

impl Batch {
    /// Puts a segment behind those that are there.
    pub fn add(&mut self, placed: Placed, segment: &Segment<'_>) {
        let payload = self.bytes.len()..self.bytes.len() + segment.payload.len();
        let frames = self.frames.len()..self.frames.len() + segment.frames.len();
        self.bytes.extend_from_slice(segment.payload);
        self.frames.extend_from_slice(segment.frames);
        self.segments.push(Held {
            placed,
            input: segment.input,
            frame: segment.frame,
            time: segment.time,
            src: segment.src,
            dst: segment.dst,
            kind: segment.kind,
            missing: segment.missing,
            app: segment.app,
            conflict: segment.conflict,
            quoted: segment.quoted,
            payload,
            frames,
        });
    }

    /// Its segments, in the order in which they were added.
    pub fn segments(&self) -> impl Iterator<Item = (&Placed, Segment<'_>)> {
        self.segments.iter().filter_map(|held| {
            let (payload, frames) = (self.bytes.get(held.payload.clone())?, self.frames.get(held.frames.clone())?);
            Some((&held.placed, held.segment(payload, frames)))
        })
    }

    /// With nothing in it, and its memory.
    pub fn emptied(mut self) -> Self {
        self.bytes.clear();
        self.frames.clear();
        self.segments.clear();
        (self.series_over, self.step) = (false, None);
        self
    }

    /// It is time to send it.
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= BATCH_BYTES || self.segments.len() >= BATCH_SEGMENTS
    }
}

impl Held {
    fn segment<'a>(&self, payload: &'a [u8], frames: &'a [u64]) -> Segment<'a> {
        Segment {
            input: self.input,
            frame: self.frame,
            frames,
            time: self.time,
            src: self.src,
            dst: self.dst,
            kind: self.kind,
            payload,
            missing: self.missing,
            app: self.app,
            conflict: self.conflict,
            quoted: self.quoted,
        }
    }
}
