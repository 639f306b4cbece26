//! WebSocket (RFC 6455), with permessage-deflate (RFC 7692).
//!
//! Takes the bytes behind a handshake, of HTTP/1 or of a stream of HTTP/2 (RFC 8441),
//! hands on one message for each message: fragments put together, masks and
//! compression undone. Its kind carries the target of the handshake, and its host is
//! the handshake's, so that it can be said what the connection was opened for; the
//! target is no part of the message's bytes. Control frames are messages where their
//! payload is long enough to hold anything. Where the subprotocol is MQTT, its packets
//! take the place of the messages.
//!
//! A hole inside one frame costs that message. Any other loses the framing, which is
//! too weak to be found again: the rest of the direction is raw.

mod inflate;

use bytes::Bytes;

use self::inflate::{Deflate, Inflater};
use super::draft::{Context, Draft, Out, Visit};
use super::feed::{Feed, Trail};
use super::mqtt::Mqtt;
use super::raw::TURN_LIMIT;
use super::{Kind, Protocol};
use crate::evidence::{Direction, Gap, GapReason, Time};
use crate::net::Chunk;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Payload of a control frame that makes it a message. Below eight bytes nothing in it
/// could be told from chance: keepalives carry a counter, a close its code.
const CONTROL_LENGTH: usize = 8;

/// What the handshake agreed on.
#[derive(Clone, Debug, Default)]
pub(super) struct Handshake {
    /// Target of the request.
    pub target: Option<String>,
    /// `Sec-WebSocket-Extensions` of the response.
    pub extensions: Option<String>,
    /// `Sec-WebSocket-Protocol` of the response.
    pub subprotocol: Option<String>,
}

/// A connection that speaks WebSocket.
#[derive(Debug)]
pub(super) struct WebSocket {
    sent: Side,
    received: Side,
    target: Option<String>,
    mqtt: Option<Box<Mqtt>>,
}

/// What is next in a direction.
#[derive(Debug)]
enum State {
    /// A frame.
    Frame,
    /// So many bytes of a data frame.
    Payload { left: u64, mask: [u8; 4], turned: usize, fin: bool },
    /// Bytes that no frame can be made of.
    Raw,
}

#[derive(Debug)]
struct Side {
    direction: Direction,
    feed: Feed,
    state: State,
    /// The message whose fragments come.
    message: Option<Draft>,
    /// It is compressed.
    compressed: bool,
    /// Its bytes are those of an MQTT connection inside, whose packets are handed on instead of the message.
    carries: bool,
    inflater: Option<Inflater>,
    doubtful: bool,
}

/// A frame's header.
#[derive(Clone, Copy, Debug)]
struct Header {
    fin: bool,
    reserved: u8,
    opcode: u8,
    mask: [u8; 4],
    length: u64,
    size: usize,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let &[first, second] = bytes.first_chunk::<2>()?;
        let (length, at) = match second & 0x7f {
            126 => (u64::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)), 4),
            127 => (u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?), 10),
            short => (u64::from(short), 2),
        };
        let masked = second & 0x80 != 0;
        let mask = if masked { *bytes.get(at..)?.first_chunk()? } else { [0; 4] };
        let size = if masked { at + 4 } else { at };
        Some(Self { fin: first & 0x80 != 0, reserved: first & 0x70, opcode: first & 0x0f, mask, length, size })
    }

    fn is_control(self) -> bool {
        self.opcode >= CLOSE
    }
}

impl WebSocket {
    /// Behind a handshake; the offsets are those of the first bytes (sent, received).
    pub fn at(handshake: &Handshake, sent: u64, received: u64) -> Self {
        let deflate = handshake.extensions.as_deref().and_then(Deflate::agreed);
        let mqtt =
            handshake.subprotocol.as_deref().is_some_and(|name| name.trim().to_ascii_lowercase().starts_with("mqtt"));
        let side = |direction, offset, takeover: Option<bool>| Side {
            direction,
            feed: Feed::at(offset),
            state: State::Frame,
            message: None,
            compressed: false,
            carries: false,
            inflater: takeover.map(Inflater::new),
            doubtful: false,
        };
        Self {
            sent: side(Direction::Sent, sent, deflate.map(|deflate| deflate.client_takeover)),
            received: side(Direction::Received, received, deflate.map(|deflate| deflate.server_takeover)),
            target: handshake.target.clone(),
            mqtt: mqtt.then(|| Box::new(Mqtt::at(0, 0))),
        }
    }

