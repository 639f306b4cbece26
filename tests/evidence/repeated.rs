//! What a report says comes out again of its bundle, and what does not is told, also where a
//! forger has made every digest fit.

use serde_json::json;

use super::*;

/// Every finding of both sessions, with and without the device's values.
#[test]
fn every_finding_of_an_untouched_bundle_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["teashop", "aftersales"] {
        let device = format!("{}/device.toml", session(name));
        for (to, kind) in [
            ("m", &[][..]),
            ("m.zip", &[]),
            ("s", &["--sealed"]),
            ("s.zip", &["--sealed"]),
            ("f.zip", &["--sealed", "--full"]),
        ] {
            let made = bundle(&session(name), &folder.path().join(format!("{name}-{to}")), kind);
            let said = verify(&made, &["--device", &device]);
            let (again, all) = (&said["repeated"], &said["repeated"]["findings"]);
            assert!(said["holds"] == true && all.as_u64().unwrap() > 10, "{said:#}");
            assert!(again["policy"] == true && again["judged"] == *all, "{said:#}");
            match kind {
                [] => assert!(again["replayed"].is_null() && again["identified"].is_null()),
                _ => assert!(again["replayed"] == *all && again["identified"] == *all, "{name} {to}: {said:#}"),
            }
        }
    }
}

/// Of messages in HAR files as well.
#[test]
fn entries_are_repeated_as_frames_are() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["table", "sentences"] {
        let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/seeds").join(name);
        let made = bundle(text(&seed), &folder.path().join(name), &["--sealed"]);
        let said = verify(&made, &["--device", text(&seed.join("device.toml"))]);
        let again = &said["repeated"];
        assert!(again["findings"].as_u64().unwrap() > 5 && said["holds"] == true, "{said:#}");
        assert_eq!([&again["replayed"], &again["identified"]], [&again["findings"]; 2], "{said:#}");
    }
}

/// What is forged, and how.
type Forgery<'a> = (&'a str, &'a dyn Fn(&mut Value));

fn forge(made: &Path, at: &Path, act: &dyn Fn(&mut Value)) -> Vec<String> {
    copy(made, at);
    let path = at.join("report.json");
    let mut report: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    act(&mut report);
    std::fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&report).unwrap())).unwrap();
    reseal(at);
    let said = verify(at, &[]);
    assert!(said["repeated"].is_object(), "every digest fits: {said:#}");
    problems(&said)
}

#[test]
fn a_forged_report_does_not_come_out() {
    let folder = tempfile::tempdir().unwrap();
    let made = bundle(&session("teashop"), &folder.path().join("s"), &["--sealed"]);
    let at = folder.path().join("c");
    assert_eq!(forge(&made, &at, &|_| ()), [""; 0], "it can also hold");
    let struck_out = json!({
        "file": "ignore.toml", "line": 1, "reason": "r", "owner": "o", "expires": "2099-01-01",
    });
    let forgeries: [Forgery<'_>; 14] = [
        ("a severity", &|report| report["findings"][0]["severity"] = "note".into()),
        ("a recipient", &|report| report["findings"][0]["recipient"] = "getui".into()),
        ("a finding left out", &|report| drop(report["findings"].as_array_mut().unwrap().remove(3))),
        ("a verdict", &|report| report["flows"][0]["verdict"]["reason"]["en"] = "declared".into()),
        ("the policy", &|report| report["declarations"]["third_parties"].as_array_mut().unwrap().truncate(1)),
        ("a promise", &|report| report["claims"] = Value::Array(Vec::new())),
        ("a count", &|report| report["summary"]["critical"] = 0.into()),
        ("advice", &|report| report["advice"] = Value::Array(Vec::new())),
        ("a clause", &|report| report["clauses"]["cn-191-3-2"]["zh"] = "无".into()),
        ("a name", &|report| report["data_types"]["imei"]["zh"] = "无".into()),
        ("a finding struck out", &|report| report["findings"][0]["suppressed"] = struck_out.clone()),
        ("a line that strikes out another", &|report| {
            let line = json!({
                "file": "ignore.toml", "line": 1, "matcher": "code = \"denied\"", "reason": "r", "owner": "o",
                "expires": "2099-01-01", "state": "active", "findings": 1,
            });
            report["ignore"] = json!({"today": "2026-03-01", "lines": [line]});
            report["findings"][0]["suppressed"] = struck_out.clone();
        }),
        ("a finding said to be known", &|report| report["findings"][0]["baseline"] = "unchanged".into()),
        ("a type's state", &|report| drop(report["declared"].as_array_mut().unwrap().pop())),
    ];
    for (what, act) in forgeries {
        let found = forge(&made, &at, act);
        assert!(!found.is_empty() && found.iter().all(|problem| problem.starts_with("differs ")), "{what}: {found:?}");
    }
}

