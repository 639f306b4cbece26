//! One IP header and its extensions.

use std::net::IpAddr;
use std::ops::Range;

use etherparse::{IpAuthHeaderSlice, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice};

/// Extension headers that are walked. RFC 8200 §4.1 names seven, each at most once
/// (destination options twice).
const EXTENSIONS: usize = 16;

/// An IP packet, by where its parts lie in the bytes it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ip {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// What the payload is, after all extension headers.
    pub(super) protocol: u8,
    pub(super) payload: Range<usize>,
    /// Bytes of the payload that the header promises and the capture does not have.
    pub(super) missing: usize,
    pub(super) fragment: Option<Fragment>,
}

/// Where a fragment belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) id: u32,
    /// In bytes.
    pub(super) offset: usize,
    pub(super) more: bool,
}

/// Why a packet could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// Shorter than its headers.
    Cut,
    /// Headers that contradict themselves.
    Malformed,
}

/// Reads the packet at the start of `bytes`; what follows its length is padding.
pub(super) fn parse(bytes: &[u8]) -> Result<Ip, Bad> {
    match bytes.first().map(|b| b >> 4) {
        Some(4) => v4(bytes),
        Some(6) => v6(bytes),
        Some(_) => Err(Bad::Malformed),
        None => Err(Bad::Cut),
    }
}

fn v4(bytes: &[u8]) -> Result<Ip, Bad> {
    if bytes.len() < 20 {
        return Err(Bad::Cut);
    }
    let header = Ipv4HeaderSlice::from_slice(bytes).map_err(|e| match e {
        etherparse::err::ipv4::HeaderSliceError::Len(_) => Bad::Cut,
        etherparse::err::ipv4::HeaderSliceError::Content(_) => Bad::Malformed,
    })?;
    let start = header.slice().len();
    // Segmentation offload leaves the length to the card: 0 means "as much as there is".
    let total = match usize::from(header.total_len()) {
        0 => bytes.len(),
        total if total < start => return Err(Bad::Malformed),
        total => total,
    };
    let offset = usize::from(header.fragments_offset().value()) * 8;
    let more = header.more_fragments();
    let fragment = (more || offset > 0).then(|| Fragment { id: u32::from(header.identification()), offset, more });
    let end = total.min(bytes.len());
    let packet = Ip {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        protocol: header.protocol().0,
        payload: start..end,
        missing: total - end,
        fragment,
    };
    // The header of a later fragment's payload is in the first.
    if fragment.is_some_and(|f| f.offset > 0) { Ok(packet) } else { extensions(bytes, packet) }
}

fn v6(bytes: &[u8]) -> Result<Ip, Bad> {
    let header = Ipv6HeaderSlice::from_slice(bytes).map_err(|_| Bad::Cut)?;
    let start = header.slice().len();
    // 0 is a jumbogram (RFC 2675) or segmentation offload: as much as there is.
    let total = match usize::from(header.payload_length()) {
        0 => bytes.len(),
        length => start + length,
    };
    let end = total.min(bytes.len());
    let packet = Ip {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        protocol: header.next_header().0,
        payload: start..end,
        missing: total - end,
        fragment: None,
    };
    extensions(bytes, packet)
}

/// Walks the headers between the IP header and the payload. Stops at a fragment
/// header that says that the payload is in pieces: what follows is only in one of them.
pub(super) fn extensions(bytes: &[u8], mut packet: Ip) -> Result<Ip, Bad> {
    for _ in 0..EXTENSIONS {
        let rest = bytes.get(packet.payload.clone()).unwrap_or_default();
        let (next, length) = match packet.protocol {
            // Hop-by-hop, routing, destination options, mobility, HIP, shim6.
            0 | 43 | 60 | 135 | 139 | 140 if packet.source.is_ipv6() => {
                let header = Ipv6RawExtHeaderSlice::from_slice(rest).map_err(|_| Bad::Cut)?;
                (header.next_header().0, header.slice().len())
            }
            44 if packet.source.is_ipv6() => {
                let header = Ipv6FragmentHeaderSlice::from_slice(rest).map_err(|_| Bad::Cut)?;
                let offset = usize::from(header.fragment_offset().value()) * 8;
                let more = header.more_fragments();
                packet.payload.start += header.slice().len();
                packet.protocol = header.next_header().0;
                // One that is whole (an "atomic fragment", RFC 6946) is none.
                if more || offset > 0 {
                    packet.fragment = Some(Fragment { id: header.identification(), offset, more });
                    return Ok(packet);
                }
                continue;
            }
            51 => {
                let header = IpAuthHeaderSlice::from_slice(rest).map_err(|_| Bad::Cut)?;
                (header.next_header().0, header.slice().len())
            }
            _ => return Ok(packet),
        };
        packet.protocol = next;
        packet.payload.start += length;
    }
    Err(Bad::Malformed)
}
