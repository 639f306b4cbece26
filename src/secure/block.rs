//! Block ciphers in cipher block chaining, as TLS up to 1.2 has them.

use std::fmt;
use std::sync::Arc;

use aes::{Aes128, Aes256};
use aria::{Aria128, Aria256};
use camellia::{Camellia128, Camellia256};
use cbc::Decryptor;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit, KeyInit};
use des::{Des, TdesEde3};

/// A block cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// AES with a key of 128 bits.
    Aes128,
    /// AES with a key of 256 bits.
    Aes256,
    /// DES, three times, with three keys.
    TripleDes,
    /// DES.
    Des,
    /// RFC 5932.
    Camellia128,
    /// RFC 5932.
    Camellia256,
    /// RFC 6209.
    Aria128,
    /// RFC 6209.
    Aria256,
}

impl Block {
    /// Length of its key in bytes.
    pub fn key_length(self) -> usize {
        match self {
            Self::Des => 8,
            Self::Aes128 | Self::Camellia128 | Self::Aria128 => 16,
            Self::TripleDes => 24,
            Self::Aes256 | Self::Camellia256 | Self::Aria256 => 32,
        }
    }

    /// Length of a block in bytes.
    pub fn block_length(self) -> usize {
        match self {
            Self::Des | Self::TripleDes => 8,
            _ => 16,
        }
    }

    /// With a key of [`Self::key_length`] bytes; `None` for any other length.
    pub fn key(self, bytes: &[u8]) -> Option<BlockKey> {
        let key = match self {
            Self::Aes128 => keyed::<Aes128>(bytes),
            Self::Aes256 => keyed::<Aes256>(bytes),
            Self::TripleDes => keyed::<TdesEde3>(bytes),
            Self::Des => keyed::<Des>(bytes),
            Self::Camellia128 => keyed::<Camellia128>(bytes),
            Self::Camellia256 => keyed::<Camellia256>(bytes),
            Self::Aria128 => keyed::<Aria128>(bytes),
            Self::Aria256 => keyed::<Aria256>(bytes),
        };
        Some(BlockKey { key: key?, block_length: self.block_length() })
    }
}

fn keyed<C>(bytes: &[u8]) -> Option<Arc<dyn Chained>>
where
    C: BlockCipherDecrypt + KeyInit + Clone + Send + Sync + 'static,
{
    Some(Arc::new(C::new_from_slice(bytes).ok()?))
}

trait Chained: Send + Sync {
    fn decrypt(&self, iv: &[u8], blocks: &mut [u8]) -> Option<()>;
}

impl<C: BlockCipherDecrypt + Clone + Send + Sync> Chained for C {
    fn decrypt(&self, iv: &[u8], blocks: &mut [u8]) -> Option<()> {
        let mode = Decryptor::<C>::inner_iv_slice_init(self.clone(), iv).ok()?;
        mode.decrypt_padded::<NoPadding>(blocks).ok().map(|_| ())
    }
}

/// A block cipher with its key.
#[derive(Clone)]
pub struct BlockKey {
    key: Arc<dyn Chained>,
    /// Length of a block in bytes.
    pub block_length: usize,
}

impl fmt::Debug for BlockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlockKey")
    }
}

impl BlockKey {
    /// Decrypts whole blocks; `None` where they are not, or the IV is no block.
    pub fn decrypt(&self, iv: &[u8], blocks: &[u8]) -> Option<Vec<u8>> {
        let mut out = blocks.to_vec();
        self.key.decrypt(iv, &mut out)?;
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    /// NIST SP 800-38A §F.2.2 (AES-128); the others by `openssl enc -e -nopad` of the
    /// same first two blocks under the key 00 01 02 … and the same IV.
    #[test]
    fn blocks_are_decrypted() {
        let iv = hex("000102030405060708090a0b0c0d0e0f");
        let plain = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
        let key = Block::Aes128.key(&hex("2b7e151628aed2a6abf7158809cf4f3c")).unwrap();
        let sealed = hex("7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2");
        assert_eq!(key.decrypt(&iv, &sealed), Some(plain.clone()));
        assert_eq!(key.decrypt(&iv, &sealed[..31]), None);
        assert_eq!(key.decrypt(&iv[..8], &sealed), None);
        for (block, sealed) in [
            (Block::Aes256, "e07836277c862d6e5be37b990bd2d641a1ec519933e6a93ae5cfd01d9d4f3148"),
            (Block::TripleDes, "0ae2342b1059e929b995310155c223353a63e0df1543ee69c9cc816cd2c4c332"),
            (Block::Camellia128, "2ba15d2ab7c6aaf46ee01321ac049a96c2e9f1f8c4df8cd6d1b6d96e7329a662"),
            (Block::Camellia256, "153eaa9966a16e08f9133a437e17c74f9e99c3fe63879ddfe94f302a96304ed7"),
            (Block::Aria128, "67a1c9d125df31989fdb98ce0d2b25aa7a4ccd9999e828e958b575680ef1968a"),
            (Block::Aria256, "2ed37f9ae588f06c5b2af0929648549e1c8f8816a289e5df05ccdbd0c8ec967c"),
        ] {
            let bytes: Vec<u8> = (0..block.key_length()).map(|byte| byte as u8).collect();
            let key = block.key(&bytes).unwrap();
            let iv = &iv[..block.block_length()];
            assert_eq!(key.decrypt(iv, &hex(sealed)), Some(plain.clone()), "{block:?}");
            assert!(block.key(&bytes[1..]).is_none());
        }
    }
}
