//! List items under an announcement ("we use these SDKs:"), each a third party.

use std::collections::HashMap;

use super::super::block::{Block, Kind};
use super::super::entry::{Entry, span, urls};
use super::super::fold::{Folded, fold, is_cjk};
use super::super::lexicon::{Column, Lexicon};
use super::super::names::Names;
use super::super::sections::{Section, is_heading, without_number};
use super::super::spelling::{before_and_inside, is_company, packages_in};
use super::super::{sentences, terms};
use super::behind;
use super::naming::{is_firm, is_name, names_nobody, names_of};
use super::operators;
use super::{LONGEST_NAME, Placed};

/// Items that are looked at to decide whether a list is one of third parties. Without a limit, a
/// document in which every line seems to announce all lines after it would take quadratic time.
const MOST_TRIED: usize = 500;

/// Words of a kind of service that stand before a name.
const MOST_WORDS_OF_A_KIND: usize = 3;

/// Between a name and what is said about it.
const FIELD_DASHES: [&str; 5] = [" - ", " – ", " — ", "——", "→"];

/// Longest name that a comma ends, in characters: before a longer one stands a clause.
const LONGEST_COMMA_NAME: usize = 16;

/// Longest words for a kind that the vocabulary does not know, in characters: `物流服务商`.
const LONGEST_KIND: usize = 8;

/// Shortest words in brackets that are what somebody gets, in characters: a shorter one is a name's own (`（OSS）`).
const SHORTEST_DATA: usize = 4;

/// A cache of what blocks are as items of a list.
#[derive(Default)]
pub struct Tried(HashMap<(usize, bool), Sure>);

/// What a block is as an item, by its name alone.
#[derive(Clone, Copy, PartialEq)]
enum Sure {
    /// It is no third party for sure.
    No,
    /// It is one.
    Somebody,
    /// It is one that is known, and something is said about it.
    Known,
}

impl Tried {
    fn of(&mut self, at: usize, told: bool, blocks: &[Block], lexicon: &Lexicon, names: &Names<'_>) -> Sure {
        *self.0.entry((at, told)).or_insert_with(|| {
            let of_kind = |b| several_of_kind(b, told, lexicon, names).into_iter().next();
            let entry = blocks.get(at).and_then(|b| of_kind(b).or_else(|| item(b, true, lexicon, names)));
            let Some(entry) = entry else { return Sure::No };
            let says = entry.has(Column::Data) || entry.has(Column::Purpose);
            let firm = |name: &str| is_firm(name.split(['(', '（']).next().unwrap_or(name).trim());
            let made = |name: &str| before_and_inside(name).is_some_and(|(_, inside)| is_firm(inside.trim()));
            let known = entry.get(Column::Party).is_some_and(|n| names.holds_known(n) || firm(n) || made(n));
            let known = says && (known || entry.get(Column::Company).is_some());
            if known { Sure::Known } else { Sure::Somebody }
        })
    }
}

/// The last sentence of the text says that a list of third parties follows.
pub fn announces(text: &str, lexicon: &Lexicon) -> bool {
    // Folded it would show no sentence's end: a capital follows one.
    let mut last = sentences::split(text).into_iter().rev().map(|s| fold(s.text).trim().to_owned());
    // "We use the services below. Each has its own privacy policy:".
    let is_of_all = |last: &String| {
        lexicon.says("takes-of-all", last) && lexicon.says("collects", last) || lexicon.says("has-a-policy-each", last)
    };
    let first = last.next().unwrap_or_default();
    // "We work with the partners below. Each may collect …".
    // "We work with these partners. Each may collect the following:": the colon is that of both.
    let mut before =
        |first: &String| last.next().map(|last| if first.ends_with(':') { last.replace('.', ":") } else { last });
    let last = if is_of_all(&first) { before(&first).unwrap_or(first) } else { first };
    last.chars().count() <= 200 && lexicon.says("list-follows", &last) && !lexicon.says("denial", &last)
}

