//! What changed between two versions of a policy.

use serde::Serialize;

use super::model::{CategoryDisclosure, Claims, Policy, ThirdParty};
use super::once;
use super::spelling::stem_of;

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Stable code: `third-party-added`, `third-party-removed`, `data-added`, `data-removed`,
    /// `purpose-changed`, `link-changed`, `collects-added`, `collects-removed`, `denial-added`,
    /// `denial-removed`, `recipient-kind-added`, `recipient-kind-removed`, `claim-changed`.
    pub code: &'static str,
    /// Whom or what it is about: a third party's name, a claim's key; empty: the app itself.
    pub about: String,
    /// What was said before.
    pub before: Vec<String>,
    /// What is said now.
    pub after: Vec<String>,
    /// Line in the old version.
    pub old_line: Option<u32>,
    /// Line in the new version.
    pub new_line: Option<u32>,
}

/// The changes, third parties in the order of the new version, what is gone after them.
pub fn between(old: &Policy, new: &Policy) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut left: Vec<&ThirdParty> = old.third_parties.iter().collect();
    for party in &new.third_parties {
        // A row of the same name first; the same product under another name next.
        let same = left.iter().position(|other| stem_of(other) == stem_of(party));
        let found = same.or_else(|| left.iter().position(|other| is_same_product(other, party)));
        let Some(at) = found else {
            changes.push(Change {
                code: "third-party-added",
                about: name(party),
                before: Vec::new(),
                after: party.data.clone(),
                old_line: None,
                new_line: party.lines.first().copied(),
            });
            continue;
        };
        let before = left.remove(at);
        let lines = (before.lines.first().copied(), party.lines.first().copied());
        let about = name(party);
        sets(("data-added", "data-removed"), &about, &before.data, &party.data, lines, &mut changes);
        for (code, old, new) in
            [("purpose-changed", &before.purpose, &party.purpose), ("link-changed", &before.link, &party.link)]
        {
            if old != new {
                changes.push(Change {
                    code,
                    about: about.clone(),
                    before: old.iter().cloned().collect(),
                    after: new.iter().cloned().collect(),
                    old_line: lines.0,
                    new_line: lines.1,
                });
            }
        }
    }
    changes.extend(left.into_iter().map(|party| Change {
        code: "third-party-removed",
        about: name(party),
        before: party.data.clone(),
        after: Vec::new(),
        old_line: party.lines.first().copied(),
        new_line: None,
    }));
    let own = |policy: &Policy| -> Lines {
        policy.first_party_items.iter().map(|i| (i.data_type.clone(), i.span.line)).collect()
    };
    let codes = ("collects-added", "collects-removed");
    placed(codes, &own(old), &own(new), &mut changes);
    let denied = |policy: &Policy| -> Lines {
        let denials = policy.first_party_denials.iter().filter(|d| d.conditional.is_none());
        denials.map(|d| (d.data_type.clone(), d.span.line)).collect()
    };
    let codes = ("denial-added", "denial-removed");
    placed(codes, &denied(old), &denied(new), &mut changes);
    let kinds = |policy: &Policy| -> Lines {
        let lines = |c: &CategoryDisclosure| c.lines.first().copied().unwrap_or_default();
        policy.category_disclosures.iter().map(|c| (c.category.clone(), lines(c))).collect()
    };
    let codes = ("recipient-kind-added", "recipient-kind-removed");
    placed(codes, &kinds(old), &kinds(new), &mut changes);
    for ((key, before), (_, after)) in claims(&old.claims).into_iter().zip(claims(&new.claims)) {
        if before != after {
            let line = |policy: &Policy| policy.claim_locations.get(key).and_then(|q| q.first()).map(|q| q.line);
            changes.push(Change {
                code: "claim-changed",
                about: key.to_owned(),
                before: before.into_iter().collect(),
                after: after.into_iter().collect(),
                old_line: line(old),
                new_line: line(new),
            });
        }
    }
    changes
}

fn name(party: &ThirdParty) -> String {
    party.product.clone().or_else(|| party.company.clone()).unwrap_or_default()
}

fn is_same_product(a: &ThirdParty, b: &ThirdParty) -> bool {
    let first = |p: &ThirdParty| p.resolved.first().map(|r| r.product.clone());
    first(a).is_some() && first(a) == first(b)
}

/// What is said, and the lines it stands on.
type Lines = Vec<(String, u32)>;

/// As [`sets`], about the app itself: the line is the first that says what came or went.
fn placed(codes: (&'static str, &'static str), old: &Lines, new: &Lines, changes: &mut Vec<Change>) {
    let from = changes.len();
    let ids = |lines: &Lines| once(lines.iter().map(|(id, _)| id));
    sets(codes, "", &ids(old), &ids(new), (None, None), changes);
    let line = |lines: &Lines, ids: &[String]| lines.iter().find(|(id, _)| ids.contains(id)).map(|(_, line)| *line);
    for change in changes.iter_mut().skip(from) {
        change.old_line = line(old, &change.before);
        change.new_line = line(new, &change.after);
    }
}

/// What one list has and the other has not.
fn sets(
    codes: (&'static str, &'static str),
    about: &str,
    old: &[String],
    new: &[String],
    lines: (Option<u32>, Option<u32>),
    changes: &mut Vec<Change>,
) {
    let only = |a: &[String], b: &[String]| a.iter().filter(|x| !b.contains(x)).cloned().collect::<Vec<_>>();
    let (added, removed) = (only(new, old), only(old, new));
    let change = |code, before, after| Change {
        code,
        about: about.to_owned(),
        before,
        after,
        old_line: lines.0,
        new_line: lines.1,
    };
    if !added.is_empty() {
        changes.push(change(codes.0, Vec::new(), added));
    }
    if !removed.is_empty() {
        changes.push(change(codes.1, removed, Vec::new()));
    }
}

/// Each claim in words of the JSON; `None`: silent.
fn claims(claims: &Claims) -> [(&'static str, Option<String>); 4] {
    let words = |value: serde_json::Result<serde_json::Value>| match value {
        Ok(serde_json::Value::String(text)) => Some(text),
        Ok(serde_json::Value::Null) | Err(_) => None,
        Ok(other) => Some(other.to_string()),
    };
    [
        ("storage_country", claims.storage_country.clone()),
        ("transport_encryption", claims.transport_encryption.map(|c| c.to_string())),
        ("consent_before_collection", claims.consent_before_collection.map(|c| c.to_string())),
        ("cross_border", words(serde_json::to_value(claims.cross_border))),
    ]
}
