//! "Sunny Weather uses A, a service of Some Company, and B, to show ads": whoever is known behind words
//! after which third parties stand, where no other reader takes the sentence apart.

use std::ops::Range;

use super::super::fold::{Folded, fold, key};
use super::super::lexicon::Lexicon;
use super::super::names::Names;
use super::super::spelling::before_and_inside;
use super::super::subjects::begins_with_brand;
use super::super::terms;
use super::naming::{is_firm, is_name, names_nobody, names_of};
use super::several::Reading;
use super::statements::Statement;
use super::{Found, LONGEST_NAME};

/// Words of a name that nobody knows.
const MOST_WORDS: usize = 4;

/// Declares them; `true` where there are some, and all is about them. What they get is not said here.
pub fn read(reading: &Reading<'_>, found: &mut Found) -> bool {
    let called = called_in(reading);
    called.iter().for_each(|name| declare(name, reading, found));
    !called.is_empty() && !app_collects(reading)
}

/// `我们基于某某地图收集您的位置`: what they get is not said, but what the app collects is.
fn app_collects(reading: &Reading<'_>) -> bool {
    reading.lexicon.says("collects-strongly", &reading.folded.text)
}

/// Declares whom a sentence names besides those that the statements from `from` on are about: "We use A to
/// keep your photos and B to guard our servers", `我们使用某某存储数据，某某推送会收到设备标识`.
pub fn also(reading: &Reading<'_>, from: usize, found: &mut Found) {
    let said = found.statements.iter().skip(from).flat_map(|s| s.names.iter().chain(&s.company));
    let said: Vec<String> = said.map(|name| key(name)).collect();
    let Reading { lexicon, names, .. } = *reading;
    let somebody = |name: &str| names.is_known(name) || is_firm(name) || begins_with_brand(&fold(name), lexicon, names);
    let new = |name: &&String| {
        let own = key(name);
        // "Some Service (Some Company) stores": it is the one's before.
        let bracketed = reading.sentence.text.contains(&format!("({name}"));
        somebody(name) && !bracketed && !said.iter().any(|said| said.contains(&own) || own.contains(said))
    };
    called_in(reading).iter().filter(new).for_each(|name| declare(name, reading, found));
}

fn declare(name: &str, reading: &Reading<'_>, found: &mut Found) {
    let raw = reading.sentence.text.trim().to_owned();
    let of_app = app_collects(reading);
    found.statements.push(Statement { declares: true, of_app, raw, ..reading.about(name.to_owned()) });
}

/// "Crash data: stack traces (Some Reports)", "advertising ID (used by Some Ads to show ads)": data, and who gets it.
pub fn in_brackets(reading: &Reading<'_>, found: &mut Found) {
    let Reading { lexicon, names, .. } = *reading;
    let text = reading.sentence.text.trim().trim_end_matches(['.', ';']);
    let Some((outside, inside)) = before_and_inside(text).filter(|_| reading.folded.text.is_ascii()) else { return };
    let undone = ["denial", "denial-sharing", "no-use", "not-given-to", "user-acts"];
    let undone = undone.iter().any(|id| lexicon.says(id, &reading.folded.text));
    let terms = terms::read(lexicon, outside);
    let lists = outside.contains(':') || terms::lead(lexicon, outside);
    if undone || !lists || names.holds_known(outside) {
        return;
    }
    let folded = Folded::new(inside);
    let lead = lexicon.phrase("before-who-gets", &folded.text).map_or(0, |(m, _)| folded.range(0, m.end(), inside).end);
    let rest = inside.get(lead..).unwrap_or_default();
    let name = [" for ", " to ", ","].iter().filter_map(|end| rest.split_once(end)).map(|(name, _)| name);
    let name = name.min_by_key(|name| name.len()).unwrap_or(rest).trim();
    if !names.is_known(name) || !names.companies(name).is_empty() && !names.is_product(name) {
        return;
    }
    let raw = outside.trim().to_owned();
    found.statements.push(Statement { declares: true, of_app: true, raw, terms, ..reading.about(name.to_owned()) });
}

