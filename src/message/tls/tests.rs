//! The captures that `tests/record-tls.sh` records, read as messages: the client says
//! two lines to a server that answers each backwards.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::capture::{Record, Source};
use crate::evidence::Gaps;
use crate::message::{Conversation, Item, Message, Options};
use crate::net::{Numbering, Slicer, TcpStream};
use crate::secure::KeyLog;

fn read(name: &str, with_keys: bool) -> (Vec<Message>, Vec<Gap>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls");
    let mut keys = KeyLog::new();
    if with_keys {
        keys.parse(&std::fs::read(folder.join(format!("{name}.keys"))).unwrap(), name);
    }
    let options = Options { keys: Arc::new(keys), hash_bodies: true, ..Options::default() };
    let source = Source::open(&folder.join(format!("{name}.pcap"))).unwrap();
    let mut packets = source.packets(0).unwrap();
    let (mut slicer, mut numbering, mut unread) = (Slicer::new(), Numbering::new(), Gaps::default());
    let mut streams: Vec<(TcpStream, Conversation)> = Vec::new();
    let (mut messages, mut gaps) = (Vec::new(), Vec::new());
    let mut sink = |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => gaps.push(gap),
    };
    while let Some(record) = packets.next() {
        let Record::Packet(packet) = record else { continue };
        let Some(segment) = slicer.slice(&packet, &mut unread) else { continue };
        let assigned = numbering.assign(&segment);
        if assigned.fresh {
            streams.push((TcpStream::new(), Conversation::new(assigned.id, assigned.endpoints, &options)));
        }
        let (tcp, conversation) = &mut streams[assigned.id.number as usize];
        tcp.push(assigned.direction, &segment, &mut |direction, chunk| conversation.push(direction, chunk, &mut sink));
    }
    for (tcp, conversation) in &mut streams {
        tcp.finish(&mut |direction, chunk| conversation.push(direction, chunk, &mut sink));
        conversation.finish(&mut sink);
    }
    (messages, gaps)
}

fn said(messages: &[Message], direction: Direction) -> String {
    let bodies = messages.iter().filter(|message| message.direction == direction).map(|message| &message.body[..]);
    String::from_utf8(bodies.collect::<Vec<_>>().concat()).unwrap()
}

#[test]
fn an_opened_stream_yields_what_was_said_in_it() {
    for name in ["tls12-aes128gcm", "tls13-aes256gcm", "tls13-chacha20"] {
        let (messages, _) = read(name, true);
        assert!(said(&messages, Direction::Sent).starts_with("first words of"), "{name}");
        let answer = said(&messages, Direction::Received);
        let answered: String = answer.lines().next().unwrap_or_default().chars().rev().collect();
        assert!(answered.starts_with("first words of"), "{name}: {answer}");
        assert!(
            messages.iter().all(|m| m.opened && m.wire == Wire::Encrypted && m.protocol == Protocol::Tcp),
            "{name}"
        );
        assert!(messages.iter().all(|m| m.sni.as_deref() == Some("api.example.com")), "{name}");
        let firsts: Vec<_> = messages.iter().map(|message| message.first).collect();
        assert!(firsts[0] && !firsts[1..].contains(&true), "{name}");
    }
    let (messages, _) = read("tls12-aes128gcm", true);
    assert_eq!(messages[0].alpn.as_deref(), Some("http/1.1"));
    assert_eq!(messages[0].certificate_names, ["api.example.com", "*.cdn.example.com"]);
}

#[test]
fn a_closed_stream_is_one_message_with_its_reason() {
    for (name, reason) in [
        ("tls12-aes128gcm", GapReason::NoKey),
        ("tls13-aes128gcm", GapReason::NoKey),
        ("tls13-refused", GapReason::Pinned),
    ] {
        let (messages, _) = read(name, false);
        let [closed] = &messages[..] else { panic!("{name}: {messages:?}") };
        assert_eq!((&closed.kind, closed.protocol), (&Kind::Closed { reason }, Protocol::Tls), "{name}");
        assert_eq!((closed.sni.as_deref(), closed.host.as_deref()), (Some("api.example.com"), None), "{name}");
        assert!(!closed.opened && closed.first && closed.wire_bytes > 200, "{name}");
    }
}

