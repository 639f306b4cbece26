//! Files of proxies and browsers, read from outside. `tests/data/import/README.md` says
//! how each was made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wirewitness::capture::Source;
use wirewitness::evidence::{Direction, Gap, GapReason, Gaps, Place, Time};
use wirewitness::message::import::{self, Imported};
use wirewitness::message::{Item, Kind, Message, Options, Protocol, Wire, content};

struct File {
    imported: Imported,
    messages: Vec<Message>,
    gaps: Vec<Gap>,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/import").join(name)
}

fn read(name: &str) -> File {
    read_shifted(name, 0)
}

fn read_shifted(name: &str, nanoseconds: i64) -> File {
    let mut source = Source::open(&fixture(name)).unwrap();
    source.set_shift(nanoseconds);
    let (mut messages, mut gaps) = (Vec::new(), Vec::new());
    let options = Options { hash_bodies: true, ..Options::default() };
    let imported = import::read(&source, 0, &options, &mut |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => gaps.push(gap),
    });
    File { imported: imported.unwrap(), messages, gaps }
}

/// What a message is, as far as both formats can tell.
fn tell(message: &Message) -> String {
    let what = match &message.kind {
        Kind::Request { method, target } => format!("{method} {target}"),
        Kind::Response { status, .. } => status.to_string(),
        _ => String::new(),
    };
    let time = if message.direction == Direction::Sent { message.time.to_string() } else { String::new() };
    format!(
        "{:?} {} {what} {}:{} {:?} {time}",
        message.direction,
        message.protocol.as_str(),
        message.host.as_deref().unwrap_or("-"),
        message.port,
        message.wire,
    )
}

fn content_of(message: &Message) -> String {
    let decoded = content::decode(message);
    wirewitness::evidence::sha256_hex(&decoded.bytes)
}

/// What a sent message holds, its coding undone.
fn bodies(file: &File, sent: impl Fn(&Message) -> bool) -> Vec<Vec<u8>> {
    let of = file.messages.iter().filter(|message| sent(message));
    of.map(|message| content::decode(message).bytes.to_vec()).collect()
}

/// The bytes that `tests/record-import.sh` calls binary.
fn binary() -> Vec<u8> {
    (0..=255).cycle().take(300).collect()
}

#[test]
fn a_recording_saved_as_flows_and_as_har_gives_the_same_messages() {
    let (flows, har, zhar) = (read("mitmproxy.flow"), read("mitmproxy.har"), read("mitmproxy.zhar"));
    assert_eq!(har.messages, zhar.messages);
    assert_eq!((har.gaps, har.imported.clone()), (zhar.gaps, zhar.imported));
    assert_eq!(flows.imported.producer.as_deref(), Some("mitmproxy (flow format 21)"));
    assert_eq!(har.imported.producer.as_deref(), Some("mitmproxy 11.0.2"));
    assert_eq!((flows.imported.entries, har.imported.entries), (26, 23));
    // What HAR has no place for: the DNS, TCP and UDP flows.
    let web = |message: &&Message| !matches!(message.protocol, Protocol::Dns | Protocol::Tcp | Protocol::Udp);
    assert_eq!(flows.messages.iter().filter(|message| !web(message)).count(), 8);
    let from_flows: Vec<&Message> = flows.messages.iter().filter(web).collect();
    // 23 requests, 22 responses (one server was down), 6 WebSocket messages.
    assert_eq!((from_flows.len(), har.messages.len()), (51, 51));
    let mut different = Vec::new();
    for (flow, har) in from_flows.iter().zip(&har.messages) {
        assert_eq!(tell(flow), tell(har));
        if flow.protocol == Protocol::WebSocket {
            assert_eq!(flow.kind, har.kind);
        }
        assert_eq!((&flow.headers, flow.server), (&har.headers, har.server), "{}", tell(flow));
        if content_of(flow) != content_of(har) {
            different.push((har.kind.clone(), har.body_len, har.incomplete));
        }
    }
    // mitmproxy writes request bodies of three methods only.
    let delete = Kind::Request { method: "DELETE".into(), target: "/v2/bind".into() };
    assert_eq!(different, [(delete, 18, Some(GapReason::LossyImport))]);
}

