//! `phases.jsonl`: what happened on the device, and when; and the phase of a moment.

use std::io::{Read, Seek, SeekFrom, Write};
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
    let options = || std::fs::OpenOptions::new().read(true).append(true).create(true).open(&path);
    options()
        .and_then(|mut file| {
            // An editor may have left the last line without its end.
            if !ends_a_line(&mut file)? {
                line.insert(0, '\n');
            }
            file.write_all(line.as_bytes())
        })
        .map_err(|error| failed(format!("cannot be written: {error}")))?;
    super::to_owner(&path);
    Ok(())
}

/// Whether what is added to `file` begins a line.
fn ends_a_line(file: &mut std::fs::File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// What is wrong in a line, without the place, which is said before it: the parser counts
/// each as the first line of a text.
fn within_line(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    said.strip_suffix(&place).map_or(said.clone(), str::to_owned)
}

/// Reads `phases.jsonl`, sorted by time.
pub fn read_marks(path: &Path) -> Result<Vec<Mark>, SessionError> {
    let text = read_text(path, LIMIT)?;
    let mut marks = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at_line = |what: String| SessionError { path: format!("{}:{}", path.display(), number + 1), what };
        let mark: Mark = serde_json::from_str(line).map_err(|error| at_line(within_line(&error)))?;
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
    /// Consent is judged only where the recording began before the app was launched, and the user's
    /// answer (given or refused) is marked.
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

    /// From when on a mark counts. A launch is often marked only after the app's first packets, so
    /// packets within the skew before that mark are counted as after it, near the mark.
    fn effective(&self, mark: &Mark) -> Time {
        if mark.mark == "launched" { Time(mark.time.0.saturating_sub(self.skew)) } else { mark.time }
    }

    /// The phase of a moment.
    pub fn phase(&self, time: Time) -> Phase {
        let mut phase = Phase::unmarked();
        // The same through all marks, those still to come as well: what each of them changes.
        let mut whole = Phase::unmarked();
        for mark in &self.marks {
            let before = (self.told(whole.consent), whole.background);
            pass(mark, &mut whole);
            if time.since(mark.time).saturating_abs() <= self.skew {
                phase.near_mark |= self.told(whole.consent) != before.0;
                phase.near_background |= whole.background != before.1;
            }
            if self.effective(mark) <= time {
                pass(mark, &mut phase);
            }
        }
        phase.consent = self.told(phase.consent);
        phase
    }

    /// What is said of consent: without judgement nothing but a refusal, which is judged by its mark alone.
    fn told(&self, consent: Consent) -> Consent {
        if self.judged || consent == Consent::Refused { consent } else { Consent::Unmarked }
    }
}

/// Goes on past `mark`.
fn pass(mark: &Mark, phase: &mut Phase) {
    match mark.mark.as_str() {
        "launched" => {
            phase.background = false;
            if phase.consent == Consent::Unmarked {
                phase.consent = Consent::Before;
            }
        }
        "consent-given" => phase.consent = Consent::After,
        "consent-refused" => phase.consent = Consent::Refused,
        "logged-in" => phase.logged_in = true,
        "backgrounded" | "screen-off" => phase.background = true,
        "foregrounded" => phase.background = false,
        other => {
            if let Some(text) = other.strip_prefix("scenario:") {
                phase.scenario = Some(text.trim().to_owned());
            }
        }
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

    /// A mark leaves a moment in doubt only as to what it changes.
    #[test]
    fn a_mark_is_near_for_what_it_changes() {
        let marks = [
            mark(10, "launched"),
            mark(20, "consent-refused"),
            mark(30, "backgrounded"),
            mark(32, "screen-off"),
            mark(40, "launched"),
        ];
        let line = Timeline::new(&marks, Some(at(5)), 500);
        let near = |second: i64| {
            let phase = line.phase(Time(second * 1_000_000_000 + 300_000_000));
            (phase.near_mark, phase.near_background)
        };
        assert_eq!(near(20), (true, false));
        assert_eq!(near(30), (false, true), "the user's answer is ten seconds old");
        assert_eq!(near(32), (false, false), "it was in the background already");
        assert_eq!(near(40), (false, true), "refused before and after the second launch");
        let unjudged = Timeline::new(&[mark(10, "launched"), mark(20, "consent-given")], Some(at(15)), 500);
        assert!(!unjudged.phase(at(20)).near_mark);
    }

    #[test]
    fn a_scenario_lasts_until_the_next_one() {
        let marks =
            [mark(10, "scenario:pay"), mark(11, "dialog-shown"), mark(12, "stopped"), mark(20, "scenario:home")];
        let line = Timeline::new(&marks, Some(at(5)), 500);
        let scenario = |second: i64| line.phase(at(second)).scenario;
        assert_eq!(scenario(9), None);
        assert_eq!(scenario(13).as_deref(), Some("pay"));
        assert_eq!(scenario(21).as_deref(), Some("home"));
    }

    #[test]
    fn a_mark_is_a_line_of_its_own_also_behind_a_last_line_that_was_not_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phases.jsonl");
        // As an editor of Windows writes it, and without an end of its last line.
        std::fs::write(&path, "\u{feff}{\"time\":\"2026-03-01T08:00:00Z\",\"mark\":\"launched\"}").unwrap();
        append_mark(folder.path(), &mark(2_000_000_000, "stopped")).unwrap();
        append_mark(folder.path(), &mark(2_000_000_001, "stopped")).unwrap();
        let marks: Vec<String> = read_marks(&path).unwrap().into_iter().map(|mark| mark.mark).collect();
        assert_eq!(marks, ["launched", "stopped", "stopped"]);
        assert_eq!(std::fs::read_to_string(path).unwrap().lines().count(), 3, "and no empty lines");
    }

    #[test]
    fn an_unknown_mark_is_told_what_there_is() {
        assert!(parse_mark("consent").unwrap_err().contains("consent-given"));
        assert!(parse_mark("scenario:pay").is_ok() && parse_mark("scenario:").is_err());
    }
}
