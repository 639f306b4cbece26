//! Text to sentences, with their places.

/// Sentences of a document: position of the block, byte offset in it.
pub type Places = std::collections::HashSet<(usize, usize)>;

/// A sentence: a byte range of the text it was cut from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence<'a> {
    /// The words.
    pub text: &'a str,
    /// Where they begin.
    pub start: usize,
}

/// Longest sentence, in bytes: one that names two hundred SDKs has 6 KiB. A longer one is cut
/// after a comma or a space, so that what looks for phrases in it takes its length's time.
pub const LONGEST: usize = 8 << 10;

/// Sentences end at `。！？；` and newlines, at `.!?;` before a space; not in brackets,
/// not after an abbreviation or a number's point.
pub fn split(text: &str) -> Vec<Sentence<'_>> {
    pieces(text).0
}

/// How often a sentence of `text` is longer than [`LONGEST`] and had to be cut.
pub fn cuts(text: &str) -> usize {
    if text.len() > LONGEST { pieces(text).1 } else { 0 }
}

fn pieces(text: &str) -> (Vec<Sentence<'_>>, usize) {
    let mut out = Vec::new();
    let mut cuts = 0;
    let mut start = 0;
    let mut depth = 0usize;
    let mut gap = 0;
    let mut push = |from: usize, to: usize| {
        if let Some(words) = text.get(from..to)
            && !words.trim().is_empty()
        {
            out.push(Sentence { text: words, start: from });
        }
    };
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
        if next - start > LONGEST {
            let cut = if gap > start { gap } else { at };
            push(start, cut);
            cuts += 1;
            start = cut;
            depth = 0;
        }
        if matches!(c, ',' | '，' | '、' | ' ') {
            gap = next;
        }
        match c {
            '(' | '（' => depth += 1,
            ')' | '）' => depth = depth.saturating_sub(1),
            '。' | '！' | '？' | '\n' => {
                push(start, next);
                start = next;
                depth = 0;
            }
            '；' | ';' if depth == 0 => {
                push(start, next);
                start = next;
            }
            '.' | '!' | '?' => {
                let rest = text.get(next..).unwrap_or_default();
                let upper = rest.trim_start().chars().next().is_none_or(|n| !n.is_lowercase());
                if (rest.is_empty() || rest.starts_with(char::is_whitespace)) && upper && !abbreviation(text, at, rest)
                {
                    push(start, next);
                    start = next;
                    depth = 0;
                }
            }
            _ => {}
        }
    }
    push(start, text.len());
    (out, cuts)
}

/// Words that begin a sentence and no name.
const BEGINNINGS: [&str; 18] = [
    "It", "The", "This", "These", "We", "They", "You", "Our", "Its", "For", "Neither", "Both", "Each", "Your", "If",
    "When", "No", "Nor",
];

/// Legal forms of companies that are written with a point behind them. "LLC" has none.
const POINTED_FORMS: [&str; 13] =
    ["inc", "ltd", "co", "corp", "pte", "pvt", "pty", "l.l.c", "s.a", "s.p.a", "s.r.l", "s.r.o", "b.v"];

/// Other words that are written so.
const ABBREVIATIONS: [&str; 13] =
    ["e.g", "i.e", "no", "vs", "etc", "approx", "art", "sec", "st", "dr", "mr", "mrs", "ms"];

fn abbreviation(text: &str, at: usize, rest: &str) -> bool {
    let first = rest.split_whitespace().next().unwrap_or_default();
    let before = text.get(..at).unwrap_or_default();
    let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let lower = word.to_ascii_lowercase();
    // "… of Some Company Ltd. It collects …"
    let form = POINTED_FORMS.contains(&lower.as_str());
    if (form || lower == "etc") && BEGINNINGS.contains(&first) {
        return false;
    }
    // "B.V.", "S.p.A.", "U.S.": letters that points part; before a new sentence they end one too.
    let initials = lower.contains('.') && lower.split('.').all(|part| part.chars().count() == 1);
    form || initials && word.starts_with(char::is_uppercase) && !BEGINNINGS.contains(&first)
        || ABBREVIATIONS.contains(&lower.as_str())
        || word.chars().all(|c| c.is_ascii_digit()) && !word.is_empty() && before.trim() == word
}

#[cfg(test)]
mod tests {
    #[test]
    fn sentences_end_where_they_should() {
        assert_eq!(super::split("Heron (Heron Apps Pte. Ltd.) and Ibis, s.r.o. read IDs.").len(), 1);
        let ends = super::split("Heron is a service of Heron Ltd. It collects IDs. See Heron Ltd. Dublin.");
        assert_eq!(ends.len(), 3);
        let words: Vec<&str> = super::split("We use IDs (e.g. IMEI). Then more. 收集信息（A；B）。其他；再")
            .into_iter()
            .map(|s| s.text.trim())
            .collect();
        let long = "推送，".repeat(2_000);
        let pieces = super::split(&long);
        assert!(pieces.len() == 3 && pieces.iter().all(|s| s.text.len() <= super::LONGEST && s.text.ends_with('，')));
        assert_eq!(super::split(&"x".repeat(20_000)).iter().map(|s| s.text.len()).sum::<usize>(), 20_000);
        assert_eq!(words, ["We use IDs (e.g. IMEI).", "Then more.", "收集信息（A；B）。", "其他；", "再"]);
    }
}
