//! `record`: packets of an interface, or of a phone, into a session folder.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::ValueEnum;

use super::Outcome;
use super::output::{self, LiveLine};
use super::recorded;
use crate::capture::recorder;
use crate::evidence::Time;
use crate::record::adb::Adb;
use crate::record::android::{Android, By, Wanted};
use crate::record::typed::{self, Typed};
use crate::record::{Progress, Recording, SNAPLEN, Settings, Spread, not_ended};
use crate::session::{Mark, append_mark};

const MIB: u64 = 1 << 20;

/// Record the packets of an interface, or of a phone, into a session folder
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session folder; made where needed
    session: Option<PathBuf>,

    /// Interface to record [default: list them and stop; on a phone: any]
    #[arg(short, long, value_name = "NAME")]
    interface: Option<String>,

    /// BPF filter, as tcpdump takes it: "host 192.0.2.7 and not port 22"
    #[arg(short, long, value_name = "BPF", default_value = "", hide_default_value = true)]
    filter: String,

    /// Bytes kept of each packet
    #[arg(long, value_name = "BYTES", default_value_t = SNAPLEN)]
    snaplen: u32,

    /// Stop by itself after this many seconds
    #[arg(long, value_name = "SECONDS")]
    duration: Option<u64>,

    /// Stop by itself after this many MiB were written
    #[arg(long, value_name = "MIB")]
    size: Option<u64>,

    /// Begin another capture file after this many MiB
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..))]
    file_size: Option<u64>,

    /// Keep only this many capture files, the newest; older ones are deleted
    #[arg(long, value_name = "NUMBER", requires = "file_size", value_parser = clap::value_parser!(u64).range(1..))]
    files: Option<u64>,

    /// A key log (SSLKEYLOGFILE) that is being written: its secrets go into the captures
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,

    /// Keys that mark what happens when they are typed here [default without KEYS:
    /// l=launched, d=dialog-shown, c=consent-given, r=consent-refused …]
    #[arg(long, value_name = "KEYS", num_args = 0..=1)]
    phase: Option<Option<String>>,

    #[command(flatten)]
    phone: Phone,

    /// Print nothing but errors on standard error
    #[arg(long)]
    quiet: bool,
}

/// A phone that records, over adb.
#[derive(Debug, clap::Args)]
struct Phone {
    /// Record on an Android phone that adb reaches, the one named SERIAL where there are several: by tcpdump
    /// where it is rooted, else by the app PCAPdroid. Notes app, build and clock in session.toml
    #[arg(long, value_name = "SERIAL", num_args = 0..=1)]
    android: Option<Option<String>>,

    /// Package whose build is noted, and whose traffic PCAPdroid keeps to [default: app of session.toml]
    #[arg(long, value_name = "PACKAGE", requires = "android")]
    app: Option<String>,

    /// What records on the phone [default: tcpdump where it can, else pcapdroid]
    #[arg(long, value_enum, value_name = "WHAT", requires = "android")]
    by: Option<Recorder>,

    /// Let PCAPdroid's mitm addon open TLS, and take its key log along
    #[arg(long, requires = "android")]
    decrypt: bool,

    /// PCAPdroid's API key: with it the app does not ask on the phone [env: PCAPDROID_API_KEY]
    // The variable is not read by clap: where it is set for all phones, it must not ask for PCAPdroid
    // in a recording that needs no key.
    #[arg(long, value_name = "KEY", requires = "android")]
    api_key: Option<String>,

    /// Take no picture of the phone's screen at marks
    #[arg(long, requires = "android")]
    no_screens: bool,

    /// The adb program [default: adb]
    #[arg(long, value_name = "PROGRAM", requires = "android")]
    adb: Option<OsString>,
}

