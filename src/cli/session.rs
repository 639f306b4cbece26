//! `session`: a session folder, made, checked, shown.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;

use super::options::Language;
use super::{Outcome, output};
use crate::evidence::Time;
use crate::examine;
use crate::record::android::shots;
use crate::record::completeness;
use crate::report::checks::{self, State};
use crate::session::Session;
use crate::signatures::Signatures;

/// Make a session folder, say what it lacks, or show what happened in it
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a folder with session.toml and device.toml to fill in
    New {
        /// The folder; it must not be there, or be empty
        folder: PathBuf,
        /// Package or bundle id of the app
        #[arg(long, value_name = "ID")]
        app: Option<String>,
        /// A domain of the app's maker; may be given again
        #[arg(long, value_name = "DOMAIN")]
        first_party: Vec<String>,
        /// Company that makes the app, as the policy writes it
        #[arg(long, value_name = "COMPANY")]
        owner: Option<String>,
        /// The policy: copied into the folder
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
    /// Say what is missing or cannot be used, and what each costs in certainty
    Check {
        /// The session folder
        folder: PathBuf,
        /// Language of the answer
        #[arg(long, value_enum, default_value_t, value_name = "LANGUAGE")]
        language: Language,
        /// Folder of further signatures
        #[arg(long, value_name = "DIR")]
        signatures: Vec<PathBuf>,
    },
    /// Print captures and marks on one time line
    Show {
        /// The session folder
        folder: PathBuf,
    },
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.command {
        Command::New { folder, app, first_party, owner, policy } => {
            new(&folder, &Given { app, first_party, owner, policy })
        }
        Command::Check { folder, language, signatures } => {
            let signatures = Signatures::load(&signatures)?;
            let found = completeness::check(&folder, &signatures)?;
            output::stdout(checks::render(&found, language.into()).as_bytes())?;
            let wrong = found.iter().any(|check| check.state == State::Wrong);
            Ok(if wrong { Outcome::Unusable } else { Outcome::Clear })
        }
        Command::Show { folder } => show(&folder),
    }
}

/// What is known of the session beforehand.
struct Given {
    app: Option<String>,
    first_party: Vec<String>,
    owner: Option<String>,
    policy: Option<PathBuf>,
}

fn new(folder: &Path, given: &Given) -> anyhow::Result<Outcome> {
    if std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        anyhow::bail!("{} is there and not empty; name another folder", folder.display());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let policy = given.policy.as_deref().map(|path| copy(path, folder)).transpose()?;
    output::private(&folder.join("session.toml"), description(given, policy.as_deref()).as_bytes())?;
    output::private(&folder.join("device.toml"), DEVICE.as_bytes())?;
    output::say(false, &format!("made {}", folder.display()));
    output::say(
        false,
        &format!("next: wirewitness record {0} --interface NAME, or copy captures into it", folder.display()),
    );
    output::say(false, &format!("then: wirewitness session check {}", folder.display()));
    Ok(Outcome::Clear)
}

fn copy(policy: &Path, folder: &Path) -> anyhow::Result<String> {
    let name = policy.file_name().with_context(|| format!("{} has no file name", policy.display()))?;
    std::fs::copy(policy, folder.join(name)).with_context(|| format!("cannot copy {}", policy.display()))?;
    Ok(name.to_string_lossy().into_owned())
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// `session.toml`: what is known, and every other key as a comment that says what it settles.
fn description(given: &Given, policy: Option<&str>) -> String {
    let line = |key: &str, value: Option<String>, example: &str, about: &str| match value {
        Some(value) => format!("{key} = {value}\n"),
        None => format!("# {about}\n# {key} = {example}\n"),
    };
    let domains = (!given.first_party.is_empty())
        .then(|| format!("[{}]", given.first_party.iter().map(|d| quoted(d)).collect::<Vec<_>>().join(", ")));
    [
        line(
            "app",
            given.app.as_deref().map(quoted),
            "\"com.example.shop\"",
            "package or bundle id: whose traffic counts",
        ),
        line("version", None, "\"3.2.0\"", "its version"),
        line("first_party", domains, "[\"example.com\"]", "domains of the app's maker: what is no third party"),
        line("owner", given.owner.as_deref().map(quoted), "\"Example Co., Ltd.\"", "company, as the policy writes it"),
        line("policy", policy.map(quoted), "\"policy.html\"", "what to hold it against"),
        line("isolation", None, "true", "nothing but this app was recorded"),
        line("country", None, "\"CN\"", "where data is to stay, if the policy does not say; for --geo-db"),
        line("clock_skew_ms", None, "500", "how far the clocks of device and recorder may lie apart"),
        line("notes", None, "\"what was changed on the device\"", "free notes, quoted in the report"),
    ]
    .concat()
        + "# seconds to add to the times of a capture whose clock is off; \"device\": it is the phone's, as in marks\n\
           # time_shift = { \"phone.pcap\" = -1.5 }\n"
}

/// `device.toml` with nothing in it yet.
const DEVICE: &str = "# The test device's own identifiers: a value is confirmed only when it is one of these.\n\
    # `wirewitness device read FILE` takes them from a phone, `device new` makes up some for an emulator.\n\
    [ids]\n\
    # imei = [\"490154203237518\"]\n\
    # oaid = \"…\"\n\
    # android_id = \"…\"\n\
    # mac = [\"…\"]\n";

fn show(folder: &Path) -> anyhow::Result<Outcome> {
    let signatures = Signatures::load(&[] as &[PathBuf])?;
    let session = Session::open(&[folder.to_owned()], &signatures)?;
    let mut events: Vec<(Time, String)> = Vec::new();
    for input in examine::inputs(&session, &signatures)? {
        for (time, what) in [(input.first, "begins"), (input.last, "ends")] {
            events.extend(time.map(|time| (time, format!("{} {what}", input.name))));
        }
    }
    events.extend(session.marks.iter().map(|mark| {
        let note = if mark.note.is_empty() { String::new() } else { format!(" ({})", mark.note) };
        (mark.time, format!("{}{note}", mark.mark))
    }));
    events.extend(shots(folder).into_iter().map(|(shot, same)| {
        let state = if same { "" } else { ", which is not there or is another" };
        (shot.time, format!("screen marks/{} sha256 {}{state}", shot.file, shot.sha256))
    }));
    events.sort();
    let text: String =
        events.iter().map(|(time, what)| format!("{time}  {}\n", crate::report::escape::visible(what))).collect();
    output::stdout(text.as_bytes())?;
    Ok(Outcome::Clear)
}
