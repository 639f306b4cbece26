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
use super::fold::{Folded, fold};
use super::labels::{self, Parts, identity, split};
use super::lexicon::{Column, Lexicon};
use super::names::Names;
use super::prose::{announces, names_nobody};
use super::sections::{self, Section};
use super::spelling::is_company;
use super::terms;

/// Longest title of a block.
const LONGEST_TITLE: usize = 60;

/// A title: short, not a sentence.
fn title_of(block: &Block) -> Option<String> {
    let text = sections::without_number(&block.text).trim().trim_end_matches([':', '：']).trim();
    // `【某某推送】`
    let inner = text.strip_prefix('【').and_then(|t| t.strip_suffix('】')).filter(|t| !t.contains(['【', '】']));
    let text = inner.unwrap_or(text).trim();
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
    /// What the app itself collects, label by label: blocks that name nobody.
    pub own: Vec<Entry>,
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
    /// The last label is one of data and stands alone: lines below it say which.
    listing: bool,
    /// The label of data that came first.
    data_label: Option<String>,
    /// A label is itself a datum (`位置信息：…`): then the words are no form that is filled in.
    of_data: bool,
    /// The title says that data follows: `用户基本信息`.
    about_data: bool,
}

impl Open {
    /// Whose it is stands there.
    fn is_named(&self) -> bool {
        self.titled || self.says_who()
    }

    /// A label says whose it is, not only a title.
    fn says_who(&self) -> bool {
        let names = |(column, value): &(Column, String)| identity(*column) && !value.trim().is_empty();
        self.entry.values.iter().skip(usize::from(self.titled)).any(names)
    }
}

/// Between the members of an enumeration that end in brackets.
const BETWEEN_BRACKETED: [&str; 7] = ["）、", ")、", "）和", ")和", "）及", "）以及", "), "];

/// `第三方SDK包括：A（统计，收集OAID）、B（收集IMEI）`: a sentence, in which each name has what its brackets say.
fn enumerates(parts: &Parts, lexicon: &Lexicon) -> bool {
    let [only] = &parts.labels[..] else { return false };
    identity(only.column)
        && BETWEEN_BRACKETED.iter().any(|between| only.value.contains(between))
        && !terms::read(lexicon, &only.value).is_empty()
}

/// `第三方平台登录：如您选择…`: what stands where a name would is a sentence to the reader.
fn speaks(parts: &Parts, lexicon: &Lexicon) -> bool {
    let first = |value: &str| fold(value.split(['，', ',', '。']).next().unwrap_or_default());
    let [only] = &parts.labels[..] else { return false };
    identity(only.column) && lexicon.says("speaks-to-the-reader", &first(&only.value))
}

/// `我们使用某某统计。某某统计收集的信息包括：…`: a sentence whose subject is somebody, behind others.
fn tells(parts: &Parts, names: &Names<'_>) -> bool {
    let [only] = &parts.labels[..] else { return false };
    only.column == Column::Data && parts.prefix.contains('。') && names.holds_known(&only.label)
}

