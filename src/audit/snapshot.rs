//! A report that was written earlier, as far as a later one is held against it.
//!
//! Only what is compared is read, so a report of another version of the program
//! serves as long as these parts of it mean the same.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Finding, JudgedFlow, Report, SessionFacts, Tool, TypeName};
use crate::evidence::sha256_hex;
use crate::observations::{Coverage, Phase, Recipient};

/// Bytes of a report that are read: one of a hundred thousand findings is smaller.
pub const LIMIT: u64 = 512 << 20;

/// An earlier report.
#[derive(Clone, Debug, Deserialize)]
pub struct Snapshot {
    /// What it was made with.
    pub tool: Tool,
    /// Of which session.
    pub session: SessionFacts,
    /// How much could be seen.
    pub coverage: Coverage,
    /// By id.
    pub recipients: BTreeMap<String, Recipient>,
    /// With their verdicts.
    pub flows: Vec<JudgedFlow>,
    /// All.
    pub findings: Vec<Finding>,
    /// When each data type was seen.
    #[serde(default)]
    pub sightings: Vec<Seen>,
    /// Names of the data types.
    #[serde(default)]
    pub data_types: BTreeMap<String, TypeName>,
    /// The policy's files.
    pub declarations: Documents,
    /// SHA-256 of the file.
    #[serde(skip)]
    pub sha256: String,
}

/// A sighting, as far as it is compared.
#[derive(Clone, Debug, Deserialize)]
pub struct Seen {
    /// See [`crate::observations::Sighting`].
    pub id: String,
    /// In which phase.
    pub phase: Phase,
}

impl Report {
    /// Reads all of a `report.json`; the error says why it is none.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        parse(bytes)
    }
}

/// What the bytes hold, where they are a report of this schema: a stranger's JSON and a
/// report of another schema are told from a damaged one before their fields are missed.
fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Schema {
        schema: Option<String>,
    }
    const WRITES: &str = "`wirewitness audit --format json` writes one";
    // Some editors put a byte order mark in front.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let found: serde_json::Result<Schema> = serde_json::from_slice(bytes);
    match found {
        Err(error) if error.is_data() => return Err(format!("is JSON, but no report; {WRITES}")),
        Err(error) => return Err(format!("is no report: no JSON, or damaged: {error}; {WRITES}")),
        Ok(Schema { schema: None }) => return Err(format!("is JSON, but no report: it names no schema; {WRITES}")),
        Ok(Schema { schema: Some(schema) }) if schema != super::SCHEMA => {
            return Err(format!("is {schema:?}; only {:?} can be read", super::SCHEMA));
        }
        Ok(_) => {}
    }
    serde_json::from_slice(bytes).map_err(|error| format!("is a damaged report: {error}"))
}

/// The policy's files.
#[derive(Clone, Debug, Deserialize)]
pub struct Documents {
    /// In their order.
    pub sources: Vec<Document>,
}

/// One file of the policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Document {
    /// File name.
    pub name: String,
    /// SHA-256.
    pub sha256: String,
}

impl Snapshot {
    /// Reads the bytes of a `report.json`; the error says why they are none.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut snapshot: Self = parse(bytes)?;
        snapshot.sha256 = sha256_hex(bytes);
        Ok(snapshot)
    }

    /// Its findings by fingerprint; the worst, where several share one.
    pub fn by_fingerprint(&self) -> BTreeMap<&str, &Finding> {
        let mut known: BTreeMap<&str, &Finding> = BTreeMap::new();
        for finding in &self.findings {
            let place = known.entry(&finding.fingerprint).or_insert(finding);
            if (finding.severity, finding.certainty) > (place.severity, place.certainty) {
                *place = finding;
            }
        }
        known
    }
}
