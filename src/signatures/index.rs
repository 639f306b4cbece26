//! Finds facts fast: hosts, names as policies write them, packages, clauses.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use unicode_normalization::UnicodeNormalization;

use super::{Clause, Company, Confidence, Group, HostPattern, HostRule, Infrastructure, Origin, Product, Signatures};

/// How a host led to a fact. The order is the precedence: the more exact wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchedBy {
    /// The product lists this very host.
    Exact,
    /// A pattern of the product.
    Pattern,
    /// The host lies under a domain of the product.
    Domain,
}

/// A product that a host may be.
#[derive(Clone, Copy, Debug)]
pub struct HostHit<'s> {
    /// The product.
    pub product: &'s Product,
    /// How it was found.
    pub by: MatchedBy,
    /// The host, pattern or domain in the signature.
    pub matched: &'s str,
    /// How well the fact is known.
    pub confidence: Confidence,
    /// File and line of the fact.
    pub origin: &'s Origin,
    /// The rule where it asks for a path or a port, and both fit: it goes before rules that ask for nothing.
    pub narrowed_by: Option<&'s HostRule>,
}

/// What a name may mean.
#[derive(Clone, Copy, Debug)]
pub enum Named<'s> {
    /// A product.
    Product(&'s Product),
    /// A company.
    Company(&'s Company),
    /// A group of companies.
    Group(&'s Group),
}

/// Indexes over a [`Signatures`].
#[derive(Clone, Debug)]
pub struct Index<'s> {
    signatures: &'s Signatures,
    exact: HashMap<&'s str, Vec<(&'s Product, &'s HostRule)>, RandomState>,
    /// By the last two labels of the pattern, where those hold no `*`.
    patterns: HashMap<&'s str, Vec<(&'s HostPattern, &'s Product, &'s HostRule)>, RandomState>,
    /// Patterns whose last two labels hold a `*` (`int.akisinn.*`).
    open_patterns: Vec<(&'s HostPattern, &'s Product, &'s HostRule)>,
    domains: HashMap<&'s str, Vec<&'s Product>, RandomState>,
    groups: HashMap<&'s str, &'s Group, RandomState>,
    infrastructure: HashMap<&'s str, &'s Infrastructure, RandomState>,
    infrastructure_patterns: Vec<(HostPattern, &'s str, &'s Infrastructure)>,
    names: HashMap<String, Vec<Named<'s>>, RandomState>,
    packages: HashMap<&'s str, Vec<&'s Product>, RandomState>,
}

impl<'s> Index<'s> {
    /// Of an effective set. Everything is kept in the order of ids, so that of two
    /// equal facts always the same one comes first.
    pub fn new(signatures: &'s Signatures) -> Self {
        let mut index = Self {
            signatures,
            exact: HashMap::default(),
            patterns: HashMap::default(),
            open_patterns: Vec::new(),
            domains: HashMap::default(),
            groups: HashMap::default(),
            infrastructure: HashMap::default(),
            infrastructure_patterns: Vec::new(),
            names: HashMap::default(),
            packages: HashMap::default(),
        };
        for product in signatures.products.values() {
            index.add_product(product);
        }
        for company in signatures.companies.values() {
            for name in [&company.zh, &company.en].into_iter().chain(&company.names) {
                index.add_name(name, Named::Company(company));
            }
        }
        for group in signatures.groups.values() {
            for domain in &group.domains {
                index.groups.entry(domain).or_insert(group);
            }
            for name in [&group.zh, &group.en] {
                index.add_name(name, Named::Group(group));
            }
        }
        for entry in signatures.infrastructure.values() {
            for domain in &entry.domains {
                if domain.contains('*') {
                    index.infrastructure_patterns.push((HostPattern(domain.clone()), domain, entry));
                } else {
                    index.infrastructure.entry(domain).or_insert(entry);
                }
            }
        }
        index
    }

    fn add_product(&mut self, product: &'s Product) {
        for rule in &product.hosts {
            for pattern in &rule.hosts {
                if pattern.is_exact() {
                    self.exact.entry(&pattern.0).or_default().push((product, rule));
                } else {
                    match last_two_labels(&pattern.0).filter(|tail| !tail.contains('*')) {
                        Some(tail) => self.patterns.entry(tail).or_default().push((pattern, product, rule)),
                        None => self.open_patterns.push((pattern, product, rule)),
                    }
                }
            }
        }
        for domain in &product.domains {
            self.domains.entry(domain).or_default().push(product);
        }
        for package in &product.packages {
            self.packages.entry(package).or_default().push(product);
        }
        for name in [&product.zh, &product.en].into_iter().chain(&product.names) {
            self.add_name(name, Named::Product(product));
        }
    }

    fn add_name(&mut self, name: &str, named: Named<'s>) {
        let folded = fold(name);
        if folded.is_empty() {
            return;
        }
        let known = self.names.entry(folded).or_default();
        if !known.iter().any(|k| k.id() == named.id()) {
            known.push(named);
        }
    }

    /// The set that is indexed.
    pub fn signatures(&self) -> &'s Signatures {
        self.signatures
    }

    /// Products that `host` may be, the best first, each product once with its best
    /// fact. `host` is a name in lower case without last dot, IDN in its ASCII form, or an address as text;
    /// rules that ask for a path or a port count only where it fits.
    pub fn products(&self, host: &str, path: Option<&str>, port: Option<u16>) -> Vec<HostHit<'s>> {
        let mut hits = Vec::new();
        let mut add = |product: &'s Product, rule: &'s HostRule, by, matched: &'s str| {
            if let Some(narrowed) = fits(rule, path, port) {
                let (confidence, origin) = (rule.confidence, &rule.origin);
                let narrowed_by = narrowed.then_some(rule);
                hits.push(HostHit { product, by, matched, confidence, origin, narrowed_by });
            }
        };
        for (product, rule) in self.exact.get(host).into_iter().flatten() {
            if let Some(listed) = rule.hosts.iter().find(|p| p.0 == host) {
                add(product, rule, MatchedBy::Exact, &listed.0);
            }
        }
        let by_tail = last_two_labels(host).and_then(|tail| self.patterns.get(tail)).into_iter().flatten();
        for (pattern, product, rule) in by_tail.chain(&self.open_patterns) {
            if pattern.matches(host) {
                add(product, rule, MatchedBy::Pattern, &pattern.0);
            }
        }
        for suffix in suffixes(host) {
            if let Some((&matched, products)) = self.domains.get_key_value(suffix) {
                hits.extend(products.iter().map(|product| HostHit {
                    product,
                    by: MatchedBy::Domain,
                    matched,
                    confidence: product.confidence,
                    origin: &product.origin,
                    narrowed_by: None,
                }));
            }
        }
        hits.sort_by(|a, b| {
            let more_exact = a.by.cmp(&b.by).then(b.narrowed_by.is_some().cmp(&a.narrowed_by.is_some()));
            more_exact.then(b.matched.len().cmp(&a.matched.len())).then(b.confidence.cmp(&a.confidence))
        });
        // A product's exact fact may be a weak one while its domain is well known: the
        // place stays that of the more exact fact, the reason is the better known one.
        let mut best: Vec<HostHit<'s>> = Vec::new();
        for hit in hits {
            match best.iter_mut().find(|b| b.product.id == hit.product.id) {
                Some(known) if hit.confidence > known.confidence => *known = HostHit { by: known.by, ..hit },
                Some(_) => {}
                None => best.push(hit),
            }
        }
        best
    }

    /// Rules that list this very host and ask for a path or a port that does not fit: what it
    /// may be when it is asked otherwise.
    pub fn otherwise(&self, host: &str, path: Option<&str>, port: Option<u16>) -> Vec<(&'s Product, &'s HostRule)> {
        let rules = self.exact.get(host).into_iter().flatten();
        rules.filter(|(_, rule)| fits(rule, path, port).is_none()).copied().collect()
    }

    /// The group whose domain `host` lies under, with that domain.
    pub fn group(&self, host: &str) -> Option<(&'s Group, &'s str)> {
        suffixes(host).find_map(|suffix| self.groups.get_key_value(suffix).map(|(&domain, &group)| (group, domain)))
    }

    /// The infrastructure `host` (or address) lies under, with the name that holds it
    /// as it stands in `host`.
    pub fn infrastructure<'h>(&self, host: &'h str) -> Option<(&'s Infrastructure, &'h str)> {
        suffixes(host).find_map(|suffix| {
            let listed = self.infrastructure.get(suffix).copied();
            let by_pattern = || self.infrastructure_patterns.iter().find(|(p, ..)| p.matches(suffix)).map(|(.., e)| *e);
            listed.or_else(by_pattern).map(|entry| (entry, suffix))
        })
    }

    /// What a name means, by [`fold`]: products first, then companies, then groups.
    pub fn named(&self, name: &str) -> &[Named<'s>] {
        self.names.get(&fold(name)).map_or(&[], Vec::as_slice)
    }

    /// All folded names with what they mean, sorted by name.
    pub fn names(&self) -> Vec<(&str, &[Named<'s>])> {
        let mut names: Vec<_> = self.names.iter().map(|(name, named)| (name.as_str(), named.as_slice())).collect();
        names.sort_by_key(|(name, _)| *name);
        names
    }

    /// Products whose code has this package name or one above it, the longest prefix only:
    /// `com.igexin.push` is Getui's, `com.igexinfo` is not.
    pub fn package(&self, package: &str) -> &[&'s Product] {
        let mut prefix = package;
        loop {
            if let Some(products) = self.packages.get(prefix) {
                return products;
            }
            match prefix.rsplit_once('.') {
                Some((shorter, _)) => prefix = shorter,
                None => return &[],
            }
        }
    }

    /// Clauses that apply to a finding code or condition, in the file's order; low ones
    /// are left out, because they are never printed.
    pub fn clauses(&self, code: &str) -> impl Iterator<Item = &'s Clause> {
        let known = self.signatures.clauses.iter().filter(|c| c.confidence > Confidence::Low);
        known.filter(move |c| c.applies_to.iter().any(|a| a == code))
    }
}

