//! For tests: a recorded capture, stream by stream, through the stages below and this one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::capture::{Record, Source};
use crate::evidence::{Direction, Gaps};
use crate::net::{Assigned, Chunk, Kind, Numbering, Slicer, TcpStream};
use crate::secure::KeyLog;
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
