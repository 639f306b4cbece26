//! Two reports held against each other: recipients, what they get, findings, coverage.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::baseline::is_worse;
use super::gate::{FailOn, phases_by};
use super::snapshot::Snapshot;
use super::{Disclosure, Severity, Text, TypeName};
use crate::evidence::Certainty;
use crate::observations::Role;

/// Name of the JSON's shape.
pub const SCHEMA: &str = "wirewitness-diff/1";

/// Percentage points by which two coverages must differ before the difference is told: even two
/// recordings of the same actions differ by a little, such as the bytes of their handshakes.
const COVERAGE_STEP: u64 = 2;

/// A value in the old report and in the new one; `None` in a report that lacks it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change<T> {
    /// In the old report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<T>,
    /// In the new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<T>,
}

impl<T: PartialEq> Change<T> {
    /// `new`, `gone`, `changed`, `unchanged`.
    pub fn kind(&self) -> &'static str {
        match (&self.old, &self.new) {
            (None, _) => "new",
            (_, None) => "gone",
            (old, new) if old == new => "unchanged",
            _ => "changed",
        }
    }
}

/// A report as one side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// SHA-256 of the file.
    pub sha256: String,
    /// The app and its version.
    pub app: Option<String>,
    /// See `app`.
    pub version: Option<String>,
    /// Version of the program.
    pub tool: String,
    /// SHA-256 of the signature set.
    pub signatures_sha256: String,
    /// SHA-256 of each policy file.
    pub policy: Vec<String>,
    /// Percent of the sent bytes that were read.
    pub covered: Option<u64>,
}

/// A recipient that is new, gone, or in another role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecipientChange {
    /// Its id.
    pub id: String,
    /// Its names.
    pub names: Text,
    /// Its role.
    pub role: Change<Role>,
}

/// How a flow stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlowState {
    /// The verdict; none where it is listed and not judged.
    pub verdict: Option<Disclosure>,
    /// Its code.
    pub code: Option<String>,
    /// How sure.
    pub certainty: Certainty,
}

/// A data type that a recipient gets for the first time, no longer, or under another verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlowChange {
    /// Recipient id.
    pub recipient: String,
    /// Its names.
    pub names: Text,
    /// Data type id.
    pub data_type: String,
    /// Its state.
    pub state: Change<FlowState>,
}

/// How a finding stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingState {
    /// Severity.
    pub severity: Severity,
    /// How sure.
    pub certainty: Certainty,
    /// It is ignored.
    pub ignored: bool,
}

/// A finding that is new, gone, or weighs otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingChange {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its code.
    pub code: String,
    /// Recipient id.
    pub recipient: String,
    /// Data type id; none for contacts.
    pub data_type: Option<String>,
    /// Phase group.
    pub phase: String,
    /// All phase groups in which it was seen, of the new report where it is there.
    pub phases: Vec<&'static str>,
    /// Its sentence, of the new report where it is there.
    pub message: Text,
    /// Its state.
    pub state: Change<FindingState>,
    /// It is new, or weighs more: it can fail a build.
    pub worse: bool,
}

/// What differs between two reports.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Nothing differs.
    pub empty: bool,
    /// The old report.
    pub old: Side,
    /// The new one.
    pub new: Side,
    /// What makes the two hard to compare.
    pub remarks: Vec<Text>,
    /// By id.
    pub recipients: Vec<RecipientChange>,
    /// By recipient, then type.
    pub flows: Vec<FlowChange>,
    /// Worst first, then code.
    pub findings: Vec<FindingChange>,
    /// Percent of the sent bytes that were read, where the two differ by two points or more.
    pub covered: Option<Change<u64>>,
    /// Names of the data types.
    pub data_types: BTreeMap<String, TypeName>,
}

/// Holds `new` against `old`.
pub fn compare(old: &Snapshot, new: &Snapshot) -> Difference {
    let (recipients, flows, findings) = (recipients(old, new), flows(old, new), findings(old, new));
    let (was, is) = (old.coverage.percent(), new.coverage.percent());
    let far = was.unwrap_or(0).abs_diff(is.unwrap_or(0)) >= COVERAGE_STEP || was.is_some() != is.is_some();
    let covered = far.then_some(Change { old: was, new: is });
    let mut data_types = old.data_types.clone();
    data_types.extend(new.data_types.clone());
    Difference {
        schema: SCHEMA,
        empty: recipients.is_empty() && flows.is_empty() && findings.is_empty() && covered.is_none(),
        remarks: remarks(old, new),
        old: side(old),
        new: side(new),
        recipients,
        flows,
        findings,
        covered,
        data_types,
    }
}

impl Difference {
    /// Whether a finding that is new or weighs more meets the gate. One that is only possible, or
    /// ignored, never does.
    pub fn fails(&self, fail_on: &[FailOn]) -> bool {
        self.findings.iter().filter(|change| change.worse).any(|change| {
            let Some(state) = &change.state.new else { return false };
            !state.ignored
                && state.certainty > Certainty::Possible
                && fail_on.iter().any(|gate| gate.means(&change.code, state.severity, &change.phases))
        })
    }
}

fn side(report: &Snapshot) -> Side {
    Side {
        sha256: report.sha256.clone(),
        app: report.session.app.clone(),
        version: report.session.version.clone(),
        tool: report.tool.version.clone(),
        signatures_sha256: report.tool.signatures_sha256.clone(),
        policy: report.declarations.sources.iter().map(|source| source.sha256.clone()).collect(),
        covered: report.coverage.percent(),
    }
}

