//! Sentences in both languages.

use std::collections::BTreeMap;

use super::{CompanyName, DataLevel, RecipientLevel, Text, TypeName};
use crate::observations::{Observations, Recipient};
use crate::policy::{Policy, ThirdParty};
use crate::signatures::Signatures;

impl Text {
    /// One sentence in both languages. The Chinese one is set with blanks around Latin words.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: spaced(&zh.into()), en: en.into() }
    }

    /// Adds a sentence.
    pub fn and(mut self, more: &Self) -> Self {
        self.zh.push_str(&more.zh);
        if !self.en.is_empty() && !more.en.is_empty() {
            self.en.push(' ');
        }
        self.en.push_str(&more.en);
        self
    }
}

/// A blank between Chinese and Latin letters or digits, as Chinese is set; what stands
/// in quotation marks is the policy's and stays as it is.
fn spaced(text: &str) -> String {
    let han = |c: char| matches!(c, '\u{4e00}'..='\u{9fff}');
    let mut set = String::with_capacity(text.len());
    let (mut quoted, mut last) = (0u32, ' ');
    for c in text.chars() {
        match c {
            '“' => quoted += 1,
            '”' => quoted = quoted.saturating_sub(1),
            _ => {}
        }
        let meet = (han(last) && c.is_ascii_alphanumeric()) || (last.is_ascii_alphanumeric() && han(c));
        if quoted == 0 && meet {
            set.push(' ');
        }
        set.push(c);
        last = c;
    }
    set
}

/// A data type's names; its id where the signatures do not know it.
pub fn data_type(id: &str, signatures: &Signatures) -> Text {
    match signatures.types.get(id) {
        Some(known) => Text::new(&known.zh, &known.en),
        None => Text::new(id, id),
    }
}

/// Names of all types that the traffic or the policy holds.
pub fn names(observations: &Observations, policy: &Policy, signatures: &Signatures) -> BTreeMap<String, TypeName> {
    let seen = observations.flows.iter().map(|f| &f.data_type);
    let sealed = observations.sealed.iter().flat_map(|s| &s.may_contain);
    let rows = policy.third_parties.iter().flat_map(|r| r.data.iter().chain(r.denied.iter().map(|d| &d.data_type)));
    let kinds = policy.category_disclosures.iter().flat_map(|c| &c.data);
    let all = policy.catch_all.iter().flat_map(|c| &c.data);
    let own = policy.first_party_data.iter().chain(&policy.first_party_denied);
    let withheld = observations.withheld.iter().map(|s| &s.data_type);
    let called = observations.beside.calls.iter().filter_map(|call| call.data_type.as_ref());
    seen.chain(sealed)
        .chain(withheld)
        .chain(called)
        .chain(rows)
        .chain(kinds)
        .chain(all)
        .chain(own)
        .filter_map(|id| signatures.types.get(id))
        .map(|t| (t.id.clone(), TypeName { zh: t.zh.clone(), en: t.en.clone(), class: t.class }))
        .collect()
}

/// The companies of all recipients.
pub fn companies(observations: &Observations, signatures: &Signatures) -> BTreeMap<String, CompanyName> {
    let ids = observations.recipients.values().filter_map(|recipient| recipient.company.as_deref());
    ids.filter_map(|id| signatures.companies.get(id))
        .map(|c| (c.id.clone(), CompanyName { zh: c.zh.clone(), en: c.en.clone(), country: c.country.clone() }))
        .collect()
}

/// A recipient's names.
pub fn recipient(recipient: &Recipient) -> Text {
    Text::new(&recipient.zh, &recipient.en)
}

/// `第 3 项（第 17 行）`, `entry 3 (line 17)`; the file as well where there are several.
pub fn row(policy: &Policy, index: usize) -> Text {
    let number = index + 1;
    let party = policy.third_parties.get(index);
    let line = party.and_then(|p| p.lines.first().copied().or_else(|| p.spans.first().map(|s| s.line)));
    match line {
        Some(line) => {
            let source = party.and_then(|p| p.spans.first()).map_or(0, |s| s.source);
            let place = line_of(policy, source, line);
            Text::new(format!("第 {number} 项（{}）", place.zh), format!("row {number} ({})", place.en))
        }
        None => Text::new(format!("第 {number} 项"), format!("row {number}")),
    }
}

/// `第 17 行`, `line 17`; with the file's name where the policy has several.
pub fn line_of(policy: &Policy, source: u32, line: u32) -> Text {
    match policy.sources.get(source as usize).filter(|_| policy.sources.len() > 1) {
        Some(file) => Text::new(format!("{} 第 {line} 行", file.name), format!("{} line {line}", file.name)),
        None => Text::new(format!("第 {line} 行"), format!("line {line}")),
    }
}

/// A party's own words: product, else company.
pub fn party(party: &ThirdParty) -> &str {
    party.product.as_deref().or(party.company.as_deref()).unwrap_or("?")
}

/// Its words for the data, shortened for a sentence; `None` where the cell holds only a
/// dash or a slash, which says nothing.
pub fn data_words(party: &ThirdParty) -> Option<String> {
    party.data_raw.as_deref().map(str::trim).filter(|raw| raw.chars().any(char::is_alphanumeric)).map(shorten)
}

/// Characters of a policy's words that one sentence repeats; the whole stands in the quote.
const WORDS: usize = 60;

/// At most [`WORDS`] characters.
pub fn shorten(words: &str) -> String {
    let mut chars = words.chars();
    let head: String = chars.by_ref().take(WORDS).collect();
    if chars.next().is_some() { head + "…" } else { head }
}

/// The level's name in a sentence.
pub fn recipient_level(level: RecipientLevel) -> Text {
    match level {
        RecipientLevel::Product => Text::new("点名产品", "by product"),
        RecipientLevel::Company => Text::new("只写公司", "by company only"),
        RecipientLevel::Category => Text::new("只写类别", "by category only"),
        RecipientLevel::Sibling => Text::new("只写同公司另一产品", "only another product of the company"),
        RecipientLevel::CatchAll => Text::new("只有兜底表述", "by a catch-all only"),
        RecipientLevel::None => Text::new("未提及", "not at all"),
    }
}

/// The level's name in a sentence.
pub fn data_level(level: DataLevel) -> Text {
    match level {
        DataLevel::Exact => Text::new("逐字列明", "named exactly"),
        DataLevel::Umbrella => Text::new("只以统称涵盖", "covered by an umbrella term"),
        DataLevel::None => Text::new("未列出", "not named"),
    }
}

#[cfg(test)]
mod tests {
    use super::spaced;

    #[test]
    fn chinese_is_set_with_blanks_outside_of_quotes() {
        assert_eq!(spaced("IMEI已发给个推2次"), "IMEI 已发给个推 2 次");
        assert_eq!(spaced("写的是“设备信息IMEI”；没有OAID。"), "写的是“设备信息IMEI”；没有 OAID。");
    }
}
