//! Private deployments: an SDK that reports to its customer's own server shows by the
//! path it calls and the fields it sends.

use regex::Regex;

use crate::message::{Kind, Message};
use crate::signatures::{PathRule, Product, Signatures};

/// Bytes of a body that are searched for the names of form fields. The fields that tell an
/// SDK are its first or follow a payload; those after a long payload are not looked for.
const FORM_BYTES: usize = 64 << 10;

/// A path rule that a request may be by.
#[derive(Clone, Debug)]
pub struct PathHit<'s> {
    /// Whose.
    pub product: &'s Product,
    /// The rule.
    pub rule: &'s PathRule,
    /// Fields that it asks for and that the request's query does not have.
    pub missing: Vec<&'s str>,
}

/// Path rules of all products, in the order of product ids.
#[derive(Debug)]
pub(super) struct PathRules<'s> {
    rules: Vec<(Regex, &'s PathRule, &'s Product)>,
}

impl<'s> PathRules<'s> {
    /// Rules whose expression cannot be read are left out; `signatures check` names them.
    pub(super) fn new(signatures: &'s Signatures) -> Self {
        let all = signatures.products.values().flat_map(|p| p.paths.iter().map(move |rule| (rule, p)));
        let rules = all.filter_map(|(rule, p)| Regex::new(&rule.path).ok().map(|regex| (regex, rule, p))).collect();
        Self { rules }
    }

    /// The product whose SDK sends requests like this one: the best known rule that fits.
    pub(super) fn product(&self, message: &Message, target: Option<&str>) -> Option<&'s Product> {
        let target = target?;
        self.fitting(path_of(target), || fields_of(message, target))
    }

    /// The same for a request of which only the target is known: a field of the body is not.
    pub(super) fn of_target(&self, target: &str) -> Option<&'s Product> {
        self.fitting(path_of(target), || query_fields(target).collect())
    }

    /// Rules whose path fits, with the fields that they ask for and `target` does not have.
    pub(super) fn candidates(&self, target: &str) -> Vec<PathHit<'s>> {
        let (path, fields) = (path_of(target), query_fields(target).collect::<Vec<_>>());
        let fits = self.rules.iter().filter(|(regex, ..)| regex.is_match(path));
        let hit = |(_, rule, product): &(Regex, &'s PathRule, &'s Product)| PathHit {
            product,
            rule,
            missing: rule.keys.iter().filter(|key| !fields.contains(key)).map(String::as_str).collect(),
        };
        fits.map(hit).collect()
    }

    fn fitting(&self, path: &str, fields_of: impl Fn() -> Vec<String>) -> Option<&'s Product> {
        let mut fields: Option<Vec<String>> = None;
        let mut best: Option<(&PathRule, &'s Product)> = None;
        for (regex, rule, product) in &self.rules {
            if best.is_some_and(|(known, _)| known.confidence >= rule.confidence) || !regex.is_match(path) {
                continue;
            }
            let fields = fields.get_or_insert_with(&fields_of);
            if rule.keys.iter().all(|key| fields.iter().any(|field| field == key)) {
                best = Some((rule, product));
            }
        }
        best.map(|(_, product)| product)
    }
}

/// The request target of a request, and of the handshake that a WebSocket message came by.
pub(super) fn target(message: &Message) -> Option<&str> {
    match &message.kind {
        Kind::Request { target, .. } => Some(target),
        Kind::WebSocket { target, .. } => target.as_deref(),
        _ => None,
    }
}

/// The path of a request target: without query, and without scheme and authority where it has them.
pub(super) fn path_of(target: &str) -> &str {
    let path = match target.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        _ => target,
    };
    path.split(['?', '#']).next().unwrap_or_default()
}

/// Names of the query's fields and of the body's, where that is a form.
fn fields_of(message: &Message, target: &str) -> Vec<String> {
    let mut names: Vec<String> = query_fields(target).collect();
    let is_form = message.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-type")
            && value.to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded")
    });
    if is_form {
        names.extend(field_names(message.body.get(..FORM_BYTES).unwrap_or(&message.body)));
    }
    names
}

fn query_fields(target: &str) -> impl Iterator<Item = String> + '_ {
    field_names(target.split_once('?').map_or("", |(_, query)| query).as_bytes())
}

fn field_names(form: &[u8]) -> impl Iterator<Item = String> + '_ {
    form.split(|b| *b == b'&').filter_map(|field| {
        let name = field.split(|b| *b == b'=').next()?;
        let decoded = percent_encoding::percent_decode(name).decode_utf8().ok()?;
        (!decoded.is_empty()).then(|| decoded.into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_what_stands_before_the_query() {
        assert_eq!(path_of("/sa?project=x"), "/sa");
        assert_eq!(path_of("http://t.example/a/b?c=/d"), "/a/b");
        assert_eq!(path_of("http://t.example"), "/");
        assert_eq!(path_of("/redirect?to=http://t.example/x"), "/redirect");
        assert_eq!(path_of("*"), "*");
    }

    #[test]
    fn field_names_are_decoded() {
        let names: Vec<_> = field_names(b"data%5Flist=x%3D&gzip=1&&=y").collect();
        assert_eq!(names, ["data_list", "gzip"]);
    }
}