/// The items after the block at `index`, and those of them that are third parties: where
/// the block announces them, or where it stands in a section about sharing and most of
/// the items begin with a known name.
pub fn read(
    index: usize,
    blocks: &[Block],
    sections: &[Section],
    free: &dyn Fn(usize) -> bool,
    tried: &mut Tried,
    lexicon: &Lexicon,
    names: &Names<'_>,
) -> Option<(Vec<usize>, Placed)> {
    let block = blocks.get(index)?;
    let announced = announces(&block.text, lexicon);
    let item_above = matches!(block.kind, Kind::Item(_));
    let shares = sections.get(index) == Some(&Section::Share) && !item_above;
    // Where nothing says what a part is about, lines of known names say it themselves.
    let open = sections.get(index) == Some(&Section::Open) && !item_above;
    if !announced && !shares && !open {
        return None;
    }
    let told = announced || shares;
    let known_link = |block: &Block| super::link_line(block).is_some_and(|(name, _)| names.is_known(&name));
    let is_bare = |block: &Block| announced && (names.is_known(block.text.trim()) || known_link(block));
    let items = list_after(blocks, index + 1, MOST_TRIED, free, &is_bare);
    // Addresses of privacy policies tell where to read on, not who gets what.
    let of_policies = |at: &usize| blocks.get(*at).is_some_and(|block| is_address_of_a_policy(block, lexicon));
    if !items.is_empty() && items.iter().all(of_policies) {
        return None;
    }
    // A numbered line right before blocks that were read already is their heading.
    if items.len() == 1 && items.first().is_some_and(|at| !free(at + 1) && blocks.get(at + 1).is_some()) {
        return None;
    }
    let sure: Vec<Sure> =
        items.iter().map(|at| tried.of(*at, told, blocks, lexicon, names)).filter(|sure| *sure != Sure::No).collect();
    let known = sure.iter().filter(|sure| **sure == Sure::Known).count();
    // One is known, and each of the others is a name of which something is said.
    let named = |at: &usize| blocks.get(*at).is_some_and(|block| is_named(block, lexicon, names));
    // "5.2 We do not sell your data" behind the last of them is about the app.
    let apps = |at: &&usize| blocks.get(**at).is_some_and(|block| begins_with_the_app(block, lexicon));
    let before = items.iter().take_while(|at| !apps(at));
    // "A weather service: for your city" among them is told by its kind alone.
    let of_kind = |at: &usize| blocks.get(*at).is_some_and(|block| is_kind(block, lexicon, names));
    // `第三方服务提供商` over a single one of them, and behind it what the app does.
    let several = before.clone().count() > 1 || before.clone().count() == 1 && is_title_of_kinds(block, lexicon, names);
    let alike = told && known > 0 && several && before.clone().all(|at| named(at) || of_kind(at));
    // Of those that are announced some may be kinds: half of them known, or a third and two at least, is a list.
    let some = known > 0 && sure.len() * 2 >= items.len() || known > 1 && sure.len() * 3 >= items.len();
    let mostly = sure.len() * 2 > items.len() || alike || announced && some;
    if sure.is_empty() || !mostly {
        return announced.then(|| names_alone(items, blocks, lexicon, names)).flatten();
    }
    // Nor is a list of names and addresses one that says who gets what.
    if !announced && !alike && (sure.len() < 2 || known * 2 < sure.len()) {
        return None;
    }
    if !announced && !shares && known < items.len() {
        return None;
    }
    let mut items = list_after(blocks, index + 1, usize::MAX, free, &is_bare);
    let each = |at: &usize| -> Placed {
        let Some(block) = blocks.get(*at) else { return Vec::new() };
        let several = several_of_kind(block, told, lexicon, names);
        let one = several.is_empty().then(|| item(block, false, lexicon, names)).flatten();
        let alone = announced && several.is_empty() && one.is_none() && matches!(block.kind, Kind::Item(_));
        let alone = alone.then(|| title(block, lexicon, names)).flatten();
        let unread = announced && several.is_empty() && one.is_none() && alone.is_none();
        let item = unread && matches!(block.kind, Kind::Item(_));
        let bare = operators::without_places(&block.text, lexicon);
        let named = if item { behind::called(&bare, false, lexicon, names) } else { Vec::new() };
        let known = named.iter().any(|name| names.is_known(name));
        let named = named.into_iter().filter(|_| known).map(|name| of_name(name, block));
        several.into_iter().chain(one).chain(alone).chain(named).map(|entry| (*at, entry)).collect()
    };
    let mut entries: Placed = items.iter().flat_map(each).collect();
    for (at, entry) in &mut entries {
        below(*at, blocks, entry, lexicon);
    }
    // Lines behind the last third party are about something else.
    let last = entries.iter().map(|(at, _)| *at).max()?;
    items.retain(|at| *at <= last);
    Some((items, entries))
}

/// "Some Analytics Privacy Policy: https://…".
fn is_address_of_a_policy(block: &Block, lexicon: &Lexicon) -> bool {
    let words = block.text.split("http").next().unwrap_or_default().trim().trim_end_matches([':', '：', '(']).trim();
    words.chars().count() <= LONGEST_NAME && lexicon.says("link-behind-a-name", &fold(words))
}

