//! Third parties in running text: lists in a sentence, list items under an
//! announcement, sentences about one of them.

mod behind;
mod capitals;
mod denials;
mod left_out;
mod lists;
mod naming;
mod operators;
mod passing;
mod several;
mod statements;

use super::block::{Block, Kind};
use super::entry::{Entry, span, urls};
use super::fold::{Folded, fold};
use super::lexicon::{Column, Lexicon};
use super::names::Names;
use super::sections::{self, Section, is_heading, without_number};
use super::sentences::Sentence;
use super::{labels, subjects, terms};
use crate::evidence::Span;

pub use denials::Reach;
pub use lists::announces;
pub use naming::{is_firm, is_name, names_nobody};
pub use statements::{Statement, without_brackets};

use naming::names_of;
use statements::Introduced;

/// Entries with the position of their block.
type Placed = Vec<(usize, Entry)>;

/// Longest name of a third party, in characters.
const LONGEST_NAME: usize = 48;

/// Longest line of a name and what stands behind it in brackets or behind a dash, in characters.
const LONGEST_HEADLINE: usize = 96;

/// Between a name and what it is for.
const DASHES: [&str; 3] = [" — ", " – ", " - "];

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

/// Reads the blocks that tables and labels left.
pub fn read(
    blocks: &[Block],
    (sections, denied): (&[Section], &[bool]),
    used: &[bool],
    lexicon: &Lexicon,
    names: &Names<'_>,
) -> Found {
    let mut found = Found::default();
    let mut tried = lists::Tried::default();
    let mut introduced = Introduced::default();
    let mut index = 0;
    while let Some(block) = blocks.get(index) {
        let section = sections.get(index).copied().unwrap_or_default();
        introduced.shares = section == Section::Share || introduced.announced;
        introduced.elsewhere = !matches!(section, Section::Share | Section::Open);
        introduced.denied = denied.get(index).copied().unwrap_or_default();
        if is_heading(block) {
            introduced.title = title(block, lexicon, names).filter(|_| !introduced.elsewhere).into_iter().collect();
            let words = without_number(&block.text).trim().trim_end_matches([':', '：']).trim();
            introduced.headed = Some(words.to_owned()).filter(|words| words.chars().count() <= LONGEST_NAME);
            introduced.last.clear();
            introduced.announced &= !introduced.title.is_empty();
            introduced.shares = section == Section::Share || introduced.announced;
        } else if lists::announces(&block.text, lexicon) && blocks.get(index + 1).is_some_and(is_heading) {
            introduced.announced = true;
        }
        let free = |at: usize| !used.get(at).copied().unwrap_or_default();
        if !free(index) || block.table().is_some() {
            index += 1;
            continue;
        }
        if let Some((items, entries)) = lists::read(index, blocks, sections, &free, &mut tried, lexicon, names) {
            let last = items.last().map_or(index, |last| *last);
            let announced = index;
            found.used.extend(items);
            found.used.push(index);
            index = last + 1;
            let called = entries.iter().filter_map(|(_, entry)| entry.get(Column::Party).map(str::to_owned));
            introduced.last = called.collect();
            of_all(announced, block, &introduced.last, lexicon, &mut found);
            found.entries.extend(entries);
            continue;
        }
        if let Some(name) = policy_of(block, lexicon, names) {
            let place = span(block.source, block.line, block.end_line, &block.text);
            let sentence = Sentence { text: &block.text, start: 0 };
            found.links.extend(block.links.iter().take(1).map(|link| (index, name.clone(), link.href.clone())));
            statements::listed(index, &sentence, &[name], &place, Vec::new(), &mut found);
            found.used.push(index);
            index += 1;
            continue;
        }
        if let Some((name, link)) = link_line(block) {
            found.links.push((index, name, link));
            found.used.push(index);
            index += 1;
            continue;
        }
        if lists_data(index, block, &mut introduced, lexicon, names, &mut found) {
            index += 1;
            continue;
        }
        let alone = lists::alone(block, section, lexicon, names);
        if !alone.is_empty() {
            found.entries.extend(alone.into_iter().map(|entry| (index, entry)));
            found.used.push(index);
            introduced.right_above = known_alone(block, names).map(str::to_owned).into_iter().collect();
            index += 1;
            continue;
        }
        // A line that is a name, and what stands below calls it so.
        let line = without_number(&block.text).trim();
        if line.chars().count() <= LONGEST_NAME && blocks.get(index + 1).is_some_and(|next| next.text.contains(line)) {
            introduced.note(line, lexicon, names);
        }
        if introduced.announced && is_heading(block) && known_alone(block, names).is_some() {
            let words = title(block, lexicon, names).unwrap_or_default();
            let place = span(block.source, block.line, block.end_line, &block.text);
            let sentence = Sentence { text: &block.text, start: 0 };
            statements::listed(index, &sentence, &[words], &place, Vec::new(), &mut found);
        }
        sentences_of(index, block, &mut introduced, lexicon, names, &mut found);
        if !introduced.here.is_empty() {
            introduced.last.clone_from(&introduced.here);
        }
        introduced.right_above.clear();
        introduced.right_above.extend(known_alone(block, names).map(str::to_owned));
        if section == Section::Share && introduced.lists.is_empty() {
            introduced.lists = data_below(index, blocks, &introduced, lexicon, names);
        }
        if introduced.lists.is_empty() && !introduced.denied {
            introduced.lists = provided_above(index, blocks, lexicon, names, &mut found);
        }
        index += 1;
    }
    found
}

