//! `contact-before-consent`: a third party contacted before consent, nothing readable.
//!
//! Breaks it: a closed TLS connection to a push service while the privacy dialog is
//! on the screen. Does not: the same to the app's own servers; nor to a recipient
//! whose messages could be read, for then they show whether anything was sent.

use super::{Draft, Matter, Scope, Text, draft, quotes, words};
use crate::audit::contacts;
use crate::evidence::Certainty;
use crate::observations::Observations;
use crate::policy::Policy;

const PHASE: &str = "before-consent";

/// Judges contacts; `found` are the findings on sightings.
pub fn judge(observations: &Observations, policy: &Policy, scope: &Scope<'_>, found: &[Draft]) -> Vec<Draft> {
    if !observations.consent_judged {
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for reached in contacts::reached(observations) {
        let recipient = reached.recipient;
        // A contact counts its messages by phase, and which of them were read only as
        // a whole: what exceeds the readable ones was closed for certain.
        let closed = reached.in_phase(PHASE).saturating_sub(reached.readable());
        let told = found.iter().any(|d| d.code() == "before-consent" && d.recipient() == recipient.id);
        if closed == 0 || told || !scope.standing(recipient).is_third_party() {
            continue;
        }
        let near = closed <= reached.near_mark(PHASE);
        let whom = words::recipient(recipient);
        drafts.extend(draft(
            Matter {
                code: "contact-before-consent",
                recipient,
                data_type: None,
                phase: PHASE,
                certainty: if near { Certainty::Possible } else { Certainty::Confirmed },
                base: None,
                message: Text::new(
                    format!("用户同意之前已联系{}（{}），内容无法读取。", whom.zh, recipient.domain),
                    format!(
                        "{} ({}) is contacted before the consent mark; nothing of it could be read.",
                        whom.en, recipient.domain
                    ),
                ),
                policy: quotes("consent_before_collection", policy),
                sightings: Vec::new(),
                locators: reached.locators(),
                count: closed,
                first: reached.contacts.iter().map(|c| c.first).min(),
            },
            scope,
        ));
    }
    drafts
}
