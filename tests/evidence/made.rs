//! What is in a bundle, and that it is the same each time.

use std::collections::BTreeSet;

use super::*;

#[test]
fn the_same_session_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, _) = key(folder.path());
    // The same files in another place, at another time.
    let moved = copy(Path::new(&session("teashop")), &folder.path().join("elsewhere/teashop"));
    for kind in [&[][..], &["--sealed"], &["--sealed", "--full"], &["--language", "zh"]] {
        let with = |threads: &'static str| [kind, &["--key", &secret, "--threads", threads]].concat();
        let name = format!("b{}", kind.concat());
        let one = bundle(&session("teashop"), &folder.path().join(format!("{name}1.zip")), &with("1"));
        let two = bundle(text(&moved), &folder.path().join(format!("{name}2.zip")), &with("4"));
        assert!(std::fs::read(one).unwrap() == std::fs::read(&two).unwrap(), "{kind:?}");
        // The folder has the files of the archive.
        let open = bundle(text(&moved), &folder.path().join(&name), &with("2"));
        let (ok, said) = tool(folder.path(), &["python3", "-m", "zipfile", "-e", text(&two), "unpacked"]);
        assert!(ok, "{said}");
        let unpacked = folder.path().join("unpacked");
        assert_eq!(files(&open), files(&unpacked));
        for file in files(&open) {
            assert!(std::fs::read(open.join(&file)).unwrap() == std::fs::read(unpacked.join(&file)).unwrap(), "{file}");
        }
        std::fs::remove_dir_all(unpacked).unwrap();
    }
}

#[test]
fn a_masked_bundle_holds_the_report_and_nothing_of_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    let masked = bundle(&session("teashop"), &folder.path().join("m"), &[]);
    assert_eq!(
        files(&masked),
        [
            "README.txt",
            "SHA256SUMS",
            "chain.jsonl",
            "manifest.json",
            "policy/policy.txt",
            "report.html",
            "report.json",
            "report.md"
        ]
    );
    let sealed = bundle(&session("teashop"), &folder.path().join("s"), &["--sealed"]);
    let full = bundle(&session("teashop"), &folder.path().join("f"), &["--sealed", "--full"]);
    for made in [&masked, &sealed, &full] {
        // The profile is in none: neither the file, nor under another name.
        let profile = std::fs::read(Path::new(&session("teashop")).join("device.toml")).unwrap();
        for file in files(made) {
            assert!(!file.contains("device") && std::fs::read(made.join(&file)).unwrap() != profile, "{file}");
        }
        let manifest: Value = serde_json::from_slice(&std::fs::read(made.join("manifest.json")).unwrap()).unwrap();
        assert_eq!(manifest["sensitive"], *made != masked);
        let readme = std::fs::read_to_string(made.join("README.txt")).unwrap();
        assert_eq!(readme.contains("SENSITIVE") && readme.contains("敏感"), *made != masked);
    }
    // The captures are those that were given.
    for (file, given) in [("captures/1/capture.pcapng", "capture.pcapng"), ("captures/keys/1/keys.log", "keys.log")] {
        let given = Path::new(&session("teashop")).join(given);
        assert!(std::fs::read(full.join(file)).unwrap() == std::fs::read(given).unwrap(), "{file}");
    }
}

#[test]
fn every_finding_has_its_slice_in_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let made = bundle(&session("aftersales"), &folder.path().join("s"), &["--sealed"]);
    let json = |file: &str| -> Value { serde_json::from_slice(&std::fs::read(made.join(file)).unwrap()).unwrap() };
    let (report, index) = (json("report.json"), json("slices/index.json"));
    let text_of = |value: &Value| value.as_str().unwrap().to_owned();
    let findings: BTreeSet<String> =
        report["findings"].as_array().unwrap().iter().map(|finding| text_of(&finding["fingerprint"])).collect();
    let sliced: BTreeSet<String> = index.as_array().unwrap().iter().map(|line| text_of(&line["finding"])).collect();
    assert!(findings.len() > 10);
    assert_eq!(sliced, findings);
    for line in index.as_array().unwrap() {
        assert!(made.join(line["file"].as_str().unwrap()).is_file());
        let file = std::fs::read(made.join(line["file"].as_str().unwrap())).unwrap();
        let finding = text_of(&line["finding"]);
        assert!(file.windows(finding.len()).any(|window| window == finding.as_bytes()), "the file names its finding");
    }
}

#[test]
fn the_actions_of_a_session_are_a_chain() {
    let folder = tempfile::tempdir().unwrap();
    let given = copy(Path::new(&session("teashop")), &folder.path().join("case"));
    let marks = std::fs::read_to_string(given.join("phases.jsonl")).unwrap();
    let noted = marks.replacen("\"mark\"", "\"note\": \"Zeuge: am Empfang\", \"mark\"", 1);
    std::fs::write(given.join("phases.jsonl"), if marks.contains("\"note\"") { marks.clone() } else { noted }).unwrap();
    let sealed = bundle(text(&given), &folder.path().join("s"), &["--sealed"]);
    let chain = std::fs::read_to_string(sealed.join("chain.jsonl")).unwrap();
    // Walked by hand: each line has the digest of the one before it.
    let mut previous = String::new();
    let mut actions = Vec::new();
    for line in chain.lines() {
        let action: Value = serde_json::from_str(line).unwrap();
        assert_eq!(action["previous"], previous.as_str());
        previous = data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(line.as_bytes()));
        actions.push(action["action"].as_str().unwrap().to_owned());
    }
    let manifest: Value = serde_json::from_slice(&std::fs::read(sealed.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["chain"]["last"], previous.as_str());
    assert_eq!(manifest["chain"]["lines"], actions.len());
    for action in ["session", "first-record", "mark", "last-record"] {
        assert!(actions.iter().any(|known| known == action), "{action} in {actions:?}");
    }
    // Free words are not masked, so a masked bundle has none of them.
    let masked = bundle(text(&given), &folder.path().join("m"), &[]);
    assert!(!std::fs::read_to_string(masked.join("chain.jsonl")).unwrap().contains("\"note\""));
    // A forged line is told by the chain itself, also where every digest fits.
    let at = copy(&sealed, &folder.path().join("c"));
    std::fs::write(at.join("chain.jsonl"), chain.replacen("\"mark\":", "\"mark \":", 1)).unwrap();
    reseal(&at);
    assert_eq!(problems(&verify(&at, &[])), ["altered chain.jsonl"]);
}

#[test]
fn what_is_written_is_of_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, _) = key(folder.path());
    let schema = |name: &str| -> Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let holds = |name: &str, value: &Value| {
        let validator = jsonschema::validator_for(&schema(name)).unwrap();
        let errors: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    };
    for (to, more) in [("m", &[][..]), ("s", &["--sealed", "--key", &secret]), ("f", &["--sealed", "--full"])] {
        let made = bundle(&session("teashop"), &folder.path().join(to), more);
        holds(
            "bundle.schema.json",
            &serde_json::from_slice(&std::fs::read(made.join("manifest.json")).unwrap()).unwrap(),
        );
        holds(
            "verification.schema.json",
            &verify(&made, &["--device", &format!("{}/device.toml", session("teashop"))]),
        );
        std::fs::remove_file(made.join("report.md")).unwrap();
        holds("verification.schema.json", &verify(&made, &[]));
    }
}
