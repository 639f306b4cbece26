//! One direction of a connection: its keys level by level, and its handshake's bytes.

use crate::secure::aead::Aead;
use crate::secure::quic::crypto::Pieces;
use crate::secure::quic::ids::ConnectionId;
use crate::secure::quic::packet::ID_LIMIT;
use crate::secure::quic::protection::PacketKeys;
use crate::secure::tls::schedule::Hash;
use crate::secure::tls::{Handshake, Joiner};

/// Different lengths of connection ids that are tried on a short header. An end chooses
/// one and keeps to it; some have none before the handshake.
const ID_LENGTH_LIMIT: usize = 4;

/// Ids that wait to be asked for: more than a datagram can bring (RFC 9000 §19.15: each takes
/// some thirty bytes of it).
const FRESH_LIMIT: usize = 64;

/// Stretches of a connection with keys of their own (RFC 9001 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Initial,
    Early,
    Handshake,
    Application,
}

/// The CRYPTO stream of a level.
#[derive(Debug, Default)]
struct Messages {
    pieces: Pieces,
    joiner: Joiner,
}

/// One direction.
#[derive(Debug, Default)]
pub struct Side {
    initial: Messages,
    handshake: Messages,
    early_keys: Vec<PacketKeys>,
    handshake_keys: Vec<PacketKeys>,
    application_keys: Vec<PacketKeys>,
    /// Suites that 0-RTT packets may be protected with.
    pub early_suites: Vec<(Aead, Hash)>,
    /// Ids that came up and were not asked for yet.
    pub fresh_ids: Vec<ConnectionId>,
    last_id: Option<ConnectionId>,
    /// Lengths of the ids that packets of this direction are sent to.
    id_lengths: Vec<usize>,
    /// Bytes of packets of the application that stayed closed, or were opened and not read.
    pub sealed: u64,
}

impl Side {
    /// Memory of what waits, about.
    pub fn waiting(&self) -> usize {
        let messages = [&self.initial, &self.handshake].into_iter();
        messages.map(|messages| messages.pieces.cost().saturating_add(messages.joiner.cost())).sum()
    }

    /// For another connection on the same ports.
    pub fn renewed(&self) -> Self {
        Self { id_lengths: self.id_lengths.clone(), sealed: self.sealed, ..Self::default() }
    }

    /// Handshake messages begin again.
    pub fn forget_hello(&mut self) {
        self.initial = Messages::default();
    }

    /// This id may stand in short headers.
    pub fn add_id(&mut self, id: &[u8]) {
        if let Some(id) = ConnectionId::new(id)
            && self.last_id != Some(id)
            && self.fresh_ids.len() < FRESH_LIMIT
        {
            self.last_id = Some(id);
            self.fresh_ids.push(id);
        }
        let length = id.len();
        if length <= ID_LIMIT && !self.id_lengths.contains(&length) {
            self.id_lengths.insert(0, length);
            self.id_lengths.truncate(ID_LENGTH_LIMIT);
        }
    }

    /// A packet, or a part of one, stays closed or unread.
    pub fn add_sealed(&mut self, bytes: usize) {
        self.sealed = self.sealed.saturating_add(bytes as u64);
    }

    /// There is a key to try.
    pub fn has_keys(&self, level: Level) -> bool {
        match level {
            Level::Initial => false,
            Level::Early => !self.early_keys.is_empty(),
            Level::Handshake => !self.handshake_keys.is_empty(),
            Level::Application => !self.application_keys.is_empty(),
        }
    }

    /// Keys that may be those of a level; the first that opens a packet is kept.
    pub fn set_keys(&mut self, level: Level, keys: Vec<PacketKeys>) {
        match level {
            Level::Initial => {}
            Level::Early => self.early_keys = keys,
            Level::Handshake => self.handshake_keys = keys,
            Level::Application => self.application_keys = keys,
        }
    }

    /// The payload of a packet with a long header, behind Initial.
    pub fn open(&mut self, level: Level, packet: &[u8], number_at: usize) -> Option<Vec<u8>> {
        match level {
            Level::Early => open(&mut self.early_keys, packet, number_at),
            Level::Handshake => open(&mut self.handshake_keys, packet, number_at),
            Level::Initial | Level::Application => None,
        }
    }

    /// The payload of a packet with a short header, which does not tell how long the id in it is.
    pub fn open_short(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        for index in 0..self.id_lengths.len() {
            let length = *self.id_lengths.get(index)?;
            if let Some(payload) = open(&mut self.application_keys, packet, 1 + length) {
                self.id_lengths.swap(0, index);
                return Some(payload);
            }
        }
        None
    }

    /// Handshake messages that are whole with these bytes.
    pub fn crypto(&mut self, level: Level, offset: u64, bytes: &[u8]) -> Vec<Handshake> {
        let messages = match level {
            Level::Initial => &mut self.initial,
            Level::Handshake => &mut self.handshake,
            // Tickets: nothing to be learned from them.
            Level::Early | Level::Application => return Vec::new(),
        };
        messages.pieces.push(offset, bytes);
        while let Some(bytes) = messages.pieces.next() {
            messages.joiner.push(&bytes);
        }
        std::iter::from_fn(|| messages.joiner.next()).collect()
    }
}

fn open(candidates: &mut Vec<PacketKeys>, packet: &[u8], number_at: usize) -> Option<Vec<u8>> {
    let found = candidates.iter_mut().enumerate().find_map(|(at, keys)| Some((at, keys.open(packet, number_at)?)));
    let (at, payload) = found?;
    candidates.swap(0, at);
    candidates.truncate(1);
    Some(payload)
}
