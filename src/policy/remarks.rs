//! What the reader has to say about its own reading.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::attach;
use super::block::Block;
use super::entry::span;
use super::fold::is_cjk;
use super::lexicon::Lexicon;
use super::model::{NameSeen, Policy, Remark, SAYS_NOTHING, ThirdParty};
use super::names::Names;
use super::sentences;
use super::spelling::{packages_in, stem};
use crate::evidence::Span;

/// Joins names of one third party that stand side by side: a package name and the
/// product it belongs to. The entries stay; the first one lists the others.
pub fn same_as(parties: &mut [ThirdParty], lexicon: &Lexicon) {
    let facts: Vec<(String, Option<String>, bool, Vec<u32>)> = parties
        .iter()
        .map(|p| {
            let name = p.product.clone().unwrap_or_default();
            let resolved = p.resolved.first().map(|r| r.product.clone());
            (stem(lexicon, &name), resolved, !packages_in(&name).is_empty(), p.lines.clone())
        })
        .collect();
    // The first row of a list with that stem, with that product.
    let mut stems: HashMap<(Option<u32>, &str), usize> = HashMap::new();
    let mut products: HashMap<(Option<u32>, &str), usize> = HashMap::new();
    for (later, (own, resolved, package, lines)) in facts.iter().enumerate() {
        let list = lines.first().copied();
        let same_stem = stems.get(&(list, own.as_str())).filter(|_| own.chars().count() >= 2).copied();
        let same_product = resolved.as_deref().and_then(|product| products.get(&(list, product))).copied();
        stems.entry((list, own)).or_insert(later);
        if let Some(product) = resolved {
            products.entry((list, product)).or_insert(later);
        }
        let first = same_stem.into_iter().chain(same_product).min();
        let Some(first) = first.filter(|_| *package) else { continue };
        let name = parties.get(later).and_then(|p| p.product.clone());
        if let (Some(name), Some(party)) = (name, parties.get_mut(first)) {
            party.same_as.push(name);
        }
    }
}

/// Remarks on a whole policy.
pub fn of(policy: &Policy) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if policy.third_parties.is_empty() {
        let tables: u32 = policy.sources.iter().map(|s| s.tables).sum();
        let paragraphs: u32 = policy.sources.iter().map(|s| s.paragraphs).sum();
        remarks.push(Remark {
            code: "no-third-parties".to_owned(),
            message: format!(
                "no third parties declared: none found, looked at {tables} tables and {paragraphs} paragraphs"
            ),
            message_zh: format!("没有声明第三方：查看了 {tables} 个表格和 {paragraphs} 个段落，均未发现"),
            spans: Vec::new(),
        });
    }
    let claims = &policy.claims;
    let silent = claims.storage_country.is_none()
        && claims.transport_encryption.is_none()
        && claims.consent_before_collection.is_none()
        && claims.cross_border.is_none();
    let statements = policy.third_parties.len()
        + policy.category_disclosures.len()
        + policy.catch_all.len()
        + policy.first_party_items.len()
        + policy.first_party_denials.len()
        + policy.third_party_denials.len();
    if silent && statements == 0 {
        remarks.push(Remark {
            code: SAYS_NOTHING.to_owned(),
            message: "nothing about personal information was found at all: a login page, terms of service, or a page \
                      whose text is loaded later may have been given instead of the policy"
                .to_owned(),
            message_zh:
                "完全没有找到关于个人信息的内容：给出的可能是登录页、用户协议或正文由脚本加载的网页，而不是隐私政策"
                    .to_owned(),
            spans: Vec::new(),
        });
    }
    type Holds = fn(&ThirdParty) -> bool;
    let per_row: [(&str, &str, &str, Holds); 4] = [
        ("row-without-data", "nothing is said about the data", "没有说明收集哪些数据", |p| {
            p.data.is_empty() && p.denied.is_empty()
        }),
        ("row-without-purpose", "nothing is said about the purpose", "没有说明目的", |p| p.purpose.is_none()),
        ("umbrella-only", "the data are named by general words only", "只用概括性词语说明数据", |p| {
            !p.data.is_empty() && p.data.iter().all(|id| UMBRELLAS.contains(&id.as_str()))
        }),
        (
            "names-disagree",
            "the product's known company is not the one that the row names",
            "该产品所属的公司与表中所写不一致",
            |p| {
                p.company.is_some()
                    && p.resolved.first().is_some_and(|r| r.certainty == crate::evidence::Certainty::Confirmed)
                    && p.doubtful
            },
        ),
    ];
    for (code, message, message_zh, holds) in per_row {
        let rows: Vec<&ThirdParty> = policy.third_parties.iter().filter(|p| holds(p)).collect();
        if rows.is_empty() {
            continue;
        }
        let names: Vec<String> =
            rows.iter().map(|p| p.product.clone().or_else(|| p.company.clone()).unwrap_or_default()).collect();
        let spans: Vec<Span> = rows.iter().filter_map(|p| p.spans.first().cloned()).collect();
        remarks.push(Remark {
            code: code.to_owned(),
            message: format!("{message}: {}", names.join(", ")),
            message_zh: format!("{message_zh}：{}", names.join("、")),
            spans,
        });
    }
    remarks
}

