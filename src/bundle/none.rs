//! The answer to something that is no bundle: what it is, what a bundle looks like, what to do.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::archive::Archive;
use super::build::REPORT;
use super::chain;
use super::manifest::{MANIFEST, Manifest, SUMS};
use super::problem::both;
use crate::audit::Text;
use crate::capture::Source;

/// Bytes of a file that are looked at for whether it is a report: its first name is `schema`.
const HEAD: u64 = 256;

/// Nothing of `archive` is of a bundle. One that lost some of it is an altered bundle.
pub fn is_none(archive: &mut Archive, manifest_limit: u64) -> bool {
    let has = |archive: &Archive, path: &str| archive.member(path).is_some();
    if !archive.is_readable() || has(archive, SUMS) {
        return false;
    }
    match (has(archive, MANIFEST), has(archive, chain::FILE)) {
        // Bundles are not alone in having these; ours is known by what it says.
        (true, false) => archive.read(MANIFEST, manifest_limit).is_ok_and(|bytes| Manifest::parse(&bytes).is_err()),
        (false, true) => !has(archive, REPORT),
        (true, true) => false,
        (false, false) => true,
    }
}

/// The sentence for what lies at `path`, which is no bundle.
pub fn told(path: &Path) -> Text {
    let shown = path.display();
    let (kind, next) = if path.is_dir() { folder(path) } else { file(path) };
    both(
        format!(
            "{shown} is no evidence bundle{}: that is a folder or one ZIP with {MANIFEST}, {SUMS}, {} and {REPORT}; {}",
            kind.en,
            chain::FILE,
            next.en
        ),
        format!(
            "{shown} 不是证据包{}：证据包是含 {MANIFEST}、{SUMS}、{} 和 {REPORT} 的文件夹或单个 ZIP；{}",
            kind.zh,
            chain::FILE,
            next.zh
        ),
    )
}

fn made_of(session: &str) -> Text {
    both(
        format!("`wirewitness bundle {session} --output FILE.zip` makes one"),
        format!("可用 `wirewitness bundle {session} --output FILE.zip` 制作"),
    )
}

fn folder(path: &Path) -> (Text, Text) {
    let names: Vec<String> = std::fs::read_dir(path)
        .map(|entries| entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    let has = |name: &str| names.iter().any(|n| n == name);
    if names.is_empty() {
        return (both(", but an empty folder", "，而是空文件夹"), made_of("SESSION"));
    }
    if has("session.toml") || has("device.toml") || has("phases.jsonl") {
        return (both(", but a session", "，而是测试会话"), made_of(&path.display().to_string()));
    }
    if has(REPORT) {
        return a_report();
    }
    (both("", ""), made_of("SESSION"))
}

fn file(path: &Path) -> (Text, Text) {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    if read.is_ok_and(|bytes| bytes == 0) {
        return (both(", but an empty file", "，而是空文件"), made_of("SESSION"));
    }
    let head = String::from_utf8_lossy(&head);
    if head.trim_start().starts_with('{') && head.contains("\"schema\"") && head.contains("wirewitness") {
        return a_report();
    }
    if let Ok(source) = Source::open(path) {
        let format = source.format();
        let what = both(format!(", but a capture ({format})"), format!("，而是抓包文件（{format}）"));
        return (what, made_of(&path.display().to_string()));
    }
    (both("", ""), made_of("SESSION"))
}

/// A report by itself: anybody can have written it, so there is nothing to verify.
fn a_report() -> (Text, Text) {
    let next = made_of("SESSION");
    (
        both(", but a report, which nothing in it protects from being changed", "，而是报告，其内容没有任何防改动保护"),
        both(
            format!("of the session that it is about, {}; `wirewitness report` writes a report again", next.en),
            format!("对报告所依据的会话，{}；`wirewitness report` 可重新输出报告", next.zh),
        ),
    )
}
