use super::*;
use crate::evidence::{Direction, Gap, GapReason, Time, Transport};
use crate::message::{Conversation, Item, Kind, Message, Options};
use crate::net::{Chunk, Endpoints, StreamId};

#[test]
fn the_heaviest_go_first_and_half_is_left() {
    let mut weights = Weights::default();
    (0..9).for_each(|_| weights.add(BODY_KEPT));
    assert_eq!(weights.too_heavy(IN_ALL), None);
    let mut small = Weights::default();
    (0..100).for_each(|_| small.add(100_000));
    weights.merge(&small);
    // 8 MiB have 24 bits; what has 23, and less, stays.
    assert_eq!(weights.too_heavy(IN_ALL), Some(BODY_KEPT));
    let mut many = Weights::default();
    (0..1000).for_each(|_| many.add(1_600_000));
    many.merge(&small);
    assert_eq!(many.too_heavy(IN_ALL), Some(1 << 20));
}

/// A part of what a connection carries, and which messages are broken off after it: those that
/// weigh so much.
type Part<'a> = (Direction, &'a [u8], Option<usize>);

fn read(parts: &[Part<'_>]) -> (Vec<Message>, Vec<Gap>) {
    let id = StreamId { input: 0, transport: Transport::Tcp, number: 0 };
    let endpoints =
        Endpoints { client: "192.0.2.1:40000".parse().unwrap(), server: "198.51.100.7:80".parse().unwrap() };
    let options = Options { hash_bodies: true, ..Options::default() };
    let mut conversation = Conversation::new(id, endpoints, &options);
    let (mut messages, mut gaps) = (Vec::new(), Vec::new());
    let mut sink = |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => gaps.push(gap),
    };
    for (at, (direction, bytes, least)) in parts.iter().enumerate() {
        let chunk = Chunk::Data { bytes, time: Time(at as i64), frames: &[at as u64 + 1], conflict: false };
        conversation.push(*direction, chunk, &mut sink);
        if let Some(least) = least {
            conversation.break_off(*least, &mut sink);
        }
    }
    conversation.finish(&mut sink);
    (messages, gaps)
}

const HEAVY: usize = 50_000;

fn big(byte: u8) -> Vec<u8> {
    vec![byte; 60_000]
}

/// Two messages of one body: the parts of it, of which none is lost, and what they are.
fn two_parts(messages: &[Message], gaps: &[Gap], body: &[u8]) {
    let [first, second] = messages else { panic!("{} messages", messages.len()) };
    assert_eq!([&first.body[..], &second.body[..]].concat(), body);
    assert_eq!((first.incomplete, second.incomplete), (Some(GapReason::Limit), None));
    assert_eq!((first.body_sha256.as_str(), first.exchange), ("", second.exchange));
    assert_eq!((first.host.as_deref(), second.host.as_deref()), (Some("up.example"), Some("up.example")));
    assert!(matches!(first.kind, Kind::Request { .. }) && second.kind == Kind::Raw, "{second:?}");
    assert!(second.headers.is_empty() && !second.doubtful);
    let limits: Vec<&Gap> = gaps.iter().filter(|gap| gap.reason == GapReason::Limit).collect();
    assert_eq!((limits.len(), limits[0].bytes), (1, first.body_len), "{gaps:?}");
    assert!(limits[0].detail.contains("80 MiB are kept in all"));
}

#[test]
fn a_body_of_http1_is_read_in_parts() {
    let (start, end) = (big(b'a'), b"imei=490154203237518".to_vec());
    let whole = [start.clone(), end.clone()].concat();
    let head = format!("POST /up HTTP/1.1\r\nHost: up.example\r\nContent-Length: {}\r\n\r\n", whole.len());
    let opened = [head.as_bytes(), &start].concat();
    let (messages, gaps) = read(&[(Direction::Sent, &opened, Some(HEAVY)), (Direction::Sent, &end, Some(HEAVY))]);
    two_parts(&messages, &gaps, &whole);
    // The next message of the connection is where it was.
    let next = [&end[..], b"GET /next HTTP/1.1\r\nHost: up.example\r\n\r\n"].concat();
    let (messages, gaps) = read(&[(Direction::Sent, &opened, Some(HEAVY)), (Direction::Sent, &next, None)]);
    two_parts(&messages[..2], &gaps, &whole);
    assert!(matches!(&messages[2].kind, Kind::Request { target, .. } if target == "/next"));
}

