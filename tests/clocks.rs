//! Captures of one session whose clocks differ: a recording of a browser (tests/data/chromium), and
//! copies of it with their times moved, drifting, and behind an address translation, made here.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SECOND: i64 = 1_000_000;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wirewitness")).args(arguments).output().expect("runs")
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// Copies a pcap (little-endian, microseconds), each packet's time in microseconds and bytes through `edit`.
fn copied(from: &Path, to: &Path, edit: &mut dyn FnMut(i64, &mut [u8]) -> i64) {
    let bytes = std::fs::read(from).expect("the capture");
    assert_eq!(bytes[..4], 0xa1b2_c3d4_u32.to_le_bytes());
    let (head, mut rest) = bytes.split_at(24);
    let mut made = head.to_vec();
    while let Some((record, behind)) = rest.split_first_chunk::<16>() {
        let word = |at: usize| u32::from_le_bytes(record[at..at + 4].try_into().expect("four bytes"));
        let (data, behind) = behind.split_at(word(8) as usize);
        let mut data = data.to_vec();
        let time = edit(i64::from(word(0)) * SECOND + i64::from(word(4)), &mut data);
        made.extend(u32::try_from(time / SECOND).expect("fits").to_le_bytes());
        made.extend(u32::try_from(time % SECOND).expect("fits").to_le_bytes());
        made.extend(&record[8..]);
        made.extend(data);
        rest = behind;
    }
    std::fs::write(to, made).expect("written");
}

/// A session with the recording as `router.pcap`.
fn session() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(data("data/chromium/capture.pcap"), folder.path().join("router.pcap")).expect("copied");
    std::fs::copy(data("data/chromium/keys.log"), folder.path().join("keys.log")).expect("copied");
    folder
}

fn clock(session: &Path, options: &[&str], name: &str) -> serde_json::Value {
    let output =
        run(&[&["inspect", session.to_str().expect("UTF-8"), "--format", "json", "--quiet"], options].concat());
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let inputs = found["inputs"].as_array().expect("inputs");
    inputs.iter().find(|input| input["name"] == name).expect("listed")["clock"].clone()
}

