//! Repeats what a report says from what is in its bundle.
//!
//! - The chain of actions and the page must say what the report as data says.
//! - The policy is read again, and must declare the same.
//! - The verdicts are made again from what the report observed, and must be the same.
//! - Of a sealed bundle, each message that a finding cites is looked up in the slice, and decoded
//!   step by step: recipient, lengths, digests and the place of the value must be the same.
//! - With the device's values, each slice is examined and audited as if it were all there is, and
//!   must give its finding.

mod alone;
mod evidence;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value};

use super::archive::BundleError;
use super::build::{PAGE, REPORT};
use super::chain;
use super::manifest::{Manifest, Recorded};
use super::problem::{Problem, State, both};
use crate::audit::{Finding, Report, Text, suppress};
use crate::observations::Observations;
use crate::policy::{self, Policy};
use crate::report::{Language, html};
use crate::session::Profile;
use crate::signatures::Signatures;

/// What is repeated with.
pub struct Premises<'a> {
    /// The facts.
    pub signatures: &'a Signatures,
    /// Values of the device, where the verifier has them.
    pub profile: Option<Profile>,
    /// For what is examined again.
    pub threads: usize,
}

/// What was repeated.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Repeated {
    /// The policy was read again and declares the same.
    pub policy: bool,
    /// Verdicts that came out the same when what was observed was judged again.
    pub verdicts: usize,
    /// Findings that came out the same so.
    pub judged: usize,
    /// Findings of the report.
    pub findings: usize,
    /// Findings all of whose evidence was opened and decoded again; `None`: there is none in the bundle.
    pub replayed: Option<usize>,
    /// Findings that their slice alone gives again, with the device's values; `None` without them.
    pub identified: Option<usize>,
    /// What came out differently.
    #[serde(skip)]
    pub problems: Vec<Problem>,
}

/// Repeats what `report` says from the files in `folder`.
///
/// # Errors
/// Where a file cannot be read that was read before.
pub(super) fn repeat(
    manifest: &Manifest,
    report: &Report,
    folder: &Path,
    premises: &Premises<'_>,
    unchecked: &mut Vec<Text>,
) -> Result<Repeated, BundleError> {
    let mut repeated = Repeated { findings: report.findings.len(), ..Repeated::default() };
    let tool = &report.tool;
    if premises.signatures.sha256 != tool.signatures_sha256 || env!("CARGO_PKG_VERSION") != tool.version {
        // Other signatures or another version may judge differently, which would say nothing of this report.
        let set = tool.signatures_sha256.get(..12).unwrap_or_default();
        let (name, version) = (&tool.name, &tool.version);
        unchecked.push(both(
            format!(
                "what the report says was not repeated: it is of {name} {version} with signature set {set}…, \
                 which this program is not (--signatures gives it another set)"
            ),
            format!("未重做报告中的判断：报告由 {name} {version}（特征集 {set}…）作出，与本程序不同（可用 --signatures 指定特征集）"),
        ));
        return Ok(repeated);
    }
    chain_again(report, folder, &mut repeated)?;
    page_again(report, folder, &mut repeated)?;
    let policy = policy_again(manifest, report, folder, premises, &mut repeated);
    if let Some(policy) = &policy {
        verdicts_again(report, policy.clone(), premises, &mut repeated, unchecked);
    }
    let files = match manifest.recorded {
        Recorded::None => {
            unchecked.push(both(
                "the bytes that the findings rest on: a masked bundle holds no frame; the sealed one has them",
                "发现所依据的字节：脱敏证据包不含数据帧，封存版才有",
            ));
            return Ok(repeated);
        }
        Recorded::Slices => evidence::slices(folder)?,
        Recorded::Captures => vec![evidence::whole(manifest, report)],
    };
    evidence::again(report, &files, folder, premises, &mut repeated)?;
    match (&premises.profile, &policy) {
        (Some(profile), Some(policy)) => {
            alone::again((report, policy), &files, folder, (premises, profile), &mut repeated)?;
        }
        (None, _) => unchecked.push(both(
            "that the values are the device's: give its profile with --device",
            "这些值是否属于该设备：请用 --device 提供设备档案",
        )),
        _ => {}
    }
    Ok(repeated)
}

/// The chain of actions tells what the report tells of the session and the case.
fn chain_again(report: &Report, folder: &Path, repeated: &mut Repeated) -> Result<(), BundleError> {
    let bytes = std::fs::read(folder.join(chain::FILE)).map_err(|error| BundleError::new(chain::FILE, error))?;
    if let Some((line, about)) = chain::differs(&String::from_utf8_lossy(&bytes), report) {
        let what = both(
            format!("line {line} ({about}) is not what the report says of it"),
            format!("第 {line} 行（{about}）与报告不符"),
        );
        repeated.problems.push(Problem::new(chain::FILE, State::Differs, what));
    }
    Ok(())
}

/// The page is what the report as data gives, in one language or the other.
fn page_again(report: &Report, folder: &Path, repeated: &mut Repeated) -> Result<(), BundleError> {
    let fail = |error: &dyn std::fmt::Display| BundleError::new(PAGE, error);
    let page = std::fs::read(folder.join(PAGE)).map_err(|error| fail(&error))?;
    for language in [Language::En, Language::Zh] {
        if html::render(report, language).map_err(|error| fail(&error))?.as_bytes() == page {
            return Ok(());
        }
    }
    let what = both("the page does not say what the report as data says", "网页内容与报告数据不符");
    repeated.problems.push(Problem::new(PAGE, State::Differs, what));
    Ok(())
}

