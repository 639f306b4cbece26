//! What the benches read.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use wirewitness::capture::{Record, Source};
use wirewitness::evidence::{Direction, Gaps, Time, Transport};
use wirewitness::message::{Conversation, Item, Message, Options};
use wirewitness::net::{Chunk, Endpoints, Numbering, Segment, Slicer, StreamId};
use wirewitness::session::Session;
use wirewitness::signatures::Signatures;

/// The built-in signatures, loaded once.
pub static SIGNATURES: LazyLock<Signatures> = LazyLock::new(|| Signatures::embedded().expect("valid"));

/// A file or folder of the repository.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A sample session.
pub fn session(name: &str) -> Session {
    Session::open(&[path(&format!("captures/{name}"))], &SIGNATURES).expect("a session")
}

/// A capture that a browser made: HTTP/1, HTTP/2 and HTTP/3, most of it pictures and scripts over TLS.
pub fn browser() -> Source {
    Source::open(&path("tests/data/chromium/capture.pcap")).expect("a capture")
}

/// Shows each segment of `source` with the number of its stream.
pub fn segments(source: &Source, take: &mut dyn FnMut(StreamId, Direction, &Segment<'_>)) {
    let (mut slicer, mut numbering, mut gaps) = (Slicer::new(), Numbering::new(), Gaps::default());
    let mut reader = source.packets(0).expect("readable");
    while let Some(record) = reader.next() {
        let Record::Packet(packet) = record else { continue };
        let mut found = slicer.slice(&packet, &mut gaps);
        while let Some(segment) = found {
            let assigned = numbering.assign(&segment);
            take(assigned.id, assigned.direction, &segment);
            found = slicer.more(&packet, &mut gaps);
        }
    }
}

/// The messages in what a client sends on one connection, segment by segment.
pub fn messages(sent: &[u8]) -> Vec<Message> {
    let id = StreamId { input: 0, transport: Transport::Tcp, number: 0 };
    let ends = Endpoints {
        client: "192.0.2.1:40000".parse().expect("an address"),
        server: "198.51.100.7:80".parse().expect("an address"),
    };
    let options = Options { keys: Arc::default(), ..Options::default() };
    let mut conversation = Conversation::new(id, ends, &options);
    let mut found = Vec::new();
    let mut sink = |item| {
        if let Item::Message(message) = item {
            found.push(*message);
        }
    };
    for (frame, bytes) in (1..).zip(sent.chunks(1448)) {
        let chunk = Chunk::Data { bytes, time: Time(0), frames: &[frame], conflict: false };
        conversation.push(Direction::Sent, chunk, &mut sink);
    }
    conversation.finish(&mut sink);
    found
}

/// A request with `body`.
pub fn request(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /v1/report HTTP/1.1\r\nHost: up.example.com\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// `length` bytes like those of pictures: nothing repeats (xorshift64, a fixed seed).
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).flatten().take(length).collect()
}

/// A report as SDKs send them, of about `length` bytes.
pub fn json(length: usize) -> Vec<u8> {
    let mut text = String::from(r#"{"device":{"imei":"490154203237518","model":"P9","os":"13"},"events":["#);
    for n in 0.. {
        if text.len() >= length {
            break;
        }
        text.push_str(&format!(
            r#"{{"id":{n},"name":"page_view","at":"2026-03-01T08:00:01Z","args":{{"k":"v{n}"}}}},"#
        ));
    }
    text.push_str("{}]}");
    text.into_bytes()
}
