//! `manifest.json`: what a bundle consists of. Whoever holds a signature of it holds one of
//! every file in it.

use serde::{Deserialize, Serialize};

use super::archive::BundleError;
use super::digest::Digests;
use crate::audit::Tool;

/// Its file name, and those of what stands beside it and is in no manifest.
pub const MANIFEST: &str = "manifest.json";
/// The signature.
pub const SIGNATURE: &str = "manifest.json.minisig";
/// The response of a time stamping authority (RFC 3161), DER.
pub const RESPONSE: &str = "manifest.json.tsr";
/// The list that `sha256sum -c` takes.
pub const SUMS: &str = "SHA256SUMS";

/// What stands in no manifest.
pub const BESIDE: [&str; 4] = [MANIFEST, SIGNATURE, RESPONSE, SUMS];

/// Bytes of a manifest that are read: some 400 for each of at most 100,000 files.
pub const LIMIT: u64 = 64 << 20;

/// The schema that is written and read.
const SCHEMA: &str = "wirewitness-bundle/1";

/// What a bundle may be shown to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// For sharing: no key, no frame, no value.
    Masked,
    /// Holds frames, and the secrets of their connections.
    Sealed,
}

/// How the recording is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recorded {
    /// Not at all.
    None,
    /// A slice for each finding.
    Slices,
    /// The captures as they were given.
    Captures,
}

/// The manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `wirewitness-bundle/1`.
    pub schema: String,
    /// See [`Kind`].
    pub kind: Kind,
    /// In words that a person looks for: sealed bundles hold personal data.
    pub sensitive: bool,
    /// What made it, with the hash of its signature set.
    pub tool: Tool,
    /// The command, paths without their folders.
    pub command: Vec<String>,
    /// The inputs of the report, in or not in the bundle.
    pub inputs: Vec<Original>,
    /// See [`Recorded`].
    pub recorded: Recorded,
    /// Files and folders of the policy, as they are given to `--policy`.
    pub policy: Vec<String>,
    /// The hash chain of the session's actions.
    pub chain: Chain,
    /// The public key that the manifest was signed with, as `minisign -P` takes it. Whose it is,
    /// it does not prove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// All files but this one and its signature and timestamp, by path.
    pub files: Vec<ManifestFile>,
}

/// An input as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    /// File name.
    pub name: String,
    /// Length.
    pub bytes: u64,
    /// SHA-256 of the file as given.
    pub sha256: String,
}

/// Where the chain ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// Its file.
    pub file: String,
    /// Its lines.
    pub lines: u64,
    /// SHA-256 of the last one, without its line feed.
    pub last: String,
}

/// A file of the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Path in the bundle, parts separated by `/`.
    pub path: String,
    /// Length and digests.
    #[serde(flatten)]
    pub digests: Digests,
}

impl Manifest {
    /// What a manifest of this version begins with.
    pub fn schema() -> String {
        SCHEMA.to_owned()
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// Never, but for a fault of the program.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BundleError> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|error| BundleError::new(MANIFEST, error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads the bytes of a manifest.
    ///
    /// # Errors
    /// Where it is none of this version, or not written as this program writes it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if manifest.schema != SCHEMA {
            return Err(format!("schema {:?}; this program reads {SCHEMA}", manifest.schema));
        }
        match manifest.to_bytes() {
            Ok(ours) if ours == bytes => Ok(manifest),
            _ => Err("not written as the program writes it".to_owned()),
        }
    }
}
