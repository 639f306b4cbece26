//! Repeats what a report says from what is in its bundle.
//!
//! - The policy is read again, and must declare the same.
//! - The verdicts are made again from what the report observed, and must be the same.
//! - Of a sealed bundle, each message that a finding cites is looked up in the slice, and decoded
//!   step by step: recipient, lengths, digests and the place of the value must be the same.
//! - With the device's values, each slice is examined and audited as if it were all there is, and
//!   must give its finding.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::archive::BundleError;
use super::build::{CAPTURES, INDEX, KEYS, Origin, REPORT, Sliced};
use super::manifest::{Manifest, Recorded};
use super::verify::{Problem, State, Trust};
use crate::audit::{Finding, Report};
use crate::evidence::{Locator, Place, Step, Transport};
use crate::examine::{self, Settings, frames_of};
use crate::message::Kind as MessageKind;
use crate::observations::Observations;
use crate::policy;
use crate::session::{Description, Mark, Session, Settlement};

/// The list of slices: some hundred bytes for each.
const INDEX_LIMIT: u64 = 64 << 20;

/// Frames or entries of one slice that are mapped back to the inputs.
const NUMBERS: u64 = 50_000_000;

/// What was repeated.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Repeated {
    /// The policy was read again and declares the same.
    pub policy: bool,
    /// Verdicts and findings that came out the same; `None`: with other facts they need not.
    pub verdicts: Option<usize>,
    /// Findings of the report.
    pub findings: usize,
    /// Findings all of whose evidence was opened and decoded again.
    pub replayed: usize,
    /// Findings that their slice alone gives again, with the device's values; `None` without them.
    pub identified: Option<usize>,
    /// What did not come out.
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
    trust: &Trust<'_>,
    unchecked: &mut Vec<String>,
) -> Result<Repeated, BundleError> {
    let mut repeated = Repeated { findings: report.findings.len(), ..Repeated::default() };
    let same_facts = trust.signatures.sha256 == report.tool.signatures_sha256
        && env!("CARGO_PKG_VERSION") == report.tool.version;
    let again = policy_again(manifest, report, folder, trust, &mut repeated);
    if same_facts {
        if let Some(policy) = again {
            verdicts_again(report, policy, trust, &mut repeated);
        }
    } else {
        unchecked.push(format!(
            "verdicts: made by {} {} with signature set {}…, which need not be those of this program",
            report.tool.name,
            report.tool.version,
            report.tool.signatures_sha256.get(..12).unwrap_or_default()
        ));
        repeated.problems.clear();
    }
    let files = match manifest.recorded {
        Recorded::None => {
            unchecked.push(format!(
                "the evidence of {} findings: a masked bundle holds no frame; the sealed one has them",
                report.findings.len()
            ));
            return Ok(repeated);
        }
        Recorded::Slices => slices(report, folder)?,
        Recorded::Captures => vec![whole(manifest, report)],
    };
    evidence_again(report, &files, folder, trust, &mut repeated)?;
    match &trust.profile {
        None => unchecked.push("that the values are the device's: give its profile with --device".to_owned()),
        Some(_) if !same_facts => {}
        Some(_) => identified_again(manifest, report, &files, folder, trust, &mut repeated)?,
    }
    Ok(repeated)
}

fn policy_again(
    manifest: &Manifest,
    report: &Report,
    folder: &Path,
    trust: &Trust<'_>,
    repeated: &mut Repeated,
) -> Option<policy::Policy> {
    let paths: Vec<PathBuf> = manifest.policy.iter().map(|path| folder.join(path)).collect();
    let first = manifest.policy.first().map_or(REPORT, String::as_str);
    match policy::read(&paths, trust.signatures) {
        Ok(policy) if policy == report.declarations => {
            repeated.policy = true;
            Some(policy)
        }
        Ok(_) => {
            let what = "read again, it does not declare what the report says";
            repeated.problems.push(Problem::new(first, State::Differs, what));
            None
        }
        Err(error) => {
            repeated.problems.push(Problem::new(first, State::Differs, format!("cannot be read again: {error}")));
            None
        }
    }
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
        gaps: report.gaps.clone(),
        coverage: report.coverage.clone(),
        consent_judged: report.premises.consent_judged,
        signatures_sha256: report.tool.signatures_sha256.clone(),
        public_suffix_list: report.tool.public_suffix_list.clone(),
    }
}

