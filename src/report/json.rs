//! `report.json`: the report as it is, described by `schemas/report.schema.json`.
//!
//! Fields stand in the order of the model and maps in the order of their keys, so
//! that the same report is the same bytes.

use std::io::Write;

use serde::Serialize;

use crate::audit::Report;

/// The JSON text, indented, with a last line feed.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(text)
}

/// Writes anything as such text, as it is made: of a large report, the text would take as much
/// memory as the report.
///
/// # Errors
/// Those of `out`.
pub fn write(value: &impl Serialize, mut out: impl Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}
