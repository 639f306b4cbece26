//! What goes through the proxy, written down as a capture would have it: TCP between the client
//! and the server that it meant, and the secrets of the TLS that the client spoke.
//!
//! The headers are made here, the bytes are those that travelled between client and proxy. So a
//! session of the proxy is read by the same code as a recorded one, and opens in Wireshark.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use etherparse::{PacketBuilder, TcpHeader};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use super::super::series::{Series, Spread};
use super::ProxyError;
use crate::capture::{Ending, LinkType, PcapngWriter, SecretsKind, recorder};
use crate::evidence::{Direction, Time};

/// Bytes of one packet: far below what an IP packet holds, and what offloading makes of a
/// stream on a real interface.
const SEGMENT: usize = 16 << 10;

/// A window that no segment fills (RFC 7323 §2.3: shifted by 14 at most).
const WINDOW: u16 = u16::MAX;
const WINDOW_SCALE: u8 = 14;

/// Names kept to say each once; a session asks for some hundred.
const NAMES: usize = 65_536;

/// Length of a name that a Name Resolution Block takes (RFC 1035 §2.3.4).
const NAME: usize = 255;

/// The capture file, shared by all connections.
#[derive(Debug)]
pub struct Tape {
    inner: Mutex<Inner>,
    path: PathBuf,
    series: Series,
    /// Told when writing failed.
    broken: Notify,
}

struct Inner {
    writer: PcapngWriter<BufWriter<File>>,
    interface: u32,
    names: BTreeSet<(IpAddr, String)>,
    conversations: u32,
    packets: u64,
    last: Time,
    error: Option<io::Error>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("packets", &self.packets).finish_non_exhaustive()
    }
}

