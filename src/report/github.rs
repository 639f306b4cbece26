//! GitHub's workflow commands: a line on standard output becomes an annotation.
//!
//! What fails the build is an error, what counts and does not is a warning, the rest a
//! notice; what is ignored is no annotation. Every line is a command of ours: foreign
//! text can neither end one nor begin another.

use super::Service;
use super::language::fill;
use super::places::spot;
use crate::audit::gate::Outcome;
use crate::audit::{BaselineState, Finding, Report, Severity};

/// Annotations of each kind that GitHub takes from one step ("Limitations on
/// annotations": 10 warnings, 10 errors, 10 notices).
const OF_A_KIND: usize = 10;

/// Of those, kept for the two lines that sum up.
const SUMMING_UP: usize = 2;

/// The lines.
pub fn render(report: &Report, service: &Service<'_>) -> Result<String, serde_json::Error> {
    let report = &super::escape::shown(report)?;
    let words = service.language.words();
    let mut text = String::new();
    let mut left = 0;
    let counts = |finding: &&Finding| finding.suppressed.is_none();
    let mut told = [0usize; 3];
    for finding in report.findings.iter().filter(counts) {
        let kind = kind(finding, report, service);
        let number = match kind {
            "error" => &mut told[0],
            "warning" => &mut told[1],
            _ => &mut told[2],
        };
        *number += 1;
        if *number > OF_A_KIND - SUMMING_UP {
            left += 1;
            continue;
        }
        let at = spot(finding, report, service.places);
        let title = format!("{} {}", finding.code, finding.fingerprint);
        text.push_str(&format!(
            "::{kind} file={},line={},endLine={},title={}::{}\n",
            property(&at.path),
            at.line,
            at.end_line,
            property(&title),
            data(service.language.of(&finding.message)),
        ));
    }
    if left > 0 {
        text.push_str(&format!("::notice title=wirewitness::{}\n", data(&fill(words.left_out, &[&left]))));
    }
    let (kind, said) = match service.gate.outcome(report) {
        Outcome::TooLittleSeen => ("error", service.verdict(report)),
        _ if !service.gate.saw_enough(report) => ("warning", service.too_little(report)),
        _ => ("notice", super::view::headline(report, service.language)),
    };
    text.push_str(&format!("::{kind} title=wirewitness::{}\n", data(&said)));
    Ok(text)
}

fn kind(finding: &Finding, report: &Report, service: &Service<'_>) -> &'static str {
    if service.gate.fails(finding, report) {
        "error"
    } else if finding.severity >= Severity::Medium && finding.baseline != Some(BaselineState::Unchanged) {
        "warning"
    } else {
        "notice"
    }
}

/// The text of a command (`escapeData` of the actions toolkit).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of one of its properties (`escapeProperty`).
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn nothing_ends_a_command_or_begins_one() {
        assert_eq!(data("50 %\r\n::error::x"), "50 %25%0D%0A::error::x");
        assert_eq!(property("a,b:c%3A"), "a%2Cb%3Ac%253A");
    }
}
