//! The session folder: what was recorded, on which device, and what happened when.
//!
//! Takes a folder (or bare captures), hands on its inputs, device profile, marks,
//! settlements and clock. It names files and never opens a capture.

mod amend;
mod clock;
mod canary;
mod describe;
mod ignore;
mod keys;
mod marks;
mod pirogue;
mod place;
mod privacy;
mod profile;
mod settled;
mod template;

use std::path::{Path, PathBuf};

pub use amend::{Amendment, amend};
pub use canary::canaries;
pub use describe::{Build, Case, DEFAULT_SKEW_MS, Description, Measured, OnClock, Recorded, Shift};
pub use ignore::{
    IgnoreRule, IgnoreState, Matcher, WARNING_DAYS, parse_day, parse_ignore, read_ignore, without_rules, write_rule,
};
pub use keys::is_key_log;
pub use marks::{MARKS, Mark, Timeline, append_mark, parse_mark, read_marks};
pub(crate) use place::line_at;
pub use privacy::{exposures, is_private, private_folder, private_options, repository, to_owner};
pub use profile::{Profile, ProfileValue};
pub use settled::{SettledAs, Settlement, read_settled};
pub use template::{Known, begin, template};

use crate::progress::Progress;
use crate::signatures::Signatures;
use crate::witness::{self, Witness};

/// Something in a session that cannot be used, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {what}")]
pub struct SessionError {
    /// The file or folder, with a line where there is one.
    pub path: String,
    /// What is wrong and what would be right.
    pub what: String,
}

impl SessionError {
    fn new(path: &Path, what: impl Into<String>) -> Self {
        Self { path: path.display().to_string(), what: what.into() }
    }
}

/// One test run.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// The folder, when it is one.
    pub folder: Option<PathBuf>,
    /// Captures, in the order given; those of a folder by name.
    pub captures: Vec<PathBuf>,
    /// Key logs and PEM files.
    pub keys: Vec<PathBuf>,
    /// Captures of the device at rest; the session's own are those in its folder whose name
    /// starts with `noise`.
    pub noise: Vec<PathBuf>,
    /// Files that say where addresses lie: MMDB, or ranges in CSV.
    pub geo: Vec<PathBuf>,
    /// `session.toml`.
    pub description: Description,
    /// `device.toml`.
    pub profile: Profile,
    /// `phases.jsonl`, by time.
    pub marks: Vec<Mark>,
    /// `settled.toml`.
    pub settled: Vec<Settlement>,
    /// `ignore.toml`.
    pub ignore: Vec<IgnoreRule>,
    /// What other tools wrote beside the traffic.
    pub witnesses: Vec<Witness>,
    /// Files in the folder whose name does not say what they are: read where their content does.
    pub others: Vec<PathBuf>,
    /// Names of files in the folder that nothing reads.
    pub unread: Vec<String>,
    /// What a person should be told of files that were not read, or not as a whole.
    pub remarks: Vec<String>,
    /// How far reading it has come.
    pub progress: Progress,
}

/// Extensions of captures inside a session folder. What a file is, its content decides.
const CAPTURES: &[&str] = &["pcap", "pcapng", "cap", "har", "mitm", "flow", "flows", "zhar", "chlsj", "chlz", "saz"];
/// Extensions of files inside a session folder that may be anything.
const OTHERS: &[&str] = &["zip", "txt", "json", "csv", "ndjson", "xlsx", "xls"];
/// How the name of a capture of the device at rest starts.
const NOISE: &str = "noise";
/// Extensions of keys inside a session folder.
const KEYS: &[&str] = &["keys", "keylog", "pem"];

impl Session {
    /// Opens a folder, or takes the files as they are. `-` is standard input.
    pub fn open(paths: &[PathBuf], signatures: &Signatures) -> Result<Self, SessionError> {
        let mut session = Self::default();
        for path in paths {
            let is_stdin = path.as_os_str() == "-";
            if !is_stdin && matches!(path.try_exists(), Ok(false)) {
                return Err(SessionError::new(path, "there is no such file or folder; check the path"));
            }
            if !is_stdin && path.is_dir() && !is_record_folder(path) {
                if session.folder.is_some() {
                    return Err(SessionError::new(path, "is a second session folder; audit one at a time"));
                }
                if let Some(error) = session.read_folder(path, signatures)?.into_iter().next() {
                    return Err(error);
                }
            } else if let Some(witness) = may_be_witness(path).then(|| witness::read(path)).flatten() {
                session.witnesses.push(witness);
            } else {
                session.captures.push(path.clone());
            }
        }
        if session.captures.is_empty() && session.others.is_empty() {
            let folder = session.folder.as_deref().unwrap_or(Path::new("."));
            let what = format!("holds no capture (looked for *.{}); record one or copy it there", CAPTURES.join(" *."));
            return Err(SessionError::new(folder, what));
        }
        Ok(session)
    }

    /// The session in a folder, and an error for each file in it that cannot be used and was left out.
    /// `Err`: the folder cannot be listed.
    pub fn look(folder: &Path, signatures: &Signatures) -> Result<(Self, Vec<SessionError>), SessionError> {
        let mut session = Self::default();
        let errors = session.read_folder(folder, signatures)?;
        Ok((session, errors))
    }

