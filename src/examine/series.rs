//! Captures that follow each other: one recording in several files.
//!
//! Recorders that run for long begin a new file now and then (`dumpcap -b`, `tcpdump -C`
//! and `-G`), and `editcap -c` splits one. Connections cross such a split, so these
//! files are read as one. Time decides what belongs together, not the file name: a capture
//! continues one that ended before it began, unless the pause between them is longer than
//! a silent connection lasts. Captures that overlap (of two interfaces) do not follow each
//! other, but each of them may be split. If several have ended, a capture continues
//! the one that it shares most addresses with, and among equals the one that ended last.
//!
//! If a capture follows another by mere chance, nothing is misread: a stream goes on only
//! where both ends are the same and, for TCP, where the sequence numbers fit. Packets that
//! were lost between two files are lost like any others.

use std::collections::HashSet;
use std::net::IpAddr;
use std::ops::Range;

use crate::capture::{OpenError, Record, Source};
use crate::evidence::{Gaps, Time};
use crate::net::Slicer;

/// The longest pause between two captures. Address translators keep a silent TCP connection for
/// at least two hours and four minutes (RFC 5382, REQ-5), so no app can rely on more.
const PAUSE: i64 = (2 * 60 + 4) * 60 * 1_000_000_000;

/// Recorders of several interfaces write packets some milliseconds out of order, so the first
/// packet of a file may be older than the last one of the file before.
const DISORDER: i64 = 200_000_000;

/// Series that may go on at the same time: interfaces that are recorded at once.
const OPEN: usize = 64;

/// Records that are looked at for the first time stamp: a file begins with interfaces,
/// names and keys.
const LOOK: usize = 65_536;

/// Packets at the start of a capture whose addresses are compared with those of the captures before:
/// the device's own address is among them.
const PACKETS: usize = 64;

/// When a capture begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Time of its first packet.
    pub first: Time,
    /// Time of its last one.
    pub last: Time,
}

impl Extent {
    /// Whether a capture that begins at `next` can continue this one.
    fn goes_on_at(self, next: Time) -> bool {
        let overlap = self.last.since(next);
        // A short capture may lie as a whole within the disorder of another.
        let allowed = DISORDER.min(self.last.since(self.first) / 2);
        overlap <= allowed && overlap >= -PAUSE && next >= self.first
    }
}

/// A series that may go on, with what is carried through its captures.
struct Open<T> {
    members: Vec<usize>,
    extent: Extent,
    state: T,
}

/// Finds the series among captures that come in the order of their first packet.
pub struct Finder<T> {
    open: Vec<Open<T>>,
    over: Vec<Vec<usize>>,
}

impl<T> Finder<T> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { open: Vec::new(), over: Vec::new() }
    }

    /// The series that the capture which begins at `first` continues. `shared` says how many addresses
    /// it has in common with a series; `over` gets the state of each series that cannot go on any more.
    pub fn before(
        &mut self,
        first: Time,
        shared: &dyn Fn(&T) -> usize,
        over: &mut dyn FnMut(T),
    ) -> Option<(Vec<usize>, T)> {
        while let Some(at) = self.open.iter().position(|open| first.since(open.extent.last) > PAUSE) {
            self.close(at, over);
        }
        let (at, _) = self
            .open
            .iter()
            .enumerate()
            .filter(|(_, open)| open.extent.goes_on_at(first))
            .max_by_key(|(_, open)| (shared(&open.state), open.extent.last))?;
        let Open { members, state, .. } = self.open.swap_remove(at);
        Some((members, state))
    }

    /// A series up to its last capture so far.
    pub fn add(&mut self, members: Vec<usize>, extent: Extent, state: T, over: &mut dyn FnMut(T)) {
        if self.open.len() >= OPEN {
            let oldest = self.open.iter().enumerate().min_by_key(|(_, open)| open.extent.last);
            if let Some((at, _)) = oldest {
                self.close(at, over);
            }
        }
        self.open.push(Open { members, extent, state });
    }

    /// An input that is a series of its own.
    pub fn alone(&mut self, member: usize) {
        self.over.push(vec![member]);
    }

    fn close(&mut self, at: usize, over: &mut dyn FnMut(T)) {
        let Open { members, state, .. } = self.open.swap_remove(at);
        self.over.push(members);
        over(state);
    }

    /// All series: each stands where the first of its inputs was given.
    pub fn finish(mut self, over: &mut dyn FnMut(T)) -> Vec<Vec<usize>> {
        while !self.open.is_empty() {
            self.close(0, over);
        }
        self.over.sort_by_key(|members| members.iter().min().copied());
        self.over
    }
}