    /// Takes one chunk.
    pub fn push(&mut self, direction: Direction, chunk: Chunk<'_>, context: &mut Context, out: &mut Out<'_>) {
        let side = match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        };
        let mut inner = Inner { target: &self.target, mqtt: &mut self.mqtt };
        match chunk {
            Chunk::Data { bytes, time, frames, conflict } => {
                side.feed.push(bytes, time, frames, conflict);
                side.run(&mut inner, context, out);
            }
            Chunk::Gap { length, time, reason } => side.gap(length, (time, reason), &mut inner, context, out),
            Chunk::End { .. } => {
                side.end(&mut inner, context, out);
                if let Some(mqtt) = inner.mqtt {
                    mqtt.push(direction, chunk, context, out);
                }
            }
        }
    }

    /// Shows every message that is still coming in.
    pub fn drafts(&mut self, context: &mut Context, visit: &mut Visit<'_>) {
        for draft in [&mut self.sent, &mut self.received].into_iter().filter_map(|side| side.message.as_mut()) {
            visit(draft, context);
        }
        if let Some(mqtt) = &mut self.mqtt {
            mqtt.drafts(context, visit);
        }
    }

    /// Memory of what waits beside the messages that are still coming in, about.
    pub fn waiting(&self) -> usize {
        let own = self.sent.feed.cost().saturating_add(self.received.feed.cost()).saturating_add(self.amplified());
        own.saturating_add(self.mqtt.as_ref().map_or(0, |mqtt| mqtt.waiting()))
    }

    /// What of it a few bytes can make: see [`Layer::amplified`].
    pub fn amplified(&self) -> usize {
        let inflaters = [&self.sent.inflater, &self.received.inflater].into_iter().flatten();
        inflaters.count().saturating_mul(inflate::COST)
    }

    /// Both directions are over.
    pub fn finish(&mut self, context: &mut Context, out: &mut Out<'_>) {
        let mut inner = Inner { target: &self.target, mqtt: &mut self.mqtt };
        self.sent.end(&mut inner, context, out);
        self.received.end(&mut inner, context, out);
        if let Some(mqtt) = &mut self.mqtt {
            mqtt.finish(context, out);
        }
    }
}

/// What both directions share.
struct Inner<'a> {
    target: &'a Option<String>,
    mqtt: &'a mut Option<Box<Mqtt>>,
}

impl Side {
    fn draft(&self, opcode: u8, inner: &Inner<'_>, context: &Context) -> Draft {
        let opcode = match opcode {
            TEXT => "text",
            BINARY => "binary",
            CLOSE => "close",
            PING => "ping",
            _ => "pong",
        };
        let mut draft = Draft::raw(self.direction, context);
        draft.protocol = Protocol::WebSocket;
        draft.kind = Kind::WebSocket { opcode, target: inner.target.clone() };
        draft.doubtful = self.doubtful;
        draft
    }

