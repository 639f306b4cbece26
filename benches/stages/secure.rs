//! `secure`: TLS records to plaintext.

use std::collections::BTreeMap;
use std::sync::Arc;

use criterion::{Criterion, Throughput};
use wirewitness::evidence::{Direction, Time, Transport};
use wirewitness::net::{Chunk, TcpStream};
use wirewitness::secure::KeyLog;
use wirewitness::secure::tls::Session;

use super::sample;

/// What each direction of a connection carries, in turn.
type Turns = Vec<(Direction, Vec<u8>)>;

/// The TCP streams of the browser's capture, put together outside of what is measured.
fn streams() -> BTreeMap<u32, Turns> {
    let (mut open, mut turns) = (BTreeMap::new(), BTreeMap::<u32, Turns>::new());
    sample::segments(&sample::browser(), &mut |id, direction, segment| {
        if id.transport == Transport::Tcp {
            let stream = open.entry(id.number).or_insert_with(TcpStream::new);
            stream.push(direction, segment, &mut |direction, chunk| {
                if let Chunk::Data { bytes, .. } = chunk {
                    turns.entry(id.number).or_default().push((direction, bytes.to_vec()));
                }
            });
        }
    });
    turns
}

pub fn decrypt(criterion: &mut Criterion) {
    let streams = streams();
    let mut keys = KeyLog::new();
    keys.parse(&std::fs::read(sample::path("tests/data/chromium/keys.log")).expect("readable"), "keys.log");
    let keys = Arc::new(keys);
    let opened = || {
        let mut opened = 0;
        for turns in streams.values() {
            let mut session = Session::new(Arc::clone(&keys));
            for (direction, bytes) in turns {
                let chunk = Chunk::Data { bytes, time: Time(0), frames: &[1], conflict: false };
                session.push(*direction, chunk, &mut |_, chunk| {
                    if let Chunk::Data { bytes, .. } = chunk {
                        opened += bytes.len();
                    }
                });
            }
        }
        opened
    };
    let bytes = opened();
    assert!(bytes > 10_000, "the keys open what is measured: {bytes}");
    let mut group = criterion.benchmark_group("secure");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("TLS records", |bencher| bencher.iter(opened));
}
