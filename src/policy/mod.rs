//! Documents to [`Policy`]: readers, tables, prose, names, claims.
//!
//! Imports level 0 only. It has never heard of a packet, and it judges nothing: it
//! hands on what the text says, and how sure it is of that.

mod model;

pub use model::*;
