//! How names are written: their parts, and what of them is compared.
//!
//! Names are compared without case, width, spaces and punctuation; a company without
//! its legal form; a product without "SDK".

use std::collections::BTreeSet;

use super::fold::{fold, key};
use super::lexicon::Lexicon;

/// Legal forms, folded, longest first.
const LEGAL_FORMS: [&str; 30] = [
    "股份有限公司",
    "有限责任公司",
    "集团有限公司",
    "有限公司",
    "集团公司",
    "公司",
    "集团",
    "corporation",
    "incorporated",
    "technologies",
    "limited",
    "company",
    "gmbh",
    "s.a.r.l.",
    "unlimited company",
    "pte. ltd.",
    "pte ltd",
    "pty ltd",
    "co., ltd.",
    "co.,ltd.",
    "co. ltd",
    "co ltd",
    "l.l.c.",
    "llc",
    "inc.",
    "inc",
    "ltd.",
    "ltd",
    "corp.",
    "corp",
];

/// Legal forms that are too short to be looked for but as a word of their own.
const SHORT_FORMS: [&str; 34] = [
    "co", "plc", "pbc", "ag", "ug", "kg", "oy", "aps", "sas", "s.a.s", "s.a", "s.r.l", "srl", "s.c.a", "b.v", "bv",
    "n.v", "a/s", "sa", "sarl", "s.à r.l", "s.à.r.l", "s.l", "s.l.u", "s.p.a", "l.p", "lp", "llp", "oü", "d.o.o",
    "a.s", "k.k", "pty", "pte",
];

/// Words that say what kind of thing a product name names, not which.
const GENERIC: [&str; 22] = [
    "sdk",
    "客户端",
    "android",
    "ios",
    "安卓",
    "鸿蒙",
    "app",
    "服务",
    "平台",
    "开放平台",
    "组件",
    "插件",
    "第三方",
    "模块",
    "库",
    "终端",
    "服务端",
    "工具",
    "接入",
    "版",
    "open",
    "及其关联公司",
];

/// Java package names in the text.
pub fn packages_in(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    fold(text)
        .split(|c| !is_part(c))
        .map(|word| word.trim_matches('.'))
        .filter(|word| {
            let parts: Vec<&str> = word.split('.').collect();
            parts.len() >= 2
                && parts.iter().all(|p| !p.is_empty())
                && parts
                    .first()
                    .is_some_and(|p| ["com", "cn", "org", "net", "io", "me", "tv", "edu", "u", "de"].contains(p))
        })
        .map(str::to_owned)
        .collect()
}

/// Names in an enumeration: `A、B和C`.
pub fn split_names(text: &str) -> impl Iterator<Item = &str> {
    text.split(['、', ',', '，', ';', '；', '\n', '/']).map(str::trim).filter(|part| !part.is_empty())
}

/// The parts between separators that stand in no bracket, and whether each bracket is closed: behind one that is not,
/// nothing is parted.
pub fn outside_brackets<'t>(text: &'t str, separators: &[char]) -> (Vec<&'t str>, bool) {
    let (mut depth, mut from) = (0usize, 0);
    let mut parts = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '(' | '（' => depth += 1,
            ')' | '）' => depth = depth.saturating_sub(1),
            c if depth == 0 && separators.contains(&c) => {
                parts.extend(text.get(from..at));
                from = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.extend(text.get(from..));
    (parts, depth == 0)
}

/// What stands before the bracket that ends a text, and inside it: `某某（某（中国）公司）`.
pub fn before_and_inside(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let inner_end = text.strip_suffix([')', '）'])?.len();
    let mut depth = 0usize;
    for (at, c) in text.char_indices().rev() {
        match c {
            ')' | '）' => depth += 1,
            '(' | '（' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return text.get(..at).zip(text.get(at + c.len_utf8()..inner_end));
                }
            }
            _ => {}
        }
    }
    None
}

/// What a cell may call one product: as it stands, without brackets, the brackets'
/// content, the members of an enumeration.
pub fn spellings(text: &str) -> Vec<String> {
    let mut out = vec![text.trim().to_owned()];
    let (mut outside, mut inside, mut depth) = (String::new(), String::new(), 0);
    for c in text.chars() {
        match c {
            '(' | '（' | '【' | '[' => {
                depth += 1;
                inside.push('、');
            }
            ')' | '）' | '】' | ']' => depth = (depth - 1).max(0),
            _ if depth > 0 => inside.push(c),
            _ => outside.push(c),
        }
    }
    out.push(outside.clone());
    for part in split_names(&outside).chain(split_names(&inside)) {
        out.push(part.to_owned());
    }
    let mut seen = BTreeSet::new();
    out.retain(|name| !name.trim().is_empty() && seen.insert(name.clone()));
    out
}

