//! "We share nothing with anybody except Some Crash Reports (crash logs)": whom a denial of sharing leaves out.

use super::super::fold::{Folded, fold};
use super::super::terms;
use super::Found;
use super::capitals::{Called, called};
use super::several::Reading;
use super::statements::{Statement, cut_purpose};

/// Bytes between the words that leave somebody out and the first name: "our hosting provider".
const FARTHEST_NAME: usize = 40;

/// Declares those who are left out; the sentence stays one that denies, with an exception.
pub fn read(reading: &Reading<'_>, found: &mut Found) {
    let Reading { sentence, lexicon, names, .. } = *reading;
    let text = sentence.text;
    let folded = Folded::new(text);
    let Some((lead, _)) = lexicon.phrase("leaves-somebody-out", &folded.text) else { return };
    let denies = folded.text.get(..lead.start()).is_some_and(|before| lexicon.says("denial-sharing", before));
    // "Apart from Some Hosting nobody gets your data."
    let first = folded.text.get(..lead.start()).is_some_and(|before| before.trim().is_empty());
    let nobody = folded.text.get(lead.end()..).is_some_and(|behind| lexicon.says("nobody-gets", behind));
    let denies = denies || first && nobody;
    let from = folded.range(lead.start(), lead.end(), text).end;
    let Some((before, tail)) = text.get(..from).zip(text.get(from..)).filter(|_| denies) else { return };
    let mut group: Vec<Called> = Vec::new();
    for one in called(tail, lexicon, names) {
        let gap = tail.get(group.last().map_or(0, |last| last.end)..one.place.start).unwrap_or_default();
        let beside = match group.is_empty() {
            true => gap.len() <= FARTHEST_NAME && !gap.trim_end_matches('(').contains([',', '.', ';', '(']),
            false => lexicon.says("only-joins-names", fold(gap).trim()),
        };
        if !beside {
            break;
        }
        group.push(one);
    }
    let behind = group.last().and_then(|last| tail.get(last.end..)).unwrap_or_default();
    let affirmed = |words: &str| -> Vec<terms::Term> {
        // The words are read by themselves: around them stands what is denied.
        terms::read(lexicon, words).into_iter().filter(terms::Term::is_affirmed).collect()
    };
    for one in &group {
        let own = one.inside.clone().and_then(|inside| tail.get(inside)).filter(|_| one.company.is_none());
        let said = [own.unwrap_or_default(), behind].into_iter().map(affirmed).find(|terms| !terms.is_empty());
        let denied = || -> Vec<terms::Term> {
            let terms = terms::read_with(lexicon, before, false).into_iter();
            terms.map(|term| terms::Term { denied: false, conditional: None, ..term }).collect()
        };
        let (raw, purpose) = cut_purpose(tail, lexicon);
        found.statements.push(Statement {
            company: one.company.clone(),
            terms: said.unwrap_or_else(denied),
            raw,
            purpose,
            declares: true,
            of_app: true,
            ..reading.about(one.name.clone())
        });
    }
}
