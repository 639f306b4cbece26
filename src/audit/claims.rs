//! What the policy promises in general, and what breaks it.

use super::conduct::CONTACT_ABROAD_INACTIVE;
use super::{ClaimState, Finding, JudgedClaim, Text};
use crate::evidence::{Certainty, Span};
use crate::observations::{Observations, Wire};
use crate::policy::{CrossBorder, Policy};

/// Where a claim stands in the policy.
pub fn spans(claim: &str, policy: &Policy) -> Vec<Span> {
    let quotes = policy.claim_locations.get(claim).map(Vec::as_slice).unwrap_or_default();
    quotes.iter().map(|q| Span { source: q.source, line: q.line, end_line: q.line, quote: q.quote.clone() }).collect()
}

/// Judges each claim that the policy makes.
pub fn judge(observations: &Observations, policy: &Policy, findings: &[Finding]) -> Vec<JudgedClaim> {
    let mut judged = Vec::new();
    let mut add = |claim: &str, value: &str, (state, reason, findings)| {
        judged.push(JudgedClaim {
            claim: claim.to_owned(),
            value: value.to_owned(),
            state,
            reason,
            findings,
            lines: spans(claim, policy),
        });
    };
    if let Some(country) = &policy.claims.storage_country {
        let reason = Text::new(
            format!("数据存放在哪里，抓包看不出来；{}。", CONTACT_ABROAD_INACTIVE.0),
            format!("Where data is stored no capture shows; {}.", CONTACT_ABROAD_INACTIVE.1),
        );
        add("storage_country", country, (ClaimState::Untested, reason, Vec::new()));
    }
    if policy.claims.transport_encryption == Some(true) {
        add("transport_encryption", "true", encryption(observations, findings));
    }
    if policy.claims.consent_before_collection == Some(true) {
        add("consent_before_collection", "true", consent(observations, findings));
    }
    if let Some(cross_border) = policy.claims.cross_border {
        let value = match cross_border {
            CrossBorder::No => "false",
            CrossBorder::Conditional => "conditional",
            CrossBorder::Yes => "true",
        };
        let reason = Text::new(
            format!("{}。", CONTACT_ABROAD_INACTIVE.0),
            format!("Not tested: {}.", CONTACT_ABROAD_INACTIVE.1),
        );
        add("cross_border", value, (ClaimState::Untested, reason, Vec::new()));
    }
    judged
}

type Judgement = (ClaimState, Text, Vec<String>);

/// Fingerprints of findings with these codes; `possible` ones break no promise.
fn against(codes: &[&str], findings: &[Finding]) -> Vec<String> {
    let breaks = |f: &&Finding| codes.contains(&f.code.as_str()) && f.certainty > Certainty::Possible;
    findings.iter().filter(breaks).map(|f| f.fingerprint.clone()).collect()
}

fn encryption(observations: &Observations, findings: &[Finding]) -> Judgement {
    let broken = against(&["cleartext"], findings);
    if !broken.is_empty() {
        let reason = Text::new(
            format!("{} 条发现显示个人信息未加密传输。", broken.len()),
            format!("Findings that show personal information sent without encryption: {}.", broken.len()),
        );
        return (ClaimState::Broken, reason, broken);
    }
    let closed = observations.contacts.iter().any(|c| !c.closed.is_empty());
    let known = observations.sightings.iter().any(|s| s.wire == Wire::Encrypted);
    if closed || known {
        let reason = Text::new(
            "能读到的内容里，没有个人信息以明文传输。",
            "In what could be read, no personal information was sent in the clear.",
        );
        (ClaimState::NotContradicted, reason, broken)
    } else {
        let reason = Text::new(
            "没有看到个人信息，或输入没有记录传输方式。",
            "No personal information was seen, or the inputs do not say how it travelled.",
        );
        (ClaimState::Untested, reason, broken)
    }
}

fn consent(observations: &Observations, findings: &[Finding]) -> Judgement {
    let broken = against(&["before-consent", "after-refusal"], findings);
    if !broken.is_empty() {
        let reason = Text::new(
            format!("{} 条发现显示同意之前或拒绝之后已发送个人信息。", broken.len()),
            format!("Findings that show personal information sent before consent or after refusal: {}.", broken.len()),
        );
        return (ClaimState::Broken, reason, broken);
    }
    if !observations.consent_judged {
        let reason = Text::new(
            "没有“启动”和“同意”标记，或抓包在启动之后才开始。",
            "There are no marks for launch and consent, or the capture starts after the launch.",
        );
        return (ClaimState::Untested, reason, broken);
    }
    let reason = Text::new(
        "能读到的内容里，同意之前没有发送个人信息。",
        "In what could be read, no personal information was sent before consent.",
    );
    (ClaimState::NotContradicted, reason, broken)
}
