use std::sync::Arc;

use crate::evidence::{Direction, Gap, GapReason, Time, Transport};
use crate::message::{Conversation, Item, Kind, Message, Options, Protocol};
use crate::net::{Chunk, Endpoints, StreamId};

/// What is pushed, each event one frame of the capture, numbered from 1.
#[derive(Clone)]
enum Event {
    Sends(Vec<u8>),
    Answers(Vec<u8>),
    Lost(Direction, u64),
}
use Event::{Answers, Lost, Sends};

fn read(events: &[Event]) -> (Vec<Message>, Vec<Gap>) {
    let id = StreamId { input: 0, transport: Transport::Tcp, number: 0 };
    let endpoints =
        Endpoints { client: "192.0.2.1:40000".parse().unwrap(), server: "198.51.100.7:80".parse().unwrap() };
    let options = Options { keys: Arc::default(), hash_bodies: true, ..Options::default() };
    let mut conversation = Conversation::new(id, endpoints, &options);
    let (mut messages, mut gaps) = (Vec::new(), Vec::new());
    let mut sink = |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => gaps.push(gap),
    };
    for (at, event) in events.iter().enumerate() {
        let time = Time(at as i64);
        let (direction, chunk) = match event {
            Sends(bytes) => (Direction::Sent, Chunk::Data { bytes, time, frames: &[at as u64 + 1], conflict: false }),
            Answers(bytes) => {
                (Direction::Received, Chunk::Data { bytes, time, frames: &[at as u64 + 1], conflict: false })
            }
            Lost(direction, length) => {
                (*direction, Chunk::Gap { length: *length, time, reason: GapReason::LostPackets })
            }
        };
        conversation.push(direction, chunk, &mut sink);
    }
    conversation.finish(&mut sink);
    (messages, gaps)
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// The client's preface and empty SETTINGS, then `frames`.
fn client(frames: &[Vec<u8>]) -> Event {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    bytes.extend(frames.concat());
    Sends(bytes)
}

fn server(frames: &[Vec<u8>]) -> Event {
    Answers([frame(4, 0, 0, &[]), frames.concat()].concat())
}

/// `:method POST`, `:path` literal, and what is given.
fn post(path: &str, more: &[u8]) -> Vec<u8> {
    let mut block = vec![0x83, 0x86, 0x04, path.len() as u8];
    block.extend(path.as_bytes());
    block.extend(more);
    block
}

/// `:authority`, entered into the table.
fn authority(host: &str) -> Vec<u8> {
    [&[0x41, host.len() as u8], host.as_bytes()].concat()
}

/// The newest entry of the table.
const NEWEST: u8 = 0xbe;

fn target(message: &Message) -> &str {
    match &message.kind {
        Kind::Request { target, .. } => target,
        _ => "",
    }
}

#[test]
fn a_field_indexed_before_a_hole_is_not_known_and_no_other_is_taken_for_it() {
    let first = frame(HEADERS, END_STREAM | END_HEADERS, 1, &post("/1", &authority("one.example")));
    // In the hole: a request to another host, which is the newest entry from then on.
    let lost = frame(HEADERS, END_STREAM | END_HEADERS, 3, &post("/2", &authority("two.example")));
    let behind = [
        // Names the newest entry, which is two.example.
        frame(HEADERS, END_STREAM | END_HEADERS, 5, &post("/3", &[NEWEST])),
        frame(HEADERS, END_STREAM | END_HEADERS, 7, &post("/4", &authority("four.example"))),
        frame(HEADERS, END_STREAM | END_HEADERS, 9, &post("/5", &[NEWEST])),
        frame(HEADERS, END_STREAM | END_HEADERS, 11, &post("/6", &[NEWEST + 1])),
    ];
    let (messages, gaps) = read(&[client(&[first]), Lost(Direction::Sent, lost.len() as u64), Sends(behind.concat())]);
    let seen: Vec<_> = messages.iter().map(|m| (target(m), m.host.as_deref(), m.doubtful)).collect();
    let expected = [
        ("/1", Some("one.example"), false),
        ("/3", None, true),
        ("/4", Some("four.example"), true),
        ("/5", Some("four.example"), true),
        ("/6", None, true),
    ];
    assert_eq!(seen, expected);
    assert_eq!(gaps.len(), 1);
}

