//! 已收集个人信息清单: a row for each data type and who collected it, the app or an SDK.

use super::{BETWEEN, Table, Tables, once, sheet};
use crate::audit::JudgedFlow;
use crate::observations::Role;
use crate::report::language::tables::{COLLECTED, COLLECTED_HEADS};
use crate::report::sheet::{Cell, Row, Sheet};
use crate::report::view;

/// Different values named in one cell; all stand in the table of sightings.
const VALUES: usize = 8;

impl Tables<'_> {
    /// What the idle device sends as well is not the app's and left out.
    pub(super) fn collected(&self) -> Sheet {
        let mut flows: Vec<&JudgedFlow> = self.report.flows.iter().filter(|judged| !judged.flow.noise).collect();
        let rank = |judged: &JudgedFlow| self.role(&judged.flow.recipient) != Some(Role::FirstParty);
        flows.sort_by(|a, b| {
            let key = |judged| (rank(judged), &judged.flow.data_type, &judged.flow.recipient);
            key(a).cmp(&key(b))
        });
        let rows = flows.into_iter().zip(1u64..).map(|(judged, number)| self.collected_row(judged, number));
        sheet(Table::Collected, COLLECTED, COLLECTED_HEADS, rows.collect())
    }

    fn collected_row(&self, judged: &JudgedFlow, number: u64) -> Row {
        let (report, language) = (self.report, self.language);
        let flow = &judged.flow;
        let sightings: Vec<_> = self.index.sightings(&flow.sightings).collect();
        let (scenarios, phases) = self.when(&[judged]);
        let values = once(sightings.iter().map(|sighting| format!("{} ({})", sighting.masked, sighting.label)));
        let shown: Vec<&str> = values.lines().take(VALUES).collect();
        let left = values.lines().count() - shown.len();
        let more = if left > 0 { format!("{BETWEEN}+{left}") } else { String::new() };
        let cover = self.cover(judged);
        let purpose = self.declared_in(judged).and_then(|row| row.purpose.clone());
        Row::from(vec![
            Cell::from(number),
            view::type_name(report, &flow.data_type, language).into(),
            flow.data_type.as_str().into(),
            report.data_types.get(&flow.data_type).map(|known| view::word(&known.class)).unwrap_or_default().into(),
            view::recipient_name(report, &flow.recipient, language).into(),
            flow.recipient.as_str().into(),
            self.role(&flow.recipient).map(|role| self.term(&role)).unwrap_or_default().into(),
            purpose.unwrap_or_default().into(),
            scenarios.into(),
            phases.into(),
            once(sightings.iter().map(|sighting| view::form(sighting, language))).into(),
            once(sightings.iter().map(|sighting| self.wire(sighting.wire))).into(),
            flow.count.into(),
            flow.phases.iter().map(|rhythm| rhythm.sent_bytes).fold(0, u64::saturating_add).into(),
            flow.phases.iter().map(|rhythm| rhythm.first).min().map(|t| t.to_string()).unwrap_or_default().into(),
            flow.phases.iter().map(|rhythm| rhythm.last).max().map(|t| t.to_string()).unwrap_or_default().into(),
            (shown.join(BETWEEN) + &more).into(),
            self.term(&flow.certainty).into(),
            self.verdict(judged).into(),
            judged.verdict.as_ref().map(|verdict| verdict.code.clone()).unwrap_or_default().into(),
            cover.map(|cover| view::quote(&cover.span, report, language).place).unwrap_or_default().into(),
            sightings.first().map(|first| view::place(&first.locator, report, language)).unwrap_or_default().into(),
        ])
    }
}
