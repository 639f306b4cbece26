//! Recipes: named steps into the payload of one SDK, read from `signatures/recipes/`.
//!
//! A recipe says where it starts (`from`) and what to do, step by step. All of its
//! steps must succeed, else the payload is looked at like any other. What they yield
//! is walked on as usual, so a recipe ends where the encoding becomes ordinary. One
//! without steps only says what the fields of a readable payload mean.
//!
//! | step | does |
//! |---|---|
//! | `base64`, `hex`, `percent` | undoes the encoding, whatever the result |
//! | `gunzip`, `inflate`, `unzstd` | decompresses; `inflate` takes zlib and raw deflate |
//! | `json` | holds that the bytes are JSON; `{ json = "$.a.b" }` picks a value |
//! | `{ form = "m" }` | picks a field of a form |
//! | `{ skip = 4 }` | drops leading bytes |
//! | `{ aes-128-ecb = "key" }` | decrypts, PKCS #7; the key is 16 bytes of text, or 32 hex digits with `key_form = "hex"` |
//!
//! `published = true` beside a cipher says that its key is published, so that the
//! payload counts as readable by anyone.

use std::sync::Arc;

use bytes::Bytes;
use regex::Regex;

use super::budget::Budget;
use super::inflate::{gzip, raw, zlib};
use super::leaf::{Link, Part};
use super::walk::Value;
use super::{aes, base64, form, hex, json, percent, sense, zstandard};
use crate::signatures::{HostPattern, Recipe, RecipeStep};

/// A recipe ready to run.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) id: Arc<str>,
    product: String,
    hosts: Vec<HostPattern>,
    path: Option<Regex>,
    from: From,
    pub(super) steps: Vec<Work>,
    pub(super) sealed: bool,
}

/// Where a recipe starts.
#[derive(Debug, PartialEq)]
enum From {
    Body,
    Form(String),
    Query(String),
    Header(String),
    Cookie(String),
    Json(String),
}

/// What to do.
#[derive(Debug, PartialEq)]
pub(super) enum Work {
    Base64,
    Hex,
    Percent,
    Gunzip,
    Inflate,
    Unzstd,
    Json(Option<String>),
    Form(String),
    Skip(usize),
    Aes128Ecb { key: [u8; 16], name: String, published: bool },
}

/// What is wrong with `recipe`, in words; `Ok` when it can run.
pub fn check(recipe: &Recipe) -> Result<(), String> {
    Compiled::new(recipe).map(|_| ())
}

impl Compiled {
    pub(super) fn new(recipe: &Recipe) -> Result<Self, String> {
        let path = recipe.path.as_deref().map(Regex::new).transpose().map_err(|e| format!("path: {e}"))?;
        if recipe.hosts.is_empty() && path.is_none() {
            return Err("neither hosts nor path: it would apply to every message".to_owned());
        }
        let (kind, name) = recipe.from.split_once(':').unwrap_or((&recipe.from, ""));
        let from = match (kind, name) {
            ("body", "") => From::Body,
            ("form", name) if !name.is_empty() => From::Form(name.to_owned()),
            ("query", name) if !name.is_empty() => From::Query(name.to_owned()),
            ("header", name) if !name.is_empty() => From::Header(name.to_ascii_lowercase()),
            ("cookie", name) if !name.is_empty() => From::Cookie(name.to_owned()),
            ("json", path) if path.starts_with('$') => From::Json(path.to_owned()),
            _ => {
                return Err(format!(
                    "from = {:?}: body, form:, query:, header:, cookie: or json:$ is needed",
                    recipe.from
                ));
            }
        };
        if recipe.sealed && (!recipe.steps.is_empty() || recipe.reason.is_none()) {
            return Err("a sealed recipe has no steps, and a reason".to_owned());
        }
        Ok(Self {
            id: Arc::from(recipe.id.as_str()),
            product: recipe.product.clone(),
            hosts: recipe.hosts.clone(),
            path,
            from,
            steps: recipe.steps.iter().map(work).collect::<Result<_, _>>()?,
            sealed: recipe.sealed,
        })
    }

    /// It is for messages like this one. Without hosts the path alone decides, and a
    /// message that is known to go to another product is not taken.
    pub(super) fn applies(&self, host: Option<&str>, path: Option<&str>, product: Option<&str>) -> bool {
        let path_fits = self.path.as_ref().is_none_or(|regex| path.is_some_and(|p| regex.is_match(p)));
        let host_fits = match (self.hosts.is_empty(), host) {
            (true, _) => product.is_none_or(|p| p == self.product),
            (false, Some(host)) => self.hosts.iter().any(|pattern| pattern.matches(host)),
            (false, None) => false,
        };
        path_fits && (host_fits || self.path.is_some() && product == Some(self.product.as_str()))
    }

