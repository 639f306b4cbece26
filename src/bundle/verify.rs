//! Checks a bundle: every byte by its digests, then signature and timestamp, then what the
//! report says by repeating it.
//!
//! What a stranger hands over is read with the limits of [`super::archive`]. Nothing of it is
//! written anywhere but to a temporary folder, under names that were found to be plain.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::Path;

use serde::Serialize;

use super::archive::{Archive, BundleError, file_name};
use super::build::REPORT;
use super::chain;
use super::digest::{Difference, Digests};
use super::manifest::{BESIDE, Kind, LIMIT, MANIFEST, Manifest, RESPONSE, Recorded, SIGNATURE, SUMS};
use super::minisign::{PublicKey, Signature};
use super::problem::{Problem, Proof, ProofState, State, both};
use super::repeat::{self, Premises, Repeated};
use super::{none, sums, timestamp};
use crate::audit::{Report, Text, snapshot};
use crate::evidence::sha256_hex;

/// A signature is four lines; a timestamp with its certificates some kilobytes.
pub const PROOF_LIMIT: u64 = 256 << 10;

/// Lines of a chain are read into memory: a session has some hundred.
const CHAIN_LIMIT: u64 = 64 << 20;

/// Whom the reader of a bundle trusts.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Public key of who is to have signed it.
    pub key: Option<PublicKey>,
    /// Certificates (DER) of the time stamping authority or of those above it.
    pub authorities: Vec<Vec<u8>>,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Verification {
    /// Whether nothing is wrong with it.
    pub holds: bool,
    /// What the manifest says; `None` where it cannot be read.
    pub about: Option<About>,
    /// Files that were held against the manifest.
    pub files: usize,
    /// What is not as it should be, by file.
    pub problems: Vec<Problem>,
    /// The signature of the manifest.
    pub signature: Proof,
    /// Its timestamp.
    pub timestamp: Proof,
    /// What was repeated. `None`: files that it needs are not as they were.
    pub repeated: Option<Repeated>,
    /// What could not be checked, and why.
    pub unchecked: Vec<Text>,
}

/// What a manifest says of its bundle.
#[derive(Clone, Debug, Serialize)]
pub struct About {
    /// Masked or sealed.
    pub kind: Kind,
    /// How the recording is in it.
    pub recorded: Recorded,
    /// Program and version that made it.
    pub made_by: String,
}

/// A bundle whose bytes were checked.
pub struct Checked {
    /// What came of it so far; nothing is repeated.
    pub verification: Verification,
    intact: Option<Box<Intact>>,
}

struct Intact {
    archive: Archive,
    manifest: Manifest,
    report: Report,
}

/// Checks the bytes of the bundle at `path`: containers, digests, signature, timestamp.
///
/// # Errors
/// Where it cannot be used at all: no bundle, beyond a limit.
pub fn check(path: &Path, trust: &Trust) -> Result<Checked, BundleError> {
    let mut archive = Archive::open(path)?;
    if none::is_none(&mut archive, LIMIT) {
        return Err(BundleError::None(none::told(path)));
    }
    let mut verification = Verification {
        holds: false,
        about: None,
        files: 0,
        problems: archive.faults.iter().map(Problem::of_fault).collect(),
        signature: Proof::none(),
        timestamp: Proof::none(),
        repeated: None,
        unchecked: Vec::new(),
    };
    let intact = check_files(&mut archive, &file_name(path), trust, &mut verification);
    let problems = &mut verification.problems;
    problems.sort();
    problems.dedup();
    verification.holds = problems.is_empty();
    let intact = intact.filter(|_| verification.holds);
    if intact.is_none() {
        verification.unchecked.push(both(
            "what the report says was not repeated: the files are not as they were",
            "未重做报告中的判断：文件与原样不符",
        ));
    }
    let intact = intact.map(|(manifest, report)| Box::new(Intact { archive, manifest, report }));
    Ok(Checked { verification, intact })
}

