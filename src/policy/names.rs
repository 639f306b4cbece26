//! Names of a policy to products and companies of the signatures.
//!
//! Names are compared as `spelling` says. A package name is read by its prefix. A
//! link's domain is a hint only. What stays unknown is an ad-hoc third party.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;

use super::fold::{Folded, fold, is_cjk, key};
use super::lexicon::Lexicon;
use super::model::Resolved;
use super::spelling::{company_key, is_glued_to_sdk, members, packages_in, product_key, spellings, split_names, stem};
use crate::evidence::Certainty;
use crate::signatures::Signatures;

/// Fewer letters than these are no name to look for inside another.
const LEAST_CJK: usize = 2;
const LEAST_ASCII: usize = 4;

/// The phrase whose patterns are names of services, plain words.
const SERVICES: &str = "part:service";

/// Names ready for looking up.
#[derive(Debug)]
pub struct Names<'a> {
    signatures: &'a Signatures,
    products: BTreeMap<String, BTreeSet<&'a str>>,
    companies: BTreeMap<String, BTreeSet<&'a str>>,
    packages: Vec<(&'a str, &'a str)>,
    domains: Vec<(&'a str, &'a str)>,
    /// All product names folded, for finding them anywhere in a text, and whose they are.
    literal: Option<AhoCorasick>,
    literal_ids: Vec<&'a str>,
    inside: Inside,
    /// Folded names of several Latin words, which keys would run together.
    several_words: Literal,
    /// Keys of services that no signature knows.
    services: BTreeSet<String>,
    services_inside: Inside,
}

/// Keys of product names that are long enough to be looked for inside another name: those
/// in ASCII as whole words of the folded text, the others in its key.
#[derive(Debug, Default)]
struct Inside {
    ascii: Literal,
    other: Literal,
}

/// Strings, and what finds them.
type Literal = (Option<AhoCorasick>, Vec<String>);

impl Inside {
    fn new<'k>(keys: impl Iterator<Item = &'k String>) -> Self {
        let long = |name: &&String| {
            let cjk = name.chars().filter(|c| is_cjk(*c)).count();
            cjk >= LEAST_CJK || cjk == 0 && name.len() >= LEAST_ASCII || cjk == 1 && name.len() >= 6
        };
        let (ascii, other): (Vec<String>, Vec<String>) = keys.filter(long).cloned().partition(|name| name.is_ascii());
        Self { ascii: (AhoCorasick::new(&ascii).ok(), ascii), other: (AhoCorasick::new(&other).ok(), other) }
    }

    /// The longest of them in `text`.
    fn longest(&self, text: &str) -> Option<&str> {
        let (whole, spaced) = (key(text), fold(text));
        let found = longest(&self.ascii, &spaced, true).into_iter().chain(longest(&self.other, &whole, false));
        found.max_by_key(|name| (name.chars().count(), *name))
    }
}

fn longest<'n>((automaton, names): &'n Literal, text: &str, words: bool) -> Option<&'n str> {
    let hits = automaton.iter().flat_map(|a| a.find_overlapping_iter(text));
    let hits = hits.filter(|hit| !words || is_word(text, hit.start(), hit.end()));
    let found = hits.filter_map(|hit| names.get(hit.pattern().as_usize()));
    found.max_by_key(|name| (name.chars().count(), *name)).map(String::as_str)
}

