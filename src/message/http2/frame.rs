//! Frames of HTTP/2 (RFC 9113 §4.1, §6), and where one plausibly begins.

use crate::evidence::Direction;

/// What a client sends first (RFC 9113 §3.4).
pub(in crate::message) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes of a frame's header.
pub(super) const HEADER: usize = 9;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;
/// RFC 7838 §4.
const ALTSVC: u8 = 10;
/// RFC 8336 §2.
const ORIGIN: u8 = 12;
/// RFC 9218 §7.1.
const PRIORITY_UPDATE: u8 = 16;

pub(super) const END_STREAM: u8 = 0x01;
const ACK: u8 = 0x01;
pub(super) const END_HEADERS: u8 = 0x04;
pub(super) const PADDED: u8 = 0x08;
pub(super) const WITH_PRIORITY: u8 = 0x20;

/// Longest frame that is believed in while a frame is being looked for: what every
/// peer takes without being asked (RFC 9113 §4.2), and hardly any asks for more.
pub(super) const LENGTH_BELIEVED: usize = 1 << 14;

/// Highest stream that is believed in while a frame is being looked for. Clients number
/// in steps of two; a connection of eight million requests is not looked for.
const STREAM_BELIEVED: u32 = 1 << 24;

/// Headers in a row, each where the one before says, that make a boundary. One header
/// fits random bytes once in a hundred million places; three in a row not by chance.
const IN_A_ROW: usize = 3;

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub length: usize,
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    reserved: bool,
}

impl Header {
    /// The first nine bytes.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let &[a, b, c, kind, flags, d, e, f, g] = bytes.first_chunk::<HEADER>()?;
        let stream = u32::from_be_bytes([d, e, f, g]);
        Some(Self {
            length: u32::from_be_bytes([0, a, b, c]) as usize,
            kind,
            flags,
            stream: stream & 0x7fff_ffff,
            reserved: stream >> 31 == 1,
        })
    }

    pub fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// No peer would treat it as the end of the connection (RFC 9113 §6). Kinds that
    /// are not known always fit: they are to be ignored (§5.5).
    pub fn fits(self) -> bool {
        let of_stream = self.stream != 0;
        match self.kind {
            DATA => of_stream && (!self.has(PADDED) || self.length > 0),
            HEADERS => of_stream && self.length >= self.overhead(),
            PRIORITY => of_stream && self.length == 5,
            RST_STREAM => of_stream && self.length == 4,
            SETTINGS => !of_stream && self.length.is_multiple_of(6) && (!self.has(ACK) || self.length == 0),
            PUSH_PROMISE => of_stream && self.length >= self.overhead(),
            PING => !of_stream && self.length == 8,
            GOAWAY => !of_stream && self.length >= 8,
            WINDOW_UPDATE => self.length == 4,
            CONTINUATION => of_stream,
            _ => true,
        }
    }

    /// Bytes of the payload that are neither fragment nor padding.
    pub fn overhead(self) -> usize {
        let padded = usize::from(self.has(PADDED));
        match self.kind {
            HEADERS => padded + if self.has(WITH_PRIORITY) { 5 } else { 0 },
            PUSH_PROMISE => padded + 4,
            DATA => padded,
            _ => 0,
        }
    }

    /// It looks like a header where there might as well be none.
    fn is_plausible(self, direction: Direction) -> bool {
        let flags = match self.kind {
            DATA => END_STREAM | PADDED,
            HEADERS => END_STREAM | END_HEADERS | PADDED | WITH_PRIORITY,
            PUSH_PROMISE => END_HEADERS | PADDED,
            SETTINGS | PING => ACK,
            CONTINUATION => END_HEADERS,
            PRIORITY | RST_STREAM | GOAWAY | WINDOW_UPDATE | ALTSVC | ORIGIN | PRIORITY_UPDATE => 0,
            _ => return false,
        };
        // Streams of pushes are even, and too rare to be looked for.
        let stream = self.stream == 0 || self.stream % 2 == 1 || self.kind == RST_STREAM;
        let side = direction == Direction::Received || self.kind != PUSH_PROMISE;
        let fits = match self.kind {
            ORIGIN | PRIORITY_UPDATE => self.stream == 0,
            _ => self.fits(),
        };
        fits && stream
            && side
            && self.flags & !flags == 0
            && !self.reserved
            && self.length <= LENGTH_BELIEVED
            && self.stream < STREAM_BELIEVED
    }
}

/// Where a frame begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// Here.
    At(usize),
    /// Not before this place, which more bytes must decide.
    NotBefore(usize),
}

