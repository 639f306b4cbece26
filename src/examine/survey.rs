//! Pass 1: hashes, keys, names and times of all inputs, and which of them follow each other.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::capture::{self, Apps, Digests, Hash, Packet, Record, Source, Survey};
use crate::evidence::{Gap, Gaps, Time};
use crate::message::{Item, Options, import};
use crate::net::{Numbering, Segment, Slicer};
use crate::observations::{Clock, ClockBy, Input};
use crate::party::NameTable;
use crate::secure::KeyLog;
use crate::signatures::Protocols;

use super::ExamineError;
use super::apps::AppNames;
use super::clocks::{self, Beginnings, Capture};
use super::paths::Placed;
use super::relief::Relief;
use super::series::{self, Extent, Finder};
use super::streams::Streams;

/// DNS, multicast DNS and LLMNR (RFC 1035 §4.2, RFC 6762 §3, RFC 4795 §2.1).
const NAME_PORTS: &[u16] = &[53, 5353, 5355];

/// HTTP over TLS (RFC 9110 §4.2.2).
const HTTPS_PORT: u16 = 443;

/// What pass 2 has to know beforehand.
#[derive(Default)]
pub struct Known {
    /// The inputs in the order given, except that captures which follow each other stand together.
    pub sources: Vec<Source>,
    /// The inputs, in this order.
    pub inputs: Vec<Input>,
    /// The series: ranges of inputs that follow each other. Any other input is a range of its own.
    pub series: Vec<Range<usize>>,
    /// Names that DNS gave to addresses.
    pub names: NameTable,
    /// The apps of its packets, by input.
    pub apps: Vec<Apps>,
    /// It is a dump of plaintext, by input.
    pub dumps: Vec<bool>,
    /// What is damaged or over a limit, by input; in `gaps` too.
    pub damage: Vec<Vec<Gap>>,
    /// Since when any input was recorded: what it says of itself, else its first record.
    pub first: Option<Time>,
    /// Damage and limits.
    pub gaps: Gaps,
    /// The hashes of the inputs, where they are made meanwhile.
    pub digests: Option<Digests>,
    /// A resolver was asked over TLS: if there are keys, more names can be read.
    pub sealed_names: bool,
}

/// Addresses of one series that are kept to compare later captures with. A device talks to some
/// thousand servers.
const ADDRESSES: usize = 16_384;

/// Reads all inputs once. Secrets found on the way are added to `keys`. `clocks` is what is known beforehand of the
/// clock of each; if connections show that another clock is off, all is read once more with its times corrected.
/// `hash`: also compute the hash of each.
pub fn survey(
    sources: Vec<Source>,
    clocks: &[Option<Clock>],
    keys: &mut KeyLog,
    protocols: &Arc<Protocols>,
    hash: Hash,
) -> Result<Known, ExamineError> {
    let several = sources.iter().filter(|source| source.format().is_capture()).count() > 1;
    let (mut known, order, beginnings) = read(sources, clocks, several, keys, protocols, hash)?;
    if !several {
        return Ok(known);
    }
    let series = |at: usize| known.series.iter().position(|range| range.contains(&at)).unwrap_or(usize::MAX);
    let captures: Vec<Capture<'_>> = known
        .inputs
        .iter()
        .zip(&beginnings)
        .zip(&order)
        .enumerate()
        .map(|(at, ((input, beginnings), given))| Capture {
            input,
            beginnings: beginnings.as_ref(),
            given: *given,
            series: series(at),
        })
        .collect();
    let found = clocks::find(&captures);
    if found.iter().flatten().all(|clock| clock.by != ClockBy::Connections) {
        for (input, clock) in known.inputs.iter_mut().zip(found) {
            input.clock = clock;
        }
        return Ok(known);
    }
    // In the order in which they were given, now that their times may put them into another.
    let mut given: Vec<(usize, Source, Option<Clock>)> = order
        .into_iter()
        .zip(known.sources)
        .zip(found)
        .map(|((index, source), clock)| (index, source, clock))
        .collect();
    given.sort_by_key(|(index, ..)| *index);
    let clocks: Vec<Option<Clock>> = given.iter().map(|(_, _, clock)| clock.clone()).collect();
    let sources = given.into_iter().map(|(_, mut source, clock)| {
        if let Some(clock) = clock {
            source.set_shift(clock.added_ms.saturating_mul(1_000_000));
        }
        source
    });
    read(sources.collect(), &clocks, false, keys, protocols, hash).map(|(known, ..)| known)
}

