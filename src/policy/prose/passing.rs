//! "Unless you opt out, your advertising ID is made available to our partners, including A and B": names that an
//! English sentence mentions where it says who gets data, in no form that another reader takes apart.

use std::ops::Range;

use super::super::fold::{Folded, fold, is_cjk};
use super::super::lexicon::Lexicon;
use super::super::names::Names;
use super::super::{clauses, terms};
use super::capitals::{Called, called};
use super::several::Reading;
use super::statements::{Introduced, Statement, cut_purpose};
use super::{Found, is_firm, names_nobody};

/// Declares whom the sentence gives data to by its words around their names; `true` where all of it is about them.
pub fn read(reading: &Reading<'_>, introduced: &Introduced, found: &mut Found) -> bool {
    let Reading { sentence, lexicon, .. } = *reading;
    if introduced.denied || !reading.folded.text.is_ascii() && sentence.text.chars().any(is_cjk) {
        return false;
    }
    // Below "what we collect" it is the app's own as well.
    let of_app = introduced.elsewhere || lexicon.says("collects-strongly", &reading.folded.text);
    let before = found.statements.len();
    for (_, part) in clauses::contrasting(lexicon, sentence.text) {
        // "Including but not limited to" denies nothing.
        let folded = fold(part).replace("but not limited to", "");
        let undone = ["denial", "denial-sharing", "no-use", "not-given-to", "history", "nothing-to-them"];
        if !undone.iter().any(|id| lexicon.says(id, &folded)) {
            given(part, of_app, introduced.shares, reading, found);
        }
    }
    found.statements.len() > before && !of_app
}

/// Words in brackets behind a name that only say what it does.
const MOST_WORDS_OF_A_KIND: usize = 2;

fn given(part: &str, of_app: bool, shares: bool, reading: &Reading<'_>, found: &mut Found) {
    let Reading { lexicon, names, .. } = *reading;
    let groups = groups(part, lexicon, names);
    let several = groups.len() > 1;
    let mut from = 0;
    for (index, group) in groups.iter().enumerate() {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let until = groups.get(index + 1).and_then(|next| next.first()).map_or(part.len(), |next| next.place.start);
        let start = std::mem::replace(&mut from, last.end);
        let Some(role) = role(part, first.place.start, last, lexicon) else { continue };
        // Of several that are named apart each has what its own part of the sentence says.
        let around = match role {
            Role::Given => start..first.place.start,
            Role::Takes | Role::Labelled => last.end..until,
        };
        let mut around = terms_in(part, around, group, lexicon);
        // "We rely on A for support (name)", "with A: your name": it may also stand behind, before what it is for.
        if around.is_empty() && role == Role::Given {
            around =
                terms_in(part, last.end..last.end + before_why(part.get(last.end..until), lexicon), group, lexicon);
        }
        if around.is_empty() && role == Role::Takes && !several {
            around = terms_in(part, start..first.place.start, group, lexicon);
        }
        for one in group {
            let own = one.inside.clone().filter(|_| one.company.is_none());
            let own = own.map(|inside| terms_in(part, inside, &[], lexicon)).unwrap_or_default();
            // "We disclose your name to A (text messages)": what A does with it.
            let kind = one.inside.clone().and_then(|inside| part.get(inside)).unwrap_or_default();
            let kind = kind.split_whitespace().count() <= MOST_WORDS_OF_A_KIND && !kind.contains(',');
            let own = if kind && role == Role::Given && !around.is_empty() { Vec::new() } else { own };
            let terms = match role {
                Role::Labelled if !own.is_empty() => own,
                _ => [own, around.clone()].concat(),
            };
            let serves = || {
                let before = fold(part.get(..first.place.start).unwrap_or_default());
                is_firm(&one.name) && lexicon.says("serves-us", &before)
            };
            if terms.is_empty() && !shares && !serves() {
                continue;
            }
            let (raw, purpose) = cut_purpose(part, lexicon);
            let alias = alias(part, one, lexicon);
            let company = one.company.clone().or(alias.as_ref().map(|_| one.name.clone()));
            found.statements.push(Statement {
                company,
                terms,
                raw,
                purpose,
                declares: true,
                of_app,
                ..reading.about(alias.unwrap_or_else(|| one.name.clone()))
            });
        }
    }
}