fn verdicts_again(report: &Report, policy: policy::Policy, trust: &Trust<'_>, repeated: &mut Repeated) {
    let again = crate::audit::audit(observed(report), policy, report.session.clone(), trust.signatures);
    let mut same = 0;
    let mut differs = |what: String| repeated.problems.push(Problem::new(REPORT, State::Differs, what));
    for (ours, theirs) in again.flows.iter().zip(&report.flows) {
        match ours.verdict == theirs.verdict {
            true => same += 1,
            false => differs(format!("verdict on {} to {}", theirs.flow.data_type, theirs.flow.recipient)),
        }
    }
    // What was ignored, and how it stands against a baseline, is said behind the verdict.
    let bare = |finding: &Finding| Finding { suppressed: None, baseline: None, ..finding.clone() };
    let ours: BTreeMap<&str, Finding> = again.findings.iter().map(|f| (f.fingerprint.as_str(), bare(f))).collect();
    for finding in &report.findings {
        match ours.get(finding.fingerprint.as_str()) {
            Some(known) if *known == bare(finding) => same += 1,
            Some(_) => differs(format!("finding {} comes out otherwise", finding.fingerprint)),
            None => differs(format!("finding {} does not come out", finding.fingerprint)),
        }
    }
    let known: BTreeSet<&str> = report.findings.iter().map(|finding| finding.fingerprint.as_str()).collect();
    for finding in again.findings.iter().filter(|finding| !known.contains(finding.fingerprint.as_str())) {
        differs(format!("finding {} comes out and is not in the report", finding.fingerprint));
    }
    if again.flows.len() != report.flows.len() {
        differs("other flows come out".to_owned());
    }
    if again.claims != report.claims || again.declared != report.declared {
        differs("promises or declared types come out otherwise".to_owned());
    }
    repeated.verdicts = Some(same);
}

/// A file with evidence: whose, and where its frames lie in the inputs.
struct Evidence {
    file: String,
    captures: Vec<String>,
    keys: Vec<String>,
    finding: Option<String>,
    /// Frame or entry of the inputs to that of the file; `None`: they are the same.
    here: Option<HashMap<(u32, u64), u64>>,
}

fn slices(report: &Report, folder: &Path) -> Result<Vec<Evidence>, BundleError> {
    let path = folder.join(INDEX);
    let fail = |what: String| BundleError::new(INDEX, what);
    let size = std::fs::metadata(&path).map_err(|_| fail("is not in the bundle".to_owned()))?.len();
    if size > INDEX_LIMIT {
        return Err(fail(format!("is {size} bytes; at most {INDEX_LIMIT} are read")));
    }
    let bytes = std::fs::read(&path).map_err(|error| fail(error.to_string()))?;
    let index: Vec<Sliced> = serde_json::from_slice(&bytes).map_err(|error| fail(error.to_string()))?;
    let mut left = NUMBERS;
    let mut files = Vec::new();
    for sliced in index {
        // An entry counts from 0, a frame from 1.
        let is_entries = !sliced.file.ends_with(".pcapng");
        let first = u64::from(!is_entries);
        let here = numbers(&sliced.origin, &mut left).ok_or_else(|| fail(format!("{}: no runs of numbers", sliced.file)))?;
        if !is_plain(&sliced.file) || report.inputs.is_empty() {
            return Err(fail(format!("{}: no file of the bundle", sliced.file)));
        }
        let here = here.into_iter().zip(first..).collect();
        let (captures, finding) = (vec![sliced.file.clone()], Some(sliced.finding));
        files.push(Evidence { file: sliced.file, captures, keys: Vec::new(), finding, here: Some(here) });
    }
    Ok(files)
}