/// What records on a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Recorder {
    /// As root
    Tcpdump,
    /// The app PCAPdroid
    Pcapdroid,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    if args.phone.android.is_none() && args.interface.is_none() {
        let listed = list()?;
        anyhow::ensure!(args.session.is_none(), "say what to record: one of these with --interface, or --android");
        return Ok(listed);
    }
    let folder = folder_of(&args)?;
    recorded::ready(&folder)?;
    let keys = match &args.phase {
        Some(keys) => typed::parse(keys.as_deref().unwrap_or(typed::KEYS)).map_err(anyhow::Error::msg)?,
        None => BTreeMap::new(),
    };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("cannot listen for Ctrl-C")?;
    }
    if let Some(file) = not_ended(&folder) {
        output::say(
            args.quiet,
            &format!(
                "an earlier recording into {} was not ended: {file} holds what came until its last second",
                folder.display()
            ),
        );
    }
    let mut recording = open(&args, &folder)?;
    if let Some(log) = args.keys.as_deref().filter(|log| !log.exists()) {
        output::say(args.quiet, &format!("the key log {} is not there yet: it is waited for", log.display()));
    }
    let typed = (!keys.is_empty()).then(Typed::listen);
    let how = match keys.is_empty() {
        true => format!("mark what happens from another terminal: wirewitness mark {} launched", folder.display()),
        false => format!("mark what happens with a key: {}", listed(&keys)),
    };
    output::say(args.quiet, &how);
    let started = Instant::now();
    let marking = |key: char, recording: &mut dyn Recording| -> anyhow::Result<()> {
        let Some(mark) = keys.get(&key) else { return Ok(()) };
        let mark = Mark { time: Time::now(), mark: mark.clone(), note: String::new(), device_time: None };
        append_mark(&folder, &mark)?;
        recording.marked(&mark);
        output::say(args.quiet, &format!("{} {}", mark.time, mark.mark));
        Ok(())
    };
    let live = LiveLine::begin(args.quiet);
    record(&args, &mut *recording, started, &stop, live.as_ref(), &mut |recording| {
        while let Some(key) = typed.as_ref().and_then(Typed::next) {
            marking(key, recording)?;
        }
        Ok(())
    })?;
    drop(typed);
    let progress = recording.finish()?;
    drop(live);
    output::say(args.quiet, &format!("recorded {}", line(progress, started.elapsed())));
    for remark in recording.remarks() {
        output::say(args.quiet, &remark);
    }
    for remark in remarks(progress, args.keys.as_deref()) {
        output::say(args.quiet, &remark);
    }
    output::say(args.quiet, &recorded::audit_it(&folder));
    Ok(Outcome::Clear)
}

/// The session folder to record into.
fn folder_of(args: &Args) -> anyhow::Result<PathBuf> {
    match (&args.session, &args.phone.android) {
        (Some(folder), _) => Ok(folder.clone()),
        (None, Some(Some(serial))) => anyhow::bail!(
            "{serial:?} was taken for a phone; write the folder first: wirewitness record {serial} --android"
        ),
        (None, Some(None)) => {
            anyhow::bail!("say which session folder to record into: wirewitness record DIR --android")
        }
        (None, None) => {
            anyhow::bail!("say which session folder to record into: wirewitness record DIR --interface NAME")
        }
    }
}

/// Records until Ctrl-C, a limit of the options, or the end of what is recorded. `after_step` is
/// called between packets.
fn record(
    args: &Args,
    recording: &mut dyn Recording,
    started: Instant,
    stop: &AtomicBool,
    live: Option<&LiveLine>,
    after_step: &mut dyn FnMut(&mut dyn Recording) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let limit = args.duration.map(Duration::from_secs);
    let most = args.size.map(|size| size.saturating_mul(MIB));
    let goes_on = |progress: Progress| {
        limit.is_none_or(|limit| started.elapsed() < limit) && most.is_none_or(|most| progress.written < most)
    };
    let mut shown = Instant::now();
    while !stop.load(Ordering::Relaxed) && goes_on(recording.progress()) {
        if !recording.step()? {
            break;
        }
        after_step(recording)?;
        if let Some(live) = live
            && shown.elapsed() >= Duration::from_secs(1)
        {
            shown = Instant::now();
            live.show(&line(recording.progress(), started.elapsed()));
        }
    }
    Ok(())
}

/// What a finished recording lacks, and why.
fn remarks(progress: Progress, keys: Option<&Path>) -> Vec<String> {
    let mut remarks = Vec::new();
    if progress.dropped > 0 {
        remarks.push(format!(
            "{} packets were dropped before they could be recorded: the audit counts them as lost",
            progress.dropped
        ));
    }
    if let Some(log) = keys.filter(|_| progress.keys == 0) {
        remarks.push(format!(
            "no secret came from the key log {}: TLS and QUIC stay closed. Does the app write to this file (SSLKEYLOGFILE)?",
            log.display()
        ));
    }
    if progress.removed > 0 {
        remarks.push(format!("{} older capture files went to make room", progress.removed));
    }
    if progress.packets == 0 && !progress.elsewhere {
        remarks.push("no packet came: was it the right interface, and the right filter?".to_owned());
    }
    remarks
}

