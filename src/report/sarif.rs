//! SARIF 2.1.0 (OASIS Standard, 27 March 2020), for code-scanning services and viewers.
//!
//! A result points at the line of the policy that it cites, else at the capture. Rules
//! are all the codes there are, so that a reader sees what was looked for. What could not
//! be read stands in the invocation's notifications.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::Service;
use super::language::{Language, fill};
use super::places::{input_path, spot};
use super::view;
use crate::audit::codes::{CODES, Code, Family};
use crate::audit::{BaselineState, Finding, Report, Severity, explanations};

/// Results that GitHub takes of one run; it shows the 5,000 worst
/// ("SARIF results exceed limits", GitHub docs). The report has the worst first.
pub const RESULTS: usize = 25_000;

/// Related places of a result: GitHub takes 1,000 locations and shows 100.
const RELATED: usize = 20;

/// Characters of a rule's descriptions, by GitHub's documentation of its properties.
const DESCRIPTION: usize = 1024;

/// Gaps that are told of, each a notification.
const NOTIFICATIONS: usize = 100;

/// What stands as it is in a relative reference (RFC 3986 §3.3).
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The JSON text, with a last line feed.
pub fn render(report: &Report, service: &Service<'_>) -> Result<String, serde_json::Error> {
    let report = &super::escape::shown(report)?;
    let words = service.language.words();
    let mut results: Vec<Value> = report.findings.iter().take(RESULTS).map(|f| result(f, report, service)).collect();
    let left = report.findings.len().saturating_sub(RESULTS);
    // A result must lie somewhere; one that is gone lies in what was looked at.
    let looked_at = service.places.policy.first().or(service.places.inputs.first()).map_or("session", String::as_str);
    let absent = report.baseline.iter().flat_map(|baseline| &baseline.absent);
    results.extend(absent.take(RESULTS - results.len()).map(|gone| {
        json!({
            "ruleId": gone.code,
            "level": level(gone.severity),
            "message": {"text": service.language.of(&gone.message)},
            "locations": [{"physicalLocation": {"artifactLocation": artifact(looked_at), "region": {"startLine": 1}}}],
            "fingerprints": {"wirewitness/v1": gone.fingerprint},
            "partialFingerprints": {"primaryLocationLineHash": line_hash(&gone.fingerprint)},
            "baselineState": "absent",
        })
    }));
    let mut notifications = vec![json!({
        "descriptor": {"id": "coverage"},
        "level": if service.gate.saw_enough(report) { "note" } else { "warning" },
        "message": {"text": view::coverage(report, service.language).lines.join(" ")},
    })];
    notifications.extend(report.gaps.iter().take(NOTIFICATIONS).map(|gap| {
        let (detail, at) = (service.language.of_gap(&gap.detail), service.language.of_gap(&gap.at));
        json!({
            "descriptor": {"id": gap.reason.as_str()},
            "level": "note",
            "message": {"text": format!("{}: {detail} ({at}) ×{}", words.term(gap.reason.as_str()), gap.count)},
        })
    }));
    if left > 0 {
        let text = fill(words.left_out, &[&left]);
        notifications.push(json!({"descriptor": {"id": "limit"}, "level": "warning", "message": {"text": text}}));
    }
    let exit = service.gate.outcome(report).exit_code();
    let app = report.session.app.as_deref().unwrap_or("app");
    let run = json!({
        "tool": {"driver": {
            "name": report.tool.name,
            "version": report.tool.version,
            "semanticVersion": report.tool.version,
            "language": tag(service.language),
            "rules": CODES.iter().map(|code| rule(code, service.language)).collect::<Vec<_>>(),
        }},
        "automationDetails": {"id": format!("wirewitness/{app}/")},
        "invocations": [{"executionSuccessful": true, "exitCode": exit, "toolExecutionNotifications": notifications}],
        "artifacts": artifacts(report, service),
        "columnKind": "unicodeCodePoints",
        "language": tag(service.language),
        "properties": {
            "coveragePercent": report.coverage.percent(),
            "signaturesSha256": report.tool.signatures_sha256,
        },
        "results": results,
    });
    let log = json!({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]});
    let mut text = serde_json::to_string_pretty(&log)?;
    text.push('\n');
    Ok(text)
}

