//! The captures that a stream lies in, where captures follow each other, and the streams that
//! a QUIC connection lies in, where it goes on between other ends.

use crate::evidence::{Began, Continued, Place};
use crate::net::{Leg, StreamId};

/// Stretches of one stream that are remembered. A message in more captures than a few is a
/// download of hours, and a connection changes its ends when the device changes its network;
/// what is forgotten is named as a gap.
const LEGS: usize = 64;

/// The legs of one stream.
#[derive(Clone, Debug)]
pub(super) struct Legs {
    stream: StreamId,
    began: Leg,
    /// The last ones, ascending, each with its first frame as frames are counted on.
    recent: Vec<(u64, Leg)>,
    /// Changes of the ends that are not remembered.
    blurred: u64,
}

impl Legs {
    /// Of a stream that begins in the capture, and with the number, of `stream`.
    pub fn new(stream: StreamId) -> Self {
        let began = Leg { input: stream.input, number: stream.number, before: 0 };
        Self { stream, began, recent: vec![(0, began)], blurred: 0 }
    }

    /// What comes now, from `frame` on, lies in `leg`.
    pub fn go_on(&mut self, leg: Leg, frame: u64) {
        let place = |leg: &Leg| (leg.input, leg.number);
        let start = match self.recent.last_mut() {
            Some((_, last)) if place(last) == place(&leg) => {
                if self.began == *last {
                    self.began = leg;
                }
                *last = leg;
                return;
            }
            Some((_, last)) if last.input == leg.input => frame,
            _ => leg.before.saturating_add(1),
        };
        self.recent.push((start, leg));
        if self.recent.len() <= LEGS {
            return;
        }
        // Rather than a capture, a change inside one is forgotten: then the frames are
        // right, and the number of the stream is that of the ends before.
        let inside = self.recent.windows(2).position(|pair| matches!(pair, [(_, a), (_, b)] if a.input == b.input));
        self.blurred += u64::from(inside.is_some());
        self.recent.remove(inside.map_or(0, |first| first + 1));
    }

    /// How often the stream changed its ends without its messages being told where they lie.
    pub fn blurred(&self) -> u64 {
        self.blurred
    }

    /// Where a message lies whose frames are numbered on from capture to capture, and how
    /// many of these lie in a capture that is forgotten. One that lies in several streams of
    /// a capture is said to lie in the one that it begins in.
    pub fn place(&self, frames: Vec<u64>, offset: u64) -> (Place, usize) {
        let mut parts: Vec<Continued> = Vec::new();
        let first = self.recent.first().map_or(0, |(start, _)| *start);
        let forgotten = frames.partition_point(|frame| *frame < first);
        let mut rest = frames.get(forgotten..).unwrap_or_default();
        for (index, (_, leg)) in self.recent.iter().enumerate() {
            let next = self.recent.get(index + 1).map_or(u64::MAX, |(next, _)| *next);
            let (here, later) = rest.split_at(rest.partition_point(|frame| *frame < next));
            rest = later;
            if here.is_empty() {
                continue;
            }
            let here = here.iter().map(|frame| frame.saturating_sub(leg.before));
            match parts.last_mut().filter(|part| part.input == leg.input) {
                Some(part) => part.frames.extend(here),
                None => parts.push(Continued { input: leg.input, stream: leg.number, frames: here.collect() }),
            }
        }
        let mut parts = parts.into_iter();
        let nothing = Continued { input: self.began.input, stream: self.began.number, frames: Vec::new() };
        let Continued { input, stream, frames } = parts.next().unwrap_or(nothing);
        let began = Began { input: self.began.input, stream: self.began.number };
        let place = Place::Frames {
            input,
            transport: self.stream.transport,
            stream,
            frames,
            offset,
            began: ((input, stream) != (began.input, began.stream)).then_some(began),
            continued: parts.collect(),
        };
        (place, forgotten)
    }
}
