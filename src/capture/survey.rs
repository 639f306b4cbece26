//! The first pass: what a file is, before anything in it is judged.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;

use crate::evidence::{Gap, GapReason, Gaps, Time};
use crate::observations::Input;

use super::apps::Apps;
use super::digests;
use super::hashed::Hashed;
use super::inflate;
use super::packet::{Packet, Record};
use super::reader::PacketReader;
use super::recorder::Recorder;
use super::source::{OpenError, Source};

/// Key log text kept of one file: some hundred thousand connections.
const SECRETS: usize = 64 << 20;

/// Names kept of one file's Name Resolution Blocks.
const NAMES: usize = 100_000;

/// Interfaces of one file whose drops are counted.
const INTERFACES: usize = 4_096;

/// How long before its first packet a capture is believed to have been started: a day, in nanoseconds.
const LONGEST_SILENCE: i64 = 24 * 60 * 60 * 1_000_000_000;

/// What the first pass found.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The file.
    pub input: Input,
    /// Key log text of all Decryption Secrets Blocks, wherever they stand, in
    /// order, each ended by a line feed.
    pub secrets: Vec<u8>,
    /// Names that the file gives to addresses, without repetition, in order.
    pub names: Vec<(IpAddr, String)>,
    /// Whose packets they are.
    pub apps: Apps,
    /// It is a dump of plaintext by a hook: it does not show how it travelled.
    pub dump: bool,
    /// Since when it was recorded, where the file says so.
    pub started: Option<Time>,
    /// Damage and limits.
    pub gaps: Vec<Gap>,
}

/// Where the hash of an input is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// In the survey, which reads the file anyway.
    WhileReading,
    /// By [`super::Digests`], meanwhile; the survey leaves it empty.
    Elsewhere,
}

/// Reads `source` once from end to end: hash, keys, interfaces, times. `observe` sees
/// each packet on the way, `input` is what they carry as their input.
///
/// For a source that is no capture, it gives hash, size and format; `records` is 0.
///
/// # Errors
/// Where the file cannot be opened or read any more. Damage is no error.
pub fn survey(
    source: &Source,
    input: u32,
    hash: Hash,
    observe: &mut dyn FnMut(&Packet<'_>),
) -> Result<Survey, OpenError> {
    let failed = |e| OpenError::io(source.name(), &e);
    let mut format = source.format().to_string();
    if let Some(coding) = source.coding().name() {
        format.push_str(&format!(" ({coding})"));
    }
    let mut found = Survey {
        input: Input {
            name: source.name().to_owned(),
            sha256: String::new(),
            bytes: source.size(),
            format,
            producer: None,
            records: 0,
            first: None,
            last: None,
            links: Vec::new(),
            secrets: 0,
            clock: None,
        },
        secrets: Vec::new(),
        names: Vec::new(),
        apps: Apps::default(),
        dump: false,
        started: None,
        gaps: Vec::new(),
    };
    if !source.format().is_capture() {
        if hash == Hash::WhileReading {
            found.input.sha256 = digests::of(source.path(), source.progress()).map_err(failed)?;
        }
        return Ok(found);
    }
    let whole = (hash == Hash::WhileReading).then(|| Ok(Hashed::new(source.raw()?, source.progress()))).transpose()?;
    let content: Box<dyn io::Read + Send> = match &whole {
        Some(hashed) => Box::new(hashed.try_clone().map_err(failed)?),
        None => source.watched()?,
    };
    let content = inflate::open(source.coding(), content).map_err(failed)?;
    let mut reader = PacketReader::new(content, source.format(), input).shifted(source.shift());
    read(&mut reader, &mut found, observe);
    // Reading may have stopped at damage; the hash is of the whole file.
    if let Some(rest) = whole {
        found.input.sha256 = rest.finish().map_err(failed)?;
    }
    found.input.secrets = found.secrets.split(|b| *b == b'\n').filter(|line| is_secret(line)).count() as u64;
    Ok(found)
}

fn read(reader: &mut PacketReader, found: &mut Survey, observe: &mut dyn FnMut(&Packet<'_>)) {
    let mut gaps = Gaps::default();
    let (mut known, mut recorder) = (BTreeSet::new(), Recorder::default());
    let mut dropped: BTreeMap<u32, u64> = BTreeMap::new();
    while let Some(record) = reader.next() {
        found.apps.see(&record);
        recorder.see(&record);
        match record {
            Record::Packet(packet) => {
                found.input.records += 1;
                if packet.timed {
                    let time = packet.time;
                    found.input.first = Some(found.input.first.map_or(time, |t| t.min(time)));
                    found.input.last = Some(found.input.last.map_or(time, |t| t.max(time)));
                }
                observe(&packet);
            }
            Record::Secrets(text) if found.secrets.len() + text.len() < SECRETS => {
                found.secrets.extend_from_slice(text);
                if !text.ends_with(b"\n") {
                    found.secrets.push(b'\n');
                }
            }
            Record::Secrets(text) => gaps.add(
                Gap::new(GapReason::Limit, "decryption secrets", "more than 64 MiB of key log in one file")
                    .of_bytes(text.len() as u64),
            ),
            Record::Interface { link, .. } => {
                let name = link.to_string();
                if !found.input.links.contains(&name) {
                    found.input.links.push(name);
                }
            }
            Record::Statistics { interface, started, dropped: so_far, .. } => {
                // Zero is what a writer puts that does not know.
                if let Some(time) = started.filter(|time| *time > Time(0)) {
                    found.started = Some(found.started.map_or(time, |known| known.min(time)));
                }
                if so_far > 0 && (dropped.contains_key(&interface) || dropped.len() < INTERFACES) {
                    let counted = dropped.entry(interface).or_default();
                    *counted = so_far.max(*counted);
                }
            }
            Record::Name { address, name } if known.len() < NAMES => {
                if known.insert((address, name.to_owned())) {
                    found.names.push((address, name.to_owned()));
                }
            }
            Record::Name { .. } => {
                gaps.add(Gap::new(GapReason::Limit, "name resolution", "more than 100000 names in one file"));
            }
            Record::Gap(gap) => gaps.add(gap),
            Record::Section { .. } | Record::Block { .. } => {}
        }
    }
    for (interface, count) in dropped {
        let detail = "packets that the recorder dropped before it could write them, as it says itself";
        gaps.add(Gap { count, ..Gap::new(GapReason::LostPackets, format!("interface {interface}"), detail) });
    }
    found.dump = recorder.is_dump();
    let (producer, faults) = recorder.finish(found.apps.producer());
    found.input.producer = producer;
    faults.into_iter().for_each(|gap| gaps.add(gap));
    // A start after the first packet, or long before it, is a clock that was set or never ran.
    found.started = found
        .started
        .zip(found.input.first)
        .and_then(|(started, first)| (0..=LONGEST_SILENCE).contains(&first.since(started)).then_some(started));
    if found.apps.crowded() {
        gaps.add(Gap::new(GapReason::Limit, "apps", "more than 16384 apps in one file"));
    }
    found.gaps = gaps.into_vec();
}

/// A line of an NSS key log that holds a secret: no comment, not empty (RFC 9850 §2).
pub fn is_secret(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    !line.is_empty() && !line.starts_with(b"#")
}
