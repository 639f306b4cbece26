//! Whether a build fails: the exit code of `audit`.

use super::codes;
use super::{Report, Severity};
use crate::evidence::Certainty;

/// One word of `--fail-on`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// Findings of this severity or worse.
    Severity(Severity),
    /// Findings of this code, whatever their severity.
    Code(&'static str),
}

/// The default of `--fail-on`.
pub const DEFAULT: FailOn = FailOn::Severity(Severity::Medium);

/// The default of `--require-coverage`, in percent.
pub const DEFAULT_COVERAGE: u64 = 50;

impl std::str::FromStr for FailOn {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if let Some(severity) = Severity::parse(word) {
            return Ok(Self::Severity(severity));
        }
        match codes::get(word) {
            Some(code) => Ok(Self::Code(code.id)),
            None => {
                let severities = Severity::ALL.map(Severity::as_str).join(", ");
                let codes: Vec<&str> = codes::CODES.iter().map(|c| c.id).collect();
                Err(format!("{word:?} is neither a severity ({severities}) nor a finding code ({})", codes.join(", ")))
            }
        }
    }
}

/// How an audit ended. The exit code 2, a command or input that cannot be used,
/// is decided before there is a report, and goes before both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing at or above the gate, and enough was seen to say so.
    Passed,
    /// Findings at or above the gate.
    Failed,
    /// Audited, but less was seen than required.
    TooLittleSeen,
}

impl Outcome {
    /// 0, 1 or 3.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::TooLittleSeen => 3,
        }
    }
}

/// Judges a report. Findings go before coverage: what was seen is no better for what was not.
///
/// A `possible` finding never fails a build, whatever the gate.
pub fn outcome(report: &Report, fail_on: &[FailOn], require_coverage: u64) -> Outcome {
    let fails = |finding: &super::Finding| {
        finding.certainty > Certainty::Possible
            && fail_on.iter().any(|gate| match gate {
                FailOn::Severity(severity) => finding.severity >= *severity,
                FailOn::Code(code) => finding.code == *code,
            })
    };
    if report.findings.iter().any(fails) {
        return Outcome::Failed;
    }
    let seen = report.coverage.opened_messages > 0
        && report.coverage.percent().is_some_and(|percent| percent >= require_coverage);
    if seen { Outcome::Passed } else { Outcome::TooLittleSeen }
}
