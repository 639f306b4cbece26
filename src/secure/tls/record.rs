//! Bytes of one direction to records (RFC 8446 §5.1), with the frames they came in.
//!
//! Nothing here knows a key. Where bytes are missing, the inbox either still knows
//! where the next record starts (the hole lies inside one record), or it offers
//! places that look like a record header, and whoever has the keys says whether
//! one is.

use std::collections::VecDeque;

use crate::evidence::Time;
use crate::secure::codec::Reader;
use crate::secure::tls::sslv2::{self, Start};

/// Content types of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// 20.
    ChangeCipherSpec,
    /// 21.
    Alert,
    /// 22.
    Handshake,
    /// 23; also the outer type of every encrypted record of TLS 1.3.
    ApplicationData,
    /// 24, RFC 6520.
    Heartbeat,
}

impl ContentType {
    /// By its number.
    pub fn of(number: u8) -> Option<Self> {
        Some(match number {
            20 => Self::ChangeCipherSpec,
            21 => Self::Alert,
            22 => Self::Handshake,
            23 => Self::ApplicationData,
            24 => Self::Heartbeat,
            _ => return None,
        })
    }
}

/// Bytes of a record header.
const HEADER_LENGTH: usize = 5;

/// Most bytes of content of one record, encrypted: 2^14 and 2048 more for TLS 1.2
/// (RFC 5246 §6.2.3); TLS 1.3 allows 256 more only.
pub const PAYLOAD_LIMIT: usize = (1 << 14) + 2048;

/// Fewest bytes on the wire that a protected record takes: header, and content of one
/// byte of type and the tag of CCM-8. What a hole can have swallowed is counted with it.
const SMALLEST_SEALED_RECORD: u64 = (HEADER_LENGTH + 1 + 8) as u64;

/// Where bytes came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Frames that carried them, ascending.
    pub frames: Vec<u64>,
    /// When the last of them was captured.
    pub time: Time,
    /// Captured twice with different content.
    pub conflict: bool,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Outer content type.
    pub kind: ContentType,
    /// Version in its header.
    pub version: u16,
    /// What follows the header.
    pub payload: Vec<u8>,
    /// Where it came from.
    pub origin: Origin,
}

impl Record {
    /// Its header, as it was sent.
    pub fn header(&self) -> [u8; HEADER_LENGTH] {
        let kind = match self.kind {
            ContentType::ChangeCipherSpec => 20,
            ContentType::Alert => 21,
            ContentType::Handshake => 22,
            ContentType::ApplicationData => 23,
            ContentType::Heartbeat => 24,
        };
        let [major, minor] = self.version.to_be_bytes();
        // A payload is never longer than PAYLOAD_LIMIT, so that its length has two bytes.
        let [.., high, low] = self.payload.len().to_be_bytes();
        [kind, major, minor, high, low]
    }
}

/// What stands next in an inbox.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A record, where one was expected.
    Record(Record),
    /// Something that may be a record: after a hole. To be answered by
    /// [`Inbox::accept`] or [`Inbox::reject`].
    Candidate(Record),
    /// The next bytes are no record header, and none was lost before them.
    NotTls,
    /// More bytes are needed.
    Wait,
}

/// How the next bytes relate to the last record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sync {
    /// They start a record.
    Known,
    /// So many bytes of a record with a hole precede the next one.
    Skipping(usize),
    /// It is not known where the next record starts.
    Searching,
}

/// What a hole in the stream did to the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Exactly one record is damaged; the one after it is found by its length.
    One,
    /// At least so many and at most so many; `most` is `None` where the length of the hole is unknown.
    Some {
        /// At least.
        least: u64,
        /// At most.
        most: Option<u64>,
    },
}

/// Bytes of one direction that are not a whole record yet.
#[derive(Debug)]
pub struct Inbox {
    bytes: Vec<u8>,
    /// Bytes at the start of `bytes` that are done with.
    done: usize,
    /// Origin of each piece, by the number of bytes that came up to its end.
    origins: VecDeque<(u64, Origin)>,
    /// Bytes of this direction before `bytes`.
    before: u64,
    sync: Sync,
    /// Bytes that were passed over, because the record that they are of has a hole.
    passed: u64,
}

