//! `docs/dependencies.md` gives a reason for every crate that `Cargo.toml` names, and for no other.

use std::collections::BTreeSet;
use std::path::Path;

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("is readable")
}

/// Crates in the tables of dependencies, of all targets.
fn named() -> BTreeSet<String> {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let targets =
        manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(|targets| targets.values());
    let places = targets.filter_map(toml::Value::as_table).chain([&manifest]);
    places
        .flat_map(|place| ["dependencies", "dev-dependencies", "build-dependencies"].map(|kind| place.get(kind)))
        .flatten()
        .filter_map(toml::Value::as_table)
        .flat_map(|table| table.keys().cloned())
        .collect()
}

/// Crates in the first column of the page's table.
fn explained() -> Vec<String> {
    let page = read("docs/dependencies.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('|'));
    rows.inspect(|(crates, reason)| assert!(reason.trim_end_matches('|').trim().len() > 5, "{crates}: no reason"))
        .flat_map(|(crates, _)| {
            crates.split(',').map(|name| name.trim().trim_matches('`').to_owned()).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_dependency_has_its_reason() {
    let (named, explained) = (named(), explained());
    let unique: BTreeSet<String> = explained.iter().cloned().collect();
    assert!(named.len() > 50, "{named:?}");
    assert_eq!(unique.len(), explained.len(), "a crate stands there twice");
    assert_eq!(named.difference(&unique).collect::<Vec<_>>(), Vec::<&String>::new(), "without a reason");
    assert_eq!(unique.difference(&named).collect::<Vec<_>>(), Vec::<&String>::new(), "no dependency any more");
}
