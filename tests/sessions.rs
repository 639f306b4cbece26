//! The sample sessions: every expected finding, flow, contact, state, claim and gap, and
//! no other. What is expected was written by hand from what the clients were told to
//! send (`captures/README.md`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn sessions() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let mut found: Vec<PathBuf> = std::fs::read_dir(root)
        .expect("captures is readable")
        .map(|entry| entry.expect("entry is readable").path())
        .filter(|path| path.join("expected.json").exists())
        .collect();
    found.sort();
    assert!(found.len() >= 2, "the sample sessions are missing");
    found
}

fn wirewitness(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wirewitness")).args(arguments).output().expect("the program runs")
}

fn audit(session: &Path, more: &[&str]) -> (Value, i32) {
    let mut arguments = vec!["audit", session.to_str().expect("UTF-8"), "--format", "json", "--quiet"];
    arguments.extend(more);
    let output = wirewitness(&arguments);
    let code = output.status.code().expect("was not killed");
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (report, code)
}

fn expected(session: &Path) -> Value {
    let text = std::fs::read_to_string(session.join("expected.json")).expect("is readable");
    serde_json::from_str(&text).expect("is JSON")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| "-".to_owned(), str::to_owned)
}

/// Rows of `list`, each as the fields named, so that a difference reads well.
fn rows(list: &Value, fields: &[&str]) -> BTreeSet<Vec<String>> {
    let list = list.as_array().expect("is a list");
    let rows: BTreeSet<Vec<String>> = list.iter().map(|item| fields.iter().map(|f| text(&item[f])).collect()).collect();
    assert_eq!(rows.len(), list.len(), "rows are told apart by {fields:?}");
    rows
}

fn compare(session: &Path, what: &str, expected: &BTreeSet<Vec<String>>, found: &BTreeSet<Vec<String>>, exactly: bool) {
    let missing: Vec<_> = expected.difference(found).collect();
    let extra: Vec<_> = found.difference(expected).filter(|_| exactly).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "{} {what}\nmissing: {missing:#?}\nunexpected: {extra:#?}",
        session.display()
    );
}

