//! Third parties in running text: lists in a sentence, list items under an
//! announcement, sentences about one of them.

use super::block::{Block, Kind};
use super::entry::{Entry, span, urls};
use super::fold::{Folded, fold};
use super::lexicon::{Column, Lexicon};
use super::names::{Names, bare_stem, is_company, packages_in, split_names};
use super::sections::{Section, without_number};
use super::{sentences, terms};
use crate::evidence::Span;

/// Entries with the position of their block.
type Placed = Vec<(usize, Entry)>;

/// Longest name of a third party, in characters.
const LONGEST_NAME: usize = 48;
/// Names of one list: more is not a list of SDKs.
const MOST_NAMES: usize = 200;

/// What running text says about third parties.
#[derive(Default)]
pub struct Found {
    /// Entries with the position of their block.
    pub entries: Placed,
    /// Blocks that are about third parties.
    pub used: Vec<usize>,
    /// What sentences say about third parties that are named elsewhere.
    pub statements: Vec<Statement>,
    /// Lines of a name and an address: block, name, address.
    pub links: Vec<(usize, String, String)>,
    /// Sentences that are about third parties: block and byte offset.
    pub sentences: Vec<(usize, usize)>,
}

/// "X collects …".
pub struct Statement {
    /// Position of the block.
    pub block: usize,
    /// Byte offset of the sentence in it.
    pub sentence: usize,
    /// The names of the subject.
    pub names: Vec<String>,
    /// The company, where the sentence names it.
    pub company: Option<String>,
    /// The words up to where the data end.
    pub raw: String,
    /// The purpose.
    pub purpose: Option<String>,
    /// The data.
    pub terms: Vec<terms::Term>,
    /// Where.
    pub span: Span,
    /// With no third party of that name elsewhere, this declares one.
    pub declares: bool,
    /// It says that the data are not collected.
    pub denies: bool,
}

/// Reads the blocks that tables and labels left.
pub fn read(blocks: &[Block], sections: &[Section], used: &[bool], lexicon: &Lexicon, names: &Names<'_>) -> Found {
    let mut found = Found::default();
    let mut index = 0;
    while let Some(block) = blocks.get(index) {
        let free = |at: usize| !used.get(at).copied().unwrap_or_default();
        if !free(index) || block.table().is_some() {
            index += 1;
            continue;
        }
        if let Some((items, entries)) = list(index, blocks, sections, &free, lexicon, names) {
            let last = items.last().map_or(index, |last| *last);
            found.used.extend(items);
            found.used.push(index);
            index = last + 1;
            found.entries.extend(entries);
            continue;
        }
        if let Some((name, link)) = link_line(block) {
            found.links.push((index, name, link));
            found.used.push(index);
            index += 1;
            continue;
        }
        sentences_of(index, block, lexicon, names, &mut found);
        index += 1;
    }
    found
}

/// `Name：https://…`, and nothing else.
fn link_line(block: &Block) -> Option<(String, String)> {
    let text = without_number(&block.text).trim();
    let address = urls(text).into_iter().next().filter(|u| u.starts_with("http"))?;
    let (before, after) = text.split_once(address.as_str())?;
    let name = before.trim().trim_end_matches([':', '：', '-', '—', '(', '（']).trim();
    let alone = after.trim().trim_matches([')', '）', '。', '.', ';', '；']).is_empty();
    (alone && !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.contains(['。', '，', '：', ':']))
        .then(|| (name.to_owned(), address))
}

fn announces(text: &str, lexicon: &Lexicon) -> bool {
    let folded = fold(text);
    let last = sentences::split(&folded).last().map(|s| s.text.trim().to_owned()).unwrap_or_default();
    last.chars().count() <= 200 && lexicon.says("list-follows", &last) && !lexicon.says("denial", &last)
}

