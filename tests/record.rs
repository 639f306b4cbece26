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
    let (child, mut said) = record_with(session, port, &[])?;
    // What else it says must not block it.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    Some(child)
}

/// Starts a recording with more options; `None`: not allowed here.
fn record_with(session: &Path, port: u16, more: &[&str]) -> Option<(Child, BufReader<std::process::ChildStderr>)> {
    let filter = format!("tcp port {port}");
    let mut child = Command::new(PROGRAM)
        .args(["record", session.to_str().expect("UTF-8"), "--interface", "lo", "--filter", &filter])
        .args(more)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut said = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    said.read_line(&mut line).expect("is read");
    while line.starts_with("an earlier recording") {
        line.clear();
        said.read_line(&mut line).expect("is read");
    }
    if !line.starts_with("recording") {
        let status = child.wait().expect("ended");
        assert_eq!(status.code(), Some(2), "{line}");
        assert!(line.contains("setcap") || line.contains("No such device"), "a reason and what to do: {line}");
        eprintln!("NOT RUN: the right to capture is missing: {line}");
        return None;
    }
    Some((child, said))
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
    // The kernel hands packets over in blocks; Ctrl-C after the last one is what a person does.
    std::thread::sleep(Duration::from_millis(500));
    signal(&child, "-INT");
    let ended = Instant::now();
    assert!(child.wait().expect("ended").success());
    assert!(ended.elapsed() < Duration::from_secs(5));
    // What was recorded is audited without a further step, and is its owner's alone.
    let written = std::fs::read_to_string(session.path().join("session.toml")).expect("written");
    let recorded: toml::Table = written.parse().expect("TOML");
    let by = recorded["recorded"]["by"].as_str().expect("text");
    assert!(
        by.starts_with("wirewitness record ") && recorded["recorded"]["interface"].as_str() == Some("lo"),
        "{written}"
    );
    assert!(written.contains("# policy = "), "the keys to fill in are there: {written}");
    for name in ["capture.pcapng", "session.toml"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(session.path().join(name)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    std::fs::write(session.path().join("policy.md"), "我们不会收集您的通讯录。\n").expect("written");
    let policy = session.path().join("policy.md");
    let audited = Command::new(PROGRAM).arg("audit").arg(session.path()).arg("--policy").arg(policy).output();
    let audited = audited.expect("runs");
    assert!(matches!(audited.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&audited.stderr));
    assert!(String::from_utf8_lossy(&audited.stdout).contains("collect.tracker.example"));
    assert_eq!(found(session.path()), ["GET /first", "GET /last"]);
    assert!(std::fs::read_to_string(session.path().join("phases.jsonl")).expect("marks").contains("launched"));
}

/// A session that belongs to somebody is recorded by that user, one that is root's by root without
/// capabilities. Who may not capture, or is not root, has nothing to give back.
#[cfg(target_os = "linux")]
#[test]
fn the_right_to_capture_is_given_back_once_the_interface_is_open() {
    use std::os::unix::fs::MetadataExt;
    let session = tempfile::tempdir().expect("a folder");
    let is_root = std::fs::metadata(session.path()).expect("there").uid() == 0;
    if is_root {
        std::os::unix::fs::chown(session.path(), Some(1234), Some(1235)).expect("given away");
    }
    let port = serve();
    let more = ["--phase", "l=launched", "--file-size", "1"];
    let Some((mut child, mut said)) = record_with(session.path(), port, &more) else { return };
    let mut line = String::new();
    said.read_line(&mut line).expect("is read");
    assert!(line.contains("was given back"), "{line}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("runs");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(&format!("{name}:"))).expect("a line");
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    for name in ["CapEff", "CapPrm", "CapInh", "CapAmb"] {
        assert_eq!(field(name), ["0000000000000000"], "{name}");
    }
    assert_eq!(field("NoNewPrivs"), ["1"]);
    if is_root {
        assert_eq!(field("Uid"), ["1234"; 4]);
        assert_eq!((field("Gid"), field("Groups")), (vec!["1235".to_owned(); 4], vec!["1235".to_owned()]));
    }
    // What is left is enough: marks, and files that begin later.
    let mut typing = child.stdin.take().expect("piped");
    typing.write_all(b"l").expect("typed");
    let padding = "x".repeat(3_000);
    while captures(session.path()).len() < 2 {
        (0..20).for_each(|_| send(port, &format!("/{padding}")));
        assert!(child.try_wait().expect("asked").is_none(), "it goes on");
    }
    signal(&child, "-INT");
    assert!(child.wait().expect("ended").success());
    assert!(session.path().join("phases.jsonl").exists());
    if is_root {
        for entry in std::fs::read_dir(session.path()).expect("listed") {
            let entry = entry.expect("an entry");
            assert_eq!(entry.metadata().expect("known").uid(), 1234, "{:?}", entry.file_name());
        }
    }
}

#[test]
fn what_a_person_wrote_stays_and_a_folder_that_is_made_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let above = tempfile::tempdir().expect("a folder");
    let (session, port) = (above.path().join("made"), serve());
    let Some(mut child) = record(&session, port) else { return };
    signal(&child, "-INT");
    assert!(child.wait().expect("ended").success());
    assert_eq!(std::fs::metadata(&session).expect("there").permissions().mode() & 0o777, 0o700);
    std::fs::write(session.join("session.toml"), "# mine\n").expect("written");
    let mut child = record(&session, port).expect("as before");
    signal(&child, "-INT");
    assert!(child.wait().expect("ended").success());
    assert_eq!(std::fs::read_to_string(session.join("session.toml")).expect("there"), "# mine\n");
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

fn captures(session: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(session)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".pcapng"))
        .collect();
    names.sort();
    names
}

/// Block types of a pcapng, by its own lengths.
fn blocks(path: &Path) -> Vec<(u32, Vec<u8>)> {
    let bytes = std::fs::read(path).expect("the capture");
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let (mut at, mut found) = (0, Vec::new());
    while at + 12 <= bytes.len() {
        let length = word(at + 4) as usize;
        found.push((word(at), bytes[at + 8..at + length - 4].to_vec()));
        at += length;
    }
    assert_eq!(at, bytes.len(), "the last block is whole");
    found
}

#[test]
fn typed_keys_mark_and_a_growing_key_log_goes_into_the_capture() {
    let session = tempfile::tempdir().expect("a folder");
    let log = session.path().join("app-keys.txt");
    let port = serve();
    let more = ["--phase", "l=launched,1=scenario:search", "--keys", log.to_str().expect("UTF-8")];
    let Some((mut child, _said)) = record_with(session.path(), port, &more) else { return };
    let mut typing = child.stdin.take().expect("piped");
    typing.write_all(b"lx1").expect("typed");
    std::fs::write(&log, "CLIENT_RANDOM 01 02\nCLIENT_RANDOM 03 ").expect("written");
    send(port, "/a");
    std::thread::sleep(Duration::from_millis(1_500));
    std::fs::write(&log, "CLIENT_RANDOM 01 02\nCLIENT_RANDOM 03 04\n").expect("written");
    signal(&child, "-INT");
    assert!(child.wait().expect("ended").success());
    let marks = std::fs::read_to_string(session.path().join("phases.jsonl")).expect("marks");
    let marks: Vec<serde_json::Value> = marks.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(
        marks.iter().map(|m| m["mark"].as_str().expect("text")).collect::<Vec<_>>(),
        ["launched", "scenario:search"]
    );
    let capture = session.path().join("capture.pcapng");
    let secrets: Vec<u8> = blocks(&capture)
        .into_iter()
        .filter(|(kind, _)| *kind == 10)
        .flat_map(|(_, body)| {
            let length = u32::from_le_bytes(body[4..8].try_into().expect("four bytes")) as usize;
            body[8..8 + length].to_vec()
        })
        .collect();
    assert_eq!(String::from_utf8_lossy(&secrets), "CLIENT_RANDOM 01 02\nCLIENT_RANDOM 03 04\n");
    assert!(!session.path().join(".recording").exists());
}

#[test]
fn a_ring_keeps_its_newest_files_and_each_opens_by_itself() {
    let session = tempfile::tempdir().expect("a folder");
    let log = session.path().join("app-keys.txt");
    std::fs::write(&log, "CLIENT_RANDOM 01 02\n").expect("written");
    let port = serve();
    let more = ["--file-size", "1", "--files", "2", "--size", "4", "--keys", log.to_str().expect("UTF-8")];
    let Some((mut child, mut said)) = record_with(session.path(), port, &more) else { return };
    // Requests of 64 KiB until the recording ends by itself.
    let padding = "x".repeat(3_000);
    while child.try_wait().expect("asked").is_none() {
        for _ in 0..20 {
            send(port, &format!("/{padding}"));
        }
    }
    assert!(child.wait().expect("ended").success());
    let mut words = String::new();
    said.read_to_string(&mut words).expect("is read");
    assert!(words.contains("older capture files went to make room"), "{words}");
    let names = captures(session.path());
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(!names.contains(&"capture-00001.pcapng".to_owned()), "{names:?}");
    for name in names {
        let found = blocks(&session.path().join(&name));
        assert_eq!(found.iter().filter(|(kind, _)| *kind == 10).count(), 1, "{name} holds the secrets");
        assert_eq!(found.last().map(|(kind, _)| *kind), Some(5), "{name} ends with what was counted");
    }
}

#[test]
fn the_next_recording_says_that_one_was_killed() {
    let session = tempfile::tempdir().expect("a folder");
    let port = serve();
    let Some((mut child, _said)) = record_with(session.path(), port, &[]) else { return };
    signal(&child, "-KILL");
    child.wait().expect("ended");
    let output = Command::new(PROGRAM)
        .args(["record", session.path().to_str().expect("UTF-8"), "--interface", "lo", "--duration", "1"])
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("was not ended: capture.pcapng holds what came"), "{said}");
    assert_eq!(captures(session.path()), ["capture-2.pcapng", "capture.pcapng"]);
}
