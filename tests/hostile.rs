//! Damaged inputs: whatever is in them, the program ends by itself, with an exit code that
//! its help names, within its time and its memory.
//!
//! `tests/mutate.py` makes the damage and judges the ends; ten thousand cases of it take a
//! release build a quarter of an hour. Here a sample of them runs, by other numbers than the
//! script's own, so that both together see more.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

/// Processor time of one case: a debug build takes ten to twenty times what a release does,
/// which has ten seconds.
const SECONDS: &str = "100";

#[test]
fn damaged_captures_sessions_and_keys_end_in_order() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mutate.py");
    let run = Command::new("python3")
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["--count", "60", "--seed", "2", "--seconds", SECONDS])
        .output()
        .expect("python3 runs");
    let said = String::from_utf8_lossy(&run.stdout);
    println!("{said}");
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("60 cases of") && said.contains("0 findings"), "{said}");
}
