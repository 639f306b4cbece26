//! Connection ids, by which a connection is known between whatever ends (RFC 9000 §5.1, §9).

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use super::packet::{Header, ID_LIMIT, Packets};

/// Shortest id that says whose a packet is. Those that are shorter stand in other packets by
/// chance (servers commonly use 8 to 20 bytes); clients that use none are told by their ports.
const ID_LEAST: usize = 4;

/// A connection id of 4 to 20 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId {
    length: u8,
    bytes: [u8; ID_LIMIT],
}

impl ConnectionId {
    /// `None` for one that is too short to say anything, or longer than there are.
    pub fn new(id: &[u8]) -> Option<Self> {
        let mut bytes = [0; ID_LIMIT];
        bytes.get_mut(..id.len())?.copy_from_slice(id);
        let length = u8::try_from(id.len()).ok()?;
        (id.len() >= ID_LEAST).then_some(Self { length, bytes })
    }
}

/// Whose ids they are. `G` is a group of streams in which ids are looked for, `K` a stream.
#[derive(Debug)]
pub struct Owners<G, K> {
    limit: usize,
    owners: HashMap<(G, ConnectionId), K>,
    order: VecDeque<(G, ConnectionId)>,
    /// How many of each length: a short header does not tell how long its id is.
    lengths: [usize; ID_LIMIT + 1],
}

impl<G: Copy + Eq + Hash, K: Copy> Owners<G, K> {
    /// None yet, and at most `limit`: then the one that is known for longest is forgotten.
    pub fn new(limit: usize) -> Self {
        Self { limit, owners: HashMap::new(), order: VecDeque::new(), lengths: [0; ID_LIMIT + 1] }
    }

    /// `id` is of `owner`. Who had it first keeps it. Returns whether another was forgotten.
    pub fn add(&mut self, group: G, id: ConnectionId, owner: K) -> bool {
        let key = (group, id);
        if self.owners.contains_key(&key) {
            return false;
        }
        self.owners.insert(key, owner);
        self.order.push_back(key);
        self.count(id, 1);
        let forgotten = if self.order.len() > self.limit { self.order.pop_front() } else { None };
        if let Some(key) = forgotten {
            self.owners.remove(&key);
            self.count(key.1, -1);
        }
        forgotten.is_some()
    }

    /// The owner of the id that a datagram's first packet is sent to.
    pub fn owner(&self, group: G, datagram: &[u8]) -> Option<K> {
        if self.owners.is_empty() {
            return None;
        }
        let of = |id: &[u8]| self.owners.get(&(group, ConnectionId::new(id)?)).copied();
        match Packets::new(datagram).next()? {
            Header::Long(packet) => of(packet.destination),
            Header::Short(packet) => {
                let lengths = self.lengths.iter().enumerate().rev().filter(|(_, count)| **count > 0);
                lengths.filter_map(|(length, _)| of(packet.get(1..1 + length)?)).next()
            }
            _ => None,
        }
    }

    fn count(&mut self, id: ConnectionId, change: isize) {
        if let Some(count) = self.lengths.get_mut(usize::from(id.length)) {
            *count = count.saturating_add_signed(change);
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Self::new(self.limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(bytes: &[u8]) -> ConnectionId {
        ConnectionId::new(bytes).unwrap()
    }

    #[test]
    fn ids_of_any_length_are_found_in_short_and_long_headers() {
        let mut owners = Owners::new(8);
        assert!(!owners.add(0, id(b"12345678"), 'a'));
        owners.add(0, id(b"1234"), 'b');
        owners.add(1, id(b"87654321"), 'c');
        // Who had it first keeps it.
        owners.add(0, id(b"1234"), 'z');
        assert_eq!(owners.owner(0, b"\x4012345678 payload"), Some('a'));
        assert_eq!(owners.owner(0, b"\x401234"), Some('b'));
        assert_eq!(owners.owner(0, b"\x4087654321 payload"), None);
        assert_eq!(owners.owner(1, b"\x4087654321 payload"), Some('c'));
        // RFC 9000 §17.2.4: Handshake, version 1, ids, a length of 4.
        assert_eq!(owners.owner(0, b"\xe0\0\0\0\x01\x041234\0\x04abcd"), Some('b'));
        for other in [&b""[..], b"\x40", b"\x40123", b"\0\x01\x00\x00!\x12\xa4B"] {
            assert_eq!(owners.owner(0, other), None);
        }
    }

    #[test]
    fn ids_that_say_nothing_are_none_and_the_oldest_is_forgotten() {
        assert_eq!([ConnectionId::new(b""), ConnectionId::new(b"123"), ConnectionId::new(&[0; 21])], [None; 3]);
        let mut owners = Owners::new(2);
        assert!(!owners.add((), id(b"aaaa"), 1) && !owners.add((), id(b"bbbb"), 2));
        assert!(owners.add((), id(b"ccccc"), 3));
        let found = [&b"\x40aaaa"[..], b"\x40bbbb", b"\x40ccccc"].map(|datagram| owners.owner((), datagram));
        assert_eq!(found, [None, Some(2), Some(3)]);
    }
}
