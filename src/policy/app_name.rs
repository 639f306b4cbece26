//! What the app is called, where its policy calls it by name: "Teashop does not collect …".

use super::block::Block;
use super::fold::{Folded, fold};
use super::lexicon::Lexicon;
use super::names::Names;

/// The blocks at the beginning that may hold the title.
const MOST_TITLES: usize = 8;

/// Stands for the app in a sentence that calls it by name.
const THE_APP: &str = "the app";

/// The titles of a policy, which name the app.
pub struct Titles(Vec<String>);

impl Titles {
    /// Of the document's first blocks.
    pub fn of(blocks: &[Block], lexicon: &Lexicon) -> Self {
        let first = blocks.iter().take(MOST_TITLES).map(|block| fold(&block.text));
        Self(first.filter(|text| lexicon.says("title-of-a-policy", text)).collect())
    }

    /// The folded sentence with "the app" in place of the name that it begins with, where that is the
    /// app's: it stands in the title, or nobody else is known by it and the sentence denies.
    pub fn spoken(&self, sentence: &str, folded: &Folded, lexicon: &Lexicon, names: &Names<'_>) -> Option<String> {
        let captures = lexicon.captures("acts-by-name", &folded.text).into_iter().next()?;
        let name = captures.name("names")?;
        let words = folded.slice(name.start(), name.end(), sentence);
        let capital = |word: &str| word.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit());
        let called = words.split_whitespace().all(capital) && !names.holds_known(words);
        let somebody = name.as_str().contains("sdk")
            || ["first-party", "pronoun", "no-subject"].iter().any(|id| lexicon.says(id, name.as_str()))
            || !lexicon.categories(name.as_str()).is_empty();
        let titled = self.0.iter().any(|title| title.contains(name.as_str()));
        let meant = called && !somebody && (titled || captures.name("denies").is_some());
        meant.then(|| format!("{THE_APP}{}", folded.text.get(name.end()..).unwrap_or_default()))
    }
}
