//! Reassembly and defragmentation, with packets made byte by byte.

use std::net::SocketAddr;

use super::*;
use crate::capture::{LinkType, Options, Packet};
use crate::evidence::{Direction, Gap, GapReason, Gaps, Time, Transport};

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
    // A piece that ends behind the longest packet there can be.
    let (_, gaps) = slice(&[v4(1, 17, (65528, true), &[0; 64])]);
    assert_eq!(gaps[0].reason, GapReason::DamagedInput);
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
        assert!(slicer.slice(&packet(frame, 0, LinkType(105), &[8; 60]), &mut gaps).is_none());
    }
    let gaps = gaps.into_vec();
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].reason, gaps[0].count, gaps[0].at.as_str()), (GapReason::UnsupportedLink, 3, "frame 1"));
    assert!(gaps[0].detail.contains("105 (IEEE802_11)"), "{}", gaps[0].detail);
}

#[test]
fn no_packet_is_fatal() {
    let seeds = [
        v4(7, 6, (0, false), &[tcp_header(1, 2, 3, 4, "A"), b"data".to_vec()].concat()),
        v4(7, 17, (0, true), &udp(1, 2, &[0; 24])),
        v6(0, &[vec![44, 0, 1, 4, 0, 0, 0, 0], vec![17, 0, 0, 1, 0, 0, 0, 1], udp(1, 2, &[0; 24])].concat()),
        v4(1, 1, (0, false), &[vec![3, 3, 0, 0, 0, 0, 0, 0], v4(1, 17, (0, false), &udp(1, 2, b""))].concat()),
    ];
    for link in [0, 1, 9, 12, 101, 108, 113, 228, 229, 276] {
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

/// A conversation that is played to numbering and reassembly.
struct Play {
    numbering: Numbering,
    stream: TcpStream,
    frame: u64,
    time: i64,
    seen: Vec<String>,
}

impl Play {
    fn new() -> Self {
        Self { numbering: Numbering::new(), stream: TcpStream::new(), frame: 0, time: 0, seen: Vec::new() }
    }

    fn step(&mut self, from_client: bool, seq: u32, ack: u32, flags: &str, payload: &[u8], missing: u32) -> Assigned {
        self.frame += 1;
        self.time += MS;
        let (src, dst) = if from_client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        let has = |f: char| flags.contains(f);
        let frames = [self.frame];
        let segment = Segment {
            input: 0,
            frame: self.frame,
            frames: &frames,
            time: Time(self.time),
            src: src.parse().unwrap(),
            dst: dst.parse().unwrap(),
            kind: Kind::Tcp {
                seq,
                ack,
                flags: Flags { syn: has('S'), ack: has('A'), fin: has('F'), rst: has('R') },
                window: 8192,
            },
            payload,
            missing,
            conflict: false,
            quoted: false,
        };
        let assigned = self.numbering.assign(&segment);
        let seen = &mut self.seen;
        self.stream.push(assigned.direction, &segment, &mut |d, c| seen.push(show(d, c)));
        assigned
    }

    fn client(&mut self, seq: u32, ack: u32, flags: &str, payload: &str) -> &mut Self {
        self.step(true, seq, ack, flags, payload.as_bytes(), 0);
        self
    }

    fn server(&mut self, seq: u32, ack: u32, flags: &str, payload: &str) -> &mut Self {
        self.step(false, seq, ack, flags, payload.as_bytes(), 0);
        self
    }

    /// SYN 999, SYN 4999.
    fn open(&mut self) -> &mut Self {
        self.client(999, 0, "S", "").server(4999, 1000, "SA", "").client(1000, 5000, "A", "")
    }

    fn wait(&mut self, ms: i64) -> &mut Self {
        self.time += ms * MS;
        self
    }

    fn finish(&mut self) -> Vec<String> {
        let seen = &mut self.seen;
        self.stream.finish(&mut |d, c| seen.push(show(d, c)));
        std::mem::take(&mut self.seen)
    }

    /// What was handed out since the last time.
    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.seen)
    }
}

fn show(direction: Direction, chunk: Chunk<'_>) -> String {
    let way = if direction == Direction::Sent { '>' } else { '<' };
    match chunk {
        Chunk::Data { bytes, frames, conflict, .. } => {
            let mark = if conflict { "!" } else { "" };
            format!(
                "{way} {}{mark} @{}",
                String::from_utf8_lossy(bytes),
                frames.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
            )
        }
        Chunk::Gap { length, .. } => format!("{way} gap {length}"),
        Chunk::End { reset, frame, .. } => format!("{way} {} @{frame}", if reset { "reset" } else { "end" }),
    }
}

