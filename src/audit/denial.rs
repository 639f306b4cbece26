//! Which denials reach a recipient and a data type, and how they stand to what declares it.

use super::RecipientLevel;
use super::cover::{self, Weighed};
use super::scope::Standing;
use crate::evidence::Span;
use crate::observations::Recipient;
use crate::policy::{Denial, Policy};
use crate::signatures::{Signatures, Types};

/// A denial that reaches the flow.
#[derive(Clone, Debug)]
pub struct Reaching {
    /// Type id it denies, `*` for any.
    pub data_type: String,
    /// Whether it stands in a row about this recipient, and not in a sentence about all third parties.
    pub of_recipient: bool,
    /// Where.
    pub span: Span,
}

/// How a denial and the best cover stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// No declaration covers the flow.
    Uncovered,
    /// The denial is narrower than the declaration.
    Narrower,
    /// The denial is as broad as the declaration, or broader.
    AsBroad,
}

/// All denials that reach it, in the policy's order. Conditional ones ("except with
/// your consent") never deny.
pub fn reaching(
    recipient: &Recipient,
    standing: Standing<'_>,
    data_type: &str,
    policy: &Policy,
    signatures: &Signatures,
) -> Vec<Reaching> {
    let mut found = Vec::new();
    let mut take = |denials: &[Denial], of_recipient: bool, fallback: &dyn Fn() -> Span| {
        for denial in denials {
            if denial.conditional.is_none() && denies(&denial.data_type, data_type, &signatures.types) {
                let span = if denial.span == Span::default() { fallback() } else { denial.span.clone() };
                found.push(Reaching { data_type: denial.data_type.clone(), of_recipient, span });
            }
        }
    };
    match standing {
        Standing::FirstParty => {
            take(&policy.first_party_denials, true, &Span::default);
            // Corrected by hand, a policy may list ids alone.
            for id in &policy.first_party_denied {
                let placed = policy.first_party_denials.iter().any(|d| d.data_type == *id);
                if !placed && denies(id, data_type, &signatures.types) {
                    found.push(Reaching { data_type: id.clone(), of_recipient: true, span: Span::default() });
                }
            }
        }
        Standing::Product(_) | Standing::Group(_) | Standing::Unnamed => {
            for row in &policy.third_parties {
                let level = match standing {
                    Standing::Product(product) => cover::product_level(row, product, signatures),
                    Standing::Group(group) => {
                        cover::group_level(row, &cover::group_companies(group, recipient, signatures), signatures)
                    }
                    _ => cover::names_domain(row, recipient).then_some(RecipientLevel::Product),
                };
                // What a row says of another product of the company does not reach this one.
                if matches!(level, Some(RecipientLevel::Product | RecipientLevel::Company)) {
                    take(&row.denied, true, &|| cover::row_span(row));
                }
            }
            take(&policy.third_party_denials, false, &Span::default);
        }
        Standing::Unknown | Standing::Infrastructure | Standing::Listed => {}
    }
    found
}

fn denies(denied: &str, data_type: &str, types: &Types) -> bool {
    denied == "*" || denied == data_type || types.contains(denied, data_type)
}

/// The worst of the denials against the best cover, and which one it is.
pub fn against<'a>(denials: &'a [Reaching], best: Option<&Weighed>, types: &Types) -> Option<(Against, &'a Reaching)> {
    let cover = best.filter(|b| b.covers());
    let stand = |denial: &Reaching| match cover {
        None => Against::Uncovered,
        Some(cover) if narrower(denial, cover, types) => Against::Narrower,
        Some(_) => Against::AsBroad,
    };
    let mut worst: Option<(Against, &Reaching)> = None;
    for denial in denials {
        let against = stand(denial);
        if worst.is_none_or(|(known, _)| known == Against::AsBroad && against != Against::AsBroad) {
            worst = Some((against, denial));
        }
    }
    worst
}

/// Whether a denial is narrower than the declaration: by the data first (device information
/// declared, IMEI denied); where both name the same data, by the recipient (all push SDKs may
/// get it, this one does not).
fn narrower(denial: &Reaching, best: &Weighed, types: &Types) -> bool {
    let Some(breadth) = &best.breadth else {
        // A catch-all that lists other data says nothing of this type; a denial of the type does.
        return denial.data_type != "*";
    };
    if denial.data_type == *breadth {
        let broad = matches!(best.cover.recipient, RecipientLevel::Category | RecipientLevel::CatchAll);
        return denial.of_recipient && broad;
    }
    denial.data_type != "*" && (breadth == "*" || types.contains(breadth, &denial.data_type))
}
