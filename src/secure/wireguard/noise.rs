//! The handshake: what the two messages and the keys make together.

use blake2::digest::consts::U16;
use blake2::digest::{KeyInit, Mac};
use blake2::{Blake2s256, Blake2sMac, Digest};
use hkdf::SimpleHkdf;

use super::keys::WireguardKeys;
use crate::secure::aead::Aead;
use crate::secure::codec::Reader;

/// A key, private, public or shared; also a hash.
pub(super) type Key = [u8; 32];

/// §5.4 of the paper: what all chaining starts from.
const CONSTRUCTION: &[u8] = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
const IDENTIFIER: &[u8] = b"WireGuard v1 zx2c4 Jason@zx2c4.com";
const LABEL_MAC1: &[u8] = b"mac1----";

/// Where the first MAC of an initiation stands, which is over all before it.
const MAC1_AT: usize = 116;

/// A handshake that was begun, as far as its first message takes it.
#[derive(Debug)]
pub(super) struct Initiation {
    chain: Key,
    hash: Key,
    ephemeral: Key,
    /// The initiator's public key.
    identity: Key,
}

impl Initiation {
    /// Reads the whole first message. Its MAC says which of the known keys it is for.
    pub fn read(datagram: &[u8], keys: &WireguardKeys) -> Option<Self> {
        let (covered, rest) = datagram.split_at_checked(MAC1_AT)?;
        let mac = Reader::new(rest).take(16)?;
        let responder = keys.responders().find(|key| mac1(key, covered).as_deref() == Some(mac))?;
        let mut reader = Reader::new(covered.get(8..)?);
        let ephemeral: Key = reader.array()?;
        let (sealed_identity, sealed_time) = (reader.take(48)?, reader.take(28)?);
        let start = hash(&[CONSTRUCTION]);
        let mixed = hash(&[&hash(&[&start, IDENTIFIER]), responder]);
        let mixed = hash(&[&mixed, &ephemeral]);
        let [chain] = derive(&start, &ephemeral)?;
        let [chain, key] = derive(&chain, &keys.agree(&ephemeral, responder)?)?;
        let identity = Key::try_from(open(&key, &mixed, sealed_identity)?).ok()?;
        let mixed = hash(&[&mixed, sealed_identity]);
        let [chain, key] = derive(&chain, &keys.agree(&identity, responder)?)?;
        open(&key, &mixed, sealed_time)?;
        Some(Self { chain, hash: hash(&[&mixed, sealed_time]), ephemeral, identity })
    }

    /// The keys of the packets to the responder and to the initiator; `rest` is what of the
    /// second message follows its two indices.
    pub fn answered(&self, rest: &[u8], keys: &WireguardKeys) -> Option<(Key, Key)> {
        let mut reader = Reader::new(rest);
        let ephemeral: Key = reader.array()?;
        let nothing = reader.take(16)?;
        let mixed = hash(&[&self.hash, &ephemeral]);
        let [chain] = derive(&self.chain, &ephemeral)?;
        let [chain] = derive(&chain, &keys.agree(&ephemeral, &self.ephemeral)?)?;
        let [chain] = derive(&chain, &keys.agree(&ephemeral, &self.identity)?)?;
        keys.preshared().find_map(|preshared| {
            let [chain, temporary, key] = derive(&chain, &preshared)?;
            open(&key, &hash(&[&mixed, &temporary]), nothing)?;
            let [to_responder, to_initiator] = derive(&chain, &[])?;
            Some((to_responder, to_initiator))
        })
    }
}

fn hash(parts: &[&[u8]]) -> Key {
    let mut hash = Blake2s256::new();
    for part in parts {
        Digest::update(&mut hash, part);
    }
    hash.finalize().into()
}

fn mac1(responder: &Key, covered: &[u8]) -> Option<Vec<u8>> {
    let mut mac = Blake2sMac::<U16>::new_from_slice(&hash(&[LABEL_MAC1, responder])).ok()?;
    Mac::update(&mut mac, covered);
    Some(mac.finalize().into_bytes().to_vec())
}

/// KDF_n of the paper, which is HKDF without an info.
fn derive<const N: usize>(chain: &Key, input: &[u8]) -> Option<[Key; N]> {
    let mut out = [[0; 32]; N];
    SimpleHkdf::<Blake2s256>::new(Some(chain), input).expand(&[], out.as_flattened_mut()).ok()?;
    Some(out)
}

/// With the nonce 0, as all of the handshake.
fn open(key: &Key, associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    Aead::ChaCha20Poly1305.key(key)?.open([0; 12], associated, sealed)
}
