use super::*;
use crate::evidence::{Direction, Place, Time};
use crate::message::{Kind, Message, Protocol, Wire};

fn import(json: &str) -> (Result<Imported, String>, Vec<Message>, Vec<Gap>) {
    let options = Options { keys: Default::default(), hash_bodies: true, ..Options::default() };
    let (mut messages, mut gaps) = (Vec::new(), Vec::new());
    let har = super::read(json.as_bytes(), None, 2, &options, &mut |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => gaps.push(gap),
    });
    (har, messages, gaps)
}

fn log(entries: &str) -> String {
    format!(r#"{{"log":{{"version":"1.2","creator":{{"name":"Proxy","version":"7.1"}},"entries":[{entries}]}}}}"#)
}

const ENTRY: &str = r#"{"startedDateTime":"2026-03-01T16:00:01.250+08:00","time":12.5,"serverIPAddress":"198.51.100.7",
 "_app":{"id":"com.example","name":"Example"},
 "request":{"method":"POST","url":"https://API.example.com:8443/v2/bind?x=1#top","httpVersion":"HTTP/2.0",
  "headers":[{"name":"Content-Type","value":"application/json"}],"postData":{"mimeType":"application/json","text":"{\"a\":1}"}},
 "response":{"status":200,"statusText":"OK","httpVersion":"HTTP/2.0","headers":[],
  "content":{"size":3,"mimeType":"image/png","text":"/wA=","encoding":"base64"}}}"#;

#[test]
fn an_entry_is_a_request_and_a_response() {
    let (har, messages, gaps) = import(&log(ENTRY));
    let started = Time::parse("2026-03-01T08:00:01.25Z").unwrap();
    let expected = Imported {
        producer: Some("Proxy 7.1".into()),
        entries: 1,
        first: Some(started),
        last: Some(started),
        since: None,
    };
    assert_eq!((har, gaps), (Ok(expected), vec![]));
    let [request, response] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(request.kind, Kind::Request { method: "POST".into(), target: "/v2/bind?x=1".into() });
    assert_eq!((request.host.as_deref(), request.port), (Some("api.example.com"), 8443));
    assert_eq!((request.protocol, request.wire, request.opened), (Protocol::Http2, Wire::Encrypted, true));
    assert_eq!((request.time, request.direction), (started, Direction::Sent));
    assert_eq!((&request.body[..], request.app.as_deref()), (&b"{\"a\":1}"[..], Some("com.example")));
    assert_eq!(request.place, Place::Entry { input: 2, entry: 0, pointer: "/log/entries/0/request".into() });
    assert_eq!(response.kind, Kind::Response { status: 200, method: Some("POST".into()) });
    assert_eq!((&response.body[..], response.time.since(started)), (&b"\xff\x00"[..], 12_500_000));
    assert_eq!(request.exchange, response.exchange);
}

#[test]
fn post_data_in_base64_and_in_pairs_is_read() {
    let post = |data: &str| {
        log(&format!(
            r#"{{"startedDateTime":"2026-03-01T08:00:00Z","serverIPAddress":"[2001:db8::1]",
            "request":{{"method":"POST","url":"http://a.example/","httpVersion":"http/1.1","headers":[],"postData":{data}}},
            "response":{{"status":0}}}}"#
        ))
    };
    let (_, messages, _) = import(&post(r#"{"text":"/wA=","encoding":"base64"}"#));
    assert_eq!((messages.len(), &messages[0].body[..]), (1, &b"\xff\x00"[..]));
    assert_eq!((messages[0].wire, messages[0].server.to_string().as_str()), (Wire::Clear, "2001:db8::1"));
    let (_, messages, gaps) = import(&post(r#"{"params":[{"name":"a b","value":"1&2"},{"name":"c"}]}"#));
    assert_eq!((&messages[0].body[..], messages[0].incomplete), (&b"a%20b=1%262&c="[..], Some(GapReason::LossyImport)));
    assert_eq!(gaps.len(), 1);
    let (_, messages, _) = import(&post(r#"{"text":"a\ufffdb"}"#));
    assert_eq!(messages[0].incomplete, Some(GapReason::LossyImport));
}

#[test]
fn what_an_exporter_left_out_is_counted() {
    let (_, messages, gaps) = import(&log(
        r#"{"startedDateTime":"2026-03-01T08:00:00Z","request":{"method":"POST","url":"https://a.example/u","headers":
        [{"name":"content-length","value":"40"}],"bodySize":-1},"response":{"status":200,"content":{"size":700}}},
        {"request":{"method":"GET","url":"/relative"}},{"request":{"method":"GET","url":"data:text/plain,x"}}, 7"#,
    ));
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].server.to_string(), "0.0.0.0");
    assert_eq!((messages[0].body_len, messages[0].incomplete), (40, Some(GapReason::LossyImport)));
    assert_eq!((messages[1].body_len, messages[1].incomplete), (700, Some(GapReason::LossyImport)));
    let found: Vec<_> = gaps.iter().map(|gap| (gap.reason, gap.at.as_str(), gap.bytes)).collect();
    assert_eq!(
        found,
        [
            (GapReason::LossyImport, "/log/entries/0/serverIPAddress", 0),
            (GapReason::LossyImport, "/log/entries/0/request", 40),
            (GapReason::LossyImport, "/log/entries/0/response", 700),
            (GapReason::DamagedInput, "/log/entries/1/request/url", 0),
            (GapReason::DamagedInput, "/log/entries/3/request/url", 0),
        ]
    );
}

#[test]
fn websocket_messages_are_messages() {
    let (_, messages, _) = import(&log(
        r#"{"startedDateTime":"2026-03-01T08:00:00Z","serverIPAddress":"192.0.2.1","request":{"method":"GET","url":"wss://a.example/s"},
        "response":{"status":101},"_webSocketMessages":[{"type":"send","time":1772352001.5,"opcode":1,"data":"hi"},
        {"type":"receive","time":1772352002,"opcode":2,"data":"/wA="}]}"#,
    ));
    let [_, _, sent, received] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!((sent.protocol, sent.direction, &sent.body[..]), (Protocol::WebSocket, Direction::Sent, &b"hi"[..]));
    assert_eq!(sent.time.to_string(), "2026-03-01T08:00:01.500000Z");
    assert_eq!(sent.kind, Kind::WebSocket { opcode: "text", target: Some("/s".to_owned()) });
    assert_eq!((received.direction, &received.body[..]), (Direction::Received, &b"\xff\x00"[..]));
}

