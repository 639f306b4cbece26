use super::*;
use crate::evidence::{Place, Time, Transport, sha256_hex};
use crate::message::{BODY_KEPT, Kind, Message, Protocol};

/// What one end sends, in the order in which it is captured.
#[derive(Clone, Copy)]
enum Event<'a> {
    Sends(&'a [u8]),
    Answers(&'a [u8]),
    /// Missing from what is sent, received.
    Lost(Direction, u64),
    Closes(Direction),
    Resets(Direction),
}
use Event::{Answers, Closes, Lost, Resets, Sends};

fn options() -> Options {
    Options { keys: Arc::default(), hash_bodies: true, ..Options::default() }
}

fn endpoints(port: u16) -> Endpoints {
    Endpoints {
        client: "192.0.2.1:40000".parse().unwrap(),
        server: std::net::SocketAddr::new([198, 51, 100, 7].into(), port),
    }
}

/// Reads `events`; each event is one frame, numbered from 1, cut into pieces as `cut` says.
fn read(port: u16, events: &[Event<'_>], cut: &mut dyn FnMut() -> usize) -> (Vec<Message>, Vec<Gap>) {
    let id = StreamId { input: 0, transport: Transport::Tcp, number: 3 };
    let mut conversation = Conversation::new(id, endpoints(port), &options());
    let (mut messages, mut gaps) = (Vec::new(), Vec::new());
    let mut sink = |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => gaps.push(gap),
    };
    for (at, event) in events.iter().enumerate() {
        let (frame, time) = (at as u64 + 1, Time(at as i64 * 1000));
        let (direction, mut bytes) = match event {
            Sends(bytes) => (Direction::Sent, *bytes),
            Answers(bytes) => (Direction::Received, *bytes),
            Lost(direction, length) => {
                conversation.push(
                    *direction,
                    Chunk::Gap { length: *length, time, reason: GapReason::LostPackets },
                    &mut sink,
                );
                continue;
            }
            Closes(direction) | Resets(direction) => {
                let reset = matches!(event, Resets(_));
                conversation.push(*direction, Chunk::End { reset, time, frame }, &mut sink);
                continue;
            }
        };
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(cut().clamp(1, bytes.len()));
            conversation.push(
                direction,
                Chunk::Data { bytes: piece, time, frames: &[frame], conflict: false },
                &mut sink,
            );
            bytes = rest;
        }
    }
    conversation.finish(&mut sink);
    (messages, gaps)
}

/// Reads `events` cut in every way that is tried here, and holds that they agree.
fn messages(port: u16, events: &[Event<'_>]) -> (Vec<Message>, Vec<Gap>) {
    let whole = read(port, events, &mut || usize::MAX);
    assert_eq!(read(port, events, &mut || 1), whole, "each byte alone");
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..40 {
        let cut = &mut || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as usize % 23
        };
        assert_eq!(read(port, events, cut), whole, "random pieces");
    }
    whole
}

fn frames(message: &Message) -> Vec<u64> {
    match &message.place {
        Place::Frames { frames, .. } => frames.clone(),
        Place::Entry { .. } => Vec::new(),
    }
}

fn offset(message: &Message) -> u64 {
    match message.place {
        Place::Frames { offset, .. } => offset,
        Place::Entry { .. } => 0,
    }
}

fn request(message: &Message) -> (&str, &str, &str) {
    match &message.kind {
        Kind::Request { method, target } => (method, message.host.as_deref().unwrap_or(""), target),
        other => panic!("not a request: {other:?}"),
    }
}

fn status(message: &Message) -> (u16, &[u8]) {
    match &message.kind {
        Kind::Response { status, .. } => (*status, &message.body),
        other => panic!("not a response: {other:?}"),
    }
}

