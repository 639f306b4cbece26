//! Files given as keys: a PEM file is told from a key log by what is in it.
//!
//! All use of rustls-pemfile, which is no longer maintained, is in this module.

use crate::secure::keylog::{KeyLog, Parsed};
use crate::secure::private_key::PrivateKey;

/// Where a PEM file starts what it holds (RFC 7468 §3).
const BEGIN: &[u8] = b"-----BEGIN ";

/// Items of one file that are looked at. A trust store has a few hundred certificates.
const ITEM_LIMIT: usize = 4096;

/// What a file that was given as keys turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFile {
    /// A key log, and what its lines came to.
    Log(Parsed),
    /// A PEM file.
    Pem(Pem),
}

/// What a PEM file holds, in numbers of items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pem {
    /// Private keys of RSA.
    pub private_keys: usize,
    /// Private keys of elliptic curves and the like, which only sign.
    pub signing_keys: usize,
    /// Private keys under a passphrase.
    pub encrypted_keys: usize,
    /// Certificates.
    pub certificates: usize,
    /// Anything else: public keys, requests, lists of revoked certificates, damaged items.
    pub others: usize,
}

impl Pem {
    /// What it is good for, in a sentence for a person.
    pub fn statement(&self) -> &'static str {
        match self {
            Self { private_keys: 1.., .. } => {
                "a private key: it opens TLS up to 1.2 with RSA key exchange to the server that has it, and nothing else"
            }
            Self { signing_keys: 1.., .. } => {
                "a private key that is not of RSA: it opens nothing; a key log (SSLKEYLOGFILE) does"
            }
            Self { encrypted_keys: 1.., .. } => {
                "a private key under a passphrase, which is not read; give it without one"
            }
            Self { certificates: 1.., .. } => "certificates only: they open nothing",
            _ => "a PEM file without a private key: it opens nothing",
        }
    }
}

/// Adds the content of a file to `keys`. `name` is what junk lines are named by.
pub fn add(keys: &mut KeyLog, bytes: &[u8], name: &str) -> KeyFile {
    if !is_pem(bytes) {
        return KeyFile::Log(keys.parse(bytes, name));
    }
    KeyFile::Pem(read(keys, bytes))
}

/// A line of it opens an item. What stands before the first one is free text.
fn is_pem(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').any(|line| line.trim_ascii_start().starts_with(BEGIN))
}

fn read(keys: &mut KeyLog, bytes: &[u8]) -> Pem {
    use rustls_pemfile::Item;
    let mut found = |key: Option<PrivateKey>| {
        let is_rsa = key.is_some();
        key.map(|key| keys.add_private_key(key));
        is_rsa
    };
    let mut pem = Pem::default();
    let encrypted = memchr::memmem::find_iter(bytes, b"-----BEGIN ENCRYPTED PRIVATE KEY");
    pem.encrypted_keys = encrypted.take(ITEM_LIMIT).count();
    let mut rest = bytes;
    for _ in 0..ITEM_LIMIT {
        match rustls_pemfile::read_one_from_slice(rest) {
            Ok(Some((item, behind))) => {
                rest = behind;
                match item {
                    Item::Pkcs1Key(key) if found(PrivateKey::pkcs1(key.secret_pkcs1_der())) => pem.private_keys += 1,
                    Item::Pkcs8Key(key) if found(PrivateKey::pkcs8(key.secret_pkcs8_der())) => pem.private_keys += 1,
                    Item::Pkcs8Key(_) | Item::Sec1Key(_) => pem.signing_keys += 1,
                    Item::X509Certificate(_) => pem.certificates += 1,
                    _ => pem.others += 1,
                }
            }
            Ok(None) => break,
            Err(_) => {
                pem.others += 1;
                break;
            }
        }
    }
    pem
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secure::replay::fixtures;

    fn added(bytes: &[u8]) -> (KeyLog, KeyFile) {
        let mut keys = KeyLog::new();
        let file = add(&mut keys, bytes, "given");
        (keys, file)
    }

    #[test]
    fn a_private_key_is_read_and_said_what_it_opens() {
        let (keys, file) = added(&std::fs::read(fixtures().join("rsa.key")).unwrap());
        assert_eq!(file, KeyFile::Pem(Pem { private_keys: 1, ..Pem::default() }));
        assert!(keys.has_private_key() && keys.is_empty());
        let KeyFile::Pem(pem) = file else { unreachable!() };
        assert!(pem.statement().contains("RSA key exchange"));
    }

    #[test]
    fn a_key_log_stays_a_key_log() {
        let (keys, file) = added(&std::fs::read(fixtures().join("tls13-aes128gcm.keys")).unwrap());
        assert!(matches!(file, KeyFile::Log(parsed) if parsed.used >= 4 && parsed.junk == 0));
        assert!(!keys.is_empty() && !keys.has_private_key());
    }

    #[test]
    fn other_items_are_named_for_what_they_are() {
        let encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let (keys, file) = added(encrypted);
        assert!(matches!(file, KeyFile::Pem(Pem { encrypted_keys: 1, private_keys: 0, .. })), "{file:?}");
        assert!(!keys.has_private_key());
        let (_, file) = added(b"subject=CN = x\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assert!(matches!(file, KeyFile::Pem(Pem { certificates: 1, .. })), "{file:?}");
        let (_, file) = added(b"-----BEGIN RSA PRIVATE KEY-----\n!!!\n");
        assert!(matches!(file, KeyFile::Pem(Pem { private_keys: 0, others: 1, .. })), "{file:?}");
    }
}
