//! QPACK, the header compression of HTTP/3 (RFC 9204).
//!
//! Takes what one peer's encoder sends, its stream of instructions and its field
//! sections, hands on fields. It does not know frames, streams or what a field means.
//!
//! Entries of the dynamic table have absolute numbers, so one that is known stays right
//! whatever is lost behind it. What a section says is its number modulo twice the
//! largest number of entries (§4.5.1.1): it can be undone only while the count of
//! insertions is known well enough. Where it is not, because the setting or a part of the
//! encoder's stream was not seen, a field out of the table is not known, never guessed.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::hpack::primitive::Primitives;
use super::hpack::{FIELD_LIST_KEPT, Field, Fields, Malformed, TABLE_KEPT};

mod instruction;
mod static_table;

use static_table::STATIC_TABLE;

/// Smallest entry (§3.2.1): an entry costs 32 bytes besides its name and value.
const ENTRY_SMALLEST: u64 = 32;

/// Bytes of an instruction that is not complete yet. An entry longer than the table
/// that is kept would not be kept.
const INSTRUCTION_LIMIT: u64 = TABLE_KEPT;

/// How many insertions a section needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Required {
    /// This many, and the table may be asked as soon as they were made. 0: it uses static entries only.
    Inserts(u64),
    /// The peer's setting, which has not been seen.
    Setting,
    /// It cannot be known: what it takes from the table is unknown.
    Unknown,
}

impl Required {
    /// Of a section that may have come late, when the window that its number is unique in
    /// had moved on.
    pub fn late(self) -> Self {
        match self {
            Self::Inserts(0) => self,
            _ => Self::Unknown,
        }
    }
}

/// What one peer's encoder said.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// Oldest first.
    entries: VecDeque<Field>,
    size: u64,
    capacity: u64,
    /// Insertions so far: the absolute number of the next entry.
    inserted: u64,
    /// What the other peer allows (SETTINGS_QPACK_MAX_TABLE_CAPACITY, §5).
    allowed: Option<u64>,
    /// An instruction that is not complete.
    waiting: BytesMut,
    /// Bytes that may have been insertions and were not read, since a hole.
    unread: Option<u64>,
    /// Its stream is over.
    ended: bool,
}

