//! What a reader reads, one table a language.

mod commands;
pub(super) mod discover;
mod en;
mod reasons;
mod stages;
pub mod tables;
mod zh;

use crate::audit::Text;

/// A language of reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese, simplified.
    Zh,
}

impl std::str::FromStr for Language {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "en" => Ok(Self::En),
            "zh" => Ok(Self::Zh),
            _ => Err(format!("{word:?} is neither en nor zh")),
        }
    }
}

impl Language {
    /// As in `lang` of HTML.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-Hans",
        }
    }

    /// Its table.
    pub fn words(self) -> &'static Words {
        match self {
            Self::En => &en::WORDS,
            Self::Zh => &zh::WORDS,
        }
    }

    /// Its one of two.
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }

    /// Of a sentence that data gives in English and, mostly, in Chinese: the one to be read.
    pub fn told<'a>(self, en: &'a str, zh: &'a str) -> &'a str {
        if zh.is_empty() { en } else { self.pick(zh, en) }
    }

    /// What stands between a name and what is said of it.
    pub fn colon(self) -> &'static str {
        self.pick("：", ": ")
    }

    /// What stands between two parts of a line.
    pub fn comma(self) -> &'static str {
        self.pick("，", ", ")
    }

    /// `text` in brackets, as an addition to what stands before it; nothing of an empty one.
    pub fn aside(self, text: &str) -> String {
        match self {
            _ if text.is_empty() => String::new(),
            Self::En => format!(" ({text})"),
            Self::Zh => format!("（{text}）"),
        }
    }

    /// A mark of the session: its word, or the scenario that it begins.
    pub fn mark(self, mark: &str) -> String {
        match mark.split_once(':') {
            Some((kind, text)) => format!(
                "{}{}{text}",
                self.words().term(&format!("mark:{kind}")).trim_start_matches("mark:"),
                self.colon()
            ),
            None => self.words().term(&format!("mark:{mark}")).trim_start_matches("mark:").to_owned(),
        }
    }

    /// Its half of a sentence.
    pub fn of(self, text: &Text) -> &str {
        match self {
            Self::En => &text.en,
            Self::Zh => &text.zh,
        }
    }
}

/// Declares the table's fields once, so that both languages have all of them.
macro_rules! words {
    ($($field:ident),* $(,)?) => {
        /// Words and sentences; `{}` in one is filled in order by [`fill`].
        #[allow(missing_docs)]
        pub struct Words {
            $(pub $field: &'static str,)*
            /// Terms of the JSON (states, roles, severities …) in words.
            pub terms: &'static [(&'static str, &'static str)],
        }
        #[cfg(test)]
        impl Words {
            fn sentences(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($field), self.$field),)*]
            }
        }
    };
}

words! {
    title, question, app, app_unknown, policy, no_policy, inputs, input_line,
    findings_none, findings_count, findings_one, policy_says_nothing, seen_nothing, seen_rest,
    matrix, matrix_empty, matrix_legend, matrix_listed, recipient, data_types, phase,
    findings, policy_says, traffic_shows, policy_silent, policy_no_promise, request, value, steps, bytes_of, place, place_frames, place_offset, place_entry, filter, times, more_evidence,
    clauses, clauses_more, clauses_note, detection_scenario, severity_steps, certainty, fingerprint, received_by, host,
    contacts, contacts_intro, messages, messages_read, closed, sealed, hosts, judged,
    claims, claims_none,
    declared, declared_intro, declared_all_seen, declared_nothing, party, state, first_party,
    recipients, role, reason, via, company,
    coverage, coverage_bytes, coverage_messages, coverage_closed, coverage_other_apps, coverage_nothing, gaps, gaps_none, gap_count, gap_bytes,
    not_checked, sealed_payloads, sealed_line, withheld, withheld_line,
    beside, beside_file, beside_call, beside_no_type, beside_no_flow, beside_flows, beside_caller, beside_reached,
    rhythm, rhythm_intro, verdict, scenario, interval, every, bursts, timed, sent, apart, apart_platform, apart_noise, network,
    method_noise, method_geo, method_country, coverage_unknown_app,
    advice,
    policy_read, policy_read_intro, doubtful, corrected, rows_corrected, remarks,
    method, method_tool, method_signatures, method_psl, method_first_party, method_owner, method_isolation, method_marks, method_no_marks,
    method_profile, method_no_profile, method_settled, method_skew, method_utc, method_not_noted, method_repeat, yes, no, sha256, size, records, from_to,
    inspect_title, excerpt,
    how_to_read, certainty_legend, severity_legend, contents, none_said, and,
    ignored, ignored_by, ignored_more, ignore_how, ignore_today, ignore_reaches, ignore_unused,
    diff_title, diff_old, diff_new, diff_side, diff_none,
    meaning, example, mend, base_severity, ignore_rule,
    gate_passed, gate_failed, gate_unseen, left_out,
    skip, answer, matrix_intro, matrix_declared, facet_code, filters, filter_all, filter_reset, filter_shown, flows, flows_intro, flow_more, diagram, diagram_intro, diagram_more, product, country, country_of_address, country_of_seat, timeline, timeline_intro, since, settled, settled_none, settled_as, method_command, limits, limit_sight, limit_time, limit_keys, limit_values, limit_policy, limit_law,
    case, case_number, case_examiner, case_mandate, case_custody, case_retain, method_device, method_changes, method_notes, method_build,
    method_clocks, clock_given, clock_measured, clock_marks, clock_connections, clock_agrees, clock_unsteady, clock_unknown,
    baseline, baseline_of, baseline_counts, baseline_absent, baseline_covered,
}

impl Words {
    /// The sentence about this many findings.
    pub fn counted(&self, count: usize) -> &'static str {
        if count == 1 { self.findings_one } else { self.findings_count }
    }

    /// A term of the JSON in words; itself where the table has none, so that a new
    /// term shows as its code and never as nothing.
    pub fn term<'a>(&self, term: &'a str) -> &'a str
    where
        'static: 'a,
    {
        self.terms.iter().find(|(key, _)| *key == term).map_or(term, |(_, words)| words)
    }
}

/// `sentence` with its `{}` filled in order.
pub fn fill(sentence: &str, values: &[&dyn std::fmt::Display]) -> String {
    let mut filled = String::new();
    let mut parts = sentence.split("{}");
    filled.push_str(parts.next().unwrap_or_default());
    let mut values = values.iter();
    for part in parts {
        if let Some(value) = values.next() {
            filled.push_str(&value.to_string());
        }
        filled.push_str(part);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_have_the_same_places_to_fill_and_the_same_terms() {
        for ((field, en), (_, zh)) in en::WORDS.sentences().into_iter().zip(zh::WORDS.sentences()) {
            assert_eq!(en.matches("{}").count(), zh.matches("{}").count(), "{field}");
            assert!(!en.is_empty() && !zh.is_empty(), "{field}");
        }
        let keys = |words: &Words| words.terms.iter().map(|(key, _)| *key).collect::<Vec<_>>();
        assert_eq!(keys(&en::WORDS), keys(&zh::WORDS));
    }

    #[test]
    fn a_sentence_is_filled_in_order() {
        assert_eq!(fill("{} of {}", &[&3, &"x"]), "3 of x");
        assert_eq!(fill("none", &[&3]), "none");
    }
}
