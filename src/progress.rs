//! How far a long run has come: the stages add to it, a terminal shows it. It is part of no output.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of a run that several threads add to, a batch at a time. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    pass: AtomicU64,
    expected: AtomicU64,
    read: AtomicU64,
    packets: AtomicU64,
    messages: AtomicU64,
    sightings: AtomicU64,
}

/// The counts at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Which time the inputs are read, from 1; 0 before.
    pub pass: u64,
    /// Bytes of all inputs as they are stored.
    pub expected: u64,
    /// Of these, bytes that were read in this pass.
    pub read: u64,
    /// Packets of this pass.
    pub packets: u64,
    /// Messages, in both directions.
    pub messages: u64,
    /// Different sightings.
    pub sightings: u64,
}

impl Progress {
    /// Starts the next pass over the inputs, which are `expected` bytes together.
    pub fn begin(&self, expected: u64) {
        self.0.pass.fetch_add(1, Ordering::Relaxed);
        self.0.expected.store(expected, Ordering::Relaxed);
        self.0.read.store(0, Ordering::Relaxed);
        self.0.packets.store(0, Ordering::Relaxed);
    }

    /// Adds bytes that were read of an input.
    pub fn read(&self, bytes: usize) {
        self.0.read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Adds packets.
    pub fn packets(&self, packets: u64) {
        self.0.packets.fetch_add(packets, Ordering::Relaxed);
    }

    /// Adds messages and different sightings.
    pub fn found(&self, messages: u64, sightings: u64) {
        self.0.messages.fetch_add(messages, Ordering::Relaxed);
        self.0.sightings.fetch_add(sightings, Ordering::Relaxed);
    }

    /// The counts as they are now. Each is exact, but they may be from slightly different moments.
    pub fn reached(&self) -> Reached {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Reached {
            pass: count(&self.0.pass),
            expected: count(&self.0.expected),
            read: count(&self.0.read),
            packets: count(&self.0.packets),
            messages: count(&self.0.messages),
            sightings: count(&self.0.sightings),
        }
    }
}
