//! (Observations, Policy, Session) to [`Report`]: disclosure, contacts, conduct, states, claims.
//!
//! Takes what the traffic showed and what the policy says, hands on the report as
//! data. One check is one file. It deliberately never sees a packet or a document, so
//! every verdict can be repeated from the JSON of `inspect` and of `policy`.
//!
//! There is one disclosure finding for each (code, recipient, type), and one conduct finding
//! for each (code, recipient, type, phase group); `findings.rs` says why.

mod advice;
pub mod baseline;
mod claims;
mod clauses;
pub mod codes;
mod conduct;
mod contacts;
mod cover;
mod declared;
mod denial;
pub mod difference;
mod disclosure;
pub mod explanations;
mod findings;
mod fingerprint;
pub mod gate;
mod model;
mod scope;
mod severity;
pub mod snapshot;
pub mod suppress;
mod words;

pub use clauses::{clauses_of, is_scenario};
pub use conduct::inactive as contact_abroad_inactive;
pub use model::*;

use crate::observations::{Clock, Observations};
use crate::policy::Policy;
use crate::signatures::Signatures;

/// Name of the report's schema.
pub const SCHEMA: &str = "wirewitness-report/1";

/// Holds the traffic against the policy.
pub fn audit(observations: Observations, policy: Policy, session: SessionFacts, signatures: &Signatures) -> Report {
    let clock_skew_ms = Clock::allowed_skew_ms(session.clock_skew_ms, &observations.inputs);
    let session = SessionFacts { clock_skew_ms, ..session };
    let observations = scope::drop_other_apps(observations);
    let app_proven = observations.app_proven || session.isolation;
    let home = conduct::home(&policy, &session);
    let scope = scope::Scope { app_proven, home, signatures };

    let mut flows = Vec::with_capacity(observations.flows.len());
    let mut found = Vec::new();
    for flow in &observations.flows {
        let verdict = disclosure::judge(flow, &observations, &policy, &scope);
        if let Some(verdict) = &verdict {
            found.extend(findings::of_verdict(verdict, flow, &observations, &scope));
        }
        flows.push(JudgedFlow { flow: flow.clone(), verdict });
    }
    found.extend(conduct::judge(&observations, &policy, &scope));
    found.extend(contacts::judge(&observations, &policy, &scope, &found));
    let findings = findings::settle(found, &signatures.clauses);

    let summary = suppress::summary(&findings);
    let declared = declared::states(&observations, &policy, signatures);
    let data_types = words::names(&observations, &policy, signatures);
    let companies = words::companies(&observations, signatures);
    let clauses = clauses::cited(&findings, &signatures.clauses);
    Report {
        schema: SCHEMA.to_owned(),
        tool: Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            signatures_sha256: observations.signatures_sha256.clone(),
            public_suffix_list: observations.public_suffix_list.clone(),
        },
        declared,
        claims: claims::judge(&observations, &policy, &findings, scope.home.as_deref()),
        advice: advice::next(&observations, &policy, &session, app_proven),
        session,
        premises: Premises { app_proven, consent_judged: observations.consent_judged },
        inputs: observations.inputs,
        noise: observations.noise,
        geo: observations.geo,
        coverage: observations.coverage,
        gaps: observations.gaps,
        recipients: observations.recipients,
        contacts: observations.contacts,
        flows,
        sightings: observations.sightings,
        sealed: observations.sealed,
        beside: observations.beside,
        withheld: observations.withheld,
        declarations: policy,
        findings,
        ignore: None,
        baseline: None,
        summary,
        data_types,
        companies,
        clauses,
    }
}
