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
pub fn read(
    blocks: &[Block],
    used: &[bool],
    denied: &[bool],
    taken: &sentences::Places,
    lexicon: &Lexicon,
    names: &Names<'_>,
) -> Found {
    let mut reader = Reader { blocks, used, denied, lexicon, names, found: Found::default() };
    for (at, block) in blocks.iter().enumerate() {
        if used.get(at).copied().unwrap_or_default() || block.table().is_some() {
            continue;
        }
        let statements = subjects::statements(&block.text, lexicon, names);
        let headed = statements.first().and_then(|first| kind_alone(first.text, lexicon));
        for sentence in statements {
            if !taken.contains(&(at, sentence.start)) {
                reader.sentence(at, &sentence, headed);
            }
        }
    }
    reader.found
}

/// Goes through the sentences.
struct Reader<'r> {
    blocks: &'r [Block],
    used: &'r [bool],
    /// Blocks below "we do not:".
    denied: &'r [bool],
    lexicon: &'r Lexicon,
    names: &'r Names<'r>,
    found: Found,
}

/// A part of a sentence: all of it, or one side of a contrast.
struct Part<'p> {
    words: &'p str,
    folded: Folded,
    /// Of the whole sentence.
    place: Span,
    /// The sentence that stands first in the block, where it is a kind of recipients and nothing else.
    headed: Option<&'p str>,
    /// The items below, where the part is the last before them.
    below: Vec<(usize, &'p Block)>,
}

impl<'p> Part<'p> {
    fn slice(&self, range: Range<usize>) -> &'p str {
        self.folded.slice(range.start, range.end, self.words)
    }
}

impl<'r> Reader<'r> {
    fn sentence(&mut self, at: usize, sentence: &sentences::Sentence<'r>, headed: Option<&'r str>) {
        let (lexicon, blocks) = (self.lexicon, self.blocks);
        let Some(block) = blocks.get(at) else { return };
        // "We do not give anyone your IMEI, but we share your OAID with our partners."
        let denies_sharing = lexicon.says("denial-sharing", &fold(sentence.text));
        let mut any = false;
        for (offset, words) in clauses::contrasting(lexicon, sentence.text) {
            let folded = Folded::new(words);
            let text = folded.text.as_str();
            let denied = lexicon.says("denial-sharing", text)
                || clauses::denial(lexicon, text).is_some()
                // "We do not: share your scores with third parties".
                || self.denied.get(at).copied().unwrap_or_default() && lexicon.says("begins-with-giving", text.trim());
            if denied || lexicon.says("history", text) || lexicon.says("would-be-given", text.trim()) {
                continue;
            }
            // "Our advertising partners may collect:", and then the items.
            let last = sentence.start + offset + words.len() >= block.text.trim_end().len();
            let below = if last { self.items_below(at) } else { Vec::new() };
            let place = span(block.source, block.line, block.end_line, sentence.text);
            let part = Part { words, folded, place, headed, below };
            any |= self.category(&part) || self.catch_all(&part);
        }
        if any && !denies_sharing {
            self.found.sentences.push((at, sentence.start));
        }
    }

    /// The items right below a block that are about nobody by name, with their places.
    fn items_below(&self, at: usize) -> Vec<(usize, &'r Block)> {
        let (lexicon, names) = (self.lexicon, self.names);
        let free = |at: usize| !self.used.get(at).copied().unwrap_or_default();
        let item = |block: &Block| matches!(block.kind, Kind::Item(_));
        let below = self.blocks.iter().enumerate().skip(at + 1).take_while(|(at, block)| item(block) && free(*at));
        let own = |block: &Block| lexicon.says("first-party", &fold(&block.text));
        below.take_while(|(_, block)| !own(block) && !subjects::is_anothers(&block.text, lexicon, names)).collect()
    }

    /// Takes the kinds that a part says get something; `true` where there are some.
    fn category(&mut self, part: &Part<'_>) -> bool {
        let (lexicon, names) = (self.lexicon, self.names);
        let mut any = false;
        let text = part.folded.text.as_str();
        let those = lexicon.captures("category-those", text).into_iter().filter(|_| part.headed.is_some());
        for captures in lexicon.captures("category-collects", text).into_iter().chain(those) {
            let named = captures.name("name").map(|name| part.slice(name.range()));
            let (Some(name), Some(data)) = (named.or(part.headed), captures.name("data")) else { continue };
            let words = name.trim().to_owned();
            let (bare, bracketed) = apart(&words);
            if names.is_known(&bare) {
                continue;
            }
            let below = if data.as_str().is_empty() { part.below.as_slice() } else { &[] };
            let mut found_terms = terms::read(lexicon, part.slice(data.range()));
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
                self.found.sentences.extend(statements.iter().map(|statement| (*at, statement.start)));
            }
            let examples = bracketed
                .iter()
                .flat_map(|name| names.products(lexicon, name, "", &words, &[]).into_iter().take(1))
                .collect();
            let item = |term: &terms::Term| DataItem {
                data_type: term.data_type.clone(),
                raw: term.raw.clone(),
                span: Span { quote: term.raw.clone(), ..part.place.clone() },
            };
            self.found.categories.push(CategoryDisclosure {
                category: words,
                categories: ids,
                examples,
                data: data_ids,
                data_items: found_terms.iter().filter(|term| !term.denied).map(item).collect(),
                lines: vec![part.place.line],
                spans: vec![part.place.clone()],
            });
        }
        any
    }

    /// Takes "partners and other third parties"; `true` where a part says that they get something.
    fn catch_all(&mut self, part: &Part<'_>) -> bool {
        let caught = self.lexicon.captures("catch-all", &part.folded.text).into_iter().next();
        let Some((name, whole, data)) = caught.and_then(|c| Some((c.name("name")?, c.whole(), c.name("data")))) else {
            return false;
        };
        let ids = |range: Range<usize>| terms::ids(&terms::read(self.lexicon, part.slice(range)));
        let mut data = data.map(|data| ids(data.range())).unwrap_or_default();
        if data.is_empty() {
            data = ids(whole.range());
        }
        let recipients = part.slice(name.range()).trim().to_owned();
        let (lines, spans) = (vec![part.place.line], vec![part.place.clone()]);
        self.found.catch_all.push(CatchAll { recipients, data, lines, spans });
        true
    }
}

/// Longest sentence, in characters, that is only a kind.
const LONGEST_KIND: usize = 24;

/// `广告类合作伙伴。`, before what these get: the kind.
fn kind_alone<'t>(sentence: &'t str, lexicon: &Lexicon) -> Option<&'t str> {
    let words = super::sections::without_number(sentence).trim().trim_end_matches(['。', '.']);
    let folded = fold(words);
    let kind = lexicon.says("kind-of-party", &folded) && !lexicon.categories(&folded).is_empty();
    (kind && words.chars().count() <= LONGEST_KIND && !words.contains(['，', ',', '：', ':'])).then_some(words)
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
