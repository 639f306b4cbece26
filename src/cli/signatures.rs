//! `signatures`: what the tool knows, whether it is sound, and what it makes of a host,
//! a name or a package.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::{Outcome, options};
use crate::party::{Attributor, Host, NameTable, Scope};
use crate::payload;
use crate::report::{Language, fill};
use crate::signatures::{Confidence, LoadError, MatchedBy, Named, Problem, Product, Signatures, Traffic};

/// Check, list or query the signatures: companies, products, hosts, data types, clauses
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Name file and line of everything that is wrong in the signatures; exits with 2 if anything is
    Check {
        /// Folder of further signatures, laid over the built-in ones by id; may be repeated
        #[arg(long, value_name = "DIR")]
        signatures: Vec<PathBuf>,
        /// Also list facts that nobody has verified
        #[arg(long)]
        unverified: bool,
    },
    /// List facts, one a line, fields separated by tabs
    List {
        /// What to list
        #[arg(value_enum, default_value_t)]
        what: What,
        /// Folder of further signatures
        #[arg(long, value_name = "DIR")]
        signatures: Vec<PathBuf>,
    },
    /// Say what a host, URL, address, name or package is, why, and what else it may be
    Which {
        /// `sdk-open-phone.getui.com`, `https://…`, `个推`, `com.igexin.push`
        text: String,
        /// Folder of further signatures
        #[arg(long, value_name = "DIR")]
        signatures: Vec<PathBuf>,
        /// Language of the answer
        #[arg(long, alias = "lang", value_enum, default_value_t, value_name = "LANGUAGE")]
        language: options::Language,
    },
}

/// What `list` lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Products with company and categories
    #[default]
    Products,
    /// Legal persons
    Companies,
    /// Corporations that share domains
    Groups,
    /// CDNs and cloud hosts
    Infrastructure,
    /// Data types with class and umbrellas
    Types,
    /// Functional categories of recipients
    Categories,
    /// Ways into payloads of SDKs
    Recipes,
    /// Clauses that findings cite
    Clauses,
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let mut out = io::stdout().lock();
    let outcome = match args.command {
        Command::Check { signatures, unverified } => match Signatures::load(&signatures) {
            Ok(set) => check(&set, unverified, &mut out)?,
            Err(LoadError::Problems(problems)) => {
                for problem in problems {
                    writeln!(out, "{problem}")?;
                }
                Outcome::Unusable
            }
            Err(error) => return Err(error.into()),
        },
        Command::List { what, signatures } => list(&Signatures::load(&signatures)?, what, &mut out)?,
        Command::Which { text, signatures, language } => {
            which(&Signatures::load(&signatures)?, &text, language.into(), &mut out)?
        }
    };
    out.flush()?;
    Ok(outcome)
}

/// Writes every problem with file and line, then one line of numbers.
pub fn check(signatures: &Signatures, unverified: bool, out: &mut dyn Write) -> io::Result<Outcome> {
    let mut problems = signatures.check();
    // Whether a recipe can run, what runs it knows.
    problems.extend(signatures.recipes.values().filter_map(|recipe| {
        let what = payload::check_recipe(recipe).err()?;
        Some(Problem { origin: recipe.origin.clone(), message: format!("recipe {}: {what}", recipe.id) })
    }));
    problems.sort();
    for problem in &problems {
        writeln!(out, "{problem}")?;
    }
    let low = signatures.unverified();
    if unverified {
        for fact in &low {
            writeln!(out, "{fact}")?;
        }
    }
    writeln!(
        out,
        "{} companies, {} products, {} data types, {} recipes, {} clauses: {} problems, {} facts not verified",
        signatures.companies.len(),
        signatures.products.len(),
        signatures.types.iter().count(),
        signatures.recipes.len(),
        signatures.clauses.len(),
        problems.len(),
        low.len()
    )?;
    Ok(if problems.is_empty() { Outcome::Clear } else { Outcome::Unusable })
}

