//! A finding with both sides quoted.

use super::evidence::{self, Evidence};
use super::{Index, recipient_name, type_name, word};
use crate::audit::{self, Report};
use crate::evidence::Span;
use crate::report::language::{Language, fill};
use crate::report::policy;

/// Places shown for a finding; the rest stands in report.json.
const PLACES: usize = 4;
/// Clauses named with their titles, nearest first; the others by id.
const CLAUSES: usize = 4;

/// A finding for a reader.
pub struct Finding {
    /// How it lies in a page.
    pub page: super::InPage,
    /// What to do about it.
    pub mend: String,
    /// Code, never translated.
    pub code: String,
    /// Severity as JSON writes it.
    pub severity: String,
    /// In words.
    pub severity_words: String,
    /// The steps to it in words.
    pub severity_steps: String,
    /// In words.
    pub certainty: String,
    /// `IMEI → Getui`, or the recipient alone.
    pub subject: String,
    /// Phase group in words.
    pub phase: String,
    /// The sentence.
    pub message: String,
    /// The policy's side.
    pub policy: Vec<Quote>,
    /// What stands there where the policy is silent.
    pub silent: String,
    /// The traffic's side.
    pub evidence: Vec<Evidence>,
    /// Places that are not shown.
    pub more: usize,
    /// The same in words.
    pub more_words: String,
    /// Clauses it touches, the nearest ones.
    pub clauses: Vec<Clause>,
    /// Ids of the others.
    pub more_clauses: Vec<String>,
    /// How many these are, in words.
    pub more_clauses_words: String,
    /// Its stable name.
    pub fingerprint: String,
    /// Who has it ignored, why and until when: it is struck out.
    pub ignored: Option<String>,
    /// The command that ignores it; none where it is.
    pub ignore_command: Option<String>,
    /// State against the baseline as JSON writes it, and in words; empty without one.
    pub baseline: String,
    /// See `baseline`.
    pub baseline_words: String,
}

impl Finding {
    /// What to do about it, cut where `code` begins and ends.
    pub fn mend_parts(&self) -> Vec<(bool, &str)> {
        coded(&self.mend)
    }
}

/// The parts of a sentence of ours in which names of commands and files stand in backticks: whether it
/// is such a name, and the words.
pub fn coded(sentence: &str) -> Vec<(bool, &str)> {
    let parts = sentence.split('`').enumerate().map(|(at, part)| (at % 2 == 1, part));
    parts.filter(|(_, part)| !part.is_empty()).collect()
}

/// A quoted line of the policy.
pub struct Quote {
    /// File and line.
    pub place: String,
    /// The words.
    pub words: String,
}

/// A clause for a reader.
pub struct Clause {
    /// Id.
    pub id: String,
    /// Title and reference.
    pub title: String,
    /// What it says, in our words.
    pub summary: String,
}

/// Arranges a finding.
pub fn arrange(finding: &audit::Finding, report: &Report, index: &Index<'_>, language: Language) -> Finding {
    let words = language.words();
    let whom = recipient_name(report, &finding.recipient, language);
    let subject = match &finding.data_type {
        Some(id) => fill(words.received_by, &[&type_name(report, id, language), &whom]),
        None => whom,
    };
    let mut places: Vec<Evidence> =
        index.sightings(&finding.sightings).take(PLACES).map(|s| evidence::of_sighting(s, report, language)).collect();
    if finding.sightings.is_empty() {
        places.extend(finding.locators.iter().take(PLACES).map(|l| evidence::of_place(l, report, language)));
    }
    let all = if finding.sightings.is_empty() { finding.locators.len() } else { finding.sightings.len() };
    let severity = word(&finding.severity);
    let conduct = audit::codes::get(&finding.code).is_some_and(|c| c.family == audit::codes::Family::Conduct);
    let mend = audit::explanations::of(&finding.code).map(|entry| language.of(&entry.mend).to_owned());
    Finding {
        page: super::InPage::default(),
        mend: mend.unwrap_or_default(),
        code: finding.code.clone(),
        severity_words: words.term(&severity).to_owned(),
        severity,
        severity_steps: steps(&finding.severity_steps, language),
        certainty: words.term(&word(&finding.certainty)).to_owned(),
        subject,
        phase: words.term(&finding.phase).to_owned(),
        message: language.of(&finding.message).to_owned(),
        policy: finding.policy.iter().map(|span| quote(span, report, language)).collect(),
        silent: if conduct { words.policy_no_promise } else { words.policy_silent }.to_owned(),
        more: all.saturating_sub(places.len()),
        more_words: fill(words.more_evidence, &[&all.saturating_sub(places.len())]),
        evidence: places,
        clauses: finding.clauses.iter().take(CLAUSES).map(|id| clause(id, report, language)).collect(),
        more_clauses_words: fill(words.clauses_more, &[&finding.clauses.len().saturating_sub(CLAUSES)]),
        more_clauses: finding.clauses.iter().skip(CLAUSES).cloned().collect(),
        fingerprint: finding.fingerprint.clone(),
        ignored: finding
            .suppressed
            .as_ref()
            .map(|by| fill(words.ignored_by, &[&by.reason, &by.owner, &by.expires, &by.file, &by.line])),
        ignore_command: finding.suppressed.is_none().then(|| ignore_command(&finding.fingerprint)),
        baseline_words: finding.baseline.map_or_else(String::new, |state| words.term(&word(&state)).to_owned()),
        baseline: finding.baseline.map_or_else(String::new, |state| word(&state)),
    }
}

