//! One key that opens records, whatever the version and the cipher.

use crate::secure::aead::{Aead, NONCE_LENGTH, OpeningKey, nonce};
use crate::secure::codec::Reader;
use crate::secure::keylog::Secret;
use crate::secure::tls::legacy::LegacyKey;
use crate::secure::tls::record::{ContentType, Record};
use crate::secure::tls::schedule::{Agreed, DirectionKeys, Hash, traffic_keys};
use crate::secure::tls::suites::Cipher;

/// How the nonce of a record comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// TLS 1.2 with GCM and CCM: the record starts with eight bytes of it (RFC 5288 §3).
    Explicit,
    /// TLS 1.2 with ChaCha20-Poly1305 (RFC 7905 §2).
    Implicit,
    /// TLS 1.3 (RFC 8446 §5.2, §5.3).
    Tls13,
    /// Its drafts before 25, in which the header was not authenticated.
    Tls13Bare,
}

/// Opens records of one direction with a cipher that authenticates itself.
#[derive(Clone, Debug)]
pub struct AeadKey {
    key: OpeningKey,
    tag_length: usize,
    iv: [u8; NONCE_LENGTH],
    form: Form,
}

/// Opens records of one direction.
#[derive(Debug)]
pub enum RecordKey {
    /// An AEAD: each record for itself.
    Aead(AeadKey),
    /// Cipher and MAC apart; some depend on the record before.
    Legacy(Box<LegacyKey>),
}

/// What was inside a record.
#[derive(Debug, PartialEq, Eq)]
pub struct Content {
    /// Its content type; `None` for a number that none has.
    pub kind: Option<ContentType>,
    /// Without padding.
    pub bytes: Vec<u8>,
}

impl RecordKey {
    /// From the key block of versions up to TLS 1.2. `encrypt_then_mac`: RFC 7366 is agreed.
    pub fn tls12(agreed: &Agreed, encrypt_then_mac: bool, keys: DirectionKeys) -> Option<Self> {
        let Cipher::Aead(aead) = agreed.protection.cipher else {
            return LegacyKey::new(agreed, encrypt_then_mac, keys).map(Box::new).map(Self::Legacy);
        };
        let form = if aead.implicit_length() == NONCE_LENGTH { Form::Implicit } else { Form::Explicit };
        AeadKey::new(aead, keys, form).map(Self::Aead)
    }

    /// From a traffic secret of TLS 1.3. `bare`: as its drafts before 25 did it.
    pub fn tls13(aead: Aead, hash: Hash, secret: &Secret, bare: bool) -> Option<Self> {
        let form = if bare { Form::Tls13Bare } else { Form::Tls13 };
        AeadKey::new(aead, traffic_keys(aead, hash, secret)?, form).map(Self::Aead)
    }

    /// Opens a record as number `sequence`.
    pub fn open(&mut self, sequence: u64, record: &Record) -> Option<Content> {
        match self {
            Self::Aead(key) => key.open(sequence, record),
            Self::Legacy(key) => key.open(sequence, record),
        }
    }

    /// The record is done with, opened or not, and the next one follows it.
    pub fn pass(&mut self, record: &Record) {
        if let Self::Legacy(key) = self {
            key.pass(record);
        }
    }

    /// Records are missing before the next one.
    pub fn lose(&mut self) {
        if let Self::Legacy(key) = self {
            key.lose();
        }
    }
}

impl AeadKey {
    fn new(aead: Aead, keys: DirectionKeys, form: Form) -> Option<Self> {
        let mut iv = [0; NONCE_LENGTH];
        iv.get_mut(..keys.iv.len())?.copy_from_slice(&keys.iv);
        Some(Self { key: aead.key(&keys.key)?, tag_length: aead.tag_length(), iv, form })
    }

    fn open(&self, sequence: u64, record: &Record) -> Option<Content> {
        match self.form {
            Form::Explicit => {
                let mut reader = Reader::new(&record.payload);
                let [a, b, c, d, ..] = self.iv;
                let [e, f, g, h, i, j, k, l] = reader.array::<8>()?;
                let nonce = [a, b, c, d, e, f, g, h, i, j, k, l];
                self.open12(nonce, sequence, record, reader.rest())
            }
            Form::Implicit => self.open12(nonce(&self.iv, sequence), sequence, record, &record.payload),
            Form::Tls13 | Form::Tls13Bare => {
                if record.kind != ContentType::ApplicationData {
                    return None;
                }
                let header = record.header();
                let associated = if self.form == Form::Tls13 { &header[..] } else { &[] };
                let mut bytes = self.key.open(nonce(&self.iv, sequence), associated, &record.payload)?;
                while bytes.last() == Some(&0) {
                    bytes.pop();
                }
                let kind = bytes.pop().and_then(ContentType::of);
                Some(Content { kind, bytes })
            }
        }
    }

    /// RFC 5246 §6.2.3.3: number, type, version and length of the plaintext are authenticated.
    fn open12(&self, nonce: [u8; 12], sequence: u64, record: &Record, sealed: &[u8]) -> Option<Content> {
        let length = u16::try_from(sealed.len().checked_sub(self.tag_length)?).ok()?;
        let [kind, major, minor, ..] = record.header();
        let associated = [&sequence.to_be_bytes()[..], &[kind, major, minor], &length.to_be_bytes()].concat();
        let bytes = self.key.open(nonce, &associated, sealed)?;
        Some(Content { kind: Some(record.kind), bytes })
    }
}
