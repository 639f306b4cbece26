//! What is ignored and what was known before.

use super::word;
use crate::audit::{self, BaselineState, Report};
use crate::report::language::{Language, fill};
use crate::report::policy;

/// The lines of `ignore.toml`.
pub struct Ignored {
    /// The day by which expiry was judged.
    pub today: String,
    /// In the order of the files.
    pub lines: Vec<IgnoreLine>,
}

/// One line.
pub struct IgnoreLine {
    /// File and line.
    pub place: String,
    /// State as JSON writes it.
    pub state: String,
    /// In words, with the last day.
    pub state_words: String,
    /// Its keys.
    pub matcher: String,
    /// Reason and owner.
    pub reason: String,
    /// How many findings it reaches.
    pub reaches: String,
}

/// The baseline.
pub struct Baseline {
    /// File, app version, digest.
    pub of: String,
    /// Counts by state.
    pub counts: String,
    /// Both coverages, where findings are gone.
    pub covered: Option<String>,
    /// Findings that are no longer there.
    pub absent: Vec<String>,
}

/// Arranges the lines.
pub fn ignored(report: &Report, language: Language) -> Option<Ignored> {
    let words = language.words();
    let ignored = report.ignore.as_ref()?;
    let line = |line: &audit::IgnoreLine| {
        let state = word(&line.state);
        IgnoreLine {
            place: format!("{} {}", line.file, policy::place(None, line.line, language)),
            state_words: format!("{} ({})", words.term(&state), line.expires),
            state,
            matcher: line.matcher.clone(),
            reason: format!("{} — {}", line.reason, line.owner),
            reaches: match line.worst {
                Some(worst) => fill(words.ignore_reaches, &[&line.findings, &words.term(worst.as_str())]),
                None => words.ignore_unused.to_owned(),
            },
        }
    };
    Some(Ignored {
        today: fill(words.ignore_today, &[&ignored.today]),
        lines: ignored.lines.iter().map(line).collect(),
    })
}

/// Arranges the baseline.
pub fn baseline(report: &Report, language: Language) -> Option<Baseline> {
    let words = language.words();
    let baseline = report.baseline.as_ref()?;
    let count = |state| report.findings.iter().filter(|finding| finding.baseline == Some(state)).count();
    let app = [baseline.app.as_deref(), baseline.version.as_deref()];
    let app = app.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let app = if app.is_empty() { words.app_unknown.to_owned() } else { app };
    let percent = |covered: Option<u64>| covered.unwrap_or_default();
    Some(Baseline {
        of: fill(words.baseline_of, &[&baseline.name, &app, &baseline.sha256]),
        counts: fill(
            words.baseline_counts,
            &[
                &count(BaselineState::New),
                &count(BaselineState::Worse),
                &count(BaselineState::Unchanged),
                &baseline.absent.len(),
            ],
        ),
        covered: (!baseline.absent.is_empty())
            .then(|| fill(words.baseline_covered, &[&percent(baseline.covered), &percent(report.coverage.percent())])),
        absent: baseline
            .absent
            .iter()
            .map(|gone| {
                let severity = words.term(gone.severity.as_str());
                format!("{severity} {} {}: {}", gone.code, gone.fingerprint, language.of(&gone.message))
            })
            .collect(),
    })
}
