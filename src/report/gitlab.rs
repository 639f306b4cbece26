//! GitLab's code quality report: a JSON list of what a merge request's diff shows.
//!
//! The format knows no state: what is ignored is left out, and so is what the baseline
//! has already, because GitLab compares with the target branch itself only where that
//! branch has a report.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Service;
use super::places::spot;
use crate::audit::{BaselineState, Finding, Report, Severity};

/// The JSON text, with a last line feed.
pub fn render(report: &Report, service: &Service<'_>) -> Result<String, serde_json::Error> {
    let report = &super::escape::shown(report)?;
    let counts =
        |finding: &&Finding| finding.suppressed.is_none() && finding.baseline != Some(BaselineState::Unchanged);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut list: Vec<Value> = Vec::new();
    for finding in report.findings.iter().filter(counts) {
        // Of several with one fingerprint GitLab shows the first only.
        let number = seen.entry(&finding.fingerprint).or_default();
        *number += 1;
        let fingerprint = match *number {
            1 => finding.fingerprint.clone(),
            again => format!("{}:{again}", finding.fingerprint),
        };
        let at = spot(finding, report, service.places);
        list.push(json!({
            "description": service.language.of(&finding.message),
            "check_name": finding.code,
            "fingerprint": fingerprint,
            "severity": severity(finding.severity),
            "location": {"path": at.path, "lines": {"begin": at.line, "end": at.end_line}},
        }));
    }
    let mut text = serde_json::to_string_pretty(&list)?;
    text.push('\n');
    Ok(text)
}

/// GitLab's five words.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "blocker",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Note => "info",
    }
}