/// Items that are no more than names and what they are for, where most are and one is known.
fn names_alone(
    mut items: Vec<usize>,
    blocks: &[Block],
    lexicon: &Lexicon,
    names: &Names<'_>,
) -> Option<(Vec<usize>, Placed)> {
    let mut entries: Placed = Vec::new();
    for at in &items {
        let Some(block) = blocks.get(*at).filter(|block| matches!(block.kind, Kind::Item(_))) else { continue };
        let bare = operators::without_places(&block.text, lexicon);
        let called = behind::called(&bare, true, lexicon, names);
        entries.extend(called.into_iter().map(|name| (*at, of_name(name, block))));
    }
    let is_read = |at: &usize| entries.iter().any(|(read, _)| read == at);
    let most = items.iter().filter(|at| is_read(at)).count() * 2 >= items.len();
    let known = entries.iter().filter_map(|(_, entry)| entry.get(Column::Party)).any(|name| names.is_known(name));
    let last = entries.iter().map(|(at, _)| *at).max().filter(|_| most && known)?;
    items.retain(|at| *at <= last);
    Some((items, entries))
}

/// A name of which nothing is said.
fn of_name(name: &str, block: &Block) -> Entry {
    let mut entry = Entry::default();
    entry.put(Column::Party, "", name, &[]);
    entry.put(Column::Link, "", &urls(&block.text).join(" "), &block.links);
    entry.spans.push(span(block.source, block.line, block.end_line, &block.text));
    entry
}

/// An item that is only a name, though nobody knows it.
fn title(block: &Block, lexicon: &Lexicon, names: &Names<'_>) -> Option<Entry> {
    let text = without_number(&block.text).trim().trim_end_matches(['.', ';', ',']);
    behind::is_title(text, lexicon, names).then(|| of_name(text, block))
}

/// The block's first words are those for the app.
fn begins_with_the_app(block: &Block, lexicon: &Lexicon) -> bool {
    let folded = fold(without_number(&block.text).trim());
    lexicon.phrase("first-party", &folded).is_some_and(|(found, _)| found.start() == 0)
}

/// The words for a kind of third party, a mark, and what it is for or gets.
fn is_kind(block: &Block, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    let text = without_number(&block.text).trim();
    let kind = text.split_once(['：', ':']).map(|(kind, _)| kind.trim());
    kind.is_some_and(|kind| names_nobody(kind, lexicon, names) && lexicon.says("kind-of-party", &fold(kind)))
}

/// A heading that is only the words for a kind of third party.
fn is_title_of_kinds(block: &Block, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    let words = without_number(&block.text).trim();
    is_heading(block) && names_nobody(words, lexicon, names) && lexicon.says("kind-of-party", &fold(words))
}

/// A name, a mark, and what it is for or gets.
fn is_named(block: &Block, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    item(block, false, lexicon, names).is_some_and(|entry| {
        let name = entry.get(Column::Party).unwrap_or_default();
        let bare = name.split(['(', '（']).next().unwrap_or(name).trim();
        is_name(bare, lexicon, names) && (entry.has(Column::Data) || entry.has(Column::Purpose))
    })
}

/// The data of deeper items belong to the one above them.
fn below(at: usize, blocks: &[Block], entry: &mut Entry, lexicon: &Lexicon) {
    let depth = |b: &Block| if let Kind::Item(depth) = b.kind { depth } else { 0 };
    let Some(own) = blocks.get(at).map(depth).filter(|own| *own > 0 && !entry.has(Column::Data)) else { return };
    let deeper: Vec<&Block> = blocks.iter().skip(at + 1).take_while(|b| depth(b) > own).collect();
    let words: Vec<&str> = deeper.iter().map(|b| b.text.trim()).collect();
    let words = words.join("\n");
    if !terms::read(lexicon, &words).is_empty() {
        entry.put(Column::Data, "", &words, &[]);
        entry.spans.extend(deeper.iter().map(|b| span(b.source, b.line, b.end_line, &b.text)));
    }
}

/// One line of a name that is known and the data that it gets, though what stands around it is no
/// list of such lines.
pub fn alone(block: &Block, section: Section, lexicon: &Lexicon, names: &Names<'_>) -> Vec<Entry> {
    let share = section == Section::Share;
    let several = several_of_kind(block, share, lexicon, names);
    if !several.is_empty() && (share || section == Section::Open && several.iter().all(|e| e.has(Column::Data))) {
        return several;
    }
    one_alone(block, section, lexicon, names).into_iter().collect()
}

