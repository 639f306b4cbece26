//! Sentences about several third parties at once, or about those that data is given to.

use std::borrow::Cow;
use std::ops::Range;

use super::super::entry::span;
use super::super::fold::{Folded, fold};
use super::super::lexicon::Lexicon;
use super::super::names::Names;
use super::super::phrase::Captures;
use super::super::sentences::Sentence;
use super::super::spelling::before_and_inside;
use super::super::subjects::begins_with_brand;
use super::super::{clauses, terms};
use super::Found;
use super::naming::{is_firm, is_name, names_nobody, names_of};
use super::statements::{Statement, collected, cut_purpose, without_brackets};
use crate::evidence::Span;

/// A sentence, where it stands, and what it is read by.
pub struct Reading<'a> {
    /// Position of its block.
    pub block: usize,
    /// Its words.
    pub sentence: &'a Sentence<'a>,
    /// The same, folded.
    pub folded: &'a Folded,
    /// Its place in the document.
    pub place: Span,
    /// Words and phrases.
    pub lexicon: &'a Lexicon,
    /// Names that are known.
    pub names: &'a Names<'a>,
}

impl<'a> Reading<'a> {
    /// The words at a range of the folded text, as they were written.
    pub fn words(&self, range: Range<usize>) -> &'a str {
        self.folded.slice(range.start, range.end, self.sentence.text).trim()
    }

    /// What the sentence says about one name: its place, and nothing yet.
    pub fn about(&self, name: String) -> Statement {
        Statement {
            block: self.block,
            sentence: self.sentence.start,
            names: vec![name],
            span: self.place.clone(),
            ..Statement::default()
        }
    }
}

/// A sentence that lists what is used and says what all of it collects.
pub fn used(reading: &Reading<'_>, found: &mut Found) -> bool {
    let captures = reading.lexicon.captures("uses-several", &reading.folded.text);
    captures.iter().any(|captures| one("uses-several", captures, reading, found))
}

/// `我们通过某某SDK收集您的IMEI` is about the app and about the SDK.
pub fn through(reading: &Reading<'_>, found: &mut Found) {
    for captures in reading.lexicon.captures("collects-through", &reading.folded.text) {
        one("collects-through", &captures, reading, found);
    }
}

/// A sentence that names several third parties, or one that data is shared with.
pub fn read(reading: &Reading<'_>, found: &mut Found) -> bool {
    let (mut any, mut shared) = (false, false);
    for id in ["uses-services", "shares-with", "shares-also", "kept-with"] {
        // "… A to X, and B to Y" goes on with what the first part began.
        if id == "shares-also" && !shared {
            continue;
        }
        for captures in reading.lexicon.captures(id, &reading.folded.text) {
            shared |= id == "shares-with";
            // What brackets say of another leaves the sentence around them as it is.
            any |= one(id, &captures, reading, found) && !is_inside(&reading.folded.text, captures.whole().start());
        }
        if any && id != "shares-with" {
            break;
        }
    }
    any
}

/// Longest name, in characters, of which only its place says that it is one.
const LONGEST_GIVEN: usize = 12;

/// Byte `at` of folded text opens a bracket or stands in one.
fn is_inside(text: &str, at: usize) -> bool {
    let before = text.get(..=at).unwrap_or_default();
    before.matches('(').count() > before.matches(')').count()
}

