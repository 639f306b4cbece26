//! The sections beside matrix and findings.

use std::collections::BTreeMap;

use super::findings::{Quote, quote};
use super::{recipient_name, type_name, word};
use crate::audit::{DeclaredState, Report};
use crate::evidence::Span;
use crate::observations::{Network, Role};
use crate::report::language::{Language, fill};
use crate::report::policy;

/// A name and its values.
pub struct Fact {
    /// What.
    pub name: String,
    /// One a line.
    pub values: Vec<String>,
}

/// A contacted recipient.
pub struct Contact {
    /// Name.
    pub recipient: String,
    /// Role in words.
    pub role: String,
    /// Messages read.
    pub read: u64,
    /// Closed streams by reason.
    pub closed: String,
    /// Sealed payloads.
    pub sealed: u64,
    /// Bytes sent.
    pub sent: u64,
    /// Hosts.
    pub hosts: String,
    /// Where its addresses lie.
    pub networks: String,
    /// What a reader should know of its names.
    pub remarks: Vec<String>,
    /// Phases with their counts.
    pub phases: String,
    /// Codes of findings on the contact itself.
    pub findings: String,
}

/// A promise, judged.
pub struct Claim {
    /// Promise and value.
    pub claim: String,
    /// State as JSON writes it.
    pub state: String,
    /// In words.
    pub state_words: String,
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub quotes: Vec<Quote>,
    /// Fingerprints that break it.
    pub findings: Vec<String>,
}

/// Declared types of one party in one state.
pub struct DeclaredGroup {
    /// Party.
    pub party: String,
    /// First line of its place.
    pub place: String,
    /// State in words, and the types.
    pub states: Vec<(String, String)>,
}

/// Why a recipient is who it is.
pub struct RecipientRow {
    /// Name.
    pub name: String,
    /// Id.
    pub id: String,
    /// Role in words.
    pub role: String,
    /// Domain.
    pub domain: String,
    /// Reason.
    pub reason: String,
    /// Certainty in words.
    pub certainty: String,
}

/// What was seen, and what not.
pub struct Coverage {
    /// Percent of sent bytes; none where nothing was sent.
    pub percent: Option<u64>,
    /// Sentences.
    pub lines: Vec<String>,
    /// Closed streams: reason and count.
    pub closed: Vec<(String, u64)>,
    /// Sealed payloads.
    pub sealed: Vec<String>,
    /// Slots for identifiers that hold none.
    pub withheld: Vec<String>,
    /// Gaps: reason, place, detail.
    pub gaps: Vec<(String, String, String)>,
    /// Checks that were not made.
    pub not_checked: Vec<String>,
}

/// A third party as it was read.
pub struct PartyRow {
    /// Number in the policy.
    pub number: usize,
    /// Place.
    pub place: String,
    /// Company as written.
    pub company: String,
    /// Product as written.
    pub product: String,
    /// Data types.
    pub data: String,
    /// What it resolves to.
    pub resolved: String,
    /// The reader asks for a second look.
    pub doubtful: bool,
    /// A person corrected it.
    pub corrected: bool,
}

/// Where a contact is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// With the app's own.
    App,
    /// The operating system's services.
    Platform,
    /// What the idle device does as well.
    Noise,
}

impl Part {
    fn of(contact: &crate::observations::Contact, report: &Report) -> Self {
        let found = || report.findings.iter().any(|f| f.recipient == contact.recipient);
        match report.recipients.get(&contact.recipient).map(|r| r.role) {
            _ if contact.noise => Self::Noise,
            Some(Role::Platform) if !found() => Self::Platform,
            _ => Self::App,
        }
    }
}

/// What is listed apart from the app's contacts, with why.
pub fn apart(report: &Report, language: Language) -> Vec<(String, Vec<Contact>)> {
    let words = language.words();
    let parts = [(words.apart_platform, Part::Platform), (words.apart_noise, Part::Noise)];
    let listed = parts.map(|(why, part)| (why.to_owned(), contacts(report, part, language)));
    listed.into_iter().filter(|(_, contacts)| !contacts.is_empty()).collect()
}

