//! What holds whatever happens to the bytes on their way here.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{RECORDED, Recorded, Step, messages, read, streams};
use crate::evidence::{Place, Time};
use crate::message::{Kind, Message};
use crate::net::TcpStream;

/// A small generator, so that the tests need no crate and repeat themselves.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // Marsaglia's xorshift64.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

#[test]
fn however_the_bytes_are_cut_the_messages_are_the_same() {
    for name in RECORDED {
        for stream in streams(name, &|_| false) {
            let whole = read(&stream, true, &mut || usize::MAX);
            assert_eq!(read(&stream, true, &mut || 1), whole, "{name}, byte by byte");
            for seed in 1..12 {
                let mut random = Random(seed * 7919);
                let longest = [2, 9, 10, 64, 1000][seed as usize % 5];
                assert_eq!(read(&stream, true, &mut || 1 + random.below(longest)), whole, "{name}, seed {seed}");
            }
        }
    }
}

#[test]
fn with_packets_missing_too_the_cuts_do_not_matter() {
    for name in RECORDED {
        for lost in 0..9 {
            for stream in streams(name, &|frame| frame % 9 == lost) {
                let whole = read(&stream, true, &mut || usize::MAX);
                assert_eq!(read(&stream, true, &mut || 1), whole, "{name}, byte by byte, without {lost}");
                let mut random = Random(lost + 1);
                assert_eq!(read(&stream, true, &mut || 1 + random.below(100)), whole, "{name}, without {lost}");
            }
        }
    }
}

#[test]
fn a_lost_packet_never_yields_a_wrong_host_or_request() {
    let mut intact_again = 0;
    for name in ["h2-nginx", "h2-tls", "h2-node", "grpc", "h2-upgrade"] {
        let key = |m: &Message| match &m.kind {
            Kind::Request { method, target } => Some((method.clone(), target.clone(), m.host.clone())),
            _ => None,
        };
        let whole = messages(name);
        let known: BTreeSet<_> = whole.iter().filter_map(key).collect();
        let hosts: BTreeSet<_> = whole.iter().map(|m| m.host.clone()).collect();
        let last = whole.iter().flat_map(|m| match &m.place {
            Place::Frames { frames, .. } => frames.clone(),
            Place::Entry { .. } => Vec::new(),
        });
        for lost in 1..=last.max().unwrap() {
            let streams = streams(name, &|frame| frame == lost);
            let all: Vec<Message> = streams.iter().flat_map(|s| read(s, false, &mut || usize::MAX).0).collect();
            for message in &all {
                assert!(message.host.is_none() || hosts.contains(&message.host), "{name} without {lost}: {message:?}");
                if let Some((method, target, host)) = key(message) {
                    let fits = known.iter().any(|(m, t, h)| {
                        (method.is_empty() || *m == method)
                            && (target.is_empty() || *t == target)
                            && (host.is_none() || *h == host)
                    });
                    assert!(fits, "{name} without {lost}: {method} {target} {host:?}");
                    intact_again += usize::from(known.contains(&(method, target, host)));
                }
            }
        }
    }
    assert!(intact_again > 300, "{intact_again}");
}

#[test]
fn twenty_thousand_mutations_do_no_harm() {
    let names = ["h2-nginx", "h2-upgrade", "grpc", "websocket-takeover", "websocket-fresh", "mqtt", "mqtt-websocket"];
    let pool: Vec<Recorded> = names.iter().flat_map(|name| streams(name, &|_| false)).collect();
    let mut random = Random(20_251_125);
    let mut seen = 0usize;
    for _ in 0..20_000 {
        let stream = &pool[random.below(pool.len())];
        let mut steps = stream.steps.clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(steps.len());
            let time = Time(at as i64);
            match (random.below(8), &mut steps[at].1) {
                // 0: it is not known how many bytes.
                (0, step) => *step = Step::Gap((random.next() % 3000).saturating_sub(500), time),
                (1, step) => *step = Step::End(random.next().is_multiple_of(2), time, 1),
                (2, Step::Data(bytes, ..)) => bytes.truncate(random.below(bytes.len())),
                (3, Step::Data(bytes, ..)) => {
                    let from = random.below(bytes.len());
                    let piece: Vec<u8> = bytes[from..].iter().take(40).copied().collect();
                    let to = random.below(bytes.len());
                    bytes.splice(to..to, piece);
                }
                (_, Step::Data(bytes, ..)) if !bytes.is_empty() => {
                    for _ in 0..1 + random.below(6) {
                        // More often near the front, where heads and framing are.
                        let reach = 1 << (3 + random.below(9));
                        let at = random.below(bytes.len().min(reach));
                        bytes[at] =
                            if random.below(2) == 0 { random.next() as u8 } else { bytes[at] ^ 1 << random.below(8) };
                    }
                }
                _ => {}
            }
        }
        let mutated = Recorded {
            id: stream.id,
            endpoints: stream.endpoints,
            keys: Arc::clone(&stream.keys),
            tcp: TcpStream::new(),
            steps,
        };
        let (messages, _) = read(&mutated, false, &mut || usize::MAX);
        seen += messages.len();
    }
    assert!(seen > 20_000, "{seen}");
}
