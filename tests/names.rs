//! Values where a report prints names, slots without a value, and values of other devices:
//! found, masked in every output, and nobody is accused of what did not flow.
//!
//! The messages are written here, as HAR; the hex, base32 and base64 in them are Python's.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

const IMEI: &str = "352099001761481";
const MAC: &str = "3C:5A:B4:D1:E2:0F";
/// `binascii.hexlify`, `base64.b32encode` (lower case, unpadded) and `base64.b64encode` of the IMEI,
/// the last with `|abc` after it.
const HEX: &str = "333532303939303031373631343831";
const BASE32: &str = "gm2tembzheydamjxgyytiobr";
const BASE64: &str = "MzUyMDk5MDAxNzYxNDgxfGFiYw";

fn entry(number: usize, url: &str, body: Option<&Value>) -> Value {
    let mut request = json!({"method": "GET", "url": url, "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
        "queryString": [], "headersSize": -1, "bodySize": 0});
    if let Some(body) = body {
        request["method"] = json!("POST");
        request["headers"] = json!([{"name": "Content-Type", "value": "application/json"}]);
        request["postData"] = json!({"mimeType": "application/json", "text": body.to_string()});
    }
    json!({"startedDateTime": format!("2026-03-01T08:00:{number:02}.000Z"), "time": 1, "request": request,
        "response": {"status": 200, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
            "content": {"size": 0, "mimeType": ""}, "redirectURL": "", "headersSize": -1, "bodySize": 0},
        "cache": {}, "timings": {"send": 0, "wait": 1, "receive": 0}})
}

