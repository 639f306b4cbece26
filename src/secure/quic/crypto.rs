//! CRYPTO frames (RFC 9000 §19.6) and the stream of bytes they carry, in any order
//! and over any number of packets.

use std::collections::BTreeMap;

/// Bytes of one direction's CRYPTO stream that are held out of order. The largest
/// hellos, with key shares of post-quantum groups and a session ticket, take a few
/// kilobytes; RFC 9000 §7.5 asks for 4096 at least.
const PIECES_LIMIT: usize = 64 * 1024;

/// What a held piece costs beyond its bytes, so that empty ones are bounded as well.
const PIECE_COST: usize = size_of::<(u64, Vec<u8>)>();

/// Pieces of a byte stream that are put in order.
#[derive(Debug, Default)]
pub struct Pieces {
    next: u64,
    held: BTreeMap<u64, Vec<u8>>,
    cost: usize,
}

impl Pieces {
    /// Adds a piece. Over the limit it is dropped; a sender repeats what is not acknowledged.
    pub fn push(&mut self, offset: u64, bytes: &[u8]) {
        let is_longer = self.held.get(&offset).is_none_or(|held| held.len() < bytes.len());
        if is_longer && self.cost + bytes.len() + PIECE_COST <= PIECES_LIMIT {
            self.cost += bytes.len() + PIECE_COST;
            if let Some(replaced) = self.held.insert(offset, bytes.to_vec()) {
                self.cost -= replaced.len() + PIECE_COST;
            }
        }
    }

    /// Memory of them, about.
    pub fn cost(&self) -> usize {
        self.cost
    }

    /// The next bytes in order.
    pub fn next(&mut self) -> Option<Vec<u8>> {
        while let Some(entry) = self.held.first_entry() {
            let known = self.next.checked_sub(*entry.key())?;
            let bytes = entry.remove();
            self.cost -= bytes.len() + PIECE_COST;
            let known = usize::try_from(known).ok()?;
            if let Some(fresh) = bytes.get(known..).filter(|fresh| !fresh.is_empty()) {
                self.next += fresh.len() as u64;
                return Some(fresh.to_vec());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pieces: &mut Pieces) -> Vec<u8> {
        std::iter::from_fn(|| pieces.next()).flatten().collect()
    }

    #[test]
    fn pieces_in_any_order_with_overlaps() {
        let mut pieces = Pieces::default();
        pieces.push(4, b"efgh");
        assert_eq!(all(&mut pieces), b"");
        pieces.push(2, b"cdef");
        pieces.push(0, b"ab");
        assert_eq!(all(&mut pieces), b"abcdefgh");
        pieces.push(0, b"abcdefghij");
        assert_eq!(all(&mut pieces), b"ij");
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut pieces = Pieces::default();
        for offset in 1..100_000 {
            pieces.push(offset, b"");
            pieces.push(offset, &[0; 100]);
        }
        assert!(pieces.cost <= PIECES_LIMIT);
        assert!(pieces.held.values().map(|held| held.len() + PIECE_COST).sum::<usize>() <= PIECES_LIMIT);
    }
}
