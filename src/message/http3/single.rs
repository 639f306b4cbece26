//! Streams that go one way (RFC 9114 §6.2): control, QPACK, pushes, and what is not known.

use super::exchange::Key;
use super::frame::{self, Frames, Piece, Purpose};
use super::lane::{Lane, Section};
use super::{Http3, STREAMS_OPEN};
use crate::evidence::{Direction, Gap, GapReason};
use crate::message::draft::{Context, Out};
use crate::message::feed::{Feed, Held, Trail};
use crate::message::qpack::{Decoder, Required};
use crate::net::Chunk;

const CONTROL: u64 = 0x00;
const PUSH: u64 = 0x01;
/// RFC 9204 §4.2.
const ENCODER: u64 = 0x02;
const DECODER: u64 = 0x03;

/// Types 0x1f * N + 0x21 mean nothing (§6.2.3).
fn is_reserved(kind: u64) -> bool {
    kind.checked_sub(0x21).is_some_and(|kind| kind.is_multiple_of(0x1f))
}

/// SETTINGS_QPACK_MAX_TABLE_CAPACITY (RFC 9204 §5).
const TABLE_CAPACITY: u64 = 0x01;

/// What one peer said of itself.
#[derive(Debug, Default)]
pub(super) struct Peer {
    /// Of what it sends.
    pub decoder: Decoder,
    /// Its encoder's stream, and its control stream, were found.
    encoder: bool,
    control: bool,
    /// Its SETTINGS cannot come any more.
    pub setting_lost: bool,
    /// Of its sections that wait for insertions, none waits for fewer than so many.
    pub soonest: Option<u64>,
}

impl Peer {
    /// Whether what a section of this peer requires is here, or cannot come. `setting_lost`
    /// is that of the other peer.
    pub fn is_ready(&self, required: Required, setting_lost: bool) -> bool {
        match required {
            Required::Unknown => true,
            Required::Setting => setting_lost,
            Required::Inserts(count) => count <= self.decoder.inserted() || self.decoder.is_over(),
        }
    }

    /// A section of this peer waits for what it requires.
    pub fn await_inserts(&mut self, required: Required) {
        if let Required::Inserts(count) = required {
            self.soonest = Some(self.soonest.map_or(count, |soonest| soonest.min(count)));
        }
    }

    /// Its insertions may be what a section waits for: an encoder can make one with each byte.
    fn may_release(&self) -> bool {
        self.decoder.is_over() || self.soonest.is_some_and(|count| count <= self.decoder.inserted())
    }

    /// What a section that waited requires.
    pub fn again(&self, section: &Section) -> Required {
        match section.required {
            Required::Setting => self.decoder.required(&section.bytes),
            required => required,
        }
    }
}

/// A stream that goes one way.
#[derive(Debug)]
pub(super) enum Single {
    /// Its type is not here yet.
    Start(Feed),
    Control(Frames),
    Encoder,
    /// Its push ID is not here yet.
    PushStart(Feed),
    Push(u64),
    /// It says nothing about messages.
    Ignored,
}

impl Single {
    /// Memory of it, about.
    pub fn waiting(&self) -> usize {
        let held = match self {
            Self::Start(feed) | Self::PushStart(feed) => feed.cost(),
            Self::Control(frames) => frames.cost(),
            Self::Encoder | Self::Push(_) | Self::Ignored => 0,
        };
        held.saturating_add(2 * size_of::<Self>())
    }
}

impl Http3 {
    pub(super) fn single(
        &mut self,
        id: u64,
        direction: Direction,
        chunk: Chunk<'_>,
        context: &mut Context,
        out: &mut Out<'_>,
    ) {
        // A stream that has ended stays, as one that is ignored.
        if self.singles.len() >= STREAMS_OPEN && !self.singles.contains_key(&id) {
            let detail = format!("of an HTTP/3 connection, {STREAMS_OPEN} streams that go one way are followed");
            return out.gap(Gap::new(GapReason::Limit, context.at(), detail));
        }
        let single = self.singles.entry(id).or_insert_with(|| Single::Start(Feed::at(0)));
        match single {
            Single::Start(feed) | Single::PushStart(feed) => match chunk {
                Chunk::Data { bytes, time, frames, conflict } => {
                    feed.push(bytes, time, frames, conflict);
                    self.start(id, direction, context, out);
                }
                Chunk::Gap { .. } => {
                    let pieces = feed.drain();
                    if !matches!(std::mem::replace(single, Single::Ignored), Single::PushStart(_)) {
                        self.lose(direction, context, out);
                    }
                    self.start_other(id, context, out);
                    for piece in pieces {
                        self.other(id, direction, piece.chunk(), out);
                    }
                    self.other(id, direction, chunk, out);
                }
                Chunk::End { .. } => *single = Single::Ignored,
            },
            Single::Control(frames) => {
                match chunk {
                    Chunk::Data { bytes, time, frames: numbers, conflict } => {
                        frames.feed().push(bytes, time, numbers, conflict);
                    }
                    Chunk::Gap { length, .. } => drop(frames.hole(length)),
                    Chunk::End { .. } => *single = Single::Ignored,
                }
                let missed = !matches!(chunk, Chunk::Data { .. });
                self.control(id, direction, missed, context, out);
            }
            Single::Encoder => {
                let peer = self.peer(direction);
                let decoder = &mut peer.decoder;
                match chunk {
                    Chunk::Data { bytes, .. } => {
                        if !decoder.instructions(bytes) {
                            let detail = "the header table of an HTTP/3 connection does not decode";
                            out.gap(Gap::new(GapReason::Undecodable, context.at(), detail));
                        }
                    }
                    Chunk::Gap { length, .. } => decoder.hole(length),
                    Chunk::End { .. } => decoder.end(),
                }
                if peer.may_release() {
                    self.release(context, out);
                }
            }
            Single::Push(push) => {
                let key = Key::Push(*push);
                self.message(key, direction, chunk, context, out);
            }
            Single::Ignored => {}
        }
    }

