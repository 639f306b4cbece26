//! Making a session: `session new`, `session check`, `session show`, `doctor`.

use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wirewitness")).args(arguments).output().expect("runs")
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A copy of the sample session, but for `without`.
fn sample(without: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["session.toml", "capture.pcapng", "keys.log", "device.toml", "phases.jsonl", "policy.txt"] {
        if !without.contains(&name) {
            std::fs::copy(root().join("captures/aftersales").join(name), folder.path().join(name)).expect("copied");
        }
    }
    folder
}

fn check(folder: &Path) -> (Option<i32>, String) {
    let output = run(&["session", "check", folder.to_str().expect("UTF-8")]);
    (output.status.code(), text(&output))
}

/// In a terminal of eighty columns each line ends before its edge, in both languages.
#[test]
fn a_check_fits_the_terminal() {
    let folder = sample(&["keys.log", "phases.jsonl"]);
    let columns = |line: &str| line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>();
    for language in ["en", "zh"] {
        let said = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
            .args(["session", "check", "--language", language])
            .arg(folder.path())
            .env("COLUMNS", "80")
            .output()
            .expect("runs");
        let said = text(&said);
        assert!(said.lines().all(|line| columns(line) <= 80), "{said}");
        assert!(said.lines().count() > 8, "{said}");
    }
}

#[test]
fn a_new_session_is_private_and_says_what_it_lacks() {
    let folder = tempfile::tempdir().expect("a folder");
    let (session, policy) = (folder.path().join("s"), folder.path().join("privacy.html"));
    std::fs::write(&policy, "<p>none</p>").expect("written");
    let session_path = session.to_str().expect("UTF-8");
    let output = run(&[
        "session",
        "new",
        session_path,
        "--app",
        "com.example.shop",
        "--first-party",
        "example.com",
        "--owner",
        "Example \"Co\"",
        "--policy",
        policy.to_str().expect("UTF-8"),
    ]);
    assert!(output.status.success(), "{}", text(&output));
    let written = std::fs::read_to_string(session.join("session.toml")).expect("written");
    let table: toml::Table = written.parse().expect("TOML");
    assert_eq!(table["owner"].as_str(), Some("Example \"Co\""));
    assert_eq!(table["policy"].as_str(), Some("privacy.html"));
    // Every key that is not given stands there as a comment that is right when uncommented.
    let all: String = written
        .lines()
        .map(|l| l.strip_prefix("# ").filter(|l| l.contains(" = ")).unwrap_or(l))
        .fold(String::new(), |text, line| text + line + "\n");
    std::fs::write(session.join("session.toml"), all).expect("written");
    let (code, said) = check(&session);
    assert_eq!(code, Some(2), "no capture: {said}");
    assert!(said.contains("wrong  capture:") && said.contains("lacks  device.toml:"), "{said}");
    assert!(!said.contains("session.toml"), "nothing is lacking there: {said}");
    #[cfg(unix)]
    for (path, mode) in [(session.clone(), 0o700), (session.join("device.toml"), 0o600)] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, mode, "{}", path.display());
    }
    let again = run(&["session", "new", session_path]);
    assert_eq!(again.status.code(), Some(2), "a folder with something in it is left alone");
}

#[test]
fn a_whole_session_has_nothing_wrong() {
    let folder = sample(&[]);
    let (code, said) = check(folder.path());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("461 packets") && said.contains("consent can be judged"), "{said}");
    assert!(!said.contains("lacks") && !said.contains("wrong"), "{said}");
}

#[test]
fn what_is_missing_is_told_with_what_it_costs() {
    for (without, costs) in [
        ("keys.log", "TLS and QUIC stay closed"),
        ("device.toml", "nothing is more than probable"),
        ("phases.jsonl", "before consent cannot be judged"),
        ("policy.txt", "there is no policy.txt"),
        ("session.toml", "one step less severe"),
    ] {
        let folder = sample(&[without]);
        let (_, said) = check(folder.path());
        assert!(said.contains(costs), "without {without}: {said}");
    }
}

#[test]
fn a_mark_before_the_capture_and_marks_of_another_clock_are_told() {
    let folder = sample(&[]);
    let marks = std::fs::read_to_string(folder.path().join("phases.jsonl")).expect("marks");
    // An hour early, as by a wrong time zone.
    std::fs::write(folder.path().join("phases.jsonl"), marks.replace("T15:", "T14:")).expect("written");
    let (_, said) = check(folder.path());
    assert!(said.contains("launched lies before the capture begins"), "{said}");
    assert!(said.contains("7 marks lie outside of what was recorded"), "{said}");
}

#[test]
fn files_that_cannot_be_used_are_all_named() {
    let folder = sample(&[]);
    std::fs::write(folder.path().join("phases.jsonl"), "{\"time\":1}\n").expect("written");
    std::fs::write(folder.path().join("session.toml"), "apps = 1\n").expect("written");
    std::fs::write(folder.path().join("cut.pcapng"), b"\x0a\x0d\x0d\x0a").expect("written");
    let (code, said) = check(folder.path());
    assert_eq!(code, Some(2));
    for name in ["phases.jsonl:1", "session.toml", "cut.pcapng"] {
        assert!(said.lines().any(|line| line.starts_with("wrong") && line.contains(name)), "{name}: {said}");
    }
}