fn one_alone(block: &Block, section: Section, lexicon: &Lexicon, names: &Names<'_>) -> Option<Entry> {
    let text = without_number(&block.text).trim();
    let dash =
        FIELD_DASHES.iter().find_map(|dash| text.split_once(dash)).filter(|(name, _)| names.is_known(name.trim()));
    let (name, rest) = dash.or(text.split_once(['：', ':']))?;
    let outside = name.split(['(', '（']).next().unwrap_or(name).trim();
    let called = fold(outside).ends_with("sdk") && !names_nobody(name, lexicon, names);
    // "Some Maps: We use the Some Maps SDK to …. Some Company may receive your location."
    let again = is_name(outside, lexicon, names) && rest.contains(outside);
    let open = section == Section::Open && again;
    if !(names.is_known(name) || names.is_known(outside) || called || again) || section != Section::Share && !open {
        return None;
    }
    let says = terms::lead(lexicon, rest) || (again || names.is_product(name)) && !lexicon.says("denial", &fold(rest));
    let for_what = |entry: &Entry| dash.is_some() && names.is_product(name) && entry.has(Column::Purpose);
    item(block, !again, lexicon, names).filter(|entry| says && (entry.has(Column::Data) || for_what(entry)))
}

/// Positions of the items right after an announcement, at most `most` of them.
fn list_after(
    blocks: &[Block],
    from: usize,
    most: usize,
    free: &dyn Fn(usize) -> bool,
    is_bare: &dyn Fn(&Block) -> bool,
) -> Vec<usize> {
    let mut items = Vec::new();
    let depth = |b: &Block| if let Kind::Item(depth) = b.kind { depth } else { 0 };
    let first = blocks.get(from).map(depth).unwrap_or_default();
    // Lines that are neither items nor numbered, one third party a line.
    let bare = first == 0 && blocks.get(from).is_some_and(|b| without_number(&b.text).len() == b.text.len());
    // `（1）` and `（2）` number one list, `3、` behind them does not.
    let style = blocks.get(from).map(|b| numbering(&b.text)).unwrap_or_default();
    for (offset, block) in blocks.iter().enumerate().skip(from) {
        let numbered = without_number(&block.text).len() < block.text.len();
        let listed = if first > 0 {
            depth(block) == first
        } else {
            let line = || if bare { is_line(block) || is_bare(block) } else { numbering(&block.text) == style };
            block.table().is_none() && numbered != bare && line()
        };
        if !listed || block.is_heading() || !free(offset) {
            // Deeper items belong to the item above.
            if first > 0 && depth(block) > first && free(offset) {
                continue;
            }
            break;
        }
        items.push(offset);
        if items.len() >= most {
            break;
        }
    }
    items
}

/// How a line is numbered: what stands before its words, each number in it a `0`, each in Chinese a `一`.
fn numbering(text: &str) -> String {
    let number = text.strip_suffix(without_number(text)).unwrap_or_default();
    let mut style = String::new();
    for c in number.chars().filter(|c| !c.is_whitespace()) {
        let c = match c {
            '（' => '(',
            '）' => ')',
            '①'..='⑳' => '①',
            'a'..='z' => 'a',
            'A'..='Z' => 'A',
            c if c.is_numeric() && is_cjk(c) => '一',
            c if c.is_numeric() => '0',
            c => c,
        };
        if !style.ends_with(c) || !matches!(c, '0' | '一') {
            style.push(c);
        }
    }
    style
}

/// `Name：what for, which data`, by its looks alone. A name with an address is an appendix:
/// see [`link_line`].
fn is_line(block: &Block) -> bool {
    // `某某出行（某某科技有限公司）`, `某某科技有限公司`: a name, and nothing else.
    let text = without_number(&block.text).trim().trim_end_matches(['；', ';', '。', '，', '、']);
    let firm = before_and_inside(text).map_or(text, |(_, inside)| inside);
    let alone = is_firm(firm) && text.chars().count() <= 2 * LONGEST_NAME && !text.contains(['，', '：', ':', '、']);
    if alone && matches!(block.kind, Kind::Paragraph) {
        return true;
    }
    let colon = block.text.split_once(['：', ':']);
    let dash = || FIELD_DASHES.iter().find_map(|dash| block.text.split_once(dash));
    let Some((name, rest)) = colon.or_else(dash) else { return false };
    matches!(block.kind, Kind::Paragraph)
        && !rest.trim().is_empty()
        && !rest.trim_start().starts_with("http")
        && name.chars().count() <= LONGEST_NAME
        && (!name.split(['(', '（']).next().unwrap_or(name).contains(['。', '，', ',', '；'])
            || is_company(name.split(['(', '（']).next().unwrap_or(name).trim()))
}

