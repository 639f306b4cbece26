//! Words before the first label and in the value of a name: who, what for, and what else.

use super::super::fold::{Folded, fold};
use super::super::lexicon::Lexicon;
use super::super::names::Names;
use super::super::prose::names_nobody;
use super::super::spelling::is_company;
use super::super::terms;

/// Between a name and what is said of it.
const DASHES: [&str; 4] = [" - ", " – ", " — ", "——"];

/// `某某推送SDK：用于消息推送，` before the first label: the name, and what it is for.
pub(super) fn name_and_rest(prefix: &str) -> (&str, Option<&str>) {
    match prefix.split_once(['：', ':']) {
        Some((name, rest)) => {
            let rest = rest.trim().trim_end_matches(['，', ',', '。', ';', '；', '、']).trim();
            (name.trim(), (!rest.is_empty()).then_some(rest))
        }
        // "Some Ads — shows videos."
        None => match DASHES.iter().find_map(|dash| prefix.split_once(dash)) {
            Some((name, rest)) if !name.contains(['.', '。']) || is_company(name.trim()) => {
                (name.trim(), Some(rest.trim().trim_end_matches(['.', '。', ',', ';', ' '])).filter(|r| !r.is_empty()))
            }
            _ => (prefix.trim(), None),
        },
    }
}

/// `com.example.push(某某推送)，用于推送，` before the first label: a name that is known up to the comma, and more.
pub(super) fn known_first<'t>(prefix: &'t str, names: &Names<'_>) -> Option<(&'t str, Option<&'t str>)> {
    let mut depth = 0usize;
    let comma = prefix.char_indices().find(|(_, c)| {
        match c {
            '(' | '（' => depth += 1,
            ')' | '）' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(c, ',' | '，')
    });
    let (at, comma) = comma?;
    let name = prefix.get(..at)?.trim();
    let rest = prefix.get(at + comma.len_utf8()..)?.trim().trim_end_matches(['，', ',', '。', ';', '；', '、']).trim();
    (names.is_known(name) && !name.contains(['：', ':'])).then_some((name, Some(rest).filter(|rest| !rest.is_empty())))
}

/// `由某某公司提供，用于统计`: the company.
pub(super) fn maker<'t>(words: &'t str, lexicon: &Lexicon) -> Option<&'t str> {
    let folded = Folded::new(words);
    let captures = lexicon.captures("made-by", &folded.text).into_iter().next()?;
    captures.name("company").map(|m| folded.slice(m.start(), m.end(), words))
}

/// `某某SDK。由某某公司提供，用于统计，` before the first label: a sentence that is only a name, and more about it.
pub(super) fn named_first<'t>(
    prefix: &'t str,
    lexicon: &Lexicon,
    names: &Names<'_>,
) -> Option<(&'t str, Option<&'t str>)> {
    let (name, rest) = prefix.split_once('。')?;
    let folded = fold(name);
    let somebody = names.is_known(name) || folded.ends_with("sdk") && !names_nobody(name, lexicon, names);
    let sentence = ["first-party", "uses", "collects"].iter().any(|id| lexicon.says(id, &folded));
    let rest = rest.trim().trim_end_matches(['，', ',', '。', ';', '；', '、']).trim();
    (somebody && !sentence).then(|| (name.trim(), Some(rest).filter(|rest| !rest.is_empty())))
}

/// "Some Analytics is a service of Some Company." below the title "Some Analytics (Some Company)"; what stands
/// below a heading that is a name is about it anyhow.
pub(super) fn says_more(title: &str, headed: bool, text: &str, names: &Names<'_>) -> bool {
    let name = title.split(['(', '（']).next().unwrap_or(title).trim();
    names.is_known(name) && (headed || text.trim_start().starts_with(name))
}

/// `用于消息推送，收集IMEI`: what it is for, and from the clause on that says what it collects.
pub(super) fn purpose_and_data<'a>(words: &'a str, lexicon: &Lexicon) -> (&'a str, Option<&'a str>) {
    let starts = words.char_indices().filter(|(_, c)| matches!(c, ',' | '，' | ';' | '；' | '。'));
    let mut starts = std::iter::once(0).chain(starts.map(|(at, c)| at + c.len_utf8()));
    let says = |at: &usize| {
        let clause =
            words.get(*at..).unwrap_or_default().split([',', '，', ';', '；', '。']).next().unwrap_or_default();
        let takes = lexicon.says("collects", &fold(clause)) || lexicon.says("says-none", fold(clause).trim());
        takes && (lexicon.says("says-none", fold(clause).trim()) || !terms::read(lexicon, clause).is_empty())
    };
    match starts.find(says) {
        Some(at) => {
            let purpose = words.get(..at).unwrap_or_default().trim_end_matches([',', '，', ';', '；', '。']);
            (purpose, words.get(at..))
        }
        None => (words, None),
    }
}

/// The product that a sentence before labels says is used, where it is one that is known.
pub(super) fn used_name(prefix: &str, lexicon: &Lexicon, names: &Names<'_>) -> Option<String> {
    let sentence = super::super::sentences::split(prefix).into_iter().next_back()?.text.trim();
    let folded = Folded::new(sentence);
    let captures = ["uses-sdk", "uses-service"].into_iter().flat_map(|id| lexicon.captures(id, &folded.text));
    captures
        .filter_map(|captures| {
            let name = captures.name("name").map(|m| folded.slice(m.start(), m.end(), sentence))?;
            Some(name.trim().trim_end_matches(['.', '。']).to_owned())
        })
        .find(|name| {
            let capital = |word: &str| word.starts_with(|c: char| c.is_ascii_uppercase());
            let title = name.split_whitespace().all(capital) && !names_nobody(name, lexicon, names);
            let called = fold(name).ends_with("sdk") && !names_nobody(name, lexicon, names);
            names.is_known(name) || called || title && terms::read(lexicon, name).is_empty()
        })
}

/// `个推，收集IMEI`: the name, and the clause that says what it collects.
pub(super) fn name_and_more<'a>(value: &'a str, lexicon: &Lexicon) -> (&'a str, Option<&'a str>) {
    let Some((at, comma)) = value.char_indices().find(|(_, c)| matches!(c, ',' | '，')) else { return (value, None) };
    let (name, rest) = (value.get(..at).unwrap_or(value), value.get(at + comma.len_utf8()..).unwrap_or_default());
    let says = lexicon.says("collects", &fold(rest)) && !lexicon.says("collects", &fold(name));
    if says { (name.trim(), Some(rest.trim())) } else { (value, None) }
}
