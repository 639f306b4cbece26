//! With packets made byte by byte: slicing and defragmentation here, the rest beside.

mod streams;

use super::*;
use crate::capture::{LinkType, Options, Packet};
use crate::evidence::{Gap, GapReason, Gaps, Time};

const CLIENT: &str = "10.0.0.1:40000";
const SERVER: &str = "203.0.113.7:80";
const MS: i64 = 1_000_000;

fn tcp_header(src: u16, dst: u16, seq: u32, ack: u32, flags: &str) -> Vec<u8> {
    let bits = flags.bytes().map(|f| match f {
        b'F' => 1,
        b'S' => 2,
        b'R' => 4,
        b'A' => 16,
        _ => 8,
    });
    let mut bytes = [src.to_be_bytes(), dst.to_be_bytes()].concat();
    bytes.extend(seq.to_be_bytes());
    bytes.extend(ack.to_be_bytes());
    bytes.extend([5 << 4, bits.sum::<u8>(), 0x20, 0, 0, 0, 0, 0]);
    bytes
}

fn udp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    let length = payload.len() as u16 + 8;
    [&src.to_be_bytes()[..], &dst.to_be_bytes(), &length.to_be_bytes(), &[0, 0], payload].concat()
}

/// An IPv4 packet from 10.0.0.1 to 203.0.113.7. `place`: offset in bytes, and whether more follow.
fn v4(id: u16, protocol: u8, place: (usize, bool), payload: &[u8]) -> Vec<u8> {
    let total = payload.len() as u16 + 20;
    let fragment = (place.0 / 8) as u16 | if place.1 { 0x2000 } else { 0 };
    let mut bytes = vec![0x45, 0];
    for word in [total, id, fragment] {
        bytes.extend(word.to_be_bytes());
    }
    bytes.extend([64, protocol, 0, 0, 10, 0, 0, 1, 203, 0, 113, 7]);
    bytes.extend(payload);
    bytes
}

fn v6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0];
    bytes.extend((payload.len() as u16).to_be_bytes());
    bytes.extend([next, 64]);
    for last in [1, 2] {
        bytes.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    bytes.extend(payload);
    bytes
}

fn packet(frame: u64, time: i64, link: LinkType, data: &[u8]) -> Packet<'_> {
    Packet {
        input: 0,
        frame,
        time: Time(time),
        timed: true,
        interface: 0,
        link,
        wire_len: data.len() as u32,
        data,
        options: Options::default(),
    }
}

/// What a slicer makes of raw IP packets, one millisecond apart: source, payload, frames, conflict, quoted.
type Sliced = (String, Vec<u8>, Vec<u64>, bool, bool);

fn slice(packets: &[Vec<u8>]) -> (Vec<Sliced>, Vec<Gap>) {
    let (mut slicer, mut gaps) = (Slicer::new(), Gaps::default());
    let mut found = Vec::new();
    for (n, data) in packets.iter().enumerate() {
        if let Some(s) = slicer.slice(&packet(n as u64 + 1, n as i64 * MS, LinkType::RAW, data), &mut gaps) {
            found.push((s.src.to_string(), s.payload.to_vec(), s.frames.to_vec(), s.conflict, s.quoted));
        }
    }
    slicer.finish(&mut gaps);
    (found, gaps.into_vec())
}

fn one(payload: &[u8], frames: &[u64], conflict: bool) -> Sliced {
    (CLIENT.to_owned(), payload.to_vec(), frames.to_vec(), conflict, false)
}

#[test]
fn fragments_in_any_order() {
    let payload: Vec<u8> = (0..100).collect();
    let whole = udp(40000, 80, &payload);
    let pieces = [
        v4(7, 17, (0, true), &whole[..48]),
        v4(7, 17, (48, true), &whole[48..96]),
        v4(7, 17, (96, false), &whole[96..]),
    ];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (found, gaps) = slice(&order.map(|i| pieces[i].clone()));
        assert_eq!(found, [one(&payload, &[1, 2, 3], false)]);
        assert_eq!(gaps, []);
    }
    // Once more for a piece, and another packet of the same ends and id afterwards.
    let again = [&pieces[..2], &pieces[1..], &pieces[..]].concat();
    let (found, gaps) = slice(&again);
    assert_eq!(found, [one(&payload, &[1, 2, 3, 4], false), one(&payload, &[5, 6, 7], false)]);
    assert_eq!(gaps, []);
}

