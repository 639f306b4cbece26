//! One direction of a TCP connection.

use std::collections::BTreeMap;

use crate::evidence::{GapReason, Time};

use super::Chunk;
use super::slicer::{Flags, Segment};

/// Bytes kept out of order for each direction: the bound that the project sets.
const OUT_OF_ORDER: usize = 1 << 20;

/// Bytes that a kept piece counts in addition to its own, so that a million pieces of one
/// byte are limited too: about what the map and two vectors take.
const PIECE: usize = 128;

/// Delivered bytes that are kept for each direction to compare repetitions with. An injected
/// answer and the real one arrive within one round trip of each other.
const COMPARED: usize = 4 << 10;

/// How long acknowledged bytes are still waited for, in segments of the stream and by the
/// clock of the capture: cards with several queues, and captures of several interfaces, write
/// packets some milliseconds out of order.
const LATE_SEGMENTS: u32 = 8;
const LATE: i64 = 200_000_000;

/// Sequence numbers further away than any window (RFC 7323 §2.3: 1 GiB) are of
/// another connection.
const WINDOW: i64 = 1 << 30;

/// One direction of a TCP connection, put back in order.
///
/// Bytes that were captured twice are delivered once: the first copy is kept, a later
/// one that differs is counted as a conflict, because which of the two the receiver
/// took cannot be known from here. Bytes that were never captured become a gap once the
/// other side acknowledged them, too much waits after them, or the capture ends.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// Sequence number of the next byte to deliver; `None` until something tells it.
    next: Option<u32>,
    /// Bytes delivered and passed over so far: where `next` lies in the stream.
    offset: u64,
    /// Pieces that are ahead of `offset`, by where they begin. Disjoint.
    ahead: BTreeMap<u64, Piece>,
    ahead_cost: usize,
    /// Up to here, the bytes that are not among the pieces ahead are known to have been cut off by the snap length.
    cut_to: u64,
    /// Where the direction ends, as its FIN says, and the frame of that.
    fin: Option<(u64, u64)>,
    pub(super) started: bool,
    pub(super) ended: bool,
    /// Up to where the other side has acknowledged bytes that were not captured yet.
    proof: Option<Proof>,
    /// Of a side that has not sent a byte yet: the number that its first will have.
    expected: Option<u32>,
    /// The direction began before the capture, so bytes missing before its first ones are no gap.
    midway: bool,
    /// The last bytes that were delivered, without what gaps passed over before them.
    delivered: Vec<u8>,
    pub(super) conflicts: u64,
}

/// A captured stretch of bytes that waits for the ones before it.
#[derive(Debug)]
struct Piece {
    bytes: Vec<u8>,
    /// Bytes after it that the snap length cut: known never to come.
    missing: u32,
    time: Time,
    frames: Vec<u64>,
    conflict: bool,
}

impl Piece {
    fn cost(&self) -> usize {
        self.bytes.len() + self.frames.len() * 8 + PIECE
    }
}

#[derive(Clone, Copy, Debug)]
struct Proof {
    up_to: u64,
    since: Time,
    segments: u32,
}

impl Half {
    /// Where the byte with sequence number `seq` lies in the stream; negative before its
    /// start. `None` before anything is known.
    fn place(&self, seq: u32) -> Option<i64> {
        let next = self.next?;
        let distance = seq.wrapping_sub(next).cast_signed();
        Some(i64::try_from(self.offset).unwrap_or(i64::MAX).saturating_add(distance.into()))
    }

    /// Moves on by so many bytes, which were delivered or passed over.
    fn advance(&mut self, by: u64) {
        self.offset = self.offset.saturating_add(by);
        // Sequence numbers count modulo 2^32.
        self.next = self.next.map(|n| n.wrapping_add(by as u32));
    }

