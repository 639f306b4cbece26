//! Integers and strings of HPACK, which QPACK shares (RFC 7541 §5, RFC 9204 §4.1).

use bytes::{Buf, Bytes};

use super::{Malformed, huffman};

/// Reads the primitives of a block of fields.
#[derive(Clone, Debug)]
pub(crate) struct Primitives {
    rest: Bytes,
}

impl Primitives {
    /// Over a whole block.
    pub fn new(block: Bytes) -> Self {
        Self { rest: block }
    }

    /// Whether all is read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte, left where it is: its high bits name what follows.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// An integer in the low `prefix` bits (1 to 8) of the next byte and what follows it.
    ///
    /// # Errors
    /// It ends early, or exceeds 62 bits, the largest that QPACK must read (RFC 9204 §4.1.1).
    pub fn integer(&mut self, prefix: u32) -> Result<u64, Malformed> {
        let mask = (1u64 << prefix) - 1;
        let low = u64::from(self.byte()?) & mask;
        if low < mask {
            return Ok(low);
        }
        let mut value = mask;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value = value.checked_add(u64::from(byte & 0x7f) << shift).ok_or(Malformed::Integer)?;
            if byte & 0x80 == 0 {
                return if value >> 62 == 0 { Ok(value) } else { Err(Malformed::Integer) };
            }
        }
        Err(Malformed::Integer)
    }

    /// A string whose length has `prefix` bits, below the bit that says whether it is
    /// Huffman coded.
    ///
    /// # Errors
    /// It ends early, or the code is wrong.
    pub fn string(&mut self, prefix: u32) -> Result<Bytes, Malformed> {
        let coded = self.peek().ok_or(Malformed::Short)? >> prefix & 1 == 1;
        let length = usize::try_from(self.integer(prefix)?).map_err(|_| Malformed::Short)?;
        if length > self.rest.len() {
            return Err(Malformed::Short);
        }
        let bytes = self.rest.split_to(length);
        if coded { huffman::decode(&bytes).map(Bytes::from) } else { Ok(bytes) }
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = self.peek().ok_or(Malformed::Short)?;
        self.rest.advance(1);
        Ok(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(bytes: &[u8], prefix: u32) -> Result<u64, Malformed> {
        Primitives::new(Bytes::copy_from_slice(bytes)).integer(prefix)
    }

    #[test]
    fn integers_of_rfc_7541_appendix_c_1() {
        assert_eq!(integer(&[0b1110_1010], 5), Ok(10));
        assert_eq!(integer(&[0b0001_1111, 0b1001_1010, 0b0000_1010], 5), Ok(1337));
        assert_eq!(integer(&[42], 8), Ok(42));
    }

    #[test]
    fn integers_end() {
        assert_eq!(integer(&[0x1f, 0x80], 5), Err(Malformed::Short));
        assert_eq!(integer(&[0xff; 12], 7), Err(Malformed::Integer));
        assert_eq!(
            integer(&[0x1f, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 5),
            Err(Malformed::Integer)
        );
        let largest = [0xff, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f];
        assert_eq!(integer(&largest, 7), Ok((1 << 62) - 1));
    }
}
