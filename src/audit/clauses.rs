//! Which clauses a finding touches. A touch is no breach: consent has exceptions
//! that no capture shows.

use std::collections::{BTreeMap, BTreeSet};

use super::codes::Code;
use super::{CitedClause, Finding};
use crate::observations::Role;
use crate::signatures::{Clause, Confidence};

/// The itemised-list duties that ask for just what a third-party table holds.
const THIRD_PARTY_LIST: [&str; 2] = ["cn-292-list-shared", "cn-nds-21-2"];

/// The same for what the app collects itself.
const FIRST_PARTY_LIST: [&str; 1] = ["cn-292-list-collected"];

/// Conditions on the audience or the data. A clause that lists one binds only where the condition
/// holds, and no session or policy says yet whether it does. Such clauses are never cited: one
/// clause too few in a report is better than one that does not apply.
const CONDITIONS: [&str; 2] = ["minors", "sensitive-data"];

/// Ids of the clauses: the itemised-list duties first, then China, then the rest, each in
/// the file's order and detection scenarios last. Clauses of low confidence are never cited.
pub fn cite(code: &Code, role: Role, clauses: &[Clause]) -> Vec<String> {
    let (own, others): (&[&str], &[&str]) = if role == Role::FirstParty {
        (&FIRST_PARTY_LIST, &THIRD_PARTY_LIST)
    } else {
        (&THIRD_PARTY_LIST, &FIRST_PARTY_LIST)
    };
    let applies = |clause: &&Clause| {
        clause.confidence > Confidence::Low
            && !clause.applies_to.iter().any(|kind| CONDITIONS.contains(&kind.as_str()))
            && clause.applies_to.iter().any(|kind| code.kinds.contains(&kind.as_str()))
            && !others.contains(&clause.id.as_str())
    };
    let place = |clause: &&Clause| {
        let list = own.iter().position(|id| *id == clause.id).unwrap_or(own.len());
        (list, clause.jurisdiction != "CN", is_scenario(&clause.id))
    };
    let mut cited: Vec<&Clause> = clauses.iter().filter(applies).collect();
    cited.sort_by_key(place);
    cited.into_iter().map(|clause| clause.id.clone()).collect()
}

/// The clauses that findings of a code can cite: those about third parties, and where the
/// code is about the app's maker those about itself.
pub fn clauses_of<'a>(code: &Code, clauses: &'a [Clause]) -> Vec<&'a Clause> {
    let role = if code.id == "omitted-first-party" { Role::FirstParty } else { Role::ThirdParty };
    let ids = cite(code, role, clauses);
    ids.iter().filter_map(|id| clauses.iter().find(|clause| clause.id == *id)).collect()
}

/// `cn-164-1-1-s2`: a testing platform's reading of an item, after the items themselves.
pub fn is_scenario(id: &str) -> bool {
    id.rsplit_once("-s").is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// The cited clauses by id.
pub fn cited(findings: &[Finding], clauses: &[Clause]) -> BTreeMap<String, CitedClause> {
    let ids: BTreeSet<&String> = findings.iter().flat_map(|f| &f.clauses).collect();
    let cite = |clause: &Clause| CitedClause {
        jurisdiction: clause.jurisdiction.clone(),
        title: clause.title.clone(),
        reference: clause.reference.clone(),
        zh: clause.zh.clone(),
        en: clause.en.clone(),
    };
    clauses.iter().filter(|clause| ids.contains(&clause.id)).map(|clause| (clause.id.clone(), cite(clause))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::codes;

    fn clause(id: &str, jurisdiction: &str, applies_to: &str, confidence: Confidence) -> Clause {
        Clause {
            id: id.to_owned(),
            jurisdiction: jurisdiction.to_owned(),
            title: String::new(),
            reference: String::new(),
            zh: String::new(),
            en: String::new(),
            applies_to: applies_to.split(' ').map(str::to_owned).collect(),
            confidence,
            source: String::new(),
            origin: Default::default(),
        }
    }

    #[test]
    fn list_duties_first_then_china_then_the_rest() {
        let clauses = [
            clause("eu", "EU", "omitted-data", Confidence::High),
            clause("cn-a", "CN", "before-consent omitted-data", Confidence::Medium),
            clause("cn-a-s1", "CN", "omitted-data", Confidence::Medium),
            clause("cn-b", "CN", "omitted-data", Confidence::Medium),
            clause("cn-low", "CN", "omitted-data", Confidence::Low),
            clause("cn-child", "CN", "omitted-data minors", Confidence::High),
            clause("cn-other", "CN", "cleartext", Confidence::High),
            clause("cn-nds-21-2", "CN", "omitted-data", Confidence::High),
            clause("cn-292-list-shared", "CN", "omitted-data", Confidence::High),
            clause("cn-292-list-collected", "CN", "omitted-data", Confidence::High),
        ];
        let code = codes::get("omitted-data").unwrap();
        assert_eq!(
            cite(code, Role::ThirdParty, &clauses),
            ["cn-292-list-shared", "cn-nds-21-2", "cn-a", "cn-b", "cn-a-s1", "eu"]
        );
        let code = codes::get("omitted-first-party").unwrap();
        assert_eq!(cite(code, Role::FirstParty, &clauses), ["cn-292-list-collected", "cn-a", "cn-b", "cn-a-s1", "eu"]);
    }
}