#[test]
fn the_example_of_rfc_9110_is_read() {
    // RFC 9110 §3.9.
    let ask = b"GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nHost: www.example.com\r\nAccept-Language: en, mi\r\n\r\n";
    let answer = b"HTTP/1.1 200 OK\r\nDate: Mon, 27 Jul 2009 12:28:53 GMT\r\nServer: Apache\r\n\
        Last-Modified: Wed, 22 Jul 2009 19:15:56 GMT\r\nETag: \"34aa387-d-1568eb00\"\r\nAccept-Ranges: bytes\r\n\
        Content-Length: 51\r\nVary: Accept-Encoding\r\nContent-Type: text/plain\r\n\r\n\
        Hello World! My content includes a trailing CRLF.\r\n";
    let (found, gaps) = messages(80, &[Sends(ask), Answers(answer)]);
    assert_eq!(gaps, []);
    let [get, ok] = &found[..] else { panic!("{found:?}") };
    assert_eq!(request(get), ("GET", "www.example.com", "/hello.txt"));
    assert_eq!(get.headers.len(), 3);
    assert_eq!((get.protocol, get.exchange, get.wire_bytes), (Protocol::Http11, Some(0), ask.len() as u64));
    assert_eq!(status(ok), (200, &b"Hello World! My content includes a trailing CRLF.\r\n"[..]));
    assert_eq!((ok.body_len, ok.exchange, ok.incomplete), (51, Some(0), None));
    assert_eq!(ok.host.as_deref(), Some("www.example.com"));
    // printf 'Hello World! My content includes a trailing CRLF.\r\n' | sha256sum
    assert_eq!(ok.body_sha256, "d74705cc3f38954108c7dce24913bbb0084f8ed7b358c3dc20650800270534d5");
    assert_eq!((frames(get), frames(ok)), (vec![1], vec![2]));
}

#[test]
fn chunked_bodies_lose_their_coding_and_keep_their_trailers() {
    // The chunks of RFC 9112 §7.1 with an extension and a trailer.
    let ask = b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4;name=\"v\"\r\nWiki\r\n5\r\npedia\r\nE\r\n in\r\n\r\nchunks.\r\n0\r\nX-Id: 7\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n";
    let (found, gaps) = messages(80, &[Sends(ask)]);
    assert_eq!(gaps, []);
    let [post, get] = &found[..] else { panic!("{found:?}") };
    assert_eq!(&post.body[..], b"Wikipedia in\r\n\r\nchunks.");
    assert_eq!(post.headers.last().map(|(n, v)| (n.as_str(), &v[..])), Some(("X-Id", &b"7"[..])));
    assert_eq!((request(get).2, offset(get), get.exchange), ("/b", post.wire_bytes, Some(1)));
}

#[test]
fn pipelined_requests_get_their_responses_in_order() {
    let ask = b"HEAD /1 HTTP/1.1\r\nHost: A:80\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\nGET /3 HTTP/1.0\r\n\r\n";
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n\
        HTTP/1.0 200 OK\r\n\r\nto the end";
    let (found, gaps) = messages(80, &[Sends(ask), Answers(answer), Closes(Direction::Received)]);
    assert_eq!(gaps, []);
    let exchanges: Vec<_> = found.iter().map(|m| m.exchange).collect();
    assert_eq!(exchanges, [Some(0), Some(1), Some(2), Some(0), Some(1), Some(2)]);
    assert_eq!(request(&found[0]), ("HEAD", "a", "/1"));
    assert_eq!(found[2].protocol, Protocol::Http10);
    assert_eq!(status(&found[3]), (200, &b""[..]));
    assert_eq!(status(&found[5]), (200, &b"to the end"[..]));
    assert_eq!(found[5].incomplete, None);
}

