//! No output but `messages` and `--show-values` holds a value of the device, in any writing.
//!
//! Each value of a session's profile is written in every way that a reader could undo or
//! try out: other cases and separators, percent, hex, base64 at each of its three offsets,
//! digests and digests of digests. All outputs of the sample sessions are searched for all
//! of that, and so is every committed output.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use aho_corasick::AhoCorasick;
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use md5::Digest;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The values of a profile, as the file gives them. The audited app is in the list of apps
/// and in every report's title: its own name is no secret of the device.
fn values(device: &Path) -> Vec<String> {
    let session = std::fs::read_to_string(device.with_file_name("session.toml")).unwrap_or_default();
    let app = session.parse::<toml::Table>().ok().and_then(|t| t.get("app")?.as_str().map(str::to_owned));
    let text = std::fs::read_to_string(device).expect("is readable");
    let table: toml::Table = text.parse().expect("is TOML");
    let ids = table["ids"].as_table().expect("a table");
    let strings = ids.values().flat_map(|list| list.as_array().cloned().unwrap_or_default());
    strings.filter_map(|value| value.as_str().map(str::to_owned)).filter(|value| Some(value) != app.as_ref()).collect()
}

/// The value in other cases and separators; of a place, each coordinate.
fn written(value: &str) -> BTreeSet<String> {
    let bare: String = value.chars().filter(|c| !":- .,+".contains(*c)).collect();
    let mut all: BTreeSet<String> = [value.to_owned(), bare.clone()].into();
    let octets: Vec<&str> = value.split([':', '-']).collect();
    if octets.len() == 6 {
        let backwards: Vec<&str> = octets.iter().rev().copied().collect();
        all.extend([":", "-", ".", " ", ""].iter().flat_map(|s| [octets.join(s), backwards.join(s)]));
    }
    if bare.len() == 15 && bare.bytes().all(|b| b.is_ascii_digit()) {
        all.insert(bare.chars().take(14).collect());
    }
    if let Some((latitude, longitude)) = value.split_once(',') {
        all.extend([latitude.trim().to_owned(), longitude.trim().to_owned()]);
    }
    let cased: Vec<String> = all.iter().flat_map(|v| [v.to_lowercase(), v.to_uppercase()]).collect();
    all.extend(cased);
    all
}

fn digests(text: &[u8]) -> Vec<Vec<u8>> {
    vec![
        md5::Md5::digest(text).to_vec(),
        sha1::Sha1::digest(text).to_vec(),
        sha2::Sha224::digest(text).to_vec(),
        sha2::Sha256::digest(text).to_vec(),
        sha2::Sha384::digest(text).to_vec(),
        sha2::Sha512::digest(text).to_vec(),
        sm3::Sm3::digest(text).to_vec(),
    ]
}

/// What of `bytes` stays the same in base64, whatever stands before and behind.
fn base64(bytes: &[u8]) -> impl Iterator<Item = String> {
    (0..3_usize).flat_map(move |before| {
        let padded = [vec![0; before], bytes.to_vec()].concat();
        let (start, end) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        [BASE64_NOPAD.encode(&padded), BASE64URL_NOPAD.encode(&padded)]
            .into_iter()
            .filter_map(move |text| text.get(start..end).map(str::to_owned))
    })
}

/// Every text that would give the value away. Searched without case.
fn telling(value: &str) -> BTreeSet<String> {
    /// Shorter ones stand in any text by chance.
    const SHORTEST: usize = 8;
    let mut all = BTreeSet::new();
    for text in written(value) {
        let bytes = text.as_bytes();
        all.insert(text.clone());
        all.insert(
            bytes
                .iter()
                .map(|b| if b.is_ascii_alphanumeric() { (*b as char).to_string() } else { format!("%{b:02x}") })
                .collect(),
        );
        all.insert(bytes.iter().map(|b| format!("%{b:02x}")).collect());
        all.insert(text.chars().map(|c| format!("\\u{:04x}", c as u32)).collect());
        all.insert(HEXLOWER.encode(bytes));
        all.extend(base64(bytes));
        for digest in digests(bytes) {
            let hex = HEXLOWER.encode(&digest);
            all.extend(hex.get(8..24).map(str::to_owned));
            all.extend(base64(&digest));
            // A step's digest of a layer that is nothing but a digest.
            all.extend([hex.clone(), hex.to_uppercase()].iter().map(|hex| HEXLOWER.encode(&sha2::Sha256::digest(hex))));
            all.insert(hex);
        }
    }
    all.retain(|text| text.len() >= SHORTEST);
    all
}

struct Searched {
    automaton: AhoCorasick,
    patterns: Vec<String>,
    found: Vec<String>,
}

impl Searched {
    fn new(values: &[String]) -> Self {
        let patterns: Vec<String> =
            values.iter().flat_map(|v| telling(v)).collect::<BTreeSet<_>>().into_iter().collect();
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(&patterns).expect("builds");
        Self { automaton, patterns, found: Vec::new() }
    }

    /// Searches an output; of an archive, its members.
    fn search(&mut self, name: &str, bytes: &[u8]) {
        if bytes.starts_with(b"PK\x03\x04") {
            let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("an archive");
            for index in 0..archive.len() {
                let mut member = archive.by_index(index).expect("a member");
                let (name, mut content) = (format!("{name}:{}", member.name().unwrap_or_default()), Vec::new());
                member.read_to_end(&mut content).expect("is readable");
                self.search(&name, &content);
            }
            return;
        }
        for found in self.automaton.find_iter(bytes) {
            self.found.push(format!("{name} at {}: {}", found.start(), self.patterns[found.pattern().as_usize()]));
        }
    }
}

