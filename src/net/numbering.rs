//! Streams, numbered as tshark numbers them.
//!
//! `tcp.stream` and `udp.stream` count conversations in the order of their first
//! packet. Both directions of a pair of ends are one conversation. A SYN whose
//! sequence number is not the one that its side is known to have begun with opens a
//! new one (port reuse); nothing else does.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use crate::evidence::{Direction, Transport};

use super::slicer::{Flags, Kind, Segment};
use super::{Endpoints, StreamId};

/// Conversations that are remembered. Those unused for longest are forgotten
/// beyond it, and a packet that comes for one later opens a stream of its own.
const REMEMBERED: usize = 1 << 20;

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
}

/// Gives out stream numbers for one input.
#[derive(Debug)]
pub struct Numbering {
    remembered: usize,
    /// Two generations: what is used moves to the young one; when that is full, what
    /// is left in the old one was not used for a long time.
    young: HashMap<Ends, Conversation>,
    old: HashMap<Ends, Conversation>,
    tcp: u32,
    udp: u32,
    forgotten: u64,
}

/// Both ends, the lower first.
type Ends = (Transport, SocketAddr, SocketAddr);

#[derive(Clone, Copy, Debug)]
struct Conversation {
    number: u32,
    client: SocketAddr,
    /// Sequence number before the first byte, for the lower and the upper end.
    base: [Option<u32>; 2],
}

impl Default for Numbering {
    fn default() -> Self {
        Self::new()
    }
}

impl Numbering {
    /// A numbering that begins at 0.
    pub fn new() -> Self {
        Self::remembering(REMEMBERED)
    }

    /// The same, with another limit.
    pub(super) fn remembering(remembered: usize) -> Self {
        Self { remembered, young: HashMap::new(), old: HashMap::new(), tcp: 0, udp: 0, forgotten: 0 }
    }

    /// Conversations that were forgotten because there were too many.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The stream of `segment`. Segments must come in the order of their frames.
    pub fn assign(&mut self, segment: &Segment<'_>) -> Assigned {
        let transport = segment.kind.transport();
        let swapped = segment.src > segment.dst;
        let (low, high) = if swapped { (segment.dst, segment.src) } else { (segment.src, segment.dst) };
        let ends = (transport, low, high);
        let side = usize::from(swapped);
        let known = self.young.get(&ends).copied().or_else(|| self.old.remove(&ends));
        let id = |number| StreamId { input: segment.input, transport, number };
        let reused = known.filter(|k| opens_anew(k, side, segment.kind)).map(|k| id(k.number));
        let fresh = known.is_none() || reused.is_some();
        let mut conversation = match known {
            Some(known) if !fresh => known,
            _ => Conversation { number: self.next(transport), client: client(segment), base: [None; 2] },
        };
        if let Kind::Tcp { seq, ack, flags, .. } = segment.kind
            && !segment.quoted
        {
            learn(&mut conversation, side, seq, ack, flags);
        }
        self.remember(ends, conversation);
        let client = conversation.client;
        // A conversation of an end with itself has one direction only.
        let direction = if segment.src == client { Direction::Sent } else { Direction::Received };
        let server = if segment.src == client { segment.dst } else { segment.src };
        let endpoints = Endpoints { client, server };
        Assigned { id: id(conversation.number), endpoints, direction, fresh, replaces: reused }
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

/// A SYN that is not the one (or a repetition of the one) that the conversation has seen.
fn opens_anew(known: &Conversation, side: usize, kind: Kind) -> bool {
    let Kind::Tcp { seq, flags, .. } = kind else { return false };
    let base = known.base.get(side).copied().flatten();
    flags.syn && !flags.ack && base.is_some_and(|base| base != seq)
}

/// Remembers where each side began: by its SYN, or else as if the first number seen
/// were that of its first byte.
fn learn(conversation: &mut Conversation, side: usize, seq: u32, ack: u32, flags: Flags) {
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
