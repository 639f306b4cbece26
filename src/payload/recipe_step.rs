//! The steps of a recipe: what each is called in `signatures/recipes/`, what it needs and
//! what it does. `docs/recipes.md` lists them for those who write recipes.

use std::collections::BTreeMap;

use bytes::Bytes;
use rc4::{KeyInit, Rc4, StreamCipher};

use super::budget::{self, Budget};
use super::inflate::{gzip, raw, zlib};
use super::walk::Input;
use super::{aes, base64, form, hex, json, percent, protobuf, sense, snappy, zstandard};
use crate::signatures::RecipeStep;

/// Longest key of RC4 in bytes (RFC 6229 §2), and of a mask.
const LONGEST_KEY: usize = 256;

/// What a step does.
pub(super) enum Work {
    Base64,
    Hex,
    Percent,
    Gunzip,
    Inflate,
    Unzstd,
    Snappy,
    /// Holds that it is JSON; with a path, picks a value.
    Json(Option<String>),
    /// Holds that it is a message of Protocol Buffers; with a path, picks a field.
    Protobuf(Option<String>),
    /// Picks a field of a form.
    Form(String),
    /// Drops leading bytes.
    Skip(usize),
    Aes {
        cipher: aes::Cipher,
        iv: Option<[u8; aes::BLOCK]>,
        step: &'static str,
        key: String,
        published: bool,
    },
    Rc4 {
        key: Vec<u8>,
        name: String,
        published: bool,
    },
    /// Masks each byte with the next of a repeated key.
    Xor {
        key: Vec<u8>,
        name: String,
    },
    /// Masks each byte with the lowest byte of a number in the query.
    XorQuery(String),
    /// Parts a text; a part's name is what stands before `pair`, or one of `names` that it begins with.
    Split {
        by: String,
        pair: Option<String>,
        names: Vec<String>,
    },
}

