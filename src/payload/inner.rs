//! Base64 inside longer text: after a mark (`data:…;base64,`), between other words, or
//! with characters glued before it.
//!
//! Tried on runs of the alphabet that are long enough; what the run decodes to from some
//! character on must be text, or begin as a compressed stream does. The text itself is
//! searched as well. Not tried where the whole value was base64 already.

use std::ops::Range;

use super::budget::Budget;
use super::clue::Clue;
use super::walk::{Input, Inside, Opener, Opening};
use super::{base64, hex, image, sense};

pub(super) const INNER: Opener = Opener { name: "base64", clue: Clue::Long(SHORTEST), open };

/// Characters of a run. Eighteen random bytes are text one time in fifty million.
const SHORTEST: usize = 24;
/// Runs tried in one text.
const RUNS: usize = 64;
/// Characters glued before a run that are tried: a version, a salt, a type.
const GLUED: usize = 16;
/// Characters that must be left after what is glued. Fifteen random bytes are text one
/// time in two million, and there are some twenty places to begin.
const SHORTEST_LEFT: usize = 20;
/// Decoded first, to see whether the rest is worth it.
const PROBE: usize = 64;

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let text = std::str::from_utf8(input.bytes).ok().filter(|t| t.len() >= SHORTEST)?;
    let mut parts = Vec::new();
    for run in runs(text.as_bytes()).take(RUNS) {
        let bytes = input.bytes.get(run.clone())?;
        let Some((at, decoded)) = (!hex::is_word(bytes)).then(|| word(bytes)).flatten() else { continue };
        if !budget.bytes(decoded.len()) {
            break;
        }
        let of = run.start + at..run.end;
        parts.push(Inside {
            argument: Some(format!("{}..{}", of.start, of.end)),
            bytes: decoded.into(),
            of: Some(of),
            group: u32::try_from(parts.len()).unwrap_or(u32::MAX),
            ..Inside::default()
        });
    }
    (!parts.is_empty()).then_some(Opening { parts, keep: true })
}

/// Stretches of the alphabet, long enough, with their padding.
fn runs(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let fits = |b: &u8| b.is_ascii_alphanumeric() || b"+/-_".contains(b);
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text.get(at..)?.iter().position(fits)?;
            let rest = text.get(start..)?;
            let length = rest.iter().position(|b| !fits(b)).unwrap_or(rest.len());
            let padding = rest.get(length..)?.iter().take(2).take_while(|b| **b == b'=').count();
            at = start + length + padding;
            if length >= SHORTEST {
                return Some(start..at);
            }
        }
    })
}

/// Where in the run the encoded begins, and what it says.
fn word(run: &[u8]) -> Option<(usize, Vec<u8>)> {
    // One alphabet has no `-` and `_`, the other no `+` and `/`; a mark of the other kind is glue.
    let marks = |b: u8| b"+/-_".contains(&b);
    let behind_marks =
        run.windows(2).take(PROBE).enumerate().filter(|(_, w)| marks(w[0]) && !marks(w[1])).map(|(at, _)| at + 1);
    let mut starts: Vec<usize> = (0..=GLUED).chain(behind_marks).collect();
    starts.sort_unstable();
    starts.dedup();
    for start in starts {
        let Some(rest) = run.get(start..).filter(|r| r.len() >= SHORTEST_LEFT) else { break };
        if !may_start(rest) {
            continue;
        }
        let head = base64::decode(rest.get(..rest.len().min(PROBE))?);
        if !head.is_some_and(|head| is_start(&head)) {
            continue;
        }
        if let Some(decoded) = base64::decode(rest).filter(|d| sense::is_decoded(d)) {
            return Some((start, decoded));
        }
    }
    None
}

/// The first bytes of text (whose last character may be cut), or of a compressed stream.
fn is_start(head: &[u8]) -> bool {
    !head.is_empty() && sense::begins_text(head) || sense::has_head(head) || image::is_image(head)
}

/// What `run` decodes to, if it decodes, may begin like that, as far as its first characters
/// tell: nearly all places where nothing begins end here.
fn may_start(run: &[u8]) -> bool {
    let Some(eight) = run.first_chunk::<8>() else { return true };
    // Both alphabets at once; `=`, which only ends a word, is none of them.
    let mut number = 0_u64;
    for character in eight {
        let digit = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return true,
        };
        number = number << 6 | u64::from(digit);
    }
    let bytes = number.to_be_bytes();
    let head = bytes.get(2..).unwrap_or_default();
    sense::begins_text(head) || sense::begins_head(head) || image::may_begin(head)
}