/// The items behind the block at `index`, and those of them that are third parties: where
/// the block announces them, or where it stands in a section about sharing and most of
/// the items begin with a known name.
fn list(
    index: usize,
    blocks: &[Block],
    sections: &[Section],
    free: &dyn Fn(usize) -> bool,
    lexicon: &Lexicon,
    names: &Names<'_>,
) -> Option<(Vec<usize>, Placed)> {
    let block = blocks.get(index)?;
    let announced = announces(&block.text, lexicon);
    let shares = sections.get(index) == Some(&Section::Share) && !matches!(block.kind, Kind::Item(_));
    if !announced && !shares {
        return None;
    }
    let items = list_after(blocks, index + 1, free);
    // A numbered line right before blocks that were read already is their heading.
    if items.len() == 1 && items.first().is_some_and(|at| !free(at + 1) && blocks.get(at + 1).is_some()) {
        return None;
    }
    let read = |sure: bool| -> Placed {
        let each = |at: &usize| blocks.get(*at).and_then(|b| item(b, sure, lexicon, names)).map(|e| (*at, e));
        items.iter().filter_map(each).collect()
    };
    let sure = read(true);
    if sure.is_empty() || sure.len() * 2 <= items.len() {
        return None;
    }
    if !announced {
        // Nor is a list of names and addresses one that says who gets what.
        let says = |e: &Entry| e.has(Column::Data) || e.has(Column::Purpose);
        let known = |(_, e): &&(usize, Entry)| says(e) && e.get(Column::Party).is_some_and(|n| names.holds_known(n));
        return (sure.len() >= 2 && sure.iter().filter(known).count() * 2 >= sure.len())
            .then(|| (items.clone(), read(false)));
    }
    let all = read(false);
    Some((items, all))
}

/// Positions of the items right behind an announcement.
fn list_after(blocks: &[Block], from: usize, free: &dyn Fn(usize) -> bool) -> Vec<usize> {
    let mut items = Vec::new();
    let depth = |b: &Block| if let Kind::Item(depth) = b.kind { depth } else { 0 };
    let first = blocks.get(from).map(depth).unwrap_or_default();
    // Lines that are neither items nor numbered, one third party a line.
    let bare = first == 0 && blocks.get(from).is_some_and(|b| without_number(&b.text).len() == b.text.len());
    for (offset, block) in blocks.iter().enumerate().skip(from) {
        let numbered = without_number(&block.text).len() < block.text.len();
        let listed = if first > 0 {
            depth(block) == first
        } else {
            block.table().is_none() && (numbered || bare && is_line(block))
        };
        if !listed || block.is_heading() || !free(offset) {
            // Deeper items belong to the item above.
            if first > 0 && depth(block) > first && free(offset) {
                continue;
            }
            break;
        }
        items.push(offset);
    }
    items
}

/// `Name：what for, which data`, by its looks alone. A name with an address is an appendix:
/// see [`link_line`].
fn is_line(block: &Block) -> bool {
    let Some((name, rest)) = block.text.split_once(['：', ':']) else { return false };
    matches!(block.kind, Kind::Paragraph)
        && !rest.trim().is_empty()
        && !rest.trim_start().starts_with("http")
        && name.chars().count() <= LONGEST_NAME
        && !name.contains(['。', '，', ',', '；'])
}

