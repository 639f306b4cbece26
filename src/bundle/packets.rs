//! Frames of captures as a pcapng file.
//!
//! Packets keep bytes, time (on the clock of the session, where a capture's own is off), length on
//! the wire, link type, comments and whose they are. Times are written in nanoseconds; what an
//! interface or a section says beyond that is left out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;

use super::slice::SliceError;
use crate::capture::{
    Apps, ON_BEHALF, Options, PROCESS, Packet, PcapngWriter, Record, SENDER, SecretsKind, mapped_uid,
};
use crate::examine::{Frame, Recording};

/// Process and mapping blocks of one input that are kept until a packet refers to them.
const BLOCKS: usize = 65_536;

/// What the options of a packet are made of: strings, which are bytes to us, and integers of
/// four and eight bytes (draft-ietf-opsawg-pcapng §4.3; Apple's are of four).
const WORDS: [u16; 2] = [2, 6];
const LONG_WORDS: [u16; 2] = [4, 5];
/// Hash and verdict: their first byte says what follows.
const BYTES: [u16; 2] = [3, 7];

/// Writes `frames` (in the order of the inputs), `shown` with a comment, after `secrets`.
pub(super) fn write(
    recording: &Recording,
    about: &str,
    title: &str,
    (frames, shown, secrets): (&[Frame], &BTreeSet<Frame>, &BTreeSet<String>),
    output: &mut dyn Write,
) -> Result<(), SliceError> {
    let mut writer = PcapngWriter::new(output, concat!("wirewitness ", env!("CARGO_PKG_VERSION")), about)?;
    if !secrets.is_empty() {
        let text: String = secrets.iter().map(|line| format!("{line}\n")).collect();
        writer.secrets(SecretsKind::TlsKeyLog, text.as_bytes())?;
    }
    let mut by_input: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for (input, frame) in frames {
        by_input.entry(*input).or_default().push(*frame);
    }
    let mut slice = Writer { writer, processes: 0, started: false, mappings: Vec::new() };
    for (input, frames) in by_input {
        slice.input(recording, input, &frames, shown, title)?;
    }
    // tshark gives them frame numbers, so they stand after all packets.
    for (kind, body) in &slice.mappings {
        slice.writer.block(*kind, body)?;
    }
    slice.writer.flush()?;
    Ok(())
}

struct Writer<W: Write> {
    writer: PcapngWriter<W>,
    /// Process blocks written so far.
    processes: u32,
    /// Since when the whole was recorded has been said.
    started: bool,
    /// Blocks that name the user ids of packets.
    mappings: Vec<(u32, Vec<u8>)>,
}

/// What of one input may have to be written before a packet.
#[derive(Default)]
struct Known {
    /// Snap length and name of an interface, until it is needed; then its number here.
    described: HashMap<u32, (u32, String)>,
    interfaces: HashMap<u32, u32>,
    /// Process blocks of the section, and the numbers of those that were written.
    processes: Vec<Vec<u8>>,
    renumbered: HashMap<u32, u32>,
    /// Blocks that name user ids.
    mappings: Vec<(u32, i32, Vec<u8>)>,
    uids: BTreeSet<i32>,
}

