//! QUIC versions 1 and 2 and their drafts from 22 on, read passively (RFC 9000, RFC 9001, RFC 9369).
//!
//! Takes the datagrams of one five-tuple and a [`KeyLog`], hands on [`Item`]s: the
//! chunks of each stream, in order, with the frames of the packets they came in. The
//! Initial packets open without a secret (RFC 9001 §5.2), so the hellos, and with them
//! the name, are always known ([`Facts`]); for what stays closed there is one reason.
//! Which protocol the streams carry it does not know.

mod crypto;
pub mod doors;
mod frame;
mod ids;
mod packet;
mod protection;
mod side;
mod stream;
mod version;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::evidence::{Direction, GapReason, Time};
use crate::net::Chunk;
use crate::secure::KeyLog;
use crate::secure::keylog::{ClientRandom, Label};
use crate::secure::tls::{ClientHello, Facts, Handshake, MessageType, ServerHello, certificates, hello};

use frame::{Frame, Frames};
use packet::{Header, Kind, Long, Packets};
use protection::{InitialKeys, PacketKeys};
use side::{Level, Side};
use stream::{Origin, Streams};

pub use ids::{ConnectionId, Owners};
pub use packet::looks_like_quic;
pub use version::Version;

/// Connection ids that Initial keys are kept for: the client's first choice, one more
/// for each Retry, and each of them in both versions.
const KEYS_LIMIT: usize = 8;

/// Bytes of packets that wait for the ServerHello, after which their keys are known.
/// What a client or server may send before it is bounded by their first congestion
/// windows, some fifteen kilobytes (RFC 9002 §7.2); this is for several of them.
const PENDING_LIMIT: usize = 256 * 1024;

/// Suites tried for 0-RTT data, which comes before the server has chosen one.
const EARLY_SUITE_LIMIT: usize = 4;

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing but Initial packets was seen.
    Handshaking,
    /// It can be read, as far as it is complete.
    Open,
    /// It stays closed, for this one reason.
    Closed(GapReason),
}

/// What a connection carries.
#[derive(Debug)]
pub enum Item<'a> {
    /// The next step of a direction of a stream. The two low bits of the id say who
    /// opened it and whether it goes one way (RFC 9000 §2.1).
    Stream {
        /// Number of the stream.
        id: u64,
        /// Of these bytes.
        direction: Direction,
        /// In order; holes are told, and the end.
        chunk: Chunk<'a>,
    },
    /// Bytes that belong to no stream (RFC 9221).
    Datagram {
        /// Of these bytes.
        direction: Direction,
        /// The bytes.
        bytes: &'a [u8],
        /// When they were captured.
        time: Time,
        /// Frames that carried them.
        frames: &'a [u64],
    },
    /// Another connection begins on the same ports: its streams are numbered from 0
    /// again. All streams of the one before have ended.
    Restart,
}

