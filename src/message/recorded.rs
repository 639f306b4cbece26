//! HTTP/2, gRPC, WebSocket and MQTT as real programs speak them: the captures of
//! `tests/data/protocols`, held against what tshark reads in them and what the programs
//! were told to send.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::{Conversation, Item, Kind, Message, Options, Protocol};
use crate::capture::{Record, Source};
use crate::evidence::{Direction, Gap, Gaps, Place, Time, sha256_hex};
use crate::net::{Chunk, Endpoints, Numbering, Slicer, StreamId, TcpStream};

/// One step of a direction, owned.
#[derive(Clone, Debug)]
enum Step {
    Data(Vec<u8>, Time, Vec<u64>),
    Gap(u64, Time),
    End(bool, Time, u64),
}

/// A stream's steps in the order in which they were captured.
struct Recorded {
    id: StreamId,
    endpoints: Endpoints,
    tcp: TcpStream,
    steps: Vec<(Direction, Step)>,
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/protocols")
}

/// What tshark read: the columns of each line.
fn tshark(name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(folder().join(name).with_extension("tsv")).unwrap();
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// All values of a column, in order.
fn column(lines: &[Vec<String>], column: usize) -> Vec<String> {
    let values = lines.iter().flat_map(|line| line[column].split('|'));
    values.filter(|value| !value.is_empty()).map(str::to_owned).collect()
}

/// The streams of a capture, without the packets that `lost` names by frame.
fn streams(name: &str, lost: &dyn Fn(u64) -> bool) -> Vec<Recorded> {
    let source = Source::open(&folder().join(name).with_extension("pcap")).unwrap();
    let mut packets = source.packets(0).unwrap();
    let (mut slicer, mut numbering, mut gaps) = (Slicer::new(), Numbering::new(), Gaps::default());
    let mut streams: Vec<Recorded> = Vec::new();
    fn step(direction: Direction, chunk: Chunk<'_>) -> (Direction, Step) {
        let step = match chunk {
            Chunk::Data { bytes, time, frames, .. } => Step::Data(bytes.to_vec(), time, frames.to_vec()),
            Chunk::Gap { length, time } => Step::Gap(length, time),
            Chunk::End { reset, time, frame } => Step::End(reset, time, frame),
        };
        (direction, step)
    }
    while let Some(record) = packets.next() {
        let Record::Packet(packet) = record else { continue };
        let frame = packet.frame;
        let Some(segment) = slicer.slice(&packet, &mut gaps) else { continue };
        let assigned = numbering.assign(&segment);
        if assigned.fresh {
            let (id, endpoints) = (assigned.id, assigned.endpoints);
            streams.push(Recorded { id, endpoints, tcp: TcpStream::new(), steps: Vec::new() });
        }
        if lost(frame) {
            continue;
        }
        let stream = streams.iter_mut().find(|stream| stream.id == assigned.id).unwrap();
        let steps = &mut stream.steps;
        stream.tcp.push(assigned.direction, &segment, &mut |direction, chunk| steps.push(step(direction, chunk)));
    }
    for stream in &mut streams {
        let steps = &mut stream.steps;
        stream.tcp.finish(&mut |direction, chunk| steps.push(step(direction, chunk)));
    }
    streams
}

/// Reads the steps of a stream; `cut` says how long the next piece is at most.
fn read(stream: &Recorded, hash_bodies: bool, cut: &mut dyn FnMut() -> usize) -> (Vec<Message>, Vec<Gap>) {
    let options = Options { keys: Arc::default(), hash_bodies };
    let mut conversation = Conversation::new(stream.id, stream.endpoints, &options);
    let (mut messages, mut gaps) = (Vec::new(), Vec::new());
    let mut sink = |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => gaps.push(gap),
    };
    for (direction, step) in &stream.steps {
        match step {
            Step::Data(bytes, time, frames) => {
                let mut rest = &bytes[..];
                while !rest.is_empty() {
                    let (piece, behind) = rest.split_at(cut().clamp(1, rest.len()));
                    let chunk = Chunk::Data { bytes: piece, time: *time, frames, conflict: false };
                    conversation.push(*direction, chunk, &mut sink);
                    rest = behind;
                }
            }
            Step::Gap(length, time) => {
                conversation.push(*direction, Chunk::Gap { length: *length, time: *time }, &mut sink);
            }
            Step::End(reset, time, frame) => {
                let chunk = Chunk::End { reset: *reset, time: *time, frame: *frame };
                conversation.push(*direction, chunk, &mut sink);
            }
        }
    }
    conversation.finish(&mut sink);
    (messages, gaps)
}

