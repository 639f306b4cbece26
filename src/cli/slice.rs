//! `slice`: the frames of one statement, as a capture of their own.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::audit::{Terms, report_of};
use super::options::Traffic;
use super::watch::Watch;
use super::{Outcome, output};
use crate::audit::{Report, snapshot};
use crate::bundle::{Part, Selection, Slice, slices};
use crate::examine::{Recording, places_of};
use crate::policy::Policy;
use crate::report;
use crate::session::Session;
use crate::signatures::Signatures;

/// Cut a finding, a flow or a recipient out of the recording
///
/// Writes the frames of the streams that it lies in, up to its message, with the secrets of these connections
/// only: a pcapng that opens decrypted in Wireshark. From a HAR or flow file, it writes the entries. Prints the
/// display filter that shows the message (for entries, their JSON pointers), one line for each file. A slice
/// holds values and secrets as they are: it is not for sharing.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true)))]
pub struct Args {
    /// Session folder, or captures, as for audit
    #[arg(required = true, value_name = "SESSION|CAPTURE")]
    inputs: Vec<PathBuf>,

    /// Finding: its fingerprint, the start of it, or its number in the report; may be repeated
    #[arg(long, value_name = "FINGERPRINT|N", group = "what")]
    finding: Vec<String>,

    /// Flow, such as umeng/imei; may be repeated
    #[arg(long, value_name = "RECIPIENT/TYPE", group = "what")]
    flow: Vec<String>,

    /// Recipient, by its id: all its streams, whole; may be repeated
    #[arg(long, value_name = "ID", group = "what")]
    recipient: Vec<String>,

    /// File to write; a folder where several files come out of it (an existing folder, or a name without extension)
    #[arg(short, long, value_name = "FILE|DIR")]
    output: PathBuf,

    /// Policy, as for audit: findings need one [default: the session's]
    #[arg(short, long, value_name = "FILE")]
    policy: Vec<PathBuf>,

    /// A report.json of these inputs: they are not audited again
    #[arg(long, value_name = "REPORT", conflicts_with = "policy")]
    report: Option<PathBuf>,

    #[command(flatten)]
    traffic: Traffic,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let signatures = args.traffic.signatures()?;
    let session = args.traffic.session(&args.inputs, &signatures)?;
    let watch = Watch::begin(args.traffic.quiet, &session.progress, report::Language::default());
    let report = report_for(&args, &session, &signatures)?;
    drop(watch);
    let mut say = |remark: String| output::say(args.traffic.quiet, &remark);
    let mut selections = Vec::new();
    let cannot = |what: String| anyhow::anyhow!(what);
    for finding in &args.finding {
        selections.push(Selection::finding(&report, finding).map_err(cannot)?);
    }
    for flow in &args.flow {
        selections.push(Selection::flow(&report, flow).map_err(cannot)?);
    }
    for recipient in &args.recipient {
        let (places, left_out) = places_of(&session, &signatures, recipient, &mut |_| ())?;
        if left_out > 0 {
            say(format!("{recipient}: {left_out} further streams are not in the slice"));
        }
        selections.push(Selection::recipient(&report, recipient, places).map_err(cannot)?);
    }
    let recording = Recording::open(&session, &signatures, &mut say)?;
    if let Some(changed) = changed(&recording, &report) {
        anyhow::bail!("{changed}: the report is of other inputs; leave out --report");
    }
    let slices = slices(&recording, &selections)?;
    output::say(args.traffic.quiet, "a slice holds values and secrets as they are: it is not for sharing");
    write(&args, &recording, &slices)
}

/// The report given, or the one that `audit` comes to. A flow needs no policy.
fn report_for(args: &Args, session: &Session, signatures: &Signatures) -> anyhow::Result<Report> {
    if let Some(path) = &args.report {
        let bytes = output::read(path, snapshot::LIMIT)?;
        return serde_json::from_slice(&bytes).with_context(|| format!("{} is no report.json", path.display()));
    }
    if args.finding.is_empty() && args.policy.is_empty() && session.policy().is_none() {
        let settings = crate::examine::Settings { threads: args.traffic.threads(), show_values: false };
        let mut say = |remark: String| output::say(args.traffic.quiet, &remark);
        let observations = crate::examine::examine(session, signatures, settings, &mut say)?;
        return Ok(crate::audit::audit(observations, Policy::default(), super::audit::facts(session), signatures));
    }
    report_of(session, &args.policy, &args.traffic, &Terms::default(), signatures, report::Language::En)
}

/// An input that is not the one that the report is about.
fn changed(recording: &Recording, report: &Report) -> Option<String> {
    if recording.inputs.len() != report.inputs.len() {
        return Some(format!("{} inputs, {} in the report", recording.inputs.len(), report.inputs.len()));
    }
    let mut both = recording.inputs.iter().zip(&report.inputs);
    both.find(|(ours, theirs)| ours.sha256 != theirs.sha256).map(|(ours, _)| ours.name.clone())
}

fn write(args: &Args, recording: &Recording, slices: &[Slice]) -> anyhow::Result<Outcome> {
    let is_folder = args.output.is_dir() || args.output.extension().is_none();
    let count: usize = slices.iter().map(|slice| slice.parts.len()).sum();
    if count > 1 && !is_folder {
        anyhow::bail!("these are {count} files: give a folder as --output");
    }
    for slice in slices {
        for (number, part) in slice.parts.iter().enumerate() {
            let name = part.file_name(&slice.name, number);
            let path = if is_folder { args.output.join(&name) } else { args.output.clone() };
            if is_folder {
                std::fs::create_dir_all(&args.output)
                    .with_context(|| format!("cannot make the folder {}", args.output.display()))?;
            }
            write_one(slice, part, recording, &path).with_context(|| format!("cannot write {}", path.display()))?;
            output::say(args.traffic.quiet, &format!("{}: {}", path.display(), what(part)));
            output::stdout(format!("{}\n", part.filter()).as_bytes())?;
        }
    }
    Ok(Outcome::Clear)
}

fn write_one(slice: &Slice, part: &Part, recording: &Recording, path: &Path) -> anyhow::Result<()> {
    let mut file = BufWriter::new(output::private_file(path)?);
    let written = slice.write(recording, part, &mut file).map_err(anyhow::Error::from);
    let written = written.and_then(|()| Ok(std::io::Write::flush(&mut file)?));
    // Part of a slice would be taken for the whole. A device is left.
    written.inspect_err(|_| drop(path.is_file().then(|| std::fs::remove_file(path))))
}

fn what(part: &Part) -> String {
    match part {
        Part::Packets { frames, streams, secrets, in_tunnel, .. } => {
            let sealed = if *in_tunnel {
                ", in a sealed tunnel whose keys are left out: they open everything in it"
            } else {
                ""
            };
            format!("{} frames of {streams} streams, {} secrets{sealed}", frames.len(), secrets.len())
        }
        Part::Entries { entries, .. } => format!("{} entries", entries.len()),
    }
}
