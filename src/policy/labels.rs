//! Blocks of `label: value` under a name: one third party a block.
//!
//! ```text
//! 1. Fictional Push SDK
//! 运营方：某某科技有限公司
//! 收集个人信息类型：设备标识符（IMEI、OAID）
//! 隐私政策：https://push.example/privacy
//! ```

use super::block::{Block, Kind, Link};
use super::entry::{Entry, span, urls};
use super::fold::{fold, is_cjk};
use super::lexicon::{Column, Lexicon};
use super::names::Names;
use super::sections::{self, Section};

/// A label with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// What it names.
    pub column: Column,
    /// The words.
    pub label: String,
    /// What stands after the colon.
    pub value: String,
}

/// A text taken apart.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// What stands before the first label: a name glued to it.
    pub prefix: String,
    /// The labels.
    pub labels: Vec<Label>,
}

/// Longest label, in characters; longer ones are sentences.
const LONGEST_LABEL: usize = 24;
/// How much of a text before a colon is looked at, in bytes.
const LOOK_BACK: usize = 400;
/// Longest title of a block.
const LONGEST_TITLE: usize = 60;

/// Labels of `text`; `None` where it has none.
pub fn split(lexicon: &Lexicon, text: &str) -> Option<Parts> {
    // A converter may have lost all that stood between a value and the next label.
    let (loose, glued) = marks(lexicon, text, false);
    let marks = if glued >= LEAST_GLUED { marks(lexicon, text, true).0 } else { loose };
    parts(lexicon, text, marks)
}

/// Where a label begins, where its value does, what it names, and its words.
type Mark = (usize, usize, Column, String);

/// Labels right after a value, with nothing between, that make it sure that the text is
/// written so: a sentence may end in the words of one ("我们收集的个人信息：").
const LEAST_GLUED: usize = 2;

/// The labels of a text; and how many stand after a value with nothing between, which are
/// labels only with `glue`.
fn marks(lexicon: &Lexicon, text: &str, glue: bool) -> (Vec<Mark>, usize) {
    let mut marks: Vec<Mark> = Vec::new();
    let mut glued = 0;
    let whole = |label: &str| match glue {
        true => lexicon.labels().get(&fold(label.trim())).copied(),
        false => label_column(lexicon, label),
    };
    let mut line_start = 0;
    for (at, c) in text.char_indices() {
        if c == '\n' {
            line_start = at + 1;
            continue;
        }
        // `【SDK名称】某某推送`: the bracket does for the colon.
        let bracket = matches!(c, '】' | ']');
        if bracket {
            let inner = text.get(line_start..at).and_then(|t| t.trim_start().strip_prefix(['【', '[']));
            let column = inner.filter(|t| t.chars().count() <= LONGEST_LABEL).and_then(whole);
            if let (Some(inner), Some(column)) = (inner, column) {
                let rest = text.get(at + c.len_utf8()..).unwrap_or_default();
                let after = text.len() - rest.trim_start_matches([':', '：']).len();
                marks.push((line_start, after, column, inner.trim().to_owned()));
            }
            continue;
        }
        if c != ':' && c != '：' || marks.last().is_some_and(|m| m.1 > at) {
            continue;
        }
        let after = at + c.len_utf8();
        if text.get(after..).is_some_and(|r| r.starts_with("//")) {
            continue;
        }
        let from = marks.last().map_or(0, |m| m.1).max(line_start);
        let mut from = from;
        if at - from > LOOK_BACK {
            from = at - LOOK_BACK;
            while !text.is_char_boundary(from) {
                from += 1;
            }
        }
        let Some(before) = text.get(from..at) else { continue };
        // The whole of what stands before, where the line begins with it.
        let bare = sections::without_number(before);
        if from == line_start
            && bare.chars().count() <= LONGEST_LABEL
            && let Some(column) = whole(bare)
        {
            marks.push((at - bare.len(), after, column, bare.trim().to_owned()));
            continue;
        }
        // Else a label word right before the colon, after something that ends a value.
        let mut best: Option<(usize, Column)> = None;
        let mut stuck: Option<(usize, Column)> = None;
        let tail = before.char_indices().rev().take(LONGEST_LABEL).last().map_or(before.len(), |(at, _)| at);
        for (offset, _) in before.char_indices().skip_while(|(at, _)| *at < tail) {
            let candidate = before.get(offset..).unwrap_or_default();
            let edge = before.get(..offset).and_then(|b| b.chars().next_back()).is_some_and(|c| {
                matches!(c, '。' | ';' | '；' | ',' | '，' | ' ' | ')' | '）' | '】' | '|' | '、' | '.' | '\u{3000}')
            });
            // A sentence that begins with a label may lead into it ("可能收集个人信息类型：").
            let begins = offset == 0 || before.get(..offset).is_some_and(|b| b.ends_with(['。', ';', '；']));
            let known = || {
                let exact = lexicon.labels().get(&fold(candidate)).copied();
                let led = || label_column(lexicon, candidate.trim()).filter(|_| candidate.chars().any(is_cjk));
                exact.or_else(|| if begins { led() } else { verbed(lexicon, candidate) })
            };
            if edge && let Some(column) = known() {
                best = Some((offset, column));
                break;
            }
            let long = candidate.chars().count() >= 4 && candidate.chars().all(is_cjk);
            if stuck.is_none() && !edge && offset > 0 && long {
                stuck = lexicon.labels().get(&fold(candidate)).map(|column| (offset, *column));
            }
        }
        if best.is_none() && stuck.is_some() {
            glued += 1;
            best = stuck.filter(|_| glue);
        }
        if let Some((offset, column)) = best {
            let label = before.get(offset..).unwrap_or_default().trim().to_owned();
            // English words inside sentences are too common to be labels there.
            if label.chars().any(is_cjk) || label.contains(' ') {
                marks.push((from + offset, after, column, label));
            }
        }
    }
    (marks, glued)
}

