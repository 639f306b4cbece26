//! What was sent when: a lane for each recipient over the phases of the session.
//!
//! The table of frequencies says the same in words. What was sent within the width of a mark is
//! one mark, that of the gravest verdict, so that none hides another and a session of any
//! length stays a drawing of some thousand.

use std::collections::{BTreeMap, BTreeSet};

use super::shape::fit;
use super::worst::{grave, mark};
use super::{Index, duration, recipient_name, type_name, word};
use crate::audit::Report;
use crate::evidence::Time;
use crate::observations::{Contact, Sighting};
use crate::report::language::{Language, fill};
use crate::session::{Mark, Timeline as Marks};

/// Lanes of one part, which has to fit on a sheet of paper.
const PART: usize = 44;
/// Parts that are drawn.
const PARTS: usize = 12;
/// Marks of the session that are drawn; all stand under the method.
const MARKS: usize = 40;
/// Names of one verdict in a mark's words.
const NAMES: usize = 6;
/// Pixels of a lane, above the first, and between two marks that are told apart.
const LANE: u32 = 22;
const TOP: u32 = 44;
const STEP: u32 = 17;
/// Edges of the plot.
const LEFT: u32 = 240;
const RIGHT: u32 = 1066;

/// The drawing.
pub struct Timeline {
    /// One below the other.
    pub parts: Vec<TimelinePart>,
    /// The marks by their numbers.
    pub marks: Vec<String>,
    /// Names of the phases that are drawn: id, words.
    pub phases: Vec<(String, String)>,
    /// What is said of recipients that are not drawn; empty where all are.
    pub more: String,
}

/// As much as fits on a sheet.
pub struct TimelinePart {
    /// Pixels.
    pub height: u32,
    /// Phases: left edge, width, id.
    pub bands: Vec<(u32, u32, String)>,
    /// Times since the first: place, words.
    pub ticks: Vec<(u32, String)>,
    /// Marks: place, number.
    pub marks: Vec<(u32, usize)>,
    /// Recipients.
    pub lanes: Vec<Lane>,
}

/// A recipient.
pub struct Lane {
    /// Base line of its words.
    pub y: u32,
    /// As much of its name as fits.
    pub text: String,
    /// Its name.
    pub name: String,
    /// From the first to the last of what repeats: left edge, width, verdict.
    pub spans: Vec<(u32, u32, String)>,
    /// What was sent: place, verdict, its mark, in words.
    pub dots: Vec<(u32, String, char, String)>,
}

/// The time that is drawn.
#[derive(Clone, Copy)]
struct Axis {
    start: Time,
    end: Time,
}

impl Axis {
    fn x(self, time: Time) -> u32 {
        let whole = i128::from(self.end.since(self.start)).max(1);
        let part = i128::from(time.since(self.start)).clamp(0, whole);
        LEFT + u32::try_from(part * i128::from(RIGHT - LEFT) / whole).unwrap_or(0)
    }
}

/// Draws the session; `None` where nothing has a time.
pub fn timeline(report: &Report, index: &Index<'_>, language: Language) -> Option<Timeline> {
    let words = language.words();
    let contacts = || report.contacts.iter().filter(|contact| !contact.noise);
    let first = contacts().map(|contact| contact.first).min()?;
    let last = contacts().map(|contact| contact.last).max()?;
    let begun = report.inputs.iter().filter_map(|input| input.first).min();
    let axis = Axis {
        start: report.session.marks.iter().map(|(time, _)| *time).chain(begun).fold(first, Ord::min),
        end: report.session.marks.iter().map(|(time, _)| *time).fold(last, Ord::max),
    };
    let marks: Vec<Mark> = report
        .session
        .marks
        .iter()
        .map(|(time, mark)| Mark { time: *time, mark: mark.clone(), note: String::new(), device_time: None })
        .collect();
    let bands = bands(&marks, begun, report.session.clock_skew_ms, axis);
    let mut by_recipient: BTreeMap<&str, Vec<&Contact>> = BTreeMap::new();
    contacts().for_each(|contact| by_recipient.entry(&contact.recipient).or_default().push(contact));
    let mut recipients: Vec<(Time, &str)> = by_recipient
        .iter()
        .filter_map(|(id, contacts)| contacts.iter().map(|contact| contact.first).min().map(|first| (first, *id)))
        .collect();
    recipients.sort_unstable();
    let lanes = |part: &[(Time, &str)]| {
        let of = |((_, id), row): (&(Time, &str), u32)| {
            let contacts = by_recipient.get(id).map(Vec::as_slice).unwrap_or_default();
            lane(id, contacts, row, axis, report, index, language)
        };
        part.iter().zip(0u32..).map(of).collect()
    };
    let ticks: Vec<(u32, String)> = (0..=5)
        .map(|part| {
            let behind = axis.end.since(axis.start) / 5 * part;
            let words = tick(behind, axis.end.since(axis.start));
            (axis.x(Time(axis.start.0.saturating_add(behind))), words)
        })
        .collect();
    let parts = recipients.chunks(PART).take(PARTS).map(|part| TimelinePart {
        height: TOP + u32::try_from(part.len()).unwrap_or(0) * LANE + 26,
        bands: bands.clone(),
        ticks: ticks.clone(),
        marks: marks.iter().take(MARKS).zip(1..).map(|(mark, number)| (axis.x(mark.time), number)).collect(),
        lanes: lanes(part),
    });
    let parts = parts.collect();
    let shown: BTreeSet<&String> = bands.iter().map(|(_, _, phase)| phase).collect();
    let phases = crate::observations::PHASE_GROUPS.into_iter().filter(|phase| shown.iter().any(|id| id == phase));
    let left = recipients.len().saturating_sub(PART * PARTS);
    Some(Timeline {
        parts,
        marks: marks.iter().take(MARKS).map(|mark| format!("{} {}", mark.time, language.mark(&mark.mark))).collect(),
        phases: phases.map(|phase| (phase.to_owned(), words.term(phase).to_owned())).collect(),
        more: if left > 0 { fill(words.diagram_more, &[&left]) } else { String::new() },
    })
}