/// A path that stands in the unpacked folder.
fn is_plain(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

/// The frames or entries of the inputs in the order of the slice.
fn numbers(origin: &[Origin], left: &mut u64) -> Option<Vec<(u32, u64)>> {
    let mut numbers = Vec::new();
    for of in origin {
        for run in &of.numbers {
            let (start, end) = run.split_once('-').unwrap_or((run, run));
            let (start, end): (u64, u64) = (start.parse().ok()?, end.parse().ok()?);
            let count = end.checked_sub(start)?.checked_add(1)?;
            *left = left.checked_sub(count)?;
            numbers.extend((start..=end).map(|number| (of.input, number)));
        }
    }
    Some(numbers)
}

fn whole(manifest: &Manifest, report: &Report) -> Evidence {
    let below = |folder: &str| -> Vec<String> {
        let of = manifest.files.iter().filter(|file| file.path.starts_with(&format!("{folder}/")));
        of.map(|file| file.path.clone()).collect()
    };
    let keys = below(KEYS);
    let number = |path: &String| path.split('/').nth(1).and_then(|n| n.parse::<usize>().ok()).unwrap_or(usize::MAX);
    let mut captures: Vec<String> = below(CAPTURES).into_iter().filter(|path| !keys.contains(path)).collect();
    captures.sort_by_key(number);
    captures.truncate(report.inputs.len());
    Evidence { file: CAPTURES.to_owned(), captures, keys, finding: None, here: None }
}

/// The session of the report with these captures.
fn session(report: &Report, evidence: &Evidence, folder: &Path) -> Session {
    let facts = &report.session;
    let description = Description {
        app: facts.app.clone(),
        version: facts.version.clone(),
        first_party: facts.first_party.clone(),
        owner: facts.owner.clone(),
        country: facts.country.clone(),
        isolation: facts.isolation,
        clock_skew_ms: Some(facts.clock_skew_ms),
        ..Description::default()
    };
    let mark = |(time, mark): &(crate::evidence::Time, String)| Mark { time: *time, mark: mark.clone(), note: String::new() };
    let settled = facts.settled.iter().map(|(host, what, reason)| Settlement {
        host: host.clone(),
        as_: what.clone().into(),
        reason: reason.clone(),
    });
    Session {
        captures: evidence.captures.iter().map(|path| folder.join(path)).collect(),
        keys: evidence.keys.iter().map(|path| folder.join(path)).collect(),
        description,
        marks: facts.marks.iter().map(mark).collect(),
        settled: settled.collect(),
        ..Session::default()
    }
}

/// Evidence that a finding cites: the sighting's recipient and its locator.
struct Cited<'a> {
    finding: &'a Finding,
    locator: &'a Locator,
    found: bool,
}

fn cited<'a>(report: &'a Report, finding: &'a Finding) -> Vec<Cited<'a>> {
    let sightings = report.sightings.iter().filter(|sighting| finding.sightings.contains(&sighting.id));
    let locators = finding.locators.iter().chain(sightings.map(|sighting| &sighting.locator));
    let unique: BTreeSet<&Locator> = locators.collect();
    unique.into_iter().map(|locator| Cited { finding, locator, found: false }).collect()
}

fn evidence_again(
    report: &Report,
    files: &[Evidence],
    folder: &Path,
    trust: &Trust<'_>,
    repeated: &mut Repeated,
) -> Result<(), BundleError> {
    // A finding in several files has its evidence in any of them.
    let mut all: BTreeMap<&str, Vec<Cited<'_>>> =
        report.findings.iter().map(|finding| (finding.fingerprint.as_str(), cited(report, finding))).collect();
    for evidence in files {
        let session = session(report, evidence, folder);
        let mut wanted: BTreeMap<Key, Vec<&mut Cited<'_>>> = BTreeMap::new();
        let here = |fingerprint: &str| evidence.finding.as_deref().is_none_or(|finding| finding == fingerprint);
        for cited in all.iter_mut().filter(|(fingerprint, _)| here(fingerprint)).flat_map(|(_, cited)| cited) {
            if let Some(key) = key(&cited.locator.place, evidence.here.as_ref()) {
                wanted.entry(key).or_default().push(cited);
            }
        }
        let mut problems = Vec::new();
        examine::replay(&session, trust.signatures, &mut |_| (), &mut |replayed| {
            let Some(cited) = key(&replayed.message.place, None).and_then(|key| wanted.get_mut(&key)) else { return };
            for cited in cited.iter_mut() {
                let steps = &cited.locator.steps;
                let closed = matches!(replayed.message.kind, MessageKind::Closed { .. });
                let to = &replayed.attribution.recipient.id;
                if !is_hidden(&cited.finding.recipient) && *to != cited.finding.recipient {
                    problems.push((cited.finding.fingerprint.clone(), format!("the message went to {to}")));
                }
                let value = replayed.leaves.iter().any(|leaf| {
                    leaf.bytes.len() as u64 >= cited.locator.end && same_steps(&leaf.way(), &|| leaf.steps(), steps)
                });
                cited.found |= value || steps.is_empty() || (closed && steps.is_empty());
            }
        })
        .map_err(|error| BundleError::new(&evidence.file, error))?;
        for (finding, what) in problems {
            repeated.problems.push(Problem::new(&evidence.file, State::Differs, format!("finding {finding}: {what}")));
        }
    }
    for (fingerprint, cited) in &all {
        let missing: Vec<&Cited<'_>> = cited.iter().filter(|cited| !cited.found).collect();
        let file = files.iter().find(|file| file.finding.as_deref().is_none_or(|finding| finding == *fingerprint));
        let file = file.map_or(INDEX, |file| file.file.as_str());
        for cited in &missing {
            let steps: Vec<String> = cited.locator.steps.iter().map(ToString::to_string).collect();
            let what = format!("finding {fingerprint}: no message there decodes to {}", steps.join(" → "));
            repeated.problems.push(Problem::new(file, State::Differs, what));
        }
        repeated.replayed += usize::from(missing.is_empty());
    }
    Ok(())
}