#[test]
fn a_cut_file_yields_the_entries_before_the_cut() {
    let whole = log(&format!("{ENTRY},{ENTRY}"));
    let cut = whole.get(..whole.len() - 100).unwrap();
    let (har, messages, gaps) = import(cut);
    assert_eq!((har.map(|har| har.entries), messages.len()), (Ok(1), 2));
    assert_eq!((gaps.len(), gaps[0].reason), (1, GapReason::DamagedInput));
    assert!(gaps[0].at.starts_with("/log/entries/1, line "), "{}", gaps[0].at);
}

#[test]
fn what_is_no_har_is_refused_with_its_place() {
    for (json, part) in [
        ("", "line 1 column 0"),
        ("[1]", "line 1"),
        ("{\"log\":{}}", "/log/entries"),
        ("{\"log\":{\"entries\":3}}", "expected a list of entries at line 1"),
        ("{\"a\":1}", "/log/entries"),
    ] {
        let error = import(json).0.unwrap_err();
        assert!(error.contains(part), "{json}: {error}");
    }
    assert!(import(&format!("\u{feff}{}", log(ENTRY))).0.is_ok(), "a byte order mark is no error");
}

#[test]
fn bytes_that_are_no_text_come_out_as_they_were() {
    let json = log(
        r#"{"startedDateTime":"2026-03-01T08:00:00Z","serverIPAddress":"192.0.2.1","request":{"method":"POST",
        "url":"https://a.example/","headers":[{"name":"X-Name","value":"d\udce9j\udce0"}],"postData":{"text":"a\udcffb"}}}"#,
    );
    let (_, messages, gaps) = import(&json);
    assert_eq!((&messages[0].headers[0].1[..], &messages[0].body[..]), (&b"d\xe9j\xe0"[..], &b"a\xffb"[..]));
    assert_eq!((messages[0].incomplete, gaps), (None, vec![]));
}

#[test]
fn an_entry_of_too_many_values_is_read_in_part() {
    let zeros = "0,".repeat(tree::VALUES as usize) + "0";
    let json =
        log(&format!("{{\"request\":{{\"method\":\"GET\",\"url\":\"http://a.example/\"}},\"_x\":[{zeros}]}},{ENTRY}"));
    let (har, messages, gaps) = import(&json);
    assert_eq!((har.unwrap().entries, messages.len()), (2, 3));
    assert_eq!((gaps[0].reason, gaps[0].at.as_str()), (GapReason::Limit, "/log/entries/0"));
}

