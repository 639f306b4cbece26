//! Slices: the frames or entries that a statement rests on, and nothing else, as files of
//! the kind they came from.
//!
//! Of a stream in packets it takes everything from the first frame to the message, in both
//! directions: without the handshakes nothing opens, without the history of a direction HPACK
//! names the wrong host. It takes the answer that named the server, and no other stream; into the
//! file go the secrets of just these connections. `examine` reads a slice as it reads the whole.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::packets;
use super::select::{self, Extent, Selection};
use crate::capture::Format;
use crate::evidence::Place;
use crate::examine::{ExamineError, Frame, Recording, Stream, StreamKey, frames_of};
use crate::message::import::{Extract, extract};

/// Frames of a stream after the message, where it could not be opened: how the handshake
/// went on, up to the alert. A server's flight with certificates is a dozen.
const BEHIND: usize = 64;

/// A slice that cannot be cut.
#[derive(Debug, thiserror::Error)]
pub enum SliceError {
    /// The recording cannot be read any more.
    #[error(transparent)]
    Examine(#[from] ExamineError),
    /// Nor written.
    #[error("the slice cannot be written")]
    Write(#[from] io::Error),
}

/// A slice, cut but not written.
#[derive(Debug)]
pub struct Slice {
    /// Stem of its file name.
    pub name: String,
    /// What it is of.
    pub title: String,
    /// One for each file: inputs that do not follow each other stay apart.
    pub parts: Vec<Part>,
}

/// One file of a slice.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// Frames of captures, as pcapng.
    Packets {
        /// The frames, in the order of the inputs: the n-th is frame n of the slice.
        frames: Vec<Frame>,
        /// Those of the messages, which get a comment.
        shown: BTreeSet<Frame>,
        /// Lines of a key log.
        secrets: BTreeSet<String>,
        /// Streams that they are of.
        streams: usize,
        /// Some of them lie in a sealed tunnel: its keys, which open everything in it, are not there.
        in_tunnel: bool,
    },
    /// Entries of a file of messages, in its own format.
    Entries {
        /// The input.
        input: u32,
        /// Their numbers there: the n-th is entry n of the slice.
        entries: BTreeSet<u64>,
        /// HAR or flow file.
        format: Format,
    },
}

impl Part {
    /// `pcapng`, `har`, `mitm`.
    fn extension(&self) -> &'static str {
        match self {
            Self::Packets { .. } => "pcapng",
            Self::Entries { format: Format::Har, .. } => "har",
            Self::Entries { .. } => "mitm",
        }
    }

    /// The name of its file: `v1-0123456789abcdef.pcapng`; of a second one, `….2.pcapng`.
    pub fn file_name(&self, stem: &str, number: usize) -> String {
        match number {
            0 => format!("{stem}.{}", self.extension()),
            _ => format!("{stem}.{}.{}", number + 1, self.extension()),
        }
    }

    /// What shows the messages: a display filter, or the pointers of the entries.
    pub fn filter(&self) -> String {
        match self {
            Self::Packets { frames, shown, .. } => {
                let here = frames.iter().zip(1..).filter(|(frame, _)| shown.contains(frame)).map(|(_, here)| here);
                format!("frame.number in {{{}}}", ranges(here, "..").join(", "))
            }
            Self::Entries { entries, format, .. } => {
                let pointer = |at: usize| match format {
                    Format::Har => format!("/log/entries/{at}"),
                    _ => format!("/{at}"),
                };
                (0..entries.len()).map(pointer).collect::<Vec<_>>().join(" ")
            }
        }
    }

    /// Where its n-th frame or entry lies in the inputs: `(input, runs of numbers)` in order.
    pub fn origin(&self) -> Vec<(u32, Vec<String>)> {
        match self {
            Self::Packets { frames, .. } => {
                let mut by_input: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
                for (input, frame) in frames {
                    by_input.entry(*input).or_default().push(*frame);
                }
                by_input.into_iter().map(|(input, frames)| (input, ranges(frames.into_iter(), "-"))).collect()
            }
            Self::Entries { input, entries, .. } => vec![(*input, ranges(entries.iter().copied(), "-"))],
        }
    }
}

/// Runs of ascending numbers: `4-6`, `9`.
fn ranges(numbers: impl Iterator<Item = u64>, to: &str) -> Vec<String> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == number => *end = number,
            _ => runs.push((number, number)),
        }
    }
    runs.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}{to}{b}") }).collect()
}

