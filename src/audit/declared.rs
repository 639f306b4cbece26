//! Whether what the policy declares was seen: a state for each declared type of each party,
//! never a verdict. A policy can declare too much, and no build fails on it.

use super::contacts::{Reached, reached};
use super::cover;
use super::{DeclaredItem, DeclaredState};
use crate::evidence::{Certainty, Span};
use crate::observations::{Observations, Recipient, Role};
use crate::policy::{Policy, ThirdParty};
use crate::signatures::{Signatures, Traffic, Types};

/// The state of each declared type: third parties in the policy's order, then the
/// first party.
pub fn states(observations: &Observations, policy: &Policy, signatures: &Signatures) -> Vec<DeclaredItem> {
    let reached = reached(observations);
    let mut items = Vec::new();
    for row in &policy.third_parties {
        let is_it = |recipient: &Recipient| is_of_row(row, recipient, signatures);
        let elsewhere = goes_elsewhere(row, signatures);
        for data_type in distinct(&row.data) {
            let span = row.data_items.iter().find(|item| item.data_type == *data_type).map(|item| item.span.clone());
            items.push(DeclaredItem {
                party: super::words::party(row).to_owned(),
                recipient: row.resolved.first().map(|r| r.product.clone()),
                data_type: data_type.clone(),
                state: state(data_type, &is_it, elsewhere, observations, &reached, &signatures.types),
                span: span.unwrap_or_else(|| cover::row_span(row)),
            });
        }
    }
    let own = |recipient: &Recipient| recipient.role == Role::FirstParty;
    for data_type in distinct(&policy.first_party_data) {
        let item = policy.first_party_items.iter().find(|item| item.data_type == *data_type);
        items.push(DeclaredItem {
            party: "first-party".to_owned(),
            recipient: Some("first-party".to_owned()),
            data_type: data_type.clone(),
            state: state(data_type, &own, false, observations, &reached, &signatures.types),
            span: item.map_or_else(Span::default, |item| item.span.clone()),
        });
    }
    items
}

fn distinct(ids: &[String]) -> Vec<&String> {
    let mut seen = Vec::new();
    for id in ids {
        if !seen.contains(&id) {
            seen.push(id);
        }
    }
    seen
}

/// The row speaks of this recipient itself (not of a sibling or a category).
fn is_of_row(row: &ThirdParty, recipient: &Recipient, signatures: &Signatures) -> bool {
    use super::RecipientLevel::{Company, Product};
    match recipient.product.as_ref().and_then(|id| signatures.products.get(id)) {
        Some(product) => matches!(cover::product_level(row, product, signatures), Some(Product | Company)),
        None if recipient.role == Role::Unnamed => cover::names_domain(row, recipient),
        None if recipient.role == Role::GroupUnknown => {
            let group = recipient.id.strip_prefix("group:").unwrap_or(&recipient.id);
            let companies = cover::group_companies(group, recipient, signatures);
            cover::group_level(row, &companies, signatures) == Some(Company)
        }
        None => false,
    }
}

/// None of the row's products sends over a network from this device.
fn goes_elsewhere(row: &ThirdParty, signatures: &Signatures) -> bool {
    let mut products = row.resolved.iter().filter_map(|r| signatures.products.get(&r.product)).peekable();
    products.peek().is_some() && products.all(|product| product.traffic != Traffic::Network)
}

fn state(
    declared: &str,
    is_it: &dyn Fn(&Recipient) -> bool,
    elsewhere: bool,
    observations: &Observations,
    reached: &[Reached<'_>],
    types: &Types,
) -> DeclaredState {
    let seen = observations.flows.iter().any(|flow| {
        flow.certainty > Certainty::Possible
            && !flow.noise
            && covers(declared, &flow.data_type, types)
            && observations.recipients.get(&flow.recipient).is_some_and(is_it)
    });
    if seen {
        return DeclaredState::Seen;
    }
    if types.get(declared).is_some_and(|t| !t.observable) {
        return DeclaredState::NotObservable;
    }
    let mut contacted = reached.iter().filter(|r| !r.is_noise() && is_it(r.recipient)).peekable();
    if contacted.peek().is_none() {
        return if elsewhere { DeclaredState::NotExpected } else { DeclaredState::NotContacted };
    }
    // A single closed stream may hold it: "not seen" takes that all of them were read.
    if contacted.any(|r| r.unread() > 0) { DeclaredState::Unread } else { DeclaredState::NotSeen }
}

fn covers(declared: &str, data_type: &str, types: &Types) -> bool {
    let (level, _) = cover::data_level(data_type, std::slice::from_ref(&declared.to_owned()), types);
    level != super::DataLevel::None
}
