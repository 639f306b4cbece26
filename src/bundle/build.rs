//! The files of a bundle, put together in a folder.
//!
//! A masked bundle holds what is for sharing: the report, the policy as it was given, and the chain
//! of actions. A sealed one also holds the recording, as slices or as it was given. The device
//! profile is in neither: who has the device can check the values, nobody else needs them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::archive::{Archive, BundleError, FILES};
use super::chain;
use super::digest::Digests;
use super::manifest::{BESIDE, Kind, MANIFEST, Manifest, ManifestFile, Original, Recorded, SIGNATURE, SUMS};
use super::minisign::SecretKey;
use super::readme;
use super::select::Selection;
use super::slice::slices;
use super::sums;
use crate::audit::Report;
use crate::audit::gate::Gate;
use crate::evidence::{Time, sha256_hex};
use crate::examine::Recording;
use crate::policy;
use crate::report::{Language, Places, Service, html, json, markdown};

/// Where the slices lie, and the list of them.
pub const SLICES: &str = "slices";
/// The list: which finding, which frames.
pub const INDEX: &str = "slices/index.json";
/// Where the captures and their keys lie.
pub const CAPTURES: &str = "captures";
/// See [`CAPTURES`].
pub const KEYS: &str = "captures/keys";
/// The report as page.
pub const PAGE: &str = "report.html";
/// The report as data.
pub const REPORT: &str = "report.json";

/// Entries of a folder that is a recording: three to five for each of some ten thousand exchanges.
const FOLDER_ENTRIES: usize = 50_000;

/// What a bundle is made of.
pub struct Contents<'a> {
    /// The report, with masked values.
    pub report: &'a Report,
    /// Files and folders of the policy.
    pub policies: &'a [PathBuf],
    /// What the report is about.
    pub recording: &'a Recording,
    /// Key logs and PEM files of the session.
    pub keys: &'a [PathBuf],
    /// Notes at marks: time, mark, words.
    pub notes: &'a [(Time, String, String)],
    /// See [`Kind`].
    pub kind: Kind,
    /// See [`Recorded`].
    pub recorded: Recorded,
    /// The command, paths without their folders.
    pub command: Vec<String>,
    /// Of the report's pages.
    pub language: Language,
    /// Of the report's summary.
    pub gate: &'a Gate,
}

/// A line of the list of slices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sliced {
    /// Path in the bundle.
    pub file: String,
    /// Fingerprint of its finding.
    pub finding: String,
    /// What it is, in words.
    pub title: String,
    /// Display filter that shows the message, or pointers of the entries.
    pub filter: String,
    /// Where its frames or entries lie in the inputs, in their order.
    pub origin: Vec<Origin>,
}

/// Frames or entries of one input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Position in `inputs` of the report.
    pub input: u32,
    /// Runs of numbers: frames from 1, entries from 0.
    pub numbers: Vec<String>,
}

/// Writes the files of a bundle into `folder`, which is empty, and signs its manifest with `key`.
///
/// # Errors
/// Where something cannot be read or written.
pub fn build(contents: &Contents<'_>, folder: &Path, key: Option<&SecretKey>) -> Result<Manifest, BundleError> {
    let report = contents.report;
    let unwritten = |name: &str| {
        let name = name.to_owned();
        move |error: &dyn std::fmt::Display| BundleError::new(&name, format!("cannot be written: {error}"))
    };
    let service = Service { language: contents.language, gate: contents.gate, places: &Places::names(report) };
    let page = html::render(report, contents.language).map_err(|e| unwritten(PAGE)(&e))?;
    write(folder, PAGE, page.as_bytes())?;
    let summary = markdown::render(report, &service).map_err(|e| unwritten("report.md")(&e))?;
    write(folder, "report.md", summary.as_bytes())?;
    let data = json::render(report).map_err(|e| unwritten(REPORT)(&e))?;
    write(folder, REPORT, data.as_bytes())?;
    write(folder, "README.txt", readme::text(contents.kind, contents.recorded).as_bytes())?;
    let lines = chain::lines(report, if contents.kind == Kind::Sealed { contents.notes } else { &[] });
    write(folder, chain::FILE, lines.iter().map(|line| format!("{line}\n")).collect::<String>().as_bytes())?;
    let policy = policies(contents.policies, folder)?;
    match contents.recorded {
        Recorded::None => {}
        Recorded::Slices => write_slices(contents, folder)?,
        Recorded::Captures => write_captures(contents, folder)?,
    }
    let original = |input: &crate::observations::Input| Original {
        name: input.name.clone(),
        bytes: input.bytes,
        sha256: input.sha256.clone(),
    };
    let manifest = Manifest {
        schema: Manifest::schema(),
        kind: contents.kind,
        sensitive: contents.kind == Kind::Sealed,
        tool: report.tool.clone(),
        command: contents.command.clone(),
        inputs: report.inputs.iter().map(original).collect(),
        recorded: contents.recorded,
        policy,
        chain: chain::head(&lines),
        key: key.map(|key| key.public().to_line()),
        files: files(folder)?,
    };
    let bytes = manifest.to_bytes()?;
    write(folder, MANIFEST, &bytes)?;
    let mut beside: BTreeMap<&str, String> = [(MANIFEST, sha256_hex(&bytes))].into();
    if let Some(key) = key {
        let signature = key.sign(&bytes, &format!("file:{MANIFEST} {}", manifest.schema));
        write(folder, SIGNATURE, signature.as_bytes())?;
        beside.insert(SIGNATURE, sha256_hex(signature.as_bytes()));
    }
    write(folder, SUMS, sums::text(&manifest, &beside).as_bytes())?;
    Ok(manifest)
}

