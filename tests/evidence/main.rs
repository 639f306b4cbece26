//! What a bundle proves, from the outside: no byte of it changes unseen, what it says is
//! repeated, and `sha256sum`, `openssl` and `minisign` come to the same.

mod altered;
mod case;
mod hostile;
mod made;
mod none;
mod public;
mod repeated;

use std::path::{Path, PathBuf};
use std::process::Command;

use md5::Digest;
use serde_json::Value;

/// The folder of a sample session.
pub fn session(name: &str) -> String {
    text(&Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(name)).to_owned()
}

/// A path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Exit code, standard output, standard error.
pub fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_wirewitness")).args(arguments).output().expect("runs");
    let of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), of(&output.stdout), of(&output.stderr))
}

/// Another program, which must be there.
pub fn tool(folder: &Path, command: &[&str]) -> (bool, String) {
    let missing = |error| panic!("{} does not run ({error}); scripts/setup.sh --tests installs it", command[0]);
    let output = Command::new(command[0]).args(&command[1..]).current_dir(folder).output().unwrap_or_else(missing);
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// Makes a bundle of a sample session and returns where it is.
pub fn bundle(session: &str, output: &Path, more: &[&str]) -> PathBuf {
    let (code, out, error) = run(&[&["bundle", session, "--output", text(output), "--quiet"], more].concat());
    assert_eq!(code, 0, "{more:?}: {error}");
    PathBuf::from(out.trim_end())
}

/// A new key at `folder/key`; the public one is `folder/key.pub`.
pub fn key(folder: &Path) -> (String, String) {
    let path = folder.join("key");
    let (code, _, error) = run(&["bundle", "keygen", text(&path)]);
    assert_eq!(code, 0, "{error}");
    (text(&path).to_owned(), format!("{}.pub", path.display()))
}

/// What `verify` says as JSON; it must exit with 0 where it holds and with 1 where it does not.
pub fn verify(bundle: &Path, more: &[&str]) -> Value {
    let (code, out, error) = run(&[&["verify", text(bundle), "--format", "json"], more].concat());
    let said: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("exit {code}: {error}"));
    assert_eq!(code, i32::from(said["holds"] != true), "{out}");
    said
}

/// `STATE PATH` of each problem.
pub fn problems(said: &Value) -> Vec<String> {
    let of = |problem: &Value| format!("{} {}", problem["state"].as_str().unwrap(), problem["path"].as_str().unwrap());
    said["problems"].as_array().expect("problems").iter().map(of).collect()
}

/// All files of a folder, by their path in it.
pub fn files(folder: &Path) -> Vec<String> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).expect("is readable") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => open.push(path),
                false => found.push(text(path.strip_prefix(folder).expect("is inside")).to_owned()),
            }
        }
    }
    found.sort();
    found
}

/// Copies a folder to `to`, in place of what was there.
pub fn copy(from: &Path, to: &Path) -> PathBuf {
    let _ = std::fs::remove_dir_all(to);
    for file in files(from) {
        std::fs::create_dir_all(to.join(&file).parent().expect("has one")).expect("is made");
        std::fs::copy(from.join(&file), to.join(&file)).expect("copies");
    }
    to.to_owned()
}

/// Makes a manifest and a list of sums that fit the files of an unsigned bundle: what a forger
/// does who has no key.
pub fn reseal(folder: &Path) {
    let path = folder.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(&path).expect("a manifest")).expect("is JSON");
    let beside = ["manifest.json", "SHA256SUMS"];
    let all = files(folder).into_iter().filter(|file| !beside.contains(&file.as_str()));
    let hex = |digest: &[u8]| data_encoding::HEXLOWER.encode(digest);
    let mut sums = Vec::new();
    let listed = all.map(|file| {
        let bytes = std::fs::read(folder.join(&file)).expect("is readable");
        let sha256 = hex(&sha2::Sha256::digest(&bytes));
        sums.push(format!("{sha256}  {file}"));
        serde_json::json!({
            "path": file, "bytes": bytes.len(), "sha256": sha256, "sha512": hex(&sha2::Sha512::digest(&bytes)),
            "sm3": hex(&sm3::Sm3::digest(&bytes)),
        })
    });
    manifest["files"] = listed.collect();
    let bytes = format!("{}\n", serde_json::to_string_pretty(&manifest).expect("is written"));
    std::fs::write(&path, &bytes).expect("is written");
    sums.push(format!("{}  manifest.json", hex(&sha2::Sha256::digest(bytes.as_bytes()))));
    sums.sort_by(|a, b| a[64..].cmp(&b[64..]));
    std::fs::write(folder.join("SHA256SUMS"), format!("{}\n", sums.join("\n"))).expect("is written");
}

/// Small numbers, the same in every run (Knuth's MMIX generator).
pub struct Numbers(pub u64);

impl Numbers {
    /// One below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}
