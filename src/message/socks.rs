//! SOCKS 4, 4a and 5 (RFC 1928, RFC 1929): a handshake, then a tunnel.
//!
//! Takes both directions. Once the proxy agreed, what follows is read as a stream of its
//! own, to the destination that the client named. What only looked like a handshake is
//! handed on raw.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use bytes::Bytes;

use super::authority;
use super::draft::{Context, Draft, Out, Visit};
use super::feed::Held;
use super::layer::Layer;
use super::raw::{TURN_LIMIT, Turns};
use crate::evidence::Direction;
use crate::net::Chunk;
use crate::secure::codec::Reader;

/// Authentication methods that a client may offer: RFC 1928 names four, and IANA nine.
const METHODS: u8 = 9;

/// The only authentication that is followed: user name and password (RFC 1929).
const PASSWORD: u8 = 2;

/// Longest user name or host name of SOCKS 4, which end with a zero: that of a host name (RFC 1035 §2.3.4).
const NAME_LIMIT: usize = 255;

/// Whether a client's first bytes begin a handshake; `None` when more are needed.
pub(super) fn begins(prefix: &[u8]) -> Option<bool> {
    match prefix {
        [] => None,
        [5] => None,
        [5, count, methods @ ..] if (1..=METHODS).contains(count) => {
            let offered = methods.get(..usize::from(*count).min(methods.len())).unwrap_or_default();
            if !offered.iter().all(|method| *method <= METHODS || *method >= 0x80) {
                return Some(false);
            }
            (methods.len() >= usize::from(*count)).then_some(true)
        }
        [4] => None,
        // CONNECT, port, address, user name, and its end.
        [4, 1, rest @ ..] => match rest.get(6..) {
            None => None,
            Some(user) if user.contains(&0) => Some(true),
            Some(user) => {
                if user.len() < 64 {
                    None
                } else {
                    Some(false)
                }
            }
        },
        _ => Some(false),
    }
}

/// Where a tunnel leads.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Destination {
    Name(String),
    Address(SocketAddr),
}

/// How far a handshake is.
enum Stage {
    /// It is none, or the proxy refused.
    Not,
    /// Done, with so many bytes of both directions, and where the client's name and password
    /// stand in what it sent.
    Open(Destination, usize, usize, Vec<Range<usize>>),
}

/// A stream that may become a tunnel.
#[derive(Debug, Default)]
pub(super) struct Socks {
    /// All that came, in order.
    held: Vec<(Direction, Held)>,
    sent: Vec<u8>,
    received: Vec<u8>,
    offsets: (u64, u64),
    inner: Option<(Box<Layer>, Box<Context>)>,
}

impl Socks {
    /// A stream whose directions begin at these offsets.
    pub fn at(sent: u64, received: u64) -> Self {
        Self { offsets: (sent, received), ..Self::default() }
    }

