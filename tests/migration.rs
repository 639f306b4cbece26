//! QUIC connections that go on between other ends, as `tests/record-migration.py` recorded
//! them, held against what the server logged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/quic-migration")
}

fn run(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(arguments)
        .arg("--quiet")
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn messages(capture: &Path, keys: Option<&str>) -> Vec<Value> {
    let capture = capture.to_str().expect("a path");
    let keys = keys.map(|name| folder().join(name).with_extension("keys").to_str().expect("a path").to_owned());
    let mut arguments = vec!["messages", capture];
    if let Some(keys) = &keys {
        arguments.extend(["--keys", keys]);
    }
    let text = String::from_utf8(run(&arguments)).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The stream that a message's connection began in, and its exchange.
fn exchange(message: &Value) -> (u64, u64) {
    let began = message.get("began").unwrap_or(message);
    (began["stream"].as_u64().expect("a stream"), message["exchange"].as_u64().expect("an exchange"))
}

/// Every request and answer that the server logged came out, and nothing else.
fn holds(name: &str, messages: &[Value]) {
    let log = std::fs::read(folder().join(name).with_extension("json")).expect("a log");
    let log: Vec<Value> = serde_json::from_slice(&log).expect("JSON");
    assert_eq!(messages.len(), 2 * log.len(), "{name}");
    let answers: BTreeMap<_, _> =
        messages.iter().filter(|m| m["direction"] == "received").map(|m| (exchange(m), m)).collect();
    for entry in log {
        let request = messages.iter().find(|m| m["path"] == entry["path"]).expect("the request");
        assert_eq!(
            (&request["body_sha256"], &request["body_len"], &request["incomplete"]),
            (&entry["body_sha256"], &entry["body_len"], &Value::Null),
            "{name} {}",
            entry["path"]
        );
        assert_eq!(request["host"], "move.example.com");
        let answer = answers.get(&exchange(request)).expect("an answer");
        assert_eq!((&answer["body_sha256"], &answer["status"]), (&entry["answer_sha256"], &Value::from(200)), "{name}");
    }
}

#[test]
fn a_connection_is_followed_between_other_ends() {
    for name in ["rebound", "moved", "upload", "neighbours"] {
        let capture = folder().join(name).with_extension("pcap");
        holds(name, &messages(&capture, Some(name)));
        let inspect = |threads| {
            let (capture, keys) = (capture.to_str().unwrap(), folder().join(name).with_extension("keys"));
            run(&["inspect", capture, "--keys", keys.to_str().unwrap(), "--format", "json", "--threads", threads])
        };
        let one = inspect("1");
        let report: Value = serde_json::from_slice(&one).expect("JSON");
        let coverage = &report["coverage"];
        assert_eq!(coverage["opened_bytes"], coverage["total_bytes"], "{name}: {coverage}");
        assert!(coverage["closed"].as_object().is_some_and(|closed| closed.is_empty()), "{name}: {coverage}");
        assert_eq!(one, inspect("4"), "{name}");
    }
}

/// The client sent from port 45121, then from the next four, one request from each.
#[test]
fn streams_are_numbered_by_their_ends_all_the_same() {
    let messages = messages(&folder().join("moved.pcap"), Some("moved"));
    let streams: Vec<_> = messages.iter().map(|m| (m["stream"].as_u64(), m["began"]["stream"].as_u64())).collect();
    let expected: Vec<_> = (0..5).flat_map(|number| [(Some(number), (number > 0).then_some(0)); 2]).collect();
    assert_eq!(streams, expected);
    // A body that was sent from two ports lies in the stream that it begins in.
    let upload = upload_frames(&folder().join("upload.pcap"));
    assert_eq!(upload, (Some(0), 5, 24));
}

/// Stream, first and last frame of the upload.
fn upload_frames(capture: &Path) -> (Option<u64>, u64, u64) {
    let messages = messages(capture, Some("upload"));
    let upload = messages.iter().find(|m| m["path"] == "/upload").expect("the request");
    let frames = upload["frames"].as_array().expect("frames");
    let frame = |frame: Option<&Value>| frame.and_then(Value::as_u64).expect("a number");
    (upload["stream"].as_u64(), frame(frames.first()), frame(frames.last()))
}

/// The recording with the ends of each later stream changed about: the client stays, and the
/// server is at another port. So it looks where a server prefers another address (RFC 9000
/// §9.6). Frames of Ethernet, IPv4 without options, UDP.
#[test]
fn a_server_that_goes_elsewhere_is_followed() {
    const PORTS: usize = 16 + 14 + 20;
    let mut bytes = std::fs::read(folder().join("moved.pcap")).expect("a capture");
    let (client, server) = (45121_u16.to_be_bytes(), 45120_u16.to_be_bytes());
    let mut at = 24;
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap()) as usize;
        let ports: [u8; 4] = bytes[at + PORTS..at + PORTS + 4].try_into().unwrap();
        let changed = match (ports[..2] == server, ports[2..] == server) {
            // 45122 to 45125 were the client's.
            (false, true) if ports[..2] != client => [client, ports[..2].try_into().unwrap()].concat(),
            (true, false) if ports[2..] != client => [&ports[2..], &client[..]].concat(),
            _ => ports.to_vec(),
        };
        bytes[at + PORTS..at + PORTS + 4].copy_from_slice(&changed);
        at += 16 + length;
    }
    let place = TempDir::new().expect("a folder");
    let capture = place.path().join("preferred.pcap");
    std::fs::write(&capture, bytes).expect("written");
    let messages = messages(&capture, Some("moved"));
    holds("moved", &messages);
    let ports: Vec<_> = messages.iter().filter_map(|m| m["port"].as_u64()).step_by(2).collect();
    assert_eq!(ports, [45120, 45122, 45123, 45124, 45125]);
}

/// Without keys, the id of a connection that a translator moved is known, and it stays one;
/// of one that took another id, only its first stream has a name.
#[test]
fn without_keys_what_is_known_of_it_is_said() {
    let rebound = messages(&folder().join("rebound.pcap"), None);
    let seen = |messages: &[Value]| -> Vec<(String, String, u64, bool)> {
        let of = |m: &Value, key: &str| m[key].as_str().unwrap_or_default().to_owned();
        messages
            .iter()
            .map(|m| (of(m, "protocol"), of(m, "reason"), m["stream"].as_u64().unwrap(), m["sni"].is_string()))
            .collect()
    };
    let closed = |stream, named| ("quic".to_owned(), "quic-no-key".to_owned(), stream, named);
    assert_eq!(seen(&rebound), [closed(0, true)]);
    let mut moved = seen(&messages(&folder().join("moved.pcap"), None));
    moved.sort_by_key(|(_, _, stream, _)| *stream);
    assert_eq!(moved, [closed(0, true), closed(1, false), closed(2, false), closed(3, false), closed(4, false)]);
}
