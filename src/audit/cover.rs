//! Which declarations reach a recipient and a data type, and at which level.
//!
//! What the app says it collects itself covers the first party only, and what it says of
//! others covers others only.

use super::scope::Standing;
use super::{Cover, DataLevel, RecipientLevel, words};
use crate::evidence::Span;
use crate::observations::Recipient;
use crate::policy::{DataItem, Policy, ThirdParty};
use crate::signatures::{Product, Signatures, Types};

/// A declaration that reaches the recipient, with what it says of the type.
#[derive(Clone, Debug)]
pub struct Weighed {
    /// For the report.
    pub cover: Cover,
    /// Id of the declared type that covers it, `*` for personal information as such; `None` at
    /// [`DataLevel::None`].
    pub breadth: Option<String>,
    /// Which declaration.
    pub origin: Origin,
}

/// Where a declaration stands in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `third_parties[i]`.
    Row(usize),
    /// `category_disclosures[i]`.
    Category(usize),
    /// `catch_all[i]`.
    CatchAll(usize),
    /// The first party's own list.
    FirstParty,
}

impl Weighed {
    /// Which declaration decides where several reach the flow: the one with the lowest rank.
    ///
    /// A row of the product that does not name the type covers nothing, so a category
    /// that does name it goes before it. It goes before siblings and catch-alls all the same:
    /// the finding is to point at the row where the type should have been named.
    pub fn rank(&self) -> u8 {
        use {DataLevel as D, RecipientLevel as R};
        match (self.cover.recipient, self.cover.data) {
            (R::Product | R::Company, D::Exact) => 0,
            (R::Product | R::Company, D::Umbrella) => 1,
            (R::Category, D::Exact) => 2,
            (R::Category, D::Umbrella) => 3,
            (R::Product | R::Company, D::None) => 4,
            (R::Sibling, _) => 5,
            (R::CatchAll, _) => 6,
            // A category that does not name the type decides nothing.
            (R::Category, D::None) => 7,
            (R::None, _) => 8,
        }
    }

    /// Whether it can decide the verdict.
    pub fn applies(&self) -> bool {
        self.rank() < 7
    }

    /// Whether it covers the flow, exactly or vaguely.
    pub fn covers(&self) -> bool {
        self.rank() < 4 || self.cover.recipient == RecipientLevel::CatchAll
    }
}

/// All declarations that reach the recipient, best first; equal ones in the policy's order.
pub fn weigh(
    recipient: &Recipient,
    standing: Standing<'_>,
    data_type: &str,
    policy: &Policy,
    signatures: &Signatures,
) -> Vec<Weighed> {
    let types = &signatures.types;
    let mut found = match standing {
        Standing::FirstParty => vec![first_party(data_type, policy, types)],
        Standing::Product(product) => {
            let mut found = rows(data_type, policy, types, |row| product_level(row, product, signatures));
            found.extend(categories(product, data_type, policy, types, signatures));
            found.extend(catch_alls(data_type, policy, types));
            found
        }
        Standing::Group(group) => {
            let companies = group_companies(group, recipient, signatures);
            rows(data_type, policy, types, |row| group_level(row, &companies, signatures))
        }
        Standing::Unnamed => {
            rows(data_type, policy, types, |row| names_domain(row, recipient).then_some(RecipientLevel::Product))
        }
        Standing::Unknown | Standing::Infrastructure | Standing::Listed => Vec::new(),
    };
    found.sort_by_key(|w| (w.rank(), w.cover.recipient));
    found
}

/// The level at which a row meets a product.
pub fn product_level(row: &ThirdParty, product: &Product, signatures: &Signatures) -> Option<RecipientLevel> {
    let same_company = !product.company.is_empty()
        && (row.resolved_companies.contains(&product.company)
            || row
                .resolved
                .iter()
                .any(|r| signatures.products.get(&r.product).is_some_and(|named| named.company == product.company)));
    if row.company_only {
        return same_company.then_some(RecipientLevel::Company);
    }
    if row.resolved.iter().any(|r| r.product == product.id) {
        return Some(RecipientLevel::Product);
    }
    same_company.then_some(RecipientLevel::Sibling)
}

/// Companies behind a group's shared domain.
pub fn group_companies(group: &str, recipient: &Recipient, signatures: &Signatures) -> Vec<String> {
    let mut companies = signatures.groups.get(group).map(|g| g.companies.clone()).unwrap_or_default();
    companies.extend(recipient.company.clone());
    companies
}

/// The level at which a row meets a group whose product is unknown: only a row that
/// names the company and no product can cover it.
pub fn group_level(row: &ThirdParty, companies: &[String], signatures: &Signatures) -> Option<RecipientLevel> {
    let mut named = row
        .resolved
        .iter()
        .filter_map(|r| signatures.products.get(&r.product))
        .map(|p| &p.company)
        .chain(&row.resolved_companies);
    let level = if row.company_only { RecipientLevel::Company } else { RecipientLevel::Sibling };
    named.any(|company| companies.contains(company)).then_some(level)
}

/// A row's own link or address lies in the recipient's domain.
pub fn names_domain(row: &ThirdParty, recipient: &Recipient) -> bool {
    row.domains.iter().any(|domain| {
        let domain = domain.trim_end_matches('.').to_ascii_lowercase();
        domain == recipient.domain || domain.strip_suffix(&recipient.domain).is_some_and(|head| head.ends_with('.'))
    })
}