/// What places a message in one file: transport, frames and offset, or entry and pointer.
type Key = (Option<Transport>, Vec<(u32, u64)>, u64, String);

/// The key of a place, by the numbers of the file that `here` maps to.
fn key(place: &Place, here: Option<&HashMap<(u32, u64), u64>>) -> Option<Key> {
    let number = |(input, number): (u32, u64)| match here {
        Some(here) => here.get(&(input, number)).map(|number| (0, *number)),
        None => Some((input, number)),
    };
    match place {
        Place::Frames { transport, offset, .. } => {
            let frames: Option<Vec<_>> = frames_of(place).map(number).collect();
            Some((Some(*transport), frames?, *offset, String::new()))
        }
        Place::Entry { input, entry, pointer } => {
            let at = number((*input, *entry))?;
            let pointer = repointed(pointer, *entry, at.1);
            Some((None, vec![at], 0, pointer))
        }
    }
}

/// A pointer whose first number is that of the entry, with another.
fn repointed(pointer: &str, entry: u64, here: u64) -> String {
    let (mut parts, entry) = (pointer.split('/').map(str::to_owned).collect::<Vec<_>>(), entry.to_string());
    if let Some(part) = parts.iter_mut().find(|part| **part == entry) {
        *part = here.to_string();
    }
    parts.join("/")
}

/// A name in which a value was hidden.
fn is_hidden(name: &str) -> bool {
    name.contains("{}")
}

fn same_steps(way: &[(&'static str, Option<&str>)], steps: &dyn Fn() -> Vec<Step>, theirs: &[Step]) -> bool {
    let alike = |((name, argument), step): (&(&str, Option<&str>), &Step)| {
        *name == step.name && same_argument(*argument, step.argument.as_deref())
    };
    if way.len() != theirs.len() || !way.iter().zip(theirs).all(alike) {
        return false;
    }
    // Digests cost a hash of each layer, so they come last.
    steps().iter().zip(theirs).all(|(ours, theirs)| {
        ours.length == theirs.length && (theirs.sha256.is_empty() || ours.sha256 == theirs.sha256)
    })
}

/// An argument, or one in which values were hidden.
fn same_argument(ours: Option<&str>, theirs: Option<&str>) -> bool {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) if is_hidden(theirs) => {
            let mut rest = ours;
            theirs.split("{}").all(|piece| match rest.find(piece) {
                Some(at) => {
                    rest = rest.get(at + piece.len()..).unwrap_or_default();
                    true
                }
                None => false,
            })
        }
        (ours, theirs) => ours == theirs,
    }
}

/// What makes a finding, but for how often it was seen and where.
fn about(finding: &Finding) -> Value {
    let finding = serde_json::to_value(finding).unwrap_or_default();
    let keys = ["fingerprint", "code", "severity", "certainty", "recipient", "data_type", "phase"];
    Value::Array(keys.iter().map(|key| finding[*key].clone()).collect())
}

fn identified_again(
    manifest: &Manifest,
    report: &Report,
    files: &[Evidence],
    folder: &Path,
    trust: &Trust<'_>,
    repeated: &mut Repeated,
) -> Result<(), BundleError> {
    let paths: Vec<PathBuf> = manifest.policy.iter().map(|path| folder.join(path)).collect();
    let Ok(policy) = policy::read(&paths, trust.signatures) else { return Ok(()) };
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
    let wanted: BTreeMap<&str, Value> = report.findings.iter().map(|f| (f.fingerprint.as_str(), about(f))).collect();
    for evidence in by_finding.values() {
        let session =
            Session { profile: trust.profile.clone().unwrap_or_default(), ..session(report, evidence, folder) };
        let settings = Settings { threads: trust.threads, show_values: false };
        let observations = examine::examine(&session, trust.signatures, settings, &mut |_| ())
            .map_err(|error| BundleError::new(&evidence.file, error))?;
        let again = crate::audit::audit(observations, policy.clone(), report.session.clone(), trust.signatures);
        let same = again.findings.iter().filter(|f| wanted.get(f.fingerprint.as_str()) == Some(&about(f)));
        found.extend(same.map(|finding| finding.fingerprint.clone()));
    }
    for finding in report.findings.iter().filter(|finding| !found.contains(&finding.fingerprint)) {
        let what = format!("finding {} does not come out of its evidence alone", finding.fingerprint);
        repeated.problems.push(Problem::new(REPORT, State::Differs, what));
    }
    repeated.identified = Some(report.findings.iter().filter(|f| found.contains(&f.fingerprint)).count());
    Ok(())
}
