//! What the other tables rest on: a list of what was seen is worth what was read.

use super::{Table, Tables, sheet};
use crate::report::language::tables::{ABOUT, ABOUT_HEADS};
use crate::report::sheet::{Cell, Row, Sheet};
use crate::report::view::{self, Fact};

impl Tables<'_> {
    /// The answer, the case, coverage with gaps, and the method.
    pub(super) fn about(&self) -> Sheet {
        let words = self.language.words();
        let (report, language) = (self.report, self.language);
        let fact = |name: &str, values: Vec<String>| Fact { name: name.to_owned(), values };
        let mut facts = vec![fact(words.app, vec![view::app(report, language)])];
        let sources = report.declarations.sources.iter().map(|source| source.name.clone()).collect();
        facts.push(fact(words.policy, sources));
        facts.push(fact(words.findings, vec![view::headline(report, language)]));
        facts.extend(view::case(report, language));
        let coverage = view::coverage(report, language);
        facts.push(fact(words.coverage, coverage.lines));
        let closed = coverage.closed.iter().map(|(reason, count)| format!("{reason} {count}"));
        facts.push(fact(words.coverage_closed, closed.collect()));
        facts.push(fact(words.sealed_payloads, coverage.sealed));
        facts.push(fact(words.withheld, coverage.withheld));
        let gaps = coverage
            .gaps
            .iter()
            .map(|(reason, at, detail)| format!("{reason}{}{detail}{}", language.colon(), language.aside(at)));
        facts.push(fact(words.gaps, gaps.collect()));
        facts.push(fact(words.not_checked, coverage.not_checked));
        facts.extend(view::method(report, language));
        facts.push(fact(words.how_to_read, vec![words.certainty_legend.to_owned(), words.method_repeat.to_owned()]));
        let row = |(name, value): (&str, &String)| Row::from(vec![Cell::from(name), Cell::from(value.clone())]);
        let lines = facts.iter().flat_map(|fact| fact.values.iter().map(|value| (fact.name.as_str(), value)));
        sheet(Table::About, ABOUT, ABOUT_HEADS, lines.map(row).collect())
    }
}
