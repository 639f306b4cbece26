//! `phases.jsonl`: what happened on the device, and when; and the phase of a moment.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{SessionError, read_text};
use crate::evidence::Time;
use crate::observations::{Consent, Phase};

/// A session has some dozens of marks.
const LIMIT: u64 = 16 << 20;

/// The marks there are; `scenario:` takes a text.
pub const MARKS: &[&str] = &[
    "launched",
    "dialog-shown",
    "consent-given",
    "consent-refused",
    "logged-in",
    "backgrounded",
    "foregrounded",
    "screen-off",
    "stopped",
    "scenario:TEXT",
];

/// One line of `phases.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// When, on the recorder's clock.
    pub time: Time,
    /// One of [`MARKS`].
    pub mark: String,
    /// Free words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// When, on the device's clock, where it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_time: Option<Time>,
}

/// `mark`, if it is one of [`MARKS`]; else what it could be.
pub fn parse_mark(mark: &str) -> Result<&str, String> {
    let scenario = mark.strip_prefix("scenario:").is_some_and(|text| !text.trim().is_empty());
    if scenario || MARKS.contains(&mark) {
        Ok(mark)
    } else {
        Err(format!("unknown mark {mark:?}; the marks are {}", MARKS.join(", ")))
    }
}

/// Adds `mark` to the marks of the session in `folder`. One write of one line: two terminals
/// may mark at the same time.
///
/// # Errors
/// Where the file cannot be written.
pub fn append_mark(folder: &Path, mark: &Mark) -> Result<(), SessionError> {
    let path = folder.join("phases.jsonl");
    let failed = |what: String| SessionError { path: path.display().to_string(), what };
    let mut line = serde_json::to_string(mark).map_err(|error| failed(error.to_string()))?;
    line.push('\n');
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, line.as_bytes()))
        .map_err(|error| failed(format!("cannot be written: {error}")))?;
    super::to_owner(&path);
    Ok(())
}

/// Reads `phases.jsonl`, sorted by time.
pub fn read_marks(path: &Path) -> Result<Vec<Mark>, SessionError> {
    let text = read_text(path, LIMIT)?;
    let mut marks = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at_line = |what: String| SessionError { path: format!("{}:{}", path.display(), number + 1), what };
        let mark: Mark = serde_json::from_str(line).map_err(|error| at_line(error.to_string()))?;
        parse_mark(&mark.mark).map_err(at_line)?;
        marks.push(mark);
    }
    marks.sort_by_key(|mark| mark.time);
    Ok(marks)
}

/// The marks as a time line that knows the phase of every moment.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    marks: Vec<Mark>,
    skew: i64,
    judged: bool,
}

