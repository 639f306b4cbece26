//! A file that is hashed while it is read, on a thread of its own where there may be one.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use sha2::{Digest, Sha256};

use crate::progress::Progress;

/// Stretches that wait to be hashed: the reader is never far ahead.
const WAITING: usize = 4;

/// A file that is hashed while it is read. Clones share position and hash.
pub(super) struct Hashed {
    file: File,
    hash: Arc<Mutex<Hash>>,
    progress: Progress,
}

impl Hashed {
    /// Nothing of `file` read so far; `beside`: on another thread. What is read is counted in `progress`.
    pub(super) fn new(file: File, beside: bool, progress: &Progress) -> Self {
        let hash = if beside { Beside::start().map(Hash::Beside) } else { None };
        let hash = hash.unwrap_or_else(|| Hash::Here(Sha256::new()));
        Self { file, hash: Arc::new(Mutex::new(hash)), progress: progress.clone() }
    }

    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()?, hash: Arc::clone(&self.hash), progress: self.progress.clone() })
    }

    /// Reads the rest of the file: the SHA-256 of all of it, lower-case hex.
    pub(super) fn finish(mut self) -> io::Result<String> {
        io::copy(&mut self, &mut io::sink())?;
        let mut hash = self.hash.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = match std::mem::replace(&mut *hash, Hash::Here(Sha256::new())) {
            Hash::Here(hash) => hash.finalize(),
            Hash::Beside(beside) => beside.finish(),
        };
        Ok(data_encoding::HEXLOWER.encode(&digest))
    }
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.progress.read(n);
        if let Some(bytes) = buffer.get(..n) {
            match &mut *self.hash.lock().unwrap_or_else(PoisonError::into_inner) {
                Hash::Here(hash) => hash.update(bytes),
                Hash::Beside(beside) => beside.update(bytes),
            }
        }
        Ok(n)
    }
}

enum Hash {
    Here(Sha256),
    Beside(Beside),
}

/// A thread that hashes what it is sent.
struct Beside {
    stretches: Sender<Vec<u8>>,
    /// Stretches that were hashed, to be filled again.
    done: Receiver<Vec<u8>>,
    thread: JoinHandle<Sha256>,
}

impl Beside {
    /// `None`: the system gives no thread.
    fn start() -> Option<Self> {
        let (stretches, coming) = bounded::<Vec<u8>>(WAITING);
        let (back, done) = bounded(WAITING);
        let hash = move || {
            let mut hash = Sha256::new();
            for stretch in coming {
                hash.update(&stretch);
                // Where nobody waits for it, it is not needed any more.
                let _ = back.try_send(stretch);
            }
            hash
        };
        let thread = std::thread::Builder::new().name("hash".to_owned()).spawn(hash).ok()?;
        Some(Self { stretches, done, thread })
    }

    fn update(&mut self, bytes: &[u8]) {
        let mut stretch = self.done.try_recv().unwrap_or_default();
        stretch.clear();
        stretch.extend_from_slice(bytes);
        // It takes all until the sender is dropped.
        let _ = self.stretches.send(stretch);
    }

    fn finish(self) -> sha2::digest::Output<Sha256> {
        drop(self.stretches);
        match self.thread.join() {
            Ok(hash) => hash.finalize(),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// `printf abc | sha256sum`, and that of a million times `a` (FIPS 180-2, appendix B).
    #[test]
    fn here_and_beside_are_the_same() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let million = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
        for (content, digest) in [(b"abc".to_vec(), abc), (vec![b'a'; 1_000_000], million)] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&content).unwrap();
            for beside in [false, true] {
                let mut hashed = Hashed::new(File::open(file.path()).unwrap(), beside, &Progress::default());
                let rest = hashed.try_clone().unwrap();
                let mut some = vec![0; 70_001.min(content.len() - 1)];
                hashed.read_exact(&mut some).unwrap();
                assert_eq!(rest.finish().unwrap(), digest, "{beside}");
            }
        }
    }
}