/// Whom the sentence names behind such words.
fn called_in(reading: &Reading<'_>) -> Vec<String> {
    let Reading { lexicon, names, .. } = *reading;
    // A semicolon ends a sentence as a point does.
    let text = reading.folded.text.trim_end_matches([';', ' ']);
    if ["denial", "no-use", "not-given-to"].iter().any(|id| lexicon.says(id, text)) {
        return Vec::new();
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
    let called: Vec<String> = called.unwrap_or_default().into_iter().map(str::to_owned).collect();
    if called.is_empty() { in_chinese(reading) } else { called }
}

/// `推送由某某提供支持`, `我们使用某某存储`: those of the names that are known.
pub fn in_chinese(reading: &Reading<'_>) -> Vec<String> {
    let mut called: Vec<String> = groups(reading).into_iter().flat_map(|(_, called)| called).collect();
    called.dedup();
    called
}

/// The same for what stands last in the words: whom "it" means that follows.
pub fn last_in_chinese(reading: &Reading<'_>) -> Vec<String> {
    groups(reading).into_iter().max_by_key(|(at, _)| *at).map(|(_, called)| called).unwrap_or_default()
}

/// Each group of names, with where it begins.
fn groups(reading: &Reading<'_>) -> Vec<(usize, Vec<String>)> {
    let Reading { lexicon, names, .. } = *reading;
    let text = reading.folded.text.as_str();
    let mut groups: Vec<(usize, Vec<String>)> = Vec::new();
    for captures in lexicon.captures("names-follow-zh", text) {
        let Some(words) = captures.name("names") else { continue };
        let before = text.get(..captures.whole().start()).unwrap_or_default();
        let clause = before.rsplit([',', '。', ';']).next().unwrap_or_default();
        if lexicon.says("undone", before) || lexicon.says("user-acts", clause) {
            continue;
        }
        let end = whole_name(text, words.range(), names);
        let listed = names_of(reading.words(words.start()..end), lexicon);
        // `本服务由某某公司提供支持` is about the app's maker: whom nobody knows is a third party where a
        // function is spoken of.
        let function =
            !lexicon.categories(clause).is_empty() || !lexicon.categories(captures.whole().as_str()).is_empty();
        // `委托某某公司向您提供客服`
        let firms = function || captures.name("entrusted").is_some();
        let somebody = |name: &String| {
            names.is_known(name) || firms && is_firm(name) || begins_with_brand(&fold(name), lexicon, names)
        };
        // Beside one that is known, the others are whoever they are called.
        let several = listed.len() > 1 && listed.iter().any(somebody);
        let known = |name: &String| somebody(name) || several && is_name(name, lexicon, names);
        let called = listed.into_iter().filter(|name| known(name) && !names_nobody(name, lexicon, names));
        let called: Vec<String> = called.collect();
        if !called.is_empty() {
            groups.push((words.start(), called));
        }
    }
    groups
}

/// Characters behind a name that are looked at for the rest of it: `推送SDK` behind somebody's name.
const MOST_MORE: usize = 8;

/// Where a name ends that a verb cut short: `使用某某统计` is about the product that is called so.
fn whole_name(text: &str, name: Range<usize>, names: &Names<'_>) -> usize {
    let behind = text.get(name.end..).unwrap_or_default();
    let ends = behind.char_indices().take(MOST_MORE).take_while(|(_, c)| c.is_alphanumeric());
    let ends = ends.map(|(at, c)| name.end + at + c.len_utf8());
    // Half a word is none.
    let whole = |end: &usize| !text.get(*end..).is_some_and(|t| t.starts_with(|c: char| c.is_ascii_alphanumeric()));
    let known = |end: &usize| text.get(name.start..*end).is_some_and(|whole| names.is_known(whole));
    ends.filter(whole).filter(known).last().unwrap_or(name.end)
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
            // "Transcribed by A and answered by B".
            let verb = |(verb, _): &(&str, &str)| !verb.contains(' ') && verb.ends_with("ed");
            let part = part.split_once(" by ").filter(verb).map_or(part, |(_, part)| part);
            let part = part.strip_prefix("by ").unwrap_or(part);
            let part = part.strip_prefix("the ").or(part.strip_prefix("The ")).unwrap_or(part).trim();
            // "From the Some API".
            let part = part.strip_suffix(" API").unwrap_or(part);
            // "Some Service's API".
            let owner = part.strip_suffix("'s").or(part.strip_suffix("’s")).filter(|owner| names.is_known(owner));
            let part = owner.unwrap_or(part);
            // In brackets stands where a company sits, or who else it is.
            let before = text.get(..from).unwrap_or_default();
            let inside = before.matches('(').count() > before.matches(')').count();
            parts.push((part, from < why && !inside));
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
