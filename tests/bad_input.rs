//! What cannot be used gets an error that says what, where and what next, and exit code 2;
//! what can be used in part gets a gap. Never a panic, never silence.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

fn wirewitness(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wirewitness")).args(arguments).output().expect("the program runs")
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/aftersales")
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A folder with one file in it.
fn folder_with(name: &str, content: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(name);
    fs::write(&file, content).expect("written");
    (folder, file)
}

/// A copy of the sample session.
fn session() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(sample()).expect("is readable") {
        let from = entry.expect("entry").path();
        fs::copy(&from, folder.path().join(from.file_name().expect("name"))).expect("copied");
    }
    folder
}

/// Exit code 2, nothing on standard output, and one line that holds all of `words`.
fn refused(output: &Output, words: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    let last = error.lines().last().unwrap_or_default();
    for word in words {
        assert!(last.contains(word), "{word:?} is not in: {error}");
    }
}

#[test]
fn a_file_that_is_no_capture_says_what_it_looks_like() {
    let (_folder, file) = folder_with("page.pcap", b"<!DOCTYPE html><html><body>404</body></html>");
    refused(&wirewitness(&["inspect", path(&file)]), &["page.pcap", "HTML"]);
}

#[test]
fn an_empty_file_is_said_to_be_empty() {
    let (_folder, file) = folder_with("nothing.pcapng", b"");
    refused(&wirewitness(&["inspect", path(&file)]), &["nothing.pcapng", "empty"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    refused(&wirewitness(&["inspect", "/nowhere/x.pcap"]), &["/nowhere/x.pcap"]);
}

#[test]
fn a_folder_without_a_capture_says_what_it_looked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    refused(&wirewitness(&["inspect", path(folder.path())]), &["no capture", "*.pcapng"]);
}

#[test]
fn a_capture_cut_anywhere_yields_what_precedes_the_cut_and_a_gap() {
    let whole = fs::read(sample().join("capture.pcapng")).expect("is readable");
    // In the section header, in a packet's header, in a packet's bytes.
    for (keep, usable) in [(10, false), (whole.len() / 2 + 3, true), (whole.len() - 7, true)] {
        let (_folder, file) = folder_with("cut.pcapng", &whole[..keep]);
        let output = wirewitness(&["inspect", path(&file), "--format", "json"]);
        if usable {
            assert!(matches!(output.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&output.stderr));
            let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
            let gaps = found["gaps"].as_array().expect("gaps");
            assert!(gaps.iter().any(|gap| gap["reason"] == "damaged-input"), "{gaps:?}");
            assert!(!found["contacts"].as_array().expect("contacts").is_empty());
        } else {
            refused(&output, &["cut.pcapng"]);
        }
    }
}

#[test]
fn a_policy_without_a_list_is_audited_and_says_so() {
    let (_folder, policy) = folder_with("policy.txt", "我们重视您的隐私。\n如有疑问请联系我们。\n".as_bytes());
    let session = session();
    let output = wirewitness(&["audit", path(session.path()), "--policy", path(&policy), "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("none found, looked at 0 tables"), "{error}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["declarations"]["third_party_count"], 0);
}

#[test]
fn a_policy_that_is_not_there_is_named() {
    let session = session();
    refused(&wirewitness(&["audit", path(session.path()), "--policy", "/nowhere/p.html"]), &["/nowhere/p.html"]);
}

#[test]
fn no_policy_at_all_says_how_to_give_one() {
    let capture = sample().join("capture.pcapng");
    refused(&wirewitness(&["audit", path(&capture)]), &["--policy"]);
}

#[test]
fn a_device_profile_with_a_placeholder_or_a_wrong_check_digit_is_refused() {
    let session = session();
    for (ids, words) in [
        ("imei = [\"000000000000000\"]", ["device.toml", "imei[0]", "placeholder"]),
        ("imei = [\"490154203237517\"]", ["device.toml", "imei[0]", "check digit"]),
        ("imie = [\"490154203237518\"]", ["device.toml", "imie", "no such data type"]),
        ("mac = [\"a6:5e\"]", ["device.toml", "mac[0]", "form"]),
    ] {
        fs::write(session.path().join("device.toml"), format!("[ids]\n{ids}\n")).expect("written");
        refused(&wirewitness(&["audit", path(session.path())]), &words);
        let checked = wirewitness(&["device", "check", path(&session.path().join("device.toml"))]);
        assert_eq!(checked.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&checked.stdout).contains(words[2]));
    }
}

#[test]
fn an_unknown_mark_names_its_line_and_the_marks_there_are() {
    let session = session();
    let line = "{\"time\":\"2026-03-01T08:00:00Z\",\"mark\":\"consented\"}\n";
    fs::write(session.path().join("phases.jsonl"), line).expect("written");
    refused(&wirewitness(&["audit", path(session.path())]), &["phases.jsonl:1", "consented", "consent-given"]);
    refused(&wirewitness(&["mark", path(session.path()), "consented"]), &["consented", "consent-given"]);
}

#[test]
fn a_session_file_with_an_unknown_key_is_refused() {
    let session = session();
    fs::write(session.path().join("session.toml"), "first_parties = [\"a.example\"]\n").expect("written");
    refused(&wirewitness(&["audit", path(session.path())]), &["session.toml", "first_parties"]);
}

#[test]
fn junk_in_a_key_log_is_named_by_line_and_the_rest_is_used() {
    let session = session();
    let keys = session.path().join("keys.log");
    let good = fs::read_to_string(&keys).expect("is readable");
    let clean = wirewitness(&["audit", path(session.path()), "--format", "json", "--quiet"]);
    fs::write(&keys, format!("this is no key\n{good}CLIENT_RANDOM 12 34\n")).expect("written");
    let output = wirewitness(&["audit", path(session.path()), "--format", "json"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("keys.log line 1"));
    assert!(output.stdout == clean.stdout, "the good lines open what they opened");
}

#[test]
fn an_unreadable_capture_is_said_to_be_unreadable() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("x.pcapng");
    fs::create_dir(&inner).expect("made");
    // A folder with a capture's name holds no capture.
    refused(&wirewitness(&["inspect", path(&inner)]), &["x.pcapng", "no capture"]);
}

#[test]
fn bad_arguments_say_what_would_be_right() {
    let session = session();
    refused(&wirewitness(&["audit", path(session.path()), "--format", "json,html"]), &["--output"]);
    let output = wirewitness(&["audit", path(session.path()), "--fail-on", "severe"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("medium"));
}

#[test]
fn a_broken_signature_file_is_named_with_its_line() {
    let (folder, _) = folder_with("mine.toml", b"[[key]]\ntype = \"imei\"\nnames = [\"x\"\n");
    let capture = sample().join("capture.pcapng");
    refused(&wirewitness(&["inspect", path(&capture), "--signatures", path(folder.path())]), &["mine.toml:"]);
}

#[test]
fn a_capture_may_come_from_standard_input() {
    let bytes = fs::read(sample().join("capture.pcapng")).expect("is readable");
    let mut child = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["messages", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let mut input = child.stdin.take().expect("piped");
    let feeder = std::thread::spawn(move || input.write_all(&bytes).is_ok());
    let piped = child.wait_with_output().expect("ran");
    assert!(feeder.join().expect("fed"));
    let read = wirewitness(&["messages", path(&sample().join("capture.pcapng"))]);
    let names = |output: &Output| String::from_utf8_lossy(&output.stdout).replace("\"-\"", "\"capture.pcapng\"");
    assert_eq!(names(&piped), names(&read));
    assert!(piped.stdout.len() > 1000);
}

#[test]
fn what_is_not_there_is_named_before_what_else_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = folder.path().join("nowhere");
    let out = folder.path().join("bundle");
    let words = ["nowhere", "no such file or folder", "check the path"];
    refused(&wirewitness(&["audit", path(&nowhere)]), &words);
    refused(&wirewitness(&["bundle", path(&nowhere), "--output", path(&out)]), &words);
    refused(&wirewitness(&["audit", path(&sample()), "--policy", path(&nowhere)]), &["nowhere", "check the path"]);
    let noise = wirewitness(&["audit", path(&sample()), "--noise", path(&nowhere)]);
    refused(&noise, &["nowhere: there is no such file; check the path"]);
    assert!(!String::from_utf8_lossy(&noise.stderr).contains("os error"), "it is said once");
}

/// A policy that names nobody's data has not had all of it seen.
#[test]
fn a_policy_that_declares_nothing_is_not_said_to_be_seen() {
    let (_folder, file) = folder_with("login.txt", b"Please log in.\n");
    for (language, words) in [("en", "declares no data of anybody"), ("zh", "政策没有指名声明")] {
        let output = wirewitness(&["audit", path(&sample()), "--policy", path(&file), "--language", language]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(words), "{text}");
    }
}

/// Whoever reads the first lines and goes away must not turn findings into a success.
#[test]
fn a_closed_pipe_keeps_the_exit_code() {
    let sample = sample();
    let mut audit = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["audit", path(&sample), "--quiet"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    drop(audit.stdout.take());
    let output = audit.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What lies in the folder, holds traffic and is not read would look like something that was never sent.
#[test]
fn captures_in_the_folder_that_are_not_read_are_named() {
    let session = session();
    let capture = fs::read(sample().join("capture.pcapng")).expect("is readable");
    fs::write(session.path().join("capture.pcapng1"), &capture).expect("written");
    fs::write(session.path().join("export.json"), "\u{feff}\n{ \"log\": {\"version\": \"1.2\", \"entries\": []}}")
        .expect("written");
    fs::write(session.path().join("tables.json"), "{\"entries\": [], \"log\": 1}").expect("written");
    fs::create_dir(session.path().join("more")).expect("made");
    fs::write(session.path().join("more/b.pcapng"), &capture).expect("written");
    let toml = fs::read_to_string(session.path().join("session.toml")).expect("is readable");
    fs::write(session.path().join("session.toml"), format!("{toml}\n[time_shift]\n\"gone.pcap\" = 5\n"))
        .expect("written");
    let output = wirewitness(&["audit", path(session.path())]);
    let said = String::from_utf8_lossy(&output.stderr);
    let lines = |name: &str| said.lines().filter(|line| line.contains(name)).count();
    for name in ["capture.pcapng1", "export.json", "more", "gone.pcap"] {
        assert_eq!(lines(name), 1, "{name}: {said}");
    }
    for name in ["tables.json", "README.md", "plan.toml", "expected.json"] {
        assert_eq!(lines(name), 0, "{name}: {said}");
    }
}

#[test]
fn a_folder_with_nothing_but_a_policy_holds_no_capture() {
    let (folder, _) = folder_with("policy.txt", "隐私政策\n我们收集您的手机号。\n".as_bytes());
    fs::write(folder.path().join("session.toml"), "policy = \"policy.txt\"\n").expect("written");
    refused(&wirewitness(&["audit", path(folder.path())]), &["holds no capture", "record one or copy it there"]);
}

#[test]
fn a_line_of_marks_is_named_by_its_own_number_alone() {
    let folder = session();
    fs::write(folder.path().join("phases.jsonl"), "{\"time\": \"noon\", \"mark\": \"launched\"}\n").expect("written");
    let output = wirewitness(&["audit", path(folder.path())]);
    refused(&output, &["phases.jsonl:1: not an RFC 3339 time: noon"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("column"));
}

#[test]
fn a_session_that_ignores_nothing_says_so() {
    let folder = session();
    for command in ["list", "prune"] {
        let output = wirewitness(&["ignore", command, path(folder.path())]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.is_empty());
    }
    let output = wirewitness(&["ignore", "list", path(folder.path()), "--lang", "zh"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("没有忽略任何发现"));
    let absent = folder.path().join("none.toml");
    refused(&wirewitness(&["ignore", "list", path(&absent)]), &["none.toml", "cannot be read"]);
}

#[test]
fn a_folder_without_signatures_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = wirewitness(&["audit", path(&sample()), "--signatures", path(folder.path())]);
    refused(&output, &["no .toml file"]);
}

/// What the reader of a policy remarks is in the language of the report, on standard error too.
#[test]
fn remarks_on_a_policy_are_in_the_language_of_the_report() {
    let output = wirewitness(&["audit", path(&sample()), "--lang", "zh", "--format", "md"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("政策：没有说明收集哪些数据：联通"), "{error}");
    assert!(!error.contains("policy: "), "{error}");
}