impl Named<'_> {
    /// Kind and id.
    pub fn id(&self) -> (&'static str, &str) {
        match self {
            Self::Product(product) => ("product", &product.id),
            Self::Company(company) => ("company", &company.id),
            Self::Group(group) => ("group", &group.id),
        }
    }
}

/// A name as names are compared: NFKC, lower case, letters and digits only. So
/// `友盟+ SDK`, `友盟SDK` and `友盟＋SDK` are one.
pub fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
}

/// `host` and what is left of it when labels are taken from the front, longest first.
/// An address is one piece: nothing is above `8.8.8.8`.
pub(crate) fn suffixes(host: &str) -> impl Iterator<Item = &str> {
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    let shorter = host.match_indices('.').filter(move |_| !is_address).filter_map(|(at, _)| host.get(at + 1..));
    std::iter::once(host).chain(shorter).filter(|s| !s.is_empty())
}

/// `Some(narrowed)` where the rule's path and port fit.
fn fits(rule: &HostRule, path: Option<&str>, port: Option<u16>) -> Option<bool> {
    let path_fits =
        rule.paths.is_empty() || path.is_some_and(|p| rule.paths.iter().any(|prefix| p.starts_with(prefix)));
    let port_fits = rule.port.is_none_or(|wanted| port == Some(wanted));
    (path_fits && port_fits).then_some(!rule.paths.is_empty() || rule.port.is_some())
}

