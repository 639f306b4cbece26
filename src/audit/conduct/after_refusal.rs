//! `after-refusal`: personal information sent after `consent-refused`.
//!
//! Breaks it: the user presses "disagree" and the app posts the Android ID all the
//! same. Does not: what is sent after a later `consent-given`. Unlike `before-consent`, this
//! check needs no `consent-given` mark: a session in which the user refuses has none.

use super::{Check, Text};
use crate::observations::Consent;

pub const CHECK: Check = Check {
    code: "after-refusal",
    applies: |sighting, _, _| sighting.phase.consent == Consent::Refused,
    near: |phase| phase.near_mark,
    claim: Some("consent_before_collection"),
    say: |kind, whom| {
        Text::new(
            format!("用户拒绝之后，{}仍发给{}。", kind.zh, whom.zh),
            format!("{} sent to {} after consent was refused.", kind.en, whom.en),
        )
    },
};
