//! Ignored findings and baselines: what they change in a report, and what they must not hide.

use jiff::civil::Date;
use wirewitness::audit::gate::Gate;
use wirewitness::audit::snapshot::Snapshot;
use wirewitness::audit::{BaselineState, Report, Severity, baseline, suppress};
use wirewitness::evidence::Certainty;
use wirewitness::report::{Language, html, json, terminal};
use wirewitness::session::{IgnoreRule, IgnoreState, parse_ignore};

use super::sample;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// Lines with the keys given, until the end of January 2027.
fn rules(keys: &[&str]) -> Vec<IgnoreRule> {
    let line = |keys: &&str| {
        format!("[[ignore]]\n{keys}\nreason = \"known <b>\"\nowner = \"push team\"\nexpires = 2027-01-31\n")
    };
    parse_ignore(&keys.iter().map(line).collect::<String>(), "ignore.toml").unwrap()
}

fn ignoring(keys: &[&str], today: &str) -> Report {
    let mut report = sample(|_, _, _| {});
    suppress::apply(&mut report, &rules(keys), day(today));
    report
}

fn snapshot(report: &Report) -> Snapshot {
    Snapshot::read(json::render(report).unwrap().as_bytes()).unwrap()
}

/// A report with something ignored, something about to expire, and a baseline that has
/// one finding more and one fewer.
pub fn judged() -> Report {
    let mut report =
        ignoring(&["code = \"cleartext\"", "recipient = \"getui\"", "host = \"no.example\""], "2027-01-20");
    let mut earlier = sample(|_, _, _| {});
    earlier.findings.remove(0);
    let mut gone = earlier.findings[0].clone();
    gone.fingerprint = "v1:00000000000000ff".to_owned();
    earlier.findings.push(gone);
    baseline::compare(&mut report, &snapshot(&earlier), "last.json");
    report
}

#[test]
fn what_is_ignored_stays_and_fails_nothing() {
    let before = sample(|_, _, _| {});
    let print = before.findings[0].fingerprint.clone();
    let report = ignoring(&[&format!("fingerprint = \"{print}\"")], "2026-12-01");
    assert_eq!(report.findings.len(), before.findings.len());
    let gate = Gate { fail_on: vec!["note".parse().unwrap()], require_coverage: 0 };
    let ignored: Vec<&str> =
        report.findings.iter().filter(|f| f.suppressed.is_some()).map(|f| f.fingerprint.as_str()).collect();
    assert_eq!(ignored, [print.as_str()]);
    assert!(gate.fails(&before.findings[0], &before) && !gate.fails(&report.findings[0], &report));
    assert_eq!(report.summary.values().sum::<u64>() as usize, before.findings.len() - 1);
}

#[test]
fn keys_are_all_asked_for() {
    let reached = |keys: &str| ignoring(&[keys], "2026-12-01").ignore.unwrap().lines[0].findings;
    let report = sample(|_, _, _| {});
    let one = report.findings.iter().find(|f| f.data_type.is_some()).unwrap();
    let (code, to, kind) = (&one.code, &one.recipient, one.data_type.as_deref().unwrap());
    let like = |f: &&wirewitness::audit::Finding| f.code == *code && f.recipient == *to;
    assert_eq!(
        reached(&format!("code = \"{code}\"\nrecipient = \"{to}\"")),
        report.findings.iter().filter(like).count() as u64
    );
    assert!(
        reached(&format!("code = \"{code}\"\nrecipient = \"{to}\"\ntype = \"{kind}\"\nphase = \"{}\"", one.phase)) >= 1
    );
    assert_eq!(reached(&format!("code = \"{code}\"\nrecipient = \"nobody\"")), 0);
    assert_eq!(reached(&format!("fingerprint = \"{}\"\ncode = \"in-background\"", one.fingerprint)), 0);
}

#[test]
fn a_host_speaks_only_of_what_went_nowhere_else() {
    let with = |second: &'static str| {
        let mut report = sample(|observations, _, _| {
            for sighting in observations.sightings.iter_mut().filter(|s| s.recipient == "getui") {
                sighting.host = "api.getui.com".to_owned();
            }
            observations.sightings.iter_mut().find(|s| s.recipient == "getui" && s.data_type == "mac").unwrap().host =
                second.to_owned();
        });
        suppress::apply(&mut report, &rules(&["host = \"*.getui.com\""]), day("2026-12-01"));
        let count = report.findings.iter().filter(|f| f.recipient == "getui" && f.suppressed.is_some()).count();
        (count, report.findings.iter().filter(|f| f.recipient == "getui").count())
    };
    let (all, of) = with("b.getui.com");
    assert!(all > 0 && all == of);
    assert!(with("api.gepush.com").0 < of);
}

#[test]
fn lines_expire_and_their_findings_are_back() {
    let keys = ["code = \"cleartext\""];
    let state = |today: &str| {
        let report = ignoring(&keys, today);
        let ignored = report.findings.iter().filter(|f| f.suppressed.is_some()).count();
        let line = &report.ignore.as_ref().unwrap().lines[0];
        (line.state, ignored > 0, line.findings > 0)
    };
    assert_eq!(state("2026-12-01"), (IgnoreState::Active, true, true));
    assert_eq!(state("2027-01-31"), (IgnoreState::Expiring, true, true));
    assert_eq!(state("2027-02-01"), (IgnoreState::Expired, false, true));
    let back = ignoring(&keys, "2027-02-01");
    assert_eq!(back.findings, sample(|_, _, _| {}).findings);
}