fn one(id: &str, captures: &Captures<'_>, reading: &Reading<'_>, found: &mut Found) -> bool {
    let Reading { block, sentence, folded, ref place, lexicon, names } = *reading;
    let text = folded.text.as_str();
    let part =
        |name: &str| captures.name(name).map(|m| folded.slice(m.start(), m.end(), sentence.text).trim().to_owned());
    let shares = id.starts_with("shares-");
    let list = part("names").unwrap_or_default();
    let listed = names_of(&without_brackets(&with_one_mark(&marked_name(&list))), reading.lexicon);
    // `某某平台（由某某公司提供）`
    let inside = before_and_inside(&list).map(|(_, inside)| inside).filter(|_| listed.len() == 1);
    let company = inside.and_then(|inside| {
        let folded = Folded::new(inside);
        let made = lexicon.captures("made-by", &folded.text).into_iter().next()?;
        made.name("company").map(|company| folded.slice(company.start(), company.end(), inside).to_owned())
    });
    // "Couriers (such as A and B)": the words before say that they are names.
    let given = captures.name("given").is_some() || company.is_some();
    let called_so = |n: &str| n.chars().count() <= LONGEST_GIVEN && terms::read(lexicon, n).is_empty();
    let called_so = |n: &str| given && called_so(n) && !names_nobody(n, lexicon, names);
    let of_brand = |n: &str| shares && begins_with_brand(&fold(n), lexicon, names);
    let good = listed.iter().filter(|n| is_name(n, lexicon, names) || called_so(n) || of_brand(n)).count();
    // Whom data is shared with may be somebody that nobody knows, if it is a name.
    let capital = |n: &String| n.starts_with(|c: char| c.is_ascii_uppercase()) && lexicon.categories(n).is_empty();
    let called = |n: &String| fold(n).ends_with("sdk");
    let known = listed.iter().any(|n| names.is_known(n) || names.holds_known(n) || of_brand(n))
        || listed.iter().all(called)
        || given
        || shares && listed.iter().all(|n| capital(n) || is_firm(n))
        || id == "uses-several" && lexicon.says("those-sdks", text);
    let nobody = shares && listed.iter().any(|n| lexicon.says("no-name", &fold(n)));
    if listed.is_empty() || !known || nobody || good < listed.len() {
        return false;
    }
    let all = captures.whole();
    // What stands in brackets is no sentence of its own.
    let offset =
        if is_inside(text, all.start()) { folded.range(all.start(), all.end(), sentence.text).start } else { 0 };
    // What the user does is no sharing of the app's ("when you share to …").
    let lead = text.get(..all.start()).unwrap_or_default();
    let clause = lead.rsplit([',', '。', ';']).next().unwrap_or_default();
    if shares && lexicon.says("user-acts", clause) {
        return false;
    }
    if !shares && lexicon.says("undone", lead) {
        return false;
    }
    let before = text.get(..all.end()).unwrap_or_default();
    let undone = ["denial-sharing", "not-given-to"].iter().any(|id| lexicon.says(id, before));
    if undone || clauses::denial(lexicon, before).is_some() {
        return false;
    }
    let which = part("rest").filter(|rest| lexicon.says("which-collects", &fold(rest)));
    let mut data = part("data").or(which).unwrap_or_default();
    // "Nothing except crash reports, which are sent to Some Service with your device model".
    if let Some(more) = part("more") {
        let folded = Folded::new(&data);
        let lead = lexicon.phrase("before-what-is-given", &folded.text);
        let from = lead.map_or(0, |(m, _)| folded.range(0, m.end(), &data).end);
        data = format!("{}, {more}", data.get(from..).unwrap_or_default());
    }
    let (data, not) = if shares { without_denied(&data, lexicon) } else { (data, String::new()) };
    let terms = collected(&data, lexicon);
    // Whoever gets "information" is declared all the same.
    let as_such =
        shares && lexicon.says("personal-data", &fold(&data)) && terms::read_with(lexicon, &data, false).is_empty();
    // `您的对话内容将发送至某某服务器`: somebody who is known gets something.
    let as_such = as_such || shares && !text.is_ascii() && listed.iter().all(|n| names.is_known(n));
    // Where something is kept is said, whatever it is.
    let held = captures.name("held").is_some();
    if captures.name("data").is_some() && terms.is_empty() && !as_such && !held {
        return false;
    }
    let (raw, purpose) = cut_purpose(&data, lexicon);
    let why = part("rest").or_else(|| part("why")).map(|w| w.trim_matches([',', '，', ' ']).to_owned());
    let purpose = purpose.or(why.filter(|w| !w.is_empty()));
    let not = collected(&not, lexicon);
    for name in listed {
        found.statements.push(Statement {
            block,
            sentence: sentence.start + offset,
            names: vec![name.clone()],
            company: company.clone(),
            raw: raw.clone(),
            purpose: purpose.clone(),
            terms: terms.clone(),
            span: place.clone(),
            declares: true,
            ..Statement::default()
        });
        if !not.is_empty() {
            found.statements.push(Statement {
                block,
                sentence: sentence.start + offset,
                names: vec![name],
                terms: not.clone(),
                span: place.clone(),
                denies: true,
                ..Statement::default()
            });
        }
    }
    true
}

