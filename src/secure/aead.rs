//! The ciphers that open records and packets, behind one small interface.
//!
//! Whether a secret is the right one is never assumed: the authentication tag of
//! what it opens decides.

use std::fmt;
use std::sync::Arc;

use aes::{Aes128, Aes256};
use aes_gcm::AesGcm;
use aes_gcm::aead::consts::{U8, U12, U16};
use aes_gcm::aead::{AeadInOut, KeyInit, Nonce};
use aria::{Aria128, Aria256};
use camellia::{Camellia128, Camellia256};
use ccm::Ccm;
use ring::aead;
use sm4::Sm4;

/// Bytes of the nonce; the same for all ciphers here.
pub const NONCE_LENGTH: usize = 12;

/// A cipher with authentication (RFC 5116).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aead {
    /// AES-128 in Galois/counter mode.
    Aes128Gcm,
    /// AES-256 in Galois/counter mode.
    Aes256Gcm,
    /// RFC 8439.
    ChaCha20Poly1305,
    /// AES-128 in counter mode with CBC-MAC (RFC 6655).
    Aes128Ccm,
    /// AES-256 in counter mode with CBC-MAC.
    Aes256Ccm,
    /// The same with a tag of eight bytes.
    Aes128Ccm8,
    /// The same with a tag of eight bytes.
    Aes256Ccm8,
    /// RFC 8998.
    Sm4Gcm,
    /// RFC 8998.
    Sm4Ccm,
    /// RFC 6209.
    Aria128Gcm,
    /// RFC 6209.
    Aria256Gcm,
    /// RFC 6367.
    Camellia128Gcm,
    /// RFC 6367.
    Camellia256Gcm,
}

impl Aead {
    /// Length of its key in bytes.
    pub fn key_length(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Ccm | Self::Aes128Ccm8 => 16,
            Self::Sm4Gcm | Self::Sm4Ccm | Self::Aria128Gcm | Self::Camellia128Gcm => 16,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 | Self::Aes256Ccm | Self::Aes256Ccm8 => 32,
            Self::Aria256Gcm | Self::Camellia256Gcm => 32,
        }
    }

    /// Bytes of the tag behind each ciphertext.
    pub fn tag_length(self) -> usize {
        match self {
            Self::Aes128Ccm8 | Self::Aes256Ccm8 => 8,
            _ => 16,
        }
    }

    /// Bytes of the nonce that the key block of TLS 1.2 yields: all of it (RFC 7905 §2), or
    /// four, and the other eight stand in each record (RFC 5288 §3, RFC 6655 §3).
    pub fn implicit_length(self) -> usize {
        match self {
            Self::ChaCha20Poly1305 => NONCE_LENGTH,
            _ => 4,
        }
    }

    /// With a key of [`Self::key_length`] bytes; `None` for any other length.
    pub fn key(self, bytes: &[u8]) -> Option<OpeningKey> {
        // ring is some three times as fast as the general mode over AES, and most traffic is its.
        let ring = |algorithm| {
            let key = aead::UnboundKey::new(algorithm, bytes).ok()?;
            Some(OpeningKey::Ring(Arc::new(aead::LessSafeKey::new(key))))
        };
        match self {
            Self::Aes128Gcm => ring(&aead::AES_128_GCM),
            Self::Aes256Gcm => ring(&aead::AES_256_GCM),
            Self::ChaCha20Poly1305 => ring(&aead::CHACHA20_POLY1305),
            Self::Aes128Ccm => other::<Ccm<Aes128, U16, U12>>(bytes),
            Self::Aes256Ccm => other::<Ccm<Aes256, U16, U12>>(bytes),
            Self::Aes128Ccm8 => other::<Ccm<Aes128, U8, U12>>(bytes),
            Self::Aes256Ccm8 => other::<Ccm<Aes256, U8, U12>>(bytes),
            Self::Sm4Gcm => other::<AesGcm<Sm4, U12>>(bytes),
            Self::Sm4Ccm => other::<Ccm<Sm4, U16, U12>>(bytes),
            Self::Aria128Gcm => other::<AesGcm<Aria128, U12>>(bytes),
            Self::Aria256Gcm => other::<AesGcm<Aria256, U12>>(bytes),
            Self::Camellia128Gcm => other::<AesGcm<Camellia128, U12>>(bytes),
            Self::Camellia256Gcm => other::<AesGcm<Camellia256, U12>>(bytes),
        }
    }
}

fn other<C>(bytes: &[u8]) -> Option<OpeningKey>
where
    C: AeadInOut<NonceSize = U12> + KeyInit + Send + Sync + 'static,
{
    Some(OpeningKey::Other(Arc::new(C::new_from_slice(bytes).ok()?)))
}

