//! `SHA256SUMS`: what `sha256sum -c` takes. It lists all files, also the manifest and what proves
//! it, so that no byte of a bundle can change unseen, even of one that nobody signed.

use std::collections::BTreeMap;

use super::manifest::{MANIFEST, Manifest, RESPONSE, SIGNATURE, SUMS};
use super::problem::{Problem, State, both};

/// Bytes in which a list that was changed differs from the one that the files give, at most. Where a
/// file was changed, some 60 of the 64 digits of its digest differ, so it is not the list then.
const SLIP: usize = 32;

/// The bytes of the list: files of the manifest, and the digests of those `beside` it, by path.
pub fn text(manifest: &Manifest, beside: &BTreeMap<&str, String>) -> String {
    let files = manifest.files.iter().map(|file| (file.path.as_str(), file.digests.sha256.as_str()));
    let mut lines: Vec<(&str, &str)> =
        files.chain(beside.iter().map(|(path, sha256)| (*path, sha256.as_str()))).collect();
    lines.sort_unstable();
    lines.iter().map(|(path, sha256)| format!("{sha256}  {path}\n")).collect()
}

/// Holds the list `given` against the manifest and the digests of those `beside` it that there are.
/// A signature or a timestamp that was added by hand need not be in it: it proves itself.
pub fn check(given: &[u8], manifest: &Manifest, beside: &BTreeMap<&str, String>) -> Vec<Problem> {
    let truth = text(manifest, beside);
    let slips = given.iter().zip(truth.as_bytes()).filter(|(a, b)| a != b).count();
    if given.len() == truth.len() && slips <= SLIP {
        let what = both("is not the list of what the manifest names", "与清单所列文件不符");
        return (slips > 0).then(|| Problem::new(SUMS, State::Altered, what)).into_iter().collect();
    }
    let given = String::from_utf8_lossy(given);
    let listed: BTreeMap<&str, &str> =
        given.lines().filter_map(|line| line.split_once("  ").map(|(sha256, path)| (path, sha256))).collect();
    let (mut problems, mut expected) = (Vec::new(), BTreeMap::new());
    for path in [MANIFEST, SIGNATURE, RESPONSE] {
        match (listed.get(path), beside.get(path)) {
            (Some(listed), Some(there)) if listed == there => drop(expected.insert(path, there.clone())),
            (Some(listed), Some(_)) => {
                let what = both(
                    format!("{SUMS} has another SHA-256 of {path} than the file"),
                    format!("{SUMS} 中 {path} 的 SHA-256 与文件不符"),
                );
                problems.push(Problem::new(path, State::Altered, what));
                expected.insert(path, (*listed).to_owned());
            }
            (Some(listed), None) => {
                let what = both(format!("is in {SUMS} and not in the bundle"), format!("在 {SUMS} 中，但不在证据包中"));
                problems.push(Problem::new(path, State::Missing, what));
                expected.insert(path, (*listed).to_owned());
            }
            (None, _) => {}
        }
    }
    // A manifest that was altered names other files: its own line has told.
    let altered = problems.iter().any(|problem| problem.path == MANIFEST);
    if !listed.contains_key(MANIFEST) || !altered && text(manifest, &expected) != given {
        let what = both("is not the list of what the manifest names", "与清单所列文件不符");
        problems.push(Problem::new(SUMS, State::Altered, what));
    }
    problems
}
