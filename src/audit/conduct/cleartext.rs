//! `cleartext`: personal information that anyone on the way could read.
//!
//! Breaks it: `http://`, or a payload that is sealed with a key the SDK's own public
//! code holds. Does not: HTTPS that was opened with the session's keys, nor a dump of
//! plaintext that does not say how it travelled.

use super::{Check, Text};
use crate::observations::Wire;

pub const CHECK: Check = Check {
    code: "cleartext",
    applies: |sighting, _, _| sighting.wire == Wire::Clear,
    near: |_| false,
    claim: Some("transport_encryption"),
    say: |kind, whom| {
        Text::new(
            format!("{}未加密（或只用公开密钥加密）就发给{}。", kind.zh, whom.zh),
            format!("{} sent to {} in the clear, or sealed with a published key only.", kind.en, whom.en),
        )
    },
};
