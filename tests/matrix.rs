//! `tests/identify/matrix`: values in many forms and containers, sent by other programs.
//! Each must be found once, as what it is, and nothing else; `docs/matrix.md` lists them.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/identify/matrix")
}

fn cases() -> Vec<Value> {
    let text = std::fs::read_to_string(folder().join("cases.json")).expect("is readable");
    serde_json::from_str(&text).expect("is JSON")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} of {value}"))
}

/// `inspect` on the recording and on the HAR file, as a user runs it.
fn sightings() -> Vec<Value> {
    let folder = folder();
    let output = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .arg("inspect")
        .args([folder.join("matrix.pcap"), folder.join("matrix.har")])
        .args(["--format", "json", "--device"])
        .arg(folder.join("device.toml"))
        .output()
        .expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let observations: Value = serde_json::from_slice(&output.stdout).expect("is JSON");
    observations["sightings"].as_array().expect("a list").clone()
}

fn layers(sighting: &Value) -> Vec<&str> {
    sighting["locator"]["steps"].as_array().expect("a list").iter().map(|step| text(step, "name")).collect()
}

#[test]
fn each_value_is_found_as_what_it_is() {
    let (cases, sightings) = (cases(), sightings());
    // A case has a host of its own, and an address where its protocol names no host.
    let mut by_case: HashMap<u64, Vec<&Value>> = HashMap::new();
    let mut strangers = Vec::new();
    for sighting in &sightings {
        let host = text(sighting, "host");
        let is = |case: &&Value| {
            let own = text(case, "host");
            host == own || host == text(case, "address") || host.ends_with(&format!(".{own}"))
        };
        match cases.iter().find(is).and_then(|case| case["case"].as_u64()) {
            Some(case) => by_case.entry(case).or_default().push(sighting),
            None => strangers.push(host),
        }
    }
    assert!(strangers.is_empty(), "sightings that belong to no case: {strangers:?}");
    let mut wrong = Vec::new();
    for case in &cases {
        let found = case["case"].as_u64().and_then(|number| by_case.remove(&number)).unwrap_or_default();
        let expected = &case["expect"][0];
        let wanted: Vec<&str> =
            expected["layers"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        let fits = |sighting: &Value| {
            text(sighting, "data_type") == text(expected, "type")
                && text(&sighting["form"], "digest") == text(expected, "digest")
                && text(sighting, "certainty") == text(expected, "certainty")
                && expected["variant"].as_str().is_none_or(|v| v == text(&sighting["form"], "variant"))
                && layers(sighting) == wanted
        };
        if found.len() != 1 || !found.iter().all(|s| fits(s)) {
            let got: Vec<String> = found
                .iter()
                .map(|s| format!("{} {} {} {:?}", s["data_type"], s["form"], s["certainty"], layers(s)))
                .collect();
            let what = ["type", "form", "container", "protocol"].map(|key| text(case, key)).join(", ");
            wrong.push(format!("{}: {what}\n  wanted {expected}\n  got {got:?}", case["case"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    let different: BTreeSet<[&str; 3]> =
        cases.iter().map(|case| ["form", "container", "protocol"].map(|key| text(case, key))).collect();
    println!("{} cases, {} of form, container and protocol", cases.len(), different.len());
    assert!(different.len() >= 120);
}

#[test]
fn the_table_lists_the_cases() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/matrix.md");
    let page = std::fs::read_to_string(page).expect("is readable");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| #")).collect();
    let expected: Vec<String> = cases()
        .iter()
        .map(|case| {
            let found = &case["expect"][0];
            let layers: Vec<&str> =
                found["layers"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
            let mut cells = vec![case["case"].to_string()];
            cells.extend(["type", "form", "container", "protocol"].map(|key| text(case, key).to_owned()));
            cells.extend(["digest", "certainty"].map(|key| text(found, key).to_owned()));
            cells.push(layers.join(" ▸ "));
            format!("| {} |", cells.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "))
        })
        .collect();
    assert_eq!(rows, expected);
}
