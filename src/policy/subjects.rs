//! Whose statement it is: the subject of the verb.
//!
//! `我们不收集IMEI，但某某SDK会收集IMEI` is two statements about two parties. A clause with a
//! subject of its own ends the statement before it, and what somebody else's subject
//! collects is never the app's.

use super::fold::{fold, is_cjk};
use super::lexicon::Lexicon;
use super::names::Names;
use super::sentences::{self, Sentence};
use super::terms;

/// Longest subject, in characters: a list of eight products.
const LONGEST_SUBJECT: usize = 80;

/// Before a clause about the app without a comma: "Some Login gets your token and we receive your name".
const AND_WE: &str = " and we ";

/// Who does what the verb says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// The app.
    App,
    /// Somebody else, by name or as "the SDK".
    Other,
}

/// What a clause does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Act {
    subject: Subject,
    /// It is about sharing or selling, not about collecting.
    shares: bool,
    /// The subject only stands for a name before it.
    pronoun: bool,
}

/// The statements of a text: its sentences, cut where a clause changes the subject.
pub fn statements<'a>(text: &'a str, lexicon: &Lexicon, names: &Names<'_>) -> Vec<Sentence<'a>> {
    let mut out = Vec::new();
    for sentence in sentences::split(text) {
        let clauses = clauses(sentence.text);
        if clauses.len() < 2 {
            out.push(sentence);
            continue;
        }
        let mut from = 0;
        // Who acted since the last cut, and whether anything was said at all.
        let mut acted: Option<Act> = None;
        let mut said = false;
        for (start, end) in clauses {
            let words = sentence.text.get(start..end).unwrap_or_default();
            let folded = fold(words);
            let act = act(&folded, lexicon, names);
            let changes = act.is_some_and(|now| match acted {
                Some(before) => {
                    before.subject != now.subject || before.shares != now.shares || now.subject == Subject::Other
                }
                // "We use A and B, these SDKs collect" is one statement about both.
                None => said && (now.subject == Subject::Other && !now.pronoun || words.starts_with(AND_WE)),
            });
            if changes && start > from {
                out.extend(piece(&sentence, from, start));
                from = start;
                said = false;
                acted = None;
            }
            acted = act.or(acted);
            let leads = lexicon.says("circumstance", folded.trim()) || lexicon.says("leads-in", folded.trim());
            said |= !leads && (lexicon.says("collects", &folded) || lexicon.says("uses", &folded));
        }
        out.extend(piece(&sentence, from, sentence.text.len()));
    }
    out
}

/// What the sentence says is somebody else's doing.
pub fn is_anothers(sentence: &str, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    let acts = clauses(sentence)
        .into_iter()
        .filter_map(|(start, end)| act(&fold(sentence.get(start..end).unwrap_or_default()), lexicon, names));
    acts.map(|act| act.subject).next() == Some(Subject::Other) || is_labelled(sentence, lexicon, names)
}

/// `Some Ads: collects the carrier`: the label is who does.
fn is_labelled(sentence: &str, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    let folded = fold(sentence);
    let captures = lexicon.captures("label-acts", folded.trim()).into_iter().next();
    let label = captures.as_ref().and_then(|c| c.name("names")).map(|m| m.as_str().trim());
    label.is_some_and(|label| {
        let other = label.is_ascii() && terms::read(lexicon, label).is_empty();
        !lexicon.says("first-party", label) && (other || names.is_known(label) || label.ends_with("sdk"))
    })
}

fn piece<'a>(sentence: &Sentence<'a>, from: usize, to: usize) -> Option<Sentence<'a>> {
    let text = sentence.text.get(from..to)?;
    (!text.trim().is_empty()).then_some(Sentence { text, start: sentence.start + from })
}

/// Clauses between commas outside brackets, as byte ranges.
fn clauses(text: &str) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let (mut depth, mut start) = (0usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '（' | '[' | '【' => depth += 1,
            ')' | '）' | ']' | '】' => depth = depth.saturating_sub(1),
            ',' | '，' if depth == 0 => {
                out.push((start, at));
                start = at + c.len_utf8();
            }
            // "Some Login gets your token and we receive your name".
            ' ' if depth == 0 && at > start && text.get(at..).is_some_and(|rest| rest.starts_with(AND_WE)) => {
                out.push((start, at));
                start = at;
            }
            _ => {}
        }
    }
    out.push((start, text.len()));
    out
}