impl Checked {
    /// Whether every byte is as it was, so that what it says can be repeated.
    pub fn is_intact(&self) -> bool {
        self.intact.is_some()
    }

    /// Repeats what the report says, where every byte is as it was.
    ///
    /// # Errors
    /// Where the temporary folder cannot be written, or a file not be read that was read before.
    pub fn repeat(self, premises: &Premises<'_>) -> Result<Verification, BundleError> {
        let Self { mut verification, intact } = self;
        let Some(intact) = intact else { return Ok(verification) };
        let Intact { mut archive, manifest, report } = *intact;
        let folder = tempfile::tempdir().map_err(|error| BundleError::new("temporary folder", error))?;
        unpack(&mut archive, folder.path())?;
        let mut repeated = repeat::repeat(&manifest, &report, folder.path(), premises, &mut verification.unchecked)?;
        verification.problems = std::mem::take(&mut repeated.problems);
        verification.problems.sort();
        verification.problems.dedup();
        verification.holds = verification.problems.is_empty();
        verification.repeated = Some(repeated);
        Ok(verification)
    }
}

fn check_files(
    archive: &mut Archive,
    name: &str,
    trust: &Trust,
    verification: &mut Verification,
) -> Option<(Manifest, Report)> {
    let Verification { problems, unchecked, .. } = verification;
    let mut read = |path, limit, problems: &mut Vec<Problem>| {
        archive.member(path)?;
        archive.read(path, limit).map_err(|error| problems.push(unreadable(path, &error))).ok()
    };
    let [manifest, sums, signature, response] =
        [(MANIFEST, LIMIT), (SUMS, LIMIT), (SIGNATURE, PROOF_LIMIT), (RESPONSE, PROOF_LIMIT)]
            .map(|(path, limit)| read(path, limit, problems));
    let missing = both("is not in the bundle", "不在证据包中");
    let listed = |path: &str, problems: &[Problem]| problems.iter().any(|problem| problem.path == path);
    for (path, there) in [(MANIFEST, &manifest), (SUMS, &sums)] {
        if there.is_none() && archive.member(path).is_none() && !listed(path, problems) && archive.is_readable() {
            problems.push(Problem::new(path, State::Missing, missing.clone()));
        }
    }
    let bytes = manifest?;
    let manifest = match Manifest::parse(&bytes) {
        Ok(manifest) => manifest,
        Err(what) => {
            let what = both(format!("is no manifest: {what}"), format!("不是有效的清单：{what}"));
            problems.push(Problem::new(MANIFEST, State::Altered, what));
            return None;
        }
    };
    verification.about = Some(About {
        kind: manifest.kind,
        recorded: manifest.recorded,
        made_by: format!("{} {}", manifest.tool.name, manifest.tool.version),
    });
    verification.files = manifest.files.len();
    files(archive, &manifest, problems);
    let beside: BTreeMap<&str, String> =
        [(MANIFEST, Some(&bytes)), (SIGNATURE, signature.as_ref()), (RESPONSE, response.as_ref())]
            .into_iter()
            .filter_map(|(path, bytes)| Some((path, sha256_hex(bytes?))))
            .collect();
    problems.extend(sums.iter().flat_map(|sums| sums::check(sums, &manifest, &beside)));
    verification.signature = check_signature(signature.as_deref(), (&manifest, &bytes), trust, problems, unchecked);
    verification.timestamp = check_timestamp(response.as_deref(), &bytes, trust, problems, unchecked);
    let report = report(archive, &manifest, problems);
    if problems.is_empty() {
        between(archive, name, problems);
    }
    report.map(|report| (manifest, report))
}

fn unreadable(path: &str, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(path, State::Altered, both(format!("cannot be read: {error}"), format!("无法读取：{error}")))
}

