//! Keys of packets, and how a packet opens (RFC 9001 §5).

use hmac::{Hmac, KeyInit, Mac};
use ring::aead::quic::{AES_128, AES_256, CHACHA20, HeaderProtectionKey};
use sha2::Sha256;

use crate::evidence::Direction;
use crate::secure::aead::{Aead, NONCE_LENGTH, OpeningKey, nonce};
use crate::secure::quic::packet::Long;
use crate::secure::quic::version::{Salt, Version};
use crate::secure::tls::schedule::{Hash, expand_label};

/// Bytes from the start of the packet number to the sample that masks it (RFC 9001 §5.4.2).
const SAMPLE_OFFSET: usize = 4;

/// Bytes of that sample.
const SAMPLE_LENGTH: usize = 16;

/// Generations of keys that a hole in the capture may have swallowed.
const LOST_UPDATE_LIMIT: usize = 2;

/// Windows of packet numbers tried beyond the expected one: numbers of one byte come
/// again after 256 packets, and a capture may have lost more.
const WINDOW_LIMIT: u64 = 4;

/// Keys between two key updates.
struct Generation {
    key: OpeningKey,
    iv: [u8; NONCE_LENGTH],
    /// From which the next one follows.
    secret: Vec<u8>,
}

/// Keys of one direction at one level.
pub struct PacketKeys {
    version: Version,
    aead: Aead,
    hash: Hash,
    header: HeaderProtectionKey,
    current: Generation,
    /// Packets of the generation before may come late.
    previous: Option<Generation>,
    /// Made when a packet asks for it.
    next: Option<Generation>,
    /// Key phase bit of the present generation (RFC 9001 §6).
    phase: bool,
    /// Highest packet number that opened; the next one is completed from it.
    largest: Option<u64>,
}

impl std::fmt::Debug for PacketKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PacketKeys({})", self.version)
    }
}

/// A packet whose header is unmasked.
struct Unmasked<'a> {
    first: u8,
    header: Vec<u8>,
    truncated: u64,
    number_length: usize,
    sealed: &'a [u8],
}

impl PacketKeys {
    /// RFC 9001 §5.1, RFC 9369 §3.3.2.
    pub fn new(version: Version, aead: Aead, hash: Hash, secret: &[u8]) -> Option<Self> {
        let algorithm = match aead {
            Aead::ChaCha20Poly1305 => &CHACHA20,
            Aead::Aes256Gcm => &AES_256,
            // CCM masks as GCM does (RFC 9001 §5.4.3). No other suite is defined for QUIC.
            Aead::Aes128Gcm | Aead::Aes128Ccm => &AES_128,
            _ => return None,
        };
        let label = if version == Version::V2 { "quicv2 hp" } else { "quic hp" };
        let header = expand_label(hash, secret, label, &[], aead.key_length())?;
        Some(Self {
            version,
            aead,
            hash,
            header: HeaderProtectionKey::new(algorithm, &header).ok()?,
            current: generation(version, aead, hash, secret)?,
            previous: None,
            next: None,
            phase: false,
            largest: None,
        })
    }

    /// The payload of a packet whose number starts at `number_at`.
    pub fn open(&mut self, packet: &[u8], number_at: usize) -> Option<Vec<u8>> {
        let unmasked = self.unmask(packet, number_at)?;
        let is_long = unmasked.first & 0x80 != 0;
        let phase = unmasked.first & 0x04 != 0;
        let numbers = self.numbers(&unmasked);
        if is_long || phase == self.phase {
            let opened = open_with(&self.current, &numbers, &unmasked);
            if opened.is_some() || is_long {
                return self.settle(opened);
            }
        }
        // The bit changed: the next generation, or a late packet of the one before.
        if let Some(opened) = self.open_updated(&numbers, &unmasked) {
            return self.settle(Some(opened));
        }
        let previous = self.previous.as_ref()?;
        let opened = open_with(previous, &numbers, &unmasked);
        self.settle(opened)
    }

    fn open_updated(&mut self, numbers: &[u64], packet: &Unmasked<'_>) -> Option<(u64, Vec<u8>)> {
        if self.next.is_none() {
            self.next = self.after(&self.current);
        }
        let next = self.next.as_ref()?;
        if let Some(opened) = open_with(next, numbers, packet) {
            let next = self.next.take()?;
            self.previous = Some(std::mem::replace(&mut self.current, next));
            self.phase = !self.phase;
            return Some(opened);
        }
        // One whole generation may be missing. Its bit is then the present one again.
        let mut later = self.after(next)?;
        for updates in 2..=LOST_UPDATE_LIMIT {
            if let Some(opened) = open_with(&later, numbers, packet) {
                self.phase ^= updates % 2 == 1;
                (self.current, self.previous, self.next) = (later, None, None);
                return Some(opened);
            }
            later = self.after(&later)?;
        }
        None
    }

    /// RFC 9001 §6.1, RFC 9369 §3.3.2.
    fn after(&self, generation_before: &Generation) -> Option<Generation> {
        let label = if self.version == Version::V2 { "quicv2 ku" } else { "quic ku" };
        let secret = expand_label(self.hash, &generation_before.secret, label, &[], self.hash.length())?;
        generation(self.version, self.aead, self.hash, &secret)
    }

