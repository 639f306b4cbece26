//! `record`: packets of an interface into a session folder.

use std::path::PathBuf;

use super::Outcome;

/// Record the packets of an interface into a session folder
#[derive(Debug, clap::Args)]
#[cfg_attr(not(feature = "live"), allow(dead_code))]
pub struct Args {
    /// The session folder; made where needed
    session: Option<PathBuf>,

    /// Interface to record [default: list them and stop]
    #[arg(short, long, value_name = "NAME")]
    interface: Option<String>,

    /// BPF filter, as tcpdump takes it: "host 192.0.2.7 and not port 22"
    #[arg(short, long, value_name = "BPF", default_value = "", hide_default_value = true)]
    filter: String,

    /// Bytes kept of each packet
    #[arg(long, value_name = "BYTES", default_value_t = 262_144)]
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

    /// Keep this many capture files, the newest; what older ones held is gone
    #[arg(long, value_name = "NUMBER", requires = "file_size", value_parser = clap::value_parser!(u64).range(1..))]
    files: Option<u64>,

    /// A key log (SSLKEYLOGFILE) that is being written: its secrets go into the captures
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,

    /// Keys that mark what happens when they are typed here [default without KEYS:
    /// l=launched, d=dialog-shown, c=consent-given, r=consent-refused …]
    #[arg(long, value_name = "KEYS", num_args = 0..=1)]
    phase: Option<Option<String>>,

    /// Say nothing on standard error but errors
    #[arg(long)]
    quiet: bool,
}

#[cfg(not(feature = "live"))]
pub fn run(_: Args) -> anyhow::Result<Outcome> {
    anyhow::bail!("this build has no live capture; build with the feature `live` (needs libpcap's development files)")
}

#[cfg(feature = "live")]
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    live::run(args)
}

#[cfg(feature = "live")]
mod live {
    use std::collections::BTreeMap;
    use std::io::IsTerminal;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use anyhow::Context;

    use super::super::{Outcome, output};
    use super::Args;
    use crate::evidence::Time;
    use crate::record::typed::{self, Typed};
    use crate::record::{Progress, Recorder, Settings, Spread, interfaces, not_ended};
    use crate::session::{self, Known, Mark, Recorded, append_mark};

    const MIB: u64 = 1 << 20;

    pub fn run(args: Args) -> anyhow::Result<Outcome> {
        let Some(interface) = &args.interface else {
            let mut text = String::from("Interfaces (choose one with --interface):\n");
            for (name, about) in interfaces()? {
                text.push_str(&format!("  {name:<16} {about}\n"));
            }
            output::stdout(text.as_bytes())?;
            return Ok(Outcome::Clear);
        };
        let folder = args
            .session
            .clone()
            .context("say which session folder to record into: wirewitness record DIR --interface NAME")?;
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
        let settings = Settings {
            interface: interface.clone(),
            filter: args.filter.clone(),
            snaplen: args.snaplen,
            spread: Spread {
                file_bytes: args.file_size.map(|size| size.saturating_mul(MIB)),
                files: args.files.map(|files| usize::try_from(files).unwrap_or(usize::MAX)),
            },
            keys: args.keys.clone(),
        };
        let mut recorder = Recorder::open(settings, &folder)?;
        let filter = (!args.filter.is_empty()).then(|| args.filter.clone());
        let recorded = Recorded { interface: Some(interface.clone()), filter, ..Recorded::now("record") };
        session::begin(&folder, &Known { recorded: Some(recorded), ..Known::default() })?;
        output::say(args.quiet, &format!("recording {interface} into {}; Ctrl-C ends it", recorder.path().display()));
        let typed = (!keys.is_empty()).then(Typed::listen);
        let how = match keys.is_empty() {
            true => format!("mark what happens from another terminal: wirewitness mark {} launched", folder.display()),
            false => format!("mark what happens with a key: {}", listed(&keys)),
        };
        output::say(args.quiet, &how);
        let started = Instant::now();
        let limit = args.duration.map(Duration::from_secs);
        let most = args.size.map(|size| size.saturating_mul(MIB));
        let live = !args.quiet && std::io::stderr().is_terminal();
        let mut shown = Instant::now();
        let goes_on = |progress: Progress| {
            limit.is_none_or(|limit| started.elapsed() < limit) && most.is_none_or(|most| progress.written < most)
        };
        while !stop.load(Ordering::Relaxed) && goes_on(recorder.progress()) {
            recorder.step()?;
            while let Some(key) = typed.as_ref().and_then(Typed::next) {
                if let Some(mark) = keys.get(&key) {
                    let mark = Mark { time: Time::now(), mark: mark.clone(), note: String::new() };
                    append_mark(&folder, &mark)?;
                    let clear = if live { "\r\x1b[K" } else { "" };
                    output::say(args.quiet, &format!("{clear}{} {}", mark.time, mark.mark));
                }
            }
            if live && shown.elapsed() >= Duration::from_secs(1) {
                shown = Instant::now();
                eprint!("\r\x1b[K{}", line(recorder.progress(), started.elapsed()));
            }
        }
        drop(typed);
        let progress = recorder.finish()?;
        if live {
            eprintln!();
        }
        output::say(args.quiet, &format!("recorded {}", line(progress, started.elapsed())));
        if progress.dropped > 0 {
            let said = format!(
                "{} packets were dropped before they could be recorded: the audit counts them as lost",
                progress.dropped
            );
            output::say(args.quiet, &said);
        }
        if progress.removed > 0 {
            output::say(args.quiet, &format!("{} older capture files went to make room", progress.removed));
        }
        output::say(args.quiet, &format!("audit it: wirewitness audit {} --policy FILE", folder.display()));
        Ok(Outcome::Clear)
    }

    fn listed(keys: &BTreeMap<char, String>) -> String {
        keys.iter().map(|(key, mark)| format!("{key} {mark}")).collect::<Vec<_>>().join(", ")
    }

    fn line(progress: Progress, elapsed: Duration) -> String {
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
}
