use super::*;
use crate::evidence::Gaps;
use crate::net::{Segment, Slicer};

/// The datagrams of a capture that `tests/make-wireguard.py` wrote.
fn datagrams(name: &str) -> Vec<Vec<u8>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/links").join(name);
    let source = crate::capture::Source::open(&path).unwrap();
    let mut packets = source.packets(0).unwrap();
    let (mut slicer, mut gaps, mut found) = (Slicer::new(), Gaps::default(), Vec::new());
    while let Some(record) = packets.next() {
        let crate::capture::Record::Packet(packet) = record else { continue };
        found.extend(slicer.slice(&packet, &mut gaps).map(|segment: Segment<'_>| segment.payload.to_vec()));
    }
    found
}

fn keys() -> Arc<KeyLog> {
    let mut keys = KeyLog::new();
    let parsed = keys.parse(include_bytes!("../../../tests/data/links/wireguard.keys"), "wireguard.keys");
    assert_eq!((parsed.used, parsed.junk), (4, 0));
    Arc::new(keys)
}

#[test]
fn a_tunnel_opens_from_its_handshake_on() {
    let datagrams = datagrams("wireguard.pcap");
    let mut tunnels = Tunnels::new(keys());
    let opened: Vec<_> = datagrams.iter().map(|datagram| tunnels.open(datagram)).collect();
    // Two messages of the handshake and one to keep it alive.
    assert!(opened.iter().take(3).all(|opened| *opened == Unsealed::Nothing), "{opened:?}");
    assert!(opened.iter().skip(3).all(|opened| matches!(opened, Unsealed::Packet(packet) if packet.len() % 16 == 0)));
    // From its middle it stays closed.
    let mut tunnels = Tunnels::new(keys());
    assert!(datagrams.iter().skip(1).all(|datagram| tunnels.open(datagram) == Unsealed::Foreign));
}

#[test]
fn what_was_changed_or_cut_does_not_open() {
    let datagrams = datagrams("wireguard.pcap");
    for (index, datagram) in datagrams.iter().enumerate() {
        let mut tunnels = Tunnels::new(keys());
        datagrams.iter().take(index).for_each(|before| drop(tunnels.open(before)));
        for length in 0..datagram.len() {
            assert_eq!(tunnels.open(&datagram[..length]), Unsealed::Foreign, "{index} cut to {length}");
        }
        // The last byte of what is sealed; the MACs of a handshake are not all looked at.
        let mut changed = datagram.clone();
        let at = if index < 2 { datagram.len() - 33 } else { datagram.len() - 1 };
        changed[at] ^= 1;
        assert_eq!(tunnels.open(&changed), Unsealed::Foreign, "{index} changed");
        assert_ne!(tunnels.open(datagram), Unsealed::Foreign, "{index}");
    }
}

#[test]
fn the_oldest_fall_out() {
    let mut recent = Recent::keeping(2);
    for index in [1, 2, 1, 3] {
        recent.insert(index, index);
    }
    assert_eq!((recent.get(1), recent.get(2), recent.get(3)), (Some(&1), None, Some(&3)));
}

#[test]
fn lines_of_the_key_log() {
    let mut keys = KeyLog::new();
    let parsed = keys.parse(
        b"  PRESHARED_KEY=//////////////////////////////////////////8=\nLOCAL_STATIC_PRIVATE_KEY = AAAA\nPRIVATE_KEY = x\n",
        "keys",
    );
    assert_eq!((parsed.used, parsed.junk), (1, 2));
    assert_eq!(parsed.named[0].to_string(), "keys line 2: key is not 32 bytes in base64");
    assert!(!keys.wireguard().can_open());
}
