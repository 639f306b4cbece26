//! HPACK, the header compression of HTTP/2 (RFC 7541).
//!
//! Takes the field blocks of one direction of a connection in their order, hands on
//! fields. It does not know frames, streams or what a field means. `huffman` and
//! `primitive` are shared with QPACK.
//!
//! A block refers to entries of a table that earlier blocks filled. Where blocks were
//! lost, the numbers still point somewhere, at the wrong entries: so after
//! [`Decoder::forget`] only entries inserted since are accepted. They are numbered
//! from the newest, therefore their numbers are right whatever lies below them; any
//! other number yields a field that is not known, never a wrong one.

use std::collections::VecDeque;

use bytes::Bytes;

pub(crate) mod huffman;
pub(crate) mod primitive;
mod static_table;

use primitive::Primitives;
use static_table::STATIC_TABLE;

/// Bytes of a dynamic table that are kept, counted as RFC 7541 §4.1 does. Browsers
/// allow 65,536 and most servers 4,096; four times the former. Entries beyond it
/// are no longer known, which costs fields and never confuses them.
pub(crate) const TABLE_KEPT: u64 = 256 << 10;

/// Size that a dynamic table begins with (RFC 9113 §6.5.2).
const TABLE_DEFAULT: u64 = 4096;

/// Decoded bytes of one field list that are kept, with 32 for each field. Chromium
/// takes 256 KiB, servers mostly 8 to 64. A block of one-byte references to a long
/// entry decodes to thousands of times its size; this bounds it.
pub(crate) const FIELD_LIST_KEPT: u64 = 256 << 10;

/// What RFC 7541 §4.1 adds to the size of each entry.
const ENTRY_OVERHEAD: u64 = 32;

/// Why a block cannot be decoded further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// It ends inside a field.
    Short,
    /// An integer is too large.
    Integer,
    /// A wrong Huffman code or padding.
    Huffman,
    /// Index 0, or one that no entry can have.
    Index,
}

/// One field. A part is absent where it stood in a table entry that is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Field {
    pub name: Option<Bytes>,
    pub value: Option<Bytes>,
}

impl Field {
    pub(crate) fn size(&self) -> u64 {
        let length = |part: &Option<Bytes>| part.as_ref().map_or(0, |p| p.len() as u64);
        length(&self.name) + length(&self.value) + ENTRY_OVERHEAD
    }
}

/// What a block decoded to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// In order; those with an unknown part included.
    pub fields: Vec<Field>,
    /// Fields behind [`FIELD_LIST_KEPT`] are missing.
    pub cut: bool,
    /// Decoding stopped early.
    pub malformed: Option<Malformed>,
}

/// The decoding side of one direction.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// Newest first.
    entries: VecDeque<Field>,
    size: u64,
    /// As the encoder announced it. SETTINGS_HEADER_TABLE_SIZE only bounds what an
    /// encoder may announce (RFC 7541 §4.2), so a witness need not follow it.
    capacity: u64,
    /// All entries are known: no block was missed.
    whole: bool,
}

impl Decoder {
    /// Memory of its table, about.
    pub fn cost(&self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX)
    }

    /// For a direction seen from its first block.
    pub fn new() -> Self {
        Self { entries: VecDeque::new(), size: 0, capacity: TABLE_DEFAULT, whole: true }
    }

    /// Blocks were missed: what is in the table now no longer has the number it had.
    pub fn forget(&mut self) {
        self.entries.clear();
        self.size = 0;
        // A missed block may have announced any size. Too large a one keeps entries that
        // the encoder will not name; too small a one would leave out entries that count.
        self.capacity = u64::MAX;
        self.whole = false;
    }

    /// Decodes one block. One that is malformed leaves the table forgotten.
    pub fn decode(&mut self, block: Bytes) -> Fields {
        let mut list = Fields::default();
        let mut size = 0u64;
        let mut input = Primitives::new(block);
        while !input.is_empty() {
            match self.field(&mut input) {
                Ok(None) => {}
                Ok(Some(field)) => {
                    size = size.saturating_add(field.size());
                    if size <= FIELD_LIST_KEPT {
                        list.fields.push(field);
                    } else {
                        list.cut = true;
                    }
                }
                Err(malformed) => {
                    list.malformed = Some(malformed);
                    self.forget();
                    break;
                }
            }
        }
        list
    }

    /// One representation (RFC 7541 §6); `None` for a change of size.
    fn field(&mut self, input: &mut Primitives) -> Result<Option<Field>, Malformed> {
        let first = input.peek().ok_or(Malformed::Short)?;
        if first & 0x80 != 0 {
            let index = input.integer(7)?;
            return self.entry(index).map(Some);
        }
        if first & 0xe0 == 0x20 {
            self.capacity = input.integer(5)?;
            self.evict();
            return Ok(None);
        }
        let insert = first & 0x40 != 0;
        let name = match input.integer(if insert { 6 } else { 4 })? {
            0 => Some(input.string(7)?),
            index => self.entry(index)?.name,
        };
        let field = Field { name, value: Some(input.string(7)?) };
        if insert {
            self.insert(&field);
        }
        Ok(Some(field))
    }

    fn entry(&self, index: u64) -> Result<Field, Malformed> {
        let position = usize::try_from(index).ok().and_then(|i| i.checked_sub(1)).ok_or(Malformed::Index)?;
        if let Some((name, value)) = STATIC_TABLE.get(position) {
            return Ok(Field {
                name: Some(Bytes::from_static(name.as_bytes())),
                value: Some(Bytes::from_static(value.as_bytes())),
            });
        }
        match self.entries.get(position - STATIC_TABLE.len()) {
            Some(field) => Ok(field.clone()),
            None if self.whole => Err(Malformed::Index),
            None => Ok(Field::default()),
        }
    }

    fn insert(&mut self, field: &Field) {
        let size = field.size();
        if size > self.capacity {
            // RFC 7541 §4.4: it empties the table and does not enter it.
            self.entries.clear();
            self.size = 0;
            return;
        }
        // Copied: a slice would keep the whole block alive.
        let copy = |part: &Option<Bytes>| part.as_ref().map(|p| Bytes::copy_from_slice(p));
        let entry = if size > TABLE_KEPT {
            // It has a number, so its place must be held.
            Field::default()
        } else {
            Field { name: copy(&field.name), value: copy(&field.value) }
        };
        self.size += entry.size();
        self.entries.push_front(entry);
        self.evict();
    }

    fn evict(&mut self) {
        while self.size > self.capacity.min(TABLE_KEPT) {
            // Evicted by our limit and not the encoder's: it may still be named.
            self.whole &= self.size > self.capacity;
            let Some(oldest) = self.entries.pop_back() else { return };
            self.size = self.size.saturating_sub(oldest.size());
        }
    }
}

#[cfg(test)]
mod tests;
