use std::sync::Arc;

use super::*;
use crate::evidence::{Time, Transport};
use crate::message::{Conversation, Item, Message, Options};
use crate::net::{Endpoints, StreamId};

fn read(steps: &[(Direction, &[u8], u64)]) -> (Vec<Message>, Vec<Gap>) {
    let id = StreamId { input: 0, transport: Transport::Tcp, number: 0 };
    let endpoints =
        Endpoints { client: "192.0.2.1:40000".parse().unwrap(), server: "198.51.100.7:1883".parse().unwrap() };
    let options = Options { keys: Arc::default(), hash_bodies: true, ..Options::default() };
    let mut conversation = Conversation::new(id, endpoints, &options);
    let (mut messages, mut gaps) = (Vec::new(), Vec::new());
    let mut sink = |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => gaps.push(gap),
    };
    for (direction, bytes, hole) in steps {
        if *hole > 0 {
            conversation.push(
                *direction,
                Chunk::Gap { length: *hole, time: Time(0), reason: GapReason::LostPackets },
                &mut sink,
            );
        }
        let chunk = Chunk::Data { bytes, time: Time(0), frames: &[1], conflict: false };
        conversation.push(*direction, chunk, &mut sink);
    }
    conversation.finish(&mut sink);
    (messages, gaps)
}

/// A packet with its length.
fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut left = body.len();
    loop {
        let low = (left & 0x7f) as u8;
        left >>= 7;
        bytes.push(if left > 0 { low | 0x80 } else { low });
        if left == 0 {
            break;
        }
    }
    bytes.extend(body);
    bytes
}

fn connect(level: u8) -> Vec<u8> {
    let mut body = b"\0\x04MQTT".to_vec();
    body.extend([level, 0x02, 0, 60]);
    if level == 5 {
        body.push(0);
    }
    body.extend(b"\0\x02id");
    packet(0x10, &body)
}

fn shape(message: &Message) -> (String, String) {
    match &message.kind {
        Kind::Request { method, target } => (method.clone(), target.clone()),
        other => (format!("{other:?}"), String::new()),
    }
}

#[test]
fn a_connect_is_told_by_its_first_bytes() {
    assert_eq!(begins(b""), None);
    assert_eq!(begins(b"\x10"), None);
    assert_eq!(begins(b"\x10\x0c\0\x04MQ"), None);
    assert_eq!(begins(&connect(4)), Some(true));
    assert_eq!(begins(b"\x10\x80\x01\0\x06MQIsdp\x03"), Some(true));
    assert_eq!(begins(b"\x10\xff\xff\xff\xff\x7f\0\x04MQTT"), Some(false), "five bytes of length");
    assert_eq!(begins(b"\x10\x02\0\x04MQTT"), Some(false), "shorter than its name");
    assert_eq!(begins(b"\x10\x10GET /"), Some(false));
}

#[test]
fn an_alias_stands_for_its_topic() {
    let named = packet(0x30, b"\0\x05dev/1\x03\x23\0\x07first");
    let aliased = packet(0x30, b"\0\0\x03\x23\0\x07second");
    let unknown = packet(0x30, b"\0\0\x03\x23\0\x08third");
    let stream = [connect(5), named, aliased, unknown].concat();
    let (messages, gaps) = read(&[(Direction::Sent, &stream, 0)]);
    let seen: Vec<_> = messages.iter().map(|m| (shape(m).1, m.body.clone())).collect();
    let expected = [("", ""), ("dev/1", "first"), ("dev/1", "second"), ("", "third")];
    assert_eq!(seen, expected.map(|(topic, body)| (topic.to_owned(), body.into())));
    assert!(gaps.is_empty());
}

#[test]
fn a_long_message_is_read_as_it_comes_and_survives_a_hole() {
    let mut body = b"\0\x03a/b".to_vec();
    body.extend(vec![b'x'; 2 << 20]);
    let long = packet(0x30, &body);
    let stream = [connect(4), long, packet(0x30, b"\0\x01tafter")].concat();
    let (messages, _) = read(&[(Direction::Sent, &stream, 0)]);
    let sizes: Vec<_> = messages.iter().map(|m| (shape(m).1, m.body_len)).collect();
    assert_eq!(sizes, [(String::new(), 0), ("a/b".to_owned(), 2 << 20), ("t".to_owned(), 5)]);
    let (messages, _) =
        read(&[(Direction::Sent, &stream[..1_000_000], 0), (Direction::Sent, &stream[1_000_500..], 500)]);
    let [_, cut, rest, after] = &messages[..] else { panic!("{}", messages.len()) };
    assert_eq!(cut.body_len + rest.body_len, (2 << 20) - 500);
    assert!(cut.incomplete.is_some() && rest.incomplete.is_some() && rest.doubtful);
    assert_eq!(shape(after).1, "t");
}

#[test]
fn a_packet_that_is_wrong_inside_is_searched_as_it_is() {
    let wrong = packet(0x82, b"\0\x01\0\x50short");
    let stream = [connect(4), wrong, packet(0xc0, b"")].concat();
    let (messages, _) = read(&[(Direction::Sent, &stream, 0), (Direction::Received, &packet(0xd0, b""), 0)]);
    let [_, wrong, ping, pong] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!((shape(wrong).0.as_str(), wrong.incomplete), ("SUBSCRIBE", Some(GapReason::Undecodable)));
    assert_eq!(&wrong.body[..], b"\0\x01\0\x50short");
    assert_eq!((shape(ping).0.as_str(), shape(pong).0.as_str()), ("PINGREQ", "PINGRESP"));
    assert_eq!(ping.exchange, pong.exchange);
}

#[test]
fn behind_a_hole_the_direction_is_raw() {
    let (messages, gaps) = read(&[(Direction::Sent, &connect(4), 0), (Direction::Sent, b"\0\x01\x30\x04", 9)]);
    assert_eq!((messages[1].protocol, messages[1].doubtful), (Protocol::Tcp, true));
    assert!(gaps.iter().any(|gap| gap.detail.contains("MQTT")));
}
