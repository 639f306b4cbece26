use std::sync::Arc;

use super::*;
use crate::evidence::{Time, Transport};
use crate::message::{Item, Kind, Message, Options, Protocol};
use crate::net::{Endpoints, StreamId};

/// What is pushed, each step one frame of the capture, numbered from 1.
enum Push {
    Sends(u64, Vec<u8>),
    Answers(u64, Vec<u8>),
    Lost(u64, Direction, u64),
    Ends(u64, Direction, bool),
}
use Push::{Answers, Ends, Lost, Sends};

fn read(steps: &[Push]) -> (Vec<Message>, Vec<Gap>) {
    let id = StreamId { input: 0, transport: Transport::Udp, number: 0 };
    let endpoints = Endpoints { client: "192.0.2.1:4000".parse().unwrap(), server: "192.0.2.2:443".parse().unwrap() };
    let mut context =
        Context::new(id, endpoints, &Options { keys: Arc::default(), hash_bodies: true, ..Options::default() });
    let (mut messages, mut gaps, mut exchange) = (Vec::new(), Vec::new(), 0);
    let mut sink = |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => gaps.push(gap),
    };
    let legs = crate::message::legs::Legs::new(id);
    let mut out = Out { sink: &mut sink, exchange: &mut exchange, legs: &legs };
    let mut http3 = Http3::default();
    for (at, step) in steps.iter().enumerate() {
        let (time, number) = (Time(at as i64), at as u64 + 1);
        let numbers = [number];
        let data = |bytes| Chunk::Data { bytes, time, frames: &numbers, conflict: false };
        let (id, direction, chunk) = match step {
            Sends(id, bytes) => (*id, Direction::Sent, data(&bytes[..])),
            Answers(id, bytes) => (*id, Direction::Received, data(&bytes[..])),
            Lost(id, direction, length) => {
                (*id, *direction, Chunk::Gap { length: *length, time, reason: GapReason::LostPackets })
            }
            Ends(id, direction, reset) => (*id, *direction, Chunk::End { reset: *reset, time, frame: number }),
        };
        http3.push(id, direction, chunk, &mut context, &mut out);
    }
    http3.finish(&mut context, &mut out);
    assert_eq!((http3.kept, http3.held, http3.blocked.len(), http3.exchanges.len()), (0, 0, 0, 0));
    (messages, gaps)
}

/// RFC 9114 §7.1; lengths below 64 have one byte, below 16,384 two.
fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len() as u16;
    let length = if length < 64 { vec![length as u8] } else { (length | 0x4000).to_be_bytes().to_vec() };
    [vec![kind], length, payload.to_vec()].concat()
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PUSH_PROMISE: u8 = 5;

/// `:method POST`, `:scheme https`, `:authority` and `:path` literal (RFC 9204 §4.5.4).
fn post(host: &str, path: &str) -> Vec<u8> {
    let literal = |index: u8, value: &str| [&[0x50 | index, value.len() as u8], value.as_bytes()].concat();
    let section = [vec![0, 0, 0xd4, 0xd7], literal(0, host), literal(1, path)].concat();
    frame(HEADERS, &section)
}

/// `:status 200`.
fn ok() -> Vec<u8> {
    frame(HEADERS, &[0, 0, 0xd9])
}

/// A request whose first entry of the table (RFC 9204 §B.2) is its authority.
fn indexed() -> Vec<u8> {
    frame(HEADERS, &[2, 0, 0xd4, 0xd7, 0x80, 0xc1])
}

/// A control stream that allows a table of 220 bytes.
const SETTINGS: [u8; 6] = [0, 4, 3, 1, 0x40, 220];

/// An encoder's stream: capacity 220, then `:authority: www.example.com` (RFC 9204 §B.2).
fn encoder() -> Vec<u8> {
    [&[2, 0x3f, 0xbd, 0x01, 0xc0, 0x0f][..], b"www.example.com"].concat()
}

fn request(message: &Message) -> (&str, &str, Option<&str>) {
    match &message.kind {
        Kind::Request { method, target } => (method, target, message.host.as_deref()),
        other => panic!("{other:?}"),
    }
}

use Direction::{Received, Sent};

#[test]
fn a_request_waits_for_its_entries() {
    let late = [Answers(3, SETTINGS.into()), Sends(0, indexed()), Ends(0, Sent, false), Sends(2, encoder())];
    let never_set = [Sends(2, encoder()), Sends(0, indexed()), Ends(0, Sent, false), Answers(3, SETTINGS.into())];
    for steps in [late, never_set] {
        let (messages, gaps) = read(&steps);
        assert_eq!((request(&messages[0]), gaps.len()), (("POST", "/", Some("www.example.com")), 0));
        assert!(!messages[0].doubtful && messages[0].incomplete.is_none());
    }
}

