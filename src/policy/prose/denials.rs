//! Sentences that deny: whose denial it is, and whom it reaches.
//!
//! `我们和第三方SDK均不会收集IMEI` is one of the app's and one of all third parties, `推送SDK不会收集`
//! reaches the rows about push, `上述SDK` those that stand before it.

use super::super::fold::{fold, key};
use super::super::lexicon::{Column, Lexicon};
use super::super::terms;
use super::naming::names_nobody;
use super::several::Reading;
use super::statements::{Introduced, Statement, collected, cut_purpose, own_words};
use super::{Found, LONGEST_NAME};

/// Whom a statement is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Those of its names.
    #[default]
    Named,
    /// Rows before it.
    Above,
    /// Rows of these categories.
    Kind(Vec<String>),
    /// Every third party.
    Anyone,
    /// The app itself.
    App,
}

/// Reads a sentence in which third parties do not collect; `true` where it is about them.
pub fn read(reading: &Reading<'_>, introduced: &Introduced, found: &mut Found) -> bool {
    if by_subject(reading, introduced, found) || by_other(reading, found) {
        return true;
    }
    given(reading, found);
    false
}

/// `某某SDK不会收集您的IMEI`.
fn by_subject(reading: &Reading<'_>, introduced: &Introduced, found: &mut Found) -> bool {
    let captures = reading.lexicon.captures("party-denies", &reading.folded.text).into_iter().next();
    let Some(subject) = captures.and_then(|c| c.name("names").map(|m| (m.start(), m.end()))) else { return false };
    let words = reading.folded.slice(subject.0, subject.1, reading.sentence.text);
    let subject = own_words(words, reading.lexicon);
    let members = members(subject, reading);
    let mut reached: Vec<(Reach, String)> = Vec::new();
    // "It" is whom a sentence before told of, known or not.
    let mut told = false;
    for member in &members {
        let says = |id: &str| members.len() == 1 && reading.lexicon.says(id, &fold(member));
        // "These SDKs" are those of the sentences before, else of the table above.
        let meant = if says("those-above") { introduced.these() } else { introduced.named() };
        if says("pronoun") && !meant.is_empty() {
            told = true;
            reached.extend(meant.iter().map(|name| (Reach::Named, name.clone())));
        } else {
            match reach(member, reading) {
                Some(reach) => reached.push((reach, member.clone())),
                None => return false,
            }
        }
    }
    if reached.is_empty() || reached.iter().all(|(reach, _)| *reach == Reach::App) {
        return false;
    }
    let declared = |name: &str| {
        found.statements.iter().any(|s| s.declares && s.names.iter().any(|told| key(told) == key(name)))
            || found
                .entries
                .iter()
                .any(|(_, entry)| entry.get(Column::Party).is_some_and(|told| key(told) == key(name)))
    };
    let known = |(reach, name): &(Reach, String)| {
        *reach != Reach::Named || reading.names.is_known(name) || fold(name).contains("sdk") || declared(name)
    };
    if !told && !reached.iter().any(known) {
        return false;
    }
    let terms = denied(reading);
    if terms.is_empty() {
        return false;
    }
    let firmly = terms.iter().any(|t| t.denied);
    let all = terms.iter().all(|t| t.data_type == "*");
    for (reach, name) in reached {
        // A row is made of a denial where it is one of a product that traffic may show, or
        // where an SDK collects nothing at all.
        let told = reading.names.holds_known(&name) && !all || all && fold(&name).ends_with("sdk");
        let declares = firmly && reach == Reach::Named && told;
        found.statements.extend(instead(reading, &reach, &name));
        found.statements.push(statement(reading, reach, name, terms.clone(), declares));
    }
    true
}

/// `我们不会通过某某SDK收集您的IMEI`, "the IMEI is not collected by the Some SDK".
fn by_other(reading: &Reading<'_>, found: &mut Found) -> bool {
    for captures in reading.lexicon.captures("denies-through", &reading.folded.text) {
        let Some(who) = captures.name("names") else { continue };
        let name = reading.folded.slice(who.start(), who.end(), reading.sentence.text);
        let name = own_words(name, reading.lexicon);
        let Some(reach) = somebody(name, reading) else { continue };
        let terms = denied(reading);
        if terms.is_empty() {
            continue;
        }
        let declares = reach == Reach::Named && terms.iter().any(|t| t.denied);
        found.statements.push(statement(reading, reach, name.to_owned(), terms, declares));
        return true;
    }
    false
}

/// `我们不会向某某提供您的IMEI`: it declares nobody, and where no row is about them it is a
/// denial of sharing like others, which is read as such beside.
fn given(reading: &Reading<'_>, found: &mut Found) {
    let text = reading.folded.text.as_str();
    for captures in reading.lexicon.captures("denies-giving", text) {
        let (Some(who), Some(data)) = (captures.name("names"), captures.name("data")) else { continue };
        let name = reading.folded.slice(who.start(), who.end(), reading.sentence.text);
        let name = own_words(name, reading.lexicon);
        let Some(reach) = somebody(name, reading).filter(|reach| *reach != Reach::Anyone) else { continue };
        let bounds = ["exception", "sharing-purpose", "sharing-abroad"];
        let mut bounds = bounds.iter().filter_map(|id| reading.lexicon.phrase(id, text));
        let conditional = bounds.next().map(|(m, _)| m.as_str().to_owned());
        let words = reading.folded.slice(data.start(), data.end(), reading.sentence.text);
        let mut terms = terms::read_with(reading.lexicon, words, false);
        if terms.is_empty() && reading.lexicon.says("personal-data", data.as_str()) {
            terms.push(everything(words, None));
        }
        for term in &mut terms {
            term.conditional.clone_from(&conditional);
            term.denied = conditional.is_none();
        }
        if !terms.is_empty() {
            found.statements.push(statement(reading, reach, name.to_owned(), terms, false));
            break;
        }
    }
}