#[test]
fn fragments_and_streams_go_on_in_the_next_capture() {
    let whole = udp(40000, 80, &[7; 40]);
    let pieces = [v4(7, 17, (0, true), &whole[..16]), v4(7, 17, (16, false), &whole[16..])];
    let other = v4(8, 17, (0, false), &udp(40001, 80, b"x"));
    let (mut slicer, mut numbering, mut gaps) = (Slicer::new(), Numbering::new(), Gaps::default());
    for (frame, data) in [(1, &other), (2, &pieces[0])] {
        if let Some(segment) = slicer.slice(&packet(frame, 0, LinkType::RAW, data), &mut gaps) {
            assert_eq!(numbering.assign(&segment).leg, Leg { input: 0, number: 0, before: 0 });
        }
    }
    slicer.next_capture(2);
    numbering.next_capture(2);
    let mut seen = Vec::new();
    for (frame, data) in [(1, &pieces[1]), (2, &other)] {
        let second = Packet { input: 1, ..packet(frame, MS, LinkType::RAW, data) };
        let segment = slicer.slice(&second, &mut gaps).unwrap();
        let assigned = numbering.assign(&segment);
        assert_eq!((assigned.id.input, assigned.leg.before), (0, 2));
        seen.push((segment.frames.to_vec(), assigned.id.number, assigned.leg.number, assigned.fresh));
    }
    // In the second file, the datagram's stream is the first that tshark sees.
    assert_eq!(seen, [(vec![2, 3], 1, 0, true), (vec![4], 0, 1, false)]);
    assert_eq!(gaps.into_vec(), []);
}

#[test]
fn fragments_that_overlap_keep_the_first_copy() {
    let whole = udp(40000, 80, b"aaaaaaaabbbbbbbbcccccccc");
    let first = v4(7, 17, (0, true), &whole[..16]);
    let last = v4(7, 17, (16, false), &whole[16..]);
    let over = |bytes: &[u8]| v4(7, 17, (8, true), bytes);
    let (found, _) = slice(&[first.clone(), over(b"aaaaaaaabbbbbbbb"), last.clone()]);
    assert_eq!(found, [one(b"aaaaaaaabbbbbbbbcccccccc", &[1, 2, 3], false)]);
    let (found, _) = slice(&[first, over(b"XXXXXXXXYYYYYYYY"), last]);
    assert_eq!(found, [one(b"aaaaaaaaYYYYYYYYcccccccc", &[1, 2, 3], true)]);
}

#[test]
fn fragments_that_are_missing_are_a_gap() {
    let whole = udp(40000, 80, &[7; 40]);
    let (found, gaps) = slice(&[v4(7, 17, (0, true), &whole[..16]), v4(7, 17, (32, false), &whole[32..])]);
    assert_eq!(found, []);
    assert_eq!((gaps[0].reason, gaps[0].at.as_str(), gaps[0].bytes), (GapReason::LostPackets, "frame 1", 32));
    // After a minute, an id means another packet.
    let (mut slicer, mut gaps) = (Slicer::new(), Gaps::default());
    let (a, b) = (v4(7, 17, (0, true), &whole[..16]), v4(7, 17, (16, false), &whole[16..]));
    assert!(slicer.slice(&packet(1, 0, LinkType::RAW, &a), &mut gaps).is_none());
    assert!(slicer.slice(&packet(2, 61_000 * MS, LinkType::RAW, &b), &mut gaps).is_none());
    slicer.finish(&mut gaps);
    assert_eq!(gaps.into_vec()[0].count, 2);
}

#[test]
fn fragments_are_bounded() {
    let (mut slicer, mut gaps) = (Slicer::new(), Gaps::default());
    for n in 0..5000u32 {
        let data = v4(n as u16, 17, (8 * (n as usize % 7000), true), &[0; 1400]);
        slicer.slice(&packet(u64::from(n) + 1, 0, LinkType::RAW, &data), &mut gaps);
    }
    let gaps = gaps.into_vec();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].reason, GapReason::Limit);
    assert!(gaps[0].count >= 5000 - 1024, "{}", gaps[0].count);
    // A piece that ends after the longest packet there can be.
    let (_, gaps) = slice(&[v4(1, 17, (65528, true), &[0; 64])]);
    assert_eq!(gaps[0].reason, GapReason::DamagedInput);
}

