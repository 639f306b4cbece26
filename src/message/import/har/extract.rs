//! Some entries of a HAR file as a HAR file.
//!
//! Entries, and what the file says of its writer (the reader goes by it), are copied as they
//! stand. `_wirewitness` in the log says which entries these were, by pointers into the whole.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufReader, Read, Write};
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::extract::Extract;
use super::ENTRY_LIMIT;
use super::json::{Counted, Fit, unmark};

/// The field of the log that says what it is an extract of.
pub const ABOUT: &str = "_wirewitness";

/// What stands before the entries and is copied: the reader goes by it.
const COPIED: [&str; 3] = ["version", "creator", "browser"];

/// Bytes that are kept of one extract. One finding's entries are a few; a recipient's may be
/// all of a file, which then is its own extract.
const EXTRACT_LIMIT: usize = 512 << 20;

/// See [`super::super::extract::extract`].
pub fn write(bytes: impl Read, extract: &Extract<'_>, output: &mut dyn Write) -> io::Result<u64> {
    let (budget, marked) = (Rc::new(Cell::new(ENTRY_LIMIT)), Rc::new(Cell::new(false)));
    let counted = Counted { inner: Fit::new(bytes, Rc::clone(&marked)), budget: Rc::clone(&budget) };
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(64 << 10, counted));
    let mut kept = Kept { extract, budget, head: Vec::new(), entries: Vec::new(), number: 0, size: 0 };
    // A file that is cut after the last entry that is wanted has given all that is wanted.
    let read = Level::Document.of(&mut kept).deserialize(&mut json);
    let whole = extract.entries.last().is_none_or(|last| *last < kept.number);
    read.or_else(|error| if whole { Ok(()) } else { Err(io::Error::other(error)) })?;
    let (name, sha256) = extract.of;
    let pointers: Vec<String> = kept.entries.iter().map(|(number, _)| format!("/log/entries/{number}")).collect();
    let since = extract.since.map(|since| since.to_string());
    let about = serde_json::json!({ "of": name, "sha256": sha256, "entries": pointers, "since": since });
    write!(output, "{{\"log\":{{")?;
    for (key, value) in &kept.head {
        write!(output, "\"{key}\":{},", value.get())?;
    }
    write!(output, "\"comment\":{},\n\"{ABOUT}\":{about},\n\"entries\":[", serde_json::Value::from(extract.comment))?;
    for (at, (_, entry)) in kept.entries.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        match marked.get() {
            true => write!(output, "{comma}\n{}", unmark(entry.get()))?,
            false => write!(output, "{comma}\n{}", entry.get())?,
        }
    }
    writeln!(output, "\n]}}}}")?;
    Ok(kept.entries.len() as u64)
}

struct Kept<'a> {
    extract: &'a Extract<'a>,
    budget: Rc<Cell<u64>>,
    head: Vec<(String, Box<RawValue>)>,
    entries: Vec<(u64, Box<RawValue>)>,
    /// Entries so far.
    number: u64,
    size: usize,
}

/// How deep the reader stands.
#[derive(Clone, Copy)]
enum Level {
    /// `{"log": …}`
    Document,
    /// `{"version": …, "entries": […]}`
    Log,
    /// `[…]`
    Entries,
}

impl Level {
    fn of<'k, 'a>(self, kept: &'k mut Kept<'a>) -> At<'k, 'a> {
        At { level: self, kept }
    }
}

struct At<'k, 'a> {
    level: Level,
    kept: &'k mut Kept<'a>,
}

impl<'de> DeserializeSeed<'de> for At<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.level {
            Level::Document | Level::Log => deserializer.deserialize_map(self),
            Level::Entries => deserializer.deserialize_seq(self),
        }
    }
}

impl<'de> Visitor<'de> for At<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a HAR file")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match (self.level, key.as_str()) {
                (Level::Document, "log") => map.next_value_seed(Level::Log.of(self.kept))?,
                (Level::Log, "entries") => map.next_value_seed(Level::Entries.of(self.kept))?,
                (Level::Log, key) if COPIED.contains(&key) => self.kept.head.push((key.to_owned(), map.next_value()?)),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let kept = self.kept;
        loop {
            kept.budget.set(ENTRY_LIMIT);
            if kept.extract.entries.contains(&kept.number) {
                let Some(entry) = elements.next_element::<Box<RawValue>>()? else { return Ok(()) };
                kept.size = kept.size.saturating_add(entry.get().len());
                if kept.size > EXTRACT_LIMIT {
                    return Err(A::Error::custom(format!("the entries exceed {} MiB", EXTRACT_LIMIT >> 20)));
                }
                kept.entries.push((kept.number, entry));
            } else if elements.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
            kept.number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Time;

    #[test]
    fn entries_are_copied_as_they_stand() {
        let har = br#"{"log":{"version":"1.2","creator":{"name":"x","version":"1"},"entries":[
            {"a":1.50},{"b" : "\u00e9"},{"c":1e3}]}}"#;
        let extract = Extract {
            entries: [0, 2, 9].into(),
            of: ("a.har", "00"),
            since: Time::parse("2026-03-01T08:00:00Z"),
            comment: "two \"entries\"",
        };
        let mut out = Vec::new();
        assert_eq!(write(&har[..], &extract, &mut out).unwrap(), 2);
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("{\"a\":1.50},\n{\"c\":1e3}") && !text.contains("00e9"), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["log"]["creator"]["name"], "x");
        assert_eq!(value["log"][ABOUT]["entries"], serde_json::json!(["/log/entries/0", "/log/entries/2"]));
        assert_eq!(value["log"][ABOUT]["since"], "2026-03-01T08:00:00.000000Z");
    }

    #[test]
    fn a_cut_file_gives_what_precedes_the_cut() {
        let har = br#"{"log":{"entries":[{"a":1},{"b":2},{"c""#;
        let with = |entries: &[u64]| {
            let extract = Extract { entries: entries.iter().copied().collect(), ..Extract::default() };
            write(&har[..], &extract, &mut Vec::new())
        };
        assert_eq!(with(&[1]).unwrap(), 1);
        assert!(with(&[2]).is_err());
    }
}