/// `Name（company）：what for, which data`, or a name alone, or a link. Without `sure`, in
/// a list whose other members are third parties, also a name that nobody knows, where
/// something is said about it.
/// "Some Company GmbH (support: name, email address)": what for, and what it gets.
fn firm_and_brackets(text: &str, block: &Block, lexicon: &Lexicon, names: &Names<'_>) -> Option<Entry> {
    let (name, inside) = before_and_inside(text.trim_end_matches(['.', ';', ',']))?;
    let (why, data) = inside.split_once(": ")?;
    // "Some Company, Inc. dba Some Reports".
    let (company, name) = name.trim().split_once(" dba ").unwrap_or(("", name.trim()));
    let somebody = is_firm(name) || names.is_known(name);
    let plain = !name.contains([':', '(']) && !names.holds_known(why) && terms::lead(lexicon, data);
    (somebody && plain).then(|| {
        let mut entry = Entry::default();
        match company {
            "" => entry.put(Column::Party, "", name, &[]),
            company => {
                entry.put(Column::Product, "", name, &[]);
                entry.put(Column::Company, "", company, &[]);
            }
        }
        entry.put(Column::Purpose, "", why, &[]);
        entry.put(Column::Data, "", data, &block.links);
        entry.spans.push(span(block.source, block.line, block.end_line, &block.text));
        entry
    })
}

