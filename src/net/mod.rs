//! Packets to streams: link layers, defragmentation, TCP and UDP.
//!
//! Takes the packets of one capture, or of several that follow each other, in their order,
//! hands on numbered streams and their bytes in order ([`Chunk`]). It has never heard of TLS, HTTP or an identifier.
//!
//! A [`Slicer`] finds the segment in a packet, a [`Numbering`] the stream of the
//! segment; a [`TcpStream`] puts the segments of its stream in order. The first two see
//! every packet of an input in order, the third only its own: what is between them can
//! be shared out to threads.

use std::net::SocketAddr;

use crate::evidence::{GapReason, Time, Transport};

mod fragments;
mod half;
mod header;
mod ip;
mod link;
mod numbering;
mod slicer;
mod tcp;
#[cfg(test)]
mod tests;
mod tunnel;
mod wireless;

pub use numbering::{Assigned, Leg, Numbering};
pub use slicer::{Flags, Kind, Segment, Slicer};
pub use tcp::TcpStream;
pub use tunnel::{Unsealed, Unsealer};

/// A stream, numbered as Wireshark numbers it in its input; one of captures that follow
/// each other, as it would in all of them put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// Position of the input; the first, where captures follow each other.
    pub input: u32,
    /// Which of the two counters.
    pub transport: Transport,
    /// `tcp.stream` or `udp.stream`.
    pub number: u32,
}

/// The two ends of a stream. The client is who sent the first SYN, or was sent the
/// first SYN and ACK. Without one: the end that faces a port below 1024, then the end
/// with a private address where only one has one, then for TCP the end with the higher
/// port, and for all else who was seen sending first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Endpoints {
    /// The device's end.
    pub client: SocketAddr,
    /// The other end.
    pub server: SocketAddr,
}

/// One step of a direction of a stream, in order. What TCP delivers after
/// reassembly, TLS after decryption and a proxy after `CONNECT` has this one shape,
/// so that layers stack.
#[derive(Clone, Copy, Debug)]
pub enum Chunk<'a> {
    /// Bytes that follow what came before.
    Data {
        /// The bytes.
        bytes: &'a [u8],
        /// When the packet that completed them was captured.
        time: Time,
        /// Frames that carried them, ascending; counted on where captures follow each other.
        frames: &'a [u64],
        /// Captured twice with different content (the first copy is here).
        conflict: bool,
    },
    /// Bytes that were never captured, or could not be decrypted. The stream goes on after them.
    Gap {
        /// How many, where known; 0 when the length is unknown.
        length: u64,
        /// When that became certain.
        time: Time,
        /// Why they are not there. What the snap length cut ([`GapReason::Truncated`]) was
        /// counted where the packet was read.
        reason: GapReason,
    },
    /// The direction ended.
    End {
        /// By RST.
        reset: bool,
        /// When.
        time: Time,
        /// Frame of the FIN or RST; 0 at the end of the capture.
        frame: u64,
    },
}