fn check(session: &Path) -> String {
    let output = run(&["session", "check", session.to_str().expect("UTF-8")]);
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Times in microseconds of the opened requests in a capture, in the order of the packets.
fn requests(session: &Path, name: &str) -> Vec<(String, i64)> {
    let output = run(&["messages", session.to_str().expect("UTF-8"), "--quiet"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let mut found: Vec<(String, i64)> = lines
        .filter(|line| line["capture"] == name && line["direction"] == "sent" && line["path"].is_string())
        .map(|line| {
            let time = wirewitness::evidence::Time::parse(line["time"].as_str().expect("text")).expect("a time");
            (line["path"].as_str().expect("text").to_owned(), time.0 / 1_000)
        })
        .collect();
    found.sort();
    found
}

/// The phone's clock is an hour and 12 s late, and runs 1 % fast, far more than any clock does.
#[test]
fn a_clock_that_is_off_and_drifts_is_set_right_within_what_is_said() {
    let folder = session();
    let mut first = None;
    copied(&folder.path().join("router.pcap"), &folder.path().join("watch.pcap"), &mut |time, _| {
        let begun = *first.get_or_insert(time);
        time - 3_612 * SECOND + (time - begun) / 100
    });
    let clock = clock(folder.path(), &[], "watch.pcap");
    assert_eq!((&clock["by"], &clock["with"]), (&"connections".into(), &"router.pcap".into()), "{clock}");
    let (added, uncertainty) =
        (clock["added_ms"].as_i64().expect("a number"), clock["uncertainty_ms"].as_i64().expect("a number"));
    // Off by 3,612 s at the beginning, and by 1 % of 4.1 s less at the end.
    assert!((added - 3_612_000).abs() <= 41 && (1..=41).contains(&uncertainty), "{clock}");
    let (router, watch) = (requests(folder.path(), "router.pcap"), requests(folder.path(), "watch.pcap"));
    assert!(router.len() > 4 && router.len() == watch.len());
    for (one, other) in router.iter().zip(&watch) {
        assert_eq!(one.0, other.0);
        assert!((one.1 - other.1).abs() <= 42_000, "{one:?} {other:?}");
    }
    let said = check(folder.path());
    assert!(
        said.contains("ok     clocks: watch.pcap: +36") && said.contains("connections that router.pcap holds too"),
        "{said}"
    );
}

/// Behind a translation that changes addresses, ports and sequence numbers, the randoms of TLS are the same.
#[test]
fn a_translated_connection_is_known_by_its_random() {
    let folder = session();
    copied(&folder.path().join("router.pcap"), &folder.path().join("watch.pcap"), &mut |time, data| {
        // Ethernet, IPv4 without options, TCP: another client, other ports, other sequence numbers.
        if data.get(12..14) == Some(&[8, 0]) && data[14] == 0x45 && data[23] == 6 {
            let port = |data: &[u8], at: usize| u16::from_be_bytes([data[at], data[at + 1]]);
            let to_server = port(data, 34) > port(data, 36);
            let (address, own, number) = if to_server { (26, 34, 38) } else { (30, 36, 42) };
            data[address..address + 4].copy_from_slice(&[203, 0, 113, 9]);
            let moved = port(data, own) ^ 0x0101;
            data[own..own + 2].copy_from_slice(&moved.to_be_bytes());
            let old = u32::from_be_bytes(data[number..number + 4].try_into().expect("four bytes"));
            data[number..number + 4].copy_from_slice(&old.wrapping_add(77_777_777).to_be_bytes());
        }
        time + 5 * SECOND
    });
    let clock = clock(folder.path(), &[], "watch.pcap");
    assert_eq!((&clock["by"], &clock["added_ms"]), (&"connections".into(), &(-5_000).into()), "{clock}");
    // As many as tshark counts with `tls.handshake.type==1 && tcp`.
    assert_eq!(clock["connections"], 3, "{clock}");
}

#[test]
fn without_common_connections_nothing_is_added_and_that_is_said() {
    let folder = session();
    std::fs::copy(data("discover/https/a.pcap"), folder.path().join("watch.pcap")).expect("copied");
    let found = clock(folder.path(), &[], "watch.pcap");
    assert_eq!((&found["by"], &found["added_ms"]), (&"unknown".into(), &0.into()), "{found}");
    assert!(check(folder.path()).contains("they have no connections in common"), "{}", check(folder.path()));
}

/// Files that hold messages have times too: whatever tells of them tells the ones that were set right.
#[test]
fn a_session_of_a_proxy_is_set_right_as_captures_are() {
    let folder = tempfile::tempdir().expect("a folder");
    // Its first request is of 08:00:01.250 by the proxy's clock.
    for (from, name) in [("charles.chlsj", "proxy.chlsj"), ("proxypin.txt", "phone.txt")] {
        std::fs::copy(data("data/import/proxies").join(from), folder.path().join(name)).expect("copied");
    }
    let shifts = "time_shift = { \"proxy.chlsj\" = -10, \"phone.txt\" = \"device\" }\n";
    std::fs::write(folder.path().join("session.toml"), shifts).expect("written");
    let mark =
        "{\"time\":\"2026-03-01T07:59:55Z\",\"mark\":\"consent-given\",\"device_time\":\"2026-03-01T07:59:58Z\"}\n";
    std::fs::write(folder.path().join("phases.jsonl"), mark).expect("written");
    for (name, by, added) in [("proxy.chlsj", "given", -10_000), ("phone.txt", "marks", -3_000)] {
        let found = clock(folder.path(), &[], name);
        assert_eq!((&found["by"], &found["added_ms"]), (&by.into(), &added.into()), "{found}");
    }
    let given = clock(folder.path(), &["--time-shift", "phone.txt=2"], "phone.txt");
    assert_eq!(given["added_ms"], 2_000, "a file that its name does not tell has a clock all the same");
    let shown = run(&["session", "show", folder.path().to_str().expect("UTF-8")]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("2026-03-01T07:59:51.250000Z") && lines[0].contains("proxy.chlsj begins"), "{shown}");
    assert!(shown.contains("2026-03-01T07:59:58.250000Z  phone.txt begins"), "{shown}");
    assert!(check(folder.path()).contains("proxy.chlsj: -10.000 s added to its times"), "{}", check(folder.path()));
    let times: Vec<(String, i64)> = requests(folder.path(), "proxy.chlsj");
    let first = wirewitness::evidence::Time::parse("2026-03-01T07:59:51.25Z").expect("a time").0 / 1_000;
    assert_eq!(times.iter().map(|(_, time)| *time).min(), Some(first), "{times:?}");
}

#[test]
fn what_is_given_goes_first() {
    let folder = session();
    copied(&folder.path().join("router.pcap"), &folder.path().join("watch.pcap"), &mut |time, _| time + 5 * SECOND);
    let given = clock(folder.path(), &["--time-shift", "watch.pcap=-4.75"], "watch.pcap");
    assert_eq!((&given["by"], &given["added_ms"]), (&"given".into(), &(-4_750).into()));
    std::fs::write(folder.path().join("session.toml"), "time_shift = { \"watch.pcap\" = \"device\" }\n")
        .expect("written");
    let marks = [("00", "05.010"), ("10", "15.000"), ("20", "24.990")].map(|(host, device)| {
        format!("{{\"time\":\"2026-03-01T08:00:{host}Z\",\"mark\":\"launched\",\"device_time\":\"2026-03-01T08:00:{device}Z\"}}\n")
    });
    std::fs::write(folder.path().join("phases.jsonl"), marks.concat()).expect("written");
    let by_marks = clock(folder.path(), &[], "watch.pcap");
    assert_eq!(
        (&by_marks["by"], &by_marks["added_ms"], &by_marks["uncertainty_ms"]),
        (&"marks".into(), &(-5_000).into(), &10.into())
    );
    // The one that is known is what the other is held against, and its times are right by now.
    assert_eq!(clock(folder.path(), &[], "router.pcap")["by"], "agrees");
    let output = run(&["inspect", folder.path().to_str().expect("UTF-8"), "--time-shift", "phone.pcap=1"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("there is router.pcap, watch.pcap"), "{said}");
}