#[test]
fn in_order_with_fin() {
    let mut play = Play::new();
    play.open().client(1000, 5000, "A", "ping").server(5000, 1004, "A", "pong");
    play.client(1004, 5004, "FA", "").server(5004, 1005, "FA", "").client(1005, 5005, "A", "");
    assert_eq!(play.finish(), ["> ping @4", "< pong @5", "> end @6", "< end @7"]);
    assert!(play.stream.saw_start(Direction::Sent) && play.stream.saw_start(Direction::Received));
    assert!(play.stream.is_over());
}

#[test]
fn reordering_retransmission_and_wrap() {
    // The client's numbers wrap after four bytes.
    let start = u32::MAX - 4;
    let mut play = Play::new();
    play.client(start, 0, "S", "").server(4999, start.wrapping_add(1), "SA", "");
    let at = |n: u32| start.wrapping_add(1 + n);
    play.client(at(6), 5000, "A", "ghi").client(at(3), 5000, "A", "def");
    assert_eq!(play.take(), [""; 0]);
    play.client(at(0), 5000, "A", "abc").client(at(0), 5000, "A", "abc").client(at(2), 5000, "A", "cdefghijk");
    assert_eq!(play.take(), ["> abc @5", "> def @4", "> ghi @3", "> jk @7"]);
    assert_eq!(play.stream.conflicts(), 0);
    play.client(at(11), 5000, "FA", "");
    assert_eq!(play.take(), ["> end @8"]);
}

#[test]
fn overlap_keeps_the_first_copy_and_tells_of_conflicts() {
    // Of bytes that wait.
    let mut play = Play::new();
    play.open().client(1003, 5000, "A", "DEF").client(1001, 5000, "A", "bcdXfgh");
    assert_eq!(play.take(), [""; 0]);
    play.client(1000, 5000, "A", "a");
    // b, c, then the first copy of d to f, then the rest of the second.
    assert_eq!(play.take(), ["> a @6", "> bc @5", "> DEF! @4", "> gh @5"]);
    assert_eq!(play.stream.conflicts(), 1);
    // Of bytes that were handed out: an empty chunk tells of it.
    play.client(1000, 5000, "A", "aZcDEF");
    assert_eq!(play.take(), ["> ! @7"]);
    play.client(1000, 5000, "A", "abcDEFgh").client(1006, 5000, "A", "ghij");
    assert_eq!(play.take(), ["> ij @9"]);
    assert_eq!(play.stream.conflicts(), 2);
}

#[test]
fn loss_is_a_gap_once_it_is_proven() {
    // An answer proves it at once, and is behind it.
    let mut play = Play::new();
    play.open().client(1000, 5000, "A", "abc").client(1013, 5000, "A", "xyz");
    assert_eq!(play.take(), ["> abc @4"]);
    play.server(5000, 1016, "A", "ok");
    assert_eq!(play.take(), ["> gap 10", "> xyz @5", "< ok @6"]);
    // Nothing behind the hole: a whole request was lost.
    play.server(5002, 1116, "A", "ok");
    assert_eq!(play.take(), ["> gap 100", "< ok @7"]);
    // A mere acknowledgement may be early: the bytes come behind it.
    play.client(1126, 5004, "A", "late").server(5004, 1130, "A", "");
    assert_eq!(play.take(), [""; 0]);
    play.client(1116, 5004, "A", "0123456789");
    assert_eq!(play.take(), ["> 0123456789 @10", "> late @8"]);
    // Or not, and time passes.
    play.client(1135, 5004, "A", "end").server(5004, 1138, "A", "").wait(250).client(1138, 5004, "A", "");
    assert_eq!(play.take(), ["> gap 5", "> end @11"]);
    // Without proof, the end of the capture decides.
    play.server(5010, 1138, "A", "tail");
    assert_eq!(play.finish(), ["> end @0", "< gap 6", "< tail @14", "< end @0"]);
}

