//! Keys of WireGuard, in the lines that its `extract-handshakes.sh` writes and Wireshark
//! reads (`wg.keylog_file`, and a pcapng's decryption secrets block of type `WGKL`):
//! `LOCAL_STATIC_PRIVATE_KEY = base64`, with or without blanks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

use super::noise::Key;

/// Private keys that are kept; a day of one tunnel has 720 ephemeral ones.
const PRIVATE_LIMIT: usize = 65_536;

/// Static and preshared keys kept, each kind for itself: each is tried on each handshake.
/// A tunnel has two of the former and one or none of the latter.
const TRIED_LIMIT: usize = 256;

/// What stands before the `=` of a line.
const LABELS: [&str; 4] =
    ["LOCAL_STATIC_PRIVATE_KEY", "LOCAL_EPHEMERAL_PRIVATE_KEY", "REMOTE_STATIC_PUBLIC_KEY", "PRESHARED_KEY"];

/// What was given to open tunnels with.
#[derive(Clone, Default)]
pub struct WireguardKeys {
    /// Private keys, static and ephemeral, by their public ones.
    private: BTreeMap<Key, Key>,
    /// Static keys, public: one of them is the responder's.
    responders: BTreeSet<Key>,
    preshared: BTreeSet<Key>,
}

impl fmt::Debug for WireguardKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WireguardKeys({} private)", self.private.len())
    }
}

/// What a line came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// A key that was not there.
    New,
    /// A key that was.
    Known,
    /// There are as many as are kept.
    OverLimit,
}

impl WireguardKeys {
    /// Takes a line of a key log; `None` where it is none of WireGuard's, `Some(Err)` where
    /// it is and holds no key.
    pub fn parse_line(&mut self, line: &str) -> Option<Result<Added, &'static str>> {
        let (label, value) = line.split_once('=')?;
        let label = label.trim_end();
        if !LABELS.contains(&label) {
            return None;
        }
        let key = data_encoding::BASE64.decode(value.trim().as_bytes()).ok();
        let key = key.and_then(|bytes| Key::try_from(bytes).ok());
        Some(key.map(|key| self.add(label, key)).ok_or("key is not 32 bytes in base64"))
    }

    fn add(&mut self, label: &str, key: Key) -> Added {
        let private = label.ends_with("PRIVATE_KEY").then(|| (x25519(key, X25519_BASEPOINT_BYTES), key));
        let Some((public, key)) = private else {
            let tried = if label == "PRESHARED_KEY" { &mut self.preshared } else { &mut self.responders };
            return insert(tried, key);
        };
        if self.private.len() >= PRIVATE_LIMIT && !self.private.contains_key(&public) {
            return Added::OverLimit;
        }
        let new = self.private.insert(public, key).is_none();
        match label {
            "LOCAL_STATIC_PRIVATE_KEY" => insert(&mut self.responders, public),
            _ if new => Added::New,
            _ => Added::Known,
        }
    }

    /// There is a private key, without which nothing opens.
    pub fn can_open(&self) -> bool {
        !self.private.is_empty()
    }

    /// Public keys that may be those of a responder.
    pub(super) fn responders(&self) -> impl Iterator<Item = &Key> {
        self.responders.iter()
    }

    /// The key that every tunnel without one has, then those given.
    pub(super) fn preshared(&self) -> impl Iterator<Item = Key> {
        std::iter::once([0; 32]).chain(self.preshared.iter().copied())
    }

    /// What two ends agree on, if the private key of one is known.
    pub(super) fn agree(&self, one: &Key, other: &Key) -> Option<Key> {
        let with = |own: &Key, peer: &Key| self.private.get(own).map(|private| x25519(*private, *peer));
        with(one, other).or_else(|| with(other, one))
    }
}

fn insert(keys: &mut BTreeSet<Key>, key: Key) -> Added {
    match keys.contains(&key) {
        true => Added::Known,
        false if keys.len() >= TRIED_LIMIT => Added::OverLimit,
        false => {
            keys.insert(key);
            Added::New
        }
    }
}
