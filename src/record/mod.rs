//! Live packets to a session folder, with libpcap, by a proxy or from a phone; and a phone's identifiers over adb.
//!
//! Takes an interface and a filter, the connections of a client, or a phone that adb reaches, and writes a
//! pcapng that is whole after every flush. It audits nothing: a recorded session is audited from its files.

pub mod adb;
pub mod android;
pub mod completeness;
mod dumper;
mod error;
mod follow;
mod glance;
#[cfg(feature = "live")]
mod live;
pub mod machine;
pub mod phone;
#[cfg(feature = "live")]
pub mod privilege;
#[cfg(feature = "proxy")]
pub mod proxy;
mod series;
mod system;
pub mod typed;

use std::path::Path;

use crate::session::Mark;

pub use dumper::{SNAPLEN, Settings};
pub use error::RecordError;
#[cfg(feature = "live")]
pub use live::{Recorder, interfaces, may_record};
pub use series::{Spread, not_ended};

/// What was recorded so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Packets written.
    pub packets: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Packets that the kernel or the interface dropped.
    pub dropped: u64,
    /// TCP and UDP streams seen.
    pub streams: u64,
    /// Different names in DNS questions and TLS server names.
    pub names: u64,
    /// Secrets taken over from the key log.
    pub keys: u64,
    /// Bytes written to all files.
    pub written: u64,
    /// Files that were deleted to make room for newer ones.
    pub removed: u64,
    /// The packets are on the phone: nothing but `written` is known of them.
    pub elsewhere: bool,
}

/// A recording in progress, whatever makes it.
pub trait Recording {
    /// The capture file that is written at the moment.
    fn path(&self) -> &Path;

    /// What was recorded so far.
    fn progress(&self) -> Progress;

    /// Takes the packets that are there, and pauses a moment if there are none. `false`: the source has ended.
    ///
    /// # Errors
    /// Where the source goes away or the file cannot be written: what was written stays whole.
    fn step(&mut self) -> Result<bool, RecordError>;

    /// Ends the recording; the file says how many packets were dropped.
    ///
    /// # Errors
    /// Where the file cannot be written.
    fn finish(&mut self) -> Result<Progress, RecordError>;

    /// A mark was made while it runs.
    fn marked(&mut self, _mark: &Mark) {}

    /// What a person should know at the end.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}
