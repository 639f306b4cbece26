use std::sync::Arc;

use crate::evidence::{Direction, Time, Transport};
use crate::message::{Conversation, Dns, Item, Kind, Message, Options};
use crate::net::{Chunk, Endpoints, StreamId};
use crate::signatures::{Protocols, Signatures};

/// Requests and responses in turn, on one connection to `server`.
fn exchange(server: &str, turns: &[&str]) -> Vec<Dns> {
    let id = StreamId { input: 0, transport: Transport::Tcp, number: 0 };
    let endpoints = Endpoints { client: "192.0.2.1:40000".parse().unwrap(), server: server.parse().unwrap() };
    let protocols = Arc::new(Protocols::new(&Signatures::embedded().unwrap()));
    let mut conversation = Conversation::new(id, endpoints, &Options { protocols, ..Options::default() });
    let mut messages: Vec<Message> = Vec::new();
    let mut sink = |item| {
        if let Item::Message(message) = item {
            messages.push(*message)
        }
    };
    for (turn, bytes) in turns.iter().enumerate() {
        let direction = if turn % 2 == 0 { Direction::Sent } else { Direction::Received };
        let chunk = Chunk::Data { bytes: bytes.as_bytes(), time: Time(1), frames: &[1], conflict: false };
        conversation.push(direction, chunk, &mut sink);
    }
    conversation.finish(&mut sink);
    let dns =
        messages.into_iter().filter_map(|message| if let Kind::Dns(dns) = message.kind { Some(dns) } else { None });
    dns.collect()
}

fn get(host: &str, target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")
}

fn answer(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn asked(names: &[&str]) -> Dns {
    Dns { names: names.iter().map(|name| (*name).to_owned()).collect(), answers: Vec::new(), response: false }
}

fn told(name: &str, answers: &[(&str, &str, u32)]) -> Dns {
    let answers = answers.iter().map(|(kind, ip, ttl)| (name.to_owned(), (*kind).to_owned(), (*ip).to_owned(), *ttl));
    Dns { names: vec![name.to_owned()], answers: answers.collect(), response: true }
}

/// The examples of Tencent's documentation, with addresses for documentation.
#[test]
fn text_answers_the_question_of_its_exchange() {
    let found = exchange(
        "119.29.29.98:80",
        &[
            &get("119.29.29.98", "/d?dn=www.example.com&ttl=1"),
            &answer("203.0.113.7;203.0.113.8,600"),
            &get("119.29.29.98", "/d?dn=API.example.com."),
            &answer("203.0.113.9"),
        ],
    );
    let expected = [
        asked(&["www.example.com"]),
        told("www.example.com", &[("A", "203.0.113.7", 600), ("A", "203.0.113.8", 600)]),
        asked(&["api.example.com"]),
        told("api.example.com", &[("A", "203.0.113.9", 0)]),
    ];
    assert_eq!(found, expected);
}

#[test]
fn json_says_what_it_answers() {
    let body = r#"{"ips":["203.0.113.7"],"host":"www.example.com","ttl":57,"origin_ttl":60,"ipsv6":["2001:db8::7"]}"#;
    let found = exchange("203.107.1.1:80", &[&get("203.107.1.1", "/100000/d?host=www.example.com"), &answer(body)]);
    let answers = [("A", "203.0.113.7", 57), ("AAAA", "2001:db8::7", 57)];
    assert_eq!(found, [asked(&["www.example.com"]), told("www.example.com", &answers)]);
    let body = r#"{"dns":[{"host":"a.example.com","ips":["203.0.113.1"],"ttl":5},{"host":"b.example.com","ips":[]}]}"#;
    let target = "/100000/resolve?host=a.example.com,b.example.com";
    let found = exchange("203.107.1.65:80", &[&get("203.107.1.65", target), &answer(body)]);
    assert_eq!(found[0], asked(&["a.example.com", "b.example.com"]));
    assert_eq!(found[1].answers, told("a.example.com", &[("A", "203.0.113.1", 5)]).answers);
}

#[test]
fn what_is_asked_counts_where_the_answer_is_not_read() {
    let found = exchange("198.51.100.7:80", &[&get("dig.bdurl.net", "/q?host=is.example.com&aid=1"), &answer("{}")]);
    assert_eq!(found, [asked(&["is.example.com"])]);
    // By the address alone, whatever Host says.
    let target = "/v6/0025?type=ipv4,ipv6&dn=api.example.com";
    assert_eq!(exchange("180.76.76.112:80", &[&get("httpsdns.baidu.com", target)]), [asked(&["api.example.com"])]);
}

#[test]
fn other_requests_and_sealed_ones_are_no_dns() {
    for (server, host, target) in [
        ("198.51.100.7:80", "www.example.com", "/d?dn=www.example.com"),
        ("119.29.29.29:80", "119.29.29.29", "/report?dn=www.example.com"),
        ("119.29.29.98:80", "119.29.29.98", "/d?dn=3f0a9be1c2d4&id=100"),
        ("119.29.29.29:80", "119.29.29.29", "/d?ttl=1"),
    ] {
        assert_eq!(exchange(server, &[&get(host, target), &answer("203.0.113.7,60")]), [], "{target}");
    }
}
