//! How far the clocks of captures differ, by the connections that the captures share.
//!
//! A phone and its router see the same packets within the time that these travel between them.
//! A connection is recognised by the random of its ClientHello (32 bytes, RFC 8446 §4.1.2), or by the
//! server and the initial sequence number of its SYN (RFC 9293 §3.4.1): both survive an address
//! translation, which changes the client's address and port. The difference of the times is how far one
//! clock is ahead. The median of all counts, because a recorder that missed a first packet sees the
//! connection late. The uncertainty is how far the differences lie from the median, drift and delays
//! included.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use crate::capture::recorder;
use crate::evidence::Time;
use crate::net::{Kind, Segment};
use crate::observations::{Clock, ClockBy, Input};
use crate::session::DEFAULT_SKEW_MS;

/// Connections of one capture that are kept, the first ones: enough for a median.
const CONNECTIONS: usize = 65_536;
/// Connections that two captures must share: fewer may be chance, or one late packet.
const LEAST: usize = 3;
/// Percent of the differences that lie within the uncertainty that is given for the median.
const SHARE: usize = 90;
/// Milliseconds. If the differences lie further apart than this, a clock was set during the
/// recording. It is the default skew between device and recorder.
const STEADY_MS: u64 = DEFAULT_SKEW_MS;
/// Milliseconds. A smaller difference is the time that packets travel, not a difference of clocks.
const WAY_MS: u64 = 100;
/// How the names of the producers begin that record on the machine on which marks are made.
const OURS: [&str; 2] = [recorder::RECORD, recorder::PROXY];
/// Record and handshake header before a ClientHello's version and random (RFC 8446 §4, §5.1).
const RANDOM_AT: usize = 11;

/// What a connection is recognised by in another capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Random([u8; 32]),
    Syn(IpAddr, u16, u32),
}

/// The beginnings of the connections in one capture, and when each was first seen.
#[derive(Clone, Debug, Default)]
pub struct Beginnings(HashMap<Key, Time>);

impl Beginnings {
    /// Looks at one segment.
    pub fn see(&mut self, segment: &Segment<'_>) {
        let Kind::Tcp { seq, flags, .. } = segment.kind else { return };
        if segment.quoted || self.0.len() >= CONNECTIONS {
            return;
        }
        let server: SocketAddr = segment.dst;
        let key = match segment.payload {
            _ if flags.syn && !flags.ack => Some(Key::Syn(server.ip().to_canonical(), server.port(), seq)),
            [22, 3, _, _, _, 1, ..] => random(segment.payload).map(Key::Random),
            _ => None,
        };
        if let Some(key) = key {
            self.0.entry(key).or_insert(segment.time);
        }
    }

    /// What to add to the times of this capture to get those of `other`, the uncertainty (both in
    /// milliseconds), and by how many connections. `None`: too few in common.
    fn against(&self, other: &Self) -> Option<(i64, u64, u64)> {
        let (few, many) = if self.0.len() <= other.0.len() { (self, other) } else { (other, self) };
        let common = |key: &&Key| many.0.contains_key(*key);
        let randoms = few.0.keys().filter(common).filter(|key| matches!(key, Key::Random(_))).count();
        let all = few.0.keys().filter(common).count();
        let connections = randoms.max(all - randoms);
        if connections < LEAST {
            return None;
        }
        let of = |key: &Key| Some(other.0.get(key)?.since(*self.0.get(key)?));
        let mut differences: Vec<i64> = few.0.keys().filter_map(of).collect();
        differences.sort_unstable();
        let median = *differences.get(differences.len() / 2)?;
        let mut away: Vec<u64> = differences.iter().map(|one| one.abs_diff(median)).collect();
        away.sort_unstable();
        let uncertainty = *away.get((away.len() * SHARE).div_ceil(100).saturating_sub(1))?;
        let ms = |ns: i64| (ns as f64 / 1e6).round() as i64;
        Some((ms(median), uncertainty.div_ceil(1_000_000), connections as u64))
    }
}

fn random(payload: &[u8]) -> Option<[u8; 32]> {
    payload.get(RANDOM_AT..)?.first_chunk::<32>().copied()
}

/// One capture: what is known of its clock, its beginnings, and the series that it belongs to.
pub struct Capture<'a> {
    /// Described.
    pub input: &'a Input,
    /// Its connections; `None`: it has no packets.
    pub beginnings: Option<&'a Beginnings>,
    /// Its position among the inputs as they were given. The position in the list is by time, which a
    /// wrong clock shifts.
    pub given: usize,
    /// Number of its series. Captures that follow each other by their own times come from one recorder.
    pub series: usize,
}