/// The address by which services know the schema.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// A language and a region, as SARIF §3.14.7 wants them.
fn tag(language: Language) -> &'static str {
    match language {
        Language::En => "en-US",
        Language::Zh => "zh-CN",
    }
}

fn rule(code: &Code, language: Language) -> Value {
    let words = language.words();
    let (family, precision) = match code.family {
        Family::Disclosure(_) => ("disclosure", "high"),
        Family::Contact => ("contact", "medium"),
        Family::Conduct => ("conduct", "high"),
    };
    let mut rule = json!({
        "id": code.id,
        "defaultConfiguration": {"level": level(code.base)},
        "properties": {
            "tags": ["privacy", family],
            "precision": precision,
            "problem.severity": level(code.base),
            "security-severity": score(code.base),
        },
    });
    // A name that is the id again is to be left out (SARIF §3.49.7).
    if let (true, Some(rule)) = (code.id.contains('-'), rule.as_object_mut()) {
        rule.insert("name".into(), json!(pascal(code.id)));
    }
    if let (Some(entry), Some(rule)) = (explanations::of(code.id), rule.as_object_mut()) {
        let (meaning, example) = (language.of(&entry.meaning), language.of(&entry.example));
        let mend = language.of(&entry.mend);
        rule.insert("shortDescription".into(), json!({"text": clip(first_sentence(meaning))}));
        rule.insert("fullDescription".into(), json!({"text": clip(meaning)}));
        let help = [(words.meaning, meaning), (words.example, example), (words.mend, mend)];
        let text: Vec<String> = help.iter().map(|(label, text)| format!("{label}: {text}")).collect();
        let markdown: Vec<String> = help.iter().map(|(label, text)| format!("**{label}.** {text}")).collect();
        rule.insert("help".into(), json!({"text": text.join("\n\n"), "markdown": markdown.join("\n\n")}));
    }
    rule
}

fn result(finding: &Finding, report: &Report, service: &Service<'_>) -> Value {
    let words = service.language.words();
    let at = spot(finding, report, service.places);
    let mut result = Map::new();
    result.insert("ruleId".into(), json!(finding.code));
    if let Some(index) = CODES.iter().position(|code| code.id == finding.code) {
        result.insert("ruleIndex".into(), json!(index));
    }
    result.insert("kind".into(), json!("fail"));
    result.insert("level".into(), json!(level(finding.severity)));
    result.insert("message".into(), json!({"text": service.language.of(&finding.message)}));
    let mut region = json!({"startLine": at.line, "endLine": at.end_line});
    if let (Some(quote), Some(region)) = (&at.quote, region.as_object_mut()) {
        region.insert("snippet".into(), json!({"text": quote}));
    }
    let host = report.sightings.iter().find(|s| finding.sightings.contains(&s.id));
    let mut location = json!({
        "physicalLocation": {"artifactLocation": artifact(&at.path), "region": region},
    });
    if let (Some(sighting), Some(location)) = (host, location.as_object_mut()) {
        let name = format!("{} {}", sighting.host, sighting.path_template);
        location.insert("logicalLocations".into(), json!([{"fullyQualifiedName": name, "kind": "resource"}]));
    }
    result.insert("locations".into(), json!([location]));
    let related = related(finding, report, service);
    if !related.is_empty() {
        result.insert("relatedLocations".into(), json!(related));
    }
    result.insert("fingerprints".into(), json!({"wirewitness/v1": finding.fingerprint}));
    result.insert("partialFingerprints".into(), json!({"primaryLocationLineHash": line_hash(&finding.fingerprint)}));
    if let Some(state) = finding.baseline {
        let state = match state {
            BaselineState::New => "new",
            BaselineState::Worse => "updated",
            BaselineState::Unchanged => "unchanged",
        };
        result.insert("baselineState".into(), json!(state));
    }
    // An empty list says that nothing is suppressed (SARIF §3.27.23), which is known here.
    let suppressions: Vec<Value> = finding
        .suppressed
        .iter()
        .map(|by| {
            let why = fill(words.ignored_by, &[&by.reason, &by.owner, &by.expires, &by.file, &by.line]);
            json!({"kind": "external", "status": "accepted", "justification": why})
        })
        .collect();
    result.insert("suppressions".into(), json!(suppressions));
    result.insert(
        "properties".into(),
        json!({
            "severity": finding.severity.as_str(),
            "security-severity": score(finding.severity),
            "certainty": finding.certainty,
            "recipient": finding.recipient,
            "dataType": finding.data_type,
            "phase": finding.phase,
            "clauses": finding.clauses,
            "count": finding.count,
        }),
    );
    Value::Object(result)
}