/// What a step yields.
pub(super) struct Yield {
    /// What it picked, or the id of the key.
    pub(super) argument: Option<String>,
    /// The name of the value, where the step knows it.
    pub(super) key: Option<String>,
    pub(super) bytes: Bytes,
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Work {
    /// From a line of a recipe; what is wrong with it, in words.
    pub(super) fn read(step: &RecipeStep) -> Result<Self, String> {
        match step {
            RecipeStep::Plain(name) => Self::plain(name),
            RecipeStep::With(table) => Self::with(table),
        }
    }

    fn plain(name: &str) -> Result<Self, String> {
        let step = PLAIN.iter().find(|(known, _)| *known == name);
        step.map(|(_, make)| make()).ok_or_else(|| format!("step {name:?} is not known"))
    }

    fn with(table: &BTreeMap<String, toml::Value>) -> Result<Self, String> {
        /// What may stand beside the step's own name.
        const BESIDE: &[&str] = &["iv", "key_form", "names", "pair", "published"];
        let mut own = table.iter().filter(|(name, _)| !BESIDE.contains(&name.as_str()));
        let (Some((name, value)), None) = (own.next(), own.next()) else {
            return Err(format!("a step has one name; this one has {:?}", table.keys().collect::<Vec<_>>()));
        };
        if !WITH.contains(&name.as_str()) && !AES.iter().any(|(step, ..)| step == name) {
            return Err(format!("step {name:?} is not known"));
        }
        let text = || value.as_str().map(str::to_owned).ok_or_else(|| format!("{name}: a text is needed"));
        let beside = |name: &str| table.get(name).and_then(toml::Value::as_str);
        let published = table.get("published").and_then(toml::Value::as_bool).unwrap_or(false);
        let key = || key_bytes(name, &text()?, beside("key_form"));
        Ok(match name.as_str() {
            "json" => Self::Json(Some(text()?)),
            "protobuf" => Self::Protobuf(Some(text()?)),
            "form" => Self::Form(text()?),
            "skip" => {
                let count = value.as_integer().and_then(|count| usize::try_from(count).ok());
                Self::Skip(count.ok_or_else(|| format!("skip = {value} is not a length"))?)
            }
            "rc4" => Self::Rc4 { key: key()?, name: text()?, published },
            "xor" => Self::Xor { key: key()?, name: text()? },
            "xor-query" => Self::XorQuery(text()?),
            "split" => {
                let names = table.get("names").and_then(toml::Value::as_array).into_iter().flatten();
                let mut names: Vec<String> = names.filter_map(|n| n.as_str().map(str::to_owned)).collect();
                // The longest first: `0a` before `0`.
                names.sort_by(|a, b| (b.len(), a).cmp(&(a.len(), b)));
                let (by, pair) = (text()?, beside("pair").map(str::to_owned));
                if by.is_empty() || pair.as_deref() == Some("") {
                    return Err("split and pair take one character or more".to_owned());
                }
                Self::Split { by, pair, names }
            }
            _ => {
                let Some((step, length, has_iv)) = AES.iter().find(|(step, ..)| step == name).copied() else {
                    return Err(format!("step {name:?} is not known"));
                };
                let bytes = key()?;
                let cipher = aes::Cipher::new(&bytes).filter(|_| bytes.len() == length);
                let cipher =
                    cipher.ok_or_else(|| format!("{step}: the key has {} bytes, not {length}", bytes.len()))?;
                let iv = match (has_iv, beside("iv")) {
                    (false, None) => None,
                    (false, Some(_)) => return Err(format!("{step} takes no iv")),
                    (true, None) => return Err(format!("{step} needs iv, of 16 bytes")),
                    (true, Some(iv)) => {
                        let bytes = key_bytes("iv", iv, beside("key_form"))?;
                        Some(bytes.try_into().map_err(|_| "iv: 16 bytes are needed".to_owned())?)
                    }
                };
                Self::Aes { cipher, iv, step, key: text()?, published }
            }
        })
    }

    /// The step's name in evidence.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Percent => "percent",
            Self::Gunzip => "gzip",
            Self::Inflate => "deflate",
            Self::Unzstd => "zstd",
            Self::Snappy => "snappy",
            Self::Json(_) => "json",
            Self::Protobuf(_) => "protobuf",
            Self::Form(_) => "form",
            Self::Skip(_) => "skip",
            Self::Aes { step, .. } => step,
            Self::Rc4 { .. } => "rc4",
            Self::Xor { .. } | Self::XorQuery(_) => "xor",
            Self::Split { .. } => "split",
        }
    }

    /// The bytes before it were unreadable without a key, and the key is published.
    pub(super) fn published_key(&self) -> bool {
        matches!(self, Self::Aes { published: true, .. } | Self::Rc4 { published: true, .. })
    }

    /// It only holds that the bytes are something: the walk opens them itself.
    pub(super) fn only_checks(&self) -> bool {
        matches!(self, Self::Json(None) | Self::Protobuf(None))
    }

    /// The media type that the bytes have after it.
    pub(super) fn declares(&self) -> Option<&'static str> {
        matches!(self, Self::Protobuf(None)).then_some(PROTOBUF)
    }

    /// Does it; `query` is the message's. Only [`Self::Split`] yields several.
    pub(super) fn run(&self, bytes: &Bytes, query: &str, budget: &mut Budget) -> Option<Vec<Yield>> {
        let one = |argument: Option<String>, bytes: Bytes| Some(vec![Yield { argument, key: None, bytes }]);
        let made = |out: Vec<u8>, budget: &mut Budget| budget.bytes(out.len()).then(|| Bytes::from(out));
        match self {
            Self::Base64 => one(None, base64::decode(bytes)?.into()),
            Self::Hex => one(None, hex::decode(std::str::from_utf8(bytes).ok()?)?.into()),
            Self::Percent => one(None, percent::decode(bytes).unwrap_or_else(|| bytes.clone())),
            Self::Gunzip => one(None, gzip(bytes, budget).usable()?.into()),
            Self::Inflate => {
                let inflated = if sense::is_zlib(bytes) { zlib(bytes, budget) } else { raw(bytes, budget) };
                one(None, inflated.usable()?.into())
            }
            Self::Unzstd => one(None, zstandard::zstd(bytes, budget).usable()?.into()),
            Self::Snappy => one(None, snappy::block(bytes, budget)?.into()),
            Self::Json(None) => json::is_json(bytes, budget).then(|| one(None, bytes.clone())).flatten(),
            Self::Json(Some(path)) => one(Some(path.clone()), json::at_path(bytes, path, budget)?),
            Self::Protobuf(path) => {
                let opening = (protobuf::PROTOBUF.open)(&Input::new(bytes, Some(PROTOBUF), false), budget)?;
                let Some(path) = path else { return one(None, bytes.clone()) };
                let field = opening.parts.into_iter().find(|part| part.argument.as_deref() == Some(path))?;
                one(Some(path.clone()), field.bytes)
            }
            Self::Form(name) => {
                let field = form::pairs(bytes, budget).into_iter().find(|p| p.argument.as_ref() == Some(name))?;
                one(Some(name.clone()), field.bytes)
            }
            Self::Skip(count) => one(Some(count.to_string()), bytes.slice_ref(bytes.get(*count..)?)),
            Self::Aes { cipher, iv, key, .. } => {
                one(Some(key.clone()), made(cipher.open(iv.as_ref(), bytes)?, budget)?)
            }
            Self::Rc4 { key, name, .. } => {
                let mut out = bytes.to_vec();
                Rc4::new_from_slice(key).ok()?.apply_keystream(&mut out);
                one(Some(name.clone()), made(out, budget)?)
            }
            Self::Xor { key, name } => {
                let out = bytes.iter().zip(key.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
                one(Some(name.clone()), made(out, budget)?)
            }
            Self::XorQuery(name) => {
                let query = Bytes::copy_from_slice(query.as_bytes());
                let number = form::pairs(&query, budget).into_iter().find(|p| p.argument.as_ref() == Some(name))?;
                let number: u64 = std::str::from_utf8(&number.bytes).ok()?.parse().ok()?;
                let mask = (number & 0xff) as u8;
                one(Some(format!("query {name}")), made(bytes.iter().map(|byte| byte ^ mask).collect(), budget)?)
            }
            Self::Split { by, pair, names } => split(bytes, by, pair.as_deref(), names),
        }
    }
}

