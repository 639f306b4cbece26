//! Words of data to types, as a careful reader takes them.
//!
//! A purpose is no data ("用于识别设备型号"), a general word right before its own
//! identifier only describes it ("设备标识OAID"), what a clause denies is denied.

use super::fold::{Folded, is_cjk};
use super::lexicon::Lexicon;

/// A data type that the text names.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Type id.
    pub data_type: String,
    /// The words as they stand.
    pub raw: String,
    /// Byte offset in the text.
    pub start: usize,
    /// End offset.
    pub end: usize,
    /// The clause says that this is not collected.
    pub denied: bool,
    /// The clause says so with an exception or condition: the words of it.
    pub conditional: Option<String>,
}

/// Types that are a handset's or an app's own identifiers: the words before them
/// describe them.
const IDENTIFIERS: [&str; 13] =
    ["imei", "meid", "imsi", "iccid", "oaid", "vaid", "aaid", "gaid", "idfa", "idfv", "android_id", "mac", "bssid"];

/// The type is an identifier of a device, a card or an app.
pub fn is_identifier(data_type: &str) -> bool {
    IDENTIFIERS.contains(&data_type) || matches!(data_type, "device_id" | "serial" | "ssid" | "ip")
}

/// The types that `text` names, each mention, in order; purposes left out.
pub fn read(lexicon: &Lexicon, text: &str) -> Vec<Term> {
    read_with(lexicon, text, true)
}

/// As [`read`]; `purposes` false keeps what a purpose names.
pub fn read_with(lexicon: &Lexicon, text: &str, cut_purposes: bool) -> Vec<Term> {
    let folded = Folded::words(text);
    let clauses = clauses(lexicon, text);
    let mut terms: Vec<Term> = Vec::new();
    let found = lexicon.data(&folded.text);
    for (index, word) in found.iter().enumerate() {
        if word.id == "none" {
            continue;
        }
        let range = folded.range(word.start, word.end, text);
        if let Some(next) = found.get(index + 1)
            && next.id != word.id
            && matches!(word.id, "device_id" | "serial")
            && IDENTIFIERS.contains(&next.id)
            && folded.text.get(word.end..next.start).is_some_and(|gap| gap.trim().is_empty())
            && folded.text.get(word.start..word.end).is_some_and(|w| w.chars().all(is_cjk))
        {
            continue;
        }
        let clause = clauses
            .get(clauses.partition_point(|c| c.range.end <= range.start))
            .filter(|c| c.range.contains(&range.start));
        if cut_purposes && clause.is_some_and(|c| c.circumstance || c.purpose.is_some_and(|at| range.start >= at)) {
            continue;
        }
        terms.push(Term {
            data_type: word.id.to_owned(),
            raw: text.get(range.clone()).unwrap_or_default().to_owned(),
            start: range.start,
            end: range.end,
            denied: clause.is_some_and(|c| c.denied.is_some_and(|at| range.start >= at)),
            conditional: clause.and_then(|c| c.conditional.clone()),
        });
    }
    terms
}

/// What a text says of personal information as such in a clause that denies: `None`, it
/// says nothing of the kind; else the words of the exception, if there is one.
pub fn denies_all(lexicon: &Lexicon, text: &str) -> Option<Option<String>> {
    clauses(lexicon, text).into_iter().find_map(|clause| {
        let words = text.get(clause.range.clone())?;
        let reaches = clause.denied.is_some() || clause.conditional.is_some();
        (reaches && lexicon.says("denies-all", &Folded::new(words).text)).then_some(clause.conditional)
    })
}

/// The type ids of terms that are not denied, each once, in order.
pub fn ids(terms: &[Term]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for term in terms.iter().filter(|t| !t.denied && t.conditional.is_none()) {
        if !ids.contains(&term.data_type) {
            ids.push(term.data_type.clone());
        }
    }
    ids
}

struct Clause {
    range: std::ops::Range<usize>,
    /// Where its purpose begins.
    purpose: Option<usize>,
    /// Where its denial begins.
    denied: Option<usize>,
    conditional: Option<String>,
    /// It says when something happens ("when you register an account,"), not what is collected.
    circumstance: bool,
}

