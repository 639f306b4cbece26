//! `record --android` against a stand-in for adb (tests/device/adb, recorder.py): a phone that is rooted
//! in one way or another, or has PCAPdroid, and what can go wrong with either.
#![cfg(unix)]

use std::cell::OnceCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_wirewitness");
/// The example of 3GPP TS 23.003 for the check digit: of no device.
const IMEI: &str = "490154203237518";
/// SHA-256 of the stand-in's certificate, by `printf '0\014not a certificate' | sha256sum`.
const SIGNER: &str = "42927faf229bf8af049717c67012453e70b8a60a2e920f874071e0fc1db6307d";

struct Phone {
    kind: &'static str,
    fault: &'static str,
    /// Seconds that its clock is ahead.
    ahead: f64,
    folder: tempfile::TempDir,
    server: OnceCell<Server>,
}

/// The stand-in, which answers until this is dropped.
struct Server {
    child: Child,
    port: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Phone {
    fn new(kind: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("phone")).expect("made");
        Self { kind, fault: "", ahead: 0.0, folder, server: OnceCell::new() }
    }

    fn with(kind: &'static str, fault: &'static str) -> Self {
        Self { fault, ..Self::new(kind) }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("phone")
    }

    fn session(&self) -> PathBuf {
        self.folder.path().join("session")
    }

    /// The app on the phone sends this.
    fn send(&self, request: &str) {
        let path = self.state().join("requests");
        let mut file = std::fs::File::options().create(true).append(true).open(path).expect("opened");
        writeln!(file, "{request}").expect("written");
    }

    fn serve(&self) -> Server {
        let mut child = Command::new("python3")
            .arg(stand_in("phone.py"))
            .arg("--serve")
            .env("PHONE", self.kind)
            .env("FAULT", self.fault)
            .env("CLOCK_AHEAD", self.ahead.to_string())
            .env("PHONE_STATE", self.state())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs");
        let mut port = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut port).expect("it serves");
        Server { child, port: port.trim().to_owned() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .arg("--adb")
            .arg(stand_in("adb"))
            .env("ADB_PORT", &self.server.get_or_init(|| self.serve()).port)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn record(&self, more: &[&str]) -> Recording {
        let session = self.session();
        let base = ["record", session.to_str().expect("UTF-8"), "--android"];
        let mut child = self.command(&[&base[..], more].concat()).spawn().expect("runs");
        let said = BufReader::new(child.stderr.take().expect("piped"));
        Recording { child, said }
    }

    /// What is said of a recording that cannot be made.
    fn refused(&self, more: &[&str]) -> String {
        let mut recording = self.record(more);
        let (code, said) = recording.end();
        assert_eq!(code, Some(2), "{said}");
        said
    }
}

fn stand_in(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/device").join(name)
}

struct Recording {
    child: Child,
    said: BufReader<ChildStderr>,
}

impl Recording {
    /// Waits until it says so; what it said before.
    fn until(&mut self, words: &str) -> String {
        let mut all = String::new();
        while !all.contains(words) {
            let length = all.len();
            self.said.read_line(&mut all).expect("is read");
            assert!(all.len() > length, "it ended: {all}");
        }
        all
    }

    fn interrupt(&self) {
        let status = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(status.success());
    }

    /// The exit code, and what it said to its end.
    fn end(&mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.said.read_to_string(&mut said).expect("is read");
        (self.child.wait().expect("ended").code(), said)
    }
}

/// The capture of the session holds so many bytes.
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn toml(session: &Path) -> toml::Table {
    std::fs::read_to_string(session.join("session.toml")).expect("is there").parse().expect("TOML")
}

/// What the app sent, by `messages`: methods and paths.
fn sent(session: &Path) -> Vec<String> {
    let output = Command::new(PROGRAM).args(["messages", "--quiet"]).arg(session).output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    lines
        .filter(|line| line["direction"] == "sent" && line["method"].is_string())
        .map(|line| format!("{} {}", line["method"].as_str().expect("text"), line["path"].as_str().expect("text")))
        .collect()
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).expect("is there").permissions().mode() & 0o777
}