/// Digests of all files, by path.
fn files(folder: &Path) -> Result<Vec<ManifestFile>, BundleError> {
    let mut archive = Archive::open(folder)?;
    if let Some(fault) = archive.faults.first() {
        return Err(BundleError::new(&fault.path, "is a name that cannot stand in a bundle; rename the file"));
    }
    let mut files = Vec::new();
    for member in archive.members.clone() {
        if BESIDE.contains(&member.path.as_str()) {
            continue;
        }
        let digests = archive
            .with(&member, &mut |reader| Digests::of(reader, u64::MAX))
            .map_err(|error| BundleError::new(&member.path, format!("cannot be read: {error}")))?;
        files.extend(digests.map(|digests| ManifestFile { path: member.path.clone(), digests }));
    }
    Ok(files)
}

/// Copies the policy and returns what is to be given to `--policy` to read it again.
fn policies(paths: &[PathBuf], folder: &Path) -> Result<Vec<String>, BundleError> {
    let (mut given, mut taken) = (Vec::new(), BTreeSet::new());
    for (path, number) in paths.iter().zip(1..) {
        let name = path.file_name().map_or_else(|| "policy".to_owned(), |name| name.to_string_lossy().into_owned());
        // Of two with the same name each keeps it, as the report names them by it.
        let at = if taken.insert(name.clone()) { format!("policy/{name}") } else { format!("policy/{number}/{name}") };
        if path.is_dir() {
            // Just what is read of it: what else lies there is nobody's business.
            for file in policy::documents_of(path).map_err(|error| BundleError::new(path.display(), error))? {
                let inside = file.strip_prefix(path).unwrap_or(&file);
                let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
                copy(&file, folder, &format!("{at}/{}", parts.join("/")))?;
            }
        } else {
            copy(path, folder, &at)?;
        }
        given.push(at);
    }
    Ok(given)
}

fn write_slices(contents: &Contents<'_>, folder: &Path) -> Result<(), BundleError> {
    let recording = contents.recording;
    let findings = &contents.report.findings;
    let selections: Vec<Selection> =
        findings.iter().map(|finding| Selection::of_finding(contents.report, finding)).collect();
    let mut index = Vec::new();
    for (slice, finding) in slices(recording, &selections)?.iter().zip(findings) {
        for (number, part) in slice.parts.iter().enumerate() {
            if index.len() >= FILES {
                return Err(BundleError::new(SLICES, format!("more than {FILES} slices; use --full")));
            }
            let file = format!("{SLICES}/{}", part.file_name(&slice.name, number));
            let (mut output, path) = create(folder, &file)?;
            slice.write(recording, part, &mut output)?;
            output.flush().map_err(|error| BundleError::new(path.display(), error))?;
            let origin = part.origin().into_iter().map(|(input, numbers)| Origin { input, numbers }).collect();
            let (title, filter) = (slice.title.clone(), part.filter());
            index.push(Sliced { file, finding: finding.fingerprint.clone(), title, filter, origin });
        }
    }
    let mut bytes = serde_json::to_vec_pretty(&index).map_err(|error| BundleError::new(INDEX, error))?;
    bytes.push(b'\n');
    write(folder, INDEX, &bytes)
}

/// Copies the captures and keys as they were given, under `1/`, `2/` … in the order of the report.
fn write_captures(contents: &Contents<'_>, folder: &Path) -> Result<(), BundleError> {
    for (source, number) in contents.recording.sources.iter().zip(1..) {
        copy_all(source.path(), folder, &format!("{CAPTURES}/{number}/{}", source.name()))?;
    }
    for (path, number) in contents.keys.iter().zip(1..) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        copy(path, folder, &format!("{KEYS}/{number}/{name}"))?;
    }
    Ok(())
}

fn create(folder: &Path, name: &str) -> Result<(BufWriter<File>, PathBuf), BundleError> {
    let path = folder.join(name);
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| File::create(&path));
    let file = made.map_err(|error| BundleError::new(path.display(), format!("cannot be written: {error}")))?;
    Ok((BufWriter::new(file), path))
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
    let (mut file, path) = create(folder, name)?;
    file.write_all(bytes)
        .and_then(|()| file.flush())
        .map_err(|error| BundleError::new(path.display(), format!("cannot be written: {error}")))
}

/// Copies a file, or the files of a folder and of those in it: a recording may be one.
fn copy_all(from: &Path, folder: &Path, at: &str) -> Result<(), BundleError> {
    let mut left = vec![(from.to_owned(), at.to_owned())];
    let mut count = 0;
    while let Some((from, at)) = left.pop() {
        if !from.is_dir() {
            copy(&from, folder, &at)?;
            continue;
        }
        let entries = std::fs::read_dir(&from).map_err(|error| BundleError::new(from.display(), error))?;
        for entry in entries {
            let entry = entry.map_err(|error| BundleError::new(from.display(), error))?;
            // A link may lead anywhere; what reads these folders does not follow one either.
            let follow = entry.file_type().is_ok_and(|kind| !kind.is_symlink());
            count += 1;
            if count > FOLDER_ENTRIES {
                return Err(BundleError::new(from.display(), format!("holds more than {FOLDER_ENTRIES} files")));
            }
            left.extend(follow.then(|| (entry.path(), format!("{at}/{}", entry.file_name().to_string_lossy()))));
        }
    }
    Ok(())
}

fn copy(from: &Path, folder: &Path, name: &str) -> Result<(), BundleError> {
    let (mut to, path) = create(folder, name)?;
    let mut source = File::open(from).map_err(|error| BundleError::new(from.display(), error))?;
    io::copy(&mut source, &mut to)
        .and_then(|_| to.flush())
        .map_err(|error| BundleError::new(path.display(), format!("cannot be written: {error}")))
}
