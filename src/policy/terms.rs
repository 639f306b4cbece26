//! Words of data to types, as a careful reader takes them.
//!
//! A purpose is no data ("用于识别设备型号"), a general word right before its own
//! identifier only describes it ("设备标识OAID"), what a clause denies is denied.

use super::clauses::clauses;
use super::exclusions;
use super::fold::{Folded, is_cjk};
use super::lexicon::{Found, Lexicon};

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

impl Term {
    /// The words say that it is collected: they do not deny it, not even on a condition.
    pub fn is_affirmed(&self) -> bool {
        !self.denied && self.conditional.is_none()
    }
}

/// Types that are a handset's or an app's own identifiers: the words before them
/// describe them.
const IDENTIFIERS: [&str; 13] =
    ["imei", "meid", "imsi", "iccid", "oaid", "vaid", "aaid", "gaid", "idfa", "idfv", "android_id", "mac", "bssid"];

/// The type is an identifier of a device, a card or an app.
pub fn is_identifier(data_type: &str) -> bool {
    IDENTIFIERS.contains(&data_type) || matches!(data_type, "device_id" | "serial" | "ssid" | "ip")
}

/// Bytes before the first datum of a text that lists data.
const FARTHEST_DATUM: usize = 24;

/// The text begins with data, as a list of them does.
pub fn lead(lexicon: &Lexicon, text: &str) -> bool {
    read(lexicon, text).first().is_some_and(|term| term.start <= FARTHEST_DATUM)
}

/// The types that `text` names, each mention, in order; purposes left out.
pub fn read(lexicon: &Lexicon, text: &str) -> Vec<Term> {
    read_with(lexicon, text, true)
}

/// As [`read`]; `purposes` false keeps what a purpose names.
pub fn read_with(lexicon: &Lexicon, text: &str, cut_purposes: bool) -> Vec<Term> {
    let folded = Folded::words(text);
    let found = lexicon.data(&folded.text);
    let places = places(&folded, &found, text);
    let clauses = clauses(lexicon, text, &places);
    let mut terms: Vec<Term> = Vec::new();
    for (index, (word, range)) in found.iter().zip(places).enumerate() {
        if word.id == "none" || describes(word, found.get(index + 1), &folded) {
            continue;
        }
        let clause = clauses
            .get(clauses.partition_point(|c| c.range.end <= range.start))
            .filter(|c| c.range.contains(&range.start));
        if cut_purposes
            && clause.is_some_and(|c| {
                c.circumstance || c.purpose.as_ref().is_some_and(|purpose| purpose.contains(&range.start))
            })
        {
            continue;
        }
        terms.push(Term {
            data_type: word.id.to_owned(),
            raw: text.get(range.clone()).unwrap_or_default().to_owned(),
            start: range.start,
            end: range.end,
            denied: clause.is_some_and(|c| c.denied.as_ref().is_some_and(|reach| reach.contains(&range.start))),
            conditional: clause.and_then(|c| c.conditional.clone()),
        });
    }
    for term in exclusions::indices(lexicon, text, &terms) {
        if let Some(term) = terms.get_mut(term).filter(|t| t.conditional.is_none()) {
            term.denied = true;
        }
    }
    terms
}

/// A general word right before its own identifier: `设备标识OAID`.
fn describes(word: &Found<'_>, next: Option<&Found<'_>>, folded: &Folded) -> bool {
    next.is_some_and(|next| {
        next.id != word.id
            && matches!(word.id, "device_id" | "serial")
            && IDENTIFIERS.contains(&next.id)
            && folded.text.get(word.end..next.start).is_some_and(|gap| gap.trim().is_empty())
            && folded.text.get(word.start..word.end).is_some_and(|w| w.chars().all(is_cjk))
    })
}

/// Where words of data stand in the text as it was written.
fn places(folded: &Folded, found: &[Found<'_>], text: &str) -> Vec<std::ops::Range<usize>> {
    found.iter().map(|word| folded.range(word.start, word.end, text)).collect()
}

/// What a text says of personal information as such in a clause that denies: `None`, it
/// says nothing of the kind; else the words of the exception, if there is one.
pub fn denies_all(lexicon: &Lexicon, text: &str) -> Option<Option<String>> {
    let folded = Folded::words(text);
    let places = places(&folded, &lexicon.data(&folded.text), text);
    clauses(lexicon, text, &places).into_iter().find_map(|clause| {
        let words = text.get(clause.range.clone())?;
        let reaches = clause.denied.is_some() || clause.conditional.is_some();
        (reaches && lexicon.says("denies-all", &Folded::new(words).text)).then_some(clause.conditional)
    })
}

/// The type ids of terms that are not denied, each once, in order.
pub fn ids(terms: &[Term]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for term in terms.iter().filter(|t| t.is_affirmed()) {
        if !ids.contains(&term.data_type) {
            ids.push(term.data_type.clone());
        }
    }
    ids
}
