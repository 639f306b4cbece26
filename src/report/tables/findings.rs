//! The findings: a row each.

use super::{BETWEEN, Table, Tables, once, sheet};
use crate::audit::{Finding, explanations};
use crate::report::language::tables::{FINDINGS, FINDINGS_HEADS};
use crate::report::sheet::{Cell, Row, Sheet};
use crate::report::view;

impl Tables<'_> {
    pub(super) fn findings(&self) -> Sheet {
        let rows = self.report.findings.iter().map(|finding| self.finding_row(finding));
        sheet(Table::Findings, FINDINGS, FINDINGS_HEADS, rows.collect())
    }

    fn finding_row(&self, finding: &Finding) -> Row {
        let (report, language) = (self.report, self.language);
        let words = language.words();
        let quotes = || finding.policy.iter().map(|span| view::quote(span, report, language));
        let data_type = finding.data_type.as_ref().map(|id| view::type_name(report, id, language));
        let evidence = finding.locators.first();
        let mend = explanations::of(&finding.code).map(|entry| language.of(&entry.mend).to_owned());
        Row::from(vec![
            Cell::from(finding.fingerprint.as_str()),
            words.term(finding.severity.as_str()).into(),
            finding.code.as_str().into(),
            view::recipient_name(report, &finding.recipient, language).into(),
            data_type.unwrap_or_default().into(),
            words.term(&finding.phase).into(),
            self.term(&finding.certainty).into(),
            language.of(&finding.message).into(),
            once(quotes().map(|quote| quote.place)).into(),
            once(quotes().map(|quote| quote.words)).into(),
            finding.count.into(),
            finding.first.map(|time| time.to_string()).unwrap_or_default().into(),
            evidence.map(|locator| view::place(locator, report, language)).unwrap_or_default().into(),
            evidence.and_then(|locator| view::filter(locator, report, language)).unwrap_or_default().into(),
            finding.clauses.join(BETWEEN).into(),
            mend.unwrap_or_default().into(),
            finding.suppressed.as_ref().map(|by| format!("{} — {}", by.reason, by.owner)).unwrap_or_default().into(),
        ])
    }
}
