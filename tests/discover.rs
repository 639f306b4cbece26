//! `discover` on recorded runs of a made-up app: three protocols, five runs each
//! (tests/discover/record.sh). What is planted, and what only looks like it, stands in
//! tests/discover/client.py, which also wrote what is expected.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const CASES: [&str; 3] = ["https", "mqtt", "har"];

fn folder(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/discover").join(case)
}

fn run_file(case: &str, run: &str) -> PathBuf {
    folder(case).join(format!("{run}.{}", if case == "har" { "har" } else { "pcap" }))
}

/// `discover` with these options, each followed by its runs.
fn discover(case: &str, options: &[(&str, &[&str])], more: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirewitness"));
    command.args(["discover", "--quiet"]).args(more);
    for (option, runs) in options {
        command.arg(option).args(runs.iter().map(|run| run_file(case, run)));
    }
    for run in ["a", "b", "c", "d", "e"] {
        let keys = folder(case).join(format!("{run}.keys"));
        if keys.exists() {
            command.arg("--keys").arg(keys);
        }
    }
    let output = command.output().expect("runs");
    assert!(output.status.success(), "{case}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn json(case: &str, options: &[(&str, &[&str])], more: &[&str]) -> Value {
    let more: Vec<&str> = more.iter().copied().chain(["--format", "json"]).collect();
    serde_json::from_str(&discover(case, options, &more)).expect("JSON")
}

fn expected(case: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder(case).join("expected.json")).expect("is readable");
    serde_json::from_str(&text).expect("JSON")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

const ALL: [(&str, &[&str]); 4] =
    [("--same", &["a", "b"]), ("--other-device", &["c"]), ("--reinstalled", &["d"]), ("--reset", &["e"])];

#[test]
fn planted_identifiers_are_found_with_what_they_survive_and_nothing_else() {
    for case in CASES {
        let found = json(case, &ALL, &["--show-values"]);
        let identifiers = found["identifiers"].as_array().expect("a list");
        let rows: BTreeSet<[String; 5]> = identifiers
            .iter()
            .map(|i| {
                assert_eq!(
                    (text(&i["restart"]), text(&i["other_device"])),
                    ("survives".into(), "renewed".into()),
                    "{i}"
                );
                [
                    text(&i["masked"]),
                    text(&i["names"]),
                    text(&i["reinstall"]),
                    text(&i["reset"]),
                    text(&i["digest_of"][0]),
                ]
            })
            .collect();
        let wanted: BTreeSet<[String; 5]> = expected(case)
            .iter()
            .map(|e| ["value", "names", "reinstall", "reset", "digest"].map(|field| text(&e[field])))
            .collect();
        assert_eq!(rows, wanted, "{case}");
        assert_eq!(found["undecided"].as_array().map(Vec::len), Some(0), "{case}");
        for e in expected(case) {
            let it = identifiers.iter().find(|i| i["masked"] == e["value"]).expect("was found");
            let ways: Vec<String> =
                it["places"].as_array().expect("a list").iter().map(|p| p["way"].to_string()).collect();
            let places = e["places"].as_array().expect("a list");
            assert_eq!(ways.len(), places.len(), "{case}: {ways:?}");
            for word in places {
                assert!(ways.iter().any(|way| way.contains(&text(word))), "{case}: {word} in {ways:?}");
            }
        }
    }
}

/// Without a run that could show another value nothing is called an identifier.
#[test]
fn without_another_device_nothing_is_said_of_the_device() {
    for case in CASES {
        let found = json(case, &[("--same", &["a", "b"])], &["--show-values"]);
        assert_eq!(found["identifiers"].as_array().map(Vec::len), Some(0), "{case}");
        let undecided: Vec<String> =
            found["undecided"].as_array().expect("a list").iter().map(|i| text(&i["masked"])).collect();
        for e in expected(case) {
            assert!(undecided.contains(&text(&e["value"])), "{case}: {e} in {undecided:?}");
        }
    }
    let page = discover("har", &[("--same", &["a", "b"])], &[]);
    assert!(page.contains("cannot tell device from app") && page.contains("--other-device RUN"), "{page}");
}

/// A reset shows as well that a value is no constant of the app.
#[test]
fn a_reset_is_enough_for_what_it_renews() {
    for case in CASES {
        let found = json(case, &[("--same", &["a", "b"]), ("--reset", &["e"])], &["--show-values"]);
        let listed = |list: &str| -> BTreeSet<String> {
            found[list].as_array().expect("a list").iter().map(|i| text(&i["masked"])).collect()
        };
        for e in expected(case) {
            let list = if e["reset"] == "renewed" { "identifiers" } else { "undecided" };
            assert!(listed(list).contains(&text(&e["value"])), "{case}: {e}");
        }
    }
}

#[test]
fn values_are_masked_in_both_formats_and_languages() {
    for case in CASES {
        let pages = [
            discover(case, &ALL, &["--all"]),
            discover(case, &ALL, &["--all", "--language", "zh"]),
            discover(case, &ALL, &["--format", "json"]),
            discover(case, &ALL[..1], &["--format", "json"]),
        ];
        for e in expected(case) {
            let value = text(&e["value"]);
            for page in &pages {
                assert!(!page.contains(&value), "{case}: {value}");
            }
        }
        assert!(pages[1].contains("未知标识符"), "{}", pages[1]);
    }
}

/// The lines it gives do what it says: the value is confirmed, its field's name is a hint.
#[test]
fn the_lines_make_it_known() {
    let found = json("https", &ALL, &["--show-values"]);
    let dir = tempfile::tempdir().expect("a folder");
    let lines: Vec<String> =
        found["identifiers"].as_array().expect("a list").iter().map(|i| text(&i["device_line"])).collect();
    let values: Vec<&str> =
        lines.iter().map(|line| line.split_once(" = ").expect("a line").1.trim_matches(['[', ']'])).collect();
    let profile = dir.path().join("device.toml");
    std::fs::write(&profile, format!("[ids]\nsdk_id = [{}]\n", values.join(", "))).expect("written");
    let known = json("https", &ALL, &["--device", profile.to_str().expect("UTF-8")]);
    assert_eq!(known["identifiers"].as_array().map(Vec::len), Some(0));
    assert_eq!(known["known"].as_array().map(Vec::len), Some(lines.len()));

    let signatures = dir.path().join("signatures");
    std::fs::create_dir(&signatures).expect("made");
    // A name of one or two letters is none for whatever recipient: there is no table for it.
    let tables: Vec<&str> =
        found["identifiers"].as_array().expect("a list").iter().filter_map(|i| i["signature"].as_str()).collect();
    assert!(tables.len() >= 3, "{tables:?}");
    std::fs::write(signatures.join("discovered.toml"), tables.join("\n")).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["inspect", "--quiet", "--format", "json", "--signatures"])
        .arg(&signatures)
        .arg("--keys")
        .arg(folder("https").join("a.keys"))
        .arg(run_file("https", "a"))
        .output()
        .expect("runs");
    let seen: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let sightings = seen["sightings"].as_array().expect("a list");
    let keys: BTreeMap<String, String> = sightings.iter().map(|s| (text(&s["key"]), text(&s["data_type"]))).collect();
    assert_eq!(keys.get("zid").map(String::as_str), Some("sdk_id"), "{keys:?}");
}

#[test]
fn the_json_is_as_its_schema_says() {
    let schema = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/discover.schema.json"));
    let schema: Value = serde_json::from_str(&schema.expect("is readable")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for case in CASES {
        for options in [&ALL[..], &ALL[..1]] {
            let found = json(case, options, &[]);
            let errors: Vec<String> =
                validator.iter_errors(&found).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(errors.is_empty(), "{case}: {errors:#?}");
        }
    }
}
