//! The hashes of inputs, made on a thread beside what else is done with them.
//!
//! Reading and hashing a large file takes a fifth of what examining it does, and nothing of the
//! examination waits for it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};

use super::hashed::Hashed;
use super::members::Members;
use super::source::{OpenError, Source};
use crate::progress::Progress;

/// By path.
type Made = BTreeMap<PathBuf, io::Result<String>>;

/// SHA-256 of some inputs, under way.
#[derive(Debug)]
pub struct Digests(JoinHandle<Made>);

impl Digests {
    /// Begins with those of `sources`. `None`: the system gives no thread.
    pub fn begin(sources: &[Source]) -> Option<Self> {
        let paths: Vec<PathBuf> = sources.iter().map(|source| source.path().to_owned()).collect();
        let make = move || paths.into_iter().map(|path| (path.clone(), of(&path, &Progress::default()))).collect();
        std::thread::Builder::new().name("hash".to_owned()).spawn(make).ok().map(Self)
    }

    /// Those of `sources`, in their order, lower-case hex.
    ///
    /// # Errors
    /// Where one cannot be read any more.
    pub fn finish(self, sources: &[Source]) -> Result<Vec<String>, OpenError> {
        let mut made = self.0.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let mut of = |source: &Source| {
            let digest = made.remove(source.path()).unwrap_or_else(|| of(source.path(), &Progress::default()));
            digest.map_err(|error| OpenError::io(source.name(), &error))
        };
        sources.iter().map(&mut of).collect()
    }
}

/// The SHA-256 of a file. Of a folder: what `sha256sum` prints of all files in it, in the order of
/// their names (with the names relative to it), hashed once more.
pub(super) fn of(path: &Path, progress: &Progress) -> io::Result<String> {
    if !path.is_dir() {
        return Hashed::new(std::fs::File::open(path)?, progress).finish();
    }
    let members = Members::folder(path)?;
    let mut list = Sha256::new();
    for name in members.names() {
        let digest = Hashed::new(members.open(name)?, progress).finish()?;
        list.update(format!("{digest}  {name}\n"));
    }
    Ok(data_encoding::HEXLOWER.encode(&list.finalize()))
}