fn policy_again(
    manifest: &Manifest,
    report: &Report,
    folder: &Path,
    premises: &Premises<'_>,
    repeated: &mut Repeated,
) -> Option<policy::Policy> {
    let paths: Vec<PathBuf> = manifest.policy.iter().map(|path| folder.join(path)).collect();
    let first = manifest.policy.first().map_or(REPORT, String::as_str);
    let what = match policy::read(&paths, premises.signatures) {
        Ok(policy) if policy == report.declarations => {
            repeated.policy = true;
            return Some(policy);
        }
        Ok(_) => both("read again, it does not declare what the report says", "重新解析后的声明与报告不符"),
        Err(error) => both(format!("cannot be read again: {error}"), format!("无法重新解析：{error}")),
    };
    repeated.problems.push(Problem::new(first, State::Differs, what));
    None
}

/// What the report observed, as it stood before it was judged.
fn observed(report: &Report) -> Observations {
    Observations {
        inputs: report.inputs.clone(),
        noise: report.noise.clone(),
        geo: report.geo.clone(),
        app: report.session.app.clone(),
        app_proven: report.premises.app_proven,
        recipients: report.recipients.clone(),
        contacts: report.contacts.clone(),
        sightings: report.sightings.clone(),
        flows: report.flows.iter().map(|judged| judged.flow.clone()).collect(),
        sealed: report.sealed.clone(),
        beside: report.beside.clone(),
        withheld: report.withheld.clone(),
        gaps: report.gaps.clone(),
        coverage: report.coverage.clone(),
        consent_judged: report.premises.consent_judged,
        signatures_sha256: report.tool.signatures_sha256.clone(),
        public_suffix_list: report.tool.public_suffix_list.clone(),
    }
}

fn verdicts_again(
    report: &Report,
    policy: Policy,
    premises: &Premises<'_>,
    repeated: &mut Repeated,
    unchecked: &mut Vec<Text>,
) {
    let mut again = crate::audit::audit(observed(report), policy, report.session.clone(), premises.signatures);
    let (mut verdicts, mut judged) = (0, 0);
    let mut differs =
        |en: String, zh: String| repeated.problems.push(Problem::new(REPORT, State::Differs, both(en, zh)));
    for (ours, theirs) in again.flows.iter().zip(&report.flows) {
        if ours == theirs {
            verdicts += 1;
            continue;
        }
        let (data_type, to) = (&theirs.flow.data_type, &theirs.flow.recipient);
        differs(
            format!("the verdict on {data_type} to {to} comes out otherwise"),
            format!("{to} 的 {data_type} 得出不同判断"),
        );
    }
    if let Some(ignored) = &report.ignore {
        match suppress::rules(ignored) {
            Some(rules) => suppress::apply(&mut again, &rules, ignored.today),
            None => differs("the ignored lines cannot be read".to_owned(), "忽略的规则无法读取".to_owned()),
        }
    }
    if let Some(baseline) = &report.baseline {
        unchecked.push(both(
            format!("how the findings stand against {}: the earlier report is not in the bundle", baseline.name),
            format!("各项发现与 {} 相比如何：较早的报告不在证据包中", baseline.name),
        ));
        again.baseline = report.baseline.clone();
    }
    // What the earlier report has to say of a finding is not repeated.
    let bare = |finding: &Finding| match report.baseline {
        Some(_) => Finding { baseline: None, ..finding.clone() },
        None => finding.clone(),
    };
    // Findings of several hosts of one domain can share a fingerprint.
    let mut ours: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &again.findings {
        ours.entry(&finding.fingerprint).or_default().push(finding);
    }
    for finding in &report.findings {
        let id = finding.fingerprint.as_str();
        let known = ours.entry(id).or_default();
        let same = known.iter().position(|known| **known == bare(finding));
        match same.or((!known.is_empty()).then_some(0)).map(|at| known.remove(at)) {
            Some(_) if same.is_some() => judged += 1,
            Some(_) => differs(format!("finding {id} comes out otherwise"), format!("发现 {id} 得出不同结果")),
            None => differs(format!("finding {id} does not come out"), format!("发现 {id} 未能得出")),
        }
    }
    for (id, left) in ours {
        for _ in left {
            differs(format!("finding {id} comes out and is not in the report"), format!("得出发现 {id}，报告中没有"));
        }
    }
    if again.flows.len() != report.flows.len() {
        differs("other flows come out".to_owned(), "得出的数据流不同".to_owned());
    }
    if again.claims != report.claims || again.declared != report.declared {
        let zh = "承诺或已声明类型得出不同结果";
        differs("promises or declared types come out otherwise".to_owned(), zh.to_owned());
    }
    let told = ["flows", "findings", "claims", "declared"];
    for part in parts_that_differ(&again, report).into_iter().filter(|part| !told.contains(&part.as_str())) {
        differs(format!("“{part}” comes out otherwise"), format!("“{part}”得出不同结果"));
    }
    (repeated.verdicts, repeated.judged) = (verdicts, judged);
}

/// The keys of the report as data whose values are not the same.
fn parts_that_differ(ours: &Report, theirs: &Report) -> Vec<String> {
    let parts = |report: &Report| match serde_json::to_value(report) {
        Ok(Value::Object(parts)) => parts,
        _ => Map::new(),
    };
    let (ours, theirs) = (parts(ours), parts(theirs));
    let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    keys.into_iter().filter(|key| ours.get(*key) != theirs.get(*key)).cloned().collect()
}
