//! Did the client refuse the server? It is told by how the client leaves.
//!
//! A client that trusts only certificates it knows ends the connection when it has
//! seen the server's: with an alert, with a reset, or (where the pin is checked
//! after the handshake) by closing at once without having sent anything. The alert
//! says so exactly where it can be read; encrypted, only its length shows.
//!
//! A resumed session shows no certificate, so nothing is said about it; neither is
//! it where the server ended the connection first.

use crate::evidence::{Direction, Time};

/// A client that ends within this time after the server's flight, or after its own
/// Finished, was not idle: it decided. Idle connections that are opened ahead of
/// need are kept for ten seconds and more by the common HTTP clients.
const PROMPTLY: i64 = 2_000_000_000;

/// Alert descriptions (RFC 8446 §6) with which clients refuse a certificate:
/// bad, unsupported, revoked, expired, unknown certificate, unknown CA, access
/// denied, bad status response, bad hash; and the general ones that a refusal by an
/// application's own check comes out as, handshake failure and internal error.
const REFUSALS: [u8; 11] = [42, 43, 44, 45, 46, 48, 49, 113, 114, 40, 80];

/// Refusals that name the certificate: they are believed at any time.
fn names_the_certificate(code: u8) -> bool {
    matches!(code, 42..=46 | 48 | 113 | 114)
}

/// Follows one handshake.
#[derive(Debug, Default)]
pub struct Watch {
    /// When the server's last handshake message was seen.
    flight: Option<Time>,
    finished: Option<Time>,
    application: bool,
    server_left: bool,
    resumed: bool,
    refused: bool,
}

impl Watch {
    /// The session is resumed: no certificate is shown.
    pub fn resumed(&mut self) {
        self.resumed = true;
    }

    /// The server sent (part of) the flight that its certificate is in.
    pub fn server_flight(&mut self, time: Time) {
        if self.finished.is_none() {
            self.flight = Some(time);
        }
    }

    /// The client completed the handshake.
    pub fn client_finished(&mut self, time: Time) {
        self.finished.get_or_insert(time);
    }

    /// The client has done so.
    pub fn is_finished(&self) -> bool {
        self.finished.is_some()
    }

    /// The client sent data of the application.
    pub fn client_application(&mut self) {
        self.application = true;
    }

    /// An alert; `code` where it can be read.
    pub fn alert(&mut self, direction: Direction, code: Option<u8>, time: Time) {
        match (direction, code) {
            (Direction::Received, _) => self.server_left = true,
            (Direction::Sent, Some(code)) if REFUSALS.contains(&code) => {
                self.leave(time, names_the_certificate(code) || self.finished.is_none());
            }
            // close_notify and user_canceled: how those leave whose own check failed.
            (Direction::Sent, Some(0 | 90)) => self.leave(time, false),
            // A complaint about the protocol.
            (Direction::Sent, Some(_)) => self.server_left = true,
            (Direction::Sent, None) => self.leave(time, self.finished.is_none()),
        }
    }

    /// A direction ended.
    pub fn end(&mut self, direction: Direction, time: Time) {
        match direction {
            Direction::Received => self.server_left = true,
            Direction::Sent => self.leave(time, false),
        }
    }

    /// The client refused the server.
    pub fn is_pinned(&self) -> bool {
        self.refused
    }

    fn leave(&mut self, time: Time, surely: bool) {
        let Some(flight) = self.flight else { return };
        if self.application || self.server_left || self.resumed {
            return;
        }
        let since = self.finished.map_or(flight, |finished| finished.max(flight));
        self.refused |= surely || time.since(since) <= PROMPTLY;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLIGHT: Time = Time(1_000_000_000);

    fn after(nanoseconds: i64) -> Time {
        Time(FLIGHT.0 + nanoseconds)
    }

    fn watch() -> Watch {
        let mut watch = Watch::default();
        watch.server_flight(FLIGHT);
        watch
    }

    #[test]
    fn an_alert_about_the_certificate_is_a_refusal_at_any_time() {
        let mut watch = watch();
        watch.alert(Direction::Sent, Some(48), after(60 * PROMPTLY));
        assert!(watch.is_pinned());
    }

    #[test]
    fn closing_at_once_after_the_handshake_is_one_and_idling_is_not() {
        let mut prompt = watch();
        prompt.client_finished(after(1));
        prompt.end(Direction::Sent, after(PROMPTLY / 2));
        assert!(prompt.is_pinned());
        let mut idle = watch();
        idle.client_finished(after(1));
        idle.end(Direction::Sent, after(30 * PROMPTLY));
        assert!(!idle.is_pinned());
    }

    #[test]
    fn whoever_sent_data_did_not_refuse() {
        let mut watch = watch();
        watch.client_finished(after(1));
        watch.client_application();
        watch.alert(Direction::Sent, Some(42), after(2));
        watch.end(Direction::Sent, after(3));
        assert!(!watch.is_pinned());
    }

    #[test]
    fn the_server_that_leaves_first_was_not_refused() {
        let mut watch = watch();
        watch.alert(Direction::Received, Some(40), after(1));
        watch.end(Direction::Sent, after(2));
        assert!(!watch.is_pinned());
    }

    #[test]
    fn before_the_servers_flight_and_without_a_certificate_nothing_is_said() {
        let mut early = Watch::default();
        early.end(Direction::Sent, after(1));
        assert!(!early.is_pinned());
        let mut resumed = watch();
        resumed.resumed();
        resumed.end(Direction::Sent, after(1));
        assert!(!resumed.is_pinned());
    }
}
