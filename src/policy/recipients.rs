//! Recipients named only by kind ("第三方一键登录SDK"), and "partners and other third parties".

use std::ops::Range;

use super::block::{Block, Kind};
use super::entry::span;
use super::fold::{Folded, fold};
use super::lexicon::Lexicon;
use super::model::{CatchAll, CategoryDisclosure, DataItem};
use super::names::Names;
use super::{clauses, sentences, subjects, terms};
use crate::evidence::Span;

/// What was found, and in which sentences (block, offset).
#[derive(Default)]
pub struct Found {
    /// By kind.
    pub categories: Vec<CategoryDisclosure>,
    /// Everybody.
    pub catch_all: Vec<CatchAll>,
    /// Sentences that are about a recipient by kind.
    pub sentences: Vec<(usize, usize)>,
}

/// Reads the sentences that name nobody.
pub fn read(blocks: &[Block], used: &[bool], taken: &sentences::Places, lexicon: &Lexicon, names: &Names<'_>) -> Found {
    let mut found = Found::default();
    for (at, block) in blocks.iter().enumerate() {
        if used.get(at).copied().unwrap_or_default() || block.table().is_some() {
            continue;
        }
        for sentence in subjects::statements(&block.text, lexicon, names) {
            if taken.contains(&(at, sentence.start)) {
                continue;
            }
            // "We do not give anyone your IMEI, but we share your OAID with our partners."
            let denies_sharing = lexicon.says("denial-sharing", &fold(sentence.text));
            let mut any = false;
            for (offset, text) in clauses::contrasting(lexicon, sentence.text) {
                let part = sentences::Sentence { text, start: sentence.start + offset };
                any |= reads(&part, &sentence, (at, blocks, used), lexicon, names, &mut found);
            }
            if any && !denies_sharing {
                found.sentences.push((at, sentence.start));
            }
        }
    }
    found
}

/// Reads a part of a sentence; `true` where it is about somebody.
fn reads(
    part: &sentences::Sentence<'_>,
    sentence: &sentences::Sentence<'_>,
    (at, blocks, used): (usize, &[Block], &[bool]),
    lexicon: &Lexicon,
    names: &Names<'_>,
    found: &mut Found,
) -> bool {
    let Some(block) = blocks.get(at) else { return false };
    let folded = Folded::new(part.text);
    let text = folded.text.as_str();
    if lexicon.says("history", text) {
        return false;
    }
    let place = span(block.source, block.line, block.end_line, sentence.text);
    let denied = lexicon.says("denial-sharing", text) || clauses::denial(lexicon, text).is_some();
    // "Our advertising partners may collect:", and then the items.
    let last = part.start + part.text.len() >= block.text.trim_end().len();
    let below = if last { items_below(blocks, at, used, lexicon, names) } else { Vec::new() };
    if category(part, &folded, &place, &below, lexicon, names, denied, found) {
        return true;
    }
    if denied {
        return false;
    }
    let caught = lexicon.captures("catch-all", text).into_iter().next();
    let Some((name, whole, data)) = caught.and_then(|c| Some((c.name("name")?, c.whole(), c.name("data")))) else {
        return false;
    };
    let words = |range: Range<usize>| folded.slice(range.start, range.end, part.text);
    let ids = |range: Range<usize>| terms::ids(&terms::read(lexicon, words(range)));
    let mut data = data.map(|data| ids(data.range())).unwrap_or_default();
    if data.is_empty() {
        data = ids(whole.range());
    }
    let recipients = words(name.range()).trim().to_owned();
    found.catch_all.push(CatchAll { recipients, data, lines: vec![place.line], spans: vec![place] });
    true
}

/// The items right below a block that are about nobody by name, with their places.
fn items_below<'b>(
    blocks: &'b [Block],
    at: usize,
    used: &[bool],
    lexicon: &Lexicon,
    names: &Names<'_>,
) -> Vec<(usize, &'b Block)> {
    let free = |at: usize| !used.get(at).copied().unwrap_or_default();
    let item = |block: &Block| matches!(block.kind, Kind::Item(_));
    let below = blocks.iter().enumerate().skip(at + 1).take_while(|(at, block)| item(block) && free(*at));
    let own = |block: &Block| lexicon.says("first-party", &fold(&block.text));
    below.take_while(|(_, block)| !own(block) && !subjects::is_anothers(&block.text, lexicon, names)).collect()
}

#[expect(clippy::too_many_arguments, reason = "what a sentence is read by, and where it stands")]
fn category(
    sentence: &sentences::Sentence<'_>,
    folded: &Folded,
    place: &Span,
    below: &[(usize, &Block)],
    lexicon: &Lexicon,
    names: &Names<'_>,
    denied: bool,
    found: &mut Found,
) -> bool {
    let mut any = false;
    for captures in lexicon.captures("category-collects", &folded.text) {
        let (Some(name), Some(data)) = (captures.name("name"), captures.name("data")) else { continue };
        let words = folded.slice(name.start(), name.end(), sentence.text).trim().to_owned();
        let (bare, bracketed) = apart(&words);
        if denied || names.is_known(&bare) {
            continue;
        }
        let below = if data.as_str().is_empty() { below } else { &[] };
        let mut found_terms = terms::read(lexicon, folded.slice(data.start(), data.end(), sentence.text));
        found_terms.extend(below.iter().flat_map(|(_, block)| terms::read(lexicon, &block.text)));
        let data_ids = terms::ids(&found_terms);
        let mut ids: Vec<String> = Vec::new();
        for category in lexicon.categories(&fold(&bare)) {
            if !ids.iter().any(|i| i == category.id) {
                ids.push(category.id.to_owned());
            }
        }
        if ids.is_empty() || data_ids.is_empty() {
            continue;
        }
        any = true;
        for (at, block) in below {
            let statements = subjects::statements(&block.text, lexicon, names);
            found.sentences.extend(statements.iter().map(|statement| (*at, statement.start)));
        }
        let examples = bracketed
            .iter()
            .flat_map(|name| names.products(lexicon, name, "", &words, &[]).into_iter().take(1))
            .collect();
        found.categories.push(CategoryDisclosure {
            category: words,
            categories: ids,
            examples,
            data: data_ids,
            data_items: found_terms
                .iter()
                .filter(|t| !t.denied)
                .map(|t| DataItem {
                    data_type: t.data_type.clone(),
                    raw: t.raw.clone(),
                    span: Span { quote: t.raw.clone(), ..place.clone() },
                })
                .collect(),
            lines: vec![place.line],
            spans: vec![place.clone()],
        });
    }
    any
}

/// The words without brackets, and what the brackets hold.
fn apart(words: &str) -> (String, Vec<String>) {
    let (mut bare, mut inner, mut open) = (String::new(), Vec::new(), None::<String>);
    for c in words.chars() {
        match (c, &mut open) {
            ('【' | '[' | '(' | '（' | '「' | '“', None) => open = Some(String::new()),
            ('】' | ']' | ')' | '）' | '」' | '”', Some(_)) => inner.extend(open.take()),
            (c, Some(text)) => text.push(c),
            (c, None) => bare.push(c),
        }
    }
    (bare, inner)
}
