//! HTTP/2, gRPC, WebSocket and MQTT as real programs speak them: the captures of
//! `tests/data/protocols`, held against what tshark reads in them and what the programs
//! were told to send.

mod properties;
mod protocols;

use std::path::Path;
use std::sync::Arc;

use super::{Conversation, Item, Message, Options};
use crate::capture::{Record, Source};
use crate::evidence::{Direction, Gap, GapReason, Gaps, Time};
use crate::net::{Chunk, Endpoints, Numbering, Slicer, StreamId, TcpStream};
use crate::secure::KeyLog;

/// One step of a direction, owned.
#[derive(Clone, Debug)]
enum Step {
    Data(Vec<u8>, Time, Vec<u64>),
    Gap(u64, Time),
    End(bool, Time, u64),
}

/// A stream's steps in the order in which they were captured.
struct Recorded {
    id: StreamId,
    endpoints: Endpoints,
    keys: Arc<KeyLog>,
    tcp: TcpStream,
    steps: Vec<(Direction, Step)>,
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/protocols")
}

/// What tshark read: the columns of each line.
fn tshark(name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(folder().join(name).with_extension("tsv")).unwrap();
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// All values of a column, in order.
fn column(lines: &[Vec<String>], column: usize) -> Vec<String> {
    let values = lines.iter().flat_map(|line| line[column].split('|'));
    values.filter(|value| !value.is_empty()).map(str::to_owned).collect()
}

/// The streams of a capture, without the packets that `lost` names by frame.
fn streams(name: &str, lost: &dyn Fn(u64) -> bool) -> Vec<Recorded> {
    let source = Source::open(&folder().join(name).with_extension("pcap")).unwrap();
    let mut packets = source.packets(0).unwrap();
    let (mut slicer, mut numbering, mut gaps) = (Slicer::new(), Numbering::new(), Gaps::default());
    let (keys, mut streams) = (keys(name), Vec::<Recorded>::new());
    fn step(direction: Direction, chunk: Chunk<'_>) -> (Direction, Step) {
        let step = match chunk {
            Chunk::Data { bytes, time, frames, .. } => Step::Data(bytes.to_vec(), time, frames.to_vec()),
            Chunk::Gap { length, time, .. } => Step::Gap(length, time),
            Chunk::End { reset, time, frame } => Step::End(reset, time, frame),
        };
        (direction, step)
    }
    while let Some(record) = packets.next() {
        let Record::Packet(packet) = record else { continue };
        let frame = packet.frame;
        let Some(segment) = slicer.slice(&packet, &mut gaps) else { continue };
        let assigned = numbering.assign(&segment);
        if assigned.fresh {
            let (id, endpoints) = (assigned.id, assigned.endpoints);
            let keys = Arc::clone(&keys);
            streams.push(Recorded { id, endpoints, keys, tcp: TcpStream::new(), steps: Vec::new() });
        }
        if lost(frame) {
            continue;
        }
        let stream = streams.iter_mut().find(|stream| stream.id == assigned.id).unwrap();
        let steps = &mut stream.steps;
        stream.tcp.push(assigned.direction, &segment, &mut |direction, chunk| steps.push(step(direction, chunk)));
    }
    for stream in &mut streams {
        let steps = &mut stream.steps;
        stream.tcp.finish(&mut |direction, chunk| steps.push(step(direction, chunk)));
    }
    streams
}

/// The keys recorded beside a capture, if any were.
fn keys(name: &str) -> Arc<KeyLog> {
    let mut keys = KeyLog::default();
    if let Ok(lines) = std::fs::read(folder().join(name).with_extension("keys")) {
        keys.parse(&lines, name);
    }
    Arc::new(keys)
}

/// Reads the steps of a stream; `cut` says how long the next piece is at most.
fn read(stream: &Recorded, hash_bodies: bool, cut: &mut dyn FnMut() -> usize) -> (Vec<Message>, Vec<Gap>) {
    let options = Options { keys: Arc::clone(&stream.keys), hash_bodies, ..Options::default() };
    let mut conversation = Conversation::new(stream.id, stream.endpoints, &options);
    let (mut messages, mut gaps) = (Vec::new(), Vec::new());
    let mut sink = |item| match item {
        Item::Message(message) => messages.push(*message),
        Item::Gap(gap) => gaps.push(gap),
    };
    for (direction, step) in &stream.steps {
        match step {
            Step::Data(bytes, time, frames) => {
                let mut rest = &bytes[..];
                while !rest.is_empty() {
                    let (piece, behind) = rest.split_at(cut().clamp(1, rest.len()));
                    let chunk = Chunk::Data { bytes: piece, time: *time, frames, conflict: false };
                    conversation.push(*direction, chunk, &mut sink);
                    rest = behind;
                }
            }
            Step::Gap(length, time) => {
                conversation.push(
                    *direction,
                    Chunk::Gap { length: *length, time: *time, reason: GapReason::LostPackets },
                    &mut sink,
                );
            }
            Step::End(reset, time, frame) => {
                let chunk = Chunk::End { reset: *reset, time: *time, frame: *frame };
                conversation.push(*direction, chunk, &mut sink);
            }
        }
    }
    conversation.finish(&mut sink);
    (messages, gaps)
}

fn messages(name: &str) -> Vec<Message> {
    let streams = streams(name, &|_| false);
    let read = streams.iter().map(|stream| read(stream, true, &mut || usize::MAX));
    let mut all = Vec::new();
    for (messages, gaps) in read {
        assert_eq!(gaps, [], "{name}");
        all.extend(messages);
    }
    all
}

const RECORDED: [&str; 10] = [
    "h2-nginx",
    "h2-tls",
    "h2-upgrade",
    "h2-node",
    "grpc",
    "websocket-takeover",
    "websocket-fresh",
    "websocket-plain",
    "mqtt",
    "mqtt-websocket",
];
