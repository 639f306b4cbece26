//! `ignore`: the lines of `ignore.toml`.

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args as ClapArgs, Subcommand};
use jiff::civil::Date;

use super::options::{Language, Today};
use super::{Outcome, output};
use crate::audit::{IgnoreLine, Report, snapshot, suppress};
use crate::report::{self, fill};
use crate::session::{
    IgnoreRule, IgnoreState, Matcher, parse_day, parse_ignore, read_ignore, without_rules, write_rule,
};
use crate::signatures::{HostPattern, Signatures};

/// Name of the file in a session folder.
const NAME: &str = "ignore.toml";

/// Add, list and prune ignored findings
///
/// An ignored finding stays in every report, struck out, and fails no build until the day its line expires.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(Add),
    List(List),
    Prune(Prune),
}

/// Add a line; the command stands under each finding of a report
#[derive(Debug, ClapArgs)]
struct Add {
    /// Session folder (its ignore.toml), or a file
    #[arg(value_name = "SESSION|FILE")]
    file: PathBuf,

    /// The finding's fingerprint; or give any of the options, which must all fit
    #[arg(value_name = "FINGERPRINT")]
    fingerprint: Option<String>,

    /// Findings of this code
    #[arg(long, value_name = "CODE")]
    code: Option<String>,

    /// Findings about this recipient, by id
    #[arg(long, value_name = "ID")]
    recipient: Option<String>,

    /// Findings about this data type, by id
    #[arg(long = "type", value_name = "ID")]
    data_type: Option<String>,

    /// Findings in this phase: before-consent, after-refusal, after-consent, background, none
    #[arg(long, value_name = "PHASE")]
    phase: Option<String>,

    /// Findings all of whose hosts fit: * stands for part of a label, a leading **. for any labels
    #[arg(long, value_name = "HOST")]
    host: Option<String>,

    /// Why it may be so for now
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    owner: String,

    /// The last day on which it holds, such as 2027-01-31
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    expires: Date,

    /// Language of what is said
    #[arg(long, alias = "lang", value_enum, default_value_t, value_name = "LANGUAGE")]
    language: Language,

    #[command(flatten)]
    today: Today,
}

/// Print the lines with their state; with a report, how many findings each matches
#[derive(Debug, ClapArgs)]
struct List {
    #[command(flatten)]
    lines: Lines,
}

/// Remove the lines that have expired; with a report, also those that match nothing in it
#[derive(Debug, ClapArgs)]
struct Prune {
    #[command(flatten)]
    lines: Lines,

    /// Say what would go, and change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, ClapArgs)]
struct Lines {
    /// Session folder (its ignore.toml), or a file
    #[arg(value_name = "SESSION|FILE")]
    file: PathBuf,

    /// A report.json, to count what each line matches
    #[arg(long, value_name = "REPORT")]
    report: Option<PathBuf>,

    /// Language of what is said
    #[arg(long, alias = "lang", value_enum, default_value_t, value_name = "LANGUAGE")]
    language: Language,

    #[command(flatten)]
    today: Today,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.command {
        Command::Add(args) => add(args),
        Command::List(args) => list(&args.lines),
        Command::Prune(args) => prune(&args),
    }
}

fn add(args: Add) -> anyhow::Result<Outcome> {
    let path = file(&args.file);
    let rule = IgnoreRule {
        file: NAME.to_owned(),
        line: 1,
        matcher: Matcher {
            fingerprint: args.fingerprint,
            code: args.code,
            recipient: args.recipient,
            data_type: args.data_type,
            phase: args.phase,
            host: args.host.map(HostPattern),
        },
        reason: args.reason,
        owner: args.owner,
        expires: args.expires,
    };
    if let Some(problem) = suppress::problem(&rule.matcher, &Signatures::embedded()?) {
        anyhow::bail!("{problem}");
    }
    if rule.state(args.today.day()) == IgnoreState::Expired {
        anyhow::bail!("{} has passed: the line would ignore nothing", rule.expires);
    }
    let written = write_rule(&rule);
    // What a file may not hold is told by whoever reads it.
    parse_ignore(&written, NAME).map_err(|(_, what)| anyhow::anyhow!("{what}"))?;
    let mut text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    };
    if !text.is_empty() {
        text.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
    }
    let line = text.lines().count() + 1;
    text.push_str(&written);
    parse_ignore(&text, NAME).map_err(|(line, what)| anyhow::anyhow!("{}:{line}: {what}", path.display()))?;
    write(&path, &text)?;
    let words = report::Language::from(args.language).commands();
    output::say(false, &fill(words.ignored_until, &[&path.display(), &line, &rule.expires, &rule.matcher]));
    Ok(Outcome::Clear)
}

