//! The labels of a text, each with its value: `目的：统计；信息：OAID`.

use super::block::{Block, Cell, Kind, Row};
use super::fold::{Folded, columns, fold, is_cjk};
use super::lexicon::{Column, Lexicon};
use super::sections;

/// A label with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// What it names.
    pub column: Column,
    /// The words.
    pub label: String,
    /// What stands after the colon.
    pub value: String,
}

/// A text taken apart.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// What stands before the first label: a name glued to it.
    pub prefix: String,
    /// The labels.
    pub labels: Vec<Label>,
}

/// Longest label, in columns ([`columns`]); longer ones are sentences.
const LONGEST_LABEL: usize = 48;
/// How much of a text before a colon is looked at, in bytes.
const LOOK_BACK: usize = 400;

/// Labels of `text`; `None` where it has none.
pub fn split(lexicon: &Lexicon, text: &str) -> Option<Parts> {
    // A converter may have lost all that stood between a value and the next label.
    let (loose, glued) = marks(lexicon, text, false);
    let marks = if glued >= LEAST_GLUED { marks(lexicon, text, true).0 } else { loose };
    parts(lexicon, text, marks)
}

/// Where a label begins, where its value does, what it names, and its words.
type Mark = (usize, usize, Column, String);

/// Labels right after a value, with nothing between, that make it sure that the text is
/// written so: a sentence may end in the words of one ("我们收集的个人信息：").
const LEAST_GLUED: usize = 2;

/// The labels of a text; and how many stand after a value with nothing between, which are
/// labels only with `glue`.
fn marks(lexicon: &Lexicon, text: &str, glue: bool) -> (Vec<Mark>, usize) {
    let mut marks: Vec<Mark> = Vec::new();
    let mut glued = 0;
    let whole = |label: &str| match glue {
        true => lexicon.labels().get(&fold(label.trim())).copied(),
        false => label_column(lexicon, label),
    };
    let mut line_start = 0;
    for (at, c) in text.char_indices() {
        if c == '\n' {
            line_start = at + 1;
            continue;
        }
        // `【SDK名称】某某推送`: the bracket does for the colon.
        let bracket = matches!(c, '】' | ']');
        if bracket {
            let inner = text.get(line_start..at).and_then(|t| t.trim_start().strip_prefix(['【', '[']));
            let column = inner.filter(|t| columns(t) <= LONGEST_LABEL).and_then(whole);
            if let (Some(inner), Some(column)) = (inner, column) {
                let rest = text.get(at + c.len_utf8()..).unwrap_or_default();
                let after = text.len() - rest.trim_start_matches([':', '：']).len();
                marks.push((line_start, after, column, inner.trim().to_owned()));
            }
            continue;
        }
        if c != ':' && c != '：' || marks.last().is_some_and(|m| m.1 > at) {
            continue;
        }
        let after = at + c.len_utf8();
        if text.get(after..).is_some_and(|r| r.starts_with("//")) {
            continue;
        }
        let from = marks.last().map_or(0, |m| m.1).max(line_start);
        let mut from = from;
        if at - from > LOOK_BACK {
            from = at - LOOK_BACK;
            while !text.is_char_boundary(from) {
                from += 1;
            }
        }
        let Some(before) = text.get(from..at) else { continue };
        // The whole of what stands before, where the line begins with it.
        let bare = sections::without_number(before);
        // `某某支付SDK 功能：`: a name, and the label behind it.
        let named = || {
            let (name, label) = bare.rsplit_once([' ', '\u{3000}'])?;
            let named = fold(name.trim()).ends_with("sdk") && whole(name.trim()).is_none();
            let exact = |words: &str| lexicon.labels().get(&fold(words)).copied();
            exact(label).filter(|_| named && exact(bare).is_none()).map(|column| (label, column))
        };
        if from == line_start
            && let Some((label, column)) = named()
        {
            marks.push((at - label.len(), after, column, label.to_owned()));
            continue;
        }
        if from == line_start
            && columns(bare) <= LONGEST_LABEL
            && let Some(column) = whole(bare)
        {
            marks.push((at - bare.len(), after, column, bare.trim().to_owned()));
            continue;
        }
        // Else a label word right before the colon, after something that ends a value.
        let mut best: Option<(usize, Column)> = None;
        let mut stuck: Option<(usize, Column)> = None;
        let short = |(at, _): &(usize, char)| before.get(*at..).is_some_and(|tail| columns(tail) <= LONGEST_LABEL);
        let tail = before.char_indices().rev().take_while(short).last().map_or(before.len(), |(at, _)| at);
        for (offset, _) in before.char_indices().skip_while(|(at, _)| *at < tail) {
            let candidate = before.get(offset..).unwrap_or_default();
            let edge = before.get(..offset).and_then(|b| b.chars().next_back()).is_some_and(|c| {
                matches!(c, '。' | ';' | '；' | ',' | '，' | ' ' | ')' | '）' | '】' | '|' | '、' | '.' | '\u{3000}')
            });
            // A sentence that begins with a label may lead into it ("可能收集个人信息类型：").
            let begins = offset == 0 || before.get(..offset).is_some_and(|b| b.ends_with(['。', ';', '；']));
            let known = || {
                let exact = lexicon.labels().get(&fold(candidate)).copied();
                let led = || label_column(lexicon, candidate.trim()).filter(|_| candidate.chars().any(is_cjk));
                exact.or_else(|| if begins { led() } else { verbed(lexicon, candidate) })
            };
            if edge && let Some(column) = known() {
                best = Some((offset, column));
                break;
            }
            let long = candidate.chars().count() >= 4 && candidate.chars().all(is_cjk);
            if stuck.is_none() && !edge && offset > 0 && long {
                stuck = lexicon.labels().get(&fold(candidate)).map(|column| (offset, *column));
            }
        }
        if best.is_none() && stuck.is_some() {
            glued += 1;
            best = stuck.filter(|_| glue);
        }
        if let Some((offset, column)) = best {
            let label = before.get(offset..).unwrap_or_default().trim().to_owned();
            // English words inside sentences are too common to be labels there; one that begins
            // anew behind a sentence is none of its words.
            let anew = label.starts_with(|c: char| c.is_ascii_uppercase())
                && before.get(..offset).is_some_and(|b| b.trim_end().ends_with('.'));
            if label.chars().any(is_cjk) || label.contains(' ') || anew {
                marks.push((from + offset, after, column, label));
            }
        }
    }
    (marks, glued)
}

