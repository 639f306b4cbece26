//! The datagrams of one UDP five-tuple: DNS, QUIC, DTLS, or as they are.

mod media;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::media::Media;
use super::draft::{Context, Draft, Out};
use super::dtls::Dtls;
use super::feed::Feed;
use super::legs::Legs;
use super::quic::Quic;
use super::{Item, Kind, Options, Protocol, Weights, dns};
use crate::evidence::{Direction, Gap, GapReason, Time};
use crate::net::{Endpoints, Leg, StreamId};
use crate::secure::dtls::looks_like_dtls;
use crate::secure::quic::{ConnectionId, looks_like_quic};

/// DNS to a resolver; multicast DNS (RFC 6762); LLMNR (RFC 4795).
const DNS_PORT: u16 = 53;
const LINK_LOCAL_PORTS: [u16; 2] = [5353, 5355];

/// HTTP/3 (RFC 9114 §3.1.2 leaves the port open; in practice it is that of HTTPS).
const QUIC_PORT: u16 = 443;

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
    legs: Legs,
    sent: Feed,
    received: Feed,
    /// Bytes that were passed on raw.
    passed: u64,
    /// The same, by the name of what it is known to be.
    named: BTreeMap<Option<Arc<str>>, u64>,
    media: Media,
    quic: Option<Box<Quic>>,
    /// One of the ends had a QUIC connection before, which may go on here.
    beside: bool,
    /// WebRTC has it beside other protocols on the same ports (RFC 7983).
    dtls: Option<Box<Dtls>>,
    finished: bool,
}

impl Datagrams {
    /// A five-tuple.
    pub fn new(stream: StreamId, endpoints: Endpoints, options: &Options) -> Self {
        Self {
            context: Context::new(stream, endpoints, options),
            exchange: 0,
            legs: Legs::new(stream),
            sent: Feed::default(),
            received: Feed::default(),
            passed: 0,
            named: BTreeMap::new(),
            media: Media::default(),
            quic: None,
            beside: false,
            dtls: None,
            finished: false,
        }
    }

    /// One of the ends had a QUIC connection before: what looks like packets of one is of one.
    pub fn beside_connection(self) -> Self {
        Self { beside: true, ..self }
    }

    /// The app whose stream this is, once it is known. Later ones are not believed.
    pub fn tell_app(&mut self, app: &Arc<str>) {
        self.context.app.get_or_init(|| Arc::clone(app));
    }

    /// Where what comes now, from `frame` on, lies: the stream may go on through several
    /// captures, and its connection between other ends.
    pub fn go_on(&mut self, leg: Leg, endpoints: Endpoints, frame: u64) {
        self.legs.go_on(leg, frame);
        self.context.endpoints = endpoints;
    }

    /// Each datagram so far was a message by itself: ended here, nothing of it is lost.
    pub fn is_stateless(&self) -> bool {
        self.quic.is_none() && self.dtls.is_none()
    }

    /// A QUIC connection was seen from its start.
    pub fn has_connection(&self) -> bool {
        self.quic.as_ref().is_some_and(|quic| quic.has_begun())
    }

    /// Connection ids that came up since this was last asked.
    pub fn take_ids(&mut self) -> Vec<ConnectionId> {
        self.quic.as_mut().map(|quic| quic.take_ids()).unwrap_or_default()
    }

