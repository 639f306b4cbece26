//! What a report says comes out again of its bundle, and what does not is told, also where a
//! forger has made every digest fit.

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
    let forgeries: [Forgery<'_>; 7] = [
        ("a severity", &|report| report["findings"][0]["severity"] = "note".into()),
        ("a recipient", &|report| report["findings"][0]["recipient"] = "getui".into()),
        ("a finding left out", &|report| drop(report["findings"].as_array_mut().unwrap().remove(3))),
        ("a verdict", &|report| report["flows"][0]["verdict"]["reason"]["en"] = "declared".into()),
        ("the policy", &|report| report["declarations"]["third_parties"].as_array_mut().unwrap().truncate(1)),
        ("a promise", &|report| report["claims"] = Value::Array(Vec::new())),
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
