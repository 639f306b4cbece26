//! AES in ECB and CBC with PKCS #7 padding, for recipes whose key is published.

use aes::cipher::{BlockCipherDecrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};

/// Bytes of a block (FIPS 197).
pub(super) const BLOCK: usize = 16;

/// A key of one of the three lengths.
pub(super) enum Cipher {
    /// 16 bytes.
    Aes128(Box<Aes128>),
    /// 24 bytes.
    Aes192(Box<Aes192>),
    /// 32 bytes.
    Aes256(Box<Aes256>),
}

impl Cipher {
    /// `None`: no key of AES has this length.
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        match key.len() {
            16 => Aes128::new_from_slice(key).ok().map(|c| Self::Aes128(Box::new(c))),
            24 => Aes192::new_from_slice(key).ok().map(|c| Self::Aes192(Box::new(c))),
            32 => Aes256::new_from_slice(key).ok().map(|c| Self::Aes256(Box::new(c))),
            _ => None,
        }
    }

    fn decrypt(&self, block: &mut aes::Block) {
        match self {
            Self::Aes128(cipher) => cipher.decrypt_block(block),
            Self::Aes192(cipher) => cipher.decrypt_block(block),
            Self::Aes256(cipher) => cipher.decrypt_block(block),
        }
    }

    /// The plaintext; with `iv` in CBC (NIST SP 800-38A §6.2), without in ECB. `None` when
    /// the length is no multiple of a block, or the padding is not what RFC 5652 §6.3 makes
    /// it, which a wrong key passes one time in 256.
    pub(super) fn open(&self, iv: Option<&[u8; BLOCK]>, bytes: &[u8]) -> Option<Vec<u8>> {
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        if blocks.is_empty() || !rest.is_empty() {
            return None;
        }
        let mut out = Vec::with_capacity(bytes.len());
        let mut before = iv;
        for sealed in blocks {
            let mut block = aes::Block::from(*sealed);
            self.decrypt(&mut block);
            if let Some(mask) = before {
                block.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
                before = Some(sealed);
            }
            out.extend_from_slice(&block);
        }
        let padding = usize::from(*out.last()?);
        let body = out.len().checked_sub(padding).filter(|_| (1..=BLOCK).contains(&padding))?;
        let sound = out.get(body..)?.iter().all(|b| usize::from(*b) == padding);
        out.truncate(body);
        sound.then_some(out)
    }
}
