//! Signatures that minisign verifies, and that verify those of minisign
//! (<https://jedisct1.github.io/minisign/>, "Signature format" and "Key format").
//!
//! Ed25519 (RFC 8032) is ring's. A secret key is written without a passphrase, as `minisign -G -W`
//! writes it: who needs one keeps the key where one is asked for.

use std::fmt;

use blake2::{Blake2b512, Digest, digest::consts::U32};
use data_encoding::BASE64;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

/// Key and signature of the plain algorithm.
const PLAIN: &[u8; 2] = b"Ed";
/// A signature of the message's BLAKE2b-512.
const HASHED: &[u8; 2] = b"ED";
/// BLAKE2b-256, the check sum of a secret key.
const CHECK: &[u8; 2] = b"B2";
/// What stands before the comment that no signature covers, and the one that one does.
const UNTRUSTED: &str = "untrusted comment: ";
const TRUSTED: &str = "trusted comment: ";
/// What minisign itself writes as a signature's untrusted comment: of an encrypted key, and of one that is not.
const KNOWN_COMMENTS: [&str; 3] =
    ["signature from wirewitness secret key", "signature from minisign secret key", "signature from rsign secret key"];

type Blake2b256 = blake2::Blake2b<U32>;

/// A key or signature that is none, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MinisignError(&'static str);

impl MinisignError {
    /// The same in Chinese, of what a signature can be.
    pub fn zh(&self) -> &'static str {
        match self.0 {
            "is made with another key" => "由另一密钥作出",
            "is not of these bytes" => "与内容不符",
            "has a trusted comment that was not signed" => "的受信注释未被签名",
            "has an untrusted comment that neither this program nor minisign writes by itself" => {
                "的非受信注释不是本程序或 minisign 自身所写"
            }
            _ => "不是有效的 minisign 签名",
        }
    }
}

const fn error(what: &'static str) -> MinisignError {
    MinisignError(what)
}

/// A secret key. It never prints itself.
pub struct SecretKey {
    id: [u8; 8],
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public())
    }
}

/// A public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey {
    id: [u8; 8],
    key: [u8; 32],
}

impl SecretKey {
    /// A new key, from the system's random numbers.
    ///
    /// # Errors
    /// Where the system has none.
    pub fn generate() -> Result<Self, MinisignError> {
        use ring::rand::{SecureRandom, SystemRandom};
        let (mut id, mut seed) = ([0; 8], [0; 32]);
        let random = SystemRandom::new();
        let filled = random.fill(&mut id).and_then(|()| random.fill(&mut seed));
        filled.map_err(|_| error("the system gives no random numbers"))?;
        Self::new(id, seed)
    }

