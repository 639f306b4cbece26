//! One reader, 64 shards, some threads.
//!
//! The reader numbers streams in the order of packets and deals their segments to
//! shards; a thread works off its shards' segments in order. So each shard sees the
//! same segments in the same order whatever the number of threads, and what the
//! shards collected does not depend on who was faster.

use std::net::SocketAddr;
use std::ops::Range;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use crate::capture::Source;
use crate::evidence::{Gaps, Place, Time};
use crate::message::{Item, Options, import};
use crate::net::{Kind, Segment};
use crate::progress::Progress;

use super::apps::AppNames;
use super::collect::Collector;
use super::lens::Lens;
use super::paths::Placed;
use super::relief::{Load, Relief, TooHeavy};
use super::streams::Streams;
use super::{ExamineError, SHARDS, segments};

/// Payload bytes that are dealt out together: large enough that a channel's cost
/// does not show, small enough that all queues stay within some megabytes.
const BATCH_BYTES: usize = 256 << 10;
/// Segments that are dealt out together, for captures of many small ones.
const BATCH_SEGMENTS: usize = 2048;
/// Batches that wait for threads before the reader waits for one, of all threads together: with
/// what they work on, some 20 MB for any number of threads up to eight.
const QUEUED: usize = 16;

/// One sixty-fourth of the work.
struct Shard {
    streams: Streams,
    collector: Collector,
    progress: Progress,
    /// What was told of the collector.
    told: (u64, u64),
}

impl Shard {
    fn new(options: &Options, apps: &AppNames, progress: &Progress) -> Self {
        Self {
            streams: Streams::new(options, apps),
            collector: Collector::default(),
            progress: progress.clone(),
            told: (0, 0),
        }
    }

    /// Tells what came since this was last told.
    fn tell(&mut self) {
        let ((messages, sightings), before) = (self.collector.so_far(), self.told);
        self.progress.found(messages.saturating_sub(before.0), sightings.saturating_sub(before.1));
        self.told = (messages, sightings);
    }

    fn push(&mut self, placed: &Placed, segment: &Segment<'_>, lens: &Lens<'_>) {
        let mut gaps = Gaps::default();
        let collector = &mut self.collector;
        self.streams.push(placed, segment, &mut gaps, &mut |item| collector.item(item, lens));
        collector.gaps.merge(gaps);
    }

    fn relieve(&mut self, too_heavy: TooHeavy, lens: &Lens<'_>) -> Load {
        self.tell();
        let collector = &mut self.collector;
        self.streams.relieve(too_heavy, &mut |item| collector.item(item, lens))
    }

    fn finish_series(&mut self, lens: &Lens<'_>) {
        let collector = &mut self.collector;
        self.streams.finish(&mut |item| collector.item(item, lens));
        self.tell();
    }
}

