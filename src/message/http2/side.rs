//! One direction of an HTTP/2 connection: from bytes to what its frames say.

use bytes::{Bytes, BytesMut};

use super::frame::{self, HEADER, Header, PREFACE, Search};
use crate::evidence::{Direction, Gap, GapReason};
use crate::message::draft::{Context, Draft, Out};
use crate::message::feed::{Feed, Trail};
use crate::message::hpack::{Decoder, Fields};
use crate::message::raw::TURN_LIMIT;

/// Bytes of a field block, all its CONTINUATION frames together. Chromium and nginx
/// bound the decoded list at 256 KiB and 32 KiB; a block is shorter than its list.
const BLOCK_LIMIT: usize = 256 << 10;

/// What comes next in the direction.
#[derive(Debug)]
enum State {
    /// The first bytes: a client's preface, a server's SETTINGS, or the middle of a connection.
    Start,
    /// A frame.
    Frame,
    /// Bytes of a DATA frame, then its padding.
    Data { stream: u32, left: usize, padding: usize, end: bool },
    /// The rest of a frame that is not looked at.
    Skip(usize),
    /// Bytes of which it is not known what frame they belong to; the next frame is looked for in them.
    Lost,
}

/// A field block that is not complete yet.
#[derive(Debug)]
struct Block {
    stream: u32,
    promised: Option<u32>,
    end: bool,
    bytes: BytesMut,
    trail: Trail,
    /// Longer than [`BLOCK_LIMIT`].
    cut: bool,
}

/// What a frame, or a part of one, says.
#[derive(Debug)]
pub(super) enum Event {
    /// A field block is complete.
    Fields { stream: u32, promised: Option<u32>, fields: Fields, end: bool, trail: Trail },
    /// Bytes of a body; `end`: the last ones.
    Data { stream: u32, bytes: Bytes, end: bool, trail: Trail },
    /// The sender gives the stream up.
    Reset { stream: u32, trail: Trail },
    /// What followed in this direction is missing from here on, for every stream.
    Hole,
}

/// One direction.
#[derive(Debug)]
pub(super) struct Side {
    direction: Direction,
    feed: Feed,
    state: State,
    block: Option<Block>,
    decoder: Decoder,
    /// Bytes are missing, or the framing was lost.
    pub doubtful: bool,
    /// How far into the feed a frame was looked for.
    looked: usize,
}

impl Side {
    pub fn at(direction: Direction, offset: u64, doubtful: bool) -> Self {
        let mut side = Self {
            direction,
            feed: Feed::at(offset),
            state: State::Start,
            block: None,
            decoder: Decoder::new(),
            doubtful,
            looked: 0,
        };
        // A preface is a beginning whatever was lost before it; SETTINGS come at any time.
        if doubtful && direction == Direction::Received {
            side.lose();
        }
        side
    }

    pub fn data(&mut self, bytes: &[u8], time: crate::evidence::Time, frames: &[u64], conflict: bool) {
        self.feed.push(bytes, time, frames, conflict);
    }

    /// Memory of what waits here, about.
    pub fn waiting(&self) -> usize {
        let block = self.block.as_ref().map_or(0, |block| block.bytes.capacity());
        self.feed.cost().saturating_add(block)
    }

    /// Memory of the header table, about.
    pub fn table(&self) -> usize {
        self.decoder.cost()
    }

    /// The next event, if what is here holds one. `last`: nothing more follows.
    pub fn next(&mut self, last: bool, context: &mut Context, out: &mut Out<'_>) -> Option<Event> {
        loop {
            match self.state {
                State::Start => self.start(last)?,
                State::Lost => self.resynchronise(last, context, out)?,
                State::Frame => {
                    if let Some(event) = self.frame(context, out)? {
                        return Some(event);
                    }
                }
                State::Skip(left) => {
                    let count = left.min(self.feed.len());
                    self.feed.take(count, &mut Trail::default());
                    if count < left {
                        self.state = State::Skip(left - count);
                        return None;
                    }
                    self.state = State::Frame;
                }
                State::Data { stream, left, padding, end } => {
                    let count = left.min(self.feed.len());
                    if count == 0 {
                        return None;
                    }
                    let mut trail = Trail::default();
                    let bytes = self.feed.take(count, &mut trail);
                    let done = count == left;
                    self.state = match done {
                        true => State::Skip(padding),
                        false => State::Data { stream, left: left - count, padding, end },
                    };
                    return Some(Event::Data { stream, bytes, end: end && done, trail });
                }
            }
        }
    }

