//! `wirewitness.toml`: options that a project gives once; and `config show`, which says
//! where each value comes from.
//!
//! ```toml
//! policy = "legal/privacy.html"       # paths are relative to this file
//! first-party = ["example.com"]
//! fail-on = ["high", "cleartext"]
//! ```
//!
//! The keys are the long options of the commands in [`COMMANDS`]. A flag beats the
//! environment (`WIREWITNESS_FAIL_ON`), which beats the file, which beats what the session's
//! own files say, which beats the default. What the environment and the file give is put
//! into the command line before it is parsed, so that it is checked like a flag.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, ValueHint};

use super::options::Language;
use super::{Outcome, output};
use crate::report::{self, fill};
use crate::session::line_at;

/// Name of the file.
const NAME: &str = "wirewitness.toml";

/// Commands that take options from it.
const COMMANDS: &[&str] = &["audit", "inspect", "messages", "diff"];

/// Options that mean something else to each command: only the audit's are taken.
const OF_AUDIT: &[&str] = &["format", "output"];

/// A hand-written file.
const LIMIT: u64 = 1 << 20;

/// Show the options in effect, and where each comes from: flag, environment, file, default
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Show,
}

#[derive(Debug, clap::Subcommand)]
enum Show {
    /// Print each option of a command with its value and origin
    Show {
        /// Command: audit, inspect, messages or diff
        #[arg(default_value = "audit", value_name = "COMMAND")]
        command: String,

        /// Language of the origins; else that of the command
        #[arg(long, alias = "lang", value_enum, value_name = "LANGUAGE")]
        language: Option<Language>,

        /// Arguments of that command
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
        arguments: Vec<OsString>,
    },
}

/// The options that name the file; every command has them.
pub fn arguments() -> [Arg; 2] {
    [
        Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .global(true)
            .help("Options of the project [default: wirewitness.toml here or above, up to the repository's root]"),
        Arg::new("no-config")
            .long("no-config")
            .action(clap::ArgAction::SetTrue)
            .global(true)
            .help("Read no wirewitness.toml"),
    ]
}

/// One value, and where it comes from.
#[derive(Clone, Debug)]
struct Given {
    values: Vec<OsString>,
    origin: Origin,
}

/// Where a value comes from that is no flag.
#[derive(Clone, Debug)]
enum Origin {
    /// The variable.
    Environment(String),
    /// File and line.
    File(String),
}

impl Origin {
    fn in_words(&self, language: report::Language) -> String {
        let [_, _, environment] = language.commands().origins;
        match self {
            Self::Environment(variable) => fill(environment, &[variable]),
            Self::File(place) => place.clone(),
        }
    }
}

/// The language that a command line asks for.
fn language(matches: &ArgMatches) -> report::Language {
    let asked = matches.try_get_one::<Language>("language").ok().flatten().copied();
    asked.unwrap_or_default().into()
}

/// The file, parsed.
struct File {
    path: PathBuf,
    options: BTreeMap<String, (toml::Value, usize)>,
}

/// `arguments` with what the environment and the file say of options that are not among
/// them. Arguments that do not parse are handed back as they are: the parser says why.
pub fn complete(command: &Command, arguments: Vec<OsString>) -> anyhow::Result<Vec<OsString>> {
    let Ok(matches) = command.clone().try_get_matches_from(&arguments) else { return Ok(arguments) };
    let Some((name, given)) = matches.subcommand().filter(|(name, _)| COMMANDS.contains(name)) else {
        return Ok(arguments);
    };
    let file = file(&levels(&matches), command)?;
    if let Some(file) = &file {
        let quiet = arguments.iter().any(|argument| argument == "--quiet");
        let words = language(given).commands();
        output::say(quiet, &fill(words.options_of, &[&file.path.display()]));
    }
    let more = layers(command, name, given, file.as_ref())?.into_iter().flat_map(|(_, given)| given.values);
    Ok(insert(arguments, name, more))
}

/// Puts `more` right after the command's name.
fn insert(arguments: Vec<OsString>, name: &str, more: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut behind_config = false;
    let at = arguments.iter().skip(1).position(|argument| {
        let value = std::mem::replace(&mut behind_config, argument == "--config");
        !value && argument == name
    });
    let mut arguments = arguments;
    if let Some(at) = at {
        arguments.splice(at + 2..at + 2, more);
    }
    arguments
}

