//! Words that occur in every match of an expression, read from its syntax: its translation, with the tables of
//! Unicode, takes longer than all the rest.
//!
//! Also a part of `build.rs`, which reads the embedded vocabulary with it ahead of time.

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{Ast, GroupKind, RepetitionKind, RepetitionRange};

/// Words of which at least one occurs in every match.
pub type Words = Vec<String>;

/// Requirements of one expression that are looked at: one bit each.
const MOST: usize = 32;
/// Words of one requirement: those of the vocabulary's longest alternations are fewer.
const MOST_WORDS: usize = 256;
/// Shorter words ("(", a space) stand in nearly every sentence.
const LEAST_BYTES: usize = 2;
/// Longer words are no better than these: two characters of Chinese.
const LONG: usize = 6;

/// What every match of `expression` holds: of each list of words one. What is no expression requires nothing.
pub fn required(expression: &str) -> Vec<Words> {
    let Ok(parsed) = Parser::new().parse(expression) else { return Vec::new() };
    // With flags, other cases of a word may count, or other characters of the pattern not.
    let mut found = if has_flags(&parsed) { Vec::new() } else { requirements(&parsed) };
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
        if word.is_empty() { run.iter().flat_map(requirements).collect() } else { vec![vec![word]] }
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

fn shortest(words: &[String]) -> usize {
    words.iter().map(String::len).min().unwrap_or_default()
}
