//! `payload` and `identify`: messages to layers, layers to identifiers.

use criterion::{Criterion, Throughput};
use data_encoding::BASE64;
use wirewitness::evidence::Time;
use wirewitness::identify::Identifier;
use wirewitness::payload::Decoder;

use super::sample::{self, SIGNATURES};

/// Decodes and searches one message of `body`, over and over.
fn search(criterion: &mut Criterion, name: &str, kind: &str, body: &[u8]) {
    let messages = sample::messages(&sample::request(kind, body));
    let [message] = &messages[..] else { panic!("one message") };
    let (decoder, profile) = (Decoder::new(&SIGNATURES), sample::session("teashop").profile);
    let identifier = Identifier::new(&SIGNATURES, &profile);
    let mut group = criterion.benchmark_group("payload");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| identifier.find(&decoder.leaves(message, None).leaves, None, Time(0)));
    });
}

/// What has no structure: pictures and video.
pub fn search_raw(criterion: &mut Criterion) {
    search(criterion, "raw bytes", "application/octet-stream", &sample::noise(1 << 20));
}

/// What has: JSON, and containers in containers.
pub fn decode(criterion: &mut Criterion) {
    search(criterion, "JSON", "application/json", &sample::json(100_000));
    let inner = BASE64.encode(&sample::json(50_000));
    let body = format!("v=1&data={}", inner.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"));
    search(criterion, "form, base64, JSON", "application/x-www-form-urlencoded", body.as_bytes());
}