/// "We work with the partners below. Each may collect …", `我们会将您的OAID共享给：`: what the announcement says of
/// all of its list.
fn of_all(at: usize, block: &Block, names: &[String], lexicon: &Lexicon, found: &mut Found) {
    let Some(last) = super::sentences::split(&block.text).pop() else { return };
    let folded = Folded::new(last.text);
    let all = lexicon.says("takes-of-all", folded.text.trim()) && lexicon.says("collects", &folded.text);
    // `我们会将您的OAID共享给以下合作方：`
    let given = lexicon.captures("given-to-those-below", &folded.text).into_iter().find_map(|c| c.name("data"));
    let given = given.filter(|_| !lexicon.says("denial-sharing", &folded.text));
    let terms = match given {
        Some(data) => statements::collected(folded.slice(data.start(), data.end(), last.text), lexicon),
        None if all => statements::collected(last.text, lexicon),
        None => Vec::new(),
    };
    if !terms.is_empty() {
        let place = span(block.source, block.line, block.end_line, last.text);
        statements::listed(at, &last, names, &place, terms, found);
    }
}

/// Below a name, in a section about third parties: a sentence that says what is collected
/// and not by whom ("when you sign in with it, your nickname is obtained").
fn below_name(
    at: usize,
    sentence: &Sentence<'_>,
    folded: &str,
    place: &Span,
    introduced: &Introduced,
    (lexicon, names): (&Lexicon, &Names<'_>),
    found: &mut Found,
) -> bool {
    let titled = || introduced.title.iter().all(|title| names.is_known(title));
    let above = if introduced.right_above.is_empty() { &introduced.title } else { &introduced.right_above };
    let whose = introduced.shares && introduced.before.is_empty() && !above.is_empty();
    let whose = whose && (!introduced.right_above.is_empty() || titled() && lexicon.says("is-taken", folded));
    let unsaid = (lexicon.says("collects", folded) || lexicon.says("is-taken", folded))
        && !lexicon.says("first-party", folded)
        && !lexicon.says("denial", folded)
        && !lexicon.says("not-collection", folded);
    if !whose || !unsaid {
        return false;
    }
    let terms = statements::collected(sentence.text, lexicon);
    let says = !terms.is_empty();
    if says {
        statements::listed(at, sentence, above, place, terms, found);
    }
    says
}

/// The name that is known, where the block is no more than that, what brackets say of it, and what it is for:
/// "Some Analytics (Some Company) — statistics".
fn known_alone<'t>(block: &'t Block, names: &Names<'_>) -> Option<&'t str> {
    let text = without_number(&block.text).trim().trim_end_matches([':', '：']);
    let outside = text.split(['(', '（']).next().unwrap_or(text).trim();
    let before = DASHES.iter().find_map(|dash| outside.split_once(dash)).map_or(outside, |(name, _)| name.trim());
    let short = text.chars().count() <= LONGEST_HEADLINE && !text.ends_with(['.', ';', ',']);
    let plain = short && !text.contains(['。', '，', '：', ':']);
    let alone = text.chars().count() <= LONGEST_NAME || is_heading(block);
    let fits = |name: &&str| plain && name.chars().count() <= LONGEST_NAME && names.is_known(name);
    // "Some Company (Some Product)": the product is in the brackets.
    let inside = text.strip_prefix(outside).unwrap_or_default().trim_matches(['(', ')', '（', '）', ' ']);
    let whole = names.is_product(inside) && !names.is_product(outside);
    let title = [outside, before].into_iter().filter(|_| !whole && (is_heading(block) || is_capitals(text)));
    title.chain([text].into_iter().filter(|_| alone)).find(fits)
}

/// A line in capitals, as headings are where the format has none.
fn is_capitals(text: &str) -> bool {
    text.contains(char::is_uppercase) && !text.contains(char::is_lowercase)
}

/// Whose data the items below the block are, of which each begins with some: that of the heading above, where
/// the block is that heading or says that it is used.
fn data_below(
    at: usize,
    blocks: &[Block],
    introduced: &Introduced,
    lexicon: &Lexicon,
    names: &Names<'_>,
) -> Vec<String> {
    let (Some(block), Some(first)) = (blocks.get(at), blocks.get(at + 1)) else { return Vec::new() };
    let items = matches!(first.kind, Kind::Item(_)) && !matches!(block.kind, Kind::Item(_));
    let name =
        first.text.split([':', '：']).next().and_then(|text| DASHES.iter().find_map(|dash| text.split(dash).next()));
    let named = name.is_some_and(|name| names.is_known(name.trim()));
    if !items
        || named
        || terms::read(lexicon, &first.text).is_empty()
        || lexicon.says("first-party", &fold(&first.text))
    {
        return Vec::new();
    }
    let titled = |name: &String| introduced.title.iter().any(|title| title == name);
    match known_alone(block, names).filter(|_| is_heading(block)) {
        Some(name) => vec![name.to_owned()],
        None => match &introduced.here[..] {
            [only] if titled(only) && !lexicon.says("collects", &fold(&block.text)) => vec![only.clone()],
            _ => Vec::new(),
        },
    }
}

/// `某某SDK，由某某公司提供，用于推送。`, and below it, system by system, what it collects: who that is.
fn provided_above(at: usize, blocks: &[Block], lexicon: &Lexicon, names: &Names<'_>, found: &mut Found) -> Vec<String> {
    let (Some(block), Some(next)) = (blocks.get(at), blocks.get(at + 1)) else { return Vec::new() };
    let Some(last) = super::sentences::split(&block.text).pop().filter(|_| is_of_a_system(next, lexicon)) else {
        return Vec::new();
    };
    let folded = Folded::new(last.text);
    let place = span(block.source, block.line, block.end_line, last.text);
    let reading = several::Reading { block: at, sentence: &last, folded: &folded, place, lexicon, names };
    statements::provider(&reading, found)
}

/// `Android：设备型号、OAID`, `iOS端：收集IDFA`: what a line says holds on one system.
fn is_of_a_system(block: &Block, lexicon: &Lexicon) -> bool {
    let text = block.text.trim_start();
    let bare = labels::without_system(text, lexicon);
    bare.len() < text.len() && !terms::read(lexicon, bare).is_empty()
}

/// An item that is the privacy policy of a product, in a list of those of third parties.
fn policy_of(block: &Block, lexicon: &Lexicon, names: &Names<'_>) -> Option<String> {
    let text = block.text.trim().trim_end_matches(['.', ';']);
    let folded = Folded::new(text);
    let (tail, _) =
        lexicon.phrase("link-behind-a-name", &folded.text).filter(|_| matches!(block.kind, Kind::Item(_)))?;
    let name = text.get(..folded.range(tail.start(), tail.end(), text).start)?.trim();
    let short = name.chars().count() <= LONGEST_NAME && names.is_known(name) && names.is_product(name);
    short.then(|| name.to_owned())
}

/// Items below "Some SDK collects the following:", each of which names data.
fn lists_data(
    at: usize,
    block: &Block,
    introduced: &mut Introduced,
    lexicon: &Lexicon,
    names: &Names<'_>,
    found: &mut Found,
) -> bool {
    if introduced.lists.is_empty() {
        return false;
    }
    let item = matches!(block.kind, Kind::Item(_)) || sections::is_numbered(&block.text);
    let item = item || is_of_a_system(block, lexicon);
    let terms = statements::collected(&block.text, lexicon);
    let item = item && !(is_heading(block) && terms.is_empty());
    let somebody =
        subjects::is_anothers(&block.text, lexicon, names) || lexicon.says("first-party", &fold(&block.text));
    if !item || somebody {
        introduced.lists.clear();
        return false;
    }
    let sentence = Sentence { text: &block.text, start: 0 };
    let place = span(block.source, block.line, block.end_line, &block.text);
    statements::listed(at, &sentence, &introduced.lists, &place, terms, found);
    found.used.push(at);
    true
}

/// The third party that a heading names, as far as its words tell.
fn title(block: &Block, lexicon: &Lexicon, names: &Names<'_>) -> Option<String> {
    if let Some(name) = known_alone(block, names) {
        return Some(name.to_owned());
    }
    let words = without_number(&block.text).trim().trim_end_matches([':', '：']).trim();
    let short = !words.is_empty() && words.chars().count() <= LONGEST_NAME;
    let opens = sections::of(&fold(words), lexicon).is_some() && !fold(words).contains("sdk");
    (short && !opens && !names_nobody(words, lexicon, names)).then(|| words.to_owned())
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

/// The sentence, cut where it goes on with the next who collects: "A, which collects …, and B, which …".
fn parted<'t>(sentence: Sentence<'t>, lexicon: &Lexicon) -> Vec<Sentence<'t>> {
    let folded = Folded::new(sentence.text);
    let before = |at: usize| folded.text.get(..at).is_some_and(|before| lexicon.says("collects", before));
    let cuts = lexicon.matches("next-who-collects", &folded.text).into_iter().filter(|m| before(m.start));
    // "(i) your name with A; (ii) your address with B".
    let mut cuts: Vec<_> = cuts.chain(lexicon.matches("next-of-an-enumeration", &folded.text)).collect();
    cuts.sort_unstable_by_key(|cut| cut.start);
    let cuts = cuts.into_iter().map(|m| folded.range(m.start, m.end, sentence.text).start);
    let mut parts = Vec::new();
    let mut from = 0;
    for cut in cuts.chain([sentence.text.len()]) {
        let part = sentence.text.get(from..cut).filter(|part| !part.is_empty());
        parts.extend(part.map(|text| Sentence { text, start: sentence.start + from }));
        from = cut;
    }
    parts
}

