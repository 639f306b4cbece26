//! One third party in the making: raw words by column, then a [`ThirdParty`].

use std::sync::LazyLock;

use regex::Regex;

use super::block::Link;
use super::fold::{fold, squeeze};
use super::lexicon::{Column, Lexicon};
use super::model::{DataItem, Denial, ThirdParty};
use super::names::Names;
use super::spelling::{before_and_inside, is_company};
use super::{labels, listed, terms};
use crate::evidence::{Certainty, Span};

/// Quotes are cut at as many characters: enough for a row, not for a page.
pub const QUOTE: usize = 600;

static URL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)https?://[^\s，。；、！？）】》”"'<>|\u{4e00}-\u{9fff}]+"#).ok());
static DOMAIN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|cn|net|org|io|co|dev|app|me|ai|tv|cc|jp|de|uk|info|biz|xyz|gov|edu)(?:/\S*)?$",
    )
    .ok()
});

/// Raw words of one third party.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The words, by column; several of one column in the order they came.
    pub values: Vec<(Column, String)>,
    /// Links with the label or head they stand under.
    pub links: Vec<(Column, String, Link)>,
    /// Where it stands.
    pub spans: Vec<Span>,
    /// A cell says that its data are not collected.
    pub denies: bool,
}

impl Entry {
    /// The first value of a column.
    pub fn get(&self, column: Column) -> Option<&str> {
        self.values.iter().find(|(c, v)| *c == column && !v.trim().is_empty()).map(|(_, v)| v.as_str())
    }

    /// Something stands under the column.
    pub fn has(&self, column: Column) -> bool {
        self.values.iter().any(|(c, _)| *c == column)
    }

    /// Adds words under a column.
    pub fn put(&mut self, column: Column, label: &str, words: &str, links: &[Link]) {
        for link in links {
            self.links.push((column, label.to_owned(), link.clone()));
        }
        self.values.push((column, words.trim().to_owned()));
        if matches!(column, Column::Link | Column::Website) && links.is_empty() {
            for url in urls(words) {
                let link = Link { text: label.to_owned(), href: url };
                self.links.push((column, label.to_owned(), link));
            }
        }
    }

    /// The address of the privacy policy.
    fn link(&self, lexicon: &Lexicon) -> Option<String> {
        let policy = |label: &str| u8::from(lexicon.says("label-of-a-policy", &fold(label)));
        self.links
            .iter()
            .filter(|(column, _, link)| *column == Column::Link && is_address(&link.href))
            .enumerate()
            .max_by_key(|(index, (_, label, _))| (policy(label), *index))
            .map(|(_, (_, _, link))| link.href.clone())
    }

