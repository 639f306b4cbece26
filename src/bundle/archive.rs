//! A bundle as a folder or as one ZIP file, read with named limits: it comes from strangers.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use super::none;
use super::pack::{Compared, write_zip};
use crate::audit::Text;

/// Files of a bundle. A session has some hundred findings, each with a slice.
pub const FILES: usize = 100_000;

/// Folders inside each other.
const DEPTH: usize = 16;

/// Longest path of a file in a bundle.
const PATH: usize = 1024;

/// How many times its packed size a member may unpack to. Bundles are written uncompressed; packed
/// again with a compressor, a report shrinks to a twentieth.
const RATIO: u64 = 200;

/// Members packed smaller than this may unpack to `RATIO` times it in any case.
const SMALL: u64 = 64 << 10;

/// Bytes of a ZIP file without members, but for its comment (APPNOTE.TXT §4.3.16).
const END_OF_DIRECTORY: u64 = 22;

/// A bundle that cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It cannot be read or written.
    #[error("{path}: {what}")]
    File {
        /// Which file.
        path: String,
        /// What is wrong.
        what: String,
    },
    /// It is something else: what, and what to do.
    #[error("{}", .0.en)]
    None(Text),
    /// A stage before could not do its part.
    #[error(transparent)]
    Slice(#[from] super::slice::SliceError),
}

impl BundleError {
    /// The sentence in Chinese, where it is one of its own.
    pub fn zh(&self) -> Option<&str> {
        match self {
            Self::None(text) => Some(&text.zh),
            Self::File { .. } | Self::Slice(_) => None,
        }
    }

    /// About the file at `path`.
    pub fn new(path: impl std::fmt::Display, what: impl std::fmt::Display) -> Self {
        Self::File { path: path.to_string(), what: what.to_string() }
    }
}

/// A file in a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path, parts separated by `/`.
    pub path: String,
    /// Length as the container says it.
    pub bytes: u64,
    /// Position in the archive.
    index: usize,
}

/// Something about the container itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Path of the member, or the name of the archive.
    pub path: String,
    /// See [`Wrong`].
    pub wrong: Wrong,
}

/// What is wrong with a member, which is then not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The whole archive cannot be read.
    Damaged,
    /// Its header cannot be read.
    Header,
    /// Its path leads out, or is one that no bundle has.
    Path,
    /// A link, or a device.
    Link,
    /// It unpacks to [`RATIO`] times its size.
    Bomb,
}

/// A bundle, opened to be read.
pub struct Archive {
    path: PathBuf,
    zip: Option<zip::ZipArchive<BufReader<File>>>,
    /// Its files, by path. None of these paths leads out of it.
    pub members: Vec<Member>,
    /// What else is in it.
    pub faults: Vec<Fault>,
}

impl Archive {
    /// Opens a folder or a ZIP file, told apart by what it is.
    ///
    /// # Errors
    /// Where it is neither, or has more files than are looked at.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let fail = |what: String| BundleError::new(path.display(), what);
        let metadata = std::fs::metadata(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
        let mut archive = Self { path: path.to_owned(), zip: None, members: Vec::new(), faults: Vec::new() };
        if metadata.is_dir() {
            archive.walk(path, "", 0).map_err(|error| fail(format!("cannot be read: {error}")))?;
        } else {
            let mut file = File::open(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
            let mut head = Vec::new();
            let read = (&mut file).take(2).read_to_end(&mut head).and_then(|_| file.rewind());
            read.map_err(|error| fail(format!("cannot be read: {error}")))?;
            match zip::ZipArchive::new(BufReader::new(file)) {
                Ok(zip) => archive.zip = Some(zip),
                // What is left of a bundle is reported as an altered one.
                Err(_) if head == b"PK" => {
                    archive.faults.push(Fault { path: file_name(path), wrong: Wrong::Damaged });
                }
                Err(_) => return Err(BundleError::None(none::told(path))),
            }
            archive.list(metadata.len());
        }
        if archive.members.len() > FILES {
            return Err(fail(format!("holds more than {FILES} files")));
        }
        archive.members.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(archive)
    }

    fn walk(&mut self, folder: &Path, before: &str, depth: usize) -> io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let path = format!("{before}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type()?;
            if self.members.len() + self.faults.len() > FILES {
                return Ok(());
            }
            if kind.is_dir() && depth < DEPTH {
                self.walk(&entry.path(), &format!("{path}/"), depth + 1)?;
            } else if kind.is_file() && is_plain(&path) {
                self.members.push(Member { bytes: entry.metadata()?.len(), path, index: 0 });
            } else {
                self.faults.push(Fault { path, wrong: if kind.is_file() { Wrong::Path } else { Wrong::Link } });
            }
        }
        Ok(())
    }

    /// Of several members with one name the last counts, as for other readers of ZIP; that there are
    /// others is found by [`Archive::first_difference`].
    fn list(&mut self, length: u64) {
        let Some(zip) = &mut self.zip else { return };
        let mut all = 0_u64;
        for index in 0..zip.len().min(FILES + 1) {
            let Ok(member) = zip.by_index_raw(index) else {
                self.faults.push(Fault { path: format!("member {index}"), wrong: Wrong::Header });
                continue;
            };
            let path = String::from_utf8_lossy(member.name_raw()).into_owned();
            let (packed, bytes) = (member.compressed_size(), member.size());
            // Members may lie over each other: together they are held to the size of the archive.
            all = all.saturating_add(bytes);
            let wrong = if !is_plain(path.strip_suffix('/').unwrap_or(&path)) {
                Wrong::Path
            } else if member.is_symlink() {
                Wrong::Link
            } else if member.is_dir() {
                continue;
            } else if bytes / RATIO > packed.max(SMALL) || all / RATIO > length.max(SMALL) {
                Wrong::Bomb
            } else {
                self.members.push(Member { path, bytes, index });
                continue;
            };
            self.faults.push(Fault { path, wrong });
        }
        // What says where its directory lies was changed: another place may be read as an empty one.
        if self.members.is_empty() && length > END_OF_DIRECTORY + zip.comment().len() as u64 {
            self.faults.push(Fault { path: file_name(&self.path), wrong: Wrong::Damaged });
        }
    }