#[test]
fn an_app_is_an_id_and_not_a_name() {
    let of = |noted: &str| {
        let entry = ENTRY.replace(r#""_app":{"id":"com.example","name":"Example"}"#, noted);
        import(&log(&entry)).1[0].app.clone()
    };
    assert_eq!(of(r#""_app":{"id":"com.example","os":"android"}"#).as_deref(), Some("com.example"));
    assert_eq!(of(r#""_appName":"Some App","_appId":"com.example""#).as_deref(), Some("com.example"));
    assert_eq!(of(r#""_application":{"packageName":"com.example"}"#).as_deref(), Some("com.example"));
    assert_eq!(of(r#""_appName":"Chrome v1.2 beta","_app":null"#), None);
}

/// An entry with a request to `https://a.example/x`, of which `request` says more, and `more` behind it.
fn entry(request: &str, more: &str) -> String {
    log(&format!(
        r#"{{"startedDateTime":"2026-03-01T08:00:00Z","serverIPAddress":"192.0.2.1",
        "request":{{"method":"POST","url":"https://a.example/x","headers":[]{request}}}{more}}}"#
    ))
}

/// Chrome's blocked responses (`net_error_list.h`): the request had gone out. What an extension or a
/// policy blocked had not.
#[test]
fn a_request_whose_response_the_browser_blocked_was_sent() {
    let sent = |error: &str| {
        let response = format!(r#","response":{{"status":0,"_error":"{error}"}}"#);
        import(&entry("", &response)).1.len()
    };
    for error in
        ["net::ERR_BLOCKED_BY_ORB", "net::ERR_BLOCKED_BY_RESPONSE", "net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin"]
    {
        assert_eq!(sent(error), 1, "{error}");
    }
    for error in ["net::ERR_BLOCKED_BY_CLIENT", "net::ERR_BLOCKED_BY_CLIENT.Inspector", "net::ERR_BLOCKED_BY_CSP"] {
        assert_eq!(sent(error), 0, "{error}");
    }
}

/// A certificate is refused when it has come: the browser had spoken to the server, and said nothing more.
#[test]
fn a_refused_certificate_is_a_stream_that_stayed_closed() {
    for error in ["net::ERR_CERT_AUTHORITY_INVALID", "net::ERR_CERT_COMMON_NAME_INVALID"] {
        let response = format!(r#","response":{{"status":0,"_error":"{error}"}}"#);
        let (_, messages, gaps) = import(&entry("", &response));
        let [closed] = &messages[..] else { panic!("{error}: {messages:?}") };
        assert_eq!(closed.kind, Kind::Closed { reason: GapReason::Pinned }, "{error}");
        assert_eq!((closed.sni.as_deref(), closed.port, closed.opened), (Some("a.example"), 443, false), "{error}");
        assert_eq!((closed.server.to_string().as_str(), gaps), ("192.0.2.1", vec![]), "{error}");
    }
    for error in ["net::ERR_NAME_NOT_RESOLVED", "net::ERR_CONNECTION_REFUSED"] {
        let response = format!(r#","response":{{"status":0,"_error":"{error}"}}"#);
        assert_eq!(import(&entry("", &response)).1, vec![], "{error}");
    }
}

/// Proxies that do not open a host list the tunnel to it: what went through was not seen.
#[test]
fn a_tunnel_is_a_stream_that_stayed_closed() {
    let connect = |url: &str| {
        log(&format!(
            r#"{{"startedDateTime":"2026-03-01T08:00:00Z","serverIPAddress":"192.0.2.1",
            "request":{{"method":"CONNECT","url":"{url}","headers":[]}},"response":{{"status":200,"headers":[]}}}}"#
        ))
    };
    for url in
        ["https://closed.example:443", "http://closed.example:443/", "closed.example:443", "//closed.example:443"]
    {
        let (_, messages, gaps) = import(&connect(url));
        let [closed] = &messages[..] else { panic!("{url}: {messages:?}") };
        assert_eq!(closed.kind, Kind::Closed { reason: GapReason::NoKey }, "{url}");
        assert_eq!((closed.sni.as_deref(), closed.port, closed.opened), (Some("closed.example"), 443, false), "{url}");
        assert_eq!((closed.server.to_string().as_str(), gaps), ("192.0.2.1", vec![]), "{url}");
    }
    // Fiddler writes which tunnels it looked into: their requests are entries of their own.
    let opened = connect("https://opened.example:443").replace(
        r#""headers":[]}}]"#,
        r#""headers":[],"content":{"text":"Encrypted HTTPS traffic flows through this CONNECT tunnel. HTTPS Decryption is
        enabled in Fiddler, so decrypted sessions running in this tunnel will be shown in the Web Sessions list."}}}]"#,
    );
    let opened = opened.replace('\n', " ");
    assert_eq!(import(&opened).1, vec![]);
}

#[test]
fn what_stands_beside_the_head_is_read_where_the_head_lacks_it() {
    let (_, messages, gaps) = import(&entry(r#","cookies":[{"name":"a","value":"1"},{"name":"b","value":"2"}]"#, ""));
    assert_eq!(messages[0].headers, [("Cookie".to_owned(), "a=1; b=2".into())]);
    assert_eq!((gaps.len(), gaps[0].reason), (1, GapReason::LossyImport));
    let both = r#","cookies":[{"name":"a","value":"1"}],"headers":[{"name":"cookie","value":"a=1"}]"#;
    let (_, messages, gaps) = import(&entry(both, "").replacen(r#""headers":[],"#, "", 1));
    assert_eq!((messages[0].headers.len(), gaps), (1, vec![]));
    let (_, messages, gaps) = import(&entry(r#","queryString":[{"name":"a b","value":"1&2"}]"#, ""));
    assert_eq!(messages[0].kind, Kind::Request { method: "POST".into(), target: "/x?a%20b=1%262".into() });
    assert_eq!((gaps.len(), gaps[0].reason), (1, GapReason::LossyImport));
}

#[test]
fn a_body_of_unknown_size_that_is_not_there_is_counted() {
    for request in [
        r#","bodySize":-1,"headers":[{"name":"Transfer-Encoding","value":"chunked"}]"#,
        r#","bodySize":-1,"headers":[{"name":"content-type","value":"application/octet-stream"}]"#,
        r#","bodySize":-1,"postData":{"mimeType":"image/png","_file":"a.png"}"#,
    ] {
        let json = entry(request, "").replacen(r#""headers":[],"#, "", usize::from(request.contains("headers")));
        let (_, messages, gaps) = import(&json);
        assert_eq!(messages[0].incomplete, Some(GapReason::LossyImport), "{request}");
        assert_eq!(gaps.len(), 1, "{request}: {gaps:?}");
    }
    // A body of no bytes is none.
    let empty = r#","bodySize":0,"headers":[{"name":"content-type","value":"application/json"}]"#;
    let (_, messages, gaps) = import(&entry(empty, "").replacen(r#""headers":[],"#, "", 1));
    assert_eq!((messages[0].incomplete, gaps), (None, vec![]));
    // JSON that was written as JSON and not as text.
    let (_, messages, gaps) = import(&entry(r#","postData":{"mimeType":"application/json","text":{"imei":"1"}}"#, ""));
    assert_eq!((&messages[0].body[..], gaps.len()), (&br#"{"imei":"1"}"#[..], 1));
}

#[test]
fn websocket_messages_in_other_forms_are_read_or_counted() {
    let frames = r#","_webSocketMessages":[{"type":"Send","opcode":2.0,"data":"/wA="},{"type":"send","opcode":0,"data":"/wE="},
        {"type":"send","opcode":9,"data":""},{"type":"other","opcode":1,"data":"x"},{"type":"send","opcode":1}]"#;
    let (_, messages, gaps) = import(&entry("", frames));
    let opcodes = messages.iter().filter_map(|message| match message.kind {
        Kind::WebSocket { opcode, .. } => Some((opcode, &message.body[..])),
        _ => None,
    });
    let expected: [(&str, &[u8]); 3] = [("binary", b"\xff\x00"), ("binary", b"\xff\x01"), ("ping", b"")];
    assert_eq!(opcodes.collect::<Vec<_>>(), expected);
    let at: Vec<_> = gaps.iter().map(|gap| gap.at.as_str()).collect();
    assert_eq!(at, ["/log/entries/0/_webSocketMessages/3", "/log/entries/0/_webSocketMessages/4"]);
}

#[test]
fn fields_beyond_those_that_are_read_are_counted() {
    let fields: Vec<String> = (0..300).map(|n| format!(r#"{{"name":"a{n}","value":"b"}}"#)).collect();
    let json = entry("", "").replace(r#""headers":[]"#, &format!(r#""headers":[{}]"#, fields.join(",")));
    let (_, messages, gaps) = import(&json);
    assert_eq!((messages[0].headers.len(), gaps.len(), gaps[0].reason), (256, 1, GapReason::Limit));
}

#[test]
fn an_address_is_read_as_the_proxies_write_it() {
    for written in ["192.0.2.1:443", "a.example/192.0.2.1", "::ffff:192.0.2.1"] {
        let (_, messages, gaps) = import(&entry("", "").replace(r#""192.0.2.1""#, &format!("{written:?}")));
        assert_eq!((messages[0].server.to_string().as_str(), gaps), ("192.0.2.1", vec![]), "{written}");
    }
}

#[test]
fn a_field_of_the_name_does_not_hide_the_note_of_tweasel() {
    let note = r#""_tweasel":{"options":{"mode":"allowlist","apps":["com.example"]}}"#;
    let json = format!(r#"{{"log":{{"entries":[{{"name":"_tweasel","value":"1"}}],{note}}}}}"#);
    let found = tweasel::find(json.as_bytes()).and_then(|note| note.only_app().map(str::to_owned));
    assert_eq!(found.as_deref(), Some("com.example"));
}