    fn new(id: [u8; 8], seed: [u8; 32]) -> Result<Self, MinisignError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| error("the key is damaged"))?;
        Ok(Self { id, seed, pair })
    }

    /// Reads the file of a secret key.
    ///
    /// # Errors
    /// Where it is none, or is under a passphrase.
    pub fn parse(text: &str) -> Result<Self, MinisignError> {
        let bytes = second_line(text).ok_or(error("is no minisign secret key"))?;
        let none = error("is no minisign secret key");
        if bytes.len() == 42 {
            return Err(error("is a public key; a secret key is needed to sign"));
        }
        let [algorithm, kdf, check] = [0, 2, 4].map(|at| bytes.get(at..at + 2).unwrap_or_default());
        if algorithm != PLAIN || check != CHECK {
            return Err(none);
        }
        if kdf != [0, 0] {
            return Err(error("is a key under a passphrase, which is not read; minisign -W makes one without"));
        }
        // Salt and two limits of the key derivation lie between.
        let rest = bytes.get(54..).filter(|rest| rest.len() == 104).ok_or(none.clone())?;
        let (id, rest) = rest.split_first_chunk::<8>().ok_or(none.clone())?;
        let (seed, rest) = rest.split_first_chunk::<32>().ok_or(none.clone())?;
        let (public, sum) = rest.split_first_chunk::<32>().ok_or(none)?;
        let key = Self::new(*id, *seed)?;
        // minisign up to 0.11 leaves the check sum of a key without a passphrase at zero.
        let checked = *sum == [0; 32] || *sum == key.check_sum();
        if key.pair.public_key().as_ref() != public || !checked {
            return Err(error("is a damaged minisign secret key"));
        }
        Ok(key)
    }

    fn check_sum(&self) -> [u8; 32] {
        let mut hash = Blake2b256::new();
        hash.update(PLAIN);
        hash.update(self.id);
        hash.update(self.seed);
        hash.update(self.pair.public_key());
        hash.finalize().into()
    }

    /// The file of this key.
    pub fn to_text(&self) -> String {
        let mut bytes = Vec::with_capacity(158);
        bytes.extend_from_slice(PLAIN);
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(CHECK);
        bytes.extend_from_slice(&[0; 48]);
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(&self.seed);
        bytes.extend_from_slice(self.pair.public_key().as_ref());
        bytes.extend_from_slice(&self.check_sum());
        format!("{UNTRUSTED}wirewitness secret key {}\n{}\n", self.public(), BASE64.encode(&bytes))
    }

    /// Its public key.
    pub fn public(&self) -> PublicKey {
        PublicKey { id: self.id, key: self.pair.public_key().as_ref().try_into().unwrap_or_default() }
    }

    /// The file of a signature of `message`. `comment` is signed with it; a line break ends it.
    pub fn sign(&self, message: &[u8], comment: &str) -> String {
        let comment = comment.lines().next().unwrap_or_default();
        let signature = self.pair.sign(&Blake2b512::digest(message));
        let global = self.pair.sign(&[signature.as_ref(), comment.as_bytes()].concat());
        let first = BASE64.encode(&[&HASHED[..], &self.id, signature.as_ref()].concat());
        let second = BASE64.encode(global.as_ref());
        format!("{UNTRUSTED}{}\n{first}\n{TRUSTED}{comment}\n{second}\n", KNOWN_COMMENTS[0])
    }
}

impl fmt::Display for PublicKey {
    /// The key's id, as minisign prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", u64::from_le_bytes(self.id))
    }
}

impl PublicKey {
    /// Reads the file of a public key, or its one line of base64.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(text: &str) -> Result<Self, MinisignError> {
        let none = error("is no minisign public key");
        let line = text.lines().find(|line| !line.starts_with(UNTRUSTED.trim_end()) && !line.trim().is_empty());
        let bytes = line.and_then(|line| BASE64.decode(line.trim().as_bytes()).ok()).ok_or(none.clone())?;
        let (id, key) = bytes.strip_prefix(PLAIN).and_then(<[u8]>::split_first_chunk::<8>).ok_or(none.clone())?;
        Ok(Self { id: *id, key: key.try_into().map_err(|_| none)? })
    }

    /// The file of this key.
    pub fn to_text(&self) -> String {
        format!("{UNTRUSTED}minisign public key {self}\n{}\n", self.to_line())
    }

    /// The key as `minisign -P` takes it.
    pub fn to_line(&self) -> String {
        BASE64.encode(&[&PLAIN[..], &self.id, &self.key].concat())
    }

    fn proves(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key).verify(message, signature).is_ok()
    }
}

/// The file of a signature, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    hashed: bool,
    id: [u8; 8],
    signature: [u8; 64],
    comment: String,
    global: [u8; 64],
}

