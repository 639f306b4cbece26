//! What `tests/record-tls.sh` recorded must yield: the words that it tells the client to say.

use std::path::Path;

use crate::evidence::{Direction, GapReason, Time};
use crate::net::Chunk;
use crate::secure::KeyLog;
use crate::secure::replay::{Replayed, fixtures, keys, tls_streams};
use crate::secure::tls::{Outcome, Session};

fn keys_of(name: &str) -> KeyLog {
    keys(&fixtures().join(format!("{name}.keys")))
}

fn replay(name: &str) -> Vec<Replayed> {
    tls_streams(&fixtures().join(format!("{name}.pcap")), keys_of(name), &|_| true)
}

fn without_keys(name: &str) -> Vec<Replayed> {
    tls_streams(&fixtures().join(format!("{name}.pcap")), KeyLog::new(), &|_| true)
}

/// What the client said, and what `s_server -rev` answered: each line backwards.
fn words(name: &str) -> (String, String) {
    let sent = format!("first words of {name}\nlast words of {name}\n");
    let received = sent.lines().map(|line| line.chars().rev().collect::<String>() + "\n").collect();
    (sent, received)
}

fn assert_opened(stream: &Replayed, name: &str) {
    let (sent, received) = words(name);
    assert_eq!(stream.session.outcome(), Outcome::Open, "{name}");
    assert_eq!(stream.sent_text(), sent, "{name}");
    assert_eq!(String::from_utf8_lossy(&stream.received), received, "{name}");
    assert_eq!(stream.gaps, [], "{name}");
    assert_eq!(stream.ends.len(), 2, "{name}");
    for direction in [Direction::Sent, Direction::Received] {
        assert_eq!(stream.session.sealed_bytes(direction), 0, "{name}");
    }
}

