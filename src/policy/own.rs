//! What the app says it collects itself, and what it says it does not.
//!
//! The subject of the verb decides, not the section: "we collect" counts under a
//! heading about third parties, "the SDK collects" does not count under one about us.

use super::app_name::Titles;
use super::block::{Block, Kind};
use super::entry::{Entry, span};
use super::fold::{Folded, fold};
use super::lexicon::{Column, Lexicon};
use super::model::{DataItem, Denial};
use super::names::Names;
use super::sections::{Section, is_heading, is_numbered};
use super::{clauses, labels, sentences, subjects, terms};
use crate::evidence::Span;

/// What was found.
#[derive(Default)]
pub struct Found {
    /// Collected.
    pub items: Vec<DataItem>,
    /// Denied, conditional ones among them.
    pub denials: Vec<Denial>,
    /// Denied to every third party.
    pub sharing_denials: Vec<Denial>,
}

/// Reads the blocks that are about no third party; `tables` are rows that name nobody.
pub fn read(
    blocks: &[Block],
    used: &[bool],
    taken: &sentences::Places,
    sections: &[Section],
    tables: &[Entry],
    lexicon: &Lexicon,
    names: &Names<'_>,
) -> Found {
    let mut found = Found::default();
    // Items after "we collect the following:" say it too.
    let mut collecting = false;
    // And those after "we do not collect the following:".
    let mut denying = false;
    // And those after "system permissions:", each by its one word.
    let mut permissions = false;
    let titles = Titles::of(blocks, lexicon);
    // The question that the block before ends with.
    let mut asked: Option<&str> = None;
    for (at, block) in blocks.iter().enumerate() {
        if used.get(at).copied().unwrap_or_default() || block.table().is_some() {
            collecting = false;
            continue;
        }
        let section = sections.get(at).copied().unwrap_or_default();
        if section == Section::Defined {
            continue;
        }
        // Lines below "we collect the following:" are items where each begins with what it is.
        let listed = matches!(block.kind, Kind::Item(_))
            || is_numbered(&block.text)
            || block.text.starts_with('【')
            || collecting && (begins_with_data(&block.text, lexicon) || value_is_data(&block.text, lexicon));
        // An item may look like a heading: `b. 软件信息（如操作系统版本）`.
        let lists = || {
            begins_with_data(&block.text, lexicon)
                || !block.is_heading()
                    && block.text.contains(['、', '（', '('])
                    && !terms::read(lexicon, &block.text).is_empty()
        };
        // `1.1 手机号` below `1. 我们收集的信息`, with nothing below itself.
        let leaf = || {
            matches!(section, Section::Collect | Section::Denied)
                && listed
                && lists_only_data(&block.text, lexicon)
                && blocks.get(at + 1).is_none_or(|next| is_heading(next) || is_numbered(&next.text))
        };
        let says = || collecting && listed && lists() || states(block, lexicon) || leaf();
        if is_heading(block) && !says() {
            let folded = fold(&block.text);
            collecting = lexicon.says("collects", &folded) && lexicon.says("goes-on", &folded);
            denying = false;
            continue;
        }
        if section != Section::Share
            && let Some(last) = said_by_labels(block, lexicon, &mut found)
        {
            // `不收集：` alone is about the lines below it.
            let alone = last.value.is_empty();
            (denying, collecting) = (alone && last.column == Column::Denied, alone && last.column == Column::Data);
            continue;
        }
        // `android.permission.READ_CONTACTS 读取联系人 暂未使用`
        let last_word = block.text.split_whitespace().next_back().unwrap_or_default();
        let names_one = section != Section::Share && block.text.trim_start().starts_with(PERMISSION);
        if names_one && lexicon.says("not-taken", &fold(last_word)) {
            deny(&block.text, block, None, lexicon, &mut found.denials, true);
            continue;
        }
        permissions = if listed { permissions } else { lexicon.says("lists-permissions", fold(&block.text).trim()) };
        if permissions
            && section == Section::Collect
            && let Some((name, _)) = super::sections::without_number(&block.text).split_once(['：', ':'])
            && terms::read(lexicon, name).is_empty()
            && let named = permission(name, lexicon)
            && !terms::read(lexicon, &named).is_empty()
        {
            take(&named, &fold(&named), block, lexicon, &mut found);
            continue;
        }
        // What it is for stands behind its name.
        if names_one {
            let words: Vec<&str> = block.text.split_whitespace().take(2).collect();
            take(&words.join(" "), &fold(&words.join(" ")), block, lexicon, &mut found);
            continue;
        }
        if section != Section::Share && filled_in(block, lexicon, &mut found) {
            continue;
        }
        if denying && (listed || only_data(&block.text, lexicon)) {
            deny(&block.text, block, None, lexicon, &mut found.denials, true);
            continue;
        }
        let all = subjects::statements(&block.text, lexicon, names);
        let answers = |text: &str| lexicon.says("answers-no", without_answer_mark(&fold(text)));
        // The answer in a block of its own.
        if let Some(question) = asked.take()
            && all.first().is_some_and(|answer| answers(answer.text))
            && lexicon.says("asks-whether", &fold(question))
            && section != Section::Share
        {
            let lifted = lifted(all.get(1), lexicon);
            deny(question, block, lifted.as_deref(), lexicon, &mut found.denials, true);
        }
        asked = all.last().map(|s| s.text.trim()).filter(|text| text.ends_with(['?', '？']));
        let mut defining = false;
        let (mut said_before, mut denied_before, mut enumerating) = (false, false, false);
        // The sentence before asks whether the app collects.
        let mut answering = false;
        for (index, sentence) in all.iter().enumerate() {
            let folded = Folded::new(sentence.text);
            if lexicon.says("history", &folded.text) {
                said_before = false;
                continue;
            }
            let by_name = (section != Section::Share).then(|| titles.spoken(sentence.text, &folded, lexicon, names));
            let by_name = by_name.flatten();
            let text = by_name.as_deref().unwrap_or(folded.text.as_str());
            // "Do we collect your location? No."
            let answer = all.get(index + 1).map(|next| fold(next.text));
            if text.trim_end().ends_with('?')
                && let Some(answer) = answer
            {
                let asks = lexicon.says("collects", text) || lexicon.says("asks-whether", text.trim());
                let about_app = asks && section != Section::Share;
                let no = lexicon.says("answers-no", without_answer_mark(answer.trim()));
                if no && about_app {
                    let lifted = lifted(all.get(index + 2), lexicon);
                    deny(sentence.text, block, lifted.as_deref(), lexicon, &mut found.denials, true);
                } else if lexicon.says("answers-yes", answer.trim()) && about_app {
                    take(sentence.text, text, block, lexicon, &mut found);
                }
                answering = about_app && lexicon.says("asks-the-app", text);
                if answering || no {
                    continue;
                }
            }
            // "We and Some SDK collect …": the app's own as well.
            let joint = lexicon.says("joint-subject", text);
            if taken.contains(&(at, sentence.start)) && !joint {
                continue;
            }
            defining =
                (defining && !text.starts_with(|c: char| c.is_ascii_digit())) || lexicon.says("definition", text);
            if defining {
                defining = !text.ends_with('。');
                continue;
            }
            let strong = lexicon.says("collects-strongly", text);
            if section == Section::Denied && lexicon.says("begins-with-giving", text.trim()) {
                continue;
            }
            // "If you write to us, we receive your address" is said there too.
            let told = strong && clauses::denial(lexicon, text).is_none();
            if section == Section::Denied && !told {
                let words = super::sections::without_number(sentence.text);
                deny(words, block, None, lexicon, &mut found.denials, true);
                continue;
            }
            // What the app itself says that it does not collect holds wherever it stands.
            let denies = lexicon.says("denies-itself", text);
            let anothers = !joint && subjects::is_anothers(sentence.text, lexicon, names);
            if lexicon.says("denial-sharing", text) && !anothers {
                sharing(sentence.text, text, block, lexicon, &mut found.sharing_denials);
                if !strong {
                    continue;
                }
            }
            if lexicon.says("third-party-subject", text) && !strong && !joint || anothers {
                said_before = false;
                continue;
            }
            if lexicon.says("not-collection", text) && !strong && !denies {
                continue;
            }
            let verb = lexicon.says("collects", text);
            let ours = lexicon.says("first-party", text);
            let inside = joint
                || answering && verb
                || match section {
                    Section::Collect => {
                        verb || collecting
                            || listed && begins_with_data(sentence.text, lexicon)
                            || value_is_data(sentence.text, lexicon)
                            || lists_only_data(sentence.text, lexicon)
                            || labelled_by_data(sentence.text, lexicon)
                    }
                    Section::Open => verb && (ours || listed) || collecting && listed,
                    Section::Share => strong || collecting && listed,
                    Section::Other | Section::Defined => strong,
                    Section::Denied => false,
                };
            let continues = said_before && lexicon.says("continues", text.trim());
            // "我们不收集IMEI；不读取通讯录": the subject stands before the semicolon.
            let goes_on = denied_before && lexicon.says("denial-goes-on", text.trim());
            said_before = inside || strong || denies || continues || goes_on || enumerating;
            // "There are: cookies; your email address; …"
            enumerating = said_before && text.trim_end().ends_with(';') && (enumerating || text.contains(':'));
            denied_before = said_before && text.trim_end().ends_with(';') && lexicon.says("denial", text);
            if !said_before {
                continue;
            }
            take(sentence.text, text, block, lexicon, &mut found);
        }
        let last = all.last().map(|s| fold(s.text)).unwrap_or_default();
        let announces = lexicon.says("goes-on", last.trim())
            && (lexicon.says("collects", &last) || section == Section::Collect)
            && !lexicon.says("third-party-subject", &last)
            && !lexicon.says("denial", &last);
        denying = section != Section::Share
            && lexicon.says("goes-on", last.trim())
            && lexicon.says("denial-of-what-follows", last.trim());
        if announces {
            collecting = section != Section::Other || lexicon.says("collects-strongly", &last);
        } else if !listed {
            collecting = false;
        }
    }
    for entry in tables {
        own_row(entry, lexicon, &mut found);
    }
    found
}