fn messages(name: &str) -> Vec<Message> {
    let streams = streams(name, &|_| false);
    let read = streams.iter().map(|stream| read(stream, true, &mut || usize::MAX));
    let mut all = Vec::new();
    for (messages, gaps) in read {
        assert_eq!(gaps, [], "{name}");
        all.extend(messages);
    }
    all
}

const RECORDED: [&str; 9] = [
    "h2-nginx",
    "h2-upgrade",
    "h2-node",
    "grpc",
    "websocket-takeover",
    "websocket-fresh",
    "websocket-plain",
    "mqtt",
    "mqtt-websocket",
];

fn first_frame(message: &Message) -> u64 {
    message.place.ordinal()
}

fn header<'m>(message: &'m Message, name: &str) -> Option<&'m [u8]> {
    message.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &value[..])
}

fn request<'m>(messages: &'m [Message], path: &str) -> &'m Message {
    let is = |m: &&Message| matches!(&m.kind, Kind::Request { target, .. } if target == path);
    messages.iter().find(is).unwrap_or_else(|| panic!("no request for {path}"))
}

fn response<'m>(messages: &'m [Message], to: &Message) -> &'m Message {
    let is = |m: &&Message| {
        matches!(m.kind, Kind::Response { status, .. } if status >= 200)
            && m.exchange == to.exchange
            && same_stream(m, to)
    };
    messages.iter().find(is).unwrap()
}

fn same_stream(one: &Message, other: &Message) -> bool {
    let stream = |m: &Message| match m.place {
        Place::Frames { stream, .. } => stream,
        Place::Entry { .. } => unreachable!(),
    };
    stream(one) == stream(other)
}

#[test]
fn requests_and_statuses_are_those_that_tshark_reads() {
    for (name, in_tunnels) in [("h2-nginx", 0), ("grpc", 0), ("h2-node", 1)] {
        let (messages, lines) = (messages(name), tshark(name));
        let h2 = |m: &&Message| matches!(m.protocol, Protocol::Http2 | Protocol::Grpc);
        let mut ours: Vec<_> = messages.iter().filter(h2).collect();
        ours.sort_by_key(|m| first_frame(m));
        let mut requests: Vec<(String, String)> = Vec::new();
        let mut statuses = Vec::new();
        for message in &ours {
            match &message.kind {
                Kind::Request { method, target } => requests.push((method.clone(), target.clone())),
                Kind::Response { status, .. } => statuses.push(status.to_string()),
                other => panic!("{name}: {other:?}"),
            }
        }
        let sorted = |mut values: Vec<String>| {
            values.sort();
            values
        };
        assert_eq!(sorted(requests.iter().map(|r| r.0.clone()).collect()), sorted(column(&lines, 4)), "{name}");
        // tshark gives a CONNECT no path, and we its authority.
        let paths = requests.iter().filter(|r| !r.1.ends_with(":80")).map(|r| r.1.clone()).collect();
        assert_eq!(sorted(paths), sorted(column(&lines, 5)), "{name}");
        assert_eq!(sorted(statuses), sorted(column(&lines, 7)), "{name}");
        let hosts = column(&lines, 6).iter().map(|host| host.split(':').next().unwrap().to_owned()).collect();
        let ours = ours.iter().filter(|m| matches!(m.kind, Kind::Request { .. })).map(|m| m.host.clone().unwrap());
        assert_eq!(sorted(ours.collect()), sorted(hosts), "{name}");
        let others = messages.iter().filter(|m| m.protocol == Protocol::Http11).count();
        assert_eq!(others, in_tunnels * 2, "{name}");
    }
}

