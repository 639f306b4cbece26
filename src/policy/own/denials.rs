//! What is not collected, or shared with nobody.

use super::super::block::{Block, Kind};
use super::super::entry::span;
use super::super::fold::fold;
use super::super::lexicon::Lexicon;
use super::super::model::Denial;
use super::super::{clauses, sentences, terms};
use crate::evidence::Span;

/// The condition that a sentence behind the answer "no" gives: `不会。仅当您邀请好友时，才会读取。`
pub(super) fn lifted(behind: Option<&sentences::Sentence<'_>>, lexicon: &Lexicon) -> Option<String> {
    let words = behind?.text.trim();
    lexicon.says("lifts-the-answer", &fold(words)).then(|| words.to_owned())
}

/// All that a sentence names is not collected, under a condition or under none.
pub(super) fn deny(
    sentence: &str,
    block: &Block,
    conditional: Option<&str>,
    lexicon: &Lexicon,
    denials: &mut Vec<Denial>,
) {
    let place = span(block.source, block.line, block.end_line, sentence);
    // What stands in brackets explains ("payments are handled by …"), it is not denied.
    for term in terms::read_with(lexicon, sentence, false) {
        let mut said = denials.iter().rev().take_while(|d| d.span == place);
        if !said.any(|d| d.data_type == term.data_type) {
            let conditional = conditional.map(str::to_owned);
            denials.push(Denial { data_type: term.data_type, conditional, span: place.clone() });
        }
    }
}

/// All of these words is not collected.
pub(super) fn denied_words(words: &str, place: &Span, lexicon: &Lexicon, denials: &mut Vec<Denial>) {
    for term in terms::read(lexicon, words) {
        denials.push(Denial { data_type: term.data_type, conditional: None, span: place.clone() });
    }
}

/// "We share no … with anyone": what data, or any.
pub(super) fn sharing(sentence: &str, folded: &str, block: &Block, lexicon: &Lexicon, denials: &mut Vec<Denial>) {
    if lexicon.says("titles-what-is-not-shared", folded.trim()) {
        return;
    }
    let place = span(block.source, block.line, block.end_line, sentence);
    let conditional = lexicon.phrase("exception", folded).map(|(m, _)| m.as_str().to_owned());
    let conditional = conditional.or_else(|| limit(folded, lexicon));
    let conditional = conditional.or_else(|| whereof(sentence, folded, block, lexicon));
    // "…, but we share your OAID": that is not denied.
    let parts: Vec<&str> = clauses::contrasting(lexicon, sentence).map(|(_, part)| part).collect();
    let denies = |part: &str| lexicon.says("denial-sharing", &fold(part));
    let ids_in = |part: &str| terms::read_with(lexicon, part, false).into_iter().map(|term| term.data_type);
    let mut ids: Vec<String> = parts.iter().filter(|part| denies(part)).flat_map(|part| ids_in(part)).collect();
    if ids.is_empty() {
        // "Your IMEI is stored on the phone, but not shared."
        ids = parts.iter().take_while(|part| !denies(part)).flat_map(|part| ids_in(part)).collect();
    }
    ids.dedup();
    // "We never share your health records": something that has no type, and not everything.
    let object = lexicon.captures("shares-an-object", folded).into_iter().find_map(|found| found.name("data"));
    if ids.is_empty() && object.is_some_and(|object| !lexicon.says("all-that-is-shared", object.as_str())) {
        return;
    }
    if ids.is_empty() {
        ids.push("*".to_owned());
    }
    for id in ids {
        denials.push(Denial { data_type: id, conditional: conditional.clone(), span: place.clone() });
    }
}

/// "Exchange rates: the app loads them from … No user data is sent.": what the item is about, behind which a
/// denial that names no recipient stands.
fn whereof(sentence: &str, folded: &str, block: &Block, lexicon: &Lexicon) -> Option<String> {
    let (label, rest) = block.text.split_once(": ").filter(|_| matches!(block.kind, Kind::Item(_)))?;
    let behind = !rest.trim_start().starts_with(sentence.trim()) && rest.contains(sentence.trim());
    (behind && lexicon.says("nothing-is-sent", folded.trim())).then(|| label.trim().to_owned())
}

/// The words that limit a denial of sharing to a purpose, to some recipients, or to
/// selling, which says nothing of sharing for the app's own purposes.
fn limit(folded: &str, lexicon: &Lexicon) -> Option<String> {
    if let Some((purpose, _)) = lexicon.phrase("sharing-purpose", folded) {
        return Some(purpose.as_str().to_owned());
    }
    if !lexicon.says("sharing-anyone", folded)
        && let Some(to) = lexicon.captures("sharing-to", folded).into_iter().find_map(|c| c.name("to"))
    {
        return Some(to.as_str().trim().to_owned());
    }
    // Selling and publishing are not sharing, and what is not sent abroad may still be shared.
    let other = ["sells", "sharing-publicly"].iter().filter(|_| !lexicon.says("denial-of-sharing-itself", folded));
    let mut other = other.chain(&["sharing-abroad"]).filter_map(|id| lexicon.phrase(id, folded));
    other.next().map(|(m, _)| m.as_str().to_owned())
}