    fn run(&mut self, inner: &mut Inner<'_>, context: &mut Context, out: &mut Out<'_>) {
        loop {
            match self.state {
                State::Raw => {
                    while self.feed.len() >= TURN_LIMIT {
                        self.pass_on(TURN_LIMIT, context, out);
                    }
                    return;
                }
                State::Payload { left, mask, turned, fin } => {
                    let count = usize::try_from(left).unwrap_or(usize::MAX).min(self.feed.len());
                    if count == 0 && left > 0 {
                        return;
                    }
                    self.payload(count, mask, turned, inner, context, out);
                    let left = left - count as u64;
                    self.state = State::Payload { left, mask, turned: (turned + count) % 4, fin };
                    if left == 0 {
                        self.state = State::Frame;
                        if fin {
                            self.complete(None, inner, context, out);
                        }
                    }
                }
                State::Frame => {
                    let Some(header) = Header::read(self.feed.bytes()) else { return };
                    if !self.fits(header) {
                        out.gap(Gap::new(GapReason::Undecodable, context.at(), "the framing of a WebSocket was lost"));
                        self.lose(inner, context, out);
                        continue;
                    }
                    if header.is_control() {
                        if self.feed.len() < header.size + header.length as usize {
                            return;
                        }
                        self.control(header, inner, context, out);
                        continue;
                    }
                    if header.opcode != CONTINUATION {
                        self.message = Some(self.draft(header.opcode, inner, context));
                        self.compressed = header.reserved != 0;
                        self.carries = header.opcode == BINARY && inner.mqtt.is_some();
                    }
                    let mut trail = Trail::default();
                    let trail = self.message.as_mut().map_or(&mut trail, |draft| &mut draft.trail);
                    self.feed.take(header.size, trail);
                    self.state = State::Payload { left: header.length, mask: header.mask, turned: 0, fin: header.fin };
                }
            }
        }
    }

    /// RFC 6455 §5.2 and §5.4, but for the mask, which is taken as it comes.
    fn fits(&self, header: Header) -> bool {
        let known = matches!(header.opcode, CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG);
        let begins = matches!(header.opcode, TEXT | BINARY);
        // RSV1 says that a message is compressed (RFC 7692 §6), in its first frame.
        let reserved = header.reserved == 0 || header.reserved == 0x40 && begins && self.inflater.is_some();
        let shape =
            if header.is_control() { header.fin && header.length <= 125 } else { begins != self.message.is_some() };
        known && reserved && shape && header.length >> 63 == 0
    }

    fn control(&mut self, header: Header, inner: &Inner<'_>, context: &mut Context, out: &mut Out<'_>) {
        let mut draft = self.draft(header.opcode, inner, context);
        self.feed.take(header.size, &mut draft.trail);
        let payload = self.feed.take(header.length as usize, &mut draft.trail);
        if payload.len() >= CONTROL_LENGTH {
            draft.body.add(&unmasked(payload, header.mask, 0));
            draft.finish(context, out);
        }
    }

    fn payload(
        &mut self,
        count: usize,
        mask: [u8; 4],
        turned: usize,
        inner: &mut Inner<'_>,
        context: &mut Context,
        out: &mut Out<'_>,
    ) {
        let mut trail = Trail::default();
        let bytes = unmasked(self.feed.take(count, &mut trail), mask, turned);
        if let Some(draft) = &mut self.message {
            super::http2::join(&mut draft.trail, &trail);
        }
        self.content(&bytes, &trail, inner, context, out);
    }

    /// Bytes of a message, masks undone and compression not.
    fn content(
        &mut self,
        bytes: &[u8],
        trail: &Trail,
        inner: &mut Inner<'_>,
        context: &mut Context,
        out: &mut Out<'_>,
    ) {
        let Some(draft) = &mut self.message else { return };
        let mut add = |plain: &[u8], draft: &mut Draft| match &mut *inner.mqtt {
            Some(mqtt) if self.carries => {
                let time = trail.first.map_or(Time::default(), |(time, _)| time);
                let chunk = Chunk::Data { bytes: plain, time, frames: &trail.frames, conflict: trail.conflict };
                mqtt.push(self.direction, chunk, context, out);
            }
            _ => draft.body.add(plain),
        };
        match &mut self.inflater {
            Some(inflater) if self.compressed && inflater.works() => {
                let stopped = inflater.inflate(bytes, &mut |plain| add(plain, draft)).err();
                if let Some(reason) = stopped {
                    draft.incomplete = Some(reason);
                    out.gap(Gap::new(
                        reason,
                        context.at(),
                        "compressed WebSocket messages that do not unpack, or beyond the limit",
                    ));
                }
            }
            // What cannot be unpacked is handed on as it is, once the message began so.
            Some(_) if self.compressed && draft.incomplete.is_some() && draft.body.length > 0 => {}
            Some(_) if self.compressed => {
                draft.incomplete = Some(GapReason::Undecodable);
                draft.body.add(bytes);
            }
            _ => add(bytes, draft),
        }
    }

