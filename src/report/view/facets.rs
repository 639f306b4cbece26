//! By what findings can be picked: severity, code, phase, recipient, app.

use std::collections::BTreeMap;

use super::recipient_name;
use crate::audit::{Finding, Report, Severity};
use crate::report::language::Language;

use super::Index;

/// What can be picked by.
pub struct Facet {
    /// Name of the attribute, `data-NAME`.
    pub name: &'static str,
    /// In words.
    pub label: &'static str,
    /// Values: as the attribute has it, in words, and how many findings.
    pub options: Vec<(String, String, usize)>,
}

/// Attributes of one finding: name and values, separated by blanks.
pub type Tags = Vec<(&'static str, String)>;

/// The facets that part the findings, and the attributes of each finding. Values are
/// numbers: what a capture says is in words only.
pub fn facets(report: &Report, index: &Index<'_>, language: Language) -> (Vec<Facet>, Vec<Tags>) {
    let words = language.words();
    let apps = |finding: &Finding| -> Vec<String> {
        let mut apps: Vec<String> = index.sightings(&finding.sightings).filter_map(|s| s.app.clone()).collect();
        if finding.sightings.is_empty() {
            let of = report.contacts.iter().filter(|contact| contact.recipient == finding.recipient);
            apps.extend(of.filter_map(|contact| contact.app.clone()));
        }
        apps.sort_unstable();
        apps.dedup();
        apps
    };
    let severity = |finding: &Finding| words.term(finding.severity.as_str()).to_owned();
    type Of<'a> = Box<dyn Fn(&Finding) -> Vec<String> + 'a>;
    let all: [(&'static str, &'static str, Of<'_>); 5] = [
        ("severity", words.severity_steps, Box::new(|f| vec![severity(f)])),
        ("code", words.facet_code, Box::new(|f| vec![f.code.clone()])),
        ("phase", words.phase, Box::new(|f| vec![words.term(&f.phase).to_owned()])),
        ("recipient", words.recipient, Box::new(|f| vec![recipient_name(report, &f.recipient, language)])),
        ("app", words.app, Box::new(apps)),
    ];
    let mut tags: Vec<Tags> = vec![Vec::new(); report.findings.len()];
    let mut facets = Vec::new();
    for (name, label, of) in all {
        let values: Vec<Vec<String>> = report.findings.iter().map(of).collect();
        let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
        values.iter().flatten().for_each(|value| *counts.entry(value).or_default() += 1);
        let mut options: Vec<(&String, usize)> = counts.into_iter().collect();
        if name == "severity" {
            let rank = |said: &String| Severity::ALL.iter().position(|s| words.term(s.as_str()) == said);
            options.sort_by_key(|(said, _)| std::cmp::Reverse(rank(said)));
        }
        // What all findings have in common picks none of them.
        if options.len() < 2 {
            continue;
        }
        let number: BTreeMap<&String, usize> = options.iter().enumerate().map(|(at, (said, _))| (*said, at)).collect();
        for (tags, values) in tags.iter_mut().zip(&values) {
            let numbers: Vec<String> = values.iter().filter_map(|v| number.get(v)).map(ToString::to_string).collect();
            tags.push((name, numbers.join(" ")));
        }
        let options = options.iter().enumerate().map(|(at, (said, n))| (at.to_string(), (*said).clone(), *n)).collect();
        facets.push(Facet { name, label, options });
    }
    (facets, tags)
}
