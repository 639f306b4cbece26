//! Packets in UDP and GRE: networks laid over other networks.
//!
//! A tunnel is believed where the port is its own and the header fits: anything else on
//! the port is the traffic of an application.

use std::fmt::Debug;
use std::ops::Range;

use crate::capture::LinkType;

/// VXLAN (RFC 7348), and the port that Linux used before one was assigned.
const VXLAN: [u16; 2] = [4789, 8472];
/// Geneve (RFC 8926).
const GENEVE: u16 = 6081;
/// GTP-U (3GPP TS 29.281 §4.4.2).
const GTP_U: u16 = 2152;
/// L2TP (RFC 2661).
const L2TP: u16 = 1701;

/// Extension headers of one GTP-U packet; TS 29.281 names a dozen.
const EXTENSIONS: usize = 16;

/// What a tunnel carries: of which link type, and where in the payload.
type Inner = (LinkType, usize);

/// Opens tunnels whose packets are sealed. The slicer has no keys; it asks this about each
/// UDP datagram, in the order in which they were captured.
pub trait Unsealer: Debug + Send {
    /// What is in the payload of a datagram.
    fn open(&mut self, datagram: &[u8]) -> Unsealed;
}

/// What an [`Unsealer`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsealed {
    /// No tunnel, or none that opens: the datagram is what it is.
    Foreign,
    /// It belongs to a tunnel that opens and carries no packet.
    Nothing,
    /// An IP packet.
    Packet(Vec<u8>),
}

/// Looks for a tunnel in a UDP datagram.
pub(super) fn udp(ports: (u16, u16), payload: &[u8]) -> Option<Inner> {
    let on = |port| ports.0 == port || ports.1 == port;
    let inner = if VXLAN.into_iter().any(on) {
        vxlan(payload)
    } else if on(GENEVE) {
        geneve(payload)
    } else if on(GTP_U) {
        gtp_u(payload)
    } else if on(L2TP) {
        l2tp(payload)
    } else {
        None
    };
    inner.filter(|(_, at)| *at < payload.len())
}

/// Flags (only "there is an identifier" is defined), reserved, identifier, reserved.
fn vxlan(payload: &[u8]) -> Option<Inner> {
    match payload.first_chunk::<8>()? {
        [0x08, 0, 0, 0, _, _, _, 0] => Some((LinkType::ETHERNET, 8)),
        _ => None,
    }
}

fn geneve(payload: &[u8]) -> Option<Inner> {
    let [version, flags, protocol @ ..] = *payload.first_chunk::<4>()?;
    // Version 0 and length of options; reserved bits.
    if version >> 6 != 0 || flags & 0x3f != 0 {
        return None;
    }
    Some((carried(u16::from_be_bytes(protocol))?, 8 + usize::from(version & 0x3f) * 4))
}

/// Version 1, message "G-PDU", length, tunnel, and where one of three flags is set a
/// sequence number, an N-PDU number and the type of the first extension header.
fn gtp_u(payload: &[u8]) -> Option<Inner> {
    let [flags, kind, ..] = *payload.first_chunk::<8>()?;
    if flags & 0xf0 != 0x30 || kind != 255 {
        return None;
    }
    let mut at = 8;
    if flags & 7 != 0 {
        let mut next = *payload.get(11)?;
        at = 12;
        for _ in 0..EXTENSIONS {
            if next == 0 || flags & 4 == 0 {
                break;
            }
            // Length in words of four bytes; the last byte is the next type.
            let length = usize::from(*payload.get(at)?) * 4;
            next = *payload.get(at + length.checked_sub(1)?)?;
            at += length;
        }
    }
    matches!(payload.get(at)? >> 4, 4 | 6).then_some((LinkType::RAW, at))
}

/// A data message of version 2 carries PPP. Flags say which fields there are.
fn l2tp(payload: &[u8]) -> Option<Inner> {
    let [flags, version, ..] = *payload.first_chunk::<2>()?;
    if flags & 0xb4 != 0 || version & 0x0f != 2 {
        return None;
    }
    let length = if flags & 0x40 != 0 { 2 } else { 0 };
    let numbers = if flags & 0x08 != 0 { 4 } else { 0 };
    let mut at = 2 + length + 4 + numbers;
    if flags & 0x02 != 0 {
        at += 2 + usize::from(u16::from_be_bytes(*payload.get(at..)?.first_chunk()?));
    }
    Some((LinkType::PPP, at))
}

/// The packet in a GRE packet (RFC 2784, RFC 2890; version 1: RFC 2637), if it is one that
/// is read.
pub(super) fn gre(bytes: &[u8], range: Range<usize>) -> Option<(LinkType, Range<usize>)> {
    let head = bytes.get(range.clone())?.first_chunk::<4>()?;
    let [flags, version, kind @ ..] = *head;
    let kind = u16::from_be_bytes(kind);
    let (link, length) = match version & 7 {
        // Checksum (with a reserved half), key and sequence number take four bytes each.
        0 => (carried(kind)?, 4 + [0x80, 0x20, 0x10].iter().filter(|bit| flags & **bit != 0).count() * 4),
        // Length and call number stand where the key does; an acknowledgement may follow.
        1 if kind == 0x880b && flags & 0x10 != 0 => {
            // Without a sequence number it carries nothing.
            let fields = 1 + usize::from(version & 0x80 != 0);
            (LinkType::PPP, 8 + fields * 4)
        }
        _ => return None,
    };
    let start = range.start + length;
    (start <= range.end).then_some((link, start..range.end))
}

/// EtherTypes that tunnels carry: IP, or Ethernet (transparent bridging).
fn carried(kind: u16) -> Option<LinkType> {
    match kind {
        0x0800 | 0x86dd => Some(LinkType::RAW),
        0x6558 => Some(LinkType::ETHERNET),
        _ => None,
    }
}
