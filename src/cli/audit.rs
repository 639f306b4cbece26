//! `audit`: flows against declarations.

use std::path::{Component, Path, PathBuf};

use anyhow::Context;
use clap::ValueEnum;

use super::options::{Language, Look, Today, Traffic};
use super::{Outcome, output};
use crate::audit::gate::{self, FailOn, Gate};
use crate::audit::snapshot::{self, Snapshot};
use crate::audit::{Report, SessionFacts, baseline, suppress};
use crate::examine::{self, Settings};
use crate::policy;
use crate::report::{self, Places, Service, github, gitlab, html, json, jsonl, junit, markdown, sarif, terminal};
use crate::session::{IgnoreRule, IgnoreState, Session, read_ignore};
use crate::signatures::Signatures;

/// Hold recorded traffic against a privacy policy
///
/// Takes a session folder, or captures with the files they need as options. Results go to standard
/// output; several formats at once go to files in --output.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Session folder, or captures (pcap, pcapng, HAR, sessions of proxies; gzip or zstd); - is standard input
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
    /// code; either only in a phase: cleartext@before-consent; may be given again
    #[arg(long, value_name = "SEVERITY|CODE[@PHASE]", value_delimiter = ',', default_values = ["medium"])]
    pub fail_on: Vec<FailOn>,

    /// Exit with 3 where fewer percent of the sent bytes could be read
    #[arg(long, value_name = "PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u64).range(0..=100))]
    pub require_coverage: u64,

    #[command(flatten)]
    pub terms: Terms,
}

/// What the findings are weighed against, and how values are shown.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Terms {
    /// Findings to ignore, beside those of the session's ignore.toml; may be given again
    #[arg(long, value_name = "FILE")]
    pub ignore: Vec<PathBuf>,

    #[command(flatten)]
    pub today: Today,

    /// An earlier report.json: only findings that are new or worse than there fail
    #[arg(long, value_name = "REPORT")]
    pub baseline: Option<PathBuf>,

    /// Show values as they are instead of masked; the report is then not for sharing
    #[arg(long)]
    pub show_values: bool,
}

impl Judge {
    /// What the report is held to.
    pub fn gate(&self) -> Gate {
        Gate { fail_on: self.fail_on.clone(), require_coverage: self.require_coverage }
    }
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
    /// SARIF 2.1.0, for code-scanning services and viewers
    Sarif,
    /// JUnit XML, a case for each code in each phase
    Junit,
    /// GitLab's code quality report
    Gitlab,
    /// GitHub's workflow commands, which become annotations
    Github,
    /// A summary in Markdown, for $GITHUB_STEP_SUMMARY
    Markdown,
    /// JSON Lines, a finding a line
    Jsonl,
}

impl Format {
    fn file_name(self) -> &'static str {
        match self {
            Self::Text => "report.txt",
            Self::Json => "report.json",
            Self::Html => "report.html",
            Self::Sarif => "report.sarif",
            Self::Junit => "report.junit.xml",
            // The name that GitLab's documentation gives it.
            Self::Gitlab => "gl-code-quality-report.json",
            Self::Github => "report.github.txt",
            Self::Markdown => "report.md",
            Self::Jsonl => "report.jsonl",
        }
    }

    fn render(self, report: &Report, service: &Service<'_>, look: &Look, to_terminal: bool) -> anyhow::Result<Vec<u8>> {
        let language = service.language;
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
            Self::Sarif => sarif::render(report, service),
            Self::Junit => junit::render(report, service),
            Self::Gitlab => gitlab::render(report, service),
            Self::Github => github::render(report, service),
            Self::Markdown => markdown::render(report, service),
            Self::Jsonl => jsonl::render(report),
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
    let report = report_of(&session, &args.policy, &args.traffic, &args.judge.terms, &signatures)?;
    let gate = args.judge.gate();
    let places = places(&report, &session, &args.policy);
    let service = Service { language: args.look.language.into(), gate: &gate, places: &places };
    for format in formats {
        let bytes = format.render(&report, &service, &args.look, args.judge.output.is_none())?;
        match &args.judge.output {
            Some(folder) => output::file(folder, format.file_name(), &bytes)?,
            None => output::stdout(&bytes)?,
        }
    }
    Ok(match gate.outcome(&report) {
        gate::Outcome::Passed => Outcome::Clear,
        gate::Outcome::Failed => Outcome::Findings,
        gate::Outcome::TooLittleSeen => Outcome::TooLittleSeen,
    })
}

