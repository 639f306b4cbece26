//! Gaps of the recordings that lie here, in Chinese: every detail and every place has its sentence.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wirewitness::report::Language;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn gaps_of_recordings_are_told_in_chinese() {
    let mut recordings = Vec::new();
    for folder in ["tests/data/import", "tests/data/links", "tests/data/media"] {
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut recordings);
    }
    // Keys and notes lie beside the recordings, and parts of what is a folder.
    let recorded =
        |path: &PathBuf| path.extension().is_some_and(|e| !["json", "keys", "txt", "bin"].iter().any(|o| e == *o));
    recordings.retain(recorded);
    recordings.sort();
    let recipes = wirewitness::signatures::Signatures::embedded().unwrap().recipes;
    let mut told = BTreeSet::new();
    let mut english = BTreeSet::new();
    for recording in &recordings {
        let seen = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
            .args(["inspect", "--format", "json", "--quiet", "--no-config"])
            .arg(recording)
            .output()
            .unwrap();
        let Ok(seen) = serde_json::from_slice::<serde_json::Value>(&seen.stdout) else { continue };
        for gap in seen["gaps"].as_array().unwrap() {
            let (at, detail) = (gap["at"].as_str().unwrap(), gap["detail"].as_str().unwrap());
            let said = Language::Zh.of_gap(detail);
            told.insert(detail.to_owned());
            if said == detail && !recipes.contains_key(detail) {
                english.insert(detail.to_owned());
            }
            // A file or a pointer is as it is; whatever else is a place has words.
            let place = Language::Zh.of_gap(at);
            if place == at && at.contains(' ') {
                english.insert(at.to_owned());
            }
        }
    }
    assert!(told.len() > 25, "too few gaps to mean anything: {told:#?}");
    assert!(english.is_empty(), "{english:#?}");
}
