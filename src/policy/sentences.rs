//! Text to sentences, with their places.

/// A sentence: a byte range of the text it was cut from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence<'a> {
    /// The words.
    pub text: &'a str,
    /// Where they begin.
    pub start: usize,
}

/// Sentences end at `。！？；` and newlines, at `.!?;` before a space; not in brackets,
/// not after an abbreviation or a number's point.
pub fn split(text: &str) -> Vec<Sentence<'_>> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut depth = 0usize;
    let mut push = |from: usize, to: usize| {
        if let Some(words) = text.get(from..to)
            && !words.trim().is_empty()
        {
            out.push(Sentence { text: words, start: from });
        }
    };
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
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
                if (rest.is_empty() || rest.starts_with(char::is_whitespace)) && upper && !abbreviation(text, at) {
                    push(start, next);
                    start = next;
                    depth = 0;
                }
            }
            _ => {}
        }
    }
    push(start, text.len());
    out
}

fn abbreviation(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    matches!(word.to_ascii_lowercase().as_str(), "e.g" | "i.e" | "inc" | "ltd" | "co" | "corp" | "no" | "vs" | "etc")
        || word.chars().all(|c| c.is_ascii_digit()) && !word.is_empty() && before.trim() == word
}

#[cfg(test)]
mod tests {
    #[test]
    fn sentences_end_where_they_should() {
        let words: Vec<&str> = super::split("We use IDs (e.g. IMEI). Then more. 收集信息（A；B）。其他；再")
            .into_iter()
            .map(|s| s.text.trim())
            .collect();
        assert_eq!(words, ["We use IDs (e.g. IMEI).", "Then more.", "收集信息（A；B）。", "其他；", "再"]);
    }
}