impl Decoder {
    /// Memory of its table and of what waits, about.
    pub fn cost(&self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX).saturating_add(self.waiting.capacity())
    }

    /// The other peer's SETTINGS came: it takes a table of this many bytes. 0 where they
    /// do not say (§5).
    pub fn allow(&mut self, capacity: u64) {
        self.allowed.get_or_insert(capacity);
    }

    /// Insertions so far.
    pub fn inserted(&self) -> u64 {
        self.inserted
    }

    /// No instruction can be read any more.
    pub fn is_over(&self) -> bool {
        self.unread.is_some() || self.ended
    }

    /// The encoder's stream is over: what was inserted stays.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Bytes of the encoder's stream are missing; 0 when it is not known how many. Where
    /// the next instruction begins is not known behind it.
    pub fn hole(&mut self, length: u64) {
        let length = if length == 0 { u64::MAX } else { length };
        // The shortest insertion, a duplicate (§4.3.4), has one byte.
        let unread = self.unread.unwrap_or_default().saturating_add(self.waiting.len() as u64);
        self.unread = Some(unread.saturating_add(length));
        self.waiting.clear();
    }

    /// Bytes of the encoder's stream, behind its type. `false`: they are malformed, and
    /// nothing more is read of it.
    pub fn instructions(&mut self, bytes: &[u8]) -> bool {
        if let Some(unread) = &mut self.unread {
            *unread = unread.saturating_add(bytes.len() as u64);
            return true;
        }
        self.waiting.extend_from_slice(bytes);
        let complete = match instruction::complete(&self.waiting, INSTRUCTION_LIMIT) {
            Ok(complete) => complete,
            Err(_) => {
                self.hole(0);
                return false;
            }
        };
        let mut input = Primitives::new(self.waiting.split_to(complete).freeze());
        while !input.is_empty() {
            if self.instruction(&mut input).is_err() {
                self.hole(0);
                return false;
            }
        }
        true
    }

    /// One instruction (§4.3).
    fn instruction(&mut self, input: &mut Primitives) -> Result<(), Malformed> {
        let first = input.peek().ok_or(Malformed::Short)?;
        if first & 0x80 != 0 {
            let index = input.integer(6)?;
            let name = if first & 0x40 != 0 { fixed(index)?.name } else { self.recent(index)?.name };
            return self.insert(Field { name, value: Some(input.string(7)?) });
        }
        if first & 0x40 != 0 {
            let name = Some(input.string(5)?);
            return self.insert(Field { name, value: Some(input.string(7)?) });
        }
        if first & 0x20 != 0 {
            self.capacity = input.integer(5)?;
            self.evict();
            return Ok(());
        }
        let index = input.integer(5)?;
        let field = self.recent(index)?;
        self.insert(field)
    }

    /// An entry by its number in instructions, counted from the newest (§3.2.5).
    fn recent(&self, index: u64) -> Result<Field, Malformed> {
        let number = self.inserted.checked_sub(index).and_then(|n| n.checked_sub(1)).ok_or(Malformed::Index)?;
        Ok(self.entry(number))
    }

    /// An entry by its absolute number; one that is not there is not known.
    fn entry(&self, number: u64) -> Field {
        let behind = self.inserted.checked_sub(number).and_then(|n| usize::try_from(n).ok());
        let position = behind.and_then(|behind| self.entries.len().checked_sub(behind));
        position.and_then(|position| self.entries.get(position)).cloned().unwrap_or_default()
    }

    fn insert(&mut self, field: Field) -> Result<(), Malformed> {
        // An entry that is not known has its true size nowhere: counted too small, it
        // only makes older entries stay for longer.
        let size = field.size();
        if size > self.capacity {
            // §3.2.2 forbids it: this is not where an instruction begins.
            return Err(Malformed::Index);
        }
        // Copied: a slice would keep all instructions that came with it alive.
        let copy = |part: &Option<Bytes>| part.as_ref().map(|part| Bytes::copy_from_slice(part));
        let entry = if size > TABLE_KEPT {
            // It has a number, so its place must be held.
            Field::default()
        } else {
            Field { name: copy(&field.name), value: copy(&field.value) }
        };
        self.inserted = self.inserted.saturating_add(1);
        self.size = self.size.saturating_add(entry.size());
        self.entries.push_back(entry);
        self.evict();
        Ok(())
    }

    fn evict(&mut self) {
        while self.size > self.capacity.min(TABLE_KEPT) {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.size = self.size.saturating_sub(oldest.size());
        }
    }

    /// What `section` needs before it is decoded.
    pub fn required(&self, section: &Bytes) -> Required {
        let Ok(coded) = Primitives::new(section.clone()).integer(8) else { return Required::Inserts(0) };
        if coded == 0 {
            return Required::Inserts(0);
        }
        let Some(allowed) = self.allowed else { return Required::Setting };
        let most = allowed / ENTRY_SMALLEST;
        // The window that the number is unique in must still hold it.
        if self.unread.is_some_and(|unread| unread > most) {
            return Required::Unknown;
        }
        // §4.5.1.1. One that no encoder can have sent is malformed when it is decoded.
        let round = most.saturating_mul(2);
        if coded > round {
            return Required::Unknown;
        }
        let largest = self.inserted.saturating_add(most);
        let required = (largest / round * round).saturating_add(coded - 1);
        match required.checked_sub(round) {
            _ if required <= largest => Required::Inserts(required),
            Some(required) if required > 0 => Required::Inserts(required),
            _ => Required::Unknown,
        }
    }

    /// Decodes one section that needs `required`.
    pub fn decode(&self, section: Bytes, required: Required) -> Fields {
        let mut list = Fields::default();
        let mut input = Primitives::new(section);
        let base = match Self::base(&mut input, required) {
            Ok(base) => base,
            Err(malformed) => return Fields { malformed: Some(malformed), ..list },
        };
        let mut size = 0u64;
        while !input.is_empty() {
            match self.field(&mut input, base) {
                Ok(field) => {
                    size = size.saturating_add(field.size());
                    if size > FIELD_LIST_KEPT {
                        // No state depends on the rest of it.
                        list.cut = true;
                        break;
                    }
                    list.fields.push(field);
                }
                Err(malformed) => {
                    list.malformed = Some(malformed);
                    break;
                }
            }
        }
        list
    }

    /// The prefix of a section (§4.5.1), from which its entries are counted.
    fn base(input: &mut Primitives, required: Required) -> Result<Option<Base>, Malformed> {
        input.integer(8)?;
        let before = input.peek().ok_or(Malformed::Short)? & 0x80 != 0;
        let delta = input.integer(7)?;
        let Required::Inserts(required) = required else { return Ok(None) };
        let number = if before {
            required.checked_sub(delta).and_then(|n| n.checked_sub(1))
        } else {
            required.checked_add(delta)
        };
        Ok(Some(Base { number: number.ok_or(Malformed::Integer)?, required }))
    }

    /// One field line (§4.5.2 to §4.5.6).
    fn field(&self, input: &mut Primitives, base: Option<Base>) -> Result<Field, Malformed> {
        let first = input.peek().ok_or(Malformed::Short)?;
        if first & 0x80 != 0 {
            let index = input.integer(6)?;
            return if first & 0x40 != 0 { fixed(index) } else { self.referred(base, Reference::Before(index)) };
        }
        if first & 0xf0 == 0x10 {
            let index = input.integer(4)?;
            return self.referred(base, Reference::Behind(index));
        }
        let name = if first & 0x40 != 0 {
            let index = input.integer(4)?;
            if first & 0x10 != 0 { fixed(index)?.name } else { self.referred(base, Reference::Before(index))?.name }
        } else if first & 0x20 != 0 {
            Some(input.string(3)?)
        } else {
            let index = input.integer(3)?;
            self.referred(base, Reference::Behind(index))?.name
        };
        Ok(Field { name, value: Some(input.string(7)?) })
    }

    fn referred(&self, base: Option<Base>, reference: Reference) -> Result<Field, Malformed> {
        let Some(Base { number, required }) = base else { return Ok(Field::default()) };
        let entry = match reference {
            Reference::Before(index) => number.checked_sub(index).and_then(|n| n.checked_sub(1)),
            Reference::Behind(index) => number.checked_add(index),
        };
        // §2.2.3: none at or above the count that the section declares.
        let entry = entry.filter(|&entry| entry < required).ok_or(Malformed::Index)?;
        Ok(self.entry(entry))
    }
}

/// What a section counts its entries from.
#[derive(Clone, Copy, Debug)]
struct Base {
    number: u64,
    required: u64,
}

/// How a field line names an entry of the dynamic table (§3.2.5, §3.2.6).
#[derive(Clone, Copy, Debug)]
enum Reference {
    /// Counted down from the base.
    Before(u64),
    /// Counted up from it.
    Behind(u64),
}

/// An entry of the static table.
fn fixed(index: u64) -> Result<Field, Malformed> {
    let (name, value) =
        usize::try_from(index).ok().and_then(|index| STATIC_TABLE.get(index)).ok_or(Malformed::Index)?;
    Ok(Field { name: Some(Bytes::from_static(name.as_bytes())), value: Some(Bytes::from_static(value.as_bytes())) })
}

#[cfg(test)]
mod tests;
