//! The session folder: what was recorded, on which device, and what happened when.
//!
//! Takes a folder (or bare captures), hands on its inputs, device profile, marks,
//! settlements and clock. It names files and never opens a capture.

mod canary;
mod describe;
mod ignore;
mod marks;
mod profile;
mod settled;

use std::path::{Path, PathBuf};

pub use canary::canaries;
pub use describe::{Case, Description};
pub use ignore::{
    IgnoreRule, IgnoreState, Matcher, WARNING_DAYS, parse_day, parse_ignore, read_ignore, without_rules, write_rule,
};
pub use marks::{MARKS, Mark, Timeline, parse_mark, read_marks};
pub use profile::{Profile, ProfileValue};
pub use settled::{SettledAs, Settlement, read_settled};

use crate::signatures::Signatures;

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
    /// Files in the folder that are read by nothing here, by name.
    pub unread: Vec<String>,
}

/// Extensions of captures inside a session folder. What a file is, its content decides.
const CAPTURES: &[&str] = &["pcap", "pcapng", "cap", "har", "mitm", "flow", "flows", "zhar"];
/// How the name of a capture of the device at rest starts.
const NOISE: &str = "noise";
/// Extensions of keys inside a session folder.
const KEYS: &[&str] = &["keys", "keylog", "pem"];

impl Session {
    /// Opens a folder, or takes the files as they are. `-` is standard input.
    pub fn open(paths: &[PathBuf], signatures: &Signatures) -> Result<Self, SessionError> {
        let mut session = Self::default();
        for path in paths {
            if path.as_os_str() != "-" && path.is_dir() {
                if session.folder.is_some() {
                    return Err(SessionError::new(path, "is a second session folder; audit one at a time"));
                }
                session.read_folder(path, signatures)?;
            } else {
                session.captures.push(path.clone());
            }
        }
        if session.captures.is_empty() {
            let folder = session.folder.as_deref().unwrap_or(Path::new("."));
            let what = format!("holds no capture (looked for *.{}); record one or copy it there", CAPTURES.join(" *."));
            return Err(SessionError::new(folder, what));
        }
        Ok(session)
    }

    fn read_folder(&mut self, folder: &Path, signatures: &Signatures) -> Result<(), SessionError> {
        let unreadable = |error: std::io::Error| SessionError::new(folder, format!("cannot be read: {error}"));
        let mut names: Vec<PathBuf> = std::fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| entry.map(|e| e.path())).collect())
            .map_err(unreadable)?;
        names.sort();
        for path in names {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() || name.starts_with('.') {
                continue;
            }
            match name.as_str() {
                "session.toml" => self.description = Description::read(&path)?,
                "device.toml" => self.profile = Profile::read(&path, signatures)?,
                "settled.toml" => self.settled = read_settlements(&path)?,
                "ignore.toml" => self.ignore = read_ignore(&path)?,
                "phases.jsonl" => self.marks = read_marks(&path)?,
                "keys.log" => self.keys.push(path),
                _ if has_extension(&name, CAPTURES) && name.starts_with(NOISE) => self.noise.push(path),
                _ if has_extension(&name, CAPTURES) => self.captures.push(path),
                _ if has_extension(&name, KEYS) => self.keys.push(path),
                _ => self.unread.push(name),
            }
        }
        self.folder = Some(folder.to_owned());
        Ok(())
    }

    /// The policy that the session names, as a path.
    pub fn policy(&self) -> Option<PathBuf> {
        let name = self.description.policy.as_deref()?;
        let path = PathBuf::from(name);
        Some(self.folder.as_ref().map_or(path.clone(), |folder| folder.join(path)))
    }
}

/// The extension is one of `known`, compression suffixes aside.
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
    std::fs::read_to_string(path).map_err(unreadable)
}
