//! Why a recording cannot start, or cannot go on.

use std::path::Path;

use super::adb::AdbError;
use crate::session::SessionError;

/// Recording cannot start or go on. What was written before is whole.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// libpcap refuses.
    #[cfg(feature = "live")]
    #[error("cannot record {interface}: {error}{hint}")]
    Pcap {
        /// The interface.
        interface: String,
        /// libpcap's words.
        error: pcap::Error,
        /// What to do.
        hint: String,
    },
    /// The interface went away while it was recorded.
    #[cfg(feature = "live")]
    #[error(
        "{why}; what came before is whole in {capture}, but packets of its last second may be missing, which counts as a gap"
    )]
    Gone {
        /// libpcap's words.
        why: Box<RecordError>,
        /// The capture.
        capture: String,
    },
    /// The filter does not compile.
    #[cfg(feature = "live")]
    #[error(
        "the filter {filter:?} is not understood: {error}; it is written as for tcpdump, such as \"host 192.0.2.7 and tcp port 443\""
    )]
    Filter {
        /// As given.
        filter: String,
        /// libpcap's words.
        error: pcap::Error,
    },
    /// The key log cannot be read.
    #[error("cannot read the key log {path}: {error}")]
    Keys {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The folder or file cannot be written.
    #[error("cannot write {path}: {error}{hint}")]
    Write {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
        /// What to do.
        hint: &'static str,
    },
    /// The phone cannot be reached, or does not do what it should.
    #[error(transparent)]
    Phone(#[from] AdbError),
    /// The session's own files.
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl RecordError {
    pub(super) fn write(path: &Path, error: std::io::Error) -> Self {
        let hint = match error.kind() {
            std::io::ErrorKind::StorageFull => {
                "; what was written before is whole, make room or keep the newest only (--file-size, --files)"
            }
            _ => "",
        };
        Self::Write { path: path.display().to_string(), error, hint }
    }
}