impl Default for Inbox {
    fn default() -> Self {
        Self { bytes: Vec::new(), done: 0, origins: VecDeque::new(), before: 0, sync: Sync::Known, passed: 0 }
    }
}

impl Inbox {
    /// Adds bytes that follow what came before.
    pub fn push(&mut self, bytes: &[u8], origin: Origin) {
        if self.done > 0 {
            self.bytes.drain(..self.done);
            self.before += self.done as u64;
            self.done = 0;
        }
        self.bytes.extend_from_slice(bytes);
        self.origins.push_back((self.before + self.bytes.len() as u64, origin));
        while self.origins.front().is_some_and(|(end, _)| *end <= self.before) {
            self.origins.pop_front();
        }
    }

    /// Bytes that wait for the rest of their record.
    pub fn waiting(&self) -> usize {
        self.bytes.len() - self.done
    }

    /// Bytes that came and were passed over since this was last asked: what is left of damaged records.
    pub fn take_passed(&mut self) -> u64 {
        std::mem::take(&mut self.passed)
    }

    /// Memory of them, about.
    pub fn cost(&self) -> usize {
        let origins = self.origins.len().saturating_mul(size_of::<(u64, Origin)>() + size_of::<u64>());
        self.bytes.capacity().saturating_add(origins)
    }

    /// A hole of `length` bytes (0: of unknown length) follows what was pushed. An
    /// incomplete record is dropped.
    pub fn hole(&mut self, length: u64) -> Loss {
        let length = usize::try_from(length).ok().filter(|length| *length > 0);
        let missing = match self.sync {
            Sync::Known => {
                let have = self.waiting();
                read_header(self.rest()).map(|(_, _, size)| (HEADER_LENGTH + size).saturating_sub(have))
            }
            Sync::Skipping(left) => Some(left),
            Sync::Searching => None,
        };
        let at_boundary = self.sync == Sync::Known && self.waiting() == 0;
        self.pass(self.waiting());
        if let (Some(missing), Some(length)) = (missing, length)
            && length <= missing
        {
            self.sync = if length == missing { Sync::Known } else { Sync::Skipping(missing - length) };
            return Loss::One;
        }
        self.sync = Sync::Searching;
        let most = length.map(|length| (length as u64 / SMALLEST_SEALED_RECORD).saturating_add(2));
        Loss::Some { least: u64::from(!at_boundary), most }
    }

    /// What stands next. A record is taken out, a candidate is not.
    pub fn next(&mut self) -> Next {
        if let Sync::Skipping(left) = self.sync {
            let step = left.min(self.waiting());
            self.pass(step);
            self.sync = if step == left { Sync::Known } else { Sync::Skipping(left - step) };
        }
        if self.before == 0 && self.done == 0 && self.sync == Sync::Known && !could_be_header(self.rest()) {
            return match sslv2::start(self.rest()) {
                Start::Other => Next::NotTls,
                Start::Wait => Next::Wait,
                Start::Hello(length, payload) => {
                    self.done = length;
                    let origin = self.origin(0, length as u64);
                    Next::Record(Record { kind: ContentType::Handshake, version: 0x0300, payload, origin })
                }
            };
        }
        match self.sync {
            Sync::Known => match read_header(self.rest()) {
                Some((_, _, size)) if self.waiting() < HEADER_LENGTH + size => Next::Wait,
                Some(_) => self.take().map_or(Next::Wait, Next::Record),
                None if could_be_header(self.rest()) => Next::Wait,
                None => Next::NotTls,
            },
            Sync::Skipping(_) => Next::Wait,
            Sync::Searching => {
                while !could_be_header(self.rest()) {
                    self.pass(1);
                }
                match read_header(self.rest()) {
                    Some((_, _, size)) if self.waiting() >= HEADER_LENGTH + size => {
                        self.peek().map_or(Next::Wait, Next::Candidate)
                    }
                    _ => Next::Wait,
                }
            }
        }
    }

    /// The candidate is a record, and the next one follows it.
    pub fn accept(&mut self) {
        self.sync = Sync::Known;
        self.take();
    }

    /// The candidate is none.
    pub fn reject(&mut self) {
        self.pass(1);
    }