/// What is known, where each input was given, and the connections of each where they are `wanted`.
type Read = (Known, Vec<usize>, Vec<Option<Beginnings>>);

/// What one input turned out to be, its apps, that it is a dump of plaintext, its damage, and its connections.
type Surveyed = (Input, Apps, bool, Vec<Gap>, Option<Beginnings>);

fn read(
    sources: Vec<Source>,
    clocks: &[Option<Clock>],
    wanted: bool,
    keys: &mut KeyLog,
    protocols: &Arc<Protocols>,
    hash: Hash,
) -> Result<Read, ExamineError> {
    let mut known = Known::default();
    let options = Options { protocols: Arc::clone(protocols), ..Options::default() };
    let mut found: Vec<Option<Surveyed>> = sources.iter().map(|_| None).collect();
    let mut finder = Finder::new();
    let mut over = Vec::new();
    for begin in series::by_time(&sources)? {
        let Some(source) = sources.get(begin.index) else { continue };
        let shared = |open: &Open| begin.addresses.iter().filter(|address| open.addresses.contains(address)).count();
        let before = begin.first.and_then(|first| finder.before(first, &shared, &mut |open| over.push(open)));
        let (mut members, mut open) = before.unwrap_or_else(|| (Vec::new(), Open::new(&options)));
        let mut beginnings = (wanted && source.format().is_capture()).then(Beginnings::default);
        let Survey { mut input, secrets, names: given, apps, dump, mut started, gaps } =
            capture::survey(source, begin.index as u32, hash, &mut |packet| {
                open.packet(packet, &mut known.names, beginnings.as_mut());
            })?;
        input.clock = clocks.get(begin.index).cloned().flatten();
        open.names.next_capture(input.records);
        if !source.format().is_capture() {
            // What it cannot read is counted in pass 2, not here.
            let imported =
                import::read(source, begin.index as u32, &options, &mut |item| learn(item, &mut known.names))?;
            input.producer = imported.producer;
            input.records = imported.entries;
            (input.first, input.last) = (imported.first, imported.last);
            started = imported.since;
        }
        keys.parse(&secrets, &input.name);
        for (address, name) in given {
            known.names.learn_given(address, &name);
        }
        for gap in &gaps {
            known.gaps.add(gap.clone());
        }
        known.first = [known.first, started, input.first].into_iter().flatten().min();
        members.push(begin.index);
        match (begin.first, input.last) {
            (Some(first), Some(last)) => {
                finder.add(members, Extent { first, last }, open, &mut |open| over.push(open));
            }
            _ => {
                finder.alone(begin.index);
                over.push(open);
            }
        }
        for open in over.drain(..) {
            known.sealed_names |= open.names.finish(&mut known.names);
        }
        if let Some(place) = found.get_mut(begin.index) {
            *place = Some((input, apps, dump, gaps, beginnings));
        }
    }
    let series = finder.finish(&mut |open| known.sealed_names |= open.names.finish(&mut known.names));
    known.series = series::ranges(&series);
    let mut sources: Vec<Option<Source>> = sources.into_iter().map(Some).collect();
    let (mut order, mut all) = (Vec::new(), Vec::new());
    for index in series.into_iter().flatten() {
        let source = sources.get_mut(index).and_then(Option::take);
        let found = found.get_mut(index).and_then(Option::take);
        if let (Some(source), Some((input, apps, dump, damage, beginnings))) = (source, found) {
            order.push(index);
            all.push(beginnings);
            known.sources.push(source);
            known.inputs.push(input);
            known.apps.push(apps);
            known.dumps.push(dump);
            known.damage.push(damage);
        }
    }
    Ok((known, order, all))
}

