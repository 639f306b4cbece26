//! Inputs that are several files: a ZIP archive, or a folder that an app wrote.
//!
//! Nothing is unpacked to disk and no name of a member is ever a path that is opened: the
//! members of a folder are those that were found in it, links left aside. Nothing is
//! believed about sizes. Every member is read up to a limit, all of them together up to the
//! limits that hold for every compressed input.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use zip::ZipArchive;
use zip::result::ZipError;

use super::inflate::{FREE, RATIO};
use super::sniff::Format;

/// Members that are looked at. An hour of a busy phone is some ten thousand exchanges of
/// three to five files each.
const MEMBERS: usize = 500_000;

/// Bytes of an archive that are read to find its members: the directory has some hundred
/// for each.
const DIRECTORY: u64 = 64 << 20;

/// Bytes of a member that are read. A body is kept up to 8 MiB; what describes an exchange
/// is some kilobytes.
const MEMBER: u64 = 64 << 20;

/// Folders in one another. What is read here has two.
const DEPTH: usize = 4;

/// Why a member was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// There is none of this name.
    Missing,
    /// It is encrypted.
    Encrypted,
    /// It is this long, or says so, and larger than is read.
    TooLarge(u64),
    /// All members together unpack to more than is read.
    Quota,
    /// Its data is damaged, or compressed in a way that is not read.
    Damaged,
}

impl Unread {
    /// In words, for a gap.
    pub fn words(&self) -> String {
        match self {
            Self::Missing => "files that are missing in it".to_owned(),
            Self::Encrypted => "files in it that are encrypted; save it without a password".to_owned(),
            Self::TooLarge(_) => format!("of a file in it, {} MiB are read", MEMBER >> 20),
            Self::Quota => "its files together unpack to more than 200 times its size".to_owned(),
            Self::Damaged => "files in it that are damaged, or compressed in a way that is not read".to_owned(),
        }
    }
}

/// The files in an input.
pub struct Members {
    names: Vec<String>,
    place: Place,
    /// Unpacked bytes that may still be read.
    left: u64,
    /// There were more than are looked at.
    crowded: bool,
}

enum Place {
    /// With where each name stands in its directory.
    Zip(Box<ZipArchive<Metered>>, Vec<usize>),
    Folder(PathBuf),
}

impl Members {
    /// Of a ZIP archive. The error is what is wrong with it.
    pub(super) fn zip(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let budget = Rc::new(Cell::new(DIRECTORY));
        let zip = match ZipArchive::new(Metered { file, budget: Rc::clone(&budget) }) {
            Ok(zip) => zip,
            Err(_) if budget.get() == 0 => {
                return Err(io::Error::other(format!("its directory is larger than {} MiB", DIRECTORY >> 20)));
            }
            Err(ZipError::Io(error)) => return Err(error),
            Err(error) => return Err(io::Error::other(error.to_string())),
        };
        budget.set(u64::MAX);
        // Some programs on Windows write the other slash.
        let name = |raw: &[u8]| String::from_utf8_lossy(raw).replace('\\', "/");
        let all = zip.file_names_raw().map(name).enumerate();
        let mut files: Vec<(String, usize)> = all
            .filter(|(_, name)| !name.ends_with('/') && !name.starts_with("__MACOSX"))
            .map(|(index, name)| (name, index))
            .take(MEMBERS)
            .collect();
        files.sort();
        let (names, indices) = files.into_iter().unzip();
        let crowded = zip.len() > MEMBERS;
        let left = FREE.max(size.saturating_mul(RATIO));
        Ok(Self { names, place: Place::Zip(Box::new(zip), indices), left, crowded })
    }

    /// Of a folder.
    pub(super) fn folder(path: &Path) -> io::Result<Self> {
        let (mut names, mut crowded) = (Vec::new(), false);
        let mut open = vec![(path.to_owned(), String::new(), 0)];
        while let Some((folder, prefix, depth)) = open.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                // What a folder's names can be told apart by: one that is no text has none.
                let Ok(name) = entry.file_name().into_string() else { continue };
                let (name, kind) = (format!("{prefix}{name}"), entry.file_type()?);
                if kind.is_dir() && depth < DEPTH {
                    open.push((entry.path(), format!("{name}/"), depth + 1));
                } else if kind.is_file() {
                    if names.len() >= MEMBERS {
                        crowded = true;
                        continue;
                    }
                    names.push(name);
                }
            }
        }
        names.sort();
        Ok(Self { names, place: Place::Folder(path.to_owned()), left: u64::MAX, crowded })
    }

    /// Names, sorted, with `/` between folders.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// There were more members than are looked at.
    pub fn crowded(&self) -> bool {
        self.crowded
    }

    /// Bytes of all members of a folder.
    pub(super) fn size(&self) -> u64 {
        match &self.place {
            Place::Folder(folder) => {
                let sizes = self.names.iter().map(|name| std::fs::metadata(folder.join(name)).map_or(0, |m| m.len()));
                sizes.sum()
            }
            Place::Zip(..) => 0,
        }
    }

    /// A member as it stands in a folder, of any size.
    pub(super) fn open(&self, name: &str) -> io::Result<File> {
        match &self.place {
            Place::Folder(folder) if self.names.binary_search_by(|n| n.as_str().cmp(name)).is_ok() => {
                File::open(folder.join(name))
            }
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// The bytes of the member `name`.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn read(&mut self, name: &str) -> Result<Vec<u8>, Unread> {
        let limit = MEMBER.min(self.left);
        let bytes = match &mut self.place {
            Place::Folder(_) => {
                let file = self.open(name).map_err(|_| Unread::Missing)?;
                let size = file.metadata().map_or(0, |metadata| metadata.len());
                if size > MEMBER {
                    return Err(Unread::TooLarge(size));
                }
                read(file, limit)
            }
            Place::Zip(zip, indices) => {
                let at = self.names.binary_search_by(|n| n.as_str().cmp(name)).map_err(|_| Unread::Missing)?;
                let index = *indices.get(at).ok_or(Unread::Missing)?;
                if zip.by_index_raw(index).map_err(|_| Unread::Damaged)?.encrypted() {
                    return Err(Unread::Encrypted);
                }
                let member = zip.by_index(index).map_err(|_| Unread::Damaged)?;
                if member.size() > MEMBER {
                    return Err(Unread::TooLarge(member.size()));
                }
                read(member, limit)
            }
        }
        .ok_or(Unread::Damaged)?;
        let length = bytes.len() as u64;
        if length > limit {
            return Err(if limit < MEMBER { Unread::Quota } else { Unread::TooLarge(length) });
        }
        self.left -= length;
        Ok(bytes)
    }
}

