//! Foreign bytes are read through this one reader.
//!
//! Every read either yields what was asked for and moves on, or yields `None` and
//! stays where it was; there is no index arithmetic and nothing that can panic.
//! Integers are big-endian, as all protocols of this stage have them.

/// Reads forward through borrowed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(head)
    }

    /// A reader over the next `length` bytes.
    pub fn sub(&mut self, length: usize) -> Option<Self> {
        self.take(length).map(Self::new)
    }

    /// The next `N` bytes by value.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Three bytes.
    pub fn u24(&mut self) -> Option<u32> {
        self.array().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A variable-length integer of QUIC (RFC 9000 §16): the two high bits of the
    /// first byte say whether it has 1, 2, 4 or 8 bytes.
    pub fn varint(&mut self) -> Option<u64> {
        let first = *self.rest.first()?;
        let bytes = self.take(1 << (first >> 6))?;
        let value = bytes.iter().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
        Some(value & (u64::MAX >> (2 + 64 - 8 * bytes.len())))
    }

    /// A vector with a length of one byte in front (`<0..255>` of RFC 8446 §3.4).
    pub fn vec8(&mut self) -> Option<Self> {
        self.counted(|reader| reader.u8().map(usize::from))
    }

    /// A vector with a length of two bytes in front.
    pub fn vec16(&mut self) -> Option<Self> {
        self.counted(|reader| reader.u16().map(usize::from))
    }

    /// A vector with a length of three bytes in front.
    pub fn vec24(&mut self) -> Option<Self> {
        self.counted(|reader| reader.u24().and_then(|length| usize::try_from(length).ok()))
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// Nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn counted(&mut self, length: impl FnOnce(&mut Self) -> Option<usize>) -> Option<Self> {
        let mut ahead = *self;
        let length = length(&mut ahead)?;
        let inner = ahead.sub(length)?;
        *self = ahead;
        Some(inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_forward_and_stays_where_a_read_fails() {
        let mut reader = Reader::new(&[1, 0, 2, 0, 0, 3, 9]);
        assert_eq!((reader.u8(), reader.u16(), reader.u24()), (Some(1), Some(2), Some(3)));
        assert_eq!(reader.u16(), None);
        assert_eq!(reader.rest(), &[9]);
    }

    #[test]
    fn a_vector_that_is_too_long_is_not_half_read() {
        let mut reader = Reader::new(&[0, 5, 1, 2]);
        assert_eq!(reader.vec16(), None);
        assert_eq!(reader.left(), 4);
        let mut reader = Reader::new(&[2, 7, 8, 9]);
        assert_eq!(reader.vec8().map(|inner| inner.rest()), Some(&[7, 8][..]));
        assert_eq!(reader.rest(), &[9]);
    }

    /// RFC 9000 §A.1, sample values.
    #[test]
    fn variable_length_integers() {
        for (bytes, value) in [
            (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c][..], 151_288_809_941_952_652),
            (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
            (&[0x7b, 0xbd], 15_293),
            (&[0x25], 37),
            (&[0x40, 0x25], 37),
        ] {
            assert_eq!(Reader::new(bytes).varint(), Some(value));
        }
        assert_eq!(Reader::new(&[0xc2, 0x19]).varint(), None);
        assert_eq!(Reader::new(&[]).varint(), None);
    }
}
