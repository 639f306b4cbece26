//! Files that hold messages rather than packets.
//!
//! Each importer takes a file's bytes, hands on the same [`Item`](super::Item)s that
//! streams yield, and says what its format or its writer loses.

mod entry;
mod har;

pub use har::{Har, har};
