//! `record` on the loopback interface: what a client sends is found by `audit`, whether the
//! recording ends with Ctrl-C or with `kill -9`. Needs the right to capture; where that
//! is missing, the tests say that they did not run.
#![cfg(all(feature = "live", unix))]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_wirewitness");
/// The example of 3GPP TS 23.003 for the check digit: of no device.
const IMEI: &str = "490154203237518";

/// A server that answers each request with 204, and its port.
fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        }
    });
    port
}

fn send(port: u16, path: &str) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connects");
    let request = format!("GET {path}?imei={IMEI} HTTP/1.1\r\nHost: collect.tracker.example\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answered");
    assert!(answer.starts_with(b"HTTP/1.1 204"));
}

/// Starts a recording and waits until it runs. `None`: not allowed here.
fn record(session: &Path, port: u16) -> Option<Child> {
    let mut child = Command::new(PROGRAM)
        .args([
            "record",
            session.to_str().expect("UTF-8"),
            "--interface",
            "lo",
            "--filter",
            &format!("tcp port {port}"),
        ])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut said = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    said.read_line(&mut line).expect("is read");
    if !line.starts_with("recording") {
        let status = child.wait().expect("ended");
        assert_eq!(status.code(), Some(2), "{line}");
        assert!(line.contains("setcap") || line.contains("No such device"), "a reason and what to do: {line}");
        eprintln!("NOT RUN: the right to capture is missing: {line}");
        return None;
    }
    // What else it says must not block it.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    Some(child)
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill runs");
    assert!(status.success());
}

/// Audits the session; the paths of the requests that carried the IMEI.
fn found(session: &Path) -> Vec<String> {
    std::fs::write(session.join("device.toml"), format!("[ids]\nimei = \"{IMEI}\"\n")).expect("written");
    std::fs::write(session.join("policy.txt"), "我们不会收集您的通讯录。\n").expect("written");
    std::fs::write(session.join("session.toml"), "first_party = [\"maker.example\"]\npolicy = \"policy.txt\"\n")
        .expect("written");
    let output = Command::new(PROGRAM)
        .args(["audit", session.to_str().expect("UTF-8"), "--format", "json", "--quiet"])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(report["findings"].as_array().expect("findings").iter().any(|f| f["code"] == "omitted-recipient"));
    let sightings = report["sightings"].as_array().expect("sightings");
    let mut paths: Vec<String> = sightings
        .iter()
        .filter(|s| s["data_type"] == "imei" && s["recipient"] == "host:collect.tracker.example")
        .map(|s| s["path_template"].as_str().expect("text").to_owned())
        .collect();
    paths.sort();
    paths
}

#[test]
fn a_recording_that_ends_with_ctrl_c_is_complete() {
    let session = tempfile::tempdir().expect("a folder");
    let port = serve();
    let Some(mut child) = record(session.path(), port) else { return };
    send(port, "/first");
    let marked = Command::new(PROGRAM).args(["mark", session.path().to_str().expect("UTF-8"), "launched"]).status();
    assert!(marked.expect("runs").success());
    send(port, "/last");
    // The kernel hands packets over in blocks; Ctrl-C behind the last one is what a person does.
    std::thread::sleep(Duration::from_millis(500));
    signal(&child, "-INT");
    let ended = Instant::now();
    assert!(child.wait().expect("ended").success());
    assert!(ended.elapsed() < Duration::from_secs(5));
    assert_eq!(found(session.path()), ["GET /first", "GET /last"]);
    assert!(std::fs::read_to_string(session.path().join("phases.jsonl")).expect("marks").contains("launched"));
}

#[test]
fn a_recording_that_is_killed_loses_at_most_the_last_second() {
    let session = tempfile::tempdir().expect("a folder");
    let port = serve();
    let Some(mut child) = record(session.path(), port) else { return };
    send(port, "/early");
    std::thread::sleep(Duration::from_millis(1_100));
    signal(&child, "-KILL");
    child.wait().expect("ended");
    assert_eq!(found(session.path()), ["GET /early"]);
}

#[test]
fn a_filter_that_is_not_understood_is_refused_with_an_example() {
    let session = tempfile::tempdir().expect("a folder");
    let output = Command::new(PROGRAM)
        .args(["record", session.path().to_str().expect("UTF-8"), "--interface", "lo", "--filter", "tcp prot 80"])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("tcp prot 80") && error.contains("port 443") || error.contains("setcap"), "{error}");
}
