//! The capture files of one recording: a single one, or a series of which the oldest may be deleted.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};

use crate::session::{private_options, to_owner};

/// A file in the folder that names the capture while a recording runs. If it is still there later,
/// the recording was killed. Readers of a session ignore names that begin with a dot.
const RUNNING: &str = ".recording";

/// How a recording is spread over files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spread {
    /// Begin another file after this many bytes; `None`: one file only.
    pub file_bytes: Option<u64>,
    /// Keep this many files, the newest; `None`: all of them.
    pub files: Option<usize>,
}

/// Makes the files.
#[derive(Debug)]
pub struct Series {
    folder: PathBuf,
    spread: Spread,
    kept: VecDeque<PathBuf>,
    removed: u64,
}

impl Series {
    /// Files go into `folder`. What is there is never written over.
    pub fn new(folder: &Path, spread: Spread) -> Self {
        Self { folder: folder.to_owned(), spread, kept: VecDeque::new(), removed: 0 }
    }

    /// Whether a file of `bytes` is full.
    pub fn is_full(&self, bytes: u64) -> bool {
        self.spread.file_bytes.is_some_and(|most| bytes >= most)
    }

    /// Files that were deleted to make room.
    pub fn removed(&self) -> u64 {
        self.removed
    }

    /// The next file, made anew; the oldest one goes where there are too many.
    ///
    /// # Errors
    /// The path, and why it cannot be made or removed.
    pub fn next(&mut self) -> Result<(PathBuf, File), (PathBuf, std::io::Error)> {
        let (path, file) = self.fresh()?;
        self.kept.push_back(path.clone());
        while self.spread.files.is_some_and(|most| self.kept.len() > most.max(1)) {
            let Some(oldest) = self.kept.pop_front() else { break };
            std::fs::remove_file(&oldest).map_err(|error| (oldest, error))?;
            self.removed += 1;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Err(error) = begun(&self.folder, &name) {
            // The disk is full: an empty capture would make an audit of the others fail.
            let _ = std::fs::remove_file(&path);
            return Err(error);
        }
        Ok((path, file))
    }

    /// The first name that is free: `capture.pcapng`, `capture-2.pcapng` …; of a series
    /// `capture-00001.pcapng` …, so that the order of names is the order of time.
    fn fresh(&self) -> Result<(PathBuf, File), (PathBuf, std::io::Error)> {
        let mut number = 1u32;
        loop {
            let name = match (self.spread.file_bytes.is_some(), number) {
                (true, _) => format!("capture-{number:05}.pcapng"),
                (false, 1) => "capture.pcapng".to_owned(),
                (false, _) => format!("capture-{number}.pcapng"),
            };
            let path = self.folder.join(name);
            // The number of a deleted file is not used again, so that the order of names stays that of time.
            let later = self.kept.back().is_some_and(|last| *last >= path);
            if !later {
                // A capture may hold secrets and whatever was sent: it is its owner's alone.
                match private_options().create_new(true).open(&path) {
                    Ok(file) => {
                        to_owner(&path);
                        return Ok((path, file));
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < u32::MAX => {}
                    Err(error) => return Err((path, error)),
                }
            }
            number = number.saturating_add(1);
        }
    }

    /// The recording ended as it should.
    pub fn ended(&self) {
        ended(&self.folder);
    }
}

/// A recording into `folder` begins, whose packets are in `file`.
///
/// # Errors
/// The path, and why it cannot be written.
pub fn begun(folder: &Path, file: &str) -> Result<(), (PathBuf, std::io::Error)> {
    let mark = folder.join(RUNNING);
    std::fs::write(&mark, file).map_err(|error| (mark.clone(), error))?;
    to_owner(&mark);
    Ok(())
}

/// The recording into `folder` ended as it should.
pub fn ended(folder: &Path) {
    // Left behind, it only makes the next recording speak of this one.
    let _ = std::fs::remove_file(folder.join(RUNNING));
}

/// The file of a recording in `folder` that was not ended: killed, or its disk was full.
pub fn not_ended(folder: &Path) -> Option<String> {
    std::fs::read_to_string(folder.join(RUNNING)).ok().map(|name| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_newest_files_stay_and_their_names_go_forward() {
        let folder = tempfile::tempdir().unwrap();
        let spread = Spread { file_bytes: Some(100), files: Some(2) };
        let mut series = Series::new(folder.path(), spread);
        for _ in 0..4 {
            series.next().unwrap();
        }
        assert_eq!(names(folder.path()), [".recording", "capture-00003.pcapng", "capture-00004.pcapng"]);
        assert_eq!(series.removed(), 2);
        assert_eq!(not_ended(folder.path()).as_deref(), Some("capture-00004.pcapng"));
        series.ended();
        assert_eq!(not_ended(folder.path()), None);
        assert!(series.is_full(100) && !series.is_full(99));
    }

    #[test]
    fn what_is_there_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("capture.pcapng"), b"another").unwrap();
        let (path, _) = Series::new(folder.path(), Spread::default()).next().unwrap();
        assert_eq!(path, folder.path().join("capture-2.pcapng"));
        assert_eq!(std::fs::read(folder.path().join("capture.pcapng")).unwrap(), b"another");
    }
}
