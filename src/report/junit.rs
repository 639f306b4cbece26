//! JUnit XML: one test case for each code in each phase that the traffic had.
//!
//! A code with nothing to say passes visibly. A case fails where a finding fails the
//! build; findings below the gate are its output, ignored ones skip it. Whether enough
//! was read is a case of its own.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::Service;
use super::escape::markup;
use super::language::fill;
use super::places::spot;
use crate::audit::codes::{CODES, Code};
use crate::audit::gate::{Outcome, phases};
use crate::audit::{Finding, Report};
use crate::observations::PHASE_GROUPS;

/// How a case ended.
enum End {
    Passed(String),
    Failed(String),
    Skipped(String),
}

/// The XML text, with a last line feed.
pub fn render(report: &Report, service: &Service<'_>) -> Result<String, serde_json::Error> {
    let report = &super::escape::shown(report)?;
    let suites: Vec<(String, Vec<(String, End)>)> = phases_of(report)
        .into_iter()
        .map(|phase| {
            let codes = CODES.iter().filter(|code| belongs(code, phase, report));
            let cases = codes.map(|code| (code.id.to_owned(), case(code, phase, report, service))).collect();
            (phase.to_owned(), cases)
        })
        .chain([("coverage".to_owned(), vec![("require-coverage".to_owned(), coverage(report, service))])])
        .collect();
    let all = suites.iter().flat_map(|(_, cases)| cases);
    let (tests, failures, skipped) = count(all);
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "<testsuites name=\"wirewitness\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">"
    );
    for (suite, cases) in &suites {
        let (tests, failures, skipped) = count(cases.iter());
        let _ = writeln!(
            text,
            "  <testsuite name=\"{suite}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">"
        );
        for (name, end) in cases {
            let _ = write!(text, "    <testcase classname=\"wirewitness.{suite}\" name=\"{name}\"");
            let _ = match end {
                End::Passed(said) if said.is_empty() => writeln!(text, "/>"),
                End::Passed(said) => {
                    writeln!(text, ">\n      <system-out>{}</system-out>\n    </testcase>", xml(said))
                }
                End::Failed(said) => writeln!(
                    text,
                    ">\n      <failure type=\"{name}\" message=\"{}\">{}</failure>\n    </testcase>",
                    xml(said.lines().next().unwrap_or_default()),
                    xml(said)
                ),
                End::Skipped(said) => {
                    writeln!(text, ">\n      <skipped message=\"{}\"/>\n    </testcase>", xml(said))
                }
            };
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    Ok(text)
}

fn count<'a>(cases: impl Iterator<Item = &'a (String, End)>) -> (usize, usize, usize) {
    cases.fold((0, 0, 0), |(tests, failures, skipped), (_, end)| match end {
        End::Passed(_) => (tests + 1, failures, skipped),
        End::Failed(_) => (tests + 1, failures + 1, skipped),
        End::Skipped(_) => (tests + 1, failures, skipped + 1),
    })
}

/// The phase groups that the traffic had.
fn phases_of(report: &Report) -> Vec<&'static str> {
    let contacts = report.contacts.iter().flat_map(|contact| contact.phases.keys().map(String::as_str));
    let findings = report.findings.iter().flat_map(|finding| phases(finding, report));
    let had: BTreeSet<&str> = contacts.chain(findings).collect();
    let found: Vec<&str> = PHASE_GROUPS.into_iter().filter(|phase| had.contains(phase)).collect();
    if found.is_empty() { vec!["none"] } else { found }
}

/// The code can be triggered in this phase, or was.
fn belongs(code: &Code, phase: &str, report: &Report) -> bool {
    let only = match code.id {
        "before-consent" | "contact-before-consent" => Some("before-consent"),
        "after-refusal" => Some("after-refusal"),
        "in-background" => Some("background"),
        _ => None,
    };
    only.is_none_or(|only| only == phase)
        || report.findings.iter().any(|finding| finding.code == code.id && finding.phase == phase)
}

fn case(code: &Code, phase: &str, report: &Report, service: &Service<'_>) -> End {
    let here = |finding: &&Finding| finding.code == code.id && phases(finding, report).contains(&phase);
    let findings: Vec<&Finding> = report.findings.iter().filter(here).collect();
    let told = |findings: &[&Finding]| {
        findings.iter().map(|finding| sentence(finding, report, service)).collect::<Vec<_>>().join("\n")
    };
    // A phase that was asked for with `code@phase` fails in that phase alone.
    let failing: Vec<&Finding> = findings.iter().copied().filter(|f| service.gate.fails_in(f, report, phase)).collect();
    if !failing.is_empty() {
        return End::Failed(told(&failing));
    }
    if code.id == "contact-abroad"
        && findings.is_empty()
        && let Some(why) = crate::audit::contact_abroad_inactive(report)
    {
        return End::Skipped(service.language.of(&why).to_owned());
    }
    if !findings.is_empty() && findings.iter().all(|finding| finding.suppressed.is_some()) {
        return End::Skipped(told(&findings));
    }
    End::Passed(told(&findings))
}

/// `HIGH policy.txt:20 …: IMEI sent to … v1:…`.
fn sentence(finding: &Finding, report: &Report, service: &Service<'_>) -> String {
    let words = service.language.words();
    let at = spot(finding, report, service.places);
    let mut line = format!(
        "{} {}:{}: {} [{}]",
        words.term(finding.severity.as_str()),
        at.path,
        at.line,
        service.language.of(&finding.message),
        finding.fingerprint
    );
    if let Some(by) = &finding.suppressed {
        let why = fill(words.ignored_by, &[&by.reason, &by.owner, &by.expires, &by.file, &by.line]);
        line.push_str(&format!(" — {}: {why}", words.ignored));
    } else if let Some(state) = finding.baseline {
        line.push_str(&format!(" ({})", words.term(&super::view::word(&state))));
    }
    line
}

fn coverage(report: &Report, service: &Service<'_>) -> End {
    let said = super::view::coverage(report, service.language).lines.join("\n");
    let enough = service.gate.saw_enough(report);
    let outcome = service.gate.outcome(report);
    debug_assert!(enough || outcome != Outcome::Passed);
    if enough { End::Passed(said) } else { End::Failed(said) }
}

/// Text for XML 1.0: what is markup is escaped, what no document may hold is replaced
/// (§2.2; controls were made visible before).
fn xml(text: &str) -> String {
    let held = |c: char| !matches!(c, '\u{fffe}' | '\u{ffff}') && (!c.is_control() || c == '\n');
    markup(&text.chars().map(|c| if held(c) { c } else { '\u{fffd}' }).collect::<String>())
}