fn rows(
    data_type: &str,
    policy: &Policy,
    types: &Types,
    level: impl Fn(&ThirdParty) -> Option<RecipientLevel>,
) -> Vec<Weighed> {
    let mut found = Vec::new();
    for (index, row) in policy.third_parties.iter().enumerate() {
        let Some(level) = level(row) else { continue };
        let (data, breadth, item) = item_level(data_type, &row.data, &row.data_items, types);
        found.push(Weighed {
            cover: Cover {
                recipient: level,
                data,
                recipient_words: words::party(row).to_owned(),
                data_words: item.map(|i| i.raw.clone()).or_else(|| words::data_words(row)),
                span: row_span(row),
            },
            breadth,
            origin: Origin::Row(index),
        });
    }
    found
}

/// A row's place, with its words where the reader kept no quote.
pub fn row_span(row: &ThirdParty) -> Span {
    row.spans.first().cloned().unwrap_or_else(|| {
        let line = row.lines.first().copied().unwrap_or(0);
        let cells = [&row.company, &row.product, &row.data_raw];
        let quote = cells.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" | ");
        Span { source: 0, line, end_line: line, quote }
    })
}

fn categories(
    product: &Product,
    data_type: &str,
    policy: &Policy,
    types: &Types,
    signatures: &Signatures,
) -> Vec<Weighed> {
    let mut found = Vec::new();
    for (index, disclosure) in policy.category_disclosures.iter().enumerate() {
        // A name in brackets in the phrase ("payment SDKs (WeChat Pay)") names the product.
        let level = if disclosure.examples.iter().any(|example| example.product == product.id) {
            RecipientLevel::Product
        } else if product.categories.iter().any(|category| disclosure.categories.contains(category)) {
            RecipientLevel::Category
        } else if disclosure.examples.iter().any(|example| {
            !product.company.is_empty()
                && signatures.products.get(&example.product).is_some_and(|p| p.company == product.company)
        }) {
            RecipientLevel::Sibling
        } else {
            continue;
        };
        let (data, breadth, item) = item_level(data_type, &disclosure.data, &disclosure.data_items, types);
        found.push(Weighed {
            cover: Cover {
                recipient: level,
                data,
                recipient_words: disclosure.category.clone(),
                data_words: item.map(|i| i.raw.clone()).or_else(|| type_words(&disclosure.data)),
                span: first_span(&disclosure.spans, &disclosure.lines, &disclosure.category),
            },
            breadth,
            origin: Origin::Category(index),
        });
    }
    found
}

fn catch_alls(data_type: &str, policy: &Policy, types: &Types) -> Vec<Weighed> {
    let mut found = Vec::new();
    for (index, catch_all) in policy.catch_all.iter().enumerate() {
        let (data, breadth) = if catch_all.data.is_empty() {
            (DataLevel::Umbrella, Some("*".to_owned()))
        } else {
            data_level(data_type, &catch_all.data, types)
        };
        found.push(Weighed {
            cover: Cover {
                recipient: RecipientLevel::CatchAll,
                data,
                recipient_words: catch_all.recipients.clone(),
                data_words: type_words(&catch_all.data),
                span: first_span(&catch_all.spans, &catch_all.lines, &catch_all.recipients),
            },
            breadth,
            origin: Origin::CatchAll(index),
        });
    }
    found
}

fn first_party(data_type: &str, policy: &Policy, types: &Types) -> Weighed {
    let mut declared = policy.first_party_data.clone();
    declared.extend(policy.first_party_items.iter().map(|item| item.data_type.clone()));
    let (data, breadth, item) = item_level(data_type, &declared, &policy.first_party_items, types);
    Weighed {
        cover: Cover {
            recipient: RecipientLevel::Product,
            data,
            recipient_words: "first-party".to_owned(),
            data_words: item.map(|i| i.raw.clone()),
            span: item.map(|i| i.span.clone()).unwrap_or_default(),
        },
        breadth,
        origin: Origin::FirstParty,
    }
}

/// How declared ids, and the words read as them, cover a type; and the words that do.
fn item_level<'a>(
    data_type: &str,
    declared: &[String],
    items: &'a [DataItem],
    types: &Types,
) -> (DataLevel, Option<String>, Option<&'a DataItem>) {
    let (level, breadth) = data_level(data_type, declared, types);
    // "Wi-Fi list" is read as network information, and names it exactly.
    let exact =
        |item: &&DataItem| types.contains(&item.data_type, data_type) && types.is_named_by(data_type, &item.raw);
    if let Some(item) = items.iter().find(exact).filter(|_| level != DataLevel::Exact) {
        return (DataLevel::Exact, Some(data_type.to_owned()), Some(item));
    }
    let item = breadth.as_ref().and_then(|id| items.iter().find(|item| item.data_type == *id));
    (level, breadth, item)
}

/// How a list of declared ids covers a type, and which id does: the type itself, one that
/// implies it (precise location implies coarse), else the nearest umbrella.
pub fn data_level(data_type: &str, declared: &[String], types: &Types) -> (DataLevel, Option<String>) {
    if declared.iter().any(|id| id == data_type) {
        return (DataLevel::Exact, Some(data_type.to_owned()));
    }
    let implies = |id: &&String| types.get(id).is_some_and(|t| t.implies.iter().any(|implied| implied == data_type));
    if let Some(id) = declared.iter().find(implies) {
        return (DataLevel::Exact, Some(id.clone()));
    }
    match types.umbrellas(data_type).into_iter().find(|umbrella| declared.iter().any(|id| id == umbrella)) {
        Some(umbrella) => (DataLevel::Umbrella, Some(umbrella.to_owned())),
        None => (DataLevel::None, None),
    }
}

fn first_span(spans: &[Span], lines: &[u32], quote: &str) -> Span {
    spans.first().cloned().unwrap_or_else(|| {
        let line = lines.first().copied().unwrap_or(0);
        Span { source: 0, line, end_line: line, quote: quote.to_owned() }
    })
}

fn type_words(ids: &[String]) -> Option<String> {
    (!ids.is_empty()).then(|| ids.join(", "))
}
