//! Questions and their answers, as policies in the form of an interview have them:
//! `问：你们会读取通讯录吗？` and, a line below, `答：不会。` are one statement.

use super::block::{Block, Kind};
use super::fold::fold;
use super::lexicon::Lexicon;

/// The blocks, each question put together with the paragraph that answers it.
pub fn answered(blocks: Vec<Block>, lexicon: &Lexicon) -> Vec<Block> {
    let mut out: Vec<Block> = Vec::with_capacity(blocks.len());
    for block in blocks {
        match out.last_mut().filter(|last| answers(last, &block, lexicon)) {
            Some(question) => {
                question.kind = Kind::Paragraph;
                question.strong = false;
                question.text.push(' ');
                question.text.push_str(&block.text);
                question.links.extend(block.links);
                question.end_line = block.end_line;
            }
            None => out.push(block),
        }
    }
    out
}

/// The block answers the one before it: it is marked as an answer, or begins with yes or no.
fn answers(question: &Block, block: &Block, lexicon: &Lexicon) -> bool {
    let asks = question.table().is_none() && question.text.trim_end().ends_with(['?', '？']);
    if !asks || block.table().is_some() || block.is_heading() {
        return false;
    }
    let says = |id: &str, words: &str| lexicon.says(id, fold(words).trim());
    says("marks-an-answer", &block.text) && says("marks-a-question", &question.text)
        || says("answers-no", &block.text)
        || says("answers-yes", &block.text)
}