impl Signature {
    /// Reads the file of a signature. It must be written as it would be written here or by minisign:
    /// what no signature covers would else be a place to change a byte in.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(text: &str) -> Result<Self, MinisignError> {
        let none = error("is no minisign signature");
        let mut lines = text.split('\n');
        let untrusted = lines.next().and_then(|line| line.strip_prefix(UNTRUSTED)).ok_or(none.clone())?;
        if !KNOWN_COMMENTS.contains(&untrusted) {
            return Err(error("has an untrusted comment that neither this program nor minisign writes by itself"));
        }
        let mut decoded = || lines.next().and_then(|line| BASE64.decode(line.as_bytes()).ok()).ok_or(none.clone());
        let first = decoded()?;
        let (algorithm, rest) = first.split_first_chunk::<2>().ok_or(none.clone())?;
        let (id, signature) = rest.split_first_chunk::<8>().ok_or(none.clone())?;
        let hashed = match algorithm {
            HASHED => true,
            PLAIN => false,
            _ => return Err(none),
        };
        let comment = lines.next().and_then(|line| line.strip_prefix(TRUSTED)).ok_or(none.clone())?.to_owned();
        let second = lines.next().and_then(|line| BASE64.decode(line.as_bytes()).ok()).ok_or(none.clone())?;
        if lines.next() != Some("") || lines.next().is_some() {
            return Err(none);
        }
        let (signature, global) = (signature.try_into(), second.try_into());
        let (Ok(signature), Ok(global)) = (signature, global) else { return Err(none) };
        Ok(Self { hashed, id: *id, signature, comment, global })
    }

    /// Whether it is `key`'s signature of `message`.
    ///
    /// # Errors
    /// Where it is not; the error says why.
    pub fn verify(&self, key: &PublicKey, message: &[u8]) -> Result<(), MinisignError> {
        if self.id != key.id {
            return Err(error("is made with another key"));
        }
        let proven = match self.hashed {
            true => key.proves(&Blake2b512::digest(message), &self.signature),
            false => key.proves(message, &self.signature),
        };
        if !proven {
            return Err(error("is not of these bytes"));
        }
        let covered = [&self.signature[..], self.comment.as_bytes()].concat();
        if !key.proves(&covered, &self.global) {
            return Err(error("has a trusted comment that was not signed"));
        }
        Ok(())
    }

    /// The comment that is signed with it.
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// Id of the key, as minisign prints it.
    pub fn key_id(&self) -> String {
        format!("{:016X}", u64::from_le_bytes(self.id))
    }
}

/// The bytes of a key file: base64 after a comment.
fn second_line(text: &str) -> Option<Vec<u8>> {
    let mut lines = text.lines();
    lines.next().filter(|line| line.starts_with(UNTRUSTED))?;
    BASE64.decode(lines.next()?.trim().as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_bytes_key_and_comment() {
        let key = SecretKey::new([1; 8], [7; 32]).unwrap();
        let text = key.sign(b"manifest", "file:manifest.json");
        let signature = Signature::parse(&text).unwrap();
        assert_eq!(signature.verify(&key.public(), b"manifest"), Ok(()));
        assert_eq!(signature.verify(&key.public(), b"Manifest"), Err(error("is not of these bytes")));
        let other = SecretKey::new([2; 8], [7; 32]).unwrap();
        assert_eq!(signature.verify(&other.public(), b"manifest"), Err(error("is made with another key")));
        let altered = Signature::parse(&text.replace("file:", "File:")).unwrap();
        assert!(altered.verify(&key.public(), b"manifest").is_err());
    }

    #[test]
    fn no_byte_of_a_signature_can_be_changed() {
        let key = SecretKey::new([1; 8], [7; 32]).unwrap();
        let text = key.sign(b"manifest", "file:manifest.json");
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let holds = std::str::from_utf8(&bytes)
                    .ok()
                    .and_then(|text| Signature::parse(text).ok())
                    .is_some_and(|signature| signature.verify(&key.public(), b"manifest").is_ok());
                assert!(!holds, "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn keys_come_back_from_their_files() {
        let key = SecretKey::generate().unwrap();
        let again = SecretKey::parse(&key.to_text()).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(PublicKey::parse(&key.public().to_text()), Ok(key.public()));
        assert_eq!(PublicKey::parse(&key.public().to_line()), Ok(key.public()));
        assert!(SecretKey::parse(&key.public().to_text()).is_err());
        assert!(!format!("{key:?}").contains(&data_encoding::HEXLOWER.encode(&key.seed)));
    }
}
