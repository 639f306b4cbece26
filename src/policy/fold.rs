//! Text made comparable, with a map back to the original words.

use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use foldhash::fast::RandomState;
use regex::Regex;
use unicode_normalization::UnicodeNormalization;

/// Traditional characters to those that the vocabulary is written with.
static TRADITIONAL: LazyLock<HashMap<char, char, RandomState>> = LazyLock::new(|| {
    let lines = include_str!("../../signatures/vocabulary/traditional.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.chars().next().map(|simple| (simple, line)))
        .flat_map(|(simple, line)| line.chars().skip(1).map(move |traditional| (traditional, simple)))
        .collect()
});

/// Words of Taiwan and Hong Kong to those of the vocabulary.
static REGIONAL: LazyLock<Option<(AhoCorasick, Vec<&'static str>)>> = LazyLock::new(|| {
    let lines = include_str!("../../signatures/vocabulary/regional.txt").lines();
    let (words, meant): (Vec<&str>, Vec<&str>) =
        lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' ')).unzip();
    let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(words).ok()?;
    Some((automaton, meant))
});

/// A legal form of a company in folded English, and the marks in it.
static LEGAL_FORM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let form = r"(?:co|corp|inc|llc|ltd|pte|pvt|pty|plc|gmbh|s(\.)r(\.)o|s(\.)r(\.)l|s(\.)p(\.)a|b(\.)v|l(\.)l(\.)c)";
    Regex::new(&format!(r"(,)? {form}\b(\.)?(?:(,)? (?:ltd|limited|inc|llc)\b(\.)?)?")).ok()
});

/// Text in NFKC, lower case, traditional characters as simplified ones, words of Taiwan and
/// Hong Kong as those of the vocabulary, runs of white space as one space, none beside CJK; and
/// for each of its bytes the byte of the original that it came from.
///
/// Newlines stay: they separate the lines of a cell.
#[derive(Clone, Debug, Default)]
pub struct Folded {
    /// The folded text.
    pub text: String,
    map: Vec<u32>,
}

/// Han, kana, and the punctuation written with them.
pub fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2ffff}')
}

/// How wide `text` is: a CJK character is as wide as two Latin letters, and says as much.
pub fn columns(text: &str) -> usize {
    text.chars().map(|c| if is_cjk(c) { 2 } else { 1 }).sum()
}

impl Folded {
    /// Folds `original`.
    pub fn new(original: &str) -> Self {
        Self::with(original, |c| c)
    }

    /// As [`Folded::new`], and `_` and `-` between other characters become spaces, so
    /// that `Android_ID`, `Android-ID` and `Android ID` are one word.
    pub fn words(original: &str) -> Self {
        Self::with(original, |c| if matches!(c, '_' | '-' | '\u{2010}'..='\u{2015}') { ' ' } else { c })
    }

    fn with(original: &str, replace: impl Fn(char) -> char) -> Self {
        let mut folded = Self { text: String::with_capacity(original.len()), map: Vec::with_capacity(original.len()) };
        let mut space: Option<u32> = None;
        let words = REGIONAL.as_ref().filter(|_| !original.is_ascii());
        let mut regional = words
            .into_iter()
            .flat_map(|(automaton, _)| automaton.find_iter(original))
            .filter_map(|hit| Some((hit.range(), *words?.1.get(hit.pattern().as_usize())?)))
            .peekable();
        for (at, c) in original.char_indices() {
            let word = loop {
                match regional.peek() {
                    Some((range, _)) if range.end <= at => regional.next(),
                    Some((range, meant)) if range.start <= at => break Some((range.clone(), *meant)),
                    _ => break None,
                };
            };
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            if matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}' | '\u{2060}') {
                continue;
            }
            let mut take = |part: char, at: u32| {
                let part = match replace(part) {
                    '\u{2018}' | '\u{2019}' => '\'',
                    '\u{201c}' | '\u{201d}' => '"',
                    han @ '\u{4e00}'..='\u{9fff}' => TRADITIONAL.get(&han).copied().unwrap_or(han),
                    other => other,
                };
                if part == '\n' {
                    space = None;
                    folded.put('\n', at);
                } else if part.is_whitespace() {
                    space.get_or_insert(at);
                } else {
                    let last = folded.text.chars().next_back();
                    if let Some(from) = space.take()
                        && last.is_some_and(|l| l != '\n' && !is_cjk(l))
                        && !is_cjk(part)
                    {
                        folded.put(' ', from);
                    }
                    folded.put(part, at);
                }
            };
            // What is meant begins where the word does, and its last character stands at the
            // word's last: a range of it is one of whole words.
            if let Some((range, meant)) = word {
                let last = original.get(range.clone()).and_then(|w| w.char_indices().next_back()).map_or(0, |(i, _)| i);
                let place = |i: usize| u32::try_from(i).unwrap_or(u32::MAX);
                let count = meant.chars().count();
                for (index, part) in meant.chars().enumerate().filter(|_| place(range.start) == at) {
                    take(part, place(if index > 0 && index + 1 == count { range.start + last } else { range.start }));
                }
                continue;
            }
            // Most of any text: NFKC leaves these as they are (Unicode Standard Annex 15).
            match c {
                '\0'..='\x7f' => take(c.to_ascii_lowercase(), at),
                '\u{4e00}'..='\u{9fff}' => take(c, at),
                _ => std::iter::once(c).nfkc().flat_map(char::to_lowercase).for_each(|part| take(part, at)),
            }
        }
        folded
    }

    /// The same with the legal forms of companies as plain words, so that a mark in one neither ends a sentence nor
    /// parts two names: `some company co., ltd. and other, inc.` is `some company co ltd and other inc.`. A point
    /// before a capital letter of `original` may end a sentence all the same, and stays.
    pub fn with_plain_firms(mut self, original: &str) -> Self {
        let ends_sentence = |at: usize| {
            let place = self.range(at, at + 1, original);
            let behind = original.get(place.start..).filter(|rest| rest.starts_with('.'));
            let next = behind.map(|rest| rest.trim_start_matches('.').trim_start().chars().next());
            next.is_some_and(|next| next.is_none_or(char::is_uppercase))
        };
        let marks: Vec<usize> = LEGAL_FORM
            .iter()
            .flat_map(|form| form.captures_iter(&self.text))
            .flat_map(|form| {
                let end = form.get(0).map_or(0, |whole| whole.end());
                let marks = form.iter().skip(1).flatten().map(|mark| mark.start());
                marks.filter(|at| at + 1 < end || !ends_sentence(*at)).collect::<Vec<_>>()
            })
            .collect();
        for at in marks.into_iter().rev() {
            self.text.remove(at);
            self.map.remove(at);
        }
        self
    }

    fn put(&mut self, c: char, at: u32) {
        self.text.push(c);
        self.map.extend(std::iter::repeat_n(at, c.len_utf8()));
    }

    /// The original's byte range for a range of the folded text.
    pub fn range(&self, start: usize, end: usize, original: &str) -> std::ops::Range<usize> {
        let from = self.map.get(start).map_or(original.len(), |at| *at as usize);
        let last = end.checked_sub(1).and_then(|e| self.map.get(e)).map_or(from, |at| *at as usize);
        let to = original.get(last..).and_then(|rest| rest.chars().next()).map_or(last, |c| last + c.len_utf8());
        from..to.max(from)
    }

    /// The original's words for a range of the folded text.
    pub fn slice<'a>(&self, start: usize, end: usize, original: &'a str) -> &'a str {
        if start >= end {
            return "";
        }
        original.get(self.range(start, end, original)).unwrap_or_default()
    }
}

