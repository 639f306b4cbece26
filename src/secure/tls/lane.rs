//! One direction's keys: the epochs it goes through, and the number of the next record.
//!
//! Secrets are candidates until a record opens with one; the rest is then dropped.
//! An epoch whose secret is missing is passed over: its records stay closed, and the
//! first one that opens with a later epoch's key is number 0 of that.

use std::collections::VecDeque;

use crate::secure::aead::{Aead, NONCE_LENGTH, OpeningKey, TAG_LENGTH, nonce};
use crate::secure::codec::Reader;
use crate::secure::keylog::Secret;
use crate::secure::tls::record::{ContentType, Record};
use crate::secure::tls::schedule::{KeyAndIv, next_traffic_secret, traffic_keys};
use crate::secure::tls::suites::Protection;

/// Sequence numbers tried for one record after a hole. A hole of one packet hides at
/// most 68 records; this covers a second of a fast download at full-size records.
const SEQUENCE_LIMIT: u64 = 4096;

/// Attempts to open after holes in one direction, all together: 2^15 records of
/// 16 KiB are half a gigabyte to authenticate, under a second.
const TRIAL_LIMIT: u32 = 1 << 15;

/// Key updates (RFC 8446 §4.6.3) that a hole may have swallowed.
const LOST_UPDATE_LIMIT: u32 = 2;

/// How the nonce of a record comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// TLS 1.2 with GCM: the record starts with eight bytes of it (RFC 5288 §3).
    Explicit,
    /// TLS 1.2 with ChaCha20-Poly1305 (RFC 7905 §2).
    Implicit,
    /// TLS 1.3 (RFC 8446 §5.2, §5.3).
    Tls13,
    /// Its drafts before 25, in which the header was not authenticated.
    Tls13Bare,
}

/// Opens records of one direction.
#[derive(Clone, Debug)]
pub struct RecordKey {
    key: OpeningKey,
    iv: [u8; NONCE_LENGTH],
    form: Form,
}

/// What was inside a record.
#[derive(Debug, PartialEq, Eq)]
pub struct Content {
    /// Its content type; `None` for a number that none has.
    pub kind: Option<ContentType>,
    /// Without padding.
    pub bytes: Vec<u8>,
}

/// Bytes of the nonce that the key block of TLS 1.2 yields for a cipher.
pub fn iv_length(aead: Aead) -> usize {
    match aead {
        Aead::Aes128Gcm | Aead::Aes256Gcm => 4,
        Aead::ChaCha20Poly1305 => NONCE_LENGTH,
    }
}

impl RecordKey {
    /// From the key block of TLS 1.2.
    pub fn tls12(protection: Protection, keys: &KeyAndIv) -> Option<Self> {
        let form = if iv_length(protection.aead) == NONCE_LENGTH { Form::Implicit } else { Form::Explicit };
        Some(Self { key: protection.aead.key(&keys.key)?, iv: keys.iv, form })
    }

    /// From a traffic secret of TLS 1.3.
    fn tls13(protection: Protection, secret: &Secret, bare: bool) -> Option<Self> {
        let keys = traffic_keys(protection, secret)?;
        let form = if bare { Form::Tls13Bare } else { Form::Tls13 };
        Some(Self { key: protection.aead.key(&keys.key)?, iv: keys.iv, form })
    }

    /// Opens a record as number `sequence`.
    pub fn open(&self, sequence: u64, record: &Record) -> Option<Content> {
        match self.form {
            Form::Explicit => {
                let mut reader = Reader::new(&record.payload);
                let [a, b, c, d, ..] = self.iv;
                let [e, f, g, h, i, j, k, l] = reader.array::<8>()?;
                let nonce = [a, b, c, d, e, f, g, h, i, j, k, l];
                self.open12(nonce, sequence, record, reader.rest())
            }
            Form::Implicit => self.open12(nonce(&self.iv, sequence), sequence, record, &record.payload),
            Form::Tls13 | Form::Tls13Bare => {
                if record.kind != ContentType::ApplicationData {
                    return None;
                }
                let header = record.header();
                let associated = if self.form == Form::Tls13 { &header[..] } else { &[] };
                let mut bytes = self.key.open(nonce(&self.iv, sequence), associated, &record.payload)?;
                while bytes.last() == Some(&0) {
                    bytes.pop();
                }
                let kind = bytes.pop().and_then(ContentType::of);
                Some(Content { kind, bytes })
            }
        }
    }

    /// RFC 5246 §6.2.3.3: number, type, version and length of the plaintext are authenticated.
    fn open12(&self, nonce: [u8; 12], sequence: u64, record: &Record, sealed: &[u8]) -> Option<Content> {
        let length = u16::try_from(sealed.len().checked_sub(TAG_LENGTH)?).ok()?;
        let [kind, major, minor, ..] = record.header();
        let associated = [&sequence.to_be_bytes()[..], &[kind, major, minor], &length.to_be_bytes()].concat();
        let bytes = self.key.open(nonce, &associated, sealed)?;
        Some(Content { kind: Some(record.kind), bytes })
    }
}

/// Stretches of a direction with a key of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epoch {
    /// Everything behind the ChangeCipherSpec of TLS 1.2.
    Tls12,
    /// 0-RTT data of TLS 1.3.
    Early,
    /// From the hellos of TLS 1.3 to Finished.
    Handshake,
    /// Behind Finished of TLS 1.3.
    Application,
}

/// A key that may be the one of an epoch.
#[derive(Clone, Debug)]
pub struct Candidate {
    key: RecordKey,
    /// From which the next one is derived (TLS 1.3).
    secret: Option<(Protection, Secret)>,
}

impl Candidate {
    /// A key of TLS 1.2.
    pub fn tls12(key: RecordKey) -> Self {
        Self { key, secret: None }
    }

    /// A traffic secret of TLS 1.3, if it has the length that the suite asks for.
    /// `bare`: as drafts before 25 did it.
    pub fn tls13(protection: Protection, secret: &Secret, bare: bool) -> Option<Self> {
        let fits = secret.bytes().len() == protection.hash.length();
        let key = fits.then(|| RecordKey::tls13(protection, secret, bare)).flatten()?;
        Some(Self { key, secret: Some((protection, secret.clone())) })
    }

    fn updated(&self) -> Option<Self> {
        let (protection, secret) = self.secret.as_ref()?;
        let bare = self.key.form == Form::Tls13Bare;
        Self::tls13(*protection, &next_traffic_secret(protection.hash, secret)?, bare)
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

    /// Adds epochs behind those that are there.
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
        let mut candidate = candidates.first()?.clone();
        for _ in 0..LOST_UPDATE_LIMIT {
            candidate = candidate.updated()?;
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
        let opens = |(at, candidate): (usize, &Candidate)| Some((at, candidate.key.open(number, record)?));
        let Some((at, content)) = candidates.iter().enumerate().find_map(opens) else {
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