/// Contacts of one part, in the report's order.
pub fn contacts(report: &Report, part: Part, language: Language) -> Vec<Contact> {
    let words = language.words();
    let list = |counts: &BTreeMap<String, u64>| {
        counts.iter().map(|(what, count)| format!("{} {count}", words.term(what))).collect::<Vec<_>>().join(words.and)
    };
    report
        .contacts
        .iter()
        .filter(|contact| Part::of(contact, report) == part)
        .map(|contact| {
            let closed = contact.closed.iter().map(|(r, n)| (r.as_str().to_owned(), *n)).collect();
            let judged = |f: &&crate::audit::Finding| f.recipient == contact.recipient && f.data_type.is_none();
            let codes: Vec<&str> = report.findings.iter().filter(judged).map(|f| f.code.as_str()).collect();
            Contact {
                recipient: recipient_name(report, &contact.recipient, language),
                role: role(report, &contact.recipient, language),
                read: contact.messages,
                closed: list(&closed),
                sealed: contact.sealed,
                sent: contact.sent_bytes,
                hosts: contact.hosts.join(", "),
                networks: contact.networks.iter().map(network).collect::<Vec<_>>().join(", "),
                remarks: contact.remarks.iter().map(|remark| language.because(remark)).collect(),
                phases: list(&contact.phases),
                findings: codes.join(", "),
            }
        })
        .collect()
}

/// `CN AS64500 Example (198.51.100.7)`.
fn network(network: &Network) -> String {
    let asn = network.asn.map(|number| format!("AS{number}"));
    let known: Vec<&str> =
        [&network.country, &asn, &network.organisation].into_iter().flatten().map(String::as_str).collect();
    format!("{} ({})", known.join(" "), network.address)
}

fn role(report: &Report, id: &str, language: Language) -> String {
    report.recipients.get(id).map_or_else(String::new, |r| language.words().term(&word(&r.role)).to_owned())
}

/// Claims in the report's order.
pub fn claims(report: &Report, language: Language) -> Vec<Claim> {
    let words = language.words();
    report
        .claims
        .iter()
        .map(|claim| {
            let name = words.term(&claim.claim);
            let name = if claim.value == "true" {
                name.to_owned()
            } else {
                format!("{name}: {}", words.term(&format!("value:{}", claim.value)).trim_start_matches("value:"))
            };
            let state = word(&claim.state);
            Claim {
                claim: name,
                state_words: words.term(&state).to_owned(),
                state,
                reason: language.of(&claim.reason).to_owned(),
                quotes: claim.lines.iter().map(|span| quote(span, report, language)).collect(),
                findings: claim.findings.clone(),
            }
        })
        .collect()
}

/// What to say where no declared type stayed unseen.
pub fn declared_none(report: &Report, language: Language) -> &'static str {
    let words = language.words();
    if report.declared.is_empty() { words.declared_nothing } else { words.declared_all_seen }
}

/// Parties with declared types that were not seen, in the policy's order.
pub fn declared(report: &Report, language: Language) -> Vec<DeclaredGroup> {
    let words = language.words();
    let mut groups: Vec<Declared<'_>> = Vec::new();
    for item in report.declared.iter().filter(|item| item.state != DeclaredState::Seen) {
        let place = groups.iter().position(|group| group.party == item.party).unwrap_or_else(|| {
            groups.push(Declared { party: &item.party, span: &item.span, states: BTreeMap::new() });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.states.entry(item.state).or_default().push(type_name(report, &item.data_type, language));
        }
    }
    let arrange = |group: Declared<'_>| DeclaredGroup {
        party: if group.party == "first-party" { words.first_party.to_owned() } else { group.party.to_owned() },
        place: if group.span.line > 0 { place(report, group.span, language) } else { String::new() },
        states: group
            .states
            .into_iter()
            .map(|(state, names)| (words.term(&word(&state)).to_owned(), names.join(words.and)))
            .collect(),
    };
    groups.into_iter().map(arrange).collect()
}

/// A party's declared types by state.
struct Declared<'a> {
    party: &'a str,
    span: &'a Span,
    states: BTreeMap<DeclaredState, Vec<String>>,
}

/// Recipients by id.
pub fn recipients(report: &Report, language: Language) -> Vec<RecipientRow> {
    let words = language.words();
    report
        .recipients
        .values()
        .map(|recipient| {
            let mut reason = language.because(&recipient.reason);
            if let Some(via) = &recipient.via {
                reason.push_str(if language == Language::Zh { "；" } else { "; " });
                reason.push_str(&fill(words.via, &[via]));
            }
            RecipientRow {
                name: recipient_name(report, &recipient.id, language),
                id: recipient.id.clone(),
                role: words.term(&word(&recipient.role)).to_owned(),
                domain: recipient.domain.clone(),
                reason,
                certainty: words.term(&word(&recipient.certainty)).to_owned(),
            }
        })
        .collect()
}

