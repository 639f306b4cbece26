//! What becomes a finding, and which findings are the same.
//!
//! There is one disclosure finding for each (code, recipient, type): whether a flow is
//! declared does not change with the phase, so it has the phase group of the first
//! sighting. There is one conduct finding for each (code, recipient, type, phase group),
//! because the phase is what it is about. A contact finding has no type, and the
//! phase group of the contact's earliest messages.

use std::collections::BTreeMap;

use super::codes::{self, Code};
use super::disclosure::CLEAR;
use super::fingerprint::fingerprint;
use super::scope::{Scope, Standing};
use super::severity::{Circumstances, weigh};
use super::{Finding, RecipientLevel, Severity, Text, Verdict, words};
use crate::evidence::{Certainty, Locator, Span, Time};
use crate::observations::{Flow, Observations, Recipient, Role, Sighting};
use crate::signatures::Clause;

/// A finding before equal ones are merged and its clauses are looked up.
pub struct Draft {
    code: &'static Code,
    role: Role,
    finding: Finding,
}

impl Draft {
    /// Its code.
    pub fn code(&self) -> &'static str {
        self.code.id
    }

    /// Its recipient's id.
    pub fn recipient(&self) -> &str {
        &self.finding.recipient
    }

    /// Whether it is about a flow (a data type), and not about a contact.
    pub fn is_of_flow(&self) -> bool {
        self.finding.data_type.is_some()
    }
}

/// What a check hands over to become a finding.
pub struct Matter<'a> {
    /// Code id.
    pub code: &'static str,
    /// Whom it is about.
    pub recipient: &'a Recipient,
    /// Data type id; none for contacts.
    pub data_type: Option<&'a str>,
    /// Phase group.
    pub phase: &'a str,
    /// How sure.
    pub certainty: Certainty,
    /// Base severity, where it is not the code's own.
    pub base: Option<Severity>,
    /// One sentence.
    pub message: Text,
    /// The policy's words.
    pub policy: Vec<Span>,
    /// What was seen, first sighting first.
    pub sightings: Vec<&'a Sighting>,
    /// Evidence of contacts.
    pub locators: Vec<Locator>,
    /// How many messages, of contacts.
    pub count: u64,
    /// The first, of contacts.
    pub first: Option<Time>,
}

/// Makes a finding of what a check hands over. `None`: the code is not in the table.
pub fn draft(matter: Matter<'_>, scope: &Scope<'_>) -> Option<Draft> {
    let code = codes::get(matter.code)?;
    let class = matter.data_type.map(|id| {
        // Class M leaves the severity as it is: nothing is known of a type without an entry.
        scope.signatures.types.get(id).map_or(crate::signatures::Class::M, |t| t.class)
    });
    let (severity, severity_steps) = weigh(
        matter.base.unwrap_or(code.base),
        &Circumstances {
            class,
            unnamed: matches!(scope.standing(matter.recipient), Standing::Unnamed),
            app_proven: scope.app_proven,
            certainty: matter.certainty,
        },
    );
    let path = matter.sightings.first().map_or("", |s| s.path_template.as_str());
    let party = matter.recipient.product.as_deref().unwrap_or(&matter.recipient.domain);
    let mut locators = matter.locators;
    locators.extend(matter.sightings.iter().map(|s| s.locator.clone()));
    let seen: u64 = matter.sightings.iter().map(|s| s.count).sum();
    let finding = Finding {
        fingerprint: fingerprint(code.id, party, matter.data_type, matter.phase, path),
        code: code.id.to_owned(),
        severity,
        certainty: matter.certainty,
        recipient: matter.recipient.id.clone(),
        data_type: matter.data_type.map(str::to_owned),
        phase: matter.phase.to_owned(),
        message: matter.message,
        severity_steps,
        clauses: Vec::new(),
        policy: matter.policy,
        sightings: matter.sightings.iter().map(|s| s.id.clone()).collect(),
        locators,
        count: if seen > 0 { seen } else { matter.count },
        first: matter.sightings.iter().map(|s| s.first).min().or(matter.first),
        suppressed: None,
        baseline: None,
    };
    Some(Draft { code, role: matter.recipient.role, finding })
}

/// How certain a finding can be at most, given how certain the recipient is: where a product is
/// known by an unverified host only, the finding is `possible`, whatever the value was.
pub fn certainty_towards(recipient: &Recipient, certainty: Certainty) -> Certainty {
    match recipient.role {
        Role::ThirdParty | Role::GroupUnknown | Role::Platform => certainty.min(recipient.certainty),
        _ => certainty,
    }
}

