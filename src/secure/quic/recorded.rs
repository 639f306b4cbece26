//! What `tests/record-quic.py` recorded must yield: the words that it tells the client
//! to send, and the server's answer, which is the same bytes backwards.

use std::path::{Path, PathBuf};

use super::Version;
use crate::evidence::{Direction, GapReason};
use crate::secure::KeyLog;
use crate::secure::quic::Outcome;
use crate::secure::replay::{ReplayedQuic, keys, quic_streams, segments};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/quic").join(name)
}

fn keys_of(name: &str) -> KeyLog {
    keys(&path(&format!("{name}.keys")))
}

fn replay(name: &str, keys: KeyLog) -> ReplayedQuic {
    let mut connections = quic_streams(&path(&format!("{name}.pcap")), keys, &|_| true);
    assert_eq!(connections.len(), 1, "{name}");
    connections.remove(0)
}

/// Numbers of the streams that were asked and answered, by what stands in them.
fn asked(replayed: &ReplayedQuic, restart: u32, name: &str) -> Vec<u64> {
    let sent = replayed.streams.iter().filter(|((of, _, sent), _)| *of == restart && *sent);
    let mut numbers: Vec<u64> = sent
        .map(|((_, id, _), sent)| {
            let text = String::from_utf8_lossy(sent);
            let line = text.lines().next().unwrap_or_default();
            let number = line.strip_prefix(&format!("words of {name} stream ")).unwrap_or_else(|| panic!("{line}"));
            assert!(text.lines().skip(1).all(|line| line == "filling"), "{name}");
            let answer: Vec<u8> = sent.iter().rev().copied().collect();
            assert!(replayed.streams.get(&(restart, *id, false)) == Some(&answer), "{name} stream {id}");
            number.parse().unwrap()
        })
        .collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn every_cipher_and_version_is_opened() {
    for (name, suite, version) in [
        ("v1-aes128", "TLS_AES_128_GCM_SHA256", Version::V1),
        ("v1-aes256", "TLS_AES_256_GCM_SHA384", Version::V1),
        ("v1-chacha20", "TLS_CHACHA20_POLY1305_SHA256", Version::V1),
        ("v2", "TLS_AES_256_GCM_SHA384", Version::V2),
        ("v1-to-v2", "TLS_AES_256_GCM_SHA384", Version::V2),
        ("retry", "TLS_AES_256_GCM_SHA384", Version::V1),
    ] {
        let replayed = replay(name, keys_of(name));
        let connection = &replayed.connection;
        assert_eq!(connection.outcome(), Outcome::Open, "{name}");
        assert_eq!(connection.version(), Some(version), "{name}");
        let facts = connection.facts();
        assert_eq!(facts.cipher.map(|suite| suite.to_string()).as_deref(), Some(suite), "{name}");
        assert_eq!(facts.sni.as_deref(), Some("quic.example.com"));
        assert_eq!((facts.alpn.as_deref(), facts.alpn_offered.as_slice()), (Some("words"), &["words".to_owned()][..]));
        assert_eq!(facts.certificate_names, ["quic.example.com"]);
        assert_eq!(facts.issuer.as_deref(), Some("O=Fixture, CN=quic.example.com"));
        assert_eq!(asked(&replayed, 0, name), [0, 1, 2, 3]);
        assert_eq!(replayed.gaps, [], "{name}");
        for direction in [Direction::Sent, Direction::Received] {
            assert_eq!(connection.sealed_bytes(direction), 0, "{name}");
        }
    }
}

#[test]
fn key_updates_and_new_connection_ids_are_followed() {
    for name in ["key-update", "key-update-v2", "connection-ids"] {
        let replayed = replay(name, keys_of(name));
        assert_eq!(asked(&replayed, 0, name), [0, 1, 2, 3]);
        assert_eq!(replayed.gaps, [], "{name}");
        assert_eq!(replayed.connection.sealed_bytes(Direction::Sent), 0, "{name}");
        assert_eq!(replayed.connection.sealed_bytes(Direction::Received), 0, "{name}");
    }
}

/// Both connections come from the same port: the second one resumes the first, with data
/// before the handshake.
#[test]
fn early_data_is_opened_and_a_second_connection_is_told() {
    let replayed = replay("zero-rtt", keys_of("zero-rtt"));
    assert_eq!(asked(&replayed, 0, "zero-rtt"), [0, 1, 2, 3]);
    assert_eq!(asked(&replayed, 1, "zero-rtt resumed"), [0, 1, 2, 3]);
    assert!(replayed.connection.facts().resumed);
    assert_eq!(replayed.connection.sealed_bytes(Direction::Sent), 0);
    // Without the early secret these packets stay closed, and what was sent again is read.
    let text = std::fs::read_to_string(path("zero-rtt.keys")).unwrap();
    let text: String = text.lines().filter(|line| !line.contains("EARLY")).map(|line| line.to_owned() + "\n").collect();
    let mut keys = KeyLog::new();
    keys.parse(text.as_bytes(), "");
    let replayed = replay("zero-rtt", keys);
    assert_eq!(replayed.connection.outcome(), Outcome::Open);
    assert!(replayed.connection.sealed_bytes(Direction::Sent) > 0);
}

#[test]
fn datagrams_belong_to_no_stream() {
    let replayed = replay("datagram", keys_of("datagram"));
    assert_eq!(replayed.datagrams, [b"datagram of datagram"]);
    assert_eq!(asked(&replayed, 0, "datagram"), [0]);
}

#[test]
fn without_keys_and_with_wrong_ones_the_reason_is_said() {
    for name in ["v1-aes128", "v2", "retry", "v1-to-v2"] {
        let replayed = replay(name, KeyLog::new());
        assert_eq!(replayed.connection.outcome(), Outcome::Closed(GapReason::QuicNoKey), "{name}");
        assert_eq!(replayed.connection.facts().sni.as_deref(), Some("quic.example.com"));
        assert!(replayed.streams.is_empty());
        assert!(replayed.connection.sealed_bytes(Direction::Sent) > 10_000, "{name}");
        let text = std::fs::read_to_string(path(&format!("{name}.keys"))).unwrap();
        let wrong: String = text
            .lines()
            .map(|line| format!("{}{}\n", &line[..line.len() - 1], if line.ends_with('0') { '1' } else { '0' }))
            .collect();
        let mut keys = KeyLog::new();
        keys.parse(wrong.as_bytes(), "wrong");
        let replayed = replay(name, keys.clone());
        assert_eq!(replayed.connection.outcome(), Outcome::Closed(GapReason::KeyDoesNotFit), "{name}");
        // With the right ones after them, the tag decides.
        assert!(keys.parse(text.as_bytes(), "right").conflicts > 0);
        assert_eq!(asked(&replay(name, keys), 0, name), [0, 1, 2, 3]);
    }
}

/// Any one packet is lost: what comes out is what was said, less what is missing, and
/// only the client's hello cannot be done without.
#[test]
fn any_packet_may_be_missing() {
    for name in ["v1-aes128", "key-update", "retry"] {
        let file = path(&format!("{name}.pcap"));
        let whole = replay(name, keys_of(name));
        let mut count = 0;
        segments(&file, &|_| true, &mut |_, segment| count = segment.frame);
        let mut opened = 0;
        for lost in 1..=count {
            let connections = quic_streams(&file, keys_of(name), &|frame| frame != lost);
            let replayed = &connections[0];
            for (key, bytes) in &replayed.streams {
                let of_stream = |(id, direction, _): &&(u64, Direction, u64)| {
                    *id == key.1 && (*direction == Direction::Sent) == key.2
                };
                let missing: u64 = replayed.gaps.iter().filter(of_stream).map(|(.., length)| length).sum();
                let whole = whole.streams.get(key).unwrap_or_else(|| panic!("{name} without {lost}: {key:?}"));
                assert!(bytes.len() as u64 + missing <= whole.len() as u64, "{name} without {lost}");
                assert!(missing > 0 || whole.starts_with(bytes), "{name} without {lost}");
            }
            opened += u64::from(replayed.connection.outcome() == Outcome::Open);
        }
        assert!(opened + 4 >= count, "{name}: {opened} of {count}");
    }
}

/// Whatever the bytes, there is no harm.
#[test]
fn damage_does_no_harm() {
    let file = path("key-update.pcap");
    let keys = std::sync::Arc::new(keys_of("key-update"));
    let mut datagrams = Vec::new();
    segments(&file, &|_| true, &mut |assigned, segment| datagrams.push((assigned.direction, segment.payload.to_vec())));
    for step in 0..400_usize {
        let mut connection = super::Connection::new(keys.clone());
        for (index, (direction, bytes)) in datagrams.iter().enumerate() {
            let mut bytes = bytes.clone();
            let at = (step * 7919 + index * 31) % bytes.len();
            if (index + step).is_multiple_of(3) {
                bytes[at] ^= 1 << (step % 8);
            } else if (index + step).is_multiple_of(5) {
                bytes.truncate(at);
            }
            connection.datagram(*direction, &bytes, crate::evidence::Time(1), &[1], &mut |_| {});
        }
        connection.finish(&mut |_| {});
    }
}
