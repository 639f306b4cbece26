//! The pipelines of `docs/ci.md`, run: their own shell lines, in a folder with a recorded
//! session, and what they leave opened by programs of others.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_wirewitness"))
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).current_dir(folder).output().expect("runs")
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// The `yaml` block of the page that begins with a comment naming `file`.
fn pipeline(file: &str) -> String {
    let page = std::fs::read_to_string(root().join("docs/ci.md")).expect("is readable");
    let block = page.split("```yaml\n").skip(1).find(|block| block.starts_with(&format!("# {file}")));
    block.and_then(|block| block.split("\n```").next()).unwrap_or_else(|| panic!("no {file} in docs/ci.md")).to_owned()
}

/// The shell lines of a pipeline: `run: |` blocks, `run:` lines, and the items of `script:`.
fn shell(yaml: &str) -> String {
    let mut lines = Vec::new();
    let mut block = None;
    let mut script = false;
    for line in yaml.lines() {
        let indent = line.len() - line.trim_start().len();
        let text = line.trim();
        if block.is_some_and(|outer| indent > outer) {
            lines.push(text.to_owned());
            continue;
        }
        block = None;
        if let Some(command) = text.strip_prefix("- run: ") {
            if command == "|" { block = Some(indent) } else { lines.push(command.to_owned()) }
        } else if text == "script:" {
            script = true;
        } else if script && text.starts_with("- ") {
            lines.push(text.trim_start_matches("- ").to_owned());
        } else {
            script = false;
        }
    }
    lines.join("\n")
}

/// A working copy whose recording script unpacks the sample session.
fn checkout() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("scripts")).expect("scripts");
    let script = "#!/bin/sh\nwirewitness demo \"$1\" --color never > /dev/null 2>&1\n";
    let path = folder.path().join("scripts/record-session.sh");
    std::fs::write(&path, script).expect("written");
    assert!(Command::new("chmod").arg("+x").arg(path).status().expect("chmod").success());
    folder
}

fn in_shell(folder: &Path, script: &str) -> Output {
    let path = format!(
        "{}:{}",
        program().parent().expect("has a folder").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    Command::new("bash")
        .args(["-euc", script])
        .current_dir(folder)
        .env("PATH", path)
        .env("GITHUB_STEP_SUMMARY", folder.join("summary.md"))
        .output()
        .expect("bash runs")
}

#[test]
fn the_pipeline_for_github_annotates_sums_up_and_fails() {
    let folder = checkout();
    let output = in_shell(folder.path(), &shell(&pipeline(".github/workflows/privacy.yml")));
    assert_eq!(code(&output), Some(1), "{}", stderr(&output));
    let annotations = stdout(&output);
    assert!(annotations.lines().all(|line| line.starts_with("::")), "{annotations}");
    assert!(annotations.contains("::error file=session/policy.txt,line=20,"), "{annotations}");
    let summary = std::fs::read_to_string(folder.path().join("summary.md")).expect("a summary");
    assert!(summary.starts_with("## ❌ wirewitness · com\\.fengren\\.service"), "{summary}");
    let sarif: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("out/report.sarif")).expect("SARIF"))
            .expect("JSON");
    let uri = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "session/policy.txt");
}

