//! `message`: bytes in order to messages.

use criterion::{Criterion, Throughput};

use super::sample;

pub fn http1(criterion: &mut Criterion) {
    let small: Vec<u8> =
        std::iter::repeat_n(sample::request("application/json", &sample::json(1000)), 500).flatten().collect();
    let large = sample::request("video/mp4", &sample::noise(1 << 20));
    let mut group = criterion.benchmark_group("message");
    for (name, count, sent) in [("HTTP/1, small requests", 500, small), ("HTTP/1, an upload", 1, large)] {
        assert_eq!(sample::messages(&sent).len(), count);
        group.throughput(Throughput::Bytes(sent.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| sample::messages(&sent)));
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

pub fn http2(criterion: &mut Criterion) {
    // :method POST, :scheme http, :path /, :authority up.example.com as a literal (RFC 7541 §6.2.2).
    let head = b"\x83\x86\x84\x01\x0eup.example.com";
    let body = sample::json(1000);
    let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    sent.extend(frame(4, 0, 0, b""));
    for n in 0..500 {
        sent.extend(frame(1, 4, 2 * n + 1, head));
        sent.extend(frame(0, 1, 2 * n + 1, &body));
    }
    assert_eq!(sample::messages(&sent).len(), 500);
    let mut group = criterion.benchmark_group("message");
    group.throughput(Throughput::Bytes(sent.len() as u64));
    group.bench_function("HTTP/2, small requests", |bencher| bencher.iter(|| sample::messages(&sent)));
}