#[test]
fn a_rooted_phone_records_by_tcpdump_with_its_build_and_its_screen_at_marks() {
    let phone = Phone { ahead: 37.5, ..Phone::new("rooted") };
    let first = format!("GET /first?imei={IMEI}");
    phone.send(&first);
    let mut recording = phone.record(&["--app", "com.example.tea", "--phase"]);
    recording.until("mark what happens");
    let mut typing = recording.child.stdin.take().expect("piped");
    typing.write_all(b"l").expect("typed");
    recording.until("launched");
    phone.send("POST /second");
    let shots = phone.session().join("marks/screens.jsonl");
    wait_for("the second request and the picture are there", || shots.exists() && sent(&phone.session()).len() == 2);
    recording.interrupt();
    let (code, said) = recording.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("2 packets were dropped"), "as tcpdump says when it ends: {said}");
    assert_eq!(sent(&phone.session()), [first.as_str(), "POST /second"]);

    let noted = toml(&phone.session());
    assert_eq!(noted["app"].as_str(), Some("com.example.tea"));
    assert_eq!(noted["version"].as_str(), Some("3.2.0"));
    assert_eq!(noted["device"].as_str(), Some("Google Pixel 7, Android 14 (API 34)"));
    let build = &noted["build"];
    for (key, value) in [
        ("version_code", "320"),
        ("signer_sha256", SIGNER),
        ("installer", "com.android.vending"),
        ("system", "google/panther/panther:14/UP1A.000000.001/1:user/release-keys"),
        ("patch", "2026-02-05"),
    ] {
        assert_eq!(build[key].as_str(), Some(value), "{key}");
    }
    let shift = &noted["time_shift"]["capture.pcapng"];
    let (seconds, uncertainty) =
        (shift["seconds"].as_float().expect("a number"), shift["uncertainty"].as_float().expect("a number"));
    assert!((seconds + 37.5).abs() <= uncertainty && uncertainty < 5.0, "{seconds} ± {uncertainty}");

    let list = std::fs::read_to_string(&shots).expect("listed");
    let shot: serde_json::Value = serde_json::from_str(list.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&shot["mark"], &shot["file"]), (&"launched".into(), &"001-launched.png".into()));
    let picture = phone.session().join("marks/001-launched.png");
    let png = std::fs::read(&picture).expect("taken");
    assert_eq!(shot["sha256"], wirewitness::evidence::sha256_hex(&png));
    assert_eq!((mode(&picture), mode(&phone.session().join("marks"))), (0o600, 0o700));
}

