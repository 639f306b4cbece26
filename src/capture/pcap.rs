//! The classic capture file (draft-ietf-opsawg-pcap).

use pcap_parser::{parse_pcap_frame, parse_pcap_frame_be, parse_pcap_frame_modified, parse_pcap_header};

use crate::evidence::{Gap, GapReason, Time};

use super::packet::{LinkType, Options, Packet, Record};
use super::reader::{damage, le_or_be};
use super::window::Window;

/// Length of the file header.
pub(super) const HEADER: usize = 24;

/// Longest packet that is believed: `MAXIMUM_SNAPLEN` of libpcap. A longer one in the
/// file is damage; without this bound a flipped bit would ask for gigabytes.
const LONGEST: u32 = 262_144;

/// Reads packets of one classic capture file.
pub(super) struct Reader {
    window: Window,
    input: u32,
    state: State,
    frame: u64,
    /// Bytes of the record that was handed on last.
    taken: usize,
}

enum State {
    Header,
    /// The header was read, the interface not yet announced.
    Announce(Layout),
    Packets(Layout),
    Done,
}

#[derive(Clone, Copy)]
struct Layout {
    big_endian: bool,
    modified: bool,
    nanoseconds: bool,
    /// Before version 2.3 the two lengths stood the other way round; in 2.3 either way.
    minor: u16,
    snaplen: u32,
    link: LinkType,
}

impl Layout {
    fn record_header(self) -> usize {
        if self.modified { 24 } else { 16 }
    }
}

impl Reader {
    pub(super) fn new(window: Window, input: u32) -> Self {
        Self { window, input, state: State::Header, frame: 0, taken: 0 }
    }

    pub(super) fn next(&mut self) -> Option<Record<'_>> {
        self.window.skip(std::mem::take(&mut self.taken));
        match self.state {
            State::Header => self.header(),
            State::Announce(layout) => {
                self.state = State::Packets(layout);
                let Layout { link, snaplen, .. } = layout;
                Some(Record::Interface { interface: 0, link, snaplen, options: Options::default() })
            }
            State::Packets(layout) => self.packet(layout),
            State::Done => None,
        }
    }

    fn stop(&mut self, gap: Gap) -> Option<Record<'_>> {
        self.state = State::Done;
        Some(Record::Gap(gap))
    }

    fn header(&mut self) -> Option<Record<'_>> {
        self.window.fill(HEADER);
        let Ok((_, header)) = parse_pcap_header(self.window.bytes()) else {
            let gap = damage(&self.window, 0, "the file header is cut");
            return self.stop(gap);
        };
        let layout = Layout {
            big_endian: header.is_bigendian(),
            modified: header.is_modified_format(),
            nanoseconds: header.is_nanosecond_precision(),
            minor: header.version_minor,
            snaplen: header.snaplen,
            // The upper bits tell the length of a frame check sequence.
            link: LinkType(header.network.0.cast_unsigned() & 0x03ff_ffff),
        };
        self.window.skip(HEADER);
        self.state = State::Announce(layout);
        Some(Record::Section { options: Options::default() })
    }

    fn packet(&mut self, layout: Layout) -> Option<Record<'_>> {
        let head = layout.record_header();
        let there = self.window.fill(head);
        if there == 0 && self.window.fault().is_none() {
            self.state = State::Done;
            return None;
        }
        let lengths = self.window.bytes().get(8..16).map(|b| {
            let word = |i: usize| le_or_be(layout.big_endian, b.get(i..i + 4));
            (word(0), word(4))
        });
        let Some((captured, original)) = lengths.filter(|_| there >= head) else {
            let gap = damage(&self.window, self.frame + 1, "the file ends inside the header of a packet");
            return self.stop(gap);
        };
        let swapped = layout.minor < 3 || (layout.minor == 3 && captured > original);
        if captured > LONGEST {
            let gap = damage(&self.window, self.frame + 1, "a packet says an impossible length");
            return self.stop(gap);
        }
        let length = head + captured as usize;
        if self.window.fill(length) < length {
            let missing = (length - self.window.bytes().len()) as u64;
            let gap = damage(&self.window, self.frame + 1, "the file ends inside a packet").of_bytes(missing);
            return self.stop(gap);
        }
        self.taken = length;
        self.frame += 1;
        let bytes = self.window.bytes();
        let parsed = match (layout.modified, layout.big_endian) {
            (true, _) => parse_pcap_frame_modified(bytes),
            (false, false) => parse_pcap_frame(bytes),
            (false, true) => parse_pcap_frame_be(bytes),
        };
        // Cannot fail: its lengths were checked above.
        let Ok((_, block)) = parsed else {
            return Some(Record::Gap(Gap::new(
                GapReason::DamagedInput,
                format!("frame {}", self.frame),
                "a packet that does not parse",
            )));
        };
        let (data, wire_len) = if swapped {
            let kept = block.data.len().min(block.origlen as usize);
            (block.data.get(..kept).unwrap_or_default(), block.caplen)
        } else {
            (block.data, block.origlen)
        };
        let fraction = i64::from(block.ts_usec) * if layout.nanoseconds { 1 } else { 1_000 };
        Some(Record::Packet(Packet {
            input: self.input,
            frame: self.frame,
            time: Time(i64::from(block.ts_sec) * 1_000_000_000 + fraction),
            timed: true,
            interface: 0,
            link: layout.link,
            wire_len,
            data,
            options: Options::default(),
        }))
    }
}