/// Writes one fact a line, its fields separated by tabs.
pub fn list(signatures: &Signatures, what: What, out: &mut dyn Write) -> io::Result<Outcome> {
    let mut line = |fields: &[&str]| writeln!(out, "{}", fields.join("\t"));
    match what {
        What::Products => {
            for p in signatures.products.values() {
                line(&[&p.id, &p.zh, &p.en, &p.company, &p.categories.join(","), word(p.confidence)])?;
            }
        }
        What::Companies => {
            for c in signatures.companies.values() {
                line(&[&c.id, &c.zh, &c.en, c.country.as_deref().unwrap_or("-"), word(c.confidence)])?;
            }
        }
        What::Groups => {
            for g in signatures.groups.values() {
                line(&[&g.id, &g.zh, &g.en, &g.domains.join(","), &g.companies.join(",")])?;
            }
        }
        What::Infrastructure => {
            for i in signatures.infrastructure.values() {
                line(&[&i.id, &i.operator, &i.kind, &i.domains.join(","), word(i.confidence)])?;
            }
        }
        What::Types => {
            for t in signatures.types.iter() {
                let seen = match (t.umbrella, t.observable) {
                    (true, _) => "umbrella",
                    (_, true) => "observable",
                    (_, false) => "not-observable",
                };
                line(&[&t.id, &format!("{:?}", t.class), &t.zh, &t.en, &t.within.join(","), seen])?;
            }
        }
        What::Categories => {
            for c in &signatures.vocabulary.categories {
                line(&[&c.id, &c.zh, &c.en])?;
            }
        }
        What::Recipes => {
            for r in signatures.recipes.values() {
                line(&[&r.id, &r.product, if r.sealed { "sealed" } else { "opens" }, word(r.confidence)])?;
            }
        }
        What::Clauses => {
            for c in &signatures.clauses {
                line(&[&c.id, &c.jurisdiction, &c.title, &c.reference, &c.en, word(c.confidence)])?;
            }
        }
    }
    Ok(Outcome::Clear)
}

/// Writes what `text` is as a host, as a package and as a name; each with its reason
/// and what else it may be.
pub fn which(signatures: &Signatures, text: &str, language: Language, out: &mut dyn Write) -> io::Result<Outcome> {
    let attributor = Attributor::new(signatures, Scope::default(), NameTable::default());
    let index = attributor.index();
    let words = language.commands();
    let text = text.trim();
    let mut known = false;
    for named in index.named(text) {
        known = true;
        let line = match named {
            Named::Product(product) => fill(words.name_of_product, &[&describe(signatures, product, language)]),
            Named::Company(c) => fill(words.name_of_company, &[&c.id, &c.zh, &c.en, &c.origin]),
            Named::Group(g) => fill(words.name_of_group, &[&g.id, &g.zh, &g.en, &g.origin]),
        };
        writeln!(out, "{line}")?;
    }
    for product in index.package(text) {
        known = true;
        writeln!(out, "{}", fill(words.package_of, &[&describe(signatures, product, language)]))?;
    }
    let asked = Asked::read(text);
    if let Some(asked) = asked.filter(|asked| !known || asked.is_url) {
        host(signatures, &attributor, asked, language, out)?;
    } else if !known {
        writeln!(out, "{}", fill(words.nothing, &[&format!("{text:?}")]))?;
    }
    Ok(Outcome::Clear)
}

