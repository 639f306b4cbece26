//! `tests/identify/lookalikes`: what looks like an identifier and is none. Nothing of it may
//! be *confirmed*, at most one in a hundred *probable*, with the device profile and without.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/identify")
}

/// Host to kind, by the comments of the entries.
fn kinds() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder().join("lookalikes/lookalikes.har")).expect("is readable");
    let har: Value = serde_json::from_str(&text).expect("is JSON");
    let entries = har["log"]["entries"].as_array().expect("a list");
    let one = |entry: &Value| {
        let url = entry["request"]["url"].as_str().expect("a URL");
        let host = url.trim_start_matches("https://").split('/').next().unwrap_or_default();
        (host.to_owned(), entry["comment"].as_str().expect("a comment").to_owned())
    };
    entries.iter().map(one).collect()
}

/// Host, certainty and type of everything that was found.
fn found(profile: bool) -> Vec<[String; 3]> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirewitness"));
    command.arg("inspect").arg(folder().join("lookalikes/lookalikes.har")).args(["--format", "json"]);
    if profile {
        command.arg("--device").arg(folder().join("matrix/device.toml"));
    }
    let output = command.output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let observations: Value = serde_json::from_slice(&output.stdout).expect("is JSON");
    let sightings = observations["sightings"].as_array().expect("a list");
    sightings
        .iter()
        .map(|s| ["host", "certainty", "data_type"].map(|k| s[k].as_str().unwrap_or_default().to_owned()))
        .collect()
}

#[test]
fn look_alikes_accuse_nobody() {
    let kinds = kinds();
    let different = kinds.values().collect::<std::collections::BTreeSet<_>>().len();
    assert!(kinds.len() >= 500 && different >= 25, "{} of {different} kinds", kinds.len());
    for profile in [true, false] {
        // Without a profile an IMEI under the key `imei` is one, whoever's.
        let counts = |host: &str| profile || !kinds.get(host).is_some_and(|kind| kind.ends_with(", profile only"));
        let asked = kinds.keys().filter(|host| counts(host)).count();
        let found: Vec<[String; 3]> = found(profile).into_iter().filter(|[host, ..]| counts(host)).collect();
        let of = |certainty: &str| -> Vec<String> {
            let is = |[_, c, _]: &&[String; 3]| c == certainty;
            found
                .iter()
                .filter(is)
                .map(|[host, _, t]| format!("{t} ({})", kinds.get(host).map_or("?", String::as_str)))
                .collect()
        };
        let (confirmed, probable, possible) = (of("confirmed"), of("probable"), of("possible"));
        println!(
            "{} a profile: {asked} look-alikes of {different} kinds, {} confirmed, {} probable, {} possible",
            if profile { "with" } else { "without" },
            confirmed.len(),
            probable.len(),
            possible.len()
        );
        assert!(confirmed.is_empty(), "confirmed: {confirmed:#?}");
        assert!(probable.len() * 100 <= asked, "probable: {probable:#?}");
    }
}

/// The set can fail: the values themselves, in its own entries, are found.
#[test]
fn the_profile_is_the_one_that_the_look_alikes_were_made_from() {
    let folder = folder();
    let device = std::fs::read_to_string(folder.join("matrix/device.toml")).expect("is readable");
    let imei = device.lines().find_map(|l| l.strip_prefix("imei = [\"")).and_then(|l| l.get(..15)).expect("an IMEI");
    let har = std::fs::read_to_string(folder.join("lookalikes/lookalikes.har")).expect("is readable");
    assert!(har.contains(&format!("0.{imei}")), "the fraction with the IMEI's digits");
    let planted = har.replace(&format!("0.{imei}"), imei);
    let file = tempfile::Builder::new().suffix(".har").tempfile().expect("a file");
    std::fs::write(file.path(), planted).expect("is written");
    let output = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .arg("inspect")
        .arg(file.path())
        .args(["--format", "json", "--device"])
        .arg(folder.join("matrix/device.toml"))
        .output()
        .expect("runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"confirmed\""));
}
