//! Chromium's messages are those that its servers logged, in number and in content.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{committed, field, messages};

/// `+` for each time the servers say so, less each time we do.
type Balance = BTreeMap<String, i64>;

fn content(line: &Value, length: &str, hash: &str) -> String {
    if line[length] == 0 { "-".to_owned() } else { field(line, hash) }
}

#[test]
fn messages_equal_what_the_servers_logged() {
    let folder = committed("tests/data/chromium");
    let mut balance = Balance::new();
    let log = std::fs::read_to_string(folder.join("log.jsonl")).expect("read");
    let mut logged = BTreeMap::<String, usize>::new();
    for entry in log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")) {
        let [protocol, host, direction] = ["protocol", "host", "direction"].map(|name| field(&entry, name));
        let got = content(&entry, "body_len", "body_sha256");
        *logged.entry(protocol.clone()).or_default() += 1;
        let lines = if protocol == "WebSocket" {
            let opcode = if entry["opcode"] == 1 { "text" } else { "binary" };
            vec![format!("websocket {direction} {host} {} {opcode} {got}", field(&entry, "path"))]
        } else {
            let said = content(&entry, "answer_len", "answer_sha256");
            vec![
                format!("{protocol} {host} {} {} {got}", field(&entry, "method"), field(&entry, "path")),
                format!("{protocol} {host} {} {said}", entry["status"]),
            ]
        };
        for line in lines {
            *balance.entry(line).or_default() += 1;
        }
    }
    // How often the page asks for each: a recording that went wrong would prove nothing.
    assert!(["HTTP/1", "HTTP/2", "HTTP/3"].iter().all(|protocol| logged[*protocol] > 20), "{logged:?}");
    assert_eq!(logged["WebSocket"], 32);

    for line in messages(&folder.join("keys.log"), &[&folder.join("capture.pcap")]) {
        let host = field(&line, "host");
        // The port is the recording's.
        let host = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
        let protocol = match field(&line, "protocol").as_str() {
            "http/1.1" => "HTTP/1",
            "http/2" => "HTTP/2",
            "http/3" => "HTTP/3",
            "websocket" => "websocket",
            other => panic!("{other} was not recorded"),
        };
        let content = field(&line, "content_sha256");
        let seen = if protocol == "websocket" {
            // Pings and closes are not the application's, so its log has none.
            if !matches!(field(&line, "opcode").as_str(), "text" | "binary") {
                continue;
            }
            format!(
                "websocket {} {host} {} {} {content}",
                field(&line, "direction"),
                field(&line, "path"),
                field(&line, "opcode")
            )
        } else if line["status"].is_null() {
            format!("{protocol} {host} {} {} {content}", field(&line, "method"), field(&line, "path"))
        } else {
            format!("{protocol} {host} {} {content}", line["status"])
        };
        *balance.entry(seen).or_default() -= 1;
    }
    balance.retain(|_, count| *count != 0);
    assert!(balance.is_empty(), "{balance:#?}");
}
