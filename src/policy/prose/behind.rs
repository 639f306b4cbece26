//! "Sunny Weather uses A, a service of Some Company, and B, to show ads": whoever is known behind words
//! after which third parties stand, where no other reader takes the sentence apart.

use super::super::fold::{Folded, fold, key};
use super::super::lexicon::Lexicon;
use super::super::names::Names;
use super::naming::{is_name, names_nobody};
use super::several::Reading;
use super::statements::Statement;
use super::{Found, LONGEST_NAME};

/// Words of a name that nobody knows.
const MOST_WORDS: usize = 4;

/// Declares them; `true` where there are some. What they get is not said here.
pub fn read(reading: &Reading<'_>, found: &mut Found) -> bool {
    let Reading { lexicon, names, .. } = *reading;
    // A semicolon ends a sentence as a point does.
    let text = reading.folded.text.trim_end_matches([';', ' ']);
    if lexicon.says("denial", text) || lexicon.says("no-use", text) {
        return false;
    }
    let called = lexicon.captures("names-follow", text).into_iter().find_map(|captures| {
        let who = captures.name("who").map(|m| reading.words(m.range())).unwrap_or_default();
        let undone = lexicon.says("undone", &format!("{} ", fold(who)));
        // What another third party uses is its own affair.
        let theirs = names.holds_known(who) || lexicon.says("somebody-else", &fold(who));
        let names = captures.name("names").filter(|_| !undone && !theirs)?;
        let others = lexicon.says("third-partys", text);
        Some(called(reading.words(names.range()), others, lexicon, reading.names))
    });
    let called = called.unwrap_or_default();
    for name in &called {
        let raw = reading.sentence.text.trim().to_owned();
        found.statements.push(Statement { declares: true, raw, ..reading.about((*name).to_owned()) });
    }
    !called.is_empty()
}

/// Declares those that are known and stand in a sentence of which another reader took only a part:
/// "We use A to keep your photos and B to guard our servers".
pub fn more(reading: &Reading<'_>, before: usize, found: &mut Found) {
    let from = found.statements.len();
    read(reading, found);
    let said: Vec<String> = found
        .statements
        .get(before..from)
        .unwrap_or_default()
        .iter()
        .flat_map(|s| s.names.iter().map(|n| key(n)))
        .collect();
    let mut at = 0;
    found.statements.retain(|statement| {
        at += 1;
        let new = |name: &String| reading.names.is_known(name) && !said.iter().any(|told| told.contains(&key(name)));
        at <= from || statement.names.iter().all(new)
    });
}

/// The names among some words: those that are known, and before what they are for also those that only
/// look like one, where one is known or all are `others`, somebody else's.
pub fn called<'t>(words: &'t str, others: bool, lexicon: &Lexicon, names: &Names<'_>) -> Vec<&'t str> {
    let folded = Folded::new(words);
    let text = folded.text.as_str();
    let why = lexicon.phrase("what-for", text).map_or(text.len(), |(found, _)| found.start());
    let mut parts: Vec<(&str, bool)> = Vec::new();
    let mut from = 0;
    for cut in lexicon.matches("between-names", text).into_iter().chain(std::iter::once(text.len()..text.len())) {
        if cut.start >= from {
            let part = folded.slice(from, cut.start, words).trim().trim_end_matches('.');
            let part = part.strip_prefix("the ").or(part.strip_prefix("The ")).unwrap_or(part).trim();
            // "From the Some API".
            let part = part.strip_suffix(" API").unwrap_or(part);
            parts.push((part, from < why));
        }
        from = from.max(cut.end);
    }
    let known = |part: &str| names.is_known(part) && !names_nobody(part, lexicon, names);
    let others = others || parts.iter().any(|(part, _)| known(part));
    let fits = |(part, before): &(&str, bool)| known(part) || *before && others && is_title(part, lexicon, names);
    let called = parts.into_iter().filter(|part| part.0.chars().count() <= LONGEST_NAME && fits(part));
    called.map(|(part, _)| part).collect()
}

/// Some words that all begin with a capital, and are somebody's name by their looks.
pub fn is_title(part: &str, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    let mut words = part.split_whitespace();
    part.split_whitespace().count() <= MOST_WORDS
        && words.all(|word| word.starts_with(|c: char| c.is_ascii_uppercase()))
        && is_name(part, lexicon, names)
        && !lexicon.says("legal-form-alone", &fold(part))
}
