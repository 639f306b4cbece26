//! The public suffix list that a report names is the one that is built in.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sha2::{Digest, Sha256};

#[test]
fn the_list_that_is_named_is_the_one_that_is_used() {
    // Of other platforms' crates nothing may have been fetched.
    let compiler = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let compiler = String::from_utf8(compiler.stdout).expect("UTF-8");
    let host = compiler.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let psl = packages.iter().find(|package| package["name"] == "psl").expect("psl");
    let folder = Path::new(psl["manifest_path"].as_str().expect("a path")).parent().expect("a folder");
    let rules = std::fs::read(folder.join("data/rules.txt")).expect("the rules");
    let count = rules.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(&rules));
    let version = psl["version"].as_str().expect("a version");
    assert_eq!(wirewitness::party::PUBLIC_SUFFIX_LIST, format!("psl {version}, {count} rules, SHA-256 {hash}"));
}