/// `5、我们不收集通讯录`: a numbered line that is a sentence without its stop.
fn states(block: &Block, lexicon: &Lexicon) -> bool {
    let folded = fold(super::sections::without_number(&block.text));
    let says = |id: &str| lexicon.says(id, folded.trim());
    (says("denies-itself") || says("collects-strongly"))
        && !says("title-asks")
        && !terms::read(lexicon, &block.text).is_empty()
}

/// The folded answer without the "A:" before it.
fn without_answer_mark(folded: &str) -> &str {
    let text = folded.trim();
    ["a:", "a.", "answer:", "答:"].iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text).trim_start()
}

/// `不收集：IMEI`, and beside it `收集：OAID`: the label says whether.
fn said_by_labels(block: &Block, lexicon: &Lexicon, found: &mut Found) -> Option<labels::Label> {
    let parts = labels::split(lexicon, &block.text).filter(|parts| parts.prefix.is_empty())?;
    let place = span(block.source, block.line, block.end_line, &block.text);
    let says = |label: &labels::Label| {
        label.column == Column::Denied
            || label.column == Column::Data && lexicon.says("label-of-collection", &fold(&label.label))
    };
    if !parts.labels.iter().all(says) {
        return None;
    }
    for label in &parts.labels {
        match label.column {
            Column::Denied => denied_words(&label.value, &place, lexicon, &mut found.denials),
            _ => take(&label.value, &fold(&label.value), block, lexicon, found),
        }
    }
    parts.labels.into_iter().next_back()
}

