//! Live packets to a session folder, with libpcap or by a proxy, and a phone's identifiers over adb.
//!
//! Takes an interface and a filter, or the connections of a client, and writes a pcapng that is
//! whole after every flush. It audits nothing: a recorded session is audited from its files.

#[cfg(feature = "live")]
mod live;
pub mod completeness;
pub mod machine;
pub mod phone;
#[cfg(feature = "proxy")]
pub mod proxy;

#[cfg(feature = "live")]
pub use live::{Progress, RecordError, Recorder, interfaces, may_record};

/// `capture.pcapng`, or the first `capture-N.pcapng` that is not there.
#[cfg(any(feature = "live", feature = "proxy"))]
fn free_name(folder: &std::path::Path) -> std::path::PathBuf {
    (1u32..)
        .map(|n| if n == 1 { folder.join("capture.pcapng") } else { folder.join(format!("capture-{n}.pcapng")) })
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.join("capture.pcapng"))
}
