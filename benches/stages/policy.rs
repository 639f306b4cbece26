//! `policy`: documents to declarations.

use criterion::{Criterion, Throughput};

use super::sample::{self, SIGNATURES};

pub fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("policy");
    for name in ["teashop", "aftersales"] {
        let path = sample::path(&format!("captures/{name}/policy.txt"));
        let documents = [(String::from("policy.txt"), std::fs::read(&path).expect("readable"))];
        group.throughput(Throughput::Bytes(documents[0].1.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| wirewitness::policy::read_documents(&documents, &SIGNATURES).expect("a policy"));
        });
    }
}
