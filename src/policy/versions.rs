//! Documents of one policy in two languages: what only one language declares.
//!
//! They are one union, so nothing is lost by a difference; but a user reads one of
//! them, and what the other alone says was not said to that user.

use std::collections::BTreeSet;

use super::block::Block;
use super::fold::is_cjk;
use super::model::{Policy, Remark};
use crate::evidence::Span;

/// A remark where documents in Chinese and in another language name different third
/// parties. One document that holds both languages is looked at elsewhere.
pub fn differ(policy: &Policy, blocks: &[Block]) -> Option<Remark> {
    let chinese: Vec<bool> = (0..policy.sources.len()).map(|source| is_chinese(source as u32, blocks)).collect();
    let of = |language: bool| -> BTreeSet<&str> {
        let rows = policy.third_parties.iter().filter(|party| {
            let source = party.spans.first().map_or(0, |span| span.source as usize);
            chinese.get(source) == Some(&language)
        });
        rows.filter_map(|party| party.resolved.first()).map(|resolved| resolved.product.as_str()).collect()
    };
    let (in_zh, in_other) = (of(true), of(false));
    // A list of SDKs that only one language has is a list, not a version.
    if in_zh.is_empty() || in_other.is_empty() || in_zh == in_other {
        return None;
    }
    let one = |before: &str, a: &BTreeSet<&str>, b: &BTreeSet<&str>| {
        let only = a.difference(b).copied().collect::<Vec<_>>().join(", ");
        if only.is_empty() { String::new() } else { format!("{before}{only}") }
    };
    let differs = |product: &str| in_zh.contains(product) != in_other.contains(product);
    let rows = policy.third_parties.iter().filter(|p| p.resolved.first().is_some_and(|r| differs(&r.product)));
    let spans: Vec<Span> = rows.filter_map(|party| party.spans.first().cloned()).collect();
    Some(Remark {
        code: "versions-differ".to_owned(),
        message: format!(
            "the language versions name different third parties and are read as one union{}{}",
            one("; only the Chinese text: ", &in_zh, &in_other),
            one("; only the other text: ", &in_other, &in_zh)
        ),
        message_zh: format!(
            "各语言版本列出的第三方不同，按合并后的内容理解{}{}",
            one("；仅中文版：", &in_zh, &in_other),
            one("；仅其他语言版：", &in_other, &in_zh)
        ),
        spans,
    })
}

/// More of a document is Chinese than not. Three letters are about a word, as a
/// character is; names and addresses in Latin letters stand in Chinese lists too.
fn is_chinese(source: u32, blocks: &[Block]) -> bool {
    let (mut han, mut letters) = (0usize, 0usize);
    let mut count = |text: &str| {
        for word in text.split_whitespace().filter(|word| !word.contains("://")) {
            han += word.chars().filter(|c| is_cjk(*c)).count();
            letters += word.chars().filter(char::is_ascii_alphabetic).count();
        }
    };
    for block in blocks.iter().filter(|block| block.source == source) {
        match block.table() {
            Some(table) => table.rows.iter().flat_map(|row| &row.cells).for_each(|cell| count(&cell.text)),
            None => count(&block.text),
        }
    }
    han * 3 >= letters
}
