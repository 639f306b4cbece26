use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;

#[test]
fn a_gap_is_told_in_the_language_of_the_report() {
    for (english, chinese) in [
        ("datagrams cut by the snap length", "数据报被抓包长度截断"),
        ("of a body, 8 MiB are kept", "正文最多保留 8 MiB"),
        (
            "more than 100000 recipients: what goes to further ones is not listed",
            "接收方超过 100000 个：发往其余接收方的内容不再列出",
        ),
        ("link type 107 (FRELAY) is not read", "不解析链路类型 107（FRELAY）"),
        ("Ethernet type 0x88e5 is not read", "不解析以太网类型 0x88e5"),
        ("a fragment of an 802.11 frame is not read", "不解析：802.11 帧的分片"),
        ("STUN or TURN, searched as raw bytes only", "STUN 或 TURN，只按原始字节查找"),
        ("values in one message: 131072", "一条消息中值的数量上限：131072"),
        ("tcp stream 4, frame 17", "TCP 流 4，帧 17"),
        ("words that no stage says", "words that no stage says"),
        ("", ""),
    ] {
        assert_eq!(Language::Zh.of_gap(english), chinese);
        assert_eq!(Language::En.of_gap(english), english);
    }
}

#[test]
fn braces_in_a_gap_are_no_place_to_fill() {
    assert_eq!(Language::Zh.of_gap("Upgrade: {}{}, searched as raw bytes only"), "Upgrade: {}{}，只按原始字节查找");
}

#[test]
fn the_lines_are_sorted_and_fill_alike() {
    for pair in [&*GAPS, &*FORMS].into_iter().flat_map(|lines| lines.windows(2)) {
        let [(before, _), (after, _)] = pair else { continue };
        assert!(before < after, "{after:?} is to stand before {before:?}");
    }
    for (english, chinese) in GAPS.iter().chain(&*FORMS) {
        assert_eq!(english.matches("{}").count(), chinese.matches("{}").count(), "{english}");
        // Each value is shorter than the text it is in, so that looking them up ends.
        assert!(english.replace("{}", "").chars().any(char::is_alphanumeric), "{english}");
        assert!(!chinese.is_ascii(), "{english} is not translated");
        assert!(!chinese.contains('\t'), "{chinese}");
    }
}

/// What a file has that words a gap.
const WORDS_GAPS: &[&str] = &[
    "Gap::new(",
    "gap(",
    ".reach(",
    "budget.close(",
    "Unread(\"",
    "impl Unread",
    "limits.insert",
    "lossy: Some",
    "loss: Some",
    "QuotaExceeded, LIMIT",
    "Turns::unread(",
    "searched as raw",
];

/// Sentences in such files that are no gap's: errors and remarks, code, what is compared with.
const OTHERS: &[&str] = &[
    "Charles (ZIP session)",
    "Fiddler (SAZ)",
    "HTTP Toolkit",
    "HTTP/1.1 200 OKrnrn",
    "PCAPdroid (CSV)",
    "PiRogue (cipher operations)",
    "SQLite format 30",
    "[[key]]ntype = \"{}\"nnames = [{}]n{}confidence = \"medium\"nsource = \"wirewitness discover\"n",
    "a list of entries",
    "a sealed recipe has no steps, and a reason",
    "ambiguous = truenrecipients = [{}]n",
    "an object with \"entries\"",
    "an object with \"log\"",
    "cannot be read: {}; check the path",
    "decrypted sessions running in this tunnel",
    "expected are NSS key log lines such as CLIENT_RANDOM …, or a PEM private key",
    "export it again as HAR 1.2; the list of requests is expected at /log/entries",
    "from = {}: body, path, query, form:, query:, header:, cookie: or json:$ is needed",
    "header user-agent",
    "http toolkit",
    "is {} bytes; at most {} are read",
    "its directory is larger than {} MiB",
    "longer than",
    "mitmproxy (flow format {})",
    "neither hosts nor path: it would apply to every message",
    "not a HAR file: {}",
    "session.toml: time_shift is written for {}, and there is no such capture",
    "standard input",
    "the parts of one event and where its messages go",
    "the parts of one frame and where its message goes",
    "the same content, so what it holds is counted {} times: {}",
    "there is no list at /log/entries",
    "webkit web inspector",
    "what was recorded went away",
    "when {}: method, header: or query: is needed",
    "wirewitness phone",
    "wirewitness proxy",
    "wirewitness record",
    "with client",
    "zigzag e6",
    "zigzag e7",
    "{} as bytes in base64",
    "{} holds no secret that opens traffic; {}",
    "{} in groups",
    "{} stream {}, frame {}",
    "{} {} is not read",
    "{}: is not read, because its name is not that of a capture; it looks like {}: rename it, or give it by itself",
    "{}: {} lines in all are no key log lines and were skipped",
];

