//! The datagrams of one UDP five-tuple: DNS, QUIC, or as they are.

use super::draft::{Context, Draft, Out};
use super::feed::Feed;
use super::{Item, Kind, Options, Protocol, dns};
use crate::evidence::{Direction, Gap, GapReason, Time};
use crate::net::{Endpoints, StreamId};

/// DNS to a resolver; multicast DNS (RFC 6762); LLMNR (RFC 4795).
const DNS_PORT: u16 = 53;
const LINK_LOCAL_PORTS: [u16; 2] = [5353, 5355];

/// One datagram.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Its payload.
    pub bytes: &'a [u8],
    /// Bytes of the payload that the capture's snap length cut.
    pub missing: u64,
    /// When it was captured.
    pub time: Time,
    /// Frames that carried it: one, or its fragments.
    pub frames: &'a [u64],
}

/// A UDP stream that is being read.
#[derive(Debug)]
pub struct Datagrams {
    context: Context,
    exchange: u32,
    sent: Feed,
    received: Feed,
    /// Bytes that were passed on raw.
    passed: u64,
    finished: bool,
}

impl Datagrams {
    /// A five-tuple.
    pub fn new(stream: StreamId, endpoints: Endpoints, options: &Options) -> Self {
        Self {
            context: Context::new(stream, endpoints, options),
            exchange: 0,
            sent: Feed::default(),
            received: Feed::default(),
            passed: 0,
            finished: false,
        }
    }

    /// Takes the next datagram.
    pub fn push(&mut self, direction: Direction, datagram: Datagram<'_>, sink: &mut dyn FnMut(Item)) {
        let mut out = Out { sink, exchange: &mut self.exchange };
        if datagram.missing > 0 {
            let gap = Gap::new(GapReason::Truncated, self.context.at(), "datagrams cut by the snap length");
            out.gap(gap.of_bytes(datagram.missing));
        }
        if datagram.bytes.is_empty() {
            return;
        }
        let ports = [self.context.endpoints.client.port(), self.context.endpoints.server.port()];
        let resolver = ports.contains(&DNS_PORT);
        let link_local = ports.iter().any(|port| LINK_LOCAL_PORTS.contains(port));
        let dns = if resolver || link_local { dns::parse(datagram.bytes) } else { None };
        let mut draft = match dns {
            Some(dns) if resolver => {
                // Whoever asks is the client, whichever port is the higher one.
                let direction = if dns.response { Direction::Received } else { Direction::Sent };
                Draft::new(direction, Protocol::Dns, Kind::Dns(dns), &self.context)
            }
            // Names on the local link are no message to a resolver: the protocol stays `udp`.
            Some(dns) => Draft::new(direction, Protocol::Udp, Kind::Dns(dns), &self.context),
            None => {
                self.passed = self.passed.saturating_add(datagram.bytes.len() as u64);
                Draft::raw(direction, &self.context)
            }
        };
        let feed = match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        };
        feed.push(datagram.bytes, datagram.time, datagram.frames, false);
        let bytes = feed.take(datagram.bytes.len(), &mut draft.trail);
        feed.skip(datagram.missing);
        draft.body.add(&bytes);
        if datagram.missing > 0 {
            draft.incomplete = Some(GapReason::Truncated);
            draft.body.length = draft.body.length.saturating_add(datagram.missing);
        }
        draft.finish(&mut self.context, &mut out);
    }

    /// No more datagrams.
    pub fn finish(&mut self, sink: &mut dyn FnMut(Item)) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        if self.passed > 0 {
            let detail = "UDP payload of no known protocol, searched as raw bytes only";
            sink(Item::Gap(Gap::new(GapReason::UnknownProtocol, self.context.at(), detail).of_bytes(self.passed)));
        }
    }
}
