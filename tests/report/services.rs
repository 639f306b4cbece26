//! Formats for services: SARIF, JUnit, GitLab, GitHub, Markdown, JSON Lines.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use wirewitness::audit::codes::CODES;
use wirewitness::audit::gate::Gate;
use wirewitness::audit::{Report, Severity};
use wirewitness::report::{Language, Places, Service, github, gitlab, jsonl, junit, markdown, sarif};

use super::ignored::judged;
use super::{hostile, keep, sample};

const LANGUAGES: [Language; 2] = [Language::En, Language::Zh];

fn with<T>(report: &Report, language: Language, render: impl Fn(&Report, &Service<'_>) -> T) -> T {
    let gate = Gate::default();
    let places = Places {
        policy: vec!["legal/privacy policy.txt".to_owned()],
        inputs: vec!["sessions/last/jetpad.pcapng".to_owned()],
    };
    render(report, &Service { language, gate: &gate, places: &places })
}

fn reports() -> Vec<Report> {
    let nothing = sample(|observations, _, _| {
        observations.flows.clear();
        observations.sightings.clear();
        observations.contacts.clear();
    });
    vec![sample(|_, _, _| {}), judged(), hostile(), nothing]
}

fn sarif_of(report: &Report, language: Language) -> Value {
    serde_json::from_str(&with(report, language, sarif::render).unwrap()).unwrap()
}

#[test]
fn sarif_is_what_its_schema_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sarif/sarif-schema-2.1.0.json");
    // The pattern of a language tag has a bracket that ECMA 262 takes for itself and no
    // other dialect does: escaped, it means the same.
    let text = fs::read_to_string(path).unwrap().replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}\\\\]?$");
    let schema: Value = serde_json::from_str(&text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for report in reports() {
        for language in LANGUAGES {
            let log = sarif_of(&report, language);
            let problems: Vec<String> =
                validator.iter_errors(&log).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert_eq!(problems, Vec::<String>::new());
        }
    }
    // The validator is one that refuses.
    let mut wrong = sarif_of(&sample(|_, _, _| {}), Language::En);
    wrong["runs"][0]["results"][0]["baselineState"] = "worse".into();
    assert!(!validator.is_valid(&wrong));
    keep("report.sarif", &with(&judged(), Language::En, sarif::render).unwrap());
}

#[test]
fn sarif_results_point_at_the_policy_and_carry_their_state() {
    let report = judged();
    let log = sarif_of(&report, Language::En);
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let absent = &report.baseline.as_ref().unwrap().absent;
    assert_eq!(results.len(), report.findings.len() + absent.len());
    for (finding, result) in report.findings.iter().zip(results) {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], finding.code.as_str());
        let place = &result["locations"][0]["physicalLocation"];
        match finding.policy.first() {
            Some(span) => {
                assert_eq!(place["artifactLocation"]["uri"], "legal/privacy%20policy.txt");
                assert_eq!(place["region"]["startLine"], span.line);
            }
            None => assert_eq!(place["artifactLocation"]["uri"], "sessions/last/jetpad.pcapng"),
        }
        assert_eq!(result["fingerprints"]["wirewitness/v1"], finding.fingerprint.as_str());
        assert_eq!(result["suppressions"].as_array().unwrap().len(), usize::from(finding.suppressed.is_some()));
    }
    let states: BTreeSet<&str> = results.iter().map(|r| r["baselineState"].as_str().unwrap()).collect();
    assert!(states.contains("new") && states.contains("unchanged") && states.contains("absent"), "{states:?}");
    assert!(
        report.findings.iter().any(|f| f.policy.is_empty()) && report.findings.iter().any(|f| !f.policy.is_empty())
    );
    let text = |language| sarif_of(&report, language)["runs"][0]["results"][0]["message"]["text"].clone();
    assert_eq!(text(Language::Zh), report.findings[0].message.zh.as_str());
    assert_eq!(text(Language::En), report.findings[0].message.en.as_str());
}