#[test]
fn older_suites_are_opened_as_the_newer_ones() {
    let (messages, _) = read("tls12-cbc", true);
    assert!(messages.iter().all(|m| m.opened), "{messages:?}");
    assert!(matches!(&messages[0].kind, Kind::Raw | Kind::Request { .. }), "{messages:?}");
}

/// The hellos of RFC 8448 §3, which agree on TLS_AES_128_GCM_SHA256.
const CLIENT_HELLO: &str = "16030100c4010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7000006130113031302\
    010000910000000b0009000006736572766572ff01000100000a00140012001d0017001800190100010101020103010400230000\
    003300260024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c002b0003020304000d00\
    20001e040305030603020308040805080604010501060102010402050206020202002d00020101001c00024001";
const SERVER_HELLO: &str = "160303005a020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e003300\
    24001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304";

/// A record of TLS 1.3 with application data, protected with a traffic secret of 32 times 0x11
/// (RFC 8446 §5.2, §7.3).
fn sealed(number: u64, content: &[u8]) -> Vec<u8> {
    let expand = |label: &[u8], length: usize| {
        let label = [b"tls13 ", label].concat();
        let info = [&[0, length as u8, label.len() as u8][..], &label, &[0]].concat();
        let mut out = vec![0; length];
        hkdf::Hkdf::<sha2::Sha256>::from_prk(&[0x11; 32]).unwrap().expand(&info, &mut out).unwrap();
        out
    };
    let key = ring::aead::UnboundKey::new(&ring::aead::AES_128_GCM, &expand(b"key", 16)).unwrap();
    let mut nonce: [u8; 12] = expand(b"iv", 12).try_into().unwrap();
    nonce.iter_mut().rev().zip(number.to_le_bytes()).for_each(|(byte, number)| *byte ^= number);
    let nonce = ring::aead::Nonce::assume_unique_for_key(nonce);
    let mut bytes = [content, &[23]].concat();
    let [high, low] = u16::try_from(bytes.len() + 16).unwrap().to_be_bytes();
    let header = [23, 3, 3, high, low];
    let aad = ring::aead::Aad::from(header);
    ring::aead::LessSafeKey::new(key).seal_in_place_append_tag(nonce, aad, &mut bytes).unwrap();
    [&header[..], &bytes].concat()
}

/// Reads what a client said in these records, of which number `damaged` has a hole of 100 bytes.
fn with_a_hole(records: &[Vec<u8>], damaged: usize) -> Vec<Message> {
    let log = format!(
        "CLIENT_TRAFFIC_SECRET_0 cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7 {}\n",
        "11".repeat(32)
    );
    let mut keys = KeyLog::new();
    keys.parse(log.as_bytes(), "test");
    let options = Options { keys: Arc::new(keys), ..Options::default() };
    let stream = crate::net::StreamId { input: 0, transport: crate::evidence::Transport::Tcp, number: 0 };
    let (client, server) = ("192.0.2.1:40000".parse().unwrap(), "198.51.100.7:443".parse().unwrap());
    let mut conversation = Conversation::new(stream, crate::net::Endpoints { client, server }, &options);
    let mut messages = Vec::new();
    let mut sink = |item| {
        if let Item::Message(message) = item {
            messages.push(*message);
        }
    };
    let mut push = |direction, bytes: &[u8]| {
        let chunk = Chunk::Data { bytes, time: Time(1), frames: &[1], conflict: false };
        conversation.push(direction, chunk, &mut sink);
    };
    let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    push(Direction::Sent, &hex(CLIENT_HELLO));
    push(Direction::Received, &hex(SERVER_HELLO));
    let sealed: Vec<Vec<u8>> = records.iter().enumerate().map(|(number, r)| sealed(number as u64, r)).collect();
    push(Direction::Sent, &sealed[..damaged].concat());
    push(Direction::Sent, &sealed[damaged][..200]);
    let gap = Chunk::Gap { length: 100, time: Time(1), reason: GapReason::LostPackets };
    conversation.push(Direction::Sent, gap, &mut sink);
    let rest = [&sealed[damaged][300..], &sealed[damaged + 1..].concat()].concat();
    let chunk = Chunk::Data { bytes: &rest, time: Time(1), frames: &[2], conflict: false };
    conversation.push(Direction::Sent, chunk, &mut sink);
    conversation.finish(&mut sink);
    messages
}

