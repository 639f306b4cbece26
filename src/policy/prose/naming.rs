//! Which words are somebody's name.

use super::super::fold::fold;
use super::super::lexicon::Lexicon;
use super::super::names::Names;
use super::super::spelling::{bare_stem, is_company, packages_in};
use super::super::terms;
use super::LONGEST_NAME;

/// Only a kind of third party: "第三方广告SDK", "analytics providers".
pub fn names_nobody(name: &str, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    if names.holds_known(name) || is_company(name) || !packages_in(name).is_empty() {
        return false;
    }
    let rest = bare_stem(lexicon, name);
    let words = [
        "第三方",
        "该",
        "此",
        "其他",
        "相关",
        "部分",
        "以下",
        "如下",
        "下列",
        "下述",
        "上述",
        "这些",
        "类",
        "我们",
        "您",
        "合作",
        "某些",
        "等",
        "的",
        "本",
        "公司",
        "厂商",
        "多个",
        "多种",
        "若干",
        "一些",
        "不同",
        "必要",
        "官方",
        "自研",
        "自有",
        "任何",
        "关联",
        "各",
        "某",
        "授权",
        "伙伴",
        "供应商",
    ];
    let left = words.iter().fold(rest, |rest, word| rest.replace(word, ""));
    left.chars().count() < 2 || matches!(left.as_str(), "thirdparty" | "other" | "the" | "our" | "these" | "providers")
}

/// Members of a list of names; the last may follow "和", "and".
pub fn names_of(list: &str) -> Vec<String> {
    let mut out = Vec::new();
    let separator: &[char] = if list.contains('、') { &['、', '\n'] } else { &[',', '，', '、', '/', '\n'] };
    for part in list.split(separator) {
        let mut part = part.trim();
        for lead in ["and ", "or ", "以及", "和"] {
            part = part.strip_prefix(lead).unwrap_or(part).trim();
        }
        let tail = part.trim_end_matches(['。', '.']).trim();
        let tail = without_kind(tail);
        if let Some((a, b)) = tail.split_once(" and ").or_else(|| tail.split_once("以及"))
            && !a.is_empty()
        {
            out.push(a.trim().to_owned());
            out.push(b.trim().to_owned());
        } else if !tail.is_empty() {
            out.extend(joined(tail).map(|name| name.trim().to_owned()));
        }
    }
    out
}

/// `某某支付等支付机构`, `某某SDK等`: the name before the words for the kind of all of them.
fn without_kind(name: &str) -> &str {
    let kinds = [
        "机构",
        "服务商",
        "公司",
        "平台",
        "sdk",
        "服务",
        "第三方",
        "合作方",
        "伙伴",
        "供应商",
        "厂商",
        "插件",
        "组件",
        "产品",
        "工具",
    ];
    match name.split_once('等') {
        Some((before, kind))
            if !before.is_empty() && (kind.is_empty() || kinds.iter().any(|k| fold(kind).ends_with(k))) =>
        {
            before.trim()
        }
        _ => name,
    }
}

/// `A推送和B推送` is two names, `某某和某科技有限公司` one.
pub fn joined(name: &str) -> impl Iterator<Item = &str> {
    let long = |part: &str| part.trim().chars().count() >= 2;
    let cut = name.split_once('和').filter(|(a, b)| long(a) && long(b) && (!is_company(name) || is_company(a)));
    let (first, second) = match cut {
        Some((a, b)) => (a, Some(b)),
        None => (name, None),
    };
    std::iter::once(first).chain(second)
}

/// A company by its own name, not a kind of one ("affiliated company").
pub fn is_firm(name: &str) -> bool {
    let latin = name.chars().any(|c| c.is_ascii_uppercase());
    let ends = name.ends_with("有限公司") || name.ends_with("有限责任公司") || latin && name.ends_with("公司");
    is_company(name) && (name.is_ascii() && latin || ends)
}

/// Looks like the name of somebody.
pub fn is_name(text: &str, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    let short = text.chars().count() <= LONGEST_NAME && !text.contains(['。', '；']);
    if names.is_known(text) {
        return true;
    }
    let folded = fold(text);
    let like = folded.contains("sdk")
        || names.holds_known(text)
        || is_company(text)
        || !packages_in(text).is_empty()
        || text.chars().next().is_some_and(|c| c.is_ascii_uppercase())
        || ["服务", "平台", "推送", "统计", "支付", "地图", "登录", "分享", "广告", "认证"]
            .iter()
            .any(|w| folded.ends_with(w));
    short && like && !names_nobody(text, lexicon, names) && terms::read(lexicon, text).is_empty()
}