impl Finding {
    /// Leaves so many places; what is left off is counted.
    pub fn keep(&mut self, places: usize, language: Language) {
        self.more += self.evidence.len().saturating_sub(places);
        self.evidence.truncate(places);
        self.more_words = fill(language.words().more_evidence, &[&self.more]);
    }
}

/// As a reader completes it: why and who no report can know.
fn ignore_command(fingerprint: &str) -> String {
    format!("wirewitness ignore add SESSION {fingerprint} --reason TEXT --owner NAME --expires DAY")
}

/// A span with its place.
pub fn quote(span: &Span, report: &Report, language: Language) -> Quote {
    let source = report.declarations.sources.get(span.source as usize);
    let mut place = source.map(|s| format!("{} ", s.name)).unwrap_or_default();
    place.push_str(&policy::places(source, span, language));
    let same = |other: &Span| other.source == span.source && other.line == span.line;
    // What a person made of a row is not what the document says there.
    if report.declarations.third_parties.iter().any(|p| p.corrected && p.spans.iter().any(same)) {
        place.push_str(&language.aside(language.words().corrected));
    }
    Quote { place, words: span.quote.clone() }
}

/// A clause by its id.
pub fn clause(id: &str, report: &Report, language: Language) -> Clause {
    match report.clauses.get(id) {
        Some(known) => {
            // A scenario under an item is a testing platform's reading of it, not the item.
            let scenario = audit::is_scenario(id);
            let note = if scenario { language.aside(language.words().detection_scenario) } else { String::new() };
            Clause {
                id: id.to_owned(),
                title: format!("{} {}{note}", known.title, known.reference),
                summary: match language {
                    Language::En => known.en.clone(),
                    Language::Zh => known.zh.clone(),
                },
            }
        }
        None => Clause { id: id.to_owned(), title: String::new(), summary: String::new() },
    }
}

/// Of `base high`, `data class H: +1`, `= critical`: `base high, data class H +1 = critical` in the reader's words.
fn steps(steps: &[String], language: Language) -> String {
    let words = language.words();
    let severity = |word: &str| words.term(word).to_owned();
    let said = steps.iter().map(|step| {
        if let Some(base) = step.strip_prefix("base ") {
            return format!("{} {}", words.term("step:base"), severity(base));
        }
        if let Some(sum) = step.strip_prefix("= ") {
            return format!("= {}", severity(sum));
        }
        match step.split_once(": ") {
            Some((what, by)) => {
                let what_key = format!("step:{what}");
                let by_key = format!("step:{by}");
                let by_words = words.term(&by_key);
                let by = by_words.strip_prefix("step:").unwrap_or(by_words).replace('-', "−");
                format!("{} {by}", words.term(&what_key).trim_start_matches("step:"))
            }
            None => step.clone(),
        }
    });
    said.reduce(|before, step| match step.starts_with('=') {
        true => format!("{before} {step}"),
        false => format!("{before}{}{step}", language.comma()),
    })
    .unwrap_or_default()
}
