//! Keys of packets, and how a packet opens (RFC 9001 §5).

use hmac::{Hmac, KeyInit, Mac};
use ring::aead::quic::{AES_128, HeaderProtectionKey};
use sha2::Sha256;

use crate::evidence::Direction;
use crate::secure::aead::{Aead, NONCE_LENGTH, OpeningKey, nonce};
use crate::secure::quic::packet::{Initial, Version};
use crate::secure::tls::schedule::{Hash, expand_label};

/// RFC 9001 §5.2.
const SALT_V1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f,
    0x0a,
];

/// RFC 9369 §3.3.1.
const SALT_V2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e,
    0xd9,
];

/// draft-ietf-quic-tls-29 §5.2.
const SALT_DRAFT_29: [u8; 20] = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8,
    0x99,
];

/// Bytes from the start of the packet number to the sample that masks it (RFC 9001 §5.4.2).
const SAMPLE_OFFSET: usize = 4;

/// Bytes of that sample.
const SAMPLE_LENGTH: usize = 16;

/// Keys of one direction at one level.
struct PacketKeys {
    key: OpeningKey,
    iv: [u8; NONCE_LENGTH],
    header: HeaderProtectionKey,
    /// Highest packet number that opened; the next one is completed from it.
    largest: Option<u64>,
}

impl PacketKeys {
    /// RFC 9001 §5.1, RFC 9369 §3.3.2, with the cipher of Initial packets.
    fn new(version: Version, secret: &[u8]) -> Option<Self> {
        let [key, iv, header] = match version {
            Version::V2 => ["quicv2 key", "quicv2 iv", "quicv2 hp"],
            _ => ["quic key", "quic iv", "quic hp"],
        };
        let expand = |label, length| expand_label(Hash::Sha256, secret, label, &[], length);
        let aead = Aead::Aes128Gcm;
        Some(Self {
            key: aead.key(&expand(key, aead.key_length())?)?,
            iv: expand(iv, NONCE_LENGTH)?.try_into().ok()?,
            header: HeaderProtectionKey::new(&AES_128, &expand(header, aead.key_length())?).ok()?,
            largest: None,
        })
    }

    /// The payload of a packet with a long header whose number starts at `number_at`.
    fn open(&mut self, packet: &[u8], number_at: usize) -> Option<Vec<u8>> {
        let sample = packet.get(number_at.checked_add(SAMPLE_OFFSET)?..)?.get(..SAMPLE_LENGTH)?;
        let [mask, masks @ ..] = self.header.new_mask(sample).ok()?;
        let first = packet.first()? ^ (mask & 0x0f);
        let length = usize::from(first & 3) + 1;
        let (header, sealed) = packet.split_at_checked(number_at.checked_add(length)?)?;
        let mut header = header.to_vec();
        *header.first_mut()? = first;
        let mut truncated = 0;
        for (byte, mask) in header.get_mut(number_at..)?.iter_mut().zip(masks) {
            *byte ^= mask;
            truncated = (truncated << 8) | u64::from(*byte);
        }
        let number = complete(self.largest, truncated, length);
        let payload = self.key.open(nonce(&self.iv, number), &header, sealed)?;
        self.largest = self.largest.max(Some(number));
        Some(payload)
    }
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
    /// From the destination connection id of the client's first packet (RFC 9001 §5.2).
    pub fn new(version: Version, destination: &[u8]) -> Option<Self> {
        let salt = match version {
            Version::V2 => SALT_V2,
            version if version.is_draft_29() => SALT_DRAFT_29,
            _ => SALT_V1,
        };
        // HKDF-Extract (RFC 5869 §2.2).
        let mut extract = <Hmac<Sha256> as KeyInit>::new_from_slice(&salt).ok()?;
        extract.update(destination);
        let initial = extract.finalize().into_bytes();
        let secret = |label| expand_label(Hash::Sha256, &initial, label, &[], Hash::Sha256.length());
        Some(Self {
            version,
            client: PacketKeys::new(version, &secret("client in")?)?,
            server: PacketKeys::new(version, &secret("server in")?)?,
        })
    }

    /// The frames of an Initial packet, if it opens.
    pub fn open(&mut self, direction: Direction, packet: &Initial<'_>) -> Option<Vec<u8>> {
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
