//! What bodies are made of.

use std::cell::RefCell;
use std::sync::LazyLock;

use wirewitness::evidence::{Direction, Time, Transport};
use wirewitness::message::{Conversation, Item, Options};
use wirewitness::net::{Chunk, Endpoints, StreamId};
use wirewitness::payload::{Decoder, doors};

/// Media types that decoders are told.
const TYPES: [&str; 8] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "application/x-protobuf",
    "application/octet-stream",
    "application/msgpack",
    "text/csv",
    "application/grpc-web-text",
];

static DECODER: LazyLock<Decoder> = LazyLock::new(|| Decoder::new(&super::SIGNATURES));

/// One decoder, which the first byte picks; the second picks what is declared, or nothing.
pub fn decoder(bytes: &[u8]) {
    if let [number, declared, value @ ..] = bytes {
        let number = usize::from(*number) % doors::decoders().count();
        doors::decode(number, value, TYPES.get(usize::from(*declared)).copied());
    }
}

/// A whole body and all that lies in it: the first byte picks what is declared.
pub fn body(bytes: &[u8]) {
    let Some((declared, body)) = bytes.split_first() else { return };
    let declared = TYPES[usize::from(*declared) % TYPES.len()];
    let head = format!(
        "POST /collect?a=1 HTTP/1.1\r\nHost: a.example\r\nContent-Type: {declared}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let stream = StreamId { input: 0, transport: Transport::Tcp, number: 0 };
    let ends = ["192.0.2.1:40000", "198.51.100.2:80"].map(|end| end.parse().expect("an address"));
    let mut conversation =
        Conversation::new(stream, Endpoints { client: ends[0], server: ends[1] }, &Options::default());
    let messages = RefCell::new(Vec::new());
    let mut sink = |item| messages.borrow_mut().push(item);
    for bytes in [head.as_bytes(), body] {
        let chunk = Chunk::Data { bytes, time: Time::default(), frames: &[1], conflict: false };
        conversation.push(Direction::Sent, chunk, &mut sink);
    }
    conversation.finish(&mut sink);
    for item in messages.into_inner() {
        if let Item::Message(message) = item {
            let _ = DECODER.leaves(&message, None);
        }
    }
}