#[test]
fn what_a_line_reaches_is_counted_and_said() {
    let report = judged();
    let lines = &report.ignore.as_ref().unwrap().lines;
    let worst = report.findings.iter().filter(|f| f.recipient == "getui").map(|f| f.severity).max();
    assert_eq!(lines[1].worst, worst);
    assert_eq!((lines[2].findings, lines[2].worst), (0, None));
    let count = report.findings.iter().filter(|f| f.suppressed.is_some()).count();
    for (language, reaches, unused, more) in [
        (
            Language::En,
            format!("reaches {} findings", lines[1].findings),
            "reaches no finding",
            format!("{count} more are ignored"),
        ),
        (
            Language::Zh,
            format!("涉及 {} 条发现", lines[1].findings),
            "没有涉及任何发现",
            format!("另有 {count} 条已忽略"),
        ),
    ] {
        let text = terminal::render(&report, &terminal::Options { language, color: false, width: 120 }).unwrap();
        let page = html::render(&report, language).unwrap();
        super::keep(&format!("ignored.{}.html", language.tag()), &page);
        super::keep(&format!("ignored.{}.txt", language.tag()), &text);
        for shown in [&text, &page] {
            assert!(shown.contains(&reaches) && shown.contains(unused) && shown.contains(&more), "{shown}");
            assert!(shown.contains("push team") && shown.contains("2027-01-31") && shown.contains("2027-01-20"));
        }
        assert_eq!(text.matches("~~").count(), 2 * count, "each is struck out");
        assert_eq!(page.matches("<s>").count(), count);
        assert!(page.contains("known &#60;b&#62;") && !page.contains("known <b>"));
        // A finding that counts tells how to ignore it, one that is ignored does not.
        assert_eq!(text.matches("wirewitness ignore add SESSION v1:").count(), report.findings.len() - count);
    }
}

#[test]
fn a_word_that_no_report_can_have_is_told() {
    let signatures = wirewitness::signatures::Signatures::embedded().unwrap();
    let problem = |keys: &str| suppress::problem(&rules(&[keys])[0].matcher, &signatures);
    assert_eq!(problem("code = \"cleartext\"\ntype = \"imei\"\nphase = \"background\"\nhost = \"*.x.example\""), None);
    assert!(problem("code = \"clear-text\"").unwrap().contains("clear-text"));
    assert!(problem("type = \"imie\"").unwrap().contains("imie"));
    assert!(problem("code = \"cleartext\"\nphase = \"night\"").unwrap().contains("night"));
    assert!(problem("fingerprint = \"4a817b8053f3afc9\"").unwrap().contains("v1:"));
}

#[test]
fn only_what_is_new_or_worse_than_the_baseline_fails() {
    let report = sample(|_, _, _| {});
    let gate = Gate { fail_on: vec!["note".parse().unwrap()], require_coverage: 0 };
    let against = |edit: &dyn Fn(&mut Report)| {
        let (mut earlier, mut now) = (report.clone(), report.clone());
        edit(&mut earlier);
        baseline::compare(&mut now, &snapshot(&earlier), "last.json");
        let first = now.findings[0].baseline.unwrap();
        let fails = now.findings.iter().filter(|f| gate.fails(f, &now)).count();
        (first, fails, now.baseline.unwrap().absent.len())
    };
    assert_eq!(report.findings[0].severity, Severity::Critical);
    assert_eq!(against(&|_| {}), (BaselineState::Unchanged, 0, 0));
    assert_eq!(against(&|r| drop(r.findings.remove(0))), (BaselineState::New, 1, 0));
    assert_eq!(against(&|r| r.findings[0].severity = Severity::High), (BaselineState::Worse, 1, 0));
    assert_eq!(against(&|r| r.findings[0].certainty = Certainty::Possible), (BaselineState::Worse, 1, 0));
    assert_eq!(against(&|r| r.findings[0].fingerprint = "v1:00000000000000ff".to_owned()), (BaselineState::New, 1, 1));
    let lapsed = |r: &mut Report| suppress::apply(r, &rules(&["code = \"cleartext\""]), day("2026-12-01"));
    let cleartext = report.findings.iter().filter(|f| f.code == "cleartext").count();
    let certain = report.findings.iter().filter(|f| f.code == "cleartext" && f.certainty > Certainty::Possible).count();
    assert!(cleartext > 0);
    assert_eq!(against(&lapsed).1, certain, "what was ignored and is no longer counts again");
}

#[test]
fn a_file_that_is_no_report_is_refused() {
    assert!(Snapshot::read(b"{}").unwrap_err().contains("names no schema"));
    let other = json::render(&sample(|_, _, _| {})).unwrap().replace("wirewitness-report/1", "wirewitness-report/9");
    assert!(Snapshot::read(other.as_bytes()).unwrap_err().contains("wirewitness-report/9"));
}
