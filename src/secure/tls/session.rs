//! A TLS session, both directions: from hellos to keys to plaintext.

use std::sync::Arc;

use crate::evidence::{Direction, GapReason, Time};
use crate::net::Chunk;
use crate::secure::keylog::KeyLog;
use crate::secure::tls::Suite;
use crate::secure::tls::Transcript;
use crate::secure::tls::facts::Facts;
use crate::secure::tls::lane::{Epoch, Lane, Lost};
use crate::secure::tls::negotiation::{Phase, RESUMPTION_TRIALS};
use crate::secure::tls::opening::Content;
use crate::secure::tls::pinning::Watch;
use crate::secure::tls::record::{ContentType, Next, Origin, Record};
use crate::secure::tls::side::{End, SEARCH_LIMIT, Side, Waiting, origin};

/// Bytes of the shortest tag: CCM-8's.
const SHORTEST_TAG: usize = 8;

/// Bytes of the tag of all suites of TLS 1.3 but that one.
const TAG_LENGTH: usize = 16;

/// Takes plaintext chunks of a direction.
pub type Sink<'a> = &'a mut dyn FnMut(Direction, Chunk<'_>);

/// How a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing protected has been seen yet. At the end of the stream: nothing was sent.
    Handshaking,
    /// It can be read, as far as it is complete.
    Open,
    /// It stays closed, for this one reason. A later chunk can still make
    /// [`GapReason::NoKey`] into [`GapReason::Pinned`].
    Closed(GapReason),
}

/// A TLS session. Both directions of a stream are pushed in, in the order they were captured.
#[derive(Debug)]
pub struct Session {
    pub(super) keys: Arc<KeyLog>,
    pub(super) facts: Facts,
    pub(super) phase: Phase,
    pub(super) client: Side,
    pub(super) server: Side,
    pub(super) watch: Watch,
    pub(super) suite: Option<Suite>,
    /// A record of the application's epoch opened.
    pub(super) opened: bool,
    /// A secret for the application's epoch was there.
    pub(super) had_key: bool,
    pub(super) closed: Option<GapReason>,
    /// Secrets of other connections that may still be tried.
    pub(super) resumption_trials: usize,
    /// Messages of the present handshake, kept where a master secret may have to be derived from them.
    pub(super) transcript: Transcript,
}

impl Session {
    /// Before the first byte. `keys` are all secrets of the run.
    pub fn new(keys: Arc<KeyLog>) -> Self {
        Self {
            keys,
            facts: Facts::default(),
            phase: Phase::AwaitClientHello { retry: false },
            client: Side::default(),
            server: Side::default(),
            watch: Watch::default(),
            suite: None,
            opened: false,
            had_key: false,
            closed: None,
            resumption_trials: RESUMPTION_TRIALS,
            transcript: Transcript::default(),
        }
    }

    /// Memory of what waits for more bytes, about.
    pub fn waiting(&self) -> usize {
        let sides = self.client.waiting().saturating_add(self.server.waiting());
        self.transcript.messages().iter().map(|part| part.len()).fold(sides, usize::saturating_add)
    }

    /// What the stream says about itself, so far.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The key log names it as one whose client refused a recording proxy.
    pub fn was_refused(&self) -> bool {
        self.facts.client_random.is_some_and(|random| self.keys.was_refused(&random))
    }

    /// How it stands, so far.
    pub fn outcome(&self) -> Outcome {
        if self.watch.is_pinned() {
            return Outcome::Closed(GapReason::Pinned);
        }
        if self.opened {
            return Outcome::Open;
        }
        if let Some(reason) = self.closed.or(self.client.closed).or(self.server.closed) {
            return Outcome::Closed(reason);
        }
        if self.client.sealed == 0 && self.server.sealed == 0 {
            return if self.watch.is_finished() && self.had_key { Outcome::Open } else { Outcome::Handshaking };
        }
        Outcome::Closed(self.why_sealed())
    }

