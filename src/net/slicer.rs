//! Packets to segments: one TCP segment or UDP datagram, with its ends.

use std::net::SocketAddr;
use std::ops::Range;

use crate::capture::{LinkType, Packet};
use crate::evidence::{Gap, GapReason, Gaps, Time, Transport};

use super::fragments::{Carrier, Fragments, Key};
use super::header::{Header, tcp, udp};
use super::ip::{self, Bad, Fragment, Ip};
use super::link::{self, Carried};
use super::tunnel::{self, Unsealed, Unsealer};

/// IP packets in IP packets (4in6, 6in4, GRE, tunnels in UDP) that are unpacked. Networks nest two or three.
const TUNNELS: usize = 8;

/// IP protocols that carry nothing of an application: ICMP, IGMP, ICMPv6, "no next
/// header", OSPF, PIM, VRRP.
const CONTROL: [u8; 7] = [1, 2, 58, 59, 89, 103, 112];

/// TCP's control bits (RFC 9293 §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Opens the connection; takes a sequence number.
    pub syn: bool,
    /// The acknowledgement number means something.
    pub ack: bool,
    /// The sender will send nothing more; takes a sequence number.
    pub fin: bool,
    /// The connection is over.
    pub rst: bool,
}

/// What is special to one of the two transports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A TCP segment.
    Tcp {
        /// Sequence number of the first byte, or of the SYN before it.
        seq: u32,
        /// Next sequence number expected from the other side, where `flags.ack`.
        ack: u32,
        /// Control bits.
        flags: Flags,
        /// Receive window as it stands in the header, not scaled.
        window: u16,
    },
    /// A UDP datagram.
    Udp,
}

impl Kind {
    /// Which transport.
    pub fn transport(self) -> Transport {
        match self {
            Self::Tcp { .. } => Transport::Tcp,
            Self::Udp => Transport::Udp,
        }
    }
}

/// One TCP segment or UDP datagram.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Position of the input.
    pub input: u32,
    /// The frame that carried or completed it, counted on where captures follow each other.
    pub frame: u64,
    /// The frames of its fragments, ascending; without fragmentation, `frame`.
    pub frames: &'a [u64],
    /// When `frame` was captured.
    pub time: Time,
    /// Sender.
    pub src: SocketAddr,
    /// Receiver.
    pub dst: SocketAddr,
    /// See [`Kind`].
    pub kind: Kind,
    /// The payload, as far as it was captured.
    pub payload: &'a [u8],
    /// Bytes after `payload` that were on the wire and not captured (snap length).
    pub missing: u32,
    /// Number of its app among those of the input, where the caller knows it; the slicer does not.
    pub app: Option<u32>,
    /// Fragments overlapped with different content; the first copy is here.
    pub conflict: bool,
    /// It is only quoted by an ICMP error, or is the outer datagram of a tunnel. It takes a stream
    /// number, as in tshark, but carries nothing: `payload` is empty, and streams ignore it.
    pub quoted: bool,
}

/// Finds segments in packets. Keeps the fragments of packets that are not whole yet.
#[derive(Debug, Default)]
pub struct Slicer {
    fragments: Fragments,
    /// The packet that was put together last.
    whole: Vec<u8>,
    /// The packet that came out of a sealed tunnel last.
    unsealed: Vec<u8>,
    unsealer: Option<Box<dyn Unsealer>>,
    frames: Vec<u64>,
    /// Frames of the captures before this one.
    before: u64,
    /// What of the packet is still to be looked into; the last of these comes next.
    rest: Vec<Part>,
}

/// Which of the buffers the bytes lie in that are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Packet,
    Whole,
    Unsealed,
}

/// A stretch of bytes that is still to be looked into: the packet itself, or something that it carries.
#[derive(Clone, Debug)]
struct Part {
    held: Held,
    range: Range<usize>,
    form: Form,
    /// How many IP packets it lies in.
    depth: usize,
    /// The fragments of a packet that it lies in overlapped and differed.
    conflict: bool,
}