fn statement(reading: &Reading<'_>, reach: Reach, name: String, terms: Vec<terms::Term>, declares: bool) -> Statement {
    Statement {
        block: reading.block,
        sentence: reading.sentence.start,
        names: vec![name],
        raw: reading.sentence.text.to_owned(),
        terms,
        span: reading.place.clone(),
        declares,
        denies: true,
        reach,
        ..Statement::default()
    }
}

/// What a denied sentence says is collected instead: "…不会收集IMEI，仅收集OAID".
fn instead(reading: &Reading<'_>, reach: &Reach, name: &str) -> Option<Statement> {
    let lexicon = reading.lexicon;
    let turns = |clause: &&str| {
        let folded = fold(clause.trim());
        lexicon.says("contrast-begins", &folded) && lexicon.says("collects", &folded)
    };
    // After a comma, or where the words turn: "… and only collects the OAID".
    let text = reading.sentence.text;
    let folded = &reading.folded;
    let turn = lexicon.phrase("contrast", &folded.text).map(|(m, _)| folded.range(m.start(), m.end(), text).start);
    let mut clauses = text.split([',', '，']).skip(1).chain(turn.and_then(|at| text.get(at..)));
    let clause = clauses.find(turns)?;
    let mut terms = collected(clause, lexicon);
    terms.retain(|t| t.is_affirmed());
    let (raw, purpose) = cut_purpose(clause, lexicon);
    (!terms.is_empty() && *reach == Reach::Named).then(|| Statement {
        raw,
        purpose,
        denies: false,
        ..statement(reading, Reach::Named, name.to_owned(), terms, true)
    })
}

/// What the sentence denies: types, or personal information as such.
fn denied(reading: &Reading<'_>) -> Vec<terms::Term> {
    let text = reading.sentence.text;
    let terms = terms::read(reading.lexicon, text).into_iter();
    let mut terms: Vec<terms::Term> = terms.filter(|t| !t.is_affirmed()).collect();
    if terms.is_empty()
        && let Some(conditional) = terms::denies_all(reading.lexicon, text)
    {
        terms.push(everything(text, conditional));
    }
    terms
}

fn everything(words: &str, conditional: Option<String>) -> terms::Term {
    let (data_type, raw) = ("*".to_owned(), words.trim().to_owned());
    terms::Term { data_type, raw, start: 0, end: words.len(), denied: conditional.is_none(), conditional }
}

/// The members of a subject: `我们和第三方SDK` has two.
fn members(subject: &str, reading: &Reading<'_>) -> Vec<String> {
    if reading.names.is_known(subject) {
        return vec![subject.to_owned()];
    }
    let folded = super::super::fold::Folded::new(subject);
    let mut out = Vec::new();
    let mut from = 0;
    for joint in reading.lexicon.matches("joins-names", &folded.text) {
        let place = folded.range(joint.start, joint.end, subject);
        let Some(part) = subject.get(from..place.start).map(str::trim) else { continue };
        if part.chars().count() >= 2 {
            out.push(part.to_owned());
            from = place.end;
        }
    }
    out.extend(subject.get(from..).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
    out.iter().map(|part| own_words(part, reading.lexicon).to_owned()).collect()
}

/// Whom a member of a subject stands for; `None`, the sentence is about something else.
fn reach(member: &str, reading: &Reading<'_>) -> Option<Reach> {
    if member.chars().count() > LONGEST_NAME {
        return None;
    }
    if let Some(reach) = somebody(member, reading) {
        return Some(reach);
    }
    let folded = fold(member);
    if reading.lexicon.says("first-party", &folded) {
        return Some(Reach::App);
    }
    // "Stored in your own account": no name, whatever brand it holds.
    let plain = member.starts_with(|c: char| c.is_ascii_lowercase()) && member.contains(' ');
    if plain && !folded.contains("sdk") {
        return None;
    }
    (!names_nobody(member, reading.lexicon, reading.names)).then_some(Reach::Named)
}

/// Third parties that the words name, or mean without a name.
fn somebody(words: &str, reading: &Reading<'_>) -> Option<Reach> {
    let Reading { lexicon, names, .. } = *reading;
    let folded = fold(words);
    if words.chars().count() > LONGEST_NAME || words.is_empty() {
        return None;
    }
    if names.is_known(words) {
        return Some(Reach::Named);
    }
    if lexicon.says("those-above", &folded) {
        return Some(Reach::Above);
    }
    if lexicon.says("any-third-party", &folded) {
        return Some(Reach::Anyone);
    }
    if names_nobody(words, lexicon, names) {
        return kinds(&folded, lexicon);
    }
    (folded.ends_with("sdk") && !lexicon.says("first-party", &folded)).then_some(Reach::Named)
}

/// `推送SDK`, "analytics providers".
fn kinds(folded: &str, lexicon: &Lexicon) -> Option<Reach> {
    let mut ids: Vec<String> = lexicon.categories(folded).into_iter().map(|found| found.id.to_owned()).collect();
    ids.dedup();
    (!ids.is_empty() && lexicon.says("kind-of-party", folded)).then_some(Reach::Kind(ids))
}