impl<'a> Names<'a> {
    /// Of a set of signatures.
    pub fn new(signatures: &'a Signatures) -> Self {
        let mut products: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let mut packages = Vec::new();
        let mut domains = Vec::new();
        let (mut literal, mut literal_ids) = (Vec::new(), Vec::new());
        for product in signatures.products.values() {
            for name in product.names.iter().chain([&product.zh, &product.en]) {
                let folded = fold(name);
                let cjk = folded.chars().filter(|c| is_cjk(*c)).count();
                if cjk >= LEAST_CJK || folded.len() >= LEAST_ASCII {
                    literal.push(folded);
                    literal_ids.push(product.id.as_str());
                }
                // "ShareSDK" is a name as a whole: the word before "SDK" names nobody.
                let bare = (!is_glued_to_sdk(&fold(name))).then(|| product_key(name));
                for name in [key(name)].into_iter().chain(bare) {
                    if !name.is_empty() {
                        products.entry(name).or_default().insert(product.id.as_str());
                    }
                }
            }
            packages.extend(product.packages.iter().map(|p| (p.as_str(), product.id.as_str())));
            domains.extend(product.domains.iter().map(|d| (d.as_str(), product.id.as_str())));
        }
        // Services that no signature knows are names all the same, of no product.
        let services = signatures.vocabulary.phrases.iter().filter(|phrase| phrase.id == SERVICES);
        let services: BTreeSet<String> = services.flat_map(|phrase| &phrase.patterns).map(|name| key(name)).collect();
        let mut companies: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for company in signatures.companies.values() {
            for name in company.names.iter().chain([&company.zh, &company.en]) {
                for name in [key(name), company_key(name)] {
                    if !name.is_empty() {
                        companies.entry(name).or_default().insert(company.id.as_str());
                    }
                }
            }
        }
        // The longest prefix decides.
        packages.sort_by_key(|(p, _)| (usize::MAX - p.len(), *p));
        let mut several_words: Vec<String> =
            literal.iter().filter(|n| n.is_ascii() && n.contains(' ')).cloned().collect();
        several_words.sort_unstable();
        several_words.dedup();
        let several_words = (AhoCorasick::new(&several_words).ok(), several_words);
        let literal = AhoCorasick::new(&literal).ok();
        let (inside, services_inside) = (Inside::new(products.keys()), Inside::new(services.iter()));
        Self {
            signatures,
            products,
            companies,
            packages,
            domains,
            literal,
            literal_ids,
            inside,
            several_words,
            services,
            services_inside,
        }
    }