/// The phone's clock is 100 s late: what was sent between the marks lies between them all the same, and what
/// `mark --android` says of the phone's clock is what the phone said.
#[test]
fn marks_and_packets_are_on_one_clock_and_the_audit_finds_what_was_sent() {
    let phone = Phone { ahead: -100.0, ..Phone::new("rooted") };
    let mut recording = phone.record(&["--app", "com.example.tea", "--phase"]);
    recording.until("mark what happens");
    let mut typing = recording.child.stdin.take().expect("piped");
    typing.write_all(b"l").expect("typed");
    recording.until("launched");
    std::thread::sleep(Duration::from_secs(4));
    phone.send(&format!("GET /early?imei={IMEI}"));
    wait_for("the first request is there", || sent(&phone.session()).len() == 1);
    std::thread::sleep(Duration::from_secs(4));
    let session = phone.session();
    let mark = ["mark", session.to_str().expect("UTF-8"), "consent-given", "--android"];
    assert!(phone.command(&mark).output().expect("runs").status.success());
    recording.interrupt();
    assert_eq!(recording.end().0, Some(0));

    let marks = std::fs::read_to_string(session.join("phases.jsonl")).expect("marks");
    let consent: serde_json::Value = serde_json::from_str(marks.lines().last().expect("a line")).expect("JSON");
    let time = |key: &str| wirewitness::evidence::Time::parse(consent[key].as_str().expect("text")).expect("a time");
    let ahead = time("device_time").since(time("time")) as f64 / 1e9;
    assert!((ahead + 100.0).abs() < 3.0, "{ahead}");
    assert!(session.join("marks/002-consent-given.png").exists());

    std::fs::write(session.join("device.toml"), format!("[ids]\nimei = \"{IMEI}\"\n")).expect("written");
    let policy = session.join("policy.txt");
    std::fs::write(&policy, "我们不会收集您的通讯录。\n").expect("written");
    let base = ["audit", session.to_str().expect("UTF-8"), "--policy", policy.to_str().expect("UTF-8"), "--quiet"];
    let audit = |format: &str| {
        Command::new(PROGRAM)
            .args(base)
            .args(["--format", format, "--first-party", "maker.example"])
            .output()
            .expect("runs")
    };
    let report: serde_json::Value = serde_json::from_slice(&audit("json").stdout).expect("JSON");
    let sightings = report["sightings"].as_array().expect("sightings");
    let imei: Vec<_> = sightings.iter().filter(|sighting| sighting["data_type"] == "imei").collect();
    assert_eq!(imei.len(), 1, "{report}");
    assert_eq!(imei[0]["path_template"], "GET /early");
    assert_eq!(imei[0]["phase"]["consent"], "before", "{}", imei[0]["phase"]);
    assert_eq!(report["session"]["build"]["version_code"], "320");
    assert_eq!(report["inputs"][0]["clock"]["by"], "measured");
    let page = String::from_utf8(audit("html").stdout).expect("UTF-8");
    assert!(page.contains("clock was asked while it was recorded"));
    let png = std::fs::read(session.join("marks/001-launched.png")).expect("taken");
    let text = wirewitness::evidence::sha256_hex(&png);
    assert!(!page.contains("001-launched.png") && !page.contains(&text), "pictures are in no report");
    let shown = Command::new(PROGRAM).args(["session", "show"]).arg(&session).output().expect("runs");
    let shown = String::from_utf8(shown.stdout).expect("UTF-8");
    assert!(shown.contains(&format!("screen marks/001-launched.png sha256 {text}")), "{shown}");
}

#[test]
fn each_way_to_root_is_found() {
    for (kind, form) in [("aosp", "exec /system/bin/tcpdump"), ("emulator", "exec /system/bin/tcpdump")] {
        let phone = Phone::new(kind);
        phone.send("GET /a");
        let mut recording = phone.record(&["--filter", "tcp port 80"]);
        recording.until("mark what happens");
        wait_for("the request is there", || sent(&phone.session()) == ["GET /a"]);
        recording.interrupt();
        assert_eq!(recording.end().0, Some(0), "{kind}");
        let command = std::fs::read_to_string(phone.state().join("command")).expect("kept");
        assert!(command.contains(form) && command.contains("-w - \"tcp port 80\" 2>"), "{command}");
    }
}

#[test]
fn pcapdroid_is_told_by_intents_and_its_files_are_fetched() {
    let phone = Phone { ahead: -3600.0, ..Phone::new("pcapdroid") };
    let first = format!("GET /first?imei={IMEI}");
    phone.send(&first);
    let mut recording = phone.record(&["--app", "com.example.tea", "--decrypt", "--api-key", "right"]);
    recording.until("mark what happens");
    phone.send("POST /second");
    wait_for("PCAPdroid wrote", || {
        let there = std::fs::read_dir(phone.state().join("sdcard")).into_iter().flatten();
        there.map(|e| e.expect("an entry").metadata().expect("known").len()).sum::<u64>() > 1_500
    });
    recording.interrupt();
    let (code, said) = recording.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(sent(&phone.session()), [first.as_str(), "POST /second"]);
    let extras = std::fs::read_to_string(phone.state().join("extras")).expect("kept");
    for extra in ["pcap_dump_mode=pcap_file", "app_filter=com.example.tea", "tls_decryption=true", "pcapng_format=true"]
    {
        assert!(extras.contains(extra), "{extra}: {extras}");
    }
    let shift = toml(&phone.session())["time_shift"]["capture.pcap"]["seconds"].as_float().expect("a number");
    assert!((shift - 3600.0).abs() < 5.0, "{shift}");
    for name in ["capture.pcap", "keys.log"] {
        assert_eq!(mode(&phone.session().join(name)), 0o600, "{name}");
    }
    let left = std::fs::read_dir(phone.state().join("sdcard")).expect("listed").count();
    assert_eq!(left, 0, "what was fetched is not left where other apps can read it");
    assert!(!phone.session().join(".recording").exists());
}

