use std::sync::Arc;

use crate::evidence::{Direction, Gap, GapReason, Time, Transport};
use crate::message::{Conversation, Item, Kind, Message, Options, Protocol};
use crate::net::{Chunk, Endpoints, StreamId};

/// Reads a connection that was upgraded with these extensions; `None` in `frames` is a hole of so many bytes.
fn read(extensions: &str, direction: Direction, frames: &[(&[u8], u64)]) -> (Vec<Message>, Vec<Gap>) {
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
    let ask = "GET /ws?a=1 HTTP/1.1\r\nHost: ws.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: {extensions}\r\n\r\n"
    );
    let data = |bytes, frame| Chunk::Data { bytes, time: Time(0), frames: frame, conflict: false };
    conversation.push(Direction::Sent, data(ask.as_bytes(), &[1]), &mut sink);
    conversation.push(Direction::Received, data(answer.as_bytes(), &[2]), &mut sink);
    for (bytes, hole) in frames {
        if *hole > 0 {
            conversation.push(
                direction,
                Chunk::Gap { length: *hole, time: Time(0), reason: GapReason::LostPackets },
                &mut sink,
            );
        }
        conversation.push(direction, data(bytes, &[3]), &mut sink);
    }
    conversation.finish(&mut sink);
    messages.drain(..2);
    (messages, gaps)
}

fn bodies(messages: &[Message]) -> Vec<&[u8]> {
    messages.iter().map(|m| &m.body[..]).collect()
}

#[test]
fn examples_of_rfc_6455_section_5_7() {
    let unmasked = [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    let (messages, gaps) = read("", Direction::Received, &[(&unmasked, 0)]);
    assert_eq!((bodies(&messages), gaps.len()), (vec![&b"Hello"[..]], 0));
    assert_eq!(messages[0].kind, Kind::WebSocket { opcode: "text", target: Some("/ws?a=1".to_owned()) });
    assert_eq!(messages[0].host.as_deref(), Some("ws.example"));
    let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(bodies(&read("", Direction::Sent, &[(&masked, 0)]).0), [b"Hello"]);
    // Fragments with a ping between them.
    let fragments = [0x01, 0x03, 0x48, 0x65, 0x6c, 0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x80, 0x02, 0x6c, 0x6f];
    assert_eq!(bodies(&read("", Direction::Received, &[(&fragments, 0)]).0), [b"Hello"]);
    let mut long = vec![0x82, 0x7e, 0x01, 0x00];
    long.extend([7; 256]);
    assert_eq!(bodies(&read("", Direction::Received, &[(&long, 0)]).0), [[7; 256]]);
    let mut longer = vec![0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0];
    longer.extend(vec![9; 65_536]);
    assert_eq!(read("", Direction::Received, &[(&longer, 0)]).0[0].body_len, 65_536);
}

#[test]
fn a_message_that_refers_to_one_before_it() {
    let frames = [0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0xc1, 0x05, 0xf2, 0x00, 0x11, 0x00, 0x00];
    let (messages, _) = read("permessage-deflate", Direction::Received, &[(&frames, 0)]);
    assert_eq!(bodies(&messages), [b"Hello", b"Hello"]);
    // Where the first was lost in part, the second cannot be unpacked, and says so.
    let (messages, gaps) = read("permessage-deflate", Direction::Received, &[(&frames[..4], 0), (&frames[7..], 3)]);
    let second = messages.last().unwrap();
    assert_eq!((&second.body[..], second.incomplete), (&frames[11..], Some(GapReason::Undecodable)));
    assert!(second.doubtful && !gaps.is_empty());
    // Without context takeover it need not refer, and the next message is read.
    let twice = [&frames[..9], &frames[..9]].concat();
    let agreed = "permessage-deflate; server_no_context_takeover";
    let (messages, _) = read(agreed, Direction::Received, &[(&twice[..4], 0), (&twice[7..], 3)]);
    assert_eq!((&messages.last().unwrap().body[..], messages.last().unwrap().incomplete), (&b"Hello"[..], None));
}

#[test]
fn a_hole_in_a_frame_costs_that_message_and_any_other_the_direction() {
    let mut frames = vec![0x81, 0x0a];
    frames.extend(b"0123456789");
    frames.extend([0x81, 0x02, b'o', b'k']);
    let (messages, _) = read("", Direction::Received, &[(&frames[..5], 0), (&frames[8..], 3)]);
    assert_eq!(bodies(&messages), [&b"012"[..], b"6789", b"ok"]);
    assert_eq!(messages[0].incomplete, Some(GapReason::LostPackets));
    let (messages, gaps) = read("", Direction::Received, &[(&frames[..5], 0), (&frames[13..], 8)]);
    assert_eq!(bodies(&messages), [&b"012"[..], b"\x02ok"]);
    assert_eq!((messages[1].protocol, messages[1].doubtful), (Protocol::Tcp, true));
    assert!(gaps.iter().any(|gap| gap.detail.contains("WebSocket")));
}

#[test]
fn what_is_no_frame_is_passed_on_raw() {
    let (messages, gaps) = read("", Direction::Received, &[(b"\xf3\x01what is this", 0)]);
    assert_eq!((messages[0].protocol, &messages[0].body[..]), (Protocol::Tcp, &b"\xf3\x01what is this"[..]));
    assert_eq!(gaps[0].reason, GapReason::Undecodable);
}
