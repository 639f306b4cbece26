//! One reader for every kind of capture file.

use std::io::{ErrorKind, Read};

use crate::evidence::{Gap, GapReason, Time};

use super::packet::Record;
use super::sniff::Format;
use super::window::Window;
use super::{inflate, pcap, pcapng};

/// Reads the records of a capture in the order of the file. It never fails: what is
/// damaged is a [`Record::Gap`], and is the last record where nothing after it can be trusted.
pub struct PacketReader {
    kind: Kind,
    /// Nanoseconds that are added to every time.
    shift: i64,
}

enum Kind {
    Pcap(pcap::Reader),
    Pcapng(pcapng::Reader),
    /// A format without packets.
    Nothing,
}

impl PacketReader {
    /// Reads `content`, decompressed, as `format`.
    pub(super) fn new(content: Box<dyn Read + Send>, format: Format, input: u32) -> Self {
        let kind = match format {
            Format::Pcap => Kind::Pcap(pcap::Reader::new(Window::new(content), input)),
            Format::Pcapng => Kind::Pcapng(pcapng::Reader::new(Window::new(content), input)),
            _ => Kind::Nothing,
        };
        Self { kind, shift: 0 }
    }

    /// The same with `shift` nanoseconds added to the times of packets, and to those since when they were recorded.
    pub(super) fn shifted(self, shift: i64) -> Self {
        Self { shift, ..self }
    }

    /// Reads a classic capture file while another program is writing it, as `tcpdump -w -` does: each
    /// record comes as soon as it is whole.
    pub fn following(content: Box<dyn Read + Send>) -> Self {
        Self::new(content, Format::Pcap, 0)
    }

    /// The next record; `None` at the end.
    #[allow(clippy::should_implement_trait)] // it lends: an Iterator cannot
    pub fn next(&mut self) -> Option<Record<'_>> {
        let mut record = match &mut self.kind {
            Kind::Pcap(reader) => reader.next(),
            Kind::Pcapng(reader) => reader.next(),
            Kind::Nothing => None,
        };
        let shift = |time: &mut Time| *time = Time(time.0.saturating_add(self.shift));
        match &mut record {
            Some(Record::Packet(packet)) => shift(&mut packet.time),
            Some(Record::Statistics { started: Some(started), .. }) if *started > Time(0) => shift(started),
            _ => {}
        }
        record
    }
}

/// The gap for damage where `window` stands. What made the stream end, if anything
/// did, says more than what was missed there.
pub(super) fn damage(window: &Window, frame: u64, what: &'static str) -> Gap {
    let at = match frame {
        0 => format!("byte {}", window.position()),
        _ => format!("frame {frame}, byte {}", window.position()),
    };
    match window.fault() {
        Some(fault) if fault.kind() == ErrorKind::QuotaExceeded => Gap::new(GapReason::Limit, at, inflate::LIMIT),
        Some(fault) if fault.kind() == ErrorKind::UnexpectedEof => {
            Gap::new(GapReason::DamagedInput, at, "the compressed data ends early")
        }
        Some(fault) => Gap::new(GapReason::DamagedInput, at, format!("reading stopped: {fault}")),
        None => Gap::new(GapReason::DamagedInput, at, what),
    }
}

/// A 32-bit integer in the file's byte order; 0 where there are not four bytes.
pub(super) fn le_or_be(big_endian: bool, bytes: Option<&[u8]>) -> u32 {
    let word: [u8; 4] = bytes.and_then(|b| b.first_chunk().copied()).unwrap_or_default();
    if big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
}
