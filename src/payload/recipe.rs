//! Recipes: named steps into the payload of one SDK, read from `signatures/recipes/`.
//!
//! A recipe says where it starts (`from`) and what to do, step by step. All of its
//! steps must succeed, else the payload is looked at like any other. What they yield
//! is walked on as usual, so a recipe ends where the encoding becomes ordinary. One
//! without steps only says what the fields of a readable payload mean. The steps stand
//! in `recipe_step.rs`; `published = true` beside a cipher says that its key is
//! published, so that the payload counts as readable by anyone.

use std::sync::Arc;

use regex::Regex;

use super::budget::Budget;
use super::leaf::{Link, Part};
use super::recipe_step::Work;
use super::walk::Value;
use crate::signatures::{HostPattern, Recipe};

/// Values that one recipe may make of one: slots of a beacon, fields of a packed text.
const MOST_VALUES: usize = 1_024;

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
    /// Each segment of the path.
    Path,
    Form(String),
    /// One field of the query, or each.
    Query(Option<String>),
    Header(String),
    Cookie(String),
    Json(String),
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
            ("path", "") => From::Path,
            ("query", "") => From::Query(None),
            ("query", name) => From::Query(Some(name.to_owned())),
            ("header", name) if !name.is_empty() => From::Header(name.to_ascii_lowercase()),
            ("cookie", name) if !name.is_empty() => From::Cookie(name.to_owned()),
            ("json", path) if path.starts_with('$') => From::Json(path.to_owned()),
            _ => {
                return Err(format!(
                    "from = {:?}: body, path, query, form:, query:, header:, cookie: or json:$ is needed",
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
            steps: recipe.steps.iter().map(Work::read).collect::<Result<_, _>>()?,
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
            From::Path => link.name == "path",
            From::Query(name) => link.name == "query" && name.as_ref().is_none_or(|name| argument == Some(name)),
            From::Header(name) => link.name == "header" && argument == Some(name),
            From::Cookie(name) => link.name == "cookie" && argument == Some(name),
            From::Json(path) => {
                value.part == Part::Body && value.depth == 1 && link.name == "json" && argument == Some(path)
            }
        }
    }
}

/// A value that a recipe led to.
pub(super) struct Led {
    pub(super) link: Arc<Link>,
    /// Its name, where a step gave it one.
    pub(super) key: Option<String>,
    /// The media type that the last step holds it for.
    pub(super) declared: Option<&'static str>,
}

/// Does `steps` one after the other; `None` as soon as one fails for all values. `query` is
/// that of the message.
pub(super) fn run(steps: &[Work], start: &Arc<Link>, query: &str, budget: &mut Budget) -> Option<Vec<Led>> {
    let mut values = vec![Led { link: start.clone(), key: None, declared: None }];
    for step in steps {
        let mut next = Vec::new();
        for Led { link, key, .. } in values {
            let Some(made) = step.run(&link.bytes, query, budget) else { continue };
            // The walk opens it itself and gives each value its path.
            if step.only_checks() {
                next.push(Led { link, key, declared: step.declares() });
                continue;
            }
            for part in made {
                if next.len() >= MOST_VALUES {
                    budget.reach("values that a recipe makes of one", MOST_VALUES);
                    break;
                }
                if !budget.layer() {
                    return None;
                }
                let open = if step.published_key() { Link::with_published_key } else { Link::new };
                let below = open(Some(link.clone()), step.name(), part.argument, part.bytes);
                next.push(Led { link: below, key: part.key.or_else(|| key.clone()), declared: None });
            }
        }
        values = next;
        if values.is_empty() {
            return None;
        }
    }
    Some(values)
}
