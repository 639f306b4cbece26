//! `mark`: says what just happened on the device, from another terminal.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, bail};

use super::Outcome;
use crate::evidence::Time;
use crate::record::adb::Adb;
use crate::record::android::Screens;
use crate::session::{Mark, append_mark, parse_mark};

/// Add a phase mark to a session: launched, dialog-shown, consent-given …
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session folder
    session: PathBuf,

    /// launched, dialog-shown, consent-given, consent-refused, logged-in, backgrounded,
    /// foregrounded, screen-off, stopped or scenario:TEXT
    mark: String,

    /// A note in free words
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,

    /// When it happened (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME")]
    time: Option<String>,

    /// Ask the phone that adb reaches, the one named SERIAL where there are several, for its time as well, and
    /// take a picture of its screen
    #[arg(long, value_name = "SERIAL", num_args = 0..=1)]
    android: Option<Option<String>>,

    /// When it happened by the phone's clock (RFC 3339); the phone is asked how far its clock is off
    #[arg(long, value_name = "TIME", requires = "android", conflicts_with = "time")]
    device_time: Option<String>,

    /// Take no picture of the phone's screen
    #[arg(long, requires = "android")]
    no_screens: bool,

    /// The adb program [default: adb]
    #[arg(long, value_name = "PROGRAM", requires = "android")]
    adb: Option<OsString>,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    parse_mark(&args.mark).map_err(anyhow::Error::msg)?;
    if !args.session.is_dir() {
        bail!("{} is no folder; `wirewitness record` makes a session", args.session.display());
    }
    let parse = |text: &String| {
        Time::parse(text).with_context(|| format!("{text:?} is not an RFC 3339 time such as 2026-03-01T08:00:00Z"))
    };
    let now = Time::now();
    let given = args.time.as_ref().map(parse).transpose()?;
    let on_device = args.device_time.as_ref().map(parse).transpose()?;
    let program = args.adb.unwrap_or_else(|| "adb".into());
    let phone = args.android.map(|serial| Adb::choose(&program, serial.as_deref())).transpose()?;
    let (mut time, mut device_time) = (given.unwrap_or(now), None);
    if let Some(phone) = &phone {
        let ahead = (phone.clock_offset()?.seconds * 1e9) as i64;
        let moved = |time: Time, by: i64| Time(time.0.saturating_add(by));
        time = on_device.map_or(time, |time| moved(time, -ahead));
        device_time = Some(on_device.unwrap_or(moved(time, ahead)));
    }
    let mark = Mark { time, mark: args.mark, note: args.note, device_time };
    append_mark(&args.session, &mark)?;
    if let Some(phone) = phone.filter(|_| !args.no_screens) {
        let screens = Screens::new(phone, &args.session);
        screens.take(&mark);
        if let Some(missing) = screens.finish() {
            super::output::say(false, &missing);
        }
    }
    super::output::say(false, &format!("{} {}", mark.time, mark.mark));
    Ok(Outcome::Clear)
}
