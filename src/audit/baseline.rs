//! Findings held against those of an earlier report: what is new fails the build,
//! what was there before does not.

use std::collections::BTreeSet;

use super::snapshot::Snapshot;
use super::{AbsentFinding, Baseline, BaselineState, Finding, Report};
use crate::evidence::Certainty;

/// Gives each finding its state, and lists the findings of the baseline that are gone.
///
/// A finding that stands in the baseline and weighs more now is [`BaselineState::Worse`],
/// never unchanged: a value that was only possible and is confirmed now, or one whose
/// `ignore.toml` line has run out, is no longer what somebody accepted.
pub fn compare(report: &mut Report, earlier: &Snapshot, name: &str) {
    let known = earlier.by_fingerprint();
    for finding in &mut report.findings {
        finding.baseline = Some(match known.get(finding.fingerprint.as_str()) {
            None => BaselineState::New,
            Some(before) if is_worse(before, finding) => BaselineState::Worse,
            Some(_) => BaselineState::Unchanged,
        });
    }
    let present: BTreeSet<&str> = report.findings.iter().map(|finding| finding.fingerprint.as_str()).collect();
    let absent = known.values().filter(|finding| !present.contains(finding.fingerprint.as_str()));
    let mut absent: Vec<AbsentFinding> = absent.map(|finding| absent_finding(finding, earlier)).collect();
    absent.sort_by(|a, b| {
        let key = |f: &AbsentFinding| (std::cmp::Reverse(f.severity), f.code.clone(), f.fingerprint.clone());
        key(a).cmp(&key(b))
    });
    report.baseline = Some(Baseline {
        name: name.to_owned(),
        sha256: earlier.sha256.clone(),
        app: earlier.session.app.clone(),
        version: earlier.session.version.clone(),
        covered: earlier.coverage.percent(),
        absent,
    });
}

/// The finding weighs more than it did: a higher severity, no longer only possible, or no longer ignored.
pub fn is_worse(before: &Finding, now: &Finding) -> bool {
    let lapsed = before.suppressed.is_some() && now.suppressed.is_none();
    let surer = before.certainty == Certainty::Possible && now.certainty > Certainty::Possible;
    now.severity > before.severity || surer || lapsed
}

fn absent_finding(finding: &Finding, earlier: &Snapshot) -> AbsentFinding {
    let recipient = earlier.recipients.get(&finding.recipient);
    AbsentFinding {
        fingerprint: finding.fingerprint.clone(),
        code: finding.code.clone(),
        severity: finding.severity,
        recipient: finding.recipient.clone(),
        names: super::Text {
            zh: recipient.map_or_else(|| finding.recipient.clone(), |r| r.zh.clone()),
            en: recipient.map_or_else(|| finding.recipient.clone(), |r| r.en.clone()),
        },
        data_type: finding.data_type.clone(),
        phase: finding.phase.clone(),
        message: finding.message.clone(),
    }
}