/// [`Folded::new`], only the text.
pub fn fold(text: &str) -> String {
    Folded::new(text).text
}

/// Letters and digits only, folded: what is left of a name when spelling does not count.
pub fn key(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric() || *c == '+').collect::<String>().trim_end_matches('+').to_owned()
}

/// White space folded to single spaces, for quotes.
pub fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line of both tables is a word and its replacement, no word occurs twice, and the
    /// replacements are spelled as the vocabulary is.
    #[test]
    fn tables_of_other_spellings_are_whole() {
        let table = include_str!("../../signatures/vocabulary/regional.txt");
        let mut seen = std::collections::HashSet::new();
        for (number, line) in table.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            let (word, meant) = line.split_once(' ').unwrap_or_else(|| panic!("line {}: {line:?}", number + 1));
            assert!(!word.is_empty() && !meant.is_empty() && !meant.contains(' '), "line {}: {line:?}", number + 1);
            assert!(seen.insert(word), "line {}: {word} stands twice", number + 1);
            // Where the word itself is left as it is, its longer ones say so.
            assert_eq!(fold(word), fold_characters(meant), "line {}", number + 1);
        }
        let table = include_str!("../../signatures/vocabulary/traditional.txt");
        let mut seen = std::collections::HashSet::new();
        for (number, line) in table.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            assert!(line.chars().count() > 1 && !line.contains(char::is_whitespace), "line {}: {line:?}", number + 1);
            for c in line.chars().skip(1) {
                assert!(seen.insert(c), "line {}: {c} stands twice", number + 1);
            }
        }
    }

    fn fold_characters(text: &str) -> String {
        text.chars().map(|c| TRADITIONAL.get(&c).copied().unwrap_or(c)).flat_map(char::to_lowercase).collect()
    }

    #[test]
    fn width_case_and_spaces_do_not_count() {
        assert_eq!(fold("ＩＭＥＩ 号码，  Android  ID"), "imei号码, android id");
        assert_eq!(Folded::words("Android_Id").text, "android id");
        assert_eq!(fold("隱私權政策：設備標識"), "隐私权政策:设备标识");
        assert_eq!(fold("裝置識別碼、位置資訊、個人資料，蒐集"), "设备识别码、位置信息、个人信息,收集");
        let text = "我們蒐集使用者的位置資訊。";
        let folded = Folded::new(text);
        let at = folded.text.find("位置信息").unwrap_or_default();
        assert_eq!(folded.slice(at, at + "位置信息".len(), text), "位置資訊");
        let text = "设备 信息（IMEI）";
        let folded = Folded::new(text);
        let at = folded.text.find("imei").unwrap_or_default();
        assert_eq!(folded.slice(at, at + 4, text), "IMEI");
        assert_eq!(folded.slice(0, "设备信息".len(), text), "设备 信息");
    }

    #[test]
    fn legal_forms_are_words() {
        let plain = |text: &str| Folded::new(text).with_plain_firms(text).text;
        assert_eq!(plain("Heron Co., Ltd. reads A, Ibis, Inc., B."), "heron co ltd reads a, ibis inc, b.");
        assert_eq!(plain("Read by Ibis, Inc. Ibis keeps it."), "read by ibis inc. ibis keeps it.");
        assert_eq!(plain("We co-operate, limited to Heron LLC."), "we co-operate, limited to heron llc.");
        assert_eq!(plain("Heron, s.r.o. and Ibis Pty. Ltd. read it."), "heron sro and ibis pty ltd read it.");
        let text = "From Ibis, Inc. on";
        let folded = Folded::new(text).with_plain_firms(text);
        assert_eq!(folded.slice(5, 13, text), "Ibis, Inc");
    }
}