#[test]
fn sarif_keeps_the_limits_of_services() {
    let mut report = sample(|_, _, _| {});
    let mut one = report.findings[0].clone();
    (one.clauses, one.policy, one.sightings, one.locators) = Default::default();
    report.findings = vec![one; 25_003];
    let log = sarif_of(&report, Language::En);
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 25_000);
    let told = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert!(told.iter().any(|n| n["message"]["text"].as_str().unwrap().starts_with("3 more findings")));
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), CODES.len());
    for rule in rules {
        assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 10);
        let score: f64 = rule["properties"]["security-severity"].as_str().unwrap().parse().unwrap();
        assert!((0.1..=10.0).contains(&score));
        for field in ["shortDescription", "fullDescription"] {
            let text = rule[field]["text"].as_str().unwrap();
            assert!(!text.is_empty() && text.chars().count() <= 1024, "{text}");
        }
        assert!(rule["help"]["markdown"].as_str().unwrap().contains("**How to mend.**"));
    }
}

/// Elements by name, and what stands in attributes and text, put together.
fn xml(text: &str) -> (Vec<String>, String) {
    use quick_xml::events::Event;
    let (mut names, mut said) = (Vec::new(), String::new());
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return (names, said),
            Event::Start(tag) | Event::Empty(tag) => {
                names.push(tag.name().as_ref().to_owned());
                for attribute in tag.attributes() {
                    said.push_str(&attribute.unwrap().value);
                }
            }
            Event::Text(text) => said.push_str(&text),
            Event::GeneralRef(name) => said.push_str(&format!("&{};", &*name)),
            _ => {}
        }
    }
}

#[test]
fn junit_has_a_case_for_each_code_in_each_phase_and_shows_what_passes() {
    for report in reports() {
        for language in LANGUAGES {
            let text = with(&report, language, junit::render).unwrap();
            let (names, _) = xml(&text);
            let count = |name: &str| names.iter().filter(|n| *n == name).count();
            let gate = Gate::default();
            let failing = report.findings.iter().filter(|f| gate.fails(f, &report));
            let cases: BTreeSet<(&str, &str)> = failing
                .flat_map(|f| {
                    wirewitness::audit::gate::phases(f, &report).into_iter().map(move |p| (f.code.as_str(), p))
                })
                .collect();
            let coverage = usize::from(!gate.saw_enough(&report));
            assert_eq!(count("failure"), cases.len() + coverage);
            assert_eq!(count("testcase"), text.matches("<testcase classname=\"wirewitness.").count());
            for code in CODES {
                let only = ["before-consent", "contact-before-consent", "after-refusal", "in-background"];
                let named = text.contains(&format!(" name=\"{}\"", code.id));
                assert!(named || only.contains(&code.id), "{} has no case", code.id);
            }
        }
    }
    let text = with(&judged(), Language::En, junit::render).unwrap();
    keep("report.junit.xml", &text);
    assert!(text.contains("classname=\"wirewitness.after-consent\" name=\"denied\""));
    assert!(text.contains("<skipped message=") && text.contains("push team"), "what is ignored is skipped");
    assert!(text.contains("require-coverage"));
}

#[test]
fn gitlab_lists_what_counts_once_each() {
    let report = judged();
    let list: Vec<Value> = serde_json::from_str(&with(&report, Language::En, gitlab::render).unwrap()).unwrap();
    let counts = report
        .findings
        .iter()
        .filter(|f| f.suppressed.is_none() && f.baseline != Some(wirewitness::audit::BaselineState::Unchanged));
    assert_eq!(list.len(), counts.count());
    let all: Vec<Value> =
        serde_json::from_str(&with(&sample(|_, _, _| {}), Language::Zh, gitlab::render).unwrap()).unwrap();
    let prints: BTreeSet<&str> = all.iter().map(|item| item["fingerprint"].as_str().unwrap()).collect();
    assert_eq!(prints.len(), all.len());
    for item in &all {
        for field in ["description", "check_name", "fingerprint", "severity"] {
            assert!(!item[field].as_str().unwrap().is_empty());
        }
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&item["severity"].as_str().unwrap()));
        assert!(item["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
        assert!(!item["location"]["path"].as_str().unwrap().starts_with(['/', '.']));
    }
}