/// The texts in the code of `source`, `{…}` as `{}`.
fn texts(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut texts = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '\'', '/']) {
        let (before, from) = rest.split_at(at);
        let raw = before.ends_with("r#") || before.ends_with('r') && !before.ends_with(|c: char| c != 'r');
        if from.starts_with("//") {
            rest = from.split_once('\n').map_or("", |(_, behind)| behind);
        } else if let Some(quoted) = from.strip_prefix('\'') {
            // A character, or a lifetime.
            let escaped = quoted.strip_prefix('\\').and_then(|q| Some(&q[q.char_indices().nth(1)?.0..]));
            let behind = escaped.or_else(|| Some(&quoted[quoted.char_indices().nth(1)?.0..]));
            rest = match behind {
                Some(behind) if behind.starts_with('\'') || escaped.is_some() => {
                    behind.split_once('\'').map_or("", |(_, behind)| behind)
                }
                _ => quoted,
            };
        } else if from.starts_with('"') && raw {
            rest = from[1..].split_once("\"#").map_or("", |(_, behind)| behind);
        } else if let Some(quoted) = from.strip_prefix('"') {
            let mut text = String::new();
            let mut chars = quoted.char_indices();
            rest = "";
            while let Some((at, c)) = chars.next() {
                match c {
                    '"' => {
                        rest = &quoted[at + 1..];
                        break;
                    }
                    '\\' => match chars.next() {
                        Some((at, '\n')) => {
                            let blank = quoted[at..].len() - quoted[at..].trim_start().len();
                            while chars.clone().next().is_some_and(|(next, _)| next < at + blank) {
                                chars.next();
                            }
                        }
                        Some((_, c)) => text.push(c),
                        None => {}
                    },
                    c => text.push(c),
                }
            }
            texts.push(placeholders(&text));
        } else {
            rest = &from[1..];
        }
    }
    texts
}

fn placeholders(text: &str) -> String {
    let mut parts = text.split('{');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str("{}");
        plain.push_str(part.split_once('}').map_or(part, |(_, behind)| behind));
    }
    plain
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("is readable").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let of_tests = ["tests", "tests.rs", "made.rs", "recorded", "recorded.rs", "matrix.rs", "doors.rs"];
        if of_tests.contains(&&*name) {
            continue;
        } else if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// All texts of the stages that word gaps: those of two words and more.
fn worded() -> BTreeSet<String> {
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for stage in ["capture", "net", "secure", "message", "payload", "identify", "examine", "witness", "discover"] {
        sources(&root.join(stage), &mut files);
    }
    files.push(root.join("examine.rs"));
    let mut found = BTreeSet::new();
    for file in files {
        let source = std::fs::read_to_string(&file).expect("is UTF-8");
        if WORDS_GAPS.iter().any(|mark| source.contains(mark)) {
            let words = |text: &String| text.split(' ').filter(|w| w.chars().any(char::is_alphabetic)).count() > 1;
            found.extend(texts(&source).into_iter().filter(words));
        }
    }
    found
}

#[test]
fn every_sentence_of_a_gap_has_a_translation() {
    let worded = worded();
    assert!(worded.len() > 200, "the search found too little to mean anything");
    let has = |text: &str| GAPS.iter().any(|(english, _)| *english == text);
    // `Budget::reach` puts the size behind a colon; `Carried::UnreadProtocol` names a number's registry.
    let missing: Vec<&String> = worded
        .iter()
        .filter(|text| !has(text) && !has(&format!("{text}: {{}}")) && !has(&format!("{text} {{}} is not read")))
        .filter(|text| !OTHERS.contains(&text.as_str()))
        .collect();
    assert!(missing.is_empty(), "to go into gaps.tsv, or to OTHERS if no gap says it:\n{missing:#?}");
}

/// What a source gives in words of its own, and the names of protocols.
#[test]
fn every_line_is_worded_somewhere() {
    let protocols = include_str!("../../../../signatures/protocols.toml");
    let names = protocols.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    let mut said = worded();
    said.extend(names.map(str::to_owned));
    // Places of one word, and what is put together from parts.
    said.extend(["apps", "recorder", "tcp stream {}, frame {}", "udp stream {}, frame {}"].map(str::to_owned));
    said.extend(["byte {}", "entry {}", "frame {}", "interface {}", "row {}", "stream {}"].map(str::to_owned));
    said.extend(
        said.clone().into_iter().flat_map(|text| [format!("{text}: {{}}"), format!("{text} {{}} is not read")]),
    );
    let idle: Vec<&str> = GAPS.iter().map(|(english, _)| *english).filter(|line| !said.contains(*line)).collect();
    assert!(idle.is_empty(), "no stage says this any more: {idle:#?}");
}

#[test]
fn every_way_of_writing_a_value_has_a_translation() {
    let source = include_str!("../../../identify/forms.rs");
    let types = crate::signatures::Signatures::embedded().expect("is read").types;
    let written = texts(source).into_iter().filter(|text| {
        !text.is_empty() && !text.contains("{}") && types.get(text).is_none() && text.chars().any(char::is_alphanumeric)
    });
    let has = |text: &String| FORMS.iter().any(|(english, _)| english == text);
    let missing: Vec<String> = written.filter(|text| !has(text)).collect();
    assert!(missing.is_empty(), "to go into forms.tsv: {missing:#?}");
    for (english, chinese) in [
        ("as-is", "原样"),
        ("lower in base64", "小写，包含在 base64 中"),
        ("upper-colons in groups", "大写，以冒号分隔，分组书写"),
        ("as-is in {value}com.example", "原样，包含在 {value}com.example 中"),
    ] {
        assert_eq!(Language::Zh.of_form(english), chinese);
        assert_eq!(Language::En.of_form(english), english);
    }
}
