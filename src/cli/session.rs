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
use crate::session::{self, Known, Session};
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
        /// A domain of the app's maker; may be repeated
        #[arg(long, value_name = "DOMAIN")]
        first_party: Vec<String>,
        /// Company that makes the app, as the policy writes it
        #[arg(long, value_name = "COMPANY")]
        owner: Option<String>,
        /// The policy: copied into the folder
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// Nothing but this app is recorded: what is found is its own
        #[arg(long)]
        isolation: bool,
    },
    /// Say what is missing or cannot be used, and what each costs in certainty
    Check {
        /// The session folder
        folder: PathBuf,
        /// Language of the answer
        #[arg(long, alias = "lang", value_enum, default_value_t, value_name = "LANGUAGE")]
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
        Command::New { folder, app, first_party, owner, policy, isolation } => {
            new(&folder, Known { app, first_party, owner, isolation, ..Known::default() }, policy.as_deref())
        }
        Command::Check { folder, language, signatures } => {
            let signatures = Signatures::load(&signatures)?;
            let found = completeness::check(&folder, &signatures)?;
            output::stdout(checks::render(&found, language.into(), output::columns()).as_bytes())?;
            let wrong = found.iter().any(|check| check.state == State::Wrong);
            Ok(if wrong { Outcome::Unusable } else { Outcome::Clear })
        }
        Command::Show { folder } => show(&folder),
    }
}

fn new(folder: &Path, known: Known, policy: Option<&Path>) -> anyhow::Result<Outcome> {
    if std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        anyhow::bail!("{} exists and is not empty; name another folder", folder.display());
    }
    if let Some(policy) = policy {
        std::fs::File::open(policy).with_context(|| format!("cannot read the policy {}", policy.display()))?;
    }
    session::private_folder(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let policy = policy.map(|path| copy(path, folder)).transpose()?;
    session::begin(folder, &Known { policy, ..known })?;
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
    for (input, _) in examine::inputs(&session, &signatures, &mut |text| output::say(false, &text))? {
        for (time, what) in [(input.first, "begins"), (input.last, "ends")] {
            events.extend(time.map(|time| (time, format!("{} {what}", input.name))));
        }
    }
    events.extend(session.marks.iter().map(|mark| {
        let note = if mark.note.is_empty() { String::new() } else { format!(" ({})", mark.note) };
        (mark.time, format!("{}{note}", mark.mark))
    }));
    let (shots, unread) = shots(folder);
    if unread > 0 {
        output::say(false, &format!("{unread} lines of marks/screens.jsonl cannot be read: pictures are missing here"));
    }
    events.extend(shots.into_iter().map(|(shot, same)| {
        let state = if same { "" } else { ", which is not there or is another" };
        (shot.time, format!("screen marks/{} sha256 {}{state}", shot.file, shot.sha256))
    }));
    if events.is_empty() {
        output::say(false, "nothing here has a time yet: no packet, no mark");
    }
    events.sort();
    let text: String =
        events.iter().map(|(time, what)| format!("{time}  {}\n", crate::report::escape::visible(what))).collect();
    output::stdout(text.as_bytes())?;
    Ok(Outcome::Clear)
}
