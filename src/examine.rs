//! Inputs to [`Observations`]: two passes, shards, threads, and the collector.
//!
//! Pass 1 reads everything once for what later packets are needed to understand
//! earlier ones: hashes, keys, names. Pass 2 takes packets to streams, streams to
//! messages, messages to sightings. There are always 64 shards, whatever the number
//! of threads; a stream belongs to one shard, a shard to one thread, and what the
//! shards collected is merged and sorted at the end, so the same input gives the same
//! output. This is the only stage with threads, and it judges nothing.

mod apps;
mod batch;
mod beside;
mod clocks;
mod collect;
mod contacts;
mod dealing;
mod hide;
mod issued;
mod lens;
mod listed;
mod noise;
mod paths;
mod recording;
mod relief;
mod rhythm;
mod segments;
mod sent;
mod series;
mod sighting;
mod sockets;
mod streams;
mod survey;
mod template;
mod threads;
mod withheld;

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::capture::{Digests, Format, Hash, OpenError, Source};
use crate::evidence::{Gap, GapReason, Gaps, Time};
use crate::identify::Identifier;
use crate::message::{Item, Message, Options, import};
use crate::net::{Numbering, Slicer};
use crate::observations::{Clock, Input, Observations};
use crate::party::{Attributor, GeoData, GeoError, NameTable, PUBLIC_SUFFIX_LIST, Scope};
use crate::payload::Decoder;
use crate::secure::KeyLog;
use crate::secure::pem::{self, KeyFile};
use crate::secure::wireguard::Tunnels;
use crate::session::{Description, Session, SessionError, Timeline};
use crate::signatures::{Protocols, Signatures};

use apps::AppMap;
use lens::Lens;
pub use recording::{Frame, Recording, Stream, StreamKey, frames_of, places_of};
use relief::Relief;
pub use sent::{Replayed, Sent, Told, replay, sent};
use streams::Streams;
use survey::{Known, survey};
pub use template::path_template;

/// Logical shards. Fixed, so that limits and orders do not depend on the machine.
pub const SHARDS: usize = 64;

/// Largest key file in bytes: most are some megabytes, that of a week's capture some hundred.
const KEY_FILE_LIMIT: u64 = 512 << 20;

/// An input or key file that cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ExamineError {
    /// A capture.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file that says where addresses lie.
    #[error(transparent)]
    Geo(#[from] GeoError),
    /// What the session says of a clock.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// First parties or settlements that cannot be meant so.
    #[error("{0}")]
    Scope(String),
    /// A key file.
    #[error("{path}: {what}")]
    Keys {
        /// The file.
        path: String,
        /// What is wrong with it and what would be right.
        what: String,
    },
}

/// Takes what a person should be told while it runs: junk lines of a key log, files that were not read.
pub type Remarks<'a> = dyn FnMut(String) + 'a;

/// How to examine.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Threads to use, at least one. The result is the same for any number.
    pub threads: usize,
    /// Show values as they are.
    pub show_values: bool,
}

/// Examines all captures of a session.
pub fn examine(
    session: &Session,
    signatures: &Signatures,
    settings: Settings,
    remarks: &mut Remarks<'_>,
) -> Result<Observations, ExamineError> {
    let geo = GeoData::read(&session.geo)?;
    let (known, options) = first_pass(session, signatures, settings.threads, remarks)?;
    let options = Options { answer_kept: Some(issued::ANSWER_KEPT), ..options };
    let Known { sources, mut inputs, series, names, apps, first, gaps, digests, .. } = known;
    let apps = AppMap::new(apps, &series, &session.witnesses);
    let skew = Clock::allowed_skew_ms(session.description.skew_ms(), &inputs);
    let lens = lens(session, signatures, settings.show_values, (names, apps, first, skew), remarks)?;
    // Where master secrets are derived, a stream may resume a session of an earlier one, and only
    // a single thread meets streams in order.
    let threads = if options.keys.derives_masters() { 1 } else { settings.threads };
    begin(&sources);
    let job = threads::Job { sources: &sources, series: &series, options: &options, lens: &lens };
    let mut collector = threads::run(job, threads, Relief::default())?;
    collector.gaps.merge(gaps);
    let mut observations = collector.observations(&lens);
    if let Some(digests) = digests {
        for (input, digest) in inputs.iter_mut().zip(digests.finish(&sources)?) {
            input.sha256 = digest;
        }
    }
    say_repeated(&inputs, remarks);
    observations.inputs = inputs;
    beside::add(&mut observations, &session.witnesses, &lens, session.description.utc_offset_ns());
    if !geo.is_empty() {
        for contact in &mut observations.contacts {
            let addresses = contact.addresses.iter().filter_map(|address| address.parse().ok());
            contact.networks = addresses.filter_map(|address| geo.network(address)).collect();
        }
        observations.geo = geo.sources();
    }
    if !session.noise.is_empty() {
        noise::mark(&mut observations, examine(&idle(session), signatures, settings, remarks)?);
    }
    observations.signatures_sha256 = signatures.sha256.clone();
    observations.public_suffix_list = PUBLIC_SUFFIX_LIST.to_owned();
    Ok(observations)
}