    fn pass(&mut self, length: usize) {
        let length = length.min(self.waiting());
        self.done += length;
        self.passed = self.passed.saturating_add(length as u64);
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.done..).unwrap_or_default()
    }

    /// What is there of a handshake record whose end is missing.
    pub fn cut_handshake(&self) -> Option<&[u8]> {
        let (kind, ..) = read_header(self.rest())?;
        self.rest().get(HEADER_LENGTH..).filter(|_| kind == ContentType::Handshake)
    }

    fn peek(&self) -> Option<Record> {
        let (kind, version, size) = read_header(self.rest())?;
        let mut reader = Reader::new(self.rest());
        reader.take(HEADER_LENGTH)?;
        let payload = reader.take(size)?.to_vec();
        let start = self.before + self.done as u64;
        let origin = self.origin(start, start + (HEADER_LENGTH + size) as u64);
        Some(Record { kind, version, payload, origin })
    }

    fn take(&mut self) -> Option<Record> {
        let record = self.peek()?;
        self.done += HEADER_LENGTH + record.payload.len();
        Some(record)
    }

    /// Origin of the bytes from `start` up to `end`, counted from the start of the direction.
    fn origin(&self, start: u64, end: u64) -> Origin {
        let mut origin = Origin::default();
        let mut piece_start = 0;
        for (piece_end, piece) in &self.origins {
            if *piece_end > start && piece_start < end {
                origin.frames.extend_from_slice(&piece.frames);
                origin.time = origin.time.max(piece.time);
                origin.conflict |= piece.conflict;
            }
            piece_start = *piece_end;
        }
        origin.frames.sort_unstable();
        origin.frames.dedup();
        origin
    }
}

/// Type, version and length of the payload, if these bytes start with a record header.
fn read_header(bytes: &[u8]) -> Option<(ContentType, u16, usize)> {
    let mut reader = Reader::new(bytes);
    let kind = ContentType::of(reader.u8()?)?;
    let version = reader.u16()?;
    let size = usize::from(reader.u16()?);
    (is_version(version) && (1..=PAYLOAD_LIMIT).contains(&size)).then_some((kind, version, size))
}

/// SSL 3.0 to TLS 1.3, and TLCP.
fn is_version(version: u16) -> bool {
    matches!(version, 0x0101 | 0x0300..=0x0304)
}

/// These bytes, or these and more, may start with a record header.
fn could_be_header(bytes: &[u8]) -> bool {
    if bytes.len() >= HEADER_LENGTH {
        return read_header(bytes).is_some();
    }
    let mut reader = Reader::new(bytes);
    let kind_fits = reader.u8().is_none_or(|kind| ContentType::of(kind).is_some());
    kind_fits
        && match (reader.u8(), reader.u8()) {
            (Some(major), Some(minor)) => is_version(u16::from_be_bytes([major, minor])),
            (Some(major), None) => matches!(major, 1 | 3),
            _ => true,
        }
}