/// `是否收集位置信息：否`.
fn filled_in(block: &Block, lexicon: &Lexicon, found: &mut Found) -> bool {
    let folded = fold(super::sections::without_number(&block.text));
    let Some(captures) = lexicon.captures("whether-collected", folded.trim()).into_iter().next() else { return false };
    let Some(data) = captures.name("data") else { return false };
    let place = span(block.source, block.line, block.end_line, &block.text);
    match captures.name("no") {
        Some(_) => denied_words(data.as_str(), &place, lexicon, &mut found.denials),
        None => take(data.as_str(), data.as_str(), block, lexicon, found),
    }
    true
}

/// Before the names of permissions of Android (android.Manifest.permission).
const PERMISSION: &str = "android.permission.";

/// `设备信息：…`, `IP地址。`, "Phone Number: …".
fn begins_with_data(text: &str, lexicon: &Lexicon) -> bool {
    let bare = super::sections::without_number(text).trim_start_matches(PERMISSION);
    let lead = bare.chars().take(24).collect::<String>();
    terms::read(lexicon, &lead).first().is_some_and(|t| t.start <= 12)
}

/// `短信、通讯录`: a line that only lists data.
fn only_data(text: &str, lexicon: &Lexicon) -> bool {
    let folded = fold(text);
    let says = |id: &str| lexicon.says(id, &folded);
    let listed = !text.contains(['：', ':']) && !folded.trim_end_matches('。').contains('。');
    listed
        && begins_with_data(text, lexicon)
        && !says("collects-strongly")
        && !says("first-party")
        && !says("exception")
}