/// A flow's sightings, in the order of the report.
pub fn sightings_of<'a>(flow: &'a Flow, observations: &'a Observations) -> impl Iterator<Item = &'a Sighting> {
    observations
        .sightings
        .iter()
        .filter(|s| s.data_type == flow.data_type && s.recipient == flow.recipient && flow.sightings.contains(&s.id))
}

/// A sighting that says something of the app and this recipient: the idle device does not send the same,
/// it is no other device's value, and no id that comes back to who issued it.
pub fn accuses(sighting: &Sighting, recipient: &Recipient, scope: &Scope<'_>) -> bool {
    !sighting.noise && !sighting.is_of_another_device() && !scope.comes_home(recipient, sighting)
}

/// The finding of a verdict; none where it is clear.
pub fn of_verdict(verdict: &Verdict, flow: &Flow, observations: &Observations, scope: &Scope<'_>) -> Option<Draft> {
    if verdict.code == CLEAR {
        return None;
    }
    let recipient = observations.recipients.get(&flow.recipient)?;
    let code = codes::get(&verdict.code)?;
    let mut sightings: Vec<&Sighting> = sightings_of(flow, observations).collect();
    // What is listed beside them is no evidence, and makes the finding no surer.
    let (mut certainty, all) = (flow.certainty, sightings.len());
    sightings.retain(|sighting| accuses(sighting, recipient, scope));
    if sightings.len() < all {
        certainty = sightings.iter().map(|sighting| sighting.certainty).max()?;
    }
    let kind = words::data_type(&flow.data_type, scope.signatures);
    let whom = words::recipient(recipient);
    let own_covers = matches!(scope.standing(recipient), Standing::Infrastructure) && verdict.cover.is_some();
    let mut policy: Vec<Span> = Vec::new();
    let cover = verdict.cover.as_ref().filter(|c| c.recipient != RecipientLevel::None);
    for span in cover.map(|c| &c.span).into_iter().chain(&verdict.denial) {
        if span.line > 0 && !policy.contains(span) {
            policy.push(span.clone());
        }
    }
    let sent = Text::new(format!("{}发给了{}。", kind.zh, whom.zh), format!("{} sent to {}.", kind.en, whom.en));
    draft(
        Matter {
            code: code.id,
            recipient,
            data_type: Some(&flow.data_type),
            phase: sightings.first().map_or("none", |s| s.phase.group()),
            certainty: certainty_towards(recipient, certainty),
            base: own_covers.then_some(Severity::Note),
            message: sent.and(&verdict.reason),
            policy,
            sightings,
            locators: Vec::new(),
            count: flow.count,
            first: None,
        },
        scope,
    )
}

/// Merges equal findings, cites clauses, and sorts: worst first, then code, recipient, type, phase.
pub fn settle(drafts: Vec<Draft>, clauses: &[Clause]) -> Vec<Finding> {
    type Key = (&'static str, String, Option<String>, String);
    let mut by_key: BTreeMap<Key, Finding> = BTreeMap::new();
    for draft in drafts {
        let Draft { code, role, mut finding } = draft;
        // Only conduct findings differ by phase.
        let phase = if code.family == codes::Family::Conduct { finding.phase.clone() } else { String::new() };
        let key = (code.id, finding.recipient.clone(), finding.data_type.clone(), phase);
        match by_key.get_mut(&key) {
            Some(known) => merge(known, finding),
            None => {
                finding.clauses = super::clauses::cite(code, role, clauses);
                by_key.insert(key, finding);
            }
        }
    }
    let mut findings: Vec<Finding> = by_key.into_values().collect();
    // The map gave code, recipient, type, phase; a stable sort keeps that within a severity.
    findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
    findings
}

/// Adds a finding that is the same, such as that of a flow whose app is named in one capture and
/// not in another.
fn merge(known: &mut Finding, other: Finding) {
    if other.severity > known.severity {
        known.severity = other.severity;
        known.severity_steps = other.severity_steps;
    }
    known.certainty = known.certainty.max(other.certainty);
    known.count += other.count;
    known.first = match (known.first, other.first) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    known.sightings.extend(other.sightings);
    known.locators.extend(other.locators);
    for span in other.policy {
        if !known.policy.contains(&span) {
            known.policy.push(span);
        }
    }
}
