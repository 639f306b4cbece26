//! How often something was sent, and how much: counts, intervals, bursts.

use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use indexmap::{Equivalent, IndexMap};

use crate::evidence::Time;
use crate::identify::Hit;
use crate::message::Message;
use crate::observations::{Flow, Phase, Rhythm};

use super::SHARDS;

/// Times kept of one flow in one phase over a whole run; a shard keeps 1/64, its earliest.
/// Counts and bytes go on beyond it; intervals and bursts are then of the kept ones. A beacon
/// every second fills it in 18 hours.
const TIMES: usize = 64 * 1024;

/// Messages that lie no further apart than this belong to one burst.
const BURST_GAP: i64 = 1_000_000_000;

/// Messages that make a burst: two may be just a request and its retry.
const BURST: usize = 3;

/// Flows in a phase and scenario of a whole run; a shard keeps 1/64. As many as there may be sightings,
/// of which each is of one.
const FLOWS: usize = 52 * 1024;

/// Times kept of all flows of a whole run, 32 MiB; a shard keeps 1/64.
const ALL_TIMES: usize = 4 << 20;

/// Recipient, data type, app.
pub type FlowKey = (String, String, Option<String>);

/// A flow in one phase group and scenario.
#[derive(Debug, PartialEq, Eq, Hash)]
struct FlowPhase {
    flow: FlowKey,
    phase: &'static str,
    scenario: Option<String>,
}

/// The same, borrowed: nearly every message is of one that was met before.
#[derive(Hash)]
struct FlowPhaseOf<'a> {
    flow: (&'a str, &'a str, Option<&'a str>),
    phase: &'static str,
    scenario: Option<&'a str>,
}

impl FlowPhaseOf<'_> {
    fn into_owned(self) -> FlowPhase {
        let ((recipient, data_type, app), scenario) = (self.flow, self.scenario.map(str::to_owned));
        FlowPhase {
            flow: (recipient.to_owned(), data_type.to_owned(), app.map(str::to_owned)),
            phase: self.phase,
            scenario,
        }
    }
}

impl Equivalent<FlowPhase> for FlowPhaseOf<'_> {
    fn equivalent(&self, other: &FlowPhase) -> bool {
        let (recipient, data_type, app) = &other.flow;
        self.flow == (recipient.as_str(), data_type.as_str(), app.as_deref())
            && self.phase == other.phase
            && self.scenario == other.scenario.as_deref()
    }
}

/// The rhythm of every flow in every phase group and scenario.
#[derive(Debug, Default)]
pub struct Rhythms {
    flows: IndexMap<FlowPhase, Beats, RandomState>,
    /// Kept of all.
    times: usize,
}

impl Rhythms {
    /// Counts a message once for each data type it carries, however often it does.
    pub fn add(&mut self, message: &Message, recipient: &str, phase: &Phase, hits: &[Hit]) {
        let mut types: Vec<&str> = hits.iter().map(|hit| hit.data_type.as_str()).collect();
        types.sort_unstable();
        types.dedup();
        for data_type in types {
            let flow = (recipient, data_type, message.app.as_deref());
            let key = FlowPhaseOf { flow, phase: phase.group(), scenario: phase.scenario.as_deref() };
            let index = match self.flows.get_index_of(&key) {
                Some(index) => index,
                // Of flows beyond the limit no sighting is kept either, and that is told there.
                None if self.flows.len() >= FLOWS / SHARDS => continue,
                None => self.flows.insert_full(key.into_owned(), Beats::default()).0,
            };
            let Some((_, beats)) = self.flows.get_index_mut(index) else { continue };
            let before = beats.times.len();
            beats.add(message.time, message.wire_bytes, self.times < ALL_TIMES / SHARDS);
            self.times += beats.times.len() - before;
        }
    }

    /// What another shard saw.
    pub fn merge(&mut self, other: Self) {
        for (key, beats) in other.flows {
            self.flows.entry(key).or_default().merge(beats);
        }
    }

    /// Gives each flow its rhythms, earliest first.
    pub fn put_into(self, flows: &mut BTreeMap<FlowKey, Flow>) {
        for (FlowPhase { flow, phase, scenario }, beats) in self.flows {
            if let Some(flow) = flows.get_mut(&flow) {
                flow.phases.push(beats.rhythm(phase, scenario));
            }
        }
        for flow in flows.values_mut() {
            // A message that carries it twice is one.
            flow.count = flow.phases.iter().map(|phase| phase.messages).sum();
            flow.phases.sort_by(|a, b| (a.first, &a.phase, &a.scenario).cmp(&(b.first, &b.phase, &b.scenario)));
        }
    }
}

/// Times and bytes of the messages of one flow in one phase.
#[derive(Clone, Debug, Default)]
struct Beats {
    times: Vec<Time>,
    messages: u64,
    sent_bytes: u64,
    last: Option<Time>,
}