    /// Why one direction of an open session was given up, or had records that stayed
    /// closed though it was read on behind them, or the log lacks its secret alone.
    pub fn direction_closed(&self, direction: Direction) -> Option<GapReason> {
        let side = self.side(direction);
        let without = matches!(self.phase, Phase::Tls13) && side.sealed > 0 && !side.lane.has_application_keys();
        side.closed.or(side.unread).or_else(|| without.then_some(GapReason::NoKey))
    }

    /// Bytes of protected records of a direction that stayed closed.
    pub fn sealed_bytes(&self, direction: Direction) -> u64 {
        self.side(direction).sealed
    }

    /// Takes the next chunk of a direction. Plaintext, holes and ends go to `sink`.
    pub fn push(&mut self, direction: Direction, chunk: Chunk<'_>, sink: Sink<'_>) {
        match chunk {
            Chunk::Data { bytes, time, frames, conflict } => {
                let side = self.side_mut(direction);
                side.last_time = time;
                if let Some(reason) = side.closed {
                    side.sealed = side.sealed.saturating_add(bytes.len() as u64);
                    return sink(direction, Chunk::Gap { length: bytes.len() as u64, time, reason });
                }
                side.inbox.push(bytes, origin(frames, time, conflict));
                side.searched += if side.lost.is_some() { bytes.len() } else { 0 };
                self.read_inbox(direction, sink);
            }
            Chunk::Gap { length, time, reason } => self.hole(direction, length, (time, reason), sink),
            Chunk::End { reset, time, frame } => {
                // Frame 0: the capture ends here, not the client.
                if frame != 0 {
                    self.watch.end(direction, time);
                }
                self.side_mut(direction).end = Some(End { reset, time, frame });
                self.hand_on_end(direction, sink);
            }
        }
    }