fn host(
    signatures: &Signatures,
    attributor: &Attributor<'_>,
    asked: Asked,
    language: Language,
    out: &mut dyn Write,
) -> io::Result<()> {
    let words = language.commands();
    let mut line = |sentence: &str, values: &[&dyn Display]| writeln!(out, "{}", fill(sentence, values));
    let Asked { host, target, port, .. } = asked;
    let name = host.text();
    let found = attributor.attribute_host(host, target.as_deref(), port).recipient;
    let role = serde_json::to_value(found.role).ok().and_then(|r| r.as_str().map(str::to_owned)).unwrap_or_default();
    line(words.host_is, &[&name, &found.id, &found.zh, &found.en, &role])?;
    line(words.because, &[&language.because(&found.reason)])?;
    if let Some(product) = found.product.as_ref().and_then(|id| signatures.products.get(id)) {
        line(words.product, &[&describe(signatures, product, language)])?;
        if !product.calls.is_empty() {
            line(words.calls, &[&product.calls.join(", ")])?;
        }
        if let Some(note) = &product.note {
            line(words.note, &[note])?;
        }
    }
    let [fits, fits_sdk, fits_where] = words.fits;
    for hit in target.iter().flat_map(|target| attributor.path_rules(target)) {
        let Product { id, zh, .. } = hit.product;
        let rule = &hit.rule.path;
        let fits = match hit.missing.as_slice() {
            [] if found.via.as_ref() == Some(id) => fits_sdk.to_owned(),
            [] => fits.to_owned(),
            missing => fill(fits_where, &[&missing.join(", ")]),
        };
        let confidence = sure(hit.rule.confidence, language);
        line(words.path_rule, &[id, zh, rule, &confidence, &hit.rule.origin, &fits])?;
    }
    let index = attributor.index();
    let path = target.as_deref().and_then(|target| target.split(['?', '#']).next());
    for other in
        index.products(&name, path, Some(port)).iter().filter(|h| found.product.as_ref() != Some(&h.product.id))
    {
        let [by_host, by_pattern, by_domain] = words.by;
        let by = match other.by {
            MatchedBy::Exact => by_host,
            MatchedBy::Pattern => by_pattern,
            MatchedBy::Domain => by_domain,
        };
        let Product { id, zh, .. } = other.product;
        line(words.otherwise, &[id, zh, &by, &other.matched, &sure(other.confidence, language), &other.origin])?;
    }
    for (product, rule) in index.otherwise(&name, path, Some(port)) {
        let [on_port, with_paths] = words.would;
        let mut place = rule.port.map(|port| fill(on_port, &[&port])).unwrap_or_default();
        if !rule.paths.is_empty() {
            place.push_str(&fill(with_paths, &[&rule.paths.join("…, ")]));
        }
        let Product { id, zh, .. } = product;
        line(words.would_be, &[id, zh, &place, &sure(rule.confidence, language), &rule.origin])?;
    }
    if let Some((group, domain)) = index.group(&name).filter(|(g, _)| found.id != format!("group:{}", g.id)) {
        line(words.under_group, &[&domain, &group.zh, &group.origin])?;
    }
    if let Some((entry, domain)) =
        index.infrastructure(&name).filter(|(_, d)| found.id != format!("infrastructure:{d}"))
    {
        let operator = language.pick(entry.operator_zh.as_deref().unwrap_or(&entry.operator), &entry.operator);
        let kind = language.kind(&entry.kind);
        line(words.under_infrastructure, &[&domain, &kind, &operator, &entry.origin])?;
    }
    // A host of another product may be called by a wrapper: likely callers, never covers.
    let callers =
        signatures.products.values().filter(|p| found.product.as_ref().is_some_and(|id| p.calls.contains(id)));
    let callers: Vec<&str> = callers.map(|p| p.id.as_str()).collect();
    if !callers.is_empty() {
        line(words.called_by, &[&callers.join(", ")])?;
    }
    Ok(())
}

/// A host with what a URL says beside it.
struct Asked {
    host: Host,
    /// Path and query.
    target: Option<String>,
    port: u16,
    is_url: bool,
}

impl Asked {
    /// A port that is not named is 443, or 80 for `http` (RFC 9110 §4.2).
    fn read(text: &str) -> Option<Self> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, text),
        };
        let cut = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, behind) = rest.split_at_checked(cut)?;
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let host = Host::parse(authority)?;
        // A word without a dot is a name that nobody knows rather than a host.
        if scheme.is_none() && matches!(&host, Host::Name(name) if !name.contains('.')) {
            return None;
        }
        let given = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let port = given.filter(|_| {
            matches!(host, Host::Name(_)) || authority.contains(']') || authority.matches(':').count() == 1
        });
        let port = port.unwrap_or(if scheme == Some("http") { 80 } else { 443 });
        let target = behind.split('#').next().filter(|p| !p.is_empty()).map(str::to_owned);
        Some(Self { host, target, port, is_url: scheme.is_some() })
    }
}

/// `getui: 个推, Getui; push; 每日互动股份有限公司 (companies/merit-interactive.toml:9)`.
fn describe(signatures: &Signatures, product: &Product, language: Language) -> String {
    let company = signatures.companies.get(&product.company).map_or("-", |c| c.zh.as_str());
    let Product { id, zh, en, categories, origin, .. } = product;
    let [cellular, ipc, server, none] = language.commands().traffic;
    let traffic = match product.traffic {
        Traffic::Network => "",
        Traffic::Cellular => cellular,
        Traffic::Ipc => ipc,
        Traffic::Server => server,
        Traffic::None => none,
    };
    format!("{id}: {zh}, {en}; {}; {company} ({origin}){traffic}", categories.join(", "))
}

