//! Small sessions, each with a policy of a kind that is common: a table with general
//! words, sentences with categories and a catch-all, a connection that stays closed. What
//! each must yield stands in its `expected.tsv`, read off the policy by hand; the traffic
//! is written by `tests/make-seeds.py`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

/// Flows with their codes, findings with the lines that they quote, and the states of the
/// recipients that `wanted` names.
fn found(report: &Value, wanted: &BTreeSet<String>) -> BTreeSet<String> {
    let list = |key: &str| report[key].as_array().cloned().unwrap_or_default();
    let mut found = BTreeSet::new();
    for flow in list("flows") {
        let code = text(&flow["verdict"]["code"]);
        found.insert(["flow", text(&flow["recipient"]), text(&flow["data_type"]), code].join("\t"));
    }
    for finding in list("findings") {
        let lines: Vec<String> = finding["policy"].as_array().unwrap().iter().map(|s| s["line"].to_string()).collect();
        let lines = if lines.is_empty() { "-".to_owned() } else { lines.join(",") };
        let about = ["code", "recipient", "data_type", "phase"].map(|key| text(&finding[key]));
        found.insert(format!("finding\t{}\t{lines}", about.join("\t")));
    }
    for item in list("declared") {
        let about = format!("declared\t{}\t", text(&item["recipient"]));
        if wanted.iter().any(|line| line.starts_with(&about)) {
            found.insert(format!("{about}{}\t{}", text(&item["data_type"]), text(&item["state"])));
        }
    }
    found
}

#[test]
fn each_policy_yields_its_verdicts() {
    for name in ["table", "sentences", "closed"] {
        let session = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/seeds").join(name);
        let wanted = std::fs::read_to_string(session.join("expected.tsv")).unwrap();
        let wanted: BTreeSet<String> = wanted.lines().filter(|l| !l.starts_with('#')).map(str::to_owned).collect();
        let run = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
            .args(["audit", session.to_str().unwrap(), "--format", "json", "--quiet"])
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&run.stdout)
            .unwrap_or_else(|error| panic!("{name}: {error}: {}", String::from_utf8_lossy(&run.stderr)));
        let found = found(&report, &wanted);
        let missing: Vec<_> = wanted.difference(&found).collect();
        let extra: Vec<_> = found.difference(&wanted).collect();
        assert!(missing.is_empty() && extra.is_empty(), "{name}\nmissing {missing:#?}\nunexpected {extra:#?}");
    }
}

fn audited(arguments: &[&str]) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let run = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .current_dir(root)
        .arg("audit")
        .args(arguments)
        .args(["--format", "json", "--quiet"])
        .output()
        .unwrap();
    serde_json::from_slice(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&run.stderr)))
}

#[test]
fn what_the_idle_device_sends_too_is_listed_apart() {
    let bare = ["seeds/table/a.har", "--policy", "seeds/table/policy.md", "--first-party", "qinghe.example"];
    let flow = |report: &Value| {
        let flows = report["flows"].as_array().unwrap();
        flows.iter().find(|f| f["recipient"] == "umeng" && f["data_type"] == "oaid").unwrap().clone()
    };
    let report = audited(&bare);
    assert_eq!(flow(&report)["verdict"]["code"], "omitted-recipient");
    let report = audited(&[&bare[..], &["--noise", "seeds/idle.har"]].concat());
    assert_eq!((&flow(&report)["verdict"], &flow(&report)["noise"]), (&Value::Null, &Value::Bool(true)));
    assert_eq!(report["noise"][0]["name"], "idle.har");
    let noise = report["contacts"].as_array().unwrap().iter().filter(|c| c["noise"] == true);
    assert_eq!(noise.map(|c| text(&c["recipient"]).to_owned()).collect::<Vec<_>>(), ["umeng"]);
    // The session says that only the app was recorded: what the device does at rest is no excuse.
    let report = audited(&["seeds/table", "--noise", "seeds/idle.har"]);
    assert_eq!(flow(&report)["verdict"]["code"], "omitted-recipient");
}

#[test]
fn addresses_abroad_are_told_with_the_file_that_says_so() {
    for file in ["geo/countries.mmdb", "geo/countries.csv"] {
        let report = audited(&["seeds/table", "--geo-db", file]);
        assert!(
            report["findings"].as_array().unwrap().iter().all(|f| f["code"] != "contact-abroad"),
            "of what country?"
        );
        let contact = |id: &str| {
            let contacts = report["contacts"].as_array().unwrap();
            contacts.iter().find(|c| c["recipient"] == id).unwrap()["networks"][0]["country"].clone()
        };
        assert_eq!((contact("umeng"), contact("getui")), ("US".into(), "CN".into()));
        assert_eq!(report["geo"][0]["date"], "2026-06-25");
        assert_eq!(report["geo"][0]["sha256"].as_str().unwrap().len(), 64);
    }
}