    /// Takes in the files of a folder; those that cannot be used are errors of their own.
    fn read_folder(&mut self, folder: &Path, signatures: &Signatures) -> Result<Vec<SessionError>, SessionError> {
        let unreadable = |error: std::io::Error| SessionError::new(folder, format!("cannot be read: {error}"));
        let mut names: Vec<PathBuf> = std::fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| entry.map(|e| e.path())).collect())
            .map_err(unreadable)?;
        names.sort();
        let mut errors = Vec::new();
        for path in names {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if is_record_folder(&path) {
                    self.captures.push(path);
                } else if holds_captures(&path) {
                    self.remarks.push(format!(
                        "{name}: a folder inside the session is not read, and this one holds captures; move them up, or give them by themselves"
                    ));
                }
                continue;
            }
            if name.starts_with('.') {
                continue;
            }
            match name.as_str() {
                "session.toml" => take(&mut self.description, Description::read(&path), &mut errors),
                "device.toml" => take(&mut self.profile, Profile::read(&path, signatures), &mut errors),
                "settled.toml" => take(&mut self.settled, read_settlements(&path), &mut errors),
                "ignore.toml" => take(&mut self.ignore, read_ignore(&path), &mut errors),
                "phases.jsonl" => take(&mut self.marks, read_marks(&path), &mut errors),
                "keys.log" => self.keys.push(path),
                _ if has_extension(&name, CAPTURES) && name.starts_with(NOISE) => self.noise.push(path),
                _ if has_extension(&name, CAPTURES) => self.captures.push(path),
                _ if has_extension(&name, KEYS) => self.keys.push(path),
                _ if keys::holds_keys(&path) => self.keys.push(path),
                _ if has_extension(&name, OTHERS) => match witness::read(&path) {
                    Some(witness) => self.witnesses.push(witness),
                    None => self.others.push(path),
                },
                _ => self.unread.push(name),
            }
        }
        if let Some(device) = pirogue::device(folder, signatures) {
            // What a person wrote goes first.
            for (data_type, values) in device.profile.ids {
                self.profile.ids.entry(data_type).or_insert(values);
            }
            self.description.device = self.description.device.take().or(device.words);
            self.remarks.extend(device.remarks);
        }
        self.folder = Some(folder.to_owned());
        if let Some(policy) = self.policy() {
            self.others.retain(|path| *path != policy);
        }
        Ok(errors)
    }

    /// The policy that the session names, as a path.
    pub fn policy(&self) -> Option<PathBuf> {
        let name = self.description.policy.as_deref()?;
        let path = PathBuf::from(name);
        Some(self.folder.as_ref().map_or(path.clone(), |folder| folder.join(path)))
    }
}

/// Whether a file on the command line may be something that another tool wrote beside the traffic:
/// not if it is a pipe, which gives its bytes only once, or is named like a capture.
fn may_be_witness(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.is_file() && has_extension(&name, OTHERS)
}

/// A folder that HttpCanary wrote: in it are folders with numbers, and in these what describes
/// a record. It is one capture, not a session.
fn is_record_folder(path: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(path) else { return false };
    entries.filter_map(Result::ok).take(FOLDERS).any(|entry| {
        let numbered = entry.file_name().to_str().is_some_and(|name| name.starts_with(|c: char| c.is_ascii_digit()));
        let described = |file: &str| entry.path().join(file).is_file();
        numbered && ["request.json", "tcp.json", "udp.json", "websocket.json"].into_iter().any(described)
    })
}

/// Whether there are files in it that are named like captures.
fn holds_captures(path: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(path) else { return false };
    entries.filter_map(Result::ok).take(FOLDERS).any(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        !name.starts_with('.') && has_extension(&name, CAPTURES) && entry.path().is_file()
    })
}

/// Entries of a folder that are looked at to tell what it is.
const FOLDERS: usize = 64;

fn take<T>(into: &mut T, read: Result<T, SessionError>, errors: &mut Vec<SessionError>) {
    match read {
        Ok(read) => *into = read,
        Err(error) => errors.push(error),
    }
}

/// Whether the extension is one of `known`, not counting a suffix for compression.
fn has_extension(name: &str, known: &[&str]) -> bool {
    let lower = name.to_lowercase();
    let stem = lower.strip_suffix(".gz").or_else(|| lower.strip_suffix(".zst")).unwrap_or(&lower);
    stem.rsplit_once('.').is_some_and(|(_, extension)| known.contains(&extension))
}

/// Reads `settled.toml`; a hand-written file, so at most a megabyte.
fn read_settlements(path: &Path) -> Result<Vec<Settlement>, SessionError> {
    read_settled(&read_text(path, 1 << 20)?)
        .map_err(|(line, what)| SessionError { path: format!("{}:{line}", path.display()), what })
}

/// Reads a text file of the session, at most `limit` bytes.
fn read_text(path: &Path, limit: u64) -> Result<String, SessionError> {
    let unreadable = |error: std::io::Error| SessionError::new(path, format!("cannot be read: {error}"));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > limit {
        return Err(SessionError::new(path, format!("is {size} bytes; at most {limit} are read")));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let no_text = |_| SessionError::new(path, "is no text in UTF-8: save it with that encoding");
    let text = String::from_utf8(bytes).map_err(no_text)?;
    // Editors of Windows put a byte order mark in front.
    Ok(text.strip_prefix('\u{feff}').map_or(text.as_str(), |rest| rest).to_owned())
}
