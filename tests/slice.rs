//! A slice holds what a finding needs and nothing else: audited alone it gives the same
//! finding, tshark shows the request in it, and no other connection or secret is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(arguments: &[&str]) -> (i32, Vec<u8>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_wirewitness")).args(arguments).output().expect("runs");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap_or(-1), output.stdout, error)
}

fn audit(session: &Path) -> Value {
    let (_, out, error) = run(&["audit", text(session), "--format", "json", "--quiet"]);
    serde_json::from_slice(&out).unwrap_or_else(|e| panic!("{}: {e}: {error}", session.display()))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn str_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("-")
}

/// What makes a finding, but for how often it was seen.
fn about(finding: &Value) -> Vec<String> {
    let keys = ["fingerprint", "code", "severity", "certainty", "recipient", "data_type", "phase"];
    keys.iter().map(|key| str_of(finding, key).to_owned()).collect()
}

/// A session folder with `slice` in place of its captures and keys.
fn resliced(session: &Path, slices: &[PathBuf], folder: &Path) -> PathBuf {
    let again = folder.join("again");
    let _ = std::fs::remove_dir_all(&again);
    std::fs::create_dir_all(&again).expect("a folder");
    for name in ["session.toml", "phases.jsonl", "device.toml", "settled.toml", "policy.txt", "policy.md"] {
        let _ = std::fs::copy(session.join(name), again.join(name));
    }
    for slice in slices {
        std::fs::copy(slice, again.join(slice.file_name().expect("a name"))).expect("copies");
    }
    again
}

fn slice(inputs: &[&str], what: &[&str], folder: &Path) -> (Vec<PathBuf>, Vec<String>) {
    let _ = std::fs::remove_dir_all(folder);
    let (code, out, error) = run(&[&["slice"], inputs, what, &["--output", text(folder)]].concat());
    assert_eq!(code, 0, "{inputs:?} {what:?}: {error}");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    (files, String::from_utf8(out).expect("UTF-8").lines().map(str::to_owned).collect())
}

fn tshark(arguments: &[&str]) -> Vec<String> {
    let output = Command::new("tshark").args(arguments).output().expect("tshark runs (scripts/setup.sh --tests)");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(str::to_owned).collect()
}

/// What shows a request, a name or a message, with the fields that tell connections apart.
const FIELDS: [&str; 9] = [
    "tcp.stream",
    "tls.handshake.random",
    "tls.handshake.type",
    "http.request.uri",
    "http2.headers.path",
    "dns.qry.name",
    "tls.handshake.extensions_server_name",
    "mqtt.msgtype",
    "websocket.payload",
];

/// [`FIELDS`] of each frame, and whether `filter` shows it.
fn dissected(file: &Path, filter: &str) -> Vec<(bool, Vec<String>)> {
    let fields: Vec<&str> = FIELDS.iter().flat_map(|field| ["-e", field]).collect();
    let shown: BTreeSet<String> =
        tshark(&["-r", text(file), "-Y", filter, "-T", "fields", "-e", "frame.number"]).into_iter().collect();
    let lines = tshark(&[&["-r", text(file), "-T", "fields"], &fields[..]].concat());
    let split = |line: &String| line.split('\t').map(str::to_owned).collect();
    lines.iter().zip(1..).map(|(line, n): (_, u64)| (shown.contains(&n.to_string()), split(line))).collect()
}

/// Secrets of the key log in the file, by client random.
fn randoms(file: &Path) -> BTreeSet<String> {
    let bytes = std::fs::read(file).expect("is readable");
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.split('\n').filter(|line| line.starts_with("CLIENT_") || line.contains("CLIENT_RANDOM "));
    lines.filter_map(|line| line.split(' ').nth(1).map(str::to_owned)).collect()
}