fn sentences_of(
    at: usize,
    block: &Block,
    introduced: &mut Introduced,
    lexicon: &Lexicon,
    names: &Names<'_>,
    found: &mut Found,
) {
    introduced.before.clear();
    introduced.here.clear();
    let label = block.text.split_once([':', '：']).map(|(label, _)| without_number(label).trim());
    // "Some Maps. To show maps we use …": a title that runs into its text.
    let title = || block.text.split_once(". ").map(|(title, _)| without_number(title).trim());
    let title = || title().filter(|title| names.is_known(title) && names.is_product(title));
    let label = label.filter(|label| label.chars().count() <= LONGEST_NAME).or_else(title);
    introduced.labelled = label.map(str::to_owned);
    // "We pass on to: A (…); B (…)": marks that end sentences elsewhere part the members.
    let whole = Sentence { text: &block.text, start: 0 };
    let place = span(block.source, block.line, block.end_line, &block.text);
    let one = !block.text.trim_end_matches('。').contains('。') && block.text.contains([';', '；']);
    if one && several::bracketed(at, &whole, &place, lexicon, names, found) {
        found.used.push(at);
        found.sentences.push((at, 0));
        return;
    }
    let sentences = subjects::statements(&block.text, lexicon, names).into_iter();
    for said in sentences.flat_map(|sentence| parted(sentence, lexicon)) {
        let bare = operators::without_operators(said.text, lexicon);
        let sentence = Sentence { text: &bare, start: said.start };
        let folded = Folded::new(sentence.text).with_plain_firms(sentence.text);
        let text = folded.text.as_str();
        if lexicon.says("history", text) {
            continue;
        }
        introduced.meet(sentence.text, &folded, lexicon, names);
        let place = || span(block.source, block.line, block.end_line, said.text);
        let mut about = several::bracketed(at, &sentence, &place(), lexicon, names, found);
        for captures in lexicon.captures("sdk-list", text).into_iter().filter(|_| !about) {
            let Some(list) = captures.name("names") else { continue };
            let words = folded.slice(list.start(), list.end(), sentence.text);
            let rest =
                captures.name("rest").map(|m| folded.slice(m.start(), m.end(), sentence.text)).unwrap_or_default();
            let listed = names_of(words, lexicon);
            let good = listed.iter().filter(|n| is_name(n, lexicon, names)).count();
            if listed.is_empty() || good * 2 < listed.len() {
                continue;
            }
            about = true;
            introduced.told(listed.clone(), sentence.text);
            // "Some Login for signing in, Some Store for pictures": each has its own purpose.
            let end = captures.name("rest").map_or(list.end(), |rest| rest.end());
            let each = several::each_for(folded.slice(list.start(), end, sentence.text), lexicon, names);
            for (name, why) in &each {
                let mut entry = Entry::default();
                entry.put(Column::Product, "", name, &[]);
                entry.put(Column::Purpose, "", why, &[]);
                entry.spans.push(place());
                found.entries.push((at, entry));
            }
            if !each.is_empty() {
                introduced.told(each.into_iter().map(|(name, _)| name).collect(), sentence.text);
                break;
            }
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
            let reading =
                several::Reading { block: at, sentence: &sentence, folded: &folded, place: place(), lexicon, names };
            about = statements::read(&reading, introduced, found)
                || below_name(at, &sentence, text, &place(), introduced, (lexicon, names), found);
            // Of several statements of one sentence each is about one of its names.
            let said = found.statements.get(before..).unwrap_or_default();
            let mut named: Vec<String> = said.iter().flat_map(|s| s.names.iter().cloned()).collect();
            named.dedup();
            let named = if named.is_empty() { introduced.noted() } else { named };
            introduced.told(named, sentence.text);
        }
        if about {
            found.sentences.push((at, sentence.start));
        }
    }
}
