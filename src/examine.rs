//! Inputs to [`Observations`]: two passes, shards, threads, and the collector.
//!
//! Pass 1 reads everything once for what later packets are needed to understand
//! earlier ones: hashes, keys, names. Pass 2 takes packets to streams, streams to
//! messages, messages to sightings. There are always 64 shards, whatever the number
//! of threads; a stream belongs to one shard, a shard to one thread, and what the
//! shards collected is merged and sorted at the end, so the same input gives the same
//! output. This is the only stage with threads, and it judges nothing.

// mod collect;
// mod shard;
// mod survey;
mod template;

/// Logical shards. Fixed, so that limits and orders do not depend on the machine.
pub const SHARDS: usize = 64;
