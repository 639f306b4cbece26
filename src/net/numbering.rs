//! Streams, numbered as tshark numbers them.
//!
//! `tcp.stream` and `udp.stream` count conversations in the order of their first
//! packet. Both directions of a pair of ends are one conversation. A SYN whose
//! sequence number is not the one that its side is known to have begun with opens a
//! new one (port reuse); nothing else does.
//!
//! Where a capture follows another, a stream goes on with the number it has. The number
//! that tshark gives it in the later file is counted beside it.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use foldhash::fast::RandomState;

use crate::evidence::{Direction, Transport};

use super::slicer::{Kind, Segment};
use super::{Endpoints, StreamId};

/// Conversations that are remembered. Beyond that, those unused for longest are forgotten; a later
/// packet of one opens a new stream. All of them take 34 MB: each of two tables is full where it
/// would have to grow, at seven eighths of a power of two.
const REMEMBERED: usize = 7 << 16;

/// The stream that a segment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// Its number.
    pub id: StreamId,
    /// Its ends.
    pub endpoints: Endpoints,
    /// Which of them sent this segment.
    pub direction: Direction,
    /// This is the stream's first segment.
    pub fresh: bool,
    /// The stream that had the same ends before, over by this one's start.
    pub replaces: Option<StreamId>,
    /// Where the segment lies.
    pub leg: Leg,
}

/// The part of a stream that lies in one of the captures that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Position of the capture.
    pub input: u32,
    /// Number of the stream in it.
    pub number: u32,
    /// Frames of the captures before it, which the numbers of its own are counted on from.
    pub before: u64,
}

/// Gives out stream numbers for one input, or for several that follow each other.
#[derive(Debug, Default)]
pub struct Numbering {
    /// The input that they began with.
    first: Option<u32>,
    all: Table,
    /// Counts the streams of the input that is read anew, if it is not the first: their numbers there are others.
    here: Option<Table>,
    before: u64,
}

/// The conversations of one capture (or of several that are counted as one), with their numbers.
#[derive(Debug)]
struct Table {
    remembered: usize,
    /// Two generations: what is used moves to the young one. When that is full, whatever is left in the
    /// old one was not used for a long time and is dropped.
    young: HashMap<Ends, Conversation, RandomState>,
    old: HashMap<Ends, Conversation, RandomState>,
    tcp: u32,
    udp: u32,
    forgotten: u64,
}

/// Both ends, the lower first. A table holds half a million: a [`SocketAddr`] would take
/// twice as much, for parts of IPv6 sockets that no packet has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ends {
    /// Also tells IPv4 from the IPv6 addresses that IPv4 ones are mapped to.
    kind: (Transport, bool),
    low: ([u8; 16], u16),
    high: ([u8; 16], u16),
}

impl Ends {
    fn new(transport: Transport, low: SocketAddr, high: SocketAddr) -> Self {
        let end = |end: SocketAddr| match end.ip() {
            IpAddr::V4(v4) => (v4.to_ipv6_mapped().octets(), end.port()),
            IpAddr::V6(v6) => (v6.octets(), end.port()),
        };
        Self { kind: (transport, low.is_ipv4()), low: end(low), high: end(high) }
    }
}

#[derive(Clone, Copy, Debug)]
struct Conversation {
    number: u32,
    /// The upper end is the client.
    upper: bool,
    /// Sequence number before the first byte, for the lower and the upper end.
    base: [Option<u32>; 2],
}

impl Default for Table {
    fn default() -> Self {
        Self::remembering(REMEMBERED)
    }
}

impl Numbering {
    /// A numbering that begins at 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with another limit.
    #[cfg(test)]
    pub(super) fn remembering(remembered: usize) -> Self {
        Self { all: Table::remembering(remembered), ..Self::default() }
    }

    /// Another capture follows, the one so far having had `frames` frames.
    pub fn next_capture(&mut self, frames: u64) {
        self.before = self.before.saturating_add(frames);
        self.here = Some(Table::default());
    }

    /// Conversations that were forgotten because there were too many.
    pub fn forgotten(&self) -> u64 {
        self.all.forgotten
    }

    /// The stream of `segment`. Segments must come in the order of their frames.
    pub fn assign(&mut self, segment: &Segment<'_>) -> Assigned {
        let first = *self.first.get_or_insert(segment.input);
        let (conversation, fresh, reused) = self.all.assign(segment);
        let number = match &mut self.here {
            Some(here) => here.assign(segment).0.number,
            None => conversation.number,
        };
        let transport = segment.kind.transport();
        let id = |number| StreamId { input: first, transport, number };
        let (low, high) = sorted(segment);
        let client = if conversation.upper { high } else { low };
        // A conversation of an end with itself has one direction only.
        let direction = if segment.src == client { Direction::Sent } else { Direction::Received };
        let server = if segment.src == client { segment.dst } else { segment.src };
        Assigned {
            id: id(conversation.number),
            endpoints: Endpoints { client, server },
            direction,
            fresh,
            replaces: reused.map(id),
            leg: Leg { input: segment.input, number, before: self.before },
        }
    }
}