/// How far behind the start, to tenths of a second in a short session, so that all ticks are alike.
fn tick(behind: i64, span: i64) -> String {
    const SECOND: i64 = 1_000_000_000;
    let [behind, span] = [behind, span].map(|time| u64::try_from(time).unwrap_or(0));
    match span < 100 * SECOND as u64 {
        true => format!("+{}.{} s", behind / SECOND as u64, behind % SECOND as u64 / (SECOND as u64 / 10)),
        false => format!("+{}", duration(behind / 1_000_000)),
    }
}

/// The phases between the marks, neighbours of the same phase as one.
fn bands(marks: &[Mark], begun: Option<Time>, skew: u64, axis: Axis) -> Vec<(u32, u32, String)> {
    let phases = Marks::new(marks, begun, skew);
    let mut edges: Vec<Time> = marks.iter().map(|mark| mark.time).chain([axis.start]).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut bands: Vec<(u32, u32, String)> = Vec::new();
    for (at, edge) in edges.iter().enumerate() {
        let end = edges.get(at + 1).copied().unwrap_or(axis.end);
        let (from, to) = (axis.x(*edge), axis.x(end));
        let phase = phases.phase(*edge).group();
        match bands.last_mut() {
            Some((begin, width, before)) if before == phase => *width = to.saturating_sub(*begin),
            _ => bands.push((from, to.saturating_sub(from), phase.to_owned())),
        }
    }
    bands
}

fn lane(
    id: &str,
    contacts: &[&Contact],
    row: u32,
    axis: Axis,
    report: &Report,
    index: &Index<'_>,
    language: Language,
) -> Lane {
    let words = language.words();
    let name = recipient_name(report, id, language);
    let mut spans: BTreeSet<(u32, u32, String)> = BTreeSet::new();
    let place = |time: Time| axis.x(time).saturating_sub(LEFT) / STEP * STEP + LEFT;
    // By place: when first, and by verdict the names of the types.
    let mut dots: BTreeMap<u32, (Time, BTreeMap<String, BTreeSet<String>>)> = BTreeMap::new();
    for judged in index.flows(id) {
        let verdict = judged.verdict.as_ref().map_or_else(|| "listed".to_owned(), |v| word(&v.disclosure));
        let data_type = type_name(report, &judged.flow.data_type, language);
        for sighting in index.sightings(&judged.flow.sightings) {
            let Sighting { first, last, .. } = sighting;
            if place(*last) > place(*first) {
                spans.insert((place(*first), place(*last) - place(*first), verdict.clone()));
            }
            let dot = dots.entry(place(*first)).or_insert_with(|| (*first, BTreeMap::new()));
            dot.0 = dot.0.min(*first);
            let names = dot.1.entry(verdict.clone()).or_default();
            if names.len() <= NAMES {
                names.insert(data_type.clone());
            }
        }
    }
    let silent = dots.is_empty();
    for contact in contacts.iter().filter(|contact| contact.messages == 0 || silent) {
        let verdict = if contact.messages == 0 { "unread" } else { "listed" };
        let (from, to) = (axis.x(contact.first), axis.x(contact.last));
        if to > from + STEP {
            spans.insert((from, to - from, verdict.to_owned()));
        }
        let dot = dots.entry(place(contact.first)).or_insert_with(|| (contact.first, BTreeMap::new()));
        dot.1.entry(verdict.to_owned()).or_default();
    }
    let said = |(verdict, types): (&String, &BTreeSet<String>)| {
        let mut names: Vec<&str> = types.iter().take(NAMES).map(String::as_str).collect();
        if types.len() > NAMES {
            names.push("…");
        }
        format!("{}{}{}", names.join(words.and), if names.is_empty() { "" } else { " · " }, mark(verdict, words).1)
    };
    let dot = |(x, (time, verdicts)): (u32, (Time, BTreeMap<String, BTreeSet<String>>))| {
        let mut by: Vec<(&String, &BTreeSet<String>)> = verdicts.iter().collect();
        by.sort_by_key(|(verdict, _)| std::cmp::Reverse(grave(verdict)));
        let verdict = by.first().map(|(verdict, _)| (*verdict).clone()).unwrap_or_default();
        let (symbol, _) = mark(&verdict, words);
        (x, verdict, symbol, format!("{time} {name}: {}", by.into_iter().map(said).collect::<Vec<_>>().join("; ")))
    };
    Lane {
        y: TOP + row * LANE + 15,
        text: fit(&name, LEFT - 20),
        spans: spans.into_iter().collect(),
        dots: dots.into_iter().map(dot).collect(),
        name: name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::tick;

    #[test]
    fn the_ticks_of_an_axis_are_alike() {
        const SECOND: i64 = 1_000_000_000;
        let short = [0, 6_671_000_000, 33 * SECOND].map(|behind| tick(behind, 33 * SECOND));
        assert_eq!(short, ["+0.0 s", "+6.6 s", "+33.0 s"]);
        assert_eq!([0, 1200].map(|behind| tick(behind * SECOND, 1200 * SECOND)), ["+0.000 s", "+20 min"]);
    }
}
