//! The block-structured capture file (draft-ietf-opsawg-pcapng).
//!
//! Blocks are framed here, because a block's two lengths tell damage from an end;
//! what stands in the rare ones is read by `pcap-parser`, in the frequent ones in
//! place, without an allocation for each packet.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use pcap_parser::{Block, SecretsType, parse_block_be, parse_block_le, parse_sectionheaderblock};

use crate::evidence::{Gap, GapReason, Time};

use super::packet::{Ending, LinkType, Options, Packet, Record};
use super::reader::{damage, le_or_be};
use super::recorder::GONE;
use super::window::Window;

/// Shortest Section Header Block.
pub(super) const HEADER: usize = 28;

/// Longest block that is believed. Packets stay under 256 KiB; a Decryption Secrets
/// Block of a long session may hold some ten MiB of key log.
const LONGEST: usize = 64 << 20;

/// Interfaces kept for each section. Android and eCapture list some dozen.
const INTERFACES: usize = 65_536;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const NAMES: u32 = 4;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
const SECRETS: u32 = 10;

/// Blocks that tshark gives a frame number, though they are no packets: systemd journal
/// entries, Custom Blocks (to be copied or not), Sysdig events. Found by trying (4.0.17).
const COUNTED: [u32; 4] = [9, 0xbad, 0x4000_0bad, 0x204];

/// Reads one pcapng file.
pub(super) struct Reader {
    window: Window,
    input: u32,
    big_endian: bool,
    in_section: bool,
    done: bool,
    /// Of the section; a section's packets never mean another's interface.
    interfaces: Vec<Interface>,
    /// Interfaces of the sections before.
    before: u32,
    frame: u64,
    last: Time,
    /// Length of the block that was handed on last.
    taken: usize,
    /// Where in that block records with names are still to be read.
    records: Range<usize>,
    /// Of the record that was read last. A block may hold millions of names, a record some ten thousand.
    names: VecDeque<(IpAddr, String)>,
    name: String,
}

#[derive(Clone, Copy)]
struct Interface {
    link: LinkType,
    snaplen: u32,
    resolution: Resolution,
    /// Seconds to add to each time stamp (`if_tsoffset`).
    offset: i64,
}

/// Ticks of a time stamp (`if_tsresol`).
#[derive(Clone, Copy)]
enum Resolution {
    /// 10^-n seconds.
    Decimal(u8),
    /// 2^-n seconds.
    Binary(u8),
}

impl Resolution {
    fn nanoseconds(self, ticks: u64) -> i128 {
        let scaled = i128::from(ticks) * 1_000_000_000;
        match self {
            // 10^38 is the largest that fits; beyond 10^29 nothing of 64 bits is left anyhow.
            Self::Decimal(n) => 10i128.checked_pow(u32::from(n)).map_or(0, |unit| scaled / unit),
            Self::Binary(n) => scaled.checked_shr(u32::from(n)).unwrap_or(0),
        }
    }
}

impl Interface {
    fn time(&self, high: u32, low: u32) -> Time {
        let ticks = (u64::from(high) << 32) | u64::from(low);
        let nanoseconds = self.resolution.nanoseconds(ticks) + i128::from(self.offset) * 1_000_000_000;
        let clamped = nanoseconds.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        Time(i64::try_from(clamped).unwrap_or_default())
    }
}

/// What a block turned out to be; ranges are in the window.
enum Step {
    Nothing,
    Packet { interface: u32, time: Option<Time>, wire_len: u32, data: Range<usize>, options: Range<usize> },
    Secrets(Range<usize>),
    Interface(Range<usize>),
    Section(Range<usize>),
    Statistics { interface: u32, started: Option<Time>, dropped: u64, ended: Option<Ending> },
    Block(u32),
    Gap(Gap),
    Stop(Gap),
}

impl Reader {
    pub(super) fn new(window: Window, input: u32) -> Self {
        Self {
            window,
            input,
            big_endian: false,
            in_section: false,
            done: false,
            interfaces: Vec::new(),
            before: 0,
            frame: 0,
            last: Time::default(),
            taken: 0,
            records: 0..0,
            names: VecDeque::new(),
            name: String::new(),
        }
    }