    pub fn push(&mut self, direction: Direction, chunk: Chunk<'_>, context: &mut Context, out: &mut Out<'_>) {
        if let Some((layer, inner)) = &mut self.inner {
            return layer.push(direction, chunk, inner, out);
        }
        let Chunk::Data { bytes, time, frames, conflict } = chunk else {
            // A handshake with a hole or an end in it opens nothing.
            self.give_up(context, out);
            if let Some((layer, inner)) = &mut self.inner {
                layer.push(direction, chunk, inner, out);
            }
            return;
        };
        let held = Held { bytes: Bytes::copy_from_slice(bytes), time, frames: frames.into(), conflict };
        self.held.push((direction, held));
        match direction {
            Direction::Sent => self.sent.extend_from_slice(bytes),
            Direction::Received => self.received.extend_from_slice(bytes),
        }
        match handshake(&self.sent, &self.received) {
            Some(Stage::Open(destination, sent, received, credentials)) => {
                self.credentials(&credentials, context, out);
                let mut inner = Context { depth: context.depth + 1, ..context.clone() };
                match destination {
                    Destination::Name(name) => inner.authority = authority::host(&name),
                    Destination::Address(address) => inner.endpoints.server = address,
                }
                let at = (self.offsets.0 + sent as u64, self.offsets.1 + received as u64);
                let layer = Layer::sniffing(at.0, at.1, &inner, out);
                self.go_on(layer, inner, (sent, received), out);
            }
            Some(Stage::Not) => self.give_up(context, out),
            None if self.sent.len().max(self.received.len()) > TURN_LIMIT => {
                self.give_up(context, out);
            }
            None => {}
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
        let held: usize = self.held.iter().map(|(_, held)| held.bytes.len().saturating_add(size_of::<Held>())).sum();
        let inner = self.inner.as_ref().map_or(0, |(layer, _)| layer.waiting().saturating_add(size_of::<Context>()));
        held.saturating_add(self.sent.len()).saturating_add(self.received.len()).saturating_add(inner)
    }

    /// What of it a few bytes can make: see [`Layer::amplified`].
    pub fn amplified(&self) -> usize {
        self.inner.as_ref().map_or(0, |(layer, _)| layer.amplified())
    }

    /// Both directions are over.
    pub fn finish(&mut self, context: &mut Context, out: &mut Out<'_>) {
        if self.inner.is_none() {
            self.give_up(context, out);
        }
        if let Some((layer, inner)) = &mut self.inner {
            layer.finish(inner, out);
        }
    }

    /// A user name and a password are sent to the proxy like anything else, and may be a
    /// number that stands for the person: each is a message.
    fn credentials(&self, ranges: &[Range<usize>], context: &mut Context, out: &mut Out<'_>) {
        for range in ranges {
            let Some(bytes) = self.sent.get(range.clone()).filter(|bytes| !bytes.is_empty()) else { continue };
            let mut draft = Draft::raw(Direction::Sent, context);
            let mut start = 0;
            for (_, piece) in self.held.iter().filter(|(direction, _)| *direction == Direction::Sent) {
                let end = start + piece.bytes.len();
                if start < range.end && range.start < end {
                    let offset = self.offsets.0.saturating_add(range.start as u64);
                    draft.trail.first.get_or_insert((piece.time, offset));
                    draft.trail.add_frames(&piece.frames);
                    draft.trail.conflict |= piece.conflict;
                }
                start = end;
            }
            draft.trail.length = bytes.len() as u64;
            draft.body.add(bytes);
            draft.finish(context, out);
        }
    }

    fn give_up(&mut self, context: &Context, out: &mut Out<'_>) {
        let what = "a stream that begins like SOCKS and opens no tunnel";
        let layer = Layer::Turns(Turns::unread(what, self.offsets.0, self.offsets.1, context, out));
        self.go_on(layer, context.clone(), (0, 0), out);
    }

    /// Hands what was held, without the first `used` bytes of both directions, to `layer`.
    fn go_on(&mut self, mut layer: Layer, mut inner: Context, used: (usize, usize), out: &mut Out<'_>) {
        let (mut sent, mut received) = used;
        for (direction, mut held) in std::mem::take(&mut self.held) {
            let left = match direction {
                Direction::Sent => &mut sent,
                Direction::Received => &mut received,
            };
            let skip = (*left).min(held.bytes.len());
            *left -= skip;
            held.bytes = held.bytes.slice(skip..);
            if !held.bytes.is_empty() {
                layer.push(direction, held.chunk(), &mut inner, out);
            }
        }
        (self.sent, self.received) = (Vec::new(), Vec::new());
        self.inner = Some((Box::new(layer), Box::new(inner)));
    }
}

/// Reads both directions of a handshake; `None` where one is not whole yet.
fn handshake(sent: &[u8], received: &[u8]) -> Option<Stage> {
    match sent.first()? {
        5 => five(sent, received),
        _ => four(sent, received),
    }
}

fn five(sent: &[u8], received: &[u8]) -> Option<Stage> {
    let (mut client, mut server) = (Reader::new(sent), Reader::new(received));
    let [_, count] = client.array()?;
    let offered = client.take(count.into())?;
    let [version, method] = server.array()?;
    if version != 5 || !offered.contains(&method) || !matches!(method, 0 | PASSWORD) {
        return Some(Stage::Not);
    }
    let mut credentials = Vec::new();
    if method == PASSWORD {
        client.u8()?;
        for _ in 0..2 {
            let length = client.u8()?;
            let start = sent.len() - client.rest().len();
            client.take(length.into())?;
            credentials.push(start..start + usize::from(length));
        }
        let [_, status] = server.array()?;
        if status != 0 {
            return Some(Stage::Not);
        }
    }
    let [version, command, _] = client.array()?;
    if version != 5 || command != 1 {
        return Some(Stage::Not);
    }
    let Some(destination) = address(&mut client)? else { return Some(Stage::Not) };
    let [version, reply, _] = server.array()?;
    if version != 5 || reply != 0 {
        return Some(Stage::Not);
    }
    address(&mut server)?;
    let used = (sent.len() - client.rest().len(), received.len() - server.rest().len());
    Some(Stage::Open(destination, used.0, used.1, credentials))
}

/// An address with its port; the inner `None` is a type that there is not.
fn address(reader: &mut Reader<'_>) -> Option<Option<Destination>> {
    let host = match reader.u8()? {
        1 => Ok(IpAddr::from(reader.array::<4>()?)),
        4 => Ok(IpAddr::from(reader.array::<16>()?)),
        3 => {
            let length = reader.u8()?;
            Err(String::from_utf8_lossy(reader.take(length.into())?).into_owned())
        }
        _ => return Some(None),
    };
    let port = reader.u16()?;
    Some(Some(match host {
        Ok(address) => Destination::Address(SocketAddr::new(address, port)),
        Err(name) => named(name, port),
    }))
}

/// Clients write addresses as names, too.
fn named(name: String, port: u16) -> Destination {
    match name.parse() {
        Ok(address) => Destination::Address(SocketAddr::new(address, port)),
        Err(_) => Destination::Name(name),
    }
}

/// Version, command, port, address, user name up to a zero; of 4a, whose address is
/// 0.0.0.x, the name up to another.
fn four(sent: &[u8], received: &[u8]) -> Option<Stage> {
    let mut client = Reader::new(sent);
    let [_, command] = client.array()?;
    let port = client.u16()?;
    let ip = client.array::<4>()?;
    // The inner `None` is a name without an end.
    let line = |client: &mut Reader<'_>| {
        let rest = client.rest();
        let Some(end) = rest.iter().take(NAME_LIMIT + 1).position(|byte| *byte == 0) else {
            return (rest.len() > NAME_LIMIT).then_some(None);
        };
        let text = client.take(end)?;
        client.u8()?;
        Some(Some(text.to_vec()))
    };
    let name = sent.len() - client.rest().len();
    let Some(user) = line(&mut client)? else { return Some(Stage::Not) };
    let name = name..name + user.len();
    let destination = match ip {
        [0, 0, 0, last] if last != 0 => {
            let Some(host) = line(&mut client)? else { return Some(Stage::Not) };
            named(String::from_utf8_lossy(&host).into_owned(), port)
        }
        ip => Destination::Address(SocketAddr::new(IpAddr::from(ip), port)),
    };
    let mut server = Reader::new(received);
    let [version, reply, ..] = server.array::<8>()?;
    if command != 1 || version != 0 || reply != 90 {
        return Some(Stage::Not);
    }
    Some(Stage::Open(destination, sent.len() - client.rest().len(), 8, vec![name]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name that does not end is none: it would be looked through again for every packet.
    #[test]
    fn a_name_of_socks_4a_has_an_end() {
        let start = |name: usize| [&[4, 1, 0, 80, 0, 0, 0, 1, b'u', 0][..], &vec![b'a'; name]].concat();
        assert!(handshake(&start(NAME_LIMIT), &[]).is_none());
        assert!(matches!(handshake(&start(NAME_LIMIT + 1), &[]), Some(Stage::Not)));
        let whole = [&start(11)[..], &[0]].concat();
        let Some(Stage::Open(destination, 22, 8, _)) = handshake(&whole, &[0, 90, 0, 0, 0, 0, 0, 0]) else { panic!() };
        assert_eq!(destination, Destination::Name("a".repeat(11)));
    }
}
