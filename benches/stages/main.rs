//! One bench for each stage of the pipeline, over the sample sessions and over inputs made here.
//!
//! `cargo bench` measures; `cargo bench -- --test` runs each once; `cargo bench -- net` one stage.
//! docs/performance.md says how to measure the whole program.

mod audit;
mod capture;
mod message;
mod net;
mod payload;
mod policy;
mod sample;
mod secure;

use criterion::{criterion_group, criterion_main};

criterion_group!(
    stages,
    capture::read,
    net::reassemble,
    secure::decrypt,
    message::http1,
    message::http2,
    payload::search_raw,
    payload::decode,
    policy::read,
    audit::hold,
    audit::report
);
criterion_main!(stages);