/// What a part begins with.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// A frame of a link layer.
    Link(LinkType),
    /// IEEE 802.2 LLC.
    Llc,
}

/// A segment that was found, by where it lies.
struct Found {
    held: Held,
    ip: Ip,
    header: Header,
    payload: Range<usize>,
    missing: u32,
    conflict: bool,
    quoted: bool,
}

impl Slicer {
    /// A slicer with nothing waiting. One for each input, or for all that follow each other.
    pub fn new() -> Self {
        Self::default()
    }

    /// A slicer that asks `unsealer` to open encrypted tunnels.
    pub fn unsealing(unsealer: Box<dyn Unsealer>) -> Self {
        Self { unsealer: Some(unsealer), ..Self::default() }
    }

    /// Another capture follows, the one so far having had `frames` frames.
    pub fn next_capture(&mut self, frames: u64) {
        self.before = self.before.saturating_add(frames);
    }

    /// The first segment in `packet`, if it carries one or completes one. What carries nothing
    /// of an application (ARP, ICMP, routing) is passed over; what cannot be read is added to
    /// `gaps`.
    pub fn slice<'a>(&'a mut self, packet: &Packet<'a>, gaps: &mut Gaps) -> Option<Segment<'a>> {
        self.rest.clear();
        let (range, form) = (0..packet.data.len(), Form::Link(packet.link));
        self.rest.push(Part { held: Held::Packet, range, form, depth: 0, conflict: false });
        self.more(packet, gaps)
    }

    /// The next segment in the packet that [`slice`](Self::slice) was given last. Frames hold
    /// several where a radio sends packets together, and where a datagram is a tunnel: then
    /// the datagram comes first, with a number of its own and nothing in it, as in tshark.
    pub fn more<'a>(&'a mut self, packet: &Packet<'a>, gaps: &mut Gaps) -> Option<Segment<'a>> {
        while let Some(part) = self.rest.pop() {
            if part.depth >= TUNNELS {
                let at = format!("frame {}", packet.frame);
                gaps.add(Gap::new(GapReason::Limit, at, "more than 8 IP packets inside each other"));
            } else if let Some(found) = self.look(packet, part, gaps) {
                return Some(self.segment(packet, found));
            }
        }
        None
    }

    fn bytes<'a>(&'a self, packet: &Packet<'a>, held: Held) -> &'a [u8] {
        bytes(packet, &self.whole, &self.unsealed, held)
    }

    /// Where the IP packet of a part begins; parts that it consists of are left for later.
    fn strip(&mut self, packet: &Packet<'_>, part: &Part, gaps: &mut Gaps) -> Option<Range<usize>> {
        let frame = || format!("frame {}", packet.frame);
        let base = part.range.start;
        let bytes = self.bytes(packet, part.held).get(part.range.clone()).unwrap_or_default();
        let carried = match part.form {
            Form::Link(link) => link::strip(link, bytes),
            Form::Llc => link::llc(bytes, 0),
        };
        let unread = match carried {
            Carried::Ip(start) => return Some(base + start..part.range.end),
            Carried::Several(parts) => {
                for range in parts.into_iter().rev() {
                    let range = range.start + base..range.end + base;
                    self.rest.push(Part { range, form: Form::Llc, ..part.clone() });
                }
                return None;
            }
            Carried::Other => return None,
            Carried::Cut => {
                // Nothing can be missing from an empty frame.
                if packet.wire_len > 0 {
                    gaps.add(cut(frame(), packet));
                }
                return None;
            }
            Carried::Unsupported(link) => format!("link type {} ({link}) is not read", link.0),
            Carried::Unread(what) => format!("{what} is not read"),
            Carried::UnreadProtocol(of, number) => format!("{of} {number:#06x} is not read"),
        };
        gaps.add(Gap::new(GapReason::UnsupportedLink, frame(), unread).of_bytes(packet.wire_len.into()));
        None
    }