#[test]
fn a_chunked_body_is_read_in_parts() {
    let (start, end) = (big(b'b'), b"imei=490154203237518".to_vec());
    let mut opened = b"POST /up HTTP/1.1\r\nHost: up.example\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    opened.extend(format!("{:x}\r\n", start.len() + end.len()).bytes());
    opened.extend(&start);
    let closed = [&end[..], b"\r\n0\r\n\r\n"].concat();
    let (messages, gaps) = read(&[(Direction::Sent, &opened, Some(HEAVY)), (Direction::Sent, &closed, None)]);
    two_parts(&messages, &gaps, &[start, end].concat());
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

#[test]
fn of_the_streams_of_http2_the_heavy_one_is_read_in_parts() {
    // :method POST, :scheme http, :path /, :authority up.example as a literal (RFC 7541 §6.2.2).
    let head = b"\x83\x86\x84\x01\x0aup.example";
    let (start, end) = (vec![b'c'; 16_000], b"imei=490154203237518".to_vec());
    let mut opened = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    opened.extend([frame(4, 0, 0, b""), frame(1, 4, 1, head), frame(1, 4, 3, head)].concat());
    for _ in 0..4 {
        opened.extend(frame(0, 0, 1, &start));
    }
    opened.extend(frame(0, 0, 3, b"small"));
    let closed = [frame(0, 1, 1, &end), frame(0, 1, 3, b" one")].concat();
    let (messages, gaps) = read(&[(Direction::Sent, &opened, Some(HEAVY)), (Direction::Sent, &closed, None)]);
    two_parts(&messages[..2], &gaps, &[start.repeat(4), end].concat());
    assert_eq!((&messages[2].body[..], messages[2].incomplete), (&b"small one"[..], None));
}

#[test]
fn a_message_of_a_websocket_is_read_in_parts() {
    let ask = b"GET /w HTTP/1.1\r\nHost: up.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    let (start, end) = (big(b'd'), b"imei=490154203237518".to_vec());
    let mut opened = b"\x81\x7f".to_vec();
    opened.extend(((start.len() + end.len()) as u64).to_be_bytes());
    opened.extend(&start);
    let parts: [Part<'_>; 4] = [
        (Direction::Sent, ask, None),
        (Direction::Received, answer, None),
        (Direction::Sent, &opened, Some(HEAVY)),
        (Direction::Sent, &end, None),
    ];
    let (messages, gaps) = read(&parts);
    let [first, second] = &messages[2..] else { panic!("{} messages", messages.len()) };
    assert_eq!([&first.body[..], &second.body[..]].concat(), [start, end].concat());
    assert_eq!((first.incomplete, second.incomplete), (Some(GapReason::Limit), None));
    assert_eq!(first.kind, second.kind);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
}

#[test]
fn the_payload_of_a_long_publish_is_read_in_parts() {
    let connect = b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04test";
    let payload = vec![b'e'; 700_000];
    let mut publish = b"\x30".to_vec();
    let length = payload.len() + 3;
    publish.extend([(length & 0x7f | 0x80) as u8, (length >> 7 & 0x7f | 0x80) as u8, (length >> 14) as u8]);
    publish.extend(b"\0\x01t");
    publish.extend(&payload[..600_000]);
    let parts: [Part<'_>; 3] = [
        (Direction::Sent, connect, None),
        (Direction::Sent, &publish, Some(HEAVY)),
        (Direction::Sent, &payload[600_000..], None),
    ];
    let (messages, gaps) = read(&parts);
    let [_, first, second] = &messages[..] else { panic!("{} messages", messages.len()) };
    assert_eq!([&first.body[..], &second.body[..]].concat(), payload);
    assert_eq!((first.incomplete, second.incomplete), (Some(GapReason::Limit), None));
    assert_eq!(gaps.len(), 1, "{gaps:?}");
}
