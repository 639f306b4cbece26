//! Slots for identifiers that hold none.

use serde::{Deserialize, Serialize};

use crate::evidence::Locator;

/// A slot for an identifier whose value was withheld: the place is there, a value that means
/// "none" stands in it. It is no flow and never a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Withheld {
    /// Key into [`Observations::recipients`](super::Observations::recipients).
    pub recipient: String,
    /// Package or bundle id, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Data type id.
    pub data_type: String,
    /// What stands there instead.
    pub placeholder: PlaceholderKind,
    /// Name of the first one's field.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// How often.
    pub count: u64,
    /// The first one's place.
    pub locator: Locator,
}

/// How a sender says that it has no value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceholderKind {
    /// Nothing at all.
    Empty,
    /// Zeros: the advertising id of one who opted out.
    Zero,
    /// A word, `null`, `unknown`.
    Word,
    /// A macro that nobody filled, `__IMEI__`.
    Macro,
    /// What the system, an emulator or an SDK gives in place of the value: `02:00:00:00:00:00`.
    #[default]
    Constant,
    /// A digest of one of these.
    Digest,
}

impl PlaceholderKind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Empty, Self::Zero, Self::Word, Self::Macro, Self::Constant, Self::Digest];

    /// The word in reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Zero => "zero",
            Self::Word => "word",
            Self::Macro => "macro",
            Self::Constant => "constant",
            Self::Digest => "digest",
        }
    }
}