/// "Some Login for signing in, Some Store for keeping pictures, and Some Mail for letters": each name and what
/// it is for. Empty where not all of it is so, or nobody of them is known.
pub fn each_for(list: &str, lexicon: &Lexicon, names: &Names<'_>) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    // "Some Store and Other Store for payments": one purpose of both.
    let mut waiting: Vec<&str> = Vec::new();
    for part in list.split(", ").flat_map(|part| part.split(" and ")) {
        let part = part.trim();
        let part = part.strip_prefix("and ").unwrap_or(part).trim_end_matches('.');
        match part.split_once(" for ").filter(|(name, _)| is_name(name.trim(), lexicon, names)) {
            Some((name, why)) => {
                let all = waiting.drain(..).chain([name.trim()]);
                out.extend(all.map(|name| (name.to_owned(), why.trim().to_owned())));
            }
            None if names.is_known(part) => waiting.push(part),
            // "For pictures, sounds and films": the purpose goes on.
            None => match out.last_mut() {
                Some((_, why)) => {
                    why.push_str(", ");
                    why.push_str(part);
                }
                None => return Vec::new(),
            },
        }
    }
    let known = out.iter().any(|(name, _)| names.holds_known(name));
    if known && waiting.is_empty() && out.len() > 1 { out } else { Vec::new() }
}

/// `【某某平台】（由某某公司提供）`: a name that brackets only set apart.
fn marked_name(list: &str) -> Cow<'_, str> {
    let inner = list.trim().strip_prefix('【').and_then(|rest| rest.split_once('】'));
    inner.map_or(Cow::Borrowed(list), |(name, rest)| Cow::Owned(format!("{name}{rest}")))
}

/// `A、B,某某SDK`: a comma before an SDK parts names where others are parted by their own mark.
fn with_one_mark(list: &str) -> Cow<'_, str> {
    let parted = list.contains('、') && list.contains([',', '，']) && fold(list).ends_with("sdk");
    if parted { Cow::Owned(list.replace([',', '，'], "、")) } else { Cow::Borrowed(list) }
}

/// What is shared, and what the sentence goes on to say is not.
fn without_denied(data: &str, lexicon: &Lexicon) -> (String, String) {
    let folded = Folded::new(data);
    match lexicon.phrase("not-shared-behind", &folded.text) {
        Some((found, _)) => {
            let at = folded.range(found.start(), found.end(), data).start;
            (data.get(..at).unwrap_or_default().to_owned(), data.get(at..).unwrap_or_default().to_owned())
        }
        None => (data.to_owned(), String::new()),
    }
}

