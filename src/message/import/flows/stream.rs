//! TCP and UDP flows: what the proxy passed on without knowing it. It is read as a stream
//! of packets would be, and what comes out is told to lie in the file.

use super::Importer;
use super::connection::Connection;
use crate::evidence::{Direction, Gap, GapReason, Place, Time, Transport};
use crate::message::import::emit::{Body, Part, Shared, emit, seconds};
use crate::message::import::tnetstring::Value;
use crate::message::{Conversation, Datagram, Datagrams, Item, Kind, Protocol, Wire};
use crate::net::{Chunk, Endpoints, StreamId};

/// One message of a flow: `[from_client, content, time]`.
struct Chunked<'v> {
    direction: Direction,
    bytes: &'v [u8],
    time: Option<Time>,
}

fn chunk(message: Value<'_>) -> Option<Chunked<'_>> {
    let mut parts = message.items();
    let from_client = parts.next()?.boolean()?;
    let bytes = parts.next()?.bytes()?;
    let time = parts.next().and_then(Value::number).and_then(seconds);
    Some(Chunked { direction: if from_client { Direction::Sent } else { Direction::Received }, bytes, time })
}

/// The time of a message of a TCP, UDP or old WebSocket flow: the first number with a fraction.
pub(super) fn timed(message: Value<'_>) -> Option<Value<'_>> {
    message.items().skip(2).find(|part| part.number().is_some())
}

impl Importer<'_> {
    pub(super) fn tcp(&mut self, number: u64, flow: Value<'_>, connection: Connection, sink: &mut dyn FnMut(Item)) {
        let (id, endpoints) = self.stream(number, Transport::Tcp, &connection);
        let mut conversation = Conversation::new(id, endpoints, self.options);
        let mut relocate = Relocate::new(self, number, connection);
        for (index, message) in flow.get("messages").into_iter().flat_map(Value::items).enumerate() {
            let Some(Chunked { direction, bytes, time }) = chunk(message) else {
                relocate.damaged(index, sink);
                continue;
            };
            let frames = [index as u64];
            let chunk = Chunk::Data { bytes, time: time.unwrap_or(self.last), frames: &frames, conflict: false };
            conversation.push(direction, chunk, &mut |item| relocate.item(item, sink));
        }
        conversation.finish(&mut |item| relocate.item(item, sink));
    }

    pub(super) fn udp(&mut self, number: u64, flow: Value<'_>, connection: Connection, sink: &mut dyn FnMut(Item)) {
        let (id, endpoints) = self.stream(number, Transport::Udp, &connection);
        // Opened DTLS or QUIC looks like neither any more.
        let mut datagrams = (!connection.encrypted).then(|| Datagrams::new(id, endpoints, self.options));
        let mut relocate = Relocate::new(self, number, connection);
        for (index, message) in flow.get("messages").into_iter().flat_map(Value::items).enumerate() {
            let Some(Chunked { direction, bytes, time }) = chunk(message) else {
                relocate.damaged(index, sink);
                continue;
            };
            let time = time.unwrap_or(self.last);
            match &mut datagrams {
                Some(datagrams) => {
                    let datagram = Datagram { bytes, missing: 0, time, frames: &[index as u64] };
                    datagrams.push(direction, datagram, &mut |item| relocate.item(item, sink));
                }
                None => {
                    let pointer = format!("/{number}/messages/{index}");
                    let part = Part::new(pointer, direction, time, Protocol::Udp, Kind::Raw);
                    emit(&relocate.shared, Part { body: Body::whole(bytes.to_vec()), ..part }, self.options, sink);
                }
            }
        }
        if let Some(datagrams) = &mut datagrams {
            datagrams.finish(&mut |item| relocate.item(item, sink));
        }
    }

    fn stream(&self, number: u64, transport: Transport, connection: &Connection) -> (StreamId, Endpoints) {
        let id = StreamId { input: self.input, transport, number: u32::try_from(number).unwrap_or(u32::MAX) };
        (id, Endpoints { client: connection.client, server: connection.server })
    }
}

/// Tells what was read as a stream to lie in a flow, and adds what the flow knows.
struct Relocate {
    shared: Shared,
    alpn: Option<String>,
    /// The next message is the first of an encrypted connection.
    first: bool,
}

impl Relocate {
    fn new(importer: &mut Importer<'_>, number: u64, connection: Connection) -> Self {
        let named = connection.asked.clone().filter(|asked| asked.parse::<std::net::IpAddr>().is_err());
        let shared = importer.shared(number, named, &connection);
        Self { first: importer.first_of(&connection), alpn: connection.alpn, shared }
    }

    fn damaged(&self, index: usize, sink: &mut dyn FnMut(Item)) {
        let at = format!("/{}/messages/{index}", self.shared.number);
        sink(Item::Gap(Gap::new(GapReason::DamagedInput, at, "messages that cannot be read")));
    }

    fn item(&mut self, item: Item, sink: &mut dyn FnMut(Item)) {
        let (input, entry) = (self.shared.input, self.shared.number);
        match item {
            Item::Gap(gap) => sink(Item::Gap(Gap { at: format!("/{entry}/messages"), ..gap })),
            Item::Message(mut message) => {
                let index = match &message.place {
                    Place::Frames { frames, .. } => frames.first().copied().unwrap_or(0),
                    Place::Entry { .. } => 0,
                };
                let pointer = format!("/{entry}/messages/{index}");
                message.place = Place::Entry { input, entry, pointer };
                if self.shared.wire == Wire::Encrypted {
                    message.wire = Wire::Encrypted;
                }
                // What was read inside is nearer to the message than what the proxy knew.
                message.host = message.host.take().or_else(|| self.shared.host.clone());
                if message.sni.is_none() {
                    message.sni = self.shared.sni.clone();
                    if std::mem::take(&mut self.first) {
                        (message.first, message.alpn) = (true, self.alpn.take());
                    }
                }
                if message.certificate_names.is_empty() {
                    message.certificate_names = self.shared.certificate_names.clone();
                }
                sink(Item::Message(message));
            }
        }
    }
}
