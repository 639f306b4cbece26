//! WebSocket messages: in the flow of their handshake since version 12, before that in
//! flows of their own.

use super::Importer;
use super::connection::Connection;
use crate::evidence::{Direction, Gap, GapReason, Time};
use crate::message::import::emit::{Body, Part, Shared, emit, seconds};
use crate::message::import::tnetstring::Value;
use crate::message::{Item, Kind, Protocol};

impl Importer<'_> {
    /// Hands on `messages`: `[opcode, from_client, content, time, dropped, injected]`, of
    /// which old versions have the first four or five.
    pub(super) fn frames<'v>(
        &self,
        messages: impl Iterator<Item = Value<'v>>,
        at: &str,
        shared: &Shared,
        (target, started): (Option<&str>, Time),
        sink: &mut dyn FnMut(Item),
    ) {
        for (index, message) in messages.enumerate() {
            let mut parts = message.items();
            let opcode = parts.next().and_then(Value::integer).map_or("binary", opcode);
            let from_client = parts.next().and_then(Value::boolean);
            let (content, time) = (parts.next().and_then(Value::bytes), parts.next().and_then(Value::number));
            let injected = parts.nth(1).and_then(Value::boolean) == Some(true);
            let pointer = format!("{at}/{index}");
            let (Some(from_client), Some(content)) = (from_client, content) else {
                sink(Item::Gap(Gap::new(GapReason::DamagedInput, pointer, "messages that cannot be read")));
                continue;
            };
            if injected {
                let detail = "messages that mitmproxy's user injected; no app sent them";
                sink(Item::Gap(Gap::new(GapReason::LossyImport, pointer, detail)));
                continue;
            }
            let direction = if from_client { Direction::Sent } else { Direction::Received };
            let time = time.and_then(seconds).unwrap_or(started);
            let kind = Kind::WebSocket { opcode, target: target.map(str::to_owned) };
            let part = Part::new(pointer, direction, time, Protocol::WebSocket, kind);
            emit(shared, Part { body: Body::whole(content.to_vec()), ..part }, self.options, sink);
        }
    }

    /// A flow with the messages only. Whom they went to stands in the flow of the handshake.
    pub(super) fn old_websocket(
        &mut self,
        number: u64,
        flow: Value<'_>,
        connection: Connection,
        sink: &mut dyn FnMut(Item),
    ) {
        let handshake = flow.get("metadata").and_then(|metadata| metadata.get("websocket_handshake")?.bytes());
        let known = handshake.and_then(|id| self.handshakes.remove(id));
        let (shared, target) = match known {
            Some((shared, target)) => (Shared { number, ..shared }, Some(target)),
            None => {
                let detail = "WebSocket messages without their handshake; the host is that of the connection";
                sink(Item::Gap(Gap::new(GapReason::LossyImport, format!("/{number}"), detail)));
                (self.shared(number, connection.asked.clone(), &connection), None)
            }
        };
        let messages = flow.get("messages").into_iter().flat_map(Value::items);
        self.frames(messages, &format!("/{number}/messages"), &shared, (target.as_deref(), self.last), sink);
    }
}

/// RFC 6455 §11.8; what is none of it is bytes.
fn opcode(number: i64) -> &'static str {
    match number {
        1 => "text",
        8 => "close",
        9 => "ping",
        10 => "pong",
        _ => "binary",
    }
}
