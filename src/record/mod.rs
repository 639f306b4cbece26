//! Live packets to a session folder, with libpcap or by a proxy, and a phone's identifiers over adb.
//!
//! Takes an interface and a filter, or the connections of a client, and writes a pcapng that is
//! whole after every flush. It audits nothing: a recorded session is audited from its files.

#[cfg(feature = "live")]
mod follow;
#[cfg(feature = "live")]
mod glance;
#[cfg(feature = "live")]
mod live;
pub mod adb;
pub mod completeness;
pub mod machine;
pub mod phone;
#[cfg(feature = "proxy")]
pub mod proxy;
#[cfg(any(feature = "live", feature = "proxy"))]
mod series;
#[cfg(feature = "live")]
pub mod typed;

#[cfg(feature = "live")]
pub use live::{Progress, RecordError, Recorder, Settings, interfaces, may_record};
#[cfg(feature = "live")]
pub use series::{Spread, not_ended};