fn item(block: &Block, sure: bool, lexicon: &Lexicon, names: &Names<'_>) -> Option<Entry> {
    let bare = operators::without_places(&block.text, lexicon);
    let text = without_number(&bare).trim();
    if let Some(entry) = firm_and_brackets(text, block, lexicon, names) {
        return Some(entry);
    }
    let cut = text
        .char_indices()
        .find(|(at, c)| {
            matches!(c, ':' | '：' | '—' | '–' | '→')
                && !text.get(at + c.len_utf8()..).is_some_and(|r| r.starts_with("//"))
                || *c == '-' && text.get(..*at).is_some_and(|b| b.ends_with(' '))
                || matches!(c, ',' | '，') && begins_list(text, *at, lexicon, names)
                || *c == '.' && is_titled(text, *at)
        })
        .map(|(at, c)| (at, at + c.len_utf8()));
    let (name, rest) = match cut {
        Some((at, after)) => (text.get(..at)?, text.get(after..)?),
        None => match text.find("http") {
            Some(at) => (text.get(..at)?, text.get(at..)?),
            None => name_for(text, lexicon, names).unwrap_or((text, "")),
        },
    };
    // "Some Text, for sending codes: phone number".
    let name = name.split_once(", for ").map_or(name, |(name, _)| name);
    // `地图服务：某某地图（某某公司），收集位置信息`: a kind, and who it is.
    let (name, rest) = under_kind(name, rest, lexicon, names).unwrap_or((name, rest));
    let name = name.trim().trim_end_matches(['。', '.', ';', '；', '，', ',', '、']).trim();
    let folded = fold(name);
    let linked = block.links.iter().any(|l| l.href.starts_with("http")) || !urls(text).is_empty();
    let outside = name.split(['(', '（']).next().unwrap_or(name).trim();
    // Brackets that name several products make a name long.
    let short = name.chars().count() <= 2 * LONGEST_NAME && outside.chars().count() <= LONGEST_NAME;
    let short = short && !name.is_empty() && !name.contains(['。', '；']);
    let package = !packages_in(name).is_empty();
    let fields = fields(rest, lexicon);
    // `某某统计（OAID、IP地址）`: the brackets hold what it gets.
    let is_data = |inside: &str| {
        let short = inside.trim().chars().count() < SHORTEST_DATA;
        terms::lead(lexicon, inside) && !short && lexicon.categories(&fold(inside)).is_empty()
    };
    let gets = before_and_inside(name).filter(|(_, inside)| is_data(inside) && !names.holds_known(inside));
    let (name, gets) = gets.map_or((name, None), |(name, inside)| (name.trim(), Some(inside)));
    // "Some Store In-App Purchases": a name that begins with one that is known.
    let titled = outside.split_whitespace().all(|word| word.starts_with(|c: char| c.is_ascii_uppercase()))
        && outside.match_indices(' ').any(|(at, _)| outside.get(..at).is_some_and(|name| names.is_known(name)));
    let looks = package
        || titled
        || folded.contains("sdk")
        || names.holds_known(name)
        || is_company(name)
        || is_company(outside)
        || fields.iter().any(|(column, _)| *column == Column::Company)
        || linked;
    // "Some Company (Some Store)": a word in brackets is no verb.
    let bare = fold(outside);
    let verb = !names.is_known(outside)
        && !titled
        && (lexicon.says("purpose", &bare) || lexicon.says("collects", &bare) && !folded.contains("sdk"));
    let own = lexicon.says("first-party", &folded)
        || lexicon.says("speaks-to-the-reader", &folded)
        || lexicon.labels().contains_key(&folded);
    if own || lexicon.says("points-below", &folded) {
        return None;
    }
    // `向监管机构报送：…` is no name, though something is said behind it.
    let leads = name.starts_with(is_cjk) && lexicon.says("no-subject", &folded);
    let said = !sure && !rest.trim().is_empty() && !rest.trim_start().starts_with("http") && !leads;
    let said = said || !sure && gets.is_some();
    if !short || !(looks || said) || verb || names_nobody(name, lexicon, names) {
        return None;
    }
    let mut entry = Entry::default();
    entry.put(Column::Party, "", name, &[]);
    for (column, words) in &fields {
        entry.put(*column, "", words, &[]);
    }
    if let Some(gets) = gets {
        entry.put(Column::Data, "", gets, &[]);
    }
    // `某某SDK，提供者某某公司，收集…`
    if fields.is_empty() && !is_company(outside) && before_and_inside(name).is_none() {
        let folded = Folded::new(rest);
        let made = lexicon.captures("made-by", &folded.text).into_iter().next().and_then(|c| c.name("company"));
        let company = made.map(|m| folded.slice(m.start(), m.end(), rest).trim()).filter(|company| is_firm(company));
        company.into_iter().for_each(|company| entry.put(Column::Company, "", company, &[]));
    }
    if fields.is_empty() && !rest.trim().is_empty() && urls(rest).first().map(String::as_str) != Some(rest.trim()) {
        // "For storing pictures, collects nothing": nothing of what it is for is collected.
        let none = rest.split(['，', ',', '；', ';', '。']).find(|c| lexicon.says("says-none", fold(c).trim()));
        // "Your orders are never shared with it" tells what it does not get.
        let given = |text: &str| !lexicon.says("not-given-to", &fold(text));
        let said = sentences::split(rest).into_iter().map(|sentence| sentence.text).filter(|text| given(text));
        let rest = if given(rest) { rest.to_owned() } else { said.collect() };
        let rest = none.unwrap_or(&rest);
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

/// `某某地图，用来定位，会读取…`: the first of several commas ends a name that is known.
fn begins_list(text: &str, comma: usize, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    let (name, rest) = text.split_at_checked(comma).unwrap_or_default();
    let folded = fold(name);
    let says = |id: &str| lexicon.says(id, &folded);
    let plain = || !["collects", "uses", "purpose", "first-party", "no-subject"].into_iter().any(says);
    let sdk = || folded.ends_with("sdk") && !names_nobody(name, lexicon, names);
    let called = names.is_known(name.trim()) || (names.holds_known(name) || sdk()) && plain();
    let open = name.contains(['(', '（']) && !name.contains([')', '）']);
    let short = name.chars().count() <= LONGEST_COMMA_NAME || !packages_in(name).is_empty();
    short && !open && called && rest.chars().any(is_cjk)
}

/// `某某科技有限公司 — 用于付款 — 订单信息`: what follows a name, field by field, where one of them is the company.
fn fields<'t>(rest: &'t str, lexicon: &Lexicon) -> Vec<(Column, &'t str)> {
    let each = FIELD_DASHES.iter().map(|dash| rest.split(dash).map(str::trim).collect::<Vec<_>>());
    let Some(words) = each.max_by_key(Vec::len).filter(|words| words.len() > 1) else { return Vec::new() };
    let column = |words: &&str| match words {
        words if is_firm(words) => Column::Company,
        words if !urls(words).is_empty() => Column::Link,
        words if terms::lead(lexicon, words) || lexicon.says("says-none", &fold(words)) => Column::Data,
        _ => Column::Purpose,
    };
    let fields: Vec<(Column, &str)> = words.into_iter().map(|words| (column(&words), words)).collect();
    let company = fields.iter().any(|(column, _)| *column == Column::Company);
    if company { fields } else { Vec::new() }
}

/// "Some Ads for advertising", and no "Some Analytics for Some Platform".
fn name_for<'t>(text: &'t str, lexicon: &Lexicon, names: &Names<'_>) -> Option<(&'t str, &'t str)> {
    let at = text.find(" for ")?;
    let (name, why) = (text.get(..at)?, text.get(at..)?);
    let named = names.is_known(name) || behind::is_title(name, lexicon, names);
    (named && !names.is_known(text)).then_some((name, why))
}

