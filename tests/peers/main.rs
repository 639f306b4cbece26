//! HTTP as Node's client and server speak it with each other, at random: every message is read as it was
//! said, however the bytes are cut. `record.mjs` makes the traffic, from fixed seeds.

use std::path::Path;
use std::process::Command;

use data_encoding::BASE64;
use serde::Deserialize;
use wirewitness::evidence::{Direction, Time, Transport};
use wirewitness::message::{Conversation, Item, Kind, Message, Options, Protocol};
use wirewitness::net::{Chunk, Endpoints, StreamId};

#[derive(Deserialize)]
struct Traffic {
    /// Pieces of each connection: `sent` or `received`, and Base64.
    connections: Vec<Vec<(String, String)>>,
    said: Vec<Request>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    length: u64,
    sha256: String,
    answer: Answer,
}

#[derive(Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    length: u64,
    sha256: String,
}

fn record(version: &str, seed: u64, count: usize) -> Traffic {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/record.mjs");
    let run = Command::new("node").arg(script).args([version, &seed.to_string(), &count.to_string()]).output();
    let output = run.expect("node is there: scripts/setup.sh --tests installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The messages of one connection, its pieces cut at `cut` bytes.
fn messages(number: u32, pieces: &[(String, String)], cut: usize) -> Vec<Message> {
    let id = StreamId { input: 0, transport: Transport::Tcp, number };
    let end = |address: &str| address.parse().expect("an address");
    let ends = Endpoints { client: end("192.0.2.1:40000"), server: end("198.51.100.7:8080") };
    let options = Options { hash_bodies: true, ..Options::default() };
    let (mut conversation, mut messages) = (Conversation::new(id, ends, &options), Vec::new());
    let mut sink = |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => panic!("{gap:?}"),
    };
    for (frame, (direction, bytes)) in (1..).zip(pieces) {
        let direction = if direction == "sent" { Direction::Sent } else { Direction::Received };
        for bytes in BASE64.decode(bytes.as_bytes()).expect("Base64").chunks(cut) {
            conversation.push(
                direction,
                Chunk::Data { bytes, time: Time(0), frames: &[frame], conflict: false },
                &mut sink,
            );
        }
    }
    for direction in [Direction::Sent, Direction::Received] {
        conversation.push(direction, Chunk::End { reset: false, time: Time(0), frame: 1 }, &mut sink);
    }
    conversation.finish(&mut sink);
    messages
}

/// The headers of `message` that the script chose, in their order.
fn chosen(message: &Message) -> Vec<(String, String)> {
    let ours = message.headers.iter().filter(|(name, _)| name.starts_with("x-"));
    ours.map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned())).collect()
}

fn agree(version: &str, protocol: Protocol, seed: u64, cut: usize) {
    let traffic = record(version, seed, 60);
    let mut all = Vec::new();
    for (number, pieces) in (0..).zip(&traffic.connections) {
        all.extend(messages(number, pieces, cut));
    }
    let whole = |message: &Message, length, sha256: &str| {
        assert_eq!((message.incomplete, message.doubtful, message.protocol), (None, false, protocol), "{message:?}");
        assert_eq!(message.body_len, length, "{message:?}");
        if length > 0 {
            assert_eq!(message.body_sha256, sha256);
        }
    };
    for said in &traffic.said {
        let asks = |message: &&Message| matches!(&message.kind, Kind::Request { target, .. } if *target == said.target);
        let found: Vec<&Message> = all.iter().filter(asks).collect();
        let [request] = found[..] else { panic!("{}: {} requests", said.target, found.len()) };
        assert!(matches!(&request.kind, Kind::Request { method, .. } if *method == said.method));
        assert_eq!(request.host.as_deref(), Some("peer.example"));
        assert_eq!(chosen(request), said.headers, "{}", said.target);
        whole(request, said.length, &said.sha256);
        let answers = |message: &&Message| {
            let is_answer = matches!(message.kind, Kind::Response { status, .. } if status >= 200);
            is_answer && message.exchange == request.exchange && message.place.stream() == request.place.stream()
        };
        let found: Vec<&Message> = all.iter().filter(answers).collect();
        let [answer] = found[..] else { panic!("{}: {} answers", said.target, found.len()) };
        let Kind::Response { status, method } = &answer.kind else { unreachable!("filtered") };
        assert_eq!((*status, method.as_deref()), (said.answer.status, Some(said.method.as_str())), "{}", said.target);
        assert_eq!(chosen(answer), said.answer.headers, "{}", said.target);
        whole(answer, said.answer.length, &said.answer.sha256);
    }
    let requests = all.iter().filter(|message| matches!(message.kind, Kind::Request { .. })).count();
    assert_eq!(requests, traffic.said.len(), "a request that nobody made");
}

#[test]
fn http1_as_node_speaks_it() {
    agree("http1", Protocol::Http11, 11, usize::MAX);
    agree("http1", Protocol::Http11, 12, 7);
}

#[test]
fn http2_as_nghttp2_speaks_it() {
    for (seed, cut) in [(21, usize::MAX), (22, 11), (23, 1000)] {
        agree("http2", Protocol::Http2, seed, cut);
    }
}
