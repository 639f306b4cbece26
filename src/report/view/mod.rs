//! The report arranged for reading, in one language: what the terminal and the HTML
//! page both show. Strings are already made visible; nothing here knows a format.

mod case;
mod claims;
mod contacts;
mod coverage;
mod declared;
mod diagram;
mod evidence;
mod facets;
mod findings;
mod flows;
mod ignored;
mod index;
mod matrix;
mod method;
mod page;
mod parties;
mod recipients;
mod rhythm;
mod shape;
mod sides;
mod timeline;
mod worst;

use crate::audit::Report;
use crate::evidence::Span;
use crate::policy::{self, Remark};

use super::beside::{self, Sides};
use super::language::{Language, fill};

pub use case::case;
pub use claims::Claim;
pub use contacts::Contact;
pub use coverage::{Coverage, coverage};
pub use declared::DeclaredGroup;
pub use diagram::{Diagram, WIDTH};
pub use evidence::{Evidence, form, steps};
pub use facets::{Facet, Tags};
pub use findings::{Clause, Finding, coded, quote};
pub use flows::FlowRow;
pub use ignored::{Baseline, Ignored};
pub use index::Index;
pub use matrix::{Cell, Matrix};
pub use method::method;
pub use page::{InPage, Page, page};
pub use parties::PartyRow;
pub use recipients::RecipientRow;
pub use rhythm::{RhythmRow, duration};
pub use sides::Group;
pub use timeline::Timeline;

/// A name and its values.
pub struct Fact {
    /// What it is.
    pub name: String,
    /// Its values, one a line.
    pub values: Vec<String>,
}

/// A report arranged.
pub struct View {
    /// App and version.
    pub app: String,
    /// The policy's files.
    pub policy: String,
    /// The inputs, one a line.
    pub inputs: Vec<String>,
    /// The case; empty where none is named.
    pub case: Vec<Fact>,
    /// What the report comes to, never "clean".
    pub headline: String,
    /// Findings by severity, worst first: id, word, count.
    pub counts: Vec<(String, String, u64)>,
    /// Recipients and data types.
    pub matrix: Matrix,
    /// All findings.
    pub findings: Vec<Finding>,
    /// The lines of `ignore.toml`, where there are any.
    pub ignored: Option<Ignored>,
    /// The baseline, where one was given.
    pub baseline: Option<Baseline>,
    /// How often and how much was sent, by phase and scenario.
    pub rhythms: Vec<RhythmRow>,
    /// Contacts of the app.
    pub contacts: Vec<Contact>,
    /// Contacts that are listed apart: why, and which; groups without one are left out.
    pub apart: Vec<(String, Vec<Contact>)>,
    /// What other tools wrote beside the traffic, one a line.
    pub beside: Vec<String>,
    /// Promises.
    pub claims: Vec<Claim>,
    /// Declared and not seen.
    pub declared: Vec<DeclaredGroup>,
    /// What stands there where there is none: all was seen, or nothing is declared by name.
    pub declared_none: &'static str,
    /// Why each recipient is who it is.
    pub recipients: Vec<RecipientRow>,
    /// What was seen and what not.
    pub coverage: Coverage,
    /// What to give next.
    pub advice: Vec<String>,
    /// The policy as it was read.
    pub parties: Vec<PartyRow>,
    /// The reader's remarks.
    pub remarks: Vec<String>,
    /// How the report came about.
    pub method: Vec<Fact>,
}

/// Arranges `report`, whose strings are visible (see [`super::escape::shown`]).
pub fn arrange(report: &Report, language: Language) -> View {
    let words = language.words();
    let index = Index::of(report);
    let sources: Vec<&str> = report.declarations.sources.iter().map(|s| s.name.as_str()).collect();
    let counts = crate::audit::Severity::ALL
        .into_iter()
        .rev()
        .filter_map(|severity| {
            let id = severity.as_str();
            report.summary.get(id).map(|count| (id.to_owned(), words.term(id).to_owned(), *count))
        })
        .collect();
    View {
        app: app(report, language),
        case: case::case(report, language),
        policy: policy_line(report, &sources, language),
        inputs: report
            .inputs
            .iter()
            .map(|input| fill(words.input_line, &[&input.name, &input.format, &input.records]))
            .collect(),
        headline: headline(report, language),
        counts,
        matrix: matrix::matrix(report, language),
        findings: report.findings.iter().map(|f| findings::arrange(f, report, &index, language)).collect(),
        ignored: ignored::ignored(report, language),
        baseline: ignored::baseline(report, language),
        rhythms: rhythm::rhythms(report, language),
        contacts: contacts::contacts(report, contacts::Part::App, language),
        apart: contacts::apart(report, language),
        beside: beside(report, language),
        claims: claims::claims(report, language),
        declared: declared::declared(report, language),
        declared_none: declared::declared_none(report, language),
        recipients: recipients::recipients(report, language),
        coverage: coverage::coverage(report, language),
        advice: report.advice.iter().map(|text| language.of(text).to_owned()).collect(),
        parties: parties::parties(report, language),
        remarks: remarks(report, language),
        method: method::method(report, language),
    }
}

