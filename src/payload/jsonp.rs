//! JSONP: a JSON value as the only argument of a call, `cb({…});`.
//!
//! Tried on a text that begins with a JavaScript name and an opening bracket and ends with
//! the closing one; what stands between must be JSON with an object, an array or a string.

use super::budget::Budget;
use super::clue::{Ascii, Clue};
use super::json;
use super::walk::{Input, Inside, Opener, Opening};

pub(super) const JSONP: Opener = Opener { name: "jsonp", clue: Clue::Has(Ascii::of(b"(")), open };

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    /// Longest name of a function; jQuery's have some forty characters.
    const NAME: usize = 128;
    let text = input.bytes.trim_ascii();
    // Rosetta Flash guard of servers, also seen in what clients echo.
    let text = text.strip_prefix(b"/**/").unwrap_or(text).trim_ascii_start();
    let at = text.iter().take(NAME + 1).position(|b| *b == b'(')?;
    let (name, rest) = (text.get(..at)?.trim_ascii(), text.get(at + 1..)?);
    let first = name.first().is_some_and(|b| b.is_ascii_alphabetic() || b"_$".contains(b));
    let named = first && name.iter().all(|b| b.is_ascii_alphanumeric() || b"_$.[]\"'".contains(b));
    let rest = rest.trim_ascii_end();
    let inner = rest.strip_suffix(b";").unwrap_or(rest).trim_ascii_end().strip_suffix(b")")?.trim_ascii();
    if !named || !matches!(inner.first(), Some(b'{' | b'[' | b'"')) {
        return None;
    }
    let bytes = input.bytes.slice_ref(inner);
    let part = Inside {
        argument: Some(String::from_utf8_lossy(name).into_owned()),
        bytes: bytes.clone(),
        declared: Some("application/json".to_owned()),
        ..Inside::default()
    };
    json::is_json(&bytes, budget).then(|| Opening { parts: vec![part], keep: false })
}