    fn settle(&mut self, opened: Option<(u64, Vec<u8>)>) -> Option<Vec<u8>> {
        let (number, payload) = opened?;
        self.largest = self.largest.max(Some(number));
        Some(payload)
    }

    /// What the number of a packet may be, the likeliest first.
    fn numbers(&self, packet: &Unmasked<'_>) -> Vec<u64> {
        let expected = complete(self.largest, packet.truncated, packet.number_length);
        let window = 1_u64 << (8 * packet.number_length);
        let beyond = (1..=WINDOW_LIMIT).map(|windows| expected.saturating_add(windows * window));
        // Nothing is lost before the first packet.
        std::iter::once(expected).chain(beyond.filter(|_| self.largest.is_some())).collect()
    }

    /// RFC 9001 §5.4.
    fn unmask<'a>(&self, packet: &'a [u8], number_at: usize) -> Option<Unmasked<'a>> {
        let sample = packet.get(number_at.checked_add(SAMPLE_OFFSET)?..)?.get(..SAMPLE_LENGTH)?;
        let [mask, masks @ ..] = self.header.new_mask(sample).ok()?;
        let masked = *packet.first()?;
        let first = masked ^ (mask & if masked & 0x80 != 0 { 0x0f } else { 0x1f });
        let number_length = usize::from(first & 3) + 1;
        let (header, sealed) = packet.split_at_checked(number_at.checked_add(number_length)?)?;
        let mut header = header.to_vec();
        *header.first_mut()? = first;
        let mut truncated = 0;
        for (byte, mask) in header.get_mut(number_at..)?.iter_mut().zip(masks) {
            *byte ^= mask;
            truncated = (truncated << 8) | u64::from(*byte);
        }
        Some(Unmasked { first, header, truncated, number_length, sealed })
    }
}

fn generation(version: Version, aead: Aead, hash: Hash, secret: &[u8]) -> Option<Generation> {
    let [key, iv] = match version {
        Version::V2 => ["quicv2 key", "quicv2 iv"],
        _ => ["quic key", "quic iv"],
    };
    let expand = |label, length| expand_label(hash, secret, label, &[], length);
    Some(Generation {
        key: aead.key(&expand(key, aead.key_length())?)?,
        iv: expand(iv, NONCE_LENGTH)?.try_into().ok()?,
        secret: secret.to_vec(),
    })
}

fn open_with(generation: &Generation, numbers: &[u64], packet: &Unmasked<'_>) -> Option<(u64, Vec<u8>)> {
    numbers.iter().find_map(|number| {
        let nonce = nonce(&generation.iv, *number);
        Some((*number, generation.key.open(nonce, &packet.header, packet.sealed)?))
    })
}

/// The packet number whose last `length` bytes are `truncated`: of all these the
/// one closest to what is expected next (RFC 9000 §A.3).
fn complete(largest: Option<u64>, truncated: u64, length: usize) -> u64 {
    let expected = largest.map_or(0, |largest| largest.saturating_add(1));
    let window = 1_u64 << (8 * length);
    let half = window / 2;
    let candidate = (expected & !(window - 1)) | truncated;
    if candidate.saturating_add(half) <= expected && candidate < (1 << 62) - window {
        candidate + window
    } else if candidate > expected.saturating_add(half) && candidate >= window {
        candidate - window
    } else {
        candidate
    }
}

/// Keys of Initial packets, both directions.
pub struct InitialKeys {
    /// The version they are for.
    pub version: Version,
    client: PacketKeys,
    server: PacketKeys,
}

impl std::fmt::Debug for InitialKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "InitialKeys({})", self.version)
    }
}

impl InitialKeys {
    /// From the destination connection id of the client's first packet and a salt of the version's.
    pub fn new(version: Version, salt: &Salt, destination: &[u8]) -> Option<Self> {
        // HKDF-Extract (RFC 5869 §2.2).
        let mut extract = <Hmac<Sha256> as KeyInit>::new_from_slice(salt).ok()?;
        extract.update(destination);
        let initial = extract.finalize().into_bytes();
        let keys = |label| {
            let secret = expand_label(Hash::Sha256, &initial, label, &[], Hash::Sha256.length())?;
            PacketKeys::new(version, Aead::Aes128Gcm, Hash::Sha256, &secret)
        };
        Some(Self { version, client: keys("client in")?, server: keys("server in")? })
    }

    /// The frames of an Initial packet, if it opens.
    pub fn open(&mut self, direction: Direction, packet: &Long<'_>) -> Option<Vec<u8>> {
        match direction {
            Direction::Sent => self.client.open(packet.bytes, packet.number_at),
            Direction::Received => self.server.open(packet.bytes, packet.number_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9000 §A.3, and numbers on both sides of a window's edge.
    #[test]
    fn packet_numbers_are_completed() {
        assert_eq!(complete(Some(0xa82f_30ea), 0x9b32, 2), 0xa82f_9b32);
        assert_eq!(complete(None, 0, 1), 0);
        assert_eq!(complete(Some(255), 0, 1), 256);
        assert_eq!(complete(Some(256), 0xff, 1), 255);
    }
}
