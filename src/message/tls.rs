//! A TLS stream: opened, it is one more layer; closed, it is one message that says why.

use std::sync::Arc;

use bytes::Bytes;

use self::secure::{Outcome, Session};
use super::draft::{Context, Draft, Out};
use super::feed::{Held, Trail};
use super::layer::Layer;
use super::{Kind, Protocol, Wire};
use crate::evidence::{Direction, GapReason, Time};
use crate::net::Chunk;

pub use self::secure::KeyLog;

/// Frames named of a stream that stays closed. Its hello is among the first few; the
/// rest shows only that it went on.
const CLOSED_FRAMES: usize = 256;

/// A step of the plaintext, kept until the session can be asked about it.
enum Opened {
    Data(Held),
    Gap(u64, Time),
    End(bool, Time, u64),
}

/// A TLS stream.
#[derive(Debug)]
pub(super) struct Tls {
    session: Session,
    /// What is inside, and what is known of it.
    inner: Option<(Layer, Box<Context>)>,
    /// What belongs to no message inside: all there is until the stream opens, and
    /// again from where it closes.
    closed: Trail,
    /// The protocol that was negotiated was handed to the layer inside.
    told: bool,
}

impl Tls {
    /// A stream that begins with the next chunk.
    pub fn new(context: &Context) -> Self {
        Self { session: Session::new(Arc::clone(&context.keys)), inner: None, closed: Trail::default(), told: false }
    }

    pub fn push(&mut self, direction: Direction, chunk: Chunk<'_>, context: &mut Context, out: &mut Out<'_>) {
        let mut opened = Vec::new();
        self.session.push(direction, chunk, &mut |direction, chunk| {
            opened.push((
                direction,
                match chunk {
                    Chunk::Data { bytes, time, frames, conflict } => Opened::Data(Held {
                        bytes: Bytes::copy_from_slice(bytes),
                        time,
                        frames: frames.into(),
                        conflict,
                    }),
                    Chunk::Gap { length, time } => Opened::Gap(length, time),
                    Chunk::End { reset, time, frame } => Opened::End(reset, time, frame),
                },
            ));
        });
        let readable = matches!(self.session.outcome(), Outcome::Open);
        match chunk {
            Chunk::Data { bytes, time, frames, conflict } if !readable || self.inner.is_none() => {
                self.note(direction, bytes.len() as u64, time, frames, conflict);
            }
            _ => {}
        }
        if opened.iter().any(|(_, step)| matches!(step, Opened::Data(_))) && self.inner.is_none() {
            let inner = Context { wire: Wire::Encrypted, depth: context.depth + 1, ..context.clone() };
            self.inner = Some((Layer::sniffing(0, 0, &inner, out), Box::new(inner)));
            // The handshake is no loss: what the stream carried is what is inside.
            if readable {
                self.closed = Trail::default();
            }
        }
        self.inform();
        for (direction, step) in opened {
            let Some((layer, inner)) = &mut self.inner else { return };
            match step {
                Opened::Data(held) => layer.push(direction, held.chunk(), inner, out),
                Opened::Gap(length, time) => layer.push(direction, Chunk::Gap { length, time }, inner, out),
                Opened::End(reset, time, frame) => {
                    layer.push(direction, Chunk::End { reset, time, frame }, inner, out);
                }
            }
        }
    }

    /// Adds to what belongs to no message inside.
    fn note(&mut self, direction: Direction, length: u64, time: Time, frames: &[u64], conflict: bool) {
        self.closed.first.get_or_insert((time, 0));
        if direction == Direction::Sent {
            self.closed.length = self.closed.length.saturating_add(length);
        }
        if self.closed.frames.len() < CLOSED_FRAMES {
            self.closed.add_frames(frames);
            self.closed.frames.truncate(CLOSED_FRAMES);
        }
        self.closed.conflict |= conflict;
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

    /// Both directions are over.
    pub fn finish(&mut self, context: &mut Context, out: &mut Out<'_>) {
        if let Some((layer, inner)) = &mut self.inner {
            layer.finish(inner, out);
        }
        let kind = match self.session.outcome() {
            Outcome::Closed(reason) => Kind::Closed { reason },
            // A hello without an answer: nothing shows that it would have opened.
            Outcome::Handshaking => Kind::Closed { reason: GapReason::NoKey },
            // A handshake and nothing in it is a contact all the same.
            Outcome::Open if self.inner.is_none() => Kind::Raw,
            Outcome::Open => return,
        };
        if self.closed.first.is_none() {
            return;
        }
        let facts = self.session.facts();
        let mut stream = Context {
            wire: Wire::Encrypted,
            sni: facts.sni.clone(),
            alpn: if self.told { None } else { facts.alpn.clone() },
            certificate_names: facts.certificate_names.clone(),
            ..context.clone()
        };
        let mut draft = Draft::new(Direction::Sent, Protocol::Tls, kind, &stream);
        draft.trail = std::mem::take(&mut self.closed);
        draft.finish(&mut stream, out);
    }
}

/// Stands in for `secure::tls` until it is there: every stream stays closed.
mod secure {
    use super::{Arc, Chunk, Direction, GapReason};

    #[derive(Debug, Default)]
    pub struct KeyLog;

    #[derive(Debug, Default)]
    pub struct Facts {
        pub sni: Option<String>,
        pub alpn: Option<String>,
        pub certificate_names: Vec<String>,
    }

    pub enum Outcome {
        #[allow(dead_code)]
        Handshaking,
        #[allow(dead_code)]
        Open,
        Closed(GapReason),
    }

    #[derive(Debug)]
    pub struct Session {
        facts: Facts,
    }

    impl Session {
        pub fn new(_: Arc<KeyLog>) -> Self {
            Self { facts: Facts::default() }
        }

        pub fn push(&mut self, _: Direction, _: Chunk<'_>, _: &mut dyn FnMut(Direction, Chunk<'_>)) {}

        pub fn facts(&self) -> &Facts {
            &self.facts
        }

        pub fn outcome(&self) -> Outcome {
            Outcome::Closed(GapReason::NoKey)
        }
    }
}
