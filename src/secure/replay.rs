//! For tests: a recorded capture, stream by stream, through the stages below and this one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::capture::{Record, Source};
use crate::evidence::{Direction, Gaps};
use crate::net::{Assigned, Chunk, Kind, Numbering, Slicer, TcpStream};
use crate::secure::KeyLog;
use crate::secure::quic::{Connection, Item};
use crate::secure::tls::Session;

/// Folder of the fixtures that `tests/record-tls.sh` makes.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls")
}

/// A TCP stream read as TLS.
pub struct Replayed {
    pub session: Session,
    pub sent: Vec<u8>,
    pub received: Vec<u8>,
    /// Lengths of holes.
    pub gaps: Vec<(Direction, u64)>,
    /// Frames of each chunk of data.
    pub frames: Vec<(Direction, Vec<u64>)>,
    pub ends: Vec<Direction>,
}

impl Replayed {
    pub fn new(keys: &Arc<KeyLog>) -> Self {
        Self {
            session: Session::new(keys.clone()),
            sent: Vec::new(),
            received: Vec::new(),
            gaps: Vec::new(),
            frames: Vec::new(),
            ends: Vec::new(),
        }
    }

    pub fn push(&mut self, direction: Direction, chunk: Chunk<'_>) {
        let Self { session, sent, received, gaps, frames, ends } = self;
        session.push(direction, chunk, &mut |direction, chunk| match chunk {
            Chunk::Data { bytes, frames: of_chunk, .. } => {
                match direction {
                    Direction::Sent => sent.extend_from_slice(bytes),
                    Direction::Received => received.extend_from_slice(bytes),
                }
                frames.push((direction, of_chunk.to_vec()));
            }
            Chunk::Gap { length, .. } => gaps.push((direction, length)),
            Chunk::End { .. } => ends.push(direction),
        });
    }

    pub fn sent_text(&self) -> String {
        String::from_utf8_lossy(&self.sent).into_owned()
    }
}

/// Runs over the segments of a capture that `keep` wants (by their frame number).
pub fn segments(path: &Path, keep: &dyn Fn(u64) -> bool, see: &mut dyn FnMut(Assigned, &crate::net::Segment<'_>)) {
    let source = Source::open(path).unwrap();
    let mut packets = source.packets(0).unwrap();
    let (mut slicer, mut numbering, mut gaps) = (Slicer::new(), Numbering::new(), Gaps::default());
    while let Some(record) = packets.next() {
        let Record::Packet(packet) = record else { continue };
        if let Some(segment) = slicer.slice(&packet, &mut gaps) {
            let assigned = numbering.assign(&segment);
            if keep(segment.frame) {
                see(assigned, &segment);
            }
        }
    }
}

/// Every TCP stream of a capture, read as TLS with these keys, without the frames that `keep` does not want.
pub fn tls_streams(path: &Path, keys: KeyLog, keep: &dyn Fn(u64) -> bool) -> Vec<Replayed> {
    let keys = Arc::new(keys);
    let mut streams: BTreeMap<u32, (TcpStream, Replayed)> = BTreeMap::new();
    segments(path, keep, &mut |assigned, segment| {
        if matches!(segment.kind, Kind::Tcp { .. }) {
            let entry = streams.entry(assigned.id.number);
            let (tcp, replayed) = entry.or_insert_with(|| (TcpStream::new(), Replayed::new(&keys)));
            tcp.push(assigned.direction, segment, &mut |direction, chunk| replayed.push(direction, chunk));
        }
    });
    for (tcp, replayed) in streams.values_mut() {
        tcp.finish(&mut |direction, chunk| replayed.push(direction, chunk));
    }
    streams.into_values().map(|(_, replayed)| replayed).collect()
}

/// The key log in a file.
pub fn keys(path: &Path) -> KeyLog {
    let mut keys = KeyLog::new();
    keys.parse(&std::fs::read(path).unwrap(), &path.display().to_string());
    keys
}

/// Every QUIC connection of a capture, by stream number.
pub fn quic_streams(path: &Path, keys: KeyLog, keep: &dyn Fn(u64) -> bool) -> Vec<ReplayedQuic> {
    let keys = Arc::new(keys);
    let mut connections: BTreeMap<u32, ReplayedQuic> = BTreeMap::new();
    segments(path, keep, &mut |assigned, segment| {
        if matches!(segment.kind, Kind::Udp) {
            let entry = connections.entry(assigned.id.number);
            let replayed = entry.or_insert_with(|| ReplayedQuic::new(&keys));
            replayed.push(assigned.direction, segment);
        }
    });
    connections.into_values().map(ReplayedQuic::finished).collect()
}

/// A UDP stream read as QUIC.
pub struct ReplayedQuic {
    pub connection: Connection,
    /// Bytes of each stream and direction, by connection, id and whether the client sends.
    pub streams: BTreeMap<(u32, u64, bool), Vec<u8>>,
    /// Lengths of holes.
    pub gaps: Vec<(u64, Direction, u64)>,
    pub datagrams: Vec<Vec<u8>>,
    restarts: u32,
}

impl ReplayedQuic {
    fn new(keys: &Arc<KeyLog>) -> Self {
        let connection = Connection::new(keys.clone());
        Self { connection, streams: BTreeMap::new(), gaps: Vec::new(), datagrams: Vec::new(), restarts: 0 }
    }

    fn push(&mut self, direction: Direction, segment: &crate::net::Segment<'_>) {
        let Self { connection, streams, gaps, datagrams, restarts } = self;
        let (bytes, time, frames) = (segment.payload, segment.time, segment.frames);
        connection.datagram(direction, bytes, time, frames, &mut |item| take(item, streams, gaps, datagrams, restarts));
    }

    fn finished(mut self) -> Self {
        let Self { connection, streams, gaps, datagrams, restarts } = &mut self;
        connection.finish(&mut |item| take(item, streams, gaps, datagrams, restarts));
        self
    }
}

fn take(
    item: Item<'_>,
    streams: &mut BTreeMap<(u32, u64, bool), Vec<u8>>,
    gaps: &mut Vec<(u64, Direction, u64)>,
    datagrams: &mut Vec<Vec<u8>>,
    restarts: &mut u32,
) {
    match item {
        Item::Stream { id, direction, chunk } => {
            let bytes = streams.entry((*restarts, id, direction == Direction::Sent)).or_default();
            match chunk {
                Chunk::Data { bytes: more, .. } => bytes.extend_from_slice(more),
                Chunk::Gap { length, .. } => gaps.push((id, direction, length)),
                Chunk::End { .. } => {}
            }
        }
        Item::Datagram { bytes, .. } => datagrams.push(bytes.to_vec()),
        Item::Restart => *restarts += 1,
    }
}
