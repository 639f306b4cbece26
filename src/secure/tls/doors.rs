//! A door for fuzzing to what lies in records, which bytes made up do not reach behind their
//! encryption. Nothing else uses it.

use std::sync::Arc;

use crate::evidence::{Direction, Time};
use crate::net::Chunk;
use crate::secure::KeyLog;
use crate::secure::tls::lane::Epoch;
use crate::secure::tls::opening::Content;
use crate::secure::tls::record::{ContentType, Origin, Record};
use crate::secure::tls::session::Sink;
use crate::secure::tls::{Outcome, Session, Version};

/// By the numbers from 1 that [`records`] takes.
const EPOCHS: [Epoch; 4] = [Epoch::Tls12, Epoch::Early, Epoch::Handshake, Epoch::Application];

/// Turns of one connection, of each its direction. Of number 0 are bytes as they are sent; of a
/// higher one is the content of one record, opened in the epoch of that number, behind its type.
pub fn records(keys: Arc<KeyLog>, turns: &[(Direction, u8, &[u8])], sink: Sink<'_>) -> Outcome {
    let mut session = Session::new(keys);
    for (frame, (direction, number, bytes)) in (1u64..).zip(turns) {
        let origin = Origin { frames: vec![frame], time: Time::default(), conflict: false };
        let epoch = usize::from(*number).checked_sub(1).and_then(|at| EPOCHS.get(at));
        match (epoch, bytes.split_first()) {
            (Some(epoch), Some((kind, bytes))) => {
                let content = Content { kind: ContentType::of(*kind), bytes: bytes.to_vec() };
                let (kind, version) = (ContentType::ApplicationData, Version::TLS12.0);
                let record = Record { kind, version, payload: Vec::new(), origin };
                session.opened(*direction, &record, *epoch, content, sink);
            }
            _ => {
                let chunk = Chunk::Data { bytes, time: origin.time, frames: &origin.frames, conflict: false };
                session.push(*direction, chunk, sink);
            }
        }
    }
    session.outcome()
}