/// Up to one byte more than `limit`.
fn read(from: impl Read, limit: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit.saturating_add(1)).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Which of the formats an archive or a folder with these members is.
pub(super) fn format(names: &[String]) -> Option<Format> {
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    if names.iter().any(|name| name.contains("raw/") && name.ends_with("_c.txt")) {
        return Some(Format::Fiddler);
    }
    if names.iter().any(|name| is_numbered(last(name).strip_suffix("-meta.json"))) {
        return Some(Format::CharlesZip);
    }
    let record = |name: &String| {
        let (folder, file) = name.rsplit_once('/')?;
        matches!(file, "request.json" | "tcp.json" | "udp.json" | "websocket.json")
            .then(|| folder.rsplit('/').next().unwrap_or_default().starts_with(|c: char| c.is_ascii_digit()))
    };
    names.iter().any(|name| record(name) == Some(true)).then_some(Format::HttpCanary)
}

fn is_numbered(stem: Option<&str>) -> bool {
    stem.is_some_and(|stem| !stem.is_empty() && stem.bytes().all(|b| b.is_ascii_digit()))
}

/// A file of which only so much is read.
struct Metered {
    file: File,
    budget: Rc<Cell<u64>>,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.budget.get();
        if left == 0 {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let count = self.file.read(buffer)?;
        if left != u64::MAX {
            self.budget.set(left.saturating_sub(count as u64));
        }
        Ok(count)
    }
}

impl Seek for Metered {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Option<Format> {
        format(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn archives_are_told_by_their_members() {
        assert_eq!(of(&["_index.htm", "raw/1_c.txt", "raw/1_s.txt"]), Some(Format::Fiddler));
        assert_eq!(of(&["0-meta.json", "0-req.json", "0-res.bin"]), Some(Format::CharlesZip));
        assert_eq!(of(&["7/request.json", "7/request.hcy"]), Some(Format::HttpCanary));
        assert_eq!(of(&["saved/12（登录）/request.json"]), Some(Format::HttpCanary));
        assert_eq!(of(&["request.json", "a-meta.json", "raw/index.txt"]), None);
    }

    /// As PowerShell's Compress-Archive writes them before version 6, against APPNOTE.TXT §4.4.17.
    #[test]
    fn names_with_the_other_slash_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        let options = zip::write::SimpleFileOptions::default();
        for name in ["raw\\1_c.txt", "raw\\"] {
            zip.start_file(name, options).unwrap();
            std::io::Write::write_all(&mut zip, b"GET / HTTP/1.1\r\n\r\n").unwrap();
        }
        zip.finish().unwrap();
        let mut members = Members::zip(&path).unwrap();
        assert_eq!(members.names(), ["raw/1_c.txt"]);
        assert_eq!(format(members.names()), Some(Format::Fiddler));
        assert!(members.read("raw/1_c.txt").is_ok_and(|bytes| bytes.starts_with(b"GET ")));
    }

    #[test]
    fn a_link_out_of_a_folder_is_no_member() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(outside.path().join("secret"), "x").unwrap();
        std::fs::create_dir(inside.path().join("1")).unwrap();
        std::fs::write(inside.path().join("1/request.json"), "{}").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.path(), inside.path().join("2")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.path().join("secret"), inside.path().join("1/response.json")).unwrap();
        let mut members = Members::folder(inside.path()).unwrap();
        assert_eq!(members.names(), ["1/request.json"]);
        assert_eq!(members.read("1/request.json"), Ok(b"{}".to_vec()));
        assert_eq!(members.read("../1/request.json"), Err(Unread::Missing));
        assert_eq!(members.read("1/response.json"), Err(Unread::Missing));
    }
}