impl Beats {
    /// One more message; `room`: one more time may be kept.
    fn add(&mut self, time: Time, bytes: u64, room: bool) {
        self.messages += 1;
        self.sent_bytes += bytes;
        self.last = self.last.max(Some(time));
        let at = self.times.partition_point(|known| *known <= time);
        if at < TIMES / SHARDS && (room || at < self.times.len()) {
            if !room {
                self.times.pop();
            }
            self.times.insert(at, time);
            self.times.truncate(TIMES / SHARDS);
        }
    }

    /// What another shard saw of the same.
    fn merge(&mut self, other: Self) {
        self.messages += other.messages;
        self.sent_bytes += other.sent_bytes;
        self.last = self.last.max(other.last);
        // Each shard kept its earliest: together they are at most [`TIMES`].
        self.times.extend(other.times);
    }

    /// In numbers.
    fn rhythm(mut self, phase: &str, scenario: Option<String>) -> Rhythm {
        self.times.sort_unstable();
        let intervals = self.times.windows(2).map(|pair| pair.last().zip(pair.first()));
        let mut intervals: Vec<i64> = intervals.flatten().map(|(later, earlier)| later.since(*earlier)).collect();
        let (bursts, largest_burst) = bursts(&intervals);
        intervals.sort_unstable();
        Rhythm {
            phase: phase.to_owned(),
            scenario,
            messages: self.messages,
            sent_bytes: self.sent_bytes,
            first: self.times.first().copied().unwrap_or(Time(0)),
            last: self.last.unwrap_or(Time(0)),
            median_interval_ms: median(&intervals).map(|nanoseconds| (nanoseconds / 1_000_000) as u64),
            bursts,
            largest_burst,
            timed: self.times.len() as u64,
        }
    }
}

/// The middle of sorted intervals; of an even number the lower one, so that it is one that occurred.
fn median(sorted: &[i64]) -> Option<i64> {
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

/// How many runs of at least [`BURST`] messages there are, and the messages of the largest.
fn bursts(intervals: &[i64]) -> (u64, u64) {
    let runs = intervals.split(|interval| *interval > BURST_GAP).map(|run| run.len() + 1);
    runs.filter(|messages| *messages >= BURST)
        .fold((0, 0), |(count, largest), run| (count + 1, largest.max(run as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rhythm(seconds: &[f64]) -> Rhythm {
        let mut beats = Beats::default();
        for second in seconds {
            beats.add(Time((second * 1e9) as i64), 10, true);
        }
        beats.rhythm("after-consent", None)
    }

    #[test]
    fn a_beacon_has_its_interval() {
        let beacon = rhythm(&[0.0, 60.0, 120.0, 180.5, 240.0]);
        assert_eq!((beacon.messages, beacon.sent_bytes, beacon.median_interval_ms), (5, 50, Some(60_000)));
        assert_eq!((beacon.bursts, beacon.largest_burst), (0, 0));
        let once = rhythm(&[7.0]);
        assert_eq!((once.messages, once.median_interval_ms, once.first), (1, None, once.last));
    }

    #[test]
    fn bursts_are_three_and_more_within_a_second_of_each_other() {
        // 0, 0.5, 1.4 | 10, 10.1 | 20, 20.2, 20.4, 20.6
        let sent = rhythm(&[0.0, 0.5, 1.4, 10.0, 10.1, 20.0, 20.2, 20.4, 20.6]);
        assert_eq!((sent.bursts, sent.largest_burst), (2, 4));
    }

    #[test]
    fn the_order_of_arrival_does_not_matter_and_the_times_kept_are_bounded() {
        let (mut forth, mut back) = (Beats::default(), Beats::default());
        for n in 0..3000 {
            forth.add(Time(n * 1_000_000_000), 1, true);
            back.add(Time((2999 - n) * 1_000_000_000), 1, true);
        }
        let (forth, back) = (forth.rhythm("none", None), back.rhythm("none", None));
        assert_eq!(forth, back);
        assert_eq!((forth.messages, forth.timed), (3000, (TIMES / SHARDS) as u64));
        assert_eq!(forth.last, Time(2_999_000_000_000));
    }

    #[test]
    fn without_room_the_earliest_stay_and_all_are_counted() {
        let mut beats = Beats::default();
        for (second, room) in [(5, true), (9, true), (7, false), (11, false), (1, false)] {
            beats.add(Time(second * 1_000_000_000), 1, room);
        }
        let rhythm = beats.rhythm("none", None);
        assert_eq!((rhythm.messages, rhythm.timed, rhythm.first), (5, 2, Time(1_000_000_000)));
        assert_eq!((rhythm.median_interval_ms, rhythm.last), (Some(4_000), Time(11_000_000_000)));
    }
}
