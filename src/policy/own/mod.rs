//! What the app says it collects itself, and what it says it does not.
//!
//! The subject of the verb decides, not the section: "we collect" counts under a
//! heading about third parties, "the SDK collects" does not count under one about us.

mod denials;
mod said;
mod shapes;

use super::app_name::Titles;
use super::block::{Block, Kind};
use super::entry::{Entry, span};
use super::fold::{Folded, fold};
use super::lexicon::{Column, Lexicon};
use super::model::{DataItem, Denial};
use super::names::Names;
use super::sections::{Section, is_heading, is_numbered, without_number};
use super::{clauses, labels, sentences, terms};
use crate::evidence::Span;
use denials::{denied_words, deny};
use said::Here;
use shapes::{PERMISSION, begins_with_data, lists_only_data, only_data, states, value_is_data};

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
    let mut reader = Reader {
        lexicon,
        names,
        taken,
        titles: Titles::of(blocks, lexicon),
        found: Found::default(),
        collecting: false,
        denying: false,
        permissions: false,
        asked: None,
    };
    for (at, block) in blocks.iter().enumerate() {
        if used.get(at).copied().unwrap_or_default() || block.table().is_some() {
            reader.collecting = false;
            continue;
        }
        let section = sections.get(at).copied().unwrap_or_default();
        if section != Section::Defined {
            reader.block(at, block, blocks.get(at + 1), section);
        }
    }
    for entry in tables {
        own_row(entry, lexicon, &mut reader.found);
    }
    reader.found
}

/// Goes through the blocks, and knows what those before say about the next one.
struct Reader<'r> {
    lexicon: &'r Lexicon,
    names: &'r Names<'r>,
    /// Sentences that are about others.
    taken: &'r sentences::Places,
    titles: Titles,
    found: Found,
    /// Items after "we collect the following:" say it too.
    collecting: bool,
    /// And those after "we do not collect the following:".
    denying: bool,
    /// And those after "system permissions:", each by its one word.
    permissions: bool,
    /// The question that the block before ends with.
    asked: Option<&'r str>,
}

impl<'r> Reader<'r> {
    fn block(&mut self, at: usize, block: &'r Block, next: Option<&Block>, section: Section) {
        let lexicon = self.lexicon;
        // Lines below "we collect the following:" are items where each begins with what it is.
        let listed = matches!(block.kind, Kind::Item(_))
            || is_numbered(&block.text)
            || block.text.starts_with('【')
            || self.collecting && (begins_with_data(&block.text, lexicon) || value_is_data(&block.text, lexicon));
        let here = Here { at, block, section, listed };
        if is_heading(block) && !self.says_something(&here, next) {
            let folded = fold(&block.text);
            self.collecting = lexicon.says("collects", &folded) && lexicon.says("goes-on", &folded);
            self.denying = false;
            return;
        }
        let apps = section != Section::Share;
        if apps && self.labelled(block) || self.permission(&here) || apps && filled_in(block, lexicon, &mut self.found)
        {
            return;
        }
        if self.denying && (listed || only_data(&block.text, lexicon)) {
            let folded = fold(&block.text);
            // "Share your contacts with anybody": what is not done with them.
            if lexicon.says("begins-with-giving", folded.trim()) {
                return;
            }
            let conditional = clauses::undoing(lexicon, &folded);
            deny(&block.text, block, conditional.as_deref(), lexicon, &mut self.found.denials);
            return;
        }
        self.sentences(&here);
    }

    /// What looks like a heading says something itself.
    fn says_something(&self, here: &Here<'_>, next: Option<&Block>) -> bool {
        let (lexicon, block) = (self.lexicon, here.block);
        // An item: `b. 软件信息（如操作系统版本）`.
        let lists = || {
            begins_with_data(&block.text, lexicon)
                || !block.is_heading()
                    && block.text.contains(['、', '（', '('])
                    && !terms::read(lexicon, &block.text).is_empty()
        };
        // `1.1 手机号` below `1. 我们收集的信息`, with nothing below itself.
        let leaf = || {
            matches!(here.section, Section::Collect | Section::Denied)
                && here.listed
                && lists_only_data(&block.text, lexicon)
                && next.is_none_or(|next| is_heading(next) || is_numbered(&next.text))
        };
        self.collecting && here.listed && lists() || states(block, lexicon) || leaf()
    }

    /// Labels say whether their values are collected; `true` where there are some.
    fn labelled(&mut self, block: &Block) -> bool {
        let Some(last) = said_by_labels(block, self.lexicon, &mut self.found) else { return false };
        // `不收集：` alone is about the lines below it.
        let alone = last.value.is_empty();
        self.denying = alone && last.column == Column::Denied;
        self.collecting = alone && last.column == Column::Data;
        true
    }