/// Examines `sources`, of which those in one range follow each other, with up to `threads` threads.
pub fn run(
    sources: &[Source],
    series: &[Range<usize>],
    options: &Options,
    lens: &Lens<'_>,
    threads: usize,
    mut relief: Relief,
) -> Result<Collector, ExamineError> {
    let threads = threads.clamp(1, SHARDS);
    let progress = sources.first().map(|source| source.progress().clone()).unwrap_or_default();
    if threads == 1 {
        let mut shards: Vec<Shard> = (0..SHARDS).map(|_| Shard::new(options, lens.apps.names(), &progress)).collect();
        let mut deal = |dealt: Dealt<'_>| match dealt {
            Dealt::Segment(placed, segment) => {
                if let Some(shard) = shards.get_mut(shard_of(&placed)) {
                    shard.push(&placed, segment, lens);
                }
                if relief.is_due(segment) {
                    let too_heavy = relief.too_heavy();
                    relief.weighed(relieve(&mut shards, too_heavy, lens));
                }
            }
            Dealt::SeriesOver => {
                shards.iter_mut().for_each(|shard| shard.finish_series(lens));
                relief.restart();
            }
        };
        let mut collector = read(sources, series, options, lens, &mut deal)?;
        for shard in shards {
            collector.merge(shard.collector);
        }
        return Ok(collector);
    }
    std::thread::scope(|scope| {
        let (weighed, weights) = unbounded();
        let mut senders: Vec<Sender<Batch>> = Vec::with_capacity(threads);
        let mut workers = Vec::with_capacity(threads);
        // Batches that were worked off, to be filled again: their memory is taken once.
        let queue = (QUEUED / threads).max(2);
        let (done, spare) = bounded(threads * queue);
        for worker in 0..threads {
            let (sender, receiver) = bounded(queue);
            senders.push(sender);
            let post =
                Post { batches: receiver, done: done.clone(), weighed: weighed.clone(), progress: progress.clone() };
            workers.push(scope.spawn(move || work(worker, threads, &post, options, lens)));
        }
        let next = || spare.try_recv().unwrap_or_default();
        let mut batches: Vec<Batch> = (0..threads).map(|_| Batch::default()).collect();
        let mut asked = 0;
        let mut deal = |dealt: Dealt<'_>| match dealt {
            Dealt::Segment(placed, segment) => {
                let worker = shard_of(&placed) % threads;
                if let (Some(batch), Some(sender)) = (batches.get_mut(worker), senders.get(worker)) {
                    batch.add(placed, segment);
                    if batch.is_full() {
                        // A worker ends only when its sender is dropped.
                        let _ = sender.send(std::mem::replace(batch, next()));
                    }
                }
                if relief.is_due(segment) {
                    // As many as were asked at the last step, which all have come up to by now.
                    let told = weights.iter().take(std::mem::replace(&mut asked, threads));
                    relief.weighed(added_up(told));
                    let step = Step { too_heavy: relief.too_heavy() };
                    for (batch, sender) in batches.iter_mut().zip(&senders) {
                        batch.step = Some(step);
                        let _ = sender.send(std::mem::replace(batch, next()));
                    }
                }
            }
            Dealt::SeriesOver => {
                weights.iter().take(std::mem::take(&mut asked)).for_each(drop);
                relief.restart();
                for (batch, sender) in batches.iter_mut().zip(&senders) {
                    batch.series_over = true;
                    let _ = sender.send(std::mem::replace(batch, next()));
                }
            }
        };
        let read = read(sources, series, options, lens, &mut deal);
        drop(senders);
        let mut collector = Collector::default();
        for worker in workers {
            match worker.join() {
                Ok(shards) => shards.into_iter().for_each(|shard| collector.merge(shard.collector)),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        collector.merge(read?);
        Ok(collector)
    })
}

/// What the reader deals out.
enum Dealt<'a> {
    Segment(Placed, &'a Segment<'a>),
    SeriesOver,
}