    /// Takes the next datagram.
    pub fn push(&mut self, direction: Direction, datagram: Datagram<'_>, sink: &mut dyn FnMut(Item)) {
        let quic = self.is_quic(datagram.bytes);
        let dtls = !quic && self.is_dtls(datagram.bytes);
        let mut out = Out { sink, exchange: &mut self.exchange, legs: &self.legs };
        if datagram.missing > 0 {
            let gap = Gap::new(GapReason::Truncated, self.context.at(), "datagrams cut by the snap length");
            out.gap(gap.of_bytes(datagram.missing));
        }
        if datagram.bytes.is_empty() {
            return;
        }
        if quic {
            let quic = self.quic.get_or_insert_with(|| Box::new(Quic::new(&self.context, self.beside)));
            return quic.push(direction, datagram, &self.context, &mut out);
        }
        if dtls {
            return self.dtls.get_or_insert_default().push(direction, datagram);
        }
        let ports = [self.context.endpoints.client.port(), self.context.endpoints.server.port()];
        let resolver = ports.contains(&DNS_PORT);
        let link_local = ports.iter().any(|port| LINK_LOCAL_PORTS.contains(port));
        let dns = if resolver || link_local { dns::parse(datagram.bytes) } else { dns::recognise(datagram.bytes) };
        let mut draft = match dns {
            Some(dns) if !link_local => {
                // Whoever asks is the client, whichever port is the higher one.
                let direction = if dns.response { Direction::Received } else { Direction::Sent };
                Draft::new(direction, Protocol::Dns, Kind::Dns(dns), &self.context)
            }
            // Names on the local link are no message to a resolver: the protocol stays `udp`.
            Some(dns) => Draft::new(direction, Protocol::Udp, Kind::Dns(dns), &self.context),
            None => {
                let length = datagram.bytes.len() as u64;
                self.passed = self.passed.saturating_add(length);
                let shape = self.media.look(direction, datagram.bytes);
                match shape.and_then(|shape| self.context.protocols.shaped(shape)) {
                    Some(service) => self.context.service = Some(service),
                    None => self.context.recognise(datagram.bytes),
                }
                // As many as there are signatures.
                let name = self.context.service.as_ref().map(|service| Arc::clone(&service.name));
                let passed = self.named.entry(name).or_default();
                *passed = passed.saturating_add(length);
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
            self.context.lose(draft.direction, datagram.missing);
            draft.incomplete = Some(GapReason::Truncated);
            draft.body.length = draft.body.length.saturating_add(datagram.missing);
        }
        draft.finish(&mut self.context, &mut out);
    }

    /// Whether a datagram is of QUIC: as soon as one was, all later ones of these ports are.
    fn is_quic(&self, bytes: &[u8]) -> bool {
        // Without its long headers, seen from its middle, a connection shows one fixed
        // bit only (RFC 9000 §17.3.1), so the port has to say it, or a connection before.
        let short = bytes.first().is_some_and(|first| first & 0xc0 == 0x40);
        let on_port = self.context.endpoints.server.port() == QUIC_PORT;
        let may_be = (on_port || self.beside) && short && self.passed == 0;
        // An id of DNS may have that bit set too: some resolvers are asked at QUIC's port.
        self.quic.is_some() || looks_like_quic(bytes) || (may_be && dns::recognise(bytes).is_none())
    }

    /// Whether a datagram is of DTLS. Once one was, those that look like no other protocol
    /// of its neighbours are: DTLS 1.3 hides its record headers (RFC 9147 §4).
    fn is_dtls(&self, bytes: &[u8]) -> bool {
        looks_like_dtls(bytes) || (self.dtls.is_some() && bytes.first().is_some_and(|first| first >> 5 == 1))
    }

    /// Adds what the messages weigh that are still coming in.
    pub fn weigh(&mut self, weights: &mut Weights) {
        if let Some(quic) = &mut self.quic {
            quic.drafts(&mut |draft, _| weights.add(draft.held()));
        }
    }

    /// Memory of what waits beside the messages that are still coming in, about.
    pub fn waiting(&self) -> usize {
        let quic = self.quic.as_ref().map_or(0, |quic| quic.waiting());
        quic.saturating_add(self.dtls.as_ref().map_or(0, |dtls| dtls.waiting()))
    }

    /// What of it a few bytes can make: open streams, their heads and tables.
    pub fn amplified(&self) -> usize {
        self.quic.as_ref().map_or(0, |quic| quic.amplified())
    }

    /// Hands on what came so far of those that weigh `least` or more.
    pub fn break_off(&mut self, least: usize, sink: &mut dyn FnMut(Item)) {
        let mut out = Out { sink, exchange: &mut self.exchange, legs: &self.legs };
        if let Some(quic) = &mut self.quic {
            quic.drafts(&mut |draft, context| draft.lighten(least, context, &mut out));
        }
    }

    /// No more datagrams.
    pub fn finish(&mut self, sink: &mut dyn FnMut(Item)) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        for (name, passed) in std::mem::take(&mut self.named) {
            let detail = match name {
                Some(name) => format!("{name}, searched as raw bytes only"),
                None => "UDP payload of no known protocol, searched as raw bytes only".to_owned(),
            };
            sink(Item::Gap(Gap::new(GapReason::UnknownProtocol, self.context.at(), detail).of_bytes(passed)));
        }
        if let Some(dtls) = self.dtls.take() {
            dtls.finish(&self.context, &mut Out { sink, exchange: &mut self.exchange, legs: &self.legs });
        }
        if self.legs.blurred() > 0 {
            let detail =
                "a connection changed its ends more often than is remembered: stream numbers may be those before";
            let gap = Gap::new(GapReason::Limit, self.context.at(), detail);
            sink(Item::Gap(Gap { count: self.legs.blurred(), ..gap }));
        }
        if let Some(quic) = self.quic.take() {
            quic.finish(&self.context, &mut Out { sink, exchange: &mut self.exchange, legs: &self.legs });
        }
    }
}

#[cfg(test)]
mod tests;