/// Reads the names once more, now that the keys are known: in sealed tunnels, and of
/// resolvers that were asked over TLS. What was learned before is learned again, which
/// changes nothing.
pub fn sealed_names(known: &mut Known, options: &Options) -> Result<(), ExamineError> {
    known.names.read_anew();
    for range in &known.series {
        let mut reader = NameReader::new(super::slicer(&options.keys), options);
        for (index, source) in known.sources.iter().enumerate().take(range.end).skip(range.start) {
            if !source.format().is_capture() {
                continue;
            }
            let (mut packets, mut frames) = (source.packets(index as u32)?, 0);
            while let Some(record) = packets.next() {
                if let Record::Packet(packet) = record {
                    frames = packet.frame;
                    reader.packet(&packet, &mut known.names, &mut |_| ());
                }
            }
            reader.next_capture(frames);
        }
        reader.finish(&mut known.names);
    }
    Ok(())
}

/// What is carried on from capture to capture of a series.
struct Open {
    names: NameReader,
    addresses: HashSet<IpAddr, RandomState>,
}

impl Open {
    fn new(options: &Options) -> Self {
        Self { names: NameReader::new(Slicer::new(), options), addresses: HashSet::default() }
    }

    fn packet(&mut self, packet: &Packet<'_>, names: &mut NameTable, mut beginnings: Option<&mut Beginnings>) {
        let addresses = &mut self.addresses;
        self.names.packet(packet, names, &mut |segment| {
            if let Some(beginnings) = &mut beginnings {
                beginnings.see(segment);
            }
            if addresses.len() < ADDRESSES {
                addresses.extend([segment.src.ip(), segment.dst.ip()]);
            }
        });
    }
}

/// Follows the name services of one series and nothing else. What it cannot read is
/// counted in pass 2, not here.
struct NameReader {
    slicer: Slicer,
    numbering: Numbering,
    streams: Streams,
    relief: Relief,
    unread: Gaps,
    protocols: Arc<Protocols>,
    sealed: bool,
}

impl NameReader {
    fn new(slicer: Slicer, options: &Options) -> Self {
        Self {
            slicer,
            numbering: Numbering::new(),
            streams: Streams::new(options, &AppNames::from([])),
            relief: Relief::default(),
            protocols: Arc::clone(&options.protocols),
            sealed: false,
            unread: Gaps::default(),
        }
    }

    fn next_capture(&mut self, frames: u64) {
        self.slicer.next_capture(frames);
        self.numbering.next_capture(frames);
    }

    fn packet(&mut self, packet: &Packet<'_>, names: &mut NameTable, see: &mut dyn FnMut(&Segment<'_>)) {
        let mut found = self.slicer.slice(packet, &mut self.unread);
        while let Some(segment) = found {
            see(&segment);
            let resolver = resolver(&segment, &self.protocols);
            self.sealed |= resolver.is_some_and(|end| end.port() == HTTPS_PORT);
            if resolver.is_some() || carries_names(&segment) {
                // Few resolvers are asked over QUIC, and only briefly: their connections are not followed to other ends.
                let placed = Placed { assigned: self.numbering.assign(&segment), group: None };
                self.streams.push(&placed, &segment, &mut self.unread, &mut |item| learn(item, names));
                if self.relief.is_due(&segment) {
                    let load = self.streams.relieve(self.relief.too_heavy(), &mut |item| learn(item, names));
                    self.relief.weighed(load);
                }
            }
            found = self.slicer.more(packet, &mut self.unread);
        }
    }

    /// The rest; whether a resolver was asked over TLS.
    fn finish(mut self, names: &mut NameTable) -> bool {
        self.streams.finish(&mut |item| learn(item, names));
        self.sealed
    }
}

pub fn carries_names(segment: &Segment<'_>) -> bool {
    NAME_PORTS.contains(&segment.src.port()) || NAME_PORTS.contains(&segment.dst.port())
}

/// The end that is a resolver which is asked over HTTP.
fn resolver(segment: &Segment<'_>, protocols: &Protocols) -> Option<SocketAddr> {
    [segment.src, segment.dst].into_iter().find(|end| protocols.resolves_at(end.ip().to_canonical()))
}

fn learn(item: Item, names: &mut NameTable) {
    if let Item::Message(message) = item {
        names.learn_message(&message);
    }
}