    /// The third party, resolved.
    pub fn finish(&self, lexicon: &Lexicon, names: &Names<'_>) -> ThirdParty {
        let said = |text: &str| !lexicon.says("nothing-said", fold(text).trim());
        let one = |column: Column| self.get(column).filter(|v| said(v)).map(squeeze);
        let who = |column: Column| one(column).map(|words| listed::without_place(&words, lexicon).to_owned());
        let mut company = who(Column::Company);
        let mut product = one(Column::Product);
        if let Some(mut party) = who(Column::Party) {
            if company.is_none()
                && product.is_none()
                && let Some((name, inner)) = company_in_brackets(&party, names)
                // "Some Company, Inc. (Sentry)": the company stands before them.
                && (is_company(&inner) || !is_company(&name))
            {
                party = name;
                company = Some(inner);
            }
            match (&company, &product) {
                (None, Some(_)) => company = Some(party),
                (Some(_), None) => product = Some(party),
                (None, None) if is_company(&party) => company = Some(party),
                // "Some Company Ltd (Some Analytics)": a product of its own.
                (None, None) if product_in_brackets(&party, names).is_some() => {
                    company = company_before_brackets(&party);
                    product = product_in_brackets(&party, names);
                }
                // "Some Company GmbH (hosting)": what it does, not what it is called.
                (None, None) if company_before_brackets(&party).is_some() => company = company_before_brackets(&party),
                (None, None) => product = Some(party),
                _ => {}
            }
        }
        if company.is_none()
            && let Some((name, inner)) = product.as_deref().and_then(|p| company_in_brackets(p, names))
        {
            product = Some(name);
            company = Some(inner);
        }
        let mut entry = self.clone();
        if let Some(package) = one(Column::Package) {
            entry.values.push((Column::Package, package));
        }
        let data = entry.data(lexicon);
        let span = self.spans.first().cloned().unwrap_or_default();
        let mut party = ThirdParty {
            data_raw: data.raw,
            purpose: one(Column::Purpose).or(data.purpose),
            scenario: one(Column::Scenario),
            method: one(Column::Method),
            permissions_raw: one(Column::Permissions),
            link: self.link(lexicon),
            spans: self.spans.clone(),
            lines: self.spans.iter().map(|s| s.line).collect(),
            ..ThirdParty::default()
        };
        for term in &data.terms {
            if !term.is_affirmed() {
                party.denied.push(Denial {
                    data_type: term.data_type.clone(),
                    conditional: term.conditional.clone(),
                    span: Span { quote: term.raw.clone(), ..span.clone() },
                });
            } else {
                party.data_items.push(DataItem {
                    data_type: term.data_type.clone(),
                    raw: term.raw.clone(),
                    span: Span { quote: term.raw.clone(), ..span.clone() },
                });
            }
        }
        for (_, words) in self.values.iter().filter(|(column, _)| *column == Column::Denied) {
            party.denied.extend(terms::read(lexicon, words).into_iter().map(|term| Denial {
                data_type: term.data_type,
                conditional: None,
                span: Span { quote: term.raw, ..span.clone() },
            }));
        }
        party.data = terms::ids(&data.terms);
        if data.none && party.data.is_empty() {
            party.denied.push(Denial { data_type: "*".to_owned(), conditional: None, span });
        }
        party.domains =
            self.links.iter().filter_map(|(_, _, link)| host(&link.href)).fold(Vec::new(), |mut hosts, host| {
                if !hosts.contains(&host) {
                    hosts.push(host);
                }
                hosts
            });
        // Several names, each on a line of its own: a name may also be broken in two.
        let name = product.as_deref().unwrap_or_default();
        let each =
            |words: &str| words.lines().filter(|line| !line.trim().is_empty()).all(|line| names.holds_known(line));
        let lines = self.values.iter().map(|(_, words)| words.as_str());
        let lines = lines.filter(|words| words.contains('\n') && squeeze(words) == name).find(|words| each(words));
        let package = entry.get(Column::Package).map(|p| format!("({p})")).unwrap_or_default();
        let text = format!("{} {package}", lines.unwrap_or(name));
        let who = company.as_deref().unwrap_or_default();
        let context = party.purpose.clone().unwrap_or_default();
        party.company_only = product.is_none() && company.is_some();
        if product.is_some() {
            party.resolved = names.products(lexicon, text.trim(), who, &context, &party.domains);
        }
        resolve_companies(&mut party, product.as_deref(), company.as_deref(), names);
        // The words name one company, the product is known to be another's.
        party.doubtful = !party.resolved_companies.is_empty()
            && party.resolved.iter().any(|r| r.certainty == Certainty::Confirmed)
            && !party.resolved.iter().any(|r| {
                names
                    .signatures()
                    .company_of(&r.product)
                    .is_some_and(|c| party.resolved_companies.iter().any(|own| names.are_kin(own, &c.id)))
            });
        for resolved in &party.resolved {
            if resolved.certainty > Certainty::Possible
                && let Some(found) = names.signatures().company_of(&resolved.product)
                && party.resolved_companies.is_empty()
            {
                party.resolved_companies.push(found.id.clone());
            }
        }
        party.company = company;
        party.product = product;
        party
    }

    /// What the data cells say; a cell may hold labels of its own.
    fn data(&self, lexicon: &Lexicon) -> Data {
        let mut data = Data::default();
        let mut raws: Vec<String> = Vec::new();
        let mut nothing = true;
        for text in self.values.iter().filter(|(c, _)| *c == Column::Data).map(|(_, v)| v) {
            let mut kept = String::new();
            let lined = text.lines().nth(1).is_some();
            for line in text.lines() {
                let line = labels::without_system(line, lexicon);
                match labels::split(lexicon, line) {
                    Some(parts) if parts.labels.iter().any(|l| l.column != Column::Data) || lined => {
                        kept.push_str(&parts.prefix);
                        kept.push('\n');
                        for label in parts.labels {
                            match label.column {
                                Column::Purpose if data.purpose.is_none() => data.purpose = Some(squeeze(&label.value)),
                                Column::Data => {
                                    kept.push_str(&label.value);
                                    kept.push('\n');
                                }
                                Column::Denied => {
                                    let denied = terms::read(lexicon, &label.value).into_iter();
                                    data.terms.extend(denied.map(|term| terms::Term { denied: true, ..term }));
                                }
                                _ => {}
                            }
                        }
                    }
                    _ => {
                        kept.push_str(line);
                        kept.push('\n');
                    }
                }
            }
            let folded = fold(kept.trim());
            if lexicon.says("nothing-said", &folded) {
                if !text.trim().is_empty() {
                    raws.push(text.trim().to_owned());
                }
                continue;
            }
            if lexicon.says("says-none", &folded) {
                data.none = true;
                if !raws.contains(text) {
                    raws.push(text.clone());
                }
                continue;
            }
            nothing = false;
            raws.push(squeeze(text));
            data.terms.extend(terms::read(lexicon, &kept));
        }
        // Identifiers are sometimes put among the permissions; all of it is data where
        // nothing else says what the data is.
        if let Some(text) = self.get(Column::Permissions) {
            let found = terms::read(lexicon, text);
            let identifiers = found.iter().any(|t| terms::is_identifier(&t.data_type));
            if identifiers {
                let all = !self.has(Column::Data);
                data.terms.extend(found.into_iter().filter(|t| all || terms::is_identifier(&t.data_type)));
                raws.push(squeeze(text));
                nothing = false;
            }
        }
        // `收集方式：自动收集IMEI`, and no label of data says what: how, and with it what.
        let how = self.get(Column::Method).filter(|how| lexicon.says("collects", &fold(how)));
        if let Some(how) = how.filter(|_| data.terms.is_empty() && !data.none) {
            data.terms = terms::read(lexicon, how);
            raws.extend((!data.terms.is_empty()).then(|| squeeze(how)));
        }
        if nothing && data.none {
            raws.dedup();
        }
        data.raw = (!raws.is_empty()).then(|| raws.join("…"));
        data
    }
}

