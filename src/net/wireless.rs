//! IEEE 802.11: what a recorder puts before a frame, and where the data of a frame begins.

use std::ops::Range;

use crate::capture::LinkType;

/// Subframes of one A-MSDU: 11,454 bytes at most (802.11-2020 §9.2.4.7.1), of 14 at least.
const SUBFRAMES: usize = 818;

/// What a frame is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Data, that begins with its LLC header there.
    Llc(usize),
    /// Several of these.
    Aggregate(Vec<Range<usize>>),
    /// Management, control, or data without any.
    NoData,
    /// Shorter than its headers.
    Cut,
    /// Data that is not read, and why.
    Unread(&'static str),
}

/// Length of the header that a recorder puts before a frame.
pub(super) fn monitor(link: LinkType, frame: &[u8]) -> Option<u32> {
    let head = *frame.first_chunk::<8>()?;
    let [a, b, c, d, e, f, g, h] = head;
    if link == LinkType::RADIOTAP {
        // Version, padding, length.
        return Some(u32::from(u16::from_le_bytes([c, d])));
    }
    // AVS begins with a magic number and is big-endian. Prism is in the order of the host.
    if u32::from_be_bytes([a, b, c, d]) >> 12 == 0x8_0211 || link == LinkType::AVS {
        return Some(u32::from_be_bytes([e, f, g, h]));
    }
    let length = u32::from_le_bytes([e, f, g, h]);
    Some(if length > 0xffff { length.swap_bytes() } else { length })
}

/// Looks into a frame. 802.11-2020 §9.2.
pub(super) fn frame(bytes: &[u8]) -> Frame {
    let Some(&[kind, flags]) = bytes.first_chunk::<2>() else { return Frame::Cut };
    // Version 0, type "data", and not one of the subtypes without data.
    if kind & 0x0f != 0x08 || kind & 0x40 != 0 {
        return Frame::NoData;
    }
    let quality = kind & 0x80 != 0;
    let between = flags & 3 == 3;
    let mut at = if between { 30 } else { 24 };
    let control = bytes.get(at).copied().unwrap_or_default();
    if quality {
        at += 2;
        // +HTC
        at += if flags & 0x80 != 0 { 4 } else { 0 };
    }
    if bytes.len() <= at {
        return Frame::Cut;
    }
    if flags & 0x40 != 0 {
        return Frame::Unread("an encrypted 802.11 frame");
    }
    let fragment = bytes.get(22).is_some_and(|sequence| sequence & 0x0f != 0);
    if fragment || flags & 4 != 0 {
        return Frame::Unread("a fragment of an 802.11 frame");
    }
    if quality && control & 0x80 != 0 {
        return aggregate(bytes, at);
    }
    // Some drivers leave the header padded to four bytes without a word about it.
    match bytes.get(at..) {
        Some([0xaa, 0xaa, 3, ..]) => Frame::Llc(at),
        Some([_, _, 0xaa, 0xaa, 3, ..]) if !at.is_multiple_of(4) => Frame::Llc(at + 2),
        _ => Frame::Llc(at),
    }
}

/// A-MSDU: destination, source, length, frame, padding to four bytes (§9.3.2.2.2).
fn aggregate(bytes: &[u8], mut at: usize) -> Frame {
    let mut parts = Vec::new();
    while let Some([high, low]) = bytes.get(at + 12..at + 14) {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let start = at + 14;
        // What is left may be the checksum of the frame.
        if length == 0 || parts.len() >= SUBFRAMES {
            break;
        }
        parts.push(start..(start + length).min(bytes.len()));
        at += (14 + length).next_multiple_of(4);
    }
    if parts.is_empty() { Frame::Cut } else { Frame::Aggregate(parts) }
}
