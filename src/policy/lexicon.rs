//! The vocabulary made ready: words to find, phrases compiled.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};

use super::fold::{Folded, columns, fold, is_cjk};
use super::phrase::{self, Captures, Match, Phrases};
use crate::signatures::Signatures;

/// Columns of a third-party table, labels of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// The company.
    Company,
    /// The product.
    Product,
    /// A company or a product.
    Party,
    /// Data.
    Data,
    /// Data that is not collected.
    Denied,
    /// Purpose.
    Purpose,
    /// Scenario.
    Scenario,
    /// Method.
    Method,
    /// Privacy policy.
    Link,
    /// Home page.
    Website,
    /// Permissions.
    Permissions,
    /// Package names.
    Package,
    /// Known, and nothing to us.
    Other,
}

impl Column {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "company" => Self::Company,
            "product" => Self::Product,
            "party" => Self::Party,
            "data" => Self::Data,
            "denied" => Self::Denied,
            "purpose" => Self::Purpose,
            "scenario" => Self::Scenario,
            "method" => Self::Method,
            "link" => Self::Link,
            "website" => Self::Website,
            "permissions" => Self::Permissions,
            "package" => Self::Package,
            "other" => Self::Other,
            _ => return None,
        })
    }
}

/// A word found.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// What the word stands for.
    pub id: &'a str,
    /// Where it begins in the folded text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// Begins a word of the vocabulary that means something only by itself: `=电话` is a phone
/// number in `姓名、电话`, not in `电话权限`.
const WHOLE: char = '=';

/// Longest head of a column that is looked up, in columns of text ([`columns`]); longer ones are sentences.
const LONGEST_HEAD: usize = 80;
/// Longest head in which shorter ones are searched, in characters: a sentence holds many words that are heads.
const LONGEST_SEARCHED: usize = 24;

/// Words of one table of the vocabulary.
#[derive(Debug)]
struct Words {
    automaton: Option<AhoCorasick>,
    /// The id of each word, in the automaton's order.
    ids: Vec<String>,
    /// A word has CJK in it or is an identifier in capitals: it may stand glued to another.
    glues: Vec<bool>,
    /// Written with [`WHOLE`]: it counts only as a whole member of an enumeration.
    whole: Vec<bool>,
}

/// The vocabulary made ready.
#[derive(Debug)]
pub struct Lexicon {
    data: Words,
    categories: Words,
    headers: BTreeMap<String, Column>,
    /// The same as a list, and what finds its words.
    heads: Vec<(String, Column)>,
    heads_automaton: Option<AhoCorasick>,
    phrases: BTreeMap<String, Phrases>,
    /// The umbrellas that each type stands under.
    umbrellas: BTreeMap<String, Vec<String>>,
}

impl Lexicon {
    /// Of the signatures' vocabulary and types. A phrase that is no regular expression is
    /// left out; the check of the signatures names it.
    pub fn new(signatures: &Signatures) -> Self {
        let vocabulary = &signatures.vocabulary;
        let above = |id: &str| signatures.types.umbrellas(id).into_iter().map(str::to_owned).collect();
        let umbrellas = vocabulary.data.iter().map(|t| (t.data_type.clone(), above(&t.data_type))).collect();
        let data = vocabulary.data.iter().flat_map(|t| t.words.iter().map(|w| (t.data_type.clone(), w.clone())));
        let data =
            data.chain(shortened(vocabulary.data.iter().flat_map(|t| t.words.iter().map(|w| (&t.data_type, w)))));
        let categories = vocabulary.categories.iter().flat_map(|c| c.words.iter().map(|w| (c.id.clone(), w.clone())));
        let mut headers = BTreeMap::new();
        for term in &vocabulary.headers {
            if let Some(column) = Column::of(&term.column) {
                headers.extend(term.words.iter().map(|w| (fold(w), column)));
            }
        }
        let mut phrases: BTreeMap<String, Phrases> = BTreeMap::new();
        for phrase in vocabulary.phrases.iter().filter(|phrase| !phrase.id.starts_with("part:")) {
            let made = phrases.entry(phrase.id.clone()).or_default();
            phrase.patterns.iter().for_each(|pattern| made.put(vocabulary.whole(pattern), phrase.value.clone()));
        }
        let heads: Vec<(String, Column)> = headers.iter().map(|(word, column)| (word.clone(), *column)).collect();
        let heads_automaton = AhoCorasick::new(heads.iter().map(|(word, _)| word)).ok();
        let (data, categories) = (Words::new(data), Words::new(categories));
        Self { data, categories, headers, heads, heads_automaton, phrases, umbrellas }
    }

