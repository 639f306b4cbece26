//! Link, network and transport layers.

use wirewitness::capture::{LinkType, Options, Packet};
use wirewitness::evidence::{Direction, Gaps, Time};
use wirewitness::net::{Flags, Kind, Numbering, Segment, Slicer, TcpStream};

/// Link types that are read, and one that is not.
const LINKS: [u32; 20] = [0, 1, 9, 12, 50, 101, 105, 108, 113, 119, 127, 163, 192, 228, 276, 51, 104, 239, 258, 9999];

/// Packets of one capture: the kind of a part is its link type.
pub fn link_layers(bytes: &[u8]) {
    let (mut slicer, mut gaps, mut numbering) = (Slicer::new(), Gaps::default(), Numbering::new());
    for (frame, (kind, data)) in (1u64..).zip(super::parts(bytes)) {
        let link = LinkType(LINKS[usize::from(kind) % LINKS.len()]);
        let packet = Packet {
            input: 0,
            frame,
            time: Time::default(),
            timed: true,
            interface: 0,
            link,
            wire_len: data.len() as u32 + u32::from(kind >> 4),
            data,
            options: Options::default(),
        };
        if let Some(segment) = slicer.slice(&packet, &mut gaps) {
            numbering.assign(&segment);
        }
        while let Some(segment) = slicer.more(&packet, &mut gaps) {
            numbering.assign(&segment);
        }
    }
    slicer.finish(&mut gaps);
}

/// Segments of one TCP connection. The kind of a part has direction and flags; its first two
/// bytes move the sequence number.
pub fn tcp_segments(bytes: &[u8]) {
    let mut stream = TcpStream::new();
    let ends = ["192.0.2.1:40000", "198.51.100.2:443"].map(|end| end.parse().expect("an address"));
    let mut next = [1_000u32, 4_294_967_000];
    let mut delivered = [0u64; 2];
    for (frame, (kind, part)) in (1u64..).zip(super::parts(bytes)) {
        let (direction, side) = if kind & 1 == 0 { (Direction::Sent, 0) } else { (Direction::Received, 1) };
        let (moved, payload) = match part {
            [a, b, rest @ ..] => (i16::from_be_bytes([*a, *b]), rest),
            rest => (0, rest),
        };
        let seq = next[side].wrapping_add_signed(moved.into());
        let flags = Flags { syn: kind & 2 != 0, ack: kind & 4 != 0, fin: kind & 8 != 0, rst: kind & 16 != 0 };
        next[side] = seq.wrapping_add(payload.len() as u32 + u32::from(flags.syn) + u32::from(flags.fin));
        let frames = [frame];
        let segment = Segment {
            input: 0,
            frame,
            frames: &frames,
            time: Time::default(),
            src: ends[side],
            dst: ends[1 - side],
            kind: Kind::Tcp { seq, ack: next[1 - side], flags, window: 65_535 },
            payload,
            missing: u32::from(kind >> 6),
            app: None,
            conflict: false,
            quoted: false,
        };
        stream.push(direction, &segment, &mut |direction, chunk| {
            if let wirewitness::net::Chunk::Data { bytes, .. } = chunk {
                delivered[usize::from(direction == Direction::Received)] += bytes.len() as u64;
            }
        });
    }
    stream.finish(&mut |_, _| {});
}
