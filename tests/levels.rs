//! A module imports lower levels only. The levels are those of docs/ARCHITECTURE.md.

use std::fs;
use std::path::{Path, PathBuf};

/// Level 0 first; modules on one line share a level and may import each other.
const LEVELS: &[&[&str]] = &[
    &["memo", "evidence", "progress", "shape", "signatures", "observations"],
    &["session", "witness"],
    &["capture"],
    &["net"],
    &["secure"],
    &["message"],
    &["party"],
    &["payload"],
    &["identify"],
    &["examine"],
    &["discover"],
    &["policy"],
    &["audit"],
    &["report"],
    &["bundle"],
    &["record"],
    &["cli"],
];

/// Stages that know less than their level would allow.
const ONLY_LEVEL_0: &[&str] = &["policy"];

fn level(module: &str) -> Option<usize> {
    LEVELS.iter().position(|modules| modules.contains(&module))
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("src is readable") {
        let path = entry.expect("entry is readable").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn modules_import_lower_levels_only() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let mut wrong = Vec::new();
    let mut imports = 0;
    for file in &files {
        let relative = file.strip_prefix(&src).expect("below src");
        let module = relative.iter().next().expect("has a name").to_string_lossy().trim_end_matches(".rs").to_owned();
        if module == "main" || module == "lib" {
            continue;
        }
        let own = level(&module).unwrap_or_else(|| panic!("{module} has no level; add it to tests/levels.rs"));
        let text = fs::read_to_string(file).expect("is UTF-8");
        for (number, line) in text.lines().enumerate() {
            for part in line.split("crate::").skip(1) {
                let imported: Vec<&str> = match part.strip_prefix('{') {
                    Some(list) => list.split([',', '}']).map(str::trim).collect(),
                    None => vec![part],
                };
                for name in imported {
                    let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                    let Some(other) = level(name) else { continue };
                    imports += 1;
                    let allowed =
                        if ONLY_LEVEL_0.contains(&module.as_str()) { other == 0 || other == own } else { other <= own };
                    if !allowed {
                        wrong.push(format!("{}:{}: {module} imports {name}", relative.display(), number + 1));
                    }
                }
            }
        }
    }
    assert!(imports > 20, "the search found too few imports to mean anything");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What only some systems have.
const OF_ONE_SYSTEM: &[&str] = &["std::os::unix", "std::os::linux", "rustix::", "signal::unix", "libc::"];

/// Whether line `at` stands under a `#[cfg(…)]` of its system: its own, or that of a block that it lies in.
fn is_conditional(lines: &[&str], at: usize) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_cfg = |line: &str| {
        let line = line.trim_start();
        let of_a_system = ["unix", "target_os = \"linux\"", "target_os = \"android\"", "test)"];
        line.starts_with("#[cfg(") && !line.contains("not(") && of_a_system.iter().any(|system| line.contains(system))
    };
    let mut level = indent(lines[at]);
    // Attributes of this line stand right above it, those of a block above its first line.
    let mut attributes = true;
    for line in lines[..at].iter().rev() {
        if line.trim().is_empty() {
            attributes = false;
            continue;
        }
        let here = indent(line);
        if attributes && here == level && line.trim_start().starts_with('#') {
            if is_cfg(line) {
                return true;
            }
            continue;
        }
        attributes = false;
        if here < level && !line.trim_start().starts_with([')', '}', ']']) {
            level = here;
            attributes = true;
        }
    }
    false
}

#[test]
fn what_one_system_has_stands_under_a_condition() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let (mut found, mut wrong) = (0, Vec::new());
    for file in &files {
        let text = fs::read_to_string(file).expect("is UTF-8");
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if OF_ONE_SYSTEM.iter().any(|name| code.contains(name)) {
                found += 1;
                if !is_conditional(&lines, at) {
                    wrong.push(format!(
                        "{}:{}: {}",
                        file.strip_prefix(&src).expect("below src").display(),
                        at + 1,
                        line.trim()
                    ));
                }
            }
        }
    }
    assert!(found > 20, "the search found too little to mean anything");
    assert!(wrong.is_empty(), "without a condition:\n{}", wrong.join("\n"));
}
