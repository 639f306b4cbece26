//! Values that stand where a report prints names: in paths and host names.
//!
//! A report masks values, but an identifier in a path segment or a host label is part
//! of what it prints to say where it went. There the place of the value is printed, `{}`.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memmem;
use percent_encoding::percent_decode_str;

/// Shorter values are words as likely as not, and hiding them would garble names.
const LEAST: usize = 4;

/// Percent encodings are undone this often before a value is looked for.
const ENCODINGS: usize = 3;

/// The values of one message that its names must not tell, ready to be looked for.
#[derive(Clone, Debug)]
pub struct Hidden {
    /// In lower case, in the order in which they are taken out.
    values: Arc<[String]>,
    /// One more, behind them.
    also: Option<String>,
    /// No text that is shorter holds one.
    shortest: usize,
}

impl Hidden {
    /// Of `values`, the longer first, so that none is left of one that holds another.
    pub fn new<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        let mut values: Vec<&str> = values.filter(|value| value.len() >= LEAST).collect();
        values.sort_unstable_by(|a, b| (b.len(), a).cmp(&(a.len(), b)));
        values.dedup();
        let mut values: Vec<String> = values.into_iter().map(str::to_ascii_lowercase).collect();
        values.dedup();
        Self { shortest: values.last().map_or(usize::MAX, String::len), values: values.into(), also: None }
    }

    /// The same and `value`.
    pub fn and(&self, value: &str) -> Self {
        let also = Some(value.to_ascii_lowercase()).filter(|value| value.len() >= LEAST);
        let shortest = also.as_ref().map_or(self.shortest, |value| value.len().min(self.shortest));
        Self { values: Arc::clone(&self.values), also, shortest }
    }

    fn values(&self) -> impl Iterator<Item = &String> {
        self.values.iter().chain(&self.also)
    }

    /// `text` with every one of the values in it replaced, whatever its case.
    pub fn out_of<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.stands_in(text) {
            return Cow::Borrowed(text);
        }
        let mut hidden = text.to_owned();
        for value in self.values() {
            while let Some(at) = hidden.to_ascii_lowercase().find(value) {
                hidden.replace_range(at..at + value.len(), "{}");
            }
        }
        Cow::Owned(hidden)
    }

    /// A path whose segments that hold a value, in whatever percent encoding, are replaced.
    pub fn out_of_path<'p>(&self, path: &'p str) -> Cow<'p, str> {
        let holds = |segment: &str| {
            let mut text = Cow::Borrowed(segment);
            for _ in 0..=ENCODINGS {
                if self.stands_in(&text) {
                    return true;
                }
                // Decoding makes nothing longer.
                if text.len() < self.shortest || !text.contains('%') {
                    return false;
                }
                text = Cow::Owned(percent_decode_str(&text).decode_utf8_lossy().into_owned());
            }
            false
        };
        if !path.split('/').any(holds) {
            return Cow::Borrowed(path);
        }
        let shown = path.split('/').map(|segment| if holds(segment) { "{}" } else { segment });
        Cow::Owned(shown.collect::<Vec<_>>().join("/"))
    }

    fn stands_in(&self, text: &str) -> bool {
        if text.len() < self.shortest {
            return false;
        }
        let text = text.to_ascii_lowercase();
        self.values().any(|value| memmem::find(text.as_bytes(), value.as_bytes()).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_names_and_paths_are_places() {
        let hidden = Hidden::new(["xy", "490154203237518", "A6:5e:01:02:03:04"].into_iter());
        assert_eq!(hidden.out_of("490154203237518.t3.example"), "{}.t3.example");
        assert_eq!(hidden.out_of("at a6:5E:01:02:03:04, not xy"), "at {}, not xy", "too short to be looked for");
        assert_eq!(hidden.out_of_path("/u/a6%3A5E%3a01:02:03:04/p"), "/u/{}/p");
        assert_eq!(hidden.out_of_path("/u/a6%253A5E%253A01%253A02%253A03%253A04/p"), "/u/{}/p");
        assert_eq!(hidden.out_of_path("/xyz/galaxy-of-shops/"), "/xyz/galaxy-of-shops/");
        assert_eq!(hidden.and("Galaxy-of").out_of_path("/xyz/galaxy-of-shops/"), "/xyz/{}/");
        assert_eq!(Hidden::new([].into_iter()).out_of_path("/u/%41"), "/u/%41");
    }

    #[test]
    fn the_longer_value_is_taken_out_first() {
        let hidden = Hidden::new(["2032", "490154203237518"].into_iter());
        assert_eq!(hidden.out_of("id490154203237518-2032"), "id{}-{}");
    }
}
