//! From secrets to keys: the PRF and key block of TLS 1.2 (RFC 5246 §5, §6.3), the
//! labels of TLS 1.3 (RFC 8446 §7), which QUIC has taken over (RFC 9001 §5.1).

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384};

use crate::secure::aead::NONCE_LENGTH;
use crate::secure::keylog::Secret;
use crate::secure::tls::suites::Protection;

/// Hash of a key schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// 32 bytes.
    Sha256,
    /// 48 bytes.
    Sha384,
}

impl Hash {
    /// Length of its digests, and so of the traffic secrets of TLS 1.3, in bytes.
    pub fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    /// HMAC (RFC 2104) of the parts, one behind the other.
    fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Option<Vec<u8>> {
        fn run<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Option<Vec<u8>> {
            let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
            parts.iter().for_each(|part| mac.update(part));
            Some(mac.finalize().into_bytes().to_vec())
        }
        match self {
            Self::Sha256 => run::<Hmac<Sha256>>(key, parts),
            Self::Sha384 => run::<Hmac<Sha384>>(key, parts),
        }
    }
}

/// The pseudorandom function of TLS 1.2, `length` bytes of it (RFC 5246 §5).
pub fn prf(hash: Hash, secret: &[u8], label: &[u8], seed: &[&[u8]], length: usize) -> Option<Vec<u8>> {
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
    }
    Some(out)
}

/// Key and IV of one direction.
pub struct KeyAndIv {
    /// Key of the cipher.
    pub key: Vec<u8>,
    /// What nonces are made from. For GCM in TLS 1.2 only the first four bytes are
    /// set: the rest of the nonce stands in each record (RFC 5288 §3).
    pub iv: [u8; NONCE_LENGTH],
}

/// Keys of both directions, client's first, from the master secret of TLS 1.2.
/// `iv_length` is the part of the nonce that the key block yields.
pub fn key_block(
    protection: Protection,
    master: &Secret,
    client_random: &[u8; 32],
    server_random: &[u8; 32],
    iv_length: usize,
) -> Option<(KeyAndIv, KeyAndIv)> {
    let key_length = protection.aead.key_length();
    // An AEAD has no MAC keys, so the block starts with the write keys (RFC 5246 §6.3).
    let seed: [&[u8]; 2] = [server_random, client_random];
    let block = prf(protection.hash, master.bytes(), b"key expansion", &seed, 2 * (key_length + iv_length))?;
    let mut reader = crate::secure::codec::Reader::new(&block);
    let client_key = reader.take(key_length)?.to_vec();
    let server_key = reader.take(key_length)?.to_vec();
    let client_iv = padded(reader.take(iv_length)?)?;
    let server_iv = padded(reader.take(iv_length)?)?;
    Some((KeyAndIv { key: client_key, iv: client_iv }, KeyAndIv { key: server_key, iv: server_iv }))
}

fn padded(bytes: &[u8]) -> Option<[u8; NONCE_LENGTH]> {
    let mut iv = [0; NONCE_LENGTH];
    iv.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(iv)
}

/// The master secret of TLS 1.2 from a premaster secret, without the extended form
/// of RFC 7627 (RFC 5246 §8.1).
pub fn master_secret(
    hash: Hash,
    premaster: &Secret,
    client_random: &[u8; 32],
    server_random: &[u8; 32],
) -> Option<Secret> {
    prf(hash, premaster.bytes(), b"master secret", &[client_random, server_random], 48).map(Secret::new)
}

/// Key and IV of a traffic secret of TLS 1.3 (RFC 8446 §7.3).
pub fn traffic_keys(protection: Protection, secret: &Secret) -> Option<KeyAndIv> {
    let expand = |label, length| expand_label(protection.hash, secret.bytes(), label, &[], length);
    let key = expand("key", protection.aead.key_length())?;
    let iv = expand("iv", NONCE_LENGTH)?.try_into().ok()?;
    Some(KeyAndIv { key, iv })
}

/// The traffic secret after one key update (RFC 8446 §7.2).
pub fn next_traffic_secret(hash: Hash, secret: &Secret) -> Option<Secret> {
    expand_label(hash, secret.bytes(), "traffic upd", &[], hash.length()).map(Secret::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secure::aead::Aead;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.replace([' ', '\n'], "").as_bytes()).unwrap()
    }

    /// RFC 8448 §3: write traffic keys for handshake and application data, server and client.
    #[test]
    fn traffic_keys_of_rfc_8448() {
        let protection = Protection { aead: Aead::Aes128Gcm, hash: Hash::Sha256 };
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
            let keys = traffic_keys(protection, &Secret::new(hex(secret))).unwrap();
            assert_eq!((keys.key, keys.iv.to_vec()), (hex(key), hex(iv)));
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
