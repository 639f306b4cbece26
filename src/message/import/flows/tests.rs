use super::*;
use crate::evidence::{Direction, Place};
use crate::message::{Kind, Message, Protocol, Wire};

/// Values as mitmproxy writes them.
fn tagged(tag: char, bytes: &[u8]) -> Vec<u8> {
    let mut out = format!("{}:", bytes.len()).into_bytes();
    out.extend(bytes);
    out.push(tag as u8);
    out
}

fn text(text: &str) -> Vec<u8> {
    tagged(';', text.as_bytes())
}

fn number(number: &str) -> Vec<u8> {
    tagged(if number.contains('.') { '^' } else { '#' }, number.as_bytes())
}

fn boolean(value: bool) -> Vec<u8> {
    tagged('!', if value { b"true" } else { b"false" })
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    tagged(']', &items.concat())
}

fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    tagged('}', &pairs.iter().flat_map(|(key, value)| [text(key), value.clone()].concat()).collect::<Vec<u8>>())
}

fn null() -> Vec<u8> {
    tagged('~', b"")
}

fn address(host: &str, port: u16) -> Vec<u8> {
    list(&[text(host), number(&port.to_string())])
}

fn request(path: &str, extra: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut pairs = vec![
        ("host", text("198.51.100.7")),
        ("port", number("443")),
        ("method", tagged(',', b"POST")),
        ("scheme", tagged(',', b"https")),
        ("authority", tagged(',', b"")),
        ("path", tagged(',', path.as_bytes())),
        ("http_version", tagged(',', b"HTTP/1.1")),
        ("headers", list(&[list(&[tagged(',', b"Host"), tagged(',', b"API.example.com:443")])])),
        ("content", tagged(',', b"imei=1")),
        ("timestamp_start", number("1772352001.25")),
    ];
    pairs.retain(|(name, _)| extra.iter().all(|(other, _)| other != name));
    pairs.extend_from_slice(extra);
    map(&pairs)
}

fn flow(kind: &str, extra: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let client = map(&[
        ("id", text("c")),
        ("peername", address("192.0.2.9", 40000)),
        ("timestamp_tls_setup", number("1772352001.0")),
        ("sni", text("api.example.com")),
        ("timestamp_start", number("1772352000.5")),
    ]);
    let server = map(&[("peername", address("198.51.100.7", 443)), ("address", address("api.example.com", 443))]);
    let mut pairs = vec![
        ("version", number("21")),
        ("type", text(kind)),
        ("id", text("f")),
        ("client_conn", client),
        ("server_conn", server),
    ];
    pairs.retain(|(name, _)| extra.iter().all(|(other, _)| other != name));
    pairs.extend_from_slice(extra);
    map(&pairs)
}

fn import(file: &[u8]) -> (Imported, Vec<Message>, Vec<Gap>) {
    let options = Options { keys: Default::default(), hash_bodies: true, ..Options::default() };
    let (mut messages, mut gaps) = (Vec::new(), Vec::new());
    let imported = read(file, 3, &options, &mut |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => gaps.push(gap),
    });
    (imported, messages, gaps)
}

fn reasons(gaps: &[Gap]) -> Vec<(GapReason, &str)> {
    gaps.iter().map(|gap| (gap.reason, gap.at.as_str())).collect()
}

