//! Cipher suites: their IANA names, and what the names say about keys and records.
//!
//! The name of a suite tells all that reading needs: the key exchange before
//! `_WITH_`, the record protection behind it, the hash at the end. So the table has
//! names only, and a suite is opened when its protection is one that
//! [`Aead`] knows.

use std::fmt;
use std::sync::LazyLock;

use crate::secure::aead::Aead;
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
    pub aead: Aead,
    /// Hash of the PRF (TLS 1.2) or of HKDF (TLS 1.3).
    pub hash: Hash,
}

impl Suite {
    /// The name in the IANA registry.
    pub fn name(self) -> Option<&'static str> {
        let index = NAMES.binary_search_by_key(&self.0, |(code, _)| *code).ok()?;
        NAMES.get(index).map(|(_, name)| *name)
    }

    /// How records are protected; `None` where that is not opened (or not known).
    pub fn protection(self) -> Option<Protection> {
        let name = self.name()?;
        let cipher = name.split_once("_WITH_").map_or_else(|| name.strip_prefix("TLS_"), |(_, cipher)| Some(cipher))?;
        let (aead, hash) = match cipher {
            "AES_128_GCM_SHA256" => (Aead::Aes128Gcm, Hash::Sha256),
            "AES_256_GCM_SHA384" => (Aead::Aes256Gcm, Hash::Sha384),
            "CHACHA20_POLY1305_SHA256" => (Aead::ChaCha20Poly1305, Hash::Sha256),
            _ => return None,
        };
        Some(Protection { aead, hash })
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
        let gcm = Protection { aead: Aead::Aes128Gcm, hash: Hash::Sha256 };
        assert_eq!(Suite(0x1301).to_string(), "TLS_AES_128_GCM_SHA256");
        assert_eq!(Suite(0x1301).protection(), Some(gcm));
        assert_eq!(Suite(0xc02f).to_string(), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(Suite(0xc02f).protection(), Some(gcm));
        assert_eq!(Suite(0xcca8).protection().map(|protection| protection.aead), Some(Aead::ChaCha20Poly1305));
        assert_eq!(Suite(0xc030).protection().map(|protection| protection.hash), Some(Hash::Sha384));
        assert_eq!(Suite(0xc013).protection(), None, "CBC");
        assert_eq!(Suite(0xfafa).to_string(), "0xfafa");
    }

    #[test]
    fn rsa_key_exchange_is_not_rsa_authentication() {
        assert!(Suite(0x009c).is_rsa_key_exchange());
        assert!(!Suite(0xc02f).is_rsa_key_exchange());
    }
}
