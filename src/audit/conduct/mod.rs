//! What a flow or contact did, whatever was declared. One check is one file.
//!
//! Whether the policy makes a claim does not decide whether there is a finding. A claim that it
//! makes is quoted in the finding.

mod after_refusal;
mod before_consent;
mod cleartext;
pub mod contact_abroad;
mod contact_before_consent;
mod in_background;

use std::collections::BTreeMap;

use super::findings::{Draft, Matter, accuses, certainty_towards, draft};
use super::scope::{Scope, Standing};
use super::{Text, words};
use crate::evidence::{Certainty, Span};
use crate::observations::{Observations, Phase, Sighting};
use crate::policy::Policy;

pub use contact_abroad::{home, inactive};

/// A check on sightings.
struct Check {
    /// Code id.
    code: &'static str,
    /// Whether this sighting is a case of it.
    applies: fn(&Sighting, &Observations, &Scope<'_>) -> bool,
    /// Whether a message lies within the clock skew of a mark of the session that the check depends on.
    /// Such a one is only possible: it may lie on the mark's other side.
    near: fn(&Phase) -> bool,
    /// The claim of the policy that it contradicts.
    claim: Option<&'static str>,
    /// The finding's sentence, from the names of the data type and of the recipient.
    say: fn(&Text, &Text) -> Text,
}

const CHECKS: [&Check; 4] = [&before_consent::CHECK, &after_refusal::CHECK, &cleartext::CHECK, &in_background::CHECK];

/// All conduct findings.
pub fn judge(observations: &Observations, policy: &Policy, scope: &Scope<'_>) -> Vec<Draft> {
    let mut drafts: Vec<Draft> =
        CHECKS.iter().flat_map(|check| of_sightings(check, observations, policy, scope)).collect();
    let contacts = contact_before_consent::judge(observations, policy, scope, &drafts);
    drafts.extend(contacts);
    drafts.extend(contact_abroad::judge(observations, policy, scope));
    drafts
}

fn of_sightings(check: &Check, observations: &Observations, policy: &Policy, scope: &Scope<'_>) -> Vec<Draft> {
    // By recipient, type and phase group; sightings stay in the report's order.
    let mut groups: BTreeMap<(&str, &str, &'static str), Vec<&Sighting>> = BTreeMap::new();
    for sighting in &observations.sightings {
        if (check.applies)(sighting, observations, scope) {
            let key = (sighting.recipient.as_str(), sighting.data_type.as_str(), sighting.phase.group());
            groups.entry(key).or_default().push(sighting);
        }
    }
    let mut drafts = Vec::new();
    for ((recipient, data_type, phase), mut sightings) in groups {
        let Some(recipient) = observations.recipients.get(recipient) else { continue };
        sightings.retain(|sighting| accuses(sighting, recipient, scope));
        if sightings.is_empty() || matches!(scope.standing(recipient), Standing::Listed) {
            continue;
        }
        let sure = |s: &&Sighting| if (check.near)(&s.phase) { Certainty::Possible } else { s.certainty };
        let certainty = sightings.iter().map(sure).max().unwrap_or(Certainty::Possible);
        let certainty = certainty_towards(recipient, certainty);
        let mut message = (check.say)(&words::data_type(data_type, scope.signatures), &words::recipient(recipient));
        if sightings.iter().all(|s| (check.near)(&s.phase)) {
            message =
                message.and(&Text::new("（都在标记的时钟误差以内。）", "(All within the clock skew of the mark.)"));
        }
        drafts.extend(draft(
            Matter {
                code: check.code,
                recipient,
                data_type: Some(data_type),
                phase,
                certainty,
                base: None,
                message,
                policy: check.claim.map(|claim| quotes(claim, policy)).unwrap_or_default(),
                sightings,
                locators: Vec::new(),
                count: 0,
                first: None,
            },
            scope,
        ));
    }
    drafts
}

/// Where the policy makes this claim; empty where it does not.
fn quotes(claim: &str, policy: &Policy) -> Vec<Span> {
    let made = match claim {
        "transport_encryption" => policy.claims.transport_encryption == Some(true),
        "consent_before_collection" => policy.claims.consent_before_collection == Some(true),
        _ => false,
    };
    if !made {
        return Vec::new();
    }
    super::claims::spans(claim, policy)
}