fn parts(lexicon: &Lexicon, text: &str, marks: Vec<Mark>) -> Option<Parts> {
    let mut parts = Parts::default();
    if marks.is_empty() {
        // `穿山甲隐私政策链接https://…`: the address does for the colon.
        let at = text.find("http://").or_else(|| text.find("https://"))?;
        let before = text.get(..at)?.trim();
        // `苹果端：IDFV 隐私政策https://…` is more than a label.
        if before.trim_end_matches([':', '：']).contains([':', '：']) {
            return None;
        }
        let column = lexicon.column(before).filter(|c| matches!(c, Column::Link | Column::Website))?;
        let label = Label { column, label: before.to_owned(), value: text.get(at..)?.to_owned() };
        return (columns(before) <= LONGEST_LABEL).then(|| Parts { prefix: String::new(), labels: vec![label] });
    }
    let first = marks.first().map_or(0, |m| m.0);
    parts.prefix = sections::without_number(text.get(..first).unwrap_or_default()).trim().to_owned();
    for (index, (_, after, column, label)) in marks.iter().enumerate() {
        let end = marks.get(index + 1).map_or(text.len(), |m| m.0);
        let value = text.get(*after..end.max(*after)).unwrap_or_default();
        let value = value.trim().trim_end_matches([';', '；', '，', ',']).trim();
        let ends = identity(*column) || *column == Column::Purpose;
        let value = if ends { value.trim_end_matches('。').trim() } else { value };
        parts.labels.push(Label { column: *column, label: label.clone(), value: value.to_owned() });
    }
    Some(parts)
}

/// Paragraphs of labels that end with a sentence about the app itself ("…网络信息。本应用
/// 不申请定位权限。"): the sentence stands by itself.
pub fn part(blocks: Vec<Block>, lexicon: &Lexicon) -> Vec<Block> {
    let mut out = Vec::with_capacity(blocks.len());
    for block in blocks {
        let cut = if block.table().is_some() || !block.text.contains(['：', ':']) {
            None
        } else {
            super::sentences::split(&block.text)
                .into_iter()
                .skip(1)
                .find(|s| {
                    let own = lexicon.phrase("first-party", &fold(s.text.trim())).is_some_and(|(m, _)| m.start() == 0);
                    own && split(lexicon, s.text).is_none()
                })
                .map(|s| s.start)
                .filter(|at| {
                    let before = block.text.get(..*at).and_then(|t| split(lexicon, t));
                    before.is_some_and(|parts| parts.labels.len() >= 2)
                })
        };
        let Some(at) = cut else {
            out.push(block);
            continue;
        };
        let (labels, own) = block.text.split_at(at);
        let own = Block {
            kind: Kind::Paragraph,
            text: own.trim().to_owned(),
            links: Vec::new(),
            strong: false,
            ..block.clone()
        };
        out.push(Block { text: labels.trim().to_owned(), ..block.clone() });
        out.push(own);
    }
    out
}

