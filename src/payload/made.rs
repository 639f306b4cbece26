//! The cases of `tests/payload/`, made by `make.py` with other programs.

use serde::Deserialize;

use super::tests::message;
use super::*;
use crate::evidence::sha256_hex;

#[derive(Deserialize)]
struct Case {
    name: String,
    content_type: String,
    body_base64: String,
    /// Each stands among the leaves.
    #[serde(default)]
    leaves: Vec<Expected>,
    /// What is said to stay closed, all of it.
    #[serde(default)]
    gaps: Vec<String>,
    /// Nothing opens it: the body is the only leaf.
    #[serde(default)]
    whole: bool,
}

#[derive(Debug, Deserialize)]
struct Expected {
    steps: Vec<String>,
    text: String,
    key: Option<String>,
}

fn cases() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/payload/cases.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn decode(case: &Case, body: Vec<u8>) -> Decoded {
    let decoder = Decoder { recipes: super::recipe::Recipes::default() };
    let mut message = message("collect.example.com");
    message.headers = vec![("Content-Type".to_owned(), case.content_type.clone().into())];
    message.body = body.into();
    decoder.leaves(&message, None)
}

fn body(case: &Case) -> Vec<u8> {
    data_encoding::BASE64.decode(case.body_base64.as_bytes()).unwrap()
}

/// The bodies of all cases, and what they hold.
pub(super) fn bodies() -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    for case in cases() {
        let body = body(&case);
        bodies.extend(decode(&case, body.clone()).leaves.iter().map(|leaf| leaf.bytes.to_vec()));
        bodies.push(body);
    }
    bodies
}

fn way(leaf: &Leaf) -> Vec<String> {
    leaf.steps().iter().map(ToString::to_string).collect()
}

#[test]
fn leaves_of_bodies_made_by_other_programs() {
    let mut wrong = Vec::new();
    for case in cases() {
        let decoded = decode(&case, body(&case));
        let of_body: Vec<&Leaf> = decoded.leaves.iter().filter(|l| l.part == Part::Body).collect();
        for expected in &case.leaves {
            let found = of_body.iter().find(|leaf| way(leaf) == expected.steps);
            let text = found.map(|leaf| String::from_utf8_lossy(&leaf.bytes).into_owned());
            let key = found.and_then(|leaf| leaf.key.clone());
            if text.as_ref() != Some(&expected.text) || expected.key.is_some() && key != expected.key {
                wrong.push(format!("{}: {expected:?} is {text:?} under {key:?}", case.name));
            }
            let digest = found.and_then(|leaf| leaf.steps().pop()).map(|step| step.sha256);
            if digest.is_some() && digest != found.map(|leaf| sha256_hex(&leaf.bytes)) {
                wrong.push(format!("{}: the last step's digest is not the leaf's", case.name));
            }
        }
        if case.whole && of_body.iter().any(|leaf| leaf.steps().len() > 1) {
            let ways: Vec<_> = of_body.iter().map(|leaf| way(leaf)).collect();
            wrong.push(format!("{}: opened, {ways:?}", case.name));
        }
        let gaps: Vec<&String> = decoded.gaps.iter().map(|gap| &gap.detail).collect();
        if !case.whole && gaps != case.gaps.iter().collect::<Vec<_>>() {
            wrong.push(format!("{}: gaps {gaps:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A xorshift generator: the same damage in every run.
struct Damage(u64);

impl Damage {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(below.max(1)).unwrap()).unwrap()
    }
}

#[test]
fn damaged_bodies_are_read_as_far_as_they_go() {
    const ROUNDS: usize = 24;
    let mut damage = Damage(0x9e37_79b9_7f4a_7c15);
    for case in cases().iter().filter(|case| !case.whole) {
        let sound = body(case);
        for _ in 0..ROUNDS {
            let mut bytes = sound.clone();
            for _ in 0..=damage.next(4) {
                let at = damage.next(bytes.len());
                match damage.next(4) {
                    0 => bytes.truncate(at),
                    1 => bytes.insert(at, [0, 0x7f, 0x80, 0xff][damage.next(4)]),
                    2 if !bytes.is_empty() => drop(bytes.remove(at)),
                    _ => bytes.iter_mut().skip(at).take(1).for_each(|b| *b = b.wrapping_add(1 << (at % 8))),
                }
            }
            // It comes back, and every leaf has a way from the message.
            let decoded = decode(case, bytes);
            assert!(decoded.leaves.iter().all(|leaf| !leaf.steps().is_empty()), "{}", case.name);
        }
    }
}