#[test]
fn the_pipeline_for_gitlab_leaves_reports_that_junitparser_opens() {
    let folder = checkout();
    let output = in_shell(folder.path(), &shell(&pipeline(".gitlab-ci.yml")));
    assert_eq!(code(&output), Some(1), "{}", stderr(&output));
    let quality = std::fs::read_to_string(folder.path().join("out/gl-code-quality-report.json")).expect("code quality");
    let quality: Vec<serde_json::Value> = serde_json::from_str(&quality).expect("a list");
    let report = std::fs::read_to_string(folder.path().join("out/report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(quality.len(), report["findings"].as_array().expect("findings").len());
    assert!(quality.iter().any(|item| item["location"]["path"] == "session/policy.txt"));
    // Debian's python3-junitparser, which scripts/setup.sh --tests installs.
    let script = "import junitparser, sys\nx = junitparser.JUnitXml.fromfile(sys.argv[1])\n\
                  cases = [c for s in x for c in s]\n\
                  print(x.tests, x.failures, len(cases), sum(any(isinstance(r, junitparser.Failure) for r in c.result) for c in cases))";
    let opened = Command::new("/usr/bin/python3")
        .args(["-c", script])
        .arg(folder.path().join("out/report.junit.xml"))
        .output()
        .expect("python3 runs");
    let counts: Vec<usize> = stdout(&opened).split_whitespace().map(|n| n.parse().expect("a number")).collect();
    assert_eq!(counts.len(), 4, "{}", stderr(&opened));
    assert!(counts[0] == counts[2] && counts[1] == counts[3] && counts[1] > 0 && counts[0] > counts[1], "{counts:?}");
}

/// A session folder with a recording of `tests/data/again` and the teashop's other files.
fn again(folder: &Path, name: &str) -> PathBuf {
    let session = folder.join(name);
    std::fs::create_dir(&session).expect("a folder");
    let shop = root().join("captures/teashop");
    for file in ["session.toml", "device.toml", "policy.txt"] {
        std::fs::copy(shop.join(file), session.join(file)).expect("copied");
    }
    let recording = if name == "first" { shop } else { root().join("tests/data/again").join(name) };
    for file in ["capture.pcapng", "keys.log", "phases.jsonl"] {
        std::fs::copy(recording.join(file), session.join(file)).expect("copied");
    }
    session
}

/// The audit's report of it, as JSON in a folder.
fn audited(folder: &Path, name: &str) -> String {
    let session = again(folder, name);
    let out = format!("out-{name}");
    let output =
        run(folder, &["audit", session.to_str().expect("UTF-8"), "--quiet", "--format", "json", "--output", &out]);
    assert_eq!(code(&output), Some(1), "{}", stderr(&output));
    out
}

#[test]
fn the_same_actions_recorded_again_differ_in_nothing_and_a_new_recipient_is_the_one_difference() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (audited(folder.path(), "first"), audited(folder.path(), "second"));
    let same = run(folder.path(), &["diff", &first, &second, "--fail-on", "difference"]);
    assert_eq!(code(&same), Some(0), "{}", stdout(&same));
    assert!(stdout(&same).contains("No difference."));

    let added = audited(folder.path(), "added");
    let output = run(folder.path(), &["diff", &first, &added, "--format", "json"]);
    assert_eq!(code(&output), Some(1), "an identifier to nobody that the policy names");
    let difference: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let ids = |what: &str, field: &str| -> Vec<String> {
        let list = difference[what].as_array().expect("a list");
        list.iter().map(|item| item[field].as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(ids("recipients", "id"), ["getui"]);
    assert_eq!(
        (ids("flows", "recipient"), ids("flows", "data_type")),
        (vec!["getui".to_owned()], vec!["oaid".to_owned()])
    );
    assert_eq!(
        (ids("findings", "code"), ids("findings", "recipient")),
        (vec!["omitted-recipient".to_owned()], vec!["getui".to_owned()])
    );
    assert!(difference["findings"][0]["state"]["old"].is_null());
    let back = run(folder.path(), &["diff", &added, &first]);
    assert_eq!(code(&back), Some(0), "what is gone fails nothing");
    let zh = run(folder.path(), &["diff", &first, &added, "--language", "zh", "--format", "markdown"]);
    assert!(stdout(&zh).starts_with("## 两份报告的差异"));
}

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let folder = tempfile::tempdir().expect("a folder");
    let deep = folder.path().join("a/b");
    std::fs::create_dir_all(&deep).expect("folders");
    std::fs::write(
        folder.path().join("wirewitness.toml"),
        "# ours\nfail_on = [\"high\", \"cleartext\"]\nrequire-coverage = 70\npolicy = \"legal/p.txt\"\nquiet = true\n",
    )
    .expect("written");
    let show = |arguments: &[&str], variable: Option<&str>| {
        let mut command = Command::new(program());
        command.args(["config", "show"]).args(arguments).current_dir(&deep);
        if let Some(value) = variable {
            command.env("WIREWITNESS_FAIL_ON", value);
        }
        let output = command.output().expect("runs");
        assert_eq!(code(&output), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    let line = |text: &str, option: &str| {
        let line = text.lines().find(|line| line.split_whitespace().next() == Some(option));
        line.unwrap_or_else(|| panic!("{option} is not in {text}"))
            .split_whitespace()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let file = show(&[], None);
    assert!(
        line(&file, "fail-on").starts_with("high,cleartext ") && line(&file, "fail-on").ends_with("wirewitness.toml:2")
    );
    assert!(line(&file, "policy").contains(&folder.path().join("legal/p.txt").display().to_string()), "{file}");
    assert_eq!(line(&file, "language"), "en default");
    assert!(line(&file, "quiet").starts_with("true "));
    let environment = show(&[], Some("low"));
    assert_eq!(line(&environment, "fail-on"), "low environment WIREWITNESS_FAIL_ON");
    let flag = show(&["audit", "--fail-on", "critical"], Some("low"));
    assert_eq!(line(&flag, "fail-on"), "critical flag");
    assert_eq!(line(&show(&["audit", "--no-config"], None), "fail-on"), "medium default");

    let wrong = |text: &str| {
        std::fs::write(folder.path().join("wrong.toml"), text).expect("written");
        let output = run(folder.path(), &["audit", "x", "--config", "wrong.toml"]);
        assert_eq!(code(&output), Some(2));
        stderr(&output)
    };
    assert!(wrong("\nfail-om = \"high\"\n").contains("wrong.toml:2: \"fail-om\" is no option"));
    assert!(wrong("fail-on = \"hihg\"\n").contains("hihg"));
    assert!(wrong("threads = [1, 2]\n").contains("takes one value"));
}

#[test]
fn ignore_is_added_listed_pruned_and_heeded() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(code(&run(folder.path(), &["demo", "s", "--color", "never"])), Some(0));
    let audit = |more: &[&str]| {
        let mut arguments = vec!["audit", "s", "--format", "json", "--output", "out", "--fail-on", "denied"];
        arguments.extend(more);
        run(folder.path(), &arguments)
    };
    assert_eq!(code(&audit(&["--quiet"])), Some(1));
    let who = ["--reason", "r", "--owner", "QA", "--expires", "2030-06-30", "--today", "2030-01-01"];
    let add = |more: &[&str]| run(folder.path(), &[&["ignore", "add", "s"], more, &who[..]].concat());
    assert_eq!(code(&add(&["--code", "denied"])), Some(0));
    assert_eq!(code(&add(&["--code", "in-background", "--recipient", "nobody"])), Some(0));
    assert_eq!(code(&add(&["--code", "denyed"])), Some(2));
    assert_eq!(code(&add(&[])), Some(2), "a line that names nothing");
    assert_eq!(code(&audit(&["--today", "2030-01-01", "--quiet"])), Some(0));
    let soon = audit(&["--today", "2030-06-20"]);
    assert_eq!(code(&soon), Some(0));
    assert!(
        stderr(&soon).contains("ignore.toml:1: expires on 2030-06-30") && stderr(&soon).contains("reaches no finding")
    );
    let late = audit(&["--today", "2030-07-01"]);
    assert_eq!(code(&late), Some(1), "what has expired is back");
    assert!(stderr(&late).contains("ignore.toml:1: expired on 2030-06-30"));
    let list = run(folder.path(), &["ignore", "list", "s", "--report", "out/report.json", "--today", "2030-06-20"]);
    assert!(
        stdout(&list).contains("expires in 10 days") && stdout(&list).contains("reaches no finding"),
        "{}",
        stdout(&list)
    );
    let prune = ["ignore", "prune", "s", "--report", "out/report.json", "--today", "2030-06-20"];
    assert_eq!(code(&run(folder.path(), &prune)), Some(0));
    let left = std::fs::read_to_string(folder.path().join("s/ignore.toml")).expect("the file");
    assert!(left.contains("\"denied\"") && !left.contains("in-background"), "{left}");
    let all = run(folder.path(), &["ignore", "prune", "s", "--today", "2031-01-01"]);
    assert_eq!(code(&all), Some(0));
    assert_eq!(std::fs::read_to_string(folder.path().join("s/ignore.toml")).expect("the file"), "");
    std::fs::write(folder.path().join("s/ignore.toml"), "[[ignore]]\ncode = \"denied\"\nreason = \"r\"\n")
        .expect("written");
    let bad = audit(&[]);
    assert!(code(&bad) == Some(2) && stderr(&bad).contains("ignore.toml:1: owner is missing"), "{}", stderr(&bad));
}