#[test]
fn a_close_delimited_body_is_incomplete_at_the_end_of_the_capture() {
    let (found, _) =
        messages(80, &[Sends(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"), Answers(b"HTTP/1.1 200 OK\r\n\r\nhalf")]);
    assert_eq!(found[1].incomplete, Some(GapReason::LostPackets));
    assert_eq!(&found[1].body[..], b"half");
}

/// RFC 9112 §8: a connection that closes before the body that was announced is there leaves it
/// incomplete. Nothing of it was lost: it was never sent.
#[test]
fn a_body_that_its_sender_cut_off_is_cancelled() {
    let ask = Sends(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let (known, chunked) = ("Content-Length: 10", "Transfer-Encoding: chunked");
    for (head, body, end, reason) in [
        (known, "half", Closes(Direction::Received), GapReason::Cancelled),
        (known, "half", Resets(Direction::Received), GapReason::Cancelled),
        (chunked, "4\r\nhalf\r\n", Closes(Direction::Received), GapReason::Cancelled),
        (chunked, "9\r\nhalf", Resets(Direction::Received), GapReason::Cancelled),
        // The client wanted no more.
        (chunked, "4\r\nhalf\r\n", Resets(Direction::Sent), GapReason::Cancelled),
        // Framed by its end, which came otherwise than by a close.
        ("X: y", "half", Resets(Direction::Received), GapReason::Cancelled),
        // What follows the end of the capture is not known.
        (known, "half", Answers(b""), GapReason::LostPackets),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}");
        let (found, gaps) = messages(80, &[ask, Answers(answer.as_bytes()), end]);
        assert_eq!(gaps, []);
        assert_eq!((status(&found[1]), found[1].incomplete), ((200, &b"half"[..]), Some(reason)), "{head} {body}");
    }
    // An upload that was given up, and a head.
    for cut in ["POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf", "GET /a HTTP/1.1\r\nHost: h\r\nX"] {
        let (found, _) = messages(80, &[Sends(cut.as_bytes()), Resets(Direction::Sent)]);
        assert_eq!((request(&found[0]).2, found[0].incomplete), ("/a", Some(GapReason::Cancelled)));
    }
    // A hole before the end is one.
    let answer = Answers(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    let (found, _) = messages(80, &[ask, answer, Lost(Direction::Received, 2), Closes(Direction::Received)]);
    assert_eq!(found[1].incomplete, Some(GapReason::LostPackets));
}

/// What is known to have been sent is weighed, also where no message follows that could carry it.
#[test]
fn what_is_lost_behind_the_last_message_is_told() {
    let ask = Sends(b"GET /a HTTP/1.1\r\nHost: h.example\r\n\r\n");
    let answer = Answers(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let (found, _) = messages(80, &[ask, answer, Lost(Direction::Sent, 700), Lost(Direction::Received, 90)]);
    let [request, _, lost] = &found[..] else { panic!("{found:?}") };
    assert_eq!((request.lost_bytes, lost.lost_bytes, lost.wire_bytes, lost.opened), (0, 700, 0, false));
    assert_eq!(lost.kind, Kind::Closed { reason: GapReason::LostPackets });
    assert_eq!(
        (lost.protocol, lost.host.as_deref(), lost.direction),
        (Protocol::Tcp, Some("h.example"), Direction::Sent)
    );
    assert_eq!((frames(lost), lost.time), (vec![2], Time(2000)));
    // Of the server alone nothing is weighed.
    let (found, _) = messages(80, &[ask, answer, Lost(Direction::Received, 90)]);
    assert_eq!(found.len(), 2);
}

#[test]
fn interim_responses_leave_the_request_waiting() {
    let events = [
        Sends(b"PUT /up HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"),
        Answers(b"HTTP/1.1 100 Continue\r\n\r\n"),
        Sends(b"body"),
        Answers(b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
    ];
    let (found, gaps) = messages(80, &events);
    assert_eq!(gaps, []);
    let kinds: Vec<_> = found.iter().map(|m| (m.direction, m.exchange, frames(m))).collect();
    use Direction::{Received, Sent};
    assert_eq!(
        kinds,
        [
            (Received, Some(0), vec![2]),
            (Sent, Some(0), vec![1, 3]),
            (Received, Some(0), vec![4]),
            (Received, Some(0), vec![4])
        ]
    );
    assert_eq!(status(&found[3]).0, 201);
    assert_eq!(&found[1].body[..], b"body");
}

#[test]
fn a_refused_expectation_needs_no_body() {
    let events = [
        Sends(b"PUT /up HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 400\r\n\r\n"),
        Answers(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"),
        Sends(b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n"),
    ];
    let (found, _) = messages(80, &events);
    let paths: Vec<_> = found.iter().filter(|m| m.direction == Direction::Sent).map(|m| request(m).2).collect();
    assert_eq!(paths, ["/up", "/next"]);
    assert!(found.iter().all(|m| m.incomplete.is_none()));
}

#[test]
fn a_tunnel_is_read_anew_and_goes_to_its_authority() {
    let events = [
        Sends(b"CONNECT Server.example.com:80 HTTP/1.1\r\nHost: server.example.com\r\n\r\n"),
        Answers(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno"),
        Sends(b"CONNECT Server.example.com:80 HTTP/1.1\r\nHost: server.example.com\r\nProxy-Authorization: x\r\n\r\n"),
        Answers(b"HTTP/1.1 200 OK\r\n\r\n"),
        Sends(b"GET /in HTTP/1.1\r\n\r\n"),
        Answers(b"HTTP/1.1 204 No Content\r\n\r\n"),
    ];
    let (found, gaps) = messages(8080, &events);
    assert_eq!(gaps, []);
    assert_eq!(request(&found[0]), ("CONNECT", "server.example.com", "Server.example.com:80"));
    assert_eq!(status(&found[1]), (407, &b"no"[..]));
    assert_eq!(request(&found[4]), ("GET", "server.example.com", "/in"));
    let exchanges: Vec<_> = found.iter().map(|m| m.exchange).collect();
    assert_eq!(exchanges, [Some(0), Some(0), Some(1), Some(1), Some(2), Some(2)]);
    let sent = |event: &Event<'_>| if let Sends(bytes) = event { bytes.len() as u64 } else { 0 };
    assert_eq!(offset(&found[4]), events[..4].iter().map(sent).sum::<u64>());
}

/// A client need not wait for its proxy; bytes that are missing before the answer are missing in the tunnel.
#[test]
fn a_hole_before_the_answer_to_a_connect_lies_in_the_tunnel() {
    let events = [
        Sends(b"CONNECT server.example:80 HTTP/1.1\r\nHost: server.example\r\n\r\n"),
        Sends(b"GET /in HTTP/1.1\r\nHost: server.example\r\nX: ab"),
        Lost(Direction::Sent, 10),
        Sends(b"cd\r\n\r\n"),
        Answers(b"HTTP/1.1 200 OK\r\n\r\n"),
        Sends(b"GET /next HTTP/1.1\r\nHost: server.example\r\n\r\n"),
    ];
    let (found, _) = messages(8080, &events);
    let get = found.iter().find(|m| matches!(&m.kind, Kind::Request { target, .. } if target == "/in")).unwrap();
    assert_eq!((get.headers.len(), get.incomplete), (1, Some(GapReason::LostPackets)));
    let next = found.iter().find(|m| matches!(&m.kind, Kind::Request { target, .. } if target == "/next")).unwrap();
    let sent = |event: &Event<'_>| match event {
        Sends(bytes) => bytes.len() as u64,
        Lost(_, length) => *length,
        _ => 0,
    };
    assert_eq!((next.doubtful, offset(next)), (true, events[..5].iter().map(sent).sum::<u64>()));
}

#[test]
fn absolute_targets_are_split_into_host_and_path() {
    let ask = b"GET http://Tracker.example:8080/p?q=1 HTTP/1.1\r\nHost: proxy\r\n\r\n";
    let (found, _) = messages(3128, &[Sends(ask)]);
    assert_eq!(request(&found[0]), ("GET", "tracker.example", "/p?q=1"));
}

#[test]
fn an_upgrade_is_named_and_passed_on_raw() {
    let events = [
        Sends(b"GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: chatter\r\nConnection: Upgrade\r\n\r\n"),
        Answers(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: chatter\r\nConnection: Upgrade\r\n\r\n"),
        Sends(b"\x81\x05hello"),
    ];
    let (found, gaps) = messages(80, &events);
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].reason, GapReason::UnknownProtocol);
    assert!(gaps[0].detail.contains("chatter"), "{}", gaps[0].detail);
    assert_eq!(
        (&found[2].body[..], found[2].protocol, found[2].host.as_deref()),
        (&b"\x81\x05hello"[..], Protocol::Tcp, Some("h"))
    );
}

#[test]
fn http2_is_recognised_by_its_preface_and_settings() {
    let (found, gaps) = messages(
        80,
        &[Sends(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"), Answers(b"\0\0\0\x04\0\0\0\0\0")],
    );
    assert!(found.is_empty() && gaps.is_empty(), "{found:?} {gaps:?}");
}

#[test]
fn a_hole_in_a_body_of_known_length_costs_that_body() {
    let events = [
        Sends(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n12345"),
        Lost(Direction::Sent, 5),
        Sends(b"1234567890GET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
    ];
    let (found, gaps) = messages(80, &events);
    let [post, rest, get] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&post.body[..], post.body_len, post.incomplete), (&b"12345"[..], 20, Some(GapReason::LostPackets)));
    assert_eq!((&rest.body[..], rest.doubtful), (&b"1234567890"[..], true));
    assert_eq!((request(get).2, get.doubtful, get.incomplete), ("/b", true, None));
    assert_eq!((gaps.len(), gaps[0].reason, gaps[0].bytes), (1, GapReason::LostPackets, 5));
    assert_eq!(offset(get), 49 + 5 + 5 + 10);
    // No digest stands for a body of which a part is missing; what came after the hole has its own.
    assert_eq!((post.body_sha256.as_str(), &rest.body_sha256), ("", &sha256_hex(b"1234567890")));
    // What is known to have been sent is weighed once, captured or not.
    assert_eq!([post, rest, get].map(|m| m.lost_bytes), [5, 0, 0]);
    let sent: u64 = found.iter().map(|m| m.wire_bytes + m.lost_bytes).sum();
    assert_eq!(sent, 49 + 20 + 28);
}

#[test]
fn the_name_and_password_for_a_socks_proxy_are_sent_messages() {
    let five = [
        Sends(b"\x05\x01\x02"),
        Answers(b"\x05\x02"),
        Sends(b"\x01\x0bu-133"),
        Sends(b"000000\x03s3c"),
        Answers(b"\x01\x00"),
        Sends(b"\x05\x01\x00\x03\x0bexample.com\x00\x50"),
        Answers(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
        Sends(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"),
    ];
    let four = [
        Sends(b"\x04\x01\x00\x50\xcb\x00\x71\x07user-7\x00"),
        Answers(b"\x00\x5a\x00\x00\x00\x00\x00\x00"),
        Sends(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"),
    ];
    let said = |events: &[Event<'_>]| {
        let (found, gaps) = messages(1080, events);
        assert!(found.last().is_some_and(|m| request(m).1 == "example.com") && gaps.is_empty(), "{found:?} {gaps:?}");
        let raw = found.iter().filter(|m| m.kind == Kind::Raw && m.direction == Direction::Sent);
        raw.map(|m| (String::from_utf8_lossy(&m.body).into_owned(), frames(m))).collect::<Vec<_>>()
    };
    assert_eq!(said(&five), [("u-133000000".to_owned(), vec![3, 4]), ("s3c".to_owned(), vec![4])]);
    assert_eq!(said(&four), [("user-7".to_owned(), vec![1])]);
}

#[test]
fn behind_a_gap_the_stream_is_picked_up_at_a_start_line() {
    let events = [
        Sends(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: app"),
        Lost(Direction::Sent, 1000),
        Sends(b"\"}"),
        Answers(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        Sends(b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
        Answers(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"),
    ];
    let (found, _) = messages(80, &events);
    let sent: Vec<_> = found.iter().filter(|m| m.direction == Direction::Sent).collect();
    assert_eq!((request(sent[0]), sent[0].incomplete), (("POST", "h", "/a"), Some(GapReason::LostPackets)));
    assert_eq!(sent[0].headers.len(), 1, "the cut field is not guessed");
    let get = sent.last().unwrap();
    assert_eq!((request(get).2, get.doubtful, get.exchange), ("/b", true, Some(1)));
    let last = found.last().unwrap();
    assert_eq!((status(last).0, last.exchange), (404, Some(1)));
}

#[test]
fn a_stream_seen_from_its_middle_is_picked_up_at_the_next_turn() {
    let events = [
        Answers(b"...rest of an image"),
        Sends(b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
        Answers(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ];
    let (found, gaps) = messages(80, &events);
    assert_eq!(found.len(), 3);
    assert_eq!((request(&found[1]).2, found[2].exchange), ("/b", Some(0)));
    assert_eq!((gaps.len(), gaps[0].bytes), (1, 19));
}

#[test]
fn a_body_longer_than_announced_is_passed_on_and_the_next_message_found() {
    let events = [
        Sends(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"),
        Answers(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and moreHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    ];
    let (found, _) = messages(80, &events);
    assert_eq!(&found[3].body[..], b" and more");
    assert_eq!((status(&found[4]).0, found[4].exchange, found[4].doubtful), (404, Some(1), true));
}

#[test]
fn unknown_protocols_come_out_in_turns() {
    let long = vec![b'x'; 70 << 10];
    let (found, gaps) = messages(1883, &[Sends(b"\x10\x0chello"), Answers(b"\x20\x02\0\0"), Sends(&long)]);
    let lengths: Vec<_> = found.iter().map(|m| m.body_len).collect();
    assert_eq!(lengths, [7, 4, 64 << 10, 6 << 10]);
    assert_eq!((gaps.len(), gaps[0].bytes), (1, 7 + 4 + (70 << 10)));
    assert_eq!(messages(1883, &[Closes(Direction::Sent)]), (vec![], vec![]));
}

#[test]
fn dns_over_tcp_is_unframed() {
    // `dig +tcp example.com` and its answer, by hand after RFC 1035 §4.
    let query = b"\x00\x1d\xbe\xef\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07Example\x03com\x00\x00\x01\x00\x01";
    let answer = b"\x00\x2d\xbe\xef\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x07Example\x03com\x00\x00\x01\x00\x01\
        \xc0\x0c\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\xc0\x00\x02\x2a";
    let (found, gaps) = messages(53, &[Sends(query), Answers(answer)]);
    assert_eq!(gaps, []);
    let [Kind::Dns(ask), Kind::Dns(told)] = [&found[0].kind, &found[1].kind] else { panic!("{found:?}") };
    assert_eq!((&ask.names[..], ask.response), (&["example.com".to_owned()][..], false));
    assert_eq!(told.answers, [("example.com".to_owned(), "A".to_owned(), "192.0.2.42".to_owned(), 300)]);
}

#[test]
fn bodies_are_kept_to_the_limit_and_counted_on() {
    let length = BODY_KEPT + 10;
    let body = vec![b'a'; length];
    let head = format!("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n");
    let (found, gaps) = read(80, &[Sends(head.as_bytes()), Sends(&body)], &mut || usize::MAX);
    assert_eq!((found[0].body.len(), found[0].body_len), (BODY_KEPT, length as u64));
    assert_eq!(found[0].incomplete, Some(GapReason::Limit));
    assert_eq!((gaps[0].reason, gaps[0].bytes), (GapReason::Limit, 10));
    assert_eq!(found[0].body_sha256, crate::evidence::sha256_hex(&body));
}

#[test]
fn mutated_streams_never_panic_and_always_end() {
    let ask = b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n0\r\n\r\nCONNECT a:1 HTTP/1.1\r\n\r\n\x16\x03\x01\x00\x05\x01";
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n\x16\x03\x03\x00\x05\x02";
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    for _ in 0..3000 {
        let (mut ask, mut answer) = (ask.to_vec(), answer.to_vec());
        for _ in 0..random() % 6 {
            let (at, with) = (random() % ask.len(), random() as u8);
            ask[at] = with;
            let (at, with) = (random() % answer.len(), random() as u8);
            answer[at] = with;
        }
        let middle = random() % ask.len();
        let events = [
            Sends(&ask[..middle]),
            Answers(&answer),
            Lost(Direction::Received, random() as u64 % 50),
            Sends(&ask[middle..]),
            Answers(&answer),
        ];
        let (found, _) = read(80, &events, &mut || random() % 40);
        let total: u64 = found.iter().map(|m| m.wire_bytes).sum();
        assert!(total <= (ask.len() + 2 * answer.len()) as u64);
    }
}

/// The first copy was read before the second came, which says something else.
#[test]
fn bytes_that_come_again_as_others_make_a_message_doubtful() {
    let id = StreamId { input: 0, transport: Transport::Tcp, number: 3 };
    let head = b"POST /e HTTP/1.1\r\nHost: a.example\r\nContent-Length: 8\r\n\r\n";
    let read = |pieces: &[&[u8]]| {
        let mut conversation = Conversation::new(id, endpoints(80), &options());
        let (mut doubtful, mut gaps) = (Vec::new(), Vec::new());
        for (at, bytes) in pieces.iter().enumerate() {
            let (frames, time) = (&[at as u64 + 1][..], Time(at as i64));
            let chunk = Chunk::Data { bytes, time, frames, conflict: bytes.is_empty() };
            conversation.push(Direction::Sent, chunk, &mut |item| match item {
                Item::Message(message) => doubtful.push(message.doubtful),
                Item::Gap(gap) => gaps.push(gap.reason),
            });
        }
        (doubtful, gaps)
    };
    assert_eq!(read(&[head, b"abcd", b"efgh"]), (vec![false], vec![]));
    let told = vec![GapReason::LostPackets];
    assert_eq!(read(&[head, b"abcd", b"", b"efgh"]), (vec![true], told.clone()));
    assert_eq!(read(&[&head[..20], b"", &head[20..], b"abcdefgh"]), (vec![true], told.clone()));
    // What was handed on is told as a gap, and the next message is its own.
    assert_eq!(read(&[head, b"abcdefgh", b"", head, b"abcdefgh"]), (vec![false, false], told));
}
