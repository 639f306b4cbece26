//! IP fragments back to packets (RFC 791 §3.2, RFC 8200 §4.5).

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use crate::evidence::{Gap, GapReason, Gaps, Time};

use super::ip::Fragment;

/// Packets that are waited for at once. Linux allows 4 MiB of fragments, some sixty
/// packets of full size; phones fragment only DNS answers and QUIC by mistake.
const PACKETS: usize = 1024;

/// Bytes of fragments kept in all.
const BYTES: usize = 8 << 20;

/// Pieces of one packet: 64 KiB in the smallest fragments that any link makes (68 − 20 bytes).
const PIECES: usize = 1366;

/// Longest payload of an IP packet.
const LONGEST: usize = 65_535;

/// How long a packet is waited for, by the clock of the capture (RFC 8200 §4.5).
const WAIT: i64 = 60_000_000_000;

/// What fragments of one packet have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// IPv6 leaves it to the first fragment; there it is 0.
    pub(super) protocol: u8,
    pub(super) id: u32,
}

/// What carried a fragment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carrier {
    /// Its number in its capture.
    pub(super) frame: u64,
    /// Frames of the captures before that.
    pub(super) before: u64,
    pub(super) time: Time,
}

/// A packet put together again.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Whole {
    /// Payload of the IP packet.
    pub(super) bytes: Vec<u8>,
    /// What it is (IPv6: as the first fragment says).
    pub(super) protocol: u8,
    /// Frames of its fragments, ascending.
    pub(super) frames: Vec<u64>,
    /// Fragments overlapped and differed; the first copy is in `bytes`.
    pub(super) conflict: bool,
}

/// Packets of which some fragments are here and others are not.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    waiting: HashMap<Key, Waiting>,
    /// Keys in the order of their first fragments. Keys of packets that are complete, or that were
    /// begun anew, stay until they come to the front.
    order: VecDeque<(Key, u64)>,
    bytes: usize,
    /// Counts the packets that were begun, to tell an old entry in `order` from a new packet with the same key.
    begun: u64,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    /// Frame of the first fragment, in its capture.
    first: u64,
    since: Time,
    bytes: Vec<u8>,
    /// Ranges of `bytes` that are there: sorted, disjoint.
    there: Vec<(usize, usize)>,
    /// Length, once the last fragment is there.
    length: Option<usize>,
    protocol: Option<u8>,
    frames: Vec<u64>,
    conflict: bool,
}

impl Fragments {
    /// Takes a fragment; hands back the packet that it completes.
    pub(super) fn add(
        &mut self,
        key: Key,
        place: Fragment,
        protocol: u8,
        payload: &[u8],
        Carrier { frame, before, time }: Carrier,
        gaps: &mut Gaps,
    ) -> Option<Whole> {
        self.expire(time, gaps);
        let end = place.offset + payload.len();
        let uneven = place.more && !payload.len().is_multiple_of(8);
        if end > LONGEST || payload.is_empty() || uneven {
            gaps.add(Gap::new(GapReason::DamagedInput, format!("frame {frame}"), "an impossible IP fragment"));
            return None;
        }
        if !self.waiting.contains_key(&key) {
            self.begun += 1;
            self.order.push_back((key, self.begun));
        }
        let number = self.begun;
        let waiting = self.waiting.entry(key).or_insert_with(|| Waiting::new(number, frame, time));
        let held = waiting.bytes.len();
        let Some(is_new) = waiting.put(place, payload) else {
            gaps.add(Gap::new(GapReason::Limit, format!("frame {frame}"), "more than 1366 pieces of one IP packet"));
            return None;
        };
        if place.offset == 0 {
            waiting.protocol.get_or_insert(protocol);
        }
        let counted = before.saturating_add(frame);
        // Repetitions are named too, but there is no end to how often a fragment may come.
        if waiting.frames.last() != Some(&counted) && (is_new || waiting.frames.len() < PIECES) {
            waiting.frames.push(counted);
        }
        self.bytes += waiting.bytes.len() - held;
        if waiting.is_whole() {
            return self.take(&key).map(|w| Whole {
                protocol: w.protocol.unwrap_or(protocol),
                bytes: w.bytes,
                frames: w.frames,
                conflict: w.conflict,
            });
        }
        while self.bytes > BYTES || self.waiting.len() > PACKETS {
            let Some((oldest, number)) = self.order.pop_front() else { break };
            self.drop(&oldest, number, GapReason::Limit, "more than 8 MiB or 1024 packets of IP fragments", gaps);
        }
        None
    }