/// `Name（company）：what for, which data`, or a name alone, or a link. Without `sure`, in
/// a list whose other members are third parties, also a name that nobody knows, where
/// something is said about it.
fn item(block: &Block, sure: bool, lexicon: &Lexicon, names: &Names<'_>) -> Option<Entry> {
    let text = without_number(&block.text).trim();
    let cut = text
        .char_indices()
        .find(|(at, c)| {
            matches!(c, ':' | '：' | '—' | '–') && !text.get(at + c.len_utf8()..).is_some_and(|r| r.starts_with("//"))
                || *c == '-' && text.get(..*at).is_some_and(|b| b.ends_with(' '))
                || *c == '.' && is_titled(text, *at)
        })
        .map(|(at, c)| (at, at + c.len_utf8()));
    let (name, rest) = match cut {
        Some((at, after)) => (text.get(..at)?, text.get(after..)?),
        None => match text.find("http") {
            Some(at) => (text.get(..at)?, text.get(at..)?),
            None => (text, ""),
        },
    };
    let name = name.trim().trim_end_matches(['。', '.', ';', '；', '，', ',', '、']).trim();
    let folded = fold(name);
    let linked = block.links.iter().any(|l| l.href.starts_with("http")) || !urls(text).is_empty();
    let short = !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.contains(['。', '；']);
    let looks = folded.contains("sdk") || names.holds_known(name) || is_company(name) || linked;
    let verb = lexicon.says("purpose", &folded) || lexicon.says("collects", &folded) && !folded.contains("sdk");
    let own = lexicon.says("first-party", &folded) || lexicon.labels().contains_key(&folded);
    if own || lexicon.says("points-below", &folded) {
        return None;
    }
    let said = !sure && cut.is_some_and(|(_, after)| text.get(after..).is_some_and(|r| !r.trim().is_empty()));
    if !short || !(looks || said) || verb || names_nobody(name, lexicon, names) {
        return None;
    }
    let mut entry = Entry::default();
    entry.put(Column::Party, "", name, &[]);
    if !rest.trim().is_empty() && urls(rest).first().map(String::as_str) != Some(rest.trim()) {
        let found = terms::read(lexicon, rest);
        if !found.is_empty() || lexicon.says("says-none", fold(rest).trim()) {
            entry.put(Column::Data, "", rest, &[]);
        }
        let folded = Folded::new(rest);
        if let Some((m, _)) = lexicon.phrase("purpose", &folded.text) {
            let end = folded
                .text
                .get(m.start()..)
                .and_then(|t| t.find([',', '。', ';']))
                .map_or(folded.text.len(), |e| m.start() + e);
            entry.put(Column::Purpose, "", folded.slice(m.start(), end, rest), &[]);
        } else if found.is_empty() {
            entry.put(Column::Purpose, "", rest, &[]);
        }
    }
    entry.put(Column::Link, "", &urls(text).join(" "), &block.links);
    entry.spans.push(span(block.source, block.line, block.end_line, &block.text));
    Some(entry)
}

/// `Someone Analytics. Crash reports and usage.`: the point at `at` ends a name.
fn is_titled(text: &str, at: usize) -> bool {
    let (name, rest) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
    let capital = |t: &str| t.trim_start().chars().next().is_some_and(char::is_uppercase);
    rest.starts_with(' ') && capital(rest) && capital(name) && name.split_whitespace().count() <= 5
}

/// Only a kind of third party: "第三方广告SDK", "analytics providers".
pub fn names_nobody(name: &str, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    if names.holds_known(name) || is_company(name) {
        return false;
    }
    let rest = bare_stem(lexicon, name);
    let words = [
        "第三方",
        "该",
        "此",
        "其他",
        "相关",
        "部分",
        "以下",
        "如下",
        "上述",
        "这些",
        "类",
        "我们",
        "您",
        "合作",
        "某些",
        "等",
        "的",
        "本",
        "公司",
        "厂商",
        "关联",
        "各",
        "某",
        "授权",
        "伙伴",
        "供应商",
    ];
    let left = words.iter().fold(rest, |rest, word| rest.replace(word, ""));
    left.chars().count() < 2 || matches!(left.as_str(), "thirdparty" | "other" | "the" | "our" | "these" | "providers")
}

