//! `docs/performance.md` lists the limits that a recording can reach: each with the value that its
//! constant has, and with what its gap says.

use std::collections::BTreeMap;
use std::path::Path;

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect(name)
}

/// Folders whose limits a recording reaches.
const STAGES: &[&str] = &["capture", "net", "secure", "message", "payload", "examine"];

/// How the constants are called that hold what one run or one connection may take.
fn is_of_a_run(name: &str) -> bool {
    name.starts_with("MAX_") || name.ends_with("STREAMS_OPEN") || ["BODY_KEPT", "IN_ALL", "KEPT_LIMIT"].contains(&name)
}

fn rust_files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("is readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// `const NAME: usize = EXPRESSION;` of one file.
fn constants(text: &str) -> BTreeMap<String, String> {
    let declared = text.lines().filter_map(|line| line.trim_start().split_once("const "));
    let numbers = declared.filter_map(|(_, rest)| {
        let (name, rest) = rest.split_once(": ")?;
        let (kind, value) = rest.split_once(" = ")?;
        ["usize", "u64", "u32", "u8"]
            .contains(&kind)
            .then(|| (name.to_owned(), value.split(';').next().unwrap().to_owned()))
    });
    numbers.collect()
}

/// What an expression of numbers, other constants, `*` and `<<` comes to, from the left.
fn value(expression: &str, known: &BTreeMap<String, String>) -> u64 {
    let mut words = expression.split_whitespace();
    let number = |word: Option<&str>| {
        let word = word.expect("a number");
        word.replace('_', "").parse().unwrap_or_else(|_| value(known.get(word).expect(word), known))
    };
    let mut sum = number(words.next());
    while let Some(operator) = words.next() {
        let next = number(words.next());
        sum = match operator {
            "*" => sum * next,
            "<<" => sum << next,
            other => panic!("{other} in {expression}"),
        };
    }
    sum
}

/// `8 MiB`, `64 KiB`, `2,000`.
fn written(text: &str) -> u64 {
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let unit = match unit {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        other => panic!("{other:?} is no unit"),
    };
    number.replace(',', "").parse::<u64>().expect(text) * unit
}

#[test]
fn limits_are_listed_as_they_are() {
    let page = read("docs/performance.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `src/")?.strip_suffix(" |"));
    let rows: Vec<[&str; 4]> = rows
        .map(|row| {
            row.split(" | ").collect::<Vec<_>>().try_into().unwrap_or_else(|row| panic!("{row:?}: four columns"))
        })
        .collect();
    assert!(rows.len() > 30, "only {} limits are listed", rows.len());
    // Those of other files that expressions name.
    let shared =
        BTreeMap::from([("BODY_KEPT".to_owned(), constants(&read("src/message/draft.rs"))["BODY_KEPT"].clone())]);
    let mut files = Vec::new();
    rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let all: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).expect("is UTF-8")).collect();
    let mut listed = Vec::new();
    for [place, what, size, gap] in rows {
        let (file, name) = place.trim_end_matches('`').split_once("` `").expect(place);
        let text = read(&format!("src/{file}"));
        let mut known = constants(&text);
        known.extend(shared.clone());
        let expression = known.get(name).unwrap_or_else(|| panic!("{file} has no {name}"));
        assert_eq!(value(expression, &known), written(size), "{file} {name} is {expression}");
        assert!(what.len() > 5, "{file} {name}: what it bounds");
        let words = gap.trim_matches('`');
        assert!(all.iter().any(|text| text.contains(words)), "{file} {name}: no gap says {words:?}");
        listed.push(format!("{file} {name}"));
    }
    for stage in STAGES {
        let mut files = Vec::new();
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        rust_files(&src.join(stage), &mut files);
        for file in files {
            let text = std::fs::read_to_string(&file).expect("is UTF-8");
            let relative = file.strip_prefix(&src).expect("below src").display().to_string();
            for name in constants(&text).into_keys().filter(|name| is_of_a_run(name)) {
                let entry = format!("{relative} {name}");
                // A number of the protocol.
                if name != "MAX_PUSH_ID" {
                    assert!(listed.contains(&entry), "{entry} is not listed in docs/performance.md");
                }
            }
        }
    }
}
