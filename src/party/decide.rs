//! The rules, in the order they are tried.
//!
//! 1. What the user settled.
//! 2. A product: its host, a pattern, or a domain of its own, the more exact first. Not
//!    where the user named a domain of the first party that is as exact, or the product is the owner's.
//! 3. A product that the name is an alias (CNAME) of. An alias of a CDN changes nothing.
//! 4. The first party, by domain; or by the group of the owner.
//! 5. Infrastructure that lies under a domain of a group (`storage.googleapis.com`): what
//!    customers keep there is theirs.
//! 6. A group: the company is known, which of its products it is, not; then other infrastructure.
//! 7. The local network, a host that nobody knows, an address.
//!
//! For 4 to 7, a path and fields that only one SDK uses name that SDK as the sender (`via`).

use super::{Attribution, Attributor, Host, Subject};
use crate::evidence::{Certainty, Ground, GroundCode, Reason};
use crate::observations::{Recipient, Role};
use crate::session::{SettledAs, Settlement};
use crate::signatures::{Confidence, Group, HostHit, Infrastructure, MatchedBy, Product};

/// Categories of products that host their customers' content: a name that is an alias (CNAME) of
/// such a host still belongs to the customer.
const HOSTING: &[&str] = &["baas", "cdn", "dns", "storage"];

impl<'s> Attributor<'s> {
    /// The recipient that `subject` is, with the SDK that `via` finds where the host is not a product's.
    pub(super) fn decide(&self, subject: &Subject<'_>, via: impl Fn() -> Option<&'s Product>) -> Attribution {
        let host = subject.host.text();
        if let Some(settlement) = self.scope.settled(&host) {
            return self.settled(subject, settlement);
        }
        let hits = self.index.products(&host, subject.path, Some(subject.port));
        let first_party = self.scope.first_party_of(&subject.host);
        if let Some(hit) = hits.first() {
            let certainty = of(hit.confidence);
            if self.is_owners(hit.product) {
                let reason = said(subject, matched(hit)).and(Ground::new(GroundCode::Owner));
                return attribution(subject, self.first_party(subject, certainty, reason), None);
            }
            if first_party.is_none_or(|domain| !is_as_exact(domain, hit, subject)) {
                let recipient = self.product(subject, hit.product, certainty, said(subject, matched(hit)));
                return attribution(subject, recipient, None);
            }
        }
        if let Some(recipient) = self.by_alias(subject) {
            return attribution(subject, recipient, None);
        }
        let recipient = first_party
            .map(|domain| {
                let given = Ground::new(GroundCode::FirstParty).with("domain", domain.text());
                self.first_party(subject, Certainty::Confirmed, said(subject, [given]))
            })
            .or_else(|| self.by_group_or_infrastructure(subject, &host))
            .unwrap_or_else(|| self.unknown(subject));
        attribution(subject, recipient, via())
    }

    fn settled(&self, subject: &Subject<'_>, settlement: &Settlement) -> Attribution {
        let reason = |what: &str| {
            said(subject, [Ground::new(GroundCode::Settled).with("as", what).with("why", &settlement.reason)])
        };
        let product = match &settlement.as_ {
            SettledAs::Product(id) => self.index.signatures().products.get(id),
            _ => None,
        };
        let recipient = match (&settlement.as_, product) {
            (SettledAs::Product(id), Some(product)) => self.product(subject, product, Certainty::Confirmed, reason(id)),
            (SettledAs::FirstParty, _) => self.first_party(subject, Certainty::Confirmed, reason("first-party")),
            (SettledAs::Infrastructure, _) => {
                let domain = subject.host.registrable();
                infrastructure(&domain, (&domain, &domain), Certainty::Confirmed, reason("infrastructure"))
            }
            (SettledAs::Ignore | SettledAs::Product(_), _) => {
                Recipient { reason: reason("ignore"), ..self.unknown(subject) }
            }
        };
        let ignored = (settlement.as_ == SettledAs::Ignore).then(|| settlement.reason.clone());
        Attribution { ignored, ..attribution(subject, recipient, None) }
    }

