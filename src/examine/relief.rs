//! Limits the memory of messages that come in at the same time, in all shards together.
//!
//! One upload may be kept up to its own limit, but not a thousand of them at once; and if each shard had
//! 1/64 of the memory, already the one would be cut. So the weights of all shards are added up at
//! every step, that is whenever a certain number of bytes was read, at the same segment whatever the number
//! of threads. Shards act on the sum one step later: by then even the slowest thread has
//! reported its weights, and nobody has to wait. Between two steps no more can come in than was read.
//!
//! What streams hold besides these messages is limited in the same way: the beginning of a head or of a
//! record, requests without an answer, tables, open streams. None of it can be handed on by itself,
//! so a stream that holds too much is ended where it is.

use crate::message::{IN_ALL, Weights};
use crate::net::Segment;

/// What is read between two steps.
const STEP_BYTES: usize = 8 << 20;

/// Memory of what all streams hold besides messages that are still coming in. A head is 64 KiB at most and a
/// record 16 KiB: a thousand streams may wait for the rest of one.
pub const MAX_WAITING: usize = 64 << 20;

/// The part of it that few bytes can create: open streams of HTTP/2, heads that name much of its tables,
/// windows. Any amount of it may appear between two steps, so each shard limits its own 1/64, which is what one
/// connection takes with as many open streams as are followed.
pub const MAX_AMPLIFIED: usize = 128 << 20;

/// Memory that a segment may cost in addition to its payload: its frame and time.
const SEGMENT_COST: usize = 64;

/// The memory that streams hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Messages that are still coming in.
    pub messages: Weights,
    /// What else waits in streams, by stream.
    pub waiting: Weights,
}

impl Load {
    /// What all of these hold together.
    pub fn of_all(loads: impl Iterator<Item = Self>) -> Self {
        loads.fold(Self::default(), |mut sum, load| {
            sum.merge(&load);
            sum
        })
    }

    /// Adds what other streams hold.
    pub fn merge(&mut self, other: &Self) {
        self.messages.merge(&other.messages);
        self.waiting.merge(&other.waiting);
    }
}

/// From which weight on things must be let go of now; `None`: nothing must.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TooHeavy {
    /// A message.
    pub messages: Option<usize>,
    /// What waits in a stream.
    pub waiting: Option<usize>,
}

/// Counts what is read, and says when to weigh.
#[derive(Clone, Debug)]
pub struct Relief {
    read: usize,
    weighed: Option<Load>,
    /// What is read between two steps.
    step: usize,
    /// What messages may weigh together.
    allowed: usize,
    /// What may wait beside them.
    waiting: usize,
}

impl Default for Relief {
    fn default() -> Self {
        Self { read: 0, weighed: None, step: STEP_BYTES, allowed: IN_ALL, waiting: MAX_WAITING }
    }
}

impl Relief {
    /// Nothing is still coming in.
    pub fn restart(&mut self) {
        (self.read, self.weighed) = (0, None);
    }

    /// Counts a segment. Whether a step is due behind it.
    pub fn is_due(&mut self, segment: &Segment<'_>) -> bool {
        self.read = self.read.saturating_add(segment.payload.len()).saturating_add(SEGMENT_COST);
        let due = self.read >= self.step;
        if due {
            self.read = 0;
        }
        due
    }

    /// The weights as of the last step were these.
    pub fn weighed(&mut self, load: Load) {
        self.weighed = Some(load);
    }

