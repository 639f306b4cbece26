//! Hex text of something readable: either case, bare, after `0x`, or with `:`, `-` or a
//! space between the octets, or `0x` before each of them.

use data_encoding::HEXLOWER_PERMISSIVE;

use super::clue::{Ascii, Clue};
use super::walk::{Opener, Opening};
use super::{headless, sense};

/// Digits. Shorter ones are ids, colours, counters and MAC addresses. Eight decoded bytes
/// that happen to be text are one random value in 2,500.
const SHORTEST: usize = 16;

pub(super) const HEX: Opener = Opener {
    name: "hex",
    clue: Clue::Word(Ascii::of(b"0123456789ABCDEFabcdefXx:- ,."), SHORTEST),
    open: |input, budget| {
        let decoded = octets(input.bytes).filter(|d| d.len() * 2 >= SHORTEST)?;
        let sensible = sense::is_decoded(&decoded) || headless::is_compressed(&decoded, budget);
        (sensible && budget.bytes(decoded.len())).then(|| Opening { keep: true, ..Opening::one(decoded) })
    },
};

/// Nothing but hex digits of one case, as ids and digests are written. Of twelve characters of base64 all
/// are such one time in sixteen million, so no other encoding is looked for in them.
pub(super) fn is_word(bytes: &[u8]) -> bool {
    let of = |letters: fn(&u8) -> bool| bytes.iter().all(|b| b.is_ascii_digit() || letters(b));
    of(|b| matches!(b, b'a'..=b'f')) || of(|b| matches!(b, b'A'..=b'F'))
}

/// All of `bytes`, or nothing.
fn octets(bytes: &[u8]) -> Option<Vec<u8>> {
    if let Some(marked) = marked(bytes) {
        return HEXLOWER_PERMISSIVE.decode(&marked).ok();
    }
    let digits = bytes.strip_prefix(b"0x").or_else(|| bytes.strip_prefix(b"0X")).unwrap_or(bytes);
    match digits.get(2) {
        Some(separator) if b":- ".contains(separator) => {
            let separated = digits.chunks(3).all(|chunk| match chunk {
                [_, _, mark] => mark == separator,
                [_, _] => true,
                _ => false,
            });
            let bare: Vec<u8> = digits.iter().copied().filter(|b| b != separator).collect();
            (separated && digits.last() != Some(separator)).then(|| HEXLOWER_PERMISSIVE.decode(&bare).ok()).flatten()
        }
        _ => HEXLOWER_PERMISSIVE.decode(digits).ok(),
    }
}

/// The digits of `0x69 0x6d`, `0x69,0x6D`, `0x690x6d`: octets that each have the mark.
fn marked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut digits = Vec::new();
    let mut rest = bytes;
    while let [b'0', b'x' | b'X', high, low, tail @ ..] = rest {
        digits.extend([high, low]);
        let behind = tail.iter().position(|b| !b", ".contains(b)).unwrap_or(tail.len());
        rest = tail.get(behind..).unwrap_or_default();
    }
    (rest.is_empty() && digits.len() > 2).then_some(digits)
}

/// Hex digits of either case to bytes.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_in_many_ways() {
        let bare = ["696d6569", "696D6569", "0x696d6569", "69:6d:65:69", "69 6D 65 69", "69-6d-65-69"];
        for text in bare.into_iter().chain(["0x69 0x6d 0x65 0x69", "0x69, 0X6D, 0x65, 0x69", "0x690x6d0x650x69"]) {
            assert_eq!(octets(text.as_bytes()).as_deref(), Some(&b"imei"[..]), "{text}");
        }
        for text in ["696d656", "69:6d-65:69", "69:6d:65:6", "69:6d:65:", "69 6d 65 zz"] {
            assert_eq!(octets(text.as_bytes()), None, "{text}");
        }
    }
}
