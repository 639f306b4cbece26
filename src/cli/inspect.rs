//! `inspect`: what is in the traffic, without a policy.

use std::path::PathBuf;

use anyhow::Context;
use clap::ValueEnum;

use super::options::{Look, Traffic};
use super::watch::Watch;
use super::{Outcome, output};
use crate::examine::{self, Settings};
use crate::report;

/// Show what is in the traffic: recipients, identifiers, gaps; no policy needed
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Session folder, or captures (pcap, pcapng, HAR, sessions of proxies; gzip or zstd); - is standard input
    #[arg(required = true, value_name = "CAPTURE")]
    inputs: Vec<PathBuf>,

    /// Format
    #[arg(long, value_enum, value_name = "NAME", default_value_t = Format::Text)]
    format: Format,

    /// What the sections of a text or a page are
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Sort::Recipient)]
    sort: Sort,

    /// Show values as they are instead of masked
    #[arg(long)]
    show_values: bool,

    #[command(flatten)]
    traffic: Traffic,

    #[command(flatten)]
    look: Look,
}

/// A format of the observations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For the terminal
    Text,
    /// The observations as JSON
    Json,
    /// One self-contained page
    Html,
}

/// What the sections are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// Recipients, each with what it got
    Recipient,
    /// Data types, each with who got it
    Type,
}

impl From<Sort> for report::inspect::Sort {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Recipient => Self::Recipient,
            Sort::Type => Self::Type,
        }
    }
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let signatures = args.traffic.signatures()?;
    let session = args.traffic.session(&args.inputs, &signatures)?;
    if args.show_values {
        output::say(false, "values are shown as they are: this output is not for sharing");
    }
    let settings = Settings { threads: args.traffic.threads(), show_values: args.show_values };
    let mut remarks = |remark: String| output::say(args.traffic.quiet, &remark);
    let watch = Watch::begin(args.traffic.quiet, &session.progress, args.look.language.into());
    let observations = examine::examine(&session, &signatures, settings, &mut remarks)?;
    drop(watch);
    let (language, sort) = (args.look.language.into(), args.sort.into());
    match args.format {
        Format::Json => output::stdout_with(|out| Ok(report::json::write(&observations, out)?))?,
        Format::Text => {
            let color = args.look.color.on_stdout();
            let text = report::inspect::text::render(&observations, &signatures, language, color, sort);
            output::stdout(text.as_bytes())?;
        }
        Format::Html => {
            let page = report::inspect::html::render(&observations, &signatures, language, sort);
            output::stdout(page.context("the page cannot be rendered")?.as_bytes())?;
        }
    }
    let seen = observations.coverage.total_messages == 0 || observations.coverage.opened_messages > 0;
    Ok(if seen { Outcome::Clear } else { Outcome::TooLittleSeen })
}
