//! A key log that another program is still writing: its new lines, as they come.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::capture::is_secret;
use crate::secure::keylog::KeyLog;

/// Bytes taken in one look, so that a large log holds up no packets.
const AT_ONCE: u64 = 1 << 20;
/// Longest line that is waited for: those of RFC 9850 have under 300 bytes.
const LONGEST_LINE: usize = 4096;

/// Follows one NSS key log (RFC 9850). The file need not be there yet, and may be begun anew.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    at: u64,
    /// The beginning of a line that is not whole.
    begun: Vec<u8>,
    keys: u64,
}

impl Follow {
    /// From its beginning.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), at: 0, begun: Vec::new(), keys: 0 }
    }

    /// Secrets that came so far.
    pub fn keys(&self) -> u64 {
        self.keys
    }

    /// Begins again: a new capture file needs what the ones before it hold.
    pub fn rewind(&mut self) {
        (self.at, self.keys) = (0, 0);
        self.begun.clear();
    }

    /// The whole lines that were added since the last call, at most 1 MiB; empty where there is nothing new.
    ///
    /// # Errors
    /// As the file cannot be read. That it is not there is none.
    pub fn fresh(&mut self) -> std::io::Result<Vec<u8>> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        if file.metadata()?.len() < self.at {
            self.at = 0;
            self.begun.clear();
        }
        file.seek(SeekFrom::Start(self.at))?;
        let mut lines = std::mem::take(&mut self.begun);
        self.at += file.take(AT_ONCE).read_to_end(&mut lines)? as u64;
        let end = lines.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.begun = lines.split_off(end);
        if self.begun.len() > LONGEST_LINE {
            self.begun.clear();
        }
        self.keys += lines.split(|byte| *byte == b'\n').filter(|line| is_secret(line)).count() as u64;
        Ok(lines)
    }

    /// The last line where the recording is over, though nothing ended it: some hooks write the end of a line
    /// before the next one. `None`: there is none, or it is not whole.
    pub fn last(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.begun);
        let whole = KeyLog::new().parse(&line, "").used == 1;
        self.keys += u64::from(whole);
        whole.then(|| [&line[..], b"\n"].concat())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn lines_come_once_they_are_whole_and_again_where_the_file_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.log");
        let mut follow = Follow::new(&path);
        assert!(follow.fresh().unwrap().is_empty());
        let mut file = File::create(&path).unwrap();
        file.write_all(b"# by a test\nCLIENT_RANDOM 01 ").unwrap();
        assert_eq!(follow.fresh().unwrap(), b"# by a test\n");
        file.write_all(b"02\n").unwrap();
        assert_eq!(follow.fresh().unwrap(), b"CLIENT_RANDOM 01 02\n");
        assert!(follow.fresh().unwrap().is_empty());
        assert_eq!(follow.keys(), 1);
        std::fs::write(&path, b"CLIENT_RANDOM 03 04\n").unwrap();
        assert_eq!(follow.fresh().unwrap(), b"CLIENT_RANDOM 03 04\n");
        follow.rewind();
        assert_eq!(follow.fresh().unwrap(), b"CLIENT_RANDOM 03 04\n");
        assert_eq!(follow.keys(), 1);
    }

    #[test]
    fn a_last_line_without_an_end_is_taken_where_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.log");
        let whole = format!("CLIENT_RANDOM {} {}", "01".repeat(32), "02".repeat(48));
        for (written, last) in
            [(whole.clone(), Some(format!("{whole}\n"))), (whole[..100].to_owned(), None), (String::new(), None)]
        {
            std::fs::write(&path, format!("# by a hook\n{written}")).unwrap();
            let mut follow = Follow::new(&path);
            assert_eq!(follow.fresh().unwrap(), b"# by a hook\n");
            assert_eq!((follow.last(), follow.last()), (last.clone().map(String::into_bytes), None));
            assert_eq!(follow.keys(), u64::from(last.is_some()));
        }
    }
}
