use std::sync::Arc;

use crate::evidence::{Direction, Time, Transport};
use crate::message::{Conversation, Dns, Item, Kind, Message, Options, Protocol};
use crate::net::{Chunk, Endpoints, StreamId};

fn exchange(request: &[u8], response: &[u8], port: u16) -> Vec<Message> {
    let id = StreamId { input: 0, transport: Transport::Tcp, number: 0 };
    let server = std::net::SocketAddr::new([198, 51, 100, 7].into(), port);
    let endpoints = Endpoints { client: "192.0.2.1:40000".parse().unwrap(), server };
    let mut conversation =
        Conversation::new(id, endpoints, &Options { keys: Arc::default(), hash_bodies: true, ..Options::default() });
    let mut messages = Vec::new();
    let mut sink = |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => panic!("{gap:?}"),
    };
    for (direction, bytes) in [(Direction::Sent, request), (Direction::Received, response)] {
        let chunk = Chunk::Data { bytes, time: Time(1), frames: &[1], conflict: false };
        conversation.push(direction, chunk, &mut sink);
    }
    conversation.finish(&mut sink);
    messages
}

/// The DNS messages, and how many others there are.
fn dns(messages: &[Message]) -> (Vec<Dns>, usize) {
    let found = messages.iter().filter_map(|m| match &m.kind {
        Kind::Dns(dns) => {
            assert_eq!((m.protocol, m.host.as_deref(), m.exchange), (Protocol::Dns, Some("doh.example"), Some(0)));
            assert_eq!((m.wire_bytes, m.body_len), (0, m.body.len() as u64));
            Some(dns.clone())
        }
        _ => None,
    });
    let found: Vec<_> = found.collect();
    let others = messages.len() - found.len();
    (found, others)
}

fn asked(name: &str) -> Dns {
    Dns { names: vec![name.into()], answers: Vec::new(), response: false }
}

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

/// The query for www.example.com of RFC 8484 §4.1.1.
const QUERY: &str = "00000100000100000000000003777777076578616d706c6503636f6d0000010001";

/// The response of RFC 8484 §4.2.2: 2001:db8:abcd:12:1:2:3:4 for www.example.com.
const RESPONSE: &str = "00008180000100010000000003777777076578616d706c6503636f6d00001c0001\
                        c00c001c000100000e7d001020010db8abcd00120001000200030004";

fn response(media_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[test]
fn examples_of_rfc_8484() {
    let answer = response("application/dns-message", &hex(RESPONSE));
    let get = b"GET /dns-query?dns=AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB HTTP/1.1\r\nhost: doh.example\r\n\
                accept: application/dns-message\r\n\r\n";
    let post = [
        &b"POST /dns-query HTTP/1.1\r\nhost: doh.example\r\ncontent-type: application/dns-message\r\n\
           content-length: 33\r\n\r\n"[..],
        &hex(QUERY),
    ]
    .concat();
    for request in [&get[..], &post] {
        let messages = exchange(request, &answer, 80);
        let (found, others) = dns(&messages);
        let address = "2001:db8:abcd:12:1:2:3:4";
        let answers = vec![("www.example.com".into(), "AAAA".into(), address.into(), 3709)];
        let answered = Dns { names: vec!["www.example.com".into()], answers, response: true };
        assert_eq!((found, others), (vec![asked("www.example.com"), answered], 2));
        // The DNS message follows the HTTP one.
        assert!(matches!(messages[0].kind, Kind::Request { .. }) && messages[1].body == hex(QUERY));
    }
}

#[test]
fn json_of_public_resolvers() {
    let request = b"GET /resolve?name=API.Example.com.&type=1 HTTP/1.1\r\nhost: doh.example\r\n\r\n";
    let answer = br#""Answer":[{"name":"api.example.com.","TTL":60,"type":5,"data":"Cdn.example.net."},
        {"name":"cdn.example.net.","TTL":30,"type":1,"data":"192.0.2.9"},
        {"name":"cdn.example.net.","TTL":30,"type":16,"data":"text"}]}"#;
    let answers: Vec<(String, String, String, u32)> = vec![
        ("api.example.com".into(), "CNAME".into(), "cdn.example.net".into(), 60),
        ("cdn.example.net".into(), "A".into(), "192.0.2.9".into(), 30),
    ];
    let answered = Dns { names: vec!["api.example.com".into()], answers, response: true };
    // A list of questions (Google), and a single one (Alibaba).
    for question in ["[{\"name\":\"api.example.com.\",\"type\":1}]", "{\"name\":\"api.example.com.\",\"type\":1}"] {
        let body = [format!("{{\"Status\":0,\"TC\":false,\"Question\":{question},").as_bytes(), answer].concat();
        for media_type in ["application/dns-json", "application/json; charset=utf-8"] {
            let (found, others) = dns(&exchange(request, &response(media_type, &body), 80));
            assert_eq!((found, others), (vec![asked("api.example.com"), answered.clone()], 2));
        }
    }
}

#[test]
fn other_requests_and_answers_are_no_dns() {
    for (request, answer) in [
        ("GET /people?name=Ann HTTP/1.1", response("application/json", br#"{"Status":0,"Question":"?"}"#)),
        ("GET /resolve?name=a%20b HTTP/1.1", response("application/json", br#"{"Question":[{"name":"x"}]}"#)),
        ("GET /dns-query?dns=!!! HTTP/1.1", response("application/dns-message", b"no message")),
        ("GET /dns-query?dns=AAAA HTTP/1.1", response("application/dns-message", &hex(QUERY))),
        ("GET /resolve HTTP/1.1", response("text/plain", &hex(RESPONSE))),
    ] {
        let messages = exchange(format!("{request}\r\nhost: doh.example\r\n\r\n").as_bytes(), &answer, 80);
        assert_eq!(dns(&messages), (Vec::new(), 2), "{request}");
    }
}

/// RFC 7858: inside TLS the stream is that of DNS over TCP, and the port says so.
#[test]
fn the_port_of_dns_over_tls() {
    let framed = |message: &str| [&(message.len() as u16 / 2).to_be_bytes()[..], &hex(message)].concat();
    let messages = exchange(&framed(QUERY), &framed(RESPONSE), 853);
    let names: Vec<_> = messages
        .iter()
        .map(|m| match &m.kind {
            Kind::Dns(dns) => (m.direction, dns.names.concat(), dns.response),
            other => panic!("{other:?}"),
        })
        .collect();
    let name = "www.example.com".to_owned();
    assert_eq!(names, [(Direction::Sent, name.clone(), false), (Direction::Received, name, true)]);
}
