//! One reader, 64 shards, some threads.
//!
//! The reader numbers streams in the order of packets and deals their segments to
//! shards; a thread works off its shards' segments in order. So each shard sees the
//! same segments in the same order whatever the number of threads, and what the
//! shards collected does not depend on who was faster.

use std::ops::Range;

use crate::capture::Source;
use crate::evidence::{Gaps, Place};
use crate::message::{Item, Options, import};
use crate::net::Segment;
use crate::progress::Progress;

use super::apps::AppNames;
use super::collect::Collector;
use super::dealing::{Dealer, Dealt, Post, shard_of};
use super::lens::Lens;
use super::paths::Placed;
use super::relief::{Load, Relief, TooHeavy};
use super::streams::Streams;
use super::{ExamineError, SHARDS, segments};

/// One sixty-fourth of the work.
struct Shard {
    streams: Streams,
    collector: Collector,
    progress: Progress,
    /// What the progress was last told of the collector: messages, sightings.
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

    /// Tells the progress what was found since it was last told.
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

/// What is examined, and with what.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The inputs.
    pub sources: &'a [Source],
    /// Which of them follow each other.
    pub series: &'a [Range<usize>],
    /// How streams are read.
    pub options: &'a Options,
    /// What is looked for in their messages.
    pub lens: &'a Lens<'a>,
}

impl Job<'_> {
    fn progress(&self) -> Progress {
        self.sources.first().map(|source| source.progress().clone()).unwrap_or_default()
    }

    fn shards(&self, numbers: impl Iterator<Item = usize>) -> Vec<Shard> {
        let progress = self.progress();
        numbers.map(|_| Shard::new(self.options, self.lens.apps.names(), &progress)).collect()
    }
}

/// Does the job with up to `threads` threads.
///
/// # Errors
/// Where a source cannot be read.
pub fn run(job: Job<'_>, threads: usize, relief: Relief) -> Result<Collector, ExamineError> {
    match threads.clamp(1, SHARDS) {
        1 => alone(job, relief),
        threads => beside_workers(job, threads, relief),
    }
}

/// Reads, and works off each segment at once.
fn alone(job: Job<'_>, mut relief: Relief) -> Result<Collector, ExamineError> {
    let lens = job.lens;
    let mut shards = job.shards(0..SHARDS);
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
    let mut collector = read(job, &mut deal)?;
    shards.into_iter().for_each(|shard| collector.merge(shard.collector));
    Ok(collector)
}

/// Reads, and lets `threads` others work the segments off.
fn beside_workers(job: Job<'_>, threads: usize, relief: Relief) -> Result<Collector, ExamineError> {
    std::thread::scope(|scope| {
        let (mut dealer, posts) = Dealer::new(threads, relief);
        let start = |(worker, post)| scope.spawn(move || work(job, worker, threads, &post));
        let workers: Vec<_> = posts.into_iter().enumerate().map(start).collect();
        let read = read(job, &mut |dealt| dealer.deal(dealt));
        // Workers end when nobody can send them anything.
        drop(dealer);
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

/// Reads all sources and deals their segments out. What belongs to no stream (imported messages,
/// gaps of the lower layers) is collected here.
fn read(job: Job<'_>, deal: &mut dyn FnMut(Dealt<'_>)) -> Result<Collector, ExamineError> {
    let Job { sources, series, options, lens } = job;
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

/// The entry that a message lies in; a gap of the whole file goes with the first.
fn entry_of(item: &Item) -> usize {
    match item {
        Item::Message(message) => match &message.place {
            Place::Entry { entry, .. } => *entry as usize,
            Place::Frames { .. } => 0,
        },
        Item::Gap(_) => 0,
    }
}

/// Relieves all of `shards`, and returns what they still hold.
fn relieve(shards: &mut [Shard], too_heavy: TooHeavy, lens: &Lens<'_>) -> Load {
    Load::of_all(shards.iter_mut().map(|shard| shard.relieve(too_heavy, lens)))
}

/// Works off the segments of the shards `worker`, `worker + threads`, …
fn work(job: Job<'_>, worker: usize, threads: usize, post: &Post) -> Vec<Shard> {
    let lens = job.lens;
    let mut shards = job.shards((worker..SHARDS).step_by(threads));
    for batch in &post.batches {
        for (placed, segment) in batch.segments() {
            if let Some(shard) = shards.get_mut(shard_of(placed) / threads) {
                shard.push(placed, &segment, lens);
            }
        }
        if let Some(too_heavy) = batch.step {
            // The reader may have ended meanwhile.
            let _ = post.weighed.send(relieve(&mut shards, too_heavy, lens));
        }
        if batch.series_over {
            shards.iter_mut().for_each(|shard| shard.finish_series(lens));
        }
        post.give_back(batch);
    }
    shards
}