    pub(super) fn next(&mut self) -> Option<Record<'_>> {
        loop {
            if let Some((address, name)) = self.names.pop_front() {
                self.name = name;
                return Some(Record::Name { address, name: &self.name });
            }
            if !self.records.is_empty() {
                self.read_names();
                continue;
            }
            self.window.skip(std::mem::take(&mut self.taken));
            if self.done {
                return None;
            }
            match self.step()? {
                Step::Nothing => {}
                step => return Some(self.record(step)),
            }
        }
    }

    fn record(&mut self, step: Step) -> Record<'_> {
        let big_endian = self.big_endian;
        let newest = self.interfaces.len().saturating_sub(1);
        let (link, snaplen) = match &step {
            Step::Packet { interface, .. } => self.interfaces.get(*interface as usize),
            _ => self.interfaces.get(newest),
        }
        .map_or((LinkType::NULL, 0), |i| (i.link, i.snaplen));
        if let Step::Stop(_) = step {
            self.done = true;
        }
        let bytes = self.window.bytes();
        let part = |range: Range<usize>| bytes.get(range).unwrap_or_default();
        match step {
            Step::Packet { interface, time, wire_len, data, options } => {
                let timed = time.is_some();
                let time = time.unwrap_or(self.last);
                self.last = time;
                Record::Packet(Packet {
                    input: self.input,
                    frame: self.frame,
                    time,
                    timed,
                    interface: self.before.saturating_add(interface),
                    link,
                    wire_len,
                    data: part(data),
                    options: Options::new(part(options), big_endian),
                })
            }
            Step::Secrets(range) => Record::Secrets(part(range)),
            Step::Interface(range) => Record::Interface {
                interface: self.before.saturating_add(u32::try_from(newest).unwrap_or(u32::MAX)),
                link,
                snaplen,
                options: Options::new(part(range), big_endian),
            },
            Step::Section(range) => Record::Section { options: Options::new(part(range), big_endian) },
            Step::Statistics { interface, started, dropped, ended } => {
                Record::Statistics { interface: self.before.saturating_add(interface), started, dropped, ended }
            }
            Step::Block(kind) => Record::Block { kind, body: part(8..self.taken.saturating_sub(4)), big_endian },
            Step::Gap(gap) | Step::Stop(gap) => Record::Gap(gap),
            // Left out by the caller.
            Step::Nothing => Record::Section { options: Options::default() },
        }
    }

    fn word(&self, at: usize) -> u32 {
        le_or_be(self.big_endian, self.window.bytes().get(at..at.saturating_add(4)))
    }

    fn short(&self, at: usize) -> u16 {
        let pair: [u8; 2] = self.window.bytes().get(at..).and_then(|b| b.first_chunk().copied()).unwrap_or_default();
        if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    }

    fn stop(&self, what: &'static str) -> Option<Step> {
        Some(Step::Stop(damage(&self.window, self.frame + 1, what)))
    }

    /// Frames the next block and looks into it; `None` at a clean end.
    fn step(&mut self) -> Option<Step> {
        let there = self.window.fill(12);
        if there == 0 && self.window.fault().is_none() {
            return None;
        }
        if there < 12 {
            return self.stop("the file ends inside the header of a block");
        }
        // The type of a Section Header Block reads the same in both byte orders.
        if self.word(0) == SECTION {
            let Some(big_endian) = byte_order(self.window.bytes()) else {
                return self.stop("a section header without a byte-order magic");
            };
            self.big_endian = big_endian;
        } else if !self.in_section {
            return self.stop("a block before the first section header");
        }
        let (kind, length) = (self.word(0), self.word(4) as usize);
        if !(12..=LONGEST).contains(&length) || !length.is_multiple_of(4) {
            return self.stop("a block says an impossible length");
        }
        let there = self.window.fill(length);
        if there < length {
            let gap = damage(&self.window, self.frame + 1, "the file ends inside a block");
            return Some(Step::Stop(gap.of_bytes((length - there) as u64)));
        }
        if self.word(length - 4) as usize != length {
            return self.stop("the two lengths of a block differ");
        }
        self.taken = length;
        let end = length - 4;
        Some(match kind {
            SECTION => self.section(end),
            INTERFACE => self.interface(length),
            ENHANCED_PACKET => self.enhanced(end),
            SIMPLE_PACKET => self.simple(end),
            OLD_PACKET => self.old(end),
            NAMES => {
                self.records = 8..end;
                Step::Nothing
            }
            SECRETS => self.secrets(length),
            STATISTICS => self.statistics(end),
            kind => {
                self.frame += u64::from(COUNTED.contains(&kind));
                Step::Block(kind)
            }
        })
    }

    fn bad(&self, what: &'static str) -> Step {
        Step::Gap(damage(&self.window, self.frame, what))
    }

    fn section(&mut self, end: usize) -> Step {
        let version = parse_sectionheaderblock(self.window.bytes()).map(|(_, section)| section.major_version);
        if version != Ok(1) {
            return Step::Stop(damage(&self.window, self.frame + 1, "a section of a version that is not read"));
        }
        self.in_section = true;
        self.before = self.before.saturating_add(u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX));
        self.interfaces.clear();
        Step::Section(HEADER - 4..end)
    }

    fn interface(&mut self, length: usize) -> Step {
        let block = self.window.bytes().get(..length).unwrap_or_default();
        let parsed = if self.big_endian { parse_block_be(block) } else { parse_block_le(block) };
        let Ok((_, Block::InterfaceDescription(description))) = parsed else {
            return Step::Stop(damage(&self.window, self.frame + 1, "an interface description that does not parse"));
        };
        if self.interfaces.len() >= INTERFACES {
            let at = format!("byte {}", self.window.position());
            return Step::Gap(Gap::new(GapReason::Limit, at, "more than 65536 interfaces in a section"));
        }
        let options = Options::new(block.get(16..length - 4).unwrap_or_default(), self.big_endian);
        let resolution = match options.get(9).and_then(|v| v.first()) {
            Some(n) if n & 0x80 != 0 => Resolution::Binary(n & 0x7f),
            Some(n) => Resolution::Decimal(*n),
            None => Resolution::Decimal(6),
        };
        let offset = options
            .get(14)
            .and_then(|v| v.first_chunk::<8>())
            .map_or(0, |v| if self.big_endian { i64::from_be_bytes(*v) } else { i64::from_le_bytes(*v) });
        let link = LinkType(u32::from(description.linktype.0 as u16));
        let snaplen = description.snaplen;
        self.interfaces.push(Interface { link, snaplen, resolution, offset });
        Step::Interface(16..length - 4)
    }

    /// Since when it counts, what was dropped, and whether it ended (draft-ietf-opsawg-pcapng §4.6). All ones are
    /// what a writer puts that does not know.
    fn statistics(&self, end: usize) -> Step {
        let interface = self.word(8);
        let Some(described) = self.interfaces.get(interface as usize) else { return Step::Nothing };
        let options = Options::new(self.window.bytes().get(20..end).unwrap_or_default(), self.big_endian);
        let halves = |code| {
            let value: &[u8] = options.get(code).filter(|value| value.len() >= 8)?;
            Some([0, 4].map(|at| le_or_be(self.big_endian, value.get(at..at + 4))))
        };
        // A time has its high half first in either byte order, a number has not.
        let started = halves(2).map(|[high, low]| described.time(high, low));
        let count = |code| {
            let [first, second] = halves(code)?;
            let (high, low) = if self.big_endian { (first, second) } else { (second, first) };
            Some(u64::from(high) << 32 | u64::from(low)).filter(|number| *number != u64::MAX)
        };
        let dropped = [5, 7].into_iter().filter_map(count).fold(0, u64::saturating_add);
        let gone = options.comments().any(|comment| comment == GONE);
        let ended = halves(3).map(|_| if gone { Ending::Gone } else { Ending::Whole });
        match started.is_some() || dropped > 0 || ended.is_some() {
            true => Step::Statistics { interface, started, dropped, ended },
            false => Step::Nothing,
        }
    }

    fn enhanced(&mut self, end: usize) -> Step {
        self.frame += 1;
        let [interface, high, low, captured, wire_len] = [8, 12, 16, 20, 24].map(|at| self.word(at));
        self.packet(interface, (high, low), captured, wire_len, end)
    }

    /// The Packet Block that the Enhanced one replaced; old files have it.
    fn old(&mut self, end: usize) -> Step {
        self.frame += 1;
        let interface = u32::from(self.short(8));
        let [high, low, captured, wire_len] = [12, 16, 20, 24].map(|at| self.word(at));
        self.packet(interface, (high, low), captured, wire_len, end)
    }

    fn packet(&self, interface: u32, (high, low): (u32, u32), captured: u32, wire_len: u32, end: usize) -> Step {
        let Some(known) = self.interfaces.get(interface as usize) else {
            return self.bad("a packet of an interface that was not described");
        };
        let Some(stop) = usize::try_from(captured).ok().and_then(|n| n.checked_add(28)).filter(|stop| *stop <= end)
        else {
            return self.bad("a packet longer than its block");
        };
        let time = Some(known.time(high, low));
        Step::Packet { interface, time, wire_len, data: 28..stop, options: stop.next_multiple_of(4)..end }
    }

    fn simple(&mut self, end: usize) -> Step {
        self.frame += 1;
        let wire_len = self.word(8);
        let Some(first) = self.interfaces.first() else {
            return self.bad("a packet of an interface that was not described");
        };
        // The captured length is not written; it follows from the snap length (§4.4).
        let snaplen = if first.snaplen == 0 { u32::MAX } else { first.snaplen };
        let stop = usize::try_from(wire_len.min(snaplen)).map_or(end, |n| n.saturating_add(12).min(end));
        Step::Packet { interface: 0, time: None, wire_len, data: 12..stop.max(12), options: end..end }
    }

    fn secrets(&self, length: usize) -> Step {
        let block = self.window.bytes().get(..length).unwrap_or_default();
        let parsed = if self.big_endian { parse_block_be(block) } else { parse_block_le(block) };
        let Ok((_, Block::DecryptionSecrets(secrets))) = parsed else {
            return self.bad("a decryption secrets block that does not parse");
        };
        if ![SecretsType::TlsKeyLog, SecretsType::WireguardKeyLog].contains(&secrets.secrets_type) {
            return Step::Nothing;
        }
        // The parser's `data` is padded.
        let stop = (secrets.secrets_len as usize).saturating_add(16).min(length - 4);
        Step::Secrets(16..stop)
    }

    /// The next record with names: type, length, and an address followed by zero-terminated names.
    fn read_names(&mut self) {
        let Range { start: at, end } = std::mem::take(&mut self.records);
        if at + 4 > end {
            return;
        }
        let (kind, length) = (self.short(at), usize::from(self.short(at + 2)));
        let value = self.window.bytes().get(at + 4..(at + 4 + length).min(end)).unwrap_or_default();
        let split = match kind {
            1 => value.split_first_chunk::<4>().map(|(a, names)| (IpAddr::from(Ipv4Addr::from(*a)), names)),
            2 => value.split_first_chunk::<16>().map(|(a, names)| (IpAddr::from(Ipv6Addr::from(*a)), names)),
            // The records end here.
            0 => return,
            _ => None,
        };
        if let Some((address, names)) = split {
            let names = names.split(|b| *b == 0).filter(|n| !n.is_empty());
            let names = names.filter_map(|n| std::str::from_utf8(n).ok());
            self.names.extend(names.map(|name| (address, name.to_owned())));
        }
        self.records = at + 4 + length.next_multiple_of(4)..end;
    }
}