/// Each as soon as its own entries are there, whoever else waits for more.
#[test]
fn requests_wait_for_no_more_than_their_entries() {
    let second = frame(HEADERS, &[3, 0, 0xd4, 0xd7, 0x80, 0xc1]);
    let entry = [&[0xc0, 9][..], b"b.example"].concat();
    let mut steps = vec![Answers(3, SETTINGS.into()), Sends(0, second), Ends(0, Sent, false), Sends(4, indexed())];
    steps.extend([Ends(4, Sent, false), Sends(2, encoder()), Sends(2, entry.clone()), Sends(2, entry)]);
    steps.extend([Sends(8, indexed()), Ends(8, Sent, false)]);
    let (messages, gaps) = read(&steps);
    let hosts: Vec<_> = messages.iter().map(|message| request(message).2).collect();
    assert_eq!((hosts, gaps.len()), (vec![Some("www.example.com"), Some("b.example"), Some("www.example.com")], 0));
    assert!(messages.iter().all(|message| !message.doubtful));
}

#[test]
fn a_stream_that_its_sender_gives_up_is_cancelled_and_not_lost() {
    let begun = || [ok(), vec![0, 5], b"begun".to_vec()].concat();
    let ended = |last: Push| {
        let steps = [Sends(0, post("a", "/")), Ends(0, Sent, false), Answers(0, begun()), last];
        let (messages, _) = read(&steps);
        let answer = messages.last().unwrap();
        (answer.body.to_vec(), answer.incomplete, answer.body_sha256.is_empty())
    };
    assert_eq!(ended(Ends(0, Received, true)), (b"begun".to_vec(), Some(GapReason::Cancelled), false));
    assert_eq!(ended(Lost(0, Received, 7)), (b"begun".to_vec(), Some(GapReason::LostPackets), true));
}

#[test]
fn entries_that_never_come_are_not_known_and_nothing_is_made_up() {
    let request_alone = || vec![Sends(0, indexed()), Ends(0, Sent, false)];
    let cases = [
        // No encoder; no setting; neither.
        [vec![Answers(3, SETTINGS.into())], request_alone()].concat_steps(),
        [vec![Sends(2, encoder())], request_alone()].concat_steps(),
        request_alone(),
        // The encoder's stream has no beginning, or a hole.
        [vec![Answers(3, SETTINGS.into()), Lost(2, Sent, 9), Sends(2, encoder())], request_alone()].concat_steps(),
        [vec![Answers(3, SETTINGS.into()), Sends(2, vec![2]), Lost(2, Sent, 0)], request_alone()].concat_steps(),
        // The setting is lost with the control stream.
        [vec![Sends(2, encoder()), Lost(3, Received, 4)], request_alone()].concat_steps(),
    ];
    for steps in cases {
        let (messages, _) = read(&steps);
        let message = messages.iter().find(|m| m.kind != Kind::Raw).unwrap();
        assert_eq!((request(message), message.doubtful), (("POST", "/", None), true));
    }
}

trait Steps {
    fn concat_steps(self) -> Vec<Push>;
}

impl Steps for [Vec<Push>; 2] {
    fn concat_steps(self) -> Vec<Push> {
        self.into_iter().flatten().collect()
    }
}

#[test]
fn what_waits_is_bounded() {
    let mut steps = vec![Answers(3, SETTINGS.into())];
    for id in 0..400 {
        steps.push(Sends(4 * id, [indexed(), frame(DATA, &[b'x'; 100])].concat()));
        steps.push(Sends(4 * id, frame(DATA, &[b'y'; 16_000])));
        steps.push(Ends(4 * id, Sent, false));
    }
    let (messages, gaps) = read(&steps);
    assert_eq!(messages.len(), 400);
    assert!(messages.iter().all(|m| m.body_len == 16_100 && m.host.is_none() && m.doubtful));
    assert_eq!(gaps.iter().filter(|gap| gap.reason == GapReason::Limit).count(), 1, "{gaps:?}");
}

#[test]
fn more_requests_than_are_followed_end_the_oldest() {
    let steps: Vec<Push> = (0..STREAMS_OPEN as u64 + 5).map(|id| Sends(4 * id, post("a.example", "/"))).collect();
    let (messages, gaps) = read(&steps);
    assert_eq!(messages.len(), STREAMS_OPEN + 5);
    assert!(messages.iter().all(|m| request(m).2 == Some("a.example")));
    assert_eq!(messages.iter().filter(|m| m.incomplete == Some(GapReason::Limit)).count(), 5);
    assert!(gaps.iter().any(|gap| gap.reason == GapReason::Limit));
}

#[test]
fn frames_that_never_end_are_bounded() {
    // 400 heads of 256 KiB each, all but their last byte: 100 MiB.
    let mut steps = Vec::new();
    for id in 0..400 {
        steps.push(Sends(4 * id, [vec![HEADERS, 0x80, 4, 0, 0], vec![0; 262_143]].concat()));
    }
    let (_, gaps) = read(&steps);
    assert!(gaps.iter().any(|gap| gap.reason == GapReason::Limit));
}

