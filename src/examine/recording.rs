//! The inputs of a session for cutting something out of them: from streams to their frames, their
//! secrets and the DNS answers that named their server.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use crate::capture::Source;
use crate::evidence::{Gaps, Place, Time, Transport};
use crate::message::{Item, Kind, Options, Protocol};
use crate::net::StreamId;
use crate::observations::Input;
use crate::secure::KeyLog;
use crate::session::Session;
use crate::signatures::Signatures;

use super::apps::{AppMap, AppNames};
use super::relief::Relief;
use super::streams::Streams;
use super::survey::{Known, carries_names};
use super::{ExamineError, Remarks, segments, slicer};

/// A stream, by the input and the number that it began with, as [`Place::stream`] has it.
pub type StreamKey = (u32, Transport, u32);

/// A frame, by its input and its number there. Ordered as the inputs are read.
pub type Frame = (u32, u64);

/// Answers that are kept for one address, the newest. An address of a CDN has names by the hundred,
/// and a connection begins soon after the answer that it needs.
const ANSWERS_OF_ONE: usize = 16;

/// Addresses whose answers are kept: more than a device asks for in days.
const ANSWERED: usize = 65_536;

/// Streams of one recipient that are listed: a device opens some thousand in a day.
const PLACES: usize = 65_536;

/// The inputs of a session, surveyed.
pub struct Recording {
    /// The inputs in the order of the report.
    pub sources: Vec<Source>,
    /// The same, described.
    pub inputs: Vec<Input>,
    /// Since when any of them was recorded.
    pub since: Option<Time>,
    /// Those that follow each other; any other is a range of its own.
    series: Vec<Range<usize>>,
    apps: AppMap,
    options: Options,
}

/// What a stream consists of.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// Its frames, in the order of the inputs.
    pub frames: BTreeSet<Frame>,
    /// Secrets of its connections, as lines of a key log.
    pub secrets: BTreeSet<String>,
    /// Frames of answers that gave its server's address a name, each with the question.
    pub named: Vec<BTreeSet<Frame>>,
    /// It lies in an encrypted tunnel, whose keys would open everything else in it as well.
    pub in_tunnel: bool,
    server: Option<IpAddr>,
}

impl Recording {
    /// Reads the inputs once.
    ///
    /// # Errors
    /// As those of [`super::examine`].
    pub fn open(session: &Session, signatures: &Signatures, remarks: &mut Remarks<'_>) -> Result<Self, ExamineError> {
        let (known, options) = super::first_pass(session, signatures, 1, remarks)?;
        let Known { sources, inputs, series, apps, first, .. } = known;
        let mut keys = KeyLog::clone(&options.keys);
        keys.note_asked();
        let options = Options { keys: Arc::new(keys), ..options };
        let apps = AppMap::new(apps, &series, &session.witnesses);
        Ok(Self { sources, inputs, since: first, series, apps, options })
    }

    /// The inputs that an input follows or that follow it, with itself.
    pub fn series_of(&self, input: u32) -> Range<u32> {
        let of = |range: &&Range<usize>| range.contains(&(input as usize));
        self.series.iter().find(of).map_or(input..input + 1, |range| range.start as u32..range.end as u32)
    }

    /// Reads the inputs a second time for the streams that are `wanted`.
    ///
    /// # Errors
    /// Where an input cannot be read any more.
    pub fn streams(&self, wanted: &BTreeSet<StreamKey>) -> Result<BTreeMap<StreamKey, Stream>, ExamineError> {
        let mut found = BTreeMap::new();
        for range in &self.series {
            let within = |key: &&StreamKey| range.contains(&(key.0 as usize));
            if wanted.iter().any(|key| within(&key)) {
                self.read(range.clone(), wanted, &mut found)?;
            }
        }
        Ok(found)
    }