/// The media type under which `protobuf` is opened.
const PROTOBUF: &str = "application/x-protobuf";

/// A step by its name.
type Plain = (&'static str, fn() -> Work);

/// Steps that are a word.
pub(super) const PLAIN: &[Plain] = &[
    ("base64", || Work::Base64),
    ("gunzip", || Work::Gunzip),
    ("hex", || Work::Hex),
    ("inflate", || Work::Inflate),
    ("json", || Work::Json(None)),
    ("percent", || Work::Percent),
    ("protobuf", || Work::Protobuf(None)),
    ("snappy", || Work::Snappy),
    ("unzstd", || Work::Unzstd),
];

/// Steps with a value, beside those of AES.
pub(super) const WITH: &[&str] = &["form", "json", "protobuf", "rc4", "skip", "split", "xor", "xor-query"];

/// Steps of AES, the bytes of their keys, and whether they need an IV.
pub(super) const AES: &[(&str, usize, bool)] = &[
    ("aes-128-cbc", 16, true),
    ("aes-128-ecb", 16, false),
    ("aes-192-cbc", 24, true),
    ("aes-192-ecb", 24, false),
    ("aes-256-cbc", 32, true),
    ("aes-256-ecb", 32, false),
];

fn key_bytes(step: &str, text: &str, form: Option<&str>) -> Result<Vec<u8>, String> {
    let bytes = match form {
        None | Some("text") => text.as_bytes().to_vec(),
        Some("hex") => hex::decode(text).ok_or_else(|| format!("{step}: the key is not hex"))?,
        Some("base64") => base64::decode(text.as_bytes()).ok_or_else(|| format!("{step}: the key is not base64"))?,
        Some(other) => return Err(format!("key_form = {other:?}: text, hex or base64 is needed")),
    };
    match (1..=LONGEST_KEY).contains(&bytes.len()) {
        true => Ok(bytes),
        false => Err(format!("{step}: the key has {} bytes; 1 to {LONGEST_KEY} are taken", bytes.len())),
    }
}

/// `None`: nothing was parted, or no part has a name where names were asked for.
fn split(bytes: &Bytes, by: &str, pair: Option<&str>, names: &[String]) -> Option<Vec<Yield>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut parts = Vec::new();
    for (number, part) in text.split(by).enumerate().take(budget::FIELDS) {
        let by_pair = pair.and_then(|pair| part.split_once(pair));
        let by_name = || names.iter().find_map(|name| Some((name.as_str(), part.strip_prefix(name.as_str())?)));
        let (key, value) = by_pair.or_else(by_name).map_or((None, part), |(key, value)| (Some(key), value));
        let argument = key.map_or_else(|| number.to_string(), str::to_owned);
        parts.push(Yield {
            argument: Some(argument),
            key: key.map(str::to_owned),
            bytes: bytes.slice_ref(value.as_bytes()),
        });
    }
    let asked = pair.is_some() || !names.is_empty();
    let named = parts.iter().any(|part| part.key.is_some());
    (parts.len() >= 2 && (named || !asked)).then_some(parts)
}
