//! What the policy promises in general, and what breaks it.

use std::collections::BTreeSet;

use super::conduct::contact_abroad::{abroad, missing};
use super::contacts::reached;
use super::{ClaimState, Finding, JudgedClaim, Text};
use crate::evidence::{Certainty, GapReason, Span};
use crate::observations::{Contact, Observations, Role, Wire};
use crate::policy::{CrossBorder, Policy};

/// Where a claim stands in the policy.
pub fn spans(claim: &str, policy: &Policy) -> Vec<Span> {
    let quotes = policy.claim_locations.get(claim).map(Vec::as_slice).unwrap_or_default();
    quotes.iter().map(|q| Span { source: q.source, line: q.line, end_line: q.line, quote: q.quote.clone() }).collect()
}

/// Judges each claim that the policy makes.
///
/// `home` is the country that data is to stay in.
pub fn judge(
    observations: &Observations,
    policy: &Policy,
    findings: &[Finding],
    home: Option<&str>,
) -> Vec<JudgedClaim> {
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
        add("storage_country", country, storage(observations, findings, home));
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
        add("cross_border", value, border(cross_border, observations, findings, home));
    }
    judged
}

type Judgement = (ClaimState, Text, Vec<String>);

/// Fingerprints of findings with these codes: those that break the promise, and those that are only
/// possible and break none.
fn against(codes: &[&str], findings: &[Finding]) -> (Vec<String>, Vec<String>) {
    let all = findings.iter().filter(|f| codes.contains(&f.code.as_str()));
    let (broken, possible): (Vec<&Finding>, Vec<&Finding>) = all.partition(|f| f.certainty > Certainty::Possible);
    let prints = |found: Vec<&Finding>| found.into_iter().map(|f| f.fingerprint.clone()).collect();
    (prints(broken), prints(possible))
}

/// What is said where nothing breaks the promise for certain: `otherwise`, unless findings say that it
/// may be broken all the same.
fn unbroken(possible: &[String], otherwise: Text) -> Text {
    match possible.len() {
        0 => otherwise,
        count => Text::new(
            format!("有 {count} 条发现只是“可能”：既不足以说违背了承诺，也不足以说没有违背。"),
            format!(
                "Findings that are only possible: {count}. They do not show that it is broken, nor that it is kept."
            ),
        ),
    }
}

/// Fingerprints of contacts abroad. They are notes, whatever the certainty.
fn contacts_abroad(findings: &[Finding]) -> Vec<String> {
    findings.iter().filter(|f| f.code == "contact-abroad").map(|f| f.fingerprint.clone()).collect()
}

/// Where data is stored no capture shows: addresses abroad are told and break nothing.
fn storage(observations: &Observations, findings: &[Finding], home: Option<&str>) -> Judgement {
    let shown = Text::new("数据存放在哪里，抓包看不出来", "Where data is stored no capture shows");
    if let Some(missing) = missing(&observations.geo, home) {
        let reason = Text::new(format!("{}；{}。", shown.zh, missing.zh), format!("{}; {}.", shown.en, missing.en));
        return (ClaimState::Untested, reason, Vec::new());
    }
    let abroad = contacts_abroad(findings);
    let reason = Text::new(
        format!("{}；有 {} 个接收方的地址登记在境外。", shown.zh, abroad.len()),
        format!("{}; recipients with addresses registered abroad: {}.", shown.en, abroad.len()),
    );
    (ClaimState::Untested, reason, abroad)
}

