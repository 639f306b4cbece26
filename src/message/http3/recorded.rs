//! Captures of aioquic and Chromium (`tests/data/h3`), held against what client and server
//! say they sent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::Http3;
use crate::capture::{Record, Source};
use crate::evidence::{Direction, Gap, GapReason, Gaps, Place};
use crate::message::draft::{Context, Out};
use crate::message::feed::{Held, Step};
use crate::message::{Datagram, Datagrams, Item, Kind, Message, Options, Protocol};
use crate::net::{Endpoints, Numbering, Slicer, StreamId};
use crate::secure::KeyLog;
use crate::secure::quic::{Connection, Item as QuicItem};

const RECORDED: [&str; 5] = ["requests", "push", "grpc", "websocket", "chromium"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/h3")
}

fn keys(name: &str) -> Arc<KeyLog> {
    let path = folder().join(name).with_extension("keys");
    let mut keys = KeyLog::new();
    keys.parse(&std::fs::read(&path).unwrap(), name);
    Arc::new(keys)
}

/// Hands the datagrams of a capture on, without the frames that `lost` names.
fn datagrams(
    name: &str,
    lost: &dyn Fn(u64) -> bool,
    see: &mut dyn FnMut(StreamId, Endpoints, Direction, Datagram<'_>),
) {
    let source = Source::open(&folder().join(name).with_extension("pcap")).unwrap();
    let mut packets = source.packets(0).unwrap();
    let (mut slicer, mut numbering, mut gaps) = (Slicer::new(), Numbering::new(), Gaps::default());
    while let Some(record) = packets.next() {
        let Record::Packet(packet) = record else { continue };
        let Some(segment) = slicer.slice(&packet, &mut gaps) else { continue };
        let assigned = numbering.assign(&segment);
        if !lost(segment.frame) {
            let (bytes, time, frames) = (segment.payload, segment.time, segment.frames);
            see(assigned.id, assigned.endpoints, assigned.direction, Datagram { bytes, missing: 0, time, frames });
        }
    }
}

fn read(name: &str, lost: &dyn Fn(u64) -> bool) -> (Vec<Message>, Vec<Gap>) {
    let options = Options { keys: keys(name), hash_bodies: true, ..Options::default() };
    let (mut messages, mut gaps) = (Vec::new(), Vec::new());
    let mut sink = |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => gaps.push(gap),
    };
    let mut streams = BTreeMap::new();
    datagrams(name, lost, &mut |id, endpoints, direction, datagram| {
        let stream = streams.entry(id).or_insert_with(|| Datagrams::new(id, endpoints, &options));
        stream.push(direction, datagram, &mut sink);
    });
    streams.values_mut().for_each(|stream| stream.finish(&mut sink));
    (messages, gaps)
}

/// A message in words: what makes it the one it is.
fn words(direction: &str, first: &str, host: &str, headers: &[(String, String)], length: u64, sha256: &str) -> String {
    format!("{direction} {first} {host} {headers:?} {length} {sha256}")
}

fn pairs(fields: &Value) -> Vec<(String, String)> {
    serde_json::from_value(fields.clone()).unwrap()
}

/// What the ends say: the messages of each exchange, and all exchanges, sorted.
fn truth(name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(folder().join(name).with_extension("json")).unwrap();
    let said: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut exchanges: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let host = |fields: &[(String, String)]| {
        let authority = fields.iter().find(|(name, _)| name == ":authority");
        authority.map(|(_, value)| value.split(':').next().unwrap().to_owned())
    };
    let mut hosts: BTreeMap<String, String> = BTreeMap::new();
    let of = |message: &Value| match message.get("promised").or(message.get("push")) {
        Some(push) => format!("push {push}"),
        None => format!("stream {}", message["stream"]),
    };
    for message in &said {
        if let Some(host) = host(&pairs(&message["headers"])) {
            hosts.insert(of(message), host);
        }
    }
    for message in &said {
        let mut fields = pairs(&message["headers"]);
        let mut pseudo = |name: &str| {
            let at = fields.iter().position(|(known, _)| known == name)?;
            Some(fields.remove(at).1)
        };
        let first = match (pseudo(":method"), pseudo(":path"), pseudo(":status")) {
            (Some(method), Some(path), None) => format!("{method} {path}"),
            (None, None, Some(status)) => status,
            other => panic!("{other:?}"),
        };
        pseudo(":authority");
        pseudo(":scheme");
        fields.extend(pairs(&message["trailers"]));
        let (direction, sha256) = (message["direction"].as_str().unwrap(), message["sha256"].as_str().unwrap());
        let (mut length, mut sha256) = (message["length"].as_u64().unwrap(), sha256);
        if name == "websocket" && direction == "received" {
            // What the client saw as a body are the frames of the tunnel.
            (length, sha256) = (0, EMPTY);
        }
        let words = words(direction, &first, &hosts[&of(message)], &fields, length, sha256);
        exchanges.entry(of(message)).or_default().push(words);
    }
    sorted(exchanges.into_values())
}

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn sorted(exchanges: impl Iterator<Item = Vec<String>>) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = exchanges.collect();
    all.iter_mut().for_each(|exchange| exchange.sort());
    all.sort();
    all
}

