//! `inspect`: every sighting with its message, its layers, an excerpt and the reason; by
//! recipient or by type, as text, page and JSON, in both languages; and no value in any.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn session() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/teashop")
}

fn inspect(options: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["inspect", "--quiet"])
        .arg(session())
        .args(options)
        .output()
        .expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn values() -> Vec<String> {
    let text = std::fs::read_to_string(session().join("device.toml")).expect("is readable");
    let profile: toml::Table = text.parse().expect("TOML");
    let ids = profile["ids"].as_table().expect("a table").values();
    let values = ids.filter_map(|v| v.as_array()).flatten().filter_map(|v| v.as_str());
    // Shorter ones are words that stand in names as well.
    values.filter(|v| v.len() >= 8 && !v.starts_with("com.")).map(str::to_owned).collect()
}

#[test]
fn each_sighting_is_explained_in_text_and_page() {
    let json: Value = serde_json::from_str(&inspect(&["--format", "json"])).expect("JSON");
    let sightings = json["sightings"].as_array().expect("a list");
    assert!(sightings.len() > 10);
    for options in [&["--format", "text"][..], &["--format", "html"], &["--format", "html", "--sort", "type"]] {
        let page = inspect(options);
        for sighting in sightings {
            let field = |name: &str| sighting[name].as_str().unwrap_or_default().to_owned();
            let escape = |text: String| match options[1] {
                "html" => text.replace('&', "&#38;").replace('<', "&#60;").replace('"', "&#34;").replace('\'', "&#39;"),
                _ => text,
            };
            for part in [field("masked"), field("label"), field("reason"), field("path_template"), field("host")] {
                assert!(page.contains(&escape(part.clone())), "{options:?}: {part}");
            }
        }
    }
}

#[test]
fn an_excerpt_shows_structure_and_a_masked_value() {
    let page = inspect(&[]);
    for excerpt in [
        "{…\"imsi\":\"46····…··87\"…}",
        "…&imei=86····…··59&…",
        "{…\"content\":[…{…\"android_id\":\"c4····…··3a\"…}…]…}",
    ] {
        assert!(page.contains(excerpt), "{excerpt}\n{page}");
    }
}

#[test]
fn sections_are_recipients_or_types() {
    let headings = |sort: &str| -> Vec<String> {
        let page = inspect(&["--sort", sort]);
        page.lines().skip(1).filter(|l| !l.is_empty() && !l.starts_with(' ')).map(str::to_owned).collect()
    };
    let (recipients, types) = (headings("recipient"), headings("type"));
    assert!(
        recipients.iter().any(|h| h == "Jiguang (JPush)") && !recipients.iter().any(|h| h == "IMEI"),
        "{recipients:?}"
    );
    assert!(types.iter().any(|h| h == "IMEI") && !types.iter().any(|h| h == "Jiguang (JPush)"), "{types:?}");
    assert!(types.iter().any(|h| h == "Bugly"), "who got nothing readable is listed all the same: {types:?}");
}

#[test]
fn a_page_is_whole_and_runs_nothing() {
    let page = inspect(&["--format", "html", "--language", "zh"]);
    assert!(page.contains("<html lang=\"zh-Hans\">") && page.contains("流量中有什么") && page.ends_with("</html>\n"));
    for forbidden in ["<script", " src=", "http-equiv=\"refresh\"", "@import", "url("] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn no_value_is_in_any_output() {
    let values = values();
    assert!(values.len() >= 5, "{values:?}");
    for options in [
        &["--format", "text"][..],
        &["--format", "json"],
        &["--format", "html"],
        &["--format", "html", "--sort", "type", "--language", "zh"],
    ] {
        let page = inspect(options).to_lowercase();
        for value in &values {
            assert!(!page.contains(&value.to_lowercase()), "{options:?}: {value}");
        }
    }
}

/// What `inspect` writes to standard error, on a terminal or not. The pseudo-terminal is
/// util-linux's `script`; standard output goes elsewhere.
fn said(terminal: bool, options: &str, copies: usize) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = |n: usize| {
        let to = folder.path().join(format!("{n}.pcapng"));
        std::fs::copy(session().join("capture.pcapng"), &to).expect("copied");
        to.display().to_string()
    };
    let inputs = (0..copies).map(copy).collect::<Vec<_>>().join(" ");
    let output = folder.path().join("out");
    let command = format!(
        "{} inspect --format json {options} {inputs} > {}",
        env!("CARGO_BIN_EXE_wirewitness"),
        output.display()
    );
    let output = match terminal {
        true => Command::new("script").args(["--quiet", "--return", "--command", &command, "/dev/null"]).output(),
        false => Command::new("sh").args(["-c", &command]).output(),
    };
    let output = output.expect("runs");
    // The same connections over and over: little of them is opened, and that is what it says.
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8")
}

#[test]
fn how_far_it_is_shows_on_a_terminal_only_and_goes_away() {
    let shown = said(true, "", 96);
    let lines: Vec<&str> = shown.split("\r\x1b[K").collect();
    let (Some(last), true) = (lines.last(), lines.len() > 2) else { panic!("{shown:?}") };
    assert!(last.starts_with("the same content"), "the line goes when it is over: {last}");
    assert!(lines.iter().any(|line| line.starts_with("pass 1: ") || line.starts_with("pass 2: ")), "{shown:?}");
    assert!(shown.contains(" % of ") && shown.contains(" messages, "), "{shown:?}");
    assert!(said(true, "--language zh", 96).contains("遍："));
    for quiet in [said(true, "--quiet", 96), said(false, "", 96)] {
        assert!(!quiet.contains('\x1b') && !quiet.contains("pass "), "{quiet:?}");
    }
}

#[test]
fn the_same_capture_twice_is_told() {
    let told = "the same content, so what it holds is counted";
    assert!(!said(false, "", 1).contains(told));
    let twice = said(false, "", 2);
    assert!(twice.contains(&format!("{told} 2 times: 0.pcapng, 1.pcapng\n")), "{twice}");
}
