//! The digests of a file: two that everybody has a tool for, and China's (GB/T 32905).

use std::io::{self, Read};

use data_encoding::HEXLOWER;
use md5::Digest;
use serde::{Deserialize, Serialize};

/// Length and digests of a file, in lower-case hex.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests {
    /// Length.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: String,
    /// SHA-512.
    pub sha512: String,
    /// SM3.
    pub sm3: String,
}

/// Bytes that are read together.
const CHUNK: usize = 64 << 10;

impl Digests {
    /// Of what `reader` yields, of which at most `limit` bytes are read: `None` where there are more.
    ///
    /// # Errors
    /// As `reader` fails.
    pub fn of(reader: &mut dyn Read, limit: u64) -> io::Result<Option<Self>> {
        let (mut sha256, mut sha512, mut sm3) = (sha2::Sha256::new(), sha2::Sha512::new(), sm3::Sm3::new());
        let (mut buffer, mut bytes) = (vec![0; CHUNK], 0_u64);
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            bytes += count as u64;
            if bytes > limit {
                return Ok(None);
            }
            let chunk = buffer.get(..count).unwrap_or_default();
            sha256.update(chunk);
            sha512.update(chunk);
            sm3.update(chunk);
        }
        Ok(Some(Self {
            bytes,
            sha256: HEXLOWER.encode(&sha256.finalize()),
            sha512: HEXLOWER.encode(&sha512.finalize()),
            sm3: HEXLOWER.encode(&sm3.finalize()),
        }))
    }

    /// How they differ from those that a manifest has, `None` where they do not.
    pub fn difference(&self, listed: &Self) -> Option<Difference> {
        let pairs = [
            ("SHA-256", &self.sha256, &listed.sha256),
            ("SHA-512", &self.sha512, &listed.sha512),
            ("SM3", &self.sm3, &listed.sm3),
        ];
        let differ: Vec<&'static str> = pairs.into_iter().filter(|(_, a, b)| a != b).map(|(name, ..)| name).collect();
        match (differ.len(), self.bytes == listed.bytes) {
            (0, true) => None,
            (3, true) => Some(Difference::Content),
            (3, false) => Some(Difference::Length { bytes: self.bytes, listed: listed.bytes }),
            _ => Some(Difference::Listed(differ)),
        }
    }
}

/// How a file differs from its line in a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It has another length.
    Length {
        /// Of the file.
        bytes: u64,
        /// In the manifest.
        listed: u64,
    },
    /// Its length is the same, no digest is.
    Content,
    /// Only these digests, or only the length: it is the manifest that was changed, since no
    /// file that differs keeps one of the others.
    Listed(Vec<&'static str>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standards() {
        // FIPS 180-4 and GB/T 32905-2016, example 1: "abc".
        let digests = Digests::of(&mut &b"abc"[..], 3).unwrap().unwrap();
        assert_eq!(digests.bytes, 3);
        assert!(digests.sha256.starts_with("ba7816bf8f01cfea") && digests.sha512.starts_with("ddaf35a193617aba"));
        assert_eq!(digests.sm3, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
        assert_eq!(Digests::of(&mut &b"abc"[..], 2).unwrap(), None);

        let other = Digests::of(&mut &b"abd"[..], 3).unwrap().unwrap();
        assert_eq!(digests.difference(&digests), None);
        assert_eq!(digests.difference(&other), Some(Difference::Content));
        let mistold = Digests { sm3: other.sm3.clone(), ..digests.clone() };
        assert_eq!(digests.difference(&mistold), Some(Difference::Listed(vec!["SM3"])));
    }
}