#[test]
fn nginx_and_curl() {
    let messages = messages("h2-nginx");
    let bind = request(&messages, "/bind?x=1");
    assert_eq!(header(bind, "x-device"), Some(&b"3f2a"[..]));
    assert_eq!(header(bind, "cookie"), Some(&b"sid=1; theme=dark"[..]));
    assert_eq!(bind.headers.iter().filter(|(name, _)| name.starts_with(':')).count(), 0);
    let answer = response(&messages, bind);
    assert_eq!((&answer.body[..], answer.incomplete), (&b"{\"ok\":true}"[..], None));
    assert_eq!(answer.host.as_deref(), Some("api.example.com"));
    let post = request(&messages, "/bind");
    assert_eq!(&post.body[..], b"{\"imei\":\"867530900000017\",\"n\":1}");
    assert_eq!(post.body_sha256, sha256_hex(b"{\"imei\":\"867530900000017\",\"n\":1}"));
    let numbers: String = (1..=2000).map(|n| format!("{n}\n")).collect();
    let answer = response(&messages, request(&messages, "/numbers.txt"));
    assert_eq!(answer.body_sha256, sha256_hex(numbers.as_bytes()));
    let head = response(&messages, request(&messages, "/page.html"));
    assert_eq!((head.body_len, header(head, "content-length")), (0, Some(&b"4000"[..])));
    assert!(matches!(&head.kind, Kind::Response { status: 200, method: Some(method) } if method == "HEAD"));
    assert!(messages.iter().all(|m| m.incomplete.is_none() && !m.doubtful));
}

#[test]
fn an_upgraded_connection_answers_its_first_request() {
    let messages = messages("h2-upgrade");
    for path in ["/first", "/second"] {
        let request = request(&messages, path);
        assert_eq!((request.protocol, request.host.as_deref()), (Protocol::Http11, Some("up.example.com")));
        let answer = response(&messages, request);
        assert_eq!(answer.protocol, Protocol::Http2);
        assert_eq!(&answer.body[..], b"to the upgraded request");
        assert_eq!(header(answer, "x-answer"), Some(&b"1"[..]));
        assert_eq!(answer.host.as_deref(), Some("up.example.com"));
    }
}

#[test]
fn padding_pushes_trailers_resets_and_tunnels_of_node() {
    let messages = messages("h2-node");
    let early = request(&messages, "/early");
    let interim = messages.iter().find(|m| matches!(m.kind, Kind::Response { status: 103, .. })).unwrap();
    assert_eq!(interim.exchange, early.exchange);
    assert_eq!(&response(&messages, early).body[..], b"early");

    let pushed = request(&messages, "/pushed.css");
    assert_eq!((pushed.direction, pushed.host.as_deref()), (Direction::Received, Some("node.example.com")));
    assert_eq!(&response(&messages, pushed).body[..], b"body{}");

    let given_up = response(&messages, request(&messages, "/reset"));
    // Node ends the stream before it resets it: tshark shows the flag.
    assert_eq!((&given_up.body[..], given_up.incomplete), (&b"partly"[..], None));
    let cancelled = response(&messages, request(&messages, "/endless"));
    assert_eq!((&cancelled.body[..], cancelled.incomplete.is_some()), (&b"begun"[..], true));

    for (path, letter) in [("/upload/a", "a"), ("/upload/b", "b")] {
        let upload = request(&messages, path);
        assert_eq!(upload.body_sha256, sha256_hex(letter.repeat(500 + 501 + 502 + 503).as_bytes()));
        assert!(upload.place.ordinal() > 0 && upload.incomplete.is_none());
        let answer = response(&messages, upload);
        assert_eq!(&answer.body[..], b"got 2006");
        assert_eq!(header(answer, "x-checksum"), Some(&b"2006"[..]));
    }
    assert_eq!(header(request(&messages, "/long"), "x-long").unwrap(), "l".repeat(20000).as_bytes());

    let inside = request(&messages, "/in/tunnel");
    assert_eq!((inside.protocol, inside.host.as_deref()), (Protocol::Http11, Some("inside.example.com")));
    assert_eq!(&response(&messages, inside).body[..], b"inside");

    let chat: Vec<_> = messages.iter().filter(|m| m.protocol == Protocol::WebSocket).collect();
    assert_eq!(chat.len(), 2);
    for (message, (direction, text)) in
        chat.iter().zip([(Direction::Sent, "hello over h2"), (Direction::Received, "over two")])
    {
        assert_eq!((message.direction, &message.body[..]), (direction, text.as_bytes()));
        assert_eq!(message.host.as_deref(), Some("ws.example.com"));
        assert_eq!(message.kind, Kind::WebSocket { opcode: "text", target: Some("/chat?room=1".to_owned()) });
    }
}

