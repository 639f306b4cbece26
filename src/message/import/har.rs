//! HAR 1.2: the log format of browsers and proxies (<http://www.softwareishard.com/blog/har-12-spec/>).
//!
//! Read entry by entry, so that the file's size does not matter. A file that is cut
//! yields the entries before the cut.

pub(super) mod body;
pub(super) mod entry;
pub(super) mod extract;
pub(super) mod json;
pub(super) mod producer;
pub(super) mod tree;
mod tweasel;

use std::cell::Cell;
use std::fmt;
use std::io::{BufReader, Read};
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use self::entry::Importer;
use self::json::{Counted, Fit};
use self::tree::{Tree, VALUES};
use self::tweasel::Tweasel;
use super::Imported;
use crate::capture::{OpenError, Source};
use crate::evidence::{Gap, GapReason, Time};
use crate::message::{Item, Options};

/// Bytes of JSON that one entry may take. A body of 8 MiB is kept; exporters write the
/// whole one, in base64 or with every character escaped (six times its size).
pub(super) const ENTRY_LIMIT: u64 = 256 << 20;

/// Hands the entries of the HAR file `source`, which is input number `input`, to `sink`.
///
/// # Errors
/// When it cannot be opened, or has no list of entries at all.
pub fn har(source: &Source, input: u32, options: &Options, sink: &mut dyn FnMut(Item)) -> Result<Imported, OpenError> {
    // It stands after the entries that it is about, so it is looked for first.
    let tweasel = tweasel::find(source.bytes()?);
    read(source.bytes()?, tweasel, input, options, sink).map_err(|what| OpenError {
        name: source.name().to_owned(),
        what: format!("not a HAR file: {what}"),
        next: "export it again as HAR 1.2; the list of requests is expected at /log/entries".to_owned(),
    })
}

/// The same from any reader. The error says what is wrong, and at which line and column.
fn read(
    bytes: impl Read,
    tweasel: Option<Tweasel>,
    input: u32,
    options: &Options,
    sink: &mut dyn FnMut(Item),
) -> Result<Imported, String> {
    let (budget, marked) = (Rc::new(Cell::new(ENTRY_LIMIT)), Rc::new(Cell::new(false)));
    let counted = Counted { inner: Fit::new(bytes, Rc::clone(&marked)), budget: Rc::clone(&budget) };
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(64 << 10, counted));
    let app = tweasel.as_ref().and_then(Tweasel::only_app).map(str::to_owned);
    let mut file = File {
        imported: Imported::default(),
        budget,
        marked,
        importer: Importer::new(input, options, app),
        in_entries: false,
        closed: 0,
        sink,
    };
    let result = Document(&mut file).deserialize(&mut json).and_then(|()| json.end());
    if let Err(error) = result {
        if !file.in_entries {
            return Err(error.to_string());
        }
        let at = format!("/log/entries/{}, line {}, column {}", file.imported.entries, error.line(), error.column());
        let gap = if file.budget.get() == 0 {
            Gap::new(GapReason::Limit, at, format!("an entry of a HAR file is read up to {} MiB", ENTRY_LIMIT >> 20))
        } else {
            Gap::new(GapReason::DamagedInput, at, "the HAR file is cut or damaged; the entries before it were read")
        };
        (file.sink)(Item::Gap(gap));
    } else if !file.in_entries {
        return Err("there is no list at /log/entries".to_owned());
    }
    if let Some(tweasel) = tweasel {
        file.imported.producer = Some(tweasel.producer(file.imported.producer.take()));
    }
    Ok(file.imported)
}

struct File<'a> {
    imported: Imported,
    budget: Rc<Cell<u64>>,
    marked: Rc<Cell<bool>>,
    importer: Importer<'a>,
    in_entries: bool,
    /// Connections that a client refused, in `_tlsErrors`.
    closed: u64,
    sink: &'a mut dyn FnMut(Item),
}

impl File<'_> {
    fn creator(&mut self, creator: &Value) {
        let (program, name) = producer::identify(creator);
        self.importer.reading.program = program;
        self.imported.producer = name;
        if let Some(loss) = program.loss {
            (self.sink)(Item::Gap(Gap::new(GapReason::LossyImport, "/log/creator", loss)));
        }
    }

    /// Takes the next element of the list under `key`, which may be `cut`.
    fn element(&mut self, key: ListKey, element: &Value, cut: bool) {
        self.budget.set(ENTRY_LIMIT);
        self.importer.reading.marked = self.marked.get();
        if cut {
            let at = format!("/log/entries/{}", self.imported.entries);
            (self.sink)(Item::Gap(Gap::new(GapReason::Limit, at, format!("of an entry, {VALUES} values are read"))));
        }
        match key {
            ListKey::Entries => {
                let time = self.importer.entry(self.imported.entries, element, self.sink);
                self.imported.count(time);
            }
            ListKey::TlsErrors => {
                let number = self.imported.entries.saturating_add(self.closed);
                self.importer.tls_error(self.closed, number, element, self.sink);
                self.closed += 1;
            }
        }
    }
}

/// A list in the log that is read element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ListKey {
    /// `entries`
    Entries,
    /// `_tlsErrors` of HTTP Toolkit
    TlsErrors,
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
                "entries" => map.next_value_seed(List(&mut *self.0, ListKey::Entries))?,
                "_tlsErrors" => map.next_value_seed(List(&mut *self.0, ListKey::TlsErrors))?,
                extract::ABOUT => {
                    let about = map.next_value_seed(Tree { left: &Cell::new(VALUES) })?.unwrap_or_default();
                    self.0.imported.since = about.get("since").and_then(Value::as_str).and_then(Time::parse);
                }
                "creator" => {
                    let creator = map.next_value_seed(Tree { left: &Cell::new(VALUES) })?;
                    self.0.creator(&creator.unwrap_or_default());
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// `[…]`
struct List<'a, 'f>(&'a mut File<'f>, ListKey);

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.0.in_entries |= self.1 == ListKey::Entries;
        self.0.budget.set(ENTRY_LIMIT);
        let left = Cell::new(VALUES);
        while let Some(element) = elements.next_element_seed(Tree { left: &left })? {
            self.0.element(self.1, &element.unwrap_or_default(), left.replace(VALUES) == 0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
