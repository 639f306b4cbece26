//! `discover`: unknown identifiers, by comparing runs.

use std::path::PathBuf;

use anyhow::Context;
use clap::ValueEnum;

use super::options::{Look, Traffic};
use super::watch::Watch;
use super::{Outcome, output};
use crate::discover::{self, Discoveries, Relation, RunRead};
use crate::report;

/// Find unknown identifiers by comparing runs: stable on one device, another on the next
///
/// Record the same scenario twice on one device (--same A B), once on a second device
/// (--other-device), once after the app was deleted and installed again (--reinstalled) and
/// once after a reset (--reset). What stays the same on one device and differs elsewhere is
/// named, with its place, its recipient, what it survives, and lines that make it known.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Two runs or more on one device, each a session folder or a capture; the app was restarted between them
    #[arg(long, required = true, num_args = 2.., value_name = "RUN")]
    same: Vec<PathBuf>,

    /// Runs of the same app on other devices, best of the same model
    #[arg(long, num_args = 1.., value_name = "RUN")]
    other_device: Vec<PathBuf>,

    /// Runs on the first device after the app was deleted and installed again
    #[arg(long, num_args = 1.., value_name = "RUN")]
    reinstalled: Vec<PathBuf>,

    /// Runs on the first device after its identifiers were reset (advertising id, or factory reset)
    #[arg(long, num_args = 1.., value_name = "RUN")]
    reset: Vec<PathBuf>,

    /// Format
    #[arg(long, value_enum, value_name = "NAME", default_value_t = Format::Text)]
    format: Format,

    /// List the stable values that were set aside as well
    #[arg(long)]
    all: bool,

    /// Show values as they are instead of masked: the lines for device.toml are then complete
    #[arg(long)]
    show_values: bool,

    #[command(flatten)]
    traffic: Traffic,

    #[command(flatten)]
    look: Look,
}

/// A format of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For the terminal
    Text,
    /// As schemas/discover.schema.json says
    Json,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let signatures = args.traffic.signatures()?;
    if args.show_values {
        output::say(false, "values are shown as they are: this output is not for sharing");
    }
    let given = [
        (Relation::Same, &args.same),
        (Relation::OtherDevice, &args.other_device),
        (Relation::Reinstalled, &args.reinstalled),
        (Relation::Reset, &args.reset),
    ];
    let (mut runs, mut gaps) = (Vec::new(), Vec::new());
    for (relation, path) in given.into_iter().flat_map(|(relation, paths)| paths.iter().map(move |p| (relation, p))) {
        // --device is the first device; another one's values stand in its own session.
        let device = args.traffic.device.clone().filter(|_| relation != Relation::OtherDevice);
        let traffic = Traffic { device, ..args.traffic.clone() };
        let session = traffic.session(std::slice::from_ref(path), &signatures)?;
        let mut remarks = |remark: String| output::say(args.traffic.quiet, &remark);
        let watch = Watch::begin(args.traffic.quiet, &session.progress, args.look.language.into());
        let (run, told) = discover::read(&session, &signatures, &mut remarks)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        drop(watch);
        let name = path.file_name().map_or_else(|| "-".to_owned(), |name| name.to_string_lossy().into_owned());
        let read = RunRead { relation, name, inputs: told.inputs, messages: told.messages, closed: told.closed };
        // A gap is named with its run.
        gaps.extend(
            told.gaps.into_iter().map(|gap| crate::evidence::Gap { at: format!("{}: {}", read.name, gap.at), ..gap }),
        );
        runs.push((read, run));
    }
    let found: Discoveries = discover::compare(&runs, &signatures, args.show_values, gaps);
    let text = match args.format {
        Format::Json => serde_json::to_string_pretty(&found).context("cannot be written as JSON")? + "\n",
        Format::Text => {
            let color = args.look.color.on_stdout();
            report::discover::render(&found, &signatures, args.look.language.into(), color, args.all)
        }
    };
    output::stdout(text.as_bytes())?;
    // A run of which nothing was read says nothing about any value.
    let seen = found.runs.iter().all(|run| run.messages > 0);
    Ok(if seen { Outcome::Clear } else { Outcome::TooLittleSeen })
}
