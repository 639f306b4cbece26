//! What only a page shows: drawings, both sides of each cell, every flow, what to pick by.
//!
//! A page opens at once also where a session has hundreds of recipients: what is read first is
//! open, the rest is folded, and places are shown within a budget. Nothing is lost by it: what
//! is left off is counted beside, and stands in report.json and the tables.

use std::collections::BTreeMap;

use super::{Clause, Diagram, Facet, FlowRow, Group, Index, Tags, Timeline, View, worst};
use super::{diagram, facets, findings, flows, sides, timeline};
use crate::audit::Report;
use crate::report::language::Language;

/// Findings that are open, the worst first: some fifty sheets of paper.
const OPEN: usize = 50;
/// Places of all findings, and the most of one.
const FINDING_PLACES: (usize, usize) = (2_000, 4);
/// Places of all flows, and the most of one.
const FLOW_PLACES: (usize, usize) = (4_000, 8);
/// Rows of the table of frequencies that are not folded.
const ROWS: usize = 300;

/// A page's own.
pub struct Page {
    /// Recipients and data types, both sides.
    pub sides: Vec<Group>,
    /// What findings can be picked by.
    pub facets: Vec<Facet>,
    /// Every flow.
    pub flows: Vec<FlowRow>,
    /// Where data goes.
    pub diagram: Diagram,
    /// What was sent when; `None` where nothing has a time.
    pub timeline: Option<Timeline>,
    /// Verdicts in the drawings: id, mark, words.
    pub legend: Vec<(&'static str, char, String)>,
    /// Rows of the table of frequencies that are not folded.
    pub rhythms: usize,
    /// Some of its rows are of a scenario, have an interval: else there is no such column.
    pub scenarios: bool,
    /// See `scenarios`.
    pub intervals: bool,
    /// The clauses that findings touch, by id.
    pub clauses: Vec<Clause>,
    /// Which of them findings touch together: codes of these findings, and ids.
    pub clause_lists: Vec<(String, Vec<String>)>,
    /// What the user settled: host, what as, reason.
    pub settled: Vec<(String, String, String)>,
}

/// How a finding lies in a page.
#[derive(Default)]
pub struct InPage {
    /// Name of its place: the fingerprint, numbered where several share one.
    pub anchor: String,
    /// See [`facets`].
    pub tags: Tags,
    /// It is not folded.
    pub open: bool,
    /// Number of its list of clauses, from 1.
    pub clauses: usize,
}

/// Arranges `report` for a page, and gives `view`'s findings their places in it.
pub fn page(report: &Report, view: &mut View, language: Language) -> Page {
    let words = language.words();
    let index = Index::of(report);
    let (facets, tags) = facets::facets(report, &index, language);
    let places = within(FINDING_PLACES, view.findings.len());
    let mut taken = BTreeMap::new();
    let mut lists: Vec<(Vec<&str>, &Vec<String>)> = Vec::new();
    let mut known: BTreeMap<&Vec<String>, usize> = BTreeMap::new();
    for (((number, finding), tags), judged) in (1..).zip(&mut view.findings).zip(tags).zip(&report.findings) {
        let count = taken.entry(&judged.fingerprint).or_insert(0u32);
        *count += 1;
        let list = *known.entry(&judged.clauses).or_insert_with(|| {
            lists.push((Vec::new(), &judged.clauses));
            lists.len()
        });
        if let Some((codes, _)) = list.checked_sub(1).and_then(|at| lists.get_mut(at))
            && !codes.contains(&judged.code.as_str())
        {
            codes.push(&judged.code);
        }
        let anchor = if *count > 1 { format!("{}-{count}", judged.fingerprint) } else { judged.fingerprint.clone() };
        finding.page = InPage { anchor, tags, open: number <= OPEN, clauses: list };
        finding.keep(places, language);
    }
    let verdicts = ["clear", "vague", "omitted", "incorrect", "ambiguous", "unsettled", "listed", "unread"];
    let legend = verdicts.map(|verdict| {
        let (symbol, said) = worst::mark(verdict, words);
        (verdict, symbol, said.to_owned())
    });
    Page {
        sides: sides::sides(&view.matrix, report, language),
        facets,
        flows: flows::flows(report, &index, within(FLOW_PLACES, report.flows.len()), language),
        diagram: diagram::diagram(report, &index, language),
        timeline: timeline::timeline(report, &index, language),
        legend: legend.to_vec(),
        rhythms: ROWS.min(view.rhythms.len()),
        scenarios: view.rhythms.iter().any(|row| !row.scenario.is_empty()),
        intervals: view.rhythms.iter().any(|row| !row.interval.is_empty()),
        clauses: report.clauses.keys().map(|id| findings::clause(id, report, language)).collect(),
        clause_lists: lists.into_iter().map(|(codes, ids)| (codes.join(", "), ids.clone())).collect(),
        settled: report.session.settled.clone(),
    }
}

/// The share of each of so many: at least one.
fn within((all, most): (usize, usize), count: usize) -> usize {
    (all / count.max(1)).clamp(1, most)
}
