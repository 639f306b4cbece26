//! What a third party checks a report with: slices of the recording, the evidence bundle and
//! its verification.
//!
//! Takes a report and the session that it is about, hands on files. It reads what the stages
//! before it wrote and knows no verdict of its own: `verify` asks them to repeat theirs.

mod archive;
mod build;
mod chain;
mod digest;
mod manifest;
pub mod minisign;
mod packets;
mod readme;
mod select;
mod slice;

pub use archive::{BundleError, pack};
pub use build::{Contents, build};
pub use manifest::{Kind, Manifest, Recorded};
pub use select::Selection;
pub use slice::{Part, Slice, SliceError, slices};
