//! Whose case it is: in the report, in the chain of actions, under the digests and the signature of the
//! manifest. What is changed of it later is found and named.

use super::*;

const CASE: &str = r#"
changes = ["user certificate installed"]
device = "Pixel 4a, Android 11"
[case]
number = "2026-0117"
examiner = "L. Zhou"
mandate = "inspection order 9"
custody = ["2026-02-27 phone received", "2026-03-02 phone returned"]
retain_until = 2029-03-01
"#;

/// A sample session of which the case is told.
fn told(folder: &Path) -> PathBuf {
    let at = copy(Path::new(&session("teashop")), &folder.join("session"));
    let path = at.join("session.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}{CASE}")).unwrap();
    at
}

/// Each entry by itself: how it stands in the report, and another one.
const ENTRIES: &[(&str, &str, &str, &str)] = &[
    ("/session/case/number", "2026-0117", "2026-0118", "case: number"),
    ("/session/case/examiner", "L. Zhou", "L. Zhao", "case: examiner"),
    ("/session/case/mandate", "inspection order 9", "inspection order 8", "case: mandate"),
    ("/session/case/custody/0", "2026-02-27 phone received", "2026-02-26 phone received", "custody"),
    ("/session/case/retain_until", "2029-03-01", "2027-03-01", "case: retain_until"),
    ("/session/changes/0", "user certificate installed", "nothing installed", "changed"),
];

#[test]
fn a_case_is_in_report_page_chain_and_signature() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, public) = key(folder.path());
    let told = told(folder.path());
    for (to, kind) in [("m", &[][..]), ("s", &["--sealed"])] {
        let made = bundle(text(&told), &folder.path().join(to), &[kind, &["--key", &secret]].concat());
        let read = |file: &str| std::fs::read_to_string(made.join(file)).unwrap();
        let report: Value = serde_json::from_str(&read("report.json")).unwrap();
        let (page, chain) = (read("report.html"), read("chain.jsonl"));
        for (pointer, entry, ..) in ENTRIES {
            assert_eq!(report.pointer(pointer), Some(&Value::from(*entry)), "{pointer}");
            assert!(page.contains(entry) && chain.contains(entry), "{entry}");
        }
        let said = verify(&made, &["--key", &public]);
        assert!(said["holds"] == true && said["signature"]["state"] == "holds", "{said:#}");
        // Both are under the manifest's digests, the manifest under the signature: openssl and minisign say so.
        let (ok, said) = tool(&made, &["minisign", "-V", "-m", "manifest.json", "-p", &public]);
        assert!(ok, "{said}");
        let (ok, said) = tool(&made, &["sha256sum", "--check", "--strict", "SHA256SUMS"]);
        assert!(ok && ["report.json: OK", "chain.jsonl: OK"].iter().all(|file| said.contains(file)), "{said}");
    }
}

#[test]
fn a_changed_case_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, public) = key(folder.path());
    let told = told(folder.path());
    let signed = bundle(text(&told), &folder.path().join("signed"), &["--key", &secret]);
    let bare = bundle(text(&told), &folder.path().join("bare"), &[]);
    let at = folder.path().join("altered");
    let change = |file: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(at.join(file)).unwrap();
        assert!(text.contains(from), "{from} in {file}");
        std::fs::write(at.join(file), text.replace(from, to)).unwrap();
    };
    for (_, from, to, about) in ENTRIES {
        // Changed in one place, digests left as they are.
        for file in ["report.json", "report.html", "chain.jsonl"] {
            copy(&signed, &at);
            change(file, from, to);
            let told = problems(&verify(&at, &["--key", &public]));
            assert!(told.contains(&format!("altered {file}")), "{from}: {told:?}");
        }
        // Every digest is made to fit by who has no key: the report alone, the page with it.
        for page in [false, true] {
            copy(&bare, &at);
            change("report.json", from, to);
            if page {
                change("report.html", from, to);
            }
            reseal(&at);
            let said = verify(&at, &[]);
            let told = problems(&said);
            assert!(told.contains(&"differs chain.jsonl".to_owned()), "{from}: {told:?}");
            assert_eq!(told.contains(&"differs report.html".to_owned()), !page, "{told:?}");
            assert!(said.to_string().contains(&format!("({about})")), "{about}: {said:#}");
        }
        // The same to one that was signed: the signature is of another manifest.
        copy(&signed, &at);
        change("report.json", from, to);
        let signature = std::fs::read(at.join("manifest.json.minisig")).unwrap();
        std::fs::remove_file(at.join("manifest.json.minisig")).unwrap();
        reseal(&at);
        std::fs::write(at.join("manifest.json.minisig"), signature).unwrap();
        let told = problems(&verify(&at, &["--key", &public]));
        assert!(told.contains(&"altered manifest.json.minisig".to_owned()), "{from}: {told:?}");
    }
}
