//! The captures that a stream lies in, where captures follow each other.

use crate::evidence::{Began, Continued, Place};
use crate::net::{Leg, StreamId};

/// Captures of one stream that are remembered. A message in more than a few of them is a
/// download of hours; what is forgotten is named as a gap.
const LEGS: usize = 64;

/// The legs of one stream.
#[derive(Clone, Debug)]
pub(super) struct Legs {
    stream: StreamId,
    began: Leg,
    /// The last ones, ascending.
    recent: Vec<Leg>,
}

impl Legs {
    /// Of a stream that begins in the capture, and with the number, of `stream`.
    pub fn new(stream: StreamId) -> Self {
        let began = Leg { input: stream.input, number: stream.number, before: 0 };
        Self { stream, began, recent: vec![began] }
    }

    /// What comes now lies in `leg`.
    pub fn go_on(&mut self, leg: Leg) {
        match self.recent.last_mut() {
            Some(last) if last.input == leg.input => {
                if self.began == *last {
                    self.began = leg;
                }
                *last = leg;
            }
            _ => {
                if self.recent.len() >= LEGS {
                    self.recent.remove(0);
                }
                self.recent.push(leg);
            }
        }
    }

    /// Where a message lies whose frames are numbered on from capture to capture, and how
    /// many of these lie in a capture that is forgotten.
    pub fn place(&self, frames: Vec<u64>, offset: u64) -> (Place, usize) {
        let mut parts: Vec<Continued> = Vec::new();
        let kept = self.recent.first().filter(|leg| **leg != self.began).map_or(0, |leg| leg.before);
        let forgotten = if kept > 0 { frames.partition_point(|frame| *frame <= kept) } else { 0 };
        let mut rest = frames.get(forgotten..).unwrap_or_default();
        for (index, leg) in self.recent.iter().enumerate() {
            let end = self.recent.get(index + 1).map_or(u64::MAX, |next| next.before);
            let (here, later) = rest.split_at(rest.partition_point(|frame| *frame <= end));
            rest = later;
            if !here.is_empty() {
                let frames = here.iter().map(|frame| frame.saturating_sub(leg.before)).collect();
                parts.push(Continued { input: leg.input, stream: leg.number, frames });
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
            began: (input != began.input).then_some(began),
            continued: parts.collect(),
        };
        (place, forgotten)
    }
}
