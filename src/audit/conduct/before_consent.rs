//! `before-consent`: personal information sent between `launched` and `consent-given`.
//!
//! Breaks it: an SDK posts the OAID while the privacy dialog is still on the screen.
//! Does not: the same request a second after the user agreed; nor any request where
//! the session has no marks, or its capture starts after the app did. The finding
//! says "before the consent mark": consent is not the only ground there is.

use super::{Check, Text};
use crate::observations::Consent;

pub const CHECK: Check = Check {
    code: "before-consent",
    applies: |sighting, observations, _| observations.consent_judged && sighting.phase.consent == Consent::Before,
    near: |phase| phase.near_mark,
    claim: Some("consent_before_collection"),
    say: |kind, whom| {
        Text::new(
            format!("用户同意之前，{}已发给{}。", kind.zh, whom.zh),
            format!("{} sent to {} before the consent mark.", kind.en, whom.en),
        )
    },
};
