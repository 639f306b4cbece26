//! A TLS stream: opened, it is one more layer; closed, it is one message that says why.

use std::sync::Arc;

use super::draft::{Context, Draft, Out, Visit};
use super::feed::{CLOSED_FRAMES, Step, Trail};
use super::layer::Layer;
use super::{Kind, Protocol, Wire};
use crate::evidence::{Direction, Gap, GapReason, Time};
use crate::net::Chunk;
use crate::secure::tls::{Outcome, Session};

/// Plaintext that the client sent, in these steps.
fn sent_in(steps: &[(Direction, Step)]) -> u64 {
    let sent = steps.iter().filter(|(direction, _)| *direction == Direction::Sent);
    sent.map(|(_, step)| if let Step::Data(held) = step { held.bytes.len() as u64 } else { 0 }).sum()
}

/// A TLS stream.
#[derive(Debug)]
pub(super) struct Tls {
    session: Session,
    /// What is inside, and what is known of it.
    inner: Option<(Layer, Box<Context>)>,
    /// Both directions as they were captured; `length` counts what the client sent.
    outside: Trail,
    /// The negotiated protocol was handed to the layer inside.
    told: bool,
}

impl Tls {
    /// A stream that begins with the next chunk.
    pub fn new(context: &Context) -> Self {
        Self { session: Session::new(Arc::clone(&context.keys)), inner: None, outside: Trail::default(), told: false }
    }

    pub fn push(&mut self, direction: Direction, chunk: Chunk<'_>, context: &mut Context, out: &mut Out<'_>) {
        if let Chunk::Data { bytes, time, frames, conflict } = chunk {
            self.note(direction, bytes.len() as u64, time, frames, conflict);
        }
        let mut opened = Vec::new();
        self.session.push(direction, chunk, &mut |direction, chunk| opened.push((direction, Step::of(chunk))));
        // Until something could be read, its holes and ends are those of a closed stream.
        if self.inner.is_none() && opened.iter().any(|(_, step)| matches!(step, Step::Data(_))) {
            let mut inner = Context { wire: Wire::Encrypted, depth: context.depth + 1, ..context.clone() };
            inner.hello = true;
            inner.overhead = self.outside.length.saturating_sub(sent_in(&opened));
            self.inner = Some((Layer::sniffing(0, 0, &inner, out), Box::new(inner)));
        }
        self.inform();
        for (direction, step) in opened {
            let Some((layer, inner)) = &mut self.inner else { return };
            let chunk = match step.chunk() {
                // A hole costs every record that it touches, and how much content those had is not known:
                // its length counts bytes on the wire, by which nothing inside can be counted off.
                Chunk::Gap { time, reason, .. } => Chunk::Gap { length: 0, time, reason },
                chunk => chunk,
            };
            layer.push(direction, chunk, inner, out);
        }
    }

    /// Adds to what was captured of the stream.
    fn note(&mut self, direction: Direction, length: u64, time: Time, frames: &[u64], conflict: bool) {
        self.outside.first.get_or_insert((time, 0));
        if direction == Direction::Sent {
            self.outside.length = self.outside.length.saturating_add(length);
        }
        if self.outside.frames.len() < CLOSED_FRAMES {
            self.outside.add_frames(frames);
            self.outside.frames.truncate(CLOSED_FRAMES);
        }
        self.outside.conflict |= conflict;
    }

    /// Tells the layer inside what the handshake said.
    fn inform(&mut self) {
        let facts = self.session.facts();
        let Some((_, inner)) = &mut self.inner else { return };
        if inner.sni.is_none() {
            inner.sni.clone_from(&facts.sni);
        }
        if inner.certificate_names.is_empty() {
            inner.certificate_names.clone_from(&facts.certificate_names);
        }
        if !self.told && facts.alpn.is_some() {
            inner.alpn.clone_from(&facts.alpn);
            self.told = true;
        }
    }

    /// Shows every message that is still coming in.
    pub fn drafts(&mut self, visit: &mut Visit<'_>) {
        if let Some((layer, inner)) = &mut self.inner {
            layer.drafts(inner, visit);
        }
    }

    /// Memory of what waits beside the messages that are still coming in, about.
    pub fn waiting(&self) -> usize {
        let inner = self.inner.as_ref().map_or(0, |(layer, _)| layer.waiting().saturating_add(size_of::<Context>()));
        self.session.waiting().saturating_add(inner)
    }

    /// What of it a few bytes can make: see [`Layer::amplified`].
    pub fn amplified(&self) -> usize {
        self.inner.as_ref().map_or(0, |(layer, _)| layer.amplified())
    }

    /// Both directions are over.
    pub fn finish(&mut self, context: &mut Context, out: &mut Out<'_>) {
        if let Some((layer, inner)) = &mut self.inner {
            layer.finish(inner, out);
        }
        let mut trail = std::mem::take(&mut self.outside);
        if trail.first.is_none() {
            return;
        }
        let sealed = self.session.sealed_bytes(Direction::Sent);
        let kind = match (self.session.outcome(), &self.inner) {
            (Outcome::Closed(reason), None) => Kind::Closed { reason },
            // A hello and no more. Nothing shows that what followed could have been read.
            (Outcome::Handshaking, None) => Kind::Closed { reason: GapReason::NoKey },
            // A handshake and nothing in it is a contact all the same.
            (Outcome::Open, None) if sealed == 0 => Kind::Raw,
            // Something was read, and from somewhere on nothing more.
            (outcome, _) => {
                let reason = match outcome {
                    Outcome::Closed(reason) => reason,
                    _ => self.session.direction_closed(Direction::Sent).unwrap_or(GapReason::LostPackets),
                };
                let unread = self.session.sealed_bytes(Direction::Received);
                if unread > 0 {
                    let reason = self.session.direction_closed(Direction::Received).unwrap_or(reason);
                    let detail = "records that a server sent stayed closed in a stream that was opened";
                    out.gap(Gap::new(reason, context.at(), detail).of_bytes(unread));
                }
                // A client that refused has sent nothing, and that is what there is to tell of it, also
                // where the server had begun to speak. That it is none that had a connection too
                // many (of HTTP/2), only the proxy knows that saw all of its connections.
                let refused = outcome == Outcome::Closed(GapReason::Pinned) && self.session.was_refused();
                if sealed == 0 && !context.has_lost() && !refused {
                    return;
                }
                trail.length = sealed;
                Kind::Closed { reason }
            }
        };
        let facts = self.session.facts();
        let first = self.inner.as_ref().is_none_or(|(_, inner)| inner.hello);
        let mut stream = Context {
            wire: Wire::Encrypted,
            sni: facts.sni.clone(),
            alpn: if self.told { None } else { facts.alpn.clone() },
            certificate_names: facts.certificate_names.clone(),
            hello: first,
            ..context.clone()
        };
        let mut draft = Draft::new(Direction::Sent, Protocol::Tls, kind, &stream);
        draft.trail = trail;
        draft.finish(&mut stream, out);
    }
}

#[cfg(test)]
mod tests;