/// "No data leaves the country" is broken by personal information to a recipient all of
/// whose known addresses lie abroad; where some do not, the data may have gone to those.
fn border(claim: CrossBorder, observations: &Observations, findings: &[Finding], home: Option<&str>) -> Judgement {
    if let Some(missing) = missing(&observations.geo, home) {
        let reason = Text::new(format!("{}。", missing.zh), format!("Not tested: {}.", missing.en));
        return (ClaimState::Untested, reason, Vec::new());
    }
    let found = contacts_abroad(findings);
    let home = home.unwrap_or_default();
    let sent: Vec<String> = reached(observations)
        .iter()
        .filter(|r| {
            let addresses: BTreeSet<&String> = r.contacts.iter().flat_map(|c| &c.addresses).collect();
            let told = findings.iter().any(|f| f.code == "contact-abroad" && f.recipient == r.recipient.id);
            let sends = |f: &crate::observations::Flow| {
                f.recipient == r.recipient.id && f.certainty > Certainty::Possible && !f.noise
            };
            told && abroad(r, home).len() == addresses.len() && observations.flows.iter().any(sends)
        })
        .map(|r| r.recipient.id.clone())
        .collect();
    if claim == CrossBorder::No && !sent.is_empty() {
        let breaks = |f: &&Finding| f.code == "contact-abroad" && sent.contains(&f.recipient);
        let broken: Vec<String> = findings.iter().filter(breaks).map(|f| f.fingerprint.clone()).collect();
        let reason = Text::new(
            format!("个人信息发给了 {} 个只有境外地址的接收方。", sent.len()),
            format!("Personal information was sent to recipients with addresses abroad only: {}.", sent.len()),
        );
        return (ClaimState::Broken, reason, broken);
    }
    let judged = reached(observations).into_iter().filter(|r| !r.is_noise());
    let located = judged.flat_map(|r| r.contacts).flat_map(|c| &c.networks).any(|network| network.country.is_some());
    if !located {
        let reason = Text::new(
            "归属地文件里没有这些接收方的地址，或输入没有记录地址。",
            "The file knows no address of these recipients, or the inputs do not hold their addresses.",
        );
        return (ClaimState::Untested, reason, found);
    }
    if found.is_empty() {
        let reason = Text::new("能查到归属地的地址都在境内。", "All addresses that the file knows lie in the country.");
        return (ClaimState::NotContradicted, reason, found);
    }
    let reason = Text::new(
        format!("有 {} 个接收方的地址登记在境外，但没有看到个人信息只发往境外地址。", found.len()),
        format!(
            "Recipients with addresses registered abroad: {}; personal information was not seen to go to such addresses alone.",
            found.len()
        ),
    );
    (ClaimState::NotContradicted, reason, found)
}

fn encryption(observations: &Observations, findings: &[Finding]) -> Judgement {
    let (broken, possible) = against(&["cleartext"], findings);
    if !broken.is_empty() {
        let reason = Text::new(
            format!("{} 条发现显示个人信息未加密传输。", broken.len()),
            format!("Findings that show personal information sent without encryption: {}.", broken.len()),
        );
        return (ClaimState::Broken, reason, broken);
    }
    let sealed = |contact: &Contact| !contact.noise && contact.closed.keys().any(|reason| is_encryption(*reason));
    let closed = observations.contacts.iter().any(sealed);
    let known = observations.sightings.iter().any(|s| s.wire == Wire::Encrypted);
    if closed || known {
        let reason = Text::new(
            "能读到的内容里，没有个人信息以明文传输。",
            "In what could be read, no personal information was sent in the clear.",
        );
        (ClaimState::NotContradicted, unbroken(&possible, reason), possible)
    } else {
        let reason = Text::new(
            "没有看到个人信息，或输入没有记录传输方式。",
            "No personal information was seen, or the inputs do not say how it travelled.",
        );
        (ClaimState::Untested, unbroken(&possible, reason), Vec::new())
    }
}

/// A stream that stayed closed for this reason is an encrypted one. Of any other nothing is known.
fn is_encryption(reason: GapReason) -> bool {
    use GapReason as R;
    matches!(
        reason,
        R::NoKey | R::KeyDoesNotFit | R::Pinned | R::ResumedWithoutSecret | R::QuicNoKey | R::UnsupportedCipher
    )
}

/// The phase groups in which nothing personal is to be sent.
const WITHOUT_CONSENT: [&str; 2] = ["before-consent", "after-refusal"];

fn consent(observations: &Observations, findings: &[Finding]) -> Judgement {
    let (broken, possible) = against(&WITHOUT_CONSENT, findings);
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
        return (ClaimState::Untested, reason, possible);
    }
    let (mut all, mut unread) = (0, 0);
    for one in reached(observations) {
        if one.is_noise() || one.recipient.role == Role::Platform {
            continue;
        }
        for group in WITHOUT_CONSENT {
            all += one.in_phase(group);
            // One message can hold several sealed payloads.
            unread += one.unread_in_phase(group).min(one.in_phase(group));
        }
    }
    if all > 0 && unread == all && possible.is_empty() {
        let reason = Text::new(
            "同意之前（或拒绝之后）发送的内容都无法读取。",
            "Nothing that was sent before consent, or after refusal, could be read.",
        );
        return (ClaimState::Untested, reason, possible);
    }
    let reason = Text::new(
        "能读到的内容里，同意之前没有发送个人信息。",
        "In what could be read, no personal information was sent before consent.",
    );
    (ClaimState::NotContradicted, unbroken(&possible, reason), possible)
}
