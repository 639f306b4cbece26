//! `audit`: flows against declarations.

use std::path::{Path, PathBuf};

use super::options::{Look, Today, Traffic};
use super::paper::{Held, Paper};
use super::watch::Watch;
use super::{Outcome, output, paper};
use crate::audit::gate;
use crate::audit::snapshot::{self, Snapshot};
use crate::audit::{Report, SessionFacts, baseline, suppress};
use crate::examine::{self, Settings};
use crate::policy;
use crate::report::{self, Service};
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

    /// Policy in any format that `wirewitness policy` reads, or its JSON; several are read as one
    /// [default: the session's]
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
    #[command(flatten)]
    pub paper: Paper,

    #[command(flatten)]
    pub held: Held,

    #[command(flatten)]
    pub terms: Terms,
}

/// What the findings are weighed against, and how values are shown.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Terms {
    /// Findings to ignore, beside those of the session's ignore.toml; may be repeated
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

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    args.judge.paper.check()?;
    let signatures = args.traffic.signatures()?;
    let session = args.traffic.session(&args.inputs, &signatures)?;
    let watch = Watch::begin(args.traffic.quiet, &session.progress, args.look.language.into());
    let report =
        report_of(&session, &args.policy, &args.traffic, &args.judge.terms, &signatures, args.look.language.into())?;
    drop(watch);
    let gate = args.judge.held.gate();
    let policies = policies_of(&session, &args.policy)?;
    let places = paper::places(&report, &session.captures, &policies);
    let service = Service { language: args.look.language.into(), gate: &gate, places: &places };
    args.judge.paper.write(&report, &service, &args.look)?;
    Ok(match gate.outcome(&report) {
        gate::Outcome::Passed => Outcome::Clear,
        gate::Outcome::Failed => Outcome::Findings,
        gate::Outcome::TooLittleSeen => Outcome::TooLittleSeen,
    })
}

/// The policies given, else the one that session.toml names.
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
    language: report::Language,
) -> anyhow::Result<Report> {
    let policies = policies_of(session, policies)?;
    let policy = policy::read(&policies, signatures)?;
    for remark in &policy.remarks {
        let said = language.told(&remark.message, &remark.message_zh);
        output::say(traffic.quiet, &format!("{}{said}", language.pick("政策：", "policy: ")));
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

/// Tells the owners of ignored findings which lines are about to expire, have expired, or match nothing.
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
        device: description.device.clone(),
        changes: description.changes.clone(),
        case: description.case.clone(),
        build: description.build.clone(),
        clock_skew_ms: description.skew_ms(),
    }
}