#[test]
fn calls_of_grpc() {
    let messages = messages("grpc");
    assert!(messages.iter().all(|m| m.protocol == Protocol::Grpc && m.host.as_deref() == Some("grpc.example.com")));
    let bind = request(&messages, "/test.Push/Bind");
    // A byte that says whether it is compressed, four of length, the message.
    assert_eq!(&bind.body[..], b"\0\0\0\0\x11\x0a\x0f867530900000017");
    assert_eq!(header(bind, "x-app"), Some(&b"demo"[..]));
    let answer = response(&messages, bind);
    assert_eq!(&answer.body[..], b"\0\0\0\0\x04\x0a\x02ok");
    assert_eq!(header(answer, "grpc-status"), Some(&b"0"[..]));
    let chat = request(&messages, "/test.Push/Chat");
    assert_eq!(&chat.body[..], b"\0\0\0\0\x03one\0\0\0\0\x03two\0\0\0\0\x05three");
    let absent = response(&messages, request(&messages, "/test.Push/Absent"));
    assert_eq!(header(absent, "grpc-status"), Some(&b"12"[..]));
}

#[test]
fn messages_of_websockets() {
    let start = r#"{"imei":"867530900000017","event":"start"}"#;
    let stop = r#"{"imei":"867530900000017","event":"stop"}"#;
    let binary: Vec<u8> = (0..=255u8).cycle().take(768).collect();
    let long = "设备".repeat(700);
    let told: [(&str, &[u8]); 7] = [
        ("text", start.as_bytes()),
        ("text", start.as_bytes()),
        ("text", b""),
        ("text", long.as_bytes()),
        ("binary", &binary),
        ("text", b"fragmented"),
        ("text", stop.as_bytes()),
    ];
    for kind in ["takeover", "fresh", "plain"] {
        let name = format!("websocket-{kind}");
        let all = messages(&name);
        for direction in [Direction::Sent, Direction::Received] {
            let of = |m: &&Message| m.protocol == Protocol::WebSocket && m.direction == direction;
            let messages: Vec<_> = all.iter().filter(of).collect();
            let mut bodies: Vec<(&str, &[u8])> = Vec::new();
            for message in &messages {
                let Kind::WebSocket { opcode, target } = &message.kind else { panic!("{name}") };
                assert_eq!(target.as_deref(), Some(format!("/push/{kind}?app=1").as_str()));
                assert_eq!(message.host.as_deref(), Some("ws.example.com"));
                assert_eq!((message.incomplete, message.doubtful), (None, false), "{name}");
                if !matches!(*opcode, "ping" | "pong") {
                    bodies.push((opcode, &message.body));
                }
            }
            assert_eq!(bodies, told, "{name} {direction:?}");
            let control: Vec<&[u8]> = messages.iter().skip(told.len()).map(|m| &m.body[..]).collect();
            assert_eq!(control, [b"a ping with 24 bytes of x"], "{name}");
        }
        // Every message ends in a frame in which tshark sees the end of one.
        let ends: BTreeSet<u64> = tshark(&name).iter().map(|line| line[0].parse().unwrap()).collect();
        for message in all.iter().filter(|m| m.protocol == Protocol::WebSocket) {
            let Place::Frames { frames, .. } = &message.place else { unreachable!() };
            assert!(frames.iter().all(|frame| ends.contains(frame)), "{name} {frames:?}");
        }
    }
}

