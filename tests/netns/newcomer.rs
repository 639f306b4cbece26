//! Somebody new goes the shortest way of docs/qa.md, word for word, from an empty folder and an empty home.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::clients::send;
use crate::world::*;

/// The commands of the page's first block.
fn commands() -> Vec<String> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/qa.md")).expect("is readable");
    let way = page.split("## The shortest way").nth(1).expect("a section");
    let block = way.split("```\n").nth(1).expect("a block");
    block.lines().map(str::to_owned).collect()
}

const POLICY: &str = "<!doctype html><h1>隐私政策</h1><p>为了保障账号安全，我们会收集您的IMEI。</p>";

#[test]
fn from_record_to_verdict_in_fewer_than_ten_commands() {
    let Some(mut world) = World::make() else { return };
    let (own, tracker) = ("api.shop.example", "two.tracker.example");
    world.serve_all(&[own, tracker]);
    let desk = world.folder.path().join("desk");
    std::fs::create_dir_all(desk.join("home")).expect("made");
    std::fs::write(desk.join("privacy.html"), POLICY).expect("written");
    // The key log of the app is where the page says.
    std::os::unix::fs::symlink(world.keys(), desk.join("keys.txt")).expect("linked");
    let path = Path::new(PROGRAM).parent().expect("has a folder").display();
    let path = format!("{path}:{}", std::env::var("PATH").unwrap_or_default());
    let all = commands();
    assert!((4..10).contains(&all.len()) && all.last().is_some_and(|c| c.starts_with("wirewitness audit")), "{all:?}");
    let mut verdict = String::new();
    for command in &all {
        let mut running: Command = world.within("router", &["bash", "-c", &format!("exec {command}")]);
        running.current_dir(&desk).env("PATH", &path).env("HOME", desk.join("home")).env_remove("XDG_CONFIG_HOME");
        if !command.starts_with("wirewitness record") {
            let output = running.output().expect("runs");
            let said = [output.stderr, output.stdout.clone()].concat();
            let said = String::from_utf8_lossy(&said);
            let wanted = if command.starts_with("wirewitness audit") { 1 } else { 0 };
            assert_eq!(output.status.code(), Some(wanted), "`{command}`: {said}");
            verdict = String::from_utf8(output.stdout).expect("UTF-8");
            continue;
        }
        let mut child = running.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
        let mut typing = child.stdin.take().expect("piped");
        let mut said = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("is read");
        assert!(line.starts_with("recording wlan0"), "{line}");
        let device = std::fs::read_to_string(desk.join("shop/device.toml")).expect("made");
        let device: toml::Table = device.parse().expect("TOML");
        let value = |name: &str| match &device["ids"][name] {
            toml::Value::Array(all) => all[0].as_str().expect("text").to_owned(),
            one => one.as_str().expect("text").to_owned(),
        };
        let (imei, oaid) = (value("imei"), value("oaid"));
        // A person is slower than the second that marks and messages may lie apart.
        let mut press = |key: &[u8]| {
            std::thread::sleep(Duration::from_millis(1_300));
            typing.write_all(key).expect("typed");
            std::thread::sleep(Duration::from_millis(1_300));
        };
        press(b"l");
        send(&world, "http/2", tracker, &[("oaid", &oaid)]);
        press(b"d");
        press(b"c");
        send(&world, "http/2", own, &[("imei", &imei)]);
        std::thread::sleep(Duration::from_millis(700));
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("runs").success());
        let mut rest = String::new();
        said.read_to_string(&mut rest).expect("is read");
        assert!(child.wait().expect("ended").success(), "{rest}");
    }
    // Nothing else was made in their home, and the verdict says what was sent.
    let made: Vec<_> = std::fs::read_dir(desk.join("home")).expect("is there").collect();
    assert!(made.is_empty(), "{made:?}");
    assert!(verdict.contains("before-consent") && verdict.contains("tracker.example"), "{verdict}");
    let report = audit(&desk.join("shop"));
    assert_eq!(flows(&report), BTreeSet::from(["first-party imei", "two.tracker.example oaid"].map(str::to_owned)));
    let verdicts: BTreeSet<String> = report["flows"]
        .as_array()
        .expect("flows")
        .iter()
        .map(|f| {
            format!("{} {}", f["data_type"].as_str().expect("text"), f["verdict"]["disclosure"].as_str().unwrap_or("-"))
        })
        .collect();
    assert_eq!(verdicts, BTreeSet::from(["imei clear", "oaid omitted"].map(str::to_owned)));
}