#[test]
fn a_phone_that_is_unplugged_leaves_a_whole_session() {
    let phone = Phone::new("rooted");
    phone.send("GET /before");
    phone.send("UNPLUG");
    let said = phone.refused(&["--app", "com.example.tea"]);
    assert!(said.contains("cannot be reached any more") && said.contains("is whole in"), "{said}");
    assert_eq!(sent(&phone.session()), ["GET /before"]);
    assert_eq!(toml(&phone.session())["app"].as_str(), Some("com.example.tea"));
    assert!(toml(&phone.session())["time_shift"]["capture.pcapng"]["seconds"].is_float());
    let checked = Command::new(PROGRAM).args(["session", "check"]).arg(phone.session()).output().expect("runs");
    let checked = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(checked.contains("packets of its last second may be missing"), "{checked}");

    let phone = Phone::new("pcapdroid");
    phone.send("GET /before");
    let mut recording = phone.record(&[]);
    recording.until("mark what happens");
    phone.send("UNPLUG");
    let (code, said) = recording.end();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("adb pull /sdcard/Download/PCAPdroid/wirewitness-"), "where the rest is: {said}");
}

#[test]
fn what_a_person_wrote_is_left_and_a_difference_is_said() {
    let phone = Phone::new("rooted");
    std::fs::create_dir(phone.session()).expect("made");
    let before = "# by hand\napp = \"com.example.tea\"\nversion = \"3.1.9\"\n";
    std::fs::write(phone.session().join("session.toml"), before).expect("written");
    let mut recording = phone.record(&["--duration", "1"]);
    let (code, said) = recording.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("version = \"3.1.9\", the phone \"3.2.0\""), "{said}");
    let after = std::fs::read_to_string(phone.session().join("session.toml")).expect("is there");
    assert!(after.starts_with(before), "{after}");
    assert_eq!(toml(&phone.session())["build"]["version_code"].as_str(), Some("320"));
}

/// Of a ring of files the older ones go, and what `session.toml` says of their clock goes with them.
#[test]
fn a_ring_keeps_the_shifts_of_the_files_that_are_there() {
    let phone = Phone::new("rooted");
    let mut recording = phone.record(&["--file-size", "1", "--files", "2"]);
    recording.until("mark what happens");
    // One IPv4 packet each.
    let long = "x".repeat(60_000);
    (0..70).for_each(|at| phone.send(&format!("GET /{at}?{long}")));
    let session = phone.session();
    wait_for("a file went", || session.join("capture-00003.pcapng").exists() && sent(&session).len() > 20);
    recording.interrupt();
    let (code, said) = recording.end();
    assert_eq!(code, Some(0), "{said}");
    let entries = std::fs::read_dir(&session).expect("listed").map(|entry| entry.expect("an entry").file_name());
    let mut there: Vec<String> = entries.filter_map(|name| name.into_string().ok()).collect();
    there.retain(|name| name.ends_with(".pcapng"));
    there.sort();
    assert!(there.len() == 2 && there[0] > "capture-00001.pcapng".to_owned(), "{there:?}");
    let noted = toml(&session);
    let noted: Vec<&String> = noted["time_shift"].as_table().expect("a table").keys().collect();
    assert_eq!(noted, there.iter().collect::<Vec<_>>());
}

/// An app for Android 10 and before may have no signing block.
#[test]
fn the_signer_of_an_app_that_is_signed_as_a_jar_is_noted() {
    let phone = Phone::with("rooted", "old-signature");
    let (code, said) = phone.record(&["--app", "com.example.tea", "--duration", "1"]).end();
    assert_eq!(code, Some(0), "{said}");
    let signer = include_str!("device/signed.sha256").trim();
    assert_eq!(toml(&phone.session())["build"]["signer_sha256"].as_str(), Some(signer));
}

