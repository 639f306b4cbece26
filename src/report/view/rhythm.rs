//! How often and how much, one row a flow, phase and scenario.

use super::{recipient_name, type_name, word};
use crate::audit::Report;
use crate::observations::Rhythm;
use crate::report::language::{Language, fill};

/// A flow in one phase and scenario.
pub struct RhythmRow {
    /// Recipient.
    pub recipient: String,
    /// Data type.
    pub data_type: String,
    /// Phase in words.
    pub phase: String,
    /// The scenario that was marked; empty where none was.
    pub scenario: String,
    /// Messages that carried it.
    pub messages: u64,
    /// Bytes of these messages.
    pub sent: u64,
    /// Median interval, and bursts where there were any.
    pub interval: String,
    /// Disclosure in words.
    pub verdict: String,
}

/// In the report's order of flows, phases by time.
pub fn rhythms(report: &Report, language: Language) -> Vec<RhythmRow> {
    let words = language.words();
    let rows = report.flows.iter().flat_map(|judged| judged.flow.phases.iter().map(move |phase| (judged, phase)));
    rows.map(|(judged, rhythm)| RhythmRow {
        recipient: recipient_name(report, &judged.flow.recipient, language),
        data_type: type_name(report, &judged.flow.data_type, language),
        phase: words.term(&rhythm.phase).to_owned(),
        scenario: rhythm.scenario.clone().unwrap_or_default(),
        messages: rhythm.messages,
        sent: rhythm.sent_bytes,
        interval: interval(rhythm, language),
        verdict: match &judged.verdict {
            Some(verdict) => words.term(&word(&verdict.disclosure)).to_owned(),
            None => words.matrix_listed.to_owned(),
        },
    })
    .collect()
}

fn interval(rhythm: &Rhythm, language: Language) -> String {
    let words = language.words();
    let mut said = Vec::new();
    if let Some(median) = rhythm.median_interval_ms {
        said.push(fill(words.every, &[&duration(median)]));
    }
    if rhythm.bursts > 0 {
        said.push(fill(words.bursts, &[&rhythm.bursts, &rhythm.largest_burst]));
    }
    if rhythm.timed < rhythm.messages {
        said.push(fill(words.timed, &[&rhythm.timed]));
    }
    said.join(words.and)
}

/// `0.250 s`, `90 s`, `30 min`, `12 h`: units of the SI and those accepted beside them.
pub fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..10_000 => format!("{}.{:03} s", milliseconds / 1000, milliseconds % 1000),
        10_000..600_000 => format!("{} s", milliseconds / 1000),
        600_000..36_000_000 => format!("{} min", milliseconds / 60_000),
        _ => format!("{} h", milliseconds / 3_600_000),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_have_a_fitting_unit() {
        let said: Vec<String> = [250, 9_999, 90_000, 1_800_000, 43_200_000].map(duration).to_vec();
        assert_eq!(said, ["0.250 s", "9.999 s", "90 s", "30 min", "12 h"]);
    }
}