/// Looks for a frame in `bytes` from `from` on. `last`: no more bytes follow these.
pub(super) fn search(bytes: &[u8], from: usize, direction: Direction, last: bool) -> Search {
    for at in from..bytes.len() {
        match row(bytes, at, direction, last) {
            Some(true) => return Search::At(at),
            Some(false) => {}
            None => return Search::NotBefore(at),
        }
    }
    Search::NotBefore(bytes.len())
}

/// Whether frames follow one another from `at` on; `None` when more bytes must tell.
pub(super) fn row(bytes: &[u8], mut at: usize, direction: Direction, last: bool) -> Option<bool> {
    for count in 0..IN_A_ROW {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(header) = Header::read(rest) else {
            // The stream may end after a whole frame, as well as inside one.
            let ends = count > 0 && at == bytes.len();
            return if last { Some(ends) } else { None };
        };
        if !header.is_plausible(direction) {
            return Some(false);
        }
        at = at.saturating_add(HEADER + header.length);
    }
    Some(true)
}

/// Whether `bytes`, the first of a direction, are HTTP/2 that began earlier, or the
/// beginning of a server's. `None` when more bytes must tell.
pub(in crate::message) fn begins(direction: Direction, bytes: &[u8]) -> Option<bool> {
    // A server begins with SETTINGS (RFC 9113 §3.4).
    if direction == Direction::Received
        && let Some(header) = Header::read(bytes)
        && header.kind == SETTINGS
        && header.is_plausible(direction)
        && !header.has(ACK)
    {
        return Some(true);
    }
    // The fixed parts of the first header are told before all of it is here.
    let early = match *bytes {
        [] => return None,
        [a, ..] if a != 0 => false,
        [_, b, ..] if b > 0x40 => false,
        [_, _, _, kind, ..] if kind > CONTINUATION => false,
        _ => true,
    };
    if early { row(bytes, 0, direction, false) } else { Some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        bytes.extend([kind, flags]);
        bytes.extend(stream.to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn three_headers_in_a_row_are_a_boundary() {
        let mut bytes = b"\x00\x00\x04 rest of a frame that was cut".to_vec();
        let start = bytes.len();
        bytes.extend(frame(DATA, 0, 7, b"some body"));
        bytes.extend(frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1, 0]));
        assert_eq!(search(&bytes, 0, Direction::Received, false), Search::NotBefore(start));
        assert_eq!(search(&bytes, 0, Direction::Received, true), Search::At(start));
        bytes.extend(frame(DATA, END_STREAM, 7, b""));
        assert_eq!(search(&bytes, 0, Direction::Received, false), Search::At(start));
    }

    #[test]
    fn what_ends_a_connection_is_no_frame() {
        let read =
            |kind, flags, stream, length: usize| Header::read(&frame(kind, flags, stream, &vec![0; length])).unwrap();
        assert!(read(SETTINGS, 0, 0, 12).fits());
        for broken in [
            read(DATA, 0, 0, 3),
            read(SETTINGS, 0, 1, 6),
            read(SETTINGS, 0, 0, 5),
            read(SETTINGS, ACK, 0, 6),
            read(RST_STREAM, 0, 1, 5),
            read(PING, 0, 0, 4),
            read(HEADERS, PADDED | WITH_PRIORITY, 1, 5),
            read(GOAWAY, 0, 0, 7),
        ] {
            assert!(!broken.fits(), "{broken:?}");
        }
        assert!(read(0x55, 0xff, 9, 3).fits(), "unknown kinds are ignored");
    }

    #[test]
    fn the_middle_of_a_connection_is_told_from_other_bytes() {
        let mut bytes = frame(HEADERS, END_HEADERS, 5, &[0x82; 10]);
        assert_eq!(begins(Direction::Sent, &bytes), None);
        bytes.extend(frame(DATA, END_STREAM, 5, b"x"));
        bytes.extend(frame(PING, 0, 0, &[0; 8]));
        assert_eq!(begins(Direction::Sent, &bytes), Some(true));
        assert_eq!(begins(Direction::Sent, b"\x16\x03\x01"), Some(false));
        assert_eq!(begins(Direction::Sent, b"\x00\x50"), Some(false));
        assert_eq!(begins(Direction::Sent, &[0; 40]), Some(false));
        assert_eq!(begins(Direction::Received, &frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])), Some(true));
        assert_eq!(begins(Direction::Received, &frame(SETTINGS, ACK, 0, &[])), None);
    }
}
