//! Integers in groups of seven bits, the low ones first: protobuf's and thrift's varints.

use crate::secure::codec::Reader;

/// Reads one of up to ten bytes; bits beyond 64 make it `None`.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<u64> {
    let mut value: u64 = 0;
    for shift in (0..64).step_by(7) {
        let byte = reader.u8()?;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The same as a length.
pub(super) fn length(reader: &mut Reader<'_>) -> Option<usize> {
    read(reader).and_then(|n| usize::try_from(n).ok())
}

/// Zigzag: 0, -1, 1, -2 … are written as 0, 1, 2, 3 …
pub(super) fn unfold(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of protobuf.dev, encoding, and of the thrift specification.
    #[test]
    fn examples() {
        assert_eq!(read(&mut Reader::new(&[0x96, 0x01])), Some(150));
        assert_eq!(
            read(&mut Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])),
            Some(u64::MAX)
        );
        assert_eq!(read(&mut Reader::new(&[0xff; 10])), None);
        assert_eq!(read(&mut Reader::new(&[0x80])), None);
        assert_eq!([0, 1, 2, u64::MAX - 1].map(unfold), [0, -1, 1, i64::MAX]);
    }
}