    fn read(
        &self,
        range: Range<usize>,
        wanted: &BTreeSet<StreamKey>,
        found: &mut BTreeMap<StreamKey, Stream>,
    ) -> Result<(), ExamineError> {
        let keys = &self.options.keys;
        // A later stream may resume a session with a secret that this one derives.
        let all = keys.derives_masters();
        let sealed = keys.wireguard().can_open();
        let mut streams = Streams::new(&self.options, &AppNames::from([]));
        let mut relief = Relief::default();
        let mut began: HashMap<StreamId, StreamKey> = HashMap::new();
        let mut answers: BTreeMap<IpAddr, Vec<BTreeSet<Frame>>> = BTreeMap::new();
        let (mut groups, mut elsewhere) = (BTreeSet::new(), BTreeMap::<StreamKey, BTreeSet<Frame>>::new());
        let mut moved_to = |moved: Option<(StreamKey, BTreeSet<Frame>)>| {
            if let Some((key, frames)) = moved {
                elsewhere.entry(key).or_default().extend(frames);
            }
        };
        let (mut counted, mut unread, mut outside) = (Counted::default(), Gaps::default(), None);
        segments::read(
            &self.sources,
            range.clone(),
            slicer(keys),
            &self.apps,
            &mut Gaps::default(),
            &mut |placed, segment, _| {
                let assigned = &placed.assigned;
                counted.next(segment.input, assigned.leg.before);
                let leg = assigned.leg;
                let key = *began.entry(assigned.id).or_insert((leg.input, assigned.id.transport, leg.number));
                if segment.quoted {
                    // The segments inside a tunnel come after the datagram that carries them.
                    outside = Some(segment.frame);
                }
                let is_wanted = wanted.contains(&key);
                let names = carries_names(segment);
                if is_wanted && !segment.quoted {
                    let stream = found.entry(key).or_default();
                    stream.frames.extend(segment.frames.iter().filter_map(|frame| counted.frame(*frame)));
                    stream.server = Some(assigned.endpoints.server.ip().to_canonical());
                    stream.in_tunnel |= sealed && outside == Some(segment.frame);
                }
                if is_wanted {
                    groups.extend(placed.group);
                }
                // A connection may have moved to the ends of a later stream.
                let moved = placed.group.is_some_and(|group| groups.contains(&group));
                if is_wanted || names || all || moved {
                    // Answers to questions in other streams do not belong to this one.
                    drop(keys.take_asked());
                    let mut sink = |item| moved_to(answered(item, wanted, &mut answers));
                    streams.push(placed, segment, &mut unread, &mut sink);
                    let asked = keys.take_asked();
                    if let Some(stream) = found.get_mut(&key).filter(|_| is_wanted) {
                        stream.secrets.extend(asked);
                    }
                    if relief.is_due(segment) {
                        let load = streams.relieve(relief.too_heavy(), &mut sink);
                        relief.weighed(load);
                    }
                }
                true
            },
        )?;
        streams.finish(&mut |item| moved_to(answered(item, wanted, &mut answers)));
        for (key, frames) in elsewhere {
            found.entry(key).or_default().frames.extend(frames);
        }
        drop(keys.take_asked());
        for (key, stream) in found.iter_mut().filter(|(key, _)| range.contains(&(key.0 as usize))) {
            debug_assert!(wanted.contains(key));
            let named = stream.server.and_then(|server| answers.get(&server)).into_iter().flatten();
            let last = stream.frames.last().copied().unwrap_or_default();
            stream.named = named.filter(|frames| frames.first().is_some_and(|first| *first <= last)).cloned().collect();
        }
        Ok(())
    }
}

/// One place in each stream or entry in which something was sent to `recipient` (its id in the
/// report), and how many more such streams there are beyond the limit.
///
/// # Errors
/// As those of [`super::examine`].
pub fn places_of(
    session: &Session,
    signatures: &Signatures,
    recipient: &str,
    remarks: &mut Remarks<'_>,
) -> Result<(Vec<Place>, u64), ExamineError> {
    let (mut places, mut seen, mut left_out) = (Vec::new(), BTreeSet::new(), 0);
    super::sent::each_sent(session, signatures, false, remarks, &mut |_, message, attribution| {
        let of = match message.place {
            Place::Frames { .. } => message.place.stream(),
            Place::Entry { input, entry, .. } => Some((input, Transport::Tcp, entry as u32)),
        };
        // A name that is asked for is no message to anybody.
        let to = !matches!(message.kind, Kind::Dns(_)) && attribution.recipient.id == recipient;
        if let Some(of) = of.filter(|_| to)
            && seen.insert(of)
        {
            match places.len() < PLACES {
                true => places.push(message.place),
                false => left_out += 1,
            }
        }
    })?;
    Ok((places, left_out))
}

/// Frame numbers that count on through a series, back to those in each file.
#[derive(Default)]
struct Counted {
    /// Each input, with the number of frames in the files before it.
    inputs: Vec<(u32, u64)>,
}

impl Counted {
    fn next(&mut self, input: u32, before: u64) {
        if self.inputs.last() != Some(&(input, before)) {
            self.inputs.push((input, before));
        }
    }

    fn frame(&self, counted: u64) -> Option<Frame> {
        let (input, before) = self.inputs.iter().rev().find(|(_, before)| counted > *before)?;
        Some((*input, counted - before))
    }
}

/// Keeps the frames of a DNS answer under each address in it. Returns the frames of a message whose
/// connection began in a wanted stream and moved to other ends.
fn answered(
    item: Item,
    wanted: &BTreeSet<StreamKey>,
    answers: &mut BTreeMap<IpAddr, Vec<BTreeSet<Frame>>>,
) -> Option<(StreamKey, BTreeSet<Frame>)> {
    let Item::Message(message) = item else { return None };
    let quic = matches!(message.protocol, Protocol::Http3 | Protocol::Grpc | Protocol::Quic);
    let stream = message.place.stream().filter(|stream| quic && stream.1 == Transport::Udp && wanted.contains(stream));
    let moved = stream.map(|stream| (stream, frames_of(&message.place).collect()));
    let Kind::Dns(dns) = &message.kind else { return moved };
    if !dns.response {
        return moved;
    }
    for (_, kind, value, _) in &dns.answers {
        let address = value.parse::<IpAddr>().ok().filter(|_| kind == "A" || kind == "AAAA");
        let Some(address) = address.map(|address| address.to_canonical()) else { continue };
        if answers.len() >= ANSWERED && !answers.contains_key(&address) {
            continue;
        }
        let known = answers.entry(address).or_default();
        if known.len() >= ANSWERS_OF_ONE {
            known.remove(0);
        }
        known.push(frames_of(&message.place).collect());
    }
    moved
}

/// The frames of a place, in the order of the inputs.
pub fn frames_of(place: &Place) -> impl Iterator<Item = Frame> {
    let (first, continued) = match place {
        Place::Frames { input, frames, continued, .. } => (Some((*input, frames)), continued.as_slice()),
        Place::Entry { .. } => (None, [].as_slice()),
    };
    let continued = continued.iter().map(|part| (part.input, &part.frames));
    first.into_iter().chain(continued).flat_map(|(input, frames)| frames.iter().map(move |frame| (input, *frame)))
}
