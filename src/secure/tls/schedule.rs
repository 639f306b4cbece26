//! From secrets to keys: the PRF and key block up to TLS 1.2 (RFC 5246 §5, §6.3), the
//! labels of TLS 1.3 (RFC 8446 §7), which QUIC has taken over (RFC 9001 §5.1).

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384};
use sm3::Sm3;

use crate::secure::aead::{Aead, NONCE_LENGTH};
use crate::secure::codec::Reader;
use crate::secure::keylog::Secret;
use crate::secure::tls::Version;
use crate::secure::tls::suites::{Cipher, Protection};

/// Hash of a key schedule, or of the MAC of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// 16 bytes.
    Md5,
    /// 20 bytes.
    Sha1,
    /// 32 bytes.
    Sha256,
    /// 48 bytes.
    Sha384,
    /// 32 bytes (GB/T 32905).
    Sm3,
}

impl Hash {
    /// Length of its digests, and so of the traffic secrets of TLS 1.3, in bytes.
    pub fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 | Self::Sm3 => 32,
            Self::Sha384 => 48,
        }
    }

    /// Digest of the parts, one after the other.
    pub fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        fn run<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut digest = D::new();
            parts.iter().for_each(|part| digest.update(part));
            digest.finalize().to_vec()
        }
        match self {
            Self::Md5 => run::<Md5>(parts),
            Self::Sha1 => run::<Sha1>(parts),
            Self::Sha256 => run::<Sha256>(parts),
            Self::Sha384 => run::<Sha384>(parts),
            Self::Sm3 => run::<Sm3>(parts),
        }
    }

    /// HMAC (RFC 2104) of the parts, one after the other.
    pub fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Option<Vec<u8>> {
        fn run<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Option<Vec<u8>> {
            let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
            parts.iter().for_each(|part| mac.update(part));
            Some(mac.finalize().into_bytes().to_vec())
        }
        match self {
            Self::Md5 => run::<Hmac<Md5>>(key, parts),
            Self::Sha1 => run::<Hmac<Sha1>>(key, parts),
            Self::Sha256 => run::<Hmac<Sha256>>(key, parts),
            Self::Sha384 => run::<Hmac<Sha384>>(key, parts),
            Self::Sm3 => run::<Hmac<Sm3>>(key, parts),
        }
    }
}

/// How secrets are stretched before TLS 1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prf {
    /// SSL 3.0 (RFC 6101 §6.1, §6.2.2), which knows no labels.
    Ssl3,
    /// TLS 1.0 and 1.1: MD5 and SHA-1, each with one half of the secret (RFC 2246 §5).
    Md5Sha1,
    /// TLS 1.2: one hash, the suite's (RFC 5246 §5).
    Tls12(Hash),
}

impl Prf {
    /// That of a version; `hash` is the suite's.
    pub fn of(version: Version, hash: Hash) -> Self {
        match version {
            Version::SSL3 => Self::Ssl3,
            Version::TLS10 | Version::TLS11 => Self::Md5Sha1,
            _ => Self::Tls12(hash),
        }
    }

    /// `length` bytes.
    pub fn expand(self, secret: &[u8], label: &[u8], seed: &[&[u8]], length: usize) -> Option<Vec<u8>> {
        match self {
            Self::Ssl3 => ssl3_expand(secret, seed, length),
            Self::Md5Sha1 => {
                // Both halves have the middle byte of a secret of odd length.
                let half = secret.len().div_ceil(2);
                let (first, _) = secret.split_at_checked(half)?;
                let (_, second) = secret.split_at_checked(secret.len() - half)?;
                let mut out = prf(Hash::Md5, first, label, seed, length)?;
                let other = prf(Hash::Sha1, second, label, seed, length)?;
                out.iter_mut().zip(other).for_each(|(byte, other)| *byte ^= other);
                Some(out)
            }
            Self::Tls12(hash) => prf(hash, secret, label, seed, length),
        }
    }

    /// Hash of the handshake's messages, as Finished and RFC 7627 §3 take it.
    pub fn transcript_hash(self, messages: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Tls12(hash) => hash.digest(messages),
            _ => [Hash::Md5.digest(messages), Hash::Sha1.digest(messages)].concat(),
        }
    }
}

