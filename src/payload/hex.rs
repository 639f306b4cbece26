//! Hex text of something readable: either case, bare, behind `0x`, or with `:`, `-` or a
//! space between the octets.

use data_encoding::HEXLOWER_PERMISSIVE;

use super::sense;
use super::walk::{Opener, Opening};

/// Digits. Shorter ones are ids, colours, counters and MAC addresses. Eight decoded bytes
/// that happen to be text are one random value in 2,500.
const SHORTEST: usize = 16;

pub(super) const HEX: Opener = Opener {
    name: "hex",
    open: |input, budget| {
        let decoded = octets(input.bytes).filter(|d| d.len() * 2 >= SHORTEST)?;
        (sense::is_decoded(&decoded) && budget.bytes(decoded.len()))
            .then(|| Opening { keep: true, ..Opening::one(decoded) })
    },
};

/// All of `bytes`, or nothing.
fn octets(bytes: &[u8]) -> Option<Vec<u8>> {
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

/// Hex digits of either case to bytes.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_in_five_ways() {
        for text in ["696d6569", "696D6569", "0x696d6569", "69:6d:65:69", "69 6D 65 69", "69-6d-65-69"] {
            assert_eq!(octets(text.as_bytes()).as_deref(), Some(&b"imei"[..]), "{text}");
        }
        for text in ["696d656", "69:6d-65:69", "69:6d:65:6", "69:6d:65:", "69 6d 65 zz"] {
            assert_eq!(octets(text.as_bytes()), None, "{text}");
        }
    }
}
