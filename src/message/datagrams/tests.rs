use std::path::Path;

use super::*;
use crate::evidence::{Place, Transport};
use crate::message::Message;

fn read(ports: [u16; 2], datagrams: &[(Direction, &[u8], u64)]) -> (Vec<Message>, Vec<Gap>) {
    let end = |last: u8, port| std::net::SocketAddr::new([192, 0, 2, last].into(), port);
    let endpoints = Endpoints { client: end(1, ports[0]), server: end(2, ports[1]) };
    let id = StreamId { input: 0, transport: Transport::Udp, number: 5 };
    let mut stream =
        Datagrams::new(id, endpoints, &Options { keys: Default::default(), hash_bodies: true, ..Options::default() });
    let (mut messages, mut gaps) = (Vec::new(), Vec::new());
    let mut sink = |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => gaps.push(gap),
    };
    for (at, (direction, bytes, missing)) in datagrams.iter().enumerate() {
        let frames = [at as u64 + 1];
        stream.push(
            *direction,
            Datagram { bytes, missing: *missing, time: Time(at as i64), frames: &frames },
            &mut sink,
        );
    }
    stream.finish(&mut sink);
    (messages, gaps)
}

use Direction::{Received, Sent};

const QUERY: &[u8] = b"\xbe\xef\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03API\x07example\x03com\x00\x00\x01\x00\x01";

/// RFC 1035 §4.1.4 pointers: a CNAME to cdn.example.com, its address, and an HTTPS
/// record (RFC 9460 §2.2) in alias form.
const ANSWER: &[u8] = b"\xbe\xef\x81\x80\x00\x01\x00\x03\x00\x00\x00\x00\x03api\x07example\x03com\x00\x00\x01\x00\x01\
    \xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x06\x03cdn\xc0\x10\
    \xc0\x2d\x00\x1c\x00\x01\x00\x00\x00\x05\x00\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\
    \xc0\x0c\x00\x41\x00\x01\x00\x00\x0e\x10\x00\x11\x00\x00\x01a\x07example\x03com\x00";

#[test]
fn a_query_and_its_answer_are_read() {
    let (messages, gaps) = read([40000, 53], &[(Sent, QUERY, 0), (Received, ANSWER, 0)]);
    assert_eq!(gaps, []);
    let [Kind::Dns(query), Kind::Dns(answer)] = [&messages[0].kind, &messages[1].kind] else { panic!("{messages:?}") };
    assert_eq!(
        (&query.names[..], query.response, messages[0].direction),
        (&["api.example.com".to_owned()][..], false, Sent)
    );
    let answers: Vec<_> =
        answer.answers.iter().map(|(n, t, v, ttl)| (n.as_str(), t.as_str(), v.as_str(), *ttl)).collect();
    assert_eq!(
        answers,
        [
            ("api.example.com", "CNAME", "cdn.example.com", 60),
            ("cdn.example.com", "AAAA", "2001:db8::1", 5),
            ("api.example.com", "HTTPS", "a.example.com", 3600),
        ]
    );
    assert_eq!(
        (messages[1].protocol, messages[1].direction, messages[1].body_len),
        (Protocol::Dns, Received, ANSWER.len() as u64)
    );
    assert!(matches!(&messages[1].place, Place::Frames { frames, stream: 5, .. } if frames == &[2]));
}

#[test]
fn who_asks_is_the_client_whatever_the_ports_say() {
    let (messages, _) = read([53, 40000], &[(Received, QUERY, 0)]);
    assert_eq!(messages[0].direction, Sent);
}

#[test]
fn a_record_that_cannot_be_read_leaves_the_question_and_those_before_it() {
    let mut broken = ANSWER.to_vec();
    // The second record claims more bytes than there are.
    let at = 33 + 18 + 10;
    assert_eq!(broken.get(at..at + 2), Some(&[0, 16][..]));
    broken[at] = 0xff;
    let (messages, _) = read([40000, 53], &[(Received, &broken, 0)]);
    let Kind::Dns(dns) = &messages[0].kind else { panic!("{messages:?}") };
    assert_eq!((dns.names.len(), dns.answers.len(), dns.response), (1, 1, true));
}

#[test]
fn link_local_names_are_read_and_are_no_dns() {
    let (messages, _) = read([5353, 5353], &[(Received, QUERY, 0)]);
    assert_eq!((messages[0].protocol, messages[0].direction), (Protocol::Udp, Received));
    assert!(matches!(&messages[0].kind, Kind::Dns(dns) if dns.names == ["api.example.com"]));
}