    fn start(&mut self, last: bool) -> Option<()> {
        let window = self.feed.bytes();
        let begins = match self.direction {
            Direction::Sent => {
                let seen = window.len().min(PREFACE.len());
                (window.get(..seen) == PREFACE.get(..seen)).then_some(seen == PREFACE.len())
            }
            // A server's first frame is SETTINGS, and no acknowledgement (RFC 9113 §3.4).
            Direction::Received => match Header::read(window) {
                Some(header) if header.kind == frame::SETTINGS && header.flags == 0 && header.fits() => Some(true),
                Some(_) => None,
                None => Some(false),
            },
        };
        match begins {
            Some(true) => {
                if self.direction == Direction::Sent {
                    self.feed.take(PREFACE.len(), &mut Trail::default());
                }
                self.state = State::Frame;
            }
            Some(false) if !last => return None,
            // The connection began before it was recorded.
            _ => self.lose(),
        }
        Some(())
    }

    /// One frame; the outer `None` when it is not all here.
    fn frame(&mut self, context: &mut Context, out: &mut Out<'_>) -> Option<Option<Event>> {
        let header = Header::read(self.feed.bytes())?;
        let stray = match (&self.block, header.kind) {
            (Some(block), frame::CONTINUATION) => block.stream != header.stream,
            (Some(_), _) => true,
            // A block whose beginning was lost: it changed the table.
            (None, frame::CONTINUATION) => true,
            (None, _) => false,
        };
        if stray {
            self.block = None;
            self.decoder.forget();
            self.doubtful = true;
        }
        if !header.fits() {
            out.gap(Gap::new(GapReason::Undecodable, context.at(), "the framing of an HTTP/2 connection was lost"));
            self.lose();
            return Some(Some(Event::Hole));
        }
        match header.kind {
            frame::DATA => self.begin_data(header),
            frame::HEADERS | frame::PUSH_PROMISE | frame::CONTINUATION | frame::RST_STREAM => {
                if header.length > BLOCK_LIMIT {
                    self.limit(context, out);
                    self.decoder.forget();
                    self.block = None;
                    self.pass(HEADER, header.length);
                    return Some(None);
                }
                if self.feed.len() < HEADER + header.length {
                    return None;
                }
                let mut trail = Trail::default();
                self.feed.take(HEADER, &mut trail);
                let payload = self.feed.take(header.length, &mut trail);
                if header.kind == frame::RST_STREAM {
                    return Some(Some(Event::Reset { stream: header.stream, trail }));
                }
                Some(self.fragment(header, payload, trail, context, out))
            }
            // SETTINGS: what concerns the table comes again in the blocks themselves.
            _ => {
                self.pass(HEADER, header.length);
                Some(None)
            }
        }
    }

    /// Takes `header` bytes and skips the `length` bytes behind them.
    fn pass(&mut self, header: usize, length: usize) {
        self.feed.take(header, &mut Trail::default());
        self.state = State::Skip(length);
    }

    fn begin_data(&mut self, header: Header) -> Option<Option<Event>> {
        let mut padding = 0;
        if header.has(frame::PADDED) {
            padding = usize::from(*self.feed.bytes().get(HEADER)?);
        }
        let mut trail = Trail::default();
        self.feed.take(HEADER + header.overhead(), &mut trail);
        // Padding that fills more than the frame is an error of the sender (§6.1).
        let room = header.length - header.overhead();
        let padding = padding.min(room);
        let (stream, left, end) = (header.stream, room - padding, header.has(frame::END_STREAM));
        self.state = if left > 0 { State::Data { stream, left, padding, end } } else { State::Skip(padding) };
        // The header belongs to the message; where it has no bytes, it may still end it.
        Some(Some(Event::Data { stream, bytes: Bytes::new(), end: end && left == 0, trail }))
    }

    fn fragment(
        &mut self,
        header: Header,
        payload: Bytes,
        trail: Trail,
        context: &mut Context,
        out: &mut Out<'_>,
    ) -> Option<Event> {
        let mut promised = None;
        let fragment = if header.kind == frame::CONTINUATION {
            payload
        } else {
            let padding = if header.has(frame::PADDED) { payload.first().copied().map_or(0, usize::from) } else { 0 };
            if header.kind == frame::PUSH_PROMISE {
                let at = header.overhead() - 4;
                let id = payload.get(at..).and_then(|rest| rest.first_chunk::<4>().copied());
                promised = id.map(|id| u32::from_be_bytes(id) & 0x7fff_ffff);
            }
            let end = payload.len().saturating_sub(padding).max(header.overhead());
            payload.slice(header.overhead().min(payload.len())..end.min(payload.len()))
        };
        let block = self.block.get_or_insert_with(|| Block {
            stream: header.stream,
            promised,
            end: header.kind == frame::HEADERS && header.has(frame::END_STREAM),
            bytes: BytesMut::new(),
            trail: Trail::default(),
            cut: header.kind == frame::CONTINUATION,
        });
        join(&mut block.trail, &trail);
        let too_long = !block.cut && block.bytes.len() + fragment.len() > BLOCK_LIMIT;
        block.cut |= too_long;
        if !block.cut {
            block.bytes.extend_from_slice(&fragment);
        }
        if too_long {
            self.limit(context, out);
        }
        let block = if header.has(frame::END_HEADERS) { self.block.take()? } else { return None };
        let fields = if block.cut {
            self.decoder.forget();
            Fields { cut: true, ..Fields::default() }
        } else {
            let fields = self.decoder.decode(block.bytes.freeze());
            if fields.cut {
                self.limit(context, out);
            }
            fields
        };
        if fields.malformed.is_some() {
            out.gap(Gap::new(GapReason::Undecodable, context.at(), "a field block of HTTP/2 does not decode"));
        }
        Some(Event::Fields {
            stream: block.stream,
            promised: block.promised,
            fields,
            end: block.end,
            trail: block.trail,
        })
    }

