//! JSON Lines: one finding a line, the object of `findings` in `report.json`.

use crate::audit::Report;

/// The lines; none where there is no finding.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = String::new();
    for finding in &report.findings {
        text.push_str(&serde_json::to_string(finding)?);
        text.push('\n');
    }
    Ok(text)
}