    /// A name whose chain of aliases leads to a product's host.
    fn by_alias(&self, subject: &Subject<'_>) -> Option<Recipient> {
        let Host::Name(name) = &subject.host else { return None };
        for alias in self.names.aliases(name, subject.time) {
            let hits = self.index.products(&alias, subject.path, Some(subject.port));
            let Some(hit) = hits.into_iter().find(|hit| !is_hosting(hit.product)) else { continue };
            // The device connected where this answer sent it, whoever asked for the answer.
            let certainty = of(hit.confidence);
            let by_alias = Ground::new(GroundCode::Alias).with("alias", &alias);
            let reason = said(subject, [by_alias].into_iter().chain(matched(&hit)));
            return Some(if self.is_owners(hit.product) {
                self.first_party(subject, certainty, reason)
            } else {
                self.product(subject, hit.product, certainty, reason)
            });
        }
        None
    }

    /// The one whose name for the host is the more exact.
    fn by_group_or_infrastructure(&self, subject: &Subject<'_>, host: &str) -> Option<Recipient> {
        let shared = self.index.infrastructure(host);
        let group =
            self.index.group(host).filter(|(_, domain)| shared.is_none_or(|(_, name)| name.len() <= domain.len()));
        match group {
            Some((group, domain)) => Some(self.group(subject, group, domain)),
            None => shared.map(|(entry, domain)| by_infrastructure(subject, entry, domain)),
        }
    }

    fn group(&self, subject: &Subject<'_>, group: &Group, domain: &str) -> Recipient {
        let lies = Ground::new(GroundCode::Group).with("domain", domain);
        let place =
            said(subject, [lies.with("zh", &group.zh).with("en", &group.en).with("origin", group.origin.to_string())]);
        if let Some(owner) = self.scope.owner.as_ref().filter(|owner| group.companies.contains(owner)) {
            // Companies of a group share its domains: likely the owner's, not surely.
            let reason = place.and(Ground::new(GroundCode::GroupOfOwner).with("owner", owner));
            return self.first_party(subject, Certainty::Probable, reason);
        }
        let company = match group.companies.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        Recipient {
            id: format!("group:{}", group.id),
            role: Role::GroupUnknown,
            product: None,
            company,
            zh: format!("{}（产品未知）", group.zh),
            en: format!("{}, product unknown", group.en),
            domain: domain.to_owned(),
            reason: place.and(Ground::new(GroundCode::GroupWithoutProduct)),
            certainty: Certainty::Confirmed,
            via: None,
        }
    }

    fn unknown(&self, subject: &Subject<'_>) -> Recipient {
        let host = subject.host.text();
        let is_address = matches!(subject.host, Host::Address(_));
        let (role, why) = if subject.host.is_local() {
            (Role::Unknown, GroundCode::Local)
        } else if is_address {
            (Role::Unknown, GroundCode::AddressOnly)
        } else if self.scope.first_party_given {
            (Role::Unnamed, GroundCode::Unnamed)
        } else {
            (Role::Unknown, GroundCode::Unknown)
        };
        let kind = if is_address { "address" } else { "host" };
        Recipient {
            id: format!("{kind}:{host}"),
            role,
            product: None,
            company: None,
            zh: host.clone(),
            en: host,
            domain: subject.host.registrable(),
            reason: said(subject, [Ground::new(why)]),
            certainty: Certainty::Confirmed,
            via: None,
        }
    }

    fn product(&self, subject: &Subject<'_>, product: &Product, certainty: Certainty, reason: Reason) -> Recipient {
        // The operating system talks to its maker's hosts whatever app runs.
        let role = if product.platform { Role::Platform } else { Role::ThirdParty };
        Recipient {
            id: product.id.clone(),
            role,
            product: Some(product.id.clone()),
            company: Some(product.company.clone()),
            zh: product.zh.clone(),
            en: product.en.clone(),
            domain: subject.host.registrable(),
            reason,
            certainty,
            via: None,
        }
    }

    fn first_party(&self, subject: &Subject<'_>, certainty: Certainty, reason: Reason) -> Recipient {
        Recipient {
            id: "first-party".to_owned(),
            role: Role::FirstParty,
            product: None,
            company: self.scope.owner.clone(),
            zh: "第一方".to_owned(),
            en: "First party".to_owned(),
            domain: subject.host.registrable(),
            reason,
            certainty,
            via: None,
        }
    }

    fn is_owners(&self, product: &Product) -> bool {
        self.scope.owner.as_ref() == Some(&product.company)
    }
}