/// The inputs of a session with their times and clocks, and what is damaged in each, by the first pass alone.
///
/// # Errors
/// As those of [`examine`].
pub fn inputs(
    session: &Session,
    signatures: &Signatures,
    remarks: &mut Remarks<'_>,
) -> Result<Vec<(Input, Vec<Gap>)>, ExamineError> {
    let known = first_pass(session, signatures, 1, remarks)?.0;
    Ok(known.inputs.into_iter().zip(known.damage).collect())
}

/// Everything that a message is looked at with, from the session and from what pass 1 found: names,
/// apps, the first time, and the clock skew in milliseconds.
fn lens<'s>(
    session: &Session,
    signatures: &'s Signatures,
    show_values: bool,
    (names, apps, first, skew_ms): (NameTable, AppMap, Option<Time>, u64),
    remarks: &mut Remarks<'_>,
) -> Result<Lens<'s>, ExamineError> {
    let description = &session.description;
    let scope = Scope {
        first_party: description.first_party.clone(),
        owner: description.owner.clone(),
        settled: session.settled.clone(),
    };
    if let Some(problem) = scope.check(signatures).into_iter().next() {
        return Err(ExamineError::Scope(problem));
    }
    if let Some(remark) = description.app.as_deref().and_then(|app| apps.remark(app)) {
        remarks(remark);
    }
    Ok(Lens {
        signatures,
        decoder: Decoder::new(signatures),
        identifier: Identifier::for_app(signatures, &session.profile, description.app.as_deref()),
        timeline: Timeline::new(&session.marks, first, skew_ms),
        apps,
        app: description.app.clone(),
        isolated: description.isolation,
        show_values,
        attributor: Attributor::new(signatures, scope, names),
    })
}

/// The captures of the device at rest as a session of their own, in which every app's traffic counts.
fn idle(session: &Session) -> Session {
    let mut description = Description { app: None, isolation: false, ..session.description.clone() };
    let (captures, noise) = (session.noise.clone(), Vec::new());
    let is_one = |name: &str| captures.iter().any(|path| path.file_name().is_some_and(|known| known == name));
    description.time_shift.retain(|name, _| is_one(name));
    Session {
        captures,
        noise,
        others: Vec::new(),
        unread: Vec::new(),
        remarks: Vec::new(),
        witnesses: Vec::new(),
        geo: Vec::new(),
        marks: Vec::new(),
        description,
        ..session.clone()
    }
}

/// Hands every message of all captures of a session to `sink`, in the order in which
/// the packets that completed them were captured, with the inputs that their places refer
/// to, and returns what could not be seen. `sink` returns `false` to stop.
pub fn messages(
    session: &Session,
    signatures: &Signatures,
    remarks: &mut Remarks<'_>,
    sink: &mut dyn FnMut(&[Input], Message) -> bool,
) -> Result<Vec<Gap>, ExamineError> {
    let (known, options) = first_pass(session, signatures, 1, remarks)?;
    let options = Options { hash_bodies: true, ..options };
    let Known { sources, inputs, series, apps, mut gaps, .. } = known;
    let apps = AppMap::new(apps, &series, &session.witnesses);
    gaps.merge(read(&sources, series, &options, &apps, &mut |message| sink(&inputs, message))?);
    Ok(gaps.into_vec())
}