    pub(super) fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Sent => &self.client,
            Direction::Received => &self.server,
        }
    }

    pub(super) fn side_mut(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Sent => &mut self.client,
            Direction::Received => &mut self.server,
        }
    }

    fn why_sealed(&self) -> GapReason {
        match self.phase {
            // The other direction's hello never came.
            Phase::AwaitClientHello { .. } | Phase::AwaitServerHello { .. } => GapReason::LostPackets,
            _ if self.was_refused() => GapReason::Pinned,
            Phase::Unopened => GapReason::UnsupportedCipher,
            _ if self.had_key => GapReason::KeyDoesNotFit,
            // Without any log, that is what is missing, resumed or not.
            _ if self.facts.resumed && !self.keys.is_empty() => GapReason::ResumedWithoutSecret,
            _ => GapReason::NoKey,
        }
    }

    fn hole(&mut self, direction: Direction, length: u64, (time, reason): (Time, GapReason), sink: Sink<'_>) {
        if direction == Direction::Sent && matches!(self.phase, Phase::AwaitClientHello { .. }) {
            // Without a ClientHello there is no way to the keys.
            self.close(reason, sink);
        }
        let side = self.side_mut(direction);
        if side.closed.is_some() {
            return sink(direction, Chunk::Gap { length, time, reason });
        }
        let is_certain = side.lane.is_proven() || (side.sealed > 0 && !side.lane.has_keys());
        side.hole(length);
        side.count_passed();
        if is_certain {
            sink(direction, Chunk::Gap { length, time, reason });
        } else {
            let before = side.owed.map_or(0, |(length, ..)| length);
            side.owed = Some((before.saturating_add(length), time, reason));
        }
    }

    fn hand_on_end(&mut self, direction: Direction, sink: Sink<'_>) {
        if self.client.end.is_some()
            && self.server.end.is_some()
            && (!self.client.pending.is_empty() || !self.server.pending.is_empty())
        {
            // What these records wait for does not come any more.
            self.close(GapReason::LostPackets, sink);
        }
        for direction in [direction, direction.reverse()] {
            let side = self.side_mut(direction);
            let Some(End { reset, time, frame }) = side.end.filter(|_| side.pending.is_empty() && !side.ended) else {
                continue;
            };
            side.ended = true;
            let length = side.left_over();
            if length > 0 {
                let reason = side.closed.or(side.unread).unwrap_or(GapReason::LostPackets);
                sink(direction, Chunk::Gap { length, time, reason });
            }
            sink(direction, Chunk::End { reset, time, frame });
        }
    }

    /// Gives up both directions.
    fn close(&mut self, reason: GapReason, sink: Sink<'_>) {
        self.glean();
        self.closed.get_or_insert(reason);
        self.close_direction(Direction::Sent, reason, sink);
        self.close_direction(Direction::Received, reason, sink);
    }

    fn close_direction(&mut self, direction: Direction, reason: GapReason, sink: Sink<'_>) {
        let side = self.side_mut(direction);
        let length = side.give_up(reason);
        if length > 0 {
            sink(direction, Chunk::Gap { length, time: side.last_time, reason });
        }
    }

    /// Reads what is whole in one direction, then what it was that the other one waited for.
    fn read_inbox(&mut self, direction: Direction, sink: Sink<'_>) {
        while self.side(direction).closed.is_none() {
            match self.side_mut(direction).inbox.next() {
                Next::Record(record) => self.take_turn(direction, record, sink),
                Next::Candidate(record) => {
                    if self.is_record(direction, &record, sink) {
                        self.side_mut(direction).inbox.accept();
                    } else {
                        self.side_mut(direction).inbox.reject();
                    }
                }
                Next::NotTls => {
                    let reason = self.why_not_tls(direction);
                    self.close_direction(direction, reason, sink);
                    if matches!(self.phase, Phase::AwaitClientHello { .. }) {
                        self.close(reason, sink);
                    }
                }
                Next::Wait => break,
            }
            self.read_pending(sink);
        }
        let side = self.side_mut(direction);
        side.count_passed();
        if side.lost.is_some() && (side.searched > SEARCH_LIMIT || side.lane.is_spent()) && side.closed.is_none() {
            self.close_direction(direction, GapReason::LostPackets, sink);
        }
    }

    fn read_pending(&mut self, sink: Sink<'_>) {
        while let Some(direction) = self.ready() {
            match self.side_mut(direction).take_pending() {
                Some(Waiting::Record(record)) => self.read(direction, &record, sink),
                Some(Waiting::Loss(loss)) => self.side_mut(direction).missed(loss),
                None => break,
            }
        }
        if self.client.end.is_some() || self.server.end.is_some() {
            self.hand_on_end(Direction::Sent, sink);
        }
    }

    /// A direction in which something has waited that can be read now.
    fn ready(&self) -> Option<Direction> {
        [Direction::Received, Direction::Sent].into_iter().find(|direction| {
            self.side(*direction).pending.front().is_some_and(|waiting| match waiting {
                Waiting::Record(record) => self.may_read(*direction, record),
                Waiting::Loss(_) => true,
            })
        })
    }

    fn why_not_tls(&self, direction: Direction) -> GapReason {
        match (&self.phase, self.side(direction).lost) {
            (_, Some(_)) => GapReason::LostPackets,
            (Phase::AwaitClientHello { .. }, None) => GapReason::StartedBeforeCapture,
            // What was TLS goes on as something else.
            _ => GapReason::UnknownProtocol,
        }
    }

    fn take_turn(&mut self, direction: Direction, record: Record, sink: Sink<'_>) {
        let is_first = self.side(direction).pending.is_empty();
        if is_first && self.may_read(direction, &record) {
            return self.read(direction, &record, sink);
        }
        let unasked =
            direction == Direction::Received && matches!(self.phase, Phase::AwaitClientHello { retry: false });
        if is_first && unasked && !matches!(record.kind, ContentType::Handshake | ContentType::Alert) {
            // A server does not begin with this, however late the ClientHello is.
            return self.started_before(direction, &record, sink);
        }
        self.keep(direction, record, sink);
    }

    fn keep(&mut self, direction: Direction, record: Record, sink: Sink<'_>) {
        let side = self.side_mut(direction);
        side.wait(Waiting::Record(record));
        if side.waits_too_long() {
            // It waits for a direction that is late, or one that the capture does not have.
            let is_missing = self.side(direction.reverse()).last_time == Time::default();
            self.close(if is_missing { GapReason::LostPackets } else { GapReason::Limit }, sink);
        }
    }

    /// Whether all that this record's meaning depends on in the other direction is there.
    fn may_read(&self, direction: Direction, record: &Record) -> bool {
        match (&self.phase, direction) {
            (Phase::AwaitClientHello { .. }, Direction::Received) => false,
            // The client's records wait for the server's choice, but for 0-RTT data and what belongs to it.
            (Phase::AwaitServerHello { again: true, .. }, Direction::Sent) => {
                // A server may leave the offer to renegotiate unanswered: data goes on under the old keys.
                !matches!(record.kind, ContentType::Handshake | ContentType::ChangeCipherSpec)
            }
            (Phase::AwaitServerHello { hello, .. }, Direction::Sent) => {
                hello.early_data
                    && (record.kind == ContentType::ChangeCipherSpec
                        || (record.kind == ContentType::ApplicationData && self.client.lane.has_keys()))
            }
            _ => true,
        }
    }

    fn read(&mut self, direction: Direction, record: &Record, sink: Sink<'_>) {
        if let Phase::AwaitClientHello { retry: false } = self.phase {
            // Whatever is not the start of a ClientHello: the handshake is over.
            let starts = self.client.joiner.is_amid() || record.payload.first() == Some(&1);
            if record.kind != ContentType::Handshake || !starts {
                return self.started_before(direction, record, sink);
            }
        }
        let is_tls13 = matches!(self.phase, Phase::Tls13);
        match record.kind {
            ContentType::ApplicationData => self.protected(direction, record, sink),
            _ if self.side(direction).armed => self.protected(direction, record, sink),
            ContentType::Handshake => self.handshake(direction, None, &record.payload, record.origin.time),
            // In TLS 1.3 it is there for middleboxes only (RFC 8446 §D.4).
            ContentType::ChangeCipherSpec if is_tls13 => {}
            ContentType::ChangeCipherSpec => self.arm(direction, record.origin.time),
            ContentType::Alert => self.alert(direction, &record.payload, record.origin.time),
            ContentType::Heartbeat => {}
        }
    }

    /// Closes both directions at a record that shows that the handshake was not recorded.
    fn started_before(&mut self, direction: Direction, record: &Record, sink: Sink<'_>) {
        let length = record.payload.len() as u64;
        self.side_mut(direction).sealed += length;
        sink(direction, Chunk::Gap { length, time: record.origin.time, reason: GapReason::StartedBeforeCapture });
        self.close(GapReason::StartedBeforeCapture, sink);
    }

    fn alert(&mut self, direction: Direction, content: &[u8], time: Time) {
        self.watch.alert(direction, content.get(1).copied(), time);
    }

    /// The ChangeCipherSpec of TLS 1.2: what follows is protected with the keys just agreed.
    fn arm(&mut self, direction: Direction, time: Time) {
        if matches!(self.phase, Phase::AwaitClientHello { .. } | Phase::AwaitServerHello { .. }) {
            return;
        }
        match direction {
            Direction::Sent => self.watch.client_finished(time),
            Direction::Received => self.watch.server_flight(time),
        }
        let lane = match &self.phase {
            Phase::Tls12(agreed) => agreed.lane(direction, &self.keys),
            _ => Lane::default(),
        };
        self.had_key |= lane.has_keys();
        let side = self.side_mut(direction);
        side.armed = true;
        side.joiner.reset();
        side.lane = lane;
    }

    fn protected(&mut self, direction: Direction, record: &Record, sink: Sink<'_>) {
        if matches!(self.phase, Phase::Tls12(_)) && !self.side(direction).armed {
            // Its ChangeCipherSpec was lost.
            self.arm(direction, record.origin.time);
        }
        self.hunt(direction, record);
        let side = self.side_mut(direction);
        let opened = match side.lost {
            Some(lost) => side.lane.search(record, lost),
            None => side.lane.open(record),
        };
        match opened {
            Some((epoch, content)) => self.opened(direction, record, epoch, content, sink),
            None => self.stays_closed(direction, record, sink),
        }
    }

    fn stays_closed(&mut self, direction: Direction, record: &Record, sink: Sink<'_>) {
        let time = record.origin.time;
        let is_tls13 = matches!(self.phase, Phase::Tls13);
        // What can be told from outside: an alert has two bytes, and in TLS 1.3 one of type.
        let alert = match record.kind {
            ContentType::Alert => true,
            ContentType::ApplicationData => is_tls13 && record.payload.len() == 3 + TAG_LENGTH,
            _ => false,
        };
        match direction {
            Direction::Sent if alert => self.watch.alert(direction, None, time),
            // The client's first protected record is its Finished.
            Direction::Sent if is_tls13 && !self.watch.is_finished() => self.watch.client_finished(time),
            Direction::Sent if record.kind == ContentType::ApplicationData => self.watch.client_application(),
            Direction::Received if !alert => self.watch.server_flight(time),
            _ => {}
        }
        if let Some(gap) = self.side_mut(direction).stays_closed(record) {
            sink(direction, gap);
        }
    }

    pub(super) fn opened(
        &mut self,
        direction: Direction,
        record: &Record,
        epoch: Epoch,
        content: Content,
        sink: Sink<'_>,
    ) {
        let time = record.origin.time;
        self.opened |= matches!(epoch, Epoch::Tls12 | Epoch::Application | Epoch::Early);
        let side = self.side_mut(direction);
        // What came before the application's first record was parts of the handshake only.
        let nothing_missed = match epoch {
            Epoch::Handshake => true,
            Epoch::Tls12 => side.lane.sequence() <= 2,
            Epoch::Early | Epoch::Application => side.lane.sequence() <= 1,
        };
        let length = side.opened(nothing_missed);
        if length > 0 {
            let other = if side.owed.is_some() { GapReason::LostPackets } else { GapReason::KeyDoesNotFit };
            let reason = side.unread.unwrap_or(other);
            sink(direction, Chunk::Gap { length, time, reason });
        }
        let side = self.side_mut(direction);
        if let Some((length, time, reason)) = side.owed.take().filter(|_| !nothing_missed) {
            sink(direction, Chunk::Gap { length, time, reason });
        }
        match content.kind {
            Some(ContentType::ApplicationData) => {
                if direction == Direction::Sent {
                    self.watch.client_application();
                }
                let Origin { frames, time, conflict } = &record.origin;
                if !content.bytes.is_empty() {
                    sink(direction, Chunk::Data { bytes: &content.bytes, time: *time, frames, conflict: *conflict });
                }
            }
            Some(ContentType::Handshake) => self.handshake(direction, Some(epoch), &content.bytes, time),
            Some(ContentType::Alert) => self.alert(direction, &content.bytes, time),
            // A renegotiation of TLS 1.2 ends in new keys.
            Some(ContentType::ChangeCipherSpec) if epoch == Epoch::Tls12 => self.arm(direction, time),
            Some(ContentType::ChangeCipherSpec | ContentType::Heartbeat) | None => {}
        }
    }

    /// A place after a hole that looks like a record: is it one? If so, it is read.
    fn is_record(&mut self, direction: Direction, record: &Record, sink: Sink<'_>) -> bool {
        let waits = !self.may_read(direction, record);
        let side = self.side_mut(direction);
        let lost = side.lost.unwrap_or(Lost { least: 0, most: None });
        if side.lane.has_keys() {
            let Some((epoch, content)) = side.lane.search(record, lost) else { return false };
            self.opened(direction, record, epoch, content, sink);
            return true;
        }
        // Without a key only the look decides.
        let plausible = match record.kind {
            ContentType::ChangeCipherSpec => record.payload == [1],
            ContentType::Alert => record.payload.len() == 2 || side.armed,
            ContentType::Handshake => record.payload.len() >= 4,
            ContentType::ApplicationData => record.payload.len() > SHORTEST_TAG,
            ContentType::Heartbeat => false,
        };
        if plausible && waits {
            self.keep(direction, record.clone(), sink);
        } else if plausible {
            self.read(direction, record, sink);
        }
        plausible
    }
}
