//! HAR 1.2: the log format of browsers and proxies (<http://www.softwareishard.com/blog/har-12-spec/>).
//!
//! Read entry by entry, so that the file's size does not matter. A file that is cut
//! yields the entries before the cut.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::entry::Importer;
use crate::capture::{OpenError, Source};
use crate::evidence::{Gap, GapReason, Time};
use crate::message::{Item, Options};

/// Bytes of JSON that one entry may take. A body of 8 MiB is kept; exporters write the
/// whole one, in base64 or with every character escaped (six times its size).
const ENTRY_LIMIT: u64 = 256 << 20;

/// What a HAR file says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Har {
    /// Name and version of the program that wrote it.
    pub producer: Option<String>,
    /// Entries that could be read.
    pub entries: u64,
    /// Time of the earliest and the latest entry.
    pub first: Option<Time>,
    /// See `first`.
    pub last: Option<Time>,
}

/// Hands the entries of the HAR file `source`, which is input number `input`, to `sink`.
///
/// # Errors
/// When it cannot be opened, or has no list of entries at all.
pub fn har(source: &Source, input: u32, options: &Options, sink: &mut dyn FnMut(Item)) -> Result<Har, OpenError> {
    read(source.bytes()?, input, options, sink).map_err(|what| OpenError {
        name: source.name().to_owned(),
        what: format!("not a HAR file: {what}"),
        next: "export it again as HAR 1.2; the list of requests is expected at /log/entries".to_owned(),
        source: None,
    })
}

/// The same from any reader. The error says what is wrong, and at which line and column.
pub fn read(bytes: impl Read, input: u32, options: &Options, sink: &mut dyn FnMut(Item)) -> Result<Har, String> {
    let budget = Rc::new(Cell::new(ENTRY_LIMIT));
    let counted = Counted { inner: WithoutMark::new(bytes), budget: Rc::clone(&budget) };
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(64 << 10, counted));
    let mut file =
        File { har: Har::default(), budget, importer: Importer::new(input, options), in_entries: false, sink };
    let result = Document(&mut file).deserialize(&mut json).and_then(|()| json.end());
    if let Err(error) = result {
        if !file.in_entries {
            return Err(error.to_string());
        }
        let at = format!("/log/entries/{}, line {}, column {}", file.har.entries, error.line(), error.column());
        let gap = if file.budget.get() == 0 {
            Gap::new(GapReason::Limit, at, format!("an entry of a HAR file is read up to {} MiB", ENTRY_LIMIT >> 20))
        } else {
            Gap::new(GapReason::DamagedInput, at, "the HAR file is cut or damaged; the entries before it were read")
        };
        (file.sink)(Item::Gap(gap));
    } else if !file.in_entries {
        return Err("there is no list at /log/entries".to_owned());
    }
    Ok(file.har)
}

struct File<'a> {
    har: Har,
    budget: Rc<Cell<u64>>,
    importer: Importer<'a>,
    in_entries: bool,
    sink: &'a mut dyn FnMut(Item),
}

impl File<'_> {
    fn entry(&mut self, entry: &Value) {
        let number = self.har.entries;
        self.har.entries += 1;
        self.budget.set(ENTRY_LIMIT);
        if let Some(time) = self.importer.entry(number, entry, self.sink) {
            self.har.first = Some(self.har.first.map_or(time, |first| first.min(time)));
            self.har.last = Some(self.har.last.map_or(time, |last| last.max(time)));
        }
    }
}

/// `{"log": …}`
struct Document<'a, 'f>(&'a mut File<'f>);

impl<'de> DeserializeSeed<'de> for Document<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with \"log\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "log" => map.next_value_seed(Log(&mut *self.0))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// `{"version": …, "creator": …, "entries": […]}`
struct Log<'a, 'f>(&'a mut File<'f>);

impl<'de> DeserializeSeed<'de> for Log<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Log<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with \"entries\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "entries" => map.next_value_seed(Entries(&mut *self.0))?,
                "creator" => self.0.har.producer = producer(&map.next_value::<Value>()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

fn producer(creator: &Value) -> Option<String> {
    let name = creator.get("name")?.as_str()?.trim();
    let version = creator.get("version").and_then(Value::as_str).unwrap_or_default().trim();
    let producer = format!("{name} {version}");
    Some(producer.trim().to_owned()).filter(|producer| !producer.is_empty())
}

/// `[…]`
struct Entries<'a, 'f>(&'a mut File<'f>);

impl<'de> DeserializeSeed<'de> for Entries<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.0.in_entries = true;
        self.0.budget.set(ENTRY_LIMIT);
        while let Some(entry) = entries.next_element::<Value>()? {
            self.0.entry(&entry);
        }
        Ok(())
    }
}

/// A reader that ends in an error when too much was read since the budget was last set.
struct Counted<R> {
    inner: R,
    budget: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.budget.get();
        if left == 0 {
            return Err(io::Error::other("an entry is too large"));
        }
        let count = self.inner.read(buffer)?;
        self.budget.set(left.saturating_sub(count as u64));
        Ok(count)
    }
}

/// A reader without the byte order mark that some exporters write (RFC 8259 §8.1 lets a reader ignore it).
struct WithoutMark<R> {
    inner: R,
    /// What was read to look for it, and how much of that was handed on.
    start: Vec<u8>,
    passed: usize,
    looked: bool,
}

impl<R: Read> WithoutMark<R> {
    fn new(inner: R) -> Self {
        Self { inner, start: Vec::new(), passed: 0, looked: false }
    }
}

impl<R: Read> Read for WithoutMark<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.looked {
            self.looked = true;
            self.inner.by_ref().take(3).read_to_end(&mut self.start)?;
            self.passed = if self.start == b"\xef\xbb\xbf" { 3 } else { 0 };
        }
        let mut rest = self.start.get(self.passed..).unwrap_or_default();
        if rest.is_empty() {
            return self.inner.read(buffer);
        }
        let count = rest.read(buffer)?;
        self.passed += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