/// What is known of the clock of each capture, by position; `None` where there is nothing to say. The
/// other clocks are compared with one that is known already, else with that of the capture that
/// wirewitness wrote on the machine on which marks are made, else with that of the first capture.
pub fn find(captures: &[Capture<'_>]) -> Vec<Option<Clock>> {
    let mut found: Vec<Option<Clock>> = captures.iter().map(|capture| capture.input.clock.clone()).collect();
    let of_packets = |capture: &Capture<'_>| capture.beginnings.is_some();
    let ours = |one: &Capture<'_>| {
        one.input.producer.as_deref().is_some_and(|by| OURS.iter().any(|ours| by.starts_with(ours)))
    };
    // `false` goes before `true`.
    let rank = |one: &Capture<'_>| (one.input.clock.is_none(), !ours(one), one.given);
    let all = captures.iter().enumerate().filter(|(_, one)| of_packets(one));
    let first = all.min_by_key(|(_, one)| rank(one)).map(|(at, _)| at);
    let Some(first) = first else { return found };
    let known = |at: usize| captures.get(at).is_some_and(|capture| capture.input.clock.is_some());
    let all = 0..captures.len();
    let (mut settled, mut open): (Vec<usize>, Vec<usize>) = all
        .filter(|at| known(*at) || captures.get(*at).is_some_and(of_packets))
        .partition(|at| *at == first || known(*at));
    while let Some((place, at, clock)) = next(captures, &settled, &open, &found) {
        open.remove(place);
        if clock.by != ClockBy::Unsteady {
            settled.push(at);
        }
        if let Some(of) = found.get_mut(at) {
            *of = Some(clock);
        }
    }
    for at in open {
        let clock = alone(captures, at, first, &found);
        if let Some(of) = found.get_mut(at) {
            *of = clock;
        }
    }
    found
}

/// The clock of a capture that shares no connections with others: that of another file of the same
/// recorder (`None` where that is the clock of the session); else it is unknown.
fn alone(captures: &[Capture<'_>], at: usize, first: usize, found: &[Option<Clock>]) -> Option<Clock> {
    let this = captures.get(at)?;
    let same = |other: &Capture<'_>| {
        let (one, two) = (this.input, other.input);
        other.series == this.series && one.producer == two.producer && one.links == two.links
    };
    let siblings = captures.iter().zip(found).enumerate().filter(|(other, (one, _))| *other != at && same(one));
    match siblings.map(|(_, (_, clock))| clock.clone()).next() {
        Some(clock) => clock.filter(|clock| clock.by == ClockBy::Connections),
        None => {
            let with = captures.get(first).map(|capture| capture.input.name.clone());
            Some(Clock { added_ms: 0, uncertainty_ms: 0, by: ClockBy::Unknown, with, connections: 0 })
        }
    }
}