fn parts(lexicon: &Lexicon, text: &str, marks: Vec<Mark>) -> Option<Parts> {
    let mut parts = Parts::default();
    if marks.is_empty() {
        // `穿山甲隐私政策链接https://…`: the address does for the colon.
        let at = text.find("http://").or_else(|| text.find("https://"))?;
        let before = text.get(..at)?.trim();
        let column = lexicon.column(before).filter(|c| matches!(c, Column::Link | Column::Website))?;
        let label = Label { column, label: before.to_owned(), value: text.get(at..)?.to_owned() };
        return (before.chars().count() <= LONGEST_LABEL).then(|| Parts { prefix: String::new(), labels: vec![label] });
    }
    let first = marks.first().map_or(0, |m| m.0);
    parts.prefix = sections::without_number(text.get(..first).unwrap_or_default()).trim().to_owned();
    for (index, (_, after, column, label)) in marks.iter().enumerate() {
        let end = marks.get(index + 1).map_or(text.len(), |m| m.0);
        let value = text.get(*after..end.max(*after)).unwrap_or_default();
        let value = value.trim().trim_end_matches([';', '；', '，', ',']).trim();
        let ends = identity(*column) || *column == Column::Purpose;
        let value = if ends { value.trim_end_matches('。').trim() } else { value };
        parts.labels.push(Label { column: *column, label: label.clone(), value: value.to_owned() });
    }
    Some(parts)
}

/// Paragraphs of labels that end with a sentence about the app itself ("…网络信息。本应用
/// 不申请定位权限。"): the sentence stands by itself.
pub fn part(blocks: Vec<Block>, lexicon: &Lexicon) -> Vec<Block> {
    let mut out = Vec::with_capacity(blocks.len());
    for block in blocks {
        let cut = if block.table().is_some() || !block.text.contains(['：', ':']) {
            None
        } else {
            super::sentences::split(&block.text)
                .into_iter()
                .skip(1)
                .find(|s| {
                    let own = lexicon.phrase("first-party", &fold(s.text.trim())).is_some_and(|(m, _)| m.start() == 0);
                    own && split(lexicon, s.text).is_none()
                })
                .map(|s| s.start)
                .filter(|at| {
                    let before = block.text.get(..*at).and_then(|t| split(lexicon, t));
                    before.is_some_and(|parts| parts.labels.len() >= 2)
                })
        };
        let Some(at) = cut else {
            out.push(block);
            continue;
        };
        let (labels, own) = block.text.split_at(at);
        let own = Block {
            kind: Kind::Paragraph,
            text: own.trim().to_owned(),
            links: Vec::new(),
            strong: false,
            ..block.clone()
        };
        out.push(Block { text: labels.trim().to_owned(), ..block.clone() });
        out.push(own);
    }
    out
}