fn sentences_of(at: usize, block: &Block, lexicon: &Lexicon, names: &Names<'_>, found: &mut Found) {
    // Who the sentence before was about, for "it" in the next.
    let mut named: Vec<String> = Vec::new();
    for sentence in sentences::split(&block.text) {
        let folded = Folded::new(sentence.text);
        let text = folded.text.as_str();
        let place = || span(block.source, block.line, block.end_line, sentence.text);
        let mut about = false;
        for captures in lexicon.captures("sdk-list", text) {
            let Some(list) = captures.name("names") else { continue };
            let words = folded.slice(list.start(), list.end(), sentence.text);
            let rest =
                captures.name("rest").map(|m| folded.slice(m.start(), m.end(), sentence.text)).unwrap_or_default();
            let listed = names_of(words);
            let good = listed.iter().filter(|n| is_name(n, lexicon, names)).count();
            if listed.is_empty() || good * 2 < listed.len() || listed.len() > MOST_NAMES {
                continue;
            }
            about = true;
            for name in listed {
                let mut entry = Entry::default();
                entry.put(Column::Product, "", &name, &[]);
                let rest = rest.trim().trim_start_matches([',', '，']).trim();
                if !rest.is_empty() {
                    entry.put(Column::Purpose, "", rest, &[]);
                }
                let link: Vec<_> = block.links.iter().filter(|l| l.text.trim() == name).cloned().collect();
                if !link.is_empty() {
                    entry.put(Column::Link, "", "", &link);
                }
                entry.spans.push(place());
                found.entries.push((at, entry));
            }
            break;
        }
        if !about {
            let before = found.statements.len();
            about = statement(at, block, &sentence, &folded, &named, lexicon, names, found);
            named = found.statements.get(before..).and_then(|s| s.last()).map(|s| s.names.clone()).unwrap_or_default();
        }
        if about {
            found.sentences.push((at, sentence.start));
        }
    }
}

/// Members of a list of names; the last may follow "和", "and".
fn names_of(list: &str) -> Vec<String> {
    let mut out = Vec::new();
    let separator: &[char] = if list.contains('、') { &['、', '\n'] } else { &[',', '，', '、', '/', '\n'] };
    for part in list.split(separator) {
        let mut part = part.trim();
        for lead in ["and ", "or ", "以及", "和"] {
            part = part.strip_prefix(lead).unwrap_or(part).trim();
        }
        let tail = part.trim_end_matches(['。', '.']).trim();
        let tail = ["等第三方sdk", "等第三方SDK", "等SDK", "等sdk", "等第三方服务", "等服务", "等"]
            .iter()
            .fold(tail, |t, end| t.strip_suffix(end).unwrap_or(t))
            .trim();
        if let Some((a, b)) = tail.split_once(" and ").or_else(|| tail.split_once("以及"))
            && !a.is_empty()
        {
            out.push(a.trim().to_owned());
            out.push(b.trim().to_owned());
        } else if !tail.is_empty() {
            out.push(tail.to_owned());
        }
    }
    out
}

/// Looks like the name of somebody.
fn is_name(text: &str, lexicon: &Lexicon, names: &Names<'_>) -> bool {
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
        || ["服务", "平台", "推送", "统计", "支付", "地图", "登录", "分享", "广告", "认证"]
            .iter()
            .any(|w| folded.ends_with(w));
    short && like && !names_nobody(text, lexicon, names) && terms::read(lexicon, text).is_empty()
}