#[test]
fn packets_of_mqtt_are_those_that_tshark_reads() {
    const TYPES: [&str; 16] = [
        "",
        "CONNECT",
        "CONNACK",
        "PUBLISH",
        "PUBACK",
        "PUBREC",
        "PUBREL",
        "PUBCOMP",
        "SUBSCRIBE",
        "SUBACK",
        "UNSUBSCRIBE",
        "UNSUBACK",
        "PINGREQ",
        "PINGRESP",
        "DISCONNECT",
        "AUTH",
    ];
    for name in ["mqtt"] {
        let mut theirs: Vec<(u64, [String; 6])> = Vec::new();
        for line in tshark(name) {
            let kinds: Vec<&str> = line[2].split('|').collect();
            assert_eq!(kinds.len(), 1, "{name}: one packet in a frame");
            let first = |text: &str| text.split('|').next().unwrap_or_default().to_owned();
            let kind = TYPES[kinds[0].parse::<usize>().unwrap()].to_owned();
            let values = [kind, line[3].clone(), line[4].clone(), line[5].clone(), first(&line[6]), line[7].clone()];
            theirs.push((line[0].parse().unwrap(), values));
        }
        let mut ours: Vec<(u64, [String; 6])> = Vec::new();
        for message in messages(name).iter().filter(|m| m.protocol == Protocol::Mqtt) {
            let Kind::Request { method, target } = &message.kind else { panic!("{name}") };
            let text =
                |header_name| String::from_utf8_lossy(header(message, header_name).unwrap_or_default()).into_owned();
            let body = if method == "PUBLISH" { data_encoding::HEXLOWER.encode(&message.body) } else { String::new() };
            let values = [method.clone(), text("client-id"), text("user-name"), text("password"), target.clone(), body];
            ours.push((first_frame(message), values));
        }
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "{name}");
    }
}

#[test]
fn mqtt_in_a_websocket() {
    let messages = messages("mqtt-websocket");
    let of = |m: &&Message| m.protocol == Protocol::Mqtt;
    let packets: Vec<_> = messages.iter().filter(of).collect();
    let kinds: Vec<_> = packets.iter().map(|m| (m.direction, m.kind.clone(), m.host.as_deref())).collect();
    let is = |direction, method: &str, target: &str| {
        (direction, Kind::Request { method: method.to_owned(), target: target.to_owned() }, Some("127.0.0.1"))
    };
    let (sent, received) = (Direction::Sent, Direction::Received);
    let expected = [
        is(sent, "CONNECT", ""),
        is(received, "CONNACK", ""),
        is(sent, "SUBSCRIBE", "web/#"),
        is(received, "SUBACK", ""),
        is(sent, "PUBLISH", "web/device/867530900000017"),
        is(received, "PUBLISH", "web/device/867530900000017"),
        is(sent, "DISCONNECT", ""),
    ];
    assert_eq!(kinds, expected);
    let connect: Vec<_> = packets[0].headers.iter().map(|(name, value)| (name.as_str(), &value[..])).collect();
    assert_eq!(connect, [("client-id", &b"web-1"[..]), ("user-name", b"tester"), ("password", b"pa55")]);
    assert!([4, 5].iter().all(|&at| packets[at].body[..] == [b'x'; 300]));
    assert_eq!(messages.iter().filter(|m| m.protocol == Protocol::WebSocket).count(), 0);
}

#[test]
fn what_mqtt_packets_carry_besides() {
    let messages = messages("mqtt");
    let kind = |m: &Message| match &m.kind {
        Kind::Request { method, .. } => method.clone(),
        _ => String::new(),
    };
    let wills: Vec<_> = messages.iter().filter(|m| header(m, "will-topic").is_some()).collect();
    assert_eq!(wills.len(), 3);
    assert!(wills.iter().all(|m| header(m, "will-topic") == Some(b"dev/gone") && &m.body[..] == b"bye"));
    let property = messages.iter().filter(|m| header(m, "imei") == Some(b"867530900000017"));
    assert_eq!(property.clone().count(), 2, "published, and passed on to the subscriber");
    assert!(property.clone().all(|m| kind(m) == "PUBLISH" && header(m, "content-type") == Some(b"text/plain")));
    let subscribe = messages.iter().find(|m| kind(m) == "SUBSCRIBE").unwrap();
    let filters: Vec<_> = subscribe.headers.iter().map(|(name, value)| (name.as_str(), &value[..])).collect();
    assert_eq!(filters, [("topic-filter", &b"dev/+/up"[..]), ("topic-filter", b"news/#")]);
    let answer = messages.iter().find(|m| kind(m) == "SUBACK").unwrap();
    assert_eq!(answer.exchange, subscribe.exchange);
}