    /// The signatures behind the names.
    pub fn signatures(&self) -> &'a Signatures {
        self.signatures
    }

    /// Companies that the text names, one or several of them.
    pub fn companies(&self, text: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for part in std::iter::once(text).chain(split_names(text)) {
            for name in [key(part), company_key(part)] {
                for id in self.companies.get(&name).into_iter().flatten() {
                    if !found.iter().any(|f| f == id) {
                        found.push((*id).to_owned());
                    }
                }
            }
        }
        found
    }

    /// Products that `product` names, best first; `company` and `context` (purpose,
    /// category words) decide between products of the same name; `hosts` are of links.
    pub fn products(
        &self,
        lexicon: &Lexicon,
        product: &str,
        company: &str,
        context: &str,
        hosts: &[String],
    ) -> Vec<Resolved> {
        let mut found: Vec<Resolved> = Vec::new();
        let add = |found: &mut Vec<Resolved>, ids: Vec<&str>, by: &str, certainty: Certainty| {
            for id in ids {
                if !found.iter().any(|f| f.product == id) {
                    found.push(Resolved { product: id.to_owned(), by: by.to_owned(), certainty });
                }
            }
        };
        for part in spellings(product) {
            if let Some(ids) = self.exactly(&part) {
                add(
                    &mut found,
                    self.best(lexicon, ids, company, &format!("{product} {context}")),
                    &part,
                    Certainty::Confirmed,
                );
            }
        }
        for package in packages_in(product) {
            if let Some(id) = self.of_package(&package) {
                add(&mut found, vec![id], &package, Certainty::Confirmed);
            }
        }
        for part in members(product) {
            if self.exactly(part).is_none()
                && let Some((name, ids)) = self.inside(part)
            {
                add(
                    &mut found,
                    self.best(lexicon, ids, company, &format!("{part} {context}")),
                    &name,
                    Certainty::Probable,
                );
            }
        }
        if found.is_empty()
            && let Some((name, ids)) = self.words_inside(product).or_else(|| self.inside(product))
        {
            add(
                &mut found,
                self.best(lexicon, ids, company, &format!("{product} {context}")),
                &name,
                Certainty::Probable,
            );
        }
        if found.is_empty()
            && let Some(id) = self.of_company_and_kind(lexicon, product, company)
        {
            add(&mut found, vec![id], product, Certainty::Probable);
        }
        if found.is_empty() {
            for host in hosts {
                if let Some((domain, id)) = self.domains.iter().find(|(d, _)| is_under(host, d)) {
                    found.push(Resolved {
                        product: (*id).to_owned(),
                        by: (*domain).to_owned(),
                        certainty: Certainty::Possible,
                    });
                    break;
                }
            }
        }
        found
    }

    fn exactly(&self, name: &str) -> Option<&BTreeSet<&'a str>> {
        self.products.get(&key(name)).or_else(|| self.products.get(&product_key(name)))
    }

    /// The product of a package name: the longest known prefix; or, for a package that is
    /// shorter than the known ones, the only product under it.
    fn of_package(&self, package: &str) -> Option<&'a str> {
        if let Some((_, id)) = self.packages.iter().find(|(known, _)| is_prefix(known, package)) {
            return Some(id);
        }
        let mut under = self.packages.iter().filter(|(known, _)| is_prefix(package, known)).map(|(_, id)| *id);
        let first = under.next()?;
        under.all(|id| id == first).then_some(first)
    }

    /// "荣耀PUSH SDK": the only product of the company that does what the name says.
    fn of_company_and_kind(&self, lexicon: &Lexicon, product: &str, company: &str) -> Option<&'a str> {
        let mut companies = self.companies(company);
        companies.extend(self.companies(&stem(lexicon, product)));
        if companies.is_empty() {
            return None;
        }
        let kinds: BTreeSet<&str> = lexicon.categories(product).iter().map(|f| f.id).collect();
        let mut fitting = self
            .signatures
            .products
            .values()
            .filter(|p| companies.contains(&p.company) && p.categories.iter().any(|c| kinds.contains(c.as_str())));
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first.id.as_str())
    }

    /// Two companies are one, or of one group.
    pub fn are_kin(&self, a: &str, b: &str) -> bool {
        let both = |list: &[String]| list.iter().any(|c| c == a) && list.iter().any(|c| c == b);
        a == b || self.signatures.groups.values().any(|g| both(&g.companies))
    }

    /// The text is, as a whole, the name of a known product or company, or of a service.
    pub fn is_known(&self, text: &str) -> bool {
        let names = [key(text), product_key(text), company_key(text)];
        let known =
            |n: &String| self.products.contains_key(n) || self.companies.contains_key(n) || self.services.contains(n);
        names.iter().any(known)
            || packages_in(text).iter().any(|p| self.packages.iter().any(|(known, _)| is_prefix(known, p)))
    }

    /// The text is the name of a known product, or holds one.
    pub fn is_product(&self, text: &str) -> bool {
        [key(text), product_key(text)].iter().any(|n| self.products.contains_key(n))
            || !packages_in(text).is_empty()
            || self.inside(text).is_some()
    }

    /// The text holds the name of a known product.
    pub fn holds_known(&self, text: &str) -> bool {
        self.is_known(text) || self.inside(text).is_some() || self.services_inside.longest(text).is_some()
    }

    /// The longest product name of several Latin words inside `text`: "Some Store" in "Some Store purchases".
    fn words_inside(&self, text: &str) -> Option<(String, &BTreeSet<&'a str>)> {
        let name = longest(&self.several_words, &fold(text), true)?;
        self.products.get(&key(name)).map(|ids| (name.to_owned(), ids))
    }

    /// The product that is called so is made by the company of that name.
    pub fn is_product_of(&self, product: &str, company: &str) -> bool {
        let companies = self.companies(company);
        let ids = self.exactly(product).into_iter().flatten();
        let mut makers = ids.filter_map(|id| self.signatures.products.get(*id)).map(|product| &product.company);
        makers.any(|maker| companies.contains(maker))
    }

    /// The longest product name inside `text`.
    fn inside(&self, text: &str) -> Option<(String, &BTreeSet<&'a str>)> {
        let name = self.inside.longest(text)?;
        self.products.get(name).map(|ids| (name.to_owned(), ids))
    }

    /// Products whose names stand literally in the text, with the bytes they stand at, each
    /// product once.
    pub fn literally(&self, text: &str) -> BTreeMap<&'a str, usize> {
        let folded = Folded::new(text);
        let mut found = BTreeMap::new();
        let Some(automaton) = &self.literal else { return found };
        for hit in automaton.find_overlapping_iter(&folded.text) {
            let Some(id) = self.literal_ids.get(hit.pattern().as_usize()) else { continue };
            let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            let words = folded.text.get(hit.start()..hit.end()).unwrap_or_default();
            let before = folded.text.get(..hit.start()).and_then(|t| t.chars().next_back());
            let after = folded.text.get(hit.end()..).and_then(|t| t.chars().next());
            let cut =
                letter(before) && letter(words.chars().next()) || letter(after) && letter(words.chars().next_back());
            // An English name may be a common word: as a name it begins with a capital.
            let range = folded.range(hit.start(), hit.end(), text);
            let written = text.get(range.clone()).unwrap_or_default();
            let common = words.is_ascii() && !written.chars().any(|c| c.is_ascii_uppercase());
            if !cut && !common {
                found.entry(*id).or_insert(range.start);
            }
        }
        found
    }

    /// Of several products with one name: those of the company, then those of the
    /// category that the words speak of; else all.
    fn best(&self, lexicon: &Lexicon, ids: &BTreeSet<&'a str>, company: &str, context: &str) -> Vec<&'a str> {
        let mut ids: Vec<&str> = ids.iter().copied().collect();
        if ids.len() > 1 {
            let companies = self.companies(company);
            let of = |id: &str| self.signatures.products.get(id);
            if ids.iter().any(|id| of(id).is_some_and(|p| companies.contains(&p.company))) {
                ids.retain(|id| of(id).is_some_and(|p| companies.contains(&p.company)));
            }
            let wanted: BTreeSet<&str> = lexicon.categories(context).iter().map(|f| f.id).collect();
            let fits = |id: &str| of(id).is_some_and(|p| p.categories.iter().any(|c| wanted.contains(c.as_str())));
            if ids.iter().any(|id| fits(id)) {
                ids.retain(|id| fits(id));
            }
        }
        ids
    }
}

