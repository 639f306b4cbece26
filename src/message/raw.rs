//! Where every stream begins, and where it stays when nothing here reads it: its
//! bytes in turns, each looked at for a protocol that begins there.

use super::draft::{Context, Draft, Out};
use super::feed::{Feed, Held, Trail};
use super::proxied;
use super::sniff::{Found, Verdict, sniff};
use crate::evidence::{Direction, Gap, GapReason, Transport};
use crate::net::Chunk;

/// Bytes of one turn that make a message. Long enough for what is searched (a value
/// is shorter by far), short enough that a bulk transfer is not held in memory.
pub(super) const TURN_LIMIT: usize = 64 << 10;

/// A stream whose protocol is not known, or not yet.
#[derive(Debug)]
pub(super) struct Turns {
    sent: Feed,
    received: Feed,
    /// Who spoke last, and whether the turn may still turn out to be a protocol.
    turn: Option<(Direction, bool)>,
    /// Protocols are looked for.
    sniffs: bool,
    /// Something was handed on as raw bytes: what begins now is not the start of the stream.
    passed: u64,
    /// Bytes are missing in the direction sent, received.
    doubtful: (bool, bool),
    /// The gap about this protocol was handed on already.
    named: bool,
}

impl Turns {
    /// Looks for a protocol, unless the nesting is as deep as is followed.
    pub fn sniffing(sent: u64, received: u64) -> Self {
        Self {
            sent: Feed::at(sent),
            received: Feed::at(received),
            turn: None,
            sniffs: true,
            passed: 0,
            doubtful: (false, false),
            named: false,
        }
    }

    /// Of a protocol that was named and is not read.
    pub fn unread(protocol: &str, sent: u64, received: u64, context: &Context, out: &mut Out<'_>) -> Self {
        out.gap(Gap::new(GapReason::UnknownProtocol, context.at(), format!("{protocol}, searched as raw bytes only")));
        Self { sniffs: false, named: true, ..Self::sniffing(sent, received) }
    }

    fn feed(&mut self, direction: Direction) -> &mut Feed {
        match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        }
    }

    /// Takes a chunk. When a protocol begins with the turn that it belongs to, the turn
    /// is left for [`Turns::held`], and nothing of it was handed on.
    pub fn push(
        &mut self,
        direction: Direction,
        chunk: Chunk<'_>,
        context: &mut Context,
        out: &mut Out<'_>,
    ) -> Option<Found> {
        match chunk {
            Chunk::Data { bytes: [], .. } => None,
            Chunk::Data { bytes, time, frames, conflict } => {
                if self.turn.is_none_or(|(speaker, _)| speaker != direction) {
                    self.flush(context, out);
                    self.turn = Some((direction, self.sniffs));
                }
                self.feed(direction).push(bytes, time, frames, conflict);
                self.look(direction, context, out)
            }
            Chunk::Gap { length, .. } => {
                self.flush(context, out);
                self.feed(direction).skip(length);
                match direction {
                    Direction::Sent => self.doubtful.0 = true,
                    Direction::Received => self.doubtful.1 = true,
                }
                None
            }
            Chunk::End { .. } => {
                if self.turn.is_some_and(|(speaker, _)| speaker == direction) {
                    self.flush(context, out);
                }
                None
            }
        }
    }

    fn look(&mut self, direction: Direction, context: &mut Context, out: &mut Out<'_>) -> Option<Found> {
        if let Some((_, true)) = self.turn {
            let first = self.passed == 0;
            if first && direction == Direction::Sent {
                match proxied::head(self.sent.bytes()) {
                    // It says from where, and is no part of what the client sends.
                    proxied::Head::Whole(length) => drop(self.sent.take(length, &mut Trail::default())),
                    proxied::Head::More if self.sent.len() < TURN_LIMIT => return None,
                    proxied::Head::More | proxied::Head::None => {}
                }
            }
            let port = context.endpoints.server.port();
            match sniff(direction, self.feed(direction).bytes(), port, first) {
                Verdict::Found(found) => return Some(found),
                Verdict::More if self.feed(direction).len() < TURN_LIMIT => return None,
                Verdict::More | Verdict::Unknown => self.turn = Some((direction, false)),
            }
        }
        while self.feed(direction).len() >= TURN_LIMIT {
            self.emit(direction, TURN_LIMIT, context, out);
        }
        None
    }

    fn emit(&mut self, direction: Direction, count: usize, context: &mut Context, out: &mut Out<'_>) {
        let mut draft = Draft::raw(direction, context);
        draft.doubtful = match direction {
            Direction::Sent => self.doubtful.0,
            Direction::Received => self.doubtful.1,
        };
        let bytes = self.feed(direction).take(count, &mut draft.trail);
        if self.passed == 0 && !draft.doubtful {
            context.recognise(&bytes);
        }
        draft.body.add(&bytes);
        self.passed = self.passed.saturating_add(bytes.len() as u64);
        draft.finish(context, out);
    }

    /// The turn ends here.
    fn flush(&mut self, context: &mut Context, out: &mut Out<'_>) {
        if let Some((speaker, _)) = self.turn.take() {
            let waiting = self.feed(speaker).len();
            if waiting > 0 {
                self.emit(speaker, waiting, context, out);
            }
        }
    }

    /// The turn in which a protocol began, for the layer that reads it, and the
    /// offsets (sent, received) at which that layer begins.
    pub fn held(&mut self) -> (Vec<(Direction, Held)>, u64, u64) {
        let (sent, received) = (self.sent.offset(), self.received.offset());
        let Some((speaker, _)) = self.turn.take() else { return (Vec::new(), sent, received) };
        let held = self.feed(speaker).drain().into_iter().map(|held| (speaker, held)).collect();
        (held, sent, received)
    }

    /// Whether bytes are missing in front of `direction`'s next one.
    pub fn doubtful(&self, direction: Direction) -> bool {
        match direction {
            Direction::Sent => self.doubtful.0,
            Direction::Received => self.doubtful.1,
        }
    }

    /// Memory of what waits beside the messages that are still coming in, about.
    pub fn waiting(&self) -> usize {
        self.sent.cost().saturating_add(self.received.cost())
    }

    /// The stream gave up what it had.
    pub fn finish(&mut self, context: &mut Context, out: &mut Out<'_>) {
        self.flush(context, out);
        self.close(context, out);
    }

    /// Says once what was passed on unread.
    pub fn close(&mut self, context: &Context, out: &mut Out<'_>) {
        if self.passed > 0 && !self.named {
            self.named = true;
            let detail = match (&context.service, context.stream.transport) {
                (Some(service), _) => format!("{}, searched as raw bytes only", service.name),
                (None, Transport::Tcp) => "TCP payload of no known protocol, searched as raw bytes only".to_owned(),
                (None, Transport::Udp) => {
                    "payload of no known protocol on QUIC streams, searched as raw bytes only".to_owned()
                }
            };
            out.gap(Gap::new(GapReason::UnknownProtocol, context.at(), detail).of_bytes(self.passed));
        }
    }
}