/// `qq.com` of `android.bugly.qq.com`.
fn last_two_labels(host: &str) -> Option<&str> {
    let (last, _) = host.rmatch_indices('.').next()?;
    let cut = host.get(..last)?.rfind('.').map_or(0, |at| at + 1);
    host.get(cut..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_width_and_punctuation() {
        assert_eq!(fold("友盟＋ ＳＤＫ"), fold("友盟sdk"));
        assert_eq!(fold("Getui (个推)"), "getui个推");
        assert_ne!(fold("极光"), fold("极验"));
    }

    #[test]
    fn suffixes_are_cut_at_labels_and_addresses_not_at_all() {
        assert_eq!(suffixes("a.b.cn").collect::<Vec<_>>(), ["a.b.cn", "b.cn", "cn"]);
        assert_eq!(suffixes("8.8.8.8").collect::<Vec<_>>(), ["8.8.8.8"]);
        assert_eq!(last_two_labels("android.bugly.qq.com"), Some("qq.com"));
        assert_eq!(last_two_labels("com"), None);
    }

    #[test]
    fn the_more_exact_fact_wins() {
        let set = Signatures::embedded().unwrap();
        let index = Index::new(&set);
        let ids = |host: &str, path, port| {
            index.products(host, path, port).iter().map(|h| (h.product.id.as_str(), h.by)).collect::<Vec<_>>()
        };
        // graph.facebook.com is the SDK's; with the ads path it is Audience Network's.
        assert_eq!(ids("graph.facebook.com", None, None), [("facebook", MatchedBy::Exact)]);
        assert_eq!(ids("graph.facebook.com", Some("/network_ads_common"), None)[0].0, "fb_audience");
        // rs.chat.agora.io is Easemob's host under Agora's domain.
        assert_eq!(ids("rs.chat.agora.io", None, None), [("easemob", MatchedBy::Exact), ("agora", MatchedBy::Domain)]);
        // The fall-back address of Getui's long connection counts on its port only.
        assert_eq!(ids("43.231.145.10", None, Some(5224)), [("getui", MatchedBy::Exact)]);
        assert!(ids("43.231.145.10", None, Some(443)).is_empty());
        assert!(ids("notgetui.com", None, None).is_empty());
    }

    #[test]
    fn packages_match_by_whole_segments_and_the_longest_wins() {
        let set = Signatures::embedded().unwrap();
        let index = Index::new(&set);
        let one = |package: &str| index.package(package).first().map(|p| p.id.as_str());
        assert_eq!(one("com.igexin.push.core"), Some("getui"));
        assert_eq!(one("com.igexinfo"), None);
        assert_eq!(one("com.google.firebase.crashlytics.internal"), Some("crashlytics"));
    }

    #[test]
    fn names_lead_to_products_and_companies() {
        let set = Signatures::embedded().unwrap();
        let index = Index::new(&set);
        assert!(matches!(index.named("个 推"), [Named::Product(p)] if p.id == "getui"));
        assert!(matches!(index.named("每日互动股份有限公司"), [Named::Company(c)] if c.id == "merit-interactive"));
        assert!(index.named("！").is_empty());
        assert!(index.clauses("omitted-recipient").all(|c| c.confidence > Confidence::Low));
    }
}