/// Who acts in a folded clause, where it says so itself.
fn act(folded: &str, lexicon: &Lexicon, names: &Names<'_>) -> Option<Act> {
    let clause = folded.trim();
    let captures = lexicon.captures("acts", clause).into_iter().next()?;
    let shares = captures.name("shares").is_some();
    let words = captures.name("names")?.as_str().trim();
    let modal = captures.name("modal").is_some() || !words.chars().any(is_cjk);
    let subject = subject(words, modal, lexicon, names)?;
    Some(Act { subject, shares, pronoun: lexicon.says("pronoun", words) })
}

fn subject(words: &str, modal: bool, lexicon: &Lexicon, names: &Names<'_>) -> Option<Subject> {
    if words.chars().count() > LONGEST_SUBJECT {
        return None;
    }
    if lexicon.says("first-party", words) && !lexicon.says("partner-of-ours", words) {
        return Some(Subject::App);
    }
    // "By way of the SDK" is no subject, nor is the user.
    if lexicon.says("no-subject", words) {
        return None;
    }
    let named = |part: &str| {
        let part = part.trim();
        names.is_known(part) || part.ends_with("sdk") || part.ends_with("sdks") || modal && brand(part, lexicon, names)
    };
    // "Our partner Some Ads": the name stands behind.
    let words = lexicon.phrase("partner-of-ours", words).map_or(words, |(m, _)| words.get(m.end()..).unwrap_or(words));
    let last = words.rsplit(['、', '和', '及', '与', '/']).next().unwrap_or(words);
    let last = last.rsplit(" and ").next().unwrap_or(last);
    (named(words) || named(last)).then_some(Subject::Other)
}

/// A folded name that is known, or begins with one and says what it does: `某某云验证码`.
pub fn brand(words: &str, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    names.holds_known(words) || begins_with_brand(words, lexicon, names)
}

/// A folded name that begins with one that is known and goes on with what it does: `某某云短信服务`.
pub fn begins_with_brand(words: &str, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    let kind = lexicon.categories(words).into_iter().map(|f| f.start).filter(|at| *at > 0).min();
    kind.and_then(|at| words.get(..at)).is_some_and(|before| names.is_known(before.trim()))
}

/// Each word of the name is one that is known: `某某推送 SomePush`.
pub fn is_twice(name: &str, names: &Names<'_>) -> bool {
    name.split_whitespace().count() > 1 && name.split_whitespace().all(|word| names.is_known(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signatures::Signatures;

    #[test]
    fn a_clause_with_a_subject_of_its_own_is_a_statement() {
        let signatures = Signatures::embedded().expect("the embedded signatures load");
        let (lexicon, names) = (Lexicon::new(&signatures), Names::new(&signatures));
        let of = |text: &'static str| -> Vec<&str> {
            statements(text, &lexicon, &names).into_iter().map(|s| s.text.trim()).collect()
        };
        assert_eq!(of("我们不收集IMEI，但青禾SDK会收集IMEI。"), ["我们不收集IMEI，", "但青禾SDK会收集IMEI。"]);
        assert_eq!(
            of("We do not collect contacts, but Mixpanel collects your IP address."),
            ["We do not collect contacts,", "but Mixpanel collects your IP address."]
        );
        // When, and then who: one statement; and so is an enumeration.
        assert_eq!(of("当您付款时，青禾SDK会收集订单信息、姓名，以及您的地址。").len(), 1);
        assert_eq!(of("我们会收集您的昵称，并读取您的相册。").len(), 1);
        assert!(is_anothers("青禾SDK会开始收集您的IMEI。", &lexicon, &names));
        assert!(!is_anothers("我们会通过青禾SDK收集您的IMEI。", &lexicon, &names));
        assert!(!is_anothers("系统会自动收集您的IP地址。", &lexicon, &names));
    }
}