fn first_words(message: &Message) -> Option<String> {
    match &message.kind {
        Kind::Request { method, target } => Some(format!("{method} {target}")),
        Kind::Response { status, .. } => Some(status.to_string()),
        _ => None,
    }
}

fn headers(message: &Message) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
    message.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

fn in_words(message: &Message) -> Option<String> {
    let direction = if message.direction == Direction::Sent { "sent" } else { "received" };
    let host = message.host.as_deref().unwrap_or("?");
    let first = first_words(message)?;
    Some(words(direction, &first, host, &headers(message), message.body_len, &message.body_sha256))
}

fn exchanges(messages: &[Message]) -> Vec<Vec<String>> {
    let mut exchanges: BTreeMap<Option<u32>, Vec<String>> = BTreeMap::new();
    for message in messages {
        if let Some(words) = in_words(message) {
            exchanges.entry(message.exchange).or_default().push(words);
        }
    }
    sorted(exchanges.into_values())
}

fn frames(message: &Message) -> &[u64] {
    match &message.place {
        Place::Frames { frames, .. } => frames,
        Place::Entry { .. } => &[],
    }
}

#[test]
fn messages_are_those_that_client_and_server_sent() {
    for name in RECORDED {
        let (messages, gaps) = read(name, &|_| false);
        assert_eq!(exchanges(&messages), truth(name), "{name}");
        let expected = if name == "requests" { 1 } else { 0 };
        assert_eq!(gaps.len(), expected, "{name}: {gaps:?}");
        assert!(messages.iter().all(|m| m.incomplete.is_none() && !m.doubtful && m.opened && !frames(m).is_empty()));
        let first = &messages[0];
        assert_eq!((first.sni.as_deref(), first.alpn.as_deref()), (Some("h3.example.com"), Some("h3")));
        assert!(messages.iter().filter(|m| m.first).count() == 1 && first.first);
    }
}

#[test]
fn kinds_of_messages_have_their_protocols() {
    let protocols = |name| read(name, &|_| false).0.iter().map(|m| m.protocol).collect::<BTreeSet<_>>();
    assert_eq!(protocols("grpc"), [Protocol::Grpc].into());
    assert_eq!(protocols("chromium"), [Protocol::Http3].into());
    assert_eq!(protocols("websocket"), [Protocol::Http3, Protocol::WebSocket].into());
    let (messages, gaps) = read("requests", &|_| false);
    // The stream that nobody has registered comes out as it is; the reserved one does not.
    let others: Vec<_> = messages.iter().filter(|m| m.protocol != Protocol::Http3).collect();
    assert_eq!(others.len(), 1);
    assert_eq!((&others[0].body[..], &others[0].kind), (&b"words of a stream nobody knows"[..], &Kind::Raw));
    assert!(gaps[0].detail.contains("no known protocol"));
}

#[test]
fn frames_of_a_websocket_are_messages() {
    let (messages, _) = read("websocket", &|_| false);
    let texts = messages.iter().filter(|m| m.protocol == Protocol::WebSocket);
    let texts: Vec<_> = texts.map(|m| (m.direction, m.body.to_vec(), m.host.as_deref().unwrap())).collect();
    let (hello, numbers) = (b"hello over h3".to_vec(), (0..40).collect::<Vec<u8>>());
    let expected = [(Direction::Sent, &hello), (Direction::Received, &hello), (Direction::Sent, &numbers)];
    let expected = expected.into_iter().chain([(Direction::Received, &numbers)]);
    assert_eq!(texts, expected.map(|(d, body)| (d, body.clone(), "h3.example.com")).collect::<Vec<_>>());
}

#[test]
fn without_keys_a_connection_is_one_closed_message() {
    let options = Options { keys: Arc::default(), hash_bodies: true, ..Options::default() };
    let mut messages = Vec::new();
    let mut sink = |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => panic!("{gap:?}"),
    };
    let mut stream = None;
    datagrams("grpc", &|_| false, &mut |id, endpoints, direction, datagram| {
        let stream = stream.get_or_insert_with(|| Datagrams::new(id, endpoints, &options));
        stream.push(direction, datagram, &mut sink);
    });
    stream.unwrap().finish(&mut sink);
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(message.kind, Kind::Closed { reason: crate::evidence::GapReason::QuicNoKey });
    assert_eq!((message.protocol, message.sni.as_deref()), (Protocol::Quic, Some("h3.example.com")));
}

