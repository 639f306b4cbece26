//! What `signatures which`, `ignore` and `config show` say, in both languages.

use super::Language;

/// Words and sentences; `{}` is filled in order.
pub struct Words {
    /// The text is a product's name.
    pub name_of_product: &'static str,
    /// The text is a company's name.
    pub name_of_company: &'static str,
    /// The text is a group's name.
    pub name_of_group: &'static str,
    /// The text is a package of a product.
    pub package_of: &'static str,
    /// The text is nothing that is known.
    pub nothing: &'static str,
    /// Host, id, both names, role.
    pub host_is: &'static str,
    /// Why.
    pub because: &'static str,
    /// The product of the answer.
    pub product: &'static str,
    /// What the product calls.
    pub calls: &'static str,
    /// A note of the signature.
    pub note: &'static str,
    /// Product, name, rule, confidence, origin, how it fits.
    pub path_rule: &'static str,
    /// How a path rule fits: it does; the SDK's request to another recipient; with these fields as well.
    pub fits: [&'static str; 3],
    /// Product, name, by what, pattern, confidence, origin.
    pub otherwise: &'static str,
    /// By what: host, pattern, domain.
    pub by: [&'static str; 3],
    /// Product, name, where, confidence, origin.
    pub would_be: &'static str,
    /// Where: on a port, with one of these paths.
    pub would: [&'static str; 2],
    /// Domain, group, origin.
    pub under_group: &'static str,
    /// Domain, kind, operator, origin.
    pub under_infrastructure: &'static str,
    /// Who calls the product.
    pub called_by: &'static str,
    /// Where a product's data goes, if not over the network: cellular, another app, server to server, nowhere.
    pub traffic: [&'static str; 4],
    /// Low, medium, high.
    pub confidence: [&'static str; 3],
    /// File, line, day, matcher.
    pub ignored_until: &'static str,
    /// Of a line: expired these days ago, expires in these, active.
    pub line_state: [&'static str; 3],
    /// File, line, state, day, matcher.
    pub line: &'static str,
    /// File without a line.
    pub no_line: &'static str,
    /// Findings, severity of the worst.
    pub reaches: &'static str,
    /// No finding.
    pub reaches_nothing: &'static str,
    /// Why a line goes: it expired on this day.
    pub expired_on: &'static str,
    /// File, line, why, matcher: it would go, it went.
    pub goes: [&'static str; 2],
    /// Of how many.
    pub stay: &'static str,
    /// Origins of an option: flag, default, environment.
    pub origins: [&'static str; 3],
    /// The file whose options are used.
    pub options_of: &'static str,
    /// How far a long run is: pass, percent, bytes of all inputs, packets, messages, sightings, seconds.
    pub reached: &'static str,
}

impl Language {
    /// What these commands say.
    pub fn commands(self) -> &'static Words {
        match self {
            Self::En => &EN,
            Self::Zh => &ZH,
        }
    }
}

const EN: Words = Words {
    name_of_product: "name of the product {}",
    name_of_company: "name of the company {}: {}, {} ({})",
    name_of_group: "name of the group {}: {}, {} ({})",
    package_of: "package of the product {}",
    nothing: "nothing is known of {}",
    host_is: "{} is {}: {}, {} [{}]",
    because: "  because {}",
    product: "  product {}",
    calls: "  calls by itself: {}",
    note: "  note: {}",
    path_rule: "  path rule of {}: {}, {} ({}, {}) {}",
    fits: [
        "fits",
        "fits: the request is this SDK's, the recipient stays the host's",
        "fits where the request has the fields {} as well",
    ],
    otherwise: "  else {}: {}, by its {} {} ({}, {})",
    by: ["host", "pattern", "domain"],
    would_be: "  would be {}: {},{} ({}, {})",
    would: [" on port {}", " with {}…"],
    under_group: "  under {}, a domain of {} ({})",
    under_infrastructure: "  under {}, {} of {} ({})",
    called_by: "  called as well by: {}",
    traffic: [
        "; its data goes over the cellular network only",
        "; its data goes to another app or the system, not over the network",
        "; its data goes from server to server",
        "; it sends nothing",
    ],
    confidence: ["low", "medium", "high"],
    ignored_until: "{}:{}: ignored until {}: {}",
    line_state: ["expired {} days ago", "expires in {} days", "active"],
    line: "{}:{}  {} ({})  {}",
    no_line: "nothing is ignored: {} has no line",
    reaches: "  reaches {} findings, the worst {}",
    reaches_nothing: "reaches no finding",
    expired_on: "expired on {}",
    goes: ["{}:{}: would go, {}: {}", "{}:{}: removed, {}: {}"],
    stay: "{} of {} lines stay",
    origins: ["flag", "default", "environment {}"],
    options_of: "options of {} are used",
    reached: "pass {}: {} % of {}, {} packets, {} messages, {} sightings, {} s",
};

const ZH: Words = Words {
    name_of_product: "产品名称：{}",
    name_of_company: "公司名称 {}：{}，{}（{}）",
    name_of_group: "集团名称 {}：{}，{}（{}）",
    package_of: "产品的包名：{}",
    nothing: "没有关于 {} 的任何特征",
    host_is: "{} 是 {}：{}，{} [{}]",
    because: "  因为{}",
    product: "  产品 {}",
    calls: "  自身会调用：{}",
    note: "  备注：{}",
    path_rule: "  路径规则属于 {}：{}，{}（{}，{}）{}",
    fits: ["相符", "相符：请求出自该 SDK，接收方仍是该主机的", "请求同时带有字段 {} 时相符"],
    otherwise: "  也可能是 {}：{}，依据其{} {}（{}，{}）",
    by: ["主机", "主机模式", "域名"],
    would_be: "  满足条件时是 {}：{}，{}（{}，{}）",
    would: ["端口为 {} ", "路径以 {}… 开头"],
    under_group: "  在域名 {} 之下，属于 {}（{}）",
    under_infrastructure: "  在域名 {} 之下，{}，属于 {}（{}）",
    called_by: "  也会被这些产品调用：{}",
    traffic: [
        "；其数据只走蜂窝网络",
        "；其数据交给另一个应用或系统，不经网络",
        "；其数据由服务器到服务器",
        "；它不发送任何数据",
    ],
    confidence: ["低", "中", "高"],
    ignored_until: "{}:{}：忽略到 {} 为止：{}",
    line_state: ["已过期 {} 天", "还有 {} 天过期", "有效"],
    line: "{}:{}  {}（{}）  {}",
    no_line: "没有忽略任何发现：{} 中没有一行",
    reaches: "  涉及 {} 条发现，最严重的为{}",
    reaches_nothing: "不涉及任何发现",
    expired_on: "已于 {} 过期",
    goes: ["{}:{}：将删除，{}：{}", "{}:{}：已删除，{}：{}"],
    stay: "保留 {} 行，共 {} 行",
    origins: ["命令行", "默认", "环境变量 {}"],
    options_of: "使用 {} 中的选项",
    reached: "第 {} 遍：{} %（共 {}），数据包 {}，消息 {}，发现 {}，{} 秒",
};

#[cfg(test)]
mod tests {
    use super::*;

    /// All sentences of a table; a field that is forgotten here does not compile.
    fn sentences(words: &Words) -> Vec<&'static str> {
        let Words { name_of_product, name_of_company, name_of_group, package_of, nothing, host_is, because, .. } =
            words;
        let Words { product, calls, note, path_rule, fits, otherwise, by, would_be, would, under_group, .. } = words;
        let Words { under_infrastructure, called_by, traffic, confidence, ignored_until, line_state, line, .. } = words;
        let Words { no_line, reaches, reaches_nothing, expired_on, goes, stay, origins, options_of, reached, .. } =
            words;
        let single = [
            name_of_product,
            name_of_company,
            name_of_group,
            package_of,
            nothing,
            host_is,
            because,
            product,
            calls,
            note,
            path_rule,
            otherwise,
            would_be,
            under_group,
            under_infrastructure,
            called_by,
            ignored_until,
            line,
            no_line,
            reaches,
            reaches_nothing,
            expired_on,
            stay,
            options_of,
            reached,
        ];
        let lists: [&[&'static str]; 8] = [fits, by, would, traffic, confidence, line_state, goes, origins];
        single.into_iter().copied().chain(lists.into_iter().flatten().copied()).collect()
    }

    #[test]
    fn both_languages_say_all_with_the_same_places_to_fill() {
        let places = |sentence: &str| sentence.matches("{}").count();
        for (en, zh) in sentences(&EN).into_iter().zip(sentences(&ZH)) {
            assert_eq!(places(en), places(zh), "{en} {zh}");
            assert!(!zh.is_empty() && !en.is_empty());
            // Punctuation alone may be the same.
            let latin = zh.chars().any(char::is_alphabetic) && zh.is_ascii();
            assert!(!latin, "{zh} is not translated");
        }
    }
}