#[test]
fn a_request_goes_to_the_host_that_it_names() {
    let (imported, messages, gaps) = import(&flow("http", &[("request", request("/a?b=1", &[]))]));
    assert_eq!((imported.entries, imported.first, gaps), (1, Some(Time(1_772_352_001_250_000_000)), vec![]));
    let [sent] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(sent.kind, Kind::Request { method: "POST".into(), target: "/a?b=1".into() });
    assert_eq!((sent.host.as_deref(), sent.sni.as_deref()), (Some("api.example.com"), Some("api.example.com")));
    assert_eq!(
        (sent.server.to_string(), sent.client.to_string(), sent.port),
        ("198.51.100.7".into(), "192.0.2.9".into(), 443)
    );
    assert_eq!((sent.wire, sent.first, &sent.body[..]), (Wire::Encrypted, true, &b"imei=1"[..]));
    assert_eq!(sent.place, Place::Entry { input: 3, entry: 0, pointer: "/0/request".into() });
    // RFC 9113 §8.3.1: in HTTP/2 the authority takes the place of Host.
    let h2 = [("http_version", tagged(',', b"HTTP/2.0")), ("authority", tagged(',', b"b.example.com"))];
    let (_, messages, _) = import(&flow("http", &[("request", request("/", &h2))]));
    assert_eq!((messages[0].host.as_deref(), messages[0].protocol), (Some("b.example.com"), Protocol::Http2));
    // With no name at all, the address that the proxy was asked for.
    let (_, messages, _) = import(&flow("http", &[("request", request("/", &[("headers", list(&[]))]))]));
    assert_eq!(messages[0].host.as_deref(), Some("198.51.100.7"));
}

#[test]
fn what_no_app_sent_is_left_out_and_counted() {
    let sent = |path| ("request", request(path, &[]));
    let replayed = flow("http", &[sent("/again"), ("is_replay", text("request"))]);
    let old = flow("http", &[("version", number("8")), ("request", request("/old", &[("is_replay", boolean(true))]))]);
    let edited = flow("http", &[sent("/edited"), ("backup", flow("http", &[sent("/before")]))]);
    let (_, messages, gaps) = import(&[replayed, old, edited].concat());
    let paths: Vec<_> = messages.iter().map(|message| &message.kind).collect();
    assert_eq!(paths, [&Kind::Request { method: "POST".into(), target: "/before".into() }]);
    let lossy = GapReason::LossyImport;
    assert_eq!(reasons(&gaps), [(lossy, "/0"), (lossy, "/1"), (lossy, "/2")]);

    let frame = |text: &[u8], injected| {
        let (opcode, time) = (number("1"), number("1772352002"));
        list(&[opcode, boolean(true), tagged(',', text), time, boolean(false), boolean(injected)])
    };
    let websocket = map(&[("messages", list(&[frame(b"own", false), frame(b"injected", true)]))]);
    let (_, messages, gaps) = import(&flow("http", &[sent("/live"), ("websocket", websocket)]));
    assert_eq!((messages.len(), &messages[1].body[..]), (2, &b"own"[..]));
    assert_eq!(messages[1].kind, Kind::WebSocket { opcode: "text", target: Some("/live".into()) });
    assert_eq!(reasons(&gaps), [(lossy, "/0/websocket/messages/1")]);
}

#[test]
fn a_body_that_was_not_kept_is_counted() {
    let headers = list(&[list(&[tagged(',', b"Content-Length"), tagged(',', b"5000")])]);
    let streamed = request("/up", &[("content", null()), ("headers", headers)]);
    let (_, messages, gaps) = import(&flow("http", &[("request", streamed)]));
    assert_eq!((messages[0].body_len, messages[0].incomplete), (5000, Some(GapReason::LossyImport)));
    assert_eq!((gaps.len(), gaps[0].bytes), (1, 5000));
    // In HTTP/2 nothing announces a length: that there are no bytes says it (`b""` is a body of none).
    let streamed = request("/up", &[("content", null()), ("http_version", tagged(',', b"HTTP/2.0"))]);
    let (_, messages, gaps) = import(&flow("http", &[("request", streamed)]));
    assert_eq!((messages[0].incomplete, gaps.len()), (Some(GapReason::LossyImport), 1));
    let empty = request("/up", &[("content", tagged(',', b""))]);
    assert_eq!(import(&flow("http", &[("request", empty)])).2, vec![]);
}

#[test]
fn versions_outside_of_those_known_are_told() {
    let of = |version: Vec<u8>| flow("http", &[("version", version), ("request", request("/", &[]))]);
    let release = |minor| list(&[number("0"), number(minor)]);
    let (imported, messages, gaps) = import(&[of(release("10")), of(number("22")), of(text("x"))].concat());
    assert_eq!(imported.producer.as_deref(), Some("mitmproxy 0.10"));
    assert_eq!(messages.len(), 1);
    let expected =
        [(GapReason::UnknownProtocol, "/0"), (GapReason::LossyImport, "/1"), (GapReason::DamagedInput, "/2")];
    assert_eq!(reasons(&gaps), expected);
    let (_, messages, gaps) = import(&[flow("sctp", &[]), tagged(';', b"text")].concat());
    assert_eq!(
        (messages, reasons(&gaps)),
        (vec![], vec![(GapReason::UnknownProtocol, "/0"), (GapReason::DamagedInput, "/1")])
    );
}