#[test]
fn what_cannot_be_is_said_with_what_to_do() {
    let app = &["--app", "com.example.tea"][..];
    let mut refusals = Vec::new();
    for (kind, fault, options, words) in [
        ("none", "", app, "switch on USB debugging"),
        ("broken", "", app, "devices` failed: adb: failed to check server version"),
        ("several", "", app, "name one of WW4400218837, emulator-5554"),
        ("unauthorized", "", app, "allow debugging on its screen"),
        ("offline", "", app, "plug it in again"),
        ("plain", "", app, "not rooted"),
        ("plain", "", app, "install PCAPdroid"),
        ("plain", "", &["--by", "pcapdroid"], "is not installed on the phone"),
        ("rooted", "no-tcpdump", app, "adb push tcpdump"),
        ("rooted", "no-interface", &["--interface", "nosuch0"], "No such device exists"),
        ("rooted", "full", app, "make room on it"),
        (
            "rooted",
            "",
            &["--app", "com.example.teapo"],
            "not installed on the phone; there is com.example.tea, com.example.teapot",
        ),
        ("rooted", "", &["--app", "com.example;reboot"], "no package name"),
        ("rooted", "", &["--filter", "host $(reboot)"], "no filter needs"),
        ("pcapdroid", "full", app, "make room on it"),
        ("pcapdroid", "refused", app, "it was not allowed on the phone"),
        ("pcapdroid", "", &["--api-key", "wrong"], "the API key is wrong"),
        ("pcapdroid", "", &["--interface", "wlan0"], "leave --interface out"),
        ("pcapdroid", "", &["--filter", "udp"], "leave --filter out"),
        ("pcapdroid", "", &["--snaplen", "96"], "leave --snaplen out"),
        ("pcapdroid", "", &["--file-size", "8"], "leave --file-size and --files out"),
        ("pcapdroid", "", &["--file-size", "8", "--files", "2"], "leave --file-size and --files out"),
        ("pcapdroid", "", &["--keys", "keys.log"], "leave --keys out"),
        ("rooted", "", &["--by", "tcpdump", "--decrypt"], "leave --decrypt out"),
        ("rooted", "", &["--by", "tcpdump", "--api-key", "right"], "leave --api-key out"),
        ("rooted", "", &["--api-key", "right"], "PCAPdroid (com.emanuelef.remote_capture) is not installed"),
    ] {
        // Side by side: some of them are what PCAPdroid does within its time.
        refusals.push(std::thread::spawn(move || {
            let said = Phone::with(kind, fault).refused(options);
            assert!(said.contains(words), "{kind} {fault}: {said}");
        }));
    }
    for refusal in refusals {
        refusal.join().expect("as above");
    }
    let phone = Phone::new("rooted");
    let output = phone.command(&["record", "--android", "session"]).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("wirewitness record session --android"), "{said}");
}

#[test]
fn a_file_that_came_over_cut_is_said() {
    let phone = Phone::with("pcapdroid", "cut");
    phone.send("GET /a");
    let said = phone.refused(&["--duration", "2"]);
    assert!(said.contains("came over: it is still there"), "{said}");
    // Half a recording would be audited as a whole one.
    let left: Vec<String> = std::fs::read_dir(phone.session())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".pcap") || name.ends_with(".pcapng"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Nothing that is asked of a phone is passed over where none records.
#[test]
fn options_of_a_phone_need_one() {
    for option in [&["--api-key", "right"][..], &["--adb", "adb"], &["--app", "a.b"], &["--decrypt"], &["--no-screens"]]
    {
        let base = ["record", "session", "--interface", "nosuch0"];
        let output = Command::new(PROGRAM).args(base).args(option).output().expect("runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains("--android"), "{said}");
    }
}

/// A key that is set for phones is no wish for one.
#[test]
fn a_variable_for_phones_disturbs_no_other_recording() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(PROGRAM)
        .args(["record", "session", "--interface", "nosuch0", "--duration", "1"])
        .env("PCAPDROID_API_KEY", "key")
        .current_dir(folder.path())
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("nosuch0") && !said.contains("--android"), "{said}");
}