/// Takes items.
pub type Sink<'a> = &'a mut dyn FnMut(Item<'_>);

/// A packet that waits for its keys.
#[derive(Debug)]
struct Waiting {
    direction: Direction,
    packet: Vec<u8>,
    origin: Origin,
}

/// The QUIC connection of a five-tuple, or several one after the other.
#[derive(Debug, Default)]
pub struct Connection {
    keys: Arc<KeyLog>,
    facts: Facts,
    version: Option<Version>,
    initial: Vec<InitialKeys>,
    /// Destination ids that Initial keys were made from.
    destinations: Vec<Vec<u8>>,
    client: Side,
    server: Side,
    streams: Streams,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    /// The server has chosen: keys are known, if ever.
    agreed: bool,
    /// Random of the ClientHello that is being answered.
    random: Option<ClientRandom>,
    /// An Initial packet opened.
    opened_initial: bool,
    /// An Initial packet of the server opened, whose version counts.
    answered: bool,
    /// A packet of the application opened.
    opened: bool,
    /// A secret for the application's packets was there.
    had_key: bool,
    /// An Initial packet of the client came that did not open.
    failed: bool,
    /// A packet of a version came that is not read.
    foreign: bool,
    /// The server chose a suite that QUIC packets are not opened with here.
    unsupported: bool,
    /// Packets came that only a secret opens.
    protected: bool,
    last_time: Time,
}

impl Connection {
    /// Before the first datagram. `keys` are all secrets of the run.
    pub fn new(keys: Arc<KeyLog>) -> Self {
        Self { keys, ..Self::default() }
    }

    /// An Initial packet opened, from which the rest follows.
    pub fn has_begun(&self) -> bool {
        self.opened_initial
    }

    /// Memory of what waits for more, about.
    pub fn waiting(&self) -> usize {
        let sides = self.client.waiting().saturating_add(self.server.waiting());
        let packets = self.waiting_bytes.saturating_add(self.waiting.len().saturating_mul(size_of::<Waiting>()));
        sides.saturating_add(packets).saturating_add(self.streams.cost())
    }

    /// Connection ids that packets of it can be told by, and that came up since this was last
    /// asked: those of long headers, and those that the ends gave each other since.
    pub fn take_ids(&mut self) -> Vec<ConnectionId> {
        let mut ids = std::mem::take(&mut self.client.fresh_ids);
        ids.append(&mut self.server.fresh_ids);
        ids
    }

    /// What the hellos say, so far.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Version of the packets: the client's, until the server answers in another one.
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// Bytes of 0-RTT and 1-RTT packets of a direction that stayed closed, or were opened and not read.
    pub fn sealed_bytes(&self, direction: Direction) -> u64 {
        self.side(direction).sealed
    }

    /// How it stands, so far.
    pub fn outcome(&self) -> Outcome {
        if self.opened {
            return Outcome::Open;
        }
        if self.opened_initial {
            return match () {
                () if !self.protected => Outcome::Handshaking,
                () if self.unsupported => Outcome::Closed(GapReason::UnsupportedCipher),
                () if self.had_key && self.client.sealed + self.server.sealed > 0 => {
                    Outcome::Closed(GapReason::KeyDoesNotFit)
                }
                () => Outcome::Closed(GapReason::QuicNoKey),
            };
        }
        if self.foreign {
            return Outcome::Closed(GapReason::UnsupportedCipher);
        }
        // Later Initial packets carry an id of the server's choice, from which no keys follow.
        if self.failed || self.protected {
            return Outcome::Closed(GapReason::StartedBeforeCapture);
        }
        Outcome::Handshaking
    }

    /// Takes the next datagram of a direction: one packet, or several. Never fails;
    /// what does not open is counted.
    pub fn datagram(&mut self, direction: Direction, bytes: &[u8], time: Time, frames: &[u64], sink: Sink<'_>) {
        let origin = Origin { time, frames: frames.into() };
        self.last_time = time;
        for header in Packets::new(bytes) {
            match header {
                Header::Long(packet) => self.long(direction, &packet, &origin, sink),
                Header::Short(packet) => {
                    self.protected |= packet.first().is_some_and(|first| first & 0x40 != 0);
                    self.short(direction, packet, &origin, sink);
                }
                Header::Foreign { version } => {
                    self.version.get_or_insert(version);
                    self.foreign = true;
                }
                Header::Retry | Header::VersionNegotiation => {}
            }
        }
    }

    /// No more datagrams: what streams still hold is handed on.
    pub fn finish(&mut self, sink: Sink<'_>) {
        self.drop_waiting();
        self.streams.finish(self.last_time, &mut |id, direction, chunk| sink(Item::Stream { id, direction, chunk }));
    }

    fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Sent => &self.client,
            Direction::Received => &self.server,
        }
    }

    fn side_mut(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Sent => &mut self.client,
            Direction::Received => &mut self.server,
        }
    }

    fn long(&mut self, direction: Direction, packet: &Long<'_>, origin: &Origin, sink: Sink<'_>) {
        // What the other side is to send to.
        self.side_mut(direction.reverse()).add_id(packet.source);
        if packet.kind == Kind::Initial {
            match self.open_initial(direction, packet) {
                Some(payload) => {
                    self.opened_initial = true;
                    // A client may repeat its hello as it was, after the server has answered in another version.
                    self.answered |= direction == Direction::Received;
                    if direction == Direction::Received || !self.answered {
                        self.version = Some(packet.version);
                    }
                    self.frames(direction, Level::Initial, &payload, origin, sink);
                    self.version.get_or_insert(packet.version);
                }
                // Of several salts, none may have been its own.
                None if packet.version.salts().len() > 1 => self.foreign = true,
                None => self.failed |= direction == Direction::Sent,
            }
            return;
        }
        self.protected = true;
        // The first one that a client sends to is of its own choice; later ones are the server's.
        self.side_mut(direction).add_id(packet.destination);
        self.version = self.version.or(Some(packet.version));
        let level = if packet.kind == Kind::ZeroRtt { Level::Early } else { Level::Handshake };
        if level == Level::Early {
            self.add_early_keys(packet.version);
        }
        // A ClientHello that is not whole yet is as much to wait for as a ServerHello.
        let too_early = match level {
            Level::Early => self.random.is_none(),
            _ => !self.agreed,
        };
        let opened = self.side_mut(direction).open(level, packet.bytes, packet.number_at);
        match opened {
            Some(payload) => {
                self.opened |= level == Level::Early;
                self.frames(direction, level, &payload, origin, sink);
            }
            None if too_early && self.opened_initial => self.wait(direction, packet.bytes, origin),
            None if level == Level::Early => self.side_mut(direction).add_sealed(packet.bytes.len()),
            None => {}
        }
    }

    fn short(&mut self, direction: Direction, packet: &[u8], origin: &Origin, sink: Sink<'_>) {
        if !self.agreed && self.opened_initial {
            return self.wait(direction, packet, origin);
        }
        let side = self.side_mut(direction);
        match side.open_short(packet) {
            Some(payload) => {
                self.opened = true;
                self.frames(direction, Level::Application, &payload, origin, sink);
            }
            None => side.add_sealed(packet.len()),
        }
    }

    fn wait(&mut self, direction: Direction, packet: &[u8], origin: &Origin) {
        if self.waiting_bytes.saturating_add(packet.len()) > PENDING_LIMIT {
            return self.side_mut(direction).add_sealed(packet.len());
        }
        self.waiting_bytes += packet.len();
        self.waiting.push_back(Waiting { direction, packet: packet.to_vec(), origin: origin.clone() });
    }

    fn read_waiting(&mut self, sink: Sink<'_>) {
        self.waiting_bytes = 0;
        for Waiting { direction, packet, origin } in std::mem::take(&mut self.waiting) {
            match Packets::new(&packet).next() {
                Some(Header::Long(packet)) => self.long(direction, &packet, &origin, sink),
                Some(Header::Short(packet)) => self.short(direction, packet, &origin, sink),
                _ => {}
            }
        }
    }

    /// Gives up the packets that wait: the hello that their keys depend on does not come any more.
    fn drop_waiting(&mut self) {
        self.waiting_bytes = 0;
        for Waiting { direction, packet, .. } in std::mem::take(&mut self.waiting) {
            // Handshake packets carry nothing of the application.
            if packet.first().is_some_and(|first| first & 0x80 == 0) {
                self.side_mut(direction).add_sealed(packet.len());
            }
        }
    }

    /// The frames of an Initial packet. Keys come from the destination id of the
    /// client's first one, and of its first one behind a Retry; the tag tells which.
    fn open_initial(&mut self, direction: Direction, packet: &Long<'_>) -> Option<Vec<u8>> {
        let known = self.initial.iter_mut().rev().filter(|keys| keys.version == packet.version);
        if let Some(payload) = known.filter_map(|keys| keys.open(direction, packet)).next() {
            return Some(payload);
        }
        // A server may answer in another version than it was asked in, with keys of that
        // one from the same id (RFC 9368 §2.3); a client starts anew with its own.
        let ids: Vec<&[u8]> = match direction {
            Direction::Sent => vec![packet.destination],
            Direction::Received => self.destinations.iter().map(Vec::as_slice).collect(),
        };
        let salts = packet.version.salts();
        let opened = ids.into_iter().flat_map(|id| salts.iter().map(move |salt| (id, salt))).find_map(|(id, salt)| {
            let mut keys = InitialKeys::new(packet.version, salt, id)?;
            let payload = keys.open(direction, packet)?;
            Some((id.to_vec(), keys, payload))
        });
        let (id, keys, payload) = opened?;
        if self.initial.len() >= KEYS_LIMIT {
            self.initial.remove(0);
        }
        self.initial.push(keys);
        if !self.destinations.contains(&id) {
            if direction == Direction::Sent {
                // Behind a Retry, or in another connection, the hello starts anew.
                self.client.forget_hello();
            }
            if self.destinations.len() >= KEYS_LIMIT {
                self.destinations.remove(0);
            }
            self.destinations.push(id);
        }
        Some(payload)
    }

    fn frames(&mut self, direction: Direction, level: Level, payload: &[u8], origin: &Origin, sink: Sink<'_>) {
        let in_handshake = matches!(level, Level::Initial | Level::Handshake);
        let mut frames = match self.version {
            Some(version) if in_handshake && version.is_googles() => Frames::of_google(payload),
            _ => Frames::new(payload),
        };
        for frame in frames.by_ref() {
            match frame {
                Frame::Crypto { offset, bytes } => self.crypto(direction, level, offset, bytes, sink),
                Frame::ConnectionId(id) => self.side_mut(direction.reverse()).add_id(id),
                // The rest belongs to no handshake.
                _ if in_handshake => {}
                Frame::Stream { id, offset, bytes, fin } => {
                    let mut deliver = |id, direction, chunk: Chunk<'_>| sink(Item::Stream { id, direction, chunk });
                    if !self.streams.push(direction, (id, offset, fin), bytes, origin, &mut deliver) {
                        self.side_mut(direction).add_sealed(bytes.len());
                    }
                }
                Frame::Reset { id, size } => {
                    let mut deliver = |id, direction, chunk: Chunk<'_>| sink(Item::Stream { id, direction, chunk });
                    self.streams.reset(direction, (id, size), origin, &mut deliver);
                }
                Frame::StopSending { id } => self.streams.stop(direction.reverse(), id, origin),
                Frame::Datagram(bytes) => {
                    let (time, frames) = (origin.time, &origin.frames[..]);
                    sink(Item::Datagram { direction, bytes, time, frames });
                }
                Frame::Close | Frame::Unknown(_) => {}
            }
        }
        // There may have been data of the application in it.
        if frames.unread > 0 && matches!(level, Level::Early | Level::Application) {
            self.side_mut(direction).add_sealed(frames.unread);
        }
    }

    fn crypto(&mut self, direction: Direction, level: Level, offset: u64, bytes: &[u8], sink: Sink<'_>) {
        for message in self.side_mut(direction).crypto(level, offset, bytes) {
            self.message(direction, level, &message, sink);
        }
    }

    fn message(&mut self, direction: Direction, level: Level, message: &Handshake, sink: Sink<'_>) {
        let body = message.body.as_slice();
        match (message.kind, direction, level) {
            (MessageType::ClientHello, Direction::Sent, Level::Initial) => {
                if let Some(hello) = ClientHello::read(body) {
                    self.client_hello(&hello, sink);
                }
            }
            (MessageType::ServerHello, Direction::Received, Level::Initial) => {
                if let Some(hello) = ServerHello::read(body) {
                    self.server_hello(&hello, sink);
                }
            }
            (MessageType::EncryptedExtensions, Direction::Received, Level::Handshake) => {
                self.facts.alpn = hello::encrypted_alpn(body);
            }
            (MessageType::Certificate, Direction::Received, Level::Handshake) => {
                self.facts.certified(certificates::first(body, true));
            }
            (MessageType::CompressedCertificate, Direction::Received, Level::Handshake) => {
                let body = certificates::decompressed(body);
                self.facts.certified(body.as_deref().and_then(|body| certificates::first(body, true)));
            }
            _ => {}
        }
    }

    fn client_hello(&mut self, hello: &ClientHello, sink: Sink<'_>) {
        if self.agreed && self.random != Some(hello.random) {
            self.restart(sink);
        }
        self.facts.offer(hello);
        self.random = Some(hello.random);
        let suites = hello.suites.iter().filter_map(|suite| suite.protection13());
        self.client.early_suites = suites.take(EARLY_SUITE_LIMIT).collect();
    }

    /// Another connection on the same ports.
    fn restart(&mut self, sink: Sink<'_>) {
        self.finish(sink);
        sink(Item::Restart);
        self.facts = Facts::default();
        self.streams = Streams::default();
        self.client = self.client.renewed();
        self.server = self.server.renewed();
        (self.agreed, self.answered, self.version) = (false, false, None);
    }

    /// Keys of 0-RTT packets, once their secret can be known.
    fn add_early_keys(&mut self, version: Version) {
        let Some(random) = self.random.filter(|_| !self.client.has_keys(Level::Early)) else { return };
        let secrets = self.keys.secrets(&random, Label::ClientEarly);
        let suites = &self.client.early_suites;
        let keys = secrets.flat_map(|secret| {
            let fits = suites.iter().filter(|(_, hash)| hash.length() == secret.bytes().len());
            fits.filter_map(|(aead, hash)| PacketKeys::new(version, *aead, *hash, secret.bytes()))
        });
        let keys = keys.collect();
        self.client.set_keys(Level::Early, keys);
    }

    fn server_hello(&mut self, hello: &ServerHello, sink: Sink<'_>) {
        self.facts.version = Some(hello.version);
        self.facts.cipher = Some(hello.suite);
        if hello.retry {
            return;
        }
        self.facts.resumed = hello.psk;
        let (Some(random), Some(version)) = (self.random, self.version) else { return };
        if self.agreed {
            return;
        }
        self.agreed = true;
        let Some((aead, hash)) = hello.suite.protection13() else {
            self.unsupported = true;
            return;
        };
        let keys = self.keys.clone();
        let of = |wanted: Label| -> Vec<PacketKeys> {
            let secrets = keys.secrets(&random, wanted).filter(|secret| secret.bytes().len() == hash.length());
            secrets.filter_map(|secret| PacketKeys::new(version, aead, hash, secret.bytes())).collect()
        };
        self.client.set_keys(Level::Handshake, of(Label::ClientHandshake));
        self.server.set_keys(Level::Handshake, of(Label::ServerHandshake));
        self.client.set_keys(Level::Application, of(Label::ClientTraffic(0)));
        self.server.set_keys(Level::Application, of(Label::ServerTraffic(0)));
        self.had_key |= self.client.has_keys(Level::Application) || self.server.has_keys(Level::Application);
        self.read_waiting(sink);
    }
}

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;