/// Cuts a slice for each of `selections`, reading the recording once for all of them.
///
/// # Errors
/// Where the recording cannot be read any more.
pub fn slices(recording: &Recording, selections: &[Selection]) -> Result<Vec<Slice>, SliceError> {
    let keys: BTreeSet<StreamKey> =
        selections.iter().flat_map(|selection| &selection.places).filter_map(Place::stream).collect();
    let streams = recording.streams(&keys)?;
    let slice = |(selection, name): (&Selection, String)| Slice {
        name,
        title: selection.title.clone(),
        parts: parts(recording, selection, &streams),
    };
    Ok(selections.iter().zip(select::names(selections)).map(slice).collect())
}

fn parts(recording: &Recording, selection: &Selection, streams: &BTreeMap<StreamKey, Stream>) -> Vec<Part> {
    let mut series: BTreeMap<u32, BTreeMap<StreamKey, BTreeSet<Frame>>> = BTreeMap::new();
    let mut entries: BTreeMap<u32, BTreeSet<u64>> = BTreeMap::new();
    for place in &selection.places {
        match (place, place.stream()) {
            (Place::Entry { input, entry, .. }, _) => drop(entries.entry(*input).or_default().insert(*entry)),
            (_, Some(key)) => {
                let start = recording.series_of(key.0).start;
                series.entry(start).or_default().entry(key).or_default().extend(frames_of(place));
            }
            _ => {}
        }
    }
    let mut parts = Vec::new();
    for wanted in series.into_values() {
        let (mut frames, mut shown) = (BTreeSet::new(), BTreeSet::new());
        let (mut secrets, mut in_tunnel) = (BTreeSet::new(), false);
        let count = wanted.len();
        for (key, messages) in wanted {
            let Some(stream) = streams.get(&key) else { continue };
            let last = match selection.extent {
                Extent::Whole => None,
                Extent::Message | Extent::Handshake => messages.last().copied(),
            };
            let behind = if selection.extent == Extent::Handshake { BEHIND } else { 0 };
            let upto = stream.frames.iter().filter(|frame| last.is_none_or(|last| **frame <= last));
            let rest = stream.frames.iter().filter(|frame| last.is_some_and(|last| **frame > last)).take(behind);
            frames.extend(upto.chain(rest));
            frames.extend(stream.named.iter().flatten());
            frames.extend(&messages);
            shown.extend(messages);
            secrets.extend(stream.secrets.iter().cloned());
            in_tunnel |= stream.in_tunnel;
        }
        parts.push(Part::Packets { frames: frames.into_iter().collect(), shown, secrets, streams: count, in_tunnel });
    }
    for (input, entries) in entries {
        let format = recording.sources.get(input as usize).map_or(Format::Har, |source| source.format());
        parts.push(Part::Entries { input, entries, format });
    }
    parts
}

impl Slice {
    /// Writes one of its parts. The bytes are the same for the same inputs.
    ///
    /// # Errors
    /// As an input and `output` fail.
    pub fn write(&self, recording: &Recording, part: &Part, output: &mut dyn Write) -> Result<(), SliceError> {
        match part {
            Part::Packets { frames, shown, secrets, .. } => {
                packets::write(recording, &self.comment(recording, part), &self.title, (frames, shown, secrets), output)
            }
            Part::Entries { input, entries, .. } => {
                let (Some(source), Some(of)) =
                    (recording.sources.get(*input as usize), recording.inputs.get(*input as usize))
                else {
                    return Ok(());
                };
                let comment = self.comment(recording, part);
                let of = (of.name.as_str(), of.sha256.as_str());
                let wanted = Extract { entries: entries.clone(), of, since: recording.since, comment: &comment };
                extract(source, &wanted, output)?;
                Ok(())
            }
        }
    }

    /// What the file says of itself: the statement, and where its frames come from.
    fn comment(&self, recording: &Recording, part: &Part) -> String {
        let what = if matches!(part, Part::Packets { .. }) { "frames" } else { "entries" };
        let mut comment = format!("wirewitness slice of {}", self.title);
        for (input, runs) in part.origin() {
            if let Some(of) = recording.inputs.get(input as usize) {
                comment.push_str(&format!("\n{what} {} of {} (SHA-256 {})", runs.join(", "), of.name, of.sha256));
            }
        }
        comment
    }
}
