//! Frames of an opened packet (RFC 9000 §19, RFC 9221), as far as they carry something.

use crate::secure::codec::Reader;

/// A frame that carries something. All others are read for their length only.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Bytes of the handshake.
    Crypto { offset: u64, bytes: &'a [u8] },
    /// Bytes of a stream; `fin`: its last ones.
    Stream { id: u64, offset: u64, bytes: &'a [u8], fin: bool },
    /// The sender gives up a stream, of which it had sent `size` bytes (RFC 9000 §19.4).
    Reset { id: u64, size: u64 },
    /// The receiver wants no more of a stream (RFC 9000 §19.5).
    StopSending { id: u64 },
    /// An id that the other side may send to.
    ConnectionId(&'a [u8]),
    /// Bytes that belong to no stream (RFC 9221).
    Datagram(&'a [u8]),
    /// The connection ends.
    Close,
    /// A type that is not read: what follows it in the packet is lost.
    Unknown(u64),
}

/// Frames of a packet.
pub struct Frames<'a> {
    reader: Reader<'a>,
    /// Type of CRYPTO frames.
    crypto: u64,
    /// Bytes from the first frame on that could not be read: where the next one begins is then not known.
    pub unread: usize,
}

impl<'a> Frames<'a> {
    /// Of the payload of a packet.
    pub fn new(payload: &'a [u8]) -> Self {
        Self { reader: Reader::new(payload), crypto: 0x06, unread: 0 }
    }

    /// Of a packet of the handshake in one of Google's own versions, where no frame of a stream is, but the
    /// handshake in its type (Chromium, `net/third_party/quiche`).
    pub fn of_google(payload: &'a [u8]) -> Self {
        Self { crypto: 0x08, ..Self::new(payload) }
    }

    fn counted(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.reader.varint()?).ok()?;
        self.reader.take(length)
    }

    fn skip(&mut self, integers: u64) -> Option<()> {
        // Each takes a byte at least, so that the bytes there are bound the loop.
        (0..integers).try_for_each(|_| self.reader.varint().map(|_| ()))
    }

    /// ACK (RFC 9000 §19.3).
    fn skip_ack(&mut self, with_ecn: bool) -> Option<()> {
        self.skip(2)?;
        let ranges = self.reader.varint()?;
        self.skip(1)?;
        self.skip(ranges.saturating_mul(2))?;
        self.skip(if with_ecn { 3 } else { 0 })
    }

    fn stream(&mut self, kind: u64) -> Option<Frame<'a>> {
        let id = self.reader.varint()?;
        let offset = if kind & 4 != 0 { self.reader.varint()? } else { 0 };
        let bytes = if kind & 2 != 0 { self.counted()? } else { self.reader.take(self.reader.left())? };
        Some(Frame::Stream { id, offset, bytes, fin: kind & 1 != 0 })
    }

    fn new_connection_id(&mut self) -> Option<Frame<'a>> {
        self.skip(2)?;
        let id = self.reader.vec8()?.rest();
        // Stateless reset token.
        self.reader.take(16)?;
        Some(Frame::ConnectionId(id))
    }

    /// `Ok(None)`: read, and nothing in it. `None`: it does not read.
    fn frame(&mut self) -> Option<Option<Frame<'a>>> {
        let kind = self.reader.varint()?;
        Some(match kind {
            // PADDING, PING, HANDSHAKE_DONE, IMMEDIATE_ACK
            0x00 | 0x01 | 0x1e | 0x1f => None,
            0x02 | 0x03 => {
                self.skip_ack(kind == 3)?;
                None
            }
            0x04 => {
                let id = self.reader.varint()?;
                self.skip(1)?;
                Some(Frame::Reset { id, size: self.reader.varint()? })
            }
            kind if kind == self.crypto => {
                let offset = self.reader.varint()?;
                Some(Frame::Crypto { offset, bytes: self.counted()? })
            }
            // NEW_TOKEN
            0x07 => {
                self.counted()?;
                None
            }
            0x08..=0x0f => Some(self.stream(kind)?),
            // MAX_DATA, MAX_STREAMS, DATA_BLOCKED, STREAMS_BLOCKED, RETIRE_CONNECTION_ID
            0x10 | 0x12..=0x14 | 0x16 | 0x17 | 0x19 => {
                self.skip(1)?;
                None
            }
            0x05 => {
                let id = self.reader.varint()?;
                self.skip(1)?;
                Some(Frame::StopSending { id })
            }
            // MAX_STREAM_DATA, STREAM_DATA_BLOCKED
            0x11 | 0x15 => {
                self.skip(2)?;
                None
            }
            0x18 => Some(self.new_connection_id()?),
            // PATH_CHALLENGE, PATH_RESPONSE
            0x1a | 0x1b => {
                self.reader.take(8)?;
                None
            }
            0x1c | 0x1d => {
                self.skip(if kind == 0x1c { 2 } else { 1 })?;
                self.counted()?;
                Some(Frame::Close)
            }
            // RESET_STREAM_AT (draft-ietf-quic-reliable-stream-reset): what was sent up to a size stays valid.
            0x24 => {
                self.skip(4)?;
                None
            }
            0x30 => Some(Frame::Datagram(self.reader.take(self.reader.left())?)),
            0x31 => Some(Frame::Datagram(self.counted()?)),
            // ACK_FREQUENCY (draft-ietf-quic-ack-frequency)
            0xaf => {
                self.skip(4)?;
                None
            }
            other => Some(Frame::Unknown(other)),
        })
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        while !self.reader.is_empty() {
            let left = self.reader.left();
            let read = self.frame();
            if matches!(read, None | Some(Some(Frame::Unknown(_)))) {
                self.reader = Reader::new(&[]);
                self.unread = left;
            }
            if let Some(frame) = read? {
                return Some(frame);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_pings_and_acknowledgements_lie_between() {
        let payload = [&[0, 0, 1][..], &[2, 5, 0, 1, 0, 1, 1], &[6, 3, 2, b'x', b'y'], &[0], &[6, 0, 1, b'z']].concat();
        let found: Vec<_> = Frames::new(&payload).collect();
        assert_eq!(found, [Frame::Crypto { offset: 3, bytes: b"xy" }, Frame::Crypto { offset: 0, bytes: b"z" }]);
        assert_eq!(Frames::new(&[2, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).count(), 0);
    }

    /// Written out after RFC 9000 §19.
    #[test]
    fn every_frame_is_read_to_its_end() {
        let last = [0x0b, 4, 2, b'o', b'k'];
        for frame in [
            &[0x03, 9, 0, 0, 1, 1, 2, 3][..],
            &[0x07, 2, 7, 7],
            &[0x10, 9],
            &[0x11, 4, 9],
            &[0x12, 9],
            &[0x15, 4, 9],
            &[0x17, 9],
            &[0x19, 9],
            &[0x1a, 1, 2, 3, 4, 5, 6, 7, 8],
            &[0x1e],
            &[0x40, 0xaf, 1, 2, 3, 4],
        ] {
            let found: Vec<_> = Frames::new(&[frame, &last].concat()).map(|frame| format!("{frame:?}")).collect();
            assert_eq!(found, ["Stream { id: 4, offset: 0, bytes: [111, 107], fin: true }"], "{frame:?}");
        }
        let id = [&[0x18, 1, 0, 3, 7, 8, 9][..], &[0; 16]].concat();
        let all = [
            &id[..],
            &[0x31, 1, 5],
            &[0x04, 8, 0, 9],
            &[0x05, 4, 1],
            &[0x1c, 0, 0, 1, b'x'],
            &[0x0c, 8, 0x40, 0x64, 1, 2],
        ]
        .concat();
        let found: Vec<_> = Frames::new(&all).collect();
        assert_eq!(
            found,
            [
                Frame::ConnectionId(&[7, 8, 9]),
                Frame::Datagram(&[5]),
                Frame::Reset { id: 8, size: 9 },
                Frame::StopSending { id: 4 },
                Frame::Close,
                Frame::Stream { id: 8, offset: 100, bytes: &[1, 2], fin: false },
            ]
        );
        assert_eq!(Frames::new(&[0x21, 1, 2]).collect::<Vec<_>>(), [Frame::Unknown(0x21)]);
        assert_eq!(Frames::new(&[0x0a, 4, 9, 1]).count(), 0, "shorter than it says");
    }
}