#[derive(Default)]
struct Data {
    raw: Option<String>,
    terms: Vec<terms::Term>,
    none: bool,
    purpose: Option<String>,
}

/// Addresses with a scheme in the text; or the text, where all of it is one without.
pub fn urls(text: &str) -> Vec<String> {
    let found: Vec<String> = URL
        .as_ref()
        .into_iter()
        .flat_map(|re| re.find_iter(text))
        .map(|m| m.as_str().trim_end_matches(['.', ',', ';', ')', ']']).to_owned())
        .collect();
    if found.is_empty() && DOMAIN.as_ref().is_some_and(|re| re.is_match(text.trim())) {
        return vec![text.trim().to_owned()];
    }
    found
}

fn is_address(href: &str) -> bool {
    let lower = href.to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://") || DOMAIN.as_ref().is_some_and(|re| re.is_match(href))
}

/// The host of an address.
pub fn host(href: &str) -> Option<String> {
    let lower = href.trim().to_ascii_lowercase();
    let rest = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next()?.trim_start_matches("www.");
    (is_address(href) && host.contains('.')).then(|| host.to_owned())
}

/// Who makes what the row names: the company beside it, or the one that stands where products do when it is none of
/// its products. Then the row names the company alone.
pub fn resolve_companies(party: &mut ThirdParty, product: Option<&str>, company: Option<&str>, names: &Names<'_>) {
    party.resolved_companies = names.companies(company.unwrap_or_default());
    if company.is_none() && party.resolved.is_empty() {
        let as_product = product.filter(|name| is_company(name));
        party.resolved_companies = as_product.map(|name| names.companies(name)).unwrap_or_default();
        party.company_only |= !party.resolved_companies.is_empty();
    }
}

/// `Firebase (Google)`: the bracket at the end names a company.
fn company_in_brackets(product: &str, names: &Names<'_>) -> Option<(String, String)> {
    let (name, inner) = before_and_inside(product)?;
    // "(provider: Some Company)", "(operated by Some Company)", `（由某某公司提供）`
    let inner = inner.rsplit(['：', ':']).next().unwrap_or(inner).trim();
    let by = inner.rsplit_once("by ").filter(|(before, _)| before.is_empty() || before.ends_with(' '));
    let inner = by.map_or(inner, |(_, firm)| firm.trim());
    let inner = inner.strip_prefix('由').and_then(|firm| firm.strip_suffix("提供")).unwrap_or(inner);
    (!name.trim().is_empty() && (is_company(inner) || !names.companies(inner).is_empty()))
        .then(|| (name.trim().to_owned(), inner.to_owned()))
}

/// `Some Company GmbH (hosting, Germany)`: the company.
fn product_in_brackets(party: &str, names: &Names<'_>) -> Option<String> {
    let company = fold(&company_before_brackets(party)?);
    let (_, inner) = party.trim().strip_suffix([')', '）'])?.split_once(['(', '（'])?;
    // "Google LLC (Google Maps)": the company's own name and more.
    let inside = fold(inner.trim());
    let begins = company.split_whitespace().next().is_some_and(|own| {
        own.len() > 2 && inside.strip_prefix(own).is_some_and(|rest| rest.starts_with(' ') && !is_company(&inside))
    });
    (begins || names.is_known(inner) && names.is_product(inner)).then(|| inner.trim().to_owned())
}

fn company_before_brackets(party: &str) -> Option<String> {
    let (name, _) = party.trim().strip_suffix([')', '）'])?.split_once(['(', '（'])?;
    is_company(name.trim()).then(|| name.trim().to_owned())
}

/// A span with its quote cut.
pub fn span(source: u32, line: u32, end_line: u32, quote: &str) -> Span {
    let quote = squeeze(quote);
    let quote = if quote.chars().count() > QUOTE {
        quote.chars().take(QUOTE).chain(std::iter::once('…')).collect()
    } else {
        quote
    };
    Span { source, line, end_line: end_line.max(line), quote }
}
