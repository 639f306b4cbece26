//! What other tools wrote beside the traffic. It corroborates; nothing here is a flow, and
//! nothing here is judged.

use serde::{Deserialize, Serialize};

use crate::evidence::Time;

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// The files, by name.
    pub files: Vec<BesideFile>,
    /// Hosts that a file says an app reached, by host, app and file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<ReachedHost>,
    /// What a file says an app's code asked the system for, by type, file and caller.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallEvidence>,
    /// Whose code a stack says wrote to a recipient, by recipient and product.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub callers: Vec<Caller>,
}

impl Beside {
    /// There was no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// A file as it was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BesideFile {
    /// File name without folders.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Who wrote it and what it is.
    pub format: String,
    /// Rows that were read.
    pub rows: u64,
    /// Rows about other apps than the audited one, left out.
    pub other_apps: u64,
}

/// Whether the traffic has a host that a file names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InTraffic {
    /// The app reached it here too.
    Host,
    /// It reached the same recipient, by another host.
    Recipient,
    /// It did not.
    No,
}

/// A host that a file says an app reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReachedHost {
    /// Name or address.
    pub host: String,
    /// Package or bundle id, where the file says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The file.
    pub file: String,
    /// Id of the recipient that the host is of, as in `recipients` where the traffic has it too.
    pub recipient: String,
    /// See [`InTraffic`].
    pub in_traffic: InTraffic,
    /// How often.
    pub count: u64,
    /// When first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Time>,
    /// When last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Time>,
}

/// What a file says an app's code asked the system for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallEvidence {
    /// Data type id; absent where what was called is not known to mean one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_type: Option<String>,
    /// What was called, as the file has it.
    pub what: String,
    /// The file.
    pub file: String,
    /// Package or bundle id, where the file says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Products whose code stands on the stack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<String>,
    /// How often.
    pub count: u64,
    /// When first, where the file's times could be placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Time>,
    /// When last, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Time>,
    /// Ids of the sightings that it stands beside: of the same app and type, and sent within
    /// a minute of a call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
}

/// Whose code wrote to a recipient.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Caller {
    /// Key into the recipients.
    pub recipient: String,
    /// Product whose code stands on the stack.
    pub product: String,
    /// App or process.
    pub app: String,
    /// The file.
    pub file: String,
    /// Operations on sockets to it with that stack.
    pub count: u64,
}
