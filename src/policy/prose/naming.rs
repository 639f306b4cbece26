//! Which words are somebody's name.

use std::ops::Range;

use super::super::fold::{Folded, fold};
use super::super::lexicon::Lexicon;
use super::super::names::Names;
use super::super::spelling::{bare_stem, before_and_inside, is_company, outside_brackets, packages_in};
use super::super::terms;
use super::LONGEST_NAME;

/// Only a kind of third party: "第三方广告SDK", "analytics providers".
pub fn names_nobody(name: &str, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    if names.holds_known(name) || is_company(name) || !packages_in(name).is_empty() {
        return false;
    }
    // `一键登录（某某云）`: a function, and whose it is.
    let inside = before_and_inside(name);
    if inside.is_some_and(|(_, inside)| names.is_known(inside)) {
        return false;
    }
    if is_lettered(name) {
        return false;
    }
    let rest = bare_stem(lexicon, name);
    let left = without(&rest, lexicon.matches("no-part-of-a-name", &rest));
    left.chars().count() < 2 || lexicon.says("names-nobody", &left)
}

/// `YSDK`: a letter that is one word with what it stands before is a name's.
fn is_lettered(name: &str) -> bool {
    let letter = name.trim().strip_suffix("SDK").unwrap_or_default();
    letter.len() == 1 && letter.starts_with(|c: char| c.is_ascii_uppercase())
}

/// A text without some ranges of it, which stand in order.
fn without(text: &str, ranges: Vec<Range<usize>>) -> String {
    let mut left = String::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        left.push_str(text.get(from..range.start).unwrap_or_default());
        from = from.max(range.end);
    }
    left.push_str(text.get(from..).unwrap_or_default());
    left
}

/// Members of a list of names; the last may follow "和", "and".
pub fn names_of(list: &str, lexicon: &Lexicon) -> Vec<String> {
    let mut out = Vec::new();
    let list = list.trim();
    let list = list.strip_prefix('【').and_then(|rest| rest.strip_suffix('】')).unwrap_or(list);
    // `某某公司/某某公司（某某）、某某公司`: a stroke between firms parts them, whatever parts the others.
    let list = &list.replace("公司/", "公司、");
    let separator: &[char] = if list.contains('、') { &['、', '\n'] } else { &[',', '，', '、', '/', '\n'] };
    for part in apart(list, separator) {
        let part = part.trim();
        let folded = Folded::new(part);
        let lead = lexicon.phrase("last-of-names", &folded.text).map_or(0, |(m, _)| folded.range(0, m.end(), part).end);
        let tail = part.get(lead..).unwrap_or_default().trim().trim_end_matches(['。', '.']).trim();
        let tail = without_kind(tail, lexicon);
        // "Some Company, Inc.": one name.
        if lexicon.says("legal-form-alone", &fold(tail)) {
            continue;
        }
        match latin_halves(tail).or_else(|| halves(tail, "joins-two-names", lexicon)) {
            // "Some Company, Inc. and Other Company": the form is the one's before.
            Some((a, b)) if !a.is_empty() => {
                let both = [a.trim(), b.trim()].into_iter();
                out.extend(both.filter(|name| !lexicon.says("legal-form-alone", &fold(name))).map(str::to_owned));
            }
            _ if !tail.is_empty() => out.extend(joined(tail, lexicon).map(|name| name.trim().to_owned())),
            _ => {}
        }
    }
    out
}

/// The parts of a list, cut at separators outside brackets: `Bugly（崩溃、性能）、微信` has two.
fn apart<'t>(list: &'t str, separators: &[char]) -> Vec<&'t str> {
    let (parts, closed) = outside_brackets(list, separators);
    // One that nothing closes holds no name together.
    if closed { parts } else { list.split(separators).collect() }
}

/// `Some Maps 及 Other Maps`: between Latin words it joins two names; in a Chinese one it may be a part.
fn latin_halves(text: &str) -> Option<(&str, &str)> {
    let (before, after) = text.split_once('及')?;
    let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let joins = latin(before.trim_end().chars().next_back()) && latin(after.trim_start().chars().next());
    joins.then_some((before, after))
}

/// What stands before and after the first of some words.
fn halves<'t>(text: &'t str, id: &str, lexicon: &Lexicon) -> Option<(&'t str, &'t str)> {
    let folded = Folded::new(text);
    let (found, _) = lexicon.phrase(id, &folded.text)?;
    let place = folded.range(found.start(), found.end(), text);
    Some((text.get(..place.start)?, text.get(place.end..)?))
}

/// `某某支付等支付机构`, `某某SDK等`: the name before the words for the kind of all of them.
fn without_kind<'t>(name: &'t str, lexicon: &Lexicon) -> &'t str {
    match halves(name, "kind-of-all", lexicon) {
        Some((before, "")) if !before.is_empty() => before.trim(),
        _ => name,
    }
}

/// `A推送和B推送` is two names, `某某和某科技有限公司` one.
pub fn joined<'t>(name: &'t str, lexicon: &Lexicon) -> impl Iterator<Item = &'t str> + use<'t> {
    let long = |part: &str| part.trim().chars().count() >= 2;
    let cut = halves(name, "joins-two-firms", lexicon);
    let cut = cut.filter(|(a, b)| long(a) && long(b) && (!is_company(name) || is_company(a)));
    let (first, second) = match cut {
        Some((a, b)) => (a, Some(b)),
        None => (name, None),
    };
    std::iter::once(first).chain(second)
}

/// A company by its own name, not a kind of one ("affiliated company").
pub fn is_firm(name: &str) -> bool {
    let latin = name.chars().any(|c| c.is_ascii_uppercase());
    let ends = name.ends_with("有限公司") || name.ends_with("有限责任公司") || latin && name.ends_with("公司");
    is_company(name) && (name.is_ascii() && latin || ends)
}

/// Looks like the name of somebody.
pub fn is_name(text: &str, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    let short = text.chars().count() <= LONGEST_NAME && !text.contains(['。', '；']);
    if names.is_known(text) {
        return true;
    }
    let folded = fold(text);
    let like = folded.contains("sdk")
        || names.holds_known(text)
        || is_company(text)
        || !packages_in(text).is_empty()
        || text.chars().next().is_some_and(|c| c.is_ascii_uppercase())
        || lexicon.says("ends-as-a-service", &folded);
    let no_name = ["speaks-to-the-reader", "place-alone"];
    let like = like && !no_name.iter().any(|id| lexicon.says(id, &folded));
    short && like && !names_nobody(text, lexicon, names) && terms::read(lexicon, text).is_empty()
}