/// Where the files of the report lie, from the working directory: a service that shows them
/// knows them by these paths. One outside of it is known by its name alone.
fn places(report: &Report, session: &Session, policies: &[PathBuf]) -> Places {
    let here = std::env::current_dir().unwrap_or_default();
    let policies: Vec<PathBuf> =
        if policies.is_empty() { session.policy().into_iter().collect() } else { policies.to_vec() };
    let path_of = |name: &str, given: &[PathBuf]| {
        // A document of a folder or an archive lies in what was given.
        let named = |path: &&PathBuf| path.file_name().is_some_and(|file| file.to_string_lossy() == name);
        let inside = || given.iter().map(|path| path.join(name)).find(|path| path.is_file());
        let path = given.iter().find(named).cloned().or_else(inside)?;
        let path = path.strip_prefix(&here).map(Path::to_owned).unwrap_or(path);
        let parts: Option<Vec<String>> = path
            .components()
            .filter(|part| *part != Component::CurDir)
            .map(|part| match part {
                Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
                _ => None,
            })
            .collect();
        parts.map(|parts| parts.join("/"))
    };
    let places = |names: Vec<String>, given: &[PathBuf]| {
        names.into_iter().map(|name| path_of(&name, given).unwrap_or(name)).collect()
    };
    let Places { policy, inputs } = Places::names(report);
    Places { policy: places(policy, &policies), inputs: places(inputs, &session.captures) }
}

/// The policies given, else the session's own.
pub(super) fn policies_of(session: &Session, given: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    Ok(match (given, session.policy()) {
        ([], Some(policy)) => vec![policy],
        ([], None) => anyhow::bail!(
            "no policy: give --policy FILE, or name one in session.toml; `wirewitness inspect` needs none"
        ),
        (given, _) => given.to_vec(),
    })
}

/// Reads policy and traffic and holds one against the other.
pub(super) fn report_of(
    session: &Session,
    policies: &[PathBuf],
    traffic: &Traffic,
    terms: &Terms,
    signatures: &Signatures,
) -> anyhow::Result<Report> {
    let policies = policies_of(session, policies)?;
    let policy = policy::read(&policies, signatures)?;
    for remark in &policy.remarks {
        output::say(traffic.quiet, &format!("policy: {}", remark.message));
    }
    if terms.show_values {
        output::say(false, "values are shown as they are: this report is not for sharing");
    }
    let settings = Settings { threads: traffic.threads(), show_values: terms.show_values };
    let mut remarks = |remark: String| output::say(traffic.quiet, &remark);
    let ignored = ignored(session, terms, signatures)?;
    let earlier = terms.baseline.as_deref().map(earlier).transpose()?;
    let observations = examine::examine(session, signatures, settings, &mut remarks)?;
    let mut report = crate::audit::audit(observations, policy, facts(session), signatures);
    suppress::apply(&mut report, &ignored, terms.today.day());
    if let Some((name, earlier)) = earlier {
        baseline::compare(&mut report, &earlier, &name);
    }
    say_ignored(traffic.quiet, &report);
    Ok(report)
}

/// The lines of the session and of the options, checked.
fn ignored(session: &Session, terms: &Terms, signatures: &Signatures) -> anyhow::Result<Vec<IgnoreRule>> {
    let mut rules = session.ignore.clone();
    for path in &terms.ignore {
        rules.extend(read_ignore(path)?);
    }
    for rule in &rules {
        if let Some(problem) = suppress::problem(&rule.matcher, signatures) {
            anyhow::bail!("{}:{}: {problem}", rule.file, rule.line);
        }
    }
    Ok(rules)
}

/// The baseline and its file name.
fn earlier(path: &Path) -> anyhow::Result<(String, Snapshot)> {
    let bytes = output::read(path, snapshot::LIMIT)?;
    let earlier = Snapshot::read(&bytes).map_err(|what| anyhow::anyhow!("{} {what}", path.display()))?;
    Ok((path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()), earlier))
}

/// What a line that is about to expire, has expired, or reaches nothing asks of its owner.
fn say_ignored(quiet: bool, report: &Report) {
    let Some(ignored) = &report.ignore else { return };
    for line in &ignored.lines {
        let what = match line.state {
            IgnoreState::Expired => {
                format!("expired on {}: its {} findings count again", line.expires, line.findings)
            }
            _ if line.findings == 0 => "reaches no finding; `wirewitness ignore prune --report` removes it".to_owned(),
            IgnoreState::Expiring => format!("expires on {}: its {} findings will count", line.expires, line.findings),
            IgnoreState::Active => continue,
        };
        output::say(quiet, &format!("{}:{}: {what} ({})", line.file, line.line, line.owner));
    }
}

/// What the report tells of the session.
pub(super) fn facts(session: &Session) -> SessionFacts {
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
