//! `diff`: two reports.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::options::Language;
use super::{Outcome, output};
use crate::audit::difference::{self, Difference};
use crate::audit::gate::FailOn;
use crate::audit::snapshot::{self, Snapshot};
use crate::report::difference::{Form, render};

/// Compare a report with an earlier one: recipients, what they get, verdicts, findings, coverage
///
/// Takes the report.json of two audits, of one version of the app or of two. Exits with 1 where a finding
/// that is new, or worse than it was, meets --fail-on; otherwise with 0.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Earlier report.json, or a folder that holds one
    #[arg(value_name = "OLD")]
    old: PathBuf,

    /// Later report.json, or a folder that holds one
    #[arg(value_name = "NEW")]
    new: PathBuf,

    /// Format
    #[arg(long, value_enum, value_name = "NAME", default_value_t = Format::Text)]
    format: Format,

    /// Exit with 1 on a new or worse finding of this severity or worse, or of this code; either only in a
    /// phase: cleartext@before-consent; `difference` is anything that differs; may be repeated
    #[arg(long, value_name = "SEVERITY|CODE[@PHASE]", value_delimiter = ',', default_values = ["medium"])]
    fail_on: Vec<Fails>,

    /// Language
    #[arg(long, alias = "lang", value_enum, default_value_t, value_name = "LANGUAGE")]
    language: Language,
}

/// A word of `--fail-on`.
#[derive(Clone, Debug)]
enum Fails {
    Finding(FailOn),
    Difference,
}

impl std::str::FromStr for Fails {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if word == "difference" { Ok(Self::Difference) } else { word.parse().map(Self::Finding) }
    }
}

/// A format of the difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For the terminal
    Text,
    /// The difference as data
    Json,
    /// For a summary or a merge request's note
    #[value(alias = "md")]
    Markdown,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let difference = difference::compare(&read(&args.old)?, &read(&args.new)?);
    let language = args.language.into();
    let text = match args.format {
        Format::Text => render(&difference, language, Form::Text),
        Format::Markdown => render(&difference, language, Form::Markdown),
        Format::Json => serde_json::to_string_pretty(&difference)? + "\n",
    };
    output::stdout(text.as_bytes())?;
    Ok(if args.fail_on.iter().any(|word| fails(word, &difference)) { Outcome::Findings } else { Outcome::Clear })
}

fn fails(word: &Fails, difference: &Difference) -> bool {
    match word {
        Fails::Difference => !difference.empty,
        Fails::Finding(gate) => difference.fails(std::slice::from_ref(gate)),
    }
}

fn read(path: &Path) -> anyhow::Result<Snapshot> {
    let path = if path.is_dir() { path.join("report.json") } else { path.to_owned() };
    let bytes = output::read(&path, snapshot::LIMIT)?;
    Snapshot::read(&bytes).map_err(|what| anyhow::anyhow!("{} {what}", path.display()))
}