/// Coverage and gaps.
pub fn coverage(report: &Report, language: Language) -> Coverage {
    let words = language.words();
    let seen = &report.coverage;
    let percent = seen.percent();
    let mut lines = Vec::new();
    match percent {
        Some(percent) => {
            lines.push(fill(words.coverage_bytes, &[&seen.opened_bytes, &seen.total_bytes, &percent]));
            lines.push(fill(words.coverage_messages, &[&seen.opened_messages, &seen.total_messages]));
        }
        None => lines.push(words.coverage_nothing.to_owned()),
    }
    if seen.other_app_messages > 0 {
        lines.push(fill(words.coverage_other_apps, &[&seen.other_app_messages]));
    }
    if seen.unknown_app_messages > 0 && !report.session.isolation {
        lines.push(fill(words.coverage_unknown_app, &[&seen.unknown_app_messages]));
    }
    let sealed = report
        .sealed
        .iter()
        .map(|sealed| {
            let may: Vec<String> = sealed.may_contain.iter().map(|id| type_name(report, id, language)).collect();
            let whom = recipient_name(report, &sealed.recipient, language);
            let recipe = format!("{} ×{}", sealed.recipe, sealed.count);
            fill(words.sealed_line, &[&whom, &recipe, &may.join(words.and)])
                + " — "
                + language.told(&sealed.reason, &sealed.reason_zh)
        })
        .collect();
    let withheld = report
        .withheld
        .iter()
        .map(|slot| {
            let whom = recipient_name(report, &slot.recipient, language);
            let what = type_name(report, &slot.data_type, language);
            let instead = format!("placeholder:{}", slot.placeholder.as_str());
            fill(words.withheld_line, &[&whom, &what, &words.term(&instead), &slot.count])
        })
        .collect();
    let gaps = report
        .gaps
        .iter()
        .map(|gap| {
            let mut detail = gap.detail.clone();
            if gap.count > 1 {
                detail.push(' ');
                detail.push_str(&fill(words.gap_count, &[&gap.count]));
            }
            if gap.bytes > 0 {
                detail.push_str(", ");
                detail.push_str(&fill(words.gap_bytes, &[&gap.bytes]));
            }
            (words.term(gap.reason.as_str()).to_owned(), gap.at.clone(), detail)
        })
        .collect();
    let inactive = crate::audit::contact_abroad_inactive(report);
    let not_checked = inactive.map(|why| format!("contact-abroad: {}", language.of(&why)));
    Coverage {
        percent,
        lines,
        closed: seen.closed.iter().map(|(reason, n)| (words.term(reason.as_str()).to_owned(), *n)).collect(),
        sealed,
        withheld,
        gaps,
        not_checked: not_checked.into_iter().collect(),
    }
}

/// Where a span stands, in the terms of its document.
fn place(report: &Report, span: &Span, language: Language) -> String {
    policy::place(report.declarations.sources.get(span.source as usize), span.line, language)
}

/// Third parties as they were read.
pub fn parties(report: &Report, language: Language) -> Vec<PartyRow> {
    let words = language.words();
    let rows = report.declarations.third_parties.iter().enumerate();
    rows.map(|(index, row)| {
        let data: Vec<String> = row.data.iter().map(|id| type_name(report, id, language)).collect();
        let mut resolved: Vec<&str> = row.resolved.iter().map(|r| r.product.as_str()).collect();
        if row.company_only {
            resolved = row.resolved_companies.iter().map(String::as_str).collect();
        }
        PartyRow {
            number: index + 1,
            place: row.spans.first().map(|span| place(report, span, language)).unwrap_or_default(),
            company: row.company.clone().unwrap_or_default(),
            product: row.product.clone().unwrap_or_default(),
            data: if data.is_empty() { words.none_said.to_owned() } else { data.join(words.and) },
            resolved: resolved.join(", "),
            doubtful: row.doubtful,
            corrected: row.corrected,
        }
    })
    .collect()
}