/// The pseudorandom function of TLS 1.2, `length` bytes of it (RFC 5246 §5).
fn prf(hash: Hash, secret: &[u8], label: &[u8], seed: &[&[u8]], length: usize) -> Option<Vec<u8>> {
    let seed: Vec<&[u8]> = std::iter::once(label).chain(seed.iter().copied()).collect();
    let mut out = Vec::with_capacity(length + hash.length());
    let mut a = hash.hmac(secret, &seed)?;
    while out.len() < length {
        let block: Vec<&[u8]> = std::iter::once(a.as_slice()).chain(seed.iter().copied()).collect();
        out.extend(hash.hmac(secret, &block)?);
        a = hash.hmac(secret, &[&a])?;
    }
    out.truncate(length);
    Some(out)
}

/// MD5 over the secret and a SHA-1 of `A`, `BB`, `CCC` …, secret and seed.
fn ssl3_expand(secret: &[u8], seed: &[&[u8]], length: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(length + Hash::Md5.length());
    for (count, letter) in (b'A'..=b'Z').enumerate() {
        if out.len() >= length {
            break;
        }
        let letters = vec![letter; count + 1];
        let inner: Vec<&[u8]> = [letters.as_slice(), secret].into_iter().chain(seed.iter().copied()).collect();
        out.extend(Hash::Md5.digest(&[secret, &Hash::Sha1.digest(&inner)]));
    }
    out.truncate(length);
    (out.len() == length).then_some(out)
}

/// `HKDF-Expand-Label` (RFC 8446 §7.1): `label` without the `tls13 ` in front of it.
pub fn expand_label(hash: Hash, secret: &[u8], label: &str, context: &[u8], length: usize) -> Option<Vec<u8>> {
    let label = [b"tls13 ", label.as_bytes()].concat();
    let mut info = u16::try_from(length).ok()?.to_be_bytes().to_vec();
    info.push(u8::try_from(label.len()).ok()?);
    info.extend(label);
    info.push(u8::try_from(context.len()).ok()?);
    info.extend(context);
    let mut out = vec![0; length];
    match hash {
        Hash::Sha256 => Hkdf::<Sha256>::from_prk(secret).ok()?.expand(&info, &mut out).ok()?,
        Hash::Sha384 => Hkdf::<Sha384>::from_prk(secret).ok()?.expand(&info, &mut out).ok()?,
        Hash::Sm3 => Hkdf::<Sm3>::from_prk(secret).ok()?.expand(&info, &mut out).ok()?,
        // No suite of TLS 1.3 has these.
        Hash::Md5 | Hash::Sha1 => return None,
    }
    Some(out)
}

/// Keys of one direction.
pub struct DirectionKeys {
    /// Key of the MAC; empty where the cipher authenticates itself.
    pub mac: Vec<u8>,
    /// Key of the cipher.
    pub key: Vec<u8>,
    /// What nonces are made from, or the first IV. For GCM and CCM in TLS 1.2 it has four
    /// bytes: the rest of the nonce stands in each record (RFC 5288 §3, RFC 6655 §3).
    pub iv: Vec<u8>,
}

/// What keys of versions up to TLS 1.2 are made from, beside the master secret.
#[derive(Clone, Copy, Debug)]
pub struct Agreed {
    /// The version.
    pub version: Version,
    /// How records are protected.
    pub protection: Protection,
    /// Random of the ClientHello.
    pub client_random: [u8; 32],
    /// Random of the ServerHello.
    pub server_random: [u8; 32],
}

impl Agreed {
    /// How secrets are stretched.
    pub fn prf(&self) -> Prf {
        Prf::of(self.version, self.protection.hash)
    }

