//! Every parser of foreign bytes comes back from the seeds that fuzzing starts from, from what
//! once broke it (`fuzz/found/`), and from a few mutations of each: `scripts/fuzz.sh` looks further.

use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "../fuzz/targets/mod.rs"]
mod targets;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Mutations of each seed, and seeds of each target that are run: what is left is for the script.
const MUTATIONS: u64 = 1;
const SEEDS: usize = 12;

fn inputs(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    paths.sort();
    paths
}

/// Bytes flipped, cut or repeated, as `seed` says.
fn mutate(bytes: &mut Vec<u8>, seed: u64) {
    // splitmix64, so that each run does the same.
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ bytes.len() as u64;
    let mut next = |below: usize| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 27)) % below.max(1) as u64) as usize
    };
    for _ in 0..1 + next(4) {
        let at = next(bytes.len());
        match next(4) {
            0 => bytes.truncate(at),
            1 => bytes.extend_from_within(at..),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = next(256) as u8;
                }
            }
        }
    }
}

#[test]
fn every_parser_comes_back_from_its_seeds_and_from_what_once_broke_it() {
    let seeds = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz-seeds");
    let _ = std::fs::remove_dir_all(&seeds);
    let made = Command::new("python3")
        .arg(Path::new(ROOT).join("fuzz/seeds.py"))
        .arg(&seeds)
        .arg(env!("CARGO_BIN_EXE_wirewitness"))
        .output()
        .expect("python3");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut runs = 0;
    for target in targets::TARGETS {
        let own = inputs(&seeds.join(target.name));
        assert!(!own.is_empty(), "{} has no seed: fuzz/seeds.py", target.name);
        let some = own.iter().step_by(own.len().div_ceil(SEEDS));
        for path in some.chain(&inputs(&Path::new(ROOT).join("fuzz/found").join(target.name))) {
            let whole = std::fs::read(path).unwrap();
            // A failing test says which input it was at.
            println!("{} {}", target.name, path.display());
            (target.run)(&whole);
            for seed in 0..MUTATIONS {
                let mut bytes = whole.clone();
                mutate(&mut bytes, seed);
                (target.run)(&bytes);
                runs += 1;
            }
        }
    }
    assert!(runs > 250, "{runs} runs");
}