#[test]
fn github_gets_commands_and_nothing_else() {
    for report in reports() {
        for language in LANGUAGES {
            let text = with(&report, language, github::render).unwrap();
            for line in text.lines() {
                let command = line.strip_prefix("::").and_then(|rest| rest.split_once("::"));
                let (head, said) = command.unwrap_or_else(|| panic!("no command: {line}"));
                assert!(["error", "warning", "notice"].contains(&head.split(' ').next().unwrap()), "{line}");
                assert!(!said.is_empty() && !said.contains('\r'));
            }
            for kind in ["::error ", "::warning ", "::notice "] {
                assert!(text.lines().filter(|line| line.starts_with(kind)).count() <= 10, "{kind}");
            }
        }
    }
    let report = sample(|_, _, _| {});
    let text = with(&report, Language::En, github::render).unwrap();
    let worst = &report.findings[0];
    assert_eq!(worst.severity, Severity::Critical);
    assert!(text.starts_with("::error file=legal/privacy policy.txt,line="), "{text}");
    assert!(text.contains(&worst.fingerprint.replace(':', "%3A")));
}

#[test]
fn a_stranger_can_begin_no_workflow_command() {
    let evil = "x\n::add-mask::y\r\n::error file=a::b %0A";
    let report = sample(|observations, policy, session| {
        session.app = Some(evil.to_owned());
        observations.inputs[0].name = evil.to_owned();
        for row in &mut policy.third_parties {
            row.product = Some(evil.to_owned());
        }
        for recipient in observations.recipients.values_mut() {
            recipient.zh = evil.to_owned();
            recipient.en = evil.to_owned();
        }
    });
    for language in LANGUAGES {
        let text = with(&report, language, github::render).unwrap();
        assert!(
            text.lines().all(|l| ["::error ", "::warning ", "::notice "].iter().any(|c| l.starts_with(c))),
            "{text}"
        );
        assert!(text.contains("%250A"), "a percent sign stays one");
    }
}

#[test]
fn markdown_is_a_summary_that_no_stranger_writes() {
    for language in LANGUAGES {
        let text = with(&sample(|_, _, _| {}), language, markdown::render).unwrap();
        assert!(text.starts_with("## ❌ wirewitness"));
        let text = with(&judged(), language, markdown::render).unwrap();
        keep(&format!("report.{}.md", language.tag()), &text);
        assert!(text.starts_with("## ✅ wirewitness"), "the one new finding is ignored");
        for finding in &judged().findings {
            assert!(text.contains(&format!("`{}`", finding.code)));
        }
        assert!(text.contains("~~"), "what is ignored is struck out");
        let evil = with(&hostile(), language, markdown::render).unwrap();
        assert!(!evil.contains("<script") && !evil.contains('\u{1b}') && !evil.contains('\u{202e}'));
        let tags: BTreeSet<&str> = evil.split('<').skip(1).map(|rest| rest.split(['>', ' ']).next().unwrap()).collect();
        let ours = BTreeSet::from(["details", "summary", "/summary", "/details", "code", "/code", "!--"]);
        assert!(tags.is_subset(&ours), "{tags:?}");
        // A column for how it stands, only where something is ignored or stands against a baseline.
        for (text, bars) in [(&evil, 5), (&text, 6)] {
            for row in text.lines().filter(|line| line.starts_with("| ")) {
                assert_eq!(row.replace("\\|", "").matches('|').count(), bars, "{row}");
            }
        }
    }
}

#[test]
fn hostile_names_are_text_in_xml() {
    for language in LANGUAGES {
        let (names, said) = xml(&with(&hostile(), language, junit::render).unwrap());
        let ours = ["testsuites", "testsuite", "testcase", "failure", "skipped", "system-out"];
        assert!(names.iter().all(|name| ours.contains(&name.as_str())), "{names:?}");
        assert!(!said.contains('<') && !said.contains('\u{1b}') && said.contains("&lt;script&gt;"));
    }
}

#[test]
fn json_lines_are_the_findings_of_the_report() {
    for report in reports() {
        let text = jsonl::render(&report).unwrap();
        let back: Vec<wirewitness::audit::Finding> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(back, report.findings);
    }
}