impl Table {
    fn remembering(remembered: usize) -> Self {
        Self { remembered, young: HashMap::default(), old: HashMap::default(), tcp: 0, udp: 0, forgotten: 0 }
    }

    /// The conversation of `segment`, whether it is new, and the number of the one between
    /// the same ends that is over with it.
    fn assign(&mut self, segment: &Segment<'_>) -> (Conversation, bool, Option<u32>) {
        let transport = segment.kind.transport();
        let (low, high) = sorted(segment);
        let ends = Ends::new(transport, low, high);
        let side = usize::from(segment.src > segment.dst);
        // Nearly all segments.
        if let Some(known) = self.young.get_mut(&ends)
            && !opens_anew(known, side, segment.kind)
        {
            learn(known, side, segment);
            return (*known, false, None);
        }
        let known = self.young.get(&ends).copied().or_else(|| self.old.remove(&ends));
        let reused = known.filter(|k| opens_anew(k, side, segment.kind)).map(|k| k.number);
        let fresh = known.is_none() || reused.is_some();
        let mut conversation = match known {
            Some(known) if !fresh => known,
            _ => Conversation { number: self.next(transport), upper: client(segment) != low, base: [None; 2] },
        };
        learn(&mut conversation, side, segment);
        self.remember(ends, conversation);
        (conversation, fresh, reused)
    }

    fn next(&mut self, transport: Transport) -> u32 {
        let counter = match transport {
            Transport::Tcp => &mut self.tcp,
            Transport::Udp => &mut self.udp,
        };
        let number = *counter;
        *counter = counter.saturating_add(1);
        number
    }

    fn remember(&mut self, ends: Ends, conversation: Conversation) {
        self.young.insert(ends, conversation);
        if self.young.len() >= self.remembered / 2 {
            self.forgotten += self.old.len() as u64;
            self.old = std::mem::take(&mut self.young);
        }
    }
}

/// The ends of a segment, the lower first.
fn sorted(segment: &Segment<'_>) -> (SocketAddr, SocketAddr) {
    if segment.src > segment.dst { (segment.dst, segment.src) } else { (segment.src, segment.dst) }
}

/// A SYN that is not the one (or a repetition of the one) that the conversation has seen.
fn opens_anew(known: &Conversation, side: usize, kind: Kind) -> bool {
    let Kind::Tcp { seq, flags, .. } = kind else { return false };
    let base = known.base.get(side).copied().flatten();
    flags.syn && !flags.ack && base.is_some_and(|base| base != seq)
}

/// Remembers where each side began: by its SYN, or else as if the first number seen
/// were that of its first byte.
fn learn(conversation: &mut Conversation, side: usize, segment: &Segment<'_>) {
    let Kind::Tcp { seq, ack, flags, .. } = segment.kind else { return };
    if segment.quoted {
        return;
    }
    let [low, high] = &mut conversation.base;
    let (own, other) = if side == 0 { (low, high) } else { (high, low) };
    own.get_or_insert(if flags.syn { seq } else { seq.wrapping_sub(1) });
    if flags.ack {
        other.get_or_insert(ack.wrapping_sub(1));
    }
}

/// Who is the client, judged by the first segment: see [`Endpoints`].
fn client(segment: &Segment<'_>) -> SocketAddr {
    let (src, dst) = (segment.src, segment.dst);
    if let Kind::Tcp { flags, .. } = segment.kind
        && flags.syn
    {
        return if flags.ack { dst } else { src };
    }
    // The one port that only servers are given.
    match (is_served(src.port()), is_served(dst.port())) {
        (true, false) => return dst,
        (false, true) => return src,
        _ => {}
    }
    // The one address that only the device can have.
    match (is_local(src.ip()), is_local(dst.ip())) {
        (true, false) => return src,
        (false, true) => return dst,
        _ => {}
    }
    match segment.kind {
        Kind::Tcp { .. } if src.port() < dst.port() => dst,
        _ => src,
    }
}

/// System ports (RFC 6335 §6): who holds one was asked.
fn is_served(port: u16) -> bool {
    port < 1024
}

/// Addresses that no server in the Internet has: private (RFC 1918), shared (RFC 6598,
/// behind a carrier's translator), unique local (RFC 4193), link local.
fn is_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(a) => {
            let [first, second, ..] = a.octets();
            a.is_private() || a.is_link_local() || a.is_loopback() || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(a) => a.is_unique_local() || a.is_unicast_link_local() || a.is_loopback(),
    }
}
