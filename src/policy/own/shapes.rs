//! Lines that say by their form alone that what they name is collected.

use super::super::block::Block;
use super::super::fold::fold;
use super::super::lexicon::{Column, Lexicon};
use super::super::sections::without_number;
use super::super::spelling::{before_and_inside, outside_brackets};
use super::super::terms;

/// Before the names of permissions of Android (android.Manifest.permission).
pub(super) const PERMISSION: &str = "android.permission.";

/// `5、我们不收集通讯录`: a numbered line that is a sentence without its stop.
pub(super) fn states(block: &Block, lexicon: &Lexicon) -> bool {
    let folded = fold(without_number(&block.text));
    let says = |id: &str| lexicon.says(id, folded.trim());
    (says("denies-itself") || says("collects-strongly"))
        && !says("title-asks")
        && !terms::read(lexicon, &block.text).is_empty()
}

/// `设备信息：…`, `IP地址。`, "Phone Number: …".
pub(super) fn begins_with_data(text: &str, lexicon: &Lexicon) -> bool {
    let bare = without_number(text).trim_start_matches(PERMISSION);
    let lead = bare.chars().take(24).collect::<String>();
    terms::read(lexicon, &lead).first().is_some_and(|t| t.start <= 12)
}

/// `您注册时使用的邮箱`, `使用数据，例如IP地址`: a few words that end in a datum.
pub(super) fn ends_with_data(text: &str, lexicon: &Lexicon) -> bool {
    let text = without_number(text).trim().trim_end_matches(['。', '；', ';', '.', '等']);
    let short = text.chars().count() <= LONGEST_ENDING && !text.contains(['：', ':', '。', '？', '?']);
    let last = terms::read(lexicon, text).into_iter().next_back();
    short && last.is_some_and(|term| term.is_affirmed() && term.end == text.len())
}

/// `短信、通讯录`: a line that only lists data.
pub(super) fn only_data(text: &str, lexicon: &Lexicon) -> bool {
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
pub(super) fn value_is_data(text: &str, lexicon: &Lexicon) -> bool {
    let Some((label, value)) = without_number(text).split_once(['：', ':']) else { return false };
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
pub(super) fn lists_only_data(text: &str, lexicon: &Lexicon) -> bool {
    let text = without_number(text).trim();
    // `网络状态、访问时间（用于统计）。` is no sentence either.
    let text = text.strip_suffix('。').filter(|text| text.contains('、')).map_or(text, without_last_brackets);
    let sentence = text.ends_with(['.', '。', '?', '？', '!', '！']) || text.contains([':', '：', '@']);
    if sentence || text.chars().count() > LONGEST_LISTING || text.contains("://") {
        return false;
    }
    let begins =
        |part: &str| terms::read(lexicon, part).first().is_some_and(|t| t.start <= FARTHEST_VALUE && !t.denied);
    // `注册账号（手机号/邮箱）`: the brackets say which.
    let datum = |part: &str| begins(part) || before_and_inside(part).is_some_and(|(_, inside)| begins(inside));
    let (parts, _) = outside_brackets(text, &[',', '，', ';', '；', '、', '/']);
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    let parts: Vec<bool> = parts.map(datum).collect();
    parts.first() == Some(&true) && parts.iter().filter(|is| **is).count() * 2 >= parts.len()
}

/// The text without the brackets that it ends with.
fn without_last_brackets(text: &str) -> &str {
    let open = text.ends_with([')', '）']).then(|| text.rfind(['(', '（'])).flatten();
    open.and_then(|at| text.get(..at)).unwrap_or(text)
}

/// `设备型号、操作系统版本，用于适配`: the data, where words for what it is for hold them.
pub(super) fn data_and_why<'t>(words: &'t str, lexicon: &Lexicon) -> Option<&'t str> {
    let (data, why) = words.split_once(['，', ','])?;
    let several = data.contains('、') && lists_only_data(data, lexicon);
    (several && lexicon.says("says-why", fold(why).trim())).then_some(data)
}

/// `Camera: to scan receipts`: a label that is itself what is collected, and what for.
pub(super) fn labelled_by_data(text: &str, lexicon: &Lexicon) -> bool {
    let Some((label, value)) = without_number(text).split_once([':', '：']) else { return false };
    let label = label.trim();
    let whole = terms::read(lexicon, label).iter().any(|t| t.start == 0 && t.end + PERMISSION_WORD >= label.len());
    whole && label.chars().count() <= LONGEST_LABEL && lexicon.says("says-why", fold(value).trim())
}

/// Bytes of " permission" behind the word for a datum, and of " access".
const PERMISSION_WORD: usize = 11;

/// Longest line, in characters, that only lists data.
const LONGEST_LISTING: usize = 120;

/// Longest line, in characters, that ends in a datum.
const LONGEST_ENDING: usize = 40;

/// Longest label, in characters, of data that is collected.
const LONGEST_LABEL: usize = 24;

/// Bytes before the first datum of a value that only lists data.
const FARTHEST_VALUE: usize = 7;