#[test]
fn each_finding_of_the_sample_sessions_is_in_its_slice() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["teashop", "aftersales"] {
        let session = root().join("captures").join(name);
        let report = audit(&session);
        let findings = report["findings"].as_array().expect("findings");
        assert!(findings.len() > 10);
        let numbers: Vec<String> = (1..=findings.len()).map(|number| number.to_string()).collect();
        let what: Vec<&str> = numbers.iter().flat_map(|number| ["--finding", number]).collect();
        let (files, filters) = slice(&[text(&session)], &what, &folder.path().join(name));
        assert_eq!(filters.len(), findings.len(), "one file each");
        let files: BTreeMap<String, PathBuf> =
            files.into_iter().map(|file| (file.file_stem().unwrap().to_str().unwrap().to_owned(), file)).collect();
        for (index, finding) in findings.iter().enumerate() {
            let number = (index + 1).to_string();
            let file = &files[&str_of(finding, "fingerprint").replace(':', "-")];
            let again = audit(&resliced(&session, std::slice::from_ref(file), folder.path()));
            let found: Vec<_> = again["findings"].as_array().expect("findings").iter().map(about).collect();
            assert!(found.contains(&about(finding)), "{name} {number}: {:?} is not among {found:#?}", about(finding));

            // In tshark: the request, or for what stayed closed the name it was for.
            let frames = dissected(file, &filters[index]);
            let shown = frames.iter().filter(|(shown, _)| *shown).flat_map(|(_, fields)| fields.iter().skip(3));
            let visible: Vec<&String> = shown.filter(|value| !value.is_empty()).collect();
            assert!(!visible.is_empty(), "{name} {number}: {} shows nothing in {file:?}", filters[index]);
            if let Some(sighting) = finding["sightings"].as_array().and_then(|s| s.first()) {
                let sightings = report["sightings"].as_array().expect("sightings");
                let sighting = sightings.iter().find(|s| s["id"] == *sighting).expect("the sighting");
                let template = str_of(sighting, "path_template");
                let path = template.split(' ').nth(1).unwrap_or("").split("{}").next().unwrap_or("");
                assert!(visible.iter().any(|v| v.contains(path)), "{name} {number}: {path} is not in {visible:?}");
            }

            // No other connection, no other secret.
            let wanted = finding["locators"].as_array().expect("locators");
            let wanted: BTreeSet<_> = wanted.iter().map(|l| l["place"]["stream"].to_string()).collect();
            let column = |at: usize| frames.iter().filter_map(move |(_, fields)| fields.get(at));
            let streams: BTreeSet<&String> = column(0).filter(|stream| !stream.is_empty()).collect();
            assert!(streams.len() <= wanted.len(), "{name} {number}: {streams:?} of {wanted:?}");
            let hellos: BTreeSet<String> = column(1).flat_map(|r| r.split(',')).map(|r| r.replace(':', "")).collect();
            assert!(randoms(file).is_subset(&hellos), "{name} {number}: a secret of another connection");
        }
    }
}