impl Tape {
    /// Begins a new file in `folder`, readable by its owner alone; `address` is where the proxy listens.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn begin(folder: &Path, address: SocketAddr) -> Result<Self, ProxyError> {
        let mut series = Series::new(folder, Spread::default());
        let unwritten = |path: &Path, error| ProxyError::Write { path: path.display().to_string(), error };
        let (path, file) = series.next().map_err(|(path, error)| unwritten(&path, error))?;
        // What has no beginning is no capture: left there, it would be in the way of an audit of the others.
        let failed = |error| {
            let _ = std::fs::remove_file(&path);
            unwritten(&path, error)
        };
        let program = recorder::program(recorder::PROXY);
        let mut writer = PcapngWriter::new(BufWriter::new(file), &program, COMMENT).map_err(failed)?;
        let interface = writer.interface(LinkType::RAW, 0, &format!("proxy {address}"), "").map_err(failed)?;
        let last = Time::now();
        writer.started(interface, last).and_then(|()| writer.flush()).map_err(failed)?;
        let inner =
            Inner { writer, interface, names: BTreeSet::new(), conversations: 0, packets: 0, last, error: None };
        Ok(Self { inner: Mutex::new(inner), path, series, broken: Notify::new() })
    }

    /// The capture file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Packets so far.
    pub fn packets(&self) -> u64 {
        self.lock().packets
    }

    /// Resolves when nothing can be written any more.
    pub async fn broken(&self) {
        self.broken.notified().await;
    }

    /// Hands everything on to the file.
    ///
    /// # Errors
    /// What failed first since the file was begun.
    pub fn flush(&self) -> Result<(), ProxyError> {
        let mut inner = self.lock();
        let flushed = inner.writer.flush();
        match inner.error.take().map_or(flushed, Err) {
            Ok(()) => Ok(()),
            Err(error) => Err(ProxyError::Write { path: self.path.display().to_string(), error }),
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// As [`Self::flush`].
    pub fn finish(&self) -> Result<(), ProxyError> {
        self.write(|inner| {
            let (interface, last, packets) = (inner.interface, inner.last, inner.packets);
            inner.writer.ended(interface, last, packets, 0, Ending::Whole)
        });
        self.flush()?;
        self.series.ended();
        Ok(())
    }

    /// Adds a line of a key log.
    pub fn secret(&self, line: &str) {
        self.write(|inner| inner.writer.secrets(SecretsKind::TlsKeyLog, line.as_bytes()));
    }

    /// Notes that the client knew `address` by `name`.
    pub fn name(&self, address: IpAddr, name: &str) {
        let known = name.parse::<IpAddr>().is_ok() || name.len() > NAME || name.contains('\0');
        if known {
            return;
        }
        let name = name.to_ascii_lowercase();
        self.write(|inner| {
            if inner.names.len() >= NAMES || !inner.names.insert((address, name.clone())) {
                return Ok(());
            }
            inner.writer.name(address, &name)
        });
    }

    /// Begins a connection of `client` to `server`.
    pub fn converse(self: &Arc<Self>, client: SocketAddr, server: SocketAddr) -> Conversation {
        let number = {
            let mut inner = self.lock();
            inner.conversations = inner.conversations.wrapping_add(1);
            inner.conversations
        };
        // Two connections between the same ends begin at different numbers, so that no reader
        // takes the second for the first's going on.
        let first = number.wrapping_mul(0x9e37_79b1);
        let mut conversation = Conversation {
            tape: Arc::clone(self),
            ends: same_family(client, server),
            next: [first, !first],
            ended: [false; 2],
            notes: Vec::new(),
        };
        conversation.handshake();
        conversation
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Whoever panicked had no block half written: each is written by one call.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes, unless writing failed before.
    fn write(&self, write: impl FnOnce(&mut Inner) -> io::Result<()>) {
        let mut inner = self.lock();
        if inner.error.is_none()
            && let Err(error) = write(&mut inner)
        {
            inner.error = Some(error);
            self.broken.notify_one();
        }
    }
}

/// What a reader of the file is told in its head.
const COMMENT: &str = "Recorded by an intercepting proxy: the bytes are those between client and proxy, the addresses \
    those of client and server; IP and TCP headers are made. UDP (QUIC, DNS) does not pass through it.";

/// Addresses of one kind: where the two differ, IPv4 is written as IPv6 writes it (RFC 4291 §2.5.5.2).
fn same_family(client: SocketAddr, server: SocketAddr) -> [SocketAddr; 2] {
    let plain = [client, server].map(|end| SocketAddr::new(end.ip().to_canonical(), end.port()));
    if plain.iter().all(SocketAddr::is_ipv4) {
        return plain;
    }
    plain.map(|end| match end.ip() {
        IpAddr::V4(address) => SocketAddr::new(address.to_ipv6_mapped().into(), end.port()),
        IpAddr::V6(_) => end,
    })
}

/// One TCP connection on the tape. Dropped, the server's direction ends.
#[derive(Debug)]
pub struct Conversation {
    tape: Arc<Tape>,
    /// Client, server.
    ends: [SocketAddr; 2],
    /// The sequence number of each end's next byte.
    next: [u32; 2],
    ended: [bool; 2],
    /// Remarks that go with the next packet.
    notes: Vec<String>,
}

#[derive(Clone, Copy, Default)]
struct Flags {
    syn: bool,
    ack: bool,
    push: bool,
    fin: bool,
    reset: bool,
}

impl Conversation {
    /// A remark that stands at the next packet.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Bytes that went in a direction.
    pub fn data(&mut self, direction: Direction, bytes: &[u8]) {
        for segment in bytes.chunks(SEGMENT) {
            self.packet(direction, Flags { ack: true, push: true, ..Flags::default() }, segment);
        }
    }

    /// A direction ended; what comes after that is not written.
    pub fn end(&mut self, direction: Direction) {
        if !self.ended[side(direction)] {
            self.packet(direction, Flags { fin: true, ack: true, ..Flags::default() }, &[]);
            self.ended[side(direction)] = true;
        }
    }

    /// A direction broke off.
    pub fn reset(&mut self, direction: Direction) {
        if !self.ended[side(direction)] {
            self.packet(direction, Flags { reset: true, ack: true, ..Flags::default() }, &[]);
            self.ended = [true; 2];
        }
    }

    fn handshake(&mut self) {
        self.packet(Direction::Sent, Flags { syn: true, ..Flags::default() }, &[]);
        self.packet(Direction::Received, Flags { syn: true, ack: true, ..Flags::default() }, &[]);
        self.packet(Direction::Sent, Flags { ack: true, ..Flags::default() }, &[]);
    }

    fn packet(&mut self, direction: Direction, flags: Flags, payload: &[u8]) {
        let from = side(direction);
        if self.ended[from] {
            return;
        }
        let (source, target) = match direction {
            Direction::Sent => (self.ends[0], self.ends[1]),
            Direction::Received => (self.ends[1], self.ends[0]),
        };
        let mut tcp = TcpHeader::new(source.port(), target.port(), self.next[from], WINDOW);
        (tcp.syn, tcp.ack, tcp.psh, tcp.fin, tcp.rst) = (flags.syn, flags.ack, flags.push, flags.fin, flags.reset);
        if flags.ack {
            tcp.acknowledgment_number = self.next[1 - from];
        }
        if flags.syn {
            // Window scale, and a byte that does nothing.
            let _ = tcp.set_options_raw(&[3, 3, WINDOW_SCALE, 1]);
        }
        let step = match (source.ip(), target.ip()) {
            (IpAddr::V4(source), IpAddr::V4(target)) => PacketBuilder::ipv4(source.octets(), target.octets(), 64),
            (source, target) => PacketBuilder::ipv6(octets(source), octets(target), 64),
        };
        let step = step.tcp_header(tcp);
        let mut packet = Vec::with_capacity(step.size(payload.len()));
        if step.write(&mut packet, payload).is_err() {
            return;
        }
        let advance = u32::try_from(payload.len()).unwrap_or(0) + u32::from(flags.syn) + u32::from(flags.fin);
        self.next[from] = self.next[from].wrapping_add(advance);
        let notes = std::mem::take(&mut self.notes);
        let comments: Vec<&str> = notes.iter().map(String::as_str).collect();
        self.tape.write(|inner| {
            // Never after the packet before: a clock that is set back makes no stream run backwards.
            inner.last = Time::now().max(inner.last);
            let (interface, time) = (inner.interface, inner.last);
            let length = u32::try_from(packet.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
            inner.packets += 1;
            inner.writer.packet(interface, time, length, &packet, &comments)
        });
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        // The client's socket is closed now; what the client does then is not seen any more.
        self.end(Direction::Received);
    }
}

fn side(direction: Direction) -> usize {
    match direction {
        Direction::Sent => 0,
        Direction::Received => 1,
    }
}

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// A connection whose bytes are written down as they are read and written.
#[derive(Debug)]
pub struct Taped<S> {
    stream: S,
    conversation: Conversation,
    /// What is read here went in this direction.
    reads: Direction,
}

impl<S> Taped<S> {
    /// Towards the client: what is read was sent by it.
    pub fn of_client(stream: S, conversation: Conversation) -> Self {
        Self { stream, conversation, reads: Direction::Sent }
    }

    /// Towards the server: what is read was received by the client.
    pub fn of_server(stream: S, conversation: Conversation) -> Self {
        Self { stream, conversation, reads: Direction::Received }
    }

    /// The connection on the tape.
    pub fn conversation(&mut self) -> &mut Conversation {
        &mut self.conversation
    }

    /// The connection that is read and written.
    pub fn stream(&self) -> &S {
        &self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Taped<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let (before, room) = (buffer.filled().len(), buffer.remaining());
        let polled = Pin::new(&mut this.stream).poll_read(context, buffer);
        match &polled {
            Poll::Ready(Ok(())) => match buffer.filled().get(before..).unwrap_or_default() {
                [] if room > 0 => this.conversation.end(this.reads),
                bytes => this.conversation.data(this.reads, bytes),
            },
            Poll::Ready(Err(_)) => this.conversation.reset(this.reads),
            Poll::Pending => {}
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Taped<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(context, bytes);
        match &polled {
            Poll::Ready(Ok(count)) => {
                this.conversation.data(this.reads.reverse(), bytes.get(..*count).unwrap_or_default());
            }
            // It is the other end that is gone.
            Poll::Ready(Err(_)) => this.conversation.reset(this.reads),
            Poll::Pending => {}
        }
        polled
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_shutdown(context);
        if polled.is_ready() {
            this.conversation.end(this.reads.reverse());
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_written_in_one_family() {
        let same = |client: &str, server: &str| {
            same_family(client.parse().unwrap(), server.parse().unwrap()).map(|end| end.to_string())
        };
        assert_eq!(same("[::ffff:10.0.0.2]:5", "192.0.2.1:443"), ["10.0.0.2:5", "192.0.2.1:443"]);
        assert_eq!(same("10.0.0.2:5", "[2001:db8::1]:443"), ["[::ffff:10.0.0.2]:5", "[2001:db8::1]:443"]);
        assert_eq!(same("[2001:db8::2]:5", "192.0.2.1:443"), ["[2001:db8::2]:5", "[::ffff:192.0.2.1]:443"]);
    }
}
