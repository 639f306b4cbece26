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
use serde_json::Value;

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

/// What of `bytes` stays the same in base64, whatever stands before and after.
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

/// A request with what a masked bundle must not hold, in the writings that senders use.
fn entry(at: &str, url: &str, headers: &[(&str, String)], mime: &str, body: &str) -> Value {
    let headers: Vec<Value> =
        headers.iter().map(|(name, value)| serde_json::json!({"name": name, "value": value})).collect();
    serde_json::json!({
        "startedDateTime": at, "time": 10, "serverIPAddress": "198.51.100.200", "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "request": {"method": "POST", "url": url, "httpVersion": "HTTP/1.1", "headers": headers, "queryString": [],
            "cookies": [], "headersSize": -1, "bodySize": body.len(), "postData": {"mimeType": mime, "text": body}},
        "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
            "content": {"size": 0, "mimeType": "text/plain"}, "redirectURL": "", "headersSize": -1, "bodySize": 0},
    })
}

/// Neither a value, nor a token that stands beside one, nor a secret of the session.
#[test]
fn no_masked_bundle_holds_a_value_a_token_or_a_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    std::fs::create_dir(&case).expect("is made");
    let imei = "867530900000017";
    // None of them is of any known type; each stands beside a value in one way.
    let tokens = [
        "Qm7xTz0kLw9pVb2dRs",
        "Hf3nYc8uJe5gWa1tKq",
        "ZpDr6vXo4mBi9sLy7h",
        "Nk2eGt5aUf8wCj0xVb",
        "Ry9bMs3qHd6iPo1zTl",
        "Wc4jFv7nEa0kXg8uSm",
    ];
    let [bearer, cookie, query, json, glued, inner] = tokens;
    let nested = data_encoding::BASE64.encode(format!("{{\"imei\":\"{imei}\",\"st\":\"{inner}\"}}").as_bytes());
    let entries = [
        entry(
            "2026-03-01T08:00:30.000Z",
            &format!("https://restsdk.amap.com/v3/x?imei={imei}&sid={query}"),
            &[
                ("Host", "restsdk.amap.com".into()),
                ("Authorization", format!("Bearer {bearer}")),
                ("Cookie", format!("s={cookie}")),
            ],
            "application/json",
            &format!("{{\"imei\":\"{imei}\",\"access_token\":\"{json}\"}}"),
        ),
        entry(
            "2026-03-01T08:00:31.000Z",
            "https://ulogs.umeng.com/unify_logs",
            &[("Host", "ulogs.umeng.com".into())],
            "application/x-www-form-urlencoded",
            &format!("ids=imei%3D{imei}%3Btok%3D{glued}&data={nested}"),
        ),
    ];
    let har =
        serde_json::json!({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}});
    let write = |name: &str, text: &str| std::fs::write(case.join(name), text).expect("is written");
    write("a.har", &har.to_string());
    write("device.toml", &format!("[ids]\nimei = [\"{imei}\"]\n"));
    write(
        "session.toml",
        "app = \"com.example.app\"\nfirst_party = [\"qinghe.example\"]\nisolation = true\npolicy = \"policy.txt\"\n",
    );
    write("policy.txt", "隐私政策\n我们不会向任何第三方提供您的设备信息。\n");
    let mut searched = Searched::new(&[&[imei.to_owned()], &tokens.map(str::to_owned)[..]].concat());
    let bundled = |session: &str, name: &str, options: &[&str]| {
        let path = folder.path().join(name);
        let path = path.to_str().expect("UTF-8");
        let (out, err) = run(&[&["bundle", session, "--output", path], options].concat());
        let made = std::path::PathBuf::from(String::from_utf8(out.clone()).expect("UTF-8").trim_end());
        let said = [out, err].join(&b"\n"[..]);
        (std::fs::read(made).expect("a bundle"), said)
    };
    let case = case.to_str().expect("UTF-8");
    for language in ["en", "zh"] {
        let (bytes, said) = bundled(case, &format!("{language}.zip"), &["--language", language]);
        searched.search(&format!("bundle {language}"), &bytes);
        searched.search("what is said", &said);
    }
    assert!(searched.found.is_empty(), "{:#?}", searched.found);
    // It can fail: the sealed one holds them all, as they were sent.
    let (bytes, _) = bundled(case, "sealed.zip", &["--sealed"]);
    searched.search("sealed", &bytes);
    let held = |token: &str| searched.found.iter().any(|found| found.to_lowercase().ends_with(&token.to_lowercase()));
    assert!(tokens[..5].iter().all(|token| held(token)), "{:#?}", searched.found);

    // Values and secrets of recordings: key logs hold the second as hex.
    for name in ["teashop", "aftersales"] {
        let session = root().join("captures").join(name);
        let log = std::fs::read_to_string(session.join("keys.log")).expect("is readable");
        let secrets: BTreeSet<String> = log.lines().filter_map(|l| l.split(' ').nth(2).map(str::to_owned)).collect();
        assert!(secrets.len() > 10);
        let mut searched = Searched::new(&values(&session.join("device.toml")));
        let raw = secrets.iter().filter_map(|hex| HEXLOWER.decode(hex.as_bytes()).ok());
        let written = raw.flat_map(|raw| base64(&raw).collect::<Vec<_>>());
        let of_secrets = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(secrets.iter().cloned().chain(written).collect::<Vec<_>>())
            .expect("builds");
        let path = session.to_str().expect("UTF-8");
        for language in ["en", "zh"] {
            let (bytes, said) = bundled(path, &format!("{name}-{language}.zip"), &["--language", language]);
            searched.search(&format!("{name} {language}"), &bytes);
            searched.search("what is said", &said);
            // Its members are stored, so the archive holds their text.
            assert!(!of_secrets.is_match(&bytes), "{name}: a secret");
        }
        assert!(searched.found.is_empty(), "{:#?}", searched.found);
        let (bytes, _) = bundled(path, &format!("{name}-sealed.zip"), &["--sealed"]);
        assert!(of_secrets.is_match(&bytes), "{name}: the sealed one holds secrets");
    }
}