#[test]
fn too_much_out_of_order_is_a_gap() {
    let mut play = Play::new();
    play.open();
    let piece = "x".repeat(60_000);
    for n in 0..18 {
        play.client(1010 + n * 60_000, 5000, "A", &piece);
    }
    let seen = play.take();
    assert_eq!(seen.len(), 19, "18 pieces of 60,000 bytes are more than 1 MiB");
    assert_eq!(seen[0], "> gap 10");
    // Pieces of one byte are counted as what they cost.
    let mut play = Play::new();
    play.open();
    for n in 0..20_000 {
        play.client(1010 + n * 2, 5000, "A", "y");
    }
    assert!(play.take().len() > 10_000);
}

#[test]
fn a_lost_fin_is_no_byte() {
    let mut play = Play::new();
    play.open().client(1000, 5000, "A", "abc").server(5000, 1004, "A", "").wait(500).server(5000, 1004, "FA", "");
    assert_eq!(play.finish(), ["> abc @4", "< end @6", "> end @0"]);
}

#[test]
fn midway_starts_have_no_gap_before_them() {
    let mut play = Play::new();
    play.server(7000, 300, "A", "tail of an answer").client(300, 7017, "A", "next");
    assert_eq!(play.take(), ["< tail of an answer @1", "> next @2"]);
    assert!(!play.stream.saw_start(Direction::Sent));
    // The first captured bytes may be out of order too; a pure acknowledgement told where they begin.
    let mut play = Play::new();
    play.client(300, 7000, "A", "").client(303, 7000, "A", "def").client(300, 7000, "A", "abc");
    assert_eq!(play.take(), ["> abc @3", "> def @2"]);
    // And where the bytes in flight at the start were not captured, what follows comes with the acknowledgement.
    let mut play = Play::new();
    play.client(300, 7000, "A", "").client(400, 7000, "A", "new").server(7000, 403, "A", "re");
    assert_eq!(play.take(), ["> new @2", "< re @3"]);
}

#[test]
fn keep_alive_and_probes() {
    let mut play = Play::new();
    play.open().client(1000, 5000, "A", "abc");
    // Both forms of a keep-alive, one with a made-up byte.
    play.client(1002, 5000, "A", "").server(5000, 1003, "A", "").client(1002, 5000, "A", "\0");
    // A probe of a closed window carries the next byte, which comes again with the rest.
    play.client(1003, 5000, "A", "d").client(1003, 5000, "A", "d").client(1003, 5000, "A", "def");
    assert_eq!(play.finish(), ["> abc @4", "> d @8", "> ef @10", "> end @0", "< end @0"]);
    assert_eq!(play.stream.conflicts(), 0);
    // The first thing that is seen of a connection.
    let mut play = Play::new();
    play.server(7000, 300, "A", "").client(299, 7000, "A", "\0").client(300, 7000, "A", "abc");
    assert_eq!(play.take(), ["> abc @3"]);
}

#[test]
fn reset_and_what_is_not_believed() {
    let mut play = Play::new();
    play.open().client(1000, 5000, "A", "hello").server(5000, 1005, "A", "flight");
    // Far outside any window: forged, or of another connection.
    play.client(1005u32.wrapping_add(2_000_000_000), 0, "R", "");
    assert_eq!(play.take(), ["> hello @4", "< flight @5"]);
    play.client(1010, 5006, "A", "later").client(1015, 5006, "RA", "");
    assert_eq!(play.take(), ["> gap 5", "> later @7", "> reset @8"]);
    play.client(1015, 5006, "A", "after").client(1015, 0, "R", "");
    assert_eq!(play.finish(), ["< end @0"]);
    // A refused connection.
    let mut play = Play::new();
    play.client(999, 0, "S", "").server(0, 1000, "RA", "");
    assert_eq!(play.take(), ["< reset @2"]);
}

#[test]
fn data_with_the_syn_and_half_close() {
    let mut play = Play::new();
    play.client(999, 0, "S", "early").server(4999, 1000, "SA", "").client(1000, 5000, "A", "early+more");
    play.client(1010, 5000, "FA", "").server(5000, 1011, "A", "still");
    assert_eq!(play.finish(), ["> early @1", "> +more @3", "> end @4", "< still @5", "< end @0"]);
}

#[test]
fn bytes_cut_by_the_snap_length_are_a_gap_at_once() {
    let mut play = Play::new();
    play.open();
    play.step(true, 1000, 5000, "A", b"abc", 97);
    play.client(1100, 5000, "A", "next");
    assert_eq!(play.take(), ["> abc @4", "> gap 97", "> next @5"]);
    // Out of order, and without a single byte left.
    play.step(true, 1154, 5000, "A", b"xyz", 7);
    play.step(true, 1104, 5000, "A", b"", 50);
    play.client(1164, 5000, "A", "end");
    assert_eq!(play.take(), ["> gap 50", "> xyz @6", "> gap 7", "> end @8"]);
}