/// Hands the messages of all sources to `sink`, which returns `false` to stop.
fn read(
    sources: &[Source],
    series: Vec<Range<usize>>,
    options: &Options,
    apps: &AppMap,
    sink: &mut dyn FnMut(Message) -> bool,
) -> Result<Gaps, ExamineError> {
    let (mut gaps, mut unread, mut going) = (Gaps::default(), Gaps::default(), true);
    begin(sources);
    for range in series {
        let Some(first) = sources.get(range.start) else { continue };
        let mut take = |item| {
            match item {
                Item::Message(message) if going => {
                    first.progress().found(1, 0);
                    going = sink(*message);
                }
                Item::Message(_) => {}
                Item::Gap(gap) => gaps.add(gap),
            }
            going
        };
        if !first.format().is_capture() {
            import::read(first, range.start as u32, options, &mut |item| _ = take(item))?;
        } else {
            let mut streams = Streams::new(options, apps.names());
            let mut relief = Relief::default();
            let slicer = slicer(&options.keys);
            segments::read(sources, range, slicer, apps, &mut unread, &mut |placed, segment, unread| {
                let mut going = true;
                streams.push(placed, segment, unread, &mut |item| going = take(item));
                if relief.is_due(segment) {
                    let weights = streams.relieve(relief.too_heavy(), &mut |item| going = take(item));
                    relief.weighed(weights);
                }
                going
            })?;
            streams.finish(&mut |item| _ = take(item));
        }
        if !going {
            break;
        }
    }
    gaps.merge(unread);
    Ok(gaps)
}

/// Tells the progress that all of `sources` are read once more.
fn begin(sources: &[Source]) {
    if let Some(first) = sources.first() {
        first.progress().begin(sources.iter().map(Source::size).sum());
    }
}

/// Counts the conversations that had to be forgotten: packets of one that came later are a
/// stream of their own.
fn forgotten(numbering: &Numbering, input: &str, gaps: &mut Gaps) {
    let forgotten = numbering.forgotten();
    if forgotten > 0 {
        let detail = format!("{forgotten} conversations that were quiet for long are not followed any further");
        gaps.add(Gap::new(GapReason::Limit, input, detail));
    }
}

fn open(session: &Session) -> Result<Vec<Source>, ExamineError> {
    let mut sources: Vec<Source> =
        session.captures.iter().map(|path| Source::open(path).map_err(ExamineError::from)).collect::<Result<_, _>>()?;
    let mut refused = Vec::new();
    for path in &session.others {
        match Source::open(path) {
            // Any JSON file may pass for a HAR at first sight: a HAR is read only under its own extension.
            Ok(source) if source.format() == Format::Har => {}
            Ok(source) => sources.push(source),
            Err(error) => refused.push(error),
        }
    }
    match refused.into_iter().next() {
        // There is nothing else to read, so the user has to know why this one could not be used.
        Some(error) if sources.is_empty() => Err(error.into()),
        _ => Ok(sources),
    }
}

/// Says which files of the folder hold traffic and are not read because of their names, and which
/// captures a shift is written for that are not there: each would look like something that was not sent,
/// or not then.
fn say_unread(session: &Session, remarks: &mut Remarks<'_>) {
    let folder = session.folder.as_deref().unwrap_or(Path::new("."));
    let others = session.others.iter().filter(|path| traffic(path) == Some(Format::Har)).cloned();
    for path in session.unread.iter().map(|name| folder.join(name)).chain(others) {
        if let Some(format) = traffic(&path) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            remarks(format!(
                "{name}: is not read, because its name is not that of a capture; it looks like {format}: rename it, or give it by itself"
            ));
        }
    }
    let inputs = session.captures.iter().chain(&session.others).chain(&session.noise);
    let names: Vec<_> = inputs.filter_map(|path| path.file_name()).map(|name| name.to_string_lossy()).collect();
    for name in session.description.time_shift.keys().filter(|name| !names.contains(&name.as_str().into())) {
        remarks(format!("session.toml: time_shift is written for {name}, and there is no such capture"));
    }
}

/// Says which inputs have the same content: what it holds counts as often as it was given.
fn say_repeated(inputs: &[Input], remarks: &mut Remarks<'_>) {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for input in inputs {
        names.entry(&input.sha256).or_default().push(&input.name);
    }
    for same in names.values().filter(|same| same.len() > 1) {
        let names = same.join(", ");
        remarks(format!("the same content, so what it holds is counted {} times: {names}", same.len()));
    }
}