#[test]
fn dns_is_recognised_at_other_ports_only_when_it_is_plain() {
    assert!(matches!(read([40000, 5533], &[(Sent, QUERY, 0)]).0[0].kind, Kind::Dns(_)));
    let mut chaos = QUERY.to_vec();
    *chaos.last_mut().unwrap() = 3;
    assert_eq!(read([40000, 5533], &[(Sent, &chaos, 0)]).0[0].kind, Kind::Raw);
    // Resolvers at the port of QUIC, of which short headers look like any id of this kind.
    let mut query = QUERY.to_vec();
    query[0] = 0x48;
    assert!(matches!(read([40000, 443], &[(Sent, &query, 0)]).0[0].kind, Kind::Dns(_)));
}

#[test]
fn a_quic_connection_is_one_closed_message_with_its_name() {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/quic/rfc9001.hex")).unwrap();
    let packets: Vec<Vec<u8>> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| data_encoding::HEXLOWER.decode(line.as_bytes()).unwrap())
        .collect();
    let [client, server, ..] = &packets[..] else { panic!("two packets") };
    let (messages, gaps) = read(
        [40000, 443],
        &[(Sent, client, 0), (Received, server, 0), (Sent, &[0x41; 40], 0), (Received, &[0x42; 30], 0)],
    );
    assert_eq!(gaps, []);
    let [closed] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(closed.kind, Kind::Closed { reason: GapReason::QuicNoKey });
    assert_eq!(
        (closed.protocol, closed.sni.as_deref(), closed.host.as_deref()),
        (Protocol::Quic, Some("example.com"), None)
    );
    assert_eq!((closed.wire_bytes, closed.opened, closed.first), (client.len() as u64 + 40, false, true));
    // Seen from its middle, the port has to say it.
    let (messages, _) = read([40000, 443], &[(Sent, &[0x41; 40], 0)]);
    assert_eq!(messages[0].kind, Kind::Closed { reason: GapReason::StartedBeforeCapture });
}

#[test]
fn other_datagrams_come_out_as_they_are() {
    let (messages, gaps) = read([40000, 9999], &[(Sent, b"imei=1", 4), (Sent, b"", 0)]);
    assert_eq!((messages.len(), &messages[0].body[..], messages[0].body_len), (1, &b"imei=1"[..], 10));
    assert_eq!(messages[0].incomplete, Some(GapReason::Truncated));
    let reasons: Vec<_> = gaps.iter().map(|gap| (gap.reason, gap.bytes)).collect();
    assert_eq!(reasons, [(GapReason::Truncated, 4), (GapReason::UnknownProtocol, 6)]);
}

/// STUN (RFC 8489 §5), then a hello of DTLS on the same ports (RFC 7983).
#[test]
fn what_is_known_and_not_parsed_has_a_name() {
    let binding = b"\0\x01\0\0\x21\x12\xa4\x42abcdefghijkl";
    let hello =
        [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13][..], &[1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0]].concat();
    let end = |last: u8, port| std::net::SocketAddr::new([192, 0, 2, last].into(), port);
    let endpoints = Endpoints { client: end(1, 50000), server: end(2, 3478) };
    let id = StreamId { input: 0, transport: Transport::Udp, number: 5 };
    let signatures = crate::signatures::Signatures::embedded().unwrap();
    let protocols = Arc::new(crate::signatures::Protocols::new(&signatures));
    let mut stream = Datagrams::new(id, endpoints, &Options { protocols, ..Options::default() });
    let (mut messages, mut gaps) = (Vec::new(), Vec::new());
    let mut sink = |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => gaps.push(gap),
    };
    for (frame, bytes) in [(1, &binding[..]), (2, &hello), (3, b"\x80\x60 media")] {
        stream.push(Sent, Datagram { bytes, missing: 0, time: Time(1), frames: &[frame] }, &mut sink);
    }
    stream.finish(&mut sink);
    let seen: Vec<_> = messages.iter().map(|m| (m.protocol, m.service.as_deref())).collect();
    let stun = (Protocol::Udp, Some("stun"));
    assert_eq!(seen, [stun, stun, (Protocol::Tls, None)]);
    assert!(matches!(messages[2].kind, Kind::Closed { reason: GapReason::StartedBeforeCapture }));
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].detail, "STUN or TURN, searched as raw bytes only");
}
