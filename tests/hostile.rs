//! Damaged inputs: whatever is in them, the program ends by itself, with an exit code that
//! its help names, within its time and its memory.
//!
//! `tests/mutate.py` makes the damage and judges the ends; ten thousand cases of it take a
//! release build a quarter of an hour. Here a sample of them runs, by other numbers than the
//! script's own, so that both together see more.
//!
//! `tests/limits.py` makes captures that reach each limit; those that a debug build reads within a
//! minute run here.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

/// Processor time of one case: a debug build takes ten to twenty times what a release does,
/// which has ten seconds.
const SECONDS: &str = "100";

/// Runs one of the scripts on the program; what it printed.
fn script(name: &str, arguments: &[&str]) -> String {
    let run = Command::new("python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name))
        .arg(env!("CARGO_BIN_EXE_wirewitness"))
        .args(arguments)
        .output()
        .expect("python3 runs");
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    println!("{said}");
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    said
}

#[test]
fn limits_are_named_within_the_memory() {
    let said = script("limits.py", &["half-open", "deep-packets", "deep-tunnels"]);
    assert_eq!(said.lines().count(), 4, "{said}");
}

#[test]
fn damaged_captures_sessions_and_keys_end_in_order() {
    let said = script("mutate.py", &["--count", "60", "--seed", "2", "--seconds", SECONDS]);
    assert!(said.contains("60 cases of") && said.contains("0 findings"), "{said}");
}