/// A folder with the messages and the profile of a device.
fn recorded(messages: &[(String, Option<Value>)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let entries: Vec<Value> =
        messages.iter().enumerate().map(|(n, (url, body))| entry(n, url, body.as_ref())).collect();
    let har = json!({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}});
    std::fs::write(folder.path().join("sent.har"), har.to_string()).expect("written");
    let profile = format!("[ids]\nimei = [\"{IMEI}\"]\nmac = [\"{MAC}\"]\n");
    std::fs::write(folder.path().join("device.toml"), profile).expect("written");
    std::fs::write(folder.path().join("policy.txt"), "隐私政策\n我们不收集任何个人信息。\n").expect("written");
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(arguments)
        .args(["sent.har", "--device", "device.toml"])
        .current_dir(folder)
        .output()
        .expect("runs");
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn inspected(folder: &Path) -> Value {
    serde_json::from_str(&run(folder, &["inspect", "--quiet", "--format", "json"])).expect("JSON")
}

fn audited(folder: &Path, format: &str, language: &str) -> String {
    let policy = ["--policy", "policy.txt", "--first-party", "home.example"];
    run(folder, &[&["audit", "--quiet", "--format", format, "--language", language][..], &policy].concat())
}

#[test]
fn values_in_names_are_found_and_printed_nowhere() {
    let bodies = [
        json!({IMEI: 1}),
        json!({IMEI: {"a": 1, "b": 2}}),
        json!({"devices": {IMEI: {"oaid": "7d41c09be8f2a65310c4d7e9ab5f8266"}}}),
        json!({"devices": {IMEI: [{"k": 1}, {"k": 2}]}}),
        json!({"devices": {IMEI: {}}}),
        json!({format!("imei={IMEI}"): 1}),
        json!({format!("imei={IMEI}"): {"z": 1}}),
        json!({BASE64: {"z": 1}}),
        json!({HEX: {"z": 1}}),
        json!({"wifi": {MAC: {"rssi": -50}}, "text": json!({MAC: {"rssi": 1}}).to_string()}),
    ];
    let mut messages: Vec<(String, Option<Value>)> =
        bodies.into_iter().enumerate().map(|(n, body)| (format!("https://k{n}.example/x"), Some(body))).collect();
    messages.push((format!("https://p.example/{BASE64}/x"), None));
    // Names of hosts have no case (RFC 4343), so base64 does not survive in them.
    for label in [IMEI, HEX, BASE32] {
        messages.push((format!("https://{label}.t{}.example/x", messages.len()), None));
    }
    let folder = recorded(&messages);
    let json = inspected(folder.path());
    let sightings = json["sightings"].as_array().expect("a list");
    for (number, message) in messages.iter().enumerate() {
        let found = sightings
            .iter()
            .any(|sighting| sighting["locator"]["place"]["entry"] == number && sighting["certainty"] == "confirmed");
        assert!(found, "{message:?}");
    }
    let mut outputs: Vec<String> = Vec::new();
    for language in ["en", "zh"] {
        for format in ["text", "html", "json"] {
            outputs.push(run(folder.path(), &["inspect", "--format", format, "--language", language]));
        }
        for format in ["text", "html", "json", "markdown", "sarif"] {
            outputs.push(audited(folder.path(), format, language));
        }
    }
    let telling = [IMEI, &IMEI[..14], MAC, "3c5ab4d1e20f", HEX, BASE32, BASE64];
    for output in &outputs {
        let lower = output.to_ascii_lowercase();
        for text in telling {
            assert!(!lower.contains(&text.to_ascii_lowercase()), "{text} in {output}");
        }
    }
    let shown = run(folder.path(), &["inspect", "--format", "json", "--show-values"]);
    assert!(shown.contains(IMEI) && shown.contains(HEX), "the search can find");
}

#[test]
fn slots_without_a_value_are_listed_and_accuse_nobody() {
    // MD5 of the zero IMEI: facts of Umeng's test code.
    let slots = json!({"idfa": "00000000-0000-0000-0000-000000000000", "mac": "02:00:00:00:00:00", "imei": "__IMEI__",
        "android_id": "9774d56d682e549c", "oaid": "null", "imsi": "", "imei_md5": "5284047F4FFB4E04824A2FD1D1F0CD62"});
    let folder = recorded(&[
        ("https://a.example/x".to_owned(), Some(slots.clone())),
        ("https://a.example/x".to_owned(), Some(slots)),
    ]);
    let json = inspected(folder.path());
    assert_eq!(json["sightings"].as_array().map(Vec::len), Some(0), "{}", json["sightings"]);
    let listed: Vec<(&str, &str, u64)> = json["withheld"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|slot| {
            assert_eq!(slot["locator"]["place"]["entry"], 0, "the first one");
            let text = |key: &str| slot[key].as_str().unwrap_or_default();
            (text("data_type"), text("placeholder"), slot["count"].as_u64().unwrap_or_default())
        })
        .collect();
    let wanted = [
        ("android_id", "constant", 2),
        ("idfa", "zero", 2),
        ("imei", "macro", 2),
        ("imei", "digest", 2),
        ("imsi", "empty", 2),
        ("mac", "constant", 2),
        ("oaid", "word", 2),
    ];
    assert_eq!(listed, wanted);
    for (language, words) in [("en", "Slots without a value"), ("zh", "有字段而无值")] {
        for format in ["text", "html"] {
            assert!(run(folder.path(), &["inspect", "--format", format, "--language", language]).contains(words));
        }
        for format in ["text", "html", "markdown"] {
            assert!(audited(folder.path(), format, language).contains(words), "{format} {language}");
        }
    }
    let report: Value = serde_json::from_str(&audited(folder.path(), "json", "en")).expect("JSON");
    assert_eq!(report["withheld"].as_array().map(Vec::len), Some(wanted.len()));
    let of_data = |finding: &&Value| finding["data_type"].is_string();
    assert_eq!(report["findings"].as_array().expect("a list").iter().filter(of_data).count(), 0);
}

#[test]
fn another_devices_value_is_listed_and_no_finding() {
    // Valid by its check digit, and not the profile's.
    let other = json!({"imei": "490154203237518"});
    let folder = recorded(&[("https://a.example/x".to_owned(), Some(other))]);
    let json = inspected(folder.path());
    assert_eq!(json["sightings"][0]["certainty"], "possible");
    let report: Value = serde_json::from_str(&audited(folder.path(), "json", "en")).expect("JSON");
    assert_eq!(report["sightings"].as_array().map(Vec::len), Some(1));
    let findings = |report: &Value| {
        report["findings"].as_array().expect("a list").iter().filter(|f| f["data_type"] == "imei").count()
    };
    assert_eq!(findings(&report), 0, "{}", report["findings"]);
    let own = recorded(&[("https://a.example/x".to_owned(), Some(json!({"imei": IMEI})))]);
    let report: Value = serde_json::from_str(&audited(own.path(), "json", "en")).expect("JSON");
    assert!(findings(&report) > 0, "the device's own is one");
}
