//! `contact-before-consent`: a third party contacted before consent by a stream that stayed closed.
//!
//! Breaks it: a closed TLS connection to a push service while the privacy dialog is
//! on the screen, even if other messages to that service could be read. Does not: the same to
//! the app's own servers; nor a message that could be read, which shows itself what was sent.

use super::{Draft, Matter, Scope, Text, draft, quotes, words};
use crate::audit::contacts;
use crate::audit::findings::certainty_towards;
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
        let closed = reached.unread_in_phase(PHASE);
        let told = found.iter().any(|d| d.code() == "before-consent" && d.recipient() == recipient.id);
        if closed == 0 || told || reached.is_noise() || !scope.standing(recipient).is_third_party() {
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
                certainty: certainty_towards(recipient, if near { Certainty::Possible } else { Certainty::Confirmed }),
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