impl<W: Write> Writer<W> {
    fn input(
        &mut self,
        recording: &Recording,
        input: u32,
        frames: &[u64],
        shown: &BTreeSet<Frame>,
        title: &str,
    ) -> Result<(), SliceError> {
        let (Some(source), Some(of)) = (recording.sources.get(input as usize), recording.inputs.get(input as usize))
        else {
            return Ok(());
        };
        let mut reader = source.packets(input).map_err(crate::examine::ExamineError::from)?;
        let (mut known, mut apps, mut wanted) = (Known::default(), Apps::default(), frames.iter().peekable());
        while let Some(record) = reader.next() {
            let app = apps.see(&record);
            match record {
                Record::Interface { interface, snaplen, options, .. } if known.described.len() < BLOCKS => {
                    let name = options.get(2).map(|name| String::from_utf8_lossy(name).into_owned());
                    known.described.insert(interface, (snaplen, name.unwrap_or_default()));
                }
                Record::Section { .. } => {
                    known.processes.clear();
                    known.renumbered.clear();
                }
                Record::Block { kind: PROCESS, body, big_endian: false } if known.processes.len() < BLOCKS => {
                    known.processes.push(body.to_vec());
                }
                Record::Block { kind, body, big_endian } if known.mappings.len() < BLOCKS && !big_endian => {
                    if let Some(uid) = mapped_uid(kind, body, big_endian) {
                        known.mappings.push((kind, uid, body.to_vec()));
                    }
                }
                Record::Packet(packet) if wanted.peek() == Some(&&packet.frame) => {
                    wanted.next();
                    known.uids.extend(app.and_then(|app| apps.uid_of(app)));
                    let about = format!("{title} (frame {} of {})", packet.frame, of.name);
                    let comment = shown.contains(&(input, packet.frame)).then_some(about);
                    self.packet(&packet, comment.as_deref(), recording, &mut known)?;
                }
                _ => {}
            }
        }
        let named = known.mappings.into_iter().filter(|(_, uid, _)| known.uids.remove(uid));
        self.mappings.extend(named.map(|(kind, _, body)| (kind, body)));
        Ok(())
    }

    fn packet(
        &mut self,
        packet: &Packet<'_>,
        comment: Option<&str>,
        recording: &Recording,
        known: &mut Known,
    ) -> Result<(), SliceError> {
        let interface = match known.interfaces.get(&packet.interface) {
            Some(interface) => *interface,
            None => {
                let described = known.described.get(&packet.interface);
                let (snaplen, name) = described.map_or((0, ""), |(snaplen, name)| (*snaplen, name.as_str()));
                let interface = self.writer.interface(packet.link, snaplen, name, "")?;
                known.interfaces.insert(packet.interface, interface);
                if let Some(since) = recording.since.filter(|_| !std::mem::replace(&mut self.started, true)) {
                    self.writer.started(interface, since)?;
                }
                interface
            }
        };
        let mut options = Vec::new();
        for (code, value) in packet.options.iter() {
            if [SENDER, ON_BEHALF].contains(&code) {
                if let Some(number) = self.process(packet.options, value, known)? {
                    options.push((code, number.to_le_bytes().to_vec()));
                }
            } else if let Some(value) = little_endian(code, value, packet.options.big_endian()) {
                options.push((code, value));
            }
        }
        options.extend(comment.map(|comment| (1, comment.as_bytes().to_vec())));
        let options: Vec<(u16, &[u8])> = options.iter().map(|(code, value)| (*code, value.as_slice())).collect();
        self.writer.packet_with(interface, packet.time, packet.wire_len, packet.data, &options)?;
        Ok(())
    }

    /// The number here of a process that a packet refers to, whose block is written first.
    fn process(&mut self, options: Options<'_>, value: &[u8], known: &mut Known) -> Result<Option<u32>, SliceError> {
        let Some(index) = value.first_chunk::<4>().filter(|_| !options.big_endian()).map(|b| u32::from_le_bytes(*b))
        else {
            return Ok(None);
        };
        if let Some(number) = known.renumbered.get(&index) {
            return Ok(Some(*number));
        }
        let Some(body) = known.processes.get(index as usize) else { return Ok(None) };
        self.writer.block(PROCESS, body)?;
        let number = self.processes;
        self.processes += 1;
        known.renumbered.insert(index, number);
        Ok(Some(number))
    }
}

/// The value of a packet's option in the byte order that is written; `None` for one whose
/// make-up is not known.
fn little_endian(code: u16, value: &[u8], big_endian: bool) -> Option<Vec<u8>> {
    let reversed = || value.iter().rev().copied().collect();
    match code {
        1 => Some(value.to_vec()),
        code if BYTES.contains(&code) || !big_endian => Some(value.to_vec()),
        code if WORDS.contains(&code) && value.len() == 4 => Some(reversed()),
        code if LONG_WORDS.contains(&code) && value.len() == 8 => Some(reversed()),
        _ => None,
    }
}