    /// Data words in text folded by [`Folded::words`], longest first, none inside another.
    pub fn data<'a>(&'a self, folded: &str) -> Vec<Found<'a>> {
        self.data.find(folded)
    }

    /// The type `whole` is an umbrella of `part`.
    pub fn contains(&self, whole: &str, part: &str) -> bool {
        self.umbrellas.get(part).is_some_and(|above| above.iter().any(|id| id == whole))
    }

    /// Categories in folded text.
    pub fn categories<'a>(&'a self, text: &str) -> Vec<Found<'a>> {
        self.categories.find(&Folded::words(text).text)
    }

    /// The column that a head or label names.
    pub fn column(&self, head: &str) -> Option<Column> {
        let folded = fold(head.trim().trim_matches(['*', ':', '：', '.', '、', ' ']));
        if folded.is_empty() || columns(&folded) > LONGEST_HEAD {
            return None;
        }
        if let Some(column) = self.headers.get(&folded) {
            return Some(*column);
        }
        // `公司名称 Company Name`: the same in two languages.
        if let Some(column) = first_language(&folded).and_then(|own| self.headers.get(own)) {
            return Some(*column);
        }
        // Without what stands in brackets, then the longest word inside.
        let bare = folded.split(['(', '[', '【']).next().unwrap_or_default().trim().to_owned();
        if let Some(column) = self.headers.get(&bare) {
            return Some(*column);
        }
        if bare.chars().count() > LONGEST_SEARCHED {
            return None;
        }
        let words: Vec<(usize, usize, Column)> = self
            .heads_in(&bare)
            .into_iter()
            .filter(|(word, _, _)| word.chars().count() >= 2)
            .filter_map(|(word, at, column)| {
                let ends_word = |c: Option<char>| c.is_none_or(|c| is_cjk(c) || !c.is_alphanumeric());
                let ascii = word.is_ascii();
                let before = bare.get(..at).and_then(|t| t.chars().next_back());
                let after = bare.get(at + word.len()..).and_then(|t| t.chars().next());
                let whole = !ascii || ends_word(before) && ends_word(after);
                whole.then_some((word.chars().count(), at + word.len(), column))
            })
            .collect();
        // The noun at the end says what the column is ("合作方类型"), if it is one of
        // those that names and data do not end with.
        let longest = words.iter().filter(|(_, end, _)| *end == bare.len()).map(|(len, _, _)| *len).max();
        let last = words.iter().filter(|(len, end, column)| {
            *end == bare.len()
                && Some(*len) == longest
                && matches!(
                    column,
                    Column::Purpose
                        | Column::Link
                        | Column::Method
                        | Column::Scenario
                        | Column::Other
                        | Column::Website
                )
                && !bare.ends_with("说明")
                && !bare.ends_with("信息类型")
        });
        last.max_by_key(|(len, _, _)| *len)
            .or_else(|| words.iter().max_by_key(|(len, end, _)| (*len, *end)))
            .map(|(_, _, column)| *column)
    }

    /// The words of heads that folded text holds, sorted, each with the last place it
    /// stands at and its column.
    pub fn heads_in<'a>(&'a self, folded: &str) -> Vec<(&'a str, usize, Column)> {
        let Some(automaton) = &self.heads_automaton else { return Vec::new() };
        let mut last: BTreeMap<usize, usize> = BTreeMap::new();
        for hit in automaton.find_overlapping_iter(folded) {
            last.insert(hit.pattern().as_usize(), hit.start());
        }
        let word = |(index, at): (usize, usize)| {
            let (word, column) = self.heads.get(index)?;
            Some((word.as_str(), at, *column))
        };
        last.into_iter().filter_map(word).collect()
    }

    /// The exact label words, for finding labels inside running text.
    pub fn labels(&self) -> &BTreeMap<String, Column> {
        &self.headers
    }

    /// The first match of a phrase in folded text, and the phrase's value.
    pub fn phrase<'t>(&self, id: &str, text: &'t str) -> Option<(Match<'t>, Option<&str>)> {
        let all = self.phrases.get(id)?.in_text(text);
        let found = all.filter_map(|(expression, value)| Some((phrase::find(expression, text)?, value)));
        found.min_by_key(|(found, _)| found.start())
    }

    /// All matches of a phrase in folded text, in order.
    pub fn matches(&self, id: &str, text: &str) -> Vec<std::ops::Range<usize>> {
        let expressions = self.phrases.get(id).into_iter().flat_map(|phrases| phrases.in_text(text));
        let mut found: Vec<_> = expressions.flat_map(|(re, _)| re.find_iter(text).map(|m| m.range())).collect();
        found.sort_unstable_by_key(|range| (range.start, range.end));
        found
    }

    /// A phrase occurs in folded text.
    pub fn says(&self, id: &str, text: &str) -> bool {
        self.phrases.get(id).is_some_and(|phrases| phrases.in_text(text).any(|(re, _)| re.is_match(text)))
    }

    /// Captures of the phrases with `id`, in the order of the file.
    pub fn captures<'t>(&self, id: &str, text: &'t str) -> Vec<Captures<'t>> {
        let expressions = self.phrases.get(id).into_iter().flat_map(|phrases| phrases.in_text(text));
        expressions.flat_map(|(expression, _)| phrase::captures(expression, text)).collect()
    }
}

