//! Counts and volumes: a row for each flow, phase and scenario.

use super::{Table, Tables, sheet};
use crate::report::language::tables::{VOLUMES, VOLUMES_HEADS};
use crate::report::sheet::{Cell, Row, Sheet};
use crate::report::view;

impl Tables<'_> {
    pub(super) fn volumes(&self) -> Sheet {
        let (report, language) = (self.report, self.language);
        let of = report.flows.iter().flat_map(|judged| judged.flow.phases.iter().map(move |rhythm| (judged, rhythm)));
        let rows = of.map(|(judged, rhythm)| {
            Row::from(vec![
                Cell::from(view::recipient_name(report, &judged.flow.recipient, language)),
                judged.flow.recipient.as_str().into(),
                view::type_name(report, &judged.flow.data_type, language).into(),
                judged.flow.data_type.as_str().into(),
                language.words().term(&rhythm.phase).into(),
                rhythm.scenario.clone().unwrap_or_default().into(),
                rhythm.messages.into(),
                rhythm.sent_bytes.into(),
                rhythm.first.to_string().into(),
                rhythm.last.to_string().into(),
                rhythm.median_interval_ms.map_or_else(|| "".into(), Cell::from),
                rhythm.bursts.into(),
                rhythm.largest_burst.into(),
                self.verdict(judged).into(),
            ])
        });
        sheet(Table::Volumes, VOLUMES, VOLUMES_HEADS, rows.collect())
    }
}
