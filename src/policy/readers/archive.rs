//! ZIP: office documents and several documents in one file.
//!
//! Nothing is believed about sizes: an entry is read up to a limit, whatever the
//! directory says.

use std::io::{Cursor, Read};

use super::super::MOST_BYTES;

/// Entries looked at: the office document with the most, of those seen, has 60; a site
/// saved with its pictures has some hundreds.
const MOST_ENTRIES: usize = 4_096;

/// A ZIP and what was taken out of it already.
pub struct Archive<'a> {
    zip: zip::ZipArchive<Cursor<&'a [u8]>>,
    left: u64,
}

/// What a ZIP is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// A text document (Office Open XML).
    Docx,
    /// A workbook.
    Xlsx,
    /// Anything else: files.
    Files,
}

/// The bytes begin as a ZIP does.
pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

impl<'a> Archive<'a> {
    /// Opens one; the error is words for the user.
    pub fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let zip = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| format!("a ZIP that cannot be opened ({e})"))?;
        if zip.len() > MOST_ENTRIES {
            return Err(format!("a ZIP of {} files: give the documents alone", zip.len()));
        }
        Ok(Self { zip, left: MOST_BYTES })
    }

    /// What it is.
    pub fn contents(&self) -> Contents {
        let has = |name: &str| self.zip.file_names_raw().any(|n| n == name.as_bytes());
        match () {
            () if has("word/document.xml") => Contents::Docx,
            () if has("xl/workbook.xml") => Contents::Xlsx,
            () => Contents::Files,
        }
    }

    /// Names of its files, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .zip
            .file_names_raw()
            .map(|n| String::from_utf8_lossy(n).into_owned())
            .filter(|n| !n.ends_with('/') && !n.starts_with("__MACOSX"))
            .collect();
        names.sort();
        names
    }

    /// A file's bytes. What all of them unpack to is limited to [`MOST_BYTES`].
    pub fn read(&mut self, name: &str) -> Result<Vec<u8>, String> {
        let index = self.zip.file_names_raw().position(|n| String::from_utf8_lossy(n) == name);
        let index = index.ok_or_else(|| format!("{name} is missing"))?;
        let file = self.zip.by_index(index).map_err(|e| format!("{name} cannot be read ({e})"))?;
        let mut bytes = Vec::new();
        file.take(self.left + 1).read_to_end(&mut bytes).map_err(|e| format!("{name} cannot be read ({e})"))?;
        self.left = self
            .left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| format!("it unpacks to more than {} MiB", MOST_BYTES >> 20))?;
        Ok(bytes)
    }
}