/// A cipher with its key, whichever it is.
pub trait Opens: Send + Sync {
    /// Makes plaintext of `sealed`, if its tag fits.
    fn open(&self, nonce: &[u8; NONCE_LENGTH], associated: &[u8], sealed: &mut Vec<u8>) -> Option<()>;
}

impl<C: AeadInOut<NonceSize = U12> + Send + Sync> Opens for C {
    fn open(&self, nonce: &[u8; NONCE_LENGTH], associated: &[u8], sealed: &mut Vec<u8>) -> Option<()> {
        self.decrypt_in_place(&Nonce::<C>::from(*nonce), associated, sealed).ok()
    }
}

/// A cipher with its key.
#[derive(Clone)]
pub enum OpeningKey {
    /// One of ring's.
    Ring(Arc<aead::LessSafeKey>),
    /// Any other.
    Other(Arc<dyn Opens>),
}

impl fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpeningKey")
    }
}

impl OpeningKey {
    /// The plaintext of `sealed` (ciphertext and tag), or `None` when the tag does not fit.
    pub fn open(&self, nonce: [u8; NONCE_LENGTH], associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        // Opened in a copy: a failure may overwrite it, and the next secret needs it whole.
        let mut buffer = sealed.to_vec();
        match self {
            Self::Ring(key) => {
                let nonce = aead::Nonce::assume_unique_for_key(nonce);
                let length = key.open_in_place(nonce, aead::Aad::from(associated), &mut buffer).ok()?.len();
                buffer.truncate(length);
            }
            Self::Other(key) => key.open(&nonce, associated, &mut buffer)?,
        }
        Some(buffer)
    }
}

/// The nonce of record or packet `number`: the number, padded on the left to the
/// length of the IV, exclusive-or'd with it (RFC 8446 §5.3, RFC 7905 §2, RFC 9001 §5.3).
pub fn nonce(iv: &[u8; NONCE_LENGTH], number: u64) -> [u8; NONCE_LENGTH] {
    let mut nonce = *iv;
    for (byte, number) in nonce.iter_mut().rev().zip(number.to_le_bytes()) {
        *byte ^= number;
    }
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8439 §2.8.2.
    #[test]
    fn chacha20_poly1305_opens_its_vector_and_nothing_else() {
        let key: Vec<u8> = (0x80..0xa0).collect();
        let nonce = [7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47];
        let associated = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
        let sealed = data_encoding::HEXLOWER
            .decode(
                b"d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b\
                  1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
                  3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
            )
            .unwrap();
        let key = Aead::ChaCha20Poly1305.key(&key).unwrap();
        let plain = key.open(nonce, &associated, &sealed).unwrap();
        assert!(plain.starts_with(b"Ladies and Gentlemen of the class of '99"));
        assert_eq!(key.open([0; 12], &associated, &sealed), None);
        assert_eq!(key.open(nonce, &[], &sealed), None);
        assert_eq!(key.open(nonce, &associated, b"short"), None);
    }

    /// RFC 8998 §A.1 and §A.2: SM4 in both modes.
    #[test]
    fn sm4_opens_its_vectors() {
        let hex = |text: &str| data_encoding::HEXUPPER.decode(text.as_bytes()).unwrap();
        let key = hex("0123456789ABCDEFFEDCBA9876543210");
        let nonce = hex("00001234567800000000ABCD").try_into().unwrap();
        let associated = hex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2");
        let plain: Vec<u8> = [0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0xee, 0xaa].iter().flat_map(|b| [*b; 8]).collect();
        for (aead, sealed) in [
            (
                Aead::Sm4Gcm,
                "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735D82710CA5C22F0CCFA7CBF93D496AC15\
                 A56834CBCF98C397B4024A2691233B8D83DE3541E4C2B58177E065A9BF7B62EC",
            ),
            (
                Aead::Sm4Ccm,
                "48AF93501FA62ADBCD414CCE6034D895DDA1BF8F132F042098661572E7483094FD12E518CE062C98ACEE28D95DF4416B\
                 ED31A2F04476C18BB40C84A74B97DC5B16842D4FA186F56AB33256971FA110F4",
            ),
        ] {
            let opened = aead.key(&key).unwrap().open(nonce, &associated, &hex(sealed));
            assert_eq!(opened, Some(plain.clone()), "{aead:?}");
        }
    }

    #[test]
    fn a_key_of_the_wrong_length_is_none() {
        assert!(Aead::Aes256Gcm.key(&[0; 16]).is_none());
    }

    #[test]
    fn the_number_is_padded_on_the_left() {
        assert_eq!(nonce(&[0xff; 12], 0x0102), [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0xfe, 0xfd]);
    }
}