#[test]
fn a_recording_holds_what_was_sent() {
    for name in ["mitmproxy.flow", "mitmproxy.har"] {
        let file = read(name);
        let posted = |message: &Message| matches!(&message.kind, Kind::Request { method, target } if method != "GET" && target.starts_with("/v2/bind"));
        let sent = bodies(&file, posted);
        let json = r#"{"imei":"867530900000017","say":"水火"}"#.as_bytes();
        let gbk = b"\xc9\xe8\xb1\xb8=867530900000017";
        assert_eq!(sent.len(), 8, "{name}");
        assert_eq!([&sent[0], &sent[3], &sent[7]], [json, json, json], "{name}");
        assert_eq!(sent[1], binary(), "{name}");
        assert_eq!(sent[2], b"imei=867530900000017&name=%E6%B0%B4", "{name}");
        assert_eq!(sent[4], gbk, "{name}");
        let form = &sent[6];
        assert!(form.windows(300).any(|window| window == binary()), "{name}");
        assert!(form.windows(6).any(|window| window == "你好".as_bytes()), "{name}");
        let received = bodies(&file, |m| matches!(m.kind, Kind::Response { .. }) && m.port == 443);
        for part in
            [&b"d\xe9j\xe0 vu"[..], b"broken \xff\xfe UTF-8", b"\x89PNG\r\n", "几个汉字".get(6..).unwrap().as_bytes()]
        {
            assert!(
                received.iter().any(|body| body.windows(part.len()).any(|window| window == part)),
                "{name} {part:?}"
            );
        }
        let frames = bodies(&file, |m| m.protocol == Protocol::WebSocket && m.direction == Direction::Sent);
        let text = r#"{"oaid":"01234567-89ab-cdef","say":"你好"}"#.as_bytes().to_vec();
        assert_eq!(frames, [text, (0..=255).collect(), vec![b'x'; 700]], "{name}");
    }
}

#[test]
fn flows_that_are_no_http_are_messages_too() {
    let file = read("mitmproxy.flow");
    let of = |protocol: Protocol| file.messages.iter().filter(move |message| message.protocol == protocol);
    let dns: Vec<_> = of(Protocol::Dns).collect();
    let [query, answer] = &dns[..] else { panic!("{dns:?}") };
    let Kind::Dns(asked) = &query.kind else { panic!("{query:?}") };
    assert_eq!((&asked.names[..], asked.response), (&["api.example.com".to_owned()][..], false));
    let Kind::Dns(answered) = &answer.kind else { panic!("{answer:?}") };
    let record = |owner: &str, kind: &str, value: &str, ttl| (owner.to_owned(), kind.to_owned(), value.to_owned(), ttl);
    let expected = [
        record("api.example.com", "CNAME", "cdn.example.net", 300),
        record("cdn.example.net", "A", "198.51.100.7", 60),
    ];
    assert_eq!(
        (&answered.answers[..], answered.response, answer.direction),
        (&expected[..], true, Direction::Received)
    );
    let tcp: Vec<_> = of(Protocol::Tcp).map(|message| (message.direction, message.body.to_vec())).collect();
    assert_eq!(tcp[0], (Direction::Sent, b"login 0123456789\n".to_vec()));
    assert_eq!(tcp[1], (Direction::Received, b"got 17".to_vec()));
    assert_eq!(tcp[2], (Direction::Sent, b"\0\x01\x02 status\n".to_vec()));
    let udp: Vec<_> = of(Protocol::Udp).map(|message| message.body.to_vec()).collect();
    assert_eq!(udp, [b"\x01\x02device 0123456789 ping".to_vec(), b"pong ping".to_vec()]);
    for message in &file.messages {
        let Place::Entry { entry, pointer, .. } = &message.place else { panic!("{message:?}") };
        assert!(pointer.starts_with(&format!("/{entry}/")), "{pointer}");
    }
    // The encrypted ones say how they began, and whose certificate the server had.
    let first: Vec<_> = file.messages.iter().filter(|message| message.first).collect();
    assert_eq!(first.len(), 18);
    assert!(first.iter().all(|message| message.wire == Wire::Encrypted && message.alpn.as_deref() == Some("h2")));
    assert!(first.iter().all(|message| message.sni == message.host));
    assert_eq!(first[0].certificate_names, ["api.example.com", "*.example.com"]);
}

