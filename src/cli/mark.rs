//! `mark`: says what just happened on the device, from another terminal.

use std::path::PathBuf;

use anyhow::{Context, bail};

use super::Outcome;
use crate::evidence::Time;
use crate::session::{Mark, append_mark, parse_mark};

/// Add a phase mark to a session: launched, dialog-shown, consent-given …
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session folder
    session: PathBuf,

    /// launched, dialog-shown, consent-given, consent-refused, logged-in, backgrounded,
    /// foregrounded, screen-off, stopped or scenario:TEXT
    mark: String,

    /// Free words that go with it
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,

    /// When it happened (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME")]
    time: Option<String>,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    parse_mark(&args.mark).map_err(anyhow::Error::msg)?;
    if !args.session.is_dir() {
        bail!("{} is no folder; `wirewitness record` makes a session", args.session.display());
    }
    let time = match &args.time {
        Some(text) => Time::parse(text)
            .with_context(|| format!("{text:?} is not an RFC 3339 time such as 2026-03-01T08:00:00Z"))?,
        None => Time::now(),
    };
    let mark = Mark { time, mark: args.mark, note: args.note };
    append_mark(&args.session, &mark)?;
    super::output::say(false, &format!("{} {}", mark.time, mark.mark));
    Ok(Outcome::Clear)
}