    /// The type of a stream, and what follows it.
    fn start(&mut self, id: u64, direction: Direction, context: &mut Context, out: &mut Out<'_>) {
        let Some(single) = self.singles.get_mut(&id) else { return };
        let (Single::Start(feed) | Single::PushStart(feed)) = single else { return };
        let Some((kind, length)) = frame::integer(feed.bytes()) else { return };
        feed.take(length, &mut Trail::default());
        let (offset, pieces) = (feed.offset(), feed.drain());
        let is_push = matches!(single, Single::PushStart(_));
        let mut other = false;
        let next = match (is_push, kind) {
            (true, push) => {
                if self.open(Key::Push(push), context, out)
                    && let Some(exchange) = self.exchanges.get_mut(&Key::Push(push))
                {
                    *exchange.lane(direction) = Lane::at(offset);
                }
                Single::Push(push)
            }
            // Each of these three there is once (§6.2.1, RFC 9204 §4.2).
            (_, CONTROL) if !std::mem::replace(&mut self.peer(direction).control, true) => {
                Single::Control(Frames::at(offset, Purpose::Control))
            }
            (_, ENCODER) if !std::mem::replace(&mut self.peer(direction).encoder, true) => Single::Encoder,
            // Only a server pushes (§6.2.2).
            (_, PUSH) if direction == Direction::Received => Single::PushStart(Feed::at(offset)),
            (_, CONTROL | ENCODER | DECODER) => Single::Ignored,
            (_, kind) if is_reserved(kind) => Single::Ignored,
            _ => {
                other = true;
                Single::Ignored
            }
        };
        self.singles.insert(id, next);
        if other {
            self.start_other(id, context, out);
        }
        for piece in pieces {
            self.follow(id, direction, &piece, context, out);
        }
    }

    /// Bytes behind the type.
    fn follow(&mut self, id: u64, direction: Direction, piece: &Held, context: &mut Context, out: &mut Out<'_>) {
        if self.others.contains_key(&id) {
            self.other(id, direction, piece.chunk(), out);
        } else {
            self.single(id, direction, piece.chunk(), context, out);
        }
    }

    /// The frames of a control stream. `missed`: something is missing of it, or it ended.
    fn control(&mut self, id: u64, direction: Direction, missed: bool, context: &mut Context, out: &mut Out<'_>) {
        let mut lost = missed;
        while let Some(Single::Control(frames)) = self.singles.get_mut(&id) {
            match frames.next() {
                None => break,
                Some(Piece::Whole { payload, .. }) => {
                    let capacity = table_capacity(&payload);
                    self.peer(direction.reverse()).decoder.allow(capacity);
                }
                Some(Piece::Data { .. } | Piece::Rest { .. }) => {}
                Some(Piece::TooLong { .. } | Piece::Lost | Piece::Session) => lost = true,
            }
        }
        // Harmless where the setting has come.
        self.peer(direction).setting_lost |= lost;
        self.release(context, out);
    }

    /// A stream of this direction has no beginning: whatever was not found may have been in it.
    fn lose(&mut self, direction: Direction, context: &mut Context, out: &mut Out<'_>) {
        let peer = self.peer(direction);
        if !peer.encoder {
            peer.decoder.hole(0);
        }
        peer.setting_lost |= !peer.control;
        self.release(context, out);
    }
}

/// SETTINGS_QPACK_MAX_TABLE_CAPACITY, which is 0 where it is not said. Pairs behind one
/// that is cut do not count.
fn table_capacity(settings: &[u8]) -> u64 {
    let mut rest = settings;
    while let Some((name, length)) = frame::integer(rest) {
        let Some((value, value_length)) = rest.get(length..).and_then(frame::integer) else { break };
        if name == TABLE_CAPACITY {
            return value;
        }
        rest = rest.get(length + value_length..).unwrap_or_default();
    }
    0
}