fn by_infrastructure(subject: &Subject<'_>, entry: &Infrastructure, domain: &str) -> Recipient {
    let lies = Ground::new(GroundCode::Infrastructure).with("domain", domain).with("kind", &entry.kind);
    let zh = entry.operator_zh.as_ref().unwrap_or(&entry.operator);
    let lies = lies.with("zh", zh).with("en", &entry.operator).with("origin", entry.origin.to_string());
    infrastructure(domain, (zh, &entry.operator), of(entry.confidence), said(subject, [lies]))
}

fn infrastructure(domain: &str, (zh, en): (&str, &str), certainty: Certainty, reason: Reason) -> Recipient {
    Recipient {
        id: format!("infrastructure:{domain}"),
        role: Role::Infrastructure,
        product: None,
        company: None,
        zh: zh.to_owned(),
        en: en.to_owned(),
        domain: domain.to_owned(),
        reason,
        certainty,
        via: None,
    }
}

fn attribution(subject: &Subject<'_>, recipient: Recipient, via: Option<&Product>) -> Attribution {
    let certainty = recipient.certainty.min(subject.at_most);
    let reason = via.iter().map(|product| {
        let by_path = Ground::new(GroundCode::ViaPath).with("zh", &product.zh).with("en", &product.en);
        by_path.with("origin", product.origin.to_string())
    });
    let reason = reason.chain(certificate(subject)).fold(recipient.reason, Reason::and);
    let via = via.map(|product| product.id.clone());
    let recipient = Recipient { certainty, reason, via, ..recipient };
    let host = subject.host.text();
    Attribution { recipient, host, name_source: subject.source, remark: None, ignored: None }
}

/// A first-party domain beats a product's where it is as exact: `--first-party bilibili.com`
/// makes all of bilibili.com the first party, `--first-party qq.com` does not make android.bugly.qq.com it.
fn is_as_exact(first_party: &Host, hit: &HostHit<'_>, subject: &Subject<'_>) -> bool {
    match hit.by {
        MatchedBy::Domain => first_party.text().len() >= hit.matched.len(),
        MatchedBy::Exact | MatchedBy::Pattern => *first_party == subject.host,
    }
}

fn is_hosting(product: &Product) -> bool {
    product.categories.iter().any(|category| HOSTING.contains(&category.as_str()))
}

/// The certainty that a fact of this confidence gives.
fn of(confidence: Confidence) -> Certainty {
    match confidence {
        Confidence::High => Certainty::Confirmed,
        Confidence::Medium => Certainty::Probable,
        Confidence::Low => Certainty::Possible,
    }
}

/// The name with its source, and what follows from it.
fn said(subject: &Subject<'_>, grounds: impl IntoIterator<Item = Ground>) -> Reason {
    Reason::of([subject.named.clone()].into_iter().chain(grounds))
}

/// What the product lists that the name fits: `stats.jpush.cn` of 极光, at
/// `companies/aurora-mobile.toml:14`; and the port, where the rule asks for one.
fn matched(hit: &HostHit<'_>) -> impl Iterator<Item = Ground> {
    let code = match hit.by {
        MatchedBy::Exact => GroundCode::MatchHost,
        MatchedBy::Pattern => GroundCode::MatchPattern,
        MatchedBy::Domain => GroundCode::MatchDomain,
    };
    let fits = Ground::new(code).with("matched", hit.matched).with("origin", hit.origin.to_string());
    let narrowed = hit.narrowed_by.map(|rule| {
        let port = rule.port.map(|port| format!(":{port}")).unwrap_or_default();
        Ground::new(GroundCode::MatchNarrowed).with("rule", format!("{port}{}", rule.paths.join(", ")))
    });
    [fits.with("zh", &hit.product.zh).with("en", &hit.product.en)].into_iter().chain(narrowed)
}

/// What the server's certificate says of the name: a name that is known only from DNS or a hello
/// is more certain where the server proved it.
fn certificate(subject: &Subject<'_>) -> Option<Ground> {
    let Host::Name(host) = &subject.host else { return None };
    let first = subject.certificate.first()?;
    Some(match subject.certificate.iter().find(|name| covers(name, host)) {
        Some(name) => Ground::new(GroundCode::CertificateAgrees).with("certificate", name.as_str()),
        None => Ground::new(GroundCode::CertificateDiffers).with("certificate", first.as_str()),
    })
}

/// A certificate's name covers a host: whole, or its first label by `*` (RFC 6125 §6.4.3).
fn covers(name: &str, host: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    match name.strip_prefix("*.") {
        Some(rest) => host.split_once('.').is_some_and(|(first, tail)| !first.is_empty() && tail == rest),
        None => name == host,
    }
}
