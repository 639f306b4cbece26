//! Problems as they are found: what several checks ask of a fact.

use std::collections::BTreeMap;

use super::super::load::Problem;
use super::super::{HostPattern, Origin, Product, Signatures};

/// Length of a host name, in characters (RFC 1035 §2.3.4).
const NAME_LENGTH: usize = 253;

/// `*` in one label. Matching one label takes time exponential in this number.
const STARS_IN_A_LABEL: usize = 2;

/// What is claimed, by which product, and where.
pub(super) type Claimed<'a, K> = BTreeMap<K, (&'a str, &'a Origin)>;

/// Collects problems.
pub(super) struct Found {
    pub(super) problems: Vec<Problem>,
}

impl Found {
    pub(super) fn add(&mut self, origin: &Origin, message: String) {
        self.problems.push(Problem { origin: origin.clone(), message });
    }

    pub(super) fn source(&mut self, origin: &Origin, source: &str) {
        if source.trim().is_empty() {
            self.add(origin, "a fact without a source".to_owned());
        }
    }

    pub(super) fn regex(&mut self, origin: &Origin, pattern: &str) {
        if let Err(error) = regex::Regex::new(pattern) {
            let message = error.to_string();
            let last = message.lines().last().unwrap_or_default().trim().to_owned();
            self.add(origin, format!("{pattern:?} is not a regular expression: {last}"));
        }
    }

    pub(super) fn known_type(&mut self, set: &Signatures, origin: &Origin, id: &str, what: &str) {
        if set.types.get(id).is_none() {
            self.add(origin, format!("{what} {id:?}, which is no data type"));
        }
    }

    pub(super) fn known_product(&mut self, set: &Signatures, origin: &Origin, id: &str, what: &str) {
        if !set.products.contains_key(id) {
            self.add(origin, format!("{what} {id:?}, which is no product"));
        }
    }

    pub(super) fn sorted(&mut self, origin: &Origin, field: &str, list: &[impl AsRef<str>]) {
        let pairs = list.iter().zip(list.iter().skip(1));
        for (before, after) in pairs.map(|(a, b)| (a.as_ref(), b.as_ref())) {
            match before.cmp(after) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => return self.add(origin, format!("{field} has {after:?} twice")),
                std::cmp::Ordering::Greater => {
                    return self.add(origin, format!("{field} is not sorted: {after:?} goes before {before:?}"));
                }
            }
        }
    }

    pub(super) fn claim<'a, K: Ord>(
        &mut self,
        claimed: &mut Claimed<'a, K>,
        key: K,
        product: &'a Product,
        origin: &'a Origin,
        kind: &str,
        what: &str,
    ) {
        if let Some((other, at)) = claimed.insert(key, (&product.id, origin))
            && other != product.id
        {
            self.add(origin, format!("{kind} {what} belongs to {} and to {other} ({at})", product.id));
        }
    }

    /// A domain that a product or a group owns: a name, no pattern, and not one that
    /// strangers register names under. A group may own a private suffix (`googleapis.com`):
    /// it claims no product for the names below.
    pub(super) fn domain(&mut self, origin: &Origin, domain: &str, private_suffix: bool) {
        let pattern = HostPattern(domain.to_owned());
        if !pattern.is_exact() {
            return self.add(origin, format!("domain {domain:?} must be a name, not a pattern"));
        }
        self.pattern(origin, &pattern);
        let suffix = psl::suffix(domain.as_bytes());
        let is_private = suffix.is_some_and(|s| s.typ() == Some(psl::Type::Private));
        if psl::domain_str(domain).is_none() && !(private_suffix && is_private) {
            self.add(origin, format!("{domain} is a public suffix: strangers have names under it"));
        }
    }

    pub(super) fn pattern(&mut self, origin: &Origin, pattern: &HostPattern) {
        if let Err(why) = well_formed(pattern) {
            self.add(origin, format!("host pattern {:?} {why}", pattern.0));
        }
    }
}

/// A pattern that can match a normalised name, and not a whole zone of strangers.
pub(super) fn well_formed(pattern: &HostPattern) -> Result<(), String> {
    if pattern.0.len() > NAME_LENGTH {
        return Err(format!("is longer than {NAME_LENGTH} characters"));
    }
    let name = pattern.0.strip_prefix("**.").unwrap_or(&pattern.0);
    let labels: Vec<&str> = name.split('.').collect();
    if labels.len() < 2 {
        return Err("has one label only".to_owned());
    }
    for label in &labels {
        let stars = label.matches('*').count();
        match label {
            _ if label.is_empty() => return Err("has an empty label".to_owned()),
            _ if label.contains("**") => return Err("has ** elsewhere than as its first label".to_owned()),
            _ if stars > STARS_IN_A_LABEL => return Err(format!("has more than {STARS_IN_A_LABEL} * in a label")),
            _ => {}
        }
        if let Some(c) = label.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-' | '_' | '*')) {
            return Err(format!("holds {c:?}, which no normalised name has (lower case, IDN in its xn-- form)"));
        }
    }
    if pattern.is_exact() && name.parse::<std::net::IpAddr>().is_ok() {
        return Ok(());
    }
    // With fewer than two labels of its own, a pattern would claim names of strangers.
    let own = labels.iter().filter(|l| l.chars().any(|c| c.is_ascii_alphanumeric())).count();
    if own < 2 { Err("names fewer than two labels".to_owned()) } else { Ok(()) }
}
