//! Lists of JSON values, read value by value with the limits of an entry.

use std::cell::Cell;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::Value;

use super::har::ENTRY_LIMIT;
use super::har::json::{Counted, Fit};
use super::har::tree::{Tree, VALUES};
use crate::evidence::{Gap, GapReason};
use crate::message::Item;

/// Takes a value with its number and whether the file has marks for bytes that are no text.
pub type Take<'t> = dyn FnMut(u64, &Value, bool, &mut dyn FnMut(Item)) + 't;

/// Hands the values of a JSON array to `take`. Damage is a gap after the values before it;
/// the error says what stands where the array should be.
pub fn array(bytes: impl Read, take: &mut Take<'_>, sink: &mut dyn FnMut(Item)) -> Result<(), String> {
    let (budget, marked) = (Rc::new(Cell::new(ENTRY_LIMIT)), Rc::new(Cell::new(false)));
    let counted = Counted { inner: Fit::new(bytes, Rc::clone(&marked)), budget: Rc::clone(&budget) };
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(64 << 10, counted));
    let mut list = List { number: 0, began: false, budget: &budget, marked: &marked, take, sink };
    let result = json.deserialize_seq(&mut list).and_then(|()| json.end());
    let Err(error) = result else { return Ok(()) };
    if !list.began {
        return Err(error.to_string());
    }
    let at = format!("/{}, line {}, column {}", list.number, error.line(), error.column());
    let gap = match budget.get() {
        0 => Gap::new(GapReason::Limit, at, format!("an entry is read up to {} MiB", ENTRY_LIMIT >> 20)),
        _ => Gap::new(GapReason::DamagedInput, at, "the file is cut or damaged; the entries before it were read"),
    };
    (list.sink)(Item::Gap(gap));
    Ok(())
}

struct List<'l, 't> {
    number: u64,
    began: bool,
    budget: &'l Cell<u64>,
    marked: &'l Cell<bool>,
    take: &'l mut Take<'t>,
    sink: &'l mut dyn FnMut(Item),
}

impl<'de> Visitor<'de> for &mut List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.began = true;
        let left = Cell::new(VALUES);
        while let Some(element) = elements.next_element_seed(Tree { left: &left })? {
            if left.replace(VALUES) == 0 {
                (self.sink)(Item::Gap(too_many(self.number)));
            }
            self.budget.set(ENTRY_LIMIT);
            (self.take)(self.number, &element.unwrap_or_default(), self.marked.get(), self.sink);
            self.number += 1;
        }
        Ok(())
    }
}

/// Hands the values of a file with one on each line, ended by a comma or not, to `take`. A line
/// that is none is a gap.
pub fn lines(bytes: impl Read, take: &mut Take<'_>, sink: &mut dyn FnMut(Item)) {
    let marked = Rc::new(Cell::new(false));
    let mut file = BufReader::with_capacity(64 << 10, Fit::new(bytes, Rc::clone(&marked)));
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        let read = file.by_ref().take(ENTRY_LIMIT).read_until(b'\n', &mut line);
        let at = format!("/{number}");
        match read {
            Ok(0) => return,
            Ok(_) if line.len() as u64 >= ENTRY_LIMIT => {
                let detail = format!("an entry is read up to {} MiB", ENTRY_LIMIT >> 20);
                return sink(Item::Gap(Gap::new(GapReason::Limit, at, detail)));
            }
            Ok(_) => {}
            Err(_) => {
                let detail = "the file is cut or damaged; the entries before it were read";
                return sink(Item::Gap(Gap::new(GapReason::DamagedInput, at, detail)));
            }
        }
        let text = line.trim_ascii();
        let text = text.strip_suffix(b",").unwrap_or(text);
        if text.is_empty() {
            continue;
        }
        let left = Cell::new(VALUES);
        let mut json = serde_json::Deserializer::from_slice(text);
        match (Tree { left: &left }).deserialize(&mut json).and_then(|value| json.end().map(|()| value)) {
            Ok(value) => {
                if left.get() == 0 {
                    sink(Item::Gap(too_many(number)));
                }
                take(number, &value.unwrap_or_default(), marked.get(), sink);
            }
            Err(_) => sink(Item::Gap(Gap::new(GapReason::DamagedInput, at, "lines that are cut or no JSON"))),
        }
        number += 1;
    }
}

fn too_many(number: u64) -> Gap {
    Gap::new(GapReason::Limit, format!("/{number}"), format!("of an entry, {VALUES} values are read"))
}