/// The members of an enumeration that holds nothing but names, as `甲认证SDK/乙认证SDK` does:
/// each is as short as a name is. None of what is one name.
pub(super) fn members(text: &str) -> Vec<&str> {
    /// Characters of a longer name than any product's.
    const LONGEST: usize = 24;
    let outside = text.split(['(', '（', '【', '[']).next().unwrap_or_default();
    let members: Vec<&str> = split_names(outside).collect();
    let names = members.len() > 1 && members.iter().all(|member| member.chars().count() <= LONGEST);
    if names { members } else { Vec::new() }
}

/// A product's name without what kind of thing it is.
pub(super) fn product_key(name: &str) -> String {
    let mut name = fold(name);
    for word in ["sdk", "客户端", "android", "ios", "组件"] {
        name = name.replace(word, " ");
    }
    key(&name)
}

/// A folded name that has "sdk" as the end of a Latin word: "sharesdk".
pub(super) fn is_glued_to_sdk(folded: &str) -> bool {
    folded.strip_suffix("sdk").is_some_and(|word| word.ends_with(|c: char| c.is_ascii_alphanumeric()))
}

/// A company's name without its legal form and place in brackets.
pub(super) fn company_key(name: &str) -> String {
    let mut name = fold(name);
    while let Some(open) = name.find('(') {
        let close = name.get(open..).and_then(|t| t.find(')')).map_or(name.len(), |at| open + at + 1);
        name.replace_range(open..close, "");
    }
    let mut name = name.trim().to_owned();
    let form = |name: &str| -> Option<String> {
        let bare = name.trim_end_matches(['.', ' ']);
        let short =
            SHORT_FORMS.iter().filter_map(|form| bare.strip_suffix(form)).find(|rest| rest.ends_with([' ', ',']));
        LEGAL_FORMS.iter().find_map(|form| name.strip_suffix(form)).or(short).map(str::to_owned)
    };
    while let Some(short) = form(&name) {
        let short = short.trim_end_matches([' ', ',', '.']).to_owned();
        if short.is_empty() {
            break;
        }
        name = short;
    }
    key(&name)
}

/// A text looks like a company: it has a legal form.
pub fn is_company(text: &str) -> bool {
    let text = fold(text);
    ["公司", "集团", "联盟", "研究院", "中心", "商行", "经营部", "工作室"].iter().any(|f| text.contains(f))
        || LEGAL_FORMS.iter().skip(7).chain(&SHORT_FORMS).any(|form| {
            text.trim_end_matches(['.', ' '])
                .strip_suffix(form.trim_end_matches('.'))
                .is_some_and(|rest| rest.ends_with([' ', ',', '.']))
        })
}

/// What is left of a product's name when its packages, its kind and its function are
/// taken away: `极光` of `极光推送`, `cn.jpush.android极光` and `极光统计SDK`.
pub fn stem(lexicon: &Lexicon, text: &str) -> String {
    let stem = bare_stem(lexicon, text);
    if stem.is_empty() { key(text) } else { stem }
}

/// As [`stem`], but nothing where the name only says what kind of thing it is.
pub fn bare_stem(lexicon: &Lexicon, text: &str) -> String {
    let mut name = fold(text);
    for package in packages_in(text) {
        name = name.replace(&package, " ");
    }
    for bracket in ['(', '[', '【'] {
        if let Some(short) = name.split(bracket).next().filter(|s| !s.trim().is_empty()) {
            name = short.to_owned();
        }
    }
    for word in GENERIC {
        name = name.replace(word, " ");
    }
    let mut rest = String::new();
    let mut at = 0;
    let found = lexicon.categories(&name);
    let words = super::fold::Folded::words(&name);
    for f in found {
        rest.push_str(words.text.get(at..f.start).unwrap_or_default());
        at = f.end;
    }
    rest.push_str(words.text.get(at..).unwrap_or_default());
    key(&rest)
}

/// What two rows of one third party have in common: letters and digits of its name.
pub fn stem_of(party: &super::model::ThirdParty) -> String {
    key(party.product.as_deref().or(party.company.as_deref()).unwrap_or_default())
}
