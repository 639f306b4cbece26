//! One direction of a session: its records on the way to the keys.

use std::collections::VecDeque;

use crate::evidence::{GapReason, Time};
use crate::net::Chunk;
use crate::secure::tls::Joiner;
use crate::secure::tls::lane::{Lane, Lost};
use crate::secure::tls::record::{Inbox, Loss, Origin, Record};

/// Bytes of records that wait for the other direction's hello. The other direction
/// can be late by what TCP reassembly holds back, 1 MiB.
const PENDING_LIMIT: usize = 1 << 20;

/// Bytes searched for a record after a hole: 64 records of full size. Where so many
/// in a row are damaged, what is between the holes is not worth the search.
pub const SEARCH_LIMIT: usize = 1 << 20;

/// How a direction ended.
#[derive(Clone, Copy, Debug)]
pub struct End {
    pub reset: bool,
    pub time: Time,
    pub frame: u64,
}

/// What waits for the other direction's hello.
#[derive(Debug)]
pub enum Waiting {
    Record(Record),
    /// Here records are missing.
    Loss(Loss),
}

impl Waiting {
    /// Bytes of ciphertext.
    fn length(&self) -> u64 {
        match self {
            Self::Record(record) => record.payload.len() as u64,
            Self::Loss(_) => 0,
        }
    }

    /// Bytes of memory, about: an empty record has its place and its frames.
    fn cost(&self) -> usize {
        let more = match self {
            Self::Record(record) => record.payload.len() + record.origin.frames.len() * size_of::<u64>(),
            Self::Loss(_) => 0,
        };
        size_of::<Self>() + more
    }
}

/// One direction.
#[derive(Debug, Default)]
pub struct Side {
    pub inbox: Inbox,
    pub joiner: Joiner,
    /// Keys, once the hellos (or the client's offer of 0-RTT data) named some.
    pub lane: Lane,
    /// The ChangeCipherSpec of TLS 1.2 was seen: what follows is protected.
    pub armed: bool,
    /// Records, and holes between them, whose turn comes when the other direction's hello is there.
    pub pending: VecDeque<Waiting>,
    pending_bytes: usize,
    /// How many records a hole may have swallowed, until one behind it opens.
    pub lost: Option<Lost>,
    /// Bytes that came behind that hole.
    pub searched: usize,
    /// A hole of which it is not known yet whether it hides plaintext.
    pub owed: Option<(u64, Time, GapReason)>,
    /// Bytes of records that did not open before the first one did: parts of the
    /// handshake, if one opens; else part of what stayed closed.
    unproven: u64,
    /// 0-RTT data was announced, and its secret is in no log.
    pub early_unread: bool,
    /// Why records stayed closed in a direction that was read on behind them.
    pub unread: Option<GapReason>,
    /// Bytes of protected records that stayed closed.
    pub sealed: u64,
    /// Why the direction was given up, if it was: nothing more of it is read.
    pub closed: Option<GapReason>,
    /// How the direction ended, until that is handed on behind the records that still wait.
    pub end: Option<End>,
    /// The end was handed on.
    pub ended: bool,
    pub last_time: Time,
}

impl Side {
    /// Memory of what waits, about.
    pub fn waiting(&self) -> usize {
        self.inbox.cost().saturating_add(self.joiner.cost()).saturating_add(self.pending_bytes)
    }

    /// Takes note of a hole of `length` bytes (0: unknown).
    pub fn hole(&mut self, length: u64) {
        let loss = self.inbox.hole(length);
        if self.pending.is_empty() {
            self.missed(loss);
        } else {
            self.wait(Waiting::Loss(loss));
        }
    }

