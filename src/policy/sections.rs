//! What a part of the document is about, by its headings.

use std::sync::LazyLock;

use regex::Regex;

use super::block::{Block, Kind};
use super::fold::fold;
use super::lexicon::Lexicon;

/// What a section is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Section {
    /// Nothing was said, or something that decides nothing.
    #[default]
    Open,
    /// What the app collects.
    Collect,
    /// What it says it does not collect.
    Denied,
    /// Third parties.
    Share,
    /// Security, rights, contact …
    Other,
    /// What words mean.
    Defined,
}

/// Longest heading, in characters, where the format has no headings.
const LONGEST: usize = 40;

static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^[\s\u{3000}]*(?:[*•·●○■◆▪‣-]+\s*)?(?:第?[一二三四五六七八九十百]+(?:部分|章|节|条)?[、.．:：\s]|[（(【]?[一二三四五六七八九十]{1,3}[）)】][、.]?|[（(](?:\d{1,2}|[a-z])[)）][、.]?|\d{1,2}(?:\.\d{1,2}){1,4}[.、]?\s*|\d{1,2}[、.．)）]\s*|[①-⑳]|[a-zA-Z][.)、．]\s+|[A-H]\s*[.．、])\s*").ok()
});

/// `text` without the number of an item or heading.
pub fn without_number(text: &str) -> &str {
    match NUMBER.as_ref().and_then(|re| re.find(text)) {
        Some(found) => text.get(found.end()..).unwrap_or(text),
        None => text,
    }
}

/// `text` begins with a number or bullet.
pub fn is_numbered(text: &str) -> bool {
    without_number(text).len() < text.trim_start().len()
}

/// How deep a heading is by the form of its number: `一、`, `（一）`, `1.`, `1.1`, `（1）`, `①`. 0 where it has none,
/// or one that says nothing.
fn depth(text: &str) -> u8 {
    let text = text.trim_start();
    let mut chars = text.chars();
    let (first, second) = (chars.next().unwrap_or(' '), chars.next().unwrap_or(' '));
    let counts = |c: char| "一二三四五六七八九十".contains(c);
    match first {
        '第' => 1,
        c if counts(c) && is_numbered(text) => 1,
        '(' | '（' if counts(second) => 2,
        '(' | '（' if second.is_ascii_digit() => 5,
        '①'..='⑳' => 6,
        c if c.is_ascii_digit() && is_numbered(text) => {
            let number = text.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
            if number.trim_end_matches('.').contains('.') { 4 } else { 3 }
        }
        _ => 0,
    }
}

/// A heading, of the format or by its looks: numbered or bold, short, no sentence.
pub fn is_heading(block: &Block) -> bool {
    if block.is_heading() {
        return true;
    }
    let text = block.text.trim();
    let short = text.chars().count() <= LONGEST;
    let ends = text.ends_with(['。', '.', ';', '；', ':', '：', ',', '，', '！', '!']);
    let plain = matches!(block.kind, Kind::Paragraph);
    plain && short && !ends && !text.contains(['：', ':', '；', '。']) && (block.strong || is_numbered(text))
}

/// The section of each block. A heading belongs to the section it opens.
pub fn read(blocks: &[Block], lexicon: &Lexicon) -> Vec<Section> {
    let mut current = Section::Open;
    // How deep the heading is that opened it.
    let mut opened = 0;
    // A heading that decides nothing stays within the section around it.
    blocks
        .iter()
        .map(|block| {
            let listed = matches!(block.kind, Kind::Item(_)) && is_numbered(&block.text);
            let short = block.text.chars().count() <= LONGEST && !block.text.contains(['：', ':', '。', '；']);
            let plain = || {
                // A colon may end it.
                let title = block.text.trim().trim_end_matches(['：', ':']);
                matches!(block.kind, Kind::Paragraph)
                    && title.chars().count() <= LONGEST
                    && !title.contains(['：', ':', '。', '；'])
                    && lexicon.says("title-of-a-part", fold(title).trim())
            };
            // `（1）相册权限，用于存储照片`: an item that says what for, whatever words that has.
            let says_why = || {
                let told = block.text.split_once(['，', ',']);
                !block.is_heading() && told.is_some_and(|(_, why)| lexicon.says("says-why", fold(why).trim()))
            };
            if (is_heading(block) || listed && short || plain()) && !says_why() {
                let text = fold(without_number(&block.text));
                let depth = depth(&block.text);
                // `（三）保障账户安全` below `一、我们收集的信息`: what is collected for that.
                let within = current == Section::Collect && opened > 0 && depth > opened;
                let found = of(&text, lexicon).filter(|found| *found != Section::Other || !within);
                if let Some(section) = found {
                    // `（一）您提供的信息` below it opens nothing that `（二）账号与安全信息` would end.
                    opened = if within && section == Section::Collect { opened } else { depth };
                    current = section;
                } else if !within && block.is_heading() && current != Section::Share && current != Section::Collect {
                    current = Section::Open;
                }
            }
            current
        })
        .collect()
}

/// Blocks whose words are denied by what stands above them: a heading that says so, or "we do not:" over a list.
pub fn denied(blocks: &[Block], sections: &[Section], lexicon: &Lexicon) -> Vec<bool> {
    let mut above = false;
    let each = blocks.iter().zip(sections).map(|(block, section)| {
        let item = matches!(block.kind, Kind::Item(_));
        if !item {
            let last = super::sentences::split(&block.text).pop().map(|last| fold(last.text)).unwrap_or_default();
            above = lexicon.says("goes-on", last.trim()) && lexicon.says("denial-of-what-follows", last.trim());
        }
        *section == Section::Denied || item && above
    });
    each.collect()
}

/// The section that a folded heading opens.
pub fn of(heading: &str, lexicon: &Lexicon) -> Option<Section> {
    if lexicon.says("denial-heading", heading) {
        return Some(Section::Denied);
    }
    if lexicon.says("section-definitions", heading) {
        return Some(Section::Defined);
    }
    // `分享功能` is what the app does, below what it collects.
    if lexicon.says("title-of-a-function", heading) {
        return None;
    }
    let at = |id: &str| lexicon.phrase(id, heading).map(|(m, _)| m.start());
    let (collect, share, other) = (at("section-collect"), at("section-share"), at("section-other"));
    match (collect, share, other) {
        (Some(_), None, None) => Some(Section::Collect),
        (Some(_), None, Some(_)) if heading.contains("收集") || heading.contains("collect") => Some(Section::Collect),
        (_, Some(_), _) if heading.contains("未成年") || heading.contains("儿童") => Some(Section::Other),
        (Some(c), Some(s), _) if c < s && !heading.contains("第三方") && !heading.contains("third") => {
            Some(Section::Collect)
        }
        (_, Some(_), _) => Some(Section::Share),
        (_, None, Some(_)) => Some(Section::Other),
        (None, None, None) => None,
    }
}