#[test]
fn captures_and_marks_stand_on_one_time_line() {
    let folder = sample(&[]);
    let output = run(&["session", "show", folder.path().to_str().expect("UTF-8")]);
    let said = text(&output);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 9, "{said}");
    assert!(lines[0].ends_with("capture.pcapng begins") && lines[1].contains("launched"), "{said}");
    assert!(lines.is_sorted(), "{said}");
}

fn doctor(phone: &str, arguments: &[&str]) -> (Option<i32>, String) {
    doctor_of(phone, arguments, &[])
}

fn doctor_of(phone: &str, arguments: &[&str], more: &[(&str, &Path)]) -> (Option<i32>, String) {
    let adb = root().join("tests/device/adb");
    let output = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["doctor", "--adb", adb.to_str().expect("UTF-8")])
        .args(arguments)
        .env("PHONE", phone)
        .envs(more.iter().copied())
        .output()
        .expect("runs");
    (output.status.code(), text(&output))
}

#[test]
fn the_doctor_tells_how_each_phone_stands_and_its_clock() {
    let (_, said) = doctor("old", &[]);
    assert!(said.contains("ok     phone WW4400218837: can be used; its clock differs by"), "{said}");
    let (_, said) = doctor("late", &[]);
    let late = said.lines().find(|line| line.contains("phone WW4400218837")).expect("a line");
    assert!(late.starts_with("lacks") && late.contains("differs by -"), "{said}");
    assert!(said.contains("clock_skew_ms = "), "{said}");
    let (code, said) = doctor("unauthorized", &[]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("wrong  phone WW4400218837: unauthorized") && said.contains("on the phone's screen"),
        "{said}"
    );
    let (_, said) = doctor("none", &[]);
    assert!(said.contains("no phone is connected"), "{said}");
    // What it can record with: recorder.py has a phone for each way.
    let state = tempfile::tempdir().expect("a folder");
    for (phone, words) in [
        ("rooted", "ok     record --android on WW4400218837: can: it is rooted, with /system/bin/tcpdump"),
        ("pcapdroid", "ok     record --android on WW4400218837: can, by PCAPdroid"),
        ("emulator", "can become root when it records"),
        ("plain", "neither rooted nor with PCAPdroid"),
    ] {
        let (_, said) = doctor_of(phone, &[], &[("PHONE_STATE", state.path())]);
        assert!(said.contains(words), "{phone}: {said}");
    }
    assert!(!state.path().join("adb-root").exists(), "a doctor changes nothing");
}

/// The stand-in phone `trusting` has the certificate of `tests/device/ca` among the system's; the name
/// under which Android keeps it is what `openssl x509 -subject_hash_old` printed.
#[cfg(all(feature = "proxy", unix))]
#[test]
fn the_doctor_tells_how_the_proxys_authority_stands() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().to_str().expect("UTF-8");
    let (_, said) = doctor("old", &["--ca-dir", at]);
    assert!(said.contains("note   proxy ca: not made yet") && said.contains("`wirewitness proxy ca`"), "{said}");
    for name in ["wirewitness-ca.pem", "wirewitness-ca.key"] {
        std::fs::copy(root().join("tests/device/ca").join(name), folder.path().join(name)).expect("copied");
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(folder.path().join(name), private).expect("set");
    }
    let (_, said) = doctor("old", &["--ca-dir", at]);
    assert!(said.contains("ok     proxy ca: made, holds until 2126-"), "{said}");
    assert!(said.contains("note   proxy ca on WW4400218837: not among the system's"), "{said}");
    let (_, said) = doctor("trusting", &["--ca-dir", at]);
    assert!(said.contains("ok     proxy ca on WW4400218837: among the system's"), "{said}");
    let readable = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(folder.path().join("wirewitness-ca.key"), readable).expect("set");
    let (code, said) = doctor("trusting", &["--ca-dir", at, "--language", "zh"]);
    assert!(code == Some(2) && said.contains("chmod 600"), "{said}");
}

#[test]
fn the_doctor_warns_of_what_others_can_read() {
    let folder = sample(&[]);
    std::fs::create_dir(folder.path().join(".git")).expect("made");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let readable = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(folder.path().join("keys.log"), readable.clone()).expect("set");
        std::fs::set_permissions(folder.path().join("device.toml"), readable).expect("set");
    }
    let (_, said) = doctor("old", &[folder.path().to_str().expect("UTF-8")]);
    assert!(said.contains("git repository"), "{said}");
    #[cfg(unix)]
    assert!(said.contains("chmod 600 keys.log device.toml"), "{said}");
    let (_, zh) = doctor("old", &[folder.path().to_str().expect("UTF-8"), "--language", "zh"]);
    assert!(zh.contains("git 仓库"), "{zh}");
}