    fn limit(&self, context: &Context, out: &mut Out<'_>) {
        let detail = format!("of a field block of HTTP/2, {} KiB are read", BLOCK_LIMIT >> 10);
        out.gap(Gap::new(GapReason::Limit, context.at(), detail));
    }

    /// Bytes are missing: 0 when it is not known how many. Says whether the streams
    /// of this direction are concerned, and which one alone if only one is.
    pub fn gap(&mut self, length: u64, context: &mut Context, out: &mut Out<'_>) -> Concerned {
        self.doubtful = true;
        let hole = usize::try_from(length).unwrap_or(usize::MAX);
        let known = length > 0;
        // Where the frame that has the hole ends is known when its header is.
        let concerned = match self.state {
            State::Data { stream, left, padding, end } if known && hole <= left + padding => {
                self.state = if hole < left {
                    State::Data { stream, left: left - hole, padding, end }
                } else {
                    State::Skip(left + padding - hole)
                };
                Concerned::One { stream, ended: end && hole >= left }
            }
            State::Skip(left) if known && hole <= left => {
                self.state = State::Skip(left - hole);
                Concerned::None
            }
            State::Frame => {
                let header = Header::read(self.feed.bytes()).filter(|header| header.fits());
                let left = header.map(|header| (HEADER + header.length).saturating_sub(self.feed.len()));
                match (header, left) {
                    (Some(header), Some(left)) if known && hole <= left && header.kind != frame::DATA => {
                        if matches!(header.kind, frame::HEADERS | frame::PUSH_PROMISE | frame::CONTINUATION) {
                            self.block = None;
                            self.decoder.forget();
                        }
                        self.pass_all(self.feed.len(), context, out);
                        self.state = State::Skip(left - hole);
                        Concerned::One {
                            stream: header.stream,
                            ended: header.has(frame::END_STREAM) && header.kind == frame::HEADERS,
                        }
                    }
                    _ => {
                        self.pass_all(self.feed.len(), context, out);
                        self.lose();
                        Concerned::All
                    }
                }
            }
            _ => {
                self.pass_all(self.feed.len(), context, out);
                self.lose();
                Concerned::All
            }
        };
        self.feed.skip(length);
        concerned
    }

    fn lose(&mut self) {
        self.doubtful = true;
        self.decoder.forget();
        self.block = None;
        self.state = State::Lost;
        self.looked = 0;
    }

    fn resynchronise(&mut self, last: bool, context: &mut Context, out: &mut Out<'_>) -> Option<()> {
        match frame::search(self.feed.bytes(), self.looked, self.direction, last) {
            Search::At(at) => {
                self.pass_all(at, context, out);
                self.looked = 0;
                self.state = State::Frame;
                Some(())
            }
            Search::NotBefore(at) => {
                self.looked = at;
                while self.looked >= TURN_LIMIT {
                    self.pass_all(TURN_LIMIT, context, out);
                    self.looked -= TURN_LIMIT;
                }
                None
            }
        }
    }

    /// Nothing more follows: hands on what no frame could be made of, as it is.
    pub fn flush(&mut self, context: &mut Context, out: &mut Out<'_>) {
        self.pass_all(self.feed.len(), context, out);
    }

    /// Hands on the next `count` bytes as they are.
    fn pass_all(&mut self, mut count: usize, context: &mut Context, out: &mut Out<'_>) {
        while count > 0 && !self.feed.is_empty() {
            let part = count.min(TURN_LIMIT);
            let mut draft = Draft::raw(self.direction, context);
            draft.doubtful = true;
            let bytes = self.feed.take(part, &mut draft.trail);
            draft.body.add(&bytes);
            draft.finish(context, out);
            count -= part;
        }
    }
}

/// Which streams a hole concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Concerned {
    /// Any of them.
    All,
    /// This one, which ended in the hole or goes on.
    One { stream: u32, ended: bool },
    /// It lay in bytes that mean nothing.
    None,
}

/// Adds what `more` says to `trail`.
pub(in crate::message) fn join(trail: &mut Trail, more: &Trail) {
    trail.first = trail.first.or(more.first);
    trail.length = trail.length.saturating_add(more.length);
    trail.conflict |= more.conflict;
    trail.add_frames(&more.frames);
}
