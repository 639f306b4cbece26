//! TCP and UDP headers.

use etherparse::{TcpHeaderSlice, UdpHeaderSlice};

use super::slicer::{Flags, Kind};

/// What a segment or datagram says of itself.
pub(super) struct Header {
    pub(super) ports: (u16, u16),
    pub(super) kind: Kind,
    /// 0 where the header says an impossible one.
    pub(super) length: usize,
    /// Length of the payload, where the header tells it.
    pub(super) payload: Option<usize>,
}

/// Reads a TCP header; its options may be cut.
pub(super) fn tcp(bytes: &[u8]) -> Option<Header> {
    let mut fixed = *bytes.first_chunk::<20>()?;
    let length = usize::from(fixed[12] >> 4) * 4;
    fixed[12] = 5 << 4;
    let header = TcpHeaderSlice::from_slice(&fixed).ok()?;
    let length = if length < 20 { 0 } else { length };
    Some(Header {
        ports: (header.source_port(), header.destination_port()),
        kind: Kind::Tcp {
            seq: header.sequence_number(),
            ack: header.acknowledgment_number(),
            flags: Flags { syn: header.syn(), ack: header.ack(), fin: header.fin(), rst: header.rst() },
            window: header.window_size(),
        },
        length,
        payload: None,
    })
}

/// Reads a UDP header.
pub(super) fn udp(bytes: &[u8]) -> Option<Header> {
    let header = UdpHeaderSlice::from_slice(bytes).ok()?;
    // 0 is a jumbogram (RFC 2675 §4) or segmentation offload.
    let payload = match usize::from(header.length()) {
        0 => None,
        length => Some(length.checked_sub(8)?),
    };
    Some(Header { ports: (header.source_port(), header.destination_port()), kind: Kind::Udp, length: 8, payload })
}
