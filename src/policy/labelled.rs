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
use super::fold::fold;
use super::labels::{identity, split};
use super::lexicon::{Column, Lexicon};
use super::names::Names;
use super::sections::{self, Section};

/// Longest title of a block.
const LONGEST_TITLE: usize = 60;

/// A title: short, not a sentence.
fn title_of(block: &Block) -> Option<String> {
    let text = sections::without_number(&block.text).trim().trim_end_matches([':', '：']).trim();
    // What brackets hold (package names) does not make a title long.
    let outside = text.split(['(', '（']).next().unwrap_or_default();
    let short = outside.chars().count() <= LONGEST_TITLE && text.chars().count() <= 4 * LONGEST_TITLE;
    let sentence = text.ends_with(['。', '.', ';', '；', '，', ',', '!', '！']) || text.contains('。');
    (short && !sentence && !text.is_empty() && block.table().is_none()).then(|| text.to_owned())
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
