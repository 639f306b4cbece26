//! `messages`: every message, one JSON object a line.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use super::options::Traffic;
use super::watch::Watch;
use super::{Outcome, output};
use crate::examine;
use crate::message::line::Line;
use crate::report;

/// Print every message of the traffic as a line of JSON, as it was sent
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Session folder, or captures (pcap, pcapng, HAR, sessions of proxies; gzip or zstd); - is standard input
    #[arg(required = true, value_name = "SESSION|CAPTURE")]
    inputs: Vec<PathBuf>,

    /// Add each body, all content codings undone (body, or body_base64 where it is no text)
    #[arg(long)]
    bodies: bool,

    /// Add the decoded leaves of each sent message and the steps to them
    #[arg(long)]
    layers: bool,

    #[command(flatten)]
    traffic: Traffic,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    output::say(args.traffic.quiet, "messages are raw: they may hold personal information");
    let signatures = args.traffic.signatures()?;
    let session = args.traffic.session(&args.inputs, &signatures)?;
    let decoder = args.layers.then(|| crate::payload::Decoder::new(&signatures));
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (mut n, mut failed) = (0, None);
    let mut remarks = |remark: String| output::say(args.traffic.quiet, &remark);
    // On a terminal the messages themselves show how far it is.
    let quiet = args.traffic.quiet || std::io::stdout().is_terminal();
    let watch = Watch::begin(quiet, &session.progress, report::Language::default());
    let gaps = examine::messages(&session, &signatures, &mut remarks, &mut |inputs, message| {
        n += 1;
        let mut line = Line::new(n, &message, inputs, args.bodies).into_json();
        if let Some(decoder) = &decoder {
            line.insert("layers".to_owned(), layers(decoder, &message));
        }
        let written =
            serde_json::to_writer(&mut out, &line).map_err(std::io::Error::from).and_then(|()| out.write_all(b"\n"));
        failed = written.err();
        failed.is_none()
    })?;
    drop(watch);
    if let Some(error) = failed {
        return Err(error.into());
    }
    out.flush()?;
    for gap in gaps {
        let times = if gap.count > 1 { format!(" ({} times)", gap.count) } else { String::new() };
        output::say(
            args.traffic.quiet,
            &format!("not seen: {} at {}: {}{times}", gap.reason.as_str(), gap.at, gap.detail),
        );
    }
    Ok(Outcome::Clear)
}

/// The leaves of a message: name, text or base64, and how each was reached.
fn layers(decoder: &crate::payload::Decoder, message: &crate::message::Message) -> serde_json::Value {
    let decoded = decoder.leaves(message, None);
    decoded
        .leaves
        .iter()
        .map(|leaf| {
            let step = |(name, argument): (&str, Option<&str>)| match argument {
                Some(argument) => format!("{name} {argument}"),
                None => name.to_owned(),
            };
            let steps: Vec<String> = leaf.way().into_iter().map(step).collect();
            let (field, text) = match std::str::from_utf8(&leaf.bytes) {
                Ok(text) => ("text", text.to_owned()),
                Err(_) => ("base64", data_encoding::BASE64.encode(&leaf.bytes)),
            };
            serde_json::json!({ "key": leaf.key, "steps": steps, field: text })
        })
        .collect()
}
