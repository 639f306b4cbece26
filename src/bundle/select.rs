//! What a slice is cut for: a finding, a flow, or a recipient.

use std::collections::BTreeSet;

use crate::audit::{Finding, Report};
use crate::evidence::Place;

/// What is to be cut out of the recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Stem of the file's name: a fingerprint without its colon, a recipient.
    pub name: String,
    /// What it is, for who opens the file.
    pub title: String,
    /// Where it lies.
    pub places: Vec<Place>,
    /// How much of the streams that these lie in.
    pub extent: Extent,
}

/// How much of a stream is cut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// From its start to the message: what is needed to open and to parse it.
    Message,
    /// The same, and how the handshake went on: the message is one that could not be opened.
    Handshake,
    /// All of it.
    Whole,
}

impl Selection {
    /// The finding with this fingerprint, the only one whose fingerprint begins so (with or without
    /// `v1:`), or the one with this number in the report, from 1.
    ///
    /// # Errors
    /// Where it is none, or several.
    pub fn finding(report: &Report, wanted: &str) -> Result<Self, String> {
        if let Ok(number) = wanted.parse::<usize>()
            && number < 1000
        {
            let finding = number.checked_sub(1).and_then(|index| report.findings.get(index));
            let all = report.findings.len();
            return finding.map(|f| Self::of_finding(report, f)).ok_or(format!("there are findings 1 to {all}"));
        }
        let starts = |finding: &&Finding| {
            let (_, hash) = finding.fingerprint.split_once(':').unwrap_or_default();
            finding.fingerprint.starts_with(wanted) || hash.starts_with(wanted)
        };
        let found: Vec<(&Finding, usize)> =
            report.findings.iter().zip(1..).filter(|(finding, _)| starts(finding)).collect();
        match found.as_slice() {
            [(finding, _)] => Ok(Self::of_finding(report, finding)),
            [] => Err(format!("no finding has the fingerprint {wanted}; the report lists them")),
            [(first, _), rest @ ..] if rest.iter().all(|(other, _)| other.fingerprint == first.fingerprint) => {
                let numbers: Vec<String> = found.iter().map(|(_, number)| number.to_string()).collect();
                let numbers = numbers.join(", ");
                Err(format!("several findings have the fingerprint {wanted}; give one by its number: {numbers}"))
            }
            _ => Err(format!("several findings begin with {wanted}; give more of the fingerprint")),
        }
    }

    /// A finding.
    pub fn of_finding(report: &Report, finding: &Finding) -> Self {
        let closed = finding.locators.iter().all(|locator| locator.steps.is_empty());
        let data_type = finding.data_type.as_ref().map(|t| format!(" {t}")).unwrap_or_default();
        let title = format!("finding {}: {}{data_type} to {}", finding.fingerprint, finding.code, finding.recipient);
        // A retention of the report's own order: locators stand as the sightings do.
        let mut places: Vec<Place> = finding.locators.iter().map(|locator| locator.place.clone()).collect();
        // A finding cites the first evidence of each of its sightings, whether or not it lists it.
        let cited = report.sightings.iter().filter(|sighting| finding.sightings.contains(&sighting.id));
        places.extend(cited.map(|sighting| sighting.locator.place.clone()));
        let extent = if closed { Extent::Handshake } else { Extent::Message };
        Self::new(&finding.fingerprint, title, places, extent)
    }

    /// `RECIPIENT/TYPE`: all sightings of a type that went to a recipient.
    ///
    /// # Errors
    /// Where there is no such flow.
    pub fn flow(report: &Report, wanted: &str) -> Result<Self, String> {
        let flows = || report.flows.iter().map(|judged| &judged.flow);
        let name = |flow: &crate::observations::Flow| format!("{}/{}", flow.recipient, flow.data_type);
        let ids: Vec<&String> = flows().filter(|flow| name(flow) == wanted).flat_map(|flow| &flow.sightings).collect();
        let sightings = report.sightings.iter().filter(|sighting| ids.contains(&&sighting.id));
        let places: Vec<Place> = sightings.map(|sighting| sighting.locator.place.clone()).collect();
        if places.is_empty() {
            let all: Vec<String> = flows().map(name).collect();
            return Err(format!("there is no flow {wanted}; the flows are: {}", all.join(", ")));
        }
        Ok(Self::new(wanted, format!("flow {wanted}"), places, Extent::Message))
    }

    /// A recipient, by its id, with what was sent to it.
    ///
    /// # Errors
    /// Where nothing went to it.
    pub fn recipient(report: &Report, wanted: &str, places: Vec<Place>) -> Result<Self, String> {
        if places.is_empty() {
            let all: Vec<&str> = report.recipients.keys().map(String::as_str).collect();
            return Err(format!("nothing was sent to {wanted}; the recipients are: {}", all.join(", ")));
        }
        Ok(Self::new(wanted, format!("recipient {wanted}"), places, Extent::Whole))
    }

    fn new(name: &str, title: String, mut places: Vec<Place>, extent: Extent) -> Self {
        places.sort();
        places.dedup();
        Self { name: file_stem(name), title, places, extent }
    }
}

/// Names for the files of `selections`, each once: findings of several hosts of one domain can share a
/// fingerprint, and what is no letter of a file name is written alike. Case does not tell two apart.
pub(super) fn names(selections: &[Selection]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let free = |selection: &Selection| {
        let numbered = (2_u64..).map(|number| format!("{}-{number}", selection.name));
        let mut names = std::iter::once(selection.name.clone()).chain(numbered);
        names.find(|name| taken.insert(name.to_ascii_lowercase())).unwrap_or_default()
    };
    selections.iter().map(free).collect()
}

/// A name that is one on every file system: letters, digits, `-`, `_`, `.`.
fn file_stem(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let stem: String = name.chars().map(safe).take(100).collect();
    stem.trim_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_files_have_one_name() {
        let named = |name: &str| Selection::new(name, String::new(), Vec::new(), Extent::Message);
        let all = ["v1:00", "v1:00", "host:a.b/imei", "host:A.b/imei", "v1:00"].map(named);
        assert_eq!(names(&all), ["v1-00", "v1-00-2", "host-a.b-imei", "host-A.b-imei-2", "v1-00-3"]);
    }
}