#[test]
fn dns_over_quic_is_dns() {
    let (messages, gaps) = read("doq", &|_| false);
    assert!(gaps.is_empty() && messages[0].alpn.as_deref() == Some("doq"), "{gaps:?}");
    let read = messages.iter().map(|m| match &m.kind {
        Kind::Dns(dns) => (m.direction, dns.names.clone(), dns.answers.iter().map(|a| a.2.clone()).collect()),
        other => panic!("{other:?}"),
    });
    let of = |name: &str| vec![format!("{name}.example.com")];
    let answer = || vec!["192.0.2.80".to_owned()];
    let expected = [
        (Direction::Sent, of("one"), vec![]),
        (Direction::Received, of("one"), answer()),
        (Direction::Sent, of("two"), vec![]),
        (Direction::Received, of("two"), answer()),
    ];
    assert_eq!(read.collect::<Vec<_>>(), expected);
}

/// Whatever packet is lost, no message has a host, a target or a field that was not sent
/// so; and messages of which nothing is missing come out.
#[test]
fn a_lost_packet_makes_nothing_up() {
    let (mut lost_none, mut intact) = (0, 0);
    for name in RECORDED {
        let (whole, _) = read(name, &|_| false);
        let known: Vec<(String, Vec<(String, String)>)> =
            whole.iter().filter_map(|m| Some((first_words(m)?, headers(m)))).collect();
        let last = whole.iter().flat_map(frames).copied().max().unwrap();
        for lost in 1..=last {
            let (messages, _) = read(name, &|frame| frame == lost);
            if messages.iter().all(|m| !m.opened) {
                // A hello is gone.
                continue;
            }
            for message in &messages {
                assert!(
                    message.host.as_deref().is_none_or(|host| host == "h3.example.com"),
                    "{name} {lost}: {message:?}"
                );
                let Some(first) = first_words(message) else { continue };
                let mut fields = headers(message);
                fields.retain(|(name, _)| !name.is_empty());
                let fits = known.iter().any(|(known, of)| {
                    let same = *known == first || first.starts_with(' ') || first.ends_with(' ') || first == "0";
                    same && fields.iter().all(|field| of.contains(field))
                });
                assert!(fits, "{name} without {lost}: {first} {fields:?}");
            }
            let untouched = whole.iter().filter(|m| m.kind != Kind::Raw && !frames(m).contains(&lost));
            for message in untouched.filter_map(in_words) {
                lost_none += 1;
                intact += usize::from(messages.iter().filter_map(in_words).any(|words| words == message));
            }
        }
    }
    // What is not intact has fields out of a table that the lost packet filled.
    assert!(intact * 10 > lost_none * 9, "{intact} of {lost_none}");
}

/// A step of a stream, as the connection hands it on.
type Steps = Vec<(u64, Direction, Step)>;

fn steps(name: &str) -> Steps {
    let mut steps = Vec::new();
    let mut connection = Connection::new(keys(name));
    let mut take = |item: QuicItem<'_>| {
        if let QuicItem::Stream { id, direction, chunk } = item {
            steps.push((id, direction, Step::of(chunk)));
        }
    };
    datagrams(name, &|_| false, &mut |_, _, direction, datagram| {
        connection.datagram(direction, datagram.bytes, datagram.time, datagram.frames, &mut take);
    });
    connection.finish(&mut take);
    steps
}

/// The messages of these steps, how many gaps, and whether anything ever waited.
fn follow(steps: &Steps) -> (Vec<Message>, usize, bool) {
    let id = StreamId { input: 0, transport: crate::evidence::Transport::Udp, number: 0 };
    let endpoints = Endpoints { client: "192.0.2.1:4000".parse().unwrap(), server: "192.0.2.2:443".parse().unwrap() };
    let mut context =
        Context::new(id, endpoints, &Options { keys: Arc::default(), hash_bodies: true, ..Options::default() });
    let (mut messages, mut gaps, mut exchange, mut waited) = (Vec::new(), 0, 0, false);
    let mut http3 = Http3::default();
    let mut sink = |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(_) => gaps += 1,
    };
    let legs = crate::message::legs::Legs::new(id);
    let mut out = Out { sink: &mut sink, exchange: &mut exchange, legs: &legs };
    for (id, direction, step) in steps {
        http3.push(*id, *direction, step.chunk(), &mut context, &mut out);
        waited |= !http3.blocked.is_empty();
        let held: usize = http3.exchanges.values().map(|e| e.held()).sum();
        let kept: usize = http3.exchanges.values().map(|e| e.kept()).sum();
        assert_eq!((http3.held, http3.kept), (held, kept), "the books are right");
    }
    http3.finish(&mut context, &mut out);
    (messages, gaps, waited)
}

