//! Nothing leaves the machine, and nothing that changes from run to run gets into an output:
//! `audit`, `policy`, `report`, `bundle` and `verify` open no socket, write the same bytes where
//! there is no network, and the same for any number of threads on any processors.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_wirewitness");

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a program that has to be there.
fn tool(command: &[&str]) -> Output {
    let missing = |error| panic!("{} does not run ({error}); scripts/setup.sh --tests installs it", command[0]);
    Command::new(command[0]).args(&command[1..]).current_dir(root()).output().unwrap_or_else(missing)
}

/// The system calls about the network that a program and its children make.
fn network_calls(folder: &TempDir, command: &[&str]) -> Vec<String> {
    let trace = folder.path().join("trace");
    let path = trace.to_str().expect("UTF-8");
    let run =
        tool(&[&["strace", "-f", "-qq", "-e", "trace=network", "-e", "signal=none", "-o", path], command].concat());
    let code = run.status.code().expect("ended by itself");
    assert!(matches!(code, 0 | 1 | 3), "{command:?}: {code}: {}", String::from_utf8_lossy(&run.stderr));
    let calls = std::fs::read_to_string(trace).expect("strace wrote it");
    calls.lines().filter(|line| line.contains('(')).map(str::to_owned).collect()
}

/// What a session goes through, each step with the files that those before it wrote to `out`.
fn journey(out: &str) -> Vec<Vec<String>> {
    [
        format!("audit captures/teashop --format json --format html --format xlsx --output {out}/report"),
        "policy captures/teashop/policy.txt --format json".to_owned(),
        "policy tests/policies/formats/sample.libreoffice.pdf --format json".to_owned(),
        format!("report {out}/report/report.json --format html"),
        format!("bundle captures/teashop --sealed --output {out}/bundle.zip"),
        format!("verify {out}/bundle.SENSITIVE.zip --format json"),
    ]
    .iter()
    .map(|line| std::iter::once(BINARY).chain(line.split(' ')).map(str::to_owned).collect())
    .collect()
}

fn steps(out: &Path) -> Vec<Vec<String>> {
    journey(out.to_str().expect("UTF-8"))
}

#[test]
fn no_socket_is_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    for step in steps(folder.path()) {
        let step: Vec<&str> = step.iter().map(String::as_str).collect();
        assert_eq!(network_calls(&folder, &step), Vec::<String>::new(), "{step:?}");
    }
    // A program that does open one is seen.
    let python = ["python3", "-c", "import socket; socket.socket().close()"];
    assert!(network_calls(&folder, &python).iter().any(|call| call.contains("socket(")));
}

#[test]
fn without_a_network_the_bytes_are_the_same() {
    if std::env::var_os("WIREWITNESS_WITHOUT_NETNS").is_some() {
        eprintln!("NOT RUN: WIREWITNESS_WITHOUT_NETNS is set");
        return;
    }
    let (with, without) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let apart = ["unshare", "--net", "--map-root-user"];
    let alone = tool(&[&apart[..], &["sh", "-c", "cat /proc/net/dev | grep -c :"]].concat());
    assert_eq!(String::from_utf8_lossy(&alone.stdout).trim(), "1", "not only the loopback interface is there");
    for (step, same) in steps(with.path()).iter().zip(steps(without.path())) {
        let step: Vec<&str> = step.iter().map(String::as_str).collect();
        let same: Vec<&str> = same.iter().map(String::as_str).collect();
        let (run, again) = (tool(&step), tool(&[&apart[..], &same].concat()));
        let named = |bytes: &[u8], folder: &TempDir| {
            String::from_utf8_lossy(bytes).replace(folder.path().to_str().expect("UTF-8"), "OUT")
        };
        assert_eq!(run.status.code(), again.status.code(), "{step:?}: {}", String::from_utf8_lossy(&again.stderr));
        assert_eq!(named(&run.stdout, &with), named(&again.stdout, &without), "{step:?}");
    }
    for file in ["report/report.json", "report/report.html", "report/report.xlsx", "bundle.SENSITIVE.zip"] {
        let read = |folder: &TempDir| std::fs::read(folder.path().join(file)).expect(file);
        assert!(read(&with) == read(&without), "{file}");
    }
}

#[test]
fn threads_and_processors_change_nothing() {
    let script = root().join("tests/repeat.py");
    let run = tool(&["python3", script.to_str().expect("UTF-8"), BINARY, "--runs", "10"]);
    let said = String::from_utf8_lossy(&run.stdout);
    println!("{said}");
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(said.lines().filter(|line| line.ends_with("\t10 runs")).count(), 2, "{said}");
}