/// Tables that nobody can read as such, whose cells are labels with their values (a page may set
/// each line of a third party apart), back to lines.
pub fn untable(blocks: Vec<Block>, lexicon: &Lexicon, is_table: impl Fn(&Block) -> bool) -> Vec<Block> {
    let mut out = Vec::with_capacity(blocks.len());
    for block in blocks {
        let rows = block.table().map(|t| t.rows.as_slice()).unwrap_or_default();
        if !of_labels(rows, lexicon) || is_table(&block) {
            out.push(block);
            continue;
        }
        for row in rows {
            for cell in row.cells.iter().filter(|cell| !cell.across && !cell.down) {
                out.extend(cell.text.split('\n').filter(|line| !line.trim().is_empty()).map(|line| Block {
                    text: line.trim().to_owned(),
                    links: cell.links.iter().filter(|l| line.contains(&l.text)).cloned().collect(),
                    source: block.source,
                    line: row.line,
                    end_line: row.end_line,
                    ..Block::default()
                }));
            }
        }
    }
    out
}

/// Most of the rows have labels with their values as cells.
pub fn of_labels(rows: &[Row], lexicon: &Lexicon) -> bool {
    let labelled = |cell: &Cell| split(lexicon, &cell.text).is_some_and(|parts| parts.prefix.is_empty());
    let of_labels = |row: &&Row| row.cells.iter().filter(|cell| labelled(cell)).count() >= LEAST_GLUED;
    !rows.is_empty() && rows.iter().filter(of_labels).count() * 2 >= rows.len()
}

/// The column of a label: a word of the vocabulary, or one of four characters and more in it.
/// `极光推送SDK：` is a name, not a label, though labels end in `SDK` too.
fn label_column(lexicon: &Lexicon, label: &str) -> Option<Column> {
    let folded = fold(label.trim());
    if let Some(column) = lexicon.labels().get(&folded) {
        return Some(*column);
    }
    // `收集的信息包括：`
    let bare = match lexicon.phrase("label-verb", &folded) {
        Some((verb, _)) => folded.get(..verb.start()).unwrap_or_default().to_owned(),
        None => folded,
    };
    if let Some(column) = lexicon.labels().get(&bare) {
        return Some(*column);
    }
    if lexicon.says("label-of-data", &bare) {
        return Some(Column::Data);
    }
    if lexicon.says("label-of-permissions", &bare) {
        return Some(Column::Permissions);
    }
    let folded = bare;
    if let Some(column) = of_several(lexicon, &folded) {
        return Some(column);
    }
    if folded.contains([',', ':', '。', ';']) || lexicon.says("points-below", &folded) {
        return None;
    }
    let column = lexicon.column(&folded)?;
    let long = lexicon
        .heads_in(&folded)
        .iter()
        .any(|(word, _, c)| *c == column && (word.chars().count() >= 4 || word.starts_with("sdk") && *word != "sdk"));
    // `操作系统信息（系统名称、系统版本）：用于适配`: data, and what for.
    if column == Column::Other && folded.split_once('(').is_some_and(|(_, inside)| !lexicon.data(inside).is_empty()) {
        return None;
    }
    let wordy = folded.is_ascii() && folded.split(' ').count() > 4;
    (long && !wordy).then_some(column)
}

/// The column of labels side by side that name the same: `SDK/产品`, `合作方或公司名称`.
fn of_several(lexicon: &Lexicon, folded: &str) -> Option<Column> {
    let labels = folded.split(['/', '、', '或', '与', '和', '及']);
    let columns = labels.map(|label| lexicon.labels().get(label.trim()).copied()).collect::<Option<Vec<Column>>>()?;
    let first = *columns.first()?;
    let same = || columns.iter().all(|column| *column == first).then_some(first);
    let who = || columns.iter().all(|column| identity(*column)).then_some(Column::Party);
    same().or_else(who)
}

/// The column of `收集的信息包括` after a comma: a whole label and its verb.
fn verbed(lexicon: &Lexicon, candidate: &str) -> Option<Column> {
    let folded = fold(candidate.trim());
    let (verb, _) = lexicon.phrase("label-verb", &folded)?;
    lexicon.labels().get(folded.get(..verb.start())?).copied()
}

/// The line without words before it that say on which system it holds: `安卓版本：`, `【仅iOS】`.
pub fn without_system<'t>(text: &'t str, lexicon: &Lexicon) -> &'t str {
    let text = text.trim_start();
    if let Some((_, rest)) = text.strip_prefix(['【', '[']).and_then(|t| t.split_once(['】', ']'])) {
        return rest;
    }
    let folded = Folded::new(text);
    let system = lexicon.phrase("of-a-system", &folded.text);
    let end = system.map_or(0, |(found, _)| folded.range(0, found.end(), text).end);
    text.get(end..).unwrap_or(text)
}

/// The column says who.
pub fn identity(column: Column) -> bool {
    matches!(column, Column::Product | Column::Company | Column::Party)
}