/// The column of a label: a word of the vocabulary, or one of four characters and more in it.
/// `极光推送SDK：` is a name, not a label, though labels end in `SDK` too.
fn label_column(lexicon: &Lexicon, label: &str) -> Option<Column> {
    let folded = fold(label.trim());
    if let Some(column) = lexicon.labels().get(&folded) {
        return Some(*column);
    }
    // `收集的信息包括：`
    let bare = match lexicon.phrase("label-verb", &folded) {
        Some((verb, _)) => folded.get(..verb.start()).unwrap_or_default().to_owned(),
        None => folded,
    };
    if let Some(column) = lexicon.labels().get(&bare) {
        return Some(*column);
    }
    if lexicon.says("label-of-data", &bare) {
        return Some(Column::Data);
    }
    let folded = bare;
    if folded.contains([',', ':', '。', ';']) || lexicon.says("points-below", &folded) {
        return None;
    }
    let column = lexicon.column(&folded)?;
    let long = lexicon
        .heads_in(&folded)
        .iter()
        .any(|(word, _, c)| *c == column && (word.chars().count() >= 4 || word.starts_with("sdk") && *word != "sdk"));
    let wordy = folded.is_ascii() && folded.split(' ').count() > 4;
    (long && !wordy).then_some(column)
}

/// The column of `收集的信息包括` after a comma: a whole label and its verb.
fn verbed(lexicon: &Lexicon, candidate: &str) -> Option<Column> {
    let folded = fold(candidate.trim());
    let (verb, _) = lexicon.phrase("label-verb", &folded)?;
    lexicon.labels().get(folded.get(..verb.start())?).copied()
}

/// A title: short, not a sentence.
fn title_of(block: &Block) -> Option<String> {
    let text = sections::without_number(&block.text).trim().trim_end_matches([':', '：']).trim();
    // What brackets hold (package names) does not make a title long.
    let outside = text.split(['(', '（']).next().unwrap_or_default();
    let short = outside.chars().count() <= LONGEST_TITLE && text.chars().count() <= 4 * LONGEST_TITLE;
    let sentence = text.ends_with(['。', '.', ';', '；', '，', ',', '!', '！']) || text.contains('。');
    (short && !sentence && !text.is_empty() && block.table().is_none()).then(|| text.to_owned())
}

/// The column says who.
fn identity(column: Column) -> bool {
    matches!(column, Column::Product | Column::Company | Column::Party)
}

/// What [`read`] found.
#[derive(Default)]
pub struct Found {
    /// Entries in the document's order, with the position of their first block.
    pub entries: Vec<(usize, Entry)>,
    /// Positions of the blocks that they are made of.
    pub used: Vec<usize>,
}

/// An entry being put together.
struct Open {
    entry: Entry,
    blocks: Vec<usize>,
    titled: bool,
    /// How deep the item is that is its title; 0 where that is none.
    level: u8,
    section: Section,
    /// Column, depth and label that deeper items belong to.
    tail: Option<(Column, u8, String)>,
}

impl Open {
    /// Whose it is stands there.
    fn is_named(&self) -> bool {
        self.titled || self.entry.values.iter().any(|(column, value)| identity(*column) && !value.trim().is_empty())
    }
}