/// Evidence that is not there: another digest of a layer, another way, another place.
#[test]
fn forged_evidence_is_not_found_in_the_slice() {
    let folder = tempfile::tempdir().unwrap();
    let made = bundle(&session("teashop"), &folder.path().join("s"), &["--sealed"]);
    let at = folder.path().join("c");
    // In every sighting and locator, so that the verdicts agree with them.
    fn each(value: &mut Value, act: &dyn Fn(&mut Value)) {
        if value["steps"].is_array() && value["place"].is_object() {
            act(value);
        }
        match value {
            Value::Object(fields) => fields.values_mut().for_each(|value| each(value, act)),
            Value::Array(all) => all.iter_mut().for_each(|value| each(value, act)),
            _ => {}
        }
    }
    let forgeries: [Forgery<'_>; 4] = [
        ("a layer's digest", &|locator| {
            for step in locator["steps"].as_array_mut().unwrap() {
                if step["sha256"].as_str().is_some_and(|digest| !digest.is_empty()) {
                    step["sha256"] = "0".repeat(64).into();
                }
            }
        }),
        ("a layer's length", &|locator| {
            for step in locator["steps"].as_array_mut().unwrap() {
                step["length"] = (step["length"].as_u64().unwrap_or(0) + 1).into();
            }
        }),
        ("a field's name", &|locator| {
            for step in locator["steps"].as_array_mut().unwrap().iter_mut().filter(|step| step["name"] == "json") {
                step["argument"] = "$.nothing.of.the.kind".into();
            }
        }),
        ("the place in the stream", &|locator| {
            if let Some(offset) = locator["place"]["offset"].as_u64() {
                locator["place"]["offset"] = (offset + 1).into();
            }
        }),
    ];
    for (what, act) in forgeries {
        let found = forge(&made, &at, &|report| each(report, act));
        let slices = found.iter().filter(|problem| problem.starts_with("differs slices/")).count();
        assert!(slices > 3, "{what}: {found:?}");
    }
}

#[test]
fn another_device_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let made = bundle(&session("teashop"), &folder.path().join("s.zip"), &["--sealed"]);
    let said = verify(&made, &["--device", &format!("{}/device.toml", session("aftersales"))]);
    assert!(said["holds"] == false && said["repeated"]["identified"].as_u64() < said["repeated"]["findings"].as_u64());
    assert!(problems(&said).iter().all(|problem| problem == "differs report.json"));
}

/// Words of both languages; the exit code is the same.
#[test]
fn what_is_said_is_said_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let made = bundle(&session("teashop"), &folder.path().join("m"), &[]);
    for (language, words) in
        [("en", ["as it was made", "missing  report.md"]), ("zh", ["与制作时一致", "缺失 report.md"])]
    {
        let (code, out, _) = run(&["verify", text(&made), "--language", language]);
        assert!(code == 0 && out.contains(words[0]), "{out}");
        std::fs::rename(made.join("report.md"), folder.path().join("kept")).unwrap();
        let (code, out, _) = run(&["verify", text(&made), "--language", language]);
        assert!(code == 1 && out.contains(words[1]), "{out}");
        std::fs::rename(folder.path().join("kept"), made.join("report.md")).unwrap();
    }
}

/// Findings of two hosts of one domain have one name.
#[test]
fn findings_that_share_a_fingerprint_are_repeated_each() {
    let folder = tempfile::tempdir().unwrap();
    let session = folder.path().join("session");
    std::fs::create_dir(&session).unwrap();
    let entry = |host: &str, second: u32| {
        json!({
            "startedDateTime": format!("2026-03-01T08:00:0{second}Z"), "time": 1, "cache": {}, "timings": {},
            "serverIPAddress": "198.51.100.7",
            "request": {
                "method": "POST", "url": format!("https://{host}/p"), "httpVersion": "HTTP/1.1", "cookies": [],
                "headers": [], "queryString": [], "headersSize": -1, "bodySize": 26,
                "postData": {"mimeType": "application/json", "text": "{\"imei\":\"490154203237518\"}"},
            },
            "response": {
                "status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [],
                "content": {"size": 0, "mimeType": "text/plain"}, "redirectURL": "", "headersSize": -1, "bodySize": 0,
            },
        })
    };
    let entries = [entry("a.tracker.example", 1), entry("b.tracker.example", 2)];
    let log = json!({"log": {"version": "1.2", "creator": {"name": "n", "version": "1"}, "entries": entries}});
    let toml = "isolation = true\nfirst_party = [\"teashop.example\"]\npolicy = \"policy.txt\"\n";
    let policy = "隐私政策\n我们收集您的手机号。\n";
    // 490154203237518 is the example of 3GPP TS 23.003 annex B.
    let device = "[ids]\nimei = \"490154203237518\"\n";
    let files =
        [("a.har", log.to_string().as_str()), ("session.toml", toml), ("policy.txt", policy), ("device.toml", device)]
            .map(|(name, text)| std::fs::write(session.join(name), text));
    assert!(files.into_iter().all(|written| written.is_ok()));
    for (to, kind) in [("m", &[][..]), ("s", &["--sealed"]), ("f", &["--sealed", "--full"])] {
        let made = bundle(text(&session), &folder.path().join(to), kind);
        let report: Value = serde_json::from_slice(&std::fs::read(made.join("report.json")).unwrap()).unwrap();
        let fingerprint = |at: usize| &report["findings"][at]["fingerprint"];
        assert_eq!(fingerprint(0), fingerprint(1), "the case");
        let said = verify(&made, &["--device", text(&session.join("device.toml"))]);
        let again = &said["repeated"];
        assert!(said["holds"] == true && again["findings"] == 2 && again["judged"] == 2, "{to}: {said:#}");
        if !kind.is_empty() {
            assert_eq!([&again["replayed"], &again["identified"]], [2, 2], "{to}: {said:#}");
        }
    }
}