#[test]
fn numbers_that_jump_are_another_connection() {
    let mut play = Play::new();
    play.client(1000, 5000, "A", "abc").client(3_000_000_000, 9000, "A", "def");
    assert_eq!(play.take(), ["> abc @1", "> gap 0", "> def @2"]);
}

#[test]
fn ports_are_used_again() {
    let mut play = Play::new();
    let first = play.step(true, 999, 0, "S", b"", 0);
    assert!(first.fresh && first.id.number == 0 && first.direction == Direction::Sent);
    // The SYN again is the same; another number is another stream.
    assert!(!play.step(true, 999, 0, "S", b"", 0).fresh);
    let answer = play.step(false, 4999, 1000, "SA", b"", 0);
    assert!(!answer.fresh && answer.direction == Direction::Received);
    let second = play.step(true, 77_777, 0, "S", b"", 0);
    assert_eq!((second.fresh, second.id.number, second.replaces), (true, 1, Some(first.id)));
    // From then on the ends mean the second one.
    assert_eq!(play.step(false, 1, 77_778, "SA", b"", 0).id.number, 1);
    assert_eq!(play.step(true, 1000, 5000, "A", b"old", 0).id.number, 1);
}

/// Client and direction of the first segment, judged without a SYN.
fn first(src: &str, dst: &str, kind: Kind) -> (String, Direction) {
    let segment = Segment {
        input: 0,
        frame: 1,
        frames: &[1],
        time: Time(0),
        src: src.parse::<SocketAddr>().unwrap(),
        dst: dst.parse().unwrap(),
        kind,
        payload: b"x",
        missing: 0,
        conflict: false,
        quoted: false,
    };
    let assigned = Numbering::new().assign(&segment);
    assert_eq!(assigned.id.transport, kind.transport());
    (assigned.endpoints.client.to_string(), assigned.direction)
}

#[test]
fn who_is_the_client() {
    let tcp = |syn, ack| Kind::Tcp { seq: 0, ack: 0, flags: Flags { syn, ack, ..Flags::default() }, window: 0 };
    let (phone, server) = ("10.0.0.1:443", "198.51.100.7:50000");
    assert_eq!(first(server, phone, tcp(true, false)), (server.to_owned(), Direction::Sent));
    assert_eq!(first(phone, server, tcp(true, true)), (server.to_owned(), Direction::Received));
    let data = tcp(false, true);
    // A port below 1024 decides, then a private address, then the higher port.
    assert_eq!(first("198.51.100.7:443", "10.0.0.1:40000", data), ("10.0.0.1:40000".to_owned(), Direction::Received));
    assert_eq!(first("198.51.100.7:8443", "10.0.0.1:5000", data), ("10.0.0.1:5000".to_owned(), Direction::Received));
    assert_eq!(first("198.51.100.7:8080", "203.0.113.1:40000", data).0, "203.0.113.1:40000");
    assert_eq!(first("[2001:db8::1]:5223", "[fd00::1]:5000", Kind::Udp).0, "[fd00::1]:5000");
    // UDP without any hint: who sent first.
    assert_eq!(first("198.51.100.7:5000", "203.0.113.1:40000", Kind::Udp).0, "198.51.100.7:5000");
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
    assert_eq!(slice(&[echo]).0, []);
}

#[test]
fn what_was_not_used_for_long_is_forgotten() {
    let mut numbering = Numbering::remembering(1000);
    let mut assign = |n: u32| {
        let segment = Segment {
            input: 0,
            frame: 1,
            frames: &[1],
            time: Time(0),
            src: SocketAddr::new(std::net::Ipv4Addr::from_bits(n).into(), 1000),
            dst: SERVER.parse().unwrap(),
            kind: Kind::Udp,
            payload: b"",
            missing: 0,
            conflict: false,
            quoted: false,
        };
        numbering.assign(&segment)
    };
    for n in 0..1500 {
        assert_eq!(assign(n).id.number, n);
        // One that is used all the time is kept.
        if n % 100 == 0 {
            assert_eq!(assign(0).id.number, 0);
        }
    }
    assert!(assign(1).fresh);
    assert!(numbering.forgotten() > 0);
    assert_eq!(Transport::Udp, Kind::Udp.transport());
}
