//! Quoted-printable (RFC 2045 §6.7), where no header announces it.
//!
//! An encoder writes only what it must: `=` itself, control characters, bytes beyond ASCII,
//! and white space at the end of a line. So every `=` of the text must begin one of these
//! in capital hex digits, or end its line, and at least one must be there; `a=3D1&b=2E`
//! and other forms have names before theirs and are not taken.

use super::clue::{Ascii, Clue};
use super::sense;
use super::walk::{Opener, Opening};

pub(super) const QUOTED_PRINTABLE: Opener = Opener {
    name: "quoted-printable",
    clue: Clue::Has(Ascii::of(b"=")),
    open: |input, budget| {
        let decoded = decode(input.bytes).filter(|d| sense::is_text(d))?;
        budget.bytes(decoded.len()).then(|| Opening::one(decoded))
    },
};

/// `None` when it is anything else, or nothing is encoded.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut rest, mut encoded) = (bytes, 0_u32);
    loop {
        let Some(at) = memchr::memchr(b'=', rest) else {
            out.extend_from_slice(rest);
            return (encoded > 0).then_some(out);
        };
        let (plain, tail) = rest.split_at_checked(at)?;
        out.extend_from_slice(plain);
        rest = match tail {
            [_, b'\r', b'\n', tail @ ..] | [_, b'\n', tail @ ..] => tail,
            [_, high, low, tail @ ..] => {
                let value = |digit: &u8| match digit {
                    b'0'..=b'9' => Some(digit - b'0'),
                    b'A'..=b'F' => Some(digit - b'A' + 10),
                    _ => None,
                };
                let byte = value(high)? << 4 | value(low)?;
                let must =
                    matches!(byte, b'=' | 0..=b' ' | 0x7f..) || byte == b'.' && out.last().is_none_or(|b| *b == b'\n');
                if !must {
                    return None;
                }
                encoded += 1;
                out.push(byte);
                tail
            }
            // The last line of a body may end in a soft line break.
            [_] if encoded > 0 => &[],
            _ => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_encoder_writes() {
        // Python's quopri.encodestring.
        assert_eq!(decode("a=3D1; =E5=A4=87=E6=B3=A8 =\nb=20\n".as_bytes()).unwrap(), "a=1; 备注 b \n".as_bytes());
        for text in ["a=1", "a=12&b=34", "aGVsbG8=", "x=3d1", "plain", "a=3D1&b=2", "=41"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}
