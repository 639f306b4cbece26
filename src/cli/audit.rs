//! `audit`: flows against declarations.

use std::path::PathBuf;

use anyhow::Context;
use clap::ValueEnum;

use super::options::{Language, Look, Traffic};
use super::{Outcome, output};
use crate::audit::gate::{self, FailOn};
use crate::audit::{Report, SessionFacts};
use crate::examine::{self, Settings};
use crate::policy;
use crate::report::{self, html, json, terminal};
use crate::session::Session;
use crate::signatures::Signatures;

/// Hold recorded traffic against a privacy policy
///
/// Takes a session folder, or captures with the files they need as options. Results go to standard
/// output; several formats at once go to files in --output.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Session folder, or captures (pcap, pcapng, HAR, mitmproxy flows; gzip or zstd); - is standard input
    #[arg(required = true, value_name = "SESSION|CAPTURE")]
    pub inputs: Vec<PathBuf>,

    /// Policy: text, Markdown, HTML, or the JSON of `wirewitness policy`; several are one [default: the session's]
    #[arg(short, long, value_name = "FILE")]
    pub policy: Vec<PathBuf>,

    #[command(flatten)]
    pub traffic: Traffic,

    #[command(flatten)]
    pub judge: Judge,

    #[command(flatten)]
    pub look: Look,
}

/// How the result is judged and written.
#[derive(Debug, Clone, clap::Args)]
pub struct Judge {
    /// Format of the report; several (json,html) need --output
    #[arg(long, value_enum, value_name = "NAME", value_delimiter = ',', default_values_t = [Format::Text])]
    pub format: Vec<Format>,

    /// Folder for the report's files
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,

    /// Exit with 1 on a finding of this severity or worse (note, low, medium, high, critical), or of this
    /// code; may be given again
    #[arg(long, value_name = "SEVERITY|CODE", value_delimiter = ',', default_values = ["medium"])]
    pub fail_on: Vec<FailOn>,

    /// Exit with 3 where fewer percent of the sent bytes could be read
    #[arg(long, value_name = "PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u64).range(0..=100))]
    pub require_coverage: u64,

    /// Show values as they are instead of masked; the report is then not for sharing
    #[arg(long)]
    pub show_values: bool,
}

/// A format of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Format {
    /// For the terminal
    Text,
    /// report.json, as schemas/report.schema.json says
    Json,
    /// One self-contained page
    Html,
}

impl Format {
    fn file_name(self) -> &'static str {
        match self {
            Self::Text => "report.txt",
            Self::Json => "report.json",
            Self::Html => "report.html",
        }
    }

    fn render(self, report: &Report, look: &Look, to_terminal: bool) -> anyhow::Result<Vec<u8>> {
        let language = look.language.into();
        let text = match self {
            Self::Text => {
                let options =
                    terminal::Options { language, color: to_terminal && look.color.on_stdout(), width: look.width() };
                terminal::render(report, &options)
            }
            Self::Json => json::render(report),
            Self::Html => {
                return Ok(html::render(report, language).context("the page cannot be rendered")?.into_bytes());
            }
        };
        Ok(text.context("the report cannot be written")?.into_bytes())
    }
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let mut formats = args.judge.format.clone();
    formats.sort();
    formats.dedup();
    if formats.len() > 1 && args.judge.output.is_none() {
        anyhow::bail!("several formats at once need --output DIR to write their files into");
    }
    let signatures = args.traffic.signatures()?;
    let session = args.traffic.session(&args.inputs, &signatures)?;
    let report = report_of(&session, &args.policy, &args.traffic, &args.judge, &signatures)?;
    for format in formats {
        let bytes = format.render(&report, &args.look, args.judge.output.is_none())?;
        match &args.judge.output {
            Some(folder) => output::file(folder, format.file_name(), &bytes)?,
            None => output::stdout(&bytes)?,
        }
    }
    Ok(match gate::outcome(&report, &args.judge.fail_on, args.judge.require_coverage) {
        gate::Outcome::Passed => Outcome::Clear,
        gate::Outcome::Failed => Outcome::Findings,
        gate::Outcome::TooLittleSeen => Outcome::TooLittleSeen,
    })
}

/// Reads policy and traffic and holds one against the other.
fn report_of(
    session: &Session,
    policies: &[PathBuf],
    traffic: &Traffic,
    judge: &Judge,
    signatures: &Signatures,
) -> anyhow::Result<Report> {
    let policies = match (policies, session.policy()) {
        ([], Some(policy)) => vec![policy],
        ([], None) => anyhow::bail!(
            "no policy: give --policy FILE, or name one in session.toml; `wirewitness inspect` needs none"
        ),
        (given, _) => given.to_vec(),
    };
    let policy = policy::read(&policies, signatures)?;
    for remark in &policy.remarks {
        output::say(traffic.quiet, &format!("policy: {}", remark.message));
    }
    if judge.show_values {
        output::say(false, "values are shown as they are: this report is not for sharing");
    }
    for name in &session.unread {
        if name == "ignore.toml" {
            output::say(traffic.quiet, "ignore.toml is not read by this version: no finding is suppressed");
        }
    }
    let settings = Settings { threads: traffic.threads(), show_values: judge.show_values };
    let mut remarks = |remark: String| output::say(traffic.quiet, &remark);
    let observations = examine::examine(session, signatures, settings, &mut remarks)?;
    Ok(crate::audit::audit(observations, policy, facts(session), signatures))
}

/// What the report tells of the session.
fn facts(session: &Session) -> SessionFacts {
    let description = &session.description;
    SessionFacts {
        app: description.app.clone(),
        version: description.version.clone(),
        first_party: description.first_party.clone(),
        owner: description.owner.clone(),
        country: description.country.clone(),
        isolation: description.isolation,
        marks: session.marks.iter().map(|mark| (mark.time, mark.mark.clone())).collect(),
        profile_types: session.profile.ids.keys().cloned().collect(),
        settled: session.settled.iter().map(|s| (s.host.clone(), s.as_.to_string(), s.reason.clone())).collect(),
        notes: description.notes.clone(),
        clock_skew_ms: description.skew_ms(),
    }
}

impl From<Language> for report::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::En,
            Language::Zh => Self::Zh,
        }
    }
}
