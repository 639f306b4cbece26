//! `report.json`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{hostile, keep, sample};
use wirewitness::report::json::render;

#[test]
fn it_reads_back_as_the_same_report() {
    for report in [sample(|_, _, _| {}), hostile(), super::ignored::judged()] {
        let text = render(&report).unwrap();
        let back: wirewitness::audit::Report = serde_json::from_str(&text).unwrap();
        assert_eq!(back, report);
        assert_eq!(render(&back).unwrap(), text);
    }
    keep("report.json", &render(&sample(|_, _, _| {})).unwrap());
}

/// The schemas name each other by address; both are here.
struct Schemas;

impl jsonschema::Retrieve for Schemas {
    fn retrieve(&self, uri: &jsonschema::Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.as_str().rsplit('/').next().unwrap_or_default();
        Ok(schema(name))
    }
}

fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn validator(name: &str) -> jsonschema::Validator {
    jsonschema::options().with_retriever(Schemas).build(&schema(name)).unwrap()
}

fn problems(validator: &jsonschema::Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[test]
fn reports_and_policies_are_what_their_schemas_say() {
    let (of_report, of_policy) = (validator("report.schema.json"), validator("policy.schema.json"));
    for report in [sample(|_, _, _| {}), hostile(), super::ignored::judged()] {
        let value = serde_json::to_value(&report).unwrap();
        assert_eq!(problems(&of_report, &value), Vec::<String>::new());
        assert_eq!(problems(&of_policy, &value["declarations"]), Vec::<String>::new());
    }
}

#[test]
fn schemas_refuse_what_they_do_not_describe() {
    let of_report = validator("report.schema.json");
    let right = serde_json::to_value(sample(|_, _, _| {})).unwrap();
    let wrong = |edit: &dyn Fn(&mut Value)| {
        let mut value = right.clone();
        edit(&mut value);
        !of_report.is_valid(&value)
    };
    assert!(wrong(&|v| v["findings"][0]["code"] = "no-such-code".into()));
    assert!(wrong(&|v| v["findings"][0]["fingerprint"] = "v1:xyz".into()));
    assert!(wrong(&|v| v["sightings"][0]["value"] = "867530900000017".into()));
    assert!(wrong(&|v| v["declarations"]["third_parties"][0]["data"] = "imei".into()));
    assert!(wrong(&|v| v["coverage"]["closed"]["bored"] = 1.into()));
    assert!(wrong(&|v| {
        v.as_object_mut().unwrap().remove("coverage");
    }));
}

#[test]
fn schemas_know_every_code_and_severity() {
    let schema = schema("report.schema.json");
    let listed = |name: &str| -> Vec<String> { serde_json::from_value(schema["$defs"][name]["enum"].clone()).unwrap() };
    let codes: Vec<&str> = wirewitness::audit::codes::CODES.iter().map(|c| c.id).collect();
    assert_eq!(listed("code"), codes);
    assert_eq!(listed("severity"), wirewitness::audit::Severity::ALL.map(|s| s.as_str()));
}
