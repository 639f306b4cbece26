//! Options that several commands share, each documented here once.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use jiff::civil::Date;

use crate::session::{Profile, Session, Shift, parse_day};
use crate::signatures::Signatures;

/// What is looked at, and with what knowledge.
#[derive(Debug, Clone, Default, Args)]
pub struct Traffic {
    /// Device profile: the real values of the test device (TOML) [default: the session's device.toml]
    #[arg(long, value_name = "FILE")]
    pub device: Option<PathBuf>,

    /// NSS key log (SSLKEYLOGFILE) or PEM private key, told apart by content; may be repeated
    #[arg(long, value_name = "FILE")]
    pub keys: Vec<PathBuf>,

    /// Domain of the app's maker; may be repeated
    #[arg(long, value_name = "DOMAIN", value_delimiter = ',')]
    pub first_party: Vec<String>,

    /// Company that makes the app: its products and domains, as far as the signatures know them, are first party
    #[arg(long, value_name = "COMPANY")]
    pub owner: Option<String>,

    /// Package or bundle id of the audited app; traffic of other apps is left out and counted
    #[arg(long, value_name = "ID")]
    pub app: Option<String>,

    /// Seconds to add to the times of a capture whose clock is off (NAME=-1.5); NAME=device takes them from
    /// marks that carry the phone's time as well; may be repeated
    #[arg(long, value_name = "NAME=SECONDS", value_parser = time_shift, allow_hyphen_values = true)]
    pub time_shift: Vec<(String, Shift)>,

    /// Capture of the device at rest, without the app: traffic that is in it too is listed apart and not
    /// judged, unless it is known to be the app's; may be repeated
    #[arg(long, value_name = "CAPTURE")]
    pub noise: Vec<PathBuf>,

    /// File that says in which country addresses are registered (MMDB, or CSV of start,end,country or
    /// network,country): adds that to each contact, and judges contact-abroad; may be repeated
    #[arg(long, value_name = "FILE")]
    pub geo_db: Vec<PathBuf>,

    /// Folder of further signatures, laid over the built-in ones by id; may be repeated
    #[arg(long, value_name = "DIR")]
    pub signatures: Vec<PathBuf>,

    /// Threads to use; the output is the same for any number [default: as many as there are cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,

    /// Print nothing but errors on standard error
    #[arg(long)]
    pub quiet: bool,
}

impl Traffic {
    /// The signatures that these options select.
    pub fn signatures(&self) -> anyhow::Result<Signatures> {
        Signatures::load(&self.signatures)
            .context("the signatures cannot be used; `wirewitness signatures check` lists every problem")
    }

    /// Opens the session and lays the options over it: a flag beats the session's file.
    pub fn session(&self, inputs: &[PathBuf], signatures: &Signatures) -> anyhow::Result<Session> {
        let mut session = Session::open(inputs, signatures)?;
        if let Some(device) = &self.device {
            session.profile = Profile::read(device, signatures)?;
        }
        session.keys.extend(self.keys.iter().cloned());
        session.noise.extend(self.noise.iter().cloned());
        session.geo.extend(self.geo_db.iter().cloned());
        for (name, shift) in &self.time_shift {
            let captures = || session.captures.iter().chain(&session.others);
            let names = || captures().filter_map(|path| Some(path.file_name()?.to_string_lossy()));
            if !names().any(|known| known == name.as_str()) {
                let known = names().collect::<Vec<_>>().join(", ");
                anyhow::bail!("--time-shift {name}: there is no such capture; there is {known}");
            }
            session.description.time_shift.insert(name.clone(), shift.clone());
        }
        if !self.first_party.is_empty() {
            session.description.first_party = self.first_party.clone();
        }
        if self.owner.is_some() {
            session.description.owner = self.owner.clone();
        }
        if self.app.is_some() {
            session.description.app = self.app.clone();
        }
        Ok(session)
    }

    /// Number of threads, at least one.
    pub fn threads(&self) -> usize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1)
    }
}

/// `phone.pcap=-1.5`: a capture and what to add to its times.
fn time_shift(text: &str) -> Result<(String, Shift), String> {
    let (name, shift) = text.rsplit_once('=').ok_or("write NAME=SECONDS, such as phone.pcap=-1.5")?;
    Ok((name.to_owned(), Shift::parse(shift)?))
}

/// The day that expiry is judged by.
#[derive(Debug, Clone, Default, Args)]
pub struct Today {
    /// The day by which expiry is judged, such as 2027-01-31 [default: today, in UTC]
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    pub today: Option<Date>,
}

impl Today {
    /// The day given, else the one it is.
    pub fn day(&self) -> Date {
        self.today.unwrap_or_else(|| jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date())
    }
}

/// Language of what a person reads. Codes and ids are never translated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English
    #[default]
    En,
    /// 中文
    Zh,
}

/// How a terminal report looks.
#[derive(Debug, Clone, Default, Args)]
pub struct Look {
    /// Language of the report
    #[arg(long, alias = "lang", value_enum, default_value_t, value_name = "LANGUAGE")]
    pub language: Language,

    /// Colours: auto is "when standard output is a terminal"
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
}

impl Look {
    /// Columns of a report: COLUMNS where the shell exports it, else a hundred. The terminal is
    /// not asked, so that redirected output does not depend on the size of a window.
    pub fn width(&self) -> u16 {
        std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(100)
    }
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Whether to colour standard output.
    pub fn on_stdout(self) -> bool {
        match self {
            Self::Auto => anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

impl From<Language> for crate::report::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::En,
            Language::Zh => Self::Zh,
        }
    }
}