    fn complete(&mut self, reason: Option<GapReason>, inner: &mut Inner<'_>, context: &mut Context, out: &mut Out<'_>) {
        if self.compressed && reason.is_none() {
            if self.inflater.as_ref().is_some_and(Inflater::works) {
                let trail = self.message.as_ref().map(|draft| Trail {
                    first: draft.trail.first,
                    frames: draft.trail.frames.last().copied().into_iter().collect(),
                    ..Trail::default()
                });
                self.content(inflate::TAIL, &trail.unwrap_or_default(), inner, context, out);
            }
            if let Some(inflater) = &mut self.inflater {
                inflater.next_message();
            }
        }
        let Some(mut draft) = self.message.take() else { return };
        draft.incomplete = reason.or(draft.incomplete);
        if !self.carries || draft.body.length > 0 {
            draft.finish(context, out);
        }
    }

    fn gap(
        &mut self,
        length: u64,
        (time, reason): (Time, GapReason),
        inner: &mut Inner<'_>,
        context: &mut Context,
        out: &mut Out<'_>,
    ) {
        self.doubtful = true;
        if let Some(inflater) = &mut self.inflater {
            inflater.lose();
        }
        match self.state {
            State::Payload { left, mask, turned, fin } if length > 0 && length <= left => {
                // What follows the hole is a message of its own, so that nothing is read across it.
                let (compressed, carries) = (self.compressed, self.carries);
                let opcode = match self.message.as_ref().map(|draft| &draft.kind) {
                    Some(Kind::WebSocket { opcode: "text", .. }) => TEXT,
                    _ => BINARY,
                };
                self.complete(Some(reason), inner, context, out);
                if carries && let Some(mqtt) = inner.mqtt {
                    let length = if compressed { 0 } else { length };
                    mqtt.push(self.direction, Chunk::Gap { length, time, reason }, context, out);
                }
                self.feed.skip(length);
                let left = left - length;
                if left > 0 || !fin {
                    self.message = Some(self.draft(opcode, inner, context));
                    let turned = (turned + (length % 4) as usize) % 4;
                    self.state = State::Payload { left, mask, turned, fin };
                } else {
                    self.state = State::Frame;
                    if let Some(inflater) = &mut self.inflater {
                        inflater.next_message();
                    }
                }
            }
            _ => {
                let detail = "a WebSocket is not picked up behind a hole; its rest is searched as raw bytes";
                out.gap(Gap::new(reason, context.at(), detail));
                self.lose(inner, context, out);
                self.flush(context, out);
                self.feed.skip(length);
                if let Some(mqtt) = inner.mqtt {
                    mqtt.push(self.direction, Chunk::Gap { length: 0, time, reason }, context, out);
                }
            }
        }
    }

    fn lose(&mut self, inner: &mut Inner<'_>, context: &mut Context, out: &mut Out<'_>) {
        self.doubtful = true;
        self.complete(Some(GapReason::LostPackets), inner, context, out);
        self.state = State::Raw;
    }

    fn end(&mut self, inner: &mut Inner<'_>, context: &mut Context, out: &mut Out<'_>) {
        self.complete(Some(GapReason::LostPackets), inner, context, out);
        self.flush(context, out);
        self.state = State::Raw;
    }

    fn flush(&mut self, context: &mut Context, out: &mut Out<'_>) {
        while !self.feed.is_empty() {
            self.pass_on(TURN_LIMIT, context, out);
        }
    }

    fn pass_on(&mut self, count: usize, context: &mut Context, out: &mut Out<'_>) {
        let mut draft = Draft::raw(self.direction, context);
        draft.doubtful = true;
        let bytes = self.feed.take(count, &mut draft.trail);
        draft.body.add(&bytes);
        draft.finish(context, out);
    }
}

/// `bytes` without their mask, which was already turned so many times.
fn unmasked(bytes: Bytes, mask: [u8; 4], turned: usize) -> Bytes {
    if mask == [0; 4] {
        return bytes;
    }
    bytes.iter().zip(mask.iter().cycle().skip(turned % 4)).map(|(byte, key)| byte ^ key).collect()
}

#[cfg(test)]
mod tests;
