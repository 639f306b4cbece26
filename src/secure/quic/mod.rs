//! QUIC read passively, as far as it shows itself: the Initial packets, whose keys
//! anyone can derive (RFC 9001 §5.2), hold the hellos, and with them the name.
//!
//! Takes the datagrams of one five-tuple, hands on [`Facts`]. It opens no Handshake
//! and no 1-RTT packet; a connection is therefore closed, for one reason.

mod crypto;
mod packet;
mod protection;

use crate::evidence::{Direction, GapReason};
use crate::secure::tls::{ClientHello, Facts, Joiner, MessageType, ServerHello};

use crypto::Pieces;
use packet::{Header, Initial, Packets};
use protection::InitialKeys;

pub use packet::{Version, looks_like_quic};

/// Connection ids that Initial keys are kept for: the client's first choice, and
/// one more for each Retry or new connection on the same ports.
const KEYS_LIMIT: usize = 4;

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing but Initial packets was seen.
    Handshaking,
    /// It stays closed, for this one reason.
    Closed(GapReason),
}

/// One direction's hello on its way.
#[derive(Debug, Default)]
struct Half {
    pieces: Pieces,
    joiner: Joiner,
}

/// A QUIC connection.
#[derive(Debug, Default)]
pub struct Connection {
    facts: Facts,
    version: Option<Version>,
    keys: Vec<InitialKeys>,
    client: Half,
    server: Half,
    /// An Initial packet opened.
    opened: bool,
    /// An Initial packet of the client came that did not open.
    failed: bool,
    /// A version that is not read.
    foreign: bool,
    /// Packets that only a secret opens.
    protected: bool,
}

impl Connection {
    /// Before the first datagram.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the hellos say, so far. The chosen application protocol is encrypted.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Version of the packets: the client's, until the server answers in another one.
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// How it stands, so far.
    pub fn outcome(&self) -> Outcome {
        if self.opened {
            return if self.protected { Outcome::Closed(GapReason::QuicNoKey) } else { Outcome::Handshaking };
        }
        if self.foreign {
            return Outcome::Closed(GapReason::UnsupportedCipher);
        }
        // Later Initial packets carry an id of the server's choice, from which no keys follow.
        if self.failed || self.protected {
            return Outcome::Closed(GapReason::StartedBeforeCapture);
        }
        Outcome::Handshaking
    }

    /// Takes the next datagram of a direction: one packet, or several.
    pub fn datagram(&mut self, direction: Direction, bytes: &[u8]) {
        for header in Packets::new(bytes) {
            match header {
                Header::Initial(packet) => {
                    self.version = Some(packet.version);
                    match self.open(direction, &packet) {
                        Some(frames) => {
                            self.opened = true;
                            self.frames(direction, &frames);
                        }
                        None => self.failed |= direction == Direction::Sent,
                    }
                }
                Header::Protected { version } => {
                    self.version = version.or(self.version);
                    self.protected = true;
                }
                Header::Foreign { version } => {
                    self.version.get_or_insert(version);
                    self.foreign = true;
                }
                Header::Retry | Header::VersionNegotiation => {}
            }
        }
    }

    /// The frames of an Initial packet. Keys come from the destination id of the
    /// client's first one, and of its first one behind a Retry; the tag tells which.
    fn open(&mut self, direction: Direction, packet: &Initial<'_>) -> Option<Vec<u8>> {
        let known = self.keys.iter_mut().rev().filter(|keys| keys.version == packet.version);
        let opened = known.filter_map(|keys| keys.open(direction, packet)).next();
        if opened.is_some() || direction == Direction::Received || self.keys.len() >= KEYS_LIMIT {
            return opened;
        }
        let mut keys = InitialKeys::new(packet.version, packet.destination)?;
        let frames = keys.open(direction, packet)?;
        self.keys.push(keys);
        Some(frames)
    }

    fn frames(&mut self, direction: Direction, frames: &[u8]) {
        let half = match direction {
            Direction::Sent => &mut self.client,
            Direction::Received => &mut self.server,
        };
        for (offset, bytes) in crypto::frames(frames) {
            half.pieces.push(offset, bytes);
        }
        while let Some(bytes) = half.pieces.next() {
            half.joiner.push(&bytes);
        }
        while let Some(message) = half.joiner.next() {
            match (message.kind, direction) {
                (MessageType::ClientHello, Direction::Sent) => {
                    if let Some(hello) = ClientHello::read(&message.body) {
                        self.facts.offer(&hello);
                    }
                }
                (MessageType::ServerHello, Direction::Received) => {
                    if let Some(hello) = ServerHello::read(&message.body) {
                        self.facts.version = Some(hello.version);
                        self.facts.cipher = Some(hello.suite);
                        self.facts.resumed = hello.psk;
                    }
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
