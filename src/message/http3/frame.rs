//! Frames of HTTP/3 (RFC 9114 §7) out of the bytes of one direction of a stream.

use bytes::Bytes;

use crate::message::feed::{Feed, Trail};

pub(super) const DATA: u64 = 0x00;
pub(super) const HEADERS: u64 = 0x01;
pub(super) const CANCEL_PUSH: u64 = 0x03;
pub(super) const SETTINGS: u64 = 0x04;
pub(super) const PUSH_PROMISE: u64 = 0x05;
pub(super) const GOAWAY: u64 = 0x07;
pub(super) const MAX_PUSH_ID: u64 = 0x0d;
/// Not a frame: the rest of the stream belongs to a session of WebTransport
/// (draft-ietf-webtrans-http3 §4.3).
pub(super) const WEBTRANSPORT: u64 = 0x41;

/// Kinds of HTTP/2 that have no counterpart; no peer may send them (§7.2.8).
const OF_HTTP2: [u64; 4] = [0x02, 0x06, 0x08, 0x09];

/// Bytes of a frame that is read whole: a field section, or SETTINGS. Chromium and nginx
/// bound the decoded field list at 256 KiB and 32 KiB; a section is shorter than its list.
pub(super) const WHOLE_LIMIT: u64 = 256 << 10;

/// A variable-length integer (RFC 9000 §16) and its length.
pub(super) fn integer(bytes: &[u8]) -> Option<(u64, usize)> {
    let &first = bytes.first()?;
    let length = 1usize << (first >> 6);
    let rest = bytes.get(1..length)?;
    Some((rest.iter().fold(u64::from(first & 0x3f), |value, &byte| value << 8 | u64::from(byte)), length))
}

/// What a stream is for, which decides what its frames mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Requests and responses.
    Messages,
    /// A control stream.
    Control,
}

/// How a frame is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Whole,
    Streamed,
    Skipped,
    Wrong,
    Session,
}

impl Purpose {
    fn way(self, kind: u64, first: bool) -> Way {
        match (self, kind) {
            (Self::Messages, HEADERS | PUSH_PROMISE) | (Self::Control, SETTINGS) => Way::Whole,
            (Self::Messages, DATA) => Way::Streamed,
            (Self::Messages, WEBTRANSPORT) if first => Way::Session,
            (Self::Messages, CANCEL_PUSH | SETTINGS | GOAWAY | MAX_PUSH_ID) => Way::Wrong,
            (Self::Control, DATA | HEADERS | PUSH_PROMISE) => Way::Wrong,
            // A control stream begins with SETTINGS (§6.2.1).
            (Self::Control, _) if first => Way::Wrong,
            (_, kind) if OF_HTTP2.contains(&kind) => Way::Wrong,
            _ => Way::Skipped,
        }
    }
}

/// What comes next in the direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Frame,
    /// Bytes of a DATA frame.
    Data(u64),
    /// The rest of a frame that is not looked at.
    Skip(u64),
    /// No frames: what comes is handed on as it is.
    Rest,
}

/// What a frame, or a part of one, says.
#[derive(Debug)]
pub(super) enum Piece {
    /// A frame that is read whole.
    Whole { kind: u64, payload: Bytes, trail: Trail },
    /// One that is longer than [`WHOLE_LIMIT`].
    TooLong { kind: u64 },
    /// Bytes of a body; none where a DATA frame begins.
    Data { bytes: Bytes, trail: Trail },
    /// From here on this is not HTTP/3.
    Lost,
    /// From here on this is a stream of a session of WebTransport.
    Session,
    /// Bytes behind [`Piece::Lost`] or [`Piece::Session`].
    Rest { bytes: Bytes, trail: Trail },
}

/// What a hole was in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hole {
    /// A body.
    Data,
    /// A frame that would have been read whole.
    Whole,
    /// Bytes that are not looked at.
    Nothing,
    /// It hid where the next frame begins.
    Framing,
}