/// The first open capture that shares connections with a settled one: its position among the open
/// ones, its index, and its clock.
fn next(
    captures: &[Capture<'_>],
    settled: &[usize],
    open: &[usize],
    found: &[Option<Clock>],
) -> Option<(usize, usize, Clock)> {
    let beginnings = |at: usize| captures.get(at)?.beginnings;
    for (place, at) in open.iter().enumerate() {
        let best = settled
            .iter()
            .filter_map(|other| Some((*other, beginnings(*at)?.against(beginnings(*other)?)?)))
            .max_by_key(|(other, (_, _, connections))| (*connections, std::cmp::Reverse(*other)));
        let Some((other, (difference, uncertainty, connections))) = best else { continue };
        // The times of a capture whose clock is known are shifted already; those of one that follows from
        // another's are not yet.
        let carried = found.get(other).and_then(Option::as_ref).filter(|clock| clock.by == ClockBy::Connections);
        let (carried_ms, carried_uncertainty) = carried.map_or((0, 0), |clock| (clock.added_ms, clock.uncertainty_ms));
        let (added, uncertainty) =
            (difference.saturating_add(carried_ms), uncertainty.saturating_add(carried_uncertainty));
        let by = match () {
            () if uncertainty > STEADY_MS => ClockBy::Unsteady,
            () if added.unsigned_abs() <= WAY_MS.max(uncertainty) => ClockBy::Agrees,
            () => ClockBy::Connections,
        };
        let added_ms = if by == ClockBy::Connections { added } else { 0 };
        let with = captures.get(other).map(|capture| capture.input.name.clone());
        return Some((place, *at, Clock { added_ms, uncertainty_ms: uncertainty, by, with, connections }));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beginnings(times: &[(u32, i64)]) -> Beginnings {
        let server = IpAddr::from([198, 51, 100, 7]);
        Beginnings(times.iter().map(|(seq, ms)| (Key::Syn(server, 443, *seq), Time(ms * 1_000_000))).collect())
    }

    fn clocks(captures: &[(&str, Beginnings, usize)]) -> Vec<Option<(i64, u64, ClockBy, u64)>> {
        let inputs: Vec<Input> =
            captures.iter().map(|(name, ..)| Input { name: (*name).to_owned(), ..Input::default() }).collect();
        let captures: Vec<Capture<'_>> = captures
            .iter()
            .zip(&inputs)
            .enumerate()
            .map(|(given, ((_, beginnings, series), input))| Capture {
                input,
                beginnings: Some(beginnings),
                given,
                series: *series,
            })
            .collect();
        let found = find(&captures).into_iter();
        found.map(|clock| clock.map(|c| (c.added_ms, c.uncertainty_ms, c.by, c.connections))).collect()
    }

    #[test]
    fn the_median_of_common_connections_is_added() {
        let router = beginnings(&[(1, 1_000), (2, 2_000), (3, 3_000), (4, 9_000), (5, 9_500)]);
        // 40 s ahead; the SYN of the fourth was lost on its way and seen again a second later.
        let phone = beginnings(&[(1, 40_990), (2, 41_992), (3, 42_991), (4, 47_990), (9, 50_000)]);
        let found = clocks(&[("router", router, 0), ("phone", phone, 1)]);
        assert_eq!(found, [None, Some((-39_990, 1_000, ClockBy::Connections, 4))]);
    }

    #[test]
    fn nothing_is_added_for_the_way_nor_where_they_differ_nor_without_common_ones() {
        let router = || beginnings(&[(1, 1_000), (2, 2_000), (3, 3_000)]);
        let near = beginnings(&[(1, 960), (2, 1_990), (3, 2_950)]);
        // 40, 10 and 50 ms: the median is 40, and the furthest from it 30.
        assert_eq!(clocks(&[("r", router(), 0), ("p", near, 1)])[1], Some((0, 30, ClockBy::Agrees, 3)));
        let set = beginnings(&[(1, 6_000), (2, 7_000), (3, 90_000)]);
        assert_eq!(clocks(&[("r", router(), 0), ("p", set, 1)])[1].map(|c| (c.0, c.2)), Some((0, ClockBy::Unsteady)));
        let other = beginnings(&[(7, 6_000), (8, 7_000), (3, 8_000)]);
        assert_eq!(clocks(&[("r", router(), 0), ("p", other, 1)])[1], Some((0, 0, ClockBy::Unknown, 0)));
        let later = beginnings(&[(7, 6_000)]);
        assert_eq!(clocks(&[("r", router(), 0), ("p", later, 0)]), [None, None], "files of one recorder");
    }

    /// Marks are made on the machine that recorded the interface: its clock counts, whichever was given first.
    #[test]
    fn a_phone_that_wirewitness_recorded_is_not_what_others_are_held_against() {
        let inputs = ["wirewitness phone 0.1.0", "wirewitness record 0.1.0"];
        let inputs = inputs.map(|by| Input { producer: Some(by.to_owned()), ..Input::default() });
        let phone = beginnings(&[(1, 6_000), (2, 7_000), (3, 8_000)]);
        let router = beginnings(&[(1, 1_000), (2, 2_000), (3, 3_000)]);
        let captures = [(&inputs[0], &phone, 0), (&inputs[1], &router, 1)].map(|(input, all, given)| Capture {
            input,
            beginnings: Some(all),
            given,
            series: given,
        });
        let found: Vec<Option<i64>> = find(&captures).into_iter().map(|clock| Some(clock?.added_ms)).collect();
        assert_eq!(found, [Some(-5_000), None]);
    }

    #[test]
    fn a_clock_is_carried_on_over_a_third_capture() {
        let router = beginnings(&[(1, 1_000), (2, 2_000), (3, 3_000)]);
        let phone = beginnings(&[(1, 6_000), (2, 7_000), (3, 8_000), (4, 9_000), (5, 10_000), (6, 11_000)]);
        let watch = beginnings(&[(4, 1_000), (5, 2_000), (6, 3_000)]);
        let found = clocks(&[("router", router, 0), ("watch", watch, 2), ("phone", phone, 1)]);
        assert_eq!(found[2].map(|c| c.0), Some(-5_000));
        assert_eq!(found[1].map(|c| c.0), Some(3_000));
    }
}
