//! Checks a bundle: every byte by its digests, then what the report says by repeating it.
//!
//! What a stranger hands over is read with the limits of [`super::archive`]. Nothing of it is
//! written anywhere but to a temporary folder, under names that were found to be plain.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::archive::{Archive, BundleError};
use super::build::REPORT;
use super::chain;
use super::digest::Digests;
use super::manifest::{BESIDE, Kind, MANIFEST, Manifest, Recorded, SIGNATURE};
use super::minisign::{PublicKey, Signature};
use super::repeat::{self, Repeated};
use super::timestamp::{self, Stamped};
use crate::audit::{Report, snapshot};
use crate::session::Profile;
use crate::signatures::Signatures;

/// A signature is four lines.
const SIGNATURE_LIMIT: u64 = 64 << 10;

/// Lines of a chain are read into memory: a session has some hundred.
const CHAIN_LIMIT: u64 = 64 << 20;

/// What a bundle is held against.
pub struct Trust<'a> {
    /// Public key of who is to have signed it.
    pub key: Option<PublicKey>,
    /// Certificates (DER) of the time stamping authority or those above it.
    pub authorities: Vec<Vec<u8>>,
    /// The facts that verdicts are repeated with.
    pub signatures: &'a Signatures,
    /// Values of the device, where the verifier has them.
    pub profile: Option<Profile>,
    /// For what is examined again.
    pub threads: usize,
}

/// How a file stands against the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// In the manifest, not in the bundle.
    Missing,
    /// Not what it was.
    Altered,
    /// In the bundle, not in the manifest.
    Added,
    /// As it was, and what it says does not come out again.
    Differs,
}

impl State {
    /// The word in reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Altered => "altered",
            Self::Added => "added",
            Self::Differs => "differs",
        }
    }
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file, by its path in the bundle.
    pub path: String,
    /// See [`State`].
    pub state: State,
    /// What exactly.
    pub what: String,
}

impl Problem {
    /// One about `path`.
    pub fn new(path: &str, state: State, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), state, what: what.into() }
    }
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Verification {
    /// Masked or sealed.
    pub kind: Kind,
    /// How the recording is in it.
    pub recorded: Recorded,
    /// Program and version that made it.
    pub made_by: String,
    /// Files that were held against the manifest.
    pub files: usize,
    /// What is not as it should be, by file.
    pub problems: Vec<Problem>,
    /// The signature, in words.
    pub signature: String,
    /// The timestamp, in words.
    pub timestamp: String,
    /// What was repeated. `None`: files that it needs are not as they were.
    pub repeated: Option<Repeated>,
    /// What could not be checked, and why.
    pub unchecked: Vec<String>,
}