/// What every file in `versions` holds: a request with a body and its answer, and after
/// the handshake two WebSocket messages and their echo.
#[test]
fn all_versions_of_the_flow_format_are_read() {
    let mut read_versions = 0;
    let mut paths: Vec<_> = std::fs::read_dir(fixture("versions")).unwrap().map(|e| e.unwrap().file_name()).collect();
    paths.sort();
    for path in &paths {
        let name = format!("versions/{}", path.to_str().unwrap());
        let file = read(&name);
        let sent = r#"{"imei":"867530900000017","say":"水"}"#.as_bytes();
        let requests: Vec<_> = file.messages.iter().filter(|m| matches!(m.kind, Kind::Request { .. })).collect();
        let post = requests.first().unwrap();
        let kind = Kind::Request { method: "POST".into(), target: "/v2/bind?x=1".into() };
        assert_eq!((&post.kind, &post.body[..], post.protocol), (&kind, sent, Protocol::Http11), "{name}");
        assert_eq!(
            (post.host.as_deref(), post.port, post.wire),
            (Some("api.example.com"), 39080, Wire::Clear),
            "{name}"
        );
        assert_eq!(post.client.to_string(), "127.0.0.1", "{name}");
        assert_eq!(post.server.to_string(), "127.0.0.1", "{name}");
        assert!(post.time.to_string().starts_with("2026-11-25T16:3"), "{name}: {}", post.time);
        let answer = file.messages.iter().find(|m| matches!(m.kind, Kind::Response { .. })).unwrap();
        assert_eq!(answer.kind, Kind::Response { status: 200, method: Some("POST".into()) }, "{name}");
        assert_eq!(&answer.body[..], r#"{"ok":true,"say":"你好"}"#.as_bytes(), "{name}");
        let frames: Vec<_> = file
            .messages
            .iter()
            .filter(|message| message.protocol == Protocol::WebSocket)
            .map(|message| (message.direction, message.host.clone().unwrap(), message.body.to_vec()))
            .collect();
        // mitmproxy 3 and older did not save WebSocket messages.
        let old = ["0.", "1.0", "2.0", "3.0", "mitmproxy-0", "mitmproxy-2", "mitmproxy-3"]
            .iter()
            .any(|v| path.to_str().unwrap().starts_with(v));
        if old {
            assert_eq!(frames, [], "{name}");
        } else {
            let host = "127.0.0.1".to_owned();
            let (text, bytes) = (r#"{"say":"你好"}"#.as_bytes().to_vec(), (250..=255).collect::<Vec<u8>>());
            let sent = [(Direction::Sent, host.clone(), text), (Direction::Sent, host, bytes)];
            assert_eq!([&frames[0], &frames[2]], [&sent[0], &sent[1]], "{name}");
            assert_eq!((frames.len(), frames[3].0), (4, Direction::Received), "{name}");
        }
        assert_eq!(file.gaps, [], "{name}");
        read_versions += 1;
    }
    assert_eq!(read_versions, 29 + 13);
}

#[test]
fn a_cut_flow_file_yields_the_flows_before_the_cut() {
    let bytes = std::fs::read(fixture("mitmproxy.flow")).unwrap();
    let whole = read("mitmproxy.flow");
    let folder = tempfile::tempdir().unwrap();
    for cut in [1, 40, 1000, 30_000, bytes.len() - 100] {
        let path = folder.path().join("cut.flow");
        std::fs::write(&path, bytes.get(..bytes.len() - cut).unwrap()).unwrap();
        let file = read(path.to_str().unwrap());
        assert!(whole.messages.starts_with(&file.messages), "cut by {cut}");
        assert_eq!(file.gaps.last().map(|gap| gap.reason), Some(GapReason::DamagedInput), "cut by {cut}");
        assert!(file.imported.entries < whole.imported.entries, "cut by {cut}");
    }
}

/// As `tests/har-producers.py` writes what it expects.
fn told(message: &Message) -> String {
    let what = match &message.kind {
        Kind::Request { method, target } => format!("{method} {target}"),
        Kind::Response { status, .. } => status.to_string(),
        Kind::Closed { reason } => reason.as_str().to_owned(),
        _ => "-".to_owned(),
    };
    let direction = if message.direction == Direction::Sent { "sent" } else { "received" };
    let (protocol, app) = (message.protocol.as_str(), message.app.as_deref().unwrap_or("-"));
    let digest = message.body_sha256.get(..16).unwrap();
    format!("{direction} {protocol} {what} {app} {} {digest}", message.body_len)
}

fn har_files() -> Vec<String> {
    let all = std::fs::read_dir(fixture("har")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = all.filter(|name| name.ends_with(".har")).map(|name| format!("har/{name}")).collect();
    names.sort();
    names
}

#[test]
fn each_program_that_exports_har_is_known_with_its_faults() {
    let names = har_files();
    assert!(names.len() >= 14);
    for name in &names {
        let file = read(name);
        let expected = std::fs::read(fixture(&name.replace(".har", ".expected.json"))).unwrap();
        let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
        assert_eq!(file.imported.producer.as_deref(), expected["producer"].as_str(), "{name}");
        let messages: Vec<String> = file.messages.iter().map(told).collect();
        assert_eq!(serde_json::json!(messages), expected["messages"], "{name}");
        let mut gaps = Gaps::default();
        file.gaps.into_iter().for_each(|gap| gaps.add(gap));
        let gaps: BTreeMap<String, (u64, u64)> = gaps
            .into_vec()
            .into_iter()
            .map(|gap| (format!("{}: {}", gap.reason.as_str(), gap.detail), (gap.count, gap.bytes)))
            .collect();
        assert_eq!(serde_json::json!(gaps), expected["gaps"], "{name}");
    }
}

#[test]
fn a_cut_har_yields_the_entries_before_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.har");
    for name in har_files().iter().map(String::as_str).chain(["mitmproxy.har"]) {
        let bytes = std::fs::read(fixture(name)).unwrap();
        let start = bytes.windows(10).position(|window| window == b"\"entries\":").unwrap() + 12;
        // The app of the whole file stands at its end.
        let without_app =
            |file: &File| file.messages.iter().cloned().map(|m| Message { app: None, ..m }).collect::<Vec<_>>();
        let whole = without_app(&read(name));
        for cut in (start..bytes.len() - 2).step_by((bytes.len() / 40).max(1)) {
            std::fs::write(&path, bytes.get(..cut).unwrap()).unwrap();
            let file = read(path.to_str().unwrap());
            assert!(whole.starts_with(&without_app(&file)), "{name} cut at {cut}");
            assert_eq!(file.gaps.last().map(|gap| gap.reason), Some(GapReason::DamagedInput), "{name} cut at {cut}");
        }
    }
}

#[test]
fn bytes_that_an_exporter_left_out_are_not_called_read() {
    let json = std::process::Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["inspect", "--format", "json"])
        .arg(fixture("har/http-toolkit.har"))
        .output()
        .unwrap();
    let observations: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let coverage = &observations["coverage"];
    // A body of 600,000 bytes is not in the file, one of 256 is.
    let unread = coverage["total_bytes"].as_u64().unwrap() - coverage["opened_bytes"].as_u64().unwrap();
    assert_eq!(unread, 600_000, "{coverage}");
    assert_eq!(coverage["closed"]["pinned"], 1);
}

/// What `tests/make-imports.py` wrote, by the name of the file or folder.
fn sessions_of_proxies() -> Vec<String> {
    let all = std::fs::read_dir(fixture("proxies")).unwrap();
    let names = all.filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".expected.json").map(|name| format!("proxies/{name}"))
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// As `tests/make-imports.py` writes what it expects.
fn yields(file: &File) -> serde_json::Value {
    let messages: Vec<String> = file.messages.iter().map(told).collect();
    let mut gaps = Gaps::default();
    file.gaps.iter().cloned().for_each(|gap| gaps.add(gap));
    let gaps: BTreeMap<String, (u64, u64)> = gaps
        .into_vec()
        .into_iter()
        .map(|gap| (format!("{}: {}", gap.reason.as_str(), gap.detail), (gap.count, gap.bytes)))
        .collect();
    serde_json::json!({"producer": file.imported.producer, "messages": messages, "gaps": gaps})
}

#[test]
fn the_session_of_a_proxy_is_read_with_its_faults() {
    let names = sessions_of_proxies();
    assert!(names.len() >= 6, "{names:?}");
    for name in &names {
        let expected = std::fs::read(fixture(&format!("{name}.expected.json"))).unwrap();
        let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
        let file = read(name);
        assert_eq!(yields(&file), expected, "{name}");
        let first = file.messages.first().unwrap();
        assert_eq!(first.time.to_string(), "2026-03-01T08:00:01.250000Z", "{name}");
        assert_eq!(first.server.to_string(), "198.51.100.7", "{name}");
    }
}

/// Whatever the format: what was off by so much is so much later, and nothing else is different.
#[test]
fn a_clock_that_was_off_is_set_right_in_every_format() {
    const BY: i64 = 3_500_000_000;
    let all = sessions_of_proxies().into_iter().chain(har_files());
    for name in all.chain(["mitmproxy.flow", "mitmproxy.har", "mitmproxy.zhar"].map(str::to_owned)) {
        let (file, later) = (read(&name), read_shifted(&name, BY));
        let moved = |message: &Message| Message { time: Time(message.time.0 + BY), ..message.clone() };
        assert_eq!(later.messages, file.messages.iter().map(moved).collect::<Vec<Message>>(), "{name}");
        let moved = |time: Option<Time>| time.map(|time| Time(time.0 + BY));
        let (was, is) = (file.imported, later.imported);
        assert_eq!((is.first, is.last, is.since), (moved(was.first), moved(was.last), moved(was.since)), "{name}");
    }
}

#[test]
fn a_scheme_says_how_it_travelled_and_nothing_else_does() {
    let wire = |name: &str, target: &str| {
        let file = read(name);
        let sent = |m: &&Message| matches!(&m.kind, Kind::Request { target: t, .. } if t.starts_with(target));
        file.messages.iter().find(sent).map(|message| message.wire)
    };
    assert_eq!(wire("proxies/fiddler.saz", "/u"), Some(Wire::Clear));
    assert_eq!(wire("proxies/fiddler.saz", "/origin"), Some(Wire::Encrypted));
    assert_eq!(wire("proxies/fiddler.saz", "/unsaid"), Some(Wire::Unknown));
    assert_eq!(wire("proxies/charles.chlsj", "/v2/bind?x=1"), Some(Wire::Encrypted));
    assert_eq!(wire("proxies/httpcanary.zip", "/u"), Some(Wire::Clear));
}

#[test]
fn a_repeated_field_comes_out_of_the_raw_head() {
    for name in ["proxies/httpcanary.zip", "proxies/httpcanary"] {
        let file = read(name);
        let cookies = file.messages[0].headers.iter().filter(|(name, _)| name == "Cookie").map(|(_, value)| &value[..]);
        assert_eq!(cookies.collect::<Vec<_>>(), [b"a=1", b"b=2"], "{name}");
    }
}

#[test]
fn a_damaged_session_of_a_proxy_is_an_error_or_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    for name in sessions_of_proxies().iter().filter(|name| fixture(name).is_file()) {
        let bytes = std::fs::read(fixture(name)).unwrap();
        let whole = read(name);
        // Cut, and with bytes that are turned over: never a panic, never more than was there,
        // and what is missing is said.
        for at in (1..bytes.len()).step_by((bytes.len() / 60).max(1)) {
            let mut turned = bytes.clone();
            turned[at] ^= 0x55;
            for (how, damaged) in [("cut", &bytes[..at]), ("turned", &turned[..])] {
                let path = folder.path().join("damaged");
                std::fs::write(&path, damaged).unwrap();
                let Ok(source) = Source::open(&path) else { continue };
                let (mut messages, mut gaps) = (0, 0);
                let result = import::read(&source, 0, &Options::default(), &mut |item| match item {
                    Item::Message(_) => messages += 1,
                    Item::Gap(_) => gaps += 1,
                });
                // A turned flag may add one: a tunnel, a request made by hand.
                assert!(messages <= whole.messages.len() + gaps, "{name} {how} at {at}");
                let fewer = messages < whole.messages.len();
                assert!(result.is_err() || !fewer || gaps > 0, "{name} {how} at {at}: {messages} messages, no gap");
            }
        }
    }
}

