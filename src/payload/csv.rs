//! Tables of text with a line of names: comma-separated (RFC 4180), and with tabs, `;` or `|`.
//!
//! Tried on text that is declared `text/csv` or `text/tab-separated-values`, or whose first
//! line is nothing but different names. All lines must have as many cells as that.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::budget::{self, Budget};
use super::clue::{Ascii, Clue};
use super::sense;
use super::walk::{Input, Inside, Opener, Opening};

pub(super) const CSV: Opener = Opener { name: "csv", clue: Clue::Has(Ascii::of(b"\n")), open };

/// Longest name of a column.
const NAME: usize = 96;

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let declared = input.is_declared("text/csv") || input.is_declared("text/tab-separated-values");
    let end = input.bytes.iter().position(|b| *b == b'\n')?;
    let head = input.bytes.get(..end)?;
    if !declared && !sense::is_text(input.bytes) {
        return None;
    }
    b",\t;|".iter().filter(|s| head.contains(s)).find_map(|separator| table(input.bytes, *separator, declared, budget))
}

fn table(bytes: &Bytes, separator: u8, declared: bool, budget: &mut Budget) -> Option<Opening> {
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(&bytes[..]);
    let names: Vec<String> =
        reader.byte_headers().ok()?.iter().map(|n| String::from_utf8_lossy(n.trim_ascii()).into_owned()).collect();
    let named = names.iter().all(|n| sense::is_name(n.as_bytes()));
    let different = names.iter().collect::<BTreeSet<_>>().len() == names.len();
    // Each cell keeps its column's name, so a long one costs as often as there are lines.
    let short = names.iter().all(|n| n.len() <= NAME);
    if names.len() < 2 || !short || !(declared || named && different) {
        return None;
    }
    let (mut parts, mut made) = (Vec::new(), 0_usize);
    for (row, record) in reader.byte_records().enumerate() {
        let record = record.ok()?;
        for (name, cell) in names.iter().zip(&record) {
            if parts.len() >= budget::LEAVES {
                budget.reach("values in one message", budget::LEAVES);
                return None;
            }
            let argument = format!("{row}.{name}");
            made = made.saturating_add(argument.len() + cell.len());
            parts.push(Inside {
                argument: Some(argument),
                key: Some(name.clone()),
                bytes: Bytes::copy_from_slice(cell),
                group: u32::try_from(row).unwrap_or(u32::MAX),
                ..Inside::default()
            });
        }
    }
    // Counted once it is a table: text that fails at its last line has made nothing.
    (!parts.is_empty() && budget.bytes(made)).then_some(Opening { parts, keep: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, declared: Option<&str>) -> Option<Vec<(String, String)>> {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let input = Input::new(&bytes, declared, true);
        let parts = open(&input, &mut Budget::default())?.parts;
        Some(parts.into_iter().map(|p| (p.argument.unwrap(), String::from_utf8_lossy(&p.bytes).into_owned())).collect())
    }

    #[test]
    fn tables_with_a_line_of_names() {
        let found = read("t,imei\r\n1,\"a,b\"\r\n2,c\r\n", None).unwrap();
        assert_eq!(found.get(1), Some(&("0.imei".to_owned(), "a,b".to_owned())));
        assert_eq!(read("a\tb\n1\t2", None).unwrap().len(), 2);
        assert_eq!(read("1,2\n3,4", Some("text/csv; charset=utf-8")).unwrap().len(), 2);
        for text in ["1,2\n3,4", "a,b\n1", "a,b\n", "a,a\n1,2", "Dear all, hello\nbye, all", "a=1,b=2\nc=3,d=4"] {
            assert_eq!(read(text, None), None, "{text}");
        }
    }
}
