//! A DTLS association: one message that says with whom, and why it stays closed.

use super::datagrams::Datagram;
use super::draft::{Context, Draft, Out};
use super::feed::{CLOSED_FRAMES, Trail};
use super::{Kind, Protocol, Wire};
use crate::evidence::Direction;
use crate::secure::dtls::Association;

/// A DTLS association.
#[derive(Debug, Default)]
pub(super) struct Dtls {
    association: Association,
    /// Both directions as they were captured; `length` counts what the client sent.
    outside: Trail,
}

impl Dtls {
    /// Memory of what waits beside the messages that are still coming in, about.
    pub fn waiting(&self) -> usize {
        self.association.waiting()
    }

    /// Takes the next datagram.
    pub fn push(&mut self, direction: Direction, datagram: Datagram<'_>) {
        let Datagram { bytes, missing, time, frames } = datagram;
        self.outside.first.get_or_insert((time, 0));
        if direction == Direction::Sent {
            self.outside.length = self.outside.length.saturating_add((bytes.len() as u64).saturating_add(missing));
        }
        if self.outside.frames.len() < CLOSED_FRAMES {
            self.outside.add_frames(frames);
            self.outside.frames.truncate(CLOSED_FRAMES);
        }
        self.association.datagram(direction, bytes);
    }

    /// No more datagrams.
    pub fn finish(self, context: &Context, out: &mut Out<'_>) {
        let facts = self.association.facts();
        let mut stream = Context {
            wire: Wire::Encrypted,
            sni: facts.sni.clone(),
            alpn: facts.alpn.clone(),
            certificate_names: facts.certificate_names.clone(),
            hello: true,
            ..context.clone()
        };
        let kind = Kind::Closed { reason: self.association.reason(&context.keys) };
        let mut draft = Draft::new(Direction::Sent, Protocol::Tls, kind, &stream);
        draft.trail = self.outside;
        draft.finish(&mut stream, out);
    }
}