/// All third parties that stand as labels under a name.
pub fn read(blocks: &[Block], sections: &[Section], lexicon: &Lexicon, names: &Names<'_>) -> Found {
    let mut found = Found::default();
    let mut open: Option<Open> = None;
    let mut title: Option<(usize, String)> = None;
    // The items here stand below words that announce third parties.
    let mut announced = false;
    for (index, block) in blocks.iter().enumerate() {
        let depth = depth_of(block);
        let listed = depth > 0 || sections::is_numbered(&block.text);
        announced = announced && listed || block.table().is_none() && announces(&block.text, lexicon);
        let section = match sections.get(index).copied().unwrap_or_default() {
            Section::Open if announced && listed => Section::Share,
            section => section,
        };
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
            // `SDK名称：某某`, and below it, deeper, what else there is to say.
            && !(identity(*column) && split(lexicon, &block.text).is_some())
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
        let parts = split(lexicon, &block.text).filter(|parts| !block.is_heading() && !enumerates(parts, lexicon));
        let parts = parts.filter(|parts| !tells(parts, names) && !speaks(parts, lexicon));
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
        // `个人信息字段：` and then, line by line, what they are.
        if parts.is_none()
            && let Some(current) = &mut open
            && current.listing
            && lists_data(block, lexicon, names)
        {
            current.entry.put(Column::Data, "", &block.text, &block.links);
            current.blocks.push(index);
            extend(&mut current.entry, block);
            continue;
        }
        // `客户端：安卓` between two labels is one too, though nobody knows it.
        if parts.is_none()
            && let Some(current) = &mut open
            && current.is_named()
            && is_unknown_label(block, lexicon, names)
            && blocks.get(index + 1).is_some_and(|next| goes_on(next, lexicon))
        {
            current.tail = Some((Column::Other, depth, block.text.clone()));
            current.listing = false;
            current.blocks.push(index);
            extend(&mut current.entry, block);
            continue;
        }
        // "The following SDKs do not collect personal data: A, B": a sentence, and no label of a row.
        let denies = |prefix: &str| ["points-below", "denial"].iter().all(|id| lexicon.says(id, &fold(prefix)));
        let Some(parts) = parts.filter(|parts| !denies(&parts.prefix)) else {
            match title_of(block) {
                Some(words) => {
                    close(&mut open, &mut found, names);
                    // A line that says what it is for stands between a name and its labels.
                    let folded = fold(&words);
                    let only_purpose = lexicon.says("purpose", &folded) && !names.holds_known(&words);
                    let somebody = |name: &str| names.holds_known(name) || fold(name).contains("sdk");
                    match &mut title {
                        Some((at, name)) if *at + 1 == index && only_purpose && somebody(name) => *at = index,
                        _ => title = Some((index, words)),
                    }
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
                    } else if let Some((at, name)) = &mut title
                        && *at + 1 == index
                        && says_more(name, &block.text, names)
                    {
                        close(&mut open, &mut found, names);
                        *at = index;
                    } else {
                        close(&mut open, &mut found, names);
                        title = None;
                    }
                }
            }
            continue;
        };
        // "We use Some Push. Data: …": the sentence says who.
        let used = used_name(&parts.prefix, lexicon, names);
        let (name, led) = match &used {
            Some(name) => (name.as_str(), None),
            None => named_first(&parts.prefix, lexicon, names).unwrap_or_else(|| name_and_rest(&parts.prefix)),
        };
        // `推送服务商：某某。共享信息：…`: a kind, and then who it is.
        let (name, led) = match led {
            Some(who) if names_nobody(name, lexicon, names) && names.is_known(who) => (who, Some(name)),
            led => (name, led),
        };
        let mut led = led;
        let sentence = used.is_none() && (name.contains('。') || lexicon.says("first-party", &fold(name)));
        if !name.is_empty() && name.chars().count() <= LONGEST_TITLE && !sentence {
            close(&mut open, &mut found, names);
            title = Some((index, name.trim_matches(['【', '】', '[', ']', '《', '》']).to_owned()));
        }
        for label in &parts.labels {
            let identity = identity(label.column);
            let repeated = open.as_ref().is_some_and(|o| {
                let again = label.column == Column::Data && o.data_label.as_ref() == Some(&label.label);
                identity && (o.entry.has(label.column) || label.column == Column::Product && o.titled)
                    || again && section == Section::Collect && !o.says_who()
            });
            if repeated {
                close(&mut open, &mut found, names);
            }
            let current = open.get_or_insert_with(|| {
                let mut entry = Entry::default();
                let mut used = Vec::new();
                let named = title.take().filter(|(at, _)| at + 1 >= index && label.column != Column::Product);
                let named = named.filter(|(_, words)| !lexicon.says("names-a-document", &fold(words)));
                // `第三方SDK`, and below it `名称：…`: the label says who.
                let announces = |words: &str| {
                    let labelled = words.contains(':') && !names.holds_known(words);
                    labelled || lexicon.says("points-below", words) || lexicon.says("first-party", words)
                };
                let named = named
                    .filter(|(_, words)| !identity || !names_nobody(words, lexicon, names) && !announces(&fold(words)));
                let titled = named.is_some();
                let about_data = named
                    .as_ref()
                    .is_some_and(|(_, words)| lexicon.says("title-of-data", &fold(words)) && !names.holds_known(words));
                let mut level = 0;
                if let Some((at, words)) = named {
                    level = blocks.get(at).map(depth_of).unwrap_or_default();
                    entry.put(Column::Product, "", &words, &[]);
                    used.push(at);
                    if let Some(block) = blocks.get(at) {
                        entry.spans.push(span(block.source, block.line, block.end_line, &block.text));
                    }
                }
                Open {
                    entry,
                    blocks: used,
                    titled,
                    level,
                    section,
                    tail: None,
                    listing: false,
                    data_label: None,
                    of_data: false,
                    about_data,
                }
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
                if let Some(company) = maker(led, lexicon).filter(|_| !current.entry.has(Column::Company)) {
                    current.entry.put(Column::Company, "", company, &[]);
                }
                let (purpose, data) = purpose_and_data(led, lexicon);
                current.entry.put(Column::Purpose, "", purpose, &[]);
                if let Some(data) = data {
                    current.entry.put(Column::Data, "", data, &[]);
                }
            }
            current.entry.put(label.column, &label.label, value, &links);
            if let Some(more) = more {
                current.entry.put(Column::Data, &label.label, more, &[]);
            }
            current.tail = Some((label.column, depth, label.label.clone()));
            current.of_data |= !terms::read(lexicon, &label.label).is_empty();
            current.listing = label.column == Column::Data && label.value.is_empty();
            if label.column == Column::Data {
                current.data_label.get_or_insert_with(|| label.label.clone());
            }
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

/// Words of data, after a bracket that says on which system: `【仅Android】AndroidID、OAID`.
fn lists_data(block: &Block, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    let text = block.text.trim();
    let text = sections::without_number(text);
    let bare = text.strip_prefix(['【', '[']).and_then(|t| t.split_once(['】', ']'])).map_or(text, |(_, rest)| rest);
    let first = terms::read(lexicon, bare).first().map(|term| term.start);
    // A number and a name that begins with nothing of data is the next title.
    let named = fold(text).contains("sdk") || names.is_known(text) || first.is_some_and(|at| at > 0);
    let title = sections::is_numbered(&block.text) && named;
    !block.is_heading() && !title && terms::lead(lexicon, bare) && !lexicon.says("first-party", &fold(text))
}

/// `客户端：安卓`: short words, a colon, and something that is neither somebody nor data.
fn is_unknown_label(block: &Block, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    let Some((label, value)) = block.text.split_once(['：', ':']) else { return false };
    let folded = fold(label);
    label.chars().count() <= LONGEST_TITLE
        && !label.contains(['。', '；'])
        && !folded.contains("sdk")
        && !names.holds_known(label)
        && !value.trim().is_empty()
        && terms::read(lexicon, &block.text).is_empty()
        && !block.is_heading()
}

/// The block is a label that says more about whom the ones before are about.
fn goes_on(block: &Block, lexicon: &Lexicon) -> bool {
    let about =
        |parts: &labels::Parts| parts.prefix.is_empty() && parts.labels.iter().all(|l| l.column != Column::Product);
    !block.is_heading() && split(lexicon, &block.text).is_some_and(|parts| about(&parts))
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
        // "Some Ads — shows videos."
        None => match DASHES.iter().find_map(|dash| prefix.split_once(dash)) {
            Some((name, rest)) if !name.contains(['.', '。']) || is_company(name.trim()) => {
                (name.trim(), Some(rest.trim().trim_end_matches(['.', '。', ',', ';', ' '])).filter(|r| !r.is_empty()))
            }
            _ => (prefix.trim(), None),
        },
    }
}

/// `由某某公司提供，用于统计`: the company.
fn maker<'t>(words: &'t str, lexicon: &Lexicon) -> Option<&'t str> {
    let folded = Folded::new(words);
    let captures = lexicon.captures("made-by", &folded.text).into_iter().next()?;
    captures.name("company").map(|m| folded.slice(m.start(), m.end(), words))
}