    /// `value` is what it starts at.
    pub(super) fn starts_at(&self, value: &Value) -> bool {
        let link = &value.link;
        let argument = link.argument.as_deref();
        match &self.from {
            From::Body => value.body,
            From::Form(name) => value.part == Part::Body && link.name == "form" && argument == Some(name),
            From::Query(name) => link.name == "query" && argument == Some(name),
            From::Header(name) => link.name == "header" && argument == Some(name),
            From::Cookie(name) => link.name == "cookie" && argument == Some(name),
            From::Json(path) => {
                value.part == Part::Body && value.depth == 1 && link.name == "json" && argument == Some(path)
            }
        }
    }
}

fn work(step: &RecipeStep) -> Result<Work, String> {
    let table = match step {
        RecipeStep::Plain(name) => {
            return match name.as_str() {
                "base64" => Ok(Work::Base64),
                "hex" => Ok(Work::Hex),
                "percent" => Ok(Work::Percent),
                "gunzip" => Ok(Work::Gunzip),
                "inflate" => Ok(Work::Inflate),
                "unzstd" => Ok(Work::Unzstd),
                "json" => Ok(Work::Json(None)),
                _ => Err(format!("step {name:?} is not known")),
            };
        }
        RecipeStep::With(table) => table,
    };
    let text = |name: &str| table.get(name).and_then(toml::Value::as_str).map(str::to_owned);
    if let Some(path) = text("json") {
        return Ok(Work::Json(Some(path)));
    }
    if let Some(name) = text("form") {
        return Ok(Work::Form(name));
    }
    if let Some(count) = table.get("skip").and_then(toml::Value::as_integer) {
        return usize::try_from(count).map(Work::Skip).map_err(|_| format!("skip = {count} is not a length"));
    }
    if let Some(name) = text("aes-128-ecb") {
        let bytes = match text("key_form").as_deref() {
            None | Some("text") => name.clone().into_bytes(),
            Some("hex") => hex::decode(&name).ok_or("aes-128-ecb: the key is not hex")?,
            Some(other) => return Err(format!("key_form = {other:?}: text or hex is needed")),
        };
        let key = bytes.try_into().map_err(|_| "aes-128-ecb: the key has not 16 bytes".to_owned())?;
        let published = table.get("published").and_then(toml::Value::as_bool).unwrap_or(false);
        return Ok(Work::Aes128Ecb { key, name, published });
    }
    Err(format!("step {table:?} is not known"))
}

/// Does `steps` one after the other; `None` as soon as one fails.
pub(super) fn run(steps: &[Work], start: &Arc<Link>, budget: &mut Budget) -> Option<Arc<Link>> {
    steps.iter().try_fold(start.clone(), |link, step| {
        let bytes = link.bytes.clone();
        let below = Some(link);
        let (name, argument, out): (_, _, Bytes) = match step {
            Work::Base64 => ("base64", None, base64::decode(&bytes)?.into()),
            Work::Hex => ("hex", None, hex::decode(std::str::from_utf8(&bytes).ok()?)?.into()),
            Work::Percent => ("percent", None, percent::decode(&bytes).unwrap_or(bytes)),
            Work::Gunzip => ("gzip", None, gzip(&bytes, budget).usable()?.into()),
            Work::Inflate => {
                let inflated = if sense::is_zlib(&bytes) { zlib(&bytes, budget) } else { raw(&bytes, budget) };
                ("deflate", None, inflated.usable()?.into())
            }
            Work::Unzstd => ("zstd", None, zstandard::zstd(&bytes, budget).usable()?.into()),
            // The walk opens the JSON itself and gives each value its path.
            Work::Json(None) => return json::is_json(&bytes, budget).then_some(below).flatten(),
            Work::Json(Some(path)) => ("json", Some(path.clone()), json::at_path(&bytes, path, budget)?),
            Work::Form(name) => {
                let field = form::pairs(&bytes, budget).into_iter().find(|p| p.argument.as_ref() == Some(name))?;
                ("form", Some(name.clone()), field.bytes)
            }
            Work::Skip(count) => {
                let rest = bytes.get(*count..)?;
                ("skip", Some(count.to_string()), bytes.slice_ref(rest))
            }
            Work::Aes128Ecb { key, name, published } => {
                let out = Bytes::from(aes::ecb_decrypt(key, &bytes)?);
                let open = if *published { Link::with_published_key } else { Link::new };
                return budget.bytes(out.len()).then(|| open(below, "aes-128-ecb", Some(name.clone()), out));
            }
        };
        budget.layer().then(|| Link::new(below, name, argument, out))
    })
}
