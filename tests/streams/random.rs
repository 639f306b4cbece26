//! Connections as a bad network leaves them in a capture: segments that are missing, late, repeated,
//! and cut anew where they were repeated, of several connections at the same time. Made from fixed
//! seeds; what the streams hold is told by tshark.

use super::{agree, tcp, v4};

/// xorshift64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }
}

/// One direction of a connection.
struct Side {
    from: u8,
    to: u8,
    ports: (u16, u16),
    /// Sequence number of its next byte.
    next: u32,
    /// The other's that it has acknowledged.
    seen: u32,
    /// What it sent that is not acknowledged yet.
    recent: Vec<(u32, Vec<u8>)>,
}

impl Side {
    fn packet(&self, seq: u32, flags: &str, payload: &[u8]) -> Vec<u8> {
        v4(self.from, self.to, 6, 0, (0, false), &tcp(self.ports, seq, self.seen, flags, payload))
    }
}

/// Two sides that have shaken hands, and the packets of that.
fn connect(port: u16, dice: &mut Dice, packets: &mut Vec<Vec<u8>>) -> [Side; 2] {
    // One in four wraps around while it is used.
    let start =
        |dice: &mut Dice| if dice.roll(4) == 0 { u32::MAX - dice.roll(900) as u32 } else { dice.roll(1 << 30) as u32 };
    let (client, server) = (start(dice), start(dice));
    let side = |from, to, ports, next: u32, seen: u32| Side { from, to, ports, next, seen, recent: Vec::new() };
    let mut sides = [side(1, 2, (port, 9_999), client, 0), side(2, 1, (9_999, port), server, client.wrapping_add(1))];
    packets.push(sides[0].packet(client, "S", b""));
    packets.push(sides[1].packet(server, "SA", b""));
    for side in &mut sides {
        side.next = side.next.wrapping_add(1);
    }
    sides[0].seen = sides[1].next;
    packets.push(sides[0].packet(sides[0].next, "A", b""));
    sides
}

/// What happens next on a connection: some segments of one side, and what the other says to that.
fn step(sides: &mut [Side; 2], dice: &mut Dice, packets: &mut Vec<Vec<u8>>) {
    let (left, right) = sides.split_at_mut(1);
    let (from, to) = if dice.roll(2) == 0 { (&mut left[0], &mut right[0]) } else { (&mut right[0], &mut left[0]) };
    let mut burst = Vec::new();
    // What its end has acknowledged is not sent again.
    from.recent.clear();
    for _ in 0..=dice.roll(5) {
        let length = 1 + dice.roll(120);
        let payload: Vec<u8> = (0..length).map(|_| b'a' + dice.roll(26) as u8).collect();
        let seq = from.next;
        from.next = seq.wrapping_add(length as u32);
        from.recent.push((seq, payload.clone()));
        // Lost on the way to who captures, not on the way to its end.
        if dice.roll(12) > 0 {
            burst.push(from.packet(seq, "A", &payload));
        }
    }
    // Sent again: one of the last, or two of them as one segment, or the end of one.
    if dice.roll(3) == 0 && from.recent.len() >= 2 {
        let at = dice.roll(from.recent.len() - 1);
        let ((seq, first), (_, second)) = (from.recent[at].clone(), from.recent[at + 1].clone());
        burst.push(match dice.roll(3) {
            0 => from.packet(seq, "A", &first),
            1 => from.packet(seq, "A", &[first, second].concat()),
            _ => {
                let cut = dice.roll(first.len());
                from.packet(seq.wrapping_add(cut as u32), "A", &[&first[cut..], &second].concat())
            }
        });
    }
    // Out of order.
    for _ in 0..dice.roll(3) {
        let (a, b) = (dice.roll(burst.len().max(1)), dice.roll(burst.len().max(1)));
        if a < burst.len() && b < burst.len() {
            burst.swap(a, b);
        }
    }
    packets.append(&mut burst);
    to.seen = from.next;
    packets.push(to.packet(to.next, "A", b""));
}

/// Several connections, packet by packet in turn.
fn traffic(seed: u64) -> Vec<Vec<u8>> {
    let mut dice = Dice(seed);
    let mut queues: Vec<std::vec::IntoIter<Vec<u8>>> = Vec::new();
    for n in 0..12 {
        let mut packets = Vec::new();
        let mut sides = connect(40_000 + n, &mut dice, &mut packets);
        for _ in 0..4 + dice.roll(12) {
            step(&mut sides, &mut dice, &mut packets);
        }
        for (one, other) in [(0, 1), (1, 0)] {
            // Bytes after the last hole: tshark says nothing of one that only the end proves.
            let seq = sides[one].next;
            packets.push(sides[one].packet(seq, "A", b"last"));
            let seq = seq.wrapping_add(4);
            packets.push(sides[one].packet(seq, "FA", b""));
            sides[one].next = seq.wrapping_add(1);
            sides[other].seen = sides[one].next;
            packets.push(sides[other].packet(sides[other].next, "A", b""));
        }
        queues.push(packets.into_iter());
    }
    let mut all = Vec::new();
    while queues.iter().any(|queue| queue.len() > 0) {
        let at = dice.roll(queues.len());
        all.extend(queues[at].next());
    }
    all
}

#[test]
fn random_traffic_with_loss_reordering_and_overlaps() {
    for seed in [0x2545_f491_4f6c_dd1d, 0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03, 0x8cb9_2ba7_2f3d_8dd7] {
        agree(&format!("seed {seed:x}"), &traffic(seed));
    }
}