/// These bytes start like TLS: a record header, and behind it, as far as it is here,
/// what such a record starts with. A stream that was cut in the middle of a record
/// does not look like TLS from its first bytes.
pub fn looks_like_tls(bytes: &[u8]) -> bool {
    let Some((kind, version, size)) = read_header(bytes) else {
        return sslv2::is_sslv2_hello(bytes) == Some(true);
    };
    let mut reader = Reader::new(bytes);
    let Some(first) = reader.take(HEADER_LENGTH).and_then(|_| reader.u8()) else { return false };
    match kind {
        // Hellos, certificates and the like; encrypted handshake records start with anything.
        ContentType::Handshake => matches!(first, 1 | 2 | 4 | 8 | 11..=16 | 20..=25) || size >= 40,
        ContentType::ChangeCipherSpec => size == 1 && first == 1,
        ContentType::Alert => (size == 2 && matches!(first, 1 | 2)) || size >= 18,
        // The shortest tag, and the version that all encrypted records carry.
        ContentType::ApplicationData => size >= 17 && matches!(version, 0x0301..=0x0303),
        ContentType::Heartbeat => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(frame: u64) -> Origin {
        Origin { frames: vec![frame], time: Time(i64::try_from(frame).unwrap()), conflict: frame == 13 }
    }

    fn record(size: u16, fill: u8) -> Vec<u8> {
        [&[23, 3, 3][..], &size.to_be_bytes(), &vec![fill; usize::from(size)]].concat()
    }

    fn taken(inbox: &mut Inbox) -> Record {
        match inbox.next() {
            Next::Record(record) => record,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn records_carry_the_frames_they_came_in() {
        let bytes = [record(30, 1), record(40, 2), record(50, 3)].concat();
        let mut inbox = Inbox::default();
        inbox.push(&bytes[..40], origin(7));
        let first = taken(&mut inbox);
        assert_eq!((first.payload.len(), first.origin.frames.clone()), (30, vec![7]));
        assert_eq!(inbox.next(), Next::Wait);
        inbox.push(&bytes[40..90], origin(13));
        let second = taken(&mut inbox);
        assert_eq!((second.payload, second.origin.frames), (vec![2; 40], vec![7, 13]));
        assert!(second.origin.conflict && !first.origin.conflict);
        inbox.push(&bytes[90..], origin(15));
        assert_eq!(taken(&mut inbox).origin, Origin { frames: vec![13, 15], time: Time(15), conflict: true });
        assert_eq!((inbox.next(), inbox.waiting()), (Next::Wait, 0));
    }

    #[test]
    fn one_byte_at_a_time() {
        let bytes = [record(30, 1), record(40, 2)].concat();
        let mut inbox = Inbox::default();
        let mut sizes = Vec::new();
        for (frame, byte) in bytes.iter().enumerate() {
            inbox.push(&[*byte], origin(frame as u64));
            while let Next::Record(record) = inbox.next() {
                sizes.push((record.payload.len(), record.origin.frames.len()));
            }
        }
        assert_eq!(sizes, [(30, 35), (40, 45)]);
    }

    #[test]
    fn what_is_no_record_is_said_at_once() {
        let mut inbox = Inbox::default();
        inbox.push(b"GET / HTTP/1.1\r\n", origin(1));
        assert_eq!(inbox.next(), Next::NotTls);
    }

    #[test]
    fn a_hole_inside_a_record_costs_that_record() {
        let mut inbox = Inbox::default();
        inbox.push(&record(100, 1)[..20], origin(1));
        assert_eq!(inbox.next(), Next::Wait);
        assert_eq!(inbox.hole(50), Loss::One);
        inbox.push(&[1; 35], origin(2));
        inbox.push(&record(30, 2), origin(3));
        assert_eq!(taken(&mut inbox).origin.frames, [3]);
    }

    #[test]
    fn a_hole_over_a_boundary_leads_to_a_search() {
        let mut inbox = Inbox::default();
        inbox.push(&record(100, 1)[..20], origin(1));
        assert_eq!(inbox.next(), Next::Wait);
        assert_eq!(inbox.hole(110), Loss::Some { least: 1, most: Some(9) });
        // A place that only looks like a header comes first.
        let bytes = [&[9, 9, 23, 3, 3, 0, 17][..], &[0; 17], &record(30, 2)].concat();
        inbox.push(&bytes, origin(2));
        let mut rejected = 0;
        loop {
            match inbox.next() {
                Next::Candidate(record) if record.payload == [2; 30] => break inbox.accept(),
                Next::Candidate(_) => {
                    rejected += 1;
                    inbox.reject();
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(rejected, 1);
        inbox.push(&record(31, 3), origin(3));
        assert_eq!(taken(&mut inbox).payload, [3; 31]);
    }

    #[test]
    fn tls_is_told_from_other_protocols_by_its_first_bytes() {
        assert!(looks_like_tls(&[22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]));
        assert!(looks_like_tls(&record(60, 7)));
        assert!(looks_like_tls(&[20, 3, 3, 0, 1, 1]));
        for other in [&b"GET / HTTP/1.1"[..], b"", &[22, 3, 1], &[22, 3, 9, 0, 9, 1], &[0, 3, 1, 0, 5, 1], b"SSH-2.0-x"]
        {
            assert!(!looks_like_tls(other), "{other:?}");
        }
    }
}
