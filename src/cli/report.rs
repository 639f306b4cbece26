//! `report`: a saved report once more, in another format or language.

use std::path::PathBuf;

use super::options::Look;
use super::paper::{self, Held, Paper};
use super::{Outcome, output};
use crate::audit::{Report, snapshot};
use crate::report::Service;

/// Write a saved report.json in other formats, in another language or by a template; no captures needed
///
/// The output is, byte for byte, what the audit would have written. The formats for services (sarif,
/// gitlab, github, markdown, junit) also say whether the build fails and where the files lie: repeat
/// --fail-on, --policy and --capture as they were for the audit.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// report.json, or a folder that holds one
    #[arg(value_name = "REPORT")]
    report: PathBuf,

    #[command(flatten)]
    paper: Paper,

    #[command(flatten)]
    held: Held,

    /// Path of a policy's file, for formats that point at it; may be repeated
    #[arg(short, long, value_name = "FILE")]
    policy: Vec<PathBuf>,

    /// Path of a capture, likewise; may be repeated
    #[arg(long, value_name = "FILE")]
    capture: Vec<PathBuf>,

    #[command(flatten)]
    look: Look,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    args.paper.check()?;
    let path = if args.report.is_dir() { args.report.join("report.json") } else { args.report.clone() };
    let bytes = output::read(&path, snapshot::LIMIT)?;
    let report = Report::read(&bytes).map_err(|what| anyhow::anyhow!("{} {what}", path.display()))?;
    let gate = args.held.gate();
    let places = paper::places(&report, &args.capture, &args.policy);
    let service = Service { language: args.look.language.into(), gate: &gate, places: &places };
    args.paper.write(&report, &service, &args.look)?;
    Ok(Outcome::Clear)
}
