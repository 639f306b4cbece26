//! Whole recordings of real programs: against what the servers logged, with packets
//! removed, split into files, and in every wrapping a capture comes in.

mod chromium;
mod loss;
mod splits;
mod wrappings;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use wirewitness::capture::{Record, Source};

/// A packet as it was recorded.
struct Packet {
    link: u32,
    nanoseconds: i64,
    wire_len: u32,
    data: Vec<u8>,
}

fn committed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn packets(capture: &Path) -> Vec<Packet> {
    let source = Source::open(capture).expect("a capture");
    let mut reader = source.packets(0).expect("readable");
    let mut packets = Vec::new();
    while let Some(record) = reader.next() {
        if let Record::Packet(packet) = record {
            let (link, nanoseconds) = (packet.link.0, packet.time.0);
            packets.push(Packet { link, nanoseconds, wire_len: packet.wire_len, data: packet.data.to_vec() });
        }
    }
    packets
}

/// A pcap with nanoseconds, which has one link type.
fn pcap<'a>(packets: impl IntoIterator<Item = &'a Packet>) -> Vec<u8> {
    let mut packets = packets.into_iter().peekable();
    let link = packets.peek().map_or(1, |packet| packet.link);
    let mut bytes = Vec::new();
    for word in [0xa1b2_3c4d, 0x0004_0002, 0, 0, 262_144, link] {
        bytes.extend_from_slice(&u32::to_le_bytes(word));
    }
    for packet in packets {
        assert_eq!(packet.link, link);
        let (seconds, rest) = (packet.nanoseconds / 1_000_000_000, packet.nanoseconds % 1_000_000_000);
        let captured = packet.data.len();
        for word in [seconds, rest, captured as i64, i64::from(packet.wire_len)] {
            bytes.extend_from_slice(&u32::try_from(word).expect("32 bits").to_le_bytes());
        }
        bytes.extend_from_slice(&packet.data);
    }
    bytes
}

/// What `messages` prints of these captures.
fn messages(keys: &Path, captures: &[&Path]) -> Vec<Value> {
    messages_from(keys, captures, std::process::Stdio::null())
}

fn messages_from(keys: &Path, captures: &[&Path], input: impl Into<std::process::Stdio>) -> Vec<Value> {
    let run = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["messages", "--quiet", "--keys"])
        .arg(keys)
        .args(captures)
        .stdin(input)
        .output()
        .expect("runs");
    assert!(run.status.success(), "{captures:?}: {}", String::from_utf8_lossy(&run.stderr));
    let text = String::from_utf8(run.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The field as it stands in the line, `-` where it does not.
fn field(line: &Value, name: &str) -> String {
    match line.get(name) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}
