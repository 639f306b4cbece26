//! Values that stand where a report prints names: in paths and host names.
//!
//! A report masks values, but an identifier in a path segment or a host label is part
//! of what it prints to say where it went. There the place of the value is printed, `{}`.

use percent_encoding::percent_decode_str;

/// Shorter values are words as likely as not, and hiding them would garble names.
const LEAST: usize = 4;

/// Percent encodings are undone this often before a value is looked for.
const ENCODINGS: usize = 3;

/// `text` with every one of `values` in it replaced, whatever its case.
pub fn hide(text: &str, values: &[String]) -> String {
    let mut hidden = text.to_owned();
    for value in values.iter().filter(|value| value.len() >= LEAST) {
        let wanted = value.to_ascii_lowercase();
        while let Some(at) = hidden.to_ascii_lowercase().find(&wanted) {
            hidden.replace_range(at..at + wanted.len(), "{}");
        }
    }
    hidden
}

/// A path whose segments that hold one of `values`, in whatever percent encoding, are replaced.
pub fn hide_segments(path: &str, values: &[String]) -> String {
    let holds = |segment: &str| {
        let mut text = segment.to_owned();
        for _ in 0..=ENCODINGS {
            if values.iter().any(|v| v.len() >= LEAST && text.to_ascii_lowercase().contains(&v.to_ascii_lowercase())) {
                return true;
            }
            let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
            if decoded == text {
                return false;
            }
            text = decoded;
        }
        false
    };
    path.split('/').map(|segment| if holds(segment) { "{}" } else { segment }).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_names_and_paths_are_places() {
        let values = ["490154203237518".to_owned(), "a6:5e:01:02:03:04".to_owned(), "xy".to_owned()];
        assert_eq!(hide("490154203237518.t3.example", &values), "{}.t3.example");
        assert_eq!(hide_segments("/u/a6%3A5E%3a01:02:03:04/p", &values), "/u/{}/p");
        assert_eq!(hide_segments("/u/a6%253A5e%253A01%253A02%253A03%253A04/p", &values), "/u/{}/p");
        assert_eq!(hide_segments("/xyz/galaxy", &values), "/xyz/galaxy", "too short to be looked for");
    }
}
