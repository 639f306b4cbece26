//! Every 200th packet is gone: what did not lie in one of them is still there, and no
//! message is given to a host that it did not go to.
//!
//! The same for any capture, which must have one link type:
//! `WIREWITNESS_LOSS=CAPTURE,KEYS cargo test --test recordings loss -- --nocapture`

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::{committed, field, messages, packets, pcap};

const EVERY: u64 = 200;

/// Which packet of each 200 is removed. The first two hold the first connection's
/// handshake; the others are spread over the recording.
const OFFSETS: [u64; 12] = [1, 2, 9, 20, 45, 68, 77, 100, 123, 150, 181, 200];

/// Frames of a message in the numbers of the undamaged capture.
fn frames(line: &Value, kept: Option<&[u64]>) -> Vec<u64> {
    let frames = line["frames"].as_array().into_iter().flatten().filter_map(Value::as_u64);
    frames.map(|frame| kept.map_or(frame, |kept| kept[frame as usize - 1])).collect()
}

/// The host of each message as an audit takes it: the one that was sent, else the SNI that
/// the line itself has. After a gap in HTTP/2, what `:authority` refers to in the lost part
/// of the header table is not guessed, so that messages there rest on the SNI alone.
fn hosts_of(lines: &[Value]) -> Vec<String> {
    let host = |line: &Value| {
        let host = field(line, "host");
        let stands_in = [field(line, "sni"), field(line, "server_name")].into_iter().find(|name| name != "-");
        let host = if host == "-" { stands_in.unwrap_or(host) } else { host };
        // Some lines carry the port that was sent, the SNI does not.
        host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name).to_owned()
    };
    lines.iter().map(host).collect()
}

/// What makes a message the same message, besides its host.
fn identity(line: &Value) -> String {
    let names =
        ["direction", "protocol", "method", "path", "status", "opcode", "names", "opened", "reason", "body_sha256"];
    names.map(|name| field(line, name)).join(" ")
}

#[derive(Default)]
struct Figures {
    untouched: usize,
    came_out: usize,
    /// Of those that came out: whose host was lost, so that the SNI names it.
    by_sni: usize,
    /// Of the worst offset, in per mille.
    worst: usize,
    wrong_hosts: Vec<String>,
    lost: Vec<String>,
}

fn damaged(capture: &Path, keys: &Path, offsets: &[u64]) -> Figures {
    let whole = packets(capture);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("capture.pcap");
    std::fs::write(&path, pcap(&whole)).expect("written");
    let undamaged = messages(keys, &[&path]);
    assert!(undamaged.len() > 20, "{}: {} messages", capture.display(), undamaged.len());

    // Hosts of each frame, and of each server.
    let mut hosts = BTreeMap::<String, BTreeSet<String>>::new();
    let server = |line: &Value| format!("{} {}", field(line, "ip"), field(line, "port"));
    let undamaged_hosts = hosts_of(&undamaged);
    for (line, host) in undamaged.iter().zip(&undamaged_hosts) {
        let places = frames(line, None).into_iter().map(|frame| frame.to_string()).chain([server(line)]);
        for place in places {
            hosts.entry(place).or_default().insert(host.clone());
        }
    }

    let mut figures = Figures { worst: 1000, ..Figures::default() };
    for &offset in offsets {
        let gone = |frame: u64| frame % EVERY == offset % EVERY;
        let kept: Vec<u64> = (1..=whole.len() as u64).filter(|&frame| !gone(frame)).collect();
        let left = whole.iter().zip(1..).filter(|&(_, frame)| !gone(frame)).map(|(packet, _)| packet);
        std::fs::write(&path, pcap(left)).expect("written");

        let mut found = BTreeMap::<(Vec<u64>, String, String), Vec<bool>>::new();
        let lines = messages(keys, &[&path]);
        for (line, host) in lines.iter().zip(hosts_of(&lines)) {
            let frames = frames(line, Some(&kept));
            let own = line["host"].is_string();
            let shared = frames.iter().filter_map(|frame| hosts.get(&frame.to_string())).flatten();
            let mut known: BTreeSet<&String> = shared.collect();
            if known.is_empty() {
                known.extend(hosts.get(&server(line)).into_iter().flatten());
            }
            if host != "-" && !known.contains(&host) {
                figures.wrong_hosts.push(format!("offset {offset}: {line}"));
            }
            found.entry((frames, host, identity(line))).or_default().push(own);
        }
        let (mut untouched, mut came_out) = (0, 0);
        for (line, host) in undamaged.iter().zip(&undamaged_hosts) {
            let frames = frames(line, None);
            if frames.iter().any(|&frame| gone(frame)) {
                continue;
            }
            untouched += 1;
            let own = found.get_mut(&(frames, host.clone(), identity(line))).and_then(Vec::pop);
            if own.is_none() {
                figures.lost.push(format!("offset {offset}: {host} {} frames {}", identity(line), line["frames"]));
            }
            came_out += usize::from(own.is_some());
            figures.by_sni += usize::from(own == Some(false) && line["host"].is_string());
        }
        let share = came_out * 1000 / untouched.max(1);
        println!("{} offset {offset}: {came_out} of {untouched} untouched messages, {share} ‰", capture.display());
        figures.worst = figures.worst.min(share);
        figures.untouched += untouched;
        figures.came_out += came_out;
    }
    println!(
        "{}: {} packets; {} of {} untouched messages came out ({} named by the SNI alone), worst offset {} ‰, {} wrong hosts",
        capture.display(),
        whole.len(),
        figures.came_out,
        figures.untouched,
        figures.by_sni,
        figures.worst,
        figures.wrong_hosts.len()
    );
    figures
}

fn held(capture: &Path, keys: &Path) {
    let figures = damaged(capture, keys, &OFFSETS);
    for line in &figures.lost {
        println!("lost {line}");
    }
    assert!(figures.wrong_hosts.is_empty(), "{:#?}", figures.wrong_hosts);
    assert!(figures.worst >= 900, "{} of {}, worst {} ‰", figures.came_out, figures.untouched, figures.worst);
}

#[test]
fn chromium() {
    let folder = committed("tests/data/chromium");
    held(&folder.join("capture.pcap"), &folder.join("keys.log"));
}

#[test]
fn first_session() {
    let folder = committed("captures/teashop");
    held(&folder.join("capture.pcapng"), &folder.join("keys.log"));
}

#[test]
fn second_session() {
    let folder = committed("captures/aftersales");
    held(&folder.join("capture.pcapng"), &folder.join("keys.log"));
}

#[test]
fn any_capture() {
    let Ok(named) = std::env::var("WIREWITNESS_LOSS") else { return };
    let (capture, keys) = named.split_once(',').expect("CAPTURE,KEYS");
    held(Path::new(capture), Path::new(keys));
}