/// A fragment that comes again and again brings nothing but its frame number.
#[test]
fn frames_of_one_packet_are_bounded() {
    let (mut slicer, mut gaps) = (Slicer::new(), Gaps::default());
    let mut slice = |frame: u64, data: &[u8]| {
        let segment = slicer.slice(&packet(frame, 0, LinkType::RAW, data), &mut gaps);
        segment.map(|segment| (segment.payload.len(), segment.frames.len()))
    };
    let whole = udp(40000, 80, &[7; 24]);
    for frame in 1..=10_000 {
        assert_eq!(slice(frame, &v4(7, 17, (0, true), &whole[..16])), None);
    }
    let (payload, frames) = slice(10_001, &v4(7, 17, (16, false), &whole[16..])).unwrap();
    assert_eq!(payload, 24);
    assert!(frames < 2000, "{frames}");
}

/// RFC 8200 §4.5: headers that the first fragment begins may end in the second, and be cut there.
#[test]
fn a_packet_whose_headers_do_not_read_once_it_is_whole_is_a_gap() {
    let piece = |offset: u16, more: bool, bytes: &[u8]| {
        let place = (offset | u16::from(more)).to_be_bytes();
        v6(44, &[&[60, 0, place[0], place[1], 0, 0, 0, 9], bytes].concat())
    };
    // Destination options of 80 bytes in a packet of 16.
    let (found, gaps) = slice(&[piece(0, true, &[17, 9, 1, 4, 0, 0, 0, 0]), piece(8, false, &[0; 8])]);
    assert_eq!(found, []);
    assert_eq!(gaps.iter().map(|gap| gap.reason).collect::<Vec<_>>(), [GapReason::DamagedInput]);
}

#[test]
fn ipv6_extension_headers_and_fragments() {
    let datagram = udp(40000, 80, b"hello");
    let options = |next: u8| vec![next, 0, 1, 4, 0, 0, 0, 0];
    let source = "[2001:db8::1]:40000".to_owned();
    let found = |packets: &[Vec<u8>]| slice(packets).0;
    let plain = found(&[v6(0, &[options(60), options(17), datagram.clone()].concat())]);
    assert_eq!(plain, [(source.clone(), b"hello".to_vec(), vec![1], false, false)]);
    let piece = |offset: u16, more: bool, bytes: &[u8]| {
        let place = (offset | u16::from(more)).to_be_bytes();
        v6(44, &[&[17, 0, place[0], place[1], 0, 0, 0, 9], bytes].concat())
    };
    let whole = found(&[piece(8, false, &datagram[8..]), piece(0, true, &datagram[..8])]);
    assert_eq!(whole, [(source.clone(), b"hello".to_vec(), vec![1, 2], false, false)]);
    // An atomic fragment waits for nothing.
    assert_eq!(found(&[piece(0, false, &datagram)])[0].1, b"hello");
    // Extension headers without end.
    let (found, gaps) = slice(&[v6(0, &options(0).repeat(200))]);
    assert_eq!(found, []);
    assert_eq!(gaps[0].reason, GapReason::DamagedInput);
}

