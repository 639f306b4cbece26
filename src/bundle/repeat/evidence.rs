//! Each message that a finding cites, looked up in the bundle's own files and decoded again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::{Premises, Repeated};
use crate::audit::{Finding, Report};
use crate::bundle::archive::{BundleError, is_plain};
use crate::bundle::build::{CAPTURES, INDEX, KEYS, Origin, Sliced};
use crate::bundle::manifest::Manifest;
use crate::bundle::problem::{Problem, State, both};
use crate::evidence::{Locator, Place, Step, Transport};
use crate::examine::{self, frames_of};
use crate::session::{Description, Mark, Session, Settlement, Shift};

/// The list of slices: some hundred bytes for each.
const INDEX_LIMIT: u64 = 64 << 20;

/// Frames or entries of all slices that are mapped back to the inputs.
const NUMBERS: u64 = 50_000_000;

/// A file with evidence: whose, and where its frames lie in the inputs.
pub struct Evidence {
    /// What names it.
    pub file: String,
    /// Captures, by path in the bundle.
    pub captures: Vec<String>,
    /// Key logs.
    pub keys: Vec<String>,
    /// Fingerprint; `None`: it is all there is.
    pub finding: Option<String>,
    /// Frame or entry of the inputs to that of the file; `None`: they are the same.
    pub here: Option<HashMap<(u32, u64), u64>>,
}

/// The slices of the bundle that is unpacked in `folder`.
pub fn slices(folder: &Path) -> Result<Vec<Evidence>, BundleError> {
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
        let here =
            numbers(&sliced.origin, &mut left).ok_or_else(|| fail(format!("{}: no runs of numbers", sliced.file)))?;
        if !is_plain(&sliced.file) {
            return Err(fail(format!("{}: no file of the bundle", sliced.file)));
        }
        let here = here.into_iter().zip(first..).collect();
        let (captures, finding) = (vec![sliced.file.clone()], Some(sliced.finding));
        files.push(Evidence { file: sliced.file, captures, keys: Vec::new(), finding, here: Some(here) });
    }
    Ok(files)
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

/// The captures as they were given.
pub fn whole(manifest: &Manifest, report: &Report) -> Evidence {
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
pub fn session(report: &Report, evidence: &Evidence, folder: &Path) -> Session {
    let facts = &report.session;
    let description = Description {
        app: facts.app.clone(),
        version: facts.version.clone(),
        first_party: facts.first_party.clone(),
        owner: facts.owner.clone(),
        country: facts.country.clone(),
        isolation: facts.isolation,
        clock_skew_ms: Some(facts.clock_skew_ms),
        time_shift: shifts(report),
        ..Description::default()
    };
    let mark = |(time, mark): &(crate::evidence::Time, String)| Mark {
        time: *time,
        mark: mark.clone(),
        note: String::new(),
        device_time: None,
    };
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

/// What was added to the times of whole captures, whichever way it was known. A slice has its capture's own
/// times and its own name.
fn shifts(report: &Report) -> BTreeMap<String, Shift> {
    let shifted = report.inputs.iter().filter_map(|input| Some((input, input.clock.as_ref()?)));
    shifted
        .filter(|(_, clock)| clock.added_ms != 0)
        .map(|(input, clock)| (input.name.clone(), Shift::Seconds(clock.added_ms as f64 / 1_000.0)))
        .collect()
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

/// Looks up and decodes what the findings cite.
///
/// # Errors
/// Where a file cannot be read that was read before.
pub fn again(
    report: &Report,
    files: &[Evidence],
    folder: &Path,
    premises: &Premises<'_>,
    repeated: &mut Repeated,
) -> Result<(), BundleError> {
    // A finding in several files has its evidence in any of them.
    let mut all: Vec<(&str, Vec<Cited<'_>>)> =
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
        examine::replay(&session, premises.signatures, &mut |_| (), &mut |replayed| {
            let Some(cited) = key(&replayed.message.place, None).and_then(|key| wanted.get_mut(&key)) else { return };
            for cited in cited.iter_mut() {
                let steps = &cited.locator.steps;
                let to = &replayed.attribution.recipient.id;
                if !is_hidden(&cited.finding.recipient) && *to != cited.finding.recipient {
                    problems.push((cited.finding.fingerprint.clone(), to.clone()));
                }
                let value = replayed.leaves.iter().any(|leaf| {
                    leaf.bytes.len() as u64 >= cited.locator.end && same_steps(&leaf.way(), &|| leaf.steps(), steps)
                });
                // What stayed closed has no steps: that it is there is all there is to see.
                cited.found |= value || steps.is_empty();
            }
        })
        .map_err(|error| BundleError::new(&evidence.file, error))?;
        for (finding, to) in problems {
            let en = format!("finding {finding}: the message went to {to}");
            let what = both(en, format!("发现 {finding}：消息发往 {to}"));
            repeated.problems.push(Problem::new(&evidence.file, State::Differs, what));
        }
    }
    let mut replayed = 0;
    for (fingerprint, cited) in &all {
        let missing: Vec<&Cited<'_>> = cited.iter().filter(|cited| !cited.found).collect();
        let file = files.iter().find(|file| file.finding.as_deref().is_none_or(|finding| finding == *fingerprint));
        let file = file.map_or(INDEX, |file| file.file.as_str());
        for cited in &missing {
            let steps: Vec<String> = cited.locator.steps.iter().map(ToString::to_string).collect();
            let steps = steps.join(" → ");
            let what = both(
                format!("finding {fingerprint}: no message there decodes to {steps}"),
                format!("发现 {fingerprint}：此处没有消息能解码为 {steps}"),
            );
            repeated.problems.push(Problem::new(file, State::Differs, what));
        }
        replayed += usize::from(missing.is_empty());
    }
    repeated.replayed = Some(replayed);
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