/// A hole costs the whole record that it lies in, and its length says nothing of how much was in
/// that: what follows must not be counted off by it.
#[test]
fn the_request_behind_a_damaged_record_is_read() {
    let head = b"POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3000\r\n\r\n";
    let next = b"POST /b HTTP/1.1\r\nHost: b.example\r\nContent-Length: 5\r\n\r\nvalue";
    let messages =
        with_a_hole(&[[&head[..], &[b'x'; 1000]].concat(), vec![b'y'; 1000], vec![b'z'; 1000], next.to_vec()], 1);
    let last = messages.iter().rfind(|message| message.opened).unwrap();
    let target = |message: &Message| match &message.kind {
        Kind::Request { target, .. } => target.clone(),
        _ => String::new(),
    };
    assert_eq!((target(last).as_str(), last.host.as_deref(), &last.body[..]), ("/b", Some("b.example"), &b"value"[..]));
    assert_eq!((target(&messages[0]).as_str(), messages[0].incomplete), ("/a", Some(GapReason::LostPackets)));
}

/// The same of HTTP/2, where lost framing would swallow all that follows, and entries of the
/// header table may have been in the hole.
#[test]
fn the_requests_of_http_2_behind_a_damaged_record_are_read() {
    let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let [_, length @ ..] = (payload.len() as u32).to_be_bytes();
        [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    };
    // POST, http, a path, and an authority that enters the table.
    let head = |stream: u32, path: &str, host: &str| {
        let block =
            [&[0x83, 0x86, 0x04, path.len() as u8], path.as_bytes(), &[0x41, host.len() as u8], host.as_bytes()];
        frame(1, 4, stream, &block.concat())
    };
    let body = |stream: u32, end: u8, byte: u8| frame(0, end, stream, &[byte; 1500]);
    let start = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(4, 0, 0, &[])[..], &head(1, "/a", "a.example")].concat();
    let long = body(1, 1, b'x');
    let hidden = [&long[1000..], &head(3, "/b", "b.example"), &body(3, 1, b'y')].concat();
    let rest = [head(5, "/c", "c.example"), body(5, 1, b'z'), head(7, "/d", "d.example"), body(7, 1, b'z')].concat();
    let messages = with_a_hole(&[[&start, &long[..1000]].concat(), hidden, rest], 1);
    let seen: Vec<_> = messages
        .iter()
        .filter_map(|message| match &message.kind {
            Kind::Request { target, .. } => Some((target.as_str(), message.host.as_deref(), message.body_len)),
            _ => None,
        })
        .collect();
    // The first one is over last: what is missing of it may still come.
    let expected = [("/c", Some("c.example"), 1500), ("/d", Some("d.example"), 1500), ("/a", Some("a.example"), 991)];
    assert_eq!(seen, expected);
}

/// What was captured of a damaged record was sent and is not read: it counts as that.
#[test]
fn what_is_left_of_a_damaged_record_is_weighed_as_closed() {
    for damaged in [0, 1] {
        let messages = with_a_hole(&[vec![b'x'; 1000], vec![b'y'; 1000], vec![b'z'; 1000]], damaged);
        let lost: u64 = messages.iter().map(|message| message.lost_bytes).sum();
        let closed: Vec<_> = messages.iter().filter(|m| matches!(m.kind, Kind::Closed { .. })).collect();
        let [closed] = closed[..] else { panic!("{messages:#?}") };
        // The record has a byte of type, a tag and a header.
        assert_eq!((closed.wire_bytes, lost), (1000 + 17 + 5 - 100, 100), "{damaged}");
        assert_eq!(closed.kind, Kind::Closed { reason: GapReason::LostPackets });
        assert_eq!(messages.iter().filter(|m| m.kind == Kind::Raw).map(|m| m.body_len).sum::<u64>(), 2000);
    }
}