/// Reads all sources. What belongs to no stream (imported messages, gaps of the
/// lower layers) is collected here.
fn read(
    sources: &[Source],
    series: &[Range<usize>],
    options: &Options,
    lens: &Lens<'_>,
    deal: &mut dyn FnMut(Dealt<'_>),
) -> Result<Collector, ExamineError> {
    let mut collector = Collector::default();
    // Imported messages lie in entries, not in streams: these are spread over as many collectors,
    // so that a session of such files has the whole of each limit and not 1/64.
    let mut imported: Vec<Collector> = (0..SHARDS).map(|_| Collector::default()).collect();
    for range in series {
        let Some(first) = sources.get(range.start) else { continue };
        if !first.format().is_capture() {
            import::read(first, range.start as u32, options, &mut |item| {
                if let Some(collector) = imported.get_mut(entry_of(&item) % SHARDS) {
                    collector.item(item, lens);
                }
            })?;
            continue;
        }
        let slicer = super::slicer(&options.keys);
        segments::read(sources, range.clone(), slicer, &lens.apps, &mut collector.gaps, &mut |placed, segment, _| {
            deal(Dealt::Segment(*placed, segment));
            true
        })?;
        deal(Dealt::SeriesOver);
    }
    imported.into_iter().for_each(|part| collector.merge(part));
    Ok(collector)
}

/// The entry that a message lies in; what speaks of a whole file stands with the first.
fn entry_of(item: &Item) -> usize {
    match item {
        Item::Message(message) => match &message.place {
            Place::Entry { entry, .. } => *entry as usize,
            Place::Frames { .. } => 0,
        },
        Item::Gap(_) => 0,
    }
}

/// Streams are numbered one after the other, so this spreads them evenly. The input
/// is mixed in so that many inputs with one stream each spread as well. A group goes where its
/// first stream goes.
fn shard_of(placed: &Placed) -> usize {
    let id = placed.assigned.id;
    (placed.group.unwrap_or(id.number) as usize).wrapping_add((id.input as usize).wrapping_mul(7)) % SHARDS
}

/// Relieves all of `shards`; what is left in them.
fn relieve(shards: &mut [Shard], too_heavy: TooHeavy, lens: &Lens<'_>) -> Load {
    added_up(shards.iter_mut().map(|shard| shard.relieve(too_heavy, lens)))
}

fn added_up(loads: impl Iterator<Item = Load>) -> Load {
    loads.fold(Load::default(), |mut sum, load| {
        sum.merge(&load);
        sum
    })
}

/// What every shard is to do behind the same segment: see [`Relief`].
#[derive(Clone, Copy)]
struct Step {
    too_heavy: TooHeavy,
}

/// What a worker takes, and whom it tells.
struct Post {
    batches: Receiver<Batch>,
    /// Batches that were worked off.
    done: Sender<Batch>,
    weighed: Sender<Load>,
    progress: Progress,
}

/// Works off the segments of the shards `worker`, `worker + threads`, …
fn work(worker: usize, threads: usize, post: &Post, options: &Options, lens: &Lens<'_>) -> Vec<Shard> {
    let mut shards: Vec<Shard> =
        (worker..SHARDS).step_by(threads).map(|_| Shard::new(options, lens.apps.names(), &post.progress)).collect();
    for batch in &post.batches {
        for held in &batch.segments {
            if let Some(shard) = shards.get_mut(shard_of(&held.placed) / threads)
                && let (Some(payload), Some(frames)) = (batch.bytes.get(held.payload.clone()), held.frames(&batch))
            {
                shard.push(&held.placed, &held.segment(payload, frames), lens);
            }
        }
        if let Some(step) = batch.step {
            // The reader may have ended meanwhile.
            let _ = post.weighed.send(relieve(&mut shards, step.too_heavy, lens));
        }
        if batch.series_over {
            shards.iter_mut().for_each(|shard| shard.finish_series(lens));
        }
        // Where there are enough to spare, it goes.
        let _ = post.done.try_send(batch.emptied());
    }
    shards
}

/// Segments on their way to a thread, their payloads in one piece of memory.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    frames: Vec<u64>,
    segments: Vec<Held>,
    /// Behind the segments.
    step: Option<Step>,
    series_over: bool,
}

/// A segment whose payload lies in its batch.
struct Held {
    placed: Placed,
    input: u32,
    frame: u64,
    time: Time,
    src: SocketAddr,
    dst: SocketAddr,
    kind: Kind,
    missing: u32,
    app: Option<u32>,
    conflict: bool,
    quoted: bool,
    payload: Range<usize>,
    frames: Range<usize>,
}

impl Batch {
    fn add(&mut self, placed: Placed, segment: &Segment<'_>) {
        let payload = self.bytes.len()..self.bytes.len() + segment.payload.len();
        let frames = self.frames.len()..self.frames.len() + segment.frames.len();
        self.bytes.extend_from_slice(segment.payload);
        self.frames.extend_from_slice(segment.frames);
        self.segments.push(Held {
            placed,
            input: segment.input,
            frame: segment.frame,
            time: segment.time,
            src: segment.src,
            dst: segment.dst,
            kind: segment.kind,
            missing: segment.missing,
            app: segment.app,
            conflict: segment.conflict,
            quoted: segment.quoted,
            payload,
            frames,
        });
    }

    /// With nothing in it, and its memory.
    fn emptied(mut self) -> Self {
        self.bytes.clear();
        self.frames.clear();
        self.segments.clear();
        (self.series_over, self.step) = (false, None);
        self
    }

    fn is_full(&self) -> bool {
        self.bytes.len() >= BATCH_BYTES || self.segments.len() >= BATCH_SEGMENTS
    }
}

impl Held {
    fn frames<'a>(&self, batch: &'a Batch) -> Option<&'a [u64]> {
        batch.frames.get(self.frames.clone())
    }

    fn segment<'a>(&self, payload: &'a [u8], frames: &'a [u64]) -> Segment<'a> {
        Segment {
            input: self.input,
            frame: self.frame,
            frames,
            time: self.time,
            src: self.src,
            dst: self.dst,
            kind: self.kind,
            payload,
            missing: self.missing,
            app: self.app,
            conflict: self.conflict,
            quoted: self.quoted,
        }
    }
}