/// Deflate makes a thousandth of zeros; a member of a ZIP may claim any size.
#[test]
fn an_archive_that_unpacks_without_end_is_a_gap() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.saz");
    let member = |mebibytes: usize| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("x", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(b"POST https://api.example.com/u HTTP/1.1\r\n\r\n").unwrap();
        (0..mebibytes).for_each(|_| zip.write_all(&[b'0'; 1 << 20]).unwrap());
        zip::ZipArchive::new(zip.finish().unwrap()).unwrap()
    };
    let (mut large, mut many) = (member(65), member(24));
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    zip.raw_copy_file_rename(large.by_index(0).unwrap(), "raw/0_c.txt").unwrap();
    for number in 1..17 {
        zip.raw_copy_file_rename(many.by_index(0).unwrap(), format!("raw/{number}_c.txt")).unwrap();
    }
    zip.finish().unwrap();
    let file = read(path.to_str().unwrap());
    let limits: Vec<_> =
        file.gaps.iter().filter(|gap| gap.reason == GapReason::Limit).map(|g| g.detail.as_str()).collect();
    assert!(limits.contains(&"of a file in it, 64 MiB are read"), "{limits:?}");
    assert!(limits.contains(&"its files together unpack to more than 200 times its size"), "{limits:?}");
    assert!((1..16).contains(&file.messages.len()));
}

