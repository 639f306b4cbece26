//! Cipher suites: their IANA names, and what the names say about keys and records.
//!
//! The name of a suite tells all that reading needs: the key exchange before
//! `_WITH_`, the record protection after it, the hash at the end. So the table has
//! names only, and a suite is opened when its protection is one that
//! [`Cipher`] knows.

use std::fmt;
use std::sync::LazyLock;

use crate::secure::aead::Aead;
use crate::secure::block::Block;
use crate::secure::tls::schedule::Hash;

/// A cipher suite by its code point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Suite(pub u16);

/// Name by code point, ascending.
static NAMES: LazyLock<Vec<(u16, &'static str)>> = LazyLock::new(|| {
    let lines = include_str!("suites.tsv").lines().filter(|line| !line.starts_with('#'));
    let mut names: Vec<_> = lines
        .filter_map(|line| {
            let (code, name) = line.split_once('\t')?;
            Some((u16::from_str_radix(code, 16).ok()?, name))
        })
        .collect();
    names.sort_unstable();
    names
});

/// How a suite protects records, and the hash of its key schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// The cipher.
    pub cipher: Cipher,
    /// Hash of the PRF (TLS 1.2) or of HKDF (TLS 1.3).
    pub hash: Hash,
}

/// A cipher, with the hash of its MAC where it does not authenticate itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// With its own authentication.
    Aead(Aead),
    /// A block cipher in cipher block chaining.
    Cbc(Block, Hash),
    /// RC4 with a key of 128 bits.
    Rc4(Hash),
    /// None: records are authenticated only (RFC 5246 §6.2.3.1).
    Null(Hash),
}