fn list(lines: &Lines) -> anyhow::Result<Outcome> {
    let (path, rules) = read(lines)?;
    let today = lines.today.day();
    let reached = reached(lines, &rules, today)?;
    let language = report::Language::from(lines.language);
    let words = language.commands();
    let [expired, expiring, active] = words.line_state;
    let mut text = String::new();
    for (index, rule) in rules.iter().enumerate() {
        let days = rule.days_left(today);
        let state = match rule.state(today) {
            IgnoreState::Expired => fill(expired, &[&-days]),
            IgnoreState::Expiring => fill(expiring, &[&days]),
            IgnoreState::Active => active.to_owned(),
        };
        let values: [&dyn Display; 5] = [&path.display(), &rule.line, &state, &rule.expires, &rule.matcher];
        text.push_str(&fill(words.line, &values));
        text.push('\n');
        text.push_str(&format!("  {} — {}\n", rule.reason.escape_debug(), rule.owner.escape_debug()));
        if let Some(line) = reached.as_ref().and_then(|lines| lines.get(index)) {
            text.push_str(&match line.worst {
                Some(worst) => fill(words.reaches, &[&line.findings, &language.words().term(worst.as_str())]),
                None => format!("  {}", words.reaches_nothing),
            });
            text.push('\n');
        }
    }
    output::stdout(text.as_bytes())?;
    if rules.is_empty() {
        output::say(false, &fill(words.no_line, &[&path.display()]));
    }
    Ok(Outcome::Clear)
}

fn prune(args: &Prune) -> anyhow::Result<Outcome> {
    let (path, rules) = read(&args.lines)?;
    let today = args.lines.today.day();
    let reached = reached(&args.lines, &rules, today)?;
    let unused = |index: usize| reached.as_ref().and_then(|l| l.get(index)).is_some_and(|line| line.findings == 0);
    let words = report::Language::from(args.lines.language).commands();
    let [would_go, removed] = words.goes;
    let mut gone = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let why = match rule.state(today) {
            IgnoreState::Expired => fill(words.expired_on, &[&rule.expires]),
            _ if unused(index) => words.reaches_nothing.to_owned(),
            _ => continue,
        };
        gone.push(rule.line);
        let goes = if args.dry_run { would_go } else { removed };
        let line = fill(goes, &[&path.display(), &rule.line, &why, &rule.matcher]);
        output::stdout(format!("{line}\n").as_bytes())?;
    }
    if !gone.is_empty() && !args.dry_run {
        let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let left = without_rules(&text, &gone)
            .with_context(|| format!("{} is not written as [[ignore]] lines; edit it by hand", path.display()))?;
        write(&path, &left)?;
    }
    output::say(false, &fill(words.stay, &[&(rules.len() - gone.len()), &rules.len()]));
    Ok(Outcome::Clear)
}

/// The file, which is the session's where a folder is given.
fn file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(NAME) } else { path.to_owned() }
}

fn read(lines: &Lines) -> anyhow::Result<(PathBuf, Vec<IgnoreRule>)> {
    let path = file(&lines.file);
    // A session without the file ignores nothing.
    let absent = lines.file.is_dir() && !path.exists();
    let rules = if absent { Vec::new() } else { read_ignore(&path)? };
    Ok((path, rules))
}

/// What each line reaches in the report, where one is given.
fn reached(lines: &Lines, rules: &[IgnoreRule], today: Date) -> anyhow::Result<Option<Vec<IgnoreLine>>> {
    let Some(path) = &lines.report else { return Ok(None) };
    let bytes = output::read(path, snapshot::LIMIT)?;
    let mut report = Report::read(&bytes).map_err(|what| anyhow::anyhow!("{} {what}", path.display()))?;
    for finding in &mut report.findings {
        finding.suppressed = None;
    }
    suppress::apply(&mut report, rules, today);
    Ok(Some(report.ignore.map(|ignored| ignored.lines).unwrap_or_default()))
}

/// Writes it whole or not at all.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cannot = || format!("cannot write {}", path.display());
    let mut file = tempfile::Builder::new().prefix(".ignore-").tempfile_in(folder).with_context(cannot)?;
    file.write_all(text.as_bytes()).with_context(cannot)?;
    if let Ok(known) = std::fs::metadata(path) {
        file.as_file().set_permissions(known.permissions()).with_context(cannot)?;
    }
    file.persist(path).with_context(cannot)?;
    Ok(())
}