    /// Whether it is one file.
    pub fn is_zip(&self) -> bool {
        self.zip.is_some()
    }

    /// Whether its files could be listed.
    pub fn is_readable(&self) -> bool {
        !self.faults.iter().any(|fault| fault.wrong == Wrong::Damaged)
    }

    /// The file at `path`.
    pub fn member(&self, path: &str) -> Option<Member> {
        let at = self.members.binary_search_by(|member| member.path.as_str().cmp(path)).ok()?;
        self.members.get(at).cloned()
    }

    /// Hands the content of a member to `take`, at most one byte more than the container says.
    ///
    /// # Errors
    /// Where it cannot be read, and as `take` fails.
    pub fn with<T>(&mut self, member: &Member, take: &mut dyn FnMut(&mut dyn Read) -> io::Result<T>) -> io::Result<T> {
        let limit = member.bytes.saturating_add(1);
        match &mut self.zip {
            Some(zip) => take(&mut zip.by_index(member.index).map_err(io::Error::other)?.take(limit)),
            None => take(&mut File::open(self.path.join(&member.path))?.take(limit)),
        }
    }

    /// The content of a member of at most `limit` bytes.
    ///
    /// # Errors
    /// Where it cannot be read, or is larger.
    pub fn read(&mut self, path: &str, limit: u64) -> Result<Vec<u8>, BundleError> {
        let fail = |what: String| BundleError::new(path, what);
        let member = self.member(path).ok_or_else(|| fail("is not in the bundle".to_owned()))?;
        if member.bytes > limit {
            return Err(fail(format!("is {} bytes; at most {limit} are read", member.bytes)));
        }
        let mut bytes = Vec::new();
        self.with(&member, &mut |reader| reader.read_to_end(&mut bytes).map(|_| ()))
            .map_err(|error| fail(format!("cannot be read: {error}")))?;
        Ok(bytes)
    }

    /// Of a ZIP file: the first byte, if any, that [`write_zip`] would have written otherwise, from 0.
    /// For files that were found to be unaltered, this is a byte between them.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn first_difference(&mut self) -> io::Result<Option<u64>> {
        if !self.is_zip() {
            return Ok(None);
        }
        let mut compared = Compared::new(File::open(&self.path)?);
        let paths: Vec<String> = self.members.iter().map(|member| member.path.clone()).collect();
        write_zip(
            &paths,
            &mut |path, output| {
                let Some(member) = self.member(path) else { return Ok(()) };
                self.with(&member, &mut |reader| io::copy(reader, output).map(|_| ()))
            },
            &mut compared,
        )?;
        compared.first_difference()
    }
}

/// The last part of a path, as text.
pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A relative path of ordinary names, as every system can have them.
pub fn is_plain(path: &str) -> bool {
    let odd = |c: char| c.is_control() || "\\:*?\"<>|".contains(c);
    let part = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(odd);
    path.len() <= PATH && path.split('/').count() <= DEPTH && path.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::super::pack::pack;
    use super::*;

    #[test]
    fn paths_that_lead_out_are_none() {
        for path in ["a", "a/b.txt", "slices/v1-0.pcapng", "政策.txt"] {
            assert!(is_plain(path), "{path}");
        }
        for path in ["", "/a", "../a", "a/../b", "a//b", "a\\b", "C:a", "a/", "./a", "a\u{0}"] {
            assert!(!is_plain(path), "{path}");
        }
        assert!(!is_plain(&"a/".repeat(20)) && !is_plain(&"a".repeat(2000)));
    }

    #[test]
    fn a_written_archive_is_read_by_another_and_found_unaltered() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("in")).unwrap();
        std::fs::create_dir(folder.path().join("in/sub")).unwrap();
        std::fs::write(folder.path().join("in/a.txt"), b"one").unwrap();
        std::fs::write(folder.path().join("in/sub/b.txt"), vec![7; 100_000]).unwrap();
        let path = folder.path().join("x.zip");
        pack(&folder.path().join("in"), &path).unwrap();
        let mut archive = Archive::open(&path).unwrap();
        let paths: Vec<&str> = archive.members.iter().map(|m| m.path.as_str()).collect();
        assert_eq!(paths, ["a.txt", "sub/b.txt"]);
        assert_eq!(archive.read("a.txt", 10).unwrap(), b"one");
        assert!(archive.read("a.txt", 2).is_err());
        assert_eq!(archive.first_difference().unwrap(), None);
        // Any byte of a header.
        let bytes = std::fs::read(&path).unwrap();
        for at in [4, 10, 12, bytes.len() - 3, bytes.len() - 30] {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            std::fs::write(&path, altered).unwrap();
            let found = Archive::open(&path).map(|mut archive| (archive.faults.len(), archive.first_difference()));
            assert!(!matches!(found, Ok((0, Ok(None)))), "byte {at}");
        }
    }
}