/// `接入了A（用于统计，收集OAID）、B（收集IMEI）`: each name has what its own brackets say.
pub fn bracketed(
    at: usize,
    sentence: &Sentence<'_>,
    place: &Span,
    lexicon: &Lexicon,
    names: &Names<'_>,
    found: &mut Found,
) -> bool {
    let mut statements = Vec::new();
    let mut known = false;
    let mut led = false;
    let mut only_kinds = true;
    let products = |inner: &str| {
        inner.contains(';')
            && inner
                .split(';')
                .all(|part| part.split_once(':').is_some_and(|(name, _)| is_name(name.trim(), lexicon, names)))
    };
    // "Some Company (Some Product: device model; Other Product: IP address)".
    let members = members(lexicon, sentence.text).into_iter().flat_map(|(head, inner)| {
        let parts: Vec<_> = if products(inner) { inner.split(';').collect() } else { vec![inner] };
        parts.into_iter().map(move |inner| (head, inner))
    });
    for (head, inner) in members {
        led |= lexicon.says("list-lead", &fold(head));
        let name = lexicon.phrase("list-lead", &fold(head)).map_or(head, |(m, _)| {
            let folded = Folded::new(head);
            head.get(folded.range(0, m.end(), head).end..).unwrap_or(head)
        });
        // "Some Mail for newsletters (email address)".
        let (name, why) = name.split_once(" for ").map_or((name, None), |(name, why)| (name, Some(why)));
        let name = name.trim();
        // "Some Company (Some Product: crash logs)": the product is who gets them.
        let product = inner.split_once(':').filter(|(product, _)| is_name(product.trim(), lexicon, names));
        let (name, inner) = product.map_or((name, inner), |(product, inner)| (product.trim(), inner));
        let terms = terms::read(lexicon, inner);
        let (raw, purpose) = cut_purpose(inner, lexicon);
        // "Some Payments (payments)".
        let kind = led || !lexicon.categories(inner).is_empty();
        let kind = kind && inner.split_whitespace().count() <= MOST_WORDS_OF_A_KIND;
        let kind = kind || lexicon.says("says-why", &fold(inner));
        let purpose = purpose.or_else(|| kind.then(|| inner.trim().to_owned()));
        let purpose = purpose.or_else(|| why.map(|why| why.trim().to_owned()));
        let says = !terms.is_empty() || purpose.is_some();
        if !says || !is_name(name, lexicon, names) {
            continue;
        }
        only_kinds &= kind;
        known |= names.holds_known(name) || fold(name).ends_with("sdk") || is_firm(name);
        statements.push(Statement {
            block: at,
            sentence: sentence.start,
            names: vec![name.to_owned()],
            raw,
            purpose,
            terms,
            span: span(place.source, place.line, place.end_line, sentence.text),
            declares: true,
            ..Statement::default()
        });
    }
    // "We share your name with: Some Mail (delivery), Some Text (SMS)": what all of them get stands before.
    if only_kinds && gives(&without_brackets(sentence.text), lexicon) {
        return false;
    }
    let is_list = known && statements.len() >= 2 && !lexicon.says("denial-sharing", &fold(sentence.text));
    if is_list {
        found.statements.extend(statements);
    }
    is_list
}

/// The sentence says which data is given to those that it names.
fn gives(sentence: &str, lexicon: &Lexicon) -> bool {
    let folded = Folded::new(sentence);
    let captures = lexicon.captures("shares-with", &folded.text);
    let mut data = captures.iter().filter_map(|captures| captures.name("data"));
    data.any(|data| !terms::read(lexicon, data.as_str()).is_empty())
}

/// Words in brackets that only say what kind of thing stands before them.
const MOST_WORDS_OF_A_KIND: usize = 3;

/// Members of an enumeration that end in brackets: the words before, and those inside.
fn members<'t>(lexicon: &Lexicon, text: &'t str) -> Vec<(&'t str, &'t str)> {
    let mut out = Vec::new();
    let (mut depth, mut start, mut opened) = (0usize, 0, None::<usize>);
    let mut last: Option<(&str, &str)> = None;
    for (at, c) in text.char_indices() {
        let after = at + c.len_utf8();
        match c {
            '(' | '（' => {
                if depth == 0 {
                    opened = Some(at);
                }
                depth += 1;
            }
            ')' | '）' if depth > 0 => {
                depth -= 1;
                if depth == 0
                    && let Some(from) = opened.take()
                    && let Some(inner) = text.get(from..at).and_then(|t| t.strip_prefix(['(', '（']))
                {
                    last = text.get(start..from).map(|head| (head, inner));
                    start = after;
                }
            }
            _ if depth > 0 => {}
            ',' | '，' | '、' | ';' | '；' | '。' | '.' => {
                out.extend(last.take());
                start = after;
            }
            c if last.is_some() && !c.is_whitespace() => {
                // `A（…）以及B（…）`, `A (…) and B (…)`; other words say more about A.
                let rest = text.get(at..).unwrap_or_default();
                let folded = Folded::new(rest);
                match lexicon.phrase("one-more-name", &folded.text) {
                    Some((link, _)) => {
                        out.extend(last.take());
                        start = at + folded.range(0, link.end(), rest).end;
                    }
                    None => last = None,
                }
            }
            _ => {}
        }
    }
    out.extend(last);
    out
}