/// The Chinese of a head that says the same in English behind it: `公司名称 Company Name`.
pub fn first_language(head: &str) -> Option<&str> {
    let at = head.char_indices().find(|(_, c)| c.is_ascii_alphabetic()).map(|(at, _)| at)?;
    let (own, other) = (head.get(..at)?.trim(), head.get(at..)?);
    (own.chars().count() >= 2 && own.chars().all(is_cjk) && other.is_ascii() && other.len() > 2).then_some(own)
}

/// "Payment info" is "payment information".
fn shortened<'a>(words: impl Iterator<Item = (&'a String, &'a String)>) -> impl Iterator<Item = (String, String)> {
    words.filter_map(|(id, word)| Some((id.clone(), format!("{} info", word.strip_suffix(" information")?))))
}

/// Nothing but a separator or a conjunction stands on either side.
fn is_member(text: &str, start: usize, end: usize) -> bool {
    let apart =
        |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() || matches!(c, '和' | '及' | '与' | '或' | '等'));
    // "您的短信": what belongs to the user begins a member too; "离开您的手机" is a place.
    const PLACE: [char; 5] = ['在', '至', '从', '于', '开'];
    let before = text.get(..start).unwrap_or_default();
    let mut owners = ["您的", "你的", "用户的"].iter().filter_map(|owner| before.strip_suffix(owner));
    let owned = owners.any(|verb| !verb.ends_with(PLACE));
    (owned || apart(before.chars().next_back())) && apart(text.get(end..).and_then(|t| t.chars().next()))
}

impl Words {
    fn new(words: impl Iterator<Item = (String, String)>) -> Self {
        let (mut patterns, mut ids, mut glues, mut whole) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (id, word) in words {
            let folded = Folded::words(word.trim_start_matches(WHOLE)).text;
            if folded.is_empty() {
                continue;
            }
            glues.push(folded.len() <= 10 && !matches!(folded.as_str(), "os" | "sn" | "ip" | "model" | "name" | "log"));
            patterns.push(folded);
            ids.push(id);
            whole.push(word.starts_with(WHOLE));
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&patterns).ok();
        Self { automaton, ids, glues, whole }
    }

    fn find<'a>(&'a self, text: &str) -> Vec<Found<'a>> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let letter = |c: char| c.is_ascii_alphanumeric();
        let edge_before = |at: usize| {
            let first = text.get(at..).and_then(|t| t.chars().next());
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            !(first.is_some_and(letter) && before.is_some_and(letter))
        };
        let edge_after = |at: usize| {
            let last = text.get(..at).and_then(|t| t.chars().next_back());
            let rest = text.get(at..).unwrap_or_default();
            if !last.is_some_and(letter) || !rest.starts_with(letter) {
                return true;
            }
            // English plural.
            rest.strip_prefix("es").or_else(|| rest.strip_prefix('s')).is_some_and(|r| !r.starts_with(letter))
        };
        // All matches; then those that begin at an edge or where an accepted identifier
        // ends ("android idmeid"), and end likewise.
        let mut all: Vec<(usize, usize, usize, bool)> = automaton
            .find_overlapping_iter(text)
            .map(|m| (m.start(), m.end(), m.pattern().as_usize(), edge_before(m.start())))
            .filter(|(start, end, pattern, _)| {
                !self.whole.get(*pattern).copied().unwrap_or_default() || is_member(text, *start, *end)
            })
            .collect();
        all.sort_unstable();
        let glue = |pattern: usize| self.glues.get(pattern).copied().unwrap_or_default();
        let mut left_ends = BTreeSet::new();
        for entry in &mut all {
            if !entry.3 && glue(entry.2) && left_ends.contains(&entry.0) {
                entry.3 = true;
            }
            if entry.3 && glue(entry.2) {
                left_ends.insert(entry.1);
            }
        }
        let mut right_starts = BTreeSet::new();
        let mut good: Vec<(usize, usize, usize)> = Vec::new();
        for (start, end, pattern, left) in all.iter().rev().copied() {
            let right = edge_after(end) || glue(pattern) && right_starts.contains(&end);
            if right && left {
                good.push((start, end, pattern));
                if glue(pattern) {
                    right_starts.insert(start);
                }
            }
        }
        good.sort_unstable_by_key(|(start, end, pattern)| (*start, usize::MAX - *end, *pattern));
        let mut found = Vec::new();
        let mut next = 0;
        for (start, end, pattern) in good {
            if start >= next
                && let Some(id) = self.ids.get(pattern)
            {
                found.push(Found { id, start, end });
                next = end;
            }
        }
        found
    }
}
