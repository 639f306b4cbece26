//! DER values one after the other, as CMS and RFC 3161 nest them. Lengths and tags are asn1-rs's.

use x509_parser::asn1_rs::{Any, FromDer};

/// Tags (X.690 §8.1.2) of what occurs here; the context's own are `0xa0` and on.
pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const OCTETS: u8 = 0x04;
pub const OID: u8 = 0x06;
pub const TIME: u8 = 0x18;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// Values that were not read yet.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a>(pub &'a [u8]);

impl<'a> Values<'a> {
    /// The next one if it has this tag: its content, and all of its bytes.
    pub fn next_whole(&mut self, tag: u8) -> Option<(Values<'a>, &'a [u8])> {
        if self.0.first() != Some(&tag) {
            return None;
        }
        let (rest, any) = Any::from_der(self.0).ok()?;
        let whole = self.0.get(..self.0.len().checked_sub(rest.len())?)?;
        self.0 = rest;
        Some((Values(any.data), whole))
    }

    /// The same, its content alone.
    pub fn next(&mut self, tag: u8) -> Option<Values<'a>> {
        self.next_whole(tag).map(|(content, _)| content)
    }

    /// All that follow with this tag, whole.
    pub fn all(&mut self, tag: u8) -> Vec<&'a [u8]> {
        std::iter::from_fn(|| self.next_whole(tag).map(|(_, whole)| whole)).collect()
    }

    /// The OID of an `AlgorithmIdentifier`, without its tag.
    pub fn algorithm(&mut self) -> Option<&'a [u8]> {
        Some(self.next(SEQUENCE)?.next(OID)?.0)
    }
}

/// Writes a value. Its content is below 64 KiB.
pub fn write(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut bytes = vec![tag];
    match u16::try_from(content.len()).unwrap_or(u16::MAX) {
        length @ 0..0x80 => bytes.push(length as u8),
        length @ 0x80..0x100 => bytes.extend([0x81, length as u8]),
        length => bytes.extend([&[0x82], &length.to_be_bytes()[..]].concat()),
    }
    bytes.extend(content);
    bytes
}
