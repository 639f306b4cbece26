//! What a policy declares, as data: the JSON of `policy --format json`, embedded in reports.
//!
//! Raw words and resolved products stand side by side, each with its place in the
//! source. The same JSON, corrected by hand, is accepted where a policy is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::evidence::{Certainty, Span};

/// A document (or several as one) as it was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// `wirewitness-policy/1`.
    pub schema: String,
    /// The files, in the order given.
    pub sources: Vec<Source>,
    /// Length of `third_parties`.
    pub third_party_count: usize,
    /// Third parties, in the order of the document.
    pub third_parties: Vec<ThirdParty>,
    /// What the app says it collects itself: data type ids, each once.
    pub first_party_data: Vec<String>,
    /// The same with words and places, as often as it is said.
    #[serde(default)]
    pub first_party_items: Vec<DataItem>,
    /// What it says it does not collect: data type ids.
    pub first_party_denied: Vec<String>,
    /// Denials for the first party with their places; conditional ones among them.
    #[serde(default)]
    pub first_party_denials: Vec<Denial>,
    /// Denials that apply to every third party ("we share no IMEI with anyone").
    #[serde(default)]
    pub third_party_denials: Vec<Denial>,
    /// Promises in general.
    pub claims: Claims,
    /// Where each claim stands, by its key.
    #[serde(default)]
    pub claim_locations: BTreeMap<String, Vec<Quote>>,
    /// Recipients named only by kind.
    pub category_disclosures: Vec<CategoryDisclosure>,
    /// "Partners and other third parties", with the data they may get.
    #[serde(default)]
    pub catch_all: Vec<CatchAll>,
    /// Known products that the text names and that no declaration was read for: a report must not
    /// say of these that the policy does not mention them.
    #[serde(default)]
    pub names_seen: Vec<NameSeen>,
    /// What the reader was not sure of, and what it looked at.
    #[serde(default)]
    pub remarks: Vec<Remark>,
}

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// File name without folders.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// `text`, `markdown`, `html`, `mhtml`, `literals`, `csv`, `docx`, `xlsx`, `pdf`.
    pub format: String,
    /// Character encoding it was read in.
    pub encoding: String,
    /// Tables looked at.
    pub tables: u32,
    /// Paragraphs and list items looked at.
    pub paragraphs: u32,
    /// Pages of a PDF, sheets of a workbook: lines are counted on through all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// A page or sheet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The page's number or the sheet's name.
    pub name: String,
    /// The number of its first line.
    pub first_line: u32,
}

/// A declared third party.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ThirdParty {
    /// Company as written.
    pub company: Option<String>,
    /// Product as written.
    pub product: Option<String>,
    /// Data type ids, umbrellas among them, in the order of the text.
    pub data: Vec<String>,
    /// The words for the data.
    pub data_raw: Option<String>,
    /// Types in `data` that stand for themselves or were listed in brackets; the
    /// rest of `data` are umbrellas.
    #[serde(default)]
    pub data_items: Vec<DataItem>,
    /// Types that this row denies (`无`, `不收集IMEI`); `*` is any.
    #[serde(default)]
    pub denied: Vec<Denial>,
    /// Purpose as written.
    pub purpose: Option<String>,
    /// Scenario as written.
    #[serde(default)]
    pub scenario: Option<String>,
    /// Method as written.
    #[serde(default)]
    pub method: Option<String>,
    /// Permissions as written.
    #[serde(default)]
    pub permissions_raw: Option<String>,
    /// Privacy policy's address.
    pub link: Option<String>,
    /// Other names of the same product in the same list.
    #[serde(default)]
    pub same_as: Vec<String>,
    /// Product ids it resolves to, best first. Empty: an ad-hoc product.
    #[serde(default)]
    pub resolved: Vec<Resolved>,
    /// Company ids it resolves to.
    #[serde(default)]
    pub resolved_companies: Vec<String>,
    /// The row names a company and no product.
    #[serde(default)]
    pub company_only: bool,
    /// Hosts of its link and of addresses in it, for a party no signature knows.
    #[serde(default)]
    pub domains: Vec<String>,
    /// A person should check this row; `remarks` says why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubtful: bool,
    /// Digest of the row as it was read: if the row no longer has it, a person corrected the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<String>,
    /// A person corrected it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub corrected: bool,
    /// First lines of `spans`.
    pub lines: Vec<u32>,
    /// Where it stands: the row, or the sentences.
    #[serde(default)]
    pub spans: Vec<Span>,
}

