//! What a policy promises in general: where data is stored, encryption on the way,
//! consent before collection, transfer abroad.

use std::collections::BTreeMap;

use super::block::Block;
use super::fold::{Folded, fold, squeeze};
use super::lexicon::Lexicon;
use super::model::{Claims, CrossBorder, Quote, Remark};
use super::sentences;
use crate::evidence::Span;

/// The claims, where they stand, and what contradicts itself.
pub fn read(blocks: &[Block], used: &[bool], lexicon: &Lexicon) -> (Claims, BTreeMap<String, Vec<Quote>>, Vec<Remark>) {
    let mut claims = Claims::default();
    let mut places: BTreeMap<String, Vec<Quote>> = BTreeMap::new();
    let mut remarks = Vec::new();
    let (mut none, mut yes, mut maybe): (Vec<Quote>, Vec<Quote>, Vec<Quote>) = (Vec::new(), Vec::new(), Vec::new());
    for (at, block) in blocks.iter().enumerate() {
        if used.get(at).copied().unwrap_or_default() || block.table().is_some() || block.is_heading() {
            continue;
        }
        let all = sentences::split(&block.text);
        for sentence in &all {
            let folded = Folded::new(sentence.text);
            let text = folded.text.as_str();
            if lexicon.says("definition", text) {
                continue;
            }
            let quote = || Quote { quote: squeeze(sentence.text), line: block.line, source: block.source };
            let mut note = |key: &str| places.entry(key.to_owned()).or_default().push(quote());
            if let Some((_, value)) = lexicon.phrase("claim:storage_country", text)
                && !lexicon.says("exception-storage", text)
                && !lexicon.says("claim-not:storage_country", text)
            {
                note("storage_country");
                claims.storage_country = claims.storage_country.or(value.map(str::to_owned));
            }
            if lexicon.says("claim:transport_encryption", text)
                && !lexicon.says("claim-not:transport_encryption", text)
                && lexicon.says("encrypts", text)
            {
                note("transport_encryption");
                claims.transport_encryption = Some(true);
            }
            if lexicon.says("claim:consent_before_collection", text)
                && !lexicon.says("claim-not:consent_before_collection", text)
                && !lexicon
                    .says("claim-not:consent_before_collection", sentence_before(lexicon, &all, sentence).as_str())
            {
                note("consent_before_collection");
                claims.consent_before_collection = Some(true);
            }
            // Each clause of its own: "none now; if we do, with your consent" is "none".
            let mut none_here = false;
            for clause in text.split([',', ';', '。']) {
                if lexicon.says("claim:cross_border:no", clause) {
                    none_here = true;
                    if lexicon.says("claim:cross_border:lifted", text) {
                        maybe.push(quote());
                    } else {
                        none.push(quote());
                    }
                }
            }
            if !none_here && lexicon.says("claim:cross_border:yes", text) {
                let hypothetical = lexicon.says("claim:cross_border:hypothetical", text);
                if hypothetical {
                    maybe.push(quote());
                } else if lexicon.says("claim:cross_border:if", text) {
                    yes.push(quote());
                    maybe.push(quote());
                } else {
                    yes.push(quote());
                }
            }
        }
    }
    claims.cross_border = match (none.is_empty(), yes.is_empty(), maybe.is_empty()) {
        (false, true, _) => Some(CrossBorder::No),
        (false, false, _) => {
            let spans = none.iter().chain(&yes).map(place).collect();
            remarks.push(Remark {
                code: "claims-contradict".to_owned(),
                message: "one sentence says that no personal information leaves the country, another that it may"
                    .to_owned(),
                message_zh: "一处称个人信息不出境，另一处称可能出境".to_owned(),
                spans,
            });
            None
        }
        (true, false, true) => Some(CrossBorder::Yes),
        (true, _, false) => Some(CrossBorder::Conditional),
        (true, true, true) => None,
    };
    let mut quotes = none;
    quotes.extend(maybe);
    for quote in yes {
        if !quotes.contains(&quote) {
            quotes.push(quote);
        }
    }
    if !quotes.is_empty() {
        places.insert("cross_border".to_owned(), quotes);
    }
    (claims, places, remarks)
}

fn place(quote: &Quote) -> Span {
    Span { source: quote.source, line: quote.line, end_line: quote.line, quote: quote.quote.clone() }
}

/// The sentence before, folded, where this one leans on it ("In this case …").
fn sentence_before(lexicon: &Lexicon, all: &[sentences::Sentence<'_>], sentence: &sentences::Sentence<'_>) -> String {
    let leans = lexicon.says("leans-on-the-last", &fold(sentence.text));
    all.iter()
        .take_while(|s| s.start < sentence.start)
        .last()
        .filter(|_| leans)
        .map(|s| fold(s.text))
        .unwrap_or_default()
}