impl Suite {
    /// The name in the IANA registry, or of TLCP.
    pub fn name(self) -> Option<&'static str> {
        let index = NAMES.binary_search_by_key(&self.0, |(code, _)| *code).ok()?;
        NAMES.get(index).map(|(_, name)| *name)
    }

    /// How records are protected; `None` where that is not opened (or not known).
    pub fn protection(self) -> Option<Protection> {
        let name = self.name()?;
        // An early draft under the names of RFC 7905, with another nonce; and ciphers for
        // export, whose keys are shortened in a way of their own.
        if matches!(self.0, 0xcc13..=0xcc15) || name.contains("_EXPORT") {
            return None;
        }
        let parts = name.split_once("_WITH_").map_or_else(|| name.strip_prefix("TLS_"), |(_, cipher)| Some(cipher))?;
        let (cipher, hash) = match parts.rsplit_once('_')? {
            (cipher, "MD5") => (cipher, Hash::Md5),
            (cipher, "SHA") => (cipher, Hash::Sha1),
            (cipher, "SHA256") => (cipher, Hash::Sha256),
            (cipher, "SHA384") => (cipher, Hash::Sha384),
            (cipher, "SM3") => (cipher, Hash::Sm3),
            // CCM's names tell no hash: it is the default one (RFC 6655 §3).
            _ => (parts, Hash::Sha256),
        };
        let cipher = match cipher {
            "AES_128_GCM" => Cipher::Aead(Aead::Aes128Gcm),
            "AES_256_GCM" => Cipher::Aead(Aead::Aes256Gcm),
            "CHACHA20_POLY1305" => Cipher::Aead(Aead::ChaCha20Poly1305),
            "AES_128_CCM" => Cipher::Aead(Aead::Aes128Ccm),
            "AES_256_CCM" => Cipher::Aead(Aead::Aes256Ccm),
            "AES_128_CCM_8" => Cipher::Aead(Aead::Aes128Ccm8),
            "AES_256_CCM_8" => Cipher::Aead(Aead::Aes256Ccm8),
            "SM4_GCM" => Cipher::Aead(Aead::Sm4Gcm),
            "SM4_CCM" => Cipher::Aead(Aead::Sm4Ccm),
            "ARIA_128_GCM" => Cipher::Aead(Aead::Aria128Gcm),
            "ARIA_256_GCM" => Cipher::Aead(Aead::Aria256Gcm),
            "CAMELLIA_128_GCM" => Cipher::Aead(Aead::Camellia128Gcm),
            "CAMELLIA_256_GCM" => Cipher::Aead(Aead::Camellia256Gcm),
            "AES_128_CBC" => Cipher::Cbc(Block::Aes128, hash),
            "AES_256_CBC" => Cipher::Cbc(Block::Aes256, hash),
            "3DES_EDE_CBC" => Cipher::Cbc(Block::TripleDes, hash),
            "DES_CBC" => Cipher::Cbc(Block::Des, hash),
            "CAMELLIA_128_CBC" => Cipher::Cbc(Block::Camellia128, hash),
            "CAMELLIA_256_CBC" => Cipher::Cbc(Block::Camellia256, hash),
            "ARIA_128_CBC" => Cipher::Cbc(Block::Aria128, hash),
            "ARIA_256_CBC" => Cipher::Cbc(Block::Aria256, hash),
            "RC4_128" => Cipher::Rc4(hash),
            "NULL" => Cipher::Null(hash),
            _ => return None,
        };
        // The hash of an older suite is that of its MAC; its PRF takes SHA-256 (RFC 5246 §5).
        let hash = if matches!(hash, Hash::Md5 | Hash::Sha1) { Hash::Sha256 } else { hash };
        Some(Protection { cipher, hash })
    }

    /// How records and packets are protected in TLS 1.3 and QUIC: by one of its suites.
    pub fn protection13(self) -> Option<(Aead, Hash)> {
        if self.name()?.contains("_WITH_") {
            return None;
        }
        match self.protection()? {
            Protection { cipher: Cipher::Aead(aead), hash } => Some((aead, hash)),
            _ => None,
        }
    }

    /// The premaster secret is encrypted to the server's RSA key, which alone would open it.
    pub fn is_rsa_key_exchange(self) -> bool {
        self.name().is_some_and(|name| name.starts_with("TLS_RSA_WITH_"))
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:04x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_protections_of_suites() {
        let gcm = Protection { cipher: Cipher::Aead(Aead::Aes128Gcm), hash: Hash::Sha256 };
        assert_eq!(Suite(0x1301).to_string(), "TLS_AES_128_GCM_SHA256");
        assert_eq!(Suite(0xc02f).to_string(), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        for (code, cipher, hash) in [
            (0x1301, gcm.cipher, Hash::Sha256),
            (0xc02f, gcm.cipher, Hash::Sha256),
            (0xcca8, Cipher::Aead(Aead::ChaCha20Poly1305), Hash::Sha256),
            (0xc030, Cipher::Aead(Aead::Aes256Gcm), Hash::Sha384),
            (0xc013, Cipher::Cbc(Block::Aes128, Hash::Sha1), Hash::Sha256),
            (0xc028, Cipher::Cbc(Block::Aes256, Hash::Sha384), Hash::Sha384),
            (0xc0a0, Cipher::Aead(Aead::Aes128Ccm8), Hash::Sha256),
            (0x1305, Cipher::Aead(Aead::Aes128Ccm8), Hash::Sha256),
            (0x00c6, Cipher::Aead(Aead::Sm4Gcm), Hash::Sm3),
            (0x0004, Cipher::Rc4(Hash::Md5), Hash::Sha256),
            (0x003b, Cipher::Null(Hash::Sha256), Hash::Sha256),
        ] {
            assert_eq!(Suite(code).protection(), Some(Protection { cipher, hash }), "{code:04x}");
        }
        // Nothing is agreed; export; Salsa20; TLCP.
        for code in [0x0000, 0x0008, 0xe410, 0xe013] {
            assert_eq!(Suite(code).protection(), None, "{code:04x}");
        }
        assert_eq!(Suite(0xc02f).protection13(), None);
        assert_eq!(Suite(0x1301).protection13(), Some((Aead::Aes128Gcm, Hash::Sha256)));
        assert_eq!(Suite(0xfafa).to_string(), "0xfafa");
    }

    #[test]
    fn rsa_key_exchange_is_not_rsa_authentication() {
        assert!(Suite(0x009c).is_rsa_key_exchange());
        assert!(!Suite(0xc02f).is_rsa_key_exchange());
    }
}
