//! Words that occur in every match of an expression, and a search for them.
//!
//! Most phrases of the vocabulary do not occur in a given sentence, and compiling an expression, or
//! searching with it, takes far longer than looking for a few words. What is required is read from
//! the syntax of the expression: its translation, with the tables of Unicode, takes longer than all the rest.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{Ast, GroupKind, RepetitionKind, RepetitionRange};

/// Words of which at least one occurs in every match.
type Words = Vec<Box<[u8]>>;

/// Requirements of one expression that are looked at: one bit each.
const MOST: usize = 32;
/// Words of one requirement: those of the vocabulary's longest alternations are fewer.
const MOST_WORDS: usize = 256;
/// Shorter words ("(", a space) stand in nearly every sentence.
const LEAST_BYTES: usize = 2;
/// Made in the least time: what it is searched in is short.
const KIND: AhoCorasickKind = AhoCorasickKind::NoncontiguousNFA;
/// Longer words are no better than these: two characters of Chinese.
const LONG: usize = 6;

/// Finds which of several expressions a text may match.
#[derive(Debug)]
pub(super) struct Needs {
    automaton: Option<AhoCorasick>,
    /// Of each word: the expression, and the bit of the requirement that it meets.
    meets: Vec<(usize, u32)>,
    /// Of each expression: the bits of its requirements.
    all: Vec<u32>,
}

impl Needs {
    /// Of expressions, in their order. One that is none matches nothing and needs nothing.
    pub(super) fn new<'p>(expressions: impl Iterator<Item = &'p str>) -> Self {
        let (mut words, mut meets, mut all) = (Vec::new(), Vec::new(), Vec::new());
        let mut parser = Parser::new();
        for (index, expression) in expressions.enumerate() {
            let required = parser.parse(expression).map(|parsed| required(&parsed)).unwrap_or_default();
            let mut bits = 0;
            for (bit, requirement) in (0..).zip(required) {
                bits |= 1 << bit;
                meets.extend(requirement.iter().map(|_| (index, 1 << bit)));
                words.extend(requirement);
            }
            all.push(bits);
        }
        let automaton = AhoCorasick::builder().kind(Some(KIND)).prefilter(false).build(&words).ok();
        Self { automaton, meets, all }
    }

    /// The expressions that may match `text`.
    pub(super) fn met(&self, text: &str) -> impl Iterator<Item = usize> {
        let mut met = vec![0; self.all.len()];
        for hit in self.automaton.iter().flat_map(|automaton| automaton.find_overlapping_iter(text)) {
            if let Some((index, bit)) = self.meets.get(hit.pattern().as_usize())
                && let Some(met) = met.get_mut(*index)
            {
                *met |= bit;
            }
        }
        let unknown = self.automaton.is_none();
        let all = self.all.iter().zip(met).enumerate();
        all.filter(move |(_, (all, met))| unknown || **all == *met).map(|(index, _)| index)
    }
}

/// What every match of the expression holds: of each list of words one.
fn required(expression: &Ast) -> Vec<Words> {
    // With flags, other cases of a word may count, or other characters of the pattern not.
    let mut found = if has_flags(expression) { Vec::new() } else { requirements(expression) };
    found.retain(|words| shortest(words) >= LEAST_BYTES && words.len() <= MOST_WORDS);
    for words in &mut found {
        words.sort_unstable();
        words.dedup();
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(MOST);
    found
}

fn has_flags(expression: &Ast) -> bool {
    match expression {
        Ast::Flags(_) => true,
        Ast::Group(group) => {
            matches!(&group.kind, GroupKind::NonCapturing(flags) if !flags.items.is_empty()) || has_flags(&group.ast)
        }
        Ast::Repetition(repetition) => has_flags(&repetition.ast),
        Ast::Concat(concat) => concat.asts.iter().any(has_flags),
        Ast::Alternation(alternation) => alternation.asts.iter().any(has_flags),
        _ => false,
    }
}

fn requirements(expression: &Ast) -> Vec<Words> {
    match expression {
        Ast::Literal(_) => sequence(std::slice::from_ref(expression)),
        Ast::Group(group) => requirements(&group.ast),
        Ast::Repetition(repetition) if occurs(&repetition.op.kind) => requirements(&repetition.ast),
        Ast::Concat(concat) => sequence(&concat.asts),
        // Of each branch the requirement that tells most: together they are one.
        Ast::Alternation(alternation) => {
            let telling = |words: &Words| (shortest(words).min(LONG), usize::MAX - words.len());
            let each = alternation.asts.iter().map(|branch| requirements(branch).into_iter().max_by_key(telling));
            each.collect::<Option<Vec<Words>>>().map(|each| vec![each.concat()]).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// Of parts that follow each other: letters side by side are one word.
fn sequence(parts: &[Ast]) -> Vec<Words> {
    let letters = |part: &Ast| matches!(part, Ast::Literal(_));
    let runs = parts.chunk_by(|a, b| letters(a) && letters(b));
    let of = |run: &[Ast]| {
        let word: String =
            run.iter().filter_map(|part| if let Ast::Literal(l) = part { Some(l.c) } else { None }).collect();
        if word.is_empty() { run.iter().flat_map(requirements).collect() } else { vec![vec![word.into_bytes().into()]] }
    };
    runs.flat_map(of).collect()
}

/// What is repeated is there once at least.
fn occurs(kind: &RepetitionKind) -> bool {
    match kind {
        RepetitionKind::ZeroOrOne | RepetitionKind::ZeroOrMore => false,
        RepetitionKind::OneOrMore => true,
        RepetitionKind::Range(
            RepetitionRange::Exactly(least) | RepetitionRange::AtLeast(least) | RepetitionRange::Bounded(least, _),
        ) => *least > 0,
    }
}

fn shortest(words: &Words) -> usize {
    words.iter().map(|word| word.len()).min().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(patterns: &[&str], text: &str) -> Vec<usize> {
        Needs::new(patterns.iter().copied()).met(text).collect()
    }

    #[test]
    fn all_that_is_required_has_to_be_there() {
        let patterns =
            [r"\b(?:not|never) (?P<x>[^.]{0,9}?)(?:collect|read)s?\b", "(?:读取|收集)?您的", "[^,]{2,9}(?:x|)"];
        assert_eq!(met(&patterns, "we never do, and collect it"), [0, 2]);
        assert_eq!(met(&patterns, "we collect it"), [2]);
        assert_eq!(met(&patterns, "您的"), [1, 2]);
        // A branch that may be empty requires nothing, and what is no expression is never met.
        assert_eq!(met(&["(?:abc|d*)ef"], "ef"), [0]);
        assert_eq!(met(&["(?:abc|d*)ef"], "abc"), [] as [usize; 0]);
        // A letter that may be left out ends the word before it; what is written as an escape is a letter.
        assert_eq!(met(&["abc?de", r"a\.bc", "(?:xy){0,2}cd", "(?:xy){2}cd"], "abde a.bc cd"), [0, 1, 2]);
        // Flags change what letters mean.
        assert_eq!(met(&["(?i)abc", "(?i:abc)d", "x(?i)"], ""), [0, 1, 2]);
    }
}