/// `某某SDK。由某某公司提供，用于统计，` before the first label: a sentence that is only a name, and more about it.
fn named_first<'t>(prefix: &'t str, lexicon: &Lexicon, names: &Names<'_>) -> Option<(&'t str, Option<&'t str>)> {
    let (name, rest) = prefix.split_once('。')?;
    let folded = fold(name);
    let somebody = names.is_known(name) || folded.ends_with("sdk") && !names_nobody(name, lexicon, names);
    let sentence = ["first-party", "uses", "collects"].iter().any(|id| lexicon.says(id, &folded));
    let rest = rest.trim().trim_end_matches(['，', ',', '。', ';', '；', '、']).trim();
    (somebody && !sentence).then(|| (name.trim(), Some(rest).filter(|rest| !rest.is_empty())))
}

/// Between a name and what is said of it.
const DASHES: [&str; 4] = [" - ", " – ", " — ", "——"];

/// "Some Analytics is a service of Some Company." below the title "Some Analytics (Some Company)".
fn says_more(title: &str, text: &str, names: &Names<'_>) -> bool {
    let name = title.split(['(', '（']).next().unwrap_or(title).trim();
    names.is_known(name) && text.trim_start().starts_with(name)
}

/// `用于消息推送，收集IMEI`: what it is for, and from the clause on that says what it collects.
fn purpose_and_data<'a>(words: &'a str, lexicon: &Lexicon) -> (&'a str, Option<&'a str>) {
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
fn used_name(prefix: &str, lexicon: &Lexicon, names: &Names<'_>) -> Option<String> {
    let sentence = super::sentences::split(prefix).into_iter().next_back()?.text.trim();
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
            names.is_known(name) || title && terms::read(lexicon, name).is_empty()
        })
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
    let says_who = open.says_who();
    let entry = open.entry;
    let title = entry.get(Column::Product).or_else(|| entry.get(Column::Party)).unwrap_or_default().to_owned();
    let said = [Column::Data, Column::Purpose, Column::Link, Column::Website, Column::Scenario, Column::Method]
        .into_iter()
        .filter(|c| entry.has(*c))
        .count();
    let company = entry.get(Column::Company).is_some();
    let labelled = !open.titled && (entry.get(Column::Product).is_some() || entry.get(Column::Party).is_some());
    let sdk = fold(&title).contains("sdk");
    let outside = title.split(['(', '（']).next().unwrap_or_default().trim();
    let inside = title.trim_end_matches([')', '）']).rsplit(['(', '（']).next().unwrap_or_default().trim();
    let known = |title: &str| names.is_known(title);
    let named =
        company || labelled || sdk || known(&title) || (known(outside) || known(inside)) && entry.has(Column::Data);
    let address = |column: Column| column == Column::Link || column == Column::Website && entry.has(Column::Data);
    let policy = entry.values.iter().any(|(c, v)| address(*c) && !urls(v).is_empty())
        || entry.links.iter().any(|(c, _, l)| *c == Column::Link && l.href.starts_with("http"));
    let named = named || open.titled && (policy || open.section == Section::Share && said >= 2);
    // "### Some Analytics", "Data processed: …".
    let known = entry.has(Column::Data) && (known(&title) || known(outside) || known(inside));
    let about = said >= 1 && (said >= 2 || company || sdk || known || labelled && entry.has(Column::Data));
    // `权限：相机；目的：扫码`, whatever stands above.
    let only_permissions = entry.has(Column::Permissions) && !entry.has(Column::Data) && !names.holds_known(&title);
    if named && about && (company || !title.is_empty()) {
        found.entries.push((open.blocks.first().copied().unwrap_or_default(), entry));
        found.used.extend(open.blocks);
    } else if matches!(open.section, Section::Collect | Section::Open)
        && !(says_who || sdk || open.of_data || entry.denies)
        && (entry.has(Column::Data) && said >= 2 || entry.has(Column::Permissions) && said >= 1)
        && (!open.titled
            || open.section == Section::Collect && !names.holds_known(&title)
            || open.about_data
            || only_permissions)
    {
        found.own.push(entry);
        found.used.extend(open.blocks);
    }
}
