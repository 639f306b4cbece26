//! The hash chain of what was done in the session: each line carries the SHA-256 of the line
//! before it, so that none can be changed, left out or put in without the last one changing, which
//! the manifest names.
//!
//! It tells what the report tells of the session, in the order of time. The notes that were made at
//! marks are free words, which nothing masks: they stand in sealed bundles only.

use serde_json::{Map, Value, json};

use super::manifest::Chain;
use crate::audit::Report;
use crate::evidence::{Time, sha256_hex};

/// File name.
pub const FILE: &str = "chain.jsonl";

/// The lines of the chain of `report`, with the notes of marks: their time and words.
pub fn lines(report: &Report, notes: &[(Time, String, String)]) -> Vec<String> {
    let mut timed: Vec<(Time, Value)> = Vec::new();
    for input in &report.inputs {
        let about = |action: &str| json!({ "action": action, "input": input.name, "sha256": input.sha256 });
        timed.extend(input.first.map(|time| (time, about("first-record"))));
        timed.extend(input.last.map(|time| (time, about("last-record"))));
    }
    for (time, mark) in &report.session.marks {
        let mut action = json!({ "action": "mark", "mark": mark });
        let note = notes.iter().find(|(at, of, note)| at == time && of == mark && !note.is_empty());
        if let Some((.., note)) = note {
            action["note"] = note.as_str().into();
        }
        timed.push((*time, action));
    }
    // Equal times keep the order above.
    timed.sort_by_key(|(time, _)| *time);
    let session = &report.session;
    let mut actions = vec![json!({
        "action": "session", "app": session.app, "version": session.version, "owner": session.owner,
        "first_party": session.first_party, "isolation": session.isolation,
    })];
    actions.extend(timed.into_iter().map(|(time, mut action)| {
        action["time"] = time.to_string().into();
        action
    }));
    // What was changed on the device, and who had the evidence when: said without a time.
    let told = serde_json::to_value(session).unwrap_or_default();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    actions.extend(list(&told["changes"]).into_iter().map(|what| json!({ "action": "changed", "what": what })));
    if let Value::Object(case) = &told["case"] {
        let about: Map<String, Value> = case.clone().into_iter().filter(|(key, _)| key != "custody").collect();
        actions.push(json!({ "action": "case", "case": about }));
        actions.extend(
            list(&told["case"]["custody"]).into_iter().map(|note| json!({ "action": "custody", "note": note })),
        );
    }
    let settled = session.settled.iter();
    actions.extend(
        settled.map(|(host, what, why)| json!({ "action": "settled", "host": host, "as": what, "reason": why })),
    );
    let ignored = report.ignore.iter().flat_map(|ignored| &ignored.lines);
    actions.extend(ignored.map(|line| {
        json!({
            "action": "ignored", "matcher": line.matcher, "reason": line.reason, "owner": line.owner,
            "expires": line.expires.to_string(),
        })
    }));
    link(actions)
}

/// Numbers the actions and gives each the digest of the line before it.
fn link(actions: Vec<Value>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::with_capacity(actions.len());
    for (action, n) in actions.into_iter().zip(1_u64..) {
        let previous = lines.last().map(|line| sha256_hex(line.as_bytes())).unwrap_or_default();
        let mut line = Map::new();
        line.insert("n".to_owned(), n.into());
        line.insert("previous".to_owned(), previous.into());
        if let Value::Object(action) = action {
            line.extend(action.into_iter().filter(|(_, value)| !value.is_null()));
        }
        lines.push(Value::Object(line).to_string());
    }
    lines
}

/// What the manifest says of the chain.
pub fn head(lines: &[String]) -> Chain {
    let last = lines.last().map(|line| sha256_hex(line.as_bytes())).unwrap_or_default();
    Chain { file: FILE.to_owned(), lines: lines.len() as u64, last }
}

/// Checks a chain by itself: the number of the first line that does not follow from the one before
/// it, from 1.
pub fn broken(text: &str) -> Option<usize> {
    let mut previous = String::new();
    for (line, n) in text.lines().zip(1..) {
        let parsed: Value = serde_json::from_str(line).unwrap_or_default();
        if parsed["n"] != n || parsed["previous"] != previous.as_str() {
            return Some(n);
        }
        previous = sha256_hex(line.as_bytes());
    }
    None
}

/// Where the chain in `text` and `report` do not say the same of the session: the number of the first
/// such line, from 1, and what it is about (`case: number`). Notes at marks stand in the chain alone.
pub fn differs(text: &str, report: &Report) -> Option<(usize, String)> {
    let parsed = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_default();
    let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let notes: Vec<(Time, String, String)> = text
        .lines()
        .map(parsed)
        .filter_map(|line| Some((Time::parse(line["time"].as_str()?)?, words(&line["mark"]), words(&line["note"]))))
        .collect();
    let (told, ours) = (text.lines().collect::<Vec<_>>(), lines(report, &notes));
    let at = (0..told.len().max(ours.len())).find(|at| told.get(*at).copied() != ours.get(*at).map(String::as_str))?;
    let line = |line: Option<&str>| line.map(parsed).unwrap_or_default();
    let (told, ours) = (line(told.get(at).copied()), line(ours.get(at).map(String::as_str)));
    let mut about = words(if ours.is_null() { &told["action"] } else { &ours["action"] });
    if let (Some(told), Some(ours)) = (told[about.as_str()].as_object(), ours[about.as_str()].as_object()) {
        let names = told.keys().chain(ours.keys()).filter(|name| told.get(*name) != ours.get(*name));
        let names: std::collections::BTreeSet<&String> = names.collect();
        about += &format!(": {}", names.into_iter().cloned().collect::<Vec<_>>().join(", "));
    }
    Some((at + 1, about))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_changed_breaks_the_chain() {
        let lines = link(vec![json!({"action": "a"}), json!({"action": "b", "x": null}), json!({"action": "c"})]);
        assert_eq!(broken(&lines.join("\n")), None);
        assert_eq!(broken(&lines.join("\n").replace("\"b\"", "\"B\"")), Some(3), "seen in the line behind it");
        assert_eq!(broken(&[lines[0].as_str(), &lines[2]].join("\n")), Some(2));
        assert_eq!(head(&lines).lines, 3);
        assert!(!lines[1].contains('x'));
    }
}
