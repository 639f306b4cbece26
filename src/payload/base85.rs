//! Base85 of readable text: Ascii85 (between `<~` and `~>`, as Adobe's PostScript
//! reference has it, or bare) and the alphabet of RFC 1924 (Git, Python's `b85encode`).

use super::budget::Budget;
use super::clue::{Ascii, Clue};
use super::walk::{Input, Opener, Opening};
use super::{hex, sense};

/// Without the marks nothing but the result speaks for it: sixteen random bytes are text
/// one time in six million.
const SHORTEST_BARE: usize = 20;
/// Bytes of what is compressed or a structure, which shorter random ones may look like.
const SHORTEST_PACKED: usize = 24;

/// Bytes by which it is told that the rest is not worth it.
const HEAD: usize = 8;

const RFC_1924: &[u8; 85] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

const NO_DIGIT: u8 = u8::MAX;

/// The value of each byte in that alphabet.
const RFC_1924_VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < RFC_1924.len() {
        values[RFC_1924[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

pub(super) const BASE85: Opener = Opener { name: "base85", clue: Clue::Long(4), open };

/// Between its marks it is nothing else, whatever its characters look like.
pub(super) const FRAMED: Opener = Opener { name: "base85", clue: Clue::Has(Ascii::of(b"<")), open: framed };

fn ascii85(b: u8) -> Option<u8> {
    matches!(b, b'!'..=b'u').then(|| b - b'!')
}

fn framed(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let inner = input.bytes.trim_ascii().strip_prefix(b"<~").and_then(|b| b.strip_suffix(b"~>"))?;
    let decoded = decode(inner, ascii85, true, |_| true).filter(|d| sense::is_decoded(d))?;
    budget.bytes(decoded.len()).then(|| Opening::one(decoded))
}

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    if input.bytes.len() < SHORTEST_BARE || hex::is_word(input.bytes) {
        return None;
    }
    let rfc1924 = |b: u8| RFC_1924_VALUES.get(usize::from(b)).copied().filter(|value| *value != NO_DIGIT);
    let is_it = |d: &Vec<u8>| sense::is_text(d) || d.len() >= SHORTEST_PACKED && sense::is_decoded(d);
    let decoded = decode(input.bytes, rfc1924, false, may_begin)
        .filter(is_it)
        .or_else(|| decode(input.bytes, ascii85, true, may_begin).filter(is_it))?;
    budget.bytes(decoded.len()).then(|| Opening { keep: true, ..Opening::one(decoded) })
}

/// Text, what is compressed, or a map of MessagePack or CBOR.
fn may_begin(head: &[u8]) -> bool {
    let map = matches!(head, [0x80..=0x8f | 0xa0..=0xbf | 0xde | 0xdf, ..]);
    map || sense::begins_text(head) || sense::begins_head(head)
}

/// Five digits are four bytes, the first digit the highest; a last group of n digits is
/// n − 1 bytes. `z` is four zero bytes where `short` allows it, and white space is passed over.
/// Gives up where the first bytes do not make `sense`.
fn decode(
    text: &[u8],
    digit: impl Fn(u8) -> Option<u8>,
    short: bool,
    sense: impl Fn(&[u8]) -> bool,
) -> Option<Vec<u8>> {
    let (mut out, mut group) = (Vec::with_capacity(text.len() / 5 * 4), Vec::with_capacity(5));
    for byte in text {
        match byte {
            b'\r' | b'\n' | b' ' | b'\t' if short => {}
            b'z' if short && group.is_empty() => out.extend_from_slice(&[0; 4]),
            _ => group.push(digit(*byte)?),
        }
        if group.len() == 5 {
            out.extend_from_slice(&bytes(&group)?);
            group.clear();
            if out.len() <= HEAD && !sense(&out) {
                return None;
            }
        }
    }
    match group.len() {
        0 => {}
        1 => return None,
        count => {
            group.resize(5, 84);
            out.extend_from_slice(bytes(&group)?.get(..count - 1)?);
        }
    }
    (!out.is_empty()).then_some(out)
}

fn bytes(group: &[u8]) -> Option<[u8; 4]> {
    let number = group.iter().try_fold(0_u32, |sum, digit| sum.checked_mul(85)?.checked_add(u32::from(*digit)))?;
    Some(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn both_alphabets() {
        let read = |text: &str| {
            let bytes = Bytes::copy_from_slice(text.as_bytes());
            let input = Input::new(&bytes, None, false);
            let opening = framed(&input, &mut Budget::default()).or_else(|| open(&input, &mut Budget::default()));
            opening.map(|o| String::from_utf8_lossy(&o.parts[0].bytes).into_owned())
        };
        // Python: a85encode(…, adobe=True), the same without marks, b85encode; and of `\0\0\0\0Man sure.`, which begins with `z`.
        let imei = Some("imei=490154203237518".to_owned());
        assert_eq!(read("<~Bl.Eq4Z#/Q0f:dC0JbI?2`3<L~>"), imei);
        assert_eq!(read("Bl.Eq4Z#/Q0f:dC0JbI?2`3<L"), imei);
        assert_eq!(read("X>Da`Jv2EmF*P(YFf%eUH#IRh"), imei);
        assert_eq!(
            decode(b"z9jqo^F*2M7/c", |b| matches!(b, b'!'..=b'u').then(|| b - b'!'), true, |_| true).unwrap(),
            b"\0\0\0\0Man sure."
        );
        assert_eq!(read("this is just some text, with spaces"), None);
    }
}