/// What the file is, where its content is that of a capture. Any JSON may pass for a HAR at first sight.
fn traffic(path: &Path) -> Option<Format> {
    let format = Source::open(path).ok()?.format();
    (format != Format::Har || begins_as_har(path)).then_some(format)
}

/// The first key of its object is `log`, as of every HAR (HTTP Archive 1.2).
fn begins_as_har(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(HAR_HEAD).read_to_end(&mut head));
    let text = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&head).trim_ascii_start();
    let key = text.strip_prefix(b"{").unwrap_or_default().trim_ascii_start();
    read.is_ok() && key.starts_with(b"\"log\"")
}

/// Bytes of a file in which its first key stands, however it is indented.
const HAR_HEAD: u64 = 256;

/// Opens the inputs, reads the key files, and surveys (pass 1).
fn first_pass(
    session: &Session,
    signatures: &Signatures,
    threads: usize,
    remarks: &mut Remarks<'_>,
) -> Result<(Known, Options), ExamineError> {
    session.remarks.iter().for_each(|remark| remarks(remark.clone()));
    let mut sources = open(session)?;
    say_unread(session, remarks);
    sources.iter_mut().for_each(|source| source.set_progress(&session.progress));
    begin(&sources);
    let mut clocks = Vec::with_capacity(sources.len());
    for source in &mut sources {
        let clock = session.clock(source.name())?;
        source.set_shift(clock.as_ref().map_or(0, |clock| clock.added_ms.saturating_mul(1_000_000)));
        clocks.push(clock);
    }
    let mut keys = KeyLog::new();
    for path in &session.keys {
        read_key_file(path, &mut keys, remarks)?;
    }
    let protocols = Arc::new(Protocols::new(signatures));
    let digests = if threads > 1 { Digests::begin(&sources) } else { None };
    let hash = if digests.is_some() { Hash::Elsewhere } else { Hash::WhileReading };
    let mut known = survey(sources, &clocks, &mut keys, &protocols, hash)?;
    known.digests = digests;
    let options = Options {
        keys: Arc::new(keys),
        protocols,
        dumps: std::mem::take(&mut known.dumps).into(),
        ..Options::default()
    };
    let sealed = known.sealed_names && !options.keys.is_empty();
    if options.keys.wireguard().can_open() || sealed {
        survey::sealed_names(&mut known, &options)?;
    }
    let dropped = known.names.dropped();
    if dropped > 0 {
        let detail = "answers to questions for names beyond those that are kept: addresses may lack theirs";
        known.gaps.add(Gap { count: dropped, ..Gap::new(GapReason::Limit, "-", detail) });
    }
    Ok((known, options))
}

/// The slicer of a series. It opens tunnels where there are keys for them.
fn slicer(keys: &Arc<KeyLog>) -> Slicer {
    match keys.wireguard().can_open() {
        true => Slicer::unsealing(Box::new(Tunnels::new(Arc::clone(keys)))),
        false => Slicer::new(),
    }
}

/// Reads a key log or a PEM file, told apart by content.
fn read_key_file(path: &Path, keys: &mut KeyLog, remarks: &mut Remarks<'_>) -> Result<(), ExamineError> {
    let fail = |what: String| ExamineError::Keys { path: path.display().to_string(), what };
    let unreadable = |error: std::io::Error| fail(format!("cannot be read: {error}; check the path"));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > KEY_FILE_LIMIT {
        return Err(fail(format!("is {size} bytes; at most {KEY_FILE_LIMIT} are read")));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match pem::add(keys, &bytes, &name) {
        KeyFile::Pem(pem) => remarks(format!("{name}: {}", pem.statement())),
        KeyFile::Log(parsed) => {
            for junk in &parsed.named {
                remarks(junk.to_string());
            }
            if parsed.junk > parsed.named.len() {
                remarks(format!("{name}: {} lines in all are no key log lines and were skipped", parsed.junk));
            }
            if parsed.used + parsed.duplicates == 0 {
                let expected = "expected are NSS key log lines such as CLIENT_RANDOM …, or a PEM private key";
                remarks(format!("{name} holds no secret that opens traffic; {expected}"));
            }
        }
    }
    Ok(())
}