    /// Permissions, by their names or in a list of them; `true` where the block is about one.
    fn permission(&mut self, here: &Here<'_>) -> bool {
        let (lexicon, block) = (self.lexicon, here.block);
        let words = || block.text.split_whitespace();
        let names_one = here.section != Section::Share && block.text.trim_start().starts_with(PERMISSION);
        // `android.permission.READ_CONTACTS 读取联系人 暂未使用`
        let last_word = words().next_back().unwrap_or_default();
        if names_one && lexicon.says("not-taken", &fold(last_word)) {
            deny(&block.text, block, None, lexicon, &mut self.found.denials);
            return true;
        }
        if !here.listed {
            self.permissions = lexicon.says("lists-permissions", fold(&block.text).trim());
        }
        if self.permissions
            && here.section == Section::Collect
            && let Some((name, _)) = without_number(&block.text).split_once(['：', ':'])
            && terms::read(lexicon, name).is_empty()
            && let named = permission(name, lexicon)
            && !terms::read(lexicon, &named).is_empty()
        {
            take(&named, &fold(&named), block, lexicon, &mut self.found);
            return true;
        }
        // What it is for stands behind its name.
        if names_one {
            let name = words().take(2).collect::<Vec<_>>().join(" ");
            take(&name, &fold(&name), block, lexicon, &mut self.found);
        }
        names_one
    }
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
    let folded = fold(without_number(&block.text));
    let Some(captures) = lexicon.captures("whether-collected", folded.trim()).into_iter().next() else { return false };
    let Some(data) = captures.name("data") else { return false };
    let place = span(block.source, block.line, block.end_line, &block.text);
    match captures.name("no") {
        Some(_) => denied_words(data.as_str(), &place, lexicon, &mut found.denials),
        None => take(data.as_str(), data.as_str(), block, lexicon, found),
    }
    true
}

/// What a sentence says is collected, and what it excepts.
fn take(sentence: &str, folded: &str, block: &Block, lexicon: &Lexicon, found: &mut Found) {
    let place = span(block.source, block.line, block.end_line, sentence);
    let means = lexicon.captures("permission-for", folded).into_iter().next().and_then(|c| {
        let data = c.name("data")?;
        let inner = terms::read_with(lexicon, data.as_str(), false);
        (!inner.is_empty()).then_some(inner)
    });
    // "Some library: animations, collects no personal information" is about the library.
    let first = folded.split(',').next().unwrap_or_default();
    let anothers = first.contains(':') || lexicon.says("begins-with-another", first.trim());
    let about_app = lexicon.says("first-party", folded) || !anothers;
    if let Some(conditional) = terms::denies_all(lexicon, sentence).filter(|_| about_app) {
        found.denials.push(Denial { data_type: "*".to_owned(), conditional, span: place.clone() });
    }
    let left_out = left_out(sentence, lexicon);
    for term in means.unwrap_or_else(|| terms::read(lexicon, sentence)) {
        if !term.is_affirmed() && left_out.is_none_or(|from| term.start < from || term.denied) {
            found.denials.push(Denial {
                data_type: term.data_type.clone(),
                conditional: term.conditional.clone(),
                span: Span { quote: place.quote.clone(), ..place.clone() },
            });
        } else {
            found.items.push(DataItem {
                data_type: term.data_type,
                raw: term.raw.clone(),
                span: Span { quote: term.raw, ..place.clone() },
            });
        }
    }
}

/// "We collect no personal data, except your email address": where in the sentence begins what is collected.
fn left_out(sentence: &str, lexicon: &Lexicon) -> Option<usize> {
    let folded = Folded::new(sentence);
    let (lead, _) = lexicon.phrase("leaves-data-out", &folded.text)?;
    let from = folded.range(lead.start(), lead.end(), sentence).end;
    let before = sentence.get(..from)?;
    terms::read(lexicon, before).is_empty().then_some(())?;
    terms::denies_all(lexicon, sentence).is_some().then_some(from)
}

/// `电话` in a list of permissions is short for `电话权限`.
fn permission(words: &str, lexicon: &Lexicon) -> String {
    let each = |part: &str| match lexicon.phrase("short-for-a-permission", fold(part).trim()) {
        Some((_, Some(word))) => format!("{}{word}", part.trim()),
        _ => part.to_owned(),
    };
    words.split(['、', '\n']).map(each).collect::<Vec<_>>().join("、")
}

/// A row of a table of permissions or business functions.
fn own_row(entry: &Entry, lexicon: &Lexicon, found: &mut Found) {
    let Some(place) = entry.spans.first() else { return };
    for (_, words) in entry.values.iter().filter(|(column, _)| *column == Column::Denied) {
        denied_words(words, place, lexicon, &mut found.denials);
    }
    let details = entry.values.iter().filter(|(column, _)| *column == Column::Purpose);
    let details = details.filter_map(|(_, words)| shapes::data_and_why(words, lexicon));
    let details = details.map(|data| (Column::Data, data.to_owned()));
    let values = entry.values.iter().filter(|(c, _)| matches!(c, Column::Data | Column::Permissions)).cloned();
    for (column, words) in &values.chain(details).collect::<Vec<_>>() {
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