/// By option: what the environment gives, else the file, of options that are no flags here.
fn layers(
    command: &Command,
    name: &str,
    matches: &ArgMatches,
    file: Option<&File>,
) -> anyhow::Result<Vec<(String, Given)>> {
    let mut layers = Vec::new();
    for option in options(command, name) {
        let Some(long) = option.get_long() else { continue };
        if matches.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine) {
            continue;
        }
        let variable = format!("WIREWITNESS_{}", long.to_uppercase().replace('-', "_"));
        if let Some(value) = std::env::var_os(&variable).filter(|value| !value.is_empty()) {
            let values = of_environment(option, &value).with_context(|| variable.clone())?;
            layers.push((long.to_owned(), Given { values, origin: Origin::Environment(variable) }));
        } else if let Some((file, (value, line))) = file.and_then(|file| Some((file, file.options.get(long)?))) {
            let folder = file.path.parent().unwrap_or(Path::new("."));
            let origin = format!("{}:{line}", file.path.display());
            let values = of_file(option, value, folder).with_context(|| origin.clone())?;
            layers.push((long.to_owned(), Given { values, origin: Origin::File(origin) }));
        }
    }
    Ok(layers)
}

/// The options of a command that can be given this way.
fn options<'a>(command: &'a Command, name: &str) -> Vec<&'a Arg> {
    let sub = command.get_subcommands().find(|sub| sub.get_name() == name);
    let takes = |option: &&Arg| {
        option.get_long().is_some_and(|long| {
            !["help", "version", "config", "no-config"].contains(&long)
                && (name == "audit" || !OF_AUDIT.contains(&long))
        })
    };
    sub.into_iter().flat_map(Command::get_arguments).filter(takes).collect()
}

fn is_path(option: &Arg) -> bool {
    matches!(option.get_value_hint(), ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath)
}

fn is_list(option: &Arg) -> bool {
    matches!(option.get_action(), clap::ArgAction::Append)
}

fn argument(option: &Arg, value: &OsStr) -> OsString {
    let mut text = OsString::from(format!("--{}=", option.get_long().unwrap_or_default()));
    text.push(value);
    text
}

/// `--quiet` where the flag is on, nothing where it is off.
fn flag(option: &Arg, on: bool) -> Vec<OsString> {
    on.then(|| format!("--{}", option.get_long().unwrap_or_default()).into()).into_iter().collect()
}

fn of_environment(option: &Arg, value: &OsStr) -> anyhow::Result<Vec<OsString>> {
    if !option.get_action().takes_values() {
        return match value.to_str() {
            Some("1" | "true" | "yes") => Ok(flag(option, true)),
            Some("0" | "false" | "no") => Ok(flag(option, false)),
            _ => anyhow::bail!("{value:?} is neither true nor false"),
        };
    }
    if is_list(option) && is_path(option) {
        return Ok(std::env::split_paths(value).map(|path| argument(option, path.as_os_str())).collect());
    }
    Ok(vec![argument(option, value)])
}

fn of_file(option: &Arg, value: &toml::Value, folder: &Path) -> anyhow::Result<Vec<OsString>> {
    let one = |value: &toml::Value| {
        let text = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Datetime(day) => day.to_string(),
            other => anyhow::bail!("{} is not a value of this option", other.type_str()),
        };
        let text = if is_path(option) && text != "-" { folder.join(text).into_os_string() } else { text.into() };
        Ok(argument(option, &text))
    };
    match value {
        toml::Value::Boolean(on) if !option.get_action().takes_values() => Ok(flag(option, *on)),
        _ if !option.get_action().takes_values() => anyhow::bail!("is true or false"),
        toml::Value::Array(values) if is_list(option) => values.iter().map(one).collect(),
        toml::Value::Array(_) => anyhow::bail!("takes one value"),
        value => Ok(vec![one(value)?]),
    }
}

/// The matches of a command line, down to its last subcommand: where an option of every
/// command was written is not known.
fn levels(matches: &ArgMatches) -> Vec<&ArgMatches> {
    std::iter::successors(Some(matches), |level| level.subcommand().map(|(_, sub)| sub)).collect()
}

