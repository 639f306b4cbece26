//! Names in an English text, by their capitals: "Some Company Ireland Ltd.", "Other Company (Some Product)".

use std::ops::Range;

use super::super::fold::fold;
use super::super::lexicon::Lexicon;
use super::super::names::Names;
use super::super::spelling::is_company;
use super::is_firm;

/// Words of the longest name: "Some Company Technologies (Country) Private Limited".
const MOST_WORDS: usize = 8;

/// Somebody who is named.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// The name.
    pub name: String,
    /// Who makes it, where the text says so beside it.
    pub company: Option<String>,
    /// Where the name stands.
    pub place: Range<usize>,
    /// What the brackets behind it hold.
    pub inside: Option<Range<usize>>,
    /// Where it ends, with its brackets.
    pub end: usize,
}

/// All who are named: names that are known, and companies by their legal form.
pub fn called(text: &str, lexicon: &Lexicon, names: &Names<'_>) -> Vec<Called> {
    let mut out: Vec<Called> = Vec::new();
    for run in runs(text, lexicon) {
        let mut at = 0;
        while at < run.len() {
            let found = (at + 1..=run.len().min(at + MOST_WORDS)).rev().find_map(|end| {
                let (from, to) = (run.get(at)?.start, run.get(end - 1)?.end);
                let place = name_at(text, from..to, names)?;
                Some((end, place))
            });
            let Some((end, place)) = found else {
                at += 1;
                continue;
            };
            at = end;
            // "Adjust your settings": a verb, though somebody is called so.
            if place.start == 0 && !text.get(..place.end).unwrap_or_default().contains(' ') && commands(text, place.end)
            {
                continue;
            }
            // The brackets behind the one before say more of it.
            if out.last().is_some_and(|last| place.start < last.end) {
                continue;
            }
            out.push(with_brackets(text, place, lexicon, names));
        }
    }
    out
}

/// The word before byte `at` bids the reader to do something with what stands behind it.
fn commands(text: &str, at: usize) -> bool {
    let next = text.get(at..).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    matches!(next.to_ascii_lowercase().as_str(), "your" | "the" | "a" | "an" | "how" | "this" | "these" | "any")
}

/// The name at a range, without what only stands beside it.
fn name_at(text: &str, range: Range<usize>, names: &Names<'_>) -> Option<Range<usize>> {
    let words = text.get(range.clone())?;
    let bare = words.trim_end_matches(['.', ',', ':', '!', '?', '*', '_']);
    let bare = bare.strip_suffix("'s").or(bare.strip_suffix("’s")).unwrap_or(bare);
    let bare = bare.trim_start_matches(['*', '_', '"', '“']);
    let start = range.start + words.find(bare)?;
    let firm = is_firm(bare) && bare.contains(' ');
    let long = bare.chars().count() > 1;
    let closed = bare.matches('(').count() == bare.matches(')').count();
    (long && closed && (firm || names.is_known(bare))).then(|| start..start + bare.len())
}

/// The name, and what the brackets behind it say: its maker, its product, or anything else.
fn with_brackets(text: &str, place: Range<usize>, lexicon: &Lexicon, names: &Names<'_>) -> Called {
    let name = text.get(place.clone()).unwrap_or_default().to_owned();
    let plain = Called { name: name.clone(), company: None, end: place.end, inside: None, place: place.clone() };
    // Markup and the point of a legal form stand between them.
    let rest = text.get(place.end..).unwrap_or_default();
    let open = rest.trim_start_matches(['.', '*', '_', ' ']);
    let Some(inner) = open.strip_prefix(['(', '（']) else { return plain };
    let Some(length) = closing(inner) else { return plain };
    let from = text.len() - inner.len();
    let inside = from..from + length;
    let end = inside.end + inner.get(length..).and_then(|t| t.chars().next()).map_or(0, char::len_utf8);
    let words = inner.get(..length).unwrap_or_default().trim();
    let whole = |words: &str| names.is_known(words) || is_company(words);
    if !names.is_product(&name) && names.is_product(words) && names.is_known(words) {
        return Called { name: words.to_owned(), company: Some(name), end, inside: None, place };
    }
    let company = whole(words).then(|| words.to_owned()).filter(|words| !lexicon.says("purpose", &fold(words)));
    Called { name, company, end, inside: Some(inside), place }
}

/// Bytes up to the bracket that closes.
fn closing(inner: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in inner.char_indices() {
        match c {
            '(' | '（' => depth += 1,
            ')' | '）' if depth == 0 => return Some(at),
            ')' | '）' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Words with a capital that stand beside each other, as byte ranges.
fn runs(text: &str, lexicon: &Lexicon) -> Vec<Vec<Range<usize>>> {
    let mut runs: Vec<Vec<Range<usize>>> = Vec::new();
    let mut open = false;
    for word in words(text) {
        let written = text.get(word.clone()).unwrap_or_default();
        let bare = written.trim_start_matches(['*', '_', '"', '“']);
        let capital = bare.chars().take_while(|c| c.is_alphanumeric()).any(char::is_uppercase)
            || open && bare == "&"
            // "Some Company, d/b/a Some Product".
            || bare.starts_with(char::is_uppercase);
        if !capital {
            open = false;
            continue;
        }
        let form = lexicon.says("legal-form-alone", &fold(bare.trim_end_matches(',')));
        match runs.last_mut().filter(|_| open) {
            Some(run) => run.push(word.clone()),
            None if form => {}
            None => runs.push(vec![word.clone()]),
        }
        // A comma ends a name unless its legal form follows.
        let next = text.get(word.end..).unwrap_or_default();
        let next = next.trim_start_matches([',', ' ']).split([' ', ',', ')', ';']).next().unwrap_or_default();
        let form_next = lexicon.says("legal-form-alone", &fold(next));
        let between = text.get(word.end..).unwrap_or_default();
        let ends = written.ends_with(['!', '?', ':'])
            || written.ends_with('.') && !form && !form_next
            || !(between.starts_with(' ') || between.starts_with(", ") && form_next);
        open = !ends;
    }
    runs
}

/// Words between spaces and marks, as byte ranges.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        let mark =
            c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '（' | '）' | '"' | '“' | '”' | '→' | '[' | ']');
        match (mark, start) {
            (true, Some(from)) => {
                out.push(from..at);
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    out.extend(start.map(|from| from..text.len()));
    out
}
