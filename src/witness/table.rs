//! Workbooks as rows of text, within limits.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use calamine::{Data, DataRef, Reader, Xlsx};

/// Cells of one workbook; a sheet may claim 2^34 of them.
pub(super) const CELLS: usize = 2_000_000;

/// Columns that are kept; the tables read here have five.
const COLUMNS: u32 = 32;

/// Bytes that the parts of a workbook may unpack to: the call stacks of a day are some
/// megabytes.
const UNPACKED: u64 = 256 << 20;

/// A sheet: its rows of cells.
pub type Sheet = Vec<Vec<String>>;

/// A ZIP (XLSX), or a compound file (XLS, [MS-CFB] §2.2).
pub fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
}

/// The sheets of a workbook; the error says why there are none.
pub fn sheets(bytes: &[u8]) -> Result<Vec<Sheet>, String> {
    if !bytes.starts_with(b"PK") {
        return super::xls::sheets(bytes);
    }
    if !fits(bytes) {
        return Err("no workbook, or one that unpacks to too much".to_owned());
    }
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let mut sheets = Vec::new();
    let mut left = CELLS;
    for name in book.sheet_names() {
        // Cell by cell: the dimensions that a sheet claims are not believed.
        let Ok(mut reader) = book.worksheet_cells_reader(&name) else { continue };
        let mut rows: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        while let Ok(Some(cell)) = reader.next_cell() {
            let (row, column) = cell.get_position();
            if column >= COLUMNS || matches!(cell.get_value(), DataRef::Empty) {
                continue;
            }
            left = left.checked_sub(1).ok_or("a workbook of too many cells")?;
            let cells = rows.entry(row).or_default();
            if cells.len() <= column as usize {
                cells.resize(column as usize + 1, String::new());
            }
            if let Some(place) = cells.get_mut(column as usize) {
                *place = Data::from(cell.get_value().clone()).to_string();
            }
        }
        sheets.push(rows.into_values().collect());
    }
    Ok(sheets)
}

/// The parts of a workbook are read once for their sizes, because no directory is believed.
fn fits(bytes: &[u8]) -> bool {
    let Ok(mut zip) = zip::ZipArchive::new(Cursor::new(bytes)) else { return false };
    if zip.index_for_name("xl/workbook.xml").is_none() {
        return false;
    }
    let mut left = UNPACKED;
    for index in 0..zip.len() {
        let Ok(part) = zip.by_index(index) else { return false };
        let Ok(size) = std::io::copy(&mut part.take(left), &mut std::io::sink()) else { return false };
        left -= size;
        if left == 0 {
            return false;
        }
    }
    true
}

/// The column whose title contains one of `words`.
pub fn column(header: &[String], words: &[&str]) -> Option<usize> {
    header.iter().position(|title| words.iter().any(|word| title.contains(word)))
}

/// A local date and time: `2026-3-1 16:0:1`, `03-01 16:00:01.250`. Days are checked loosely: a
/// month may be counted from 0.
pub fn local(text: &str) -> Option<super::Stamp> {
    let (date, time) = text.trim().split_once([' ', 'T'])?;
    let mut parts = date.split(['-', '/']).map(|part| part.parse::<i16>().ok());
    let (a, b, c) = (parts.next()??, parts.next()??, parts.next());
    let (year, month, day) = match c {
        Some(c) => (Some(a), b, c?),
        None => (None, a, b),
    };
    let mut parts = time.trim().trim_end_matches('Z').split(':');
    let (hour, minute) = (parts.next()?.parse::<i64>().ok()?, parts.next()?.parse::<i64>().ok()?);
    let second = parts.next().map_or(Some(0.0), |second| second.parse::<f64>().ok())?;
    let fits = (0..=12).contains(&month) && (1..=31).contains(&day) && (0..24).contains(&hour);
    let fits = fits && (0..60).contains(&minute) && (0.0..61.0).contains(&second);
    let of_day = (hour * 3600 + minute * 60) * 1_000_000_000 + (second * 1e9) as i64;
    fits.then_some(super::Stamp::Local { year, month: month as i8, day: day as i8, of_day })
}
