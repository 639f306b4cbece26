//! Why a policy cannot be used.

use super::files::MOST_FILES;
use super::{MOST_BYTES, corrected};

/// A policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// No file was given.
    #[error("no policy given")]
    Nothing,
    /// The file cannot be read.
    #[error("cannot read policy {path}: {error}; check the path, and that the file may be read")]
    Unreadable {
        /// What was given.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// It is larger than [`MOST_BYTES`].
    #[error("policy {path} is larger than {} MiB", MOST_BYTES >> 20)]
    TooLarge {
        /// What was given.
        path: String,
    },
    /// It is of a kind that has no reader.
    #[error("policy {path} is {found}, which cannot be read: save it as text, Markdown, HTML, DOCX, XLSX, CSV or PDF")]
    Unsupported {
        /// What was given.
        path: String,
        /// What it looks like.
        found: &'static str,
    },
    /// Its parts cannot be read.
    #[error("policy {path}: {problem}; save it as text, Markdown or HTML")]
    Broken {
        /// What was given.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// A folder that is no policy.
    #[error("policy {path} holds more than {MOST_FILES} documents: give the policy's own folder or files")]
    TooMany {
        /// What was given.
        path: String,
    },
    /// A folder or a ZIP without a document.
    #[error("policy {path} holds no document: text, Markdown, HTML, DOCX, PDF, XLSX and CSV files are looked for")]
    NoDocument {
        /// What was given.
        path: String,
    },
    /// There is nothing in it.
    #[error("policy {path} is empty: give the document whose text the app shows")]
    Empty {
        /// What was given.
        path: String,
    },
    /// Most of it is no text.
    #[error(
        "policy {path} is not text ({unreadable} of {characters} characters are no text, read as {encoding}): give the document as text, Markdown or HTML"
    )]
    NotText {
        /// What was given.
        path: String,
        /// Characters that no text has.
        unreadable: usize,
        /// All characters.
        characters: usize,
        /// The encoding it was read in.
        encoding: String,
    },
    /// It is JSON or CSV of this tool, and wrong.
    #[error("policy {path}: {problem}")]
    Corrected {
        /// What was given.
        path: String,
        /// What is wrong.
        problem: corrected::Problem,
    },
}