/// The policy's other lines, and the places in the traffic.
fn related(finding: &Finding, report: &Report, service: &Service<'_>) -> Vec<Value> {
    let lines = finding.policy.iter().filter(|span| span.line > 0).skip(1).map(|span| {
        let path = service.places.policy.get(span.source as usize).cloned().unwrap_or_default();
        let region = json!({"startLine": span.line, "endLine": span.end_line.max(span.line)});
        (path, Some(region), span.quote.clone())
    });
    let traffic = finding.locators.iter().map(|locator| {
        let input = match &locator.place {
            crate::evidence::Place::Frames { input, .. } | crate::evidence::Place::Entry { input, .. } => *input,
        };
        (input_path(input, report, service.places), None, view::place(locator, report, service.language))
    });
    let places = lines.filter(|(path, _, _)| !path.is_empty()).chain(traffic).take(RELATED);
    places
        .enumerate()
        .map(|(id, (path, region, words))| {
            let mut physical = json!({"artifactLocation": artifact(&path)});
            if let (Some(region), Some(physical)) = (region, physical.as_object_mut()) {
                physical.insert("region".into(), region);
            }
            json!({"id": id + 1, "physicalLocation": physical, "message": {"text": words}})
        })
        .collect()
}

fn artifacts(report: &Report, service: &Service<'_>) -> Vec<Value> {
    let policy = report.declarations.sources.iter().zip(&service.places.policy);
    let policy = policy.map(|(source, path)| json!({"location": artifact(path), "hashes": {"sha-256": source.sha256}}));
    let inputs = report.inputs.iter().zip(&service.places.inputs).map(
        |(input, path)| json!({"location": artifact(path), "length": input.bytes, "hashes": {"sha-256": input.sha256}}),
    );
    policy.chain(inputs).collect()
}

fn artifact(path: &str) -> Value {
    json!({"uri": utf8_percent_encode(path, PATH).to_string(), "uriBaseId": "%SRCROOT%"})
}

/// Services know three levels.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Note => "note",
    }
}

/// In the ranges by which GitHub names them: over 9.0 critical, 7.0 high, 4.0 medium, 0.1 low.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Note => "1.0",
    }
}

/// GitHub follows an alert by this one, in the form `hash:occurrence`.
fn line_hash(fingerprint: &str) -> String {
    format!("{}:1", fingerprint.trim_start_matches("v1:"))
}

/// `omitted-data` as `OmittedData`, the form of rule names.
fn pascal(id: &str) -> String {
    id.split('-')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<Vec<_>>()
        })
        .collect()
}

fn first_sentence(text: &str) -> &str {
    let end =
        ["。", ". ", "：", "; "].iter().filter_map(|stop| text.find(stop).map(|at| at + stop.trim_end().len())).min();
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

fn clip(text: &str) -> String {
    text.chars().take(DESCRIPTION).collect()
}
