//! How much could be read, and what could not.

use super::{recipient_name, type_name};
use crate::audit::{Report, contact_abroad_inactive};
use crate::report::language::{Language, fill};

/// What was seen, and what not.
pub struct Coverage {
    /// Percent of the sent bytes that could be read; none where nothing was sent.
    pub percent: Option<u64>,
    /// What that rests on, a sentence each.
    pub lines: Vec<String>,
    /// Streams that stayed closed: reason and number.
    pub closed: Vec<(String, u64)>,
    /// Payloads that SDKs sealed, a line each.
    pub sealed: Vec<String>,
    /// Slots for identifiers that hold none, a line each.
    pub withheld: Vec<String>,
    /// Gaps: reason, place and detail.
    pub gaps: Vec<(String, String, String)>,
    /// Checks that were not made, and why.
    pub not_checked: Vec<String>,
}

/// Coverage and gaps.
pub fn coverage(report: &Report, language: Language) -> Coverage {
    let words = language.words();
    let seen = &report.coverage;
    let percent = seen.percent();
    let mut lines = Vec::new();
    match percent {
        Some(percent) => {
            lines.push(fill(words.coverage_bytes, &[&seen.opened_bytes, &seen.total_bytes, &percent]));
            lines.push(fill(words.coverage_messages, &[&seen.opened_messages, &seen.total_messages]));
        }
        None => lines.push(words.coverage_nothing.to_owned()),
    }
    if seen.other_app_messages > 0 {
        lines.push(fill(words.coverage_other_apps, &[&seen.other_app_messages]));
    }
    if seen.unknown_app_messages > 0 && !report.session.isolation {
        lines.push(fill(words.coverage_unknown_app, &[&seen.unknown_app_messages]));
    }
    let sealed = report
        .sealed
        .iter()
        .map(|sealed| {
            let may: Vec<String> = sealed.may_contain.iter().map(|id| type_name(report, id, language)).collect();
            let whom = recipient_name(report, &sealed.recipient, language);
            let recipe = format!("{} ×{}", sealed.recipe, sealed.count);
            fill(words.sealed_line, &[&whom, &recipe, &may.join(words.and)])
                + " — "
                + language.told(&sealed.reason, &sealed.reason_zh)
        })
        .collect();
    let withheld = report
        .withheld
        .iter()
        .map(|slot| {
            let whom = recipient_name(report, &slot.recipient, language);
            let what = type_name(report, &slot.data_type, language);
            let instead = format!("placeholder:{}", slot.placeholder.as_str());
            fill(words.withheld_line, &[&whom, &what, &words.term(&instead), &slot.count])
        })
        .collect();
    let gaps = report
        .gaps
        .iter()
        .map(|gap| {
            let mut detail = language.of_gap(&gap.detail).into_owned();
            if gap.count > 1 {
                detail.push(' ');
                detail.push_str(&fill(words.gap_count, &[&gap.count]));
            }
            if gap.bytes > 0 {
                detail.push_str(language.comma());
                detail.push_str(&fill(words.gap_bytes, &[&gap.bytes]));
            }
            // A place, or whom what was not seen went to.
            let at = match report.recipients.contains_key(&gap.at) {
                true => recipient_name(report, &gap.at, language),
                false => language.of_gap(&gap.at).into_owned(),
            };
            (words.term(gap.reason.as_str()).to_owned(), at, detail)
        })
        .collect();
    let inactive = contact_abroad_inactive(report);
    let not_checked = inactive.map(|why| format!("contact-abroad{}{}", language.colon(), language.of(&why)));
    Coverage {
        percent,
        lines,
        closed: seen.closed.iter().map(|(reason, n)| (words.term(reason.as_str()).to_owned(), *n)).collect(),
        sealed,
        withheld,
        gaps,
        not_checked: not_checked.into_iter().collect(),
    }
}