/// What nobody knows and everybody can use: a session's id, a key, an account's number, in each
/// place of a request that a report names. A value of the device stands beside each, so that each
/// place is one that a report has to name.
#[test]
fn no_name_in_a_masked_output_is_a_token() {
    let imei = "867530900000017";
    // One of a kind in each place, so that what leaks is known by its place.
    let kinds = [
        ["8fK3a9Qz21Lm", "Xw7Gd2Pq9ZtB", "c5NvR8yKe4Js", "Tm1Hb6UaL3oD", "q9SfW2jCx7Vg", "R4kYp8MnE1zA"],
        [
            "9e107d9d372bb682",
            "6b1f0a83c5e24d97",
            "d41d8cd98f00b204",
            "a3cca2b2aa1e3b5b",
            "0cc175b9c0f1b6a8",
            "92eb5ffee6ae2fec",
        ],
        [
            "e4d909c290d0fb1ca068ffaddf22cbd0",
            "900150983cd24fb0d6963f7d28e17f72",
            "f96b697d7cb7938d525a2f31aaf161d0",
            "c3fcd3d76192e4007dfb496cca67e13b",
            "d174ab98d277d9f5a5611c2c9f419d9f",
            "57edf4a22be3c955ac49da2e2107b67a",
        ],
        [
            "3b241101-e2bb-4255-8caf-4136c566a962",
            "8d8ac610-566d-4ef0-9c22-186b2a5ed793",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "2ed6657d-e927-568b-95e1-2665a8aea6a2",
            "6fa459ea-ee8a-3ca4-894e-db77e160355e",
            "16fd2706-8baf-433b-82eb-8c7fada847da",
        ],
        ["81234567", "7390124", "602214076", "299792", "1618033988", "27182818"],
        [
            "eyJhbGciOiJub25lIn0",
            "eyJ1aWQiOiJhYmNkZWYifQ",
            "eyJzaWQiOiJxcXdlcnR5In0",
            "eyJ0b2siOiJ6eHl3dnUifQ",
            "eyJleHAiOjE3MDAwMDB9",
            "eyJqdGkiOiJsa2poZ2YifQ",
        ],
        [
            "V1StGXR8_Z5jdHi6B-myT",
            "pQ3-vB8xN_w2KfYz9Lc0a",
            "m-7RtD4_hJ1sEoU6gXqZb",
            "Wk2y_A9nC-5iPvM8fTr3d",
            "b6_Hx-L0uG4qZjS7eKw1o",
            "Ov-3Nz_8Yc5RtB2mIpD9h",
        ],
        ["13912345678", "13787654321", "15800112233", "18655443322", "13366778899", "17711223344"],
        [
            "li.wang@post.example",
            "zhao_1@mail.example",
            "sun.q@letters.example",
            "zhou@inbox.example",
            "wu.r@box.example",
            "zheng@mailing.example",
        ],
    ];
    let mut entries = Vec::new();
    for (number, [path, label, query, header, part, name]) in kinds.iter().enumerate() {
        let at = format!("2026-03-01T08:00:{:02}.000Z", 10 + number);
        let host = match label.contains('@') {
            true => "api.example.com".to_owned(),
            false => format!("{label}.edge.example.com"),
        };
        let encoded = |text: &str| text.replace('@', "%40");
        let form = format!("--b\r\nContent-Disposition: form-data; name=\"{part}\"\r\n\r\n{imei}\r\n--b--\r\n");
        entries.push(entry(
            &at,
            &format!("https://{host}/u/{path}/profile?{}={imei}", encoded(query)),
            &[("Host", host.clone()), (&format!("X-{}", header.replace('@', "-at-")), imei.to_owned())],
            "multipart/form-data; boundary=b",
            &form,
        ));
        let json = serde_json::json!({"users": {(*name): {"imei": imei}}});
        entries.push(entry(
            &at,
            &format!("https://{host}/u/{path}"),
            &[("Host", host)],
            "application/json",
            &json.to_string(),
        ));
    }
    let har =
        serde_json::json!({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}});
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    std::fs::create_dir(&case).expect("is made");
    std::fs::write(case.join("a.har"), har.to_string()).expect("is written");
    std::fs::write(case.join("device.toml"), format!("[ids]\nimei = [\"{imei}\"]\n")).expect("is written");
    std::fs::write(case.join("policy.txt"), "隐私政策\n我们不会收集您的设备信息。\n").expect("is written");
    let (path, policy) = (case.to_str().expect("UTF-8"), case.join("policy.txt"));
    let policy = policy.to_str().expect("UTF-8");
    // A label cannot hold an address of mail, a header's name no `@`.
    let tokens: Vec<String> = kinds.iter().flatten().map(|token| (*token).to_owned()).collect();
    let mut searched = Searched::new(&[tokens.clone(), vec![imei.to_owned()]].concat());
    // Six digits are fewer than what is searched for in values.
    let plain = AhoCorasick::builder().ascii_case_insensitive(true).build(&tokens).expect("builds");
    let report = run(&["audit", path, "--policy", policy, "--format", "json"]).0;
    let around =
        |at: usize| String::from_utf8_lossy(&report[at.saturating_sub(60)..(at + 60).min(report.len())]).into_owned();
    let leaks: Vec<String> = plain.find_iter(&report).map(|found| around(found.start())).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
    for format in formats("audit") {
        let (out, err) = run(&["audit", path, "--policy", policy, "--format", &format]);
        searched.search(&format!("audit {format}"), &[out, err].join(&b"\n"[..]));
    }
    for format in formats("inspect") {
        let (out, err) = run(&["inspect", path, "--format", &format]);
        searched.search(&format!("inspect {format}"), &[out, err].join(&b"\n"[..]));
    }
    assert!(searched.found.is_empty(), "{:#?}", searched.found);
    // It can fail: where values are shown, all of them are there, and each place was reached.
    let raw = [run(&["inspect", path, "--format", "json", "--show-values"]).0, run(&["messages", path]).0].concat();
    let shown = String::from_utf8(raw.to_ascii_lowercase()).expect("UTF-8");
    let missing: Vec<&String> =
        tokens.iter().filter(|t| !t.contains('@') && !shown.contains(&t.to_lowercase())).collect();
    assert!(missing.is_empty(), "{missing:?}");
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
