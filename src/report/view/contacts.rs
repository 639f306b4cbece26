//! Who was contacted, and how much: the app's contacts, and those that are listed apart.

use std::collections::BTreeMap;

use super::{recipient_name, word};
use crate::audit::{Finding, Report};
use crate::observations::{self, Network, PHASE_GROUPS, Role};
use crate::report::language::Language;

/// A contacted recipient.
pub struct Contact {
    /// Its name.
    pub recipient: String,
    /// Its role in words.
    pub role: String,
    /// Messages that were read.
    pub read: u64,
    /// Streams that stayed closed, by reason, with their numbers.
    pub closed: String,
    /// Payloads that its SDK sealed.
    pub sealed: u64,
    /// Bytes sent to it.
    pub sent: u64,
    /// Hosts that it was reached by.
    pub hosts: String,
    /// Where its addresses lie.
    pub networks: String,
    /// What a reader should know of its names.
    pub remarks: Vec<String>,
    /// Phases of the session in which messages went to it, with their numbers.
    pub phases: String,
    /// Codes of findings on the contact itself.
    pub findings: String,
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
    fn of(contact: &observations::Contact, report: &Report) -> Self {
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
    let said = |what: &str, count: &u64| format!("{} {count}", words.term(what));
    let list = |counts: &BTreeMap<String, u64>| {
        counts.iter().map(|(what, count)| said(what, count)).collect::<Vec<_>>().join(words.and)
    };
    // As a session runs through them, not as their names sort.
    let phases = |counts: &BTreeMap<String, u64>| {
        let run = PHASE_GROUPS.into_iter().filter_map(|group| Some(said(group, counts.get(group)?)));
        run.collect::<Vec<_>>().join(words.and)
    };
    report
        .contacts
        .iter()
        .filter(|contact| Part::of(contact, report) == part)
        .map(|contact| {
            let closed = contact.closed.iter().map(|(r, n)| (r.as_str().to_owned(), *n)).collect();
            let judged = |f: &&Finding| f.recipient == contact.recipient && f.data_type.is_none();
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
                phases: phases(&contact.phases),
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