/// The frames of one direction of a stream.
#[derive(Debug)]
pub(super) struct Frames {
    feed: Feed,
    state: State,
    purpose: Purpose,
    first: bool,
}

impl Frames {
    /// Those that begin at this offset of their stream.
    pub fn at(offset: u64, purpose: Purpose) -> Self {
        Self { feed: Feed::at(offset), state: State::Frame, purpose, first: true }
    }

    /// Memory of what waits, about.
    pub fn cost(&self) -> usize {
        self.feed.cost()
    }

    pub fn feed(&mut self) -> &mut Feed {
        &mut self.feed
    }

    /// How many bytes wait.
    pub fn waiting(&self) -> usize {
        self.feed.len()
    }

    /// Nothing is left over, and no frame is half done.
    pub fn is_even(&self) -> bool {
        self.feed.is_empty() && matches!(self.state, State::Frame | State::Rest)
    }

    /// The next piece, if what is here holds one.
    pub fn next(&mut self) -> Option<Piece> {
        loop {
            match self.state {
                State::Frame => {
                    if let Some(piece) = self.frame()? {
                        return Some(piece);
                    }
                }
                State::Data(0) | State::Skip(0) => self.state = State::Frame,
                State::Data(left) => {
                    let (bytes, trail) = self.take(left)?;
                    self.state = State::Data(left - bytes.len() as u64);
                    return Some(Piece::Data { bytes, trail });
                }
                State::Skip(left) => {
                    let (bytes, _) = self.take(left)?;
                    self.state = State::Skip(left - bytes.len() as u64);
                }
                State::Rest => {
                    let (bytes, trail) = self.take(u64::MAX)?;
                    return Some(Piece::Rest { bytes, trail });
                }
            }
        }
    }

    /// Up to `most` of what waits, and something.
    fn take(&mut self, most: u64) -> Option<(Bytes, Trail)> {
        let count = usize::try_from(most).unwrap_or(usize::MAX).min(self.feed.len());
        let mut trail = Trail::default();
        (count > 0).then(|| (self.feed.take(count, &mut trail), trail))
    }