    /// What has to go now, by the weights as of the step before.
    pub fn too_heavy(&mut self) -> TooHeavy {
        self.weighed.take().map_or_else(TooHeavy::default, |load| TooHeavy {
            messages: load.messages.too_heavy(self.allowed),
            waiting: load.waiting.too_heavy(self.waiting),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AppMap, Known, first_pass, lens, threads};
    use super::*;
    use crate::capture::{LinkType, PcapngWriter};
    use crate::evidence::Time;
    use crate::observations::Observations;
    use crate::session::Session;
    use crate::signatures::Signatures;

    /// A segment of a client on `port`, in Ethernet and IPv4.
    fn segment(port: u16, flags: u8, seq: u32, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; 12];
        packet.extend([8, 0, 0x45, 0]);
        packet.extend((40 + payload.len() as u16).to_be_bytes());
        packet.extend([0, 1, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7]);
        packet.extend([port.to_be_bytes(), 80_u16.to_be_bytes()].concat());
        packet.extend([seq.to_be_bytes(), 1_u32.to_be_bytes()].concat());
        packet.extend([0x50, flags, 255, 255, 0, 0, 0, 0]);
        packet.extend(payload);
        packet
    }

    const UPLOADS: u16 = 150;
    const PORTS: std::ops::Range<u16> = 10_000..10_000 + UPLOADS;
    const PARTS: usize = 12;

    /// A capture of the packets that `play` hands on, a millisecond after each other.
    fn captured(play: impl FnOnce(&mut dyn FnMut(Vec<u8>))) -> Vec<u8> {
        let mut writer = PcapngWriter::new(Vec::new(), "wirewitness", "").expect("in memory");
        writer.interface(LinkType::ETHERNET, 0, "", "").expect("in memory");
        let mut time = 0;
        play(&mut |packet| {
            time += 1_000_000;
            writer.packet(0, Time(time), packet.len() as u32, &packet, &[]).expect("in memory");
        });
        writer.finish().expect("in memory")
    }

    /// Connections that all begin, send `head` and then `part` some times, in turn.
    fn at_once(packet: &mut dyn FnMut(Vec<u8>), head: &[u8], part: &[u8]) {
        PORTS.for_each(|port| packet(segment(port, 2, 0, b"")));
        PORTS.for_each(|port| packet(segment(port, 16, 1, head)));
        for n in 0..PARTS {
            let seq = (1 + head.len() + n * part.len()) as u32;
            PORTS.for_each(|port| packet(segment(port, 16, seq, part)));
        }
    }

    /// Gaps that say `words`.
    fn said(observations: &Observations, words: &str) -> u64 {
        observations.gaps.iter().filter(|gap| gap.detail.contains(words)).map(|gap| gap.count).sum()
    }

    fn found(observations: &Observations) -> u64 {
        observations.sightings.iter().map(|sighting| sighting.count).sum()
    }

    /// Uploads that come in at the same time, each with an identifier behind so much else.
    fn uploads() -> Vec<u8> {
        let (part, last) = ([b'.'; 1000], b"\r\nimei=490154203237518&end=1");
        let length = PARTS * part.len() + last.len();
        let head = format!("POST /up HTTP/1.1\r\nHost: up.example.com\r\nContent-Length: {length}\r\n\r\n");
        captured(|packet| {
            at_once(packet, head.as_bytes(), &part);
            let seq = 1 + head.len() + PARTS * part.len();
            PORTS.for_each(|port| packet(segment(port, 16, seq as u32, last)));
        })
    }

    /// Heads that never end, each with an identifier.
    fn heads() -> Vec<u8> {
        let head = "GET /?imei=490154203237518 HTTP/1.1\r\nHost: up.example.com\r\nX-Long: ";
        captured(|packet| at_once(packet, head.as_bytes(), &[b'v'; 1000]))
    }

    #[test]
    fn heads_that_wait_at_once_are_ended_the_same_for_any_number_of_threads() {
        let tight = Relief { step: 100_000, waiting: 500_000, ..Relief::default() };
        examined_alike(&heads(), &tight, &|whole, parts| {
            let said = |observations| said(observations, "may wait in streams");
            assert_eq!(said(whole), 0);
            assert!(said(parts) > 10, "{}", said(parts));
            assert_eq!((found(whole), found(parts)), (UPLOADS.into(), UPLOADS.into()), "a head that is cut is read");
        });
    }

    #[test]
    fn uploads_at_once_are_read_in_parts_the_same_for_any_number_of_threads() {
        let tight = Relief { step: 100_000, allowed: 500_000, ..Relief::default() };
        examined_alike(&uploads(), &tight, &|whole, parts| {
            let said = |observations| said(observations, "at the same time");
            assert_eq!((said(whole), found(whole)), (0, u64::from(UPLOADS)));
            assert!(said(parts) >= u64::from(UPLOADS), "{}", said(parts));
            assert_eq!(found(parts), u64::from(UPLOADS), "what stands in a later part is found all the same");
        });
    }

    /// Examines `capture` without limits that matter and with `tight` ones, with any number of threads, and has
    /// both looked at.
    fn examined_alike(capture: &[u8], tight: &Relief, look: &dyn Fn(&Observations, &Observations)) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("uploads.pcapng"), capture).expect("written");
        std::fs::write(folder.path().join("device.toml"), "[ids]\nimei = [\"490154203237518\"]\n").expect("written");
        let signatures = &Signatures::embedded().expect("valid");
        let session = Session::open(&[folder.path().to_path_buf()], signatures).expect("a session");
        let (known, options) = first_pass(&session, signatures, 1, &mut |_| ()).expect("readable");
        let Known { sources, series, names, apps, first, .. } = known;
        let apps = AppMap::new(apps, &series, &[]);
        let lens = lens(&session, signatures, false, (names, apps, first, 0), &mut |_| ()).expect("a lens");
        let examined = |threads: usize, relief: &Relief| {
            let job = threads::Job { sources: &sources, series: &series, options: &options, lens: &lens };
            let collector = threads::run(job, threads, relief.clone());
            collector.expect("readable").observations(&lens)
        };
        let parts = examined(1, tight);
        look(&examined(1, &Relief::default()), &parts);
        for threads in [2, 3, 64] {
            assert_eq!(examined(threads, tight), parts, "{threads} threads");
        }
    }
}