    pub(super) fn receive(&mut self, seq: u32, flags: Flags, segment: &Segment<'_>, sink: &mut dyn FnMut(Chunk<'_>)) {
        if flags.syn {
            if self.next.is_none() || (self.offset == 0 && self.ahead.is_empty()) {
                self.next = Some(seq.wrapping_add(1));
                self.started = true;
            } else if self.next == Some(seq.wrapping_add(1)) {
                self.started = true;
            }
        }
        // A SYN takes the number before its data (RFC 7413 sends some with it).
        let seq = if flags.syn { seq.wrapping_add(1) } else { seq };
        if flags.rst {
            self.reset(seq, segment, sink);
            return;
        }
        let length = segment.payload.len() as u64 + u64::from(segment.missing);
        if length == 0 && !flags.fin {
            self.expected = Some(seq);
            return;
        }
        if self.ended {
            return;
        }
        if self.next.is_none() {
            self.anchor(seq, segment);
        }
        let Some(mut place) = self.place(seq) else { return };
        let distance = place.saturating_sub_unsigned(self.offset);
        if distance.abs() > WINDOW {
            // Of another connection between the same ends, whose SYN was not captured.
            if length == 0 {
                return;
            }
            self.pass_to(u64::MAX, segment.time, sink);
            sink(lost(0, segment.time));
            self.next = Some(seq);
            self.fin = None;
            self.proof = None;
            self.delivered.clear();
            place = i64::try_from(self.offset).unwrap_or(i64::MAX);
        }
        if flags.fin && self.fin.is_none() {
            // One that lies before bytes which were captured contradicts them.
            let end = u64::try_from(place).ok().map(|place| place.saturating_add(length));
            self.fin = end.filter(|end| *end >= self.offset).map(|end| (end, segment.frame));
        }
        // A keep-alive repeats the byte before the next, and may make one up (RFC 9293 §3.8.4).
        let keep_alive = length <= 1 && distance == -1;
        if length > 0 && !keep_alive {
            self.insert(place, segment, sink);
        }
        self.limit(segment.time, sink);
        self.end_at_fin(segment.time, sink);
    }

    /// Sets where a direction begins whose start was not captured.
    fn anchor(&mut self, seq: u32, segment: &Segment<'_>) {
        self.midway = true;
        self.next = match self.expected {
            // The keep-alive of a connection that was silent so far.
            Some(expected) if segment.payload.len() == 1 && expected == seq.wrapping_add(1) => Some(expected),
            // Earlier bytes may come out of order.
            Some(expected) if (1..OUT_OF_ORDER as u32).contains(&seq.wrapping_sub(expected)) => Some(expected),
            _ => Some(seq),
        };
    }

    /// Keeps what of the segment is new, delivers what is in order.
    fn insert(&mut self, place: i64, segment: &Segment<'_>, sink: &mut dyn FnMut(Chunk<'_>)) {
        let mut conflict = segment.conflict;
        // What lies before the start of the stream belongs to an older connection.
        let skip = usize::try_from(place.saturating_neg()).unwrap_or(0);
        let mut data = segment.payload.get(skip..).unwrap_or_default();
        let mut at = u64::try_from(place).unwrap_or(0);
        let end = at.saturating_add(data.len() as u64);
        // A sender has nothing to say after its FIN (RFC 9293 §3.6), so bytes behind it are made up.
        let limit = self.fin.map_or(u64::MAX, |(fin, _)| fin);
        if let Some(kept) = limit.checked_sub(at).filter(|kept| *kept < data.len() as u64) {
            data = data.get(..kept as usize).unwrap_or_default();
        } else if at > limit {
            return;
        }
        let mut late_conflict = false;
        while !data.is_empty() {
            let (known, length) = self.known_at(at, data.len());
            let (part, rest) = data.split_at_checked(length).unwrap_or((data, &[]));
            match known {
                // The one byte of a keep-alive may be any (RFC 1122 §4.2.3.6).
                Known::Delivered if segment.payload.len() == 1 && at + 1 == self.offset => {}
                Known::Delivered => late_conflict |= self.differs_from_delivered(at, part),
                Known::Ahead(start) => {
                    if let Some(piece) = self.ahead.get_mut(&start) {
                        let from = usize::try_from(at - start).unwrap_or(usize::MAX);
                        let old = piece.bytes.get(from..from.saturating_add(part.len()));
                        if old != Some(part) {
                            piece.conflict = true;
                            self.conflicts += 1;
                        }
                    }
                }
                Known::New if at == self.offset => {
                    self.deliver(part, segment.time, segment.frames, conflict, sink);
                    self.drain(segment.time, sink);
                }
                Known::New => self.keep(at, part, segment, conflict),
            }
            at = at.saturating_add(part.len() as u64);
            data = rest;
        }
        if late_conflict {
            // The first copy was handed on already: an empty chunk tells of the conflict.
            self.conflicts += 1;
            conflict = true;
            sink(Chunk::Data { bytes: &[], time: segment.time, frames: segment.frames, conflict });
        }
        if segment.missing > 0 {
            self.pass_missing(end, segment, sink);
        }
    }

    /// Takes note of the bytes after a segment that the snap length cut off.
    fn pass_missing(&mut self, end: u64, segment: &Segment<'_>, sink: &mut dyn FnMut(Chunk<'_>)) {
        if end == self.offset {
            self.cut_to = self.cut_to.max(end.saturating_add(segment.missing.into()));
            self.drain(segment.time, sink);
        } else if end > self.offset
            && let Some((start, piece)) = self.ahead.range_mut(..end).next_back()
            && start.saturating_add(piece.bytes.len() as u64) == end
        {
            piece.missing = piece.missing.max(segment.missing);
        } else if end > self.offset && segment.payload.is_empty() && matches!(self.known_at(end, 1), (Known::New, _)) {
            // Where another copy of them waits, they are not missing.
            self.keep(end, &[], segment, false);
        }
    }

    /// What is known of the byte at `at`, and for how many bytes (up to `length`) that holds.
    fn known_at(&self, at: u64, length: usize) -> (Known, usize) {
        let up_to = |end: u64| usize::try_from(end - at).map_or(length, |n| n.min(length));
        if at < self.offset {
            return (Known::Delivered, up_to(self.offset));
        }
        if let Some((start, piece)) = self.ahead.range(..=at).next_back() {
            let end = start + piece.bytes.len() as u64;
            if at < end {
                return (Known::Ahead(*start), up_to(end));
            }
        }
        match self.ahead.range(at..).find(|(start, _)| **start > at) {
            Some((start, _)) => (Known::New, up_to(*start)),
            None => (Known::New, length),
        }
    }

    fn differs_from_delivered(&self, at: u64, part: &[u8]) -> bool {
        let behind = usize::try_from(self.offset - at).unwrap_or(usize::MAX);
        // Only the end of `part` may still be there.
        let (from, skip) = match self.delivered.len().checked_sub(behind) {
            Some(from) => (from, 0),
            None => (0, behind - self.delivered.len()),
        };
        let part = part.get(skip..).unwrap_or_default();
        let old = self.delivered.get(from..from.saturating_add(part.len())).unwrap_or_default();
        old != part.get(..old.len()).unwrap_or_default()
    }

    fn keep(&mut self, at: u64, part: &[u8], segment: &Segment<'_>, conflict: bool) {
        let mut piece = Piece {
            bytes: part.to_vec(),
            missing: if part.is_empty() { segment.missing } else { 0 },
            time: segment.time,
            frames: segment.frames.to_vec(),
            conflict,
        };
        // The piece that stands there had none of its bytes; now its first ones are here, and the rest stays cut.
        if let Some(old) = self.ahead.remove(&at) {
            self.ahead_cost -= old.cost();
            let here = u32::try_from(part.len()).unwrap_or(u32::MAX);
            piece.missing = piece.missing.max(old.missing.saturating_sub(here));
        }
        self.ahead_cost += piece.cost();
        self.ahead.insert(at, piece);
    }

    fn deliver(&mut self, bytes: &[u8], time: Time, frames: &[u64], conflict: bool, sink: &mut dyn FnMut(Chunk<'_>)) {
        sink(Chunk::Data { bytes, time, frames, conflict });
        self.advance(bytes.len() as u64);
        // Twice the room, so that the bytes are moved only now and then.
        if self.delivered.len() + bytes.len() > 2 * COMPARED {
            let keep = COMPARED.saturating_sub(bytes.len()).min(self.delivered.len());
            self.delivered.drain(..self.delivered.len() - keep);
        }
        let kept = bytes.len().saturating_sub(COMPARED);
        self.delivered.extend_from_slice(bytes.get(kept..).unwrap_or_default());
    }

    /// Delivers the pieces that begin where the stream has come to, and passes over what was cut between them.
    fn drain(&mut self, now: Time, sink: &mut dyn FnMut(Chunk<'_>)) {
        loop {
            let start = self.ahead.first_key_value().map(|(start, _)| *start);
            if start == Some(self.offset)
                && let Some((_, piece)) = self.ahead.pop_first()
            {
                self.ahead_cost -= piece.cost();
                if !piece.bytes.is_empty() {
                    self.deliver(&piece.bytes, piece.time, &piece.frames, piece.conflict, sink);
                }
                self.cut_to = self.cut_to.max(self.offset.saturating_add(piece.missing.into()));
                continue;
            }
            let end = self.cut_to.min(start.unwrap_or(u64::MAX));
            let Some(length) = end.checked_sub(self.offset).filter(|length| *length > 0) else { return };
            sink(cut(length, now));
            self.pass(length);
        }
    }

    /// Passes over bytes that were not captured. What was delivered before them no longer ends where the
    /// stream is, so it cannot be compared with any more.
    fn pass(&mut self, length: u64) {
        self.advance(length);
        self.delivered.clear();
    }

    /// Goes on to `target`, with a gap for each hole before it. `u64::MAX`: to the end
    /// of what is there.
    fn pass_to(&mut self, target: u64, time: Time, sink: &mut dyn FnMut(Chunk<'_>)) {
        while self.offset < target {
            let hole_end = match self.ahead.first_key_value() {
                Some((start, _)) => (*start).min(target),
                None if target == u64::MAX => return,
                None => target,
            };
            if self.offset > 0 || !self.midway {
                sink(lost(hole_end - self.offset, time));
            }
            self.pass(hole_end - self.offset);
            self.drain(time, sink);
        }
    }

    /// The other side says that it has everything before `ack`.
    pub(super) fn acknowledged(
        &mut self,
        ack: u32,
        flags: Flags,
        answers: bool,
        time: Time,
        sink: &mut dyn FnMut(Chunk<'_>),
    ) {
        if self.next.is_none() {
            if flags.syn {
                self.next = Some(ack);
            } else {
                self.expected = Some(ack);
            }
            return;
        }
        let Some(up_to) = self.place(ack).and_then(|p| u64::try_from(p).ok()) else { return };
        // A FIN takes a number too.
        let up_to = self.fin.map_or(up_to, |(fin, _)| up_to.min(fin));
        let beyond = up_to.saturating_sub(self.offset);
        if self.ended || beyond == 0 || beyond > WINDOW.unsigned_abs() {
            return;
        }
        // One byte after everything may be a FIN that was not captured.
        if beyond == 1 && self.ahead.is_empty() {
            return;
        }
        if answers {
            self.pass_to(up_to, time, sink);
            self.proof = None;
            self.end_at_fin(time, sink);
        } else {
            let proof = self.proof.get_or_insert(Proof { up_to, since: time, segments: 0 });
            proof.up_to = proof.up_to.max(up_to);
        }
    }

    /// Gives up on bytes that were acknowledged and have not come since.
    pub(super) fn settle_late(&mut self, time: Time, sink: &mut dyn FnMut(Chunk<'_>)) {
        let Some(proof) = &mut self.proof else { return };
        if proof.up_to <= self.offset {
            self.proof = None;
            return;
        }
        proof.segments += 1;
        if proof.segments > LATE_SEGMENTS || time.since(proof.since) > LATE {
            let up_to = proof.up_to;
            self.proof = None;
            self.pass_to(up_to, time, sink);
            self.end_at_fin(time, sink);
        }
    }

    /// Stops waiting for the earliest missing bytes while too much waits behind them.
    fn limit(&mut self, time: Time, sink: &mut dyn FnMut(Chunk<'_>)) {
        while self.ahead_cost > OUT_OF_ORDER
            && let Some((start, _)) = self.ahead.first_key_value()
        {
            let start = *start;
            self.pass_to(start, time, sink);
        }
    }

    pub(super) fn ahead_cost(&self) -> usize {
        self.ahead_cost
    }

    pub(super) fn compared(&self) -> usize {
        self.delivered.capacity()
    }

    /// Hands on the pieces that wait, with gaps for the bytes that are missing between them.
    pub(super) fn give_up(&mut self, time: Time, sink: &mut dyn FnMut(Chunk<'_>)) {
        self.pass_to(u64::MAX, time, sink);
        self.end_at_fin(time, sink);
    }

    /// Drops the delivered bytes, so that repetitions are no longer compared with them.
    pub(super) fn forget(&mut self) {
        self.delivered = Vec::new();
    }

    fn end_at_fin(&mut self, time: Time, sink: &mut dyn FnMut(Chunk<'_>)) {
        if let Some((fin, frame)) = self.fin
            && self.offset >= fin
            && !self.ended
        {
            self.end(Chunk::End { reset: false, time, frame }, sink);
        }
    }

    /// A RST counts where the receiver may have believed it: what was captured may not
    /// have reached it, so up to an unscaled window back, and not beyond any window.
    fn reset(&mut self, seq: u32, segment: &Segment<'_>, sink: &mut dyn FnMut(Chunk<'_>)) {
        let distance = self.place(seq).map_or(0, |place| place.saturating_sub_unsigned(self.offset));
        if self.ended || !(-65_535..WINDOW).contains(&distance) {
            return;
        }
        // Bytes that were sent for certain, because they were acknowledged or come before a FIN.
        let acknowledged = self.proof.map_or(0, |proof| proof.up_to);
        let sent = self.fin.map_or(acknowledged, |(fin, _)| fin.max(acknowledged));
        self.pass_to(u64::MAX, segment.time, sink);
        self.pass_to(sent, segment.time, sink);
        self.end(Chunk::End { reset: true, time: segment.time, frame: segment.frame }, sink);
    }

    /// The capture is over: hands on what waits, with gaps for all that is known to have been sent, and ends.
    pub(super) fn finish(&mut self, time: Time, sink: &mut dyn FnMut(Chunk<'_>)) {
        if self.ended {
            return;
        }
        let proven = self.proof.map_or(0, |p| p.up_to);
        self.pass_to(proven, time, sink);
        self.pass_to(u64::MAX, time, sink);
        let (end, frame) = self.fin.unwrap_or((self.offset, 0));
        self.pass_to(end, time, sink);
        self.end(Chunk::End { reset: false, time, frame }, sink);
    }

    fn end(&mut self, chunk: Chunk<'_>, sink: &mut dyn FnMut(Chunk<'_>)) {
        self.ended = true;
        self.proof = None;
        self.ahead = BTreeMap::new();
        self.ahead_cost = 0;
        self.delivered = Vec::new();
        sink(chunk);
    }
}

/// Bytes that no packet of the capture carried.
fn lost(length: u64, time: Time) -> Chunk<'static> {
    Chunk::Gap { length, time, reason: GapReason::LostPackets }
}

/// Bytes that the snap length cut off a packet.
fn cut(length: u64, time: Time) -> Chunk<'static> {
    Chunk::Gap { length, time, reason: GapReason::Truncated }
}

/// What is known of a byte of the stream.
enum Known {
    /// It was delivered, or passed over.
    Delivered,
    /// It waits, in the piece that begins there.
    Ahead(u64),
    /// It is new.
    New,
}
