//! Each protocol, held against what tshark reads and what the programs were told to send.

use std::collections::BTreeSet;

use super::{column, messages, tshark};
use crate::evidence::{Direction, GapReason, Place, sha256_hex};
use crate::message::{Kind, Message, Protocol};

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
    for (name, in_tunnels) in [("h2-nginx", 0), ("h2-tls", 0), ("grpc", 0), ("h2-node", 1)] {
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
        let named = ours.iter().filter(|m| matches!(m.kind, Kind::Request { .. })).map(|m| m.host.clone().unwrap());
        assert_eq!(sorted(named.collect()), sorted(hosts), "{name}");
        // Each lies in the frame in which tshark has it.
        for line in &lines {
            let (frame, paths) = (line[0].parse().unwrap(), column(std::slice::from_ref(line), 5));
            for path in paths {
                let request = request(&messages, &path);
                let Place::Frames { frames, .. } = &request.place else { unreachable!() };
                assert!(frames.contains(&frame), "{name} {path}: {frames:?}, tshark {frame}");
            }
        }
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
    assert_eq!((&cancelled.body[..], cancelled.incomplete), (&b"begun"[..], Some(GapReason::Cancelled)));
    assert_eq!(cancelled.body_sha256, sha256_hex(b"begun"), "all that was sent");

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
