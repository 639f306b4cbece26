//! Numbering and reassembly.

use std::net::SocketAddr;

use super::super::*;
use super::{CLIENT, MS, SERVER};
use crate::evidence::{Direction, Time, Transport};

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
            app: None,
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
    // A keep-alive is none, whatever its byte.
    play.client(1009, 5000, "A", "\0");
    assert_eq!(play.take(), [""; 0]);
    assert_eq!(play.stream.conflicts(), 2);
}

#[test]
fn loss_is_a_gap_once_it_is_proven() {
    // An answer proves it at once, and is after it.
    let mut play = Play::new();
    play.open().client(1000, 5000, "A", "abc").client(1013, 5000, "A", "xyz");
    assert_eq!(play.take(), ["> abc @4"]);
    play.server(5000, 1016, "A", "ok");
    assert_eq!(play.take(), ["> gap 10", "> xyz @5", "< ok @6"]);
    // Nothing after the hole: a whole request was lost.
    play.server(5002, 1116, "A", "ok");
    assert_eq!(play.take(), ["> gap 100", "< ok @7"]);
    // A mere acknowledgement may be early: the bytes come after it.
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

/// RFC 9293 §3.10.7.4: a sender that resets has its next number in the RST. What it had sent before is
/// lost where it was acknowledged, or is known by a FIN.
#[test]
fn what_is_missing_before_a_reset_is_a_gap() {
    // Ten bytes were not captured, the server has them, and the client resets before they are given up.
    let mut play = Play::new();
    play.open().client(1000, 5000, "A", "hello").server(5000, 1015, "A", "").client(1015, 5000, "RA", "");
    assert_eq!(play.take(), ["> hello @4", "> gap 10", "> reset @6"]);
    // A FIN that came before them.
    let mut play = Play::new();
    play.open().client(1010, 5000, "FA", "").client(1011, 5000, "R", "");
    assert_eq!(play.take(), ["> gap 10", "> reset @5"]);
}

/// A FIN of another connection between the same ends is none of this one.
#[test]
fn a_fin_far_away_is_not_believed() {
    let mut play = Play::new();
    play.open().client(1000u32.wrapping_add(1_500_000_000), 5000, "FA", "").client(1000, 5000, "A", "hello");
    play.client(1005, 5000, "FA", "");
    assert_eq!(play.finish(), ["> hello @5", "> end @6", "< end @0"]);
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
fn bytes_cut_off_one_copy_are_no_gap_where_another_has_them() {
    let mut play = Play::new();
    play.open().client(1010, 5000, "A", "0123456789");
    // The same, and a part of it, without a single byte left.
    play.step(true, 1010, 5000, "A", b"", 10);
    play.step(true, 1015, 5000, "A", b"", 5);
    play.client(1000, 5000, "A", "abcdefghij").client(1020, 5000, "A", "end");
    assert_eq!(play.take(), ["> abcdefghij @7", "> 0123456789 @4", "> end @8"]);
}

#[test]
fn what_another_copy_has_of_cut_bytes_stands_among_the_rest_of_them() {
    // In order: [3, 100) was cut, and [20, 30) came before.
    let mut play = Play::new();
    play.open().client(1020, 5000, "A", "0123456789");
    play.step(true, 1000, 5000, "A", b"abc", 97);
    assert_eq!(play.take(), ["> abc @5", "> gap 17", "> 0123456789 @4", "> gap 70"]);
    // Ahead: [104, 154) without a single byte left; a copy has its first five bytes, another some in the middle.
    play.step(true, 1104, 5000, "A", b"", 50);
    play.client(1104, 5000, "A", "abcde").client(1120, 5000, "A", "fgh").client(1100, 5000, "A", "next");
    assert_eq!(play.take(), ["> next @9", "> abcde @7", "> gap 11", "> fgh @8", "> gap 31"]);
    assert_eq!(play.client(1154, 5000, "A", "end").take(), ["> end @10"]);
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
        app: None,
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
            app: None,
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

/// A small generator (Knuth's MMIX constants): the same cases in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// Random cuts, repetitions, swaps, losses and snap lengths: what is handed out is what was sent,
/// byte for byte, and a gap is as long as what was lost.
#[test]
fn whatever_happens_bytes_stand_where_they_were_sent() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let truth: Vec<u8> = (0..2000).map(|_| dice.roll(256) as u8).collect();
        let mut cuts: Vec<(usize, usize)> = Vec::new();
        let mut at = 0;
        while at < truth.len() {
            let end = (at + 1 + dice.roll(120)).min(truth.len());
            cuts.push((at, end));
            at = end;
        }
        let mut lost = vec![false; truth.len()];
        let mut segments = Vec::new();
        for (start, end) in cuts {
            // The last one comes, or nobody could know of it.
            if seed % 2 == 1 && end < truth.len() && dice.roll(12) == 0 {
                lost[start..end].fill(true);
                continue;
            }
            segments.push((start, end));
            if dice.roll(6) == 0 {
                segments.push((start, end));
            }
            if dice.roll(6) == 0 {
                // Cut anew: what was sent before and is sent again with it.
                let earlier = start - dice.roll(200).min(start);
                lost[earlier..end].fill(false);
                segments.push((earlier, end));
            }
        }
        for i in 1..segments.len() {
            if dice.roll(3) == 0 {
                let j = i - dice.roll(6).min(i);
                segments.swap(i, j);
            }
        }
        let isn = (dice.roll(1 << 31) as u32).wrapping_mul(2).wrapping_sub(1000);
        let mut play = Play::new();
        let (mut handed, mut gaps) = (vec![None; truth.len()], 0);
        let mut offset = 0;
        let first = isn.wrapping_add(1);
        play.client(isn, 0, "S", "");
        let mut check = |direction: Direction, chunk: Chunk<'_>| match chunk {
            Chunk::Data { bytes, conflict, .. } => {
                assert_eq!(direction, Direction::Sent);
                assert!(!conflict, "seed {seed}");
                for byte in bytes {
                    handed[offset] = Some(*byte);
                    offset += 1;
                }
            }
            Chunk::Gap { length, .. } => {
                offset += length as usize;
                gaps += length as usize;
            }
            Chunk::End { .. } => {}
        };
        let snapped = seed % 3 == 2;
        for (n, (start, end)) in segments.into_iter().enumerate() {
            let kept = if snapped && dice.roll(4) == 0 { start + dice.roll(end - start) } else { end };
            let segment = Segment {
                input: 0,
                frame: n as u64 + 2,
                frames: &[n as u64 + 2],
                time: Time(n as i64),
                src: CLIENT.parse().unwrap(),
                dst: SERVER.parse().unwrap(),
                kind: Kind::Tcp { seq: first.wrapping_add(start as u32), ack: 0, flags: Flags::default(), window: 0 },
                payload: &truth[start..kept],
                missing: (end - kept) as u32,
                app: None,
                conflict: false,
                quoted: false,
            };
            play.stream.push(Direction::Sent, &segment, &mut check);
        }
        play.stream.finish(&mut check);
        assert_eq!(offset, truth.len(), "seed {seed}");
        if snapped {
            // A copy of cut bytes may come too late, so which are lost is known by what was handed out alone.
            (0..truth.len()).for_each(|n| lost[n] = handed[n].is_none());
        }
        assert_eq!(gaps, lost.iter().filter(|l| **l).count(), "seed {seed}");
        for (n, byte) in handed.iter().enumerate() {
            assert_eq!(*byte, (!lost[n]).then_some(truth[n]), "seed {seed}, byte {n}");
        }
    }
}