#[test]
fn a_hole_inside_a_body_costs_that_body_and_no_index() {
    let head = frame(HEADERS, END_HEADERS, 1, &post("/1", &authority("one.example")));
    let body = frame(DATA, END_STREAM, 1, &[b'x'; 1000]);
    let next = frame(HEADERS, END_STREAM | END_HEADERS, 3, &post("/2", &[NEWEST]));
    let (before, behind) = (body[..209].to_vec(), body[709..].to_vec());
    let events = [client(&[head, before]), Lost(Direction::Sent, 500), Sends([behind, next].concat())];
    let (messages, _) = read(&events);
    let [cut, rest, intact] = &messages[..] else { panic!("{messages:#?}") };
    assert_eq!((target(cut), cut.body_len, cut.incomplete), ("/1", 200, Some(GapReason::LostPackets)));
    assert_eq!((&rest.kind, rest.body_len, rest.exchange, rest.doubtful), (&Kind::Raw, 300, cut.exchange, true));
    assert_eq!((target(intact), intact.host.as_deref()), ("/2", Some("one.example")));
}

#[test]
fn a_connection_seen_from_its_middle_is_read_from_there() {
    let frames = [
        frame(DATA, END_STREAM, 41, b"of a request whose head was not recorded"),
        frame(HEADERS, END_STREAM | END_HEADERS, 43, &post("/a", &[NEWEST])),
        frame(HEADERS, END_STREAM | END_HEADERS, 45, &post("/b", &authority("b.example"))),
    ];
    let answers = [
        frame(HEADERS, END_HEADERS, 43, &[0x88]),
        frame(DATA, END_STREAM, 43, b"fine"),
        frame(HEADERS, END_STREAM | END_HEADERS, 45, &[0x89]),
    ];
    let (messages, _) = read(&[Sends(frames.concat()), Answers(answers.concat())]);
    let [body, a, b, to_a, to_b] = &messages[..] else { panic!("{messages:#?}") };
    assert_eq!((&body.kind, body.protocol, body.body_len), (&Kind::Raw, Protocol::Http2, 40));
    assert_eq!((target(a), &a.host, a.doubtful), ("/a", &None, true));
    assert_eq!((target(b), b.host.as_deref()), ("/b", Some("b.example")));
    assert_eq!((&to_a.body[..], to_a.exchange), (&b"fine"[..], a.exchange));
    assert!(matches!(to_b.kind, Kind::Response { status: 204, .. }) && to_b.exchange == b.exchange);
}

#[test]
fn what_a_server_gives_up_is_incomplete_and_the_request_goes_on() {
    let head = frame(HEADERS, END_HEADERS, 1, &post("/up", &authority("up.example")));
    let early = [frame(HEADERS, END_HEADERS, 1, &[0x88]), frame(DATA, 0, 1, b"too"), frame(RESET, 0, 1, &[0; 4])];
    let events =
        [client(&[head, frame(DATA, 0, 1, b"first ")]), server(&early), Sends(frame(DATA, END_STREAM, 1, b"and last"))];
    let (messages, _) = read(&events);
    let [response, request] = &messages[..] else { panic!("{messages:#?}") };
    assert_eq!((&response.body[..], response.incomplete), (&b"too"[..], Some(GapReason::Cancelled)));
    assert_eq!((&request.body[..], request.incomplete), (&b"first and last"[..], None));
}

#[test]
fn a_block_without_end_is_bounded() {
    let mut frames = vec![frame(HEADERS, END_STREAM, 1, &post("/flood", &authority("a.example")))];
    for _ in 0..40 {
        frames.push(frame(CONTINUATION, 0, 1, &[0x82; 16 << 10]));
    }
    frames.push(frame(CONTINUATION, END_HEADERS, 1, &[]));
    frames.push(frame(HEADERS, END_STREAM | END_HEADERS, 3, &post("/next", &authority("b.example"))));
    let (messages, gaps) = read(&[client(&frames)]);
    assert_eq!(messages.iter().map(target).collect::<Vec<_>>(), ["/next"]);
    assert_eq!(gaps.iter().filter(|gap| gap.reason == GapReason::Limit).count(), 1);
}

#[test]
fn more_streams_than_are_followed_end_the_oldest() {
    let open = |n: u32| frame(HEADERS, END_HEADERS, 2 * n + 1, &post("/n", &authority("a.example")));
    let frames: Vec<_> = (0..super::STREAMS_OPEN as u32 + 3).map(open).collect();
    let (messages, gaps) = read(&[client(&frames)]);
    assert_eq!(messages.len(), super::STREAMS_OPEN + 3);
    let limited: Vec<_> = messages.iter().filter(|m| m.incomplete == Some(GapReason::Limit)).collect();
    assert_eq!(limited.iter().map(|m| m.exchange).collect::<Vec<_>>(), [Some(0), Some(1), Some(2)]);
    assert_eq!(gaps.len(), 3);
}

