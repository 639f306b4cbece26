//! One direction's keys: the epochs it goes through, and the number of the next record.
//!
//! Secrets are candidates until a record opens with one; the rest is then dropped.
//! An epoch whose secret is missing is passed over: its records stay closed, and the
//! first one that opens with a later epoch's key is number 0 of that.

use std::collections::VecDeque;

use crate::secure::aead::Aead;
use crate::secure::keylog::Secret;
use crate::secure::tls::opening::{Content, RecordKey};
use crate::secure::tls::record::Record;
use crate::secure::tls::schedule::{Hash, next_traffic_secret};

/// Sequence numbers tried for one record after a hole. A hole of one packet hides at
/// most 68 records; this covers a second of a fast download at full-size records.
const SEQUENCE_LIMIT: u64 = 4096;

/// Attempts to open after holes in one direction, all together: 2^15 records of
/// 16 KiB are half a gigabyte to authenticate, under a second.
const TRIAL_LIMIT: u32 = 1 << 15;

/// Key updates (RFC 8446 §4.6.3) that a hole may have swallowed.
const LOST_UPDATE_LIMIT: u32 = 2;

/// Stretches of a direction with a key of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epoch {
    /// Everything after the ChangeCipherSpec of TLS 1.2 and older.
    Tls12,
    /// 0-RTT data of TLS 1.3.
    Early,
    /// From the hellos of TLS 1.3 to Finished.
    Handshake,
    /// Behind Finished of TLS 1.3.
    Application,
}

/// A key that may be the one of an epoch.
#[derive(Debug)]
pub struct Candidate {
    key: RecordKey,
    /// From which the next one is derived (TLS 1.3).
    next: Option<Next>,
}

/// What a key of TLS 1.3 was derived from.
#[derive(Clone, Debug)]
struct Next {
    aead: Aead,
    hash: Hash,
    secret: Secret,
    bare: bool,
}

impl Candidate {
    /// A key of TLS 1.2 or older.
    pub fn tls12(key: RecordKey) -> Self {
        Self { key, next: None }
    }

    /// A traffic secret of TLS 1.3, if it has the length that the suite asks for.
    /// `bare`: as drafts before 25 did it.
    pub fn tls13((aead, hash): (Aead, Hash), secret: &Secret, bare: bool) -> Option<Self> {
        let fits = secret.bytes().len() == hash.length();
        let key = fits.then(|| RecordKey::tls13(aead, hash, secret, bare)).flatten()?;
        Some(Self { key, next: Some(Next { aead, hash, secret: secret.clone(), bare }) })
    }

    fn updated(&self) -> Option<Self> {
        let Next { aead, hash, secret, bare } = self.next.as_ref()?;
        Self::tls13((*aead, *hash), &next_traffic_secret(*hash, secret)?, *bare)
    }
}

/// How many records a hole may have swallowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// At least.
    pub least: u64,
    /// At most; `None` where nothing bounds it.
    pub most: Option<u64>,
}

/// One direction's keys.
#[derive(Debug, Default)]
pub struct Lane {
    epochs: VecDeque<(Epoch, Vec<Candidate>)>,
    /// Number of the next record in the first epoch.
    sequence: u64,
    /// A record of the first epoch has opened.
    proven: bool,
    /// Records of the first epoch that did not open before one did.
    failures: u64,
    trials: u32,
}

impl Lane {
    /// With its epochs in order. Those without a candidate are left out.
    pub fn new(epochs: impl IntoIterator<Item = (Epoch, Vec<Candidate>)>) -> Self {
        let mut lane = Self::default();
        lane.extend(epochs);
        lane
    }

    /// Adds epochs after those that are there.
    pub fn extend(&mut self, epochs: impl IntoIterator<Item = (Epoch, Vec<Candidate>)>) {
        self.epochs.extend(epochs.into_iter().filter(|(_, candidates)| !candidates.is_empty()));
    }

    /// There is a key to try.
    pub fn has_keys(&self) -> bool {
        !self.epochs.is_empty()
    }

    /// There is a key for the data of the application.
    pub fn has_application_keys(&self) -> bool {
        self.epochs.iter().any(|(epoch, _)| matches!(epoch, Epoch::Tls12 | Epoch::Application))
    }

    /// A record of the present epoch has opened.
    pub fn is_proven(&self) -> bool {
        self.proven
    }

    /// Number of the next record in the present epoch.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Opens the next record.
    pub fn open(&mut self, record: &Record) -> Option<(Epoch, Content)> {
        let opened = self.open_next(record);
        self.pass(record);
        opened
    }

    fn pass(&mut self, record: &Record) {
        if let Some((_, candidates)) = self.epochs.front_mut() {
            candidates.iter_mut().for_each(|candidate| candidate.key.pass(record));
        }
    }