/// A small generator, so that the tests need no crate and repeat themselves.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // Marsaglia's xorshift64.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

#[test]
fn however_the_bytes_are_cut_the_messages_are_the_same() {
    for name in RECORDED {
        for stream in streams(name, &|_| false) {
            let whole = read(&stream, true, &mut || usize::MAX);
            assert_eq!(read(&stream, true, &mut || 1), whole, "{name}, byte by byte");
            for seed in 1..12 {
                let mut random = Random(seed * 7919);
                let longest = [2, 9, 10, 64, 1000][seed as usize % 5];
                assert_eq!(read(&stream, true, &mut || 1 + random.below(longest)), whole, "{name}, seed {seed}");
            }
        }
    }
}

#[test]
fn a_lost_packet_never_yields_a_wrong_host_or_request() {
    let mut intact_again = 0;
    for name in ["h2-nginx", "h2-node", "grpc", "h2-upgrade"] {
        let key = |m: &Message| match &m.kind {
            Kind::Request { method, target } => Some((method.clone(), target.clone(), m.host.clone())),
            _ => None,
        };
        let whole = messages(name);
        let known: BTreeSet<_> = whole.iter().filter_map(key).collect();
        let hosts: BTreeSet<_> = whole.iter().map(|m| m.host.clone()).collect();
        let last = whole.iter().flat_map(|m| match &m.place {
            Place::Frames { frames, .. } => frames.clone(),
            Place::Entry { .. } => Vec::new(),
        });
        for lost in 1..=last.max().unwrap() {
            let streams = streams(name, &|frame| frame == lost);
            let all: Vec<Message> = streams.iter().flat_map(|s| read(s, false, &mut || usize::MAX).0).collect();
            for message in &all {
                assert!(message.host.is_none() || hosts.contains(&message.host), "{name} without {lost}: {message:?}");
                if let Some((method, target, host)) = key(message) {
                    let fits = known.iter().any(|(m, t, h)| {
                        (method.is_empty() || *m == method)
                            && (target.is_empty() || *t == target)
                            && (host.is_none() || *h == host)
                    });
                    assert!(fits, "{name} without {lost}: {method} {target} {host:?}");
                    intact_again += usize::from(known.contains(&(method, target, host)));
                }
            }
        }
    }
    assert!(intact_again > 300, "{intact_again}");
}

#[test]
fn twenty_thousand_mutations_do_no_harm() {
    let names = ["h2-nginx", "h2-upgrade", "grpc", "websocket-takeover", "websocket-fresh", "mqtt", "mqtt-websocket"];
    let pool: Vec<Recorded> = names.iter().flat_map(|name| streams(name, &|_| false)).collect();
    let mut random = Random(20_251_125);
    let mut seen = 0usize;
    for _ in 0..20_000 {
        let stream = &pool[random.below(pool.len())];
        let mut steps = stream.steps.clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(steps.len());
            let time = Time(at as i64);
            match (random.below(8), &mut steps[at].1) {
                (0, step) => *step = Step::Gap(random.next() % 3000, time),
                (1, step) => *step = Step::End(random.next().is_multiple_of(2), time, 1),
                (2, Step::Data(bytes, ..)) => bytes.truncate(random.below(bytes.len())),
                (3, Step::Data(bytes, ..)) => {
                    let from = random.below(bytes.len());
                    let piece: Vec<u8> = bytes[from..].iter().take(40).copied().collect();
                    let to = random.below(bytes.len());
                    bytes.splice(to..to, piece);
                }
                (_, Step::Data(bytes, ..)) if !bytes.is_empty() => {
                    for _ in 0..1 + random.below(6) {
                        // More often near the front, where heads and framing are.
                        let reach = 1 << (3 + random.below(9));
                        let at = random.below(bytes.len().min(reach));
                        bytes[at] =
                            if random.below(2) == 0 { random.next() as u8 } else { bytes[at] ^ 1 << random.below(8) };
                    }
                }
                _ => {}
            }
        }
        let mutated = Recorded { id: stream.id, endpoints: stream.endpoints, tcp: TcpStream::new(), steps };
        let (messages, _) = read(&mutated, false, &mut || usize::MAX);
        seen += messages.len();
    }
    assert!(seen > 20_000, "{seen}");
}