/// `您主动提供的信息：手机号、昵称`: a few words, and then nothing but data.
fn value_is_data(text: &str, lexicon: &Lexicon) -> bool {
    let Some((label, value)) = super::sections::without_number(text).split_once(['：', ':']) else { return false };
    let other = lexicon
        .column(label)
        .is_some_and(|column| !matches!(column, Column::Data | Column::Permissions | Column::Other));
    let first = terms::read(lexicon, value).first().map(|term| (term.start, term.denied));
    label.chars().count() <= LONGEST_LABEL
        && !other
        && first.is_some_and(|(at, denied)| at <= FARTHEST_VALUE && !denied)
}

/// `Name, email address, user IDs`: a line that is nothing but an enumeration of data, some of
/// them unknown.
fn lists_only_data(text: &str, lexicon: &Lexicon) -> bool {
    let text = super::sections::without_number(text).trim();
    let sentence = text.ends_with(['.', '。', '?', '？', '!', '！']) || text.contains([':', '：', '@']);
    if sentence || text.chars().count() > LONGEST_LISTING || text.contains("://") {
        return false;
    }
    let datum = |part: &str| terms::read(lexicon, part).first().is_some_and(|t| t.start <= FARTHEST_VALUE && !t.denied);
    let parts: Vec<bool> = text.split([',', '，', ';', '；', '、', '/']).map(|part| datum(part.trim())).collect();
    parts.first() == Some(&true) && parts.iter().filter(|is| **is).count() * 2 >= parts.len()
}

/// `Camera: to scan receipts`: a label that is itself what is collected, and what for.
fn labelled_by_data(text: &str, lexicon: &Lexicon) -> bool {
    let Some((label, value)) = super::sections::without_number(text).split_once([':', '：']) else { return false };
    let label = label.trim();
    let whole = terms::read(lexicon, label).iter().any(|t| t.start == 0 && t.end + PERMISSION_WORD >= label.len());
    whole && label.chars().count() <= LONGEST_LABEL && lexicon.says("says-why", fold(value).trim())
}

/// Bytes of " permission" behind the word for a datum, and of " access".
const PERMISSION_WORD: usize = 11;

/// Longest line, in characters, that only lists data.
const LONGEST_LISTING: usize = 120;

/// Longest label, in characters, of data that is collected.
const LONGEST_LABEL: usize = 24;

/// Bytes before the first datum of a value that only lists data.
const FARTHEST_VALUE: usize = 7;

fn take(sentence: &str, folded: &str, block: &Block, lexicon: &Lexicon, found: &mut Found) {
    let place = span(block.source, block.line, block.end_line, sentence);
    let means = lexicon.captures("permission-for", folded).into_iter().next().and_then(|c| {
        let data = c.name("data")?;
        let inner = terms::read_with(lexicon, data.as_str(), false);
        (!inner.is_empty()).then_some(inner)
    });
    // "Some library: animations, collects no personal information" is about the library.
    let about_app = lexicon.says("first-party", folded) || !folded.split(',').next().unwrap_or_default().contains(':');
    if let Some(conditional) = terms::denies_all(lexicon, sentence).filter(|_| about_app) {
        found.denials.push(Denial { data_type: "*".to_owned(), conditional, span: place.clone() });
    }
    for term in means.unwrap_or_else(|| terms::read(lexicon, sentence)) {
        if term.denied || term.conditional.is_some() {
            found.denials.push(Denial {
                data_type: term.data_type.clone(),
                conditional: term.conditional.clone(),
                span: Span { quote: place.quote.clone(), ..place.clone() },
            });
        }
        if !term.denied && term.conditional.is_none() {
            found.items.push(DataItem {
                data_type: term.data_type,
                raw: term.raw.clone(),
                span: Span { quote: term.raw, ..place.clone() },
            });
        }
    }
}

/// The condition that a sentence behind the answer "no" gives: `不会。仅当您邀请好友时，才会读取。`
fn lifted(behind: Option<&sentences::Sentence<'_>>, lexicon: &Lexicon) -> Option<String> {
    let words = behind?.text.trim();
    lexicon.says("lifts-the-answer", &fold(words)).then(|| words.to_owned())
}