#[test]
fn padding_offload_snap_length_and_tunnels() {
    let datagram = udp(40000, 80, b"hello");
    let mut padded = v4(1, 17, (0, false), &datagram);
    padded.extend([0; 12]);
    assert_eq!(slice(&[padded]).0, [one(b"hello", &[1], false)]);
    let mut offloaded = v4(1, 17, (0, false), &datagram);
    offloaded[2..4].fill(0);
    assert_eq!(slice(&[offloaded]).0, [one(b"hello", &[1], false)]);
    // 6in4 and GRE.
    let six = v6(17, &datagram);
    assert_eq!(slice(&[v4(1, 41, (0, false), &six)]).0[0].0, "[2001:db8::1]:40000");
    let gre = [&[0x20, 0, 0x08, 0x00, 0, 0, 0, 1][..], &v4(2, 17, (0, false), &datagram)].concat();
    assert_eq!(slice(&[v4(1, 47, (0, false), &gre)]).0, [one(b"hello", &[1], false)]);
    // Cut by the snap length, inside the payload and inside the header.
    let whole = v4(1, 17, (0, false), &datagram);
    let (mut slicer, mut gaps) = (Slicer::new(), Gaps::default());
    let cut = Packet { wire_len: whole.len() as u32, ..packet(1, 0, LinkType::RAW, &whole[..30]) };
    let segment = slicer.slice(&cut, &mut gaps).unwrap();
    assert_eq!((segment.payload, segment.missing), (&b"he"[..], 3));
    let cut = Packet { wire_len: whole.len() as u32, ..packet(2, 0, LinkType::RAW, &whole[..25]) };
    assert!(slicer.slice(&cut, &mut gaps).is_none());
    let gaps = gaps.into_vec();
    assert_eq!((gaps.len(), gaps[0].reason, gaps[0].count, gaps[0].bytes), (1, GapReason::Truncated, 2, 3 + 8));
}

#[test]
fn link_types_that_are_not_read_are_named() {
    let (mut slicer, mut gaps) = (Slicer::new(), Gaps::default());
    for frame in 1..=3 {
        assert!(slicer.slice(&packet(frame, 0, LinkType(107), &[8; 60]), &mut gaps).is_none());
    }
    let gaps = gaps.into_vec();
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].reason, gaps[0].count, gaps[0].at.as_str()), (GapReason::UnsupportedLink, 3, "frame 1"));
    assert!(gaps[0].detail.contains("107 (FRELAY)"), "{}", gaps[0].detail);
}

#[test]
fn ip_protocols_that_are_not_read_are_named() {
    let esp = v4(1, 50, (0, false), &[0; 40]);
    let ppp_in_gre = v4(1, 47, (0, false), &[0x20, 0x01, 0x88, 0x0b, 0, 0, 0, 0]);
    let igmp = v4(1, 2, (0, false), &[0x16; 8]);
    let (found, gaps) = slice(&[esp.clone(), esp, ppp_in_gre, igmp]);
    assert_eq!(found, []);
    let shown: Vec<_> = gaps.iter().map(|g| (g.reason, g.detail.as_str(), g.count, g.bytes)).collect();
    assert_eq!(
        shown,
        [
            (GapReason::UnknownProtocol, "GRE that carries no IP", 1, 8),
            (GapReason::UnknownProtocol, "IP protocol 50 is not read", 2, 80),
        ]
    );
}

#[test]
fn no_packet_is_fatal() {
    let seeds = [
        v4(7, 6, (0, false), &[tcp_header(1, 2, 3, 4, "A"), b"data".to_vec()].concat()),
        v4(7, 17, (0, true), &udp(1, 2, &[0; 24])),
        v6(0, &[vec![44, 0, 1, 4, 0, 0, 0, 0], vec![17, 0, 0, 1, 0, 0, 0, 1], udp(1, 2, &[0; 24])].concat()),
        v4(1, 1, (0, false), &[vec![3, 3, 0, 0, 0, 0, 0, 0], v4(1, 17, (0, false), &udp(1, 2, b""))].concat()),
    ];
    for link in [0, 1, 9, 12, 50, 51, 101, 104, 105, 108, 113, 119, 127, 163, 192, 228, 229, 239, 258, 276] {
        for seed in &seeds {
            let mut framed = match link {
                1 => [vec![0; 12], vec![8, 0]].concat(),
                0 | 108 => vec![2, 0, 0, 0],
                9 => vec![0xff, 3, 0, 0x21],
                113 => [vec![0; 14], vec![8, 0]].concat(),
                276 => [vec![8, 0], vec![0; 18]].concat(),
                _ => Vec::new(),
            };
            framed.extend(seed);
            let (mut slicer, mut gaps) = (Slicer::new(), Gaps::default());
            for at in 0..framed.len() {
                for value in [0, 1, 4, 0x41, 0x4f, 0x60, 0x7f, 0x80, 0xff] {
                    let mut changed = framed.clone();
                    changed[at] = value;
                    slicer.slice(&packet(1, 0, LinkType(link), &changed), &mut gaps);
                }
                slicer.slice(&packet(1, 0, LinkType(link), &framed[..at]), &mut gaps);
            }
        }
    }
}