/// Every file against its digests.
fn files(archive: &mut Archive, manifest: &Manifest, problems: &mut Vec<Problem>) {
    let mut known: BTreeSet<&str> = BESIDE.into();
    for file in &manifest.files {
        let mut say =
            |path: &str, state, en: String, zh: String| problems.push(Problem::new(path, state, both(en, zh)));
        if !known.insert(&file.path) {
            let path = &file.path;
            say(MANIFEST, State::Altered, format!("has {path} twice"), format!("{path} 列了两次"));
            continue;
        }
        let Some(member) = archive.member(&file.path) else {
            say(&file.path, State::Missing, "is not in the bundle".to_owned(), "不在证据包中".to_owned());
            continue;
        };
        let longer = Some(Difference::Length { bytes: member.bytes, listed: file.digests.bytes });
        let difference = match archive.with(&member, &mut |reader| Digests::of(reader, file.digests.bytes)) {
            Ok(Some(digests)) => digests.difference(&file.digests),
            Ok(None) => longer,
            Err(error) => {
                problems.push(unreadable(&file.path, &error));
                continue;
            }
        };
        match difference {
            None => {}
            Some(Difference::Length { bytes, listed }) if bytes != listed => {
                let zh = format!("{bytes} 字节，清单中为 {listed}");
                say(&file.path, State::Altered, format!("{bytes} bytes, {listed} in the manifest"), zh);
            }
            Some(Difference::Length { .. } | Difference::Content) => say(
                &file.path,
                State::Altered,
                "SHA-256, SHA-512 and SM3 differ from the manifest".to_owned(),
                "SHA-256、SHA-512、SM3 与清单不符".to_owned(),
            ),
            Some(Difference::Listed(names)) => {
                let (path, names) = (&file.path, if names.is_empty() { vec!["length"] } else { names });
                say(
                    MANIFEST,
                    State::Altered,
                    format!("of {path}, {} was changed here, and not in the file", names.join(" and ")),
                    format!("{path} 的 {} 在清单中被改动，文件本身未变", names.join("、")),
                );
            }
        }
    }
    let added = archive.members.iter().filter(|member| !known.contains(member.path.as_str()));
    problems.extend(added.map(|m| Problem::new(&m.path, State::Added, both("is in no manifest", "不在清单中"))));
}

/// Bytes of an archive that belong to no file.
fn between(archive: &mut Archive, name: &str, problems: &mut Vec<Problem>) {
    match archive.first_difference() {
        Ok(None) => {}
        Ok(Some(at)) => {
            let what = both(
                format!("byte {at} of the archive, between the files, is not as the program packs them"),
                format!("压缩包第 {at} 字节（文件之间）与本程序打包的结果不符"),
            );
            problems.push(Problem::new(name, State::Altered, what));
        }
        Err(error) => problems.push(unreadable(name, &error)),
    }
}

fn check_signature(
    bytes: Option<&[u8]>,
    (manifest, message): (&Manifest, &[u8]),
    trust: &Trust,
    problems: &mut Vec<Problem>,
    unchecked: &mut Vec<Text>,
) -> Proof {
    let fails = |state: State, what: Text, problems: &mut Vec<Problem>| {
        problems.push(Problem::new(SIGNATURE, state, what.clone()));
        Proof { state: ProofState::Fails, what }
    };
    let Some(bytes) = bytes else {
        if trust.key.is_some() || manifest.key.is_some() {
            let what = both("the manifest is to be signed, and is not", "清单应有签名而没有");
            return fails(State::Missing, what, problems);
        }
        unchecked.push(both(
            "the manifest is not signed: whoever changed a file could have changed it too",
            "清单没有签名：改动文件的人也可能同时改动了清单",
        ));
        return Proof::none();
    };
    let signature = match std::str::from_utf8(bytes).ok().map(Signature::parse) {
        Some(Ok(signature)) => signature,
        Some(Err(error)) => return fails(State::Altered, both(error.to_string(), error.zh()), problems),
        None => return fails(State::Altered, both("is no minisign signature", "不是 minisign 签名"), problems),
    };
    let named = manifest.key.as_deref().map(PublicKey::parse);
    let id = signature.key_id();
    for key in [named.and_then(Result::ok), trust.key].into_iter().flatten() {
        if let Err(error) = signature.verify(&key, message) {
            let what = both(
                format!("the signature {error} (key {key}; the signature names {id})"),
                format!("签名{}（公钥 {key}；签名中为 {id}）", error.zh()),
            );
            return fails(State::Altered, what, problems);
        }
    }
    if trust.key.is_none() {
        unchecked.push(both(
            format!("whose key {id} is: give the public key that you know with --key"),
            format!("密钥 {id} 属于谁：请用 --key 提供您已知的公钥"),
        ));
        return Proof { state: ProofState::Unproven, what: both(format!("of key {id}"), format!("密钥 {id}")) };
    }
    let comment = signature.comment();
    let what = both(format!("of key {id}; trusted comment: {comment}"), format!("密钥 {id}；受信注释：{comment}"));
    Proof { state: ProofState::Holds, what }
}

