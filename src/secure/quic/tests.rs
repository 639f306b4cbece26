//! The examples of RFC 9001 and RFC 9369, Appendix A, and what real clients do with theirs.

use std::path::Path;

use super::protection::InitialKeys;
use super::*;

fn take(connection: &mut Connection, direction: Direction, datagram: &[u8]) {
    connection.datagram(direction, datagram, Time(1), &[1], &mut |item| panic!("{item:?}"));
}

/// The client's and the server's packet of an RFC's example.
fn packets(name: &str) -> [Vec<u8>; 2] {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/quic").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    [(); 2].map(|()| data_encoding::HEXLOWER.decode(lines.next().unwrap().as_bytes()).unwrap())
}

/// Appendix A of both: the client asks for example.com, the server answers with
/// TLS_AES_128_GCM_SHA256.
#[test]
fn the_examples_of_both_versions_are_opened() {
    for (name, version) in [("rfc9001.hex", Version::V1), ("rfc9369.hex", Version::V2)] {
        let [client, server] = packets(name);
        assert!(looks_like_quic(&client) && looks_like_quic(&server));
        let mut connection = Connection::default();
        take(&mut connection, Direction::Sent, &client);
        assert_eq!(connection.facts().sni.as_deref(), Some("example.com"));
        assert_eq!(connection.facts().alpn_offered, ["alpn"]);
        assert_eq!(connection.version(), Some(version));
        take(&mut connection, Direction::Received, &server);
        assert_eq!(connection.facts().cipher.map(|suite| suite.to_string()).as_deref(), Some("TLS_AES_128_GCM_SHA256"));
        assert_eq!(connection.outcome(), Outcome::Handshaking);
        // Anything with a short header is protected with keys that only a log has.
        take(&mut connection, Direction::Sent, &[0x41; 40]);
        assert_eq!(connection.outcome(), Outcome::Closed(GapReason::QuicNoKey));
    }
}

/// `versions.hex`: the example of RFC 9001 as drafts, Meta and Google sealed theirs, and under numbers of no version.
#[test]
fn clients_of_earlier_versions_say_whom_they_ask() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/quic/versions.hex");
    let text = std::fs::read_to_string(path).unwrap();
    let mut versions = 0;
    for (version, packet) in text.lines().filter_map(|line| line.split_once(' ').filter(|_| !line.starts_with('#'))) {
        let version = Version(u32::from_str_radix(version, 16).unwrap());
        let packet = data_encoding::HEXLOWER.decode(packet.as_bytes()).unwrap();
        assert!(looks_like_quic(&packet), "{version}");
        let mut connection = Connection::default();
        take(&mut connection, Direction::Sent, &packet);
        assert_eq!(connection.facts().sni.as_deref(), Some("example.com"), "{version}");
        assert_eq!(connection.version(), Some(version));
        take(&mut connection, Direction::Sent, &[0x41; 40]);
        assert_eq!(connection.outcome(), Outcome::Closed(GapReason::QuicNoKey));
        versions += 1;
    }
    assert_eq!(versions, 18);
}

/// A number of no version, sealed in a way that is not known; and a version of which the salt is none of those.
#[test]
fn what_opens_with_no_salt_is_of_a_foreign_version() {
    let [mut packet, _] = packets("rfc9001.hex");
    for version in [0x0a0a_0a0a_u32, 0x5130_3530] {
        packet[1..5].copy_from_slice(&version.to_be_bytes());
        let mut connection = Connection::default();
        take(&mut connection, Direction::Sent, &packet);
        assert_eq!(connection.facts().sni, None);
        assert_eq!(connection.outcome(), Outcome::Closed(GapReason::UnsupportedCipher));
    }
}

/// RFC 9368 §2.3: the server answers in another version, whose keys follow from the same id. A repetition
/// of the client's hello in the first version changes nothing about that.
#[test]
fn the_version_of_the_answer_counts() {
    let [client, _] = packets("rfc9001.hex");
    let [_, server] = packets("rfc9369.hex");
    let mut connection = Connection::default();
    for (direction, datagram) in
        [(Direction::Sent, &client), (Direction::Received, &server), (Direction::Sent, &client)]
    {
        take(&mut connection, direction, datagram);
    }
    assert!(connection.agreed);
    assert_eq!(connection.version(), Some(Version::V2));
}

fn keys_of_v1(destination: &[u8]) -> InitialKeys {
    let [salt] = Version::V1.salts() else { panic!() };
    InitialKeys::new(Version::V1, salt, destination).unwrap()
}

/// A.2 of RFC 9001: packet number 2, and its payload starts with a CRYPTO frame of 241 bytes.
#[test]
fn a_packet_opens_in_its_direction_only() {
    let [client, _] = packets("rfc9001.hex");
    let Some(Header::Long(packet)) = Packets::new(&client).next() else { panic!() };
    let mut keys = keys_of_v1(packet.destination);
    let payload = keys.open(Direction::Sent, &packet).unwrap();
    assert!(payload.starts_with(&[0x06, 0x00, 0x40, 0xf1, 0x01, 0x00, 0x00, 0xed]));
    assert_eq!(payload.len(), 1162);
    assert_eq!(keys.open(Direction::Received, &packet), None);
    let mut other = keys_of_v1(b"another");
    assert_eq!(other.open(Direction::Sent, &packet), None);
}

