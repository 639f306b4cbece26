//! Each recipe on a payload as its SDK packs it (tests/recipes/make.py, by Python and
//! openssl), without a device profile: what is found is found because the recipe says what
//! the fields are. And a recipe in a user's folder opens an SDK that does not exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recipes")
}

fn wirewitness(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wirewitness")).args(arguments).current_dir(folder()).output().expect("runs")
}

fn inspect(more: &[&str]) -> Value {
    let output = wirewitness(&[&["inspect", "cases.har", "--quiet", "--format", "json"], more].concat());
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn cases() -> Vec<Value> {
    let text = std::fs::read_to_string(folder().join("cases.json")).expect("is readable");
    serde_json::from_str(&text).expect("JSON")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Data types by entry, with their certainty. A sighting that repeats has the place of the
/// first, so types are asked of entries with values of their own kind only.
fn found(seen: &Value) -> BTreeMap<u64, BTreeMap<String, String>> {
    let mut found: BTreeMap<u64, BTreeMap<String, String>> = BTreeMap::new();
    for sighting in seen["sightings"].as_array().expect("a list") {
        let entry = sighting["locator"]["place"]["entry"].as_u64().expect("an entry");
        found.entry(entry).or_default().insert(text(&sighting["data_type"]), text(&sighting["certainty"]));
    }
    found
}

#[test]
fn every_recipe_has_a_case() {
    let listed = wirewitness(&["signatures", "list", "recipes"]);
    let listed = String::from_utf8(listed.stdout).expect("UTF-8");
    let recipes: BTreeSet<String> = listed.lines().filter_map(|l| l.split('\t').next()).map(str::to_owned).collect();
    let cases: BTreeSet<String> =
        cases().iter().map(|c| text(&c["recipe"])).filter(|r| !r.starts_with("user:")).collect();
    assert!(recipes.len() > 50, "{recipes:?}");
    assert_eq!(recipes, cases);
}

#[test]
fn what_opens_is_opened_and_what_does_not_is_named() {
    let seen = inspect(&[]);
    let found = found(&seen);
    let sealed: BTreeMap<String, u64> = seen["sealed"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|s| (text(&s["recipe"]), s["place"]["entry"].as_u64().expect("an entry")))
        .collect();
    let mut wrong = Vec::new();
    for (entry, case) in cases().iter().enumerate() {
        let recipe = text(&case["recipe"]);
        if recipe.starts_with("user:") {
            continue;
        }
        let at = found.get(&(entry as u64));
        for data_type in case["types"].as_array().expect("a list").iter().map(text) {
            let certainty = at.and_then(|types| types.get(&data_type)).map_or("-", String::as_str);
            let experimental = ["jiguang-report-plain", "zhuge-event"].contains(&recipe.as_str());
            let wanted = if experimental { "possible" } else { "probable" };
            if certainty != wanted {
                wrong.push(format!("{recipe}: {data_type} is {certainty}, not {wanted}"));
            }
        }
        let is_sealed = sealed.get(&recipe) == Some(&(entry as u64));
        if is_sealed != case["sealed"].is_string() {
            wrong.push(format!("{recipe}: sealed: {is_sealed}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_users_recipe_opens_a_made_up_sdk() {
    let entry = cases().iter().position(|c| c["recipe"] == "user:kettle").expect("is there") as u64;
    assert_eq!(found(&inspect(&[])).get(&entry), None, "without the recipe nothing is seen");
    let seen = inspect(&["--signatures", "signatures"]);
    let types: Vec<(String, String)> = found(&seen).remove(&entry).expect("something is seen").into_iter().collect();
    let probable = |id: &str| (id.to_owned(), "probable".to_owned());
    assert_eq!(types, [probable("imei"), probable("oaid")]);
    let sighting = seen["sightings"].as_array().expect("a list").iter().find(|s| s["recipient"] == "kettle");
    let sighting = sighting.expect("to the user's product");
    assert_eq!(sighting["published_key"], true, "anyone can open it");
    let steps: Vec<String> =
        sighting["locator"]["steps"].as_array().expect("a list").iter().map(|s| text(&s["name"])).collect();
    let wanted = ["body", "form", "base64", "aes-256-cbc", "rc4", "xor", "gzip", "json", "split"];
    assert_eq!(steps, wanted);
    let check = wirewitness(&["signatures", "check", "--signatures", "signatures"]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}

/// What the page shows, and nothing else, adds an SDK that nobody knows.
#[test]
fn the_page_alone_is_enough_for_a_signature() {
    let page = std::fs::read_to_string(folder().join("../../docs/recipes.md")).expect("is readable");
    let blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let tables: Vec<&str> = blocks.filter(|block| block.starts_with('[')).collect();
    assert!(tables.len() >= 4, "{tables:?}");
    let overlay = tempfile::tempdir().expect("a folder");
    std::fs::write(overlay.path().join("kettle.toml"), tables.join("\n\n")).expect("written");
    let overlay = overlay.path().to_str().expect("UTF-8");
    let check = wirewitness(&["signatures", "check", "--signatures", overlay]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    let which = wirewitness(&["signatures", "which", "up.kettle.example", "--signatures", overlay]);
    assert!(String::from_utf8_lossy(&which.stdout).contains("Kettle Analytics"));
}

/// The example of the documentation: by a condition, after a head, in a field of a field.
#[test]
fn the_example_of_the_documentation_runs() {
    let page = std::fs::read_to_string(folder().join("../../docs/recipes.md")).expect("is readable");
    let file = std::fs::read_to_string(folder().join("signatures/kettle.toml")).expect("is readable");
    let example = file.split_once("as it stands there.\n").expect("is there").1;
    assert!(page.contains(example), "docs/recipes.md has it as it stands in {file}");
    let head =
        file.split_once("[company]").and_then(|(_, rest)| rest.split_once("\n\n[[recipe]]")).expect("is there").0;
    assert!(page.contains(&format!("[company]{head}\n```")), "docs/recipes.md has company and product of {file}");
    let entry = |name: &str| cases().iter().position(|c| c["recipe"] == name).expect("is there") as u64;
    let (called, other) = (entry("user:kettle-calls"), entry("user:kettle-other"));
    let found = found(&inspect(&["--signatures", "signatures"]));
    let types: Vec<(&str, &str)> =
        found.get(&called).into_iter().flatten().map(|(t, c)| (t.as_str(), c.as_str())).collect();
    assert_eq!(types, [("mac", "probable")]);
    let other: Vec<&str> = found.get(&other).into_iter().flatten().map(|(_, certainty)| certainty.as_str()).collect();
    assert_eq!(other, ["possible"], "its condition does not hold: only the shape of the address speaks");
}

/// What cannot run is named with file and line, and is never silently left out.
#[test]
fn a_wrong_recipe_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    for (steps, words) in [
        (r#"["rot13"]"#, r#"step "rot13" is not known"#),
        (r#"[{ aes-128-ecb = "short" }]"#, "the key has 5 bytes, not 16"),
        (r#"[{ aes-128-cbc = "0123456789abcdef" }]"#, "needs iv"),
        (r#"[{ skip = -1 }]"#, "is not a length"),
        (r#"[{ xor = "zz", key_form = "hex" }]"#, "the key is not hex"),
        (r#"[{ base65 = "x" }]"#, r#"step "base65" is not known"#),
        (r#"[{ split = "" }]"#, "one character or more"),
        (r#"[{ base64 = "x", json = "$.a" }]"#, "a step has one name"),
    ] {
        let recipe = format!(
            "[[recipe]]\nid = \"x\"\nproduct = \"getui\"\npath = \"^/x$\"\nfrom = \"body\"\nsteps = {steps}\nsource = \"test\"\n"
        );
        std::fs::write(dir.path().join("x.toml"), recipe).expect("written");
        let check = wirewitness(&["signatures", "check", "--signatures", dir.path().to_str().expect("UTF-8")]);
        let said = String::from_utf8_lossy(&check.stdout);
        assert_eq!(check.status.code(), Some(2), "{steps}: {said}");
        assert!(said.contains("x.toml:1: recipe x: ") && said.contains(words), "{steps}: {said}");
    }
}
