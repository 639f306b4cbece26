//! The session folder: what was recorded, on which device, and what happened when.
//!
//! Takes a folder (or bare captures), hands on its inputs, device profile, marks,
//! settlements and clock. It does not open a capture.

mod profile;

pub use profile::{Profile, ProfileValue};