/// "Some Company GmbH, Some Street 7 (hereinafter "Some")": what a company is called from there on, by its own first
/// word.
fn alias(part: &str, one: &Called, lexicon: &Lexicon) -> Option<String> {
    let behind = part.get(one.place.start..).filter(|_| is_firm(&one.name))?;
    let folded = Folded::new(behind);
    let called = lexicon.captures("firm-called-so", &folded.text).into_iter().next()?.name("names")?;
    let alias = folded.slice(called.start(), called.end(), behind).trim().to_owned();
    (one.name.starts_with(alias.as_str()) && alias.len() < one.name.len()).then_some(alias)
}

/// What a sentence says of a name by where it stands.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// "… is sent to A".
    Given,
    /// "A only receives …".
    Takes,
    /// "Payments: A (card number)", "Payments (A): card number".
    Labelled,
}

fn role(part: &str, start: usize, last: &Called, lexicon: &Lexicon) -> Option<Role> {
    let (before, behind) = (fold(part.get(..start)?), fold(part.get(last.end..)?));
    // "We get your name from A" and what is done under A's own rules tell of nothing that A is given.
    if lexicon.says("before-a-source", &before) || lexicon.says("makes-a-name-theirs", &behind) {
        return None;
    }
    if lexicon.says("takes-behind", &behind) {
        return Some(Role::Takes);
    }
    if lexicon.says("given-before", &before) {
        return Some(Role::Given);
    }
    let alone = behind.trim_start().chars().next().is_none_or(|c| matches!(c, '.' | ',' | ';' | ':' | ')' | '–' | '—'));
    let inside = last.inside.clone().and_then(|inside| part.get(inside)).unwrap_or_default();
    let value = behind.split_once(':').map_or(inside, |(_, value)| value);
    let data = |words: &str| !terms::read(lexicon, words).is_empty();
    let kind = !data(&before) || data(inside) || data(value);
    let labelled = alone && kind && lexicon.says("label-before-a-name", &before);
    labelled.then_some(Role::Labelled)
}

/// Names that only commas and "and" part stand for each other.
fn groups(part: &str, lexicon: &Lexicon, names: &Names<'_>) -> Vec<Vec<Called>> {
    let mut groups: Vec<Vec<Called>> = Vec::new();
    for one in called(part, lexicon, names).into_iter().filter(|one| !names_nobody(&one.name, lexicon, names)) {
        let gap = groups.last().and_then(|group| group.last()).and_then(|last| part.get(last.end..one.place.start));
        let beside = gap.is_some_and(|gap| lexicon.says("only-joins-names", fold(gap).trim()));
        match groups.last_mut().filter(|_| beside) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
}

/// Bytes of the words behind a name before those that say what it is for.
fn before_why(behind: Option<&str>, lexicon: &Lexicon) -> usize {
    let behind = behind.unwrap_or_default();
    let folded = Folded::new(behind);
    lexicon.phrase("purpose", &folded.text).map_or(behind.len(), |(m, _)| folded.range(0, m.start(), behind).end)
}

/// What the words at `range` say is given: nothing that is part of a name or in the brackets behind it.
fn terms_in(part: &str, range: Range<usize>, group: &[Called], lexicon: &Lexicon) -> Vec<terms::Term> {
    let words = part.get(range.clone()).unwrap_or_default();
    let taken = |term: &terms::Term| {
        let at = range.start + term.start;
        group.iter().any(|one| one.place.start <= at && at < one.end)
    };
    let mut terms = terms::read(lexicon, words);
    terms.retain(|term| term.is_affirmed() && !taken(term));
    terms
}
