//! Link layers: where the IP packet begins.

use std::ops::Range;

use etherparse::{Ethernet2HeaderSlice, LinuxSllHeaderSlice, SingleVlanHeaderSlice};

use crate::capture::{LinkType, attribute};

use super::wireless::{self, Frame};

/// Tags (802.1Q, 802.1ad) and labels (MPLS) that are taken off one packet. Providers
/// stack two; more than eight are a loop or an attack.
const TAGS: usize = 8;

/// Link types in one another (PKTAP, PPI, radiotap around 802.11) that are followed.
const WRAPPERS: usize = 4;

/// NFLOG's attribute with the packet.
const NFULA_PAYLOAD: u16 = 9;

/// What a link layer carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    /// An IP packet that begins at this offset.
    Ip(usize),
    /// Something that is known not to be IP (ARP, LLDP, spanning tree …).
    Other,
    /// Too short for its headers.
    Cut,
    /// A link type that is not read.
    Unsupported(LinkType),
    /// A form of frame that is not read, named.
    Unread(&'static str),
    /// A protocol with this number, which may carry IP and is not read: what numbers it, and the number.
    UnreadProtocol(&'static str, u16),
    /// Frames of IEEE 802.2 LLC, several in one (A-MSDU): where each lies.
    Several(Vec<Range<usize>>),
}

impl Carried {
    /// The same, `by` bytes further on.
    fn behind(self, by: usize) -> Self {
        match self {
            Self::Ip(at) => Self::Ip(at + by),
            Self::Several(parts) => Self::Several(parts.into_iter().map(|p| p.start + by..p.end + by).collect()),
            other => other,
        }
    }
}

/// Finds the IP packet in a frame of link type `link`.
pub(super) fn strip(link: LinkType, frame: &[u8]) -> Carried {
    let (mut link, mut at) = (link, 0);
    for _ in 0..WRAPPERS {
        let rest = frame.get(at..).unwrap_or_default();
        let Some(wrapper) = wrapped(link, rest) else { return bare(link, rest).behind(at) };
        match wrapper {
            Ok((inner, length)) => (link, at) = (inner, at + length),
            Err(carried) => return carried,
        }
    }
    Carried::Unread("link layers wrapped into each other more than four times")
}

/// Headers that say which link type follows: that, and their length.
fn wrapped(link: LinkType, frame: &[u8]) -> Option<Result<(LinkType, usize), Carried>> {
    let header = match link {
        // Length, record type (1: a packet follows), link type.
        LinkType::PKTAP => match (little(frame, 0), little(frame, 4), little(frame, 8)) {
            (Some(length), Some(1), Some(inner)) => Some((LinkType(inner), length)),
            (Some(_), Some(_), Some(_)) => return Some(Err(Carried::Other)),
            _ => None,
        },
        // Version, flags, length in 16 bits, link type.
        LinkType::PPI => little(frame, 0).zip(little(frame, 4)).map(|(head, inner)| (LinkType(inner), head >> 16)),
        LinkType::RADIOTAP | LinkType::PRISM | LinkType::AVS => {
            wireless::monitor(link, frame).map(|length| (LinkType::IEEE802_11, length))
        }
        _ => return None,
    };
    Some(header.and_then(|(inner, length)| Some((inner, usize::try_from(length).ok()?))).ok_or(Carried::Cut))
}

fn little(frame: &[u8], at: usize) -> Option<u32> {
    frame.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// A frame of a link type that stands for itself.
fn bare(link: LinkType, frame: &[u8]) -> Carried {
    match link.0 {
        0 | 108 => loopback(frame),
        1 if is_bare(frame) => Carried::Ip(0),
        1 => match Ethernet2HeaderSlice::from_slice(frame) {
            Ok(header) => ether_type(frame, header.slice().len(), header.ether_type().0),
            Err(_) => Carried::Cut,
        },
        // The second is the same after an HDLC header, which all forms may have.
        9 | 50 => ppp(frame, 0),
        51 => ppp(frame, 6),
        104 => c_hdlc(frame),
        105 => ieee802_11(frame),
        // 12 and 14 are DLT_RAW of BSD and OpenBSD, which old files carry unmapped.
        12 | 14 | 101 | 228 | 229 => by_version(frame, 0),
        113 => match LinuxSllHeaderSlice::from_slice(frame) {
            Ok(header) => cooked(frame, header.slice().len(), short(frame, 14)),
            // The crate refuses hardware types whose protocol field it cannot name.
            Err(_) if frame.len() >= 16 => cooked(frame, 16, short(frame, 14)),
            Err(_) => Carried::Cut,
        },
        // Protocol at 0, then interface index, hardware type, packet type, address length, 8 bytes of address.
        276 => {
            if frame.len() >= 20 {
                cooked(frame, 20, short(frame, 0))
            } else {
                Carried::Cut
            }
        }
        239 => match attribute(frame, NFULA_PAYLOAD) {
            Some(packet) => by_version(frame, packet.start),
            None => Carried::Other,
        },
        _ => Carried::Unsupported(link),
    }
}

/// Cisco HDLC: address, control, EtherType.
fn c_hdlc(frame: &[u8]) -> Carried {
    match frame.get(..4) {
        Some([0x0f | 0x8f, 0, high, low]) => ether_type(frame, 4, u16::from_be_bytes([*high, *low])),
        Some(_) => Carried::Other,
        None => Carried::Cut,
    }
}

/// A frame of IEEE 802.11, from its MAC header on.
fn ieee802_11(frame: &[u8]) -> Carried {
    match wireless::frame(frame) {
        Frame::Llc(at) => llc(frame, at),
        Frame::Aggregate(parts) => Carried::Several(parts),
        Frame::NoData => Carried::Other,
        Frame::Cut => Carried::Cut,
        Frame::Unread(what) => Carried::Unread(what),
    }
}

/// IEEE 802.2 LLC: SNAP with an EtherType (RFC 1042; 00-00-f8 is its tunnel encapsulation).
pub(super) fn llc(frame: &[u8], at: usize) -> Carried {
    match frame.get(at..at + 8) {
        Some([0xaa, 0xaa, 3, 0, 0, 0 | 0xf8, high, low]) => {
            let inner = u16::from_be_bytes([*high, *low]);
            if inner > 1500 { ether_type(frame, at + 8, inner) } else { Carried::Other }
        }
        Some(_) => Carried::Other,
        None => Carried::Cut,
    }
}

fn short(frame: &[u8], at: usize) -> u16 {
    frame.get(at..).and_then(|b| b.first_chunk().copied()).map_or(0, u16::from_be_bytes)
}

/// Follows EtherTypes from `at`, the first byte after the type `kind`.
fn ether_type(frame: &[u8], mut at: usize, mut kind: u16) -> Carried {
    for _ in 0..TAGS {
        match kind {
            0x0800 | 0x86dd => return ip(frame, at),
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
                let Ok(tag) = SingleVlanHeaderSlice::from_slice(frame.get(at..).unwrap_or_default()) else {
                    return Carried::Cut;
                };
                kind = tag.ether_type().0;
                at += tag.slice().len();
            }
            0x8847 | 0x8848 => return mpls(frame, at),
            // PPPoE session (RFC 2516): version, code, session, length; then PPP.
            0x8864 => return ppp(frame, at + 6),
            // A length, not a type: IEEE 802.2 LLC, which may carry SNAP with an EtherType.
            0..=1500 => {
                return match llc(frame, at) {
                    // Short control frames are none that is cut.
                    Carried::Cut => Carried::Other,
                    carried => carried,
                };
            }
            kind if carries_nothing(kind) => return Carried::Other,
            kind => return Carried::UnreadProtocol("Ethernet type", kind),
        }
    }
    Carried::Other
}

/// Ethernet types that are known to carry nothing of an application (IEEE 802 numbers of IANA).
fn carries_nothing(kind: u16) -> bool {
    matches!(
        kind,
        // ARP, wake-on-LAN, RARP, LANbridge, AppleTalk and its ARP, IPX.
        0x0806 | 0x0842 | 0x8035 | 0x8038 | 0x809b | 0x80f3 | 0x8137 | 0x8138
        // MAC control, slow protocols, PPPoE discovery, HomePlug, 802.1X, PROFINET, Realtek, EtherCAT.
        | 0x8808 | 0x8809 | 0x8863 | 0x887b | 0x888e | 0x8892 | 0x8899 | 0x88a4
        // WAPI, 802.11i preauthentication, LLDP, LLTD, HomePlug, MRP, PTP, CFM, 802.11 TDLS, powerline, 1905.1, loopback.
        | 0x88b4 | 0x88c7 | 0x88cc | 0x88d9 | 0x88e1 | 0x88f5 | 0x88f6 | 0x88f7 | 0x8902 | 0x890d | 0x8912 | 0x893a | 0x9000
    )
}

/// Linux cooked: the protocol is an EtherType, or for some hardware types something else.
fn cooked(frame: &[u8], at: usize, protocol: u16) -> Carried {
    match protocol {
        // LINUX_SLL_P_802_2.
        4 => llc(frame, at),
        // The other pseudo protocols are below the smallest EtherType.
        0..=0x05ff => Carried::Other,
        kind => ether_type(frame, at, kind),
    }
}

/// A stack of MPLS labels (RFC 3032 §2.1); what follows the last is told by its first nibble.
fn mpls(frame: &[u8], mut at: usize) -> Carried {
    for _ in 0..TAGS {
        let Some(label) = frame.get(at..at + 4) else { return Carried::Cut };
        at += 4;
        if label.get(2).is_some_and(|b| b & 1 == 1) {
            return match by_version(frame, at) {
                // A pseudowire (RFC 4448): with or without a control word before it.
                Carried::Other => Carried::Unread("what follows MPLS labels and is no IP"),
                carried => carried,
            };
        }
    }
    Carried::Other
}

/// PPP (RFC 1661), with or without the HDLC address and control bytes, and with the
/// protocol field compressed or not.
fn ppp(frame: &[u8], at: usize) -> Carried {
    let rest = frame.get(at..).unwrap_or_default();
    let (skip, rest) = match rest {
        [0xff, 0x03, rest @ ..] => (2, rest),
        rest => (0, rest),
    };
    match rest {
        [0x00, 0x21 | 0x57, ..] => ip(frame, at + skip + 2),
        [0x21 | 0x57, ..] => ip(frame, at + skip + 1),
        // Numbers up to 0x3fff are of network protocols, those above of what controls them (RFC 1661 §2).
        // Compressed ones among them carry IP all the same.
        [high @ 0..=0x3f, low, ..] if high & 1 == 0 => {
            Carried::UnreadProtocol("PPP protocol", u16::from_be_bytes([*high, *low]))
        }
        // An odd first byte is the second of such a number, the first left out (§6.5).
        [low, _, ..] if low & 1 == 1 => Carried::UnreadProtocol("PPP protocol", u16::from(*low)),
        [_, _, ..] => Carried::Other,
        _ => Carried::Cut,
    }
}

/// BSD loopback. `AF_INET` is 2 everywhere; `AF_INET6` is 24, 28 or 30 by system, 10 on
/// Linux. The family is in the byte order of the host that wrote it, so both are tried.
fn loopback(frame: &[u8]) -> Carried {
    let Some(family) = frame.first_chunk::<4>() else { return Carried::Cut };
    let family = u32::from_be_bytes(*family);
    match if family > 0xffff { family.swap_bytes() } else { family } {
        2 | 10 | 24 | 28 | 30 => ip(frame, 4),
        // Some writers put the EtherType there.
        0x0800 | 0x86dd => ip(frame, 4),
        _ => Carried::Other,
    }
}

fn ip(frame: &[u8], at: usize) -> Carried {
    if frame.len() > at { Carried::Ip(at) } else { Carried::Cut }
}

/// Whether a frame that is declared as Ethernet is a bare IP packet: recorders on phones declare
/// every interface as Ethernet, and those of the modem have no link layer. A correct header
/// checksum, or lengths that fit to the byte, prove it.
fn is_bare(frame: &[u8]) -> bool {
    match frame.first().map(|byte| byte >> 4) {
        Some(4) => {
            let length = usize::from(frame.first().map_or(0, |byte| byte & 0xf)) * 4;
            let Some(header) = frame.get(..length).filter(|header| header.len() >= 20) else { return false };
            let total = usize::from(short(frame, 2));
            let sum: u32 = header.chunks_exact(2).map(|pair| u32::from(short(pair, 0))).sum();
            total >= length && total <= frame.len().max(length) && (sum & 0xffff) + (sum >> 16) == 0xffff
        }
        Some(6) => {
            let known = matches!(frame.get(6), Some(0 | 6 | 17 | 43 | 44 | 50 | 58 | 60));
            known && usize::from(short(frame, 4)) + 40 == frame.len() && !matches!(short(frame, 12), 0x0800 | 0x86dd)
        }
        _ => false,
    }
}

/// IP without a protocol field before it.
fn by_version(frame: &[u8], at: usize) -> Carried {
    match frame.get(at).map(|b| b >> 4) {
        Some(4 | 6) => Carried::Ip(at),
        Some(_) => Carried::Other,
        None => Carried::Cut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ethernet(rest: &[u8]) -> Vec<u8> {
        [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], rest].concat()
    }

    #[test]
    fn ethernet_and_its_tags() {
        let strip = |rest: &[u8]| strip(LinkType::ETHERNET, &ethernet(rest));
        assert_eq!(strip(&[0x08, 0x00, 0x45]), Carried::Ip(14));
        assert_eq!(strip(&[0x86, 0xdd, 0x60]), Carried::Ip(14));
        assert_eq!(strip(&[0x81, 0x00, 0, 7, 0x08, 0x00, 0x45]), Carried::Ip(18));
        assert_eq!(strip(&[0x88, 0xa8, 0, 7, 0x81, 0x00, 0, 8, 0x86, 0xdd, 0x60]), Carried::Ip(22));
        assert_eq!(strip(&[0x08, 0x06, 0, 1]), Carried::Other);
        assert_eq!(strip(&[0x81, 0x00, 0]), Carried::Cut);
        // MACsec, and the same behind a tag.
        assert_eq!(strip(&[0x88, 0xe5, 0x2c, 0]), Carried::UnreadProtocol("Ethernet type", 0x88e5));
        assert_eq!(strip(&[0x81, 0x00, 0, 7, 0x88, 0xe5]), Carried::UnreadProtocol("Ethernet type", 0x88e5));
        assert!(matches!(strip(&[0x88, 0x47, 0, 1, 0x11, 64, 0, 0, 0, 0]), Carried::Unread(_)));
        assert_eq!(strip(&[0x88, 0x64, 0x11, 0, 0, 1, 0, 22, 0x00, 0x21, 0x45]), Carried::Ip(22));
        assert_eq!(strip(&[0x88, 0x47, 0, 1, 0x10, 64, 0, 1, 0x11, 64, 0x45]), Carried::Ip(22));
        assert_eq!(strip(&[0x00, 0x26, 0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00, 0x45]), Carried::Ip(22));
        assert_eq!(strip(&[0x00, 0x26, 0x42, 0x42, 3, 0, 0, 0, 0, 0, 0]), Carried::Other);
    }

    #[test]
    fn a_tower_of_tags_ends() {
        let mut rest = [0x81, 0x00, 0, 7].repeat(1000);
        rest.extend([0x08, 0x00, 0x45]);
        assert_eq!(strip(LinkType::ETHERNET, &ethernet(&rest)), Carried::Other);
    }

    #[test]
    fn cooked_raw_loopback_ppp() {
        let mut v1 = vec![0; 16];
        v1[3] = 1; // ARPHRD_ETHER
        v1[14..].copy_from_slice(&[0x08, 0x00]);
        v1.push(0x45);
        assert_eq!(strip(LinkType::LINUX_SLL, &v1), Carried::Ip(16));
        // rmnet of Android: ARPHRD_RAWIP 519, a hardware type that etherparse does not know.
        v1[2..4].copy_from_slice(&519u16.to_be_bytes());
        assert_eq!(strip(LinkType::LINUX_SLL, &v1), Carried::Ip(16));
        let mut v2 = vec![0; 20];
        v2[..2].copy_from_slice(&[0x86, 0xdd]);
        v2.push(0x60);
        assert_eq!(strip(LinkType::LINUX_SLL2, &v2), Carried::Ip(20));
        for raw in [12, 14, 101, 228] {
            assert_eq!(strip(LinkType(raw), &[0x45]), Carried::Ip(0));
        }
        assert_eq!(strip(LinkType::IPV6, &[0x60]), Carried::Ip(0));
        assert_eq!(strip(LinkType::NULL, &[2, 0, 0, 0, 0x45]), Carried::Ip(4));
        assert_eq!(strip(LinkType::NULL, &[0, 0, 0, 2, 0x45]), Carried::Ip(4));
        assert_eq!(strip(LinkType::NULL, &[30, 0, 0, 0, 0x60]), Carried::Ip(4));
        assert_eq!(strip(LinkType::LOOP, &[0, 0, 0, 24, 0x60]), Carried::Ip(4));
        assert_eq!(strip(LinkType::PPP, &[0xff, 0x03, 0x00, 0x21, 0x45]), Carried::Ip(4));
        assert_eq!(strip(LinkType::PPP, &[0xc0, 0x21, 1, 1]), Carried::Other);
        // MPPE, as PPTP carries it.
        assert_eq!(strip(LinkType::PPP, &[0x00, 0xfd, 1, 1]), Carried::UnreadProtocol("PPP protocol", 0xfd));
        assert_eq!(strip(LinkType(107), &[8, 0]), Carried::Unsupported(LinkType(107)));
    }
}