fn run(arguments: &[&str]) -> (Vec<u8>, Vec<u8>) {
    let output = Command::new(env!("CARGO_BIN_EXE_wirewitness")).args(arguments).output().expect("runs");
    assert!(
        matches!(output.status.code(), Some(0 | 1 | 3)),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    (output.stdout, output.stderr)
}

/// The formats that `command` offers, from its help.
fn formats(command: &str) -> Vec<String> {
    let (help, _) = run(&[command, "--help"]);
    let help = String::from_utf8(help).expect("UTF-8");
    let list =
        help.split("--format <NAME>").nth(1).and_then(|rest| rest.split("[default").next()).expect("--format is there");
    list.lines().filter_map(|line| line.trim().strip_prefix("- ")?.split(':').next().map(str::to_owned)).collect()
}

/// Every fact that a template can name.
const TEMPLATE: &str = "{{app}} {{policy}} {{inputs}} {{question}} {{headline}} {{counts}} {{case}} {{case.number}} \
    {{case.examiner}} {{case.mandate}} {{case.custody}} {{case.retain_until}} {{matrix}} {{findings}} {{collected}} \
    {{shared}} {{volumes}} {{claims}} {{declared}} {{recipients}} {{coverage}} {{gaps}} {{method}} {{suppressions}} \
    {{advice}} {{tool}}";

#[test]
fn no_output_of_a_sample_session_holds_a_value() {
    for name in ["teashop", "aftersales"] {
        let session = root().join("captures").join(name);
        let (path, policy) = (session.to_str().expect("UTF-8").to_owned(), session.join("policy.txt"));
        let policy = policy.to_str().expect("UTF-8");
        let mut searched = Searched::new(&values(&session.join("device.toml")));
        let mut outputs = 0;
        let folder = tempfile::tempdir().expect("a folder");
        let template = folder.path().join("all.html");
        std::fs::write(&template, TEMPLATE).expect("written");
        for language in ["en", "zh"] {
            // What only a folder gets: each table of CSV, a template with every fact.
            let written = folder.path().join(language);
            let (to, template) = (written.to_str().expect("UTF-8"), template.to_str().expect("UTF-8"));
            let common = ["audit", &path, "--policy", policy, "--language", language, "--output", to];
            run(&[&common[..], &["--format", "csv,xlsx", "--template", template]].concat());
            for entry in std::fs::read_dir(&written).expect("is readable") {
                let file = entry.expect("an entry").path();
                searched.search(&format!("{name}: {}", file.display()), &std::fs::read(&file).expect("is readable"));
                outputs += 1;
            }
            for format in formats("audit") {
                let (out, err) =
                    run(&["audit", &path, "--policy", policy, "--format", &format, "--language", language]);
                searched.search(&format!("{name}: audit {format} {language}"), &out);
                searched.search(&format!("{name}: audit {format} {language}, said"), &err);
                outputs += 1;
            }
            for format in formats("inspect") {
                let (out, err) = run(&["inspect", &path, "--format", &format, "--language", language]);
                searched.search(&format!("{name}: inspect {format} {language}"), &[out, err].join(&b"\n"[..]));
                outputs += 1;
            }
        }
        assert!(outputs >= 2 * (11 + 3 + 8), "{outputs} outputs");
        assert!(searched.found.is_empty(), "{:#?}", searched.found);
        // It can fail: with the values shown, most of the patterns' roots are there.
        let mut shown = Searched::new(&values(&session.join("device.toml")));
        shown.search("shown", &run(&["inspect", &path, "--format", "json", "--show-values"]).0);
        assert!(shown.found.len() > 10, "{:#?}", shown.found);
    }
}

/// The matrix: every form in every container, so every way in which a value can come in.
#[test]
fn no_output_of_the_matrix_holds_a_value() {
    let folder = root().join("tests/identify/matrix");
    let path = |name: &str| folder.join(name).to_str().expect("UTF-8").to_owned();
    let mut searched = Searched::new(&values(&folder.join("device.toml")));
    let (pcap, har, device) = (path("matrix.pcap"), path("matrix.har"), path("device.toml"));
    for format in formats("inspect") {
        let (out, err) = run(&["inspect", &pcap, &har, "--device", &device, "--format", &format]);
        searched.search(&format!("inspect {format}"), &[out, err].join(&b"\n"[..]));
    }
    assert!(searched.found.is_empty(), "{:#?}", searched.found);
}

/// Pages, expectations and shapes that are committed, against the values of both sessions.
#[test]
fn no_committed_output_holds_a_value() {
    let mut profile = Vec::new();
    for device in ["captures/teashop", "captures/aftersales", "tests/identify/matrix"] {
        profile.extend(values(&root().join(device).join("device.toml")));
    }
    let mut searched = Searched::new(&profile);
    let mut files: Vec<PathBuf> = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    for folder in ["docs", "schemas", "templates", "tests/report", "captures/teashop", "captures/aftersales"] {
        files.extend(
            std::fs::read_dir(root().join(folder)).expect("is readable").map(|entry| entry.expect("an entry").path()),
        );
    }
    // What is an output; the others are what the sessions were made from.
    files.retain(|file| {
        let name = file.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        file.is_file()
            && (!file.starts_with(root().join("captures")) || name.ends_with("expected.json") || name == "README.md")
    });
    assert!(files.len() > 20, "{files:?}");
    for file in &files {
        searched.search(&file.display().to_string(), &std::fs::read(file).expect("is readable"));
    }
    assert!(searched.found.is_empty(), "{:#?}", searched.found);
}
