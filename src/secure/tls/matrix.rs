//! Every suite that OpenSSL has, in each version, with each way to resume: what
//! `tests/record-suites.sh` recorded is opened, and the table printed.
//!
//! `cargo test --lib matrix -- --nocapture` prints that of the committed recordings;
//! with `SUITES=FOLDER` that of a folder that the script filled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::secure::KeyLog;
use crate::secure::replay::{Replayed, tls_streams};
use crate::secure::tls::{Outcome, Suite};

/// What was opened of one suite, one version and one way: key log, and private key alone.
#[derive(Default)]
struct Cell {
    full: [u32; 2],
    resumed: [u32; 2],
}

fn folder() -> PathBuf {
    let committed = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/suites");
    std::env::var_os("SUITES").map_or_else(committed, PathBuf::from)
}

fn key_log(path: &Path) -> KeyLog {
    crate::secure::replay::keys(&path.with_extension("keys"))
}

fn private_key() -> KeyLog {
    let mut keys = KeyLog::new();
    crate::secure::pem::add(&mut keys, &std::fs::read(folder().join("rsa.key")).unwrap(), "rsa.key");
    assert!(keys.has_private_key());
    keys
}

/// The client said which suite it asked for, and whether it meant to resume.
fn is_as_said(stream: &Replayed) -> bool {
    let said = stream.sent_text();
    let Some(line) = said.strip_suffix('\n') else { return false };
    let backwards: String = line.chars().rev().chain(['\n']).collect();
    line.starts_with("words of ")
        && stream.session.outcome() == Outcome::Open
        && stream.gaps.is_empty()
        && String::from_utf8_lossy(&stream.received) == backwards
        && stream.session.facts().resumed == line.ends_with(" resumed")
}

#[test]
fn every_suite_that_openssl_has_is_opened() {
    let mut table: BTreeMap<Suite, BTreeMap<String, Cell>> = BTreeMap::new();
    let mut closed = Vec::new();
    let mut recordings: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    recordings.retain(|path| path.extension().is_some_and(|extension| extension == "pcap"));
    recordings.sort();
    let mut count = 0;
    for path in &recordings {
        let column = path.file_stem().unwrap().to_string_lossy().into_owned();
        for (way, keys) in [key_log(path), private_key()].into_iter().enumerate() {
            for (number, stream) in tls_streams(path, keys, &|_| true).iter().enumerate() {
                let Some(suite) = stream.session.facts().cipher else { continue };
                let is_rsa = suite.is_rsa_key_exchange() && !column.starts_with("tls1_3");
                if way == 1 && !is_rsa {
                    continue;
                }
                count += 1;
                let cell = table.entry(suite).or_default().entry(column.clone()).or_default();
                if !is_as_said(stream) {
                    let said = stream.sent_text();
                    closed.push(format!("{column} {number} {suite} {way} {:?} {said:?}", stream.session.outcome()));
                } else if stream.session.facts().resumed {
                    cell.resumed[way] += 1;
                } else {
                    cell.full[way] += 1;
                }
            }
        }
    }
    print(&table);
    assert!(closed.is_empty(), "{} of {count} stay closed:\n{}", closed.len(), closed.join("\n"));
    assert!(count >= 100, "{count}");
}

/// A row for each suite. L: opened with the key log, K: with the private key alone; a
/// small letter: resumed.
fn print(table: &BTreeMap<Suite, BTreeMap<String, Cell>>) {
    let columns: std::collections::BTreeSet<&String> = table.values().flat_map(BTreeMap::keys).collect();
    println!("{:52}{}", "suite", columns.iter().map(|name| format!("{name:18}")).collect::<String>());
    for (suite, cells) in table {
        let cells = columns.iter().map(|name| {
            let Some(cell) = cells.get(*name) else { return format!("{:18}", "") };
            let letters = [("L", cell.full[0]), ("l", cell.resumed[0]), ("K", cell.full[1]), ("k", cell.resumed[1])];
            let opened: String = letters.iter().filter(|(_, count)| *count > 0).map(|(letter, _)| *letter).collect();
            format!("{:18}", if opened.is_empty() { "closed" } else { &opened })
        });
        println!("{:52}{}", suite.to_string(), cells.collect::<String>());
    }
}
