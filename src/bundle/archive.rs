//! A bundle as a folder or as one ZIP file.
//!
//! The ZIP is written here, byte for byte by the names and contents alone: members in the order of
//! their names, stored, without times or rights (APPNOTE.TXT 6.3.10, §4.3). So the same bundle is the
//! same file, whatever wrote it, and a byte that was changed between the members is found by writing
//! the archive again. What comes from strangers is read with named limits.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// Files of a bundle. A session has some hundred findings, each with a slice.
pub const FILES: usize = 100_000;

/// Folders inside each other.
const DEPTH: usize = 16;

/// Longest path of a file in a bundle.
const PATH: usize = 1024;

/// How much larger than packed a member may unpack. What is written here is stored; who packs it
/// again with a compressor gets some twentyfold of a report.
const RATIO: u64 = 200;

/// Members packed smaller than this may unpack to `RATIO` times it in any case.
const SMALL: u64 = 64 << 10;

/// What a ZIP without 64-bit extensions can hold.
const ZIP_LIMIT: u64 = u32::MAX as u64;

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
    /// A stage before could not do its part.
    #[error(transparent)]
    Slice(#[from] super::slice::SliceError),
}

impl BundleError {
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
    /// Path of the member.
    pub path: String,
    /// What is wrong with it.
    pub what: &'static str,
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
            let mut names = Vec::new();
            archive.walk(path, "", 0, &mut names).map_err(|error| fail(format!("cannot be read: {error}")))?;
        } else {
            let file = File::open(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
            let zip = zip::ZipArchive::new(BufReader::new(file))
                .map_err(|error| fail(format!("is no bundle, or damaged beyond reading: {error}")))?;
            archive.zip = Some(zip);
            archive.list();
        }
        if archive.members.len() > FILES {
            return Err(fail(format!("holds more than {FILES} files")));
        }
        archive.members.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(archive)
    }

    fn walk(&mut self, folder: &Path, before: &str, depth: usize, names: &mut Vec<String>) -> io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let path = format!("{before}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type()?;
            if self.members.len() + self.faults.len() > FILES {
                return Ok(());
            }
            if kind.is_dir() && depth < DEPTH {
                self.walk(&entry.path(), &format!("{path}/"), depth + 1, names)?;
            } else if kind.is_file() && is_plain(&path) {
                self.members.push(Member { bytes: entry.metadata()?.len(), path, index: 0 });
            } else {
                self.faults.push(Fault { path, what: "a link, a device, or a name that no bundle has; not opened" });
            }
        }
        Ok(())
    }

    fn list(&mut self) {
        let Some(zip) = &mut self.zip else { return };
        let mut known = BTreeSet::new();
        for index in 0..zip.len().min(FILES + 1) {
            let Ok(member) = zip.by_index_raw(index) else {
                self.faults.push(Fault { path: format!("member {index}"), what: "its header cannot be read" });
                continue;
            };
            let path = String::from_utf8_lossy(member.name_raw()).into_owned();
            let (packed, bytes) = (member.compressed_size(), member.size());
            let fault = if member.is_dir() {
                continue;
            } else if !is_plain(&path) {
                Some("a path that leads out of the bundle, or that no bundle has; not opened")
            } else if !known.insert(path.clone()) {
                Some("a second file of this name; not opened")
            } else if member.is_symlink() {
                Some("a link; not followed")
            } else if bytes / RATIO > packed.max(SMALL) {
                Some("unpacks to more than 200 times its size; not opened")
            } else {
                None
            };
            match fault {
                Some(what) => self.faults.push(Fault { path, what }),
                None => self.members.push(Member { path, bytes, index }),
            }
        }
    }

    /// Whether it is one file.
    pub fn is_zip(&self) -> bool {
        self.zip.is_some()
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
        let mut compared = Compared { file: BufReader::new(File::open(&self.path)?), at: 0, differs: None };
        let paths: Vec<String> = self.members.iter().map(|member| member.path.clone()).collect();
        write_zip(
            &paths,
            &mut |path, output| {
                let Some(member) = self.member(path) else { return Ok(()) };
                self.with(&member, &mut |reader| io::copy(reader, output).map(|_| ()))
            },
            &mut compared,
        )?;
        let behind = compared.file.read(&mut [0])?;
        Ok(compared.differs.or((behind > 0).then_some(compared.at)))
    }
}

/// Holds what is written against a file.
struct Compared {
    file: BufReader<File>,
    at: u64,
    differs: Option<u64>,
}