    fn look(&mut self, packet: &Packet<'_>, part: Part, gaps: &mut Gaps) -> Option<Found> {
        let frame = || format!("frame {}", packet.frame);
        if part.held == Held::Packet {
            self.frames.clear();
            self.frames.push(self.before.saturating_add(packet.frame));
        }
        let mut range = self.strip(packet, &part, gaps)?;
        let Part { mut held, mut conflict, .. } = part;
        let mut quoted = false;
        for depth in part.depth..TUNNELS {
            // Written out, because the method would borrow the fragments too.
            let bytes = bytes(packet, &self.whole, &self.unsealed, held);
            let base = range.start;
            let parsed = ip::parse(bytes.get(range.clone()).unwrap_or_default());
            let mut found = match parsed {
                Ok(found) => found,
                Err(_) if quoted => return None,
                Err(Bad::Cut) => {
                    gaps.add(cut(frame(), packet));
                    return None;
                }
                Err(Bad::Malformed) => {
                    gaps.add(Gap::new(GapReason::DamagedInput, frame(), CONTRADICTORY_IP));
                    return None;
                }
            };
            found.payload = found.payload.start + base..found.payload.end + base;
            if let Some(place) = found.fragment.filter(|place| !quoted || place.offset > 0) {
                // An error may quote a fragment; what is quoted of a later one has no header of a transport.
                if quoted {
                    return None;
                }
                if found.missing == 0 {
                    let overlaps;
                    (found, overlaps) = self.defragment(packet, held, found, place, gaps)?;
                    conflict |= overlaps;
                    held = Held::Whole;
                } else if place.offset > 0 {
                    // Its packet will never be complete; the first fragment is read as far as it goes, as tshark does.
                    gaps.add(cut(frame(), packet));
                    return None;
                }
            }
            let bytes = self.bytes(packet, held);
            match found.protocol {
                4 | 41 => range = found.payload,
                47 => match tunnel::gre(bytes, found.payload.clone()) {
                    Some((LinkType::RAW, inner)) => range = inner,
                    Some((link, inner)) => {
                        let part = Part { held, range: inner, form: Form::Link(link), depth: depth + 1, conflict };
                        self.rest.push(part);
                        return None;
                    }
                    None => {
                        let bytes = (found.payload.len() + found.missing) as u64;
                        let detail = "GRE that carries no IP";
                        gaps.add(Gap::new(GapReason::UnknownProtocol, frame(), detail).of_bytes(bytes));
                        return None;
                    }
                },
                6 | 17 if quoted => return quote(bytes, held, found),
                6 | 17 => return self.transport(packet, (held, depth, conflict), found, gaps),
                1 | 58 if !quoted => {
                    let echoed = icmp_echo(bytes, &found);
                    if !is_filler(echoed) {
                        let detail = "what an ICMP echo request carries is not read";
                        let gap = Gap::new(GapReason::UnknownProtocol, frame(), detail);
                        gaps.add(gap.of_bytes((echoed.len() + found.missing) as u64));
                    }
                    range = icmp_quote(bytes, &found)?;
                    quoted = true;
                }
                _ if quoted => return None,
                protocol if CONTROL.contains(&protocol) => return None,
                protocol => {
                    let bytes = (found.payload.len() + found.missing) as u64;
                    let detail = format!("IP protocol {protocol} is not read");
                    gaps.add(Gap::new(GapReason::UnknownProtocol, frame(), detail).of_bytes(bytes));
                    return None;
                }
            }
        }
        gaps.add(Gap::new(GapReason::Limit, frame(), "more than 8 IP packets inside each other"));
        None
    }