    /// Records are missing before the next one that is read.
    pub fn missed(&mut self, loss: Loss) {
        self.joiner.reset();
        self.lane.lose();
        match loss {
            Loss::One => self.lane.skip_one(),
            Loss::Some { least, most } => {
                let before = self.lost.unwrap_or(Lost { least: 0, most: Some(0) });
                let most = before.most.zip(most).map(|(a, b)| a.saturating_add(b));
                self.lost = Some(Lost { least: before.least.max(least), most });
            }
        }
    }

    /// Keeps what cannot be read before the other direction's hello is there.
    pub fn wait(&mut self, waiting: Waiting) {
        self.pending_bytes += waiting.cost();
        self.pending.push_back(waiting);
    }

    /// Whether more waits than is kept.
    pub fn waits_too_long(&self) -> bool {
        self.pending_bytes > PENDING_LIMIT
    }

    /// Takes out what has waited longest.
    pub fn take_pending(&mut self) -> Option<Waiting> {
        let waiting = self.pending.pop_front()?;
        self.pending_bytes = self.pending_bytes.saturating_sub(waiting.cost());
        Some(waiting)
    }

    /// Counts what is left of records that a hole damaged, once records are protected.
    pub fn count_passed(&mut self) {
        let passed = self.inbox.take_passed();
        if !self.armed && !self.lane.has_keys() && self.sealed == 0 {
            return;
        }
        self.sealed = self.sealed.saturating_add(passed);
        if self.lane.has_keys() && !self.lane.is_proven() {
            self.unproven = self.unproven.saturating_add(passed);
        }
    }

    /// A protected record stays closed. Returns the hole it leaves, if it is certain now.
    pub fn stays_closed(&mut self, record: &Record) -> Option<Chunk<'static>> {
        let length = record.payload.len() as u64;
        self.sealed = self.sealed.saturating_add(length);
        if self.lane.has_keys() && !self.lane.is_proven() {
            self.unproven = self.unproven.saturating_add(length);
            return None;
        }
        let reason = if self.lane.has_keys() { GapReason::KeyDoesNotFit } else { GapReason::NoKey };
        Some(Chunk::Gap { length, time: record.origin.time, reason })
    }

    /// A record opened, and (`nothing_missed`) it is the first one of the application: what did not
    /// open before it was handshake. Returns the bytes that were more than that.
    pub fn opened(&mut self, nothing_missed: bool) -> u64 {
        (self.lost, self.searched) = (None, 0);
        let before = std::mem::take(&mut self.unproven);
        if before > 0 && std::mem::take(&mut self.early_unread) {
            self.unread.get_or_insert(GapReason::NoKey);
            return before;
        }
        if !nothing_missed {
            return before;
        }
        self.sealed = self.sealed.saturating_sub(before);
        0
    }

    /// Lets go of everything; returns the hole that it leaves, in bytes.
    pub fn give_up(&mut self, reason: GapReason) -> u64 {
        self.closed.get_or_insert(reason);
        let pending: u64 = self.pending.drain(..).map(|waiting| waiting.length()).sum();
        self.pending_bytes = 0;
        let waiting = self.inbox.waiting() as u64;
        self.inbox = Inbox::default();
        self.joiner.reset();
        let owed = self.owed.take().map_or(0, |(length, ..)| length);
        self.sealed = self.sealed.saturating_add(pending).saturating_add(waiting);
        pending.saturating_add(waiting).saturating_add(owed).saturating_add(std::mem::take(&mut self.unproven))
    }

    /// The direction ends: bytes that were never part of an opened record.
    pub fn left_over(&mut self) -> u64 {
        let waiting =
            if self.armed || self.lane.has_keys() || self.sealed > 0 { self.inbox.waiting() as u64 } else { 0 };
        let owed = self.owed.take().map_or(0, |(length, ..)| length);
        waiting.saturating_add(owed).saturating_add(std::mem::take(&mut self.unproven))
    }
}

/// Where the bytes of a chunk came from.
pub fn origin(frames: &[u64], time: Time, conflict: bool) -> Origin {
    Origin { frames: frames.to_vec(), time, conflict }
}