/// A product that words resolve to, and by which of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resolved {
    /// Product id of the signatures.
    pub product: String,
    /// The words: `个推`, `com.igexin`, `docs.getui.com`.
    pub by: String,
    /// How sure.
    pub certainty: Certainty,
}

/// One declared data type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataItem {
    /// Data type id.
    #[serde(rename = "type")]
    pub data_type: String,
    /// The words.
    pub raw: String,
    /// Where.
    pub span: Span,
}

/// A denial: this does not happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Denial {
    /// Data type id, or `*` for any personal information.
    #[serde(rename = "type")]
    pub data_type: String,
    /// The words of the exception or condition, if any: then it denies nothing and is only listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditional: Option<String>,
    /// Where.
    pub span: Span,
}

/// Recipients named only by kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryDisclosure {
    /// The words: `第三方一键登录SDK`.
    pub category: String,
    /// Category ids of the vocabulary.
    pub categories: Vec<String>,
    /// Names in brackets in the phrase (`【微信支付】`), resolved.
    #[serde(default)]
    pub examples: Vec<Resolved>,
    /// Data type ids.
    pub data: Vec<String>,
    /// With their words.
    #[serde(default)]
    pub data_items: Vec<DataItem>,
    /// First lines of `spans`.
    pub lines: Vec<u32>,
    /// Where.
    #[serde(default)]
    pub spans: Vec<Span>,
}

/// "Partners and other third parties".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatchAll {
    /// The words for the recipients.
    pub recipients: String,
    /// Data type ids; empty: personal information as such.
    pub data: Vec<String>,
    /// First lines of `spans`.
    pub lines: Vec<u32>,
    /// Where.
    #[serde(default)]
    pub spans: Vec<Span>,
}

/// Promises in general. `None`: silent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// ISO 3166-1 alpha-2 of the country where data is stored.
    pub storage_country: Option<String>,
    /// Data is encrypted on the way.
    pub transport_encryption: Option<bool>,
    /// Collected only after consent.
    pub consent_before_collection: Option<bool>,
    /// Whether personal information leaves the country.
    pub cross_border: Option<CrossBorder>,
}

/// Whether personal information leaves the country. In JSON `false`, `"conditional"`, `true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrossBorder {
    /// None now.
    No,
    /// Under conditions.
    Conditional,
    /// Yes.
    Yes,
}

impl Serialize for CrossBorder {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::No => serializer.serialize_bool(false),
            Self::Conditional => serializer.serialize_str("conditional"),
            Self::Yes => serializer.serialize_bool(true),
        }
    }
}

impl<'de> Deserialize<'de> for CrossBorder {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Bool(bool),
            Word(String),
        }
        match Raw::deserialize(deserializer)? {
            Raw::Bool(false) => Ok(Self::No),
            Raw::Bool(true) => Ok(Self::Yes),
            Raw::Word(word) if word == "conditional" => Ok(Self::Conditional),
            Raw::Word(word) => {
                Err(serde::de::Error::custom(format!("cross_border is true, false or \"conditional\", not {word:?}")))
            }
        }
    }
}

/// Words and their line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    /// The words, white space folded.
    pub quote: String,
    /// Line, from 1.
    pub line: u32,
    /// Position in `sources`.
    #[serde(default)]
    pub source: u32,
}

/// A known product's name outside all declarations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NameSeen {
    /// Product id of the signatures.
    pub product: String,
    /// The first place, its sentence or row.
    pub span: Span,
}

/// Code of the remark that a whole policy is silent: it declares, denies and claims nothing.
pub const SAYS_NOTHING: &str = "says-nothing";

/// Something about the reading itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remark {
    /// Stable code: `no-third-parties`, `names-disagree`, `languages-differ`, `row-without-data` …
    pub code: String,
    /// The remark in English.
    pub message: String,
    /// The same in Chinese; empty in JSON of a version that had no Chinese remarks.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message_zh: String,
    /// Where.
    #[serde(default)]
    pub spans: Vec<Span>,
}