/// Begins to record what is asked for, and says so.
fn open(args: &Args, folder: &Path) -> anyhow::Result<Box<dyn Recording>> {
    let mut settings = Settings {
        recorder: if args.phone.android.is_some() { recorder::PHONE } else { recorder::RECORD },
        interface: args.interface.clone().unwrap_or_default(),
        filter: args.filter.clone(),
        snaplen: args.snaplen,
        spread: Spread {
            file_bytes: args.file_size.map(|size| size.saturating_mul(MIB)),
            files: args.files.map(|files| usize::try_from(files).unwrap_or(usize::MAX)),
        },
        keys: args.keys.clone(),
    };
    let phone = &args.phone;
    let Some(serial) = &phone.android else { return interface(settings, folder, args.quiet) };
    if settings.interface.is_empty() {
        "any".clone_into(&mut settings.interface);
    }
    let by = match (phone.by, &phone.api_key) {
        (Some(Recorder::Tcpdump), Some(_)) => {
            anyhow::bail!("tcpdump asks for no API key: leave --api-key out, or --by pcapdroid")
        }
        (Some(Recorder::Tcpdump), None) => Some(By::Tcpdump),
        (Some(Recorder::Pcapdroid), _) | (None, Some(_)) => Some(By::Pcapdroid),
        (None, None) => None,
    };
    let program = phone.adb.clone().unwrap_or_else(|| "adb".into());
    let wanted = Wanted {
        adb: Adb::choose(&program, serial.as_deref())?,
        app: phone.app.clone(),
        by,
        settings,
        api_key: phone.api_key.clone().or_else(|| std::env::var("PCAPDROID_API_KEY").ok()),
        decrypt: phone.decrypt,
        screens: !phone.no_screens,
    };
    let recording = Android::open(wanted, folder, &mut |text| output::say(args.quiet, &text))?;
    output::say(args.quiet, &format!("recording the phone into {}; Ctrl-C ends it", recording.path().display()));
    Ok(Box::new(recording))
}

#[cfg(not(feature = "live"))]
fn list() -> anyhow::Result<Outcome> {
    anyhow::bail!("say what to record: this build has no live capture, but a phone it can (--android)")
}

#[cfg(feature = "live")]
fn list() -> anyhow::Result<Outcome> {
    let mut text = String::from("Interfaces (choose one with --interface):\n");
    for (name, about) in crate::record::interfaces()? {
        text.push_str(&format!("  {name:<16} {about}\n"));
    }
    output::stdout(text.as_bytes())?;
    Ok(Outcome::Clear)
}

#[cfg(not(feature = "live"))]
fn interface(_: Settings, _: &Path, _: bool) -> anyhow::Result<Box<dyn Recording>> {
    anyhow::bail!("this build has no live capture; build with the feature `live` (needs libpcap's development files)")
}

#[cfg(feature = "live")]
fn interface(settings: Settings, folder: &Path, quiet: bool) -> anyhow::Result<Box<dyn Recording>> {
    use crate::session::{self, Known, Recorded};

    let name = settings.interface.clone();
    let filter = Some(settings.filter.clone()).filter(|filter| !filter.is_empty());
    let recorder = crate::record::Recorder::open(settings, folder)?;
    let recorded = Recorded { interface: Some(name.clone()), filter, ..Recorded::now("record") };
    session::begin(folder, &Known { recorded: Some(recorded), ..Known::default() })?;
    let left = crate::record::privilege::give_back(folder).context("cannot give back the right to capture")?;
    output::say(quiet, &format!("recording {name} into {}; Ctrl-C ends it", recorder.path().display()));
    if let Some(left) = left {
        output::say(quiet, &format!("the right to capture was given back: running as {left}"));
    }
    Ok(Box::new(recorder))
}

fn listed(keys: &BTreeMap<char, String>) -> String {
    keys.iter().map(|(key, mark)| format!("{key} {mark}")).collect::<Vec<_>>().join(", ")
}

fn line(progress: Progress, elapsed: Duration) -> String {
    if progress.elsewhere {
        return format!("{} s: {} bytes", elapsed.as_secs(), progress.written);
    }
    format!(
        "{} s: {} packets, {} bytes, {} streams, {} names, {} keys, {} dropped",
        elapsed.as_secs(),
        progress.packets,
        progress.bytes,
        progress.streams,
        progress.names,
        progress.keys,
        progress.dropped
    )
}
