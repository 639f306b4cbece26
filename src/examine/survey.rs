//! Pass 1: hashes, keys, names and times of all inputs.

use std::sync::Arc;

use crate::capture::{self, Apps, Packet, Record, Source, Survey};
use crate::evidence::{Gaps, Time};
use crate::message::{Item, Options, import};
use crate::net::{Numbering, Segment, Slicer};
use crate::observations::Input;
use crate::party::NameTable;
use crate::secure::KeyLog;

use super::ExamineError;
use super::apps::AppNames;
use super::streams::Streams;

/// DNS, multicast DNS and LLMNR (RFC 1035 §4.2, RFC 6762 §3, RFC 4795 §2.1).
const NAME_PORTS: &[u16] = &[53, 5353, 5355];

/// What pass 2 has to know beforehand.
#[derive(Default)]
pub struct Known {
    /// The inputs.
    pub inputs: Vec<Input>,
    /// Names that DNS gave to addresses.
    pub names: NameTable,
    /// Whose packets they are, by input.
    pub apps: Vec<Apps>,
    /// Time of the first record of all inputs.
    pub first: Option<Time>,
    /// Damage and limits.
    pub gaps: Gaps,
}

/// Reads all inputs once. Secrets found on the way are added to `keys`.
pub fn survey(sources: &[Source], keys: &mut KeyLog) -> Result<Known, ExamineError> {
    let mut known = Known::default();
    for (index, source) in sources.iter().enumerate() {
        let index = index as u32;
        let mut names = NameReader::new(Slicer::new());
        let Survey { mut input, secrets, names: given, apps, gaps } =
            capture::survey(source, index, &mut |packet| names.packet(packet, &mut known.names))?;
        names.finish(&mut known.names);
        if !source.format().is_capture() {
            let options = Options { keys: Arc::new(KeyLog::new()), hash_bodies: false };
            // What it cannot read is counted in pass 2, not here.
            let imported = import::read(source, index, &options, &mut |item| learn(item, &mut known.names))?;
            input.producer = imported.producer;
            input.records = imported.entries;
            (input.first, input.last) = (imported.first, imported.last);
        }
        keys.parse(&secrets, &input.name);
        for (address, name) in given {
            known.names.learn_given(address, &name);
        }
        for gap in gaps {
            known.gaps.add(gap);
        }
        known.first = [known.first, input.first].into_iter().flatten().min();
        known.inputs.push(input);
        known.apps.push(apps);
    }
    Ok(known)
}

/// Reads the names once more, now that the keys are known and packets come out of sealed
/// tunnels as well. What was learned before is learned again, which changes nothing.
pub fn names_in_tunnels(sources: &[Source], keys: &Arc<KeyLog>, names: &mut NameTable) -> Result<(), ExamineError> {
    for (index, source) in sources.iter().enumerate().filter(|(_, source)| source.format().is_capture()) {
        let mut reader = NameReader::new(super::slicer(keys));
        let mut packets = source.packets(index as u32)?;
        while let Some(record) = packets.next() {
            if let Record::Packet(packet) = record {
                reader.packet(&packet, names);
            }
        }
        reader.finish(names);
    }
    Ok(())
}

/// Follows the name services of one input and nothing else. What it cannot read is
/// counted in pass 2, not here.
struct NameReader {
    slicer: Slicer,
    numbering: Numbering,
    streams: Streams,
    unread: Gaps,
}

impl NameReader {
    fn new(slicer: Slicer) -> Self {
        Self {
            slicer,
            numbering: Numbering::new(),
            streams: Streams::new(&Options { keys: Arc::new(KeyLog::new()), hash_bodies: false }, &AppNames::from([])),
            unread: Gaps::default(),
        }
    }

    fn packet(&mut self, packet: &Packet<'_>, names: &mut NameTable) {
        let mut found = self.slicer.slice(packet, &mut self.unread);
        while let Some(segment) = found {
            if carries_names(&segment) {
                let assigned = self.numbering.assign(&segment);
                self.streams.push(&assigned, &segment, &mut self.unread, &mut |item| learn(item, names));
            }
            found = self.slicer.more(packet, &mut self.unread);
        }
    }

    fn finish(mut self, names: &mut NameTable) {
        self.streams.finish(&mut |item| learn(item, names));
    }
}

fn carries_names(segment: &Segment<'_>) -> bool {
    NAME_PORTS.contains(&segment.src.port()) || NAME_PORTS.contains(&segment.dst.port())
}

fn learn(item: Item, names: &mut NameTable) {
    if let Item::Message(message) = item {
        names.learn_message(&message);
    }
}