#[allow(clippy::too_many_arguments)]
fn statement(
    at: usize,
    block: &Block,
    sentence: &sentences::Sentence<'_>,
    folded: &Folded,
    named: &[String],
    lexicon: &Lexicon,
    names: &Names<'_>,
    found: &mut Found,
) -> bool {
    let text = folded.text.as_str();
    let slice = |start: usize, end: usize| folded.slice(start, end, sentence.text).trim().to_owned();
    let place = || span(block.source, block.line, block.end_line, sentence.text);
    if let Some(denial) = denial(at, sentence, folded, named, lexicon, names, place()) {
        found.statements.push(denial);
        return true;
    }
    let mut about = false;
    for captures in lexicon.captures("party-collects", text) {
        let (Some(all), Some(subject), Some(data)) = (captures.get(0), captures.name("names"), captures.name("data"))
        else {
            continue;
        };
        let subjects = meant(subjects(&slice(subject.start(), subject.end())), named, lexicon);
        let known = subjects.iter().any(|s| names.holds_known(s) || fold(s).contains("sdk"));
        if subjects.is_empty()
            || subjects.iter().any(|s| s.chars().count() > LONGEST_NAME)
            || subjects.iter().any(|s| lexicon.says("first-party", &fold(s)) || names_nobody(s, lexicon, names))
        {
            continue;
        }
        let words = slice(data.start(), data.end());
        let terms = collected(&words, lexicon);
        let denied = lexicon.says("denial", text.get(..data.start()).unwrap_or_default());
        if terms.is_empty() || denied {
            continue;
        }
        let all_words = slice(all.start(), all.end());
        let (raw, purpose) = cut_purpose(&all_words, lexicon);
        about = about || known;
        found.statements.push(Statement {
            block: at,
            sentence: sentence.start,
            declares: known && subjects.iter().any(|s| fold(s).contains("sdk") || names.is_known(s)),
            names: subjects,
            company: None,
            raw,
            purpose,
            terms,
            span: place(),
            denies: false,
        });
    }
    if about || several(at, sentence, folded, &place(), lexicon, names, found) {
        return true;
    }
    for captures in lexicon.captures("uses-product-of", text) {
        let (Some(company), Some(name), Some(rest)) =
            (captures.name("company"), captures.name("name"), captures.name("rest"))
        else {
            continue;
        };
        let name = slice(name.start(), name.end());
        let (raw, purpose) = cut_purpose(&slice(rest.start(), rest.end()), lexicon);
        found.statements.push(Statement {
            block: at,
            sentence: sentence.start,
            names: vec![name],
            company: Some(slice(company.start(), company.end())),
            terms: collected(&raw, lexicon),
            raw,
            purpose,
            span: place(),
            declares: true,
            denies: false,
        });
        return true;
    }
    for id in ["uses-sdk", "uses-service"] {
        for captures in lexicon.captures(id, text) {
            let (Some(name), Some(rest)) = (captures.name("name"), captures.name("rest")) else { continue };
            let name = slice(name.start(), name.end());
            if name.contains(['【', '[']) {
                continue;
            }
            if names_nobody(&name, lexicon, names) || !names.holds_known(&name) {
                continue;
            }
            let rest = slice(rest.start(), rest.end());
            let (raw, purpose) = cut_purpose(&rest, lexicon);
            found.statements.push(Statement {
                block: at,
                sentence: sentence.start,
                names: vec![name],
                company: None,
                terms: collected(&rest, lexicon),
                raw,
                purpose,
                span: place(),
                declares: true,
                denies: false,
            });
            return true;
        }
    }
    false
}

/// A sentence that names several third parties, or one that data is shared with.
fn several(
    at: usize,
    sentence: &sentences::Sentence<'_>,
    folded: &Folded,
    place: &Span,
    lexicon: &Lexicon,
    names: &Names<'_>,
    found: &mut Found,
) -> bool {
    let text = folded.text.as_str();
    for id in ["uses-several", "uses-services", "shares-with"] {
        for captures in lexicon.captures(id, text) {
            let part = |name: &str| {
                captures.name(name).map(|m| folded.slice(m.start(), m.end(), sentence.text).trim().to_owned())
            };
            let listed = part("names").map(|list| names_of(&list)).or_else(|| part("name").map(|n| vec![n]));
            let listed = listed.unwrap_or_default();
            let good = listed.iter().filter(|n| is_name(n, lexicon, names)).count();
            // Whom data is shared with may be somebody that nobody knows, if it is a name.
            let capital = |n: &String| n.starts_with(|c: char| c.is_ascii_uppercase());
            let known = listed.iter().any(|n| names.is_known(n) || names.holds_known(n))
                || id == "shares-with" && listed.iter().all(|n| capital(n) && lexicon.categories(n).is_empty());
            if listed.is_empty() || !known || good < listed.len() || listed.len() > MOST_NAMES {
                continue;
            }
            let before = captures.get(0).and_then(|all| text.get(..all.end())).unwrap_or_default();
            if lexicon.says("denial", before) || lexicon.says("denial-sharing", before) {
                continue;
            }
            let data = part("data").unwrap_or_default();
            let terms = collected(&data, lexicon);
            if captures.name("data").is_some() && terms.is_empty() {
                continue;
            }
            let (raw, purpose) = cut_purpose(&data, lexicon);
            let why = part("rest").or_else(|| part("why")).filter(|w| !w.is_empty());
            for name in listed {
                found.statements.push(Statement {
                    block: at,
                    sentence: sentence.start,
                    names: vec![name],
                    company: None,
                    raw: raw.clone(),
                    purpose: purpose
                        .clone()
                        .or_else(|| why.clone().map(|w| w.trim_matches([',', '，', ' ']).to_owned())),
                    terms: terms.clone(),
                    span: place.clone(),
                    declares: true,
                    denies: false,
                });
            }
            return true;
        }
    }
    false
}

