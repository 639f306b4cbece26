//! DNS flows: a query, and mostly its answer, taken apart by the proxy.

use super::Importer;
use super::connection::Connection;
use crate::evidence::{Direction, Gap, GapReason};
use crate::message::import::emit::{Part, Shared, emit, seconds};
use crate::message::import::tnetstring::Value;
use crate::message::{Dns, Item, Kind, Protocol, dns};

/// Answers that are read, as of a message on the wire.
const ANSWERS: usize = 4096;

impl Importer<'_> {
    pub(super) fn dns(&mut self, number: u64, flow: Value<'_>, connection: Connection, sink: &mut dyn FnMut(Item)) {
        let shared = Shared { host: None, ..self.shared(number, None, &connection) };
        for (name, direction) in [("request", Direction::Sent), ("response", Direction::Received)] {
            let pointer = format!("/{number}/{name}");
            let Some(message) = flow.known(name) else {
                if direction == Direction::Sent {
                    let detail = "flows that cannot be read";
                    sink(Item::Gap(Gap::new(GapReason::DamagedInput, pointer, detail)));
                }
                continue;
            };
            let time = message.get("timestamp").and_then(Value::number).and_then(seconds).unwrap_or(self.last);
            let kind = Kind::Dns(read(message));
            emit(&shared, Part::new(pointer, direction, time, Protocol::Dns, kind), self.options, sink);
        }
    }
}

fn read(message: Value<'_>) -> Dns {
    let entries = |name| message.get(name).into_iter().flat_map(Value::items).take(ANSWERS);
    let owner = |entry: Value<'_>| {
        let name = entry.get("name").and_then(Value::text).unwrap_or_default();
        name.strip_suffix('.').unwrap_or(name).to_lowercase()
    };
    let mut dns = Dns {
        names: entries("questions").map(owner).collect(),
        answers: Vec::new(),
        response: message.get("query").and_then(Value::boolean) == Some(false),
    };
    for record in entries("answers") {
        let owner = owner(record);
        let read = alone(record).unwrap_or_default();
        dns.answers.extend(read.answers.into_iter().map(|(_, kind, value, ttl)| (owner.clone(), kind, value, ttl)));
    }
    dns.answers.truncate(ANSWERS);
    dns
}

/// A record as the one answer of a message of its own: the proxy keeps its data as it was
/// on the wire. A name in it that pointed back into the message cannot be read so.
fn alone(record: Value<'_>) -> Option<Dns> {
    let number = |name: &str| record.get(name).and_then(Value::integer).unwrap_or_default();
    let data = record.get("data").and_then(Value::bytes)?;
    // A response with one answer, which the root owns (RFC 1035 §4.1).
    let mut bytes = vec![0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
    bytes.extend(u16::try_from(number("type")).ok()?.to_be_bytes());
    bytes.extend(u16::try_from(number("class_")).ok()?.to_be_bytes());
    bytes.extend(u32::try_from(number("ttl")).ok()?.to_be_bytes());
    bytes.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
    bytes.extend(data);
    dns::parse(&bytes)
}