/// Whether a Section Header Block is big-endian, by its byte-order magic.
pub(super) fn byte_order(block: &[u8]) -> Option<bool> {
    match block.get(8..12)? {
        [0x1a, 0x2b, 0x3c, 0x4d] => Some(true),
        [0x4d, 0x3c, 0x2b, 0x1a] => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block may be as long as 64 MiB and hold names of one letter: they are read record by record.
    #[test]
    fn names_are_not_held_by_the_million() {
        let record = [&[1, 0, 0xfc, 0xff, 192, 0, 2, 1][..], &b"a\0".repeat(0xfff8 / 2)].concat();
        let length = u32::try_from(12 + 20 * record.len()).unwrap().to_le_bytes();
        let section = [10, 13, 13, 10, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0];
        let names = [&4_u32.to_le_bytes()[..], &length, &record.repeat(20), &length].concat();
        let file = [&section[..], &[0xff; 8], &[28, 0, 0, 0], &names].concat();
        let mut reader = Reader::new(Window::new(Box::new(std::io::Cursor::new(file))), 0);
        let (mut seen, mut most) = (0, 0);
        while let Some(record) = reader.next() {
            assert!(!matches!(record, Record::Gap(_)), "{record:?}");
            seen += usize::from(matches!(record, Record::Name { name: "a", .. }));
            most = most.max(reader.names.len());
        }
        assert_eq!(seen, 20 * 0xfff8 / 2);
        assert!(most < 0x8000, "{most}");
    }
}
