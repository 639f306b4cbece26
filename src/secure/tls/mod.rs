//! SSL 3.0 to TLS 1.3 read passively: both directions of a stream go in, what was
//! inside comes out, or the one reason why it does not.
//!
//! Takes [`Chunk`](crate::net::Chunk)s, hands on `Chunk`s of plaintext with the
//! frames of the records they came in. It verifies no certificate and no Finished:
//! the tag of a record says whether a secret is right, and nothing else is needed.
//! It does not know what is spoken inside.

pub(super) mod certificates;
pub mod doors;
mod facts;
mod handshake;
pub(super) mod hello;
mod lane;
mod legacy;
mod negotiation;
mod opening;
mod pinning;
mod record;
pub(super) mod schedule;
mod session;
mod side;
mod sslv2;
pub(super) mod suites;

#[cfg(test)]
mod matrix;
#[cfg(test)]
mod recorded;

use std::fmt;

pub use facts::Facts;
pub use hello::{ClientHello, ServerHello};
#[cfg(feature = "proxy")]
pub(crate) use pinning::Watch;
pub use record::looks_like_tls;
pub use session::{Outcome, Session};
pub use sslv2::is_sslv2_hello;
pub use suites::Suite;

pub(super) use handshake::{Handshake, Joiner, MessageType, Transcript};

/// A protocol version, as hellos number it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u16);

impl Version {
    /// GB/T 38636: TLCP, of TLS 1.1's form.
    pub const TLCP: Self = Self(0x0101);
    /// RFC 6101.
    pub const SSL3: Self = Self(0x0300);
    /// RFC 2246.
    pub const TLS10: Self = Self(0x0301);
    /// RFC 4346.
    pub const TLS11: Self = Self(0x0302);
    /// RFC 5246.
    pub const TLS12: Self = Self(0x0303);
    /// RFC 8446.
    pub const TLS13: Self = Self(0x0304);

    /// TLS 1.3, or a draft of it that is read like it: 20 and later, from which on the
    /// labels of the key schedule are the final ones.
    pub fn is_tls13(self) -> bool {
        self == Self::TLS13 || self.draft().is_some_and(|draft| draft >= 20)
    }

    /// Number of the draft of TLS 1.3 (draft-ietf-tls-tls13-28 §4.2.1).
    pub(super) fn draft(self) -> Option<u8> {
        let [high, draft] = self.0.to_be_bytes();
        (high == 0x7f && (1..=28).contains(&draft)).then_some(draft)
    }

    /// One of SSL 3.0 to TLS 1.3; other numbers are drafts, or GREASE (RFC 8701).
    pub fn is_known(self) -> bool {
        (0x0300..=0x0304).contains(&self.0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0x0300 => f.write_str("SSL 3.0"),
            0x0301..=0x0304 => write!(f, "TLS 1.{}", self.0 - 0x0301),
            0x0101 => f.write_str("TLCP 1.1"),
            0xfeff => f.write_str("DTLS 1.0"),
            0xfefd => f.write_str("DTLS 1.2"),
            0xfefc => f.write_str("DTLS 1.3"),
            other => match self.draft() {
                Some(draft) => write!(f, "TLS 1.3 draft {draft}"),
                None => write!(f, "0x{other:04x}"),
            },
        }
    }
}

/// Text of a hello, if it is text that may be printed.
fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.chars().any(char::is_control)).then(|| text.to_owned())
}
