//! A URL as a value: its path segments and its query.

use super::budget::Budget;
use super::clue::{Ascii, Clue};
use super::walk::{Input, Inside, Opener, Opening};
use super::{form, percent};

pub(super) const URL: Opener = Opener { name: "url", clue: Clue::Has(Ascii::of(b":")), open };

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let text = std::str::from_utf8(input.bytes).ok()?;
    let (scheme, rest) = text.split_once("://")?;
    let scheme_fits = (2..=16).contains(&scheme.len())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b))
        && scheme.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    if !scheme_fits || text.contains(char::is_whitespace) {
        return None;
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if query.is_empty() && fragment.is_empty() {
        return None;
    }
    let mut parts = vec![Inside {
        argument: Some("path".to_owned()),
        bytes: percent::decode(path.as_bytes()).unwrap_or_else(|| input.bytes.slice_ref(path.as_bytes())),
        group: 1,
        ..Inside::default()
    }];
    parts.extend(form::pairs(&input.bytes.slice_ref(query.as_bytes()), budget));
    if !fragment.is_empty() {
        parts.push(Inside {
            argument: Some("fragment".to_owned()),
            bytes: input.bytes.slice_ref(fragment.as_bytes()),
            group: 2,
            ..Inside::default()
        });
    }
    Some(Opening { parts, keep: false })
}
