//! Protocols on top of HTTP and beside it, recorded from real programs: what comes out of them.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn messages(file: &str, options: &[&str]) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let output =
        Command::new(env!("CARGO_BIN_EXE_wirewitness")).arg("messages").arg(path).args(options).output().unwrap();
    assert!(output.status.success(), "{file}");
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// `how` and `imei` of each report that `tests/data/protocols/socketio.js` sends: by long
/// polling, over WebSocket with an acknowledgement, and in a namespace.
#[test]
fn socket_io_over_polling_and_websocket() {
    let mut reports = Vec::new();
    for message in messages("protocols/socketio.pcap", &["--layers"]) {
        let layers = message["layers"].as_array().unwrap();
        let value = |key: &str| {
            let leaf = layers.iter().find(|leaf| leaf["key"] == key)?;
            leaf["text"].as_str().map(str::to_owned)
        };
        if let Some(imei) = value("imei") {
            assert_eq!((message["direction"].as_str(), imei.as_str()), (Some("sent"), "867530900000017"));
            reports.push((value("how").unwrap(), value("say").unwrap()));
        }
    }
    let expected = ["polling", "again", "websocket", "namespace"].map(|how| (how.to_owned(), "水火".to_owned()));
    assert_eq!(reports, expected);
}

/// OpenSSL's DTLS, over UDP: names and no plaintext.
#[test]
fn dtls_is_named_and_closed() {
    for name in ["dtls10", "dtls12", "dtls12-fragments"] {
        let found = messages(&format!("dtls/{name}.pcap"), &[]);
        assert_eq!(found.len(), 1, "{name}");
        let wanted = [("protocol", "tls"), ("sni", "api.example.com"), ("reason", "no-key")];
        for (key, value) in wanted {
            assert_eq!(found[0][key], value, "{name}");
        }
        assert_eq!(found[0]["opened"], false, "{name}");
    }
}

/// What node's client received of node's server (`tests/data/protocols/events.js`).
#[test]
fn server_sent_events_and_long_polling() {
    let log = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/protocols/events.json")).unwrap();
    let log: Value = serde_json::from_slice(&log).unwrap();
    let found = messages("protocols/events.pcap", &["--layers", "--bodies"]);
    let answer = |request: &Value| {
        let same = |key: &str, message: &Value| message[key] == request[key];
        let answers = found.iter().filter(|m| m["direction"] == "received");
        answers.into_iter().find(|m| same("stream", m) && same("exchange", m)).expect("an answer")
    };
    for stream in log["streams"].as_array().unwrap() {
        let request = found.iter().find(|m| m["path"] == stream["path"]).expect("the request");
        let answer = answer(request);
        let events: Vec<&Value> = answer["layers"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|leaf| leaf["steps"][1].as_str().is_some_and(|step| step.starts_with("event ")))
            .map(|leaf| &leaf["text"])
            .collect();
        let mut received: Vec<Value> = stream["events"].as_array().unwrap().clone();
        // A client waits for the blank line; what was sent was sent.
        let cut = Value::from("never dispatched, for no blank line follows");
        let ended = stream["path"] == "/events";
        received.extend(ended.then_some(cut));
        assert_eq!(events, received.iter().collect::<Vec<_>>(), "{}", stream["path"]);
        // The other one went on until its client had enough.
        let reason = if ended { Value::Null } else { Value::from("cancelled") };
        assert_eq!(answer["incomplete"], reason);
    }
    let polls: Vec<&Value> =
        found.iter().filter(|m| m["path"] == "/poll").map(|request| &answer(request)["body"]).collect();
    assert_eq!(polls, log["polls"].as_array().unwrap().iter().collect::<Vec<_>>());
}

/// By the recorder's own log, and for sealed media by tshark's dissection of the same file
/// (`rtp_stun`): what each datagram is.
#[test]
fn media_are_named() {
    let services = |file: &str| {
        let mut count = std::collections::BTreeMap::new();
        for message in messages(file, &[]) {
            let word = message["service"].as_str().or(message["protocol"].as_str()).unwrap_or_default().to_owned();
            *count.entry((message["port"].as_u64().unwrap(), word)).or_insert(0_u64) += 1;
        }
        count
    };
    let log = |name: &str| -> Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/media").join(name);
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let plain = log("plain.json");
    let number = |part: &str, key: &str| plain[part][key].as_u64().unwrap();
    // Two datagrams are no evidence yet.
    let (rtp, rtcp) = (number("ports", "rtp"), number("ports", "rtcp"));
    let expected = [
        ((rtp, "rtp".to_owned()), number("datagrams", "rtp") - 2),
        ((rtp, "udp".to_owned()), 2),
        ((rtcp, "rtcp".to_owned()), number("datagrams", "rtcp")),
    ];
    assert_eq!(services("media/plain.pcap"), expected.into_iter().collect());
    let webrtc: Vec<(String, u64)> =
        services("media/webrtc.pcap").into_iter().map(|((_, word), count)| (word, count)).collect();
    let sent: u64 = log("webrtc.json")["rtp_at_least"].as_array().unwrap().iter().filter_map(Value::as_u64).sum();
    let count = |word: &str| webrtc.iter().find(|(known, _)| known == word).map_or(0, |(_, count)| *count);
    assert_eq!((count("rtp"), count("rtcp"), count("stun"), count("tls")), (285, 11, 4, 1), "{webrtc:?}");
    assert!(count("rtp") >= sent);
}

#[test]
fn every_key_of_a_line_is_documented() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/messages.md")).unwrap();
    let mut keys = std::collections::BTreeSet::new();
    let more = ["--bodies", "--layers"];
    let closed = ["dtls/dtls12.pcap", "media/plain.pcap", "quic-migration/moved.pcap"];
    let opened = ["protocols/socketio.pcap", "protocols/mqtt.pcap", "protocols/events.pcap"];
    for message in closed.into_iter().chain(opened).flat_map(|file| messages(file, &more)) {
        keys.extend(message.as_object().unwrap().keys().cloned());
    }
    assert!(keys.len() > 25, "{keys:?}");
    let missing: Vec<_> = keys
        .iter()
        .filter(|key| !page.contains(&format!("`{key}`")) && !page.contains(&format!("\"{key}\":")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