/// All third parties that stand as labels under a name.
pub fn read(blocks: &[Block], sections: &[Section], lexicon: &Lexicon, names: &Names<'_>) -> Found {
    let mut found = Found::default();
    let mut open: Option<Open> = None;
    let mut title: Option<(usize, String)> = None;
    for (index, block) in blocks.iter().enumerate() {
        let section = sections.get(index).copied().unwrap_or_default();
        let depth = depth_of(block);
        if block.table().is_some() {
            close(&mut open, &mut found, names);
            title = None;
            continue;
        }
        if let Some(current) = &mut open
            && let Some((column, at, label)) = &current.tail
            && depth > *at
            && (current.level == 0 || depth > current.level)
            && !(*column == Column::Other && names_somebody(lexicon, block))
            && !(current.is_named() && leads_labels(lexicon, blocks, index))
        {
            let (column, label) = (*column, label.clone());
            current.entry.put(column, &label, &block.text, &block.links);
            current.blocks.push(index);
            extend(&mut current.entry, block);
            continue;
        }
        // An address by itself below labels: where to read more.
        if let Some(current) = &mut open
            && !block.text.trim().contains(char::is_whitespace)
            && urls(&block.text).first().is_some_and(|url| url == block.text.trim())
            && !current.entry.has(Column::Link)
        {
            current.entry.put(Column::Link, "", &block.text, &block.links);
            current.blocks.push(index);
            extend(&mut current.entry, block);
            continue;
        }
        let parts = split(lexicon, &block.text).filter(|_| !block.is_heading());
        // `收集的个人信息：IMEI、`: an enumeration goes on in the next line.
        if parts.is_none()
            && !block.is_heading()
            && let Some(current) = &mut open
            && let Some((column, value)) = current.entry.values.last_mut()
            && *column == Column::Data
            && value.ends_with('、')
        {
            value.push_str(block.text.trim());
            current.blocks.push(index);
            extend(&mut current.entry, block);
            continue;
        }
        let Some(parts) = parts else {
            match title_of(block) {
                Some(words) => {
                    close(&mut open, &mut found, names);
                    title = Some((index, words));
                }
                None => {
                    // A paragraph after a label without a value belongs to it.
                    if let Some(current) = &mut open
                        && let Some((column, _, label)) = current.tail.clone()
                        && current.entry.values.last().is_some_and(|(c, v)| *c == column && v.is_empty())
                    {
                        current.entry.put(column, &label, &block.text, &block.links);
                        current.blocks.push(index);
                        extend(&mut current.entry, block);
                    } else {
                        close(&mut open, &mut found, names);
                        title = None;
                    }
                }
            }
            continue;
        };
        let (name, mut led) = name_and_rest(&parts.prefix);
        let sentence = name.contains('。') || lexicon.says("first-party", &fold(name));
        if !name.is_empty() && name.chars().count() <= LONGEST_TITLE && !sentence {
            close(&mut open, &mut found, names);
            title = Some((index, name.trim_matches(['【', '】', '[', ']', '《', '》']).to_owned()));
        }
        for label in &parts.labels {
            let identity = identity(label.column);
            let repeated = open.as_ref().is_some_and(|o| {
                identity && (o.entry.has(label.column) || label.column == Column::Product && o.titled)
            });
            if repeated {
                close(&mut open, &mut found, names);
            }
            let current = open.get_or_insert_with(|| {
                let mut entry = Entry::default();
                let mut used = Vec::new();
                let named = title.take().filter(|(at, _)| at + 1 >= index && label.column != Column::Product);
                let named = named.filter(|(_, words)| !lexicon.says("names-a-document", &fold(words)));
                let titled = named.is_some();
                let mut level = 0;
                if let Some((at, words)) = named {
                    level = blocks.get(at).map(depth_of).unwrap_or_default();
                    entry.put(Column::Product, "", &words, &[]);
                    used.push(at);
                    if let Some(block) = blocks.get(at) {
                        entry.spans.push(span(block.source, block.line, block.end_line, &block.text));
                    }
                }
                Open { entry, blocks: used, titled, level, section, tail: None }
            });
            let links: Vec<Link> = block
                .links
                .iter()
                .filter(|l| parts.labels.len() == 1 || label.value.contains(l.text.as_str()))
                .cloned()
                .collect();
            let (value, more) =
                if identity { name_and_more(&label.value, lexicon) } else { (label.value.as_str(), None) };
            if let Some(led) = led.take() {
                current.entry.put(Column::Purpose, "", led, &[]);
            }
            current.entry.put(label.column, &label.label, value, &links);
            if let Some(more) = more {
                current.entry.put(Column::Data, &label.label, more, &[]);
            }
            current.tail = Some((label.column, depth, label.label.clone()));
        }
        if let Some(current) = &mut open {
            current.blocks.push(index);
            extend(&mut current.entry, block);
        }
        title = None;
    }
    close(&mut open, &mut found, names);
    found
}

