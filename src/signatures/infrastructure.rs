//! `infrastructure.toml`: CDNs and cloud hosts, whose tenants a name does not show.

use serde::{Deserialize, Serialize};

use super::{Confidence, Origin};

/// A provider's shared domains.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Infrastructure {
    /// Stable id, `aliyun-oss`.
    pub id: String,
    /// Who runs it.
    pub operator: String,
    /// The same in Chinese, where its users call it otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_zh: Option<String>,
    /// Registrable (or longer) domains; `*` as in host patterns.
    pub domains: Vec<String>,
    /// `cdn`, `cloud`, `storage`, `dns` …
    pub kind: String,
    /// A name that is only an alias of these (CNAME target) changes nothing.
    #[serde(default)]
    pub cname_only: bool,
    /// How well this is known.
    #[serde(default)]
    pub confidence: Confidence,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}
