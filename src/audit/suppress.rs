//! Findings that `ignore.toml` strikes out: somebody answers for them until a day, and they are
//! still counted.
//!
//! A line may match many findings, but never silently: the report counts what each line
//! matches, names the worst of it, and says which lines match nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{Finding, IgnoreLine, Ignored, Report, Suppression, codes, gate};
use crate::observations::PHASE_GROUPS;
use crate::session::{IgnoreRule, IgnoreState, Matcher, parse_ignore};
use crate::signatures::Signatures;

/// Why a line can match nothing whatever is found, such as for a code that does not exist. Without
/// this check a misspelt code would look like one that nothing triggers.
pub fn problem(matcher: &Matcher, signatures: &Signatures) -> Option<String> {
    matcher.keys().into_iter().find_map(|(key, value)| match key {
        "fingerprint" if !is_fingerprint(value) => {
            Some(format!("{value:?} is no fingerprint; a report prints them as v1: and 16 hex digits"))
        }
        "code" if codes::get(value).is_none() => {
            let known: Vec<&str> = codes::CODES.iter().map(|code| code.id).collect();
            Some(format!("there is no finding code {value:?}; the codes are {}", known.join(", ")))
        }
        "type" if signatures.types.get(value).is_none() => {
            Some(format!("there is no data type {value:?}; `wirewitness signatures list types` names them"))
        }
        "phase" if !PHASE_GROUPS.contains(&value) => {
            Some(format!("there is no phase {value:?}; the phases are {}", PHASE_GROUPS.join(", ")))
        }
        _ => None,
    })
}

/// `v1:4a817b8053f3afc9`.
pub fn is_fingerprint(text: &str) -> bool {
    text.strip_prefix("v1:").is_some_and(|hex| hex.len() == 16 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Strikes out the findings that the lines match on `today`, and counts them. Without lines nothing
/// changes.
///
/// Where several lines match, the first that has not expired gives the reason. An expired
/// line strikes out nothing, but what it matches is counted.
pub fn apply(report: &mut Report, rules: &[IgnoreRule], today: Date) {
    if rules.is_empty() {
        return;
    }
    let hosts: Vec<BTreeSet<String>> = hosts(report);
    let phases: Vec<Vec<&str>> = report.findings.iter().map(|finding| gate::phases(finding, report)).collect();
    let mut lines = Vec::with_capacity(rules.len());
    for rule in rules {
        let state = rule.state(today);
        let (mut reached, mut worst) = (0, None);
        for ((finding, hosts), phases) in report.findings.iter_mut().zip(&hosts).zip(&phases) {
            if !matches(&rule.matcher, finding, hosts, phases) {
                continue;
            }
            reached += 1;
            worst = worst.max(Some(finding.severity));
            if state != IgnoreState::Expired && finding.suppressed.is_none() {
                finding.suppressed = Some(Suppression {
                    file: rule.file.clone(),
                    line: rule.line,
                    reason: rule.reason.clone(),
                    owner: rule.owner.clone(),
                    expires: rule.expires,
                });
            }
        }
        lines.push(IgnoreLine {
            file: rule.file.clone(),
            line: rule.line,
            matcher: rule.matcher.to_string(),
            reason: rule.reason.clone(),
            owner: rule.owner.clone(),
            expires: rule.expires,
            state,
            findings: reached,
            worst,
        });
    }
    report.ignore = Some(Ignored { today, lines });
    report.summary = summary(&report.findings);
}

/// The lines of a report as rules again. `None`: one of them is no rule.
pub fn rules(ignored: &Ignored) -> Option<Vec<IgnoreRule>> {
    let rule = |line: &IgnoreLine| {
        let text = |text: &str| toml::Value::from(text).to_string();
        let (reason, owner, expires) = (text(&line.reason), text(&line.owner), line.expires);
        let whole =
            format!("ignore = [{{ {}, reason = {reason}, owner = {owner}, expires = {expires} }}]\n", line.matcher);
        let rule = parse_ignore(&whole, &line.file).ok()?.pop()?;
        // What a person wrote keeps its blanks.
        Some(IgnoreRule { line: line.line, reason: line.reason.clone(), owner: line.owner.clone(), ..rule })
    };
    ignored.lines.iter().map(rule).collect()
}

/// Findings by severity, without those that are struck out.
pub fn summary(findings: &[Finding]) -> BTreeMap<String, u64> {
    let mut summary = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.suppressed.is_none()) {
        *summary.entry(finding.severity.as_str().to_owned()).or_insert(0) += 1;
    }
    summary
}

/// All hosts of each finding: of its sightings, or of the contact where it has none.
fn hosts(report: &Report) -> Vec<BTreeSet<String>> {
    let of_sighting: BTreeMap<&str, &str> = report.sightings.iter().map(|s| (s.id.as_str(), s.host.as_str())).collect();
    let of_contact = |recipient: &str| {
        let contacts = report.contacts.iter().filter(move |c| c.recipient == recipient);
        contacts.flat_map(|c| if c.hosts.is_empty() { &c.addresses } else { &c.hosts }).cloned().collect()
    };
    let hosts = |finding: &Finding| {
        if finding.sightings.is_empty() {
            return of_contact(&finding.recipient);
        }
        finding.sightings.iter().filter_map(|id| of_sighting.get(id.as_str())).map(|h| (*h).to_owned()).collect()
    };
    report.findings.iter().map(hosts).collect()
}

/// Whether every key of the line fits. `host` and `phase` fit where they fit all hosts and phases of
/// the finding: data that went to another host, or in another phase as well, is more than the line
/// speaks of.
fn matches(matcher: &Matcher, finding: &Finding, hosts: &BTreeSet<String>, phases: &[&str]) -> bool {
    let is = |asked: &Option<String>, value: Option<&str>| asked.as_deref().is_none_or(|asked| Some(asked) == value);
    is(&matcher.fingerprint, Some(&finding.fingerprint))
        && is(&matcher.code, Some(&finding.code))
        && is(&matcher.recipient, Some(&finding.recipient))
        && is(&matcher.data_type, finding.data_type.as_deref())
        && matcher.phase.as_deref().is_none_or(|asked| phases.iter().all(|phase| *phase == asked))
        && matcher.host.as_ref().is_none_or(|pattern| {
            !hosts.is_empty()
                && hosts.iter().all(|host| pattern.matches(host.to_ascii_lowercase().trim_end_matches('.')))
        })
}
