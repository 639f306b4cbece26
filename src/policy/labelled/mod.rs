//! Blocks of `label: value` under a name: one third party a block.
//!
//! ```text
//! 1. Fictional Push SDK
//! 运营方：某某科技有限公司
//! 收集个人信息类型：设备标识符（IMEI、OAID）
//! 隐私政策：https://push.example/privacy
//! ```

mod lines;
mod open;
mod words;

use super::block::{Block, Link};
use super::entry::{Entry, span, urls};
use super::fold::fold;
use super::labels::{Label, identity, split};
use super::lexicon::{Column, Lexicon};
use super::listed;
use super::names::Names;
use super::prose::{announces, names_nobody};
use super::sections::{self, Section};
use super::spelling::is_company;
use super::terms;
use lines::{
    LONGEST_TITLE, depth_of, enumerates, goes_on, is_of_a_system, is_part_of_data, is_unknown_label, leads_deeper,
    leads_labels, leads_on, lists_data, names_somebody, speaks, tells, title_of,
};
use open::Open;
use words::{known_first, maker, name_and_more, name_and_rest, named_first, purpose_and_data, says_more, used_name};

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

/// All third parties that stand as labels under a name.
pub fn read(blocks: &[Block], sections: &[Section], lexicon: &Lexicon, names: &Names<'_>) -> Found {
    let found = Found::default();
    let mut reader =
        Reader { blocks, lexicon, names, found, open: None, title: None, announced: false, collected: None };
    for (index, block) in blocks.iter().enumerate() {
        reader.block(index, block, sections.get(index).copied().unwrap_or_default());
    }
    reader.close();
    reader.found
}

/// Goes through the blocks, and knows what those before leave open.
struct Reader<'r> {
    blocks: &'r [Block],
    lexicon: &'r Lexicon,
    names: &'r Names<'r>,
    found: Found,
    open: Option<Open>,
    /// Words that may be a name, and where they stand.
    title: Option<(usize, String)>,
    /// The items here stand below words that announce third parties.
    announced: bool,
    /// A line says whether the data of the category below whose name it stands is collected.
    collected: Option<(usize, bool)>,
}

