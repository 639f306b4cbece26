//! Which clients refused the proxy's certificate, so that their next connection is passed on untouched.
//!
//! A client that pins certificates ends the connection when it sees another one: with an
//! alert, or silently right after the handshake. A client that only opened a connection in advance
//! ends it silently too. So a silent end does not count if TLS of the same client to that host was
//! opened before.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::secure::tls::ClientHello;

/// Clients and hosts kept. A phone talks to some hundred hosts in a session.
const LIMIT: usize = 16_384;

/// A client program as far as it can be told: its address, the host and port that it wants, and what
/// its TLS library offers. Two apps on one phone mostly differ in the last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    client: IpAddr,
    host: String,
    offer: [u8; 32],
}

impl Caller {
    /// Of a ClientHello to `host`.
    pub fn new(client: IpAddr, host: &str, hello: &ClientHello) -> Self {
        // What is put in at random each time (RFC 8701) is left out.
        let mut suites: Vec<u16> =
            hello.suites.iter().map(|suite| suite.0).filter(|suite| !is_grease(*suite)).collect();
        suites.sort_unstable();
        let mut digest = Sha256::new();
        digest.update(hello.version.0.to_be_bytes());
        suites.iter().for_each(|suite| digest.update(suite.to_be_bytes()));
        hello.alpn.iter().for_each(|protocol| digest.update(protocol.as_bytes()));
        Self { client: client.to_canonical(), host: host.to_ascii_lowercase(), offer: digest.finalize().into() }
    }
}

/// RFC 8701 §2: 0x0a0a, 0x1a1a … 0xfafa.
fn is_grease(suite: u16) -> bool {
    suite & 0x0f0f == 0x0a0a && suite >> 8 == suite & 0xff
}

/// Why a caller is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It refused the proxy's certificate.
    Pinned,
    /// The server wants a certificate of the client, which only the client has.
    ClientCertificate,
    /// It and the proxy have no TLS in common.
    Incompatible,
}

/// What was learnt of callers.
#[derive(Debug, Default)]
pub struct Refusals {
    known: Mutex<HashMap<Caller, Standing>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Opened,
    LetThrough(Why),
}

impl Refusals {
    /// Why this caller is let through; `None`: it is not.
    pub fn of(&self, caller: &Caller) -> Option<Why> {
        match self.lock().get(caller) {
            Some(Standing::LetThrough(why)) => Some(*why),
            _ => None,
        }
    }

    /// The caller sent data under the proxy's certificate.
    pub fn opened(&self, caller: Caller) {
        self.keep(caller, Standing::Opened);
    }

    /// The caller left at the proxy's certificate; `silently`: without an alert that says so.
    /// Whether it is let through from now on.
    pub fn refused(&self, caller: Caller, silently: bool) -> bool {
        if silently && self.lock().get(&caller) == Some(&Standing::Opened) {
            return false;
        }
        self.keep(caller, Standing::LetThrough(Why::Pinned))
    }

    /// The server wants a certificate of this caller.
    pub fn wants_certificate(&self, caller: Caller) -> bool {
        self.keep(caller, Standing::LetThrough(Why::ClientCertificate))
    }

    /// The proxy cannot answer what this caller offers.
    pub fn incompatible(&self, caller: Caller) -> bool {
        self.keep(caller, Standing::LetThrough(Why::Incompatible))
    }

    fn keep(&self, caller: Caller, standing: Standing) -> bool {
        let mut known = self.lock();
        let room = known.len() < LIMIT || known.contains_key(&caller);
        if room {
            known.insert(caller, standing);
        }
        room
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Caller, Standing>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secure::tls::Suite;

    fn caller(host: &str, suites: &[u16]) -> Caller {
        let hello = ClientHello { suites: suites.iter().copied().map(Suite).collect(), ..ClientHello::default() };
        Caller::new("192.0.2.1".parse().unwrap(), host, &hello)
    }

    #[test]
    fn a_caller_is_the_same_whatever_it_put_in_at_random() {
        assert_eq!(caller("h.example", &[0x0a0a, 0x1301, 0x1302]), caller("H.example", &[0x1302, 0xfafa, 0x1301]));
        assert_ne!(caller("h.example", &[0x1301]), caller("h.example", &[0x1302]));
        assert_ne!(caller("h.example", &[0x1301]), caller("g.example", &[0x1301]));
    }

    #[test]
    fn an_alert_always_counts_and_a_silent_end_only_where_nothing_was_opened() {
        let refusals = Refusals::default();
        let (quiet, loud) = (caller("a", &[1]), caller("b", &[1]));
        refusals.opened(quiet.clone());
        refusals.opened(loud.clone());
        assert!(!refusals.refused(quiet.clone(), true) && refusals.of(&quiet).is_none());
        assert!(refusals.refused(loud.clone(), false));
        assert_eq!(refusals.of(&loud), Some(Why::Pinned));
        let fresh = caller("c", &[1]);
        assert!(refusals.refused(fresh.clone(), true));
        assert_eq!(refusals.of(&fresh), Some(Why::Pinned));
    }
}