fn check_timestamp(
    response: Option<&[u8]>,
    message: &[u8],
    trust: &Trust,
    problems: &mut Vec<Problem>,
    unchecked: &mut Vec<Text>,
) -> Proof {
    let Some(response) = response else { return Proof::none() };
    match timestamp::verify(response, message, &trust.authorities) {
        Ok(stamp) => {
            unchecked.extend(stamp.unchecked);
            let state = if stamp.trusted { ProofState::Holds } else { ProofState::Unproven };
            Proof {
                state,
                what: both(format!("{} by {}", stamp.time, stamp.by), format!("{}，{}", stamp.time, stamp.by)),
            }
        }
        Err(what) => {
            problems.push(Problem::new(RESPONSE, State::Altered, what.clone()));
            Proof { state: ProofState::Fails, what }
        }
    }
}

/// The report, where it is unaltered and agrees with manifest and chain.
fn report(archive: &mut Archive, manifest: &Manifest, problems: &mut Vec<Problem>) -> Option<Report> {
    let altered = |path: &str, problems: &[Problem]| problems.iter().any(|problem| problem.path == path);
    if !altered(chain::FILE, problems) {
        match archive.read(chain::FILE, CHAIN_LIMIT) {
            Ok(bytes) => check_chain(&String::from_utf8_lossy(&bytes), manifest, problems),
            Err(error) => problems.push(unreadable(chain::FILE, &error)),
        }
    }
    if altered(REPORT, problems) {
        return None;
    }
    let bytes = archive.read(REPORT, snapshot::LIMIT).map_err(|error| error.to_string());
    let parsed = bytes.and_then(|bytes| serde_json::from_slice::<Report>(&bytes).map_err(|error| error.to_string()));
    let report = parsed.map_err(|error| problems.push(unreadable(REPORT, &error))).ok()?;
    let same = |(a, b): (&super::manifest::Original, &crate::observations::Input)| {
        (&a.name, a.bytes, &a.sha256) == (&b.name, b.bytes, &b.sha256)
    };
    let inputs = manifest.inputs.len() == report.inputs.len() && manifest.inputs.iter().zip(&report.inputs).all(same);
    if !inputs || manifest.tool != report.tool {
        let what = both("names other inputs or another program than the report", "所列输入或程序与报告不同");
        problems.push(Problem::new(MANIFEST, State::Altered, what));
    }
    Some(report)
}

fn check_chain(text: &str, manifest: &Manifest, problems: &mut Vec<Problem>) {
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if let Some(line) = chain::broken(text) {
        let what =
            both(format!("line {line} does not follow from the one before it"), format!("第 {line} 行与前一行不相连"));
        problems.push(Problem::new(chain::FILE, State::Altered, what));
    } else if chain::head(&lines) != manifest.chain {
        let what = both("names another end of the chain of actions", "所列操作链末端不同");
        problems.push(Problem::new(MANIFEST, State::Altered, what));
    }
}

/// Copies everything but what is only read by people into `folder`. The files were found to be unaltered.
fn unpack(archive: &mut Archive, folder: &Path) -> Result<(), BundleError> {
    let pages: BTreeSet<&str> = ["report.md", "README.txt"].into();
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
    Ok(())
}
