//! Live packets to a session folder, with libpcap, and a phone's identifiers over adb.
//!
//! Takes an interface and a filter, writes a pcapng that is whole after every
//! flush. It parses nothing: a recorded session is audited from its files.

#[cfg(feature = "live")]
mod live;
pub mod completeness;
pub mod machine;
pub mod phone;

#[cfg(feature = "live")]
pub use live::{Progress, RecordError, Recorder, interfaces, may_record};
