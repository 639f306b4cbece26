//! The cells of an XLS workbook: BIFF8 records ([MS-XLS] §2.3) in a compound file ([MS-CFB]).
//!
//! What camille and PrivacySentry write: text and numbers, no more is read. Own code, because
//! the crate that reads XLSX here takes the claimed dimensions of a sheet for memory, and cut
//! sectors for there: both end the program on a file that somebody made up.

use std::collections::BTreeMap;

use super::table::{CELLS, Sheet};

/// Columns that are kept; the tables read here have five.
const COLUMNS: u16 = 32;

/// Identifiers from here on are no sectors ([MS-CFB] §2.1).
const RESERVED: u32 = 0xffff_fffa;

/// The sheets in their order; the error says why there are none.
pub fn sheets(bytes: &[u8]) -> Result<Vec<Sheet>, String> {
    let stream = Compound::open(bytes).and_then(|file| file.stream(&["Workbook", "Book"]));
    let stream = stream.ok_or("a compound file that is cut, damaged, or no workbook")?;
    let (mut strings, mut starts, mut shared) = (Vec::new(), Vec::new(), Vec::new());
    for (kind, data) in Records(&stream) {
        match kind {
            EOF => break,
            BOUNDSHEET => starts.extend(u32_at(data, 0)),
            SST => shared.push(data.get(8..).unwrap_or_default()),
            CONTINUE if !shared.is_empty() => shared.push(data),
            // The strings are over.
            _ if !shared.is_empty() && strings.is_empty() => strings = Pieces::new(std::mem::take(&mut shared)).all(),
            _ => {}
        }
    }
    if strings.is_empty() {
        strings = Pieces::new(shared).all();
    }
    let mut left = CELLS;
    let of = |start: u32| {
        let mut cells: BTreeMap<u16, Vec<String>> = BTreeMap::new();
        for (kind, data) in Records(stream.get(start as usize..).unwrap_or_default()) {
            if kind == EOF {
                break;
            }
            let (Some(row), Some(column)) = (u16_at(data, 0), u16_at(data, 2)) else { continue };
            let text = match kind {
                LABELSST => u32_at(data, 6).and_then(|index| strings.get(index as usize).cloned()),
                LABEL => Pieces::new(vec![data.get(6..).unwrap_or_default()]).string(),
                NUMBER => data.get(6..14).and_then(|b| b.try_into().ok()).map(|b| f64::from_le_bytes(b).to_string()),
                RK => u32_at(data, 6).map(|rk| number(rk).to_string()),
                _ => None,
            };
            let Some(text) = text.filter(|_| column < COLUMNS && left > 0) else { continue };
            left -= 1;
            let cells = cells.entry(row).or_default();
            if cells.len() <= usize::from(column) {
                cells.resize(usize::from(column) + 1, String::new());
            }
            if let Some(cell) = cells.get_mut(usize::from(column)) {
                *cell = text;
            }
        }
        cells.into_values().collect()
    };
    Ok(starts.into_iter().take(SHEETS).map(of).collect())
}

/// Sheets that are read; the tables read here have two.
const SHEETS: usize = 16;

const EOF: u16 = 0x0a;
const CONTINUE: u16 = 0x3c;
const BOUNDSHEET: u16 = 0x85;
const SST: u16 = 0xfc;
const LABELSST: u16 = 0xfd;
const NUMBER: u16 = 0x203;
const LABEL: u16 = 0x204;
const RK: u16 = 0x27e;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// A number in 30 bits ([MS-XLS] §2.5.122).
fn number(rk: u32) -> f64 {
    let value = match rk & 2 {
        0 => f64::from_bits(u64::from(rk & !3) << 32),
        _ => f64::from(rk.cast_signed() >> 2),
    };
    if rk & 1 == 1 { value / 100.0 } else { value }
}

/// Type and content of each record.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, length) = (u16_at(self.0, 0)?, usize::from(u16_at(self.0, 2)?));
        let (data, rest) = self.0.get(4..)?.split_at_checked(length)?;
        self.0 = rest;
        Some((kind, data))
    }
}

/// A record that goes on in others: where the characters of a string are split, what follows
/// begins with their width once more ([MS-XLS] §2.5.293).
struct Pieces<'a> {
    pieces: std::vec::IntoIter<&'a [u8]>,
    here: &'a [u8],
}

impl<'a> Pieces<'a> {
    fn new(pieces: Vec<&'a [u8]>) -> Self {
        let mut pieces = pieces.into_iter();
        let here = pieces.next().unwrap_or_default();
        Self { pieces, here }
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        if self.here.is_empty() {
            self.here = self.pieces.next()?;
        }
        let (taken, rest) = self.here.split_at_checked(length)?;
        self.here = rest;
        Some(taken)
    }

