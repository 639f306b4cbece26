use super::*;
use crate::capture::{Record as CaptureRecord, Source};
use crate::evidence::Gaps;
use crate::net::{Numbering, Slicer};

/// The datagrams of a recording of `tests/record-dtls.sh`.
fn datagrams(name: &str) -> Vec<(Direction, Vec<u8>)> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/dtls/{name}.pcap"));
    let source = Source::open(&path).unwrap();
    let mut packets = source.packets(0).unwrap();
    let (mut slicer, mut numbering, mut gaps) = (Slicer::new(), Numbering::new(), Gaps::default());
    let mut found = Vec::new();
    while let Some(record) = packets.next() {
        let CaptureRecord::Packet(packet) = record else { continue };
        let Some(segment) = slicer.slice(&packet, &mut gaps) else { continue };
        found.push((numbering.assign(&segment).direction, segment.payload.to_vec()));
    }
    found
}

fn read<'a>(datagrams: impl IntoIterator<Item = &'a (Direction, Vec<u8>)>) -> Association {
    let mut association = Association::default();
    for (direction, bytes) in datagrams {
        association.datagram(*direction, bytes);
    }
    association
}

const RECORDED: [(&str, &str, &str); 3] =
    [("dtls10", "DTLS 1.0", "http/1.1"), ("dtls12", "DTLS 1.2", "http/1.1"), ("dtls12-fragments", "DTLS 1.2", "h2")];

/// As told in the script: the names asked for and certified, and the server's first choice.
#[test]
fn the_hellos_of_openssl() {
    for (name, version, alpn) in RECORDED {
        let datagrams = datagrams(name);
        assert!(datagrams.iter().all(|(_, bytes)| looks_like_dtls(bytes)), "{name}");
        // In order, backwards, and each twice.
        let twice = datagrams.iter().flat_map(|datagram| [datagram, datagram]);
        for association in [read(&datagrams), read(datagrams.iter().rev()), read(twice)] {
            let facts = association.facts();
            assert_eq!(facts.sni.as_deref(), Some("api.example.com"), "{name}");
            assert_eq!(facts.alpn.as_deref(), Some(alpn), "{name}");
            assert_eq!(facts.version.map(|version| version.to_string()).as_deref(), Some(version), "{name}");
            assert_eq!(facts.certificate_names, ["api.example.com", "*.cdn.example.com"], "{name}");
            assert_eq!(association.reason(&KeyLog::new()), GapReason::NoKey);
        }
    }
}

#[test]
fn why_it_stays_closed() {
    let datagrams = datagrams("dtls12");
    let middle = read(datagrams.iter().skip(10));
    assert_eq!(middle.reason(&KeyLog::new()), GapReason::StartedBeforeCapture);
    let association = read(&datagrams);
    let random = data_encoding::HEXLOWER.encode(&association.facts().client_random.unwrap());
    let mut keys = KeyLog::new();
    keys.parse(format!("CLIENT_RANDOM {random} {}", "aa".repeat(48)).as_bytes(), "keys");
    assert_eq!(association.reason(&keys), GapReason::UnsupportedCipher);
}

#[test]
fn what_is_cut_or_made_up_does_no_harm() {
    for (_, bytes) in datagrams("dtls12-fragments") {
        for length in 0..bytes.len() {
            assert!(!looks_like_dtls(&bytes[..length]) || length > RECORD_HEADER);
            read(&[(Direction::Sent, bytes[..length].to_vec())]);
        }
    }
    // Fragments of ever other messages, one byte each, that never end.
    let mut association = Association::default();
    for sequence in 0..2000u16 {
        let [high, low] = sequence.to_be_bytes();
        let fragment = [&[1, 1, 0xff, 0xff, high, low, 0, high, low, 0, 0, 1, 7][..]].concat();
        let record = [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13][..], &fragment].concat();
        association.datagram(Direction::Sent, &record);
    }
    assert!(association.sent.partial.len() <= PARTIAL_LIMIT);
}
