//! Whether a build fails: the exit code of `audit`.

use super::codes;
use super::{BaselineState, Finding, Report, Severity};
use crate::evidence::Certainty;
use crate::observations::{PHASE_GROUPS, Phase};

/// One word of `--fail-on`: `medium`, `cleartext`, `cleartext@before-consent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailOn {
    /// Which findings.
    pub what: What,
    /// Only where they were seen in this phase group.
    pub phase: Option<&'static str>,
}

/// Which findings fail a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Findings of this severity or worse.
    Severity(Severity),
    /// Findings of this code, whatever their severity.
    Code(&'static str),
}

/// The default of `--fail-on`.
pub const DEFAULT: FailOn = FailOn { what: What::Severity(Severity::Medium), phase: None };

/// The default of `--require-coverage`, in percent.
pub const DEFAULT_COVERAGE: u64 = 50;

impl std::str::FromStr for FailOn {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let (what, phase) = match word.split_once('@') {
            Some((what, phase)) => (what, Some(phase)),
            None => (word, None),
        };
        let phase = match phase {
            None => None,
            Some(asked) => {
                let known = PHASE_GROUPS.into_iter().find(|known| *known == asked);
                let unknown = || format!("{asked:?} is no phase; the phases are {}", PHASE_GROUPS.join(", "));
                Some(known.ok_or_else(unknown)?)
            }
        };
        if let Some(severity) = Severity::parse(what) {
            return Ok(Self { what: What::Severity(severity), phase });
        }
        match codes::get(what) {
            Some(code) => Ok(Self { what: What::Code(code.id), phase }),
            None => {
                let severities = Severity::ALL.map(Severity::as_str).join(", ");
                let codes: Vec<&str> = codes::CODES.iter().map(|c| c.id).collect();
                Err(format!("{what:?} is neither a severity ({severities}) nor a finding code ({})", codes.join(", ")))
            }
        }
    }
}

impl FailOn {
    /// Whether it selects a finding of this code and severity that was seen in these phase groups.
    pub fn means<P: AsRef<str>>(&self, code: &str, severity: Severity, phases: &[P]) -> bool {
        let what = match self.what {
            What::Severity(least) => severity >= least,
            What::Code(asked) => code == asked,
        };
        what && self.phase.is_none_or(|asked| phases.iter().any(|phase| phase.as_ref() == asked))
    }
}

impl std::fmt::Display for FailOn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.what {
            What::Severity(severity) => severity.as_str(),
            What::Code(code) => code,
        })?;
        self.phase.map_or(Ok(()), |phase| write!(f, "@{phase}"))
    }
}

impl std::fmt::Display for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<String> = self.fail_on.iter().map(ToString::to_string).collect();
        f.write_str(&words.join(", "))
    }
}

/// What a report is held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Any of these fails.
    pub fail_on: Vec<FailOn>,
    /// Percent of the sent bytes that must have been read.
    pub require_coverage: u64,
}

impl Default for Gate {
    fn default() -> Self {
        Self { fail_on: vec![DEFAULT], require_coverage: DEFAULT_COVERAGE }
    }
}

impl Gate {
    /// Whether this finding fails the build. One that is only `possible`, that is ignored, or that
    /// stands in the baseline and weighs no more than there, never does.
    pub fn fails(&self, finding: &Finding, report: &Report) -> bool {
        let phases = phases(finding, report);
        self.weighs(finding) && self.fail_on.iter().any(|gate| gate.means(&finding.code, finding.severity, &phases))
    }

    /// The same for the part of a finding that lies in one phase group; `--fail-on` words for other
    /// phases do not count.
    pub fn fails_in(&self, finding: &Finding, report: &Report, phase: &str) -> bool {
        self.weighs(finding)
            && phases(finding, report).contains(&phase)
            && self.fail_on.iter().any(|gate| gate.means(&finding.code, finding.severity, &[phase]))
    }

    fn weighs(&self, finding: &Finding) -> bool {
        finding.certainty > Certainty::Possible
            && finding.suppressed.is_none()
            && finding.baseline != Some(BaselineState::Unchanged)
    }

    /// Whether enough was read for "no finding" to mean something.
    pub fn saw_enough(&self, report: &Report) -> bool {
        report.coverage.opened_messages > 0
            && report.coverage.percent().is_some_and(|percent| percent >= self.require_coverage)
    }

    /// Judges a report. Findings go before coverage: what was seen fails the build however much was not.
    pub fn outcome(&self, report: &Report) -> Outcome {
        if report.findings.iter().any(|finding| self.fails(finding, report)) {
            return Outcome::Failed;
        }
        if self.saw_enough(report) { Outcome::Passed } else { Outcome::TooLittleSeen }
    }
}

/// The phase groups in which a finding was seen, in their order. A disclosure finding has
/// one line for all phases, so its sightings tell.
pub fn phases(finding: &Finding, report: &Report) -> Vec<&'static str> {
    phases_by(finding, report.sightings.iter().map(|sighting| (&sighting.id, &sighting.phase)))
}

/// The same, by ids and phases of all sightings.
pub(super) fn phases_by<'s>(
    finding: &Finding,
    sightings: impl Iterator<Item = (&'s String, &'s Phase)>,
) -> Vec<&'static str> {
    let own = sightings.filter(|(id, _)| finding.sightings.contains(id));
    let seen: Vec<&str> = own.map(|(_, phase)| phase.group()).collect();
    PHASE_GROUPS.into_iter().filter(|phase| *phase == finding.phase || seen.contains(phase)).collect()
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

/// Judges a report (see [`Gate::outcome`]).
pub fn outcome(report: &Report, fail_on: &[FailOn], require_coverage: u64) -> Outcome {
    Gate { fail_on: fail_on.to_vec(), require_coverage }.outcome(report)
}
