//! What a third party checks a report with: slices of the recording, the evidence bundle and
//! its verification.
//!
//! Takes a report and the session that it is about, hands on files. It reads what the stages
//! before it wrote and knows no verdict of its own: `verify` asks them to repeat theirs.

mod packets;
mod select;
mod slice;

pub use select::Selection;
pub use slice::{Part, Slice, SliceError, slices};