/// Version, suite and ALPN that each case asks for; the names are those of its certificate.
#[test]
fn every_cipher_of_both_versions_is_opened() {
    for (name, version, cipher) in [
        ("tls12-aes128gcm", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
        ("tls12-aes256gcm", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        ("tls12-chacha20", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
        ("tls13-aes128gcm", "TLS 1.3", "TLS_AES_128_GCM_SHA256"),
        ("tls13-aes256gcm", "TLS 1.3", "TLS_AES_256_GCM_SHA384"),
        ("tls13-chacha20", "TLS 1.3", "TLS_CHACHA20_POLY1305_SHA256"),
    ] {
        let streams = replay(name);
        assert_eq!(streams.len(), 1);
        let stream = &streams[0];
        assert_opened(stream, name);
        let facts = stream.session.facts();
        assert_eq!(facts.version.map(|version| version.to_string()).as_deref(), Some(version));
        assert_eq!(facts.cipher.map(|cipher| cipher.to_string()).as_deref(), Some(cipher));
        assert_eq!(facts.sni.as_deref(), Some("api.example.com"));
        assert_eq!(facts.alpn_offered, ["h2", "http/1.1"]);
        assert_eq!(facts.alpn.as_deref(), Some("http/1.1"));
        assert_eq!(facts.certificate_names, ["api.example.com", "*.cdn.example.com"]);
        assert_eq!(facts.issuer.as_deref(), Some("O=Fixture, CN=api.example.com"));
        assert!(!facts.resumed && !facts.ech);
    }
}

#[test]
fn retry_padding_and_small_records_change_nothing() {
    for name in ["tls13-retry", "tls13-padded", "tls12-max-fragment"] {
        let streams = replay(name);
        assert_eq!(streams.len(), 1);
        assert_opened(&streams[0], name);
    }
}

#[test]
fn key_updates_of_both_directions_are_followed() {
    let streams = replay("tls13-key-update");
    let sent = "first words of tls13-key-update\nsecond words of tls13-key-update\nlast words of tls13-key-update\n";
    assert_eq!(streams[0].sent_text(), sent);
    assert_eq!((streams[0].session.outcome(), streams[0].gaps.len()), (Outcome::Open, 0));
    assert_eq!(streams[0].received.len(), sent.len());
}

#[test]
fn resumed_sessions_are_opened_with_their_own_secrets() {
    for name in ["tls12-ticket", "tls12-session-id", "tls13-ticket"] {
        let streams = replay(name);
        assert_eq!(streams.len(), 2, "{name}");
        for (index, stream) in streams.iter().enumerate() {
            assert_eq!(stream.session.facts().resumed, index == 1, "{name}");
            assert_eq!((stream.session.outcome(), stream.gaps.len()), (Outcome::Open, 0), "{name}");
        }
        assert_eq!(streams[0].sent_text(), words(name).0);
        assert_eq!(streams[1].sent_text(), words(&format!("resumed {name}")).0);
    }
}

/// Some libraries log the master secret only where it is agreed, under the random of
/// the first connection: the log is cut down to that.
#[test]
fn a_resumed_session_of_tls_1_2_is_opened_with_the_secret_of_the_first_one() {
    for name in ["tls12-ticket", "tls12-session-id"] {
        let path = fixtures().join(format!("{name}.pcap"));
        let text = std::fs::read_to_string(fixtures().join(format!("{name}.keys"))).unwrap();
        let first = text.lines().find(|line| line.starts_with("CLIENT_RANDOM")).unwrap();
        let mut keys = KeyLog::new();
        keys.parse(first.as_bytes(), name);
        let streams = tls_streams(&path, keys, &|_| true);
        assert_eq!(streams[1].session.outcome(), Outcome::Open, "{name}");
        assert_eq!(streams[1].sent_text(), words(&format!("resumed {name}")).0);
        // Other connections are in the log, and not the one that is resumed: said to be so.
        let streams = tls_streams(&path, keys_of("tls12-aes128gcm"), &|_| true);
        assert_eq!(streams[0].session.outcome(), Outcome::Closed(GapReason::NoKey), "{name}");
        assert_eq!(streams[1].session.outcome(), Outcome::Closed(GapReason::ResumedWithoutSecret), "{name}");
        assert_eq!(without_keys(name)[1].session.outcome(), Outcome::Closed(GapReason::NoKey), "{name}");
    }
}

#[test]
fn early_data_comes_before_the_rest() {
    let streams = replay("tls13-early");
    assert_eq!(streams.len(), 2);
    assert_eq!(streams[0].sent_text(), words("tls13-early").0);
    let early = "early words of tls13-early\n".to_owned() + &words("resumed tls13-early").0;
    assert_eq!(streams[1].sent_text(), early);
    assert_eq!((streams[1].session.outcome(), streams[1].gaps.len()), (Outcome::Open, 0));
}

/// Without the early secret the early data stays closed, and nothing else.
#[test]
fn early_data_without_its_secret_is_a_gap() {
    let text = std::fs::read_to_string(fixtures().join("tls13-early.keys")).unwrap();
    let text: String = text.lines().filter(|line| !line.contains("EARLY")).map(|line| line.to_owned() + "\n").collect();
    let mut keys = KeyLog::new();
    keys.parse(text.as_bytes(), "");
    let streams = tls_streams(&fixtures().join("tls13-early.pcap"), keys, &|_| true);
    assert_eq!(streams[1].sent_text(), words("resumed tls13-early").0);
    assert_eq!(streams[1].session.outcome(), Outcome::Open);
    // One record: the words, a byte of type, a tag; and the tag of what ends it, with a message of four bytes.
    let early = "early words of tls13-early\n".len() as u64 + 17;
    assert_eq!(streams[1].gaps.iter().map(|(_, length)| length).sum::<u64>(), early + 4 + 17);
    assert_eq!(streams[1].session.direction_closed(Direction::Sent), Some(GapReason::NoKey));
}

#[test]
fn a_renegotiation_ends_in_new_keys() {
    let streams = replay("tls12-renegotiation");
    assert_eq!(streams[0].sent_text(), words("tls12-renegotiation").0);
    assert_eq!((streams[0].session.outcome(), streams[0].gaps.len()), (Outcome::Open, 0));
}

#[test]
fn without_keys_names_are_still_known_and_the_reason_is_said() {
    for (name, names) in [("tls12-aes128gcm", 2), ("tls13-aes128gcm", 0), ("tls13-retry", 0)] {
        let streams = without_keys(name);
        let session = &streams[0].session;
        assert_eq!(session.outcome(), Outcome::Closed(GapReason::NoKey), "{name}");
        assert_eq!(session.facts().sni.as_deref(), Some("api.example.com"));
        assert_eq!(session.facts().certificate_names.len(), names, "{name}");
        assert_eq!((streams[0].sent.len(), streams[0].received.len()), (0, 0));
        let gaps: u64 = streams[0].gaps.iter().map(|(_, length)| length).sum();
        let sealed = session.sealed_bytes(Direction::Sent) + session.sealed_bytes(Direction::Received);
        assert!(gaps == sealed && sealed > words(name).0.len() as u64 * 2, "{name}: {gaps} {sealed}");
    }
}

#[test]
fn the_secrets_of_another_connection_do_not_fit() {
    for (name, label) in [("tls12-aes128gcm", "CLIENT_RANDOM"), ("tls13-chacha20", "_SECRET")] {
        let text = std::fs::read_to_string(fixtures().join(format!("{name}.keys"))).unwrap();
        // The last digit of each secret is another one.
        let wrong: String = text
            .lines()
            .filter(|line| line.contains(label))
            .map(|line| format!("{}{}\n", &line[..line.len() - 1], if line.ends_with('0') { '1' } else { '0' }))
            .collect();
        let path = fixtures().join(format!("{name}.pcap"));
        let mut keys = KeyLog::new();
        keys.parse(wrong.as_bytes(), "wrong");
        let streams = tls_streams(&path, keys.clone(), &|_| true);
        assert_eq!(streams[0].session.outcome(), Outcome::Closed(GapReason::KeyDoesNotFit), "{name}");
        // With the right ones after them, the tag decides.
        assert!(keys.parse(text.as_bytes(), "right").conflicts > 0);
        assert_opened(&tls_streams(&path, keys, &|_| true)[0], name);
    }
}

#[test]
fn a_client_that_refuses_the_certificate_is_told_with_and_without_keys() {
    for name in ["tls12-refused", "tls13-refused", "tls13-left"] {
        for streams in [replay(name), without_keys(name)] {
            assert_eq!(streams.len(), 1, "{name}");
            assert_eq!(streams[0].session.outcome(), Outcome::Closed(GapReason::Pinned), "{name}");
        }
    }
}

/// A log that lacks the secret of one direction: that is the reason, nothing was lost.
#[test]
fn one_direction_without_its_secret() {
    let text = std::fs::read_to_string(fixtures().join("tls13-aes128gcm.keys")).unwrap();
    for (label, direction) in
        [("CLIENT_TRAFFIC_SECRET_0", Direction::Sent), ("SERVER_TRAFFIC_SECRET_0", Direction::Received)]
    {
        let rest: String = text.lines().filter(|line| !line.starts_with(label)).flat_map(|line| [line, "\n"]).collect();
        let mut keys = KeyLog::new();
        keys.parse(rest.as_bytes(), "keys.log");
        let stream = &tls_streams(&fixtures().join("tls13-aes128gcm.pcap"), keys, &|_| true)[0];
        assert_eq!(stream.session.outcome(), Outcome::Open, "{label}");
        assert!(stream.session.sealed_bytes(direction) > 0, "{label}");
        assert_eq!(stream.session.direction_closed(direction), Some(GapReason::NoKey), "{label}");
        assert_eq!(stream.session.direction_closed(direction.reverse()), None, "{label}");
    }
}

/// RSA key exchange: closed without anything, open with the secret, and with the private key alone.
#[test]
fn a_private_key_opens_rsa_key_exchange() {
    let path = fixtures().join("tls12-rsa.pcap");
    assert_eq!(without_keys("tls12-rsa")[0].session.outcome(), Outcome::Closed(GapReason::NoKey));
    let mut keys = KeyLog::new();
    crate::secure::pem::add(&mut keys, &std::fs::read(fixtures().join("rsa.key")).unwrap(), "rsa.key");
    assert_opened(&tls_streams(&path, keys.clone(), &|_| true)[0], "tls12-rsa");
    assert_opened(&replay("tls12-rsa")[0], "tls12-rsa");
    // It is no key to a stream of another server, or with another key exchange.
    let path = fixtures().join("tls12-aes128gcm.pcap");
    assert_eq!(tls_streams(&path, keys, &|_| true)[0].session.outcome(), Outcome::Closed(GapReason::NoKey));
    assert_opened(&replay("tls12-cbc")[0], "tls12-cbc");
}

/// Any one packet is lost: the streams are read on after it, or their reason says why
/// not, and nothing is made up: what comes out is what was said, less what is missing.
#[test]
fn any_packet_may_be_missing() {
    for name in ["tls12-aes128gcm", "tls12-chacha20", "tls13-aes256gcm", "tls13-key-update"] {
        let path = fixtures().join(format!("{name}.pcap"));
        let keys = keys_of(name);
        let whole = &tls_streams(&path, keys.clone(), &|_| true)[0];
        let lines: Vec<&str> = std::str::from_utf8(&whole.sent).unwrap().split_inclusive('\n').collect();
        let mut opened = 0;
        let count = frame_count(&path);
        for lost in 1..=count {
            for stream in tls_streams(&path, keys.clone(), &|frame| frame != lost) {
                let sent = stream.sent_text();
                assert!(sent.split_inclusive('\n').all(|line| lines.contains(&line)), "{name} without {lost}: {sent}");
                if matches!(stream.session.outcome(), Outcome::Open) && sent.lines().count() + 1 >= lines.len() {
                    opened += 1;
                }
            }
        }
        // All but the two hellos can be done without.
        assert!(opened + 3 >= count, "{name}: {opened} of {count}");
    }
}

fn frame_count(path: &Path) -> u64 {
    let mut frames = 0;
    crate::secure::replay::segments(path, &|_| true, &mut |_, segment| frames = segment.frame);
    frames
}

/// Whatever the first packet, there is no harm, and what is closed says why.
#[test]
fn a_capture_may_start_anywhere() {
    let path = fixtures().join("tls13-aes128gcm.pcap");
    let keys = keys_of("tls13-aes128gcm");
    for first in 2..=frame_count(&path) {
        for stream in tls_streams(&path, keys.clone(), &|frame| frame >= first) {
            let sealed = [Direction::Sent, Direction::Received].map(|direction| stream.session.sealed_bytes(direction));
            if sealed != [0, 0] && stream.session.outcome() != Outcome::Open {
                let expected = [GapReason::StartedBeforeCapture, GapReason::LostPackets];
                let reason = stream.session.outcome();
                assert!(expected.iter().any(|known| reason == Outcome::Closed(*known)), "from {first}: {reason:?}");
            }
        }
    }
}

/// RFC 8448 §3, the hellos and the client's first record of application data; the log
/// has its secret only, so that nothing of the handshake can be opened.
#[test]
fn application_data_of_rfc_8448_without_the_handshake_keys() {
    let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    let client_hello = hex(
        "16030100c4010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece700000613011303130201\
         0000910000000b0009000006736572766572ff01000100000a00140012001d0017001800190100010101020103010400230000003300\
         260024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c002b0003020304000d0020001e0403\
         05030603020308040805080604010501060102010402050206020202002d00020101001c00024001",
    );
    let server_hello = hex(
        "160303005a020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e0033002400\
         1d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304",
    );
    let data = hex(
        "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a62\
         92a2977014bd1e3deae63aeebb21694915e4",
    );
    let mut keys = KeyLog::new();
    let log = "CLIENT_TRAFFIC_SECRET_0 cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7 \
               9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
    assert_eq!(keys.parse(log.as_bytes(), "RFC 8448").used, 1);
    let mut replayed = Replayed::new(&std::sync::Arc::new(keys));
    for (direction, bytes) in
        [(Direction::Sent, &client_hello), (Direction::Received, &server_hello), (Direction::Sent, &data)]
    {
        replayed.push(direction, Chunk::Data { bytes, time: Time(0), frames: &[1], conflict: false });
    }
    assert_eq!(replayed.sent, (0..50).collect::<Vec<u8>>());
    assert_eq!(replayed.session.facts().sni.as_deref(), Some("server"));
    assert_eq!(replayed.session.outcome(), Outcome::Open);
}

/// The server's packets come late, all of them: what the client said waits for them.
#[test]
fn the_servers_direction_may_be_late() {
    for name in ["tls12-aes128gcm", "tls13-aes128gcm", "tls13-early", "tls13-retry"] {
        let keys = std::sync::Arc::new(keys_of(name));
        let chunks = raw_chunks(&fixtures().join(format!("{name}.pcap")));
        let mut replayed = Replayed::new(&keys);
        for late in [Direction::Sent, Direction::Received] {
            for (direction, bytes) in chunks.iter().filter(|(direction, _)| *direction == late) {
                replayed.push(*direction, Chunk::Data { bytes, time: Time(0), frames: &[1], conflict: false });
            }
            replayed.push(late, Chunk::End { reset: false, time: Time(0), frame: 9 });
        }
        assert_eq!(replayed.sent_text(), words(name).0, "{name}");
        assert_eq!((replayed.session.outcome(), replayed.gaps.len(), replayed.ends.len()), (Outcome::Open, 0, 2));
    }
}

#[test]
fn one_direction_alone_is_closed_and_tells_what_it_has() {
    for (name, only, sni, names) in [
        ("tls13-aes128gcm", Direction::Sent, Some("api.example.com"), 0),
        ("tls12-aes128gcm", Direction::Received, None, 2),
    ] {
        let mut replayed = Replayed::new(&std::sync::Arc::new(keys_of(name)));
        for (direction, bytes) in raw_chunks(&fixtures().join(format!("{name}.pcap"))) {
            if direction == only {
                replayed.push(direction, Chunk::Data { bytes: &bytes, time: Time(1), frames: &[1], conflict: false });
            }
        }
        for direction in [Direction::Sent, Direction::Received] {
            replayed.push(direction, Chunk::End { reset: false, time: Time(1), frame: 0 });
        }
        assert_eq!(replayed.session.outcome(), Outcome::Closed(GapReason::LostPackets), "{name}");
        assert_eq!(replayed.session.facts().sni.as_deref(), sni);
        assert_eq!(replayed.session.facts().certificate_names.len(), names);
        assert!(replayed.gaps.iter().map(|(_, length)| length).sum::<u64>() > 100);
    }
}

/// A short snap length, or a lost packet: the name is known where its extension came whole, and never a part of it.
#[test]
fn a_cut_hello_says_whom_it_asks() {
    let chunks = raw_chunks(&fixtures().join("tls13-aes128gcm.pcap"));
    let (direction, hello) = chunks.first().unwrap();
    assert_eq!(*direction, Direction::Sent);
    let mut whole = Replayed::new(&std::sync::Arc::new(KeyLog::new()));
    whole.push(*direction, Chunk::Data { bytes: hello, time: Time(1), frames: &[1], conflict: false });
    let name = whole.session.facts().sni.clone().unwrap();
    let at = memchr::memmem::find(hello, name.as_bytes()).unwrap();
    for end in 1..hello.len() {
        let mut cut = Replayed::new(&std::sync::Arc::new(KeyLog::new()));
        cut.push(*direction, Chunk::Data { bytes: &hello[..end], time: Time(1), frames: &[1], conflict: false });
        let length = (hello.len() - end) as u64;
        cut.push(*direction, Chunk::Gap { length, time: Time(1), reason: GapReason::Truncated });
        assert_eq!(cut.session.outcome(), Outcome::Closed(GapReason::Truncated));
        let known = Some(&name).filter(|name| end >= at + name.len());
        assert_eq!(cut.session.facts().sni.as_ref(), known, "{end}");
    }
}

#[test]
fn the_middle_of_a_download_started_before_the_capture() {
    let mut session = Session::new(std::sync::Arc::new(KeyLog::new()));
    let record = [&[23, 3, 3, 0, 40][..], &[7; 40]].concat();
    let chunk = Chunk::Data { bytes: &record, time: Time(1), frames: &[1], conflict: false };
    let mut hidden = 0;
    for _ in 0..2 {
        session.push(Direction::Received, chunk, &mut |_, chunk| match chunk {
            Chunk::Gap { length, .. } => hidden += length,
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(session.outcome(), Outcome::Closed(GapReason::StartedBeforeCapture));
    assert!(hidden >= 80);
}

/// A simple generator (xorshift, Marsaglia 2003): the same damage at each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

/// Bytes of both directions, damaged and cut into chunks at random, with holes: no
/// panic, both ends handed on, and only what was said comes out.
#[test]
fn damage_does_no_harm() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for name in
        ["tls12-aes128gcm", "tls13-aes128gcm", "tls13-early", "tls12-session-id", "tls12-renegotiation", "tls13-retry"]
    {
        let keys = std::sync::Arc::new(keys_of(name));
        let chunks = raw_chunks(&fixtures().join(format!("{name}.pcap")));
        let whole = replay(name);
        for _ in 0..50 {
            let mut replayed = Replayed::new(&keys);
            for (direction, bytes) in &chunks {
                let mut bytes = bytes.clone();
                match dice.roll(8) {
                    0 => {
                        let at = dice.roll(bytes.len());
                        bytes[at] ^= 1 << dice.roll(8);
                    }
                    1 => bytes.truncate(dice.roll(bytes.len())),
                    2 => {
                        let length = [0, 1, bytes.len() as u64, 100_000][dice.roll(4)];
                        replayed.push(*direction, Chunk::Gap { length, time: Time(0), reason: GapReason::LostPackets });
                    }
                    _ => {}
                }
                let cut = dice.roll(bytes.len() + 1);
                for part in [&bytes[..cut], &bytes[cut..]] {
                    let chunk = Chunk::Data { bytes: part, time: Time(0), frames: &[1], conflict: false };
                    replayed.push(*direction, chunk);
                }
            }
            for direction in [Direction::Sent, Direction::Received] {
                replayed.push(direction, Chunk::End { reset: false, time: Time(0), frame: 0 });
            }
            assert_eq!(replayed.ends.len(), 2, "{name}");
            let said: String = whole.iter().map(Replayed::sent_text).collect();
            for line in replayed.sent_text().split_inclusive('\n') {
                assert!(said.contains(line), "{name}: {line}");
            }
        }
    }
}

/// Payloads of the first stream as they were captured.
fn raw_chunks(path: &Path) -> Vec<(Direction, Vec<u8>)> {
    let mut chunks = Vec::new();
    crate::secure::replay::segments(path, &|_| true, &mut |assigned, segment| {
        if assigned.id.number == 0 && !segment.payload.is_empty() {
            chunks.push((assigned.direction, segment.payload.to_vec()));
        }
    });
    chunks
}
