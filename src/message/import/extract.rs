//! Some entries of a file of messages, as a file of the same kind: as they stand there, each
//! byte of an entry kept.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::{flows, har};
use crate::capture::{Format, Source};
use crate::evidence::Time;

/// What is taken out, and what is said of it.
#[derive(Clone, Debug, Default)]
pub struct Extract<'a> {
    /// Numbers of the entries, from 0, as [`crate::evidence::Place::Entry`] counts them.
    pub entries: BTreeSet<u64>,
    /// File name and SHA-256 of the whole.
    pub of: (&'a str, &'a str),
    /// Since when the whole was recorded.
    pub since: Option<Time>,
    /// Words for a person; a flow file has no place for them.
    pub comment: &'a str,
}

/// Writes those entries of `source` to `output`, in their order. Returns how many were there.
///
/// # Errors
/// As `source` and `output` fail, and where the file is cut before the last of them.
pub fn extract(source: &Source, extract: &Extract<'_>, output: &mut dyn Write) -> io::Result<u64> {
    let bytes = source.bytes().map_err(io::Error::other)?;
    match source.format() {
        Format::Har => har::extract::write(bytes, extract, output),
        Format::Mitmproxy => flows::extract(bytes, extract, output),
        format @ (Format::CharlesJson
        | Format::CharlesZip
        | Format::Fiddler
        | Format::HttpCanary
        | Format::ProxyPin) => {
            let what = format!("no entries are cut out of {format}; save the session as HAR as well, and give that");
            Err(io::Error::new(io::ErrorKind::Unsupported, what))
        }
        Format::Pcap | Format::Pcapng => Err(io::ErrorKind::Unsupported.into()),
    }
}
