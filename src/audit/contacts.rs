//! `undeclared-contact`: a recipient none of whose messages could be read and that the policy
//! does not declare.
//!
//! Breaks it: a closed TLS connection to an analytics product that the policy names
//! nowhere. Does not: the same to a product, company or category that it declares,
//! or to a recipient that has a finding on a flow already.

use super::cover;
use super::findings::{Draft, Matter, certainty_towards, draft};
use super::scope::{Scope, Standing};
use super::{RecipientLevel, Severity, Text, words};
use crate::evidence::{Certainty, Locator};
use crate::observations::{Contact, Observations, PHASE_GROUPS, Recipient};
use crate::policy::Policy;

/// All contacts of one recipient.
pub struct Reached<'a> {
    /// Whom.
    pub recipient: &'a Recipient,
    /// At least one; by app.
    pub contacts: Vec<&'a Contact>,
}

impl Reached<'_> {
    /// Whether the device at rest contacts it as well.
    pub fn is_noise(&self) -> bool {
        self.contacts.iter().all(|c| c.noise)
    }

    /// Sent messages that could be read, less the ones whose payload its SDK sealed.
    pub fn readable(&self) -> u64 {
        self.contacts.iter().map(|c| c.messages.saturating_sub(c.sealed)).sum()
    }

    /// Streams that stayed closed, and sealed payloads.
    pub fn unread(&self) -> u64 {
        self.contacts.iter().map(|c| c.closed.values().sum::<u64>() + c.sealed).sum()
    }

    /// Streams of a phase group that stayed closed, and payloads that were sealed.
    pub fn unread_in_phase(&self, group: &str) -> u64 {
        self.contacts.iter().filter_map(|c| c.unread_phases.get(group)).sum()
    }

    /// Messages and closed streams of a phase group.
    pub fn in_phase(&self, group: &str) -> u64 {
        self.contacts.iter().filter_map(|c| c.phases.get(group)).sum()
    }

    /// How many of these lie within the clock skew of the phase's mark.
    pub fn near_mark(&self, group: &str) -> u64 {
        self.contacts.iter().filter_map(|c| c.near_mark.get(group)).sum()
    }

    /// Where the contacts start.
    pub fn locators(&self) -> Vec<Locator> {
        self.contacts.iter().map(|c| Locator { place: c.place.clone(), steps: Vec::new(), start: 0, end: 0 }).collect()
    }

    /// The earliest phase group with a message in it.
    pub fn phase(&self) -> &'static str {
        PHASE_GROUPS.into_iter().find(|group| self.in_phase(group) > 0).unwrap_or("none")
    }
}

/// Contacts by recipient, in the order of their ids.
pub fn reached(observations: &Observations) -> Vec<Reached<'_>> {
    let mut by_recipient: Vec<Reached<'_>> = Vec::new();
    for (id, recipient) in &observations.recipients {
        let contacts: Vec<&Contact> = observations.contacts.iter().filter(|c| c.recipient == *id).collect();
        if !contacts.is_empty() {
            by_recipient.push(Reached { recipient, contacts });
        }
    }
    by_recipient
}

/// Judges the contacts of which nothing could be read; `found` are the findings so far.
pub fn judge(observations: &Observations, policy: &Policy, scope: &Scope<'_>, found: &[Draft]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for reached in reached(observations) {
        let recipient = reached.recipient;
        let told = found.iter().any(|d| d.is_of_flow() && d.recipient() == recipient.id);
        if reached.is_noise() || reached.readable() > 0 || reached.unread() == 0 || told {
            continue;
        }
        let standing = scope.standing(recipient);
        if !standing.is_third_party() {
            continue;
        }
        // No type: any declaration of the recipient will do.
        let declared = cover::weigh(recipient, standing, "", policy, scope.signatures);
        let best = declared.iter().min_by_key(|w| w.cover.recipient);
        let level = best.map_or(RecipientLevel::None, |w| w.cover.recipient);
        let base = match (level, standing) {
            (RecipientLevel::Product | RecipientLevel::Company | RecipientLevel::Category, _) => continue,
            (RecipientLevel::Sibling, _) => Severity::Low,
            (RecipientLevel::CatchAll | RecipientLevel::None, _) => Severity::Medium,
        };
        let whom = words::recipient(recipient);
        let (zh, en) = match (level, standing) {
            (RecipientLevel::Sibling, Standing::Group(_)) => (
                "政策写了该集团的产品，但不知是不是这一个",
                "the policy names products of the group, and whether it is one of them is not known",
            ),
            (RecipientLevel::Sibling, _) => {
                ("政策只写了同一公司的另一产品", "the policy names only another product of the company")
            }
            (RecipientLevel::CatchAll, _) => ("政策只有兜底表述", "the policy has only a catch-all for it"),
            _ => ("政策没有提到它", "the policy does not mention it"),
        };
        let message = Text::new(
            format!("应用联系了{}（{}），内容无法读取；{zh}。", whom.zh, recipient.domain),
            format!("The app contacts {} ({}), nothing of it could be read, and {en}.", whom.en, recipient.domain),
        );
        drafts.extend(draft(
            Matter {
                code: "undeclared-contact",
                recipient,
                data_type: None,
                phase: reached.phase(),
                certainty: certainty_towards(recipient, Certainty::Confirmed),
                base: Some(base),
                message,
                policy: best.map(|w| w.cover.span.clone()).filter(|s| s.line > 0).into_iter().collect(),
                sightings: Vec::new(),
                locators: reached.locators(),
                count: reached.unread(),
                first: reached.contacts.iter().map(|c| c.first).min(),
            },
            scope,
        ));
    }
    drafts
}
