//! What is taken out of a whole: `设备信息（不含IMEI）`, "device information other than the IMEI".
//!
//! Whoever declares a whole and takes a part out says that the part is not collected.

use std::ops::Range;

use super::fold::{Folded, fold};
use super::lexicon::Lexicon;
use super::phrase::Match;
use super::terms::Term;

/// Which of the text's terms an exclusion takes out.
pub fn indices(lexicon: &Lexicon, text: &str, terms: &[Term]) -> Vec<usize> {
    let folded = Folded::new(text);
    let place = |m: Match<'_>| folded.range(m.start(), m.end(), text);
    let inside = |range: &Range<usize>, term: &Term| range.start <= term.start && term.end <= range.end;
    let mut out: Vec<usize> = Vec::new();
    let firsts = lexicon.captures("exclusion-first", &folded.text);
    let leads = |range: &Range<usize>| {
        let mut first = firsts.iter().filter_map(|c| c.name("data").map(place));
        first.any(|first| first.start < range.end && range.start < first.end)
    };
    for captures in lexicon.captures("exclusion", &folded.text) {
        let Some(data) = captures.name("data").filter(|data| !lexicon.says("no-exclusion", data.as_str())) else {
            continue;
        };
        let data = place(data);
        if leads(&data) {
            continue;
        }
        // "不含IMEI的设备信息": the whole that it is taken out of may follow.
        let of = |part: &Term, whole: &Term| {
            let between = text.get(part.end..whole.start).unwrap_or_default();
            between.ends_with('的') && is_part(lexicon, whole, part)
        };
        let follows = |whole: &Term| terms.iter().any(|part| inside(&data, part) && of(part, whole));
        let taken = terms.iter().enumerate().filter(|(_, term)| inside(&data, term) && !follows(term));
        out.extend(taken.map(|(at, _)| at));
        // "…, excluding the IMEI, MAC and serial number": more members, as long as they are
        // parts of the whole.
        let mut end = data.end;
        let whole = |part: &Term| terms.iter().any(|t| t.end <= data.start && is_part(lexicon, t, part));
        for (at, term) in terms.iter().enumerate().filter(|(_, term)| term.start >= data.end) {
            if !whole(term) || !joins(lexicon, text.get(end..term.start)) || out.is_empty() {
                break;
            }
            out.push(at);
            end = term.end;
        }
    }
    for captures in &firsts {
        let (Some(data), Some(rest)) = (captures.name("data"), captures.name("rest")) else { continue };
        if lexicon.says("as-well", rest.as_str()) {
            continue;
        }
        let (data, rest) = (place(data), place(rest));
        let whole = |part: &Term| terms.iter().any(|t| inside(&rest, t) && is_part(lexicon, t, part));
        out.extend(terms.iter().enumerate().filter(|(_, t)| inside(&data, t) && whole(t)).map(|(at, _)| at));
    }
    out
}

/// What stands before the whole that it is taken out of, or before more that is collected:
/// `除IMEI外，某某SDK会收集…`.
pub fn first(lexicon: &Lexicon, text: &str) -> Vec<Range<usize>> {
    let folded = Folded::new(text);
    let found = lexicon.captures("exclusion-first", &folded.text);
    found.iter().filter_map(|c| c.name("data")).map(|m| folded.range(m.start(), m.end(), text)).collect()
}

fn is_part(lexicon: &Lexicon, whole: &Term, part: &Term) -> bool {
    whole.is_affirmed() && lexicon.contains(&whole.data_type, &part.data_type)
}

/// Nothing but a separator of an enumeration stands between two members.
fn joins(lexicon: &Lexicon, between: Option<&str>) -> bool {
    let words = between.unwrap_or_default().trim();
    !words.is_empty() && lexicon.says("joins-excluded", &fold(words))
}