impl Write for Compared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut there = vec![0; bytes.len()];
        let mut filled = 0;
        while let Some(space) = there.get_mut(filled..).filter(|space| !space.is_empty()) {
            match self.file.read(space)? {
                0 => break,
                count => filled += count,
            }
        }
        let same = bytes.iter().zip(there.iter().take(filled)).take_while(|(a, b)| a == b).count();
        if same < bytes.len() {
            self.differs.get_or_insert(self.at + same as u64);
        }
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A relative path of ordinary names, as every system can have them.
fn is_plain(path: &str) -> bool {
    let odd = |c: char| c.is_control() || "\\:*?\"<>|".contains(c);
    let part = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(odd);
    path.len() <= PATH && path.split('/').count() <= DEPTH && path.split('/').all(part)
}

/// Writes the files at `paths` as a ZIP, in this order; `content` writes the bytes of one, and is
/// asked twice for each: the check sum stands before them.
///
/// # Errors
/// As `output` and `content` fail, and beyond 4 GiB or 65,535 files.
pub fn write_zip(
    paths: &[String],
    content: &mut dyn FnMut(&str, &mut dyn Write) -> io::Result<()>,
    output: &mut dyn Write,
) -> io::Result<()> {
    let too_large = || io::Error::other("a bundle of more than 4 GiB or 65,535 files is written as a folder");
    let count = u16::try_from(paths.len()).map_err(|_| too_large())?;
    let (mut at, mut directory) = (0_u64, Vec::new());
    for path in paths {
        let mut sum = Sum::default();
        content(path, &mut sum)?;
        let (size, crc) = (u32::try_from(sum.bytes).map_err(|_| too_large())?, sum.crc.sum());
        let name = u16::try_from(path.len()).map_err(|_| too_large())?;
        // Version 2.0, UTF-8 names (bit 11), stored, 1980-01-01 00:00.
        let mut header = Vec::new();
        for half in [20_u16, 1 << 11, 0, 0, 0x21] {
            header.extend_from_slice(&half.to_le_bytes());
        }
        for word in [crc, size, size] {
            header.extend_from_slice(&word.to_le_bytes());
        }
        header.extend_from_slice(&name.to_le_bytes());
        header.extend_from_slice(&[0; 2]);
        let offset = u32::try_from(at).map_err(|_| too_large())?;
        output.write_all(b"PK\x03\x04")?;
        output.write_all(&header)?;
        output.write_all(path.as_bytes())?;
        let mut counted = Sum::default();
        content(path, &mut Tee { one: &mut counted, other: output })?;
        if counted.crc.sum() != crc || counted.bytes != sum.bytes {
            return Err(io::Error::other(format!("{path} changed while it was packed")));
        }
        at += 4 + header.len() as u64 + path.len() as u64 + sum.bytes;
        // The same again, with comment, disk and attributes, which are all 0, and where it lies.
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&header);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(path.as_bytes());
    }
    let (start, length) = (u32::try_from(at), u32::try_from(directory.len()));
    let (Ok(start), Ok(length)) = (start, length) else { return Err(too_large()) };
    if at + directory.len() as u64 > ZIP_LIMIT {
        return Err(too_large());
    }
    output.write_all(&directory)?;
    output.write_all(b"PK\x05\x06\0\0\0\0")?;
    output.write_all(&count.to_le_bytes())?;
    output.write_all(&count.to_le_bytes())?;
    output.write_all(&length.to_le_bytes())?;
    output.write_all(&start.to_le_bytes())?;
    output.write_all(&[0; 2])
}

#[derive(Default)]
struct Sum {
    crc: flate2::Crc,
    bytes: u64,
}

impl Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.crc.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Tee<'a> {
    one: &'a mut Sum,
    other: &'a mut dyn Write,
}

impl Write for Tee<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.other.write_all(bytes)?;
        self.one.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.other.flush()
    }
}

/// Packs a folder of plain files as a ZIP at `path`.
///
/// # Errors
/// Where a file cannot be read, or the ZIP cannot be written.
pub fn pack(folder: &Path, path: &Path) -> Result<(), BundleError> {
    let fail = |error: io::Error| BundleError::new(path.display(), format!("cannot be written: {error}"));
    let members = Archive::open(folder)?.members;
    let paths: Vec<String> = members.into_iter().map(|member| member.path).collect();
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(fail)?;
    let mut output = io::BufWriter::new(File::create(path).map_err(fail)?);
    write_zip(
        &paths,
        &mut |path, output| io::copy(&mut File::open(folder.join(path))?, output).map(|_| ()),
        &mut output,
    )
    .and_then(|()| output.flush())
    .map_err(fail)
}

#[cfg(test)]
mod tests {
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
            let found = Archive::open(&path).map(|mut archive| archive.first_difference());
            assert!(!matches!(found, Ok(Ok(None))), "byte {at}");
        }
    }
}