    /// One frame; the outer `None` when it is not all here.
    fn frame(&mut self) -> Option<Option<Piece>> {
        let (kind, kind_length) = integer(self.feed.bytes())?;
        let way = self.purpose.way(kind, self.first);
        let mut trail = Trail::default();
        if matches!(way, Way::Wrong | Way::Session) {
            if way == Way::Session {
                let (_, session_length) = integer(self.feed.bytes().get(kind_length..)?)?;
                self.feed.take(kind_length + session_length, &mut trail);
            }
            self.state = State::Rest;
            return Some(Some(if way == Way::Session { Piece::Session } else { Piece::Lost }));
        }
        let (length, length_length) = integer(self.feed.bytes().get(kind_length..)?)?;
        let header = kind_length + length_length;
        match way {
            Way::Whole if length <= WHOLE_LIMIT => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                if self.feed.len().saturating_sub(header) < length {
                    return None;
                }
                self.first = false;
                self.feed.take(header, &mut trail);
                let payload = self.feed.take(length, &mut trail);
                Some(Some(Piece::Whole { kind, payload, trail }))
            }
            Way::Streamed => {
                self.first = false;
                self.feed.take(header, &mut trail);
                self.state = State::Data(length);
                // The header belongs to the message.
                Some(Some(Piece::Data { bytes: Bytes::new(), trail }))
            }
            _ => {
                self.first = false;
                self.feed.take(header, &mut trail);
                self.state = State::Skip(length);
                Some((way == Way::Whole).then_some(Piece::TooLong { kind }))
            }
        }
    }

    /// Bytes are missing; 0 when it is not known how many. What was waiting in front of the
    /// hole and makes no frame is in the first part of the result.
    pub fn hole(&mut self, length: u64) -> (Option<(Bytes, Trail)>, Hole) {
        let within = |left: u64| length > 0 && length <= left;
        let hole = match self.state {
            State::Data(left) if within(left) => {
                self.state = State::Data(left - length);
                Hole::Data
            }
            State::Skip(left) if within(left) => {
                self.state = State::Skip(left - length);
                Hole::Nothing
            }
            State::Rest => Hole::Nothing,
            State::Frame => match self.left_of_whole() {
                Some(left) if within(left) => {
                    self.state = State::Skip(left - length);
                    Hole::Whole
                }
                _ => self.lose(),
            },
            _ => self.lose(),
        };
        let waiting = self.take(u64::MAX);
        self.feed.skip(length);
        (waiting, hole)
    }

    fn lose(&mut self) -> Hole {
        self.state = State::Rest;
        Hole::Framing
    }

    /// How many bytes the frame lacks of which a part waits.
    fn left_of_whole(&self) -> Option<u64> {
        let bytes = self.feed.bytes();
        let (kind, kind_length) = integer(bytes)?;
        let (length, length_length) = integer(bytes.get(kind_length..)?)?;
        let all = length.saturating_add((kind_length + length_length) as u64);
        (self.purpose.way(kind, self.first) == Way::Whole).then(|| all.saturating_sub(bytes.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Time;

    /// RFC 9000 §A.1.
    #[test]
    fn integers_of_rfc_9000() {
        for (bytes, value) in [
            (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c][..], 151_288_809_941_952_652),
            (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
            (&[0x7b, 0xbd], 15_293),
            (&[0x25], 37),
            (&[0x40, 0x25], 37),
        ] {
            assert_eq!(integer(bytes), Some((value, bytes.len())));
            assert_eq!(integer(&bytes[..bytes.len() - 1]), None);
        }
    }

    fn pieces(bytes: &[u8], purpose: Purpose) -> Vec<String> {
        let mut frames = Frames::at(0, purpose);
        let mut found = Vec::new();
        // Byte by byte: a frame may come in any pieces.
        for &byte in bytes {
            frames.feed().push(&[byte], Time(0), &[1], false);
            while let Some(piece) = frames.next() {
                found.push(match piece {
                    Piece::Whole { kind, payload, .. } => format!("whole {kind} {payload:?}"),
                    Piece::TooLong { kind } => format!("too long {kind}"),
                    Piece::Data { bytes, .. } => format!("data {bytes:?}"),
                    Piece::Lost => "lost".into(),
                    Piece::Session => "session".into(),
                    Piece::Rest { bytes, .. } => format!("rest {bytes:?}"),
                });
            }
        }
        found
    }

    #[test]
    fn frames_that_are_not_known_are_skipped() {
        // HEADERS of two bytes; 0x21, reserved (§7.2.8), of three; DATA of two.
        let bytes = b"\x01\x02hi\x21\x03abc\x00\x02ok";
        assert_eq!(pieces(bytes, Purpose::Messages), ["whole 1 b\"hi\"", "data b\"\"", "data b\"o\"", "data b\"k\""]);
        assert_eq!(pieces(b"\x04\x02\x01\x00\x07\x01\x00", Purpose::Control), ["whole 4 b\"\\x01\\0\""]);
        assert_eq!(pieces(b"\x01\x80\x10\x00\x00xx", Purpose::Messages), ["too long 1"]);
    }

    #[test]
    fn frames_out_of_place_are_no_frames() {
        for kind in [2, 3, 4, 6, 7, 8, 9, 13] {
            assert_eq!(pieces(&[kind, 0], Purpose::Messages)[0], "lost", "{kind}");
        }
        for kind in [0, 1, 2, 5, 7, 0x21] {
            assert_eq!(pieces(&[kind, 0], Purpose::Control)[0], "lost", "{kind}");
        }
        assert_eq!(pieces(b"\x40\x41\x00x", Purpose::Messages)[0], "session");
    }
}
