//! Verdict cases as data: `tests/verdicts/*.json`, observations and a policy in, verdicts
//! and findings out. The form of a case is in `tests/verdicts/README.md`.
//!
//! Expectations are read off the tables of the design by hand, never off a first run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use wirewitness::audit::{Report, audit, codes};
use wirewitness::signatures::Signatures;

#[allow(dead_code)]
mod case;

use case::Case;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verdicts")
}

fn cases() -> Vec<(String, Case)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())
        .expect("tests/verdicts")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let list: Vec<Case> =
            serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|e| panic!("{file}: {e}"));
        cases.extend(list.into_iter().map(|case| (format!("{file}: {}", case.name), case)));
    }
    cases
}

fn signatures() -> Signatures {
    Signatures::load(&[folder().join("signatures")]).expect("the cases' signatures load")
}

fn run(case: &Case, signatures: &Signatures) -> Report {
    audit(case.observations(signatures), case.policy(signatures), case.session(), signatures)
}

#[test]
fn every_case_yields_what_it_says() {
    let signatures = signatures();
    let cases = cases();
    assert!(cases.len() >= 220, "{} cases", cases.len());
    let mut failures = Vec::new();
    for (name, case) in &cases {
        let differences = case.expect.differences(&run(case, &signatures));
        if !differences.is_empty() {
            failures.push(format!("{name}\n  {}", differences.join("\n  ")));
        }
    }
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

#[test]
fn names_of_cases_are_unique() {
    let mut seen = BTreeSet::new();
    for (name, _) in cases() {
        assert!(seen.insert(name.clone()), "{name} is there twice");
    }
}

/// Who the recipient is cannot be known from here, so nothing is said of any duty.
const WITHOUT_CLAUSES: &str = "unsettled";

#[test]
fn every_code_has_a_case_a_docs_entry_and_clauses() {
    let signatures = signatures();
    let mut shown: BTreeMap<String, usize> = BTreeMap::new();
    for (_, case) in cases() {
        let report = run(&case, &signatures);
        for finding in report.findings {
            let cited = finding.clauses.iter().all(|id| report.clauses.contains_key(id));
            assert!(cited && finding.clauses.is_empty() == (finding.code == WITHOUT_CLAUSES), "{}", finding.code);
            *shown.entry(finding.code).or_default() += 1;
        }
    }
    let docs = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes.md")).expect("docs/codes.md");
    for code in codes::CODES {
        assert!(shown.contains_key(code.id), "no case shows {}", code.id);
        let heading = format!("## {}\n", code.id);
        let entry = docs.split(&heading).nth(1).unwrap_or_else(|| panic!("docs/codes.md has no entry for {}", code.id));
        let entry = entry.split("\n## ").next().unwrap_or_default();
        for part in ["**Meaning.**", "**Example.**", "**How to mend.**", "**含义。**", "**例子。**", "**如何改正。**"]
        {
            assert!(entry.contains(part), "docs/codes.md: {} lacks {part}", code.id);
        }
        let base = format!("Base severity: {}", code.base.as_str());
        assert!(entry.contains(&base), "docs/codes.md: {} should say {base:?}", code.id);
    }
    let documented = docs.lines().filter(|line| line.starts_with("## ")).count();
    assert_eq!(documented, codes::CODES.len(), "an entry too many in docs/codes.md");
}

#[test]
fn fingerprints_do_not_change_with_value_frame_or_time() {
    let signatures = signatures();
    for (name, case) in cases() {
        let prints = |report: Report| report.findings.into_iter().map(|f| f.fingerprint).collect::<Vec<_>>();
        let mut later = case.observations(&signatures);
        for sighting in &mut later.sightings {
            sighting.first.0 += 86_400_000_000_000;
            sighting.last.0 += 86_400_000_000_000;
            sighting.label = "other#2".to_owned();
            sighting.masked = wirewitness::evidence::Masked::of("another value");
            if let wirewitness::evidence::Place::Frames { frames, stream, .. } = &mut sighting.locator.place {
                *frames = vec![900, 901];
                *stream = 77;
            }
        }
        let again = audit(later, case.policy(&signatures), case.session(), &signatures);
        assert_eq!(prints(run(&case, &signatures)), prints(again), "{name}");
    }
}