impl Reader<'_> {
    fn block(&mut self, index: usize, block: &Block, section: Section) {
        let (lexicon, names) = (self.lexicon, self.names);
        let listed = depth_of(block) > 0 || sections::is_numbered(&block.text);
        self.announced = self.announced && listed || block.table().is_none() && announces(&block.text, lexicon);
        let section = match section {
            Section::Open if self.announced && listed => Section::Share,
            section => section,
        };
        if block.table().is_some() {
            self.close();
            self.title = None;
            return;
        }
        if self.is_below(index, block) || self.is_address(index, block) {
            return;
        }
        if self.is_of_a_card(index, block) {
            return;
        }
        let parts = split(lexicon, &block.text).filter(|parts| !block.is_heading() && !enumerates(parts, lexicon));
        let parts = parts.filter(|parts| !tells(parts, names) && !speaks(parts, lexicon));
        if parts.is_none() && self.continues(index, block) {
            return;
        }
        // "The following SDKs do not collect personal data: A, B": a sentence, and no label of a row.
        let denies = |prefix: &str| ["points-below", "denial"].iter().all(|id| lexicon.says(id, &fold(prefix)));
        let Some(parts) = parts.filter(|parts| !denies(&parts.prefix)) else {
            match title_of(block) {
                Some(words) => self.title(index, words),
                None => self.paragraph(index, block),
            }
            return;
        };
        let mut led = self.name(index, &parts.prefix);
        for label in &parts.labels {
            let alone = parts.labels.len() == 1;
            let links = block.links.iter().filter(|l| alone || label.value.contains(l.text.as_str()));
            self.label(index, label, links.cloned().collect(), led.take(), section);
        }
        if let Some(current) = &mut self.open {
            current.take(index, block);
        }
        self.title = None;
    }

    /// The block stands deeper than the last label, and belongs to it.
    fn is_below(&mut self, index: usize, block: &Block) -> bool {
        let (lexicon, depth) = (self.lexicon, depth_of(block));
        let Some(current) = &mut self.open else { return false };
        let Some((column, at, label)) = current.tail.clone() else { return false };
        let below = depth > at
            && (current.level == 0 || depth > current.level)
            && !(column == Column::Other && names_somebody(lexicon, block))
            && !(current.is_named() && leads_labels(lexicon, self.blocks, index))
            // `SDK名称：某某`, and below it, deeper, what else there is to say.
            && !(identity(column) && split(lexicon, &block.text).is_some());
        // What the app says of itself among notes is its own reader's.
        if below && column == Column::Other && lexicon.says("first-party", &fold(&block.text)) {
            return true;
        }
        if below {
            current.entry.put(column, &label, &block.text, &block.links);
            current.take(index, block);
        }
        below
    }

    /// "Collected: No", below the name of a category of data.
    fn is_of_a_card(&mut self, index: usize, block: &Block) -> bool {
        let folded = fold(block.text.trim());
        let Some(said) = self.lexicon.captures("card-of-a-category", &folded).into_iter().next() else { return false };
        let collected = said.name("no").is_none();
        match &mut self.open {
            Some(open) => open.collected = Some(collected),
            None => self.collected = Some((index, collected)),
        }
        if let Some((at, _)) = self.title.as_mut().filter(|(at, _)| at + 1 == index) {
            *at = index;
        }
        true
    }

    /// An address by itself below labels: where to read more.
    fn is_address(&mut self, index: usize, block: &Block) -> bool {
        let Some(current) = &mut self.open else { return false };
        let text = block.text.trim();
        let address = !text.contains(char::is_whitespace)
            && urls(&block.text).first().is_some_and(|url| url == text)
            && !current.entry.has(Column::Link);
        if address {
            current.entry.put(Column::Link, "", &block.text, &block.links);
            current.take(index, block);
        }
        address
    }

    /// The block has no label, and goes on with what the last one began.
    fn continues(&mut self, index: usize, block: &Block) -> bool {
        let (lexicon, names) = (self.lexicon, self.names);
        let next = self.blocks.get(index + 1);
        let next_lists = || next.is_some_and(|next| lists_data(next, lexicon, names));
        let Some(current) = &mut self.open else { return false };
        // `收集的个人信息：IMEI、`: an enumeration goes on in the next line.
        if !block.is_heading()
            && let Some((Column::Data, value)) = current.entry.values.last_mut()
            && value.ends_with('、')
        {
            value.push_str(block.text.trim());
        // `个人信息字段：` and then, line by line, what they are.
        } else if (current.listing || current.gives_data() && is_of_a_system(&block.text, lexicon))
            && lists_data(block, lexicon, names)
        {
            current.entry.put(Column::Data, "", &block.text, &block.links);
        // `(1) 必要个人信息` over some of those lines.
        } else if current.gives_data()
            && current.is_named()
            && (is_part_of_data(block, lexicon) || leads_on(block, lexicon))
            && next_lists()
        {
            current.listing = true;
        // `客户端：安卓` between two labels is one too, though nobody knows it.
        } else if current.is_named()
            && is_unknown_label(block, lexicon, names)
            && next.is_some_and(|next| goes_on(next, lexicon))
        {
            current.tail = Some((Column::Other, depth_of(block), block.text.clone()));
            current.listing = false;
        // `数据处理说明：` between two labels, and deeper items below it, is one that nobody knows.
        } else if current.says_who() && leads_deeper(self.blocks, index) && current.is_beside(block) {
            current.tail = Some((Column::Other, depth_of(block), block.text.clone()));
            current.listing = false;
        // `应用信息（时区）：用于统计`, among lines of data, is one that holds none.
        } else if current.listing
            && is_unknown_label(block, lexicon, names)
            && next.is_some_and(|next| lists_data(next, lexicon, names) || is_part_of_data(next, lexicon))
        {
        } else {
            return false;
        }
        current.take(index, block);
        true
    }

    /// Words that may be a name.
    fn title(&mut self, index: usize, words: String) {
        self.close();
        // A line that says what it is for stands between a name and its labels, or a label that nobody knows.
        let only_purpose = self.lexicon.says("purpose", &fold(&words)) && !self.names.holds_known(&words);
        let block = self.blocks.get(index);
        let label = block.is_some_and(|block| is_unknown_label(block, self.lexicon, self.names));
        let label = label && !self.names.holds_known(&words) && !is_company(&words) && !fold(&words).contains("sdk");
        let called = |name: &str| !self.lexicon.categories(name).is_empty();
        let somebody = |name: &str| self.names.holds_known(name) || fold(name).contains("sdk") || called(name);
        match &mut self.title {
            Some((at, name)) if *at + 1 == index && (only_purpose || label) && somebody(name) => *at = index,
            _ => self.title = Some((index, words)),
        }
    }

    fn paragraph(&mut self, index: usize, block: &Block) {
        // After a label without a value it belongs to it.
        if let Some(current) = &mut self.open
            && let Some((column, _, label)) = current.tail.clone()
            && current.entry.values.last().is_some_and(|(c, v)| *c == column && v.is_empty())
        {
            current.entry.put(column, &label, &block.text, &block.links);
            current.take(index, block);
            return;
        }
        let (names, blocks) = (self.names, self.blocks);
        let headed = |at: usize| blocks.get(at).is_some_and(Block::is_heading);
        let more = |(at, name): &(usize, String)| at + 1 == index && says_more(name, headed(*at), &block.text, names);
        self.title = self.title.take().filter(more).map(|(_, name)| (index, name));
        self.close();
    }

    /// Takes the name that stands before the first label; yields what stands between them.
    fn name<'p>(&mut self, index: usize, prefix: &'p str) -> Option<&'p str> {
        let (lexicon, names) = (self.lexicon, self.names);
        // `安卓版本：IMEI 隐私政策：…`, below a label of data: more of it, and nobody's name.
        if let Some(current) = self.open.as_mut().filter(|open| open.gives_data() && open.is_named())
            && is_of_a_system(prefix, lexicon)
        {
            current.entry.put(Column::Data, "", prefix, &[]);
            return None;
        }
        // "We use Some Push. Data: …": the sentence says who.
        let used = used_name(prefix, lexicon, names);
        let parted = known_first(prefix, names).or_else(|| named_first(prefix, lexicon, names));
        let parted = parted.unwrap_or_else(|| name_and_rest(prefix));
        let (name, led) = match (&used, parted) {
            (Some(name), _) => (name.as_str(), None),
            // `推送服务商：某某。共享信息：…`: a kind, and then who it is.
            (None, (kind, Some(who))) if names_nobody(kind, lexicon, names) && names.is_known(who) => (who, Some(kind)),
            (None, parted) => parted,
        };
        let sentence = used.is_none() && (name.contains('。') || lexicon.says("first-party", &fold(name)));
        // "Some Heatmaps", and below it "Shows what is pressed. Receives: device model".
        let below = self.title.as_ref().is_some_and(|(at, title)| at + 1 == index && names.holds_known(title));
        if below && name.ends_with('.') && name.contains(' ') && !is_company(name) && !names.holds_known(name) {
            return Some(prefix);
        }
        if !name.is_empty() && name.chars().count() <= LONGEST_TITLE && !sentence {
            self.close();
            self.title = Some((index, name.trim_matches(['【', '】', '[', ']', '《', '》']).to_owned()));
        }
        led
    }

    /// A label with its value; `led` are words between the name and it.
    fn label(&mut self, index: usize, label: &Label, links: Vec<Link>, led: Option<&str>, section: Section) {
        let lexicon = self.lexicon;
        // "Third party: A", and below it "Vendor: B Ltd.": whose it is.
        let makes = lexicon.says("head-of-maker", fold(&label.label).trim());
        let makes = makes
            && self.open.as_ref().is_some_and(|open| {
                let other = open.who.as_ref().is_some_and(|who| *who != label.label);
                other && label.column == Column::Party && !open.entry.has(Column::Company)
            });
        let made = Label { column: Column::Company, ..label.clone() };
        let label = if makes { &made } else { label };
        let identity = identity(label.column);
        if self.open.as_ref().is_some_and(|open| open.is_repeated_by(label, section)) {
            self.close();
        }
        if self.open.is_none() {
            self.open = Some(self.begin(index, label, section));
        }
        let Some(current) = &mut self.open else { return };
        let (value, more) = if identity { name_and_more(&label.value, lexicon) } else { (label.value.as_str(), None) };
        let value = if identity { listed::without_place(value, lexicon) } else { value };
        let nobody = identity && lexicon.says("nothing-said", fold(value).trim());
        let value = if nobody { "" } else { value };
        if identity && !value.is_empty() {
            current.who.get_or_insert_with(|| label.label.clone());
        }
        current.of_basis |= lexicon.says("head-of-basis", fold(&label.label).trim());
        // "Crash reports", over "Recipient: Some Company": what is done, and who gets data for it.
        let given = identity && !value.is_empty() && lexicon.says("label-of-a-recipient", fold(&label.label).trim());
        if given {
            current.title_is_purpose(self.names);
        }
        if let Some(led) = led {
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
        let depth = self.blocks.get(index).map(depth_of).unwrap_or_default();
        current.tail = Some((label.column, depth, label.label.clone()));
        current.of_data |= !terms::read(lexicon, &label.label).is_empty();
        current.named_as_one |= identity && lexicon.says("label-of-a-third-party", &fold(&label.label));
        current.listing = label.column == Column::Data && label.value.is_empty();
        if label.column == Column::Data {
            current.data_label.get_or_insert_with(|| label.label.clone());
        }
    }

    /// What `first` is the first label of: below a title, if that is a name.
    fn begin(&mut self, index: usize, first: &Label, section: Section) -> Open {
        let (lexicon, names) = (self.lexicon, self.names);
        let mut open = Open::new(section);
        open.first = Some(first.label.clone());
        open.collected = self.collected.take().filter(|(at, _)| at + 1 >= index).map(|(_, collected)| collected);
        let named = self.title.take().filter(|(at, _)| at + 1 >= index && first.column != Column::Product);
        let named = named.filter(|(_, words)| !lexicon.says("names-a-document", &fold(words)));
        // `第三方SDK`, and below it `名称：…`: the label says who.
        let announces = |words: &str| {
            let labelled = words.contains(':') && !names.holds_known(words);
            labelled || lexicon.says("points-below", words) || lexicon.says("first-party", words)
        };
        let nobody = |words: &str| names_nobody(words, lexicon, names);
        let own = |words: &str| !nobody(words) && !announces(&fold(words));
        // `推送SDK` is a kind, of which somebody is; `第三方SDK` only the heading of all of them.
        let kind = |words: &str| !lexicon.categories(&fold(words)).is_empty();
        let titles = |words: &str| if identity(first.column) { own(words) } else { !nobody(words) || kind(words) };
        let Some((at, words)) = named.filter(|(_, words)| titles(words)) else { return open };
        open.titled = true;
        open.about_data = lexicon.says("title-of-data", &fold(&words)) && !names.holds_known(&words);
        open.titled_by_data =
            open.about_data && lexicon.says("title-of-a-permission", &fold(&words)) && terms::lead(lexicon, &words);
        open.entry.put(Column::Product, "", &words, &[]);
        open.blocks.push(at);
        if let Some(block) = self.blocks.get(at) {
            open.level = depth_of(block);
            open.entry.spans.push(span(block.source, block.line, block.end_line, &block.text));
        }
        open
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.close(&mut self.found, self.names);
        }
    }
}
