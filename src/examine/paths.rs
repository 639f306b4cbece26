//! Streams that a QUIC connection may go on in.
//!
//! A connection may move to other ends (RFC 9000 §9): another network, a new port from an address
//! translator, an address that the server prefers. Which id its packets then carry is agreed inside
//! the connection, encrypted. So streams that share an end with an earlier connection are put into
//! its shard, where the connection itself can be asked. For most this changes nothing.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::evidence::{Gap, GapReason, Gaps, Transport};
use crate::net::{Assigned, Segment};
use crate::secure::quic::looks_like_quic;

/// Ends of connections that are remembered. None is ever forgotten, so that a stream stays in its
/// shard. A device talks to some thousand servers, from a new port for each connection.
const ENDS: usize = 1 << 16;

/// A segment's stream, and where it is read.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// The stream.
    pub assigned: Assigned,
    /// The number of the first stream of its group, where it is in one.
    pub group: Option<u32>,
}

/// The ends of connections of one series.
#[derive(Debug, Default)]
pub struct Paths {
    /// The group of an end, and the first stream that it holds for.
    ends: HashMap<SocketAddr, (u32, u32)>,
    /// Connections whose ends there was no room for.
    over: u64,
}

impl Paths {
    /// Where a segment is read. It is the same for all segments of a stream: its first one decides,
    /// and what is learned afterwards counts for later streams only.
    pub fn place(&mut self, assigned: Assigned, segment: &Segment<'_>) -> Placed {
        if assigned.id.transport != Transport::Udp {
            return Placed { assigned, group: None };
        }
        let number = assigned.id.number;
        let group = self.group(number, segment);
        if assigned.fresh && looks_like_quic(segment.payload) {
            let group = group.unwrap_or(number);
            self.remember([segment.src, segment.dst], group, number);
            return Placed { assigned, group: Some(group) };
        }
        Placed { assigned, group }
    }

    fn group(&self, number: u32, segment: &Segment<'_>) -> Option<u32> {
        let groups = [segment.src, segment.dst].map(|end| self.ends.get(&end));
        groups.into_iter().flatten().filter(|(_, since)| *since <= number).map(|(group, _)| *group).min()
    }

    fn remember(&mut self, ends: [SocketAddr; 2], group: u32, since: u32) {
        if self.ends.len() + ends.len() > ENDS {
            self.over += 1;
            return;
        }
        for end in ends {
            self.ends.entry(end).or_insert((group, since));
        }
    }

    /// Counts the connections that could not be followed to other ends.
    pub fn finish(&self, input: &str, gaps: &mut Gaps) {
        if self.over > 0 {
            let detail =
                format!("of QUIC connections, {ENDS} ends are remembered; later ones are not followed elsewhere");
            gaps.add(Gap { count: self.over, ..Gap::new(GapReason::Limit, input, detail) });
        }
    }
}