    /// Records are missing before the next one.
    pub fn lose(&mut self) {
        let candidates = self.epochs.iter_mut().flat_map(|(_, candidates)| candidates);
        candidates.for_each(|candidate| candidate.key.lose());
    }

    fn open_next(&mut self, record: &Record) -> Option<(Epoch, Content)> {
        if let Some(opened) = self.attempt(0, self.sequence, record) {
            return Some(opened);
        }
        let only = self.epochs.len() == 1;
        if !self.proven && self.failures > 0 && only {
            // The one before may have been damaged: TLS 1.2 has no other reason for a record that does not open.
            let number = self.failures;
            if let Some(opened) = self.attempt(0, number, record) {
                return Some(opened);
            }
        }
        for later in 1..self.epochs.len() {
            if let Some(opened) = self.attempt(later, 0, record) {
                return Some(opened);
            }
        }
        if self.proven {
            self.sequence += 1;
        } else {
            self.failures = self.failures.saturating_add(1);
        }
        None
    }

    /// Opens a record after a hole: with the next numbers of the present epoch, the
    /// first ones of those that follow, and those of lost key updates.
    pub fn search(&mut self, record: &Record, lost: Lost) -> Option<(Epoch, Content)> {
        let opened = self.search_next(record, lost);
        // Also one that does not open: the IV of the next one may be in it.
        self.pass(record);
        opened
    }

    fn search_next(&mut self, record: &Record, lost: Lost) -> Option<(Epoch, Content)> {
        let span = lost.most.unwrap_or(SEQUENCE_LIMIT).min(SEQUENCE_LIMIT);
        for index in 0..self.epochs.len() {
            let (first, last) = match index {
                0 => (self.sequence.saturating_add(lost.least.min(span)), self.sequence.saturating_add(span)),
                _ => (0, span),
            };
            for number in first..=last {
                if self.is_spent() {
                    return None;
                }
                if let Some(opened) = self.attempt(index, number, record) {
                    return Some(opened);
                }
            }
        }
        self.search_updated(record, span)
    }

    fn search_updated(&mut self, record: &Record, span: u64) -> Option<(Epoch, Content)> {
        let (epoch, candidates) = self.epochs.back()?;
        let epoch = *epoch;
        let mut candidate = candidates.first()?.updated()?;
        for update in 0..LOST_UPDATE_LIMIT {
            if update > 0 {
                candidate = candidate.updated()?;
            }
            for number in 0..=span {
                if self.is_spent() {
                    return None;
                }
                self.trials += 1;
                if let Some(content) = candidate.key.open(number, record) {
                    self.epochs = VecDeque::from([(epoch, vec![candidate])]);
                    self.settle(number);
                    return Some((epoch, content));
                }
            }
        }
        None
    }

    /// The limit of attempts after holes is reached.
    pub fn is_spent(&self) -> bool {
        self.trials >= TRIAL_LIMIT
    }

    /// Exactly one record was lost.
    pub fn skip_one(&mut self) {
        if self.proven {
            self.sequence += 1;
        } else {
            self.failures = self.failures.saturating_add(1);
        }
    }

    /// The present epoch is over: Finished or EndOfEarlyData was its last message.
    pub fn advance(&mut self, over: Epoch) {
        if self.epochs.front().is_some_and(|(epoch, _)| *epoch == over) {
            self.epochs.pop_front();
            (self.sequence, self.proven, self.failures) = (0, false, 0);
        }
    }

    /// The sender goes on with the next traffic secret.
    pub fn update(&mut self) {
        if let Some((Epoch::Application, candidates)) = self.epochs.front_mut() {
            *candidates = candidates.iter().filter_map(Candidate::updated).collect();
            (self.sequence, self.failures) = (0, 0);
        }
    }

    fn attempt(&mut self, index: usize, number: u64, record: &Record) -> Option<(Epoch, Content)> {
        let (epoch, candidates) = self.epochs.get_mut(index)?;
        let opens = |(at, candidate): (usize, &mut Candidate)| Some((at, candidate.key.open(number, record)?));
        let Some((at, content)) = candidates.iter_mut().enumerate().find_map(opens) else {
            if number != self.sequence {
                self.trials = self.trials.saturating_add(u32::try_from(candidates.len()).unwrap_or(u32::MAX));
            }
            return None;
        };
        candidates.swap(0, at);
        candidates.truncate(1);
        let epoch = *epoch;
        self.epochs.drain(..index);
        self.settle(number);
        Some((epoch, content))
    }

    fn settle(&mut self, number: u64) {
        (self.sequence, self.proven, self.failures) = (number.saturating_add(1), true, 0);
    }
}