#[test]
fn bodies_of_all_streams_together_are_bounded() {
    let mut frames = Vec::new();
    for n in 0..10u32 {
        frames.push(frame(HEADERS, END_HEADERS, 2 * n + 1, &post("/n", &authority("a.example"))));
        frames.extend((0..7).map(|_| frame(DATA, 0, 2 * n + 1, &vec![b'x'; 1 << 20])));
    }
    let (messages, gaps) = read(&[client(&frames)]);
    assert_eq!(messages.len(), 10);
    assert!(messages.iter().all(|m| m.body_len == 7 << 20));
    let kept: usize = messages.iter().map(|m| m.body.len()).sum();
    assert!(kept <= super::KEPT_LIMIT + (1 << 20), "{kept}");
    assert!(gaps.iter().any(|gap| gap.reason == GapReason::Limit));
}

#[test]
fn lost_framing_is_said_and_found_again() {
    let broken = frame(4, 0, 7, &[0; 6]);
    let good = [
        frame(HEADERS, END_STREAM | END_HEADERS, 9, &post("/again", &authority("a.example"))),
        frame(6, 0, 0, &[0; 8]),
        frame(8, 0, 0, &[0, 0, 1, 0]),
    ];
    let (messages, gaps) = read(&[client(&[broken[..12].to_vec(), b"no frame".to_vec()]), Sends(good.concat())]);
    assert_eq!(messages.iter().map(target).collect::<Vec<_>>(), ["", "/again"]);
    assert_eq!((&messages[0].body[9..], messages[0].doubtful), (&b"\0\0\0no frame"[..], true));
    assert_eq!(gaps[0].reason, GapReason::Undecodable);
}

/// `:method CONNECT` and the authority (RFC 9113 §8.5).
fn connect(host: &str) -> Vec<u8> {
    [&[0x02, 7], &b"CONNECT"[..], &authority(host)].concat()
}

const STATUS_200: u8 = 0x88;

/// A ClientHello without extensions, and what follows it.
fn hello() -> Vec<u8> {
    let body = [&[3, 3][..], &[9; 32], &[0, 0, 2, 0xc0, 0x2f, 1, 0]].concat();
    let length = body.len() as u8;
    [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat()
}

/// However a tunnel ends, what runs in it is told: a TLS stream that stays closed is a message.
#[test]
fn what_runs_in_a_tunnel_ends_with_a_word() {
    let open = [
        client(&[frame(HEADERS, END_HEADERS, 1, &connect("tracker.example:443"))]),
        server(&[frame(HEADERS, END_HEADERS, 1, &[STATUS_200])]),
        Sends(frame(DATA, 0, 1, &hello())),
    ];
    let end = [frame(DATA, END_STREAM, 1, b""), frame(RESET, 0, 1, &[0, 0, 0, 8])];
    for last in [None, Some(0), Some(1)] {
        let mut events = open.to_vec();
        events.extend(last.map(|last: usize| Sends(end[last].clone())));
        let (messages, _) = read(&events);
        let closed = messages.iter().find(|message| message.protocol == Protocol::Tls);
        let host = closed.and_then(|closed| closed.host.as_deref());
        assert_eq!(host, Some("tracker.example"), "{last:?}: {messages:#?}");
    }
}

/// Bytes that come before a proxy answers are held, up to a limit; none of them is lost behind it,
/// nor is a hole among them passed over.
#[test]
fn what_a_client_sends_before_its_tunnel_is_answered_is_all_there() {
    let ask = client(&[frame(HEADERS, END_HEADERS, 1, &connect("server.example:80"))]);
    let answer = server(&[frame(HEADERS, END_HEADERS, 1, &[STATUS_200])]);
    let head = b"POST /a HTTP/1.1\r\nHost: server.example\r\nContent-Length: 100000\r\n\r\n";
    let mut early = frame(DATA, 0, 1, head);
    (0..100).for_each(|_| early.extend(frame(DATA, 0, 1, &[b'x'; 1000])));
    let next = frame(DATA, 0, 1, b"GET /b HTTP/1.1\r\nHost: server.example\r\n\r\n");
    let (messages, _) = read(&[ask.clone(), Sends(early), answer.clone(), Sends(next)]);
    let seen: Vec<_> = messages.iter().map(|m| (target(m), m.body_len, m.incomplete)).collect();
    let expected = [("server.example:80", 0, None), ("", 0, None), ("/a", 100_000, None), ("/b", 0, None)];
    assert!(expected.iter().all(|message| seen.contains(message)), "{seen:?}");
    // A hole of ten bytes inside a header field.
    let field = frame(DATA, 0, 1, b"GET /c HTTP/1.1\r\nHost: server.example\r\nX: abcdefghij\r\n\r\n");
    let (before, behind) = (field[..field.len() - 14].to_vec(), field[field.len() - 4..].to_vec());
    let (messages, _) = read(&[ask, Sends(before), Lost(Direction::Sent, 10), Sends(behind), answer]);
    let cut = messages.iter().find(|message| target(message) == "/c").unwrap();
    assert_eq!((cut.headers.len(), cut.incomplete), (1, Some(GapReason::LostPackets)));
}