/// What other tools wrote; nothing of it is judged.
fn beside(report: &Report, language: Language) -> Vec<String> {
    let sides = Sides {
        beside: &report.beside,
        recipients: &report.recipients,
        sightings: &report.sightings,
        data_type: &|id| type_name(report, id, language),
        // The product of a recipient has its name; one that was only on a stack has its id.
        product: &|id| recipient_name(report, id, language),
    };
    beside::lines(&sides, language)
}

/// What the policy's reader said of its own reading.
fn remarks(report: &Report, language: Language) -> Vec<String> {
    let of = |remark: &Remark| {
        format!("{}{}{}", remark.code, language.colon(), language.told(&remark.message, &remark.message_zh))
    };
    report.declarations.remarks.iter().map(of).collect()
}

/// App and version.
pub fn app(report: &Report, language: Language) -> String {
    match (&report.session.app, &report.session.version) {
        (Some(app), Some(version)) => format!("{app} {version}"),
        (Some(app), None) => app.clone(),
        (None, _) => language.words().app_unknown.to_owned(),
    }
}

/// Never "clean": what the findings, or their absence, rest on.
pub fn headline(report: &Report, language: Language) -> String {
    let words = language.words();
    let read = report.coverage.percent().filter(|_| report.coverage.opened_messages > 0);
    let open = report.findings.iter().filter(|finding| finding.suppressed.is_none()).count();
    let stop = if language == Language::Zh { "。" } else { ". " };
    let mut sentences = Vec::new();
    if report.declarations.remarks.iter().any(|remark| remark.code == policy::SAYS_NOTHING) {
        sentences.push(words.policy_says_nothing.to_owned() + stop);
    }
    match read {
        Some(percent) if open == 0 => sentences.push(fill(words.findings_none, &[&percent]) + stop),
        Some(percent) => sentences.push(fill(words.counted(open), &[&open, &percent]) + stop),
        None if open == 0 => {}
        None => sentences.push(fill(words.counted(open), &[&open, &0]) + stop),
    }
    if report.findings.len() > open {
        sentences
            .push(fill(words.ignored_more, &[&(report.findings.len() - open)]) + stop.trim_start_matches(['。', '.']));
    }
    match read {
        None => sentences.push(words.seen_nothing.to_owned()),
        Some(percent) if percent < 100 => sentences.push(fill(words.seen_rest, &[&(100 - percent)])),
        Some(_) => {}
    }
    sentences.concat().trim_end().to_owned()
}

/// A data type's name.
pub fn type_name(report: &Report, id: &str, language: Language) -> String {
    report.data_types.get(id).map_or(id, |name| language.pick(&name.zh, &name.en)).to_owned()
}

/// A recipient's name.
pub fn recipient_name(report: &Report, id: &str, language: Language) -> String {
    report.recipients.get(id).map_or(id, |recipient| language.pick(&recipient.zh, &recipient.en)).to_owned()
}

/// The word of an enum as JSON writes it.
pub fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Where a span stands, in the terms of its document.
pub fn span_place(report: &Report, span: &Span, language: Language) -> String {
    super::policy::place(report.declarations.sources.get(span.source as usize), span.line, language)
}

/// A place in the traffic: file, stream, frames, or entry.
pub fn place(locator: &crate::evidence::Locator, report: &Report, language: Language) -> String {
    evidence::of_place(locator, report, language).place
}

/// The display filter that shows a place's frames; none in an imported file.
pub fn filter(locator: &crate::evidence::Locator, report: &Report, language: Language) -> Option<String> {
    evidence::of_place(locator, report, language).filter
}

/// The policy's files, and how many of its rows are not as they were read.
fn policy_line(report: &Report, sources: &[&str], language: Language) -> String {
    let words = language.words();
    let corrected = report.declarations.third_parties.iter().filter(|p| p.corrected).count();
    match (sources.is_empty(), corrected) {
        (true, _) => words.no_policy.to_owned(),
        (false, 0) => sources.join(", "),
        (false, rows) => sources.join(", ") + &language.aside(&fill(words.rows_corrected, &[&rows])),
    }
}
