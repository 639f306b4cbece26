//! Recipes: named steps into the payload of one SDK, read from `signatures/recipes/`.
//!
//! A recipe says where it starts (`from`) and what to do, step by step. All of its
//! steps must succeed, else the payload is looked at like any other. What they yield
//! is walked on as usual, so a recipe ends where the encoding becomes ordinary. One
//! without steps only says what the fields of a readable payload mean. The steps stand
//! in `recipe_step.rs`; `published = true` beside a cipher says that its key is
//! published, so that the payload counts as readable by anyone.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::budget::Budget;
use super::leaf::{Link, Part};
use super::recipe_step::Work;
use super::walk::Value;
use super::{form, parts};
use crate::message::{Kind, Message};
use crate::signatures::{Expression, HostPattern, Recipe};

/// Values that one recipe may make from one value: slots of a beacon, fields of a packed text.
const MOST_VALUES: usize = 1_024;

/// A recipe ready to run.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) id: Arc<str>,
    product: String,
    hosts: Vec<HostPattern>,
    path: Option<Expression>,
    when: Vec<(Asked, Expression)>,
    from: From,
    pub(super) steps: Vec<Work>,
    pub(super) sealed: bool,
}

/// What a condition asks of a message.
#[derive(Debug)]
enum Asked {
    Method,
    /// Any field of this name, in lower case.
    Header(String),
    /// Any field of the query, percent encoding undone.
    Query(String),
}

impl Asked {
    fn read(name: &str) -> Result<Self, String> {
        match name.split_once(':').unwrap_or((name, "")) {
            ("method", "") => Ok(Self::Method),
            ("header", name) if !name.is_empty() => Ok(Self::Header(name.to_ascii_lowercase())),
            ("query", name) if !name.is_empty() => Ok(Self::Query(name.to_owned())),
            _ => Err(format!("when {name:?}: method, header: or query: is needed")),
        }
    }

    /// Whether the part is there, and `expression` is found in it.
    fn fits(&self, expression: &Expression, message: &Message, query: &str) -> bool {
        let is = |text: &[u8]| expression.is_match(&String::from_utf8_lossy(text));
        match self {
            Self::Method => matches!(&message.kind, Kind::Request { method, .. } if is(method.as_bytes())),
            Self::Header(wanted) => {
                message.headers.iter().any(|(name, value)| name.eq_ignore_ascii_case(wanted) && is(value))
            }
            Self::Query(wanted) => {
                let query = Bytes::copy_from_slice(query.as_bytes());
                let pairs = form::pairs(&query, &mut Budget::default());
                pairs.iter().any(|pair| pair.key.as_ref() == Some(wanted) && is(&pair.bytes))
            }
        }
    }
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
    let compiled = Compiled::new(recipe)?;
    compiled.path.iter().try_for_each(|path| path.check().map_err(|e| format!("path: {e}")))?;
    let conditions = recipe.when.keys().zip(&compiled.when);
    conditions
        .into_iter()
        .try_for_each(|(name, (_, expression))| expression.check().map_err(|e| format!("when {name:?}: {e}")))
}

impl Compiled {
    pub(super) fn new(recipe: &Recipe) -> Result<Self, String> {
        if recipe.hosts.is_empty() && recipe.path.is_none() {
            return Err("neither hosts nor path: it would apply to every message".to_owned());
        }
        let condition = |(name, pattern): (&String, &String)| Ok((Asked::read(name)?, Expression::new(pattern)));
        let when = recipe.when.iter().map(condition).collect::<Result<_, String>>()?;
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
            path: recipe.path.as_deref().map(Expression::new),
            when,
            from,
            steps: recipe.steps.iter().map(Work::read).collect::<Result<_, _>>()?,
            sealed: recipe.sealed,
        })
    }

    /// It is for messages like this one.
    fn applies(&self, message: &Message, address: &Address<'_>) -> bool {
        self.is_for(address) && self.when.iter().all(|(of, expression)| of.fits(expression, message, address.query))
    }

    /// The same by host and path only. Without hosts the path decides, unless the message is
    /// known to go to another product.
    fn is_for(&self, address: &Address<'_>) -> bool {
        let host_fits = match (self.hosts.is_empty(), address.host) {
            (true, _) => address.product.is_none_or(|p| p == self.product),
            (false, Some(host)) => self.hosts.iter().any(|pattern| pattern.matches(host)),
            (false, None) => false,
        };
        (host_fits || self.path.is_some() && address.product == Some(self.product.as_str()))
            && self.path.as_ref().is_none_or(|expression| address.path.is_some_and(|path| expression.is_match(path)))
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

/// Where a message went, as far as recipes ask.
struct Address<'a> {
    host: Option<&'a str>,
    path: Option<&'a str>,
    query: &'a str,
    product: Option<&'a str>,
}

