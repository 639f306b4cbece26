//! Every command that the README and the pages in `docs/` show is run here.
//!
//! The lines of ```` ```sh ```` blocks of one page are run in order, in one empty folder, with
//! the program on the PATH. A line ends with `# exit N` where it exits with something
//! else than 0. Building and setting up is what `.ci/run` does: those lines must stand there.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Begin lines that build, install or run the whole test suite.
const BY_CI: &[&str] = &["scripts/setup.sh", "cargo "];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    for entry in std::fs::read_dir(root().join("docs")).expect("docs is readable") {
        let path = entry.expect("entry").path();
        if path.extension().is_some_and(|e| e == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    pages
}

/// The lines of the page's `sh` blocks, continued lines joined.
fn commands(text: &str) -> Vec<String> {
    lines_of(text, "```sh")
}

/// The lines of the blocks that begin with `fence`.
fn lines_of(text: &str, fence: &str) -> Vec<String> {
    let (mut commands, mut inside, mut other, mut pending) = (Vec::new(), false, false, String::new());
    for line in text.lines() {
        match line.trim_start() {
            line if !inside && !other && line == fence => inside = true,
            "```" => (inside, other) = (false, !inside && !other),
            line if line.starts_with("```") => other = true,
            command if inside && !command.is_empty() && !command.starts_with('#') => {
                pending.push_str(command.trim_end_matches('\\'));
                if !command.ends_with('\\') {
                    commands.push(std::mem::take(&mut pending));
                }
            }
            _ => {}
        }
    }
    commands
}

#[test]
fn every_command_shown_runs_as_shown() {
    let program = Path::new(env!("CARGO_BIN_EXE_wirewitness"));
    let path =
        format!("{}:{}", program.parent().expect("has a folder").display(), std::env::var("PATH").unwrap_or_default());
    let ci = std::fs::read_to_string(root().join(".ci/run")).expect("is readable");
    let mut run = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("is readable");
        let folder = tempfile::tempdir().expect("a folder");
        if page.ends_with("imports.md") {
            // What its commands read: a file of another tool, and a session folder with several.
            let data = root().join("tests/data");
            std::fs::copy(data.join("import/proxies/charles.chlsj"), folder.path().join("session.chlsj"))
                .expect("copies");
            std::fs::create_dir(folder.path().join("phone")).expect("is made");
            for name in ["traffic.pcap", "connections.csv", "camille.xls", "trackercontrol.csv"] {
                std::fs::copy(data.join("beside").join(name), folder.path().join("phone").join(name)).expect("copies");
            }
        }
        for command in commands(&text) {
            if BY_CI.iter().any(|start| command.starts_with(start)) {
                for part in command.split("&&").map(str::trim) {
                    assert!(ci.contains(part), "{}: `{part}` is not in .ci/run", page.display());
                }
                continue;
            }
            let wanted = command.rsplit_once("# exit ").and_then(|(_, code)| code.trim().parse().ok()).unwrap_or(0);
            let output = Command::new("bash")
                .args(["-c", &command])
                .current_dir(folder.path())
                .env("PATH", &path)
                .env("XDG_CONFIG_HOME", folder.path().join("settings"))
                .output()
                .expect("bash runs");
            assert_eq!(
                output.status.code(),
                Some(wanted),
                "{}: `{command}`\n{}\n{}",
                page.display(),
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            run += 1;
        }
    }
    assert!(run >= 5, "only {run} commands were found");
}

/// What needs a phone, the right to record or a second machine stands in blocks without a language: it is
/// not run to its end here, but each of its commands is one that the program takes.
#[test]
fn commands_that_need_a_device_are_ones_that_the_program_takes() {
    let program = Path::new(env!("CARGO_BIN_EXE_wirewitness"));
    let path =
        format!("{}:{}", program.parent().expect("has a folder").display(), std::env::var("PATH").unwrap_or_default());
    let mut taken = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("is readable");
        let folder = tempfile::tempdir().expect("a folder");
        for command in lines_of(&text, "```").iter().filter(|line| line.starts_with("wirewitness ")) {
            // One that listens or records would go on until it is stopped.
            let output = Command::new("timeout")
                .args(["--preserve-status", "-s", "INT", "3", "bash", "-c", &format!("exec {command}")])
                .current_dir(folder.path())
                .env("PATH", &path)
                .env("HOME", folder.path())
                .env("XDG_CONFIG_HOME", folder.path().join("settings"))
                .output()
                .expect("timeout runs");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!said.contains("Usage:"), "{}: `{command}`\n{said}", page.display());
            assert!(
                output.status.code().is_some_and(|code| code < 4 || code == 130),
                "{}: `{command}` {said}",
                page.display()
            );
            taken += 1;
        }
    }
    assert!(taken >= 10, "only {taken} commands were found");
}

/// The screen in the README is what `demo` prints; `…` stands for what was left out.
#[test]
fn the_screen_in_the_readme_is_real() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("is readable");
    let shown = readme.split("```text\n").nth(1).and_then(|rest| rest.split("\n```").next()).expect("a screen");
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["demo", folder.path().join("demo").to_str().expect("UTF-8")])
        .env_remove("COLUMNS")
        .output()
        .expect("runs");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    let pieces: Vec<&str> = shown.split("\n…").map(str::trim).filter(|piece| piece.lines().count() > 3).collect();
    assert!(pieces.len() >= 2, "a matrix and a finding");
    for piece in pieces {
        assert!(printed.contains(piece), "not printed by demo:\n{piece}");
    }
}