/// The name after the words for a kind, where it is a company's or has its company in brackets, and what follows.
fn under_kind<'t>(kind: &str, rest: &'t str, lexicon: &Lexicon, names: &Names<'_>) -> Option<(&'t str, &'t str)> {
    let (name, more) = rest.trim().split_once(['，', ','])?;
    let name = name.trim();
    let bracket = name.strip_suffix([')', '）']).and_then(|t| t.split_once(['(', '（']));
    let made = bracket.is_some_and(|(who, inside)| is_company(inside) && !names_nobody(who, lexicon, names));
    let only_kind = !lexicon.categories(kind).is_empty() && names_nobody(kind, lexicon, names);
    (only_kind && (made || is_firm(name) || names.is_known(name))).then_some((name, more))
}

/// `广告类：某某广告、某某联盟。收集：OAID`: a kind, those that are of it, and what all of them do. It is
/// `told` where the words around it say that these are third parties.
fn several_of_kind(block: &Block, told: bool, lexicon: &Lexicon, names: &Names<'_>) -> Vec<Entry> {
    let named = several_named(block, told, lexicon, names);
    if !named.is_empty() {
        return named;
    }
    let text = without_number(&block.text);
    // "Shipping – Some Parcel Service: name, address".
    let dash = FIELD_DASHES.iter().filter_map(|dash| text.split_once(dash)).min_by_key(|(kind, _)| kind.len());
    let dash = dash.filter(|(kind, rest)| !kind.contains(':') && rest.contains(": "));
    let Some((kind, rest)) = dash.or(text.split_once(['：', ':'])) else { return Vec::new() };
    let kind = kind.trim();
    let a_kind = names_nobody(kind, lexicon, names)
        || !names.holds_known(kind) && !is_company(kind) && lexicon.says("kind-of-party", &fold(kind));
    // `物流服务商：某某速运`, of a kind that has no category.
    let words = fold(kind);
    let short = kind.chars().count() <= LONGEST_KIND && kind.chars().all(is_cjk);
    let of_some_kind = told
        && short
        && !["first-party", "points-below", "any-third-party", "uses"].iter().any(|id| lexicon.says(id, &words))
        && lexicon.says("kind-of-party", &words);
    let (list, more) = list_and_more(rest.trim(), lexicon);
    // `广告服务：本应用使用某某SDK与某某广告。`
    let uses = Folded::new(list);
    let lead = lexicon.phrase("list-lead", &uses.text).filter(|_| lexicon.says("first-party", &uses.text));
    let list = lead.and_then(|(m, _)| list.get(uses.range(m.start(), m.end(), list).end..)).unwrap_or(list);
    let list = only_names(list, lexicon);
    let mut listed = names_of(list, lexicon);
    // "Shipping: Some Company GmbH": a kind that no vocabulary has, before somebody who is known.
    let first = listed.first().is_some_and(|name| names.is_known(name) || is_firm(name));
    let label = first
        && matches!(block.kind, Kind::Item(_))
        && kind.split_whitespace().count() <= MOST_WORDS_OF_A_KIND
        && !names.holds_known(kind)
        && !is_company(kind)
        && terms::read(lexicon, kind).is_empty();
    if !(label || a_kind && (of_some_kind || !lexicon.categories(kind).is_empty())) {
        return Vec::new();
    }
    // "Hosting: Some Company GmbH, Some Town, Some Country": one company and where it is.
    let somebody = |name: &String| names.is_known(name) || is_company(name);
    let form = list.split(',').nth(1).is_some_and(|part| lexicon.says("legal-form-alone", &fold(part.trim())));
    let firm = listed.first().is_some_and(|name| form || is_firm(name)) && !listed.iter().skip(1).any(somebody);
    if firm {
        listed.truncate(1);
    }
    let all = |is: &dyn Fn(&String) -> bool| listed.iter().all(is);
    let good = all(&|name| is_name(name, lexicon, names))
        && match listed.len() {
            0 => false,
            // A single name is a list only where all of it is known, and something is said of it or around it.
            1 => firm || all(&|name| names.is_known(name)) && (told || !more.is_empty()),
            _ => listed.iter().any(|name| names.holds_known(name)),
        };
    let entry = |name: String| {
        let mut entry = Entry::default();
        entry.put(Column::Party, "", &name, &[]);
        entry.put(Column::Purpose, "", kind, &[]);
        if !terms::read(lexicon, more).is_empty() || lexicon.says("says-none", fold(more).trim()) {
            entry.put(Column::Data, "", more.trim(), &[]);
        }
        entry.put(Column::Link, "", &urls(&block.text).join(" "), &block.links);
        entry.spans.push(span(block.source, block.line, block.end_line, &block.text));
        entry
    };
    if good { listed.into_iter().map(entry).collect() } else { Vec::new() }
}

