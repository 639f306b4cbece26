//! Keys, certificates and what they open.

use std::sync::{Arc, LazyLock};

use wirewitness::evidence::{Direction, Time};
use wirewitness::net::Chunk;
use wirewitness::net::Unsealer;
use wirewitness::secure::wireguard::Tunnels;
use wirewitness::secure::{KeyLog, certificate, dtls, pem, quic, tls};

/// Key logs of the recordings that seeds are made of: some connections open, others do not.
const LOGS: [&[u8]; 6] = [
    include_bytes!("../../tests/data/tls/tls12-cbc.keys"),
    include_bytes!("../../tests/data/tls/tls13-aes128gcm.keys"),
    include_bytes!("../../tests/data/suites/tls1_2-master.keys"),
    include_bytes!("../../tests/data/quic/v1-aes128.keys"),
    include_bytes!("../../tests/data/quic/zero-rtt.keys"),
    include_bytes!("../../tests/data/links/wireguard.keys"),
];

static KEYS: LazyLock<Arc<KeyLog>> = LazyLock::new(|| {
    let mut keys = KeyLog::new();
    for log in LOGS {
        keys.parse(log, "keys.log");
    }
    Arc::new(keys)
});

fn direction(kind: u8) -> Direction {
    if kind & 1 == 0 { Direction::Sent } else { Direction::Received }
}

/// Both directions of a TLS connection, with holes.
pub fn tls_stream(bytes: &[u8]) {
    let mut session = tls::Session::new(Arc::clone(&KEYS));
    for (frame, (kind, part)) in (1u64..).zip(super::parts(bytes)) {
        let chunk = match kind & 2 {
            0 => Chunk::Data { bytes: part, time: Time::default(), frames: &[frame], conflict: false },
            _ => Chunk::Gap {
                length: part.len() as u64,
                time: Time::default(),
                reason: wirewitness::evidence::GapReason::LostPackets,
            },
        };
        session.push(direction(kind), chunk, &mut |_, _| {});
    }
    session.outcome();
}

/// Parts with their directions and the numbers behind that bit.
fn numbered(bytes: &[u8]) -> Vec<(Direction, u8, &[u8])> {
    super::parts(bytes).into_iter().map(|(kind, part)| (direction(kind), kind >> 1, part)).collect()
}

/// Records of a TLS connection, opened.
pub fn tls_records(bytes: &[u8]) {
    tls::doors::records(Arc::clone(&KEYS), &numbered(bytes), &mut |_, _| {});
}

/// Datagrams of a QUIC connection.
pub fn quic_datagrams(bytes: &[u8]) {
    let mut session = quic::Connection::new(Arc::clone(&KEYS));
    for (frame, (kind, part)) in (1u64..).zip(super::parts(bytes)) {
        session.datagram(direction(kind), part, Time::default(), &[frame], &mut |_| {});
    }
    session.finish(&mut |_| {});
    session.outcome();
}

/// Packets of a QUIC connection, opened.
pub fn quic_payloads(bytes: &[u8]) {
    quic::doors::payloads(Arc::clone(&KEYS), &numbered(bytes), &mut |_| {});
}

/// Datagrams of a DTLS association.
pub fn dtls_datagrams(bytes: &[u8]) {
    let mut association = dtls::Association::default();
    for (kind, part) in super::parts(bytes) {
        association.datagram(direction(kind), part);
    }
    association.reason(&KEYS);
}

/// Datagrams of WireGuard, unsealed.
pub fn wireguard(bytes: &[u8]) {
    let mut tunnels = Tunnels::new(Arc::clone(&KEYS));
    for (_, part) in super::parts(bytes) {
        tunnels.open(part);
    }
}

/// A key log.
pub fn key_log(bytes: &[u8]) {
    KeyLog::new().parse(bytes, "keys.log");
}

/// PEM files: private keys and what else people give.
pub fn pem(bytes: &[u8]) {
    pem::add(&mut KeyLog::new(), bytes, "key.pem");
}

/// A certificate, DER.
pub fn certificate(bytes: &[u8]) {
    let _ = certificate::names(bytes);
    let _ = certificate::validity(bytes);
}