    /// Puts a fragment with the others of its packet. If it was the last one that was missing, the payload of
    /// the packet is in `whole` from then on; says also whether fragments overlapped and differed.
    fn defragment(
        &mut self,
        packet: &Packet<'_>,
        held: Held,
        found: Ip,
        place: Fragment,
        gaps: &mut Gaps,
    ) -> Option<(Ip, bool)> {
        let bytes = bytes(packet, &self.whole, &self.unsealed, held);
        let payload = bytes.get(found.payload.clone()).unwrap_or_default();
        let protocol = if found.source.is_ipv4() { found.protocol } else { 0 };
        let key = Key { source: found.source, destination: found.destination, protocol, id: place.id };
        let when = Carrier { frame: packet.frame, before: self.before, time: packet.time };
        let whole = self.fragments.add(key, place, found.protocol, payload, when, gaps)?;
        self.whole = whole.bytes;
        self.frames = whole.frames;
        let found = Ip { protocol: whole.protocol, payload: 0..self.whole.len(), fragment: None, ..found };
        // Headers that stood after the fragment header are in reach only now.
        let Ok(found) = ip::extensions(&self.whole, found) else {
            let at = format!("frame {}", packet.frame);
            gaps.add(Gap::new(GapReason::DamagedInput, at, CONTRADICTORY_IP));
            return None;
        };
        Some((found, whole.conflict))
    }

    /// Counts the packets whose fragments were not all captured.
    pub fn finish(&mut self, gaps: &mut Gaps) {
        self.fragments.finish(gaps);
    }

    fn transport(
        &mut self,
        packet: &Packet<'_>,
        (held, depth, conflict): (Held, usize, bool),
        ip: Ip,
        gaps: &mut Gaps,
    ) -> Option<Found> {
        let bytes = bytes(packet, &self.whole, &self.unsealed, held).get(ip.payload.clone()).unwrap_or_default();
        let frame = || format!("frame {}", packet.frame);
        let header = if ip.protocol == 6 { tcp(bytes) } else { udp(bytes) };
        if header.as_ref().is_some_and(|h| h.length < 8) {
            // tshark gives it a stream number all the same.
            gaps.add(Gap::new(GapReason::DamagedInput, frame(), CONTRADICTS));
        }
        let Some(header) = header else {
            gaps.add(if ip.missing > 0 {
                cut(frame(), packet)
            } else {
                Gap::new(GapReason::DamagedInput, frame(), CONTRADICTS)
            });
            return None;
        };
        // What the IP header promises, or UDP's own length where that is shorter.
        let promised = (bytes.len() + ip.missing).saturating_sub(header.length);
        let promised = header.payload.map_or(promised, |length| length.min(promised));
        let payload = bytes.get(header.length..).unwrap_or_default();
        let payload = payload.get(..promised.min(payload.len())).unwrap_or_default();
        let missing = u32::try_from(promised - payload.len()).unwrap_or(u32::MAX);
        let start = ip.payload.start + header.length;
        let range = start..start + payload.len();
        if header.kind == Kind::Udp
            && let Some((link, at)) = tunnel::udp(header.ports, payload)
        {
            // Bytes that are missing belong to the packet inside and are counted there.
            let (range, form) = (start + at..range.end, Form::Link(link));
            self.rest.push(Part { held, range, form, depth: depth + 1, conflict });
            return Some(outside(held, ip, header, conflict));
        }
        if missing == 0 && header.kind == Kind::Udp {
            match self.unsealer.as_mut().map_or(Unsealed::Foreign, |unsealer| unsealer.open(payload)) {
                Unsealed::Foreign => {}
                Unsealed::Nothing => return Some(outside(held, ip, header, conflict)),
                Unsealed::Packet(inner) => {
                    let (range, form) = (0..inner.len(), Form::Link(LinkType::RAW));
                    self.rest.push(Part { held: Held::Unsealed, range, form, depth: depth + 1, conflict });
                    self.unsealed = inner;
                    return Some(outside(held, ip, header, conflict));
                }
            }
        }
        if missing > 0 {
            gaps.add(Gap::new(GapReason::Truncated, frame(), SNAPLEN).of_bytes(missing.into()));
        }
        let payload = if header.length < 8 { 0..0 } else { range };
        Some(Found { held, ip, header, payload, missing, conflict, quoted: false })
    }

