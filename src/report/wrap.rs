//! Lines of a terminal, broken where Chinese is broken: between any two characters, but not
//! before a mark that closes and not behind one that opens (GB/T 15834, W3C clreq §3.1.3).
//! Latin words stay whole.

/// `text` with line ends put in, so that no line takes more than `width` columns. A single word
/// that is longer stays as it is, and so does a text without Chinese: whoever prints it breaks
/// it at its blanks.
pub fn wrap(text: &str, width: usize) -> String {
    if !text.chars().any(is_wide) {
        return text.to_owned();
    }
    let mut wrapped = String::with_capacity(text.len() + text.len() / width.max(1));
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            wrapped.push('\n');
        }
        let mut used = 0;
        for piece in pieces(line) {
            if used > 0 && used + columns(piece.trim_end()) > width {
                wrapped.truncate(wrapped.trim_end_matches(' ').len());
                wrapped.push('\n');
                used = 0;
            }
            wrapped.push_str(piece);
            used += columns(piece);
        }
    }
    wrapped
}

/// What stays together.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, c) in line.char_indices() {
        if before.is_some_and(|before| may_break(before, c))
            && let Some(piece) = line.get(start..at)
        {
            pieces.push(piece);
            start = at;
        }
        before = Some(c);
    }
    pieces.extend(line.get(start..).filter(|piece| !piece.is_empty()));
    pieces
}

fn may_break(before: char, after: char) -> bool {
    const CLOSING: &str = "，。；：、？！）”’」』】》〉…%,.;:?!)]} ";
    const OPENING: &str = "（“‘「『【《〈([{";
    match (before, after) {
        (' ', after) => after != ' ',
        _ => (is_wide(before) || is_wide(after)) && !CLOSING.contains(after) && !OPENING.contains(before),
    }
}

/// Takes two columns.
fn is_wide(c: char) -> bool {
    u32::from(c) >= 0x2e80
}

/// Columns that a text takes, as far as they can be told without the terminal's font.
pub fn columns(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn chinese_is_broken_between_characters_and_words_stay_whole() {
        for (text, width, wrapped) in [
            ("第 3 项写了“个推”，数据只写“设备信息”", 20, "第 3 项写了“个推”，\n数据只写“设备信息”"),
            ("防止他人冒用；其余的", 12, "防止他人冒\n用；其余的"),
            ("读取（包括IMEI、OAID）", 12, "读取（包括\nIMEI、OAID）"),
            ("其中（甲）", 6, "其中\n（甲）"),
            ("看到 collect.tracker.example 的", 12, "看到\ncollect.tracker.example\n的"),
            ("一行\n二行", 4, "一行\n二行"),
            ("words of another language", 4, "words of another language"),
            ("", 4, ""),
            ("字", 0, "字"),
        ] {
            assert_eq!(wrap(text, width), wrapped);
        }
    }
}
