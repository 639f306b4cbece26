//! WireGuard read passively: the IP packets inside, with the keys of a key log.
//!
//! Takes the datagrams of all tunnels of one capture in their order and the keys of a
//! [`KeyLog`], hands on the packet that each carries. The handshake is that of
//! "WireGuard: Next Generation Kernel Network Tunnel" (Donenfeld, NDSS 2017, §5.4), a form
//! of Noise IKpsk2. Its secrets follow from one side's private keys, of which the
//! ephemeral one changes every two minutes: without it a tunnel stays closed, whoever has
//! the static ones. Each step is proved by the tag of what it opens.

mod keys;
mod noise;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::aead::{Aead, OpeningKey};
use super::codec::Reader;
use super::keylog::KeyLog;
use crate::net::{Unsealed, Unsealer};
use noise::{Initiation, Key};

pub use keys::{Added, WireguardKeys};

/// Sessions whose keys are kept, each direction counting for itself. A tunnel makes a new
/// one every two minutes (§6.1): this is a day of some twenty tunnels.
const SESSION_LIMIT: usize = 32_768;

/// Initiations that wait for their response. One is answered within seconds or repeated.
const INITIATION_LIMIT: usize = 1024;

/// Lengths of the two handshake messages and the least of a packet with data (§5.4.2, 3, 6).
const INITIATION: usize = 148;
const RESPONSE: usize = 92;
const SHORTEST_DATA: usize = 32;

/// The tunnels of one capture.
#[derive(Debug)]
pub struct Tunnels {
    keys: Arc<KeyLog>,
    /// By the index that the initiator chose.
    waiting: Recent<Initiation>,
    /// By the index that the receiver of the packets chose.
    sessions: Recent<OpeningKey>,
}

impl Tunnels {
    /// Before the first datagram.
    pub fn new(keys: Arc<KeyLog>) -> Self {
        Self { keys, waiting: Recent::keeping(INITIATION_LIMIT), sessions: Recent::keeping(SESSION_LIMIT) }
    }

    fn initiation(&mut self, datagram: &[u8]) -> Option<()> {
        let mut reader = Reader::new(datagram.get(4..INITIATION)?);
        let index = reader.u32()?;
        let initiation = Initiation::read(datagram, self.keys.wireguard())?;
        self.waiting.insert(index, initiation);
        Some(())
    }

    fn response(&mut self, datagram: &[u8]) -> Option<()> {
        let mut reader = Reader::new(datagram.get(4..RESPONSE)?);
        let (responder, initiator) = (reader.u32()?, reader.u32()?);
        let initiation = self.waiting.get(initiator)?;
        let (to_responder, to_initiator) = initiation.answered(reader.rest(), self.keys.wireguard())?;
        let key = |bytes: Key| Aead::ChaCha20Poly1305.key(&bytes);
        self.sessions.insert(responder, key(to_responder)?);
        self.sessions.insert(initiator, key(to_initiator)?);
        Some(())
    }

    fn data(&self, datagram: &[u8]) -> Option<Vec<u8>> {
        let mut reader = Reader::new(datagram.get(4..)?);
        let key = self.sessions.get(reader.u32()?)?;
        // Four zero bytes, then the counter as it stands: little-endian.
        let mut nonce = [0; 12];
        nonce.get_mut(4..)?.copy_from_slice(reader.take(8)?);
        key.open(nonce, &[], reader.rest())
    }
}

impl Unsealer for Tunnels {
    fn open(&mut self, datagram: &[u8]) -> Unsealed {
        let opened = match (datagram, datagram.len()) {
            ([1, 0, 0, 0, ..], INITIATION) => self.initiation(datagram).map(|()| Vec::new()),
            ([2, 0, 0, 0, ..], RESPONSE) => self.response(datagram).map(|()| Vec::new()),
            ([4, 0, 0, 0, ..], SHORTEST_DATA..) => self.data(datagram),
            _ => None,
        };
        match opened {
            None => Unsealed::Foreign,
            // A handshake, or a packet that keeps the tunnel alive.
            Some(packet) if packet.is_empty() => Unsealed::Nothing,
            Some(packet) => Unsealed::Packet(packet),
        }
    }
}

/// Values by index, the latest of them: what is over the limit falls out in the order in
/// which it came.
#[derive(Debug)]
struct Recent<T> {
    limit: usize,
    next: u64,
    by_index: BTreeMap<u32, (u64, T)>,
    order: BTreeMap<u64, u32>,
}

impl<T> Recent<T> {
    fn keeping(limit: usize) -> Self {
        Self { limit, next: 0, by_index: BTreeMap::new(), order: BTreeMap::new() }
    }

    fn get(&self, index: u32) -> Option<&T> {
        self.by_index.get(&index).map(|(_, value)| value)
    }

    fn insert(&mut self, index: u32, value: T) {
        if let Some((number, _)) = self.by_index.insert(index, (self.next, value)) {
            self.order.remove(&number);
        }
        self.order.insert(self.next, index);
        self.next += 1;
        if self.order.len() > self.limit
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.by_index.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests;
