//! Streams that a QUIC connection may go on in.
//!
//! A connection may move to other ends (RFC 9000 §9): another network, a port that a
//! translator gave anew, an address that the server prefers. By which id its packets are then
//! told stands, sealed, in the connection itself. So streams of which one end had a
//! connection before are read side by side, in one shard, where it can be asked. Most never
//! need it; for them it is a shard like another.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::evidence::{Gap, GapReason, Gaps, Transport};
use crate::net::{Assigned, Segment};
use crate::secure::quic::looks_like_quic;

/// Ends of connections that are remembered, none being ever forgotten: a stream stays where it
/// is. A device talks to some thousand servers, from a port for each connection.
const ENDS: usize = 1 << 16;

/// A segment's stream, and where it is read.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// The stream.
    pub assigned: Assigned,
    /// The first stream of those that are read side by side with it.
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
    /// Where a segment is read. The same for all segments of a stream: what its first one
    /// decides, only later streams can see changed.
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