/// Limits of what sentences say that were reached: those that are too long to be taken as one,
/// and those about more rows than they were brought to (`beyond`).
pub fn limits(blocks: &[Block], beyond: Vec<Span>) -> Vec<Remark> {
    let remark = |message: String, message_zh: String, spans: Vec<Span>| Remark {
        code: "limit-reached".to_owned(),
        message,
        message_zh,
        spans,
    };
    let cut = |block: &&Block| match block.table() {
        Some(table) => table.rows.iter().flat_map(|r| &r.cells).any(|c| sentences::cuts(&c.text) > 0),
        None => sentences::cuts(&block.text) > 0,
    };
    let cut: Vec<Span> = blocks.iter().filter(cut).map(|b| span(b.source, b.line, b.end_line, "")).collect();
    let mut remarks = Vec::new();
    if !cut.is_empty() {
        let message = format!(
            "sentences longer than {} bytes were read in pieces: a name and its data may stand in two of them",
            sentences::LONGEST
        );
        let message_zh = format!("超过 {} 字节的句子是分段读取的：名称与其数据可能分在两段", sentences::LONGEST);
        remarks.push(remark(message, message_zh, cut));
    }
    if !beyond.is_empty() {
        let message =
            format!("sentences about more than {} rows of a list were brought to the first of them", attach::MOST_ROWS);
        let message_zh = format!("涉及列表中超过 {} 行的句子只用于其前若干行", attach::MOST_ROWS);
        remarks.push(remark(message, message_zh, beyond));
    }
    remarks
}

/// Known products that are named somewhere and declared nowhere.
pub fn names_seen(policy: &Policy, blocks: &[Block], names: &Names<'_>) -> Vec<NameSeen> {
    let mut declared: BTreeSet<&str> = BTreeSet::new();
    let resolved = policy.third_parties.iter().flat_map(|p| &p.resolved);
    declared.extend(
        resolved.chain(policy.category_disclosures.iter().flat_map(|c| &c.examples)).map(|r| r.product.as_str()),
    );
    let mut seen: Vec<NameSeen> = Vec::new();
    let mut note = |text: &str, source: u32, line: u32, end_line: u32| {
        for (product, at) in names.literally(text) {
            if declared.insert(product) {
                let sentence = sentences::split(text).into_iter().rfind(|s| s.start <= at).map_or(text, |s| s.text);
                seen.push(NameSeen { product: product.to_owned(), span: span(source, line, end_line, sentence) });
            }
        }
    };
    for block in blocks {
        match block.table() {
            Some(table) => {
                for row in &table.rows {
                    let cells: Vec<&str> = row.cells.iter().filter(|c| !c.across).map(|c| c.text.as_str()).collect();
                    note(&cells.join(" | "), block.source, row.line, row.end_line);
                }
            }
            None => note(&block.text, block.source, block.line, block.end_line),
        }
    }
    seen
}

/// That some are.
pub fn stand_elsewhere(seen: &[NameSeen]) -> Option<Remark> {
    let products: Vec<&str> = seen.iter().map(|s| s.product.as_str()).collect();
    (!seen.is_empty()).then(|| Remark {
        code: "name-stands-elsewhere".to_owned(),
        message: format!(
            "known products are named in the text, but no declaration of them was read: {}",
            products.join(", ")
        ),
        message_zh: format!("文中提到以下已知产品，但没有读到对它们的声明：{}", products.join("、")),
        spans: seen.iter().map(|s| s.span.clone()).collect(),
    })
}

/// Types that contain others.
const UMBRELLAS: [&str; 4] = ["device_info", "network_info", "location_info", "device_id"];

/// As much text, in characters, makes a second language a version of the document and
/// not a name in it.
const LEAST_OF_A_LANGUAGE: usize = 150;

/// Two language versions of one policy are one union; what only one of them says is
/// worth a reader's eye.
pub fn languages(policy: &Policy, blocks: &[Block]) -> Option<Remark> {
    let mut chinese: BTreeMap<(u32, u32), bool> = BTreeMap::new();
    let (mut zh, mut en) = (0usize, 0usize);
    for block in blocks.iter().filter(|b| b.table().is_none()) {
        let cjk = block.text.chars().filter(|c| is_cjk(*c)).count();
        let letters = block.text.chars().filter(char::is_ascii_alphabetic).count();
        let is_chinese = cjk * 3 >= letters;
        if is_chinese {
            zh += cjk;
        } else {
            en += letters;
        }
        chinese.insert((block.source, block.line), is_chinese);
    }
    if zh < LEAST_OF_A_LANGUAGE || en < LEAST_OF_A_LANGUAGE {
        return None;
    }
    let said = |language: bool| -> BTreeSet<&str> {
        policy
            .first_party_items
            .iter()
            .filter(|i| chinese.get(&(i.span.source, i.span.line)) == Some(&language))
            .map(|i| i.data_type.as_str())
            .collect()
    };
    let (in_zh, in_en) = (said(true), said(false));
    let only = |a: &BTreeSet<&str>, b: &BTreeSet<&str>| a.difference(b).copied().collect::<Vec<_>>().join(", ");
    let (only_zh, only_en) = (only(&in_zh, &in_en), only(&in_en, &in_zh));
    if in_zh.is_empty() || in_en.is_empty() || only_zh.is_empty() && only_en.is_empty() {
        return None;
    }
    let one = |before: &str, ids: &str| if ids.is_empty() { String::new() } else { format!("{before}{ids}") };
    let spans = policy
        .first_party_items
        .iter()
        .filter(|i| !(in_zh.contains(i.data_type.as_str()) && in_en.contains(i.data_type.as_str())))
        .map(|i| i.span.clone())
        .collect();
    Some(Remark {
        code: "languages-differ".to_owned(),
        message: format!(
            "the Chinese and the English text are read as one union{}{}",
            one("; only the Chinese text: ", &only_zh),
            one("; only the English text: ", &only_en)
        ),
        message_zh: format!(
            "中文与英文文本按合并后的内容理解{}{}",
            one("；仅中文：", &only_zh),
            one("；仅英文：", &only_en)
        ),
        spans,
    })
}
