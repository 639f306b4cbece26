//! `capture`: records of a file to packets.

use criterion::{Criterion, Throughput};
use wirewitness::capture::Record;

use super::sample;

pub fn read(criterion: &mut Criterion) {
    let source = sample::browser();
    let mut group = criterion.benchmark_group("capture");
    group.throughput(Throughput::Bytes(source.size()));
    group.bench_function("read pcap", |bencher| {
        bencher.iter(|| {
            let mut reader = source.packets(0).expect("readable");
            let mut bytes = 0;
            while let Some(record) = reader.next() {
                if let Record::Packet(packet) = record {
                    bytes += packet.data.len();
                }
            }
            bytes
        });
    });
}
