//! Phrases of the vocabulary that other phrases are made of.
//!
//! Also a part of `build.rs`, which reads the embedded vocabulary ahead of time.

/// Parts in parts that are followed: those in the files have one of another.
const DEEPEST: usize = 4;

/// A pattern with its parts put in: `{not-zh}收集` has all patterns of the phrase `part:not-zh`. `patterns` gives those
/// of a phrase by its id. What names no phrase stays as it is, and is no regular expression.
pub fn whole<'p>(pattern: &str, patterns: &dyn Fn(&str) -> Vec<&'p str>) -> String {
    let mut whole = pattern.to_owned();
    for _ in 0..DEEPEST {
        let mut next = String::with_capacity(whole.len());
        let mut rest = whole.as_str();
        let mut any = false;
        while let Some((before, after)) = rest.split_once('{') {
            next.push_str(before);
            let part = after.split_once('}').and_then(|(name, after)| Some((part(name, patterns)?, after)));
            match part {
                Some((words, after)) => {
                    next.push_str(&words);
                    rest = after;
                    any = true;
                }
                None => {
                    next.push('{');
                    rest = after;
                }
            }
        }
        next.push_str(rest);
        whole = next;
        if !any {
            break;
        }
    }
    whole
}

fn part<'p>(name: &str, patterns: &dyn Fn(&str) -> Vec<&'p str>) -> Option<String> {
    let id = name.starts_with(|c: char| c.is_ascii_lowercase()).then(|| format!("part:{name}"))?;
    let patterns = patterns(&id);
    (!patterns.is_empty()).then(|| format!("(?:{})", patterns.join("|")))
}
