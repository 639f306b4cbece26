//! What the user says about the session: whose app it is, and what hosts are settled.

use super::host::Host;
use crate::session::{SettledAs, Settlement};
use crate::signatures::{HostPattern, Index, Named, Signatures};

/// Whose app is audited, as the user says.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Domains of the maker: `example.com` holds every host under it.
    pub first_party: Vec<String>,
    /// A company of the signatures, by id or by any of its names: its products and domains
    /// are the first party.
    pub owner: Option<String>,
    /// See [`Settlement`].
    pub settled: Vec<Settlement>,
}

impl Scope {
    /// What cannot be used of it, a sentence for each problem.
    ///
    /// An owner that the signatures do not know is no problem: they do not know most makers.
    pub fn check(&self, signatures: &Signatures) -> Vec<String> {
        let mut problems = Vec::new();
        for given in &self.first_party {
            match first_party(given) {
                None => problems.push(format!("first party {given:?} is no domain")),
                Some(Host::Name(name)) if psl::domain_str(&name).is_none() => {
                    problems.push(format!("first party {given:?} is a public suffix: give the domain below it"));
                }
                Some(_) => {}
            }
        }
        for settlement in &self.settled {
            if pattern(&settlement.host).is_none() {
                problems.push(format!("settled host {:?} is no host and no pattern", settlement.host));
            }
            if let SettledAs::Product(id) = &settlement.as_
                && !signatures.products.contains_key(id)
            {
                problems.push(format!(
                    "{} is settled as {id:?}: say first-party, infrastructure, ignore, or the id of a product",
                    settlement.host
                ));
            }
        }
        problems
    }
}

/// The usable part of a [`Scope`].
#[derive(Debug)]
pub(super) struct Resolved {
    /// Domains, without public suffixes, in the order given.
    pub(super) first_party: Vec<Host>,
    /// Company id.
    pub(super) owner: Option<String>,
    /// Exact hosts before patterns, otherwise in the order given.
    settled: Vec<(HostPattern, Settlement)>,
    /// Whether anybody said whose app it is. Only then is an unknown domain a third party's.
    pub(super) first_party_given: bool,
}

impl Resolved {
    pub(super) fn new(scope: Scope, index: &Index<'_>) -> Self {
        let first_party = scope.first_party.iter().filter_map(|given| first_party(given));
        let first_party: Vec<Host> =
            first_party.filter(|host| !matches!(host, Host::Name(name) if psl::domain_str(name).is_none())).collect();
        let owner = scope.owner.as_deref().and_then(|owner| owner_id(owner, index));
        let mut settled: Vec<(HostPattern, Settlement)> = scope
            .settled
            .into_iter()
            .filter(|s| !matches!(&s.as_, SettledAs::Product(id) if !index.signatures().products.contains_key(id)))
            .filter_map(|s| pattern(&s.host).map(|p| (p, s)))
            .collect();
        settled.sort_by_key(|(pattern, _)| !pattern.is_exact());
        let first_party_given = !first_party.is_empty() || owner.is_some();
        Self { first_party, owner, settled, first_party_given }
    }

    /// The longest first-party domain that `host` lies under.
    pub(super) fn first_party_of(&self, host: &Host) -> Option<&Host> {
        let domains = self.first_party.iter().filter(|domain| host.lies_under(domain));
        domains.max_by_key(|domain| domain.text().len())
    }

    /// What the user settled about `host`.
    pub(super) fn settled(&self, host: &str) -> Option<&Settlement> {
        self.settled.iter().find(|(pattern, _)| pattern.matches(host)).map(|(_, settlement)| settlement)
    }
}

/// A domain as people write it: `https://www.example.com/`, `*.example.com`, `example.com.`
fn first_party(given: &str) -> Option<Host> {
    let without_scheme = given.trim().split_once("://").map_or(given.trim(), |(_, rest)| rest);
    let host = without_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    Host::parse(host.trim_start_matches("*.").trim_start_matches('.'))
}

/// A host or pattern in the form that hosts are compared in.
fn pattern(given: &str) -> Option<HostPattern> {
    if let Some(host) = Host::parse(given) {
        return Some(HostPattern(host.text()));
    }
    let given = given.trim().to_ascii_lowercase();
    // With its stars replaced a pattern must be a name.
    let filled = given.strip_prefix("**.").unwrap_or(&given).replace('*', "x");
    matches!(Host::parse(&filled), Some(Host::Name(name)) if name == filled).then_some(HostPattern(given))
}

fn owner_id(given: &str, index: &Index<'_>) -> Option<String> {
    if index.signatures().companies.contains_key(given) {
        return Some(given.to_owned());
    }
    let mut companies = index.named(given).iter().filter_map(|named| match named {
        Named::Company(company) => Some(company.id.clone()),
        // A product's name stands for its company where the company has no such name.
        Named::Product(product) => Some(product.company.clone()),
        Named::Group(_) => None,
    });
    let by_company = index.named(given).iter().find_map(|named| match named {
        Named::Company(company) => Some(company.id.clone()),
        _ => None,
    });
    by_company.or_else(|| companies.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_read_as_people_write_them() {
        for given in ["https://Example.com/path?x", "*.example.com", "example.com.", ".example.com", "example.com:443"]
        {
            assert_eq!(first_party(given), Host::parse("example.com"), "{given}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        let set = Signatures::embedded().unwrap();
        let settle = |host: &str, as_: &str| Settlement {
            host: host.to_owned(),
            as_: SettledAs::from(as_.to_owned()),
            reason: "test".to_owned(),
        };
        let scope = Scope {
            first_party: vec!["com.cn".to_owned(), "a b".to_owned(), "example.com".to_owned()],
            owner: Some("Nobody Ltd.".to_owned()),
            settled: vec![
                settle("x.example", "no-such-product"),
                settle("a..b", "ignore"),
                settle("*.x.example", "getui"),
            ],
        };
        let problems = scope.check(&set);
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(problems[0].contains("com.cn") && problems[3].contains("a..b"), "{problems:?}");
    }

    #[test]
    fn an_owner_is_found_by_any_of_its_names() {
        let set = Signatures::embedded().unwrap();
        let index = Index::new(&set);
        for name in ["merit-interactive", "每日互动", "Merit Interactive Co., Ltd.", "个推"] {
            assert_eq!(owner_id(name, &index).as_deref(), Some("merit-interactive"), "{name}");
        }
        assert_eq!(owner_id("nobody", &index), None);
    }
}
