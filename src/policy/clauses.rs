//! Sentences to clauses: what is denied, under which condition, and what for.

use std::ops::Range;

use super::fold::{Folded, fold};
use super::lexicon::Lexicon;

/// A part of a sentence with a verb of its own, or one that goes on with the one before.
pub struct Clause {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// Its purpose, to its end, or to that of the brackets it stands in.
    pub purpose: Option<Range<usize>>,
    /// What of it is denied.
    pub denied: Option<Range<usize>>,
    /// The words of the exception or condition: then nothing of it is denied.
    pub conditional: Option<String>,
    /// It says when something happens ("when you register an account,"), not what is collected.
    pub circumstance: bool,
}

/// Clauses end at commas outside brackets, at the ends of sentences, and where a
/// contrast begins ("not the IMEI but …").
///
/// `data` are the places of the words of data in it.
pub fn clauses(lexicon: &Lexicon, text: &str, data: &[Range<usize>]) -> Vec<Clause> {
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
        let denied = denied(lexicon, text, &folded, range.clone(), data);
        let exception = exception(lexicon, &folded.text, denied.is_some());
        let joined = |from: usize| text.get(from..range.start).is_some_and(|gap| matches!(gap, "," | "，"));
        if out.last().is_some_and(|last: &Clause| !joined(last.range.end)) {
            lead = None;
        }
        let circumstance = text.get(range.end..).is_some_and(|rest| rest.starts_with([',', '，']))
            // "Location: after you allow it," names what it is about.
            && !folded.text.contains(':')
            && lexicon.says("circumstance", folded.text.trim())
            && !lexicon.says("collects", &folded.text);
        // What holds whenever the app is used is no condition.
        let exception = exception
            .or_else(|| (circumstance && !lexicon.says("always", &folded.text)).then(|| folded.text.trim().to_owned()));
        let contrasting = lexicon.says("contrast-begins", folded.text.trim());
        let purpose = purpose(lexicon, &folded).map(|at| range.start + folded.range(at, at + 1, words).start);
        let purpose = purpose.map(|at| at..bracket(text, range.clone(), at).map_or(range.end, |inside| inside.end));
        let mut clause = Clause { purpose, denied, conditional: None, circumstance, range };
        if clause.denied.is_some() {
            // What brackets deny has its condition in them, and then it is no denial.
            let after = clause.denied.as_ref().and_then(|denied| text.get(denied.end..)).unwrap_or_default();
            if !after.starts_with([')', '）', ']', '】']) {
                clause.conditional = exception.or_else(|| lead.clone());
            }
        } else if let Some(last) = out.last_mut()
            && text.get(last.range.end..clause.range.start).is_some_and(|gap| matches!(gap, "," | "，"))
            && (last.denied.as_ref().is_some_and(|d| d.end == last.range.end) || last.conditional.is_some())
        {
            // "We do not collect A, B or C, unless …": an enumeration goes on being
            // denied until there is a new verb; an exception reaches back.
            if exception.is_some() && last.conditional.is_none() {
                for before in out.iter_mut().rev().take_while(|c| c.denied.is_some()) {
                    before.conditional = exception.clone();
                }
                clause.conditional = exception;
            } else if !contrasting
                && (!lexicon.says("collects", &folded.text) || goes_on(lexicon, last, data, folded.text.trim()))
                && clause.purpose.is_none()
            {
                clause.denied = last.denied.as_ref().map(|_| clause.range.clone());
                clause.conditional = last.conditional.clone();
            }
        } else {
            // "We collect A if you sign in, and do not collect B": its condition is its own.
            let begins = exception.as_ref().is_some_and(|words| folded.text.trim().starts_with(words.as_str()));
            let names = data.iter().any(|d| clause.range.contains(&d.start));
            let own = !begins && names && lexicon.says("collects", &folded.text);
            lead = if own { None } else { exception.or(lead) };
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

/// What of a clause is denied: all from the verb on; from the beginning, where the verb is
/// the last word ("your IMEI is not collected"); in brackets no further than they go
/// ("OAID（不收集IMEI）、MAC").
fn denied(
    lexicon: &Lexicon,
    text: &str,
    folded: &Folded,
    range: Range<usize>,
    data: &[Range<usize>],
) -> Option<Range<usize>> {
    let words = text.get(range.clone())?;
    let verb = denial(lexicon, &folded.text)?;
    let place = folded.range(verb.start, verb.end, words);
    let place = range.start + place.start..range.start + place.end;
    let named = |within: Range<usize>| data.iter().any(|d| within.start <= d.start && d.end <= within.end);
    let bracket = bracket(text, range.clone(), place.start);
    // With a condition, brackets say when what stands before them is not collected.
    if bracket.clone().and_then(|b| text.get(b)).is_some_and(|inner| lexicon.says("exception", &fold(inner))) {
        return None;
    }
    let range = bracket.unwrap_or(range);
    if !named(place.start..range.end) && named(range.start..place.start) {
        // Of the words before it, what is no datum says whether something is done.
        let mut before = String::new();
        let mut from = range.start;
        for datum in data.iter().filter(|d| range.start <= d.start && d.end <= place.start) {
            before.push_str(text.get(from..datum.start).unwrap_or_default());
            before.push('、');
            from = datum.end;
        }
        before.push_str(text.get(from..place.start).unwrap_or_default());
        if !lexicon.says("collects", &fold(&before)) {
            return Some(range);
        }
    }
    Some(place.start..range.end)
}

/// Where folded text says that something is not done, and does not say so twice.
pub fn denial(lexicon: &Lexicon, folded: &str) -> Option<Range<usize>> {
    let twice = lexicon.matches("double-negation", folded);
    let mut found = lexicon.matches("denial", folded).into_iter();
    found.find(|m| !twice.iter().any(|twice| twice.start <= m.start && m.start < twice.end))
}

/// The innermost bracket of `range` that byte `at` of the text stands in.
fn bracket(text: &str, range: Range<usize>, at: usize) -> Option<Range<usize>> {
    let mut open = Vec::new();
    for (offset, c) in text.get(range.clone())?.char_indices() {
        let here = range.start + offset;
        match c {
            '(' | '（' | '[' | '【' => open.push(here),
            ')' | '）' | ']' | '】' => {
                if let Some(start) = open.pop()
                    && start < at
                    && at < here
                {
                    return Some(start..here);
                }
            }
            _ => {}
        }
    }
    None
}

/// The words that undo what all of a folded text denies: "your location, unless you turn it on".
pub fn undoing(lexicon: &Lexicon, folded: &str) -> Option<String> {
    lexicon.phrase("undoes-a-denial", folded).map(|(words, _)| words.as_str().to_owned())
}

/// The words of an exception. In a clause that denies nothing, what is taken out of a whole
/// before it is none.
fn exception(lexicon: &Lexicon, folded: &str, denies: bool) -> Option<String> {
    let out = if denies { Vec::new() } else { lexicon.matches("exclusion", folded) };
    let everybody = lexicon.matches("no-exception", folded);
    let found = lexicon.matches("exception", folded).into_iter();
    let found = found.filter(|m| !out.iter().any(|out| 0 < out.start && out.start <= m.start && m.end <= out.end));
    // "From children or anyone else" leaves nobody out.
    let mut found = found.filter(|m| !everybody.iter().any(|all| all.start <= m.start && m.end <= all.end));
    found.next().and_then(|m| folded.get(m)).map(str::to_owned)
}

/// "We do not access, read or store your contacts": the clause before names no data, this one
/// begins with the next verb.
fn goes_on(lexicon: &Lexicon, last: &Clause, data: &[Range<usize>], folded: &str) -> bool {
    let named = data.iter().any(|d| last.range.contains(&d.start));
    !named && lexicon.says("verb-of-enumeration", folded)
}

/// What a sentence sets against each other: "we do not sell your IMEI", "but we share your OAID".
pub fn contrasting<'t>(lexicon: &Lexicon, sentence: &'t str) -> impl Iterator<Item = (usize, &'t str)> + use<'t> {
    let parts = contrasts(lexicon, sentence, 0..sentence.len()).into_iter();
    parts.filter_map(|part| Some((part.start, sentence.get(part)?)))
}

/// `range`, cut where a contrast begins inside it.
fn contrasts(lexicon: &Lexicon, text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let words = text.get(range.clone()).unwrap_or_default();
    let folded = Folded::new(words);
    let cut = lexicon
        .phrase("contrast", &folded.text)
        .map(|(m, _)| range.start + folded.range(m.start(), m.end(), words).start)
        .filter(|at| *at > range.start)
        // "Including but not limited to": no turn.
        .filter(|at| !text.get(*at..).is_some_and(|rest| rest.trim_start().starts_with("but not limited")));
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
