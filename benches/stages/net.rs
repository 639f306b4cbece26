//! `net`: packets to streams in order.

use std::collections::HashMap;

use criterion::{Criterion, Throughput};
use wirewitness::evidence::Transport;
use wirewitness::net::{Chunk, TcpStream};

use super::sample;

pub fn reassemble(criterion: &mut Criterion) {
    let source = sample::browser();
    let mut group = criterion.benchmark_group("net");
    group.throughput(Throughput::Bytes(source.size()));
    group.bench_function("slice, number, reassemble", |bencher| {
        bencher.iter(|| {
            let (mut streams, mut bytes) = (HashMap::new(), 0);
            sample::segments(&source, &mut |id, direction, segment| {
                if id.transport == Transport::Tcp {
                    let stream = streams.entry(id.number).or_insert_with(TcpStream::new);
                    stream.push(direction, segment, &mut |_, chunk| {
                        if let Chunk::Data { bytes: data, .. } = chunk {
                            bytes += data.len();
                        }
                    });
                }
            });
            bytes
        });
    });
}