#[test]
fn a_hole_costs_what_it_is_in() {
    let body = |count| frame(DATA, &vec![b'x'; count]);
    // In a body: both parts come out, neither runs across.
    let mut cut = body(60);
    let rest = cut.split_off(30);
    let steps = [
        Sends(0, [post("a.example", "/a"), cut].concat()),
        Lost(0, Sent, 10),
        Sends(0, rest[10..].to_vec()),
        Sends(0, body(5)),
        Ends(0, Sent, false),
    ];
    let (messages, _) = read(&steps);
    assert_eq!(request(&messages[0]), ("POST", "/a", Some("a.example")));
    assert_eq!((messages[0].body_len, messages[0].incomplete), (28, Some(GapReason::LostPackets)));
    assert_eq!((&messages[1].kind, messages[1].body_len, messages[1].doubtful), (&Kind::Raw, 27, true));
    // In a head: the body has none.
    let steps = [Sends(0, post("a.example", "/a")[..8].to_vec()), Lost(0, Sent, 10), Ends(0, Sent, false)];
    let (messages, _) = read(&steps);
    assert!(messages.iter().all(|m| m.kind == Kind::Raw && m.doubtful && m.host.is_none()), "{messages:?}");
    // Where the next frame begins is lost: the rest is handed on as it is.
    let steps = [
        Sends(4, [post("a.example", "/b"), body(8)].concat()),
        Lost(4, Sent, 100),
        Sends(4, post("b.example", "/made/up")),
        Ends(4, Sent, false),
    ];
    let (messages, _) = read(&steps);
    assert_eq!(request(&messages[0]).1, "/b");
    assert!(messages[1..].iter().all(|m| m.kind == Kind::Raw && m.doubtful));
}

#[test]
fn what_is_given_up_is_incomplete() {
    let steps = [
        Sends(0, [post("a.example", "/a"), frame(DATA, b"some")].concat()),
        Ends(0, Sent, true),
        Answers(0, ok()),
        Ends(0, Received, true),
        Sends(4, [post("a.example", "/b"), frame(DATA, b"all")[..3].to_vec()].concat()),
        Ends(4, Sent, false),
    ];
    let (messages, _) = read(&steps);
    assert_eq!(messages.len(), 3);
    // Both ends gave up the first; the second ends inside a frame, and nothing says why.
    let reasons = [GapReason::Cancelled, GapReason::Cancelled, GapReason::LostPackets].map(Some);
    assert_eq!(messages.iter().map(|m| m.incomplete).collect::<Vec<_>>(), reasons);
    assert_eq!(messages.iter().map(|m| m.exchange).collect::<Vec<_>>(), [Some(0), Some(0), Some(1)]);
}

#[test]
fn a_tunnel_is_read_on() {
    // CONNECT (RFC 9114 §4.4): no path, no scheme.
    let connect = [&[0, 0, 0xcf, 0x50, 13][..], b"a.example:443"].concat();
    let steps = [
        Sends(0, [frame(HEADERS, &connect), frame(DATA, b"GET /in HTTP/1.1\r\n")].concat()),
        Answers(0, ok()),
        Sends(0, frame(DATA, b"host: inner.example\r\n\r\n")),
        Answers(0, frame(DATA, b"HTTP/1.1 204 No Content\r\n\r\n")),
        Ends(0, Sent, false),
        Ends(0, Received, false),
    ];
    let (messages, _) = read(&steps);
    assert_eq!(request(&messages[0]), ("CONNECT", "a.example:443", Some("a.example")));
    assert_eq!(request(&messages[2]), ("GET", "/in", Some("inner.example")));
    assert_eq!(messages[2].protocol, Protocol::Http11);
    assert_eq!(messages.len(), 4);
}

#[test]
fn a_session_of_webtransport_is_handed_on_as_it_is() {
    let steps = [Sends(4, b"\x40\x41\x00words of a session".to_vec()), Ends(4, Sent, false)];
    let (messages, _) = read(&steps);
    assert_eq!((&messages[0].body[..], &messages[0].kind), (&b"words of a session"[..], &Kind::Raw));
}

#[test]
fn promises_are_not_nested() {
    // Each push stream promises the next one, and none comes before its promise.
    let promise = |push: u8| frame(PUSH_PROMISE, &[push, 0, 0, 0xd1, 0xd7]);
    let mut steps = Vec::new();
    for push in (0..60u8).rev() {
        let id = 3 + 4 * u64::from(push);
        steps.push(Answers(id, [vec![1, push], promise(push + 1), ok()].concat()));
        steps.push(Ends(id, Received, false));
    }
    steps.extend([Sends(0, post("a.example", "/")), Answers(0, promise(0))]);
    let (messages, _) = read(&steps);
    let promised = messages.iter().filter(|m| matches!(&m.kind, Kind::Request { method, .. } if method == "GET"));
    assert_eq!(promised.count(), 1);
    assert_eq!(messages.iter().filter(|m| matches!(m.kind, Kind::Response { status: 200, .. })).count(), 60);
}

#[test]
fn what_is_no_http3_is_said() {
    let (messages, gaps) = read(&[Sends(0, b"\x04\x00 SETTINGS on a request stream".to_vec()), Ends(0, Sent, false)]);
    assert_eq!((messages.len(), &messages[0].kind, gaps[0].reason), (1, &Kind::Raw, GapReason::Undecodable));
}
