//! A file that is hashed while it is read.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::progress::Progress;

/// A file that is hashed while it is read. Clones share position and hash.
pub(super) struct Hashed {
    file: File,
    hash: Arc<Mutex<Sha256>>,
    progress: Progress,
}

impl Hashed {
    /// Nothing of `file` read so far.
    pub(super) fn new(file: File, progress: &Progress) -> Self {
        Self { file, hash: Arc::default(), progress: progress.clone() }
    }

    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()?, hash: Arc::clone(&self.hash), progress: self.progress.clone() })
    }

    /// Reads the rest of the file: the SHA-256 of all of it, lower-case hex.
    pub(super) fn finish(mut self) -> io::Result<String> {
        // Small stretches make a hash wait for the system.
        let mut rest = vec![0; 256 << 10];
        while self.read(&mut rest)? > 0 {}
        let hash = std::mem::take(&mut *self.hash.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(data_encoding::HEXLOWER.encode(&hash.finalize()))
    }
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = loop {
            match self.file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.progress.read(n);
        if let Some(bytes) = buffer.get(..n) {
            self.hash.lock().unwrap_or_else(PoisonError::into_inner).update(bytes);
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// `printf abc | sha256sum`, and that of a million times `a` (FIPS 180-2, appendix B).
    #[test]
    fn what_is_read_and_what_is_left_are_hashed() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let million = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
        for (content, digest) in [(b"abc".to_vec(), abc), (vec![b'a'; 1_000_000], million)] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&content).unwrap();
            let mut hashed = Hashed::new(File::open(file.path()).unwrap(), &Progress::default());
            let rest = hashed.try_clone().unwrap();
            let mut some = vec![0; 70_001.min(content.len() - 1)];
            hashed.read_exact(&mut some).unwrap();
            assert_eq!(rest.finish().unwrap(), digest);
        }
    }
}