/// Clauses end at commas outside brackets, at the ends of sentences, and where a
/// contrast begins ("not the IMEI but …").
fn clauses(lexicon: &Lexicon, text: &str) -> Vec<Clause> {
    let mut ranges = Vec::new();
    let mut depth = 0usize;
    let mut start = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '（' | '[' | '【' => depth += 1,
            ')' | '）' | ']' | '】' => depth = depth.saturating_sub(1),
            '。' | ';' | '；' | '\n' => {
                ranges.push(start..at);
                start = at + c.len_utf8();
                depth = 0;
            }
            ',' | '，' if depth == 0 => {
                ranges.push(start..at);
                start = at + c.len_utf8();
            }
            '.' if text.get(at + 1..).is_some_and(|r| r.is_empty() || r.starts_with(' ')) => {
                ranges.push(start..at);
                start = at + 1;
                depth = 0;
            }
            _ => {}
        }
    }
    ranges.push(start..text.len());
    let ranges: Vec<_> = ranges.into_iter().flat_map(|range| contrasts(lexicon, text, range)).collect();
    let mut out: Vec<Clause> = Vec::new();
    // "Unless you …," before the clause that denies.
    let mut lead: Option<String> = None;
    for range in ranges {
        let words = text.get(range.clone()).unwrap_or_default();
        let folded = Folded::new(words);
        let at = |id: &str| {
            lexicon.phrase(id, &folded.text).map(|(m, _)| range.start + folded.range(m.start(), m.end(), words).start)
        };
        let denied = at("denial");
        let exception = lexicon.phrase("exception", &folded.text).map(|(m, _)| m.as_str().to_owned());
        let joined = |from: usize| text.get(from..range.start).is_some_and(|gap| matches!(gap, "," | "，"));
        if out.last().is_some_and(|last: &Clause| !joined(last.range.end)) {
            lead = None;
        }
        let circumstance = text.get(range.end..).is_some_and(|rest| rest.starts_with([',', '，']))
            && lexicon.says("circumstance", folded.text.trim())
            && !lexicon.says("collects", &folded.text);
        // What holds whenever the app is used is no condition.
        let exception = exception
            .or_else(|| (circumstance && !lexicon.says("always", &folded.text)).then(|| folded.text.trim().to_owned()));
        let contrasting = lexicon.says("contrast-begins", folded.text.trim());
        let purpose = purpose(lexicon, &folded).map(|at| range.start + folded.range(at, at + 1, words).start);
        let mut clause = Clause { purpose, denied, conditional: None, circumstance, range };
        if denied.is_some() {
            clause.conditional = exception.or_else(|| lead.clone());
        } else if let Some(last) = out.last_mut()
            && text.get(last.range.end..clause.range.start).is_some_and(|gap| matches!(gap, "," | "，"))
            && (last.denied.is_some() || last.conditional.is_some())
        {
            // "We do not collect A, B or C, unless …": an enumeration goes on being
            // denied until there is a new verb; an exception reaches back.
            if exception.is_some() && last.conditional.is_none() {
                for before in out.iter_mut().rev().take_while(|c| c.denied.is_some()) {
                    before.conditional = exception.clone();
                }
                clause.conditional = exception;
            } else if !contrasting && !lexicon.says("collects", &folded.text) && clause.purpose.is_none() {
                clause.denied = last.denied.map(|_| clause.range.start);
                clause.conditional = last.conditional.clone();
            }
        } else {
            lead = exception.or(lead);
        }
        out.push(clause);
    }
    for clause in &mut out {
        if clause.conditional.is_some() {
            clause.denied = None;
        }
    }
    out
}

/// `range`, cut where a contrast begins inside it.
fn contrasts(lexicon: &Lexicon, text: &str, range: std::ops::Range<usize>) -> Vec<std::ops::Range<usize>> {
    let words = text.get(range.clone()).unwrap_or_default();
    let folded = Folded::new(words);
    let cut = lexicon
        .phrase("contrast", &folded.text)
        .map(|(m, _)| range.start + folded.range(m.start(), m.end(), words).start)
        .filter(|at| *at > range.start);
    match cut {
        Some(at) => vec![range.start..at, at..range.end],
        None => vec![range],
    }
}

/// Where the purpose of a folded clause begins. One that stands before its verb ("为了推送
/// 会收集…", "to deliver messages we collect …") ends there, and what follows is collected.
fn purpose(lexicon: &Lexicon, folded: &Folded) -> Option<usize> {
    let from = lexicon.phrase("purpose-first", &folded.text).map_or(0, |(m, _)| m.end());
    let rest = folded.text.get(from..)?;
    lexicon.phrase("purpose", rest).map(|(m, _)| from + m.start())
}
