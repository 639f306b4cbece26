//! A glance at what is being recorded, for the progress line: how many streams, and how many names
//! were asked for. Nothing is judged by it.

use std::collections::BTreeSet;

use crate::capture::Packet;
use crate::evidence::Gaps;
use crate::message::dns;
use crate::net::{Kind, Numbering, Slicer};
use crate::secure::tls::ClientHello;

/// Names that are counted; a person needs no larger number.
const NAMES: usize = 10_000;
/// Record and handshake header before the body of a ClientHello (RFC 8446 §4, §5.1).
const HEADERS: usize = 9;

/// Counts streams and names.
#[derive(Debug, Default)]
pub struct Glance {
    slicer: Slicer,
    numbering: Numbering,
    names: BTreeSet<String>,
    streams: u64,
    gaps: Gaps,
}

impl Glance {
    /// Looks at one packet.
    pub fn see(&mut self, packet: &Packet<'_>) {
        let mut next = self.slicer.slice(packet, &mut self.gaps);
        while let Some(segment) = next {
            self.streams += u64::from(self.numbering.assign(&segment).fresh);
            let asked = match segment.kind {
                Kind::Udp if [segment.src.port(), segment.dst.port()].contains(&53) => {
                    dns::parse(segment.payload).map(|found| found.names)
                }
                Kind::Tcp { .. } => server_name(segment.payload).map(|name| vec![name]),
                Kind::Udp => None,
            };
            let room = NAMES.saturating_sub(self.names.len());
            self.names.extend(asked.unwrap_or_default().into_iter().take(room));
            next = self.slicer.more(packet, &mut self.gaps);
        }
    }

    /// TCP and UDP streams so far.
    pub fn streams(&self) -> u64 {
        self.streams
    }

    /// Different names in DNS questions and TLS server names so far.
    pub fn names(&self) -> u64 {
        self.names.len() as u64
    }
}

/// The server name of a ClientHello that stands in one segment.
fn server_name(payload: &[u8]) -> Option<String> {
    let [22, 3, _, _, _, 1, ..] = payload else { return None };
    ClientHello::read(payload.get(HEADERS..)?)?.sni
}