/// How well a fact is known, for a person.
fn sure(confidence: Confidence, language: Language) -> &'static str {
    let [low, medium, high] = language.commands().confidence;
    match confidence {
        Confidence::Low => low,
        Confidence::Medium => medium,
        Confidence::High => high,
    }
}

/// The same in the facts.
fn word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> String {
        let set = Signatures::embedded().unwrap();
        let mut out = Vec::new();
        which(&set, text, Language::En, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_host_is_told_with_its_reason_and_the_others() {
        let told = asked("https://RS.chat.agora.io:8443/easemob/server.json");
        assert!(told.starts_with("rs.chat.agora.io is easemob: 环信"), "{told}");
        assert!(
            told.contains(
                "because host rs.chat.agora.io matches rs.chat.agora.io of Easemob (signature companies/easemob.toml:"
            ),
            "{told}"
        );
        assert!(told.contains("else agora: 声网, by its domain agora.io"), "{told}");
        let told = asked("config.cmpassport.com");
        assert!(told.contains("called as well by: ali_numauth"), "{told}");
        let told = asked("https://track.tea.example/sa?project=default&token=1");
        assert!(told.contains("track.tea.example is host:track.tea.example"), "{told}");
        assert!(
            told.contains("path and fields are those of Sensors Analytics (signature companies/sensors-data.toml:"),
            "{told}"
        );
        assert!(told.contains("path rule of sensors: 神策, "), "{told}");
        assert!(told.contains("fits: the request is this SDK's"), "{told}");
        assert!(told.contains("fits where the request has the fields data_list as well"), "{told}");
        let told = asked("https://log.tea.example/service/2/app_log/");
        assert!(told.contains("path rule of applog: 火山引擎 AppLog"), "{told}");
    }

    #[test]
    fn names_packages_and_strangers() {
        assert!(asked("个推").starts_with("name of the product getui"));
        assert!(asked("每日互动").starts_with("name of the company merit-interactive"));
        assert!(asked("com.igexin.push").starts_with("package of the product getui"));
        assert!(asked("collect.tracker.example").contains("[unknown]"));
        assert!(asked("什么也不是").starts_with("nothing is known"));
        assert!(asked("graph.facebook.com").contains("would be fb_audience: "), "{}", asked("graph.facebook.com"));
        assert!(asked("graph.facebook.com/network_ads_common").starts_with("graph.facebook.com is fb_audience"));
    }

    #[test]
    fn the_answer_comes_in_chinese_too() {
        let set = Signatures::embedded().unwrap();
        let asked = |text| {
            let mut out = Vec::new();
            which(&set, text, Language::Zh, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let told = asked("https://rs.chat.agora.io:8443/easemob/server.json");
        assert!(told.starts_with("rs.chat.agora.io 是 easemob：环信"), "{told}");
        assert!(told.contains("因为主机 rs.chat.agora.io 与环信的主机 rs.chat.agora.io 相符"), "{told}");
        assert!(told.contains("也可能是 agora：声网，依据其域名 agora.io（"), "{told}");
        assert!(asked("个推").starts_with("产品名称：getui"));
        assert!(asked("什么也不是").starts_with("没有关于"));
        assert!(asked("graph.facebook.com").contains("满足条件时是 fb_audience："), "{}", asked("graph.facebook.com"));
    }

    #[test]
    fn the_built_in_set_checks_out() {
        let set = Signatures::embedded().unwrap();
        let mut out = Vec::new();
        assert_eq!(check(&set, true, &mut out).unwrap(), Outcome::Clear, "{}", String::from_utf8_lossy(&out));
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().last().unwrap().contains("190 clauses: 0 problems"), "{text}");
    }

    #[test]
    fn every_list_has_a_line_a_fact() {
        let set = Signatures::embedded().unwrap();
        let lines = |what| {
            let mut out = Vec::new();
            list(&set, what, &mut out).unwrap();
            out.iter().filter(|b| **b == b'\n').count()
        };
        assert_eq!(lines(What::Clauses), set.clauses.len());
        assert_eq!(lines(What::Products), set.products.len());
        assert_eq!(lines(What::Types), set.types.iter().count());
    }
}