#[test]
fn what_icmp_quotes_takes_a_number_and_carries_nothing() {
    let quoted = |transport: u8, bytes: &[u8]| {
        let inner = v4(9, transport, (0, false), bytes);
        v4(1, 1, (0, false), &[&[3, 1, 0, 0, 0, 0, 0, 0][..], &inner].concat())
    };
    let (found, gaps) = slice(&[quoted(17, &udp(40000, 80, b"never arrived"))]);
    assert_eq!(found, [(CLIENT.to_owned(), Vec::new(), vec![1], false, true)]);
    assert_eq!(gaps, []);
    // Eight bytes of TCP have no window; tshark numbers what it can read up to there.
    assert_eq!(slice(&[quoted(6, &tcp_header(40000, 80, 1, 2, "S")[..8])]).0, []);
    assert_eq!(slice(&[quoted(6, &tcp_header(40000, 80, 1, 2, "S")[..16])]).0.len(), 1);
    // An echo quotes nothing.
    let echo = v4(1, 1, (0, false), &[&[8, 0, 0, 0, 0, 0, 0, 0][..], &v4(9, 17, (0, false), &udp(1, 2, b""))].concat());
    let (found, gaps) = slice(&[echo]);
    assert_eq!(found, []);
    assert_eq!(gaps.len(), 1, "and what it carries is counted");
    // What ping fills a packet with says nothing.
    let time = [0x68, 0x55, 0x1a, 0, 0, 0, 0, 0, 9, 1, 0, 0, 0, 0, 0, 0];
    let counted: Vec<u8> = (0x10..0x38).collect();
    let fillers = [&[][..], &[0; 32], &[&time[..], &counted].concat(), b"abcdefghijklmnopqrstuvwabcdefghi"];
    for filler in fillers {
        let echo = v4(1, 1, (0, false), &[&[8, 0, 0, 0, 0, 1, 0, 1][..], filler].concat());
        assert_eq!(slice(&[echo]).1, []);
    }
    for carried in [&b"imei=352099001761481"[..], b"9f3c21ab47de5608"] {
        let echo = v4(1, 1, (0, false), &[&[8, 0, 0, 0, 0, 1, 0, 1][..], carried].concat());
        let reply = v4(2, 1, (0, false), &[&[0, 0, 0, 0, 0, 1, 0, 1][..], carried].concat());
        assert_eq!(slice(&[echo]).1.len(), 1);
        assert_eq!(slice(&[reply]).1, []);
    }
}

/// The files of `tests/make-links.py`, with each byte of the headers changed and cut anywhere.
#[test]
fn no_tunnel_is_fatal() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/links");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_none_or(|ending| ending != "keys"));
    files.sort();
    for path in files {
        let source = crate::capture::Source::open(&path).unwrap();
        let mut reader = source.packets(0).unwrap();
        let Some(first) = std::iter::from_fn(|| match reader.next()? {
            crate::capture::Record::Packet(packet) => Some(Some((packet.link, packet.data.to_vec()))),
            _ => Some(None),
        })
        .flatten()
        .next() else {
            continue;
        };
        let (link, data) = first;
        let (mut slicer, mut apps) = (Slicer::new(), crate::capture::Apps::default());
        let mut go = |data: &[u8]| {
            let mut gaps = Gaps::default();
            let packet = packet(1, 0, link, data);
            apps.see(&crate::capture::Record::Packet(packet));
            let mut found = slicer.slice(&packet, &mut gaps);
            let mut count = 0;
            while found.take().is_some() {
                count += 1;
                assert!(count < 1000);
                found = slicer.more(&packet, &mut gaps);
            }
        };
        for at in 0..data.len() {
            go(&data[..at]);
            for value in [0, 1, 4, 0x45, 0x7f, 0x80, 0xff] {
                let mut changed = data.clone();
                changed[at] = value;
                go(&changed);
            }
        }
    }
}