#[test]
fn a_recording_in_several_files_gives_one_slice() {
    let session = root().join("captures/teashop");
    let folder = tempfile::tempdir().expect("a folder");
    let split = folder.path().join("split");
    std::fs::create_dir(&split).expect("a folder");
    for name in ["session.toml", "phases.jsonl", "device.toml", "policy.txt", "keys.log"] {
        std::fs::copy(session.join(name), split.join(name)).expect("copies");
    }
    let output = Command::new("editcap")
        .args(["-c", "70", text(&session.join("capture.pcapng")), text(&split.join("part.pcapng"))])
        .output()
        .expect("editcap runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (whole, parts) = (audit(&session), audit(&split));
    assert!(parts["inputs"].as_array().expect("inputs").len() > 2);
    let wanted: Vec<_> = whole["findings"].as_array().expect("findings").iter().map(about).collect();
    // Every fourth: each is an audit of its own.
    for (index, finding) in parts["findings"].as_array().expect("findings").iter().enumerate().step_by(4) {
        assert!(wanted.contains(&about(finding)), "{finding}");
        let number = (index + 1).to_string();
        let (files, _) = slice(&[text(&split)], &["--finding", &number], &folder.path().join("cut"));
        assert_eq!(files.len(), 1, "{files:?}");
        let again = audit(&resliced(&session, &files, folder.path()));
        let found: Vec<_> = again["findings"].as_array().expect("findings").iter().map(about).collect();
        assert!(found.contains(&about(finding)), "{number}: {finding}");
    }
}

#[test]
fn entries_are_cut_from_har_and_flow_files() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["table", "sentences"] {
        let session = root().join("tests/data/seeds").join(name);
        let report = audit(&session);
        for finding in report["findings"].as_array().expect("findings") {
            let (files, pointers) =
                slice(&[text(&session)], &["--finding", str_of(finding, "fingerprint")], &folder.path().join("cut"));
            assert!(pointers[0].starts_with("/log/entries/0"), "{pointers:?}");
            let again = audit(&resliced(&session, &files, folder.path()));
            let found: Vec<_> = again["findings"].as_array().expect("findings").iter().map(about).collect();
            assert!(found.contains(&about(finding)), "{name}: {:?} is not among {found:#?}", about(finding));
            let har: Value = serde_json::from_slice(&std::fs::read(&files[0]).unwrap()).unwrap();
            let places = finding["locators"].as_array().expect("locators");
            let entries: BTreeSet<_> = places.iter().map(|l| l["place"]["entry"].as_u64().unwrap()).collect();
            assert_eq!(har["log"]["entries"].as_array().unwrap().len(), entries.len());
            let noted: BTreeSet<_> = entries.iter().map(|n| format!("/log/entries/{n}")).collect();
            let about = har["log"]["_wirewitness"]["entries"].as_array().unwrap();
            assert_eq!(about.iter().map(|p| p.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>(), noted);
        }
    }
    // A flow file: a recipient's entries, message by message the same.
    let flows = root().join("tests/data/import/mitmproxy.flow");
    let messages = |file: &Path| {
        let (code, out, error) = run(&["messages", text(file)]);
        assert_eq!(code, 0, "{error}");
        let lines = String::from_utf8(out).unwrap();
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let all = messages(&flows);
    let (_, out, _) = run(&["inspect", text(&flows), "--format", "json"]);
    let seen: Value = serde_json::from_slice(&out).unwrap();
    let id = seen["recipients"].as_object().unwrap().keys().next().unwrap().clone();
    let (files, _) = slice(&[text(&flows)], &["--recipient", &id], &folder.path().join("cut"));
    let cut = messages(&files[0]);
    assert!(!cut.is_empty() && cut.len() < all.len());
    let same = |a: &Value, b: &Value| ["time", "host", "path", "body_sha256"].iter().all(|key| a[key] == b[key]);
    assert!(cut.iter().all(|message| all.iter().any(|other| same(message, other))));
}

#[test]
fn what_cannot_be_meant_is_said() {
    let session = root().join("captures/teashop");
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("x.pcapng");
    let cases = [
        (vec!["--finding", "v1:ffffffffffffffff"], "no finding has the fingerprint"),
        (vec!["--finding", "999"], "there are findings 1 to"),
        (vec!["--flow", "umeng/nothing"], "the flows are: "),
        (vec!["--recipient", "nobody"], "the recipients are: "),
        (vec!["--finding", "1", "--finding", "2"], "give a folder"),
    ];
    for (what, words) in cases {
        let (code, _, error) = run(&[&["slice", text(&session), "--output", text(&out)], &what[..]].concat());
        assert!(code == 2 && error.contains(words), "{what:?}: {error}");
    }
    assert!(!out.exists());
}

/// Where there is no room for all of it there is none of it: a cut one would be read as a whole one.
#[cfg(unix)]
#[test]
fn a_slice_that_cannot_be_written_whole_is_not_left() {
    let folder = tempfile::tempdir().unwrap();
    let (file, session) = (folder.path().join("x.pcapng"), root().join("captures/teashop"));
    let report = audit(&session);
    let fingerprint = str_of(&report["findings"][0], "fingerprint").to_owned();
    // A file may not grow beyond one block.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_wirewitness"), "slice"])
        .args([text(&session), "--finding", &fingerprint, "--output", text(&file), "--quiet"])
        .output()
        .expect("runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && error.contains("cannot write"), "{error}");
    assert!(!file.exists());
}

#[test]
fn the_same_session_gives_the_same_bytes() {
    let session = root().join("captures/teashop");
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = |threads: &str| {
        let cut = folder.path().join("cut");
        let (files, _) = slice(&[text(&session), "--threads", threads], &["--finding", "1"], &cut);
        std::fs::read(&files[0]).unwrap()
    };
    assert_eq!(bytes("1"), bytes("4"));
}
