//! What a line is among labels, by its form and its words.

use super::super::block::{Block, Kind};
use super::super::fold::fold;
use super::super::labels::{self, Parts, identity, split};
use super::super::lexicon::{Column, Lexicon};
use super::super::names::Names;
use super::super::prose::{is_firm, without_brackets};
use super::super::{sections, terms};

/// Longest title of a block.
pub(super) const LONGEST_TITLE: usize = 60;

/// A title: short, not a sentence.
pub(super) fn title_of(block: &Block) -> Option<String> {
    let text = sections::without_number(&block.text).trim().trim_end_matches([':', '：']).trim();
    // `【某某推送】`
    let inner = text.strip_prefix('【').and_then(|t| t.strip_suffix('】')).filter(|t| !t.contains(['【', '】']));
    let text = inner.unwrap_or(text).trim();
    // What brackets hold (package names) does not make a title long.
    let outside = text.split(['(', '（']).next().unwrap_or_default();
    let short = outside.chars().count() <= LONGEST_TITLE && text.chars().count() <= 4 * LONGEST_TITLE;
    // `某某地图(com.example.map)，用于定位，收集的信息：位置信息`
    let told = without_brackets(text).split_once(['，', ',']).is_some_and(|(_, rest)| rest.contains(['：', ':']));
    // "Some Company, Inc."
    let stops = text.ends_with(['。', '.', ';', '；', '，', ',', '!', '！']) && !is_firm_alone(text);
    let sentence = stops || text.contains('。') || told;
    (short && !sentence && !text.is_empty() && block.table().is_none()).then(|| text.to_owned())
}

/// A company's name and nothing else, whose legal form ends in a point.
fn is_firm_alone(text: &str) -> bool {
    let capital = |word: &str| matches!(word, "of" | "and" | "&") || !word.starts_with(|c: char| c.is_lowercase());
    text.ends_with('.') && is_firm(text) && text.split_whitespace().all(capital)
}

/// Between the members of an enumeration that end in brackets.
const BETWEEN_BRACKETED: [&str; 7] = ["）、", ")、", "）和", ")和", "）及", "）以及", "), "];

/// `第三方SDK包括：A（统计，收集OAID）、B（收集IMEI）`: a sentence, in which each name has what its brackets say.
pub(super) fn enumerates(parts: &Parts, lexicon: &Lexicon) -> bool {
    let [only] = &parts.labels[..] else { return false };
    identity(only.column)
        && BETWEEN_BRACKETED.iter().any(|between| only.value.contains(between))
        && !terms::read(lexicon, &only.value).is_empty()
}

/// `第三方平台登录：如您选择…`: what stands where a name would is a sentence to the reader.
pub(super) fn speaks(parts: &Parts, lexicon: &Lexicon) -> bool {
    let first = |value: &str| fold(value.split(['，', ',', '。']).next().unwrap_or_default());
    let [only] = &parts.labels[..] else { return false };
    identity(only.column) && lexicon.says("speaks-to-the-reader", &first(&only.value))
}

/// `我们使用某某统计。某某统计收集的信息包括：…`: a sentence whose subject is somebody, behind others.
pub(super) fn tells(parts: &Parts, names: &Names<'_>) -> bool {
    let [only] = &parts.labels[..] else { return false };
    only.column == Column::Data && parts.prefix.contains('。') && names.holds_known(&only.label)
}

/// A label of the block says who it is about: what stands above it, a date say, has no part in it.
pub(super) fn names_somebody(lexicon: &Lexicon, block: &Block) -> bool {
    split(lexicon, &block.text).is_some_and(|parts| parts.labels.iter().any(|label| identity(label.column)))
}

/// The block is a title and labels stand below it: somebody's name, and nothing that the label above has.
pub(super) fn leads_labels(lexicon: &Lexicon, blocks: &[Block], index: usize) -> bool {
    let labelled = |block: &Block| split(lexicon, &block.text).is_some();
    let Some((title, next)) = blocks.get(index).zip(blocks.get(index + 1)) else { return false };
    // The next item of the list stands beside it.
    let below = depth_of(next) == 0 || depth_of(next) > depth_of(title);
    below && title_of(title).is_some() && !labelled(title) && labelled(next)
}

