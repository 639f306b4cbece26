//! Where a service that shows files finds those that a finding speaks of.

use crate::audit::{Finding, Report};
use crate::evidence::Place;

/// Paths of the files, as a service knows them: relative to the repository, with `/`.
/// A report itself holds names only, so whoever read the files says where they lie.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// One for each source of the policy.
    pub policy: Vec<String>,
    /// One for each input.
    pub inputs: Vec<String>,
}

impl Places {
    /// The names that the report holds.
    pub fn names(report: &Report) -> Self {
        Self {
            policy: report.declarations.sources.iter().map(|source| source.name.clone()).collect(),
            inputs: report.inputs.iter().map(|input| input.name.clone()).collect(),
        }
    }
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Path.
    pub path: String,
    /// First line, from 1. Captures have no lines: 1.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
    /// The words there; none of a capture.
    pub quote: Option<String>,
}

/// What stands for a file that nobody named.
const NOWHERE: &str = "session";

/// The line of the policy that a finding cites, else the capture in which it was seen.
pub fn spot(finding: &Finding, report: &Report, places: &Places) -> Spot {
    if let Some(span) = finding.policy.iter().find(|span| span.line > 0) {
        let name = report.declarations.sources.get(span.source as usize).map(|source| source.name.as_str());
        let path = places.policy.get(span.source as usize).map(String::as_str).or(name).unwrap_or(NOWHERE);
        return Spot {
            path: path.to_owned(),
            line: span.line,
            end_line: span.end_line.max(span.line),
            quote: Some(span.quote.clone()),
        };
    }
    let input = finding.locators.first().map_or(0, |locator| match &locator.place {
        Place::Frames { input, .. } | Place::Entry { input, .. } => *input,
    });
    Spot { path: input_path(input, report, places), line: 1, end_line: 1, quote: None }
}

/// The path of an input.
pub fn input_path(input: u32, report: &Report, places: &Places) -> String {
    let name = report.inputs.get(input as usize).map(|input| input.name.as_str());
    places.inputs.get(input as usize).map(String::as_str).or(name).unwrap_or(NOWHERE).to_owned()
}
