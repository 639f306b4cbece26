//! What the reader deals out, and how it gets to the threads: in batches, which come back empty when they have been
//! worked off, so that a run takes memory for a few of them and no more.

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use crate::net::Segment;

use super::SHARDS;
use super::batch::Batch;
use super::paths::Placed;
use super::relief::{Load, Relief};

/// Batches that wait for threads before the reader waits for one, of all threads together: with
/// what they work on, some 35 MB for any number of threads. A download lies in one stream, so with one
/// thread: the others need to see that far ahead to have something to do.
const QUEUED: usize = 128;

/// What the reader deals out.
pub enum Dealt<'a> {
    /// A segment, and the stream that it belongs to.
    Segment(Placed, &'a Segment<'a>),
    /// No segment follows that belongs to any stream so far.
    SeriesOver,
}

/// Streams are numbered one after the other, so this spreads them evenly. The input
/// is mixed in so that many inputs with one stream each spread as well. A group goes where its
/// first stream goes.
pub fn shard_of(placed: &Placed) -> usize {
    let id = placed.assigned.id;
    (placed.group.unwrap_or(id.number) as usize).wrapping_add((id.input as usize).wrapping_mul(7)) % SHARDS
}

/// A thread's ends of the channels.
pub struct Post {
    /// What it has to work off.
    pub batches: Receiver<Batch>,
    /// Batches that were worked off.
    done: Sender<Batch>,
    /// What its shards hold, at each step.
    pub weighed: Sender<Load>,
}

impl Post {
    /// Gives a batch back to be filled again.
    pub fn give_back(&self, batch: Batch) {
        // If enough batches are spare already, this one is dropped.
        let _ = self.done.try_send(batch.emptied());
    }
}

/// Deals segments out to the threads.
pub struct Dealer {
    relief: Relief,
    /// By thread: the batch that is being filled, and where it goes.
    threads: Vec<(Batch, Sender<Batch>)>,
    spare: Receiver<Batch>,
    weights: Receiver<Load>,
    /// Threads that were asked at the last step and whose weights have not been read.
    asked: usize,
}

impl Dealer {
    /// For `threads` threads, with what each of them needs.
    pub fn new(threads: usize, relief: Relief) -> (Self, Vec<Post>) {
        let queue = (QUEUED / threads).max(2);
        let (done, spare) = bounded(threads * queue);
        let (weighed, weights) = unbounded();
        let ends = (0..threads).map(|_| {
            let (sender, batches) = bounded(queue);
            ((Batch::default(), sender), Post { batches, done: done.clone(), weighed: weighed.clone() })
        });
        let (threads, posts) = ends.unzip();
        (Self { relief, threads, spare, weights, asked: 0 }, posts)
    }

    /// Deals one thing out; waits where a thread has enough to do.
    pub fn deal(&mut self, dealt: Dealt<'_>) {
        match dealt {
            Dealt::Segment(placed, segment) => {
                let worker = shard_of(&placed) % self.threads.len().max(1);
                if let Some((batch, sender)) = self.threads.get_mut(worker) {
                    batch.add(placed, segment);
                    if batch.is_full() {
                        send(batch, sender, &self.spare);
                    }
                }
                if self.relief.is_due(segment) {
                    // As many as were asked at the last step, which all have come up to by now.
                    let told = self.weights.iter().take(self.asked);
                    self.relief.weighed(Load::of_all(told));
                    self.asked = self.threads.len();
                    let too_heavy = self.relief.too_heavy();
                    self.send_all(|batch| batch.step = Some(too_heavy));
                }
            }
            Dealt::SeriesOver => {
                self.weights.iter().take(std::mem::take(&mut self.asked)).for_each(drop);
                self.relief.restart();
                self.send_all(|batch| batch.series_over = true);
            }
        }
    }

    /// Sends every thread what there is for it, marked.
    fn send_all(&mut self, mark: impl Fn(&mut Batch)) {
        for (batch, sender) in &mut self.threads {
            mark(batch);
            send(batch, sender, &self.spare);
        }
    }
}

/// Sends `batch` off, and puts an empty one in its place.
fn send(batch: &mut Batch, sender: &Sender<Batch>, spare: &Receiver<Batch>) {
    let next = spare.try_recv().unwrap_or_default();
    // A worker ends only when its sender is dropped.
    let _ = sender.send(std::mem::replace(batch, next));
}