impl Timeline {
    /// `first` is the time of the first record of all inputs, `skew_ms` how far a
    /// mark and a packet may be apart and still be taken for simultaneous.
    ///
    /// Consent is judged only where the app was launched under the eyes of the
    /// recorder, and the user's answer (given or refused) is marked.
    pub fn new(marks: &[Mark], first: Option<Time>, skew_ms: u64) -> Self {
        let launched = marks.iter().find(|m| m.mark == "launched").map(|m| m.time);
        let answered = marks.iter().any(|m| m.mark == "consent-given" || m.mark == "consent-refused");
        let judged = answered && launched.zip(first).is_some_and(|(launched, first)| launched >= first);
        let skew = i64::try_from(skew_ms.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        Self { marks: marks.to_vec(), skew, judged }
    }

    /// Consent can be judged at all.
    pub fn consent_judged(&self) -> bool {
        self.judged
    }

    /// From when on a mark counts. A launch is noted after the app's first packets as
    /// often as before them: what lies within the skew before it is the app's, near the mark.
    fn effective(&self, mark: &Mark) -> Time {
        if mark.mark == "launched" { Time(mark.time.0.saturating_sub(self.skew)) } else { mark.time }
    }

    /// The phase of a moment.
    pub fn phase(&self, time: Time) -> Phase {
        let mut phase = Phase::unmarked();
        let mut launched = false;
        for mark in self.marks.iter().filter(|mark| self.effective(mark) <= time) {
            match mark.mark.as_str() {
                "launched" => {
                    phase.background = false;
                    if !launched && phase.consent == Consent::Unmarked {
                        phase.consent = Consent::Before;
                    }
                    launched = true;
                }
                "consent-given" => phase.consent = Consent::After,
                "consent-refused" => phase.consent = Consent::Refused,
                "logged-in" => phase.logged_in = true,
                "backgrounded" | "screen-off" => phase.background = true,
                "foregrounded" => phase.background = false,
                "stopped" => {}
                other => phase.scenario = other.strip_prefix("scenario:").map(|text| text.trim().to_owned()),
            }
        }
        // What follows a refusal is judged by that mark alone.
        if !self.judged && phase.consent != Consent::Refused {
            phase.consent = Consent::Unmarked;
        }
        phase.near_mark = self.marks.iter().any(|mark| {
            let decides = match mark.mark.as_str() {
                "launched" | "consent-given" => self.judged,
                "consent-refused" => true,
                "backgrounded" | "screen-off" | "foregrounded" => true,
                _ => false,
            };
            decides && time.since(mark.time).saturating_abs() <= self.skew
        });
        phase
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(second: i64, mark: &str) -> Mark {
        Mark { time: at(second), mark: mark.to_owned(), note: String::new(), device_time: None }
    }

    fn at(second: i64) -> Time {
        Time(second * 1_000_000_000)
    }

    #[test]
    fn consent_follows_the_marks() {
        let marks =
            [mark(10, "launched"), mark(20, "consent-refused"), mark(30, "consent-given"), mark(40, "screen-off")];
        let line = Timeline::new(&marks, Some(at(5)), 500);
        assert!(line.consent_judged());
        let consents: Vec<_> = [7, 15, 25, 35, 45].iter().map(|s| line.phase(at(*s)).consent).collect();
        assert_eq!(
            consents,
            [Consent::Unmarked, Consent::Before, Consent::Refused, Consent::After, Consent::After],
            "before the launch nobody knows whose consent it was"
        );
        assert!(line.phase(at(45)).background && !line.phase(at(35)).background);
    }

    #[test]
    fn a_capture_that_starts_behind_the_launch_is_not_judged() {
        let marks = [mark(10, "launched"), mark(30, "consent-given")];
        let line = Timeline::new(&marks, Some(at(11)), 500);
        assert!(!line.consent_judged());
        assert_eq!(line.phase(at(15)).consent, Consent::Unmarked);
        assert!(!Timeline::new(&marks[..1], Some(at(5)), 500).consent_judged(), "no answer, no judgement");
    }

    #[test]
    fn a_refusal_needs_no_launch_and_a_launch_reaches_back_by_the_skew() {
        let line = Timeline::new(&[mark(20, "consent-refused")], Some(at(5)), 500);
        assert!(!line.consent_judged());
        assert_eq!(line.phase(at(15)).consent, Consent::Unmarked);
        assert_eq!(line.phase(at(25)).consent, Consent::Refused);
        let line = Timeline::new(&[mark(10, "launched"), mark(30, "consent-given")], Some(at(5)), 500);
        let early = line.phase(Time(9_600_000_000));
        assert!(early.consent == Consent::Before && early.near_mark);
        assert_eq!(line.phase(at(9)).consent, Consent::Unmarked);
    }

    #[test]
    fn moments_within_the_skew_of_a_deciding_mark_are_near_it() {
        let marks = [mark(10, "launched"), mark(30, "consent-given"), mark(40, "dialog-shown")];
        let line = Timeline::new(&marks, Some(at(5)), 500);
        assert!(line.phase(Time(29_600_000_000)).near_mark && line.phase(Time(30_400_000_000)).near_mark);
        assert!(!line.phase(at(29)).near_mark && !line.phase(at(40)).near_mark);
    }

    #[test]
    fn an_unknown_mark_is_told_what_there_is() {
        assert!(parse_mark("consent").unwrap_err().contains("consent-given"));
        assert!(parse_mark("scenario:pay").is_ok() && parse_mark("scenario:").is_err());
    }
}
