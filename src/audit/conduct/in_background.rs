//! `in-background`: personal information of class H or M sent while the app was in
//! the background or the screen off.
//!
//! Breaks it: a location upload after `backgrounded`. Does not: the device model
//! (class L) at the same moment, or the location after `foregrounded`.

use super::{Check, Text};
use crate::signatures::Class;

pub const CHECK: Check = Check {
    code: "in-background",
    applies: |sighting, _, scope| {
        let class = scope.signatures.types.get(&sighting.data_type).map_or(Class::M, |t| t.class);
        sighting.phase.background && class != Class::L
    },
    near: |phase| phase.near_background,
    claim: None,
    say: |kind, whom| {
        Text::new(
            format!("应用在后台或熄屏时，{}发给{}。", kind.zh, whom.zh),
            format!("{} sent to {} while the app is in the background or the screen off.", kind.en, whom.en),
        )
    },
};