/// Charles keeps no body of a request that was too long, and nobody says how long one in chunks was.
#[test]
fn a_body_in_chunks_that_charles_did_not_keep_is_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chunks.chlsj");
    let transaction = |body: &str| {
        format!(
            r#"{{"status":"COMPLETE","method":"POST","protocolVersion":"HTTP/1.1","scheme":"https","host":"a.example",
            "port":443,"actualPort":443,"path":"/x","tunnel":false,"remoteAddress":"a.example/192.0.2.7",
            "times":{{"start":"2026-03-01T16:00:01.250+08:00"}},"request":{{"sizes":{{"body":0}},"body":{body},
            "header":{{"headers":[{{"name":"Transfer-Encoding","value":"chunked"}}]}}}},"response":null}}"#
        )
    };
    std::fs::write(&path, format!("[{},{}]", transaction("null"), transaction(r#"{"text":""}"#))).unwrap();
    let file = read(path.to_str().unwrap());
    let incomplete: Vec<_> = file.messages.iter().map(|message| message.incomplete).collect();
    assert_eq!((incomplete, file.gaps.len()), (vec![Some(GapReason::LossyImport), None], 1));
}

/// Fiddler Everywhere, and what writes like it: HTTP/2 in the form of HTTP/1 (RFC 9113 has no start line).
#[test]
fn heads_of_later_versions_are_read_from_a_session_of_fiddler() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later.saz");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    for (name, text) in [
        ("raw/1_c.txt", "POST https://api.example.com/a?b HTTP/2\r\nhost: api.example.com\r\n\r\nimei=1"),
        ("raw/1_s.txt", "HTTP/2 200\r\ncontent-length: 2\r\n\r\nok"),
        ("raw/2_c.txt", "GET https://api.example.com/c HTTP/3.0\r\n\r\n"),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    let file = read(path.to_str().unwrap());
    let of: Vec<_> = file.messages.iter().map(|message| (message.protocol, &message.body[..])).collect();
    assert_eq!(of, [(Protocol::Http2, &b"imei=1"[..]), (Protocol::Http2, b"ok"), (Protocol::Http3, b"")]);
}

/// Fiddler writes what a WebSocket carried into a file of its own: it is not read, and nothing is damaged.
#[test]
fn websockets_of_fiddler_are_told_as_what_they_are() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sockets.saz");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    for (name, text) in [
        ("raw/1_c.txt", "GET https://api.example.com/live HTTP/1.1\r\nHost: api.example.com\r\n\r\n"),
        ("raw/1_w.txt", "Request-Length: 10\r\nID: 1\r\n\r\n"),
        ("raw/2_s.txt", "HTTP/1.1 200 OK\r\n\r\n"),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    let file = read(path.to_str().unwrap());
    let of = |name: &str| file.gaps.iter().find(|gap| gap.at == name).map(|gap| (gap.reason, gap.detail.as_str()));
    let (reason, detail) = of("raw/1_w.txt").unwrap();
    assert!(reason == GapReason::LossyImport && detail.contains("WebSockets"), "{detail}");
    assert_eq!(of("raw/2_s.txt").map(|of| of.0), Some(GapReason::DamagedInput));
}