#[test]
fn each_session_yields_its_list_and_nothing_else() {
    for session in sessions() {
        let expected = expected(&session);
        let (report, code) = audit(&session, &[]);

        let fields = ["code", "recipient", "type", "phase", "severity"];
        let found: BTreeSet<Vec<String>> = report["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .map(|f| ["code", "recipient", "data_type", "phase", "severity"].iter().map(|k| text(&f[k])).collect())
            .collect();
        compare(&session, "findings", &rows(&expected["findings"], &fields), &found, true);

        let certain = |flow: &&Value| flow["certainty"] != "possible" && flow["verdict"].is_object();
        let found =
            report["flows"].as_array().expect("flows").iter().filter(certain).map(|flow| {
                vec![text(&flow["recipient"]), text(&flow["data_type"]), text(&flow["verdict"]["disclosure"])]
            });
        compare(
            &session,
            "flows",
            &rows(&expected["flows"], &["recipient", "type", "verdict"]),
            &found.collect(),
            true,
        );

        let readable = |contact: &Value| (contact["messages"].as_u64() > Some(0)).to_string();
        let found =
            report["contacts"].as_array().expect("contacts").iter().map(|c| vec![text(&c["recipient"]), readable(c)]);
        let wanted = expected["contacts"]
            .as_array()
            .expect("contacts")
            .iter()
            .map(|c| vec![text(&c["recipient"]), c["readable"].to_string()]);
        compare(&session, "contacts", &wanted.collect(), &found.collect(), true);

        let found = report["declared"]
            .as_array()
            .expect("declared")
            .iter()
            .map(|d| vec![text(&d["recipient"]), text(&d["data_type"]), text(&d["state"])]);
        compare(
            &session,
            "states",
            &rows(&expected["states"], &["recipient", "type", "state"]),
            &found.collect(),
            false,
        );

        let found = rows(&report["claims"], &["claim", "state"]);
        compare(&session, "claims", &rows(&expected["claims"], &["claim", "state"]), &found, true);

        let mut gaps: BTreeMap<String, u64> = BTreeMap::new();
        for (reason, count) in report["coverage"]["closed"].as_object().expect("closed") {
            *gaps.entry(reason.clone()).or_default() += count.as_u64().expect("count");
        }
        for gap in report["gaps"].as_array().expect("gaps") {
            *gaps.entry(text(&gap["reason"])).or_default() += gap["count"].as_u64().expect("count");
        }
        let wanted: BTreeMap<String, u64> = expected["gaps"]
            .as_array()
            .expect("gaps")
            .iter()
            .map(|gap| (text(&gap["reason"]), gap["count"].as_u64().expect("count")))
            .collect();
        assert_eq!(gaps, wanted, "{} gaps", session.display());
        assert_eq!(i64::from(code), expected["exit"].as_i64().expect("exit"), "{} exit code", session.display());
    }
}

#[test]
fn the_report_does_not_depend_on_the_number_of_threads() {
    for session in sessions() {
        let run = |threads: &str| {
            let path = session.to_str().expect("UTF-8");
            wirewitness(&["audit", path, "--format", "json", "--quiet", "--threads", threads]).stdout
        };
        let one = run("1");
        assert!(one.len() > 10_000);
        for threads in ["3", "16"] {
            assert!(one == run(threads), "{} differs with {threads} threads", session.display());
        }
    }
}

#[test]
fn without_keys_verdicts_become_gaps_and_nothing_reads_as_clean() {
    for session in sessions() {
        let copy = tempfile::tempdir().expect("a folder");
        for entry in std::fs::read_dir(&session).expect("is readable") {
            let path = entry.expect("entry").path();
            if path.file_name().is_some_and(|name| name != "keys.log") {
                std::fs::copy(&path, copy.path().join(path.file_name().expect("name"))).expect("copied");
            }
        }
        let (with, _) = audit(&session, &[]);
        let (without, code) = audit(copy.path(), &["--fail-on", "critical"]);
        assert_eq!(code, 3, "{}", session.display());
        let count = |report: &Value, what: &str| report[what].as_array().expect("list").len();
        assert!(count(&without, "flows") < count(&with, "flows"));
        assert!(without["coverage"]["closed"]["no-key"].as_u64() > with["coverage"]["closed"]["no-key"].as_u64());
        let contacts = |report: &Value| -> BTreeSet<String> {
            report["contacts"].as_array().expect("contacts").iter().map(|c| text(&c["recipient"])).collect()
        };
        assert!(contacts(&without).is_superset(&contacts(&with)) || contacts(&without).len() >= contacts(&with).len());
        let words = wirewitness(&["audit", copy.path().to_str().expect("UTF-8"), "--quiet"]);
        let words = String::from_utf8_lossy(&words.stdout).to_lowercase();
        assert!(words.contains("no key") && !words.contains("clean"), "{words}");
    }
}

/// One line of a `requests.tsv`: what a client sent, by its own account.
fn requests(session: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(session.join("requests.tsv")).expect("is readable");
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().expect("a head").split('\t').collect();
    lines
        .map(|line| names.iter().zip(line.split('\t')).map(|(n, v)| ((*n).to_owned(), v.to_owned())).collect())
        .collect()
}

#[test]
fn messages_are_what_the_clients_say_they_sent() {
    for session in sessions() {
        let capture = session.join("capture.pcapng");
        let keys = session.join("keys.log");
        let output =
            wirewitness(&["messages", capture.to_str().expect("UTF-8"), "--keys", keys.to_str().expect("UTF-8")]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut found: Vec<[String; 4]> = Vec::new();
        for line in String::from_utf8(output.stdout).expect("UTF-8").lines() {
            let message: Value = serde_json::from_str(line).expect("a JSON object a line");
            if message["method"].is_string() && message["direction"] == "sent" {
                found.push(["host", "method", "path", "body_sha256"].map(|key| text(&message[key])));
            }
        }
        let mut wanted: Vec<[String; 4]> = requests(&session)
            .iter()
            .filter(|request| ["1", "true", "yes"].contains(&request["readable"].as_str()))
            .map(|request| ["host", "method", "path", "body_sha256"].map(|key| request[key].clone()))
            .collect();
        assert!(wanted.len() >= 10, "{}", session.display());
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted, "{}", session.display());
    }
}