fn frames(connection: &mut Connection, payload: &[u8]) {
    let origin = Origin { time: Time(1), frames: Arc::new([1]) };
    connection.frames(Direction::Sent, Level::Initial, payload, &origin, &mut |item| panic!("{item:?}"));
}

/// Clients cut their hello into frames and packets in any order, on purpose.
#[test]
fn a_hello_in_pieces_over_several_packets_in_any_order() {
    let [client, _] = packets("rfc9001.hex");
    let Some(Header::Long(packet)) = Packets::new(&client).next() else { panic!() };
    let payload = keys_of_v1(packet.destination).open(Direction::Sent, &packet).unwrap();
    // After type, offset and length (1, 1 and 2 bytes) come the 241 bytes of the hello.
    let hello = &payload[4..4 + 241];
    let frame = |from: usize, to: usize| {
        let (from_bytes, length) = ((0x4000 | from as u16).to_be_bytes(), (0x4000 | (to - from) as u16).to_be_bytes());
        [&[6][..], &from_bytes, &length, &hello[from..to]].concat()
    };
    let mut connection = Connection::default();
    frames(&mut connection, &[frame(150, 241), vec![0, 0, 1], frame(3, 40)].concat());
    frames(&mut connection, &frame(30, 160));
    assert_eq!(connection.facts().sni, None);
    frames(&mut connection, &frame(0, 3));
    assert_eq!(connection.facts().sni.as_deref(), Some("example.com"));
}

#[test]
fn damage_anywhere_does_no_harm_and_yields_no_name() {
    let [client, _] = packets("rfc9001.hex");
    for at in 0..client.len() {
        let mut connection = Connection::default();
        take(&mut connection, Direction::Sent, &client[..at]);
        assert_eq!(connection.facts().sni, None);
        let mut damaged = client.clone();
        damaged[at] ^= 0x55;
        let mut connection = Connection::default();
        take(&mut connection, Direction::Sent, &damaged);
        assert_eq!(connection.facts().sni, None, "byte {at}");
    }
}

#[test]
fn a_connection_that_began_before_the_capture_says_so() {
    let mut connection = Connection::default();
    take(&mut connection, Direction::Sent, &[0x41; 40]);
    assert_eq!(connection.outcome(), Outcome::Closed(GapReason::StartedBeforeCapture));
}

#[test]
fn a_version_that_is_not_read_is_named() {
    let mut connection = Connection::default();
    let google = [&[0xc3][..], b"Q046", &[8], &[7; 8], &[0], &[0; 1200]].concat();
    assert!(looks_like_quic(&google));
    take(&mut connection, Direction::Sent, &google);
    assert_eq!(connection.outcome(), Outcome::Closed(GapReason::UnsupportedCipher));
    assert_eq!(connection.version().map(|version| version.to_string()).as_deref(), Some("QUIC 0x51303436"));
}

/// What an opened packet holds and is not read is not passed over in silence: what follows a frame
/// of an extension (RFC 9000 §19.21), and streams beyond those that are followed.
#[test]
fn what_is_not_read_of_an_opened_packet_is_counted() {
    let origin = Origin { time: Time(1), frames: Arc::new([1]) };
    let mut connection = Connection::default();
    // A PING, a frame of a type that is not known, and a STREAM frame behind it.
    let payload = [&[0x01, 0x21, 9, 9][..], &[0x0a, 0, 5], b"hello"].concat();
    connection.frames(Direction::Sent, Level::Application, &payload, &origin, &mut |item| panic!("{item:?}"));
    assert_eq!(connection.sealed_bytes(Direction::Sent), payload.len() as u64 - 1);
    let mut connection = Connection::default();
    for number in 0..65_536 + 3_u32 {
        let id = (0x8000_0000 | (number * 4)).to_be_bytes();
        let payload = [&[0x0a][..], &id, &[5], b"hello"].concat();
        connection.frames(Direction::Sent, Level::Application, &payload, &origin, &mut |_| ());
    }
    assert_eq!(connection.sealed_bytes(Direction::Sent), 15);
}

#[test]
fn other_protocols_over_udp_do_not_look_like_quic() {
    for other in [
        &b""[..],
        // DNS, STUN, NTP, DTLS 1.2, RTP, SSDP
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01",
        b"\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl",
        &[0xe3, 0, 6, 0xec, 0, 0, 0, 0, 0, 0, 0, 0, 0x31, 0x4e, 0x31, 0x34],
        &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100],
        &[0x80, 0x60, 0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 2],
        b"M-SEARCH * HTTP/1.1\r\n",
    ] {
        assert!(!looks_like_quic(other), "{other:?}");
    }
}
