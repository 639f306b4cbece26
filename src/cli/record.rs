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
    use std::io::IsTerminal;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use anyhow::Context;

    use super::super::{Outcome, output};
    use super::Args;
    use crate::record::{Progress, Recorder, interfaces};

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
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&stop)).context("cannot listen for Ctrl-C")?;
        }
        let mut recorder = Recorder::open(interface, &args.filter, args.snaplen, &folder)?;
        output::say(args.quiet, &format!("recording {interface} into {}; Ctrl-C ends it", recorder.path().display()));
        output::say(
            args.quiet,
            &format!("mark what happens from another terminal: wirewitness mark {} launched", folder.display()),
        );
        let started = Instant::now();
        let limit = args.duration.map(Duration::from_secs);
        let live = !args.quiet && std::io::stderr().is_terminal();
        let mut shown = Instant::now();
        while !stop.load(Ordering::Relaxed) && limit.is_none_or(|limit| started.elapsed() < limit) {
            recorder.step()?;
            if live && shown.elapsed() >= Duration::from_secs(1) {
                shown = Instant::now();
                eprint!("\r\x1b[K{}", line(recorder.progress(), started.elapsed()));
            }
        }
        let progress = recorder.finish()?;
        if live {
            eprintln!();
        }
        output::say(args.quiet, &format!("recorded {}", line(progress, started.elapsed())));
        if progress.dropped > 0 {
            output::say(
                args.quiet,
                &format!("{} packets were dropped before they could be recorded", progress.dropped),
            );
        }
        output::say(args.quiet, &format!("audit it: wirewitness audit {} --policy FILE", folder.display()));
        Ok(Outcome::Clear)
    }

    fn line(progress: Progress, elapsed: Duration) -> String {
        format!(
            "{} packets, {} bytes in {} s, {} dropped",
            progress.packets,
            progress.bytes,
            elapsed.as_secs(),
            progress.dropped
        )
    }
}