/// A small generator, so that the tests need no crate and repeat themselves.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        // Marsaglia's xorshift64.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

#[test]
fn streams_may_come_in_any_order() {
    let (mut waited, mut random) = (0, Random(7919));
    for name in RECORDED {
        let mut queues: BTreeMap<u64, VecDeque<(Direction, Step)>> = BTreeMap::new();
        for (id, direction, step) in steps(name) {
            queues.entry(id).or_default().push_back((direction, step));
        }
        for _ in 0..60 {
            let mut left: Vec<(u64, VecDeque<&(Direction, Step)>)> =
                queues.iter().map(|(id, queue)| (*id, queue.iter().collect())).collect();
            let mut shuffled = Vec::new();
            while !left.is_empty() {
                let at = random.below(left.len());
                // A few steps of one stream, then of another.
                for _ in 0..1 + random.below(4) {
                    if let Some((direction, step)) = left[at].1.pop_front() {
                        shuffled.push((left[at].0, *direction, Step::of(step.chunk())));
                    }
                }
                left.retain(|(_, queue)| !queue.is_empty());
            }
            let (messages, _, has_waited) = follow(&shuffled);
            waited += usize::from(has_waited);
            assert_eq!(exchanges(&messages), truth(name), "{name}");
        }
    }
    assert!(waited > 100, "{waited}");
}

/// In pieces of at most `longest` bytes.
fn cut(steps: &Steps, longest: &mut dyn FnMut() -> usize) -> Steps {
    let mut cut = Vec::new();
    for (id, direction, step) in steps {
        let Step::Data(held) = step else {
            cut.push((*id, *direction, Step::of(step.chunk())));
            continue;
        };
        let mut rest = held.bytes.clone();
        while !rest.is_empty() {
            let bytes = rest.split_to(longest().clamp(1, rest.len()));
            cut.push((*id, *direction, Step::Data(Held { bytes, ..held.clone() })));
        }
    }
    cut
}

#[test]
fn however_the_bytes_are_cut_the_messages_are_the_same() {
    let mut random = Random(99);
    for name in RECORDED {
        let steps = steps(name);
        let (whole, _, _) = follow(&steps);
        assert_eq!(follow(&cut(&steps, &mut || 1)).0, whole, "{name}, byte by byte");
        for _ in 0..5 {
            assert_eq!(follow(&cut(&steps, &mut || 1 + random.below(60))).0, whole, "{name}");
        }
    }
}

#[test]
fn five_thousand_mutations_do_no_harm() {
    let pool: Vec<Steps> = RECORDED.iter().map(|name| steps(name)).collect();
    let mut random = Random(20_251_125);
    let mut seen = 0usize;
    for _ in 0..5_000 {
        let original = &pool[random.below(pool.len())];
        let mut steps: Steps = original.iter().map(|(id, d, step)| (*id, *d, Step::of(step.chunk()))).collect();
        for _ in 0..1 + random.below(6) {
            let at = random.below(steps.len());
            let (id, direction, step) = &mut steps[at];
            match (random.below(8), &mut *step) {
                (0, _) => {
                    *step = Step::Gap {
                        length: random.below(300) as u64,
                        time: crate::evidence::Time(0),
                        reason: GapReason::LostPackets,
                    }
                }
                (1, _) => *id = random.below(40) as u64,
                (2, _) => *step = Step::End { reset: random.below(2) == 0, time: crate::evidence::Time(0), frame: 1 },
                (3, _) => *direction = direction.reverse(),
                (4, _) => drop(steps.remove(at)),
                (_, Step::Data(held)) => {
                    let mut bytes = held.bytes.to_vec();
                    let place = random.below(bytes.len().min(40));
                    match random.below(3) {
                        0 => bytes[place] = random.below(256) as u8,
                        1 => bytes[place] ^= 1 << random.below(8),
                        _ => bytes.insert(place, random.below(256) as u8),
                    }
                    held.bytes = bytes.into();
                }
                _ => {}
            }
            if steps.is_empty() {
                break;
            }
        }
        let sent: usize = steps.iter().map(|(_, _, step)| step.cost()).sum();
        let (messages, _, _) = follow(&steps);
        let size: usize = messages.iter().map(|m| m.body.len()).sum();
        assert!(size <= sent && messages.len() <= 3 * steps.len() + 20, "{} of {}", size, sent);
        seen += messages.len();
    }
    assert!(seen > 50_000, "{seen}");
}
