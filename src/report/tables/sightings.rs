//! Every sighting: what a page cannot show of a long session.

use super::{Table, Tables, sheet};
use crate::observations::Sighting;
use crate::report::language::tables::{SIGHTINGS, SIGHTINGS_HEADS};
use crate::report::sheet::{Cell, Row, Sheet};
use crate::report::view;

impl Tables<'_> {
    pub(super) fn sightings(&self) -> Sheet {
        let rows = self.report.sightings.iter().map(|sighting| self.sighting_row(sighting));
        sheet(Table::Sightings, SIGHTINGS, SIGHTINGS_HEADS, rows.collect())
    }

    fn sighting_row(&self, sighting: &Sighting) -> Row {
        let (report, language) = (self.report, self.language);
        let words = language.words();
        Row::from(vec![
            Cell::from(sighting.id.as_str()),
            view::type_name(report, &sighting.data_type, language).into(),
            sighting.data_type.as_str().into(),
            view::recipient_name(report, &sighting.recipient, language).into(),
            sighting.recipient.as_str().into(),
            sighting.app.as_deref().unwrap_or_default().into(),
            sighting.host.as_str().into(),
            sighting.path_template.as_str().into(),
            sighting.key.as_deref().unwrap_or_default().into(),
            sighting.masked.as_str().into(),
            sighting.label.as_str().into(),
            view::form(sighting, language).into(),
            self.wire(sighting.wire).into(),
            self.term(&sighting.certainty).into(),
            language.because(&sighting.reason).into(),
            words.term(sighting.phase.group()).into(),
            sighting.phase.scenario.as_deref().unwrap_or_default().into(),
            sighting.count.into(),
            sighting.first.to_string().into(),
            sighting.last.to_string().into(),
            view::place(&sighting.locator, report, language).into(),
            view::steps(sighting, language).into(),
            view::filter(&sighting.locator, report, language).unwrap_or_default().into(),
        ])
    }
}
