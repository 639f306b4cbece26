//! The tool's own JSON as a policy: what a person corrected is believed.

use serde_json::Value;

use super::entry::{host, resolve_companies};
use super::lexicon::Lexicon;
use super::model::{DataItem, Policy, ThirdParty};
use super::names::Names;
use crate::evidence::{Span, sha256_hex};

/// A policy in its own format cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Problem {
    /// Line of the JSON.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// The schema this tool writes.
pub const SCHEMA: &str = "wirewitness-policy/1";

/// The text is JSON of ours.
pub fn is_ours(text: &str) -> bool {
    let head = text.trim_start_matches('\u{feff}').trim_start();
    head.starts_with('{') && head.contains("\"third_parties\"")
}

/// Reads it. Fields that only the reader fills may be missing; counts follow the lists.
pub fn read(text: &str, lexicon: &Lexicon, names: &Names<'_>) -> Result<Policy, Problem> {
    let broken = |error: serde_json::Error| Problem { line: error.line(), message: error.to_string() };
    let mut value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(broken)?;
    fill(&mut value);
    let mut policy: Policy = serde_json::from_value(value).map_err(broken)?;
    if !policy.schema.is_empty() && policy.schema != SCHEMA {
        return Err(Problem { line: 1, message: format!("schema is {:?}, not {SCHEMA:?}", policy.schema) });
    }
    policy.schema = SCHEMA.to_owned();
    policy.third_party_count = policy.third_parties.len();
    for party in &mut policy.third_parties {
        if party.reading.as_deref() != Some(digest(party).as_str()) {
            correct(party, lexicon, names);
        }
    }
    Ok(policy)
}

/// Digest of what a person may correct in a row.
pub fn digest(party: &ThirdParty) -> String {
    let said = serde_json::json!([
        party.company,
        party.product,
        party.data,
        party.data_raw,
        party.purpose,
        party.scenario,
        party.method,
        party.link,
        party.same_as,
    ]);
    sha256_hex(said.to_string().as_bytes()).chars().take(16).collect()
}

/// What follows from a corrected row is worked out anew.
pub fn correct(party: &mut ThirdParty, lexicon: &Lexicon, names: &Names<'_>) {
    party.corrected = true;
    party.doubtful = false;
    let place = party.spans.first().cloned().unwrap_or_default();
    party.data_items.retain(|item| party.data.contains(&item.data_type));
    for id in &party.data {
        if !party.data_items.iter().any(|item| item.data_type == *id) {
            let span = Span { quote: party.data_raw.clone().unwrap_or_default(), ..place.clone() };
            party.data_items.push(DataItem { data_type: id.clone(), raw: id.clone(), span });
        }
    }
    party.denied.retain(|d| d.data_type != "*" && !party.data.contains(&d.data_type) || party.data.is_empty());
    if party.domains.is_empty() {
        party.domains.extend(party.link.as_deref().and_then(host));
    }
    let (product, company) = (party.product.clone(), party.company.clone());
    let (product, company) = (product.as_deref(), company.as_deref());
    party.company_only = product.is_none() && company.is_some();
    let context = party.purpose.clone().unwrap_or_default();
    let products = |name| names.products(lexicon, name, company.unwrap_or_default(), &context, &party.domains);
    party.resolved = product.map(products).unwrap_or_default();
    resolve_companies(party, product, company, names);
}

/// What a person who writes one by hand may leave out.
fn fill(value: &mut Value) {
    let Some(object) = value.as_object_mut() else { return };
    let empty: [(&str, Value); 8] = [
        ("schema", SCHEMA.into()),
        ("sources", Value::Array(Vec::new())),
        ("third_party_count", 0.into()),
        ("first_party_data", Value::Array(Vec::new())),
        ("first_party_denied", Value::Array(Vec::new())),
        ("claims", serde_json::json!({})),
        ("category_disclosures", Value::Array(Vec::new())),
        ("third_parties", Value::Array(Vec::new())),
    ];
    for (key, default) in empty {
        object.entry(key).or_insert(default);
    }
    let list = |object: &mut serde_json::Map<String, Value>, key: &str, fields: &[(&str, Value)]| {
        for item in object.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(item) = item.as_object_mut() {
                for (field, default) in fields {
                    item.entry(*field).or_insert_with(|| default.clone());
                }
            }
        }
    };
    let none = Value::Null;
    list(
        object,
        "third_parties",
        &[
            ("company", none.clone()),
            ("product", none.clone()),
            ("data", Value::Array(Vec::new())),
            ("data_raw", none.clone()),
            ("purpose", none.clone()),
            ("link", none),
            ("lines", Value::Array(Vec::new())),
        ],
    );
    list(
        object,
        "category_disclosures",
        &[
            ("categories", Value::Array(Vec::new())),
            ("lines", Value::Array(Vec::new())),
            ("data", Value::Array(Vec::new())),
        ],
    );
}
