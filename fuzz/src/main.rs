//! libFuzzer's entry: runs the target that `FUZZ_TARGET` names.
#![no_main]

#[path = "../targets/mod.rs"]
mod targets;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    match targets::TARGETS.iter().find(|target| target.name == name) {
        Some(target) => target.run,
        None => {
            let names: Vec<&str> = targets::TARGETS.iter().map(|target| target.name).collect();
            eprintln!("FUZZ_TARGET must be one of {}", names.join(" "));
            std::process::exit(2);
        }
    }
});

fuzz_target!(|bytes: &[u8]| TARGET(bytes));