/// What a sentence denies, all of it or what it says is denied, under a condition or under none.
fn deny(
    sentence: &str,
    block: &Block,
    conditional: Option<&str>,
    lexicon: &Lexicon,
    denials: &mut Vec<Denial>,
    all: bool,
) {
    let place = span(block.source, block.line, block.end_line, sentence);
    // What stands in brackets explains ("payments are handled by …"), it is not denied.
    for term in terms::read_with(lexicon, sentence, false) {
        let mut said = denials.iter().rev().take_while(|d| d.span == place);
        if (all || term.denied) && !said.any(|d| d.data_type == term.data_type) {
            let conditional = conditional.map(str::to_owned);
            denials.push(Denial { data_type: term.data_type, conditional, span: place.clone() });
        }
    }
}

/// `电话` in a list of permissions is short for `电话权限`.
fn permission(words: &str, lexicon: &Lexicon) -> String {
    let each = |part: &str| match lexicon.phrase("short-for-a-permission", fold(part).trim()) {
        Some((_, Some(word))) => format!("{}{word}", part.trim()),
        _ => part.to_owned(),
    };
    words.split(['、', '\n']).map(each).collect::<Vec<_>>().join("、")
}

/// All of these words is not collected.
fn denied_words(words: &str, place: &Span, lexicon: &Lexicon, denials: &mut Vec<Denial>) {
    for term in terms::read(lexicon, words) {
        denials.push(Denial { data_type: term.data_type, conditional: None, span: place.clone() });
    }
}

/// "We share no … with anyone": what data, or any.
fn sharing(sentence: &str, folded: &str, block: &Block, lexicon: &Lexicon, denials: &mut Vec<Denial>) {
    let place = span(block.source, block.line, block.end_line, sentence);
    let conditional = lexicon.phrase("exception", folded).map(|(m, _)| m.as_str().to_owned());
    let conditional = conditional.or_else(|| limit(folded, lexicon));
    let found = terms::read_with(lexicon, sentence, false);
    let mut ids: Vec<String> = found.into_iter().map(|t| t.data_type).collect();
    ids.dedup();
    if ids.is_empty() {
        ids.push("*".to_owned());
    }
    for id in ids {
        denials.push(Denial { data_type: id, conditional: conditional.clone(), span: place.clone() });
    }
}

/// The words that limit a denial of sharing to a purpose, to some recipients, or to
/// selling, which says nothing of sharing for the app's own purposes.
fn limit(folded: &str, lexicon: &Lexicon) -> Option<String> {
    if let Some((purpose, _)) = lexicon.phrase("sharing-purpose", folded) {
        return Some(purpose.as_str().to_owned());
    }
    if !lexicon.says("sharing-anyone", folded)
        && let Some(to) = lexicon.captures("sharing-to", folded).into_iter().find_map(|c| c.name("to"))
    {
        return Some(to.as_str().trim().to_owned());
    }
    // Selling and publishing are not sharing, and what is not sent abroad may still be shared.
    let other = ["sells", "sharing-publicly"].iter().filter(|_| !lexicon.says("denial-of-sharing-itself", folded));
    let mut other = other.chain(&["sharing-abroad"]).filter_map(|id| lexicon.phrase(id, folded));
    other.next().map(|(m, _)| m.as_str().to_owned())
}

/// A row of a table of permissions or business functions.
fn own_row(entry: &Entry, lexicon: &Lexicon, found: &mut Found) {
    let Some(place) = entry.spans.first() else { return };
    for (_, words) in entry.values.iter().filter(|(column, _)| *column == Column::Denied) {
        denied_words(words, place, lexicon, &mut found.denials);
    }
    for (column, words) in entry.values.iter().filter(|(c, _)| matches!(c, Column::Data | Column::Permissions)) {
        let whole = if *column == Column::Permissions { permission(words, lexicon) } else { words.clone() };
        for term in terms::read(lexicon, &whole).into_iter().filter(|t| !t.denied) {
            if entry.denies {
                let span = place.clone();
                found.denials.push(Denial { data_type: term.data_type, conditional: None, span });
                continue;
            }
            found.items.push(DataItem {
                data_type: term.data_type,
                raw: term.raw.clone(),
                span: Span { quote: term.raw, ..place.clone() },
            });
        }
    }
}
