//! DTLS 1.0 to 1.3 (RFC 6347, RFC 9147): what its hellos say in the clear.
//!
//! Takes the datagrams of one five-tuple, hands on [`Facts`]. Records of a handshake come
//! in any order, cut into fragments, and twice; what they say does not depend on it. Nothing
//! is decrypted.

use std::collections::BTreeMap;

use super::codec::Reader;
use super::keylog::KeyLog;
use super::tls::{ClientHello, Facts, MessageType, ServerHello, certificates};
use crate::evidence::{Direction, GapReason};

/// Messages of one direction that are being put together. A flight has at most eight
/// (RFC 6347 §4.2.4).
const PARTIAL_LIMIT: usize = 16;

/// Longest message that is put together: a chain of certificates is 100 KiB at most, by the
/// defaults of the common libraries.
const MESSAGE_LIMIT: usize = 128 << 10;

/// Pieces of one message that do not touch. A hello has two or three fragments, a chain of
/// certificates some ten.
const PIECE_LIMIT: usize = 256;

/// Type, version, epoch, sequence number, length.
const RECORD_HEADER: usize = 13;

/// Whether a datagram consists of DTLS records: each header one that can be, and their
/// lengths to the end of the datagram. Records that DTLS 1.3 encrypts have another form.
pub fn looks_like_dtls(datagram: &[u8]) -> bool {
    let mut records = Records(Reader::new(datagram));
    records.by_ref().count() > 0 && records.0.is_empty()
}

/// Records in the clear form.
struct Records<'a>(Reader<'a>);

struct Record<'a> {
    kind: u8,
    epoch: u16,
    content: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let mut ahead = self.0;
        let mut header = ahead.sub(RECORD_HEADER)?;
        let kind = header.u8()?;
        let version = header.u16()?;
        let epoch = header.u16()?;
        header.take(6)?;
        let content = ahead.take(usize::from(header.u16()?))?;
        // ChangeCipherSpec to heartbeat, and connection ids (RFC 9146). 0x0100 is what OpenSSL
        // called DTLS before it had a number.
        let plausible = matches!(kind, 20..=25) && matches!(version, 0xfeff | 0xfefd | 0xfefc | 0x0100);
        if !plausible {
            return None;
        }
        self.0 = ahead;
        Some(Record { kind, epoch, content })
    }
}

/// A DTLS association.
#[derive(Debug, Default)]
pub struct Association {
    facts: Facts,
    sent: Flight,
    received: Flight,
    greeted: bool,
}

impl Association {
    /// Memory of what waits for more, about.
    pub fn waiting(&self) -> usize {
        let partial = self.sent.partial.values().chain(self.received.partial.values());
        partial.map(|partial| partial.bytes.len() + partial.there.len() * 2 * size_of::<(usize, usize)>()).sum()
    }

    /// What the hellos say, so far.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Takes the next datagram of a direction.
    pub fn datagram(&mut self, direction: Direction, bytes: &[u8]) {
        // What is in a later epoch is encrypted.
        for record in Records(Reader::new(bytes)).filter(|record| record.kind == 22 && record.epoch == 0) {
            let mut fragments = Reader::new(record.content);
            while let Some(fragment) = Fragment::read(&mut fragments) {
                let flight = match direction {
                    Direction::Sent => &mut self.sent,
                    Direction::Received => &mut self.received,
                };
                if let Some(body) = flight.add(&fragment) {
                    self.message(MessageType::of(fragment.kind), &body);
                }
            }
        }
    }

    /// Hellos and certificates are of the one side that can send them, whichever port has it.
    fn message(&mut self, kind: MessageType, body: &[u8]) {
        match kind {
            MessageType::ClientHello => {
                if let Some(hello) = ClientHello::read_with_cookie(body) {
                    self.greeted = true;
                    self.facts.offer(&hello);
                }
            }
            MessageType::ServerHello => {
                if let Some(hello) = ServerHello::read(body) {
                    self.facts.version = Some(hello.version);
                    self.facts.cipher = Some(hello.suite);
                    if hello.alpn.is_some() {
                        self.facts.alpn = hello.alpn;
                    }
                }
            }
            MessageType::Certificate => self.facts.certified(certificates::first(body, false)),
            _ => {}
        }
    }

    /// Why it stays closed. Where its secret is known, what is missing is the reading of it.
    pub fn reason(&self, keys: &KeyLog) -> GapReason {
        match &self.facts.client_random {
            _ if !self.greeted => GapReason::StartedBeforeCapture,
            Some(random) if keys.knows(random) => GapReason::UnsupportedCipher,
            _ => GapReason::NoKey,
        }
    }
}

/// A piece of a handshake message (RFC 6347 §4.2.2).
struct Fragment<'a> {
    kind: u8,
    length: usize,
    sequence: u16,
    offset: usize,
    bytes: &'a [u8],
}

impl<'a> Fragment<'a> {
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let kind = reader.u8()?;
        let length = usize::try_from(reader.u24()?).ok()?;
        let sequence = reader.u16()?;
        let offset = usize::try_from(reader.u24()?).ok()?;
        let bytes = reader.vec24()?.rest();
        (offset.saturating_add(bytes.len()) <= length).then_some(Self { kind, length, sequence, offset, bytes })
    }
}

/// The messages of one direction.
#[derive(Debug, Default)]
struct Flight {
    /// By sequence number, type and length: a fragment that says otherwise is of another.
    partial: BTreeMap<(u16, u8, usize), Partial>,
}

#[derive(Debug, Default)]
struct Partial {
    bytes: Vec<u8>,
    /// Ranges that are there, by start, that do not touch.
    there: BTreeMap<usize, usize>,
}

impl Flight {
    /// The whole message, where this was the last piece of it.
    fn add(&mut self, fragment: &Fragment<'_>) -> Option<Vec<u8>> {
        if fragment.length > MESSAGE_LIMIT {
            return None;
        }
        if fragment.bytes.len() == fragment.length {
            return Some(fragment.bytes.to_vec());
        }
        let key = (fragment.sequence, fragment.kind, fragment.length);
        if self.partial.len() >= PARTIAL_LIMIT && !self.partial.contains_key(&key) {
            self.partial.pop_first();
        }
        let partial = self.partial.entry(key).or_default();
        partial.add(fragment)?;
        self.partial.remove(&key).map(|partial| partial.bytes)
    }
}

impl Partial {
    /// `Some` when nothing is missing any more.
    fn add(&mut self, fragment: &Fragment<'_>) -> Option<()> {
        let (mut start, mut end) = (fragment.offset, fragment.offset + fragment.bytes.len());
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes.get_mut(start..end)?.copy_from_slice(fragment.bytes);
        let touching: Vec<(usize, usize)> =
            self.there.range(..=end).filter(|(_, last)| **last >= start).map(|(first, last)| (*first, *last)).collect();
        for (first, last) in touching {
            self.there.remove(&first);
            start = start.min(first);
            end = end.max(last);
        }
        if self.there.len() < PIECE_LIMIT {
            self.there.insert(start, end);
        }
        (self.there.get(&0) == Some(&fragment.length)).then_some(())
    }
}

#[cfg(test)]
mod tests;
