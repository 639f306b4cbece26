//! The same capture in every wrapping gives the same messages.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wirewitness::capture::{LinkType, PcapngWriter};
use wirewitness::evidence::Time;

use super::{Packet, committed, messages, messages_from, packets, pcap};

/// What does not depend on the wrapping.
fn rest(lines: Vec<Value>, without: &[&str]) -> Vec<Value> {
    let strip = |mut line: Value| {
        let fields = line.as_object_mut().expect("an object");
        for name in without {
            fields.remove(*name);
        }
        line
    };
    lines.into_iter().map(strip).collect()
}

fn held(name: &str) {
    let session = committed("captures").join(name);
    let (capture, keys) = (session.join("capture.pcapng"), session.join("keys.log"));
    let recorded = packets(&capture);
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    };
    let expected = rest(messages(&keys, &[&capture]), &["capture"]);
    assert!(expected.len() > 50, "{}", expected.len());

    let plain = pcap(&recorded);
    let pcapng = std::fs::read(&capture).expect("read");
    let wrapped = [
        write("plain.pcap", &plain),
        write("anew.pcapng", &anew(&recorded)),
        // The name says nothing: content does.
        write("pcap-gzip", &gzip(&plain)),
        write("pcapng.gz", &gzip(&pcapng)),
        write("pcap.zst", &zstd::encode_all(plain.as_slice(), 3).expect("compressed")),
        write("pcapng-zstd", &zstd::encode_all(pcapng.as_slice(), 3).expect("compressed")),
    ];
    for path in &wrapped {
        assert_eq!(rest(messages(&keys, &[path]), &["capture"]), expected, "{}", path.display());
        let input = File::open(path).expect("open");
        let piped = rest(messages_from(&keys, &[Path::new("-")], input), &["capture"]);
        assert_eq!(piped, expected, "{} from standard input", path.display());
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("compressed");
    encoder.finish().expect("compressed")
}

fn anew(packets: &[Packet]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = PcapngWriter::new(&mut bytes, "test", "test").expect("written");
    let link = packets.first().expect("a packet").link;
    let interface = writer.interface(LinkType(link), 262_144, "", "").expect("written");
    for packet in packets {
        let time = Time(packet.nanoseconds);
        writer.packet(interface, time, packet.wire_len, &packet.data, &[]).expect("written");
    }
    bytes
}

#[test]
fn first_session() {
    held("teashop");
}

#[test]
fn second_session() {
    held("aftersales");
}
