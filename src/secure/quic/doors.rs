//! A door for fuzzing to what lies in packets, which bytes made up do not reach behind their
//! encryption. Nothing else uses it.

use std::sync::Arc;

use super::side::Level;
use super::stream::Origin;
use super::{Connection, Outcome, Sink};
use crate::evidence::{Direction, Time};
use crate::secure::KeyLog;

/// By the numbers that [`payloads`] takes.
const LEVELS: [Level; 4] = [Level::Initial, Level::Early, Level::Handshake, Level::Application];

/// The payloads of one connection's packets (RFC 9000, 12.4), opened: of each its direction and the
/// number of its level, Initial to 1-RTT. Those of another number are passed over.
pub fn payloads(keys: Arc<KeyLog>, packets: &[(Direction, u8, &[u8])], sink: Sink<'_>) -> Outcome {
    let mut connection = Connection::new(keys);
    for (frame, (direction, level, payload)) in (1u64..).zip(packets) {
        let Some(level) = LEVELS.get(usize::from(*level)) else { continue };
        let origin = Origin { time: Time::default(), frames: [frame].into() };
        connection.frames(*direction, *level, payload, &origin, sink);
    }
    connection.finish(sink);
    connection.outcome()
}
