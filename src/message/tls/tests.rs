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