/// A label of the block says who it is about: what stands above it, a date say, has no part in it.
fn names_somebody(lexicon: &Lexicon, block: &Block) -> bool {
    split(lexicon, &block.text).is_some_and(|parts| parts.labels.iter().any(|label| identity(label.column)))
}

/// The block is a title and labels stand below it: somebody's name, and nothing that the label above has.
fn leads_labels(lexicon: &Lexicon, blocks: &[Block], index: usize) -> bool {
    let labelled = |block: &Block| split(lexicon, &block.text).is_some();
    let Some((title, next)) = blocks.get(index).zip(blocks.get(index + 1)) else { return false };
    // The next item of the list stands beside it.
    let below = depth_of(next) == 0 || depth_of(next) > depth_of(title);
    below && title_of(title).is_some() && !labelled(title) && labelled(next)
}

/// How deep an item is; 0 for what is none.
fn depth_of(block: &Block) -> u8 {
    if let Kind::Item(depth) = block.kind { depth } else { 0 }
}

/// `某某推送SDK：用于消息推送，` before the first label: the name, and what it is for.
fn name_and_rest(prefix: &str) -> (&str, Option<&str>) {
    match prefix.split_once(['：', ':']) {
        Some((name, rest)) => {
            let rest = rest.trim().trim_end_matches(['，', ',', '。', ';', '；', '、']).trim();
            (name.trim(), (!rest.is_empty()).then_some(rest))
        }
        None => (prefix.trim(), None),
    }
}

/// `个推，收集IMEI`: the name, and the clause that says what it collects.
fn name_and_more<'a>(value: &'a str, lexicon: &Lexicon) -> (&'a str, Option<&'a str>) {
    let Some((at, comma)) = value.char_indices().find(|(_, c)| matches!(c, ',' | '，')) else { return (value, None) };
    let (name, rest) = (value.get(..at).unwrap_or(value), value.get(at + comma.len_utf8()..).unwrap_or_default());
    let says = lexicon.says("collects", &fold(rest)) && !lexicon.says("collects", &fold(name));
    if says { (name.trim(), Some(rest.trim())) } else { (value, None) }
}

/// One span for the whole block of labels: from the title to the last line.
fn extend(entry: &mut Entry, block: &Block) {
    match entry.spans.first_mut() {
        Some(first) if first.source == block.source => {
            first.end_line = first.end_line.max(block.end_line);
            let quote = format!("{} {}", first.quote, block.text);
            first.quote = span(0, 0, 0, &quote).quote;
        }
        _ => entry.spans.push(span(block.source, block.line, block.end_line, &block.text)),
    }
}

/// Keeps what is a third party: somebody is named, and something is said about them.
fn close(open: &mut Option<Open>, found: &mut Found, names: &Names<'_>) {
    let Some(open) = open.take() else { return };
    let entry = open.entry;
    let title = entry.get(Column::Product).or_else(|| entry.get(Column::Party)).unwrap_or_default().to_owned();
    let said = [Column::Data, Column::Purpose, Column::Link, Column::Scenario, Column::Method]
        .into_iter()
        .filter(|c| entry.has(*c))
        .count();
    let company = entry.get(Column::Company).is_some();
    let labelled = !open.titled && (entry.get(Column::Product).is_some() || entry.get(Column::Party).is_some());
    let sdk = fold(&title).contains("sdk");
    let named = company || labelled || sdk || names.is_known(&title);
    let policy = entry.values.iter().any(|(c, v)| *c == Column::Link && !urls(v).is_empty())
        || entry.links.iter().any(|(c, _, l)| *c == Column::Link && l.href.starts_with("http"));
    let named = named || open.titled && (policy || open.section == Section::Share && said >= 2);
    // "### Some Analytics", "Data processed: …".
    let known = entry.has(Column::Data) && names.is_known(&title);
    let about = said >= 1 && (said >= 2 || company || sdk || known || labelled && entry.has(Column::Data));
    if named && about && (company || !title.is_empty()) {
        found.entries.push((open.blocks.first().copied().unwrap_or_default(), entry));
        found.used.extend(open.blocks);
    }
}