    fn segment<'a>(&'a self, packet: &Packet<'a>, found: Found) -> Segment<'a> {
        Segment {
            input: packet.input,
            frame: self.before.saturating_add(packet.frame),
            frames: &self.frames,
            time: packet.time,
            src: SocketAddr::new(found.ip.source, found.header.ports.0),
            dst: SocketAddr::new(found.ip.destination, found.header.ports.1),
            kind: found.header.kind,
            payload: self.bytes(packet, found.held).get(found.payload).unwrap_or_default(),
            missing: found.missing,
            app: None,
            conflict: found.conflict,
            quoted: found.quoted,
        }
    }
}

/// The buffer that `held` names.
fn bytes<'a>(packet: &Packet<'a>, whole: &'a [u8], unsealed: &'a [u8], held: Held) -> &'a [u8] {
    match held {
        Held::Packet => packet.data,
        Held::Whole => whole,
        Held::Unsealed => unsealed,
    }
}

/// A datagram that is a tunnel: what it carries comes after it.
fn outside(held: Held, ip: Ip, header: Header, conflict: bool) -> Found {
    Found { held, ip, header, payload: 0..0, missing: 0, conflict, quoted: true }
}

/// The segment that an ICMP error quotes the start of.
fn quote(bytes: &[u8], held: Held, ip: Ip) -> Option<Found> {
    let bytes = bytes.get(ip.payload.clone()).unwrap_or_default();
    let header = if ip.protocol == 6 {
        // tshark needs the fields up to the window.
        let mut fixed = [0; 20];
        let there = bytes.get(..bytes.len().min(20)).filter(|b| b.len() >= 16)?;
        fixed.get_mut(..there.len())?.copy_from_slice(there);
        tcp(&fixed)?
    } else {
        udp(bytes)?
    };
    Some(Found { held, ip, header, payload: 0..0, missing: 0, conflict: false, quoted: true })
}

const CONTRADICTORY_IP: &str = "an IP header that contradicts itself";
const CONTRADICTS: &str = "a TCP or UDP header that contradicts itself";
const SNAPLEN: &str = "the snap length cut packets";

fn cut(at: String, packet: &Packet<'_>) -> Gap {
    let missing = u64::from(packet.wire_len).saturating_sub(packet.data.len() as u64);
    match missing {
        0 => Gap::new(GapReason::DamagedInput, at, "a packet that is shorter than its headers"),
        missing => Gap::new(GapReason::Truncated, at, SNAPLEN).of_bytes(missing),
    }
}

/// What an echo request carries (RFC 792, RFC 4443 §4.1); nothing of other messages.
fn icmp_echo<'a>(bytes: &'a [u8], found: &Ip) -> &'a [u8] {
    let message = bytes.get(found.payload.clone()).unwrap_or_default();
    let request = if found.protocol == 1 { 8 } else { 128 };
    message.get(8..).filter(|_| message.first() == Some(&request)).unwrap_or_default()
}

/// What `ping` fills a packet with: the time, in 8 or 16 bytes, and bytes that are equal or count up (the alphabet
/// up to `w` and again, on Windows).
fn is_filler(bytes: &[u8]) -> bool {
    let counts = |bytes: &[u8]| {
        bytes.windows(2).all(|two| match two {
            [b'w', b'a'] => true,
            [a, b] => a == b || a.wrapping_add(1) == *b,
            _ => true,
        })
    };
    let is_time = |bytes: &[u8]| !bytes.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    [0, 8, 16]
        .into_iter()
        .any(|at| bytes.split_at_checked(at).is_some_and(|(time, rest)| (at == 0 || is_time(time)) && counts(rest)))
}

/// The packet that an ICMP error quotes: destination unreachable, source quench, redirect,
/// time exceeded, parameter problem (RFC 792); of ICMPv6 all of the first four (RFC 4443 §2.1).
fn icmp_quote(bytes: &[u8], found: &Ip) -> Option<Range<usize>> {
    let range = found.payload.clone();
    let kind = bytes.get(range.start)?;
    let error = match found.protocol {
        1 => matches!(kind, 3 | 4 | 5 | 11 | 12),
        _ => matches!(kind, 1..=4),
    };
    let start = range.start + 8;
    (error && start < range.end).then_some(start..range.end)
}