/// How an input begins.
pub struct Begin {
    /// Position of the input.
    pub index: usize,
    /// Time of the first packet; `None` for what is no capture, or has no times.
    pub first: Option<Time>,
    /// Addresses in its first packets.
    pub addresses: HashSet<IpAddr>,
}

/// How `sources` begin, by their first packet; what has no time comes first, as it was given.
pub fn by_time(sources: &[Source]) -> Result<Vec<Begin>, OpenError> {
    let mut order = Vec::with_capacity(sources.len());
    for (index, source) in sources.iter().enumerate() {
        order.push(begin(index, source)?);
    }
    order.sort_by_key(|begin| (begin.first, begin.index));
    Ok(order)
}

fn begin(index: usize, source: &Source) -> Result<Begin, OpenError> {
    let mut begin = Begin { index, first: None, addresses: HashSet::new() };
    if !source.format().is_capture() {
        return Ok(begin);
    }
    let (mut reader, mut slicer) = (source.packets(0)?, Slicer::new());
    let (mut packets, mut unread) = (0, Gaps::default());
    for _ in 0..LOOK {
        let Some(record) = reader.next() else { break };
        let Record::Packet(packet) = record else { continue };
        if packet.timed {
            begin.first.get_or_insert(packet.time);
        }
        let mut found = slicer.slice(&packet, &mut unread);
        while let Some(segment) = found {
            begin.addresses.extend([segment.src.ip(), segment.dst.ip()]);
            found = slicer.more(&packet, &mut unread);
        }
        packets += 1;
        if packets >= PACKETS && begin.first.is_some() {
            break;
        }
    }
    Ok(begin)
}

/// The range of each series once the inputs are sorted by series.
pub fn ranges(series: &[Vec<usize>]) -> Vec<Range<usize>> {
    let mut end = 0;
    series
        .iter()
        .map(|members| {
            let start = end;
            end += members.len();
            start..end
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    /// Series of captures with these extents, in seconds, that are in the order of their start.
    fn series(extents: &[(f64, f64)]) -> Vec<Vec<usize>> {
        let mut finder = Finder::new();
        let time = |seconds: f64| Time((seconds * SECOND as f64) as i64);
        for (index, (first, last)) in extents.iter().enumerate() {
            let (mut members, ()) = finder.before(time(*first), &|()| 0, &mut drop).unwrap_or_default();
            members.push(index);
            finder.add(members, Extent { first: time(*first), last: time(*last) }, (), &mut drop);
        }
        finder.finish(&mut drop)
    }

    #[test]
    fn files_of_one_recorder_follow_each_other() {
        assert_eq!(series(&[(0.0, 10.0), (10.0, 20.0), (21.0, 21.0), (21.0, 30.0)]), [vec![0, 1, 2, 3]]);
        // Some milliseconds out of order; a night later.
        assert_eq!(series(&[(0.0, 10.0), (9.9, 20.0), (30_000.0, 30_001.0)]), [vec![0, 1], vec![2]]);
    }

    #[test]
    fn what_overlaps_does_not_follow() {
        assert_eq!(series(&[(0.0, 10.0), (1.0, 11.0)]), [vec![0], vec![1]]);
        assert_eq!(series(&[(0.0, 0.1), (0.01, 0.12)]), [vec![0], vec![1]], "short, but most of it at once");
        assert_eq!(series(&[(0.0, 5.0), (0.0, 5.0)]), [vec![0], vec![1]], "the same file twice");
    }

    #[test]
    fn two_recorders_at_once_are_two_series() {
        let both = [(0.0, 10.0), (3.0, 13.0), (10.1, 20.0), (13.1, 23.0), (20.1, 30.0)];
        assert_eq!(series(&both), [vec![0, 2, 4], vec![1, 3]]);
    }
}
