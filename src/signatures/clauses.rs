//! `clauses.toml`: laws, standards and store rules that a finding touches.

use serde::{Deserialize, Serialize};

use super::{Confidence, Origin};

/// One clause. The summaries are ours, never a quotation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Stable id, `cn-191-3-1`.
    pub id: String,
    /// `CN`, `EU`, `US`, `US-CA`, `INTL`, `GOOGLE-PLAY`, `APPLE`.
    pub jurisdiction: String,
    /// Short title in the original language.
    pub title: String,
    /// Article, item or section.
    pub reference: String,
    /// What it says, Chinese.
    pub zh: String,
    /// What it says, English.
    pub en: String,
    /// Finding codes and conditions it applies to.
    pub applies_to: Vec<String>,
    /// Low ones are never printed.
    #[serde(default)]
    pub confidence: Confidence,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}