    /// Counts what is still waited for.
    pub(super) fn finish(&mut self, gaps: &mut Gaps) {
        while let Some((oldest, number)) = self.order.pop_front() {
            self.drop(&oldest, number, GapReason::LostPackets, LOST, gaps);
        }
    }

    fn expire(&mut self, now: Time, gaps: &mut Gaps) {
        while let Some((key, number)) = self.order.front().copied() {
            let current = self.waiting.get(&key).filter(|w| w.number == number);
            if current.is_some_and(|w| now.since(w.since) <= WAIT) {
                break;
            }
            self.order.pop_front();
            self.drop(&key, number, GapReason::LostPackets, LOST, gaps);
        }
    }

    fn drop(&mut self, key: &Key, number: u64, reason: GapReason, detail: &str, gaps: &mut Gaps) {
        if self.waiting.get(key).is_none_or(|w| w.number != number) {
            return;
        }
        if let Some(waiting) = self.take(key) {
            let at = format!("frame {}", waiting.first);
            let there: usize = waiting.there.iter().map(|(start, end)| end - start).sum();
            gaps.add(Gap::new(reason, at, detail).of_bytes(there as u64));
        }
    }

    fn take(&mut self, key: &Key) -> Option<Waiting> {
        let waiting = self.waiting.remove(key)?;
        self.bytes -= waiting.bytes.len();
        Some(waiting)
    }
}

const LOST: &str = "an IP packet whose fragments were not all captured";

impl Waiting {
    fn new(number: u64, first: u64, since: Time) -> Self {
        Self {
            number,
            first,
            since,
            bytes: Vec::new(),
            there: Vec::new(),
            length: None,
            protocol: None,
            frames: Vec::new(),
            conflict: false,
        }
    }

    /// Keeps what of `payload` is new, and says whether anything was; `None` when there are too many pieces.
    fn put(&mut self, place: Fragment, payload: &[u8]) -> Option<bool> {
        if self.there.len() >= PIECES {
            return None;
        }
        let (start, end) = (place.offset, place.offset + payload.len());
        if !place.more {
            match self.length {
                Some(length) if length != end => self.conflict = true,
                _ => self.length = Some(end),
            }
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        // The first copy of a byte stays; new bytes fill the holes.
        let mut at = start;
        let mut is_new = false;
        let mut merged = Vec::with_capacity(self.there.len() + 1);
        let (mut low, mut high) = (start, end);
        for &(from, to) in &self.there {
            if to < start || from > end {
                merged.push((from, to));
                continue;
            }
            let (from_in, to_in) = (from.max(start), to.min(end));
            if at < from_in {
                copy(&mut self.bytes, payload, start, at, from_in);
                is_new = true;
            }
            if from_in < to_in {
                let old = self.bytes.get(from_in..to_in);
                self.conflict |= old != payload.get(from_in - start..to_in - start);
            }
            at = at.max(to_in);
            low = low.min(from);
            high = high.max(to);
        }
        if at < end {
            copy(&mut self.bytes, payload, start, at, end);
            is_new = true;
        }
        merged.push((low, high));
        merged.sort_unstable();
        self.there = merged;
        Some(is_new)
    }

    fn is_whole(&mut self) -> bool {
        let Some(length) = self.length else { return false };
        let whole = self.there.first().is_some_and(|(start, end)| *start == 0 && *end >= length);
        if whole {
            // Bytes after the end that the last fragment gave contradict it.
            self.conflict |= self.bytes.len() > length;
            self.bytes.truncate(length);
        }
        whole
    }
}

/// Copies `payload`, which begins at `start`, to `from..to` of `bytes`.
fn copy(bytes: &mut [u8], payload: &[u8], start: usize, from: usize, to: usize) {
    if let (Some(target), Some(new)) = (bytes.get_mut(from..to), payload.get(from - start..to - start)) {
        target.copy_from_slice(new);
    }
}