#[test]
fn a_tcp_flow_is_read_as_the_stream_that_it_was() {
    let chunk = |from_client, bytes: &[u8], time| list(&[boolean(from_client), tagged(',', bytes), number(time)]);
    let chunks = list(&[
        chunk(true, b"POST /up HTTP/1.1\r\nHost: up.example.com\r\nContent-Le", "1772352002.5"),
        chunk(true, b"ngth: 4\r\n\r\nbody", "1772352003.5"),
        chunk(false, b"HTTP/1.1 204 No Content\r\n\r\n", "1772352004.5"),
    ]);
    let (_, messages, gaps) = import(&flow("tcp", &[("messages", chunks)]));
    let [sent, received] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!((sent.host.as_deref(), &sent.body[..]), (Some("up.example.com"), &b"body"[..]));
    assert_eq!((sent.wire, sent.sni.as_deref(), sent.first), (Wire::Encrypted, Some("api.example.com"), true));
    assert_eq!(sent.place, Place::Entry { input: 3, entry: 0, pointer: "/0/messages/0".into() });
    assert_eq!((received.direction, received.time), (Direction::Received, Time(1_772_352_004_500_000_000)));
    assert_eq!(received.place, Place::Entry { input: 3, entry: 0, pointer: "/0/messages/2".into() });
    assert_eq!(gaps, []);
    // What nobody knows goes to the name that was asked for.
    let (_, messages, gaps) =
        import(&flow("tcp", &[("messages", list(&[chunk(true, b"\x01\x02\x03", "1772352002.5")]))]));
    assert_eq!((messages[0].host.as_deref(), messages[0].protocol), (Some("api.example.com"), Protocol::Tcp));
    assert_eq!(reasons(&gaps), [(GapReason::UnknownProtocol, "/0/messages")]);
}

#[test]
fn a_flow_that_is_too_large_is_skipped() {
    struct Flow(u64);
    impl Read for Flow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.min(buffer.len() as u64);
            self.0 -= count;
            buffer.get_mut(..count as usize).unwrap().fill(b'x');
            Ok(count as usize)
        }
    }
    let length = FLOW_LIMIT + 1;
    let next = [b"}".to_vec(), flow("http", &[("request", request("/", &[]))])].concat();
    let file = format!("{length}:").into_bytes();
    let options = Options { keys: Default::default(), hash_bodies: false, ..Options::default() };
    let mut items = Vec::new();
    read(file.chain(Flow(length)).chain(&next[..]), 0, &options, &mut |item| items.push(item));
    let [Item::Gap(gap), Item::Message(message)] = &items[..] else { panic!("{items:?}") };
    assert_eq!((gap.reason, gap.bytes), (GapReason::Limit, length));
    assert_eq!(message.place.ordinal(), 1);
}

#[test]
fn damage_is_found_and_never_followed() {
    let whole = flow("http", &[("request", request("/", &[]))]);
    // A length that lies costs no memory.
    for damage in [&b"999999999999:x"[..], b"12", b"abc", b"5:abc", b"3:abc", b"-3:abc,", b":"] {
        let (imported, messages, gaps) = import(&[&whole[..], damage].concat());
        assert_eq!((imported.entries, messages.len()), (1, 1));
        assert_eq!(reasons(&gaps), [(GapReason::DamagedInput, "/1")], "{}", String::from_utf8_lossy(damage));
    }
    // Every byte changed in several ways: nothing panics, whatever comes out.
    for at in 0..whole.len() {
        for value in [0, b'9', b':', b'}', 0xff] {
            let mut changed = whole.clone();
            changed[at] = value;
            import(&changed);
        }
    }
}
