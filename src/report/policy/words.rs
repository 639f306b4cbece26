//! What a reader of a policy's reading reads, one table a language.

macro_rules! words {
    ($($field:ident: $en:literal, $zh:literal;)*) => {
        /// Words and sentences; `{}` in one is filled in order.
        pub struct Words {
            $(pub $field: &'static str,)*
        }
        /// English.
        pub const EN: Words = Words { $($field: $en,)* };
        /// Chinese, simplified.
        pub const ZH: Words = Words { $($field: $zh,)* };
        #[cfg(test)]
        const BOTH: &[(&str, &str)] = &[$(($en, $zh),)*];
    };
}

words! {
    title: "What the policy declares", "隐私政策声明了什么";
    intro: "Every item stands with its place in the document. Look up what is marked before you rely on it; the JSON or the CSV of this reading can be corrected and given back.",
        "每一项都标明它在文档中的位置。标有“存疑”的，请先核对原文再使用；可以改正本结果的 JSON 或 CSV，再交回程序使用。";
    headline: "{} third parties, {} of them doubtful; {} remarks. Looked at: {} tables, {} paragraphs.",
        "第三方 {} 个，其中存疑 {} 个；备注 {} 条。已查看：表格 {} 个，段落 {} 个。";
    contents: "Contents", "目录";
    nothing: "Nothing was found.", "未找到。";
    line: "line {}", "第 {} 行";
    lines: "lines {}–{}", "第 {}–{} 行";
    page: "page {}, line {}", "第 {} 页第 {} 行";
    sheet: "sheet {}, row {}", "工作表“{}”第 {} 行";
    row: "row {}", "第 {} 行";
    paragraph: "paragraph {}", "第 {} 段";
    place: "place", "位置";
    reading: "reading", "读取";
    sure: "read", "已读";
    doubtful: "doubtful: look it up", "存疑：请核对";
    corrected: "corrected by a reviewer", "已由审阅人改正";
    third_parties: "Third parties", "第三方";
    product: "product", "产品";
    company: "company", "公司";
    known_as: "known as", "识别为";
    unknown: "not known", "未知";
    data: "data", "个人信息";
    words: "in the policy's words", "原文";
    denied: "says it does not get", "声明不收集";
    purpose: "purpose", "目的";
    scenario: "scenario", "场景";
    method: "method", "方式";
    link: "link", "链接";
    kinds: "Recipients named only by kind", "仅以类别说明的接收方";
    recipients: "recipients", "接收方";
    quote: "quote", "原句";
    own: "What the app says it collects", "应用声明自身收集";
    denials: "What it says it does not do", "声明不做的";
    not_done: "not done", "不做";
    collects: "collect", "收集";
    shares: "share", "共享";
    condition: "under the condition", "条件";
    anything: "any personal information", "任何个人信息";
    claims: "Promises", "承诺";
    claim: "promise", "承诺";
    said: "said", "内容";
    stored: "stored in", "存储地";
    encrypted: "encrypted on the way", "传输加密";
    consent: "collected only after consent", "同意后收集";
    abroad: "leaves the country", "出境";
    yes: "yes", "是";
    no: "no", "否";
    silent: "silent", "未说明";
    conditional: "under conditions", "有条件";
    remarks: "What needs a reader's eye", "需要人工核对";
    code: "code", "代码";
    remark: "remark", "说明";
    sources: "Documents", "文档";
    name: "name", "名称";
    format: "format", "格式";
    encoding: "encoding", "编码";
    tables: "tables", "表格";
    paragraphs: "paragraphs", "段落";
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_languages_have_the_same_places_to_fill() {
        for (en, zh) in super::BOTH {
            assert_eq!(en.matches("{}").count(), zh.matches("{}").count(), "{en}");
        }
    }
}