impl<'a> Address<'a> {
    fn of(message: &'a Message, product: Option<&'a str>) -> Self {
        let host = message.host.as_deref().or(message.sni.as_deref());
        let (path, query) = parts::target(message).map(parts::split_target).unzip();
        Self { host, path, query: query.unwrap_or_default(), product }
    }
}

/// All recipes, indexed by host: there are hundreds, and most messages go to a host that has none.
#[derive(Debug, Default)]
pub(super) struct Recipes {
    all: Vec<Compiled>,
    /// By host, and of a pattern by the last two labels.
    by_host: HashMap<String, Vec<usize>>,
    by_product: HashMap<String, Vec<usize>>,
    /// For any host, or for a pattern that leaves its last labels open.
    anywhere: Vec<usize>,
}

impl Recipes {
    /// Those of `recipes` that can run.
    pub(super) fn new<'r>(recipes: impl Iterator<Item = &'r Recipe>) -> Self {
        let mut set = Self::default();
        for recipe in recipes.filter_map(|recipe| Compiled::new(recipe).ok()) {
            let index = set.all.len();
            for HostPattern(host) in &recipe.hosts {
                let known = if host.contains('*') { last_labels(host) } else { host };
                match known.contains('*') {
                    true => set.anywhere.push(index),
                    false => set.by_host.entry(known.to_owned()).or_default().push(index),
                }
            }
            if recipe.hosts.is_empty() {
                set.anywhere.push(index);
            } else {
                set.by_product.entry(recipe.product.clone()).or_default().push(index);
            }
            set.all.push(recipe);
        }
        set
    }

    /// Those for `message`, which went to `product` as far as that is known, in their order.
    pub(super) fn of(&self, message: &Message, product: Option<&str>) -> Vec<&Compiled> {
        let address = Address::of(message, product);
        self.near(&address).filter(|recipe| recipe.applies(message, &address)).collect()
    }

    /// Those that may be for it, in their order.
    fn near(&self, address: &Address<'_>) -> impl Iterator<Item = &Compiled> {
        let hosts = address.host.into_iter().flat_map(|host| [host, last_labels(host)]);
        let by_host = hosts.filter_map(|host| self.by_host.get(host));
        let by_product = address.product.and_then(|product| self.by_product.get(product));
        let mut numbers: Vec<usize> = by_host.chain(by_product).flatten().chain(&self.anywhere).copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().filter_map(|number| self.all.get(number))
    }
}

/// `b.example` of `a.b.example`.
fn last_labels(host: &str) -> &str {
    host.rmatch_indices('.').nth(1).and_then(|(at, _)| host.get(at + 1..)).unwrap_or(host)
}

/// A value that a recipe led to.
pub(super) struct Led {
    pub(super) link: Arc<Link>,
    /// Its name, where a step gave it one.
    pub(super) key: Option<String>,
    /// The media type that the last step holds it for.
    pub(super) declared: Option<&'static str>,
}

/// Runs `steps` one after the other; `None` as soon as one fails for all values. `query` is
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

#[cfg(test)]
mod tests {
    use super::super::recipe_step::{AES, PLAIN, WITH};
    use super::*;
    use crate::signatures::{RecipeDigest, Signatures};

    fn compiled() -> Vec<Compiled> {
        let signatures = Signatures::embedded().unwrap();
        signatures.recipes.values().map(|recipe| Compiled::new(recipe).unwrap()).collect()
    }

    #[test]
    fn every_sealed_recipe_of_ours_says_why_in_both_languages() {
        let signatures = Signatures::embedded().unwrap();
        for recipe in signatures.recipes.values().filter(|recipe| recipe.sealed) {
            assert!(recipe.reason.is_some() && recipe.reason_zh.is_some(), "{}", recipe.id);
        }
    }

    /// `signatures/endpoints.toml`: each place has recipes that are for it, or a reason.
    #[test]
    fn every_endpoint_has_its_recipes_or_a_reason() {
        let (signatures, compiled) = (Signatures::embedded().unwrap(), compiled());
        let set = Recipes::new(signatures.recipes.values());
        let (mut open, mut sealed, mut none) = (0, 0, 0);
        for endpoint in &signatures.endpoints {
            if endpoint.recipes.is_empty() {
                assert!(endpoint.reason.is_some(), "{}", endpoint.url);
                none += 1;
                continue;
            }
            let (_, rest) = endpoint.url.split_once("://").unwrap();
            let (authority, path) = rest.split_at(rest.find('/').unwrap());
            let host = authority.split(':').next();
            let all_sealed = endpoint.recipes.iter().all(|id| {
                let recipe = compiled.iter().find(|recipe| *recipe.id == **id).unwrap();
                let address = Address { host, path: Some(path), query: "", product: None };
                assert!(recipe.is_for(&address), "{id} is not for {}", endpoint.url);
                assert!(set.near(&address).any(|near| *near.id == **id), "{id} is not looked up for {}", endpoint.url);
                recipe.sealed
            });
            let count = if all_sealed { &mut sealed } else { &mut open };
            *count += 1;
        }
        println!(
            "{open} endpoints with a recipe that reads, {sealed} sealed with a reason, {none} without, with a reason"
        );
        assert!(open > 80 && sealed > 60 && none < 25);
        let listed =
            |recipe: &&Compiled| signatures.endpoints.iter().any(|e| e.recipes.iter().any(|id| **id == *recipe.id));
        let strays: Vec<&str> = compiled.iter().filter(|r| !listed(r)).map(|r| &*r.id).collect();
        assert_eq!(strays, ["umeng-exchange"], "recipes of no endpoint; that one's host is not told");
    }

