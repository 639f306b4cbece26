//! Paths to documents: folders and ZIPs are unpacked, and files that are no text are refused.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

#[cfg(feature = "pdf")]
use super::confined;
use super::error::PolicyError;
use super::{MOST_BYTES, encoding, readers};

/// Documents that a folder may hold: the app with the most notices, of those seen, has 20.
pub const MOST_FILES: usize = 200;
/// Folders in folders that are looked into.
const DEEPEST: usize = 4;

/// A text may hold one broken character in so many. (A picture or a program read as text has
/// one in eight: 32 of 256 byte values are controls.)
const LEAST_TEXT: usize = 20;

/// Names and contents of files, and of the documents of folders.
pub(super) fn of(paths: &[PathBuf]) -> Result<Vec<(String, Vec<u8>)>, PolicyError> {
    let mut documents = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = documents.len();
            for file in documents_of(path)? {
                let name = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().into_owned();
                documents.push((name, load(&file)?));
            }
            if documents.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>() > MOST_BYTES {
                return Err(PolicyError::TooLarge { path: path.display().to_string() });
            }
            if documents.len() == before {
                return Err(PolicyError::NoDocument { path: path.display().to_string() });
            }
        } else {
            documents.push((file_name(path), load(path)?));
        }
    }
    Ok(documents)
}

/// Names and contents; what came out of a ZIP is owned.
pub(super) type Documents<'a> = Vec<(String, Cow<'a, [u8]>)>;

/// The documents, ZIPs of several taken apart.
pub(super) fn unpacked(documents: &[(String, Vec<u8>)]) -> Result<Documents<'_>, PolicyError> {
    let mut out: Documents<'_> = Vec::new();
    for (name, bytes) in documents {
        let broken = |problem| PolicyError::Broken { path: name.clone(), problem };
        if !readers::is_zip(bytes) {
            out.push((name.clone(), bytes.as_slice().into()));
            continue;
        }
        let mut archive = readers::Archive::open(bytes).map_err(broken)?;
        if archive.contents() != readers::Contents::Files {
            out.push((name.clone(), bytes.as_slice().into()));
            continue;
        }
        let before = out.len();
        for inner in archive.names().into_iter().filter(|n| readers::is_document(n)) {
            let bytes = archive.read(&inner).map_err(broken)?;
            // A ZIP inside a ZIP is one document (DOCX, XLSX), not another collection.
            let boxed = readers::is_zip(&bytes)
                && readers::Archive::open(&bytes).map_or(true, |a| a.contents() == readers::Contents::Files);
            if !boxed && !bytes.is_empty() {
                out.push((inner, bytes.into()));
            }
        }
        if out.len() == before {
            return Err(PolicyError::NoDocument { path: name.clone() });
        }
    }
    Ok(out)
}

/// A PDF.
#[cfg(feature = "pdf")]
pub(super) fn read_pdf(name: &str, bytes: &[u8]) -> Result<readers::Document, PolicyError> {
    confined::read_pdf(bytes).map_err(|problem| PolicyError::Broken { path: name.to_owned(), problem })
}

/// What has to be said of how a PDF was read.
#[cfg(feature = "pdf")]
pub(super) fn pdf_remark(name: &str) -> Option<super::Remark> {
    confined::unbounded(name)
}

/// As above, where the program was built without it.
#[cfg(not(feature = "pdf"))]
pub(super) fn pdf_remark(_: &str) -> Option<super::Remark> {
    None
}

/// A PDF, where the program was built without the reader of it.
#[cfg(not(feature = "pdf"))]
pub(super) fn read_pdf(name: &str, _: &[u8]) -> Result<readers::Document, PolicyError> {
    Err(PolicyError::Unsupported { path: name.to_owned(), found: "a PDF (this program was built without that reader)" })
}

/// The text of a document and its encoding; what is none is refused.
pub(super) fn readable(name: &str, bytes: &[u8]) -> Result<(String, String), PolicyError> {
    let path = || name.to_owned();
    if let Some(found) = unsupported(bytes) {
        return Err(PolicyError::Unsupported { path: path(), found });
    }
    let (text, encoding) = encoding::decode(bytes);
    if text.trim().is_empty() {
        return Err(PolicyError::Empty { path: path() });
    }
    let (unreadable, characters) = encoding::unreadable(&text);
    if unreadable * LEAST_TEXT > characters {
        return Err(PolicyError::NotText { path: path(), unreadable, characters, encoding });
    }
    Ok((text, encoding))
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

/// The documents of a folder and its folders, sorted.
///
/// # Errors
/// Where it cannot be listed, or holds more than are read.
pub fn documents_of(folder: &Path) -> Result<Vec<PathBuf>, PolicyError> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let unreadable = |error| PolicyError::Unreadable { path: folder.display().to_string(), error };
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() && depth < DEEPEST {
                open.push((entry.path(), depth + 1));
            } else if kind.is_file() && readers::is_document(&entry.file_name().to_string_lossy()) {
                found.push(entry.path());
            }
            if found.len() > MOST_FILES {
                return Err(PolicyError::TooMany { path: folder.display().to_string() });
            }
        }
    }
    found.sort();
    Ok(found)
}

fn load(path: &Path) -> Result<Vec<u8>, PolicyError> {
    use std::io::Read;
    let unreadable = |error| PolicyError::Unreadable { path: path.display().to_string(), error };
    let mut bytes = Vec::new();
    let mut limited: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin().take(MOST_BYTES + 1))
    } else {
        Box::new(std::fs::File::open(path).map_err(unreadable)?.take(MOST_BYTES + 1))
    };
    limited.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(PolicyError::TooLarge { path: path.display().to_string() });
    }
    Ok(bytes)
}

/// Formats that are no text.
fn unsupported(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some("an old office document"),
        [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] => Some("a picture"),
        [0x1f, 0x8b, ..] => Some("gzip data"),
        _ => None,
    }
}