/// `某某SDK不会收集您的IMEI`: whose denial it is, the subject says.
fn denial(
    at: usize,
    sentence: &sentences::Sentence<'_>,
    folded: &Folded,
    named: &[String],
    lexicon: &Lexicon,
    names: &Names<'_>,
    place: Span,
) -> Option<Statement> {
    let captures = lexicon.captures("party-denies", &folded.text).into_iter().next()?;
    let subject = captures.name("names")?;
    let subjects = subjects(folded.slice(subject.start(), subject.end(), sentence.text).trim());
    let subjects = meant(subjects, named, lexicon);
    let known = |s: &String| names.is_known(s) || fold(s).contains("sdk");
    let nobody = |s: &String| lexicon.says("first-party", &fold(s)) || names_nobody(s, lexicon, names);
    if !subjects.iter().any(known)
        || subjects.iter().any(nobody)
        || subjects.iter().any(|s| s.chars().count() > LONGEST_NAME)
    {
        return None;
    }
    let terms: Vec<terms::Term> =
        terms::read(lexicon, sentence.text).into_iter().filter(|t| t.denied || t.conditional.is_some()).collect();
    (!terms.is_empty()).then(|| Statement {
        block: at,
        sentence: sentence.start,
        names: subjects,
        company: None,
        raw: sentence.text.to_owned(),
        purpose: None,
        terms,
        span: place,
        declares: false,
        denies: true,
    })
}

/// The names that "it" stands for.
fn meant(subjects: Vec<String>, named: &[String], lexicon: &Lexicon) -> Vec<String> {
    let pronoun = subjects.len() == 1 && subjects.iter().all(|s| lexicon.says("pronoun", &fold(s)));
    if pronoun && !named.is_empty() { named.to_vec() } else { subjects }
}

/// The names that a subject consists of, without what leads into it.
fn subjects(words: &str) -> Vec<String> {
    let bare = without_brackets(words);
    let leads = ["其中", "其中的", "同时", "此外", "例如", "如", "由", "因此", "the ", "The "];
    split_subjects(leads.iter().fold(bare.as_str(), |s, lead| s.strip_prefix(lead).unwrap_or(s)).trim())
}

/// Data that a sentence says is collected: also what it is done with ("通过地理位置校准").
fn collected(words: &str, lexicon: &Lexicon) -> Vec<terms::Term> {
    terms::read(lexicon, words)
}

/// `第三方支付【某某支付】SDK` names a kind; the brackets are examples.
fn without_brackets(text: &str) -> String {
    let mut depth = 0usize;
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '【' | '[' | '(' | '（' => depth += 1,
            '】' | ']' | ')' | '）' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

fn split_subjects(text: &str) -> Vec<String> {
    split_names(text)
        .flat_map(|part| part.split(" and "))
        .flat_map(|part| part.split("以及"))
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

/// The words before the purpose, and the purpose.
fn cut_purpose(words: &str, lexicon: &Lexicon) -> (String, Option<String>) {
    let folded = Folded::new(words);
    match lexicon.phrase("purpose", &folded.text) {
        Some((m, _)) => {
            let at = folded.range(m.start(), m.end(), words).start;
            let raw = words.get(..at).unwrap_or_default().trim().trim_end_matches([',', '，']).to_owned();
            let end = words.get(at..).and_then(|t| t.find(['。', ';', '；'])).map_or(words.len(), |e| at + e);
            (raw, words.get(at..end).map(|p| p.trim().to_owned()))
        }
        None => (words.trim().trim_end_matches(['。', '.']).to_owned(), None),
    }
}