/// Checks the bundle at `path`.
///
/// # Errors
/// Where it cannot be used at all: no bundle, no manifest, beyond a limit.
pub fn verify(path: &Path, trust: &Trust<'_>) -> Result<Verification, BundleError> {
    let mut archive = Archive::open(path)?;
    let mut problems = Vec::new();
    for fault in &archive.faults {
        problems.push(Problem::new(&fault.path, State::Added, fault.what));
    }
    let (manifest, bytes) = Manifest::read(&mut archive)?;
    if manifest.to_bytes()? != bytes {
        problems.push(Problem::new(MANIFEST, State::Altered, "is not written as it was by the program"));
    }
    let mut unchecked = Vec::new();
    files(&mut archive, &manifest, &mut problems);
    let signature = signature(&mut archive, &bytes, trust, &mut problems, &mut unchecked);
    let timestamp = match timestamp::of_bundle(&mut archive, &bytes, &trust.authorities) {
        Ok(Some(Stamped { words, unchecked: open })) => {
            unchecked.extend(open);
            words
        }
        Ok(None) => "none".to_owned(),
        Err(fault) => {
            problems.push(Problem::new(fault.file, State::Altered, fault.what.clone()));
            format!("does not hold: {}", fault.what)
        }
    };
    let report = report(&mut archive, &manifest, &mut problems);
    if problems.is_empty() && archive.is_zip() {
        match archive.first_difference() {
            Ok(None) => {}
            Ok(Some(at)) => {
                let what = format!("byte {at} of the archive, between the files, is not as the program packs them");
                problems.push(Problem::new(&name(path), State::Altered, what));
            }
            Err(error) => problems.push(Problem::new(&name(path), State::Altered, error.to_string())),
        }
    }
    let repeated = match report.filter(|_| problems.is_empty()) {
        Some(report) => {
            let folder = tempfile::tempdir().map_err(|error| BundleError::new("temporary folder", error))?;
            let unpacked = unpack(&mut archive, folder.path())?;
            let repeated = repeat::repeat(&manifest, &report, &unpacked, trust, &mut unchecked)?;
            problems.extend(repeated.problems.iter().cloned());
            Some(repeated)
        }
        None => {
            unchecked.push("what the report says was not repeated: the files are not as they were".to_owned());
            None
        }
    };
    problems.sort();
    problems.dedup();
    let made_by = format!("{} {}", manifest.tool.name, manifest.tool.version);
    let (kind, recorded, files) = (manifest.kind, manifest.recorded, manifest.files.len());
    Ok(Verification { kind, recorded, made_by, files, problems, signature, timestamp, repeated, unchecked })
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Every file against its digests.
fn files(archive: &mut Archive, manifest: &Manifest, problems: &mut Vec<Problem>) {
    let mut known: BTreeMap<&str, ()> = BESIDE.iter().map(|path| (*path, ())).collect();
    for file in &manifest.files {
        if known.insert(&file.path, ()).is_some() {
            problems.push(Problem::new(&file.path, State::Altered, "stands twice in the manifest"));
            continue;
        }
        let Some(member) = archive.member(&file.path) else {
            problems.push(Problem::new(&file.path, State::Missing, "is in the manifest and not in the bundle"));
            continue;
        };
        let what = match archive.with(&member, &mut |reader| Digests::of(reader, file.digests.bytes)) {
            Ok(Some(digests)) => digests.difference(&file.digests),
            Ok(None) => Some(format!("more than the {} bytes of the manifest", file.digests.bytes)),
            Err(error) => Some(format!("cannot be read: {error}")),
        };
        problems.extend(what.map(|what| Problem::new(&file.path, State::Altered, what)));
    }
    let added = archive.members.iter().filter(|member| !known.contains_key(member.path.as_str()));
    problems.extend(added.map(|member| Problem::new(&member.path, State::Added, "is in no manifest")));
}

fn signature(
    archive: &mut Archive,
    manifest: &[u8],
    trust: &Trust<'_>,
    problems: &mut Vec<Problem>,
    unchecked: &mut Vec<String>,
) -> String {
    if archive.member(SIGNATURE).is_none() {
        if trust.key.is_some() {
            problems.push(Problem::new(SIGNATURE, State::Missing, "a key was given, and the bundle is not signed"));
        } else {
            unchecked.push("the manifest is not signed: whoever changed a file could have changed it too".to_owned());
        }
        return "none".to_owned();
    }
    let text = archive.read(SIGNATURE, SIGNATURE_LIMIT).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let parsed = text.map_err(|error| error.to_string()).and_then(|text| {
        Signature::parse(&text).map_err(|error| error.to_string())
    });
    let signature = match parsed {
        Ok(signature) => signature,
        Err(what) => {
            problems.push(Problem::new(SIGNATURE, State::Altered, what.clone()));
            return what;
        }
    };
    let Some(key) = &trust.key else {
        let id = signature.key_id();
        unchecked.push(format!("the signature of key {id}: give its public key with --key"));
        return format!("of key {id}, not checked");
    };
    match signature.verify(key, manifest) {
        Ok(()) => format!("of key {key}, holds; trusted comment: {}", signature.comment()),
        Err(error) => {
            problems.push(Problem::new(SIGNATURE, State::Altered, format!("or {MANIFEST}: the signature {error}")));
            format!("{error}")
        }
    }
}

/// The report, where it is unaltered and agrees with manifest and chain.
fn report(archive: &mut Archive, manifest: &Manifest, problems: &mut Vec<Problem>) -> Option<Report> {
    if !manifest.files.iter().any(|file| file.path == REPORT) {
        problems.push(Problem::new(REPORT, State::Missing, "is not in the manifest"));
        return None;
    }
    let intact = |path: &str, problems: &[Problem]| !problems.iter().any(|problem| problem.path == path);
    if intact(chain::FILE, problems) {
        match archive.read(chain::FILE, CHAIN_LIMIT) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let lines: Vec<String> = text.lines().map(str::to_owned).collect();
                if let Some(line) = chain::broken(&text) {
                    let what = format!("line {line} does not follow from the one before it");
                    problems.push(Problem::new(chain::FILE, State::Altered, what));
                } else if chain::head(&lines) != manifest.chain {
                    problems.push(Problem::new(MANIFEST, State::Altered, "names another end of the chain of actions"));
                }
            }
            Err(error) => problems.push(Problem::new(chain::FILE, State::Altered, error.to_string())),
        }
    }
    if !intact(REPORT, problems) {
        return None;
    }
    let bytes = archive.read(REPORT, snapshot::LIMIT).map_err(|error| error.to_string());
    let parsed = bytes.and_then(|bytes| serde_json::from_slice::<Report>(&bytes).map_err(|error| error.to_string()));
    let report = match parsed {
        Ok(report) => report,
        Err(what) => {
            problems.push(Problem::new(REPORT, State::Altered, format!("is no report: {what}")));
            return None;
        }
    };
    let same = |(a, b): (&super::manifest::Original, &crate::observations::Input)| {
        (&a.name, a.bytes, &a.sha256) == (&b.name, b.bytes, &b.sha256)
    };
    let inputs = manifest.inputs.len() == report.inputs.len() && manifest.inputs.iter().zip(&report.inputs).all(same);
    if !inputs || manifest.tool != report.tool {
        problems.push(Problem::new(MANIFEST, State::Altered, "names other inputs or another program than the report"));
    }
    Some(report)
}

/// Copies everything but the pages into `folder`. The files were found to be unaltered.
fn unpack(archive: &mut Archive, folder: &Path) -> Result<PathBuf, BundleError> {
    let pages: BTreeSet<&str> = ["report.html", "report.md", "README.txt"].into();
    for member in archive.members.clone() {
        if pages.contains(member.path.as_str()) {
            continue;
        }
        let path = folder.join(&member.path);
        let fail = |error: io::Error| BundleError::new(&member.path, format!("cannot be unpacked: {error}"));
        path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(fail)?;
        let mut file = File::create(&path).map_err(fail)?;
        archive.with(&member, &mut |reader| io::copy(reader, &mut file).map(|_| ())).map_err(fail)?;
    }
    Ok(folder.to_owned())
}
