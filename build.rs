//! Reads, while building, which words every match of the embedded phrases holds (`policy::needs`): to parse some
//! hundreds of expressions at each start would be a fifth of a short audit.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

#[path = "src/signatures/parts.rs"]
mod parts;
#[path = "src/policy/required.rs"]
mod required;

/// Where the phrases are.
const PHRASES: &str = "signatures/vocabulary/phrases.toml";

/// A file of phrases, without what is not needed here.
#[derive(serde::Deserialize)]
struct File {
    phrase: Vec<Phrase>,
}

#[derive(serde::Deserialize)]
struct Phrase {
    id: String,
    patterns: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    for file in [PHRASES, "src/signatures/parts.rs", "src/policy/required.rs", "build.rs"] {
        println!("cargo::rerun-if-changed={file}");
    }
    let file: File = toml::from_str(&fs::read_to_string(PHRASES)?)?;
    let of = |id: &str| -> Vec<&str> {
        file.phrase.iter().filter(|p| p.id == id).flat_map(|p| &p.patterns).map(String::as_str).collect()
    };
    let patterns = file.phrase.iter().flat_map(|phrase| &phrase.patterns);
    let table: BTreeMap<String, Vec<required::Words>> = patterns
        .map(|pattern| parts::whole(pattern, &of))
        .map(|pattern| {
            let required = required::required(&pattern);
            (pattern, required)
        })
        .collect();
    let mut written = "&[\n".to_owned();
    for (pattern, required) in &table {
        let lists: Vec<String> = required.iter().map(|words| format!("&{words:?}")).collect();
        writeln!(written, "({pattern:?}, &[{}]),", lists.join(", "))?;
    }
    written.push(']');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("required.rs"), written)?;
    Ok(())
}
