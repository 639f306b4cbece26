//! Records of ciphers that do not authenticate themselves: a MAC, and around it (or
//! inside it, RFC 7366) a block cipher, RC4, or nothing.
//!
//! Two of these depend on the record before: RC4 runs on from record to record, and
//! the IV of TLS 1.0 is the last block of the ciphertext before (RFC 2246 §6.2.3.2).
//! Behind a hole RC4 stays closed; TLS 1.0 goes on with the second record.

use std::collections::VecDeque;
use std::fmt;

use rc4::Rc4;
use rc4::cipher::{KeyInit, StreamCipher};

use crate::secure::block::BlockKey;
use crate::secure::tls::Version;
use crate::secure::tls::opening::Content;
use crate::secure::tls::record::Record;
use crate::secure::tls::schedule::{Agreed, DirectionKeys, Hash};
use crate::secure::tls::suites::Cipher;

/// Opens records of one direction.
#[derive(Debug)]
pub struct LegacyKey {
    cipher: Keyed,
    hash: Hash,
    mac: Vec<u8>,
    version: Version,
    encrypt_then_mac: bool,
}

#[derive(Debug)]
enum Keyed {
    Null,
    /// `None` after a hole.
    Rc4(Option<Box<Keystream>>),
    Cbc {
        key: BlockKey,
        iv: Iv,
    },
}

/// Where the IV of a record comes from.
#[derive(Debug)]
enum Iv {
    /// The record starts with it: TLS 1.1 and later.
    Explicit,
    /// The last block before; `None` after a hole.
    Chained(Option<Vec<u8>>),
}

/// RC4's bytes, as far as they were tried on the present record.
struct Keystream {
    cipher: Rc4,
    ahead: VecDeque<u8>,
}

impl fmt::Debug for Keystream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keystream")
    }
}

impl Keystream {
    /// The next bytes, which stay next until they are passed.
    fn decrypt(&mut self, sealed: &[u8]) -> Vec<u8> {
        let mut more = vec![0; sealed.len().saturating_sub(self.ahead.len())];
        self.cipher.apply_keystream(&mut more);
        self.ahead.extend(more);
        sealed.iter().zip(&self.ahead).map(|(byte, key)| byte ^ key).collect()
    }

    fn pass(&mut self, length: usize) {
        self.decrypt(&vec![0; length]);
        self.ahead.drain(..length.min(self.ahead.len()));
    }
}

impl LegacyKey {
    /// From the key block.
    pub fn new(agreed: &Agreed, encrypt_then_mac: bool, keys: DirectionKeys) -> Option<Self> {
        let (cipher, hash) = match agreed.protection.cipher {
            Cipher::Null(hash) => (Keyed::Null, hash),
            Cipher::Rc4(hash) => {
                let cipher = Rc4::new_from_slice(&keys.key).ok()?;
                (Keyed::Rc4(Some(Box::new(Keystream { cipher, ahead: VecDeque::new() }))), hash)
            }
            Cipher::Cbc(block, hash) => {
                let iv = if keys.iv.is_empty() { Iv::Explicit } else { Iv::Chained(Some(keys.iv)) };
                (Keyed::Cbc { key: block.key(&keys.key)?, iv }, hash)
            }
            Cipher::Aead(_) => return None,
        };
        // RFC 7366 is about block ciphers only (§3).
        let encrypt_then_mac = encrypt_then_mac && matches!(cipher, Keyed::Cbc { .. });
        Some(Self { cipher, hash, mac: keys.mac, version: agreed.version, encrypt_then_mac })
    }

    /// Opens a record as number `sequence`.
    pub fn open(&mut self, sequence: u64, record: &Record) -> Option<Content> {
        let sealed = record.payload.as_slice();
        let bytes = if self.encrypt_then_mac {
            let sealed = self.authenticated(sequence, record, sealed)?;
            self.decrypt(sealed)?
        } else {
            let bytes = self.decrypt(sealed)?;
            self.authenticated(sequence, record, &bytes)?.to_vec()
        };
        Some(Content { kind: Some(record.kind), bytes })
    }

    /// What is before the MAC, if that is right.
    fn authenticated<'a>(&self, sequence: u64, record: &Record, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let (content, mac) = bytes.split_at_checked(bytes.len().checked_sub(self.hash.length())?)?;
        let [kind, major, minor, ..] = record.header();
        let (sequence, length) = (sequence.to_be_bytes(), u16::try_from(content.len()).ok()?.to_be_bytes());
        let expected = if self.version == Version::SSL3 {
            // RFC 6101 §5.2.3.1: 48 bytes of padding for MD5, 40 for SHA-1.
            let padding = if self.hash == Hash::Md5 { 48 } else { 40 };
            let (inner, outer) = (vec![0x36; padding], vec![0x5c; padding]);
            let inner = self.hash.digest(&[&self.mac, &inner, &sequence, &[kind], &length, content]);
            self.hash.digest(&[&self.mac, &outer, &inner])
        } else {
            self.hash.hmac(&self.mac, &[&sequence, &[kind, major, minor], &length, content])?
        };
        (expected == mac).then_some(content)
    }

    /// Without padding.
    fn decrypt(&mut self, sealed: &[u8]) -> Option<Vec<u8>> {
        match &mut self.cipher {
            Keyed::Null => Some(sealed.to_vec()),
            Keyed::Rc4(stream) => stream.as_mut().map(|stream| stream.decrypt(sealed)),
            Keyed::Cbc { key, iv } => {
                let (iv, blocks) = match iv {
                    Iv::Explicit => sealed.split_at_checked(key.block_length)?,
                    Iv::Chained(iv) => (iv.as_deref()?, sealed),
                };
                let mut bytes = key.decrypt(iv, blocks)?;
                let padding = *bytes.last()?;
                let length = bytes.len().checked_sub(usize::from(padding) + 1)?;
                let is_right = match self.version {
                    // Whatever bytes, but less than a block of them (RFC 6101 §5.2.3.2).
                    Version::SSL3 => usize::from(padding) < key.block_length,
                    _ => bytes.get(length..)?.iter().all(|byte| *byte == padding),
                };
                bytes.truncate(length);
                is_right.then_some(bytes)
            }
        }
    }

    /// The record is done with, and the next one follows it.
    pub fn pass(&mut self, record: &Record) {
        match &mut self.cipher {
            Keyed::Rc4(Some(stream)) => stream.pass(record.payload.len()),
            Keyed::Cbc { key, iv: Iv::Chained(iv) } => {
                let mac = if self.encrypt_then_mac { self.hash.length() } else { 0 };
                let end = record.payload.len().saturating_sub(mac);
                let blocks = record.payload.get(..end).unwrap_or_default();
                let last = blocks.len().checked_sub(key.block_length);
                *iv = last.and_then(|last| blocks.get(last..)).map(<[u8]>::to_vec);
            }
            _ => {}
        }
    }

    /// Records are missing before the next one.
    pub fn lose(&mut self) {
        match &mut self.cipher {
            Keyed::Rc4(stream) => *stream = None,
            Keyed::Cbc { iv: Iv::Chained(iv), .. } => *iv = None,
            _ => {}
        }
    }
}
