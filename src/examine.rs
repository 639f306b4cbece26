//! Inputs to [`Observations`]: two passes, shards, threads, and the collector.
//!
//! Pass 1 reads everything once for what later packets are needed to understand
//! earlier ones: hashes, keys, names. Pass 2 takes packets to streams, streams to
//! messages, messages to sightings. There are always 64 shards, whatever the number
//! of threads; a stream belongs to one shard, a shard to one thread, and what the
//! shards collected is merged and sorted at the end, so the same input gives the same
//! output. This is the only stage with threads, and it judges nothing.

mod collect;
mod shard;
mod survey;
mod template;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::capture::{self, OpenError, Record, Source};
use crate::evidence::{Gap, Gaps};
use crate::identify::Identifier;
use crate::message::{self, Item, Message};
use crate::net::{Numbering, Segment, Slicer};
use crate::observations::Observations;
use crate::party::{Attributor, NameTable, Scope};
use crate::payload::Decoder;
use crate::secure::KeyLog;
use crate::session::{Profile, Session, Timeline};
use crate::signatures::Signatures;

use collect::Collector;
use shard::Shard;

/// Logical shards. Fixed, so that limits and orders do not depend on the machine.
pub const SHARDS: usize = 64;

/// An input or key file that cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ExamineError {
    /// A capture.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A key file.
    #[error("{path}: {what}")]
    Keys {
        /// The file.
        path: String,
        /// What is wrong with it and what would be right.
        what: String,
    },
}