#[test]
fn an_archive_of_something_else_is_refused_with_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photos.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    zip.start_file("../../etc/passwd", zip::write::SimpleFileOptions::default()).unwrap();
    zip.finish().unwrap();
    let error = Source::open(&path).unwrap_err().to_string();
    assert!(error.contains("a ZIP archive of no known kind (../../etc/passwd)"), "{error}");
}

/// What `tests/make-captures.py` wrote: through the whole program, because who sent a packet and
/// how is known only there.
#[test]
fn the_capture_of_a_phone_is_read_with_its_quirks() {
    let all = std::fs::read_dir(fixture("captures")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        all.filter_map(|name| name.strip_suffix(".expected.json").map(str::to_owned)).collect();
    names.sort();
    assert!(names.len() >= 6, "{names:?}");
    for name in names {
        let expected = std::fs::read(fixture(&format!("captures/{name}.expected.json"))).unwrap();
        let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
        let run = |arguments: &[&str]| {
            let path = fixture(&format!("captures/{name}"));
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_wirewitness"))
                .args(arguments)
                .arg(path)
                .output()
                .unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let text = |line: &serde_json::Value, key: &str| line[key].as_str().unwrap_or("-").to_owned();
        let messages: Vec<String> = run(&["messages"])
            .lines()
            .map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                let what = match line["status"].as_u64() {
                    Some(status) => status.to_string(),
                    None => format!("{} {}", text(&line, "method"), text(&line, "path")),
                };
                let wire = match line["encrypted"].as_bool() {
                    Some(true) => "encrypted",
                    Some(false) => "clear",
                    None => "unknown",
                };
                let digest = text(&line, "body_sha256");
                let digest = digest.get(..16).unwrap_or_default();
                let (direction, protocol) = (text(&line, "direction"), text(&line, "protocol"));
                format!("{direction} {protocol} {what} {} {wire} {digest}", text(&line, "app"))
            })
            .collect();
        assert_eq!(serde_json::json!(messages), expected["messages"], "{name}");
        let seen: serde_json::Value = serde_json::from_str(&run(&["inspect", "--format", "json"])).unwrap();
        assert_eq!(seen["inputs"][0]["producer"], expected["producer"], "{name}");
        let gaps: BTreeMap<&str, u64> = seen["gaps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|gap| (gap["detail"].as_str().unwrap(), gap["count"].as_u64().unwrap()))
            .collect();
        assert_eq!(serde_json::json!(gaps), expected["gaps"], "{name}");
    }
}

/// The folder and the recordings of phones, cut and with bytes that are turned over: read as far as they go.
#[test]
fn damaged_records_and_recordings_are_read_as_far_as_they_go() {
    let folder = tempfile::tempdir().unwrap();
    let whole = read("proxies/httpcanary").messages.len();
    let copied = folder.path().join("httpcanary");
    let files: Vec<PathBuf> = std::fs::read_dir(fixture("proxies/httpcanary"))
        .unwrap()
        .flat_map(|record| std::fs::read_dir(record.unwrap().path()).unwrap().map(|file| file.unwrap().path()))
        .collect();
    assert!(files.len() >= 6);
    for damaged in &files {
        for file in &files {
            let to = copied.join(file.strip_prefix(fixture("proxies/httpcanary")).unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            let bytes = std::fs::read(file).unwrap();
            let kept = if file == damaged { bytes.len() / 2 } else { bytes.len() };
            std::fs::write(to, &bytes[..kept]).unwrap();
        }
        let file = read(copied.to_str().unwrap());
        assert!(file.messages.len() <= whole, "{}", damaged.display());
        assert!(file.messages.len() == whole || !file.gaps.is_empty(), "{}", damaged.display());
    }
    for name in std::fs::read_dir(fixture("captures")).unwrap().map(|entry| entry.unwrap().path()) {
        if name.extension().is_some_and(|extension| extension == "json") {
            continue;
        }
        let bytes = std::fs::read(&name).unwrap();
        let records = |bytes: &[u8]| {
            let path = folder.path().join("damaged");
            std::fs::write(&path, bytes).unwrap();
            let source = Source::open(&path).ok()?;
            let found =
                wirewitness::capture::survey(&source, 0, wirewitness::capture::Hash::WhileReading, &mut |_| {}).ok()?;
            Some((found.input.records, found.gaps.iter().any(|gap| gap.reason == GapReason::DamagedInput)))
        };
        let (whole, damaged) = records(&bytes).unwrap();
        assert!(!damaged, "{}", name.display());
        for at in (24..bytes.len()).step_by((bytes.len() / 50).max(1)) {
            let mut turned = bytes.clone();
            turned[at] ^= 0x55;
            assert!(records(&turned).is_none_or(|(read, _)| read <= whole + 1), "{} at {at}", name.display());
            if let Some((read, damaged)) = records(&bytes[..at]) {
                // A pcap that ends between two packets does not show that it went on.
                assert!(read <= whole && (damaged || read < whole), "{} cut at {at}", name.display());
            }
        }
    }
}