/// A few words and a colon, with deeper items below.
pub(super) fn leads_deeper(blocks: &[Block], index: usize) -> bool {
    let Some((block, next)) = blocks.get(index).zip(blocks.get(index + 1)) else { return false };
    let label = block.text.trim().strip_suffix([':', '：']).filter(|label| label.chars().count() <= LONGEST_TITLE);
    let plain = label.is_some_and(|label| !label.contains(['。', '：', ':', '，', ',']));
    plain && !block.is_heading() && depth_of(block) > 0 && depth_of(next) > depth_of(block)
}

/// Words of data, after a bracket that says on which system: `【仅Android】AndroidID、OAID`.
pub(super) fn lists_data(block: &Block, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    let text = block.text.trim();
    let text = sections::without_number(text);
    let bare = labels::without_system(text, lexicon);
    let first = terms::read(lexicon, bare).first().map(|term| term.start);
    // A number and a name that begins with nothing of data is the next title.
    let named = fold(text).contains("sdk") || names.is_known(text) || first.is_some_and(|at| at > 0);
    let title = sections::is_numbered(&block.text) && named;
    // `系统信息（系统名称、系统版本）：用于统计`
    let explained = bare
        .split_once(['：', ':'])
        .map(|(what, _)| what)
        .filter(|what| what.contains(['(', '（']) && what.chars().count() <= LONGEST_TITLE && !names.holds_known(what));
    let data = terms::lead(lexicon, bare) || explained.is_some_and(|what| !terms::read(lexicon, what).is_empty());
    !block.is_heading() && !title && data && !lexicon.says("first-party", &fold(text))
}

/// `【仅Android】AndroidID`, `安卓版本：IMEI`: the line begins with words that say where it holds.
pub(super) fn is_of_a_system(text: &str, lexicon: &Lexicon) -> bool {
    labels::without_system(text, lexicon).len() < text.trim_start().len()
}

/// `(2) 可选个人信息`: a label of data without a value, over the lines that are it.
pub(super) fn is_part_of_data(block: &Block, lexicon: &Lexicon) -> bool {
    let words = fold(sections::without_number(&block.text).trim().trim_end_matches([':', '：']).trim());
    lexicon.labels().get(&words) == Some(&Column::Data)
}

/// `您可以选择是否向其提供如下信息：`, among lines of data.
pub(super) fn leads_on(block: &Block, lexicon: &Lexicon) -> bool {
    let folded = fold(block.text.trim());
    folded.ends_with(':') && lexicon.says("points-below", &folded) && !block.is_heading()
}

/// `客户端：安卓`: short words, a colon, and something that is neither somebody nor data.
pub(super) fn is_unknown_label(block: &Block, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    let Some((label, value)) = block.text.split_once(['：', ':']) else { return false };
    let folded = fold(label);
    label.chars().count() <= LONGEST_TITLE
        && !label.contains(['。', '；'])
        && !folded.contains("sdk")
        && !names.holds_known(label)
        && !value.trim().is_empty()
        && terms::read(lexicon, &block.text).is_empty()
        && !block.is_heading()
}

/// The block is a label that says more about whom the ones before are about.
pub(super) fn goes_on(block: &Block, lexicon: &Lexicon) -> bool {
    let about =
        |parts: &labels::Parts| parts.prefix.is_empty() && parts.labels.iter().all(|l| l.column != Column::Product);
    !block.is_heading() && split(lexicon, &block.text).is_some_and(|parts| about(&parts))
}

/// How deep an item is; 0 for what is none.
pub(super) fn depth_of(block: &Block) -> u8 {
    if let Kind::Item(depth) = block.kind { depth } else { 0 }
}
