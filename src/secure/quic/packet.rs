//! Packets of a datagram by their headers (RFC 9000 §17, RFC 8999).

use crate::secure::codec::Reader;
use crate::secure::quic::version::Version;

/// Longest connection id of the versions that are read (RFC 9000 §17.2).
pub const ID_LIMIT: usize = 20;

/// What a packet with a long header is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Opens with keys that anyone can derive.
    Initial,
    /// Data before the handshake.
    ZeroRtt,
    /// The handshake after the hellos.
    Handshake,
}

/// A packet with a long header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Long<'a> {
    /// What it is for.
    pub kind: Kind,
    /// Its version.
    pub version: Version,
    /// Destination connection id.
    pub destination: &'a [u8],
    /// Source connection id, which the other side's packets are sent to.
    pub source: &'a [u8],
    /// The whole packet, from its first byte.
    pub bytes: &'a [u8],
    /// Where in it the packet number starts.
    pub number_at: usize,
}

/// A packet, as far as its header tells without a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Header<'a> {
    /// A long header.
    Long(Long<'a>),
    /// A short header: 1-RTT, to the end of the datagram.
    Short(&'a [u8]),
    /// The server asks to come again with a token, and another connection id.
    Retry,
    /// The server does not speak the client's version.
    VersionNegotiation,
    /// A version that is not read here.
    Foreign { version: Version },
}

/// The packets of a datagram (RFC 9000 §12.2).
pub struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Packets<'a> {
    /// From the datagram's first byte.
    pub fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram }
    }

    /// A packet with a long header. One that does not read ends the datagram.
    fn long(&mut self) -> Option<Header<'a>> {
        let packet = std::mem::take(&mut self.rest);
        let mut reader = Reader::new(packet);
        let first = reader.u8()?;
        let version = Version(reader.u32()?);
        let destination = reader.vec8()?.rest();
        let source = reader.vec8()?.rest();
        if version.0 == 0 {
            return Some(Header::VersionNegotiation);
        }
        if version.salts().is_empty() || destination.len() > ID_LIMIT || source.len() > ID_LIMIT {
            return Some(Header::Foreign { version });
        }
        // Version 2 has the four types in another order (RFC 9369 §3.2).
        let kind = (first >> 4) & 3;
        let kind = match if version == Version::V2 { kind.wrapping_sub(1) & 3 } else { kind } {
            0 => Kind::Initial,
            1 => Kind::ZeroRtt,
            2 => Kind::Handshake,
            _ => return Some(Header::Retry),
        };
        if kind == Kind::Initial {
            let token = usize::try_from(reader.varint()?).ok()?;
            reader.take(token)?;
        }
        let length = usize::try_from(reader.varint()?).ok()?;
        let number_at = packet.len() - reader.left();
        let (bytes, rest) = packet.split_at_checked(number_at.checked_add(length)?)?;
        self.rest = rest;
        Some(Header::Long(Long { kind, version, destination, source, bytes, number_at }))
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        match self.rest.first()? {
            first if first & 0x80 != 0 => self.long(),
            // What some pad a datagram with after its packets. (The second bit may be
            // anything where both sides agreed on that, RFC 9287.)
            0 => None,
            _ => Some(Header::Short(std::mem::take(&mut self.rest))),
        }
    }
}

/// This datagram belongs to the start of a QUIC connection: a long header with a
/// version that exists. Short headers look like anything.
pub fn looks_like_quic(datagram: &[u8]) -> bool {
    let mut reader = Reader::new(datagram);
    let (Some(first), Some(version)) = (reader.u8(), reader.u32().map(Version)) else { return false };
    let (Some(destination), Some(source)) = (reader.vec8(), reader.vec8()) else { return false };
    let ids_fit = destination.left() <= ID_LIMIT && source.left() <= ID_LIMIT;
    if version.0 != 0 {
        return first & 0xc0 == 0xc0 && ids_fit && version.is_known() && !reader.is_empty();
    }
    // Version negotiation: a list of versions, of which some exist (RFC 9000 §17.2.1).
    let whole = !reader.is_empty() && reader.left().is_multiple_of(4);
    let mut versions = std::iter::from_fn(|| reader.u32()).map(Version);
    first & 0x80 != 0 && ids_fit && whole && versions.any(Version::is_known)
}