    #[test]
    fn conditions_on_method_header_and_query() {
        let recipe = |when: &str| -> Result<Compiled, String> {
            let text = format!("id = 'x'\nproduct = 'p'\npath = '^/m$'\nfrom = 'body'\nsource = 's'\nwhen = {when}\n");
            let recipe = toml::from_str(&text).unwrap();
            check(&recipe)?;
            Compiled::new(&recipe)
        };
        let mut message = super::super::tests::message("up.kettle.example");
        message.kind = Kind::Request { method: "POST".to_owned(), target: "/m?op=a%2Eb&x=1".to_owned() };
        message.headers = vec![("Operation-Type".to_owned(), Bytes::from_static(b"alipay.security.x"))];
        let fits = |when: &str, message: &Message| recipe(when).unwrap().applies(message, &Address::of(message, None));
        for when in [
            "{ method = '^POST$' }",
            "{ 'header:operation-type' = '^alipay[.]security[.]' }",
            "{ 'query:op' = '^a[.]b$', method = 'POST', 'header:Operation-Type' = 'x$' }",
        ] {
            assert!(fits(when, &message), "{when}");
        }
        for when in [
            "{ method = 'GET' }",
            "{ 'header:operation-type' = '^x' }",
            "{ 'query:y' = '' }",
            "{ 'query:op' = 'a', 'header:none' = '' }",
        ] {
            assert!(!fits(when, &message), "{when}");
        }
        for (when, words) in [
            ("{ cookie = 'x' }", "method, header: or query:"),
            ("{ 'header:' = 'x' }", "is needed"),
            ("{ method = '(' }", "when \"method\""),
        ] {
            assert!(recipe(when).unwrap_err().contains(words), "{when}");
        }
    }

    /// `docs/recipes.md` names every key, every place to start at and every step.
    #[test]
    fn the_language_is_documented() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/recipes.md")).unwrap();
        let keys = |value: serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let recipe: Recipe = toml::from_str("id = 'x'\nproduct = 'p'\nfrom = 'body'\nsource = 's'").unwrap();
        let digest: RecipeDigest = toml::from_str("type = 'imei'\ndigest = 'md5'").unwrap();
        let mut words = keys(serde_json::to_value(recipe).unwrap());
        words.extend(keys(serde_json::to_value(digest).unwrap()));
        words.extend(["body", "form:", "query:", "path", "header:", "cookie:", "json:", "method"].map(str::to_owned));
        words.extend(["iv", "key_form", "names", "pair", "published"].map(str::to_owned));
        words.extend(PLAIN.iter().map(|(name, _)| (*name).to_owned()));
        words.extend(WITH.iter().map(|name| (*name).to_owned()));
        assert!(words.len() > 45, "{words:?}");
        // In a table or in the text, as code; `aes-192-ecb` by its column.
        let told = |word: &str| {
            [format!("`{word}"), format!("`\"{word}"), format!("`{{ {word} "), format!("`[recipe.{word}]")]
                .iter()
                .any(|code| page.contains(code))
        };
        let untold: Vec<&String> = words.iter().filter(|word| !told(word)).collect();
        assert!(untold.is_empty(), "{untold:?}");
        for (step, ..) in AES {
            let (size, mode) = step.trim_start_matches("aes-").split_once('-').unwrap();
            assert!(page.contains(&format!("-{size}-")) && page.contains(mode), "{step}");
        }
        for digest in RecipeDigest::NAMES {
            assert!(page.contains(&format!("`{digest}`")), "{digest}");
        }
    }

    #[test]
    fn each_step_that_is_listed_is_one() {
        for (name, _) in PLAIN {
            let step: crate::signatures::RecipeStep = serde_json::from_str(&format!("\"{name}\"")).unwrap();
            assert!(Work::read(&step).is_ok(), "{name}");
        }
        for name in WITH {
            let value = if *name == "skip" { "1" } else { "'x'" };
            let table: std::collections::BTreeMap<String, toml::Value> =
                toml::from_str(&format!("{name} = {value}")).unwrap();
            assert!(Work::read(&crate::signatures::RecipeStep::With(table)).is_ok(), "{name}");
        }
    }
}
