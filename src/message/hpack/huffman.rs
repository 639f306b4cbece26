//! The Huffman code of RFC 7541 Appendix B, which QPACK shares (RFC 9204 §4.1.2).
//!
//! The code is canonical: codes of one length are consecutive and ordered by symbol,
//! so the lengths alone say everything, and a symbol is found by comparing the next
//! 32 bits with where each length ends.

use super::Malformed;

/// End of string; no encoder may send it whole.
const EOS: u16 = 256;

/// Longest code, that of the end of string.
const LONGEST: usize = 30;

/// Length in bits of the code of each symbol, the end of string last.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// The code, ordered for decoding.
struct Code {
    /// Symbols by length, then value.
    symbols: [u16; 257],
    /// For each length, the first 32-bit value, codes aligned to the left, that is
    /// above all codes of that length.
    ends: [u64; LONGEST + 1],
    /// For each length, its first code.
    firsts: [u32; LONGEST + 1],
    /// For each length, where its symbols begin in `symbols`.
    starts: [u16; LONGEST + 1],
}

static CODE: Code = build();

const fn build() -> Code {
    let mut code =
        Code { symbols: [0; 257], ends: [0; LONGEST + 1], firsts: [0; LONGEST + 1], starts: [0; LONGEST + 1] };
    let (mut next, mut filled, mut length) = (0u32, 0usize, 1usize);
    while length <= LONGEST {
        next <<= 1;
        code.firsts[length] = next;
        code.starts[length] = filled as u16;
        let mut symbol = 0usize;
        while symbol < 257 {
            if LENGTHS[symbol] as usize == length {
                code.symbols[filled] = symbol as u16;
                filled += 1;
                next += 1;
            }
            symbol += 1;
        }
        code.ends[length] = (next as u64) << (32 - length);
        length += 1;
    }
    code
}

/// Decodes a whole string.
///
/// # Errors
/// The end-of-string symbol, padding of eight bits or more, or padding that is not
/// all ones (RFC 7541 §5.2).
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<u8>, Malformed> {
    // The shortest codes have five bits.
    let mut out = Vec::with_capacity(bytes.len().saturating_mul(8) / 5);
    let (mut held, mut bits) = (0u64, 0u32);
    let mut rest = bytes.iter();
    loop {
        while bits <= 56 {
            let Some(&byte) = rest.next() else { break };
            held |= u64::from(byte) << (56 - bits);
            bits += 8;
        }
        if bits == 0 {
            return Ok(out);
        }
        let window = held >> 32;
        let length = (5..=LONGEST).find(|&length| CODE.ends.get(length).is_some_and(|&end| window < end));
        match length {
            Some(length) if length as u32 <= bits => {
                let first = CODE.firsts.get(length).copied().unwrap_or_default();
                let start = CODE.starts.get(length).copied().unwrap_or_default();
                let rank = (window >> (32 - length)) as u32 - first;
                let symbol = CODE.symbols.get(start as usize + rank as usize).copied().ok_or(Malformed::Huffman)?;
                // The end of string is all ones, and the only symbol above a byte.
                let symbol = if symbol == EOS {
                    Err(Malformed::Huffman)
                } else {
                    u8::try_from(symbol).map_err(|_| Malformed::Huffman)
                };
                out.push(symbol?);
                held <<= length;
                bits -= length as u32;
            }
            // What is left is no symbol: it must be padding, fewer than eight ones.
            _ => {
                let ones = u64::MAX << (64 - bits);
                return if bits < 8 && held == ones { Ok(out) } else { Err(Malformed::Huffman) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    #[test]
    fn strings_of_rfc_7541_appendix_c() {
        for (code, text) in [
            ("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"),
            ("a8eb10649cbf", "no-cache"),
            ("25a849e95ba97d7f", "custom-key"),
            ("25a849e95bb8e8b4bf", "custom-value"),
            ("6402", "302"),
            ("aec3771a4b", "private"),
            ("d07abe941054d444a8200595040b8166e082a62d1bff", "Mon, 21 Oct 2013 20:13:21 GMT"),
            ("9d29ad171863c78f0b97c8e9ae82ae43d3", "https://www.example.com"),
            (
                "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
                "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
            ),
        ] {
            assert_eq!(decode(&hex(code)).unwrap(), text.as_bytes());
        }
    }

    /// Every code of Appendix B, spot values of each length: (code, bits, symbol).
    #[test]
    fn codes_of_rfc_7541_appendix_b() {
        for (code, bits, symbol) in [
            (0x0u64, 5, b'0'),
            (0x9, 5, b't'),
            (0x14, 6, b' '),
            (0x5c, 7, b':'),
            (0xf8, 8, b'&'),
            (0x3f8, 10, b'!'),
            (0x7fa, 11, b'\''),
            (0xffa, 12, b'#'),
            (0x1ff8, 13, 0),
            (0x3ffc, 14, b'^'),
            (0x7ffc, 15, b'<'),
            (0x7fff0, 19, b'\\'),
            (0xfffe6, 20, 128),
            (0x1fffdc, 21, 153),
            (0x3fffd2, 22, 129),
            (0x7fffd8, 23, 1),
            (0xffffea, 24, 9),
            (0x1ffffec, 25, 199),
            (0x3ffffe0, 26, 192),
            (0x7ffffde, 27, 203),
            (0xfffffe2, 28, 2),
            (0xffffffe, 28, 249),
            (0x3ffffffc, 30, 10),
        ] {
            // Filled up with ones to whole bytes.
            let pad = (8 - bits % 8) % 8;
            let value = (code << pad) | ((1 << pad) - 1);
            let width = (bits + pad) / 8;
            let bytes = &value.to_be_bytes()[8 - width..];
            assert_eq!(decode(bytes).unwrap(), [symbol], "{code:x}");
        }
    }

    #[test]
    fn padding_must_be_short_and_all_ones() {
        assert_eq!(decode(&[0x07]).unwrap(), b"0", "five bits of a symbol, three ones");
        assert!(decode(&[0x00]).is_err(), "padded with zeros");
        assert!(decode(&[0x07, 0xff]).is_err(), "eleven bits of padding");
        assert!(decode(&[0xff, 0xff, 0xff, 0xff]).is_err(), "end of string");
        assert_eq!(decode(&[]).unwrap(), b"");
    }
}
