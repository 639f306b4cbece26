//! An entry while it is put together, and whether it is a third party when it is closed.

use super::super::block::Block;
use super::super::entry::{Entry, span, urls};
use super::super::fold::fold;
use super::super::labels::{Label, identity};
use super::super::lexicon::Column;
use super::super::names::Names;
use super::super::sections::Section;
use super::super::spelling::{before_and_inside, is_company};
use super::Found;
use super::lines::depth_of;

/// Words of a title that begins with a name that is known: "Some Company Bot Protection".
const MOST_WORDS_OF_A_TITLE: usize = 4;

/// An entry being put together.
pub(super) struct Open {
    pub(super) entry: Entry,
    pub(super) blocks: Vec<usize>,
    pub(super) titled: bool,
    /// How deep the item is that is its title; 0 where that is none.
    pub(super) level: u8,
    pub(super) section: Section,
    /// Column, depth and label that deeper items belong to.
    pub(super) tail: Option<(Column, u8, String)>,
    /// The last label is one of data and stands alone: lines below it say which.
    pub(super) listing: bool,
    /// The label of data that came first.
    pub(super) data_label: Option<String>,
    /// A label is itself a datum (`位置信息：…`): then the words are no form that is filled in.
    pub(super) of_data: bool,
    /// A label says of the name that it is a third party's: `插件名称`.
    pub(super) named_as_one: bool,
    /// The title says that data follows: `用户基本信息`.
    pub(super) about_data: bool,
    /// The title is itself what is collected: `使用相机权限`, over what for.
    pub(super) titled_by_data: bool,
    /// The first label.
    pub(super) first: Option<String>,
    /// The words of the label that said who.
    pub(super) who: Option<String>,
    /// A line says whether the data of the category in the title is collected.
    pub(super) collected: Option<bool>,
    /// A label says why it is lawful: the block is about what the app does with data.
    pub(super) of_basis: bool,
}

impl Open {
    pub(super) fn new(section: Section) -> Self {
        Self {
            entry: Entry::default(),
            blocks: Vec::new(),
            titled: false,
            level: 0,
            section,
            tail: None,
            listing: false,
            data_label: None,
            of_data: false,
            named_as_one: false,
            about_data: false,
            titled_by_data: false,
            first: None,
            who: None,
            collected: None,
            of_basis: false,
        }
    }

    /// The block is a part of it.
    pub(super) fn take(&mut self, index: usize, block: &Block) {
        self.blocks.push(index);
        extend(&mut self.entry, block);
    }

    /// The label begins the next one: it has that label already.
    pub(super) fn is_repeated_by(&self, label: &Label, section: Section) -> bool {
        let again = label.column == Column::Data && self.data_label.as_ref() == Some(&label.label);
        // "Purpose: … Data: … Recipient: …", and the purpose of the next.
        let anew = !self.titled && self.first.as_ref() == Some(&label.label) && self.says_who();
        identity(label.column) && (self.entry.has(label.column) || label.column == Column::Product && self.titled)
            || again && section == Section::Collect && !self.says_who()
            || anew
    }

    /// The last label is one of data.
    pub(super) fn gives_data(&self) -> bool {
        self.tail.as_ref().is_some_and(|(column, _, _)| *column == Column::Data)
    }

    /// The item stands as deep as the last label.
    pub(super) fn is_beside(&self, item: &Block) -> bool {
        let depth = depth_of(item);
        depth > self.level && self.tail.as_ref().is_some_and(|(_, at, _)| *at == depth)
    }

    /// Whose it is stands there.
    pub(super) fn is_named(&self) -> bool {
        self.titled || self.says_who()
    }

    /// A label says whose it is, not only a title.
    pub(super) fn says_who(&self) -> bool {
        let names = |(column, value): &(Column, String)| identity(*column) && !value.trim().is_empty();
        self.entry.values.iter().skip(usize::from(self.titled)).any(names)
    }

    /// The title is not who gets data, but what for.
    pub(super) fn title_is_purpose(&mut self, names: &Names<'_>) {
        let says_why = self.entry.has(Column::Purpose);
        let Some((column, title)) = self.entry.values.first_mut().filter(|_| self.titled) else { return };
        let somebody = names.holds_known(title) || is_company(title) || fold(title).contains("sdk");
        if *column == Column::Product && !somebody {
            *column = if says_why { Column::Other } else { Column::Purpose };
            self.titled = false;
        }
    }

