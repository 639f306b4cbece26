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
mod none;
mod pack;
mod packets;
mod problem;
mod readme;
mod repeat;
mod select;
mod slice;
mod stamp;
mod sums;
pub mod timestamp;
mod told;
mod verify;

pub use archive::BundleError;
pub use build::{Contents, build};
pub use manifest::{Kind, Manifest, Recorded};
pub use pack::pack;
pub use problem::{Problem, Proof, ProofState, State};
pub use repeat::{Premises, Repeated};
pub use select::Selection;
pub use slice::{Part, Slice, SliceError, slices};
pub use stamp::{request, stamp};
pub use told::told;
pub use verify::{About, Checked, PROOF_LIMIT, Trust, Verification, check};
