//! `recipes/*.toml`: how an SDK packs its payload, or that it seals it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Confidence, Origin};

/// A way into one kind of message.
///
/// ```toml
/// [[recipe]]
/// id = "mobtech-dinfo"
/// product = "mobtech"
/// hosts = ["devs.data.mob.com", "devsdata.accuratead.cn"]
/// path = "^/dinfo$"
/// from = "form:m"
/// steps = ["base64", { aes-128-ecb = "sdk.commonap.sdk", published = true }, "json"]
/// confidence = "high"
/// source = "…"
/// [recipe.fields]
/// adsid = "gaid"
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Stable id.
    pub id: String,
    /// Product whose payload it is.
    pub product: String,
    /// Hosts (patterns); empty: any host, then `path` must be given.
    #[serde(default)]
    pub hosts: Vec<super::HostPattern>,
    /// Regular expression over the path without query.
    #[serde(default)]
    pub path: Option<String>,
    /// What else of the message must fit: `method`, `header:NAME` or `query:NAME`, and a regular
    /// expression over it.
    #[serde(default)]
    pub when: BTreeMap<String, String>,
    /// Part of the message: `body`, `path`, `query`, `form:NAME`, `query:NAME`, `header:NAME`, `cookie:NAME`, `json:$.a.b`.
    pub from: String,
    /// Steps, in order.
    #[serde(default)]
    pub steps: Vec<RecipeStep>,
    /// Data types of fields of the result, by last key, by path (`$.a[].b`, `3.1`) or by the
    /// end of one (`*.46`).
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Digests that the product makes of values in a way of its own.
    #[serde(default)]
    pub digests: Vec<RecipeDigest>,
    /// It cannot be opened; what it may contain.
    #[serde(default)]
    pub sealed: bool,
    /// Data types a sealed payload may contain.
    #[serde(default)]
    pub may_contain: Vec<String>,
    /// Why it cannot be opened, in English.
    #[serde(default)]
    pub reason: Option<String>,
    /// The same in Chinese.
    #[serde(default)]
    pub reason_zh: Option<String>,
    /// Not verified against real traffic: sightings through it are at most possible.
    #[serde(default)]
    pub experimental: bool,
    /// How well this is known.
    #[serde(default)]
    pub confidence: Confidence,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

/// A digest of a value and something else, or under a key: the recipe's product is known
/// to make it, so it is looked for in what goes there.
///
/// ```toml
/// digests = [
///   { type = "android_id", digest = "md5", text = "{value}{package}" },
///   { type = "imei", digest = "sha256", key = "published" },
/// ]
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeDigest {
    /// Data type id.
    #[serde(rename = "type")]
    pub data_type: String,
    /// `md5`, `sha1`, `sha256`, `sha512` or `sm3`.
    pub digest: String,
    /// What is digested: `{value}` in any of its forms, `{package}` the audited app's id.
    #[serde(default = "RecipeDigest::value")]
    pub text: String,
    /// Key of an HMAC (RFC 2104), as text.
    #[serde(default)]
    pub key: Option<String>,
}

impl RecipeDigest {
    /// Names of digests that a recipe may give.
    pub const NAMES: &[&str] = &["md5", "sha1", "sha256", "sha512", "sm3"];

    fn value() -> String {
        "{value}".to_owned()
    }
}

/// A step: a decoder's name, or a cipher with its key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecipeStep {
    /// `base64`, `hex`, `gunzip`, `json`, `form`, `percent` …
    Plain(String),
    /// A decoder with a parameter: `{ aes-128-ecb = "key", published = true }`.
    With(BTreeMap<String, toml::Value>),
}

/// A place where an SDK sends: the recipes for what goes there, or why there is none.
///
/// ```toml
/// [[endpoint]]
/// product = "mobtech"
/// url = "http://devs.data.mob.com/dinfo"
/// recipes = ["mobtech-dinfo"]
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Product that sends there.
    pub product: String,
    /// Its address, with an example where a part differs; `ipc` where none of the network.
    pub url: String,
    /// Recipes that open what goes there, or name it as sealed.
    #[serde(default)]
    pub recipes: Vec<String>,
    /// Why there is none.
    #[serde(default)]
    pub reason: Option<String>,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}