    /// Keeps what is a third party: somebody is named, and something is said about them.
    pub(super) fn close(self, found: &mut Found, names: &Names<'_>) {
        let says_who = self.says_who();
        let mut entry = self.entry;
        // "Provider: Some Company Ltd." below a name is whose it is.
        let makes = |(column, value): &(Column, String)| *column == Column::Party && is_company(value);
        if self.titled && entry.has(Column::Product) && !entry.has(Column::Company) {
            let maker = entry.values.iter_mut().skip(1).find(|value| makes(value));
            maker.into_iter().for_each(|(column, _)| *column = Column::Company);
        }
        let title = entry.get(Column::Product).or_else(|| entry.get(Column::Party)).unwrap_or_default().to_owned();
        let said = [Column::Data, Column::Purpose, Column::Link, Column::Website, Column::Scenario, Column::Method]
            .into_iter()
            .filter(|c| entry.has(*c))
            .count();
        let company = entry.get(Column::Company).is_some();
        let labelled = !self.titled && (entry.get(Column::Product).is_some() || entry.get(Column::Party).is_some());
        let sdk = fold(&title).contains("sdk");
        let outside = title.split(['(', '（']).next().unwrap_or_default().trim();
        let inside = before_and_inside(&title).map_or(title.as_str(), |(_, inside)| inside).trim();
        let known = |title: &str| names.is_known(title);
        // "Some Company Security", "Some Company B.V. (formerly Other Company)".
        let capital = |word: &str| word.starts_with(|c: char| c.is_ascii_uppercase());
        let called = !self.about_data && names.holds_known(&title) && title.split(' ').all(capital);
        let called = called && title.split(' ').count() <= MOST_WORDS_OF_A_TITLE;
        let known_by_data = known(outside) || known(inside) || is_company(outside) || called;
        let named = company || labelled || sdk || known(&title) || known_by_data && entry.has(Column::Data);
        let address = |column: Column| column == Column::Link || column == Column::Website && entry.has(Column::Data);
        let policy = entry.values.iter().any(|(c, v)| address(*c) && !urls(v).is_empty())
            || entry.links.iter().any(|(c, _, l)| *c == Column::Link && l.href.starts_with("http"));
        let named = named || self.titled && (policy || self.section == Section::Share && said >= 2);
        // "### Some Analytics", "Data processed: …".
        let known = entry.has(Column::Data) && (known(&title) || known_by_data);
        let about = said >= 1 && (said >= 2 || company || sdk || known || labelled && entry.has(Column::Data));
        // `SDK名称：某某统计SDK`, `服务提供方：某某公司`, and what it collects is said elsewhere.
        let about = about || labelled && company && (sdk || self.named_as_one || names.holds_known(&title));
        // "Some Analytics", and below it "Provider: Some Company Ltd.".
        let about = about || self.titled && company && (self.section == Section::Share || names.is_known(&title));
        // `权限：相机；目的：扫码`, whatever stands above.
        let only_permissions = entry.has(Column::Permissions) && !entry.has(Column::Data) && !names.holds_known(&title);
        if named && about && (company || !title.is_empty()) {
            if (self.of_basis || self.collected == Some(true)) && !self.titled {
                let mut own = entry.clone();
                own.values.retain(|(column, _)| !identity(*column));
                found.own.push(own);
            }
            found.entries.push((self.blocks.first().copied().unwrap_or_default(), entry));
            found.used.extend(self.blocks);
        } else if let Some(collected) = self.collected.filter(|_| !says_who) {
            entry.denies = !collected;
            found.own.push(entry);
            found.used.extend(self.blocks);
        } else if matches!(self.section, Section::Collect | Section::Open)
            && !(says_who || sdk || self.of_data || entry.denies)
            && (entry.has(Column::Data) && said >= 2 || entry.has(Column::Permissions) && said >= 1)
            && (!self.titled
                || self.section == Section::Collect && !names.holds_known(&title)
                || self.about_data
                || only_permissions)
        {
            found.own.push(entry);
            found.used.extend(self.blocks);
        } else if self.titled_by_data
            && matches!(self.section, Section::Collect | Section::Open)
            && !(says_who || entry.denies)
            && (entry.has(Column::Purpose) || entry.has(Column::Scenario))
        {
            entry.put(Column::Permissions, "", &title, &[]);
            found.own.push(entry);
            found.used.extend(self.blocks);
        }
    }
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
