//! Each finding from its evidence alone, with the values of the device.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::evidence::{Evidence, session};
use super::{Premises, Repeated};
use crate::audit::{Finding, Report};
use crate::bundle::archive::BundleError;
use crate::bundle::build::REPORT;
use crate::bundle::problem::{Problem, State, both};
use crate::examine::{self, Settings};
use crate::policy::Policy;
use crate::session::{Profile, Session};

/// What makes a finding, but for how often it was seen and where.
fn about(finding: &Finding) -> String {
    let finding = serde_json::to_value(finding).unwrap_or_default();
    let keys = ["fingerprint", "code", "severity", "certainty", "recipient", "data_type", "phase"];
    Value::Array(keys.iter().map(|key| finding[*key].clone()).collect()).to_string()
}

/// Examines and audits each of `files` as if it were all there is.
///
/// # Errors
/// Where a file cannot be read that was read before.
pub fn again(
    (report, policy): (&Report, &Policy),
    files: &[Evidence],
    folder: &Path,
    (premises, profile): (&Premises<'_>, &Profile),
    repeated: &mut Repeated,
) -> Result<(), BundleError> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    // All files of a finding are one session.
    let mut by_finding: BTreeMap<Option<&str>, Evidence> = BTreeMap::new();
    for file in files {
        let known = by_finding.entry(file.finding.as_deref()).or_insert_with(|| Evidence {
            file: file.file.clone(),
            captures: Vec::new(),
            keys: file.keys.clone(),
            finding: file.finding.clone(),
            here: None,
        });
        known.captures.extend(file.captures.iter().cloned());
    }
    for evidence in by_finding.values() {
        let session = Session { profile: profile.clone(), ..session(report, evidence, folder) };
        let settings = Settings { threads: premises.threads, show_values: false };
        let observations = examine::examine(&session, premises.signatures, settings, &mut |_| ())
            .map_err(|error| BundleError::new(&evidence.file, error))?;
        let again = crate::audit::audit(observations, policy.clone(), report.session.clone(), premises.signatures);
        found.extend(again.findings.iter().map(about));
    }
    let is_found = |finding: &&Finding| found.contains(&about(finding));
    for finding in report.findings.iter().filter(|finding| !is_found(finding)) {
        let what = both(
            format!("finding {} does not come out of its evidence alone", finding.fingerprint),
            format!("仅凭自身证据无法得出发现 {}", finding.fingerprint),
        );
        repeated.problems.push(Problem::new(REPORT, State::Differs, what));
    }
    repeated.identified = Some(report.findings.iter().filter(is_found).count());
    Ok(())
}