    /// Keys of both directions, client's first (RFC 5246 §6.3).
    pub fn key_block(&self, master: &Secret) -> Option<(DirectionKeys, DirectionKeys)> {
        let (mac, key, iv) = match self.protection.cipher {
            // An AEAD has no MAC keys, and of the nonce what does not stand in the record.
            Cipher::Aead(aead) => (0, aead.key_length(), aead.implicit_length()),
            // From TLS 1.1 on, each record has its own IV (RFC 4346 §6.2.3.2).
            Cipher::Cbc(block, mac) if self.version <= Version::TLS10 => {
                (mac.length(), block.key_length(), block.block_length())
            }
            Cipher::Cbc(block, mac) => (mac.length(), block.key_length(), 0),
            Cipher::Rc4(mac) => (mac.length(), RC4_KEY_LENGTH, 0),
            Cipher::Null(mac) => (mac.length(), 0, 0),
        };
        let seed: [&[u8]; 2] = [&self.server_random, &self.client_random];
        let block = self.prf().expand(master.bytes(), b"key expansion", &seed, 2 * (mac + key + iv))?;
        let mut reader = Reader::new(&block);
        let mut pair = |length| Some((reader.take(length)?.to_vec(), reader.take(length)?.to_vec()));
        let (client_mac, server_mac) = pair(mac)?;
        let (client_key, server_key) = pair(key)?;
        let (client_iv, server_iv) = pair(iv)?;
        Some((
            DirectionKeys { mac: client_mac, key: client_key, iv: client_iv },
            DirectionKeys { mac: server_mac, key: server_key, iv: server_iv },
        ))
    }

    /// The master secret from a premaster secret, without the extended form (RFC 5246 §8.1).
    pub fn master_secret(&self, premaster: &Secret) -> Option<Secret> {
        let seed: [&[u8]; 2] = [&self.client_random, &self.server_random];
        self.prf().expand(premaster.bytes(), b"master secret", &seed, MASTER_SECRET_LENGTH).map(Secret::new)
    }

    /// The extended master secret (RFC 7627 §4). `messages` are those of the handshake up
    /// to and including ClientKeyExchange, with their headers.
    pub fn extended_master_secret(&self, premaster: &Secret, messages: &[&[u8]]) -> Option<Secret> {
        let hash = self.prf().transcript_hash(messages);
        let label = b"extended master secret";
        self.prf().expand(premaster.bytes(), label, &[&hash], MASTER_SECRET_LENGTH).map(Secret::new)
    }
}

/// RFC 5246 §8.1.
const MASTER_SECRET_LENGTH: usize = 48;

/// The suites with shorter keys were those for export, which are not opened.
const RC4_KEY_LENGTH: usize = 16;

/// Key and IV of a traffic secret of TLS 1.3 (RFC 8446 §7.3).
pub fn traffic_keys(aead: Aead, hash: Hash, secret: &Secret) -> Option<DirectionKeys> {
    let expand = |label, length| expand_label(hash, secret.bytes(), label, &[], length);
    let key = expand("key", aead.key_length())?;
    let iv = expand("iv", NONCE_LENGTH)?;
    Some(DirectionKeys { mac: Vec::new(), key, iv })
}

/// The traffic secret after one key update (RFC 8446 §7.2).
pub fn next_traffic_secret(hash: Hash, secret: &Secret) -> Option<Secret> {
    expand_label(hash, secret.bytes(), "traffic upd", &[], hash.length()).map(Secret::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.replace([' ', '\n'], "").as_bytes()).unwrap()
    }

    /// RFC 8448 §3: write traffic keys for handshake and application data, server and client.
    #[test]
    fn traffic_keys_of_rfc_8448() {
        for (secret, key, iv) in [
            (
                "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38",
                "3fce516009c21727d0f2e4e86ee403bc",
                "5d313eb2671276ee13000b30",
            ),
            (
                "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21",
                "dbfaa693d1762c5b666af5d950258d01",
                "5bd3c71b836e0b76bb73265f",
            ),
            (
                "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643",
                "9f02283b6c9c07efc26bb9f2ac92e356",
                "cf782b88dd83549aadf1e984",
            ),
        ] {
            let keys = traffic_keys(Aead::Aes128Gcm, Hash::Sha256, &Secret::new(hex(secret))).unwrap();
            assert_eq!((keys.key, keys.iv), (hex(key), hex(iv)));
        }
    }

    /// The PRF test vector for SHA-256 that circulates with RFC 5246 (IETF TLS list, P_SHA256).
    #[test]
    fn the_prf_with_sha_256() {
        let secret = hex("9bbe436ba940f017b17652849a71db35");
        let seed = hex("a0ba9f936cda311827a6f796ffd5198c");
        let out = prf(Hash::Sha256, &secret, b"test label", &[&seed], 100).unwrap();
        assert_eq!(
            out,
            hex("e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af
                 0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701
                 87347b66")
        );
    }

    #[test]
    fn a_secret_that_is_too_short_for_its_hash_is_none() {
        assert!(expand_label(Hash::Sha384, &[0; 32], "key", &[], 16).is_none());
    }
}
