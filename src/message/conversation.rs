//! One TCP stream, from its bytes to its messages.

use std::sync::Arc;

use super::draft::{Context, Draft, Out};
use super::layer::Layer;
use super::legs::Legs;
use super::{Item, Kind, Protocol, Weights};
use crate::evidence::{Direction, Gap, GapReason, Time};
use crate::net::{Chunk, Endpoints, Leg, StreamId};
use crate::secure::KeyLog;
use crate::signatures::Protocols;

/// What reading a stream can be told.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Secrets to open encrypted streams with.
    pub keys: Arc<KeyLog>,
    /// Compute `body_sha256` (it is empty otherwise).
    pub hash_bodies: bool,
    /// Bytes that are kept of a received body, if fewer than of a sent one: to learn what an answer
    /// teaches takes no downloads. A body that is cut there is no gap.
    pub answer_kept: Option<usize>,
    /// How to recognise protocols that nothing here parses.
    pub protocols: Arc<Protocols>,
    /// For each input, whether it is a dump of plaintext, which does not show how the data travelled.
    pub dumps: Arc<[bool]>,
}

/// A TCP stream that is being read.
///
/// What it speaks is found out from its bytes, as often as that changes: TLS, HTTP/1,
/// a tunnel through a proxy, DNS. What nothing here reads comes out as raw messages,
/// a turn at a time, and is counted as a gap.
#[derive(Debug)]
pub struct Conversation {
    context: Context,
    layer: Layer,
    exchange: u32,
    legs: Legs,
    /// Host of the last request.
    host: Option<String>,
    /// When bytes of the client were last missing, and the frame before them.
    lost: Option<(Time, u64)>,
    last_frame: u64,
    finished: bool,
}

impl Conversation {
    /// A stream from its start, or from where it was first seen.
    pub fn new(stream: StreamId, endpoints: Endpoints, options: &Options) -> Self {
        let context = Context::new(stream, endpoints, options);
        Self {
            layer: Layer::start(),
            context,
            exchange: 0,
            legs: Legs::new(stream),
            host: None,
            lost: None,
            last_frame: 0,
            finished: false,
        }
    }

    /// Where what comes now, from `frame` on, lies, where the stream may go on through several
    /// captures.
    pub fn go_on(&mut self, leg: Leg, frame: u64) {
        self.legs.go_on(leg, frame);
    }

    /// The app whose stream this is, once it is known. Later ones are not believed.
    pub fn tell_app(&mut self, app: &Arc<str>) {
        self.context.app.get_or_init(|| Arc::clone(app));
    }

    /// Takes one chunk of one direction. Chunks of both directions come in the order
    /// in which they were captured. Packets missing from the stream are counted here, so
    /// nobody below or above has to.
    pub fn push(&mut self, direction: Direction, chunk: Chunk<'_>, sink: &mut dyn FnMut(Item)) {
        match chunk {
            Chunk::Gap { length, time, .. } => {
                self.context.lose(direction, length);
                if direction == Direction::Sent {
                    self.lost = Some((time, self.last_frame));
                }
            }
            Chunk::Data { frames, .. } => self.last_frame = frames.last().copied().unwrap_or(self.last_frame),
            Chunk::End { .. } => {}
        }
        if let Chunk::Gap { length, reason: GapReason::LostPackets, .. } = chunk {
            let detail = "packets missing from a TCP stream";
            sink(Item::Gap(Gap::new(GapReason::LostPackets, self.context.at(), detail).of_bytes(length)));
        }
        // Of bytes that were handed on already: their message may be as well.
        if direction == Direction::Sent && matches!(chunk, Chunk::Data { bytes: [], conflict: true, .. }) {
            let detail = "bytes of a TCP stream captured again with other content, after they were read";
            sink(Item::Gap(Gap::new(GapReason::LostPackets, self.context.at(), detail)));
        }
        let host = &mut self.host;
        let mut sink = |item| {
            remember_host(host, &item);
            sink(item);
        };
        let mut out = Out { sink: &mut sink, exchange: &mut self.exchange, legs: &self.legs };
        self.layer.push(direction, chunk, &mut self.context, &mut out);
    }

    /// Adds what the messages weigh that are still coming in.
    pub fn weigh(&mut self, weights: &mut Weights) {
        self.layer.drafts(&mut self.context, &mut |draft, _| weights.add(draft.held()));
    }

    /// Memory of what waits beside the messages that are still coming in, about.
    pub fn waiting(&self) -> usize {
        self.layer.waiting()
    }

    /// What of it a few bytes can make: open streams, their heads and tables.
    pub fn amplified(&self) -> usize {
        self.layer.amplified()
    }

    /// Hands on what came so far of those that weigh `least` or more.
    pub fn break_off(&mut self, least: usize, sink: &mut dyn FnMut(Item)) {
        let host = &mut self.host;
        let mut sink = |item| {
            remember_host(host, &item);
            sink(item);
        };
        let mut out = Out { sink: &mut sink, exchange: &mut self.exchange, legs: &self.legs };
        self.layer.drafts(&mut self.context, &mut |draft, context| draft.lighten(least, context, &mut out));
    }

    /// The stream is over: hands on what was still being read. Does nothing a second time.
    pub fn finish(&mut self, sink: &mut dyn FnMut(Item)) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        let mut out = Out { sink, exchange: &mut self.exchange, legs: &self.legs };
        self.layer.finish(&mut self.context, &mut out);
        // Behind the last message, or of a client of which nothing was captured at all: no
        // message takes them, and they were sent.
        if self.context.has_lost() {
            let kind = Kind::Closed { reason: GapReason::LostPackets };
            let mut draft = Draft::new(Direction::Sent, Protocol::Tcp, kind, &self.context);
            draft.host = self.host.take();
            let (time, frame) = self.lost.unwrap_or_default();
            draft.trail.first = Some((time, 0));
            draft.trail.add_frames(Some(frame).filter(|frame| *frame > 0).as_slice());
            draft.finish(&mut self.context, &mut out);
        }
    }
}

/// Keeps the host of the last request.
fn remember_host(host: &mut Option<String>, item: &Item) {
    if let Item::Message(message) = item
        && let Kind::Request { method, .. } = &message.kind
        && method != "CONNECT"
    {
        host.clone_from(&message.host);
    }
}

#[cfg(test)]
mod tests;
