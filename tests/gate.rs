//! The exit code of an audit: `--fail-on`, `--require-coverage`, and which goes first.

use std::path::Path;

use wirewitness::audit::difference::compare;
use wirewitness::audit::gate::{DEFAULT, DEFAULT_COVERAGE, FailOn, Outcome, outcome};
use wirewitness::audit::snapshot::Snapshot;
use wirewitness::audit::{Report, audit, suppress};
use wirewitness::session::{parse_day, parse_ignore};
use wirewitness::signatures::Signatures;

#[allow(dead_code)]
mod case;

/// One flow to a recipient that the policy does not mention, with `extra` keys of a case.
fn report(flow: &str, extra: &str) -> Report {
    let json = format!(r#"{{"name": "gate", "from": "gate", "flows": [{flow}], {extra} "expect": {{}}}}"#);
    let case: case::Case = serde_json::from_str(&json).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verdicts/signatures");
    let signatures = Signatures::load(&[folder]).unwrap();
    audit(case.observations(&signatures), case.policy(&signatures), case.session(), &signatures)
}

fn gate(words: &[&str]) -> Vec<FailOn> {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

const HIGH: &str = r#"{"to": "acme-push", "type": "oaid"}"#;

#[test]
fn a_severity_fails_what_is_as_bad_or_worse() {
    let report = report(HIGH, "");
    assert_eq!(report.findings.len(), 1);
    assert_eq!(outcome(&report, &[DEFAULT], DEFAULT_COVERAGE), Outcome::Failed);
    assert_eq!(outcome(&report, &gate(&["high"]), DEFAULT_COVERAGE), Outcome::Failed);
    assert_eq!(outcome(&report, &gate(&["critical"]), DEFAULT_COVERAGE), Outcome::Passed);
    assert_eq!(outcome(&report, &[], DEFAULT_COVERAGE), Outcome::Passed);
}

#[test]
fn a_code_fails_whatever_its_severity() {
    let report = report(HIGH, "");
    assert_eq!(outcome(&report, &gate(&["critical", "omitted-recipient"]), 50), Outcome::Failed);
    assert_eq!(outcome(&report, &gate(&["critical", "cleartext"]), 50), Outcome::Passed);
}

#[test]
fn possible_findings_never_fail_a_build() {
    let report = report(r#"{"to": "acme-push", "type": "oaid", "certainty": "possible"}"#, "");
    assert_eq!(report.findings.len(), 1);
    assert_eq!(outcome(&report, &gate(&["note", "omitted-recipient"]), 50), Outcome::Passed);
}

#[test]
fn too_little_seen_is_three_and_findings_go_first() {
    let declared = r#""policy": {"rows": [{"product": "acme-push", "data": ["oaid"]}]}, "covered": 49,"#;
    let clear = report(HIGH, declared);
    assert!(clear.findings.is_empty());
    assert_eq!(outcome(&clear, &[DEFAULT], 50).exit_code(), 3);
    assert_eq!(outcome(&clear, &[DEFAULT], 49).exit_code(), 0);
    assert_eq!(outcome(&report(HIGH, r#""covered": 49,"#), &[DEFAULT], 50).exit_code(), 1);
}

#[test]
fn no_opened_message_is_three_whatever_is_required() {
    let mut nothing = report(HIGH, r#""policy": {"rows": [{"product": "acme-push", "data": ["oaid"]}]},"#);
    nothing.coverage.opened_messages = 0;
    assert_eq!(outcome(&nothing, &[DEFAULT], 0).exit_code(), 3);
    nothing.coverage = Default::default();
    assert_eq!(outcome(&nothing, &[DEFAULT], 0).exit_code(), 3);
}

#[test]
fn a_word_that_is_neither_is_told_so() {
    let error = "hihg".parse::<FailOn>().unwrap_err();
    assert!(error.contains("\"hihg\"") && error.contains("critical") && error.contains("omitted-recipient"), "{error}");
}

/// As with hosts: a line for one phase does not speak of what was seen in another as well.
#[test]
fn an_ignore_line_for_a_phase_reaches_what_was_seen_in_that_phase_alone() {
    let line = |phase: &str| {
        let text = format!(
            "[[ignore]]\ncode = \"omitted-recipient\"\nphase = \"{phase}\"\nreason = \"r\"\nowner = \"o\"\nexpires = 2099-01-01\n"
        );
        parse_ignore(&text, "ignore.toml").unwrap()
    };
    let day = parse_day("2026-03-01").unwrap();
    let reached = |flows: &str, phase: &str| {
        let mut report = report(flows, "");
        suppress::apply(&mut report, &line(phase), day);
        report.ignore.unwrap().lines[0].findings
    };
    let before = r#"{"to": "acme-push", "type": "oaid", "consent": "before"}"#;
    let both = format!(r#"{before}, {{"to": "acme-push", "type": "oaid"}}"#);
    assert_eq!((reached(before, "before-consent"), reached(before, "after-consent")), (1, 0));
    assert_eq!((reached(&both, "before-consent"), reached(&both, "after-consent")), (0, 0));
}

#[test]
fn a_code_or_a_severity_may_be_asked_for_in_one_phase() {
    let report =
        report(r#"{"to": "acme-push", "type": "oaid", "consent": "before"}, {"to": "acme-push", "type": "oaid"}"#, "");
    let omitted = report.findings.iter().find(|f| f.code == "omitted-recipient").unwrap();
    assert_eq!(omitted.phase, "before-consent", "its one line is that of the first sighting");
    let outcome = |word: &str| outcome(&report, &gate(&[word]), 50);
    // Seen before and after consent: both phases have it.
    assert_eq!(outcome("omitted-recipient@before-consent"), Outcome::Failed);
    assert_eq!(outcome("omitted-recipient@after-consent"), Outcome::Failed);
    assert_eq!(outcome("omitted-recipient@background"), Outcome::Passed);
    assert_eq!(outcome("before-consent@after-consent"), Outcome::Passed);
    assert_eq!(outcome("high@before-consent"), Outcome::Failed);
    // A comparison with an earlier report asks the same.
    let snapshot = |report: &Report| Snapshot::read(&serde_json::to_vec(report).unwrap()).unwrap();
    let mut before = report.clone();
    before.findings.clear();
    let difference = compare(&snapshot(&before), &snapshot(&report));
    let fails = |word: &str| difference.fails(&gate(&[word]));
    assert!(fails("omitted-recipient@before-consent") && fails("omitted-recipient@after-consent"));
    assert!(!fails("omitted-recipient@background") && !fails("before-consent@after-consent"));
    assert!(fails("high@before-consent"));
    let word: FailOn = "cleartext@background".parse().unwrap();
    assert_eq!(word.to_string(), "cleartext@background");
    let error = "cleartext@night".parse::<FailOn>().unwrap_err();
    assert!(error.contains("\"night\"") && error.contains("before-consent"), "{error}");
}