    fn all(mut self) -> Vec<String> {
        std::iter::from_fn(|| self.string()).take(CELLS).collect()
    }

    fn string(&mut self) -> Option<String> {
        let head = self.take(3)?;
        let (mut left, flags) = (usize::from(u16_at(head, 0)?), *head.get(2)?);
        let runs = if flags & 8 != 0 { usize::from(u16_at(self.take(2)?, 0)?) * 4 } else { 0 };
        let extra = if flags & 4 != 0 { u32_at(self.take(4)?, 0)? as usize } else { 0 };
        let (mut units, mut wide) = (Vec::new(), flags & 1);
        while left > 0 {
            if self.here.is_empty() {
                wide = self.take(1)?.first()? & 1;
            }
            let width = 1 + usize::from(wide);
            let count = left.min(self.here.len() / width);
            if count == 0 {
                return None;
            }
            let taken = self.take(count * width)?;
            match wide {
                0 => units.extend(taken.iter().map(|byte| u16::from(*byte))),
                _ => units.extend(taken.chunks_exact(2).filter_map(|pair| u16_at(pair, 0))),
            }
            left -= count;
        }
        let mut skip = runs.checked_add(extra)?;
        while skip > 0 {
            let length = if self.here.is_empty() { skip } else { skip.min(self.here.len()) };
            match self.take(length) {
                Some(_) => skip -= length,
                None if self.here.is_empty() => break,
                None => {
                    skip -= self.here.len();
                    self.here = &[];
                }
            }
        }
        Some(String::from_utf16_lossy(&units))
    }
}

/// A compound file: sectors in chains.
struct Compound<'a> {
    bytes: &'a [u8],
    sector: usize,
    next: Vec<u32>,
}

impl<'a> Compound<'a> {
    fn open(bytes: &'a [u8]) -> Option<Self> {
        let sector = match u16_at(bytes, 30)? {
            9 => 512,
            12 => 4096,
            _ => return None,
        };
        let mut file = Self { bytes, sector, next: Vec::new() };
        // Sectors with the table of chains: 109 in the header, more in a chain of their own.
        let mut tables: Vec<u32> = (0..109).filter_map(|n| u32_at(bytes, 76 + n * 4)).collect();
        let mut more = u32_at(bytes, 68)?;
        for _ in 0..file.count() {
            let Some(list) = file.at(more) else { break };
            let (entries, link) = list.split_at_checked(sector - 4)?;
            tables.extend(entries.chunks_exact(4).filter_map(|entry| u32_at(entry, 0)));
            more = u32_at(link, 0)?;
        }
        for table in tables.into_iter().filter(|table| *table < RESERVED).take(file.count()) {
            let entries = file.at(table)?;
            file.next.extend(entries.chunks_exact(4).filter_map(|entry| u32_at(entry, 0)));
        }
        Some(file)
    }

    fn count(&self) -> usize {
        self.bytes.len() / self.sector
    }

    fn at(&self, id: u32) -> Option<&'a [u8]> {
        let start = usize::try_from(id).ok()?.checked_add(1)?.checked_mul(self.sector)?;
        self.bytes.get(start..start.checked_add(self.sector)?)
    }

    /// A chain, as far as it goes; one that runs in a circle ends.
    fn chain(&self, start: u32) -> Vec<u8> {
        let (mut bytes, mut id) = (Vec::new(), start);
        for _ in 0..self.count() {
            let Some(sector) = self.at(id) else { break };
            bytes.extend_from_slice(sector);
            let Some(next) = self.next.get(id as usize) else { break };
            id = *next;
        }
        bytes
    }

    /// The stream with one of `names`. Streams shorter than 4096 bytes lie elsewhere; a workbook
    /// is padded to that.
    fn stream(&self, names: &[&str]) -> Option<Vec<u8>> {
        let directory = self.chain(u32_at(self.bytes, 48)?);
        directory.chunks_exact(128).find_map(|entry| {
            let length = usize::from(u16_at(entry, 64)?).checked_sub(2)?;
            let units: Vec<u16> = entry.get(..length)?.chunks_exact(2).filter_map(|pair| u16_at(pair, 0)).collect();
            let name = String::from_utf16(&units).ok()?;
            let size = u32_at(entry, 120)? as usize;
            names.contains(&name.as_str()).then(|| {
                let mut stream = self.chain(u32_at(entry, 116)?);
                stream.truncate(size);
                Some(stream)
            })?
        })
    }
}
