//! Words that a policy defines for data: `"Device Data" means your device model and IP address`.
//!
//! Whoever is declared to get "Device Data" is declared to get what the definition lists.

use super::block::Block;
use super::entry::span;
use super::fold::{Folded, fold};
use super::lexicon::Lexicon;
use super::model::{DataItem, ThirdParty};
use super::terms;
use crate::evidence::Span;

/// Longest defined word, in characters.
const LONGEST: usize = 40;

/// A word, and the data that it stands for.
struct Definition {
    word: String,
    items: Vec<DataItem>,
}

/// The definitions of a document.
pub struct Definitions(Vec<Definition>);

impl Definitions {
    /// Of all blocks.
    pub fn of(blocks: &[Block], lexicon: &Lexicon) -> Self {
        Self(blocks.iter().filter(|block| block.table().is_none()).filter_map(|block| of(block, lexicon)).collect())
    }

    /// Adds what the words for a third party's data stand for.
    pub fn add_to(&self, party: &mut ThirdParty) {
        let said = fold(party.data_raw.as_deref().unwrap_or_default());
        for item in self.items_of(|word| said.contains(word)) {
            let denied = party.denied.iter().any(|denied| denied.data_type == item.data_type);
            if !denied && !party.data.contains(&item.data_type) {
                party.data.push(item.data_type.clone());
                party.data_items.push(item.clone());
            }
        }
    }

    /// The same of what the app collects.
    pub fn add_to_own(&self, items: &mut Vec<DataItem>) {
        let said: Vec<String> = items.iter().map(|item| fold(&item.raw)).collect();
        let more: Vec<DataItem> = self.items_of(|word| said.iter().any(|raw| raw == word)).cloned().collect();
        items.extend(more);
    }

    fn items_of(&self, says: impl Fn(&str) -> bool) -> impl Iterator<Item = &DataItem> {
        self.0.iter().filter(move |definition| says(&definition.word)).flat_map(|definition| &definition.items)
    }
}

fn of(block: &Block, lexicon: &Lexicon) -> Option<Definition> {
    let folded = Folded::new(&block.text);
    let captures = lexicon.captures("defines-data", folded.text.trim()).into_iter().next()?;
    let word = captures.name("name")?.as_str().trim().to_owned();
    let means = captures.name("data")?;
    let words = folded.slice(means.start(), means.end(), &block.text);
    let place = span(block.source, block.line, block.end_line, &block.text);
    let item = |term: terms::Term| {
        let span = Span { quote: term.raw.clone(), ..place.clone() };
        DataItem { data_type: term.data_type, raw: term.raw, span }
    };
    let items: Vec<DataItem> = terms::read(lexicon, words).into_iter().filter(|t| t.is_affirmed()).map(item).collect();
    (!items.is_empty() && !word.is_empty() && word.chars().count() <= LONGEST).then_some(Definition { word, items })
}