fn remarks(old: &Snapshot, new: &Snapshot) -> Vec<Text> {
    let mut remarks = Vec::new();
    let mut differ = |different: bool, zh: &str, en: &str| {
        if different {
            remarks.push(Text::new(zh, en));
        }
    };
    let policy = |report: &Snapshot| report.declarations.sources.iter().map(|s| s.sha256.clone()).collect::<Vec<_>>();
    let marks = |report: &Snapshot| report.session.marks.iter().map(|(_, mark)| mark.clone()).collect::<BTreeSet<_>>();
    differ(
        old.session.app != new.session.app,
        "两份报告说的不是同一个应用。",
        "The two reports are about different apps.",
    );
    differ(policy(old) != policy(new), "政策文件不同。", "The policy's files differ.");
    differ(
        old.tool.signatures_sha256 != new.tool.signatures_sha256 || old.tool.version != new.tool.version,
        "两份报告由不同版本的工具或特征集生成：同样的流量也可能有不同的判断。",
        "The reports were made with different versions of the program or of its signatures: the same traffic may be \
         judged differently.",
    );
    differ(
        marks(old) != marks(new),
        "会话的标记不同：没有走到的步骤看起来就像消失。",
        "The sessions have different marks: a step that was not taken looks like something gone.",
    );
    differ(
        old.session.profile_types != new.session.profile_types,
        "设备档案的数据类型不同。",
        "The device profiles hold different data types.",
    );
    remarks
}

fn recipients(old: &Snapshot, new: &Snapshot) -> Vec<RecipientChange> {
    let ids: BTreeSet<&String> = old.recipients.keys().chain(new.recipients.keys()).collect();
    let change = |id: &String| {
        let (was, is) = (old.recipients.get(id), new.recipients.get(id));
        let names = names(id, old, new);
        RecipientChange { id: id.clone(), names, role: Change { old: was.map(|r| r.role), new: is.map(|r| r.role) } }
    };
    ids.into_iter().map(change).filter(|change| change.role.kind() != "unchanged").collect()
}

/// A recipient's names: those of the new report, else of the old one.
fn names(id: &str, old: &Snapshot, new: &Snapshot) -> Text {
    let known = new.recipients.get(id).or_else(|| old.recipients.get(id));
    known.map_or_else(
        || Text { zh: id.to_owned(), en: id.to_owned() },
        |recipient| Text { zh: recipient.zh.clone(), en: recipient.en.clone() },
    )
}

fn flows(old: &Snapshot, new: &Snapshot) -> Vec<FlowChange> {
    // Flows of several apps with one type and recipient are one here: the most certain counts.
    let states = |report: &Snapshot| {
        let mut states: BTreeMap<(String, String), FlowState> = BTreeMap::new();
        for judged in &report.flows {
            let state = FlowState {
                verdict: judged.verdict.as_ref().map(|verdict| verdict.disclosure),
                code: judged.verdict.as_ref().map(|verdict| verdict.code.clone()),
                certainty: judged.flow.certainty,
            };
            let place = states.entry((judged.flow.recipient.clone(), judged.flow.data_type.clone()));
            let known = place.or_insert_with(|| state.clone());
            if state.certainty > known.certainty {
                *known = state;
            }
        }
        states
    };
    let (mut was, mut is) = (states(old), states(new));
    let keys: BTreeSet<(String, String)> = was.keys().chain(is.keys()).cloned().collect();
    let change = |key: (String, String)| {
        let state = Change { old: was.remove(&key), new: is.remove(&key) };
        FlowChange { names: names(&key.0, old, new), recipient: key.0, data_type: key.1, state }
    };
    keys.into_iter().map(change).filter(|change| change.state.kind() != "unchanged").collect()
}

fn findings(old: &Snapshot, new: &Snapshot) -> Vec<FindingChange> {
    let (was, is) = (old.by_fingerprint(), new.by_fingerprint());
    let prints: BTreeSet<&str> = was.keys().chain(is.keys()).copied().collect();
    let mut changes: Vec<FindingChange> = prints
        .into_iter()
        .filter_map(|print| {
            let (before, now) = (was.get(print).copied(), is.get(print).copied());
            let (told, seen) = now.map(|now| (now, new)).or(before.map(|before| (before, old)))?;
            let state = |finding: &super::Finding| FindingState {
                severity: finding.severity,
                certainty: finding.certainty,
                ignored: finding.suppressed.is_some(),
            };
            Some(FindingChange {
                fingerprint: print.to_owned(),
                code: told.code.clone(),
                recipient: told.recipient.clone(),
                data_type: told.data_type.clone(),
                phase: told.phase.clone(),
                phases: phases_by(told, seen.sightings.iter().map(|seen| (&seen.id, &seen.phase))),
                message: told.message.clone(),
                worse: match (before, now) {
                    (Some(before), Some(now)) => is_worse(before, now),
                    (None, Some(_)) => true,
                    _ => false,
                },
                state: Change { old: before.map(state), new: now.map(state) },
            })
        })
        .filter(|change| change.state.kind() != "unchanged")
        .collect();
    let severity = |change: &FindingChange| change.state.new.as_ref().or(change.state.old.as_ref()).map(|s| s.severity);
    changes.sort_by(|a, b| (severity(b), &a.code, &a.fingerprint).cmp(&(severity(a), &b.code, &b.fingerprint)));
    changes
}