/// What stands from `start` to `end` is a whole word of `text` (ASCII).
fn is_word(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).and_then(|t| t.chars().next_back());
    let after = text.get(end..).and_then(|t| t.chars().next());
    !before.is_some_and(|c| c.is_ascii_alphanumeric()) && !after.is_some_and(|c| c.is_ascii_alphanumeric())
}

/// `prefix` is `package` or stands before a dot of it.
fn is_prefix(prefix: &str, package: &str) -> bool {
    package.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn is_under(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_of_an_enumeration_is_a_product() {
        let signatures = Signatures::embedded().unwrap();
        let (names, lexicon) = (Names::new(&signatures), Lexicon::new(&signatures));
        let named = |text: &str| -> BTreeSet<String> {
            names.products(&lexicon, text, "", "", &[]).into_iter().map(|resolved| resolved.product).collect()
        };
        let set = |ids: &[&str]| -> BTreeSet<String> { ids.iter().map(|id| (*id).to_owned()).collect() };
        let carriers = set(&["cmic", "ctcc", "cucc"]);
        assert_eq!(named("中国移动认证SDK/中国电信认证SDK/中国联通认证SDK"), carriers);
        assert_eq!(named("移动认证、中国电信取号组件、联通一键登录"), carriers);
        // A sentence is no enumeration of names: the one that stands in it is all it tells of.
        assert_eq!(
            named("用于在应用中接入的统计分析服务（由友盟提供的各类统计分析能力），以及其他功能"),
            set(&["umeng"])
        );
    }
}
