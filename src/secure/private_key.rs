//! RSA private keys, and the premaster secrets they open.

use std::fmt;
use std::sync::Arc;

use rsa::Pkcs1v15Encrypt;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;

use crate::secure::keylog::Secret;

/// Length of a premaster secret in RSA key exchange (RFC 5246 §7.4.7.1).
const PREMASTER_LENGTH: usize = 48;

/// A server's RSA key. It never prints itself.
#[derive(Clone)]
pub struct PrivateKey(Arc<rsa::PrivateKey>);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({} bytes)", self.0.size())
    }
}

impl PartialEq for PrivateKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.n() == other.0.n()
    }
}

impl PrivateKey {
    /// From the DER of `RSA PRIVATE KEY` (RFC 8017 §A.1.2).
    pub fn pkcs1(der: &[u8]) -> Option<Self> {
        rsa::PrivateKey::from_pkcs1_der(der).ok().map(Arc::new).map(Self)
    }

    /// From the DER of `PRIVATE KEY` (RFC 5958), if it is of RSA.
    pub fn pkcs8(der: &[u8]) -> Option<Self> {
        rsa::PrivateKey::from_pkcs8_der(der).ok().map(Arc::new).map(Self)
    }

    /// What may be the premaster secret in `encrypted`. Bytes that were not encrypted
    /// to this key yield other bytes, not an error (implicit rejection), so that only a
    /// MAC made with what follows from them shows that they are right.
    pub fn premaster(&self, encrypted: &[u8]) -> Option<Secret> {
        if encrypted.len() != self.0.size() {
            return None;
        }
        let premaster = self.0.decrypt(Pkcs1v15Encrypt, encrypted).ok()?;
        // The version in front is the one that was offered, or by mistake the agreed one.
        (premaster.len() == PREMASTER_LENGTH && premaster.first() == Some(&3)).then(|| Secret::new(premaster))
    }
}
