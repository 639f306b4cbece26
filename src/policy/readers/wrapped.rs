//! Chinese text that was broken into lines of one width: printed to a file, copied from a
//! PDF. Chinese has no spaces, so a line ends in the middle of a word.
//!
//! The width shows in the lines: none is longer, and one goes on in the next exactly where
//! the next one's first word would not have fitted.

use std::borrow::Cow;

use super::super::fold::is_cjk;
use super::super::sections::is_numbered;
use super::super::spelling::before_and_inside;
use super::text::is_bullet;

/// Widths that text is wrapped at, in columns (a Chinese character takes two).
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=140;
/// Lines that fill the width, and do not end as a sentence does, that show it is one.
const LEAST_FULL: usize = 2;
/// Columns that a full line may lack: what may not end or begin a line is moved.
const SLACK: usize = 4;
/// A label is no longer than this, in characters; a line that begins with one begins anew.
const LONGEST_LABEL: usize = 14;
/// A name before its company in brackets is no longer than this, in characters.
const LONGEST_NAME: usize = 24;

/// The lines, those that go on in the next put together; each has the number of its first.
pub fn join<'t>(lines: &[(u32, &'t str)]) -> Vec<(u32, Cow<'t, str>)> {
    let width = lines.iter().map(|(_, line)| columns(line.trim())).max().unwrap_or_default();
    let goes_on = |at: usize| -> bool {
        let (Some((_, line)), Some((_, next))) = (lines.get(at), lines.get(at + 1)) else { return false };
        runs_on(line.trim(), next.trim(), width)
    };
    let is_wrapped = WIDTHS.contains(&width) && (0..lines.len()).filter(|at| goes_on(*at)).count() >= LEAST_FULL;
    let mut out: Vec<(u32, Cow<'t, str>)> = Vec::with_capacity(lines.len());
    let mut open = false;
    for (at, (number, line)) in lines.iter().enumerate() {
        match out.last_mut().filter(|_| open) {
            Some((_, last)) => last.to_mut().push_str(line.trim()),
            None => out.push((*number, Cow::Borrowed(*line))),
        }
        open = is_wrapped && goes_on(at);
    }
    out
}

/// `line` was cut from what begins `next`. A package name or an address begins anew: it is
/// so long that it would not have fitted after most lines.
fn runs_on(line: &str, next: &str, width: usize) -> bool {
    let Some((last, first)) = line.chars().next_back().zip(next.chars().next()) else { return false };
    let ends = matches!(last, '。' | '！' | '？' | '；' | '：' | ':' | '.' | '!' | '?' | '|' | '\t');
    let word: String = match is_cjk(first) {
        true => first.to_string(),
        false => next.chars().take_while(|c| !c.is_whitespace() && !is_cjk(*c)).collect(),
    };
    let chinese = is_cjk(last) || is_cjk(first) || last == '，' || first == '，';
    // Cells that stand apart.
    let spaced = [line, next].iter().any(|text| text.contains("  ") || text.contains('\u{3000}'));
    let begins = spaced
        || is_numbered(next)
        || next.contains(['|', '\t'])
        || labelled(next)
        || word.matches('.').count() >= 2
        || word.starts_with("http")
        || is_bullet(first)
        || matches!(first, '-' | '*' | '#' | '【' | '《');
    chinese && !ends && !begins && columns(line) + columns(&word) + SLACK > width
}

/// The line begins with a label, or with a name, whose it is in brackets, and a colon: `某某推送（某某有限公司）：`.
fn labelled(line: &str) -> bool {
    let Some(before) = line.find(['：', ':']).and_then(|at| line.get(..at)) else { return false };
    let (label, most) = match before_and_inside(before) {
        Some((name, _)) => (name, LONGEST_NAME),
        None => (before, LONGEST_LABEL),
    };
    label.chars().count() <= most && !label.contains(['，', '。', '、', ',', '/'])
}

/// How wide a line is: East Asian characters take two columns (Unicode Standard Annex 11).
fn columns(line: &str) -> usize {
    line.chars()
        .map(|c| {
            if is_cjk(c) || matches!(c, '\u{ff00}'..='\u{ff60}' | '\u{2014}' | '\u{2018}'..='\u{201d}' | '\u{2026}') {
                2
            } else {
                1
            }
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_width_go_on_and_others_do_not() {
        let text = [
            "在您使用本应用的过程中，我们会收集您的设备型号、操作系统版",
            "本、网络接入方式，并会在您授权后收集您的位置信息，用于推荐附近",
            "的门店。",
            "二、第三方SDK",
            "收集的个人信息：IMEI",
        ];
        let lines: Vec<(u32, &str)> = (1..).zip(text).collect();
        let joined = join(&lines);
        assert_eq!(joined.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 4, 5]);
        assert!(joined[0].1.contains("操作系统版本、网络") && joined[0].1.ends_with("附近的门店。"));
        // A name, whose it is, and a colon begin anew, however long the line before.
        let text = [
            "松果推送（杭州松果推送科技有限公司）：消息推送；收集设备型号、OAID",
            "赤狐统计（赤狐数据科技有限公司）：统计分析；收集OAID、MAC地址",
            "青雀地图（青雀软件有限公司）：地图展示；收集位置信息、网络信息",
        ];
        let lines: Vec<(u32, &str)> = (1..).zip(text).collect();
        assert_eq!(join(&lines).len(), 3);
        let text = ["在您使用本应用的过程中，我们会收集您的设备型号、操作系统版", "本、网络接入方式。"];
        // One long line among short ones shows no width.
        let lines = [(1, text[0]), (2, "松果推送"), (3, "赤狐统计")];
        assert_eq!(join(&lines).len(), 3);
    }
}
