//! WebSocket and gRPC: the same with the proxy as without it, and every message on the tape.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::harness::*;

/// The example of 3GPP TS 23.003 for the check digit: of no device.
const IMEI: &str = "490154203237518";

fn python() -> Command {
    let mut command = Command::new("python3");
    command.arg(file("talk.py")).env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python"));
    command
}

/// Both servers of talk.py.
struct Talk {
    child: Child,
    ports: Value,
}

impl Talk {
    fn start(certificates: &Certificates) -> Self {
        let (key, certificate) = (certificates.path("good.key"), certificates.path("good.pem"));
        let mut child = python()
            .args(["serve", text(&key), text(&certificate)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs; scripts/setup.sh --tests installs it");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("is read");
        let ports =
            serde_json::from_str(&line).expect("ports; scripts/setup.sh --tests installs websockets and grpcio");
        Self { child, ports }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client(arguments: &[&str]) -> Value {
    let output = python().args(arguments).output().expect("runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Where the IMEI was seen to go, as data type, protocol and steps.
fn seen(proxy: &Proxy) -> Vec<String> {
    let session = proxy.session();
    std::fs::write(session.join("device.toml"), format!("[ids]\nimei = \"{IMEI}\"\n")).expect("written");
    let output = run(PROGRAM, &["inspect", text(&session), "--format", "json", "--quiet"]);
    let seen: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let sightings = seen["sightings"].as_array().expect("sightings").iter();
    let told = sightings.map(|s| {
        let word = |key: &str| s[key].as_str().unwrap_or_default().to_owned();
        format!("{} {} {} {}", word("data_type"), word("certainty"), word("wire"), word("path_template"))
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    told
}

#[test]
fn messages_of_a_websocket_are_passed_on_and_recorded() {
    let certificates = Certificates::make();
    let talk = Talk::start(&certificates);
    let mut proxy = Proxy::start(&certificates, &[]);
    for scheme in ["ws", "wss"] {
        let url = format!("{scheme}://localhost:{}/talk?by={scheme}", talk.ports[scheme]);
        assert_eq!(client(&["websocket", &url, &proxy.roots(), &proxy.url()]), "echoed");
    }
    proxy.stop();
    let session = proxy.session();
    let described = std::fs::read_to_string(session.join("session.toml")).expect("written");
    assert!(described.contains("by = \"wirewitness proxy "), "{described}");
    assert_eq!((mode(&session), mode(&proxy.capture()), mode(&session.join("session.toml"))), (0o700, 0o600, 0o600));
    let messages = proxy.messages();
    for path in ["/talk?by=ws", "/talk?by=wss"] {
        let of = |direction: &str| -> Vec<(String, u64)> {
            let mine = messages.iter().filter(|m| m["protocol"] == "websocket" && m["path"] == path);
            let data =
                mine.filter(|m| m["direction"] == direction && matches!(m["opcode"].as_str(), Some("text" | "binary")));
            // Its length before the extension that deflates it was undone is not what was said.
            data.map(|m| (m["opcode"].as_str().expect("text").to_owned(), m["content_len"].as_u64().unwrap_or(0)))
                .collect()
        };
        let (sent, received) = (of("sent"), of("received"));
        assert_eq!((sent.len(), &sent), (4, &received), "{path}");
        let kinds: Vec<&str> = sent.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["text", "binary", "text", "text"], "{path}");
    }
    assert_eq!(seen(&proxy), ["imei confirmed clear websocket", "imei confirmed encrypted websocket"],);
}

#[test]
fn calls_of_grpc_have_their_answers_trailers_and_messages() {
    let certificates = Certificates::make();
    let talk = Talk::start(&certificates);
    let mut proxy = Proxy::start(&certificates, &[]);
    let (port, root) = (talk.ports["grpc"].to_string(), certificates.path("root.pem"));
    let without = client(&["grpc", &port, text(&root)]);
    let with = client(&["grpc", &port, &proxy.roots(), &proxy.url()]);
    assert_eq!(with, without);
    assert_eq!(with["error"], serde_json::json!(["DATA_LOSS", "half of it, 一半"]), "{with}");
    assert_eq!(with["flow"].as_array().expect("messages").len(), 3, "{with}");
    let said = proxy.stop();
    assert!(said.contains("1 TLS opened"), "{said}");
    // tshark's reading of the tape: both calls, and what stands after their answers.
    let trailers = proxy.tshark("http2.header.name == \"grpc-status\"", &["http2.header.value"]);
    assert!(trailers.contains("15") && trailers.contains("behind the answer"), "{trailers:?}");
    let messages = proxy.messages();
    let sent: Vec<&Value> = messages.iter().filter(|m| m["protocol"] == "grpc" && m["direction"] == "sent").collect();
    let paths: Vec<&str> = sent.iter().filter_map(|m| m["path"].as_str()).collect();
    assert_eq!(paths, ["/fixture.Talk/Echo", "/fixture.Talk/Flow"], "{sent:?}");
    // Five bytes before each message (gRPC over HTTP/2, Length-Prefixed-Message).
    let lengths: Vec<u64> = sent.iter().filter_map(|m| m["body_len"].as_u64()).collect();
    assert_eq!(lengths, [5 + 17, 5 + 17 + 5 + 6 + 5]);
    assert_eq!(
        seen(&proxy),
        ["imei confirmed encrypted POST /fixture.Talk/Echo", "imei confirmed encrypted POST /fixture.Talk/Flow",]
    );
}