/// The file that is named, else the one that is found.
fn file(levels: &[&ArgMatches], command: &Command) -> anyhow::Result<Option<File>> {
    let none = |level: &&ArgMatches| level.try_get_one::<bool>("no-config").ok().flatten() == Some(&true);
    if levels.iter().any(none) {
        return Ok(None);
    }
    let named = levels.iter().find_map(|level| level.try_get_one::<PathBuf>("config").ok().flatten()).cloned();
    let named = named.or_else(|| std::env::var_os("WIREWITNESS_CONFIG").filter(|v| !v.is_empty()).map(PathBuf::from));
    let Some(path) = named.or_else(find) else { return Ok(None) };
    let bytes = output::read(&path, LIMIT)?;
    let text = String::from_utf8(bytes).with_context(|| format!("{} is no text", path.display()))?;
    let known =
        |long: &str| COMMANDS.iter().any(|name| options(command, name).iter().any(|o| o.get_long() == Some(long)));
    let line_of = |at: usize| line_at(&text, at);
    let parsed: BTreeMap<toml::Spanned<String>, toml::Value> = toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(span.start));
        anyhow::anyhow!("{}:{line}: {}", path.display(), error.message())
    })?;
    let mut options = BTreeMap::new();
    for (key, value) in parsed {
        let line = line_of(key.span().start);
        // As in the session's files: `first_party` is `first-party`.
        let long = key.into_inner().replace('_', "-");
        anyhow::ensure!(
            known(&long),
            "{}:{line}: {long:?} is no option of {}; `wirewitness config show` lists them",
            path.display(),
            COMMANDS.join(", ")
        );
        options.insert(long, (value, line));
    }
    Ok(Some(File { path, options }))
}

/// `wirewitness.toml` in the working directory or the nearest folder above that has one; not
/// above a repository's root, where somebody else's could lie.
fn find() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    for folder in here.ancestors() {
        let path = folder.join(NAME);
        if path.is_file() {
            return Some(path);
        }
        if folder.join(".git").exists() {
            return None;
        }
    }
    None
}

/// `outer` is the command line of `config` itself.
pub fn run(args: Args, command: &Command, outer: &ArgMatches) -> anyhow::Result<Outcome> {
    let Show::Show { command: name, language: asked, arguments } = args.command;
    anyhow::ensure!(
        COMMANDS.contains(&name.as_str()),
        "{name:?} takes no options from a file; {} do",
        COMMANDS.join(", ")
    );
    // What must be given to run is not needed to show.
    let relaxed = command.clone().mut_subcommand(&name, |sub| sub.mut_args(|argument| argument.required(false)));
    let mut line: Vec<OsString> = vec!["wirewitness".into(), name.clone().into()];
    line.extend(arguments);
    let given = relaxed.clone().try_get_matches_from(&line)?;
    let Some((_, sub)) = given.subcommand() else { return Ok(Outcome::Clear) };
    let file = file(&[levels(outer), levels(&given)].concat(), command)?;
    let layers = layers(command, &name, sub, file.as_ref())?;
    let more = layers.iter().flat_map(|(_, given)| given.values.clone());
    let complete = relaxed.try_get_matches_from(insert(line, &name, more.collect::<Vec<_>>().into_iter()))?;
    let Some((_, complete)) = complete.subcommand() else { return Ok(Outcome::Clear) };
    let language = asked.map_or_else(|| language(complete), report::Language::from);
    let [flag, default, _] = language.commands().origins;
    let mut text = String::new();
    for option in options(command, &name) {
        let (id, long) = (option.get_id().as_str(), option.get_long().unwrap_or_default());
        let origin = match layers.iter().find(|(layer, _)| layer == long) {
            Some((_, given)) => given.origin.in_words(language),
            None if sub.value_source(id) == Some(ValueSource::CommandLine) => flag.to_owned(),
            None => default.to_owned(),
        };
        let raw =
            complete.get_raw(id).map(|values| values.map(|v| v.to_string_lossy().into_owned()).collect::<Vec<_>>());
        let value = match raw {
            Some(values) if !values.is_empty() => values.join(","),
            _ => "-".to_owned(),
        };
        text.push_str(&format!("{long:<18} {value:<32} {origin}\n"));
    }
    output::stdout(text.as_bytes())?;
    Ok(Outcome::Clear)
}
