//! The command line: one file for each command, and what they share.
//!
//! Results go to standard output, everything else to standard error. A command
//! returns an [`Outcome`]; an error is "cannot be used" and exits with 2.

mod audit;
mod bundle;
mod completions;
mod config;
mod demo;
mod device;
mod diff;
mod explain;
mod ignore;
mod discover;
mod doctor;
mod inspect;
mod man;
mod mark;
mod messages;
mod options;
mod output;
mod paper;
mod policy;
mod proxy;
mod record;
mod recorded;
mod report;
mod session;
mod signatures;
mod slice;
mod verify;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

pub use output::is_broken_pipe;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Holds what an app sends against what its privacy policy declares.
#[derive(Debug, Parser)]
#[command(name = "wirewitness", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 nothing at or above the gate; 1 findings at or above it; \
    2 the command or an input cannot be used; 3 audited, but less was seen than required.\n\n\
    Options of audit, inspect, messages and diff can also stand in the environment (WIREWITNESS_FAIL_ON) \
    and in wirewitness.toml; `wirewitness config show` says which are in effect.")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Audit(audit::Args),
    Inspect(inspect::Args),
    Messages(messages::Args),
    Slice(slice::Args),
    Bundle(bundle::Args),
    Verify(verify::Args),
    Policy(policy::Args),
    Report(report::Args),
    Record(record::Args),
    Proxy(proxy::Args),
    Mark(mark::Args),
    Session(session::Args),
    Doctor(doctor::Args),
    Device(device::Args),
    Diff(diff::Args),
    Ignore(ignore::Args),
    Config(config::Args),
    Explain(explain::Args),
    Discover(discover::Args),
    Signatures(signatures::Args),
    Completions(completions::Args),
    Man(man::Args),
    /// Reads a PDF from standard input within limits; the program runs itself with it (`policy::confined`)
    #[cfg(feature = "pdf")]
    #[command(name = crate::policy::READ_PDF, hide = true)]
    ReadPdf,
}

/// How a command ended, where it could be carried out at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Exit code 0.
    Clear,
    /// Exit code 1.
    Findings,
    /// Exit code 2: a check found that its subject cannot be used, and has said so.
    Unusable,
    /// Exit code 3.
    TooLittleSeen,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Clear => 0,
            Outcome::Findings => 1,
            Outcome::Unusable => 2,
            Outcome::TooLittleSeen => 3,
        })
    }
}

/// The command line with the options that every command has.
fn command() -> clap::Command {
    Cli::command().args(config::arguments())
}

/// Parses the arguments and runs the command.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<Outcome> {
    let command = command();
    let arguments = config::complete(&command, arguments.into_iter().collect())?;
    let parsed = command
        .try_get_matches_from(arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches).map(|cli| (cli, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => error.exit(),
    };
    #[cfg(feature = "pdf")]
    if let Ok(program) = std::env::current_exe() {
        crate::policy::confine(program);
    }
    match cli.command {
        Command::Demo(args) => demo::run(args),
        Command::Audit(args) => audit::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Messages(args) => messages::run(args),
        Command::Slice(args) => slice::run(args),
        Command::Bundle(args) => bundle::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Policy(args) => policy::run(args),
        Command::Report(args) => report::run(args),
        Command::Record(args) => record::run(args),
        Command::Proxy(args) => proxy::run(args),
        Command::Mark(args) => mark::run(args),
        Command::Session(args) => session::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Device(args) => device::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Config(args) => config::run(args, &self::command(), &matches),
        Command::Ignore(args) => ignore::run(args),
        Command::Discover(args) => discover::run(args),
        Command::Signatures(args) => signatures::run(args),
        Command::Completions(args) => completions::run(args, self::command()),
        Command::Man(args) => man::run(args, self::command()),
        #[cfg(feature = "pdf")]
        Command::ReadPdf => {
            crate::policy::serve_pdf()?;
            Ok(Outcome::Clear)
        }
    }
}
