//! Several policies as one: what any of them says, the policy says.

use serde_json::Value;

use super::model::{CrossBorder, Policy};
use super::once;

/// Adds what `other` says; its sources come after those of `policy`. Where claims differ the first
/// one counts, except for transfers abroad, where the one that allows more does.
///
/// The error is that of a policy that does not survive its own JSON.
pub fn add(policy: &mut Policy, other: Policy) -> Result<(), serde_json::Error> {
    let mut value = serde_json::to_value(other)?;
    shift(&mut value, policy.sources.len() as u64);
    let other: Policy = serde_json::from_value(value)?;
    policy.sources.extend(other.sources);
    policy.third_parties.extend(other.third_parties);
    policy.third_party_count = policy.third_parties.len();
    policy.first_party_items.extend(other.first_party_items);
    policy.first_party_data = once(policy.first_party_data.iter().chain(&other.first_party_data));
    policy.first_party_denied = once(policy.first_party_denied.iter().chain(&other.first_party_denied));
    policy.first_party_denials.extend(other.first_party_denials);
    policy.third_party_denials.extend(other.third_party_denials);
    policy.category_disclosures.extend(other.category_disclosures);
    policy.catch_all.extend(other.catch_all);
    let declared = |id: &String| policy.third_parties.iter().any(|p| p.resolved.iter().any(|r| r.product == *id));
    let mut seen = std::mem::take(&mut policy.names_seen);
    seen.extend(other.names_seen);
    seen.retain(|name| !declared(&name.product));
    policy.names_seen = seen;
    let (ours, theirs) = (&mut policy.claims, other.claims);
    ours.storage_country = ours.storage_country.take().or(theirs.storage_country);
    ours.transport_encryption = ours.transport_encryption.or(theirs.transport_encryption);
    ours.consent_before_collection = ours.consent_before_collection.or(theirs.consent_before_collection);
    ours.cross_border = match (ours.cross_border, theirs.cross_border) {
        (Some(CrossBorder::No), Some(freer)) => Some(freer),
        (ours, theirs) => ours.or(theirs),
    };
    for (claim, quotes) in other.claim_locations {
        policy.claim_locations.entry(claim).or_default().extend(quotes);
    }
    let has_parties = !policy.third_parties.is_empty();
    policy.remarks.extend(other.remarks);
    policy.remarks.retain(|remark| !(has_parties && remark.code == "no-third-parties"));
    Ok(())
}

/// Moves every place after `by` sources.
fn shift(value: &mut Value, by: u64) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Value::Object(fields) => {
            let is_place = fields.contains_key("line");
            for (key, field) in fields {
                match field.as_u64() {
                    Some(source) if is_place && key == "source" => *field = (source + by).into(),
                    _ => shift(field, by),
                }
            }
        }
        _ => {}
    }
}