/// "Some Analytics, Crash Reports and Messaging (Some Company) – statistics": an item that names several, the later
/// ones by what follows the brand of the first, and what all of them do.
fn several_named(block: &Block, told: bool, lexicon: &Lexicon, names: &Names<'_>) -> Vec<Entry> {
    let text = without_number(&block.text).trim();
    let dash = FIELD_DASHES.iter().filter_map(|dash| text.split_once(dash)).min_by_key(|(list, _)| list.len());
    let Some((list, rest)) = dash.filter(|_| told && matches!(block.kind, Kind::Item(_))) else { return Vec::new() };
    let list = list.split(['(', '（']).next().unwrap_or(list).trim();
    let listed = names_of(list, lexicon);
    let brand = listed.first().and_then(|first| first.split_whitespace().next()).unwrap_or_default().to_owned();
    let whole = |name: &String| {
        let branded = format!("{brand} {name}");
        if !names.is_known(name) && names.is_known(&branded) { branded } else { name.clone() }
    };
    let listed: Vec<String> = listed.iter().map(whole).collect();
    if listed.len() < 2 || names.is_known(list) || !listed.iter().all(|name| names.is_known(name)) {
        return Vec::new();
    }
    let entry = |name: String| {
        let mut entry = of_name(&name, block);
        let column = if terms::read(lexicon, rest).is_empty() { Column::Purpose } else { Column::Data };
        entry.put(column, "", rest.trim(), &[]);
        entry
    };
    listed.into_iter().map(entry).collect()
}

/// "We share data with A, B and C as described above": the names.
fn only_names<'t>(list: &'t str, lexicon: &Lexicon) -> &'t str {
    let folded = Folded::new(list);
    let lead = lexicon.phrase("before-names", &folded.text).map_or(0, |(m, _)| folded.range(0, m.end(), list).end);
    let tail = lexicon.phrase("behind-names", &folded.text);
    let tail = tail.map_or(list.len(), |(m, _)| folded.range(m.start(), m.end(), list).start);
    list.get(lead..tail.max(lead)).unwrap_or(list)
}

/// The names behind a kind, and what is said of all of them: in the next sentence, or in
/// brackets behind the last ("Some Ads, Other Ads (advertising ID)").
fn list_and_more<'t>(rest: &'t str, lexicon: &Lexicon) -> (&'t str, &'t str) {
    if let Some(cut) = rest.split_once(['。', '；', ';', '，']) {
        return cut;
    }
    if let Some(cut) = rest.split_once(": ").filter(|(_, data)| terms::lead(lexicon, data)) {
        return cut;
    }
    let first = sentences::split(rest).first().map_or(rest, |sentence| sentence.text);
    if first.len() < rest.len() {
        return (first, rest.get(first.len()..).unwrap_or_default());
    }
    if let Some(cut) = [" – ", " — ", " - "].iter().find_map(|dash| rest.split_once(dash)) {
        return cut;
    }
    let bracket = rest.trim_end_matches('.').strip_suffix(')').and_then(|open| open.split_once('('));
    let bracket = bracket.filter(|(_, inside)| !inside.contains('(') && !terms::read(lexicon, inside).is_empty());
    bracket.unwrap_or((rest, ""))
}

/// `Someone Analytics. Crash reports and usage.`: the point at `at` ends a name.
fn is_titled(text: &str, at: usize) -> bool {
    let (name, rest) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
    let capital = |t: &str| t.trim_start().chars().next().is_some_and(char::is_uppercase);
    rest.starts_with(' ') && capital(rest) && capital(name) && name.split_whitespace().count() <= 5
}
